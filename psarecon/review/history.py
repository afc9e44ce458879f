"""The runs of the journal: what each changed, who decided it, what became of it; what is in doubt comes first.

The runs are counted at once, their rows are read a few runs at a time, when they are looked at: the journal grows
for years.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from psarecon.ledger.journal import Entry, Event, Journal, Span, Told
from psarecon.review.opened import Amounts, Monthly
from psarecon.text import clean

IN_DOUBT = "in doubt"
#: An intent that a later run overtook: a person or another write spoke of the line since.
OVERTAKEN = "overtaken"
#: Runs whose rows are read together.
_PAGE = 20
#: Changes kept in memory beside those of the run that is looked at.
_KEPT = 100_000
#: What ``psarecon.resume`` says where it settles a line by reading; ``apply`` says other things, or nothing.
_RESUMED = frozenset({"found applied", "found not applied"})
#: What a reader wants to see first, of lines that are not in doubt.
_ORDER = {IN_DOUBT: 0, Event.FAILED.value: 1, Event.CONFLICT.value: 2, Event.SETTLED.value: 3, OVERTAKEN: 3}
_LAST = 4
_NOTHING = Decimal(0)


class Figures(msgspec.Struct, frozen=True, gc=False):
    """A figure before and after, as the journal has it (decimal text)."""

    before: str
    after: str


class Decided(msgspec.Struct, frozen=True, gc=False):
    """A decision as the journal keeps it; ``at`` is ISO 8601."""

    verdict: str
    by: str
    at: str
    reason: str = ""


@dataclass(slots=True)
class Item:
    """What one run did about one change. ``line`` reads ``psa/id``; ``since`` is a date or "at once"; money per month.

    ``outcome`` is the journal's last word on it, or "in doubt"; ``settled`` is when (seconds since 1970) a later
    ``resume`` or a person gave that word.
    """

    run: str
    change: str
    line: str
    client: str = ""
    product: str = ""
    quantity: Figures | None = None
    unit_cost: Figures | None = None
    since: str = ""
    cost_change: Decimal = _NOTHING
    revenue_change: Decimal = _NOTHING
    decided: Decided | None = None
    outcome: str = Event.INTENT.value
    text: str = ""
    settled: float | None = None

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows yet if it was written."""
        return self.outcome == IN_DOUBT


@dataclass(slots=True)
class Tally:
    """A run in figures: the outcomes and the deciders, counted; the monthly money of what was verified."""

    outcomes: Counter[str] = field(default_factory=Counter)
    deciders: Counter[str] = field(default_factory=Counter)
    psas: Counter[str] = field(default_factory=Counter)
    cost: Decimal = _NOTHING
    revenue: Decimal = _NOTHING


@dataclass(slots=True, eq=False)
class Run:
    """One run: its name, its first and its last moment (seconds since 1970), and how many of its lines are in doubt.

    ``tally`` is None until the run's rows are read.
    """

    name: str
    began: float
    ended: float
    doubts: int
    tally: Tally | None = None


class History:
    """The journal as runs: those with lines in doubt first, then the latest. Every method raises LedgerError."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.reload()

    def reload(self) -> None:
        """Read what there is now."""
        open_entries = self._journal.open_entries()
        self._doubts = frozenset((entry.run, entry.change) for entry in open_entries)
        counted = Counter(run for run, _ in self._doubts)
        self.runs = [_run(span, counted[span.run]) for span in self._journal.runs()]
        self.runs.sort(key=lambda run: not run.doubts)
        self._items: dict[str, list[Item]] = {}

    @property
    def doubts(self) -> int:
        """Lines in doubt."""
        return len(self._doubts)

    def tally(self, index: int) -> Tally:
        """The figures of a run; its neighbours' are read with it."""
        run = self.runs[index]
        if run.tally is None:
            start = index - index % _PAGE
            self._read([one for one in self.runs[start : start + _PAGE] if one.tally is None])
        assert run.tally is not None
        return run.tally

    def items(self, index: int) -> list[Item]:
        """What a run did, line by line: in doubt first, then failed and moved ones, then in order of writing."""
        run = self.runs[index]
        if run.name not in self._items:
            self._read([run])
        return self._items[run.name]

    def story(self, item: Item) -> list[Entry]:
        """All the journal has on one change of a run, in order."""
        return self._journal.story(item.run, item.change)

    def _read(self, runs: Sequence[Run]) -> None:
        found = gather(self._journal.told([run.name for run in runs]), self._doubts)
        if sum(map(len, self._items.values())) > _KEPT:
            self._items.clear()
        for run in runs:
            items = found.get(run.name, [])
            run.tally = tally_of(items)
            self._items[run.name] = sorted(items, key=lambda item: _ORDER.get(item.outcome, _LAST))


