"""The history as lines of text: the list of runs, the lines of one run, and the whole story of one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from psarecon.domain.plan_file import read_change
from psarecon.errors import LedgerError
from psarecon.ledger.journal import Entry, Event
from psarecon.report.plan_text import pair_text
from psarecon.review.history import IN_DOUBT, OVERTAKEN, Figures, History, Item, Run, Tally, by_resume, moment
from psarecon.review.spans import Role, Span, Spans, fit, text_of
from psarecon.review.wrap import wrapped
from psarecon.text import clean, plain, signed, unit_money

#: Each outcome by a sign, so that no colour is needed, and the role it plays.
_SIGNS: dict[str, tuple[str, Role]] = {
    IN_DOUBT: ("?", Role.BLOCK),
    Event.VERIFIED.value: ("✓", Role.GOOD),
    Event.ALREADY.value: ("=", Role.DIM),
    Event.CONFLICT.value: ("»", Role.LOOK),
    Event.FAILED.value: ("✗", Role.BAD),
    Event.UNKNOWN.value: ("?", Role.BAD),
    Event.SETTLED.value: ("✓", Role.LOOK),
    Event.REMEMBERED.value: ("=", Role.DIM),
    OVERTAKEN: ("·", Role.DIM),
}
_OTHER = ("·", Role.PLAIN)
_LABEL = 10
_OUTCOME = 10
_NAME = 23
_WHEN = 19
_FIGURES = 26
_SINCE = 12
_MEDIUM, _WIDE = 80, 110


class RunLines:
    """The runs, one a line."""

    def __init__(self, history: History) -> None:
        self._history = history

    @property
    def count(self) -> int:
        """Runs."""
        return len(self._history.runs)

    def line(self, index: int, width: int) -> Spans:
        """``? 20261120T170000-1a2b3c  2026-11-20 17:00Z  1 in doubt, 12 verified  by kim (13)``."""
        run = self._history.runs[index]
        try:
            tally = self._history.tally(index)
        except LedgerError as error:
            return (Span(fit(f"  {run.name}  {error}", width), Role.BAD),)
        spans = [Span("? " if run.doubts else "  ", Role.BLOCK), Span(fit(run.name, _NAME))]
        if width >= _MEDIUM:
            spans.append(Span(fit(moment(run.began), _WHEN), Role.DIM))
        return (*spans, *_outcomes(tally), *_deciders(tally))


def _outcomes(tally: Tally) -> Iterator[Span]:
    """The outcomes counted, what asks for a person first."""
    ordered = [word for word in _SIGNS if word in tally.outcomes]
    for position, word in enumerate([*ordered, *sorted(tally.outcomes.keys() - _SIGNS.keys())]):
        role = _SIGNS.get(word, _OTHER)[1]
        yield Span(clean(f"{', ' if position else ''}{tally.outcomes[word]} {word}"), role)


def _deciders(tally: Tally) -> Iterator[Span]:
    if tally.deciders:
        yield Span(f"  by {counted(tally.deciders)}", Role.DIM)


def counted(names: Counter[str], most: int = 3) -> str:
    """``kim (12), alex (3)``; of many names the first few."""
    shown = [f"{clean(name or '?', 40)} ({number})" for name, number in names.most_common(most)]
    return ", ".join([*shown, "…"] if len(names) > most else shown)


#: What stands where there are no runs.
EMPTY: tuple[Spans, ...] = (
    (),
    (Span("  No runs yet.", Role.HEAD),),
    (Span("  The journal of this ledger is empty: nothing was written from here so far.", Role.DIM),),
    (Span("  Every run of `psarecon apply` and of the review will stand here.", Role.DIM),),
)


def headline(history: History) -> Spans:
    """How many runs there are, and what to do about lines in doubt."""
    runs = len(history.runs)
    spans = [Span(f"History: {runs:,} {'run' if runs == 1 else 'runs'}", Role.HEAD)]
    if history.doubts:
        lines = "line is" if history.doubts == 1 else "lines are"
        spans.append(
            Span(f"  {history.doubts} {lines} in doubt: `psarecon resume` settles them by reading", Role.BLOCK)
        )
    return tuple(spans)


def run_headline(run: Run, tally: Tally) -> list[Spans]:
    """Two lines on one run: its name and time; what it changed and who decided."""
    took = f"{moment(run.began)}, {max(0.0, run.ended - run.began):,.0f} s to its last word"
    money = f"verified {signed(tally.cost)} cost {signed(tally.revenue)} revenue a month"
    return [
        (
            Span(clean(f"run {run.name}"), Role.HEAD),
            Span(clean(f"  {took}  {', '.join(sorted(tally.psas))}"), Role.DIM),
        ),
        (Span(money, Role.ACCENT), Span(f"  decided by {counted(tally.deciders) or '?'}")),
    ]


class ItemLines:
    """The lines of one run."""

    def __init__(self, items: Sequence[Item] = ()) -> None:
        self.items = items

    @property
    def count(self) -> int:
        """Lines."""
        return len(self.items)

    def line(self, index: int, width: int) -> Spans:
        """``✓ verified  Acme Corp  jumpcloud-platform  10 → 14  at 8.25 → 9.00  from 2026-11-01``."""
        item = self.items[index]
        sign, role = _SIGNS.get(item.outcome, _OTHER)
        word = f"{item.outcome}{' later' if item.settled is not None else ''}"
        columns = _columns(item, width)
        outcome = _OUTCOME + (6 if width >= _MEDIUM else 0)
        left = max(8, width - 2 - outcome - sum(size for _, size in columns))
        spans = [Span(f"{sign} {fit(word, outcome)}", role), Span(fit(item.client or item.line, left - 1) + " ")]
        return (*spans, *(Span(f"{fit(text, size - 1)} ") for text, size in columns))


def _columns(item: Item, width: int) -> list[tuple[str, int]]:
    """What stands behind the client's name, as wide as the screen allows: (text, cells)."""
    columns = [(figures(item), _FIGURES if width < _MEDIUM else _FIGURES + 4)]
    if width >= _MEDIUM:
        columns.append((item.since, _SINCE))
    if width >= _WIDE:
        columns.insert(0, (item.product, 22))
        columns.append((f"by {item.decided.by}" if item.decided else "", 14))
    return columns


