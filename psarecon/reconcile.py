"""A mapping against a snapshot: compute, guard, and the plan. Reads only; prints nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from psarecon import __version__
from psarecon.changes import change_of
from psarecon.domain import model
from psarecon.domain.acceptance import Kept, acceptance_finding, kept
from psarecon.domain.costs import with_costs
from psarecon.domain.diff import Difference, causes, difference, line_findings
from psarecon.domain.guards import (
    Limits,
    blocked,
    change_findings,
    missing_days,
    organization_scope,
    plan_findings,
    sku_findings,
    usage_findings,
)
from psarecon.domain.model import Binding, Finding, Observed, QuantityRule, Remark, Severity, Steps, Usage
from psarecon.domain.periods import Dating, Month, NeedsFollowing, SameDate
from psarecon.domain.plan import Change, Plan, totals_data
from psarecon.domain.rules import NoUsage, rule_digest, wanted_quantity
from psarecon.domain.standing import standing
from psarecon.domain.written import with_id
from psarecon.snapshot import Moment, Side, Snapshot, UsageKey, by_psa, usage_key


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
    observed: Observed | None
    findings: list[Finding]
    steps: Steps | None = None
    difference: Difference | None = None
    needs_following: bool = False
    kept: Kept = field(default_factory=Kept)


class Reconciler:
    """Makes plans, each of one mapping, by one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def plan(self, mapping: model.Mapping, snapshot: Snapshot) -> Plan:
        """The plan of the whole mapping, of whose lines and usage the snapshot was taken. Raises RemoteError."""
        return with_id(self.draft(mapping, snapshot))

    def draft(self, mapping: model.Mapping, snapshot: Snapshot) -> Plan:
        """The same without its id, which is a digest of all its text: saving the plan brings it along."""
        mapping, findings = with_costs(mapping, snapshot.used)
        changes: list[Change] = []
        findings += _missing_days(mapping, snapshot.usage, snapshot.when)
        findings += snapshot.claims.findings
        for name, bindings in sorted(by_psa(mapping.bindings).items()):
            for verdict in self._verdicts(snapshot, snapshot.sides[name], bindings):
                findings.extend(verdict.findings)
                changes.extend(self._changes(snapshot, verdict, findings))
        findings.extend(plan_findings(changes, len(mapping.bindings), self._policy.limits))
        return assembled(self._policy, mapping, snapshot, changes, findings)

    def _verdicts(self, snapshot: Snapshot, side: Side, bindings: Sequence[Binding]) -> Iterator[_Verdict]:
        """Each binding judged; those that depend on later periods judged again once these are read."""
        waiting = []
        for binding in bindings:
            verdict = self._judge(snapshot, side, binding)
            if verdict.needs_following:
                waiting.append(binding)
            else:
                yield verdict
        side.follow(binding.line for binding in waiting)
        for binding in waiting:
            yield self._judge(snapshot, side, binding)

    def _judge(self, snapshot: Snapshot, side: Side, binding: Binding) -> _Verdict:
        observed, used = side.line(binding), snapshot.used(binding)
        findings = [*line_findings(binding, observed, snapshot.when.day), *held_back(snapshot, binding)]
        findings += self._usage_findings(binding, used, snapshot.when)
        steps = _steps(binding, used)
        if steps is None:
            findings.append(_no_usage(binding, used, snapshot.when))
        verdict = _Verdict(binding, observed, findings, steps)
        if observed is None or steps is None or blocked(findings):
            return verdict
        if binding.accepted is not None:
            _leave_accepted(verdict, side, observed, snapshot.when)
        _compare(verdict, side, observed, dating_of(side, binding, snapshot.when))
        return verdict

    def _usage_findings(self, binding: Binding, usage: Usage | None, when: Moment) -> Iterator[Finding]:
        if usage is not None and binding.product.quantity is not QuantityRule.FIXED:
            # in local time: an allowance ends with the billing day
            yield from usage_findings(binding, usage, when.local, self._policy.limits)
            if binding.product.sku is not None:
                yield from sku_findings(binding, usage)

    def _changes(self, snapshot: Snapshot, verdict: _Verdict, findings: list[Finding]) -> Iterator[Change]:
        binding, found, steps = verdict.binding, verdict.difference, verdict.steps
        if found is None or steps is None or verdict.observed is None:
            return
        side = snapshot.sides[binding.line.psa]
        latest = side.latest.get(binding.line.id)
        baseline = verdict.kept.as_left(side.baselines.get(binding.line.id), found.slot)
        rule = rule_digest(binding)
        why = causes(binding, steps, found.slot, baseline, rule, latest)
        change = change_of(snapshot, binding, verdict.observed, found, steps, why, rule=rule)
        findings.extend(change_findings(change, binding, snapshot.when.today, self._policy.limits))
        yield change


def _steps(binding: Binding, usage: Usage | None) -> Steps | None:
    try:
        return wanted_quantity(binding, usage)
    except NoUsage:
        return None


