"""Gather usage and live state, compute, guard: the plan. Reads only; prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal

from psarecon import __version__
from psarecon.domain import model
from psarecon.domain.claims import Claims
from psarecon.domain.costs import with_costs
from psarecon.domain.diff import Difference, causes, difference, line_findings
from psarecon.domain.guards import (
    Limits,
    blocked,
    change_findings,
    missing_days,
    plan_findings,
    sku_findings,
    usage_findings,
)
from psarecon.domain.model import (
    Baseline,
    Binding,
    Doubt,
    Finding,
    LineKey,
    Observed,
    QuantityRule,
    Severity,
    Steps,
    Usage,
)
from psarecon.domain.periods import Dating, Month, NeedsFollowing, SameDate, Slot
from psarecon.domain.plan import Change, Plan, UsageView, change_id, totals_data
from psarecon.domain.plan_file import with_id
from psarecon.domain.ports import Draft, KnowsCosts, PsaReader
from psarecon.domain.rules import NoUsage, rule_digest, wanted_quantity
from psarecon.ledger.journal import Journal
from psarecon.ledger.usage import UsageLog


@dataclass(frozen=True, slots=True)
class Moment:
    """When the plan is made and for which billing month; ``closing`` an earlier month than the settings' one."""

    now: datetime
    zone: tzinfo
    month: Month
    closing: bool = False

    @property
    def today(self) -> date:
        """The day in the billing time zone."""
        return self.now.astimezone(self.zone).date()

    @property
    def day(self) -> date:
        """The day whose figures the PSA is asked for: today, or the last of the month being closed."""
        return self.month.last if self.closing else self.today


def moment(now: datetime, zone: tzinfo, usual: str, asked: Month | None = None) -> Moment:
    """The moment of a plan: the month ``asked`` for, else the ``usual`` one (``current`` or ``previous``).

    Raises ValueError for a month that has not begun.
    """
    current = Month.of(now.astimezone(zone).date())
    month = current.previous() if usual == "previous" else current
    if asked is None or asked == month:
        return Moment(now, zone, month)
    if asked > current:
        message = f"{asked} has not begun"
        raise ValueError(message)
    return Moment(now, zone, asked, closing=asked < current)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings say of a plan."""

    limits: Limits
    currency: str
    digest: str


@dataclass(slots=True)
class _Verdict:
    """What came of one binding."""

    binding: Binding
    findings: list[Finding]
    steps: Steps | None = None
    difference: Difference | None = None
    needs_following: bool = False


@dataclass(frozen=True, slots=True)
class _PsaSide:
    """Everything known of one PSA's lines."""

    psa: PsaReader
    tenant: str
    observed: Mapping[LineKey, Observed]
    doubts: Mapping[str, Doubt]
    baselines: Mapping[str, Baseline]
    written: Mapping[str, Mapping[date, Decimal]]
    ahead: Mapping[str, date]
    claims: Claims