def figures(item: Item) -> str:
    """What the change was about: ``10 → 14 at 8.25 → 9.00``."""
    parts = []
    if item.quantity is not None:
        parts.append(_arrow(item.quantity, plain))
    if item.unit_cost is not None:
        parts.append(f"at {_arrow(item.unit_cost, unit_money)}")
    return " ".join(parts)


def _arrow(pair: Figures, show: Any) -> str:
    return f"{show(Decimal(pair.before))} → {show(Decimal(pair.after))}"


def story_lines(item: Item, entries: Sequence[Entry], width: int) -> list[Spans]:
    """Everything the journal has on one change of one run, each line at most ``width`` cells."""
    told = next((entry for entry in entries if "change" in entry.detail), None)
    parts = [*_what(item), *(_figures_and_call(told) if told else ()), *_decision(item), *_events(entries)]
    return [line for label, text, role in parts for line in labelled(label, text, width, role)]


_Part = tuple[str, str, Role]


def _what(item: Item) -> Iterator[_Part]:
    yield "", item.client or item.line, Role.HEAD
    yield "", item.product, Role.PLAIN
    yield "run", item.run, Role.PLAIN
    yield "line", f"{item.line}  change {item.change}", Role.PLAIN


def _figures_and_call(told: Entry) -> Iterator[_Part]:
    change = read_change(dict(told.detail["change"]))
    yield "quantity", pair_text(change.quantity, change.live_quantity), Role.ACCENT
    yield "unit cost", pair_text(change.unit_cost, change.live_cost, unit_money), Role.ACCENT
    yield "from", f"{change.effective_date or 'at once'}", Role.PLAIN
    money = change.money
    yield "a month", f"{signed(money.cost_change)} cost, {signed(money.revenue_change)} revenue", Role.PLAIN
    yield "why", ", ".join(change.causes), Role.PLAIN
    yield "mapping", f"{change.source}", Role.DIM
    yield "call", f"{change.call.method} {change.call.path}", Role.PLAIN
    yield "", change.call.body, Role.PLAIN


def _decision(item: Item) -> Iterator[_Part]:
    if item.decided is not None:
        one = item.decided
        why = f": {one.reason}" if one.reason else ""
        yield "decision", f"{one.verdict} by {one.by} at {one.at}{why}", Role.PLAIN


def _events(entries: Sequence[Entry]) -> Iterator[_Part]:
    """The journal's rows in order; those written after the run say by what."""
    before = Event.INTENT
    for entry in entries:
        text = str(entry.detail.get("text") or _SAYS.get(entry.event, ""))
        later = " by `psarecon resume`" if by_resume(before, entry.event, str(entry.detail.get("text"))) else ""
        at = datetime.fromtimestamp(entry.at, UTC)
        role = _SIGNS.get(entry.event.value, _OTHER)[1]
        yield entry.event.value, f"{at:%Y-%m-%d %H:%M:%S}Z{later}  {text}", role
        before = entry.event


_SAYS = {
    Event.INTENT: "written down before the call was sent",
    Event.VERIFIED: "read back as wanted",
}


def labelled(label: str, text: str, width: int, role: Role) -> Iterator[Spans]:
    """A label and its text in as many lines as it takes; nothing where there is no text."""
    for line in wrapped(text, max(8, width - _LABEL)) if text.strip() else ():
        yield (Span(f"{label:<{_LABEL}}", Role.DIM), Span(line, role))
        label = ""


def run_text(run: Run, tally: Tally, items: Sequence[Item]) -> list[str]:
    """A run as plain lines, for a file or the clipboard: two of heading, then one for each change, nothing cut."""
    head = [text_of(line) for line in run_headline(run, tally)]
    return [*head, "", *map(item_text, items)]


def item_text(item: Item) -> str:
    """One change in one line of text."""
    by = f"{item.decided.verdict} by {item.decided.by}" if item.decided else ""
    told = (item.outcome, item.client, item.product, item.line, figures(item), item.since, by, item.change, item.text)
    return clean("  ".join(part for part in told if part))
