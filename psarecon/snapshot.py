"""One look at everything a plan rests on: usage and what the ledger remembers, the lines as the PSAs show them, and who
else keeps them. Whatever is made of it is made of the same figures: a plan, the plan of another mapping, drift."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from psarecon.domain.claims import Claims
from psarecon.domain.model import Baseline, Binding, Call, Doubt, LineKey, Observed, Remark, Usage
from psarecon.domain.periods import Dating, Month, SameDate
from psarecon.domain.ports import Draft, KnowsCosts, PsaReader

if TYPE_CHECKING:
    from psarecon.ledger.journal import Journal
    from psarecon.ledger.usage import UsageLog

#: Source, metric and organization: what a reading of usage is filed under.
UsageKey = tuple[str, str, str]


@dataclass(frozen=True)
class Moment:
    """When the plan is made and for which billing month; ``closing`` an earlier month than the settings' one."""

    now: datetime
    zone: tzinfo
    month: Month
    closing: bool = False

    @cached_property
    def local(self) -> datetime:
        """``now`` in the billing time zone. It is asked for with every line, and looked up in the zone only once."""
        return self.now.astimezone(self.zone)

    @cached_property
    def today(self) -> date:
        """The day in the billing time zone."""
        return self.local.date()

    @cached_property
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


class ReadOnly:
    """A PSA with its reading half alone: whoever holds it has nothing to write with."""

    def __init__(self, psa: PsaReader) -> None:
        self._psa = psa

    @property
    def tenant(self) -> str:
        """As the PSA's."""
        return self._psa.tenant

    @property
    def same_date(self) -> SameDate:
        """As the PSA's."""
        return self._psa.same_date

    @property
    def allow_proration(self) -> bool:
        """As the PSA's."""
        return self._psa.allow_proration

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        """As the PSA's. Raises RemoteError."""
        return self._psa.observe(lines, day, following=following)

    def call_for(self, draft: Draft) -> Call:
        """As the PSA's."""
        return self._psa.call_for(draft)

    def close(self) -> None:
        """As the PSA's."""
        self._psa.close()


_CostRemarks = Callable[[Sequence[LineKey]], Mapping[LineKey, Sequence[Remark]]]


class _ReadOnlyKnowingCosts(ReadOnly):
    """One that has something to say about costs."""

    def __init__(self, psa: PsaReader, asked: _CostRemarks) -> None:
        super().__init__(psa)
        self._asked = asked

    def cost_remarks(self, lines: Sequence[LineKey]) -> Mapping[LineKey, Sequence[Remark]]:
        """As the PSA's. Raises RemoteError."""
        return self._asked(lines)


def read_only(psa: PsaReader) -> ReadOnly:
    """The PSA without what writes."""
    asked = getattr(psa, "cost_remarks", None)
    return ReadOnly(psa) if asked is None else _ReadOnlyKnowingCosts(psa, asked)


