"""A run in words: the lines of its list and header, the change under the cursor, and the summary that is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from psarecon.domain.plan import Change
from psarecon.errors import PsareconError
from psarecon.report.plan_text import pair_text
from psarecon.review.run import TROUBLE, Moved, Question, RunModel, Standing, Totals
from psarecon.review.spans import Role, Span, Spans, fit, text_of
from psarecon.review.wrap import wrapped
from psarecon.text import clean, signed, unit_money

#: A sign for each standing; its word stands beside it everywhere.
MARKS = {
    Standing.WAITING: "·",
    Standing.WRITING: ">",
    Standing.VERIFIED: "✓",
    Standing.ALREADY: "=",
    Standing.MOVED: "»",
    Standing.FAILED: "✗",
    Standing.UNCLEAR: "?",
    Standing.IN_DOUBT: "?",
    Standing.SKIPPED: "-",
}
_ROLES = {
    Standing.WAITING: Role.DIM,
    Standing.WRITING: Role.ACCENT,
    Standing.VERIFIED: Role.GOOD,
    Standing.ALREADY: Role.GOOD,
    Standing.MOVED: Role.LOOK,
    Standing.FAILED: Role.BAD,
    Standing.UNCLEAR: Role.LOOK,
    Standing.IN_DOUBT: Role.BLOCK,
    Standing.SKIPPED: Role.DIM,
}
_WORD = 10
#: Cells before the first column: sign, word, and the spaces between.
_MARGIN = _WORD + 4
_BAR = 20


class RunLines:
    """The run's changes as the lines of a list."""

    def __init__(self, model: RunModel) -> None:
        self._model = model

    @property
    def count(self) -> int:
        """All changes of the run."""
        return len(self._model.changes)

    def line(self, index: int, width: int) -> Spans:
        """Sign, word, client, product, quantity and money; where there is room also the unit cost and the text."""
        standing, change = self._model.standing(index), self._model.changes[index]
        mark = Span(f"{MARKS[standing]} {standing.value:{_WORD}}  ", _ROLES[standing])
        texts = (fit(text, size, right=right) for text, size, right in _cells(change, self._model.text(index), width))
        return (mark, Span("  ".join(texts)))


def heading(width: int) -> Spans:
    """The titles of the columns."""
    titles = (fit(title, size, right=right) for title, size, right in _columns(width))
    return (Span(" " * _MARGIN + "  ".join(titles), Role.DIM),)


def _cells(change: Change, said: str, width: int) -> Iterator[tuple[str, int, bool]]:
    """Each cell of a line: its text, its width, whether it stands right."""
    texts = {
        "Client": change.client,
        "Product": change.product,
        "Quantity": pair_text(change.quantity, change.live_quantity),
        "Unit cost": pair_text(change.unit_cost, change.live_cost, unit_money),
        "Cost/month": signed(change.money.cost_change),
        "What is known": said,
    }
    return ((texts[title], size, right) for title, size, right in _columns(width))


@lru_cache(maxsize=64)
def _columns(width: int) -> tuple[tuple[str, int, bool], ...]:
    """Title and width of each column there is room for, and whether it stands right; texts share the spare room."""
    figures = [("Quantity", 13, True), *([("Unit cost", 13, True)] if width >= 88 else []), ("Cost/month", 11, True)]
    spare = width - _MARGIN - sum(size + 2 for _, size, _ in figures)
    if width < 68:
        return (("Client", max(4, spare), False), *figures)
    said = spare // 2 - 2 if width >= 110 else 0
    names = spare - 2 - (said + 2 if said else 0)
    client = names * 3 // 5
    shown = (("Client", client, False), ("Product", names - client, False), *figures)
    return (*shown, ("What is known", said, False)) if said else shown


def head(model: RunModel) -> list[Spans]:
    """Three lines; on a narrow screen their ends are cut, so the most important stands first."""
    totals = model.totals()
    return [_progress(totals), _money(totals, model.currency), _counts(totals, model.run)]


def _progress(totals: Totals) -> Spans:
    full = _BAR * totals.done // totals.total if totals.total else _BAR
    budget = "".join(f"  {clean(psa, 20)}: {left:,} calls left" for psa, left in totals.budget.items())
    return (
        Span(f"{totals.done:,} of {totals.total:,} done", Role.HEAD),
        Span(f"  {'#' * full}{'-' * (_BAR - full)}  {_span(totals.elapsed)}", Role.ACCENT),
        Span(f"{budget}  {totals.rate:,.0f} a minute", Role.DIM),
    )


def _money(totals: Totals, currency: str) -> Spans:
    already = f"  already so {_moved(totals.already)}" if totals.counts[Standing.ALREADY] else ""
    return (Span(f"applied {_moved(totals.written)} a month {clean(currency, 8)}", Role.GOOD), Span(already, Role.DIM))


def _counts(totals: Totals, run: str) -> Spans:
    spans = [Span(f"{MARKS[one]} {count:,} {one.value}  ", _ROLES[one]) for one, count in _by_gravity(totals) if count]
    return (*spans, Span(f"run {clean(run, 40)}", Role.DIM))


def _by_gravity(totals: Totals) -> Iterator[tuple[Standing, int]]:
    for one in (*TROUBLE, *(other for other in Standing if other not in TROUBLE)):
        yield one, totals.counts[one]