def _no_usage(binding: Binding, usage: Usage | None, when: Moment) -> Finding:
    failed = usage is not None and usage.failure is not None
    text = f"no sample in {when.month}" + ("" if failed else ": run `psarecon observe`")
    return Finding("usage-missing", Severity.BLOCK, organization_scope(binding), text)


def assembled(
    policy: Policy,
    mapping: model.Mapping,
    snapshot: Snapshot,
    changes: Sequence[Change],
    findings: Iterable[Finding],
) -> Plan:
    """The plan of these changes and findings about the lines of the mapping; it has no id yet."""
    ordered = tuple(sorted(changes, key=attrgetter("line.psa", "line.company", "line.contract", "line.id")))
    return Plan(
        as_of=snapshot.when.now,
        month=str(snapshot.when.month),
        tool_version=__version__,
        commit=mapping.commit,
        dirty=mapping.dirty,
        settings_digest=policy.digest,
        currency=policy.currency,
        tenants={name: snapshot.sides[name].tenant for name in sorted({one.line.psa for one in mapping.bindings})},
        changes=ordered,
        findings=tuple(sorted(set(findings), key=attrgetter("scope", "code", "severity", "text"))),
        totals=totals_data(ordered, len(mapping.bindings)),
    )


def _leave_accepted(verdict: _Verdict, side: Side, observed: Observed, when: Moment) -> None:
    """Take what an acceptance of drift keeps as it is out of what is asked of the line."""
    assert verdict.steps is not None
    binding = verdict.binding
    found = standing(observed, side.baselines.get(binding.line.id), when.day)
    if isinstance(found, NeedsFollowing):
        verdict.needs_following = True
        return
    verdict.findings.append(acceptance_finding(binding, found, verdict.steps, when.today))
    verdict.kept = kept(binding, found, when.today)
    verdict.binding, verdict.steps = verdict.kept.asked(binding, observed, verdict.steps)


def _compare(verdict: _Verdict, side: Side, observed: Observed, dating: Dating) -> None:
    assert verdict.steps is not None
    answer = verdict.kept.of(difference(verdict.binding, observed, verdict.steps, dating))
    if isinstance(answer, NeedsFollowing):
        verdict.needs_following = True
    elif isinstance(answer, Difference):
        verdict.difference = answer
        verdict.needs_following |= opening_unread(side, observed)
        verdict.findings += [_told_of(verdict.binding, one) for one in answer.slot.remarks]
    elif answer is not None:
        verdict.findings.append(_told_of(verdict.binding, answer))


def _told_of(binding: Binding, remark: Remark) -> Finding:
    return Finding(remark.code, remark.severity, binding.line.scope, remark.text)


def dating_of(side: Side, binding: Binding, when: Moment) -> Dating:
    """The rules for dating a change of the binding's line."""
    line = binding.line.id
    usual = side.usual_dating(when)
    if line not in side.written and line not in side.ahead:
        return usual
    return replace(usual, taken=frozenset(side.written.get(line, ())), ahead=side.ahead.get(line))


def opening_unread(side: Side, observed: Observed) -> bool:
    """Where a tenant replaces adjustments, the units before the period must be known before a delta is formed."""
    return side.psa.same_date is SameDate.REPLACES and not observed.following and observed.periods is not None


def held_back(snapshot: Snapshot, binding: Binding) -> Iterator[Finding]:
    """Why no plan may touch the line: somebody else writes it, or a write of ours is not settled."""
    side = snapshot.sides[binding.line.psa]
    claimed = snapshot.claims.finding(binding)
    if claimed is not None:
        yield claimed
    doubt = side.doubts.get(binding.line.id)
    if doubt is None or (doubt.lifted_by and doubt.lifted_by == side.psa.same_date.value):
        return
    code = "same-date" if doubt.lifted_by else "in-doubt"
    text = f"{doubt.text} (run {doubt.run}, change {doubt.change})"
    yield Finding(code, Severity.BLOCK, binding.line.scope, text)


def _missing_days(mapping: model.Mapping, usage: Mapping[UsageKey, Usage], when: Moment) -> Iterator[Finding]:
    """Days without a sample: one finding an organization, or one for many that miss the same days."""
    through = when.month.days if when.month < Month.of(when.today) else when.today.day
    same: dict[tuple[str, str], list[str]] = {}
    for source, metric, organization in _marked(mapping):
        used = usage.get((source, metric, organization))
        text = missing_days(used, through) if used else ""
        if text:
            same.setdefault((source, text), []).append(organization)
    for (source, text), found in same.items():
        scope = f"source:{source}" if len(found) > 1 else f"organization:{source}/{found[0]}"
        said = f"{text} ({len(found)} organizations)" if len(found) > 1 else text
        yield Finding("usage-missing-days", Severity.INFO, scope, said)


def _marked(mapping: model.Mapping) -> set[UsageKey]:
    """Source, metric and organization of every line that bills a high-water mark."""
    rule = QuantityRule.HIGH_WATER_MARK
    bindings = (one for one in mapping.bindings if one.product.quantity is rule)
    return {usage_key(one) for one in bindings}