def _run(span: Span, doubts: int) -> Run:
    return Run(span.run, span.began, span.ended, doubts)


def gather(rows: Iterable[Told], doubts: frozenset[tuple[str, str]]) -> dict[str, list[Item]]:
    """The items of each run, in order of writing; ``doubts`` names (run, change) in doubt."""
    found: dict[str, dict[str, Item]] = {}
    for row in rows:
        items = found.setdefault(row.run, {})
        item = items.get(row.change)
        if item is None:
            item = items[row.change] = Item(row.run, row.change, f"{row.psa}/{row.line}")
        _tell(item, row)
    for run, items in found.items():
        for item in items.values():
            if (run, item.change) in doubts:
                item.outcome = IN_DOUBT
            elif item.outcome == Event.INTENT:
                item.outcome = OVERTAKEN
    return {run: list(items.values()) for run, items in found.items()}


def tally_of(items: Iterable[Item]) -> Tally:
    """A run's items in figures."""
    tally = Tally()
    for item in items:
        tally.outcomes[item.outcome] += 1
        tally.psas[item.line.partition("/")[0]] += 1
        if item.decided is not None:
            tally.deciders[item.decided.by] += 1
        if item.outcome == Event.VERIFIED:
            tally.cost += item.cost_change
            tally.revenue += item.revenue_change
    return tally


def _tell(item: Item, row: Told) -> None:
    """Add a row to what is known of a change: intents and untried writes carry the change, outcomes a text."""
    said = _detail(row.detail)
    if by_resume(item.outcome, row.event, said.text):
        item.settled = row.at
    item.outcome, item.text = row.event, said.text
    if said.decision is not None:
        item.decided = said.decision
    if said.change is not None:
        _describe(item, said.change)


def by_resume(before: str, event: str, text: str) -> bool:
    """Whether a row was written by ``resume`` or a person, after the run: the run itself says one outcome, once."""
    return event == Event.SETTLED or before == Event.UNKNOWN or text in _RESUMED


def _describe(item: Item, change: _Change) -> None:
    item.client, item.product = change.client, change.product
    item.quantity, item.unit_cost = change.quantity, change.unit_cost
    item.since = change.effective_date or "at once"
    item.cost_change, item.revenue_change = _moved(change.money.monthly_cost), _moved(change.money.monthly_revenue)


def _moved(pair: Monthly) -> Decimal:
    if pair.before is None or pair.after is None:
        return _NOTHING
    return Decimal(pair.after) - Decimal(pair.before)


def last_write(journal: Journal, psa: str, tenant: str, line: str) -> str:
    """The last verified write of a line as a sentence, empty where there is none; raises LedgerError."""
    entry = journal.last_write(psa, tenant, line)
    if entry is None:
        return ""
    decision = journal.intent_of(entry).detail.get("decision", {})
    who = f", approved by {decision['by']}" if decision.get("by") else ""
    return clean(f"by run {entry.run} on {moment(entry.at)}{who}")


def moment(seconds: float) -> str:
    """An instant of the ledger in words: ``2026-11-20 17:00Z``."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}Z"


class _Change(msgspec.Struct, gc=False):
    """What an item needs of a change; the rest is skipped over."""

    client: str
    product: str
    quantity: Figures | None
    unit_cost: Figures | None
    effective_date: str | None
    money: Amounts


class _Detail(msgspec.Struct, gc=False):
    text: str = ""
    change: _Change | None = None
    decision: Decided | None = None


_DETAILS = msgspec.json.Decoder(_Detail)


def _detail(text: str) -> _Detail:
    """What a row says. One of another psarecon that cannot be understood hides no other row."""
    try:
        return _DETAILS.decode(text)
    except msgspec.MsgspecError:
        return _Detail("what this row says cannot be read: it was written by another psarecon")