def _moved(moved: Moved) -> str:
    return f"{signed(moved.cost)} cost {signed(moved.revenue)} revenue"


def _span(seconds: float) -> str:
    """A length of time: ``1:05``, ``1:02:03``."""
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def detail(model: RunModel, place: int, width: int) -> list[Spans]:
    """The change under the cursor: what is said of it first, then what it is."""
    change, standing = model.changes[place], model.standing(place)
    said = f"{MARKS[standing]} {standing.value}" + (f": {model.text(place)}" if model.text(place) else "")
    lines: list[Spans] = [(Span(line, _ROLES[standing]),) for line in wrapped(said, width)]
    for text in (f"{change.client}, {change.product} on {change.names[1]}", _figures(change), _named(change)):
        lines += [(Span(line),) for line in wrapped(text, width)]
    return lines


def _figures(change: Change) -> str:
    money = f"{signed(change.money.cost_change)} cost {signed(change.money.revenue_change)} revenue a month"
    return f"{_step(change)}, from {change.effective_date or 'at once'}, {money}"


def _step(change: Change) -> str:
    quantity = pair_text(change.quantity, change.live_quantity)
    return f"{quantity} at {pair_text(change.unit_cost, change.live_cost, unit_money)}"


def _named(change: Change) -> str:
    return f"line {change.line}, change {change.id}, {change.call.method} {change.call.path}"


def status(model: RunModel, *, ended: bool) -> str:
    """What the run is doing, in words; ``ended`` as the model said before its changes were drawn."""
    if ended:
        return "  ".join([*_failure(model), "Nothing is written any more: q leaves."])
    if model.question is not None:
        return "WAITING for an answer. Nothing is written meanwhile."
    what = _doing(model)
    return f"STOPPING: {what} Nothing is written after that." if model.stopping else f"WRITES ON: {what}"


def _doing(model: RunModel) -> str:
    place = model.in_flight
    if place is not None:
        return f"{clean(model.changes[place].client, 40)} is being written."
    if model.totals().counts[Standing.UNCLEAR]:
        return "lines whose outcome is unclear are read again."
    return "no call is in flight."


def asked(model: RunModel, question: Question) -> list[str]:
    """The question in paragraphs: about which change, what is known, what is asked. Harmless lines."""
    change = model.changes[question.index]
    left = model.totals().counts[Standing.WAITING]
    return [
        f"{question.why[:1].upper()}{question.why[1:]}.",
        clean(f"{change.client}, {change.product}, {_step(change)}: {model.text(question.index)}", 600),
        f"Nothing is written until you answer. {left:,} {'change is' if left == 1 else 'changes are'} left.",
    ]


def whole_text(model: RunModel) -> list[str]:
    """The run for a file: its summary, then a line for each change. Harmless lines."""
    lines = RunLines(model)
    listed = (text_of(lines.line(place, 200)).rstrip() for place in range(lines.count))
    return [*summary(model), "", text_of(heading(200)).rstrip(), *listed]


def summary(model: RunModel) -> list[str]:
    """Harmless lines for the normal screen: counts, money, every change that was not verified, and what to do next."""
    totals = model.totals()
    counted = ", ".join(f"{count:,} {one.value}" for one, count in _by_gravity(totals) if count)
    lines = [f"run {model.run}: {counted or 'no changes'}, in {_span(totals.elapsed)}"]
    lines += [f"applied {_moved(totals.written)} a month {model.currency}".rstrip()]
    if totals.counts[Standing.ALREADY]:
        lines += [f"already so {_moved(totals.already)} a month {model.currency}".rstrip()]
    return [clean(line) for line in (*lines, *_not_verified(model), *_failure(model), *_next(model, totals))]


def _not_verified(model: RunModel) -> Iterator[str]:
    """One line each, the gravest first; those skipped for the same reason together."""
    places: dict[Standing, list[int]] = {standing: [] for standing in Standing}
    for place in range(len(model.changes)):
        places[model.standing(place)].append(place)
    for standing in TROUBLE:
        for place in places[standing]:
            change = model.changes[place]
            said = clean(model.text(place))
            yield f"{standing.value:{_WORD}}{change.id}  {clean(change.client, 40)}  {_step(change)}  {said}"
    for text, count in Counter(map(model.text, places[Standing.SKIPPED])).items():
        yield f"{Standing.SKIPPED.value:{_WORD}}{count:,} {'change' if count == 1 else 'changes'}: {text}"


def _failure(model: RunModel) -> list[str]:
    """What made the run break off, without a traceback or a local variable."""
    error = model.error
    if error is None:
        return []
    if not isinstance(error, PsareconError):
        return [f"error: unexpected {type(error).__name__}"]
    return [clean(line) for line in (*error.told(), *([f"hint: {error.hint}"] if error.hint else []))]


def _next(model: RunModel, totals: Totals) -> Iterator[str]:
    counts = totals.counts
    if counts[Standing.IN_DOUBT] or counts[Standing.UNCLEAR]:
        yield "next: `psarecon resume` settles what is in doubt, by reading, never by sending again"
    if counts[Standing.FAILED] or counts[Standing.MOVED]:
        yield "next: what failed or moved needs a new plan"
    if counts[Standing.SKIPPED]:
        yield "next: what was skipped can be applied from the same plan"
    yield f"the journal of it: `psarecon log --run {model.run}`"