class Reconciler:
    """Makes plans from a mapping, the ledger and the PSAs' reading halves.

    ``claims`` tells who else keeps lines; it is asked for once, when the PSAs have been read.
    """

    def __init__(
        self,
        psas: Mapping[str, PsaReader],
        usage: UsageLog,
        journal: Journal,
        policy: Policy,
        claims: Callable[[], Claims] = Claims,
    ) -> None:
        self._psas = psas
        self._usage_log = usage
        self._journal = journal
        self._policy = policy
        self._claims = claims

    def plan(self, mapping: model.Mapping, when: Moment) -> Plan:
        """The plan of the whole mapping. Raises RemoteError, LedgerError."""
        usage = self._usage(mapping, when)
        mapping, findings = with_costs(mapping, lambda binding: usage.get(_usage_key(binding)))
        changes: list[Change] = []
        findings += _missing_days(mapping, usage, when)
        tenants = {}
        groups = sorted(_by_psa(mapping).items())
        sides = {name: self._side(name, bindings, when) for name, bindings in groups}
        claims = self._claims()
        findings += claims.findings
        for name, bindings in groups:
            side = replace(sides[name], claims=claims)
            tenants[name] = side.tenant
            for verdict in self._verdicts(side, bindings, usage, when):
                findings.extend(verdict.findings)
                changes.extend(self._changes(side, verdict, usage, when, findings))
        findings.extend(plan_findings(changes, len(mapping.bindings), self._policy.limits))
        return self._assemble(mapping, when, tenants, changes, findings)

    def _assemble(
        self,
        mapping: model.Mapping,
        when: Moment,
        tenants: dict[str, str],
        changes: Sequence[Change],
        findings: Iterable[Finding],
    ) -> Plan:
        ordered = tuple(sorted(changes, key=lambda change: change.line))
        plan = Plan(
            as_of=when.now,
            month=str(when.month),
            tool_version=__version__,
            commit=mapping.commit,
            dirty=mapping.dirty,
            settings_digest=self._policy.digest,
            currency=self._policy.currency,
            tenants=tenants,
            changes=ordered,
            findings=tuple(sorted(set(findings), key=lambda one: (one.scope, one.code, one.severity, one.text))),
            totals=totals_data(ordered, len(mapping.bindings)),
        )
        return with_id(plan)

    def _usage(self, mapping: model.Mapping, when: Moment) -> Mapping[tuple[str, str, str], Usage]:
        """Usage of the month by source, metric and organization."""
        products = {binding.product for binding in mapping.bindings}
        wanted = sorted({(one.source, one.metric) for one in products if one.source and one.metric})
        return {
            (source, metric, organization): usage
            for source, metric in wanted
            for organization, usage in self._usage_log.usage(source, metric, when.month, when.zone, when.now).items()
        }

    def _side(self, name: str, bindings: Sequence[Binding], when: Moment) -> _PsaSide:
        psa = self._psas[name]
        observed = _observed(psa, bindings, when.day)
        tenant = psa.tenant
        remembered = psa.same_date is not SameDate.ADDS
        return _PsaSide(
            psa=psa,
            tenant=tenant,
            observed=observed,
            doubts=self._journal.doubts(name, tenant),
            baselines=self._journal.baselines(name, tenant),
            written=self._journal.written_dates(name, tenant) if remembered else {},
            ahead=self._journal.dated_after(name, tenant, when.day),
            claims=Claims(),
        )

    def _verdicts(
        self, side: _PsaSide, bindings: Sequence[Binding], usage: Mapping[tuple[str, str, str], Usage], when: Moment
    ) -> Iterator[_Verdict]:
        """Each binding judged; those that depend on later periods judged again once these are read."""
        first = [self._judge(side, binding, usage, when) for binding in bindings]
        again = [verdict.binding.line for verdict in first if verdict.needs_following]
        if not again:
            return iter(first)
        more = side.psa.observe(again, when.day, following=True)
        wider = replace(side, observed={**side.observed, **more})
        return (
            self._judge(wider, verdict.binding, usage, when) if verdict.needs_following else verdict
            for verdict in first
        )

    def _judge(
        self, side: _PsaSide, binding: Binding, usage: Mapping[tuple[str, str, str], Usage], when: Moment
    ) -> _Verdict:
        observed = side.observed.get(binding.line)
        used = usage.get(_usage_key(binding))
        findings = [*line_findings(binding, observed, when.day), *_doubt_findings(side, binding)]
        findings += self._usage_findings(binding, used, when)
        verdict = _Verdict(binding, findings)
        if observed is None or blocked(findings):
            return verdict
        verdict.steps = wanted_quantity(binding, used)
        self._compare(verdict, side, observed, when)
        return verdict

    def _usage_findings(self, binding: Binding, usage: Usage | None, when: Moment) -> Iterator[Finding]:
        if binding.product.quantity is QuantityRule.FIXED:
            return
        if usage is not None:
            local = when.now.astimezone(when.zone)  # an allowance ends with the billing day
            yield from usage_findings(binding, usage, local, self._policy.limits)
            yield from sku_findings(binding, usage)
        try:
            wanted_quantity(binding, usage)
        except NoUsage:
            scope = f"organization:{binding.product.source}/{binding.organization}"
            failed = usage is not None and usage.failure is not None
            text = f"no sample in {when.month}" + ("" if failed else ": run `psarecon observe`")
            yield Finding("usage-missing", Severity.BLOCK, scope, text)

    def _compare(self, verdict: _Verdict, side: _PsaSide, observed: Observed, when: Moment) -> None:
        assert verdict.steps is not None
        scope = f"line:{verdict.binding.line}"
        answer = difference(verdict.binding, observed, verdict.steps, self._dating(side, verdict.binding, when))
        if isinstance(answer, NeedsFollowing):
            verdict.needs_following = True
        elif isinstance(answer, Difference):
            verdict.difference = answer
            verdict.needs_following = _opening_unread(side, observed)
            verdict.findings += [Finding(one.code, one.severity, scope, one.text) for one in answer.slot.remarks]
        elif answer is not None:
            verdict.findings.append(Finding(answer.code, answer.severity, scope, answer.text))

    def _dating(self, side: _PsaSide, binding: Binding, when: Moment) -> Dating:
        return Dating(
            today=when.today,
            closing=when.closing,
            same_date=side.psa.same_date,
            allow_proration=side.psa.allow_proration,
            taken=frozenset(side.written.get(binding.line.id, ())),
            ahead=side.ahead.get(binding.line.id),
        )

    def _changes(
        self,
        side: _PsaSide,
        verdict: _Verdict,
        usage: Mapping[tuple[str, str, str], Usage],
        when: Moment,
        findings: list[Finding],
    ) -> Iterator[Change]:
        binding = verdict.binding
        if verdict.difference is None or verdict.steps is None:
            return
        used = usage.get(_usage_key(binding))
        change = _change(side, verdict, used, when)
        findings.extend(change_findings(change, binding, when.today, self._policy.limits))
        yield change