@dataclass(slots=True)
class Side:
    """Everything known of one PSA's lines; by line id what the ledger remembers of them.

    ``observed`` grows by the periods around the current one, where somebody needs them. ``written`` are the dates of
    our writes with the units before the first of each, ``ahead`` the furthest of them that is still to come, ``latest``
    the furthest of those that were seen to be carried out, also where it has come by now.
    """

    psa: PsaReader
    tenant: str
    day: date
    observed: dict[LineKey, Observed]
    remarks: Mapping[LineKey, Sequence[Remark]]
    doubts: Mapping[str, Doubt]
    baselines: Mapping[str, Baseline]
    written: Mapping[str, Mapping[date, Decimal]]
    ahead: Mapping[str, date]
    latest: Mapping[str, date]
    _usual: Dating | None = None

    def line(self, binding: Binding) -> Observed | None:
        """The binding's line as the PSA shows it, with what speaks against keeping its cost where it is kept."""
        found = self.observed.get(binding.line)
        more = self.remarks.get(binding.line, ()) if self.remarks and binding.unit_cost is not None else ()
        return replace(found, remarks=(*found.remarks, *more)) if found is not None and more else found

    def usual_dating(self, when: Moment) -> Dating:
        """The rules for dating a change of a line that we wrote nothing to; made once."""
        if self._usual is None:
            psa = self.psa
            self._usual = Dating(when.today, when.closing, psa.same_date, psa.allow_proration)
        return self._usual

    def follow(self, lines: Iterable[LineKey]) -> None:
        """Read the periods around the current one of these lines, once. Raises RemoteError."""
        wanted = [line for line in lines if line in self.observed and not self.observed[line].following]
        if wanted:
            self.observed |= self.psa.observe(wanted, self.day, following=True)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What there was to see at ``when``: usage of the month, each PSA's side by its name, a second writer's claims."""

    when: Moment
    usage: Mapping[UsageKey, Usage]
    sides: Mapping[str, Side]
    claims: Claims = field(default_factory=Claims)

    def used(self, binding: Binding) -> Usage | None:
        """The usage that the binding bills."""
        return self.usage.get(usage_key(binding))


@dataclass(frozen=True, slots=True)
class Ledger:
    """The halves of the ledger that a snapshot is taken from."""

    usage: UsageLog
    journal: Journal


class Observer:
    """Takes snapshots, from the ledger and the PSAs' reading halves: what is made of them cannot write.

    ``ledger`` opens it, which takes a while: what reads it is loaded first. ``claims`` tells who else
    keeps lines. Each is asked for once.
    """

    def __init__(
        self,
        psas: Mapping[str, PsaReader],
        ledger: Callable[[], Ledger],
        claims: Callable[[], Claims] = Claims,
    ) -> None:
        self._psas = {name: read_only(psa) for name, psa in psas.items()}
        self._ledger = ledger
        self._claims = claims

    def look(self, bindings: Iterable[Binding], when: Moment) -> Snapshot:
        """What these bindings need. Raises RemoteError, LedgerError."""
        listed = list(bindings)
        wanted = sorted(_of_each(listed).items())
        with ThreadPoolExecutor() as pool:  # the ledger is opened and read while others think of their answers
            tenants = {name: pool.submit(attrgetter("tenant"), self._psas[name]) for name, _ in wanted}
            claims = pool.submit(self._claims)
            ledger = self._ledger()
            usage = _usage(ledger.usage, listed, when)
            sides = {
                name: _side(self._psas[name], name, tenants[name].result(), mine, when, ledger.journal)
                for name, mine in wanted
            }
            return Snapshot(when, usage, sides, claims.result())


def _usage(log: UsageLog, bindings: Sequence[Binding], when: Moment) -> Mapping[UsageKey, Usage]:
    products = {binding.product for binding in bindings}
    wanted = sorted({(one.source, one.metric) for one in products if one.source and one.metric})
    return {
        (source, metric, organization): usage
        for source, metric in wanted
        for organization, usage in log.usage(source, metric, when.month, when.zone, when.now).items()
    }


def _side(psa: PsaReader, name: str, tenant: str, bindings: Sequence[Binding], when: Moment, journal: Journal) -> Side:
    lines = list(dict.fromkeys(binding.line for binding in bindings))
    observed = dict(psa.observe(lines, when.day))
    remembered = psa.same_date is not SameDate.ADDS
    return Side(
        psa=psa,
        tenant=tenant,
        day=when.day,
        observed=observed,
        remarks=_cost_remarks(psa, bindings, observed),
        doubts=journal.doubts(name, tenant),
        baselines=journal.baselines(name, tenant),
        written=journal.written_dates(name, tenant) if remembered else {},
        ahead=journal.dated_after(name, tenant, when.day),
        latest=journal.last_dates(name, tenant),
    )


def by_psa(bindings: Iterable[Binding]) -> dict[str, list[Binding]]:
    """The bindings of each PSA, in the order of their lines: a plan does not depend on the order of files."""
    return _of_each(sorted(bindings, key=attrgetter("line.psa", "line.company", "line.contract", "line.id")))


def _of_each(bindings: Iterable[Binding]) -> dict[str, list[Binding]]:
    found: dict[str, list[Binding]] = {}
    for binding in bindings:
        found.setdefault(binding.line.psa, []).append(binding)
    return found


def usage_key(binding: Binding) -> UsageKey:
    """What the usage of a binding is filed under."""
    return binding.product.source or "", binding.product.metric or "", binding.organization or ""


def _cost_remarks(
    psa: PsaReader, bindings: Sequence[Binding], observed: Mapping[LineKey, Observed]
) -> Mapping[LineKey, Sequence[Remark]]:
    """What the PSA has to say about lines whose unit cost is kept, also by a rule that has yet to be worked out."""
    kept = [one.line for one in bindings if one.line in observed and _keeps_cost(one)]
    return psa.cost_remarks(list(dict.fromkeys(kept))) if kept and isinstance(psa, KnowsCosts) else {}


def _keeps_cost(binding: Binding) -> bool:
    return binding.unit_cost is not None or binding.product.cost_rule is not None