def _by_psa(mapping: model.Mapping) -> dict[str, list[Binding]]:
    """The bindings of each PSA, in the order of their lines: a plan does not depend on the order of files."""
    found: dict[str, list[Binding]] = {}
    for binding in sorted(mapping.bindings, key=lambda one: one.line):
        found.setdefault(binding.line.psa, []).append(binding)
    return found


def _usage_key(binding: Binding) -> tuple[str, str, str]:
    return binding.product.source or "", binding.product.metric or "", binding.organization or ""


def _observed(psa: PsaReader, bindings: Sequence[Binding], day: date) -> Mapping[LineKey, Observed]:
    """The lines as the PSA shows them, with what it has to say about those whose unit cost is kept."""
    found = dict(psa.observe([binding.line for binding in bindings], day))
    kept = [binding.line for binding in bindings if binding.unit_cost is not None and binding.line in found]
    if kept and isinstance(psa, KnowsCosts):
        for line, more in psa.cost_remarks(kept).items():
            found[line] = replace(found[line], remarks=(*found[line].remarks, *more))
    return found


def _doubt_findings(side: _PsaSide, binding: Binding) -> Iterator[Finding]:
    """Why no plan may touch the line: somebody else writes it, or a write of ours is not settled."""
    claimed = side.claims.finding(binding)
    if claimed is not None:
        yield claimed
    doubt = side.doubts.get(binding.line.id)
    if doubt is None or (doubt.lifted_by and doubt.lifted_by == side.psa.same_date.value):
        return
    code = "same-date" if doubt.lifted_by else "in-doubt"
    text = f"{doubt.text} (run {doubt.run}, change {doubt.change})"
    yield Finding(code, Severity.BLOCK, f"line:{binding.line}", text)


def _opening_unread(side: _PsaSide, observed: Observed) -> bool:
    """Where a tenant replaces adjustments, the units before the period must be known before a delta is formed."""
    return side.psa.same_date is SameDate.REPLACES and not observed.following and observed.periods is not None


def _missing_days(
    mapping: model.Mapping, usage: Mapping[tuple[str, str, str], Usage], when: Moment
) -> Iterator[Finding]:
    """Days without a sample: one finding an organization, or one for many that miss the same days."""
    through = when.month.days if when.month < Month.of(when.today) else when.today.day
    same: dict[tuple[str, str], list[Finding]] = {}
    for source, metric, organization in _marked(mapping):
        used = usage.get((source, metric, organization))
        for finding in missing_days(used, through, f"organization:{source}/{organization}") if used else ():
            same.setdefault((source, finding.text), []).append(finding)
    for (source, text), found in same.items():
        many = f"{text} ({len(found)} organizations)"
        yield found[0] if len(found) == 1 else replace(found[0], scope=f"source:{source}", text=many)


def _marked(mapping: model.Mapping) -> list[tuple[str, str, str]]:
    """Source, metric and organization of every line that bills a high-water mark."""
    rule = QuantityRule.HIGH_WATER_MARK
    bindings = (one for one in mapping.bindings if one.product.quantity is rule)
    return sorted({(one.product.source or "", one.product.metric or "", one.organization or "") for one in bindings})


def _change(side: _PsaSide, verdict: _Verdict, usage: Usage | None, when: Moment) -> Change:
    binding, found, steps = verdict.binding, verdict.difference, verdict.steps
    assert found is not None
    assert steps is not None
    observed, slot = side.observed[binding.line], _with_opening(found, side, binding)
    draft = Draft(binding.line, slot, found.quantity, found.unit_cost, observed)
    rule = rule_digest(binding)
    baseline = side.baselines.get(binding.line.id)
    effective = slot.effective_date
    call = side.psa.call_for(draft)
    return Change(
        id=change_id(binding.line, found.quantity, found.unit_cost, effective, call),
        line=binding.line,
        client=binding.client,
        product=binding.product.name,
        quantity=found.quantity,
        unit_cost=found.unit_cost,
        effective_date=effective,
        causes=causes(binding, steps, slot, baseline, rule),
        evidence=steps.evidence,
        money=found.money,
        source=binding.at,
        call=call,
        names=(observed.names.company or "", observed.names.contract or "", observed.names.line or ""),
        live_quantity=slot.quantity,
        live_cost=slot.unit_cost,
        wanted_cost=binding.unit_cost,
        organization=_organization(binding),
        measured_on=None if effective is None else max(effective, when.day),
        ahead=effective is not None and effective > when.day,
        usage=UsageView(str(when.month), usage.daily if usage else (), steps.steps, steps.usage, rule),
        touched=observed.touched,
    )


def _with_opening(found: Difference, side: _PsaSide, binding: Binding) -> Slot:
    """The slot, with the units before our first write of that date where the PSA's rows cannot tell them."""
    slot = found.slot
    period = slot.period
    if period is None or period.opening is not None or slot.effective_date is None:
        return slot
    first = side.written.get(binding.line.id, {}).get(slot.effective_date)
    return replace(slot, period=replace(period, opening=first)) if first is not None else slot


def _organization(binding: Binding) -> str | None:
    if binding.product.source is None or binding.organization is None:
        return None
    return f"{binding.product.source}/{binding.organization}"
