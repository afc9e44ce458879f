"""Drift in words, for a screen: the list, the lines above it, and all about one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from rich.cells import cell_len

from psarecon.domain.acceptance import told
from psarecon.domain.drift import Apart, Drift, DriftReport
from psarecon.report.drift_text import left_over, sum_of, summary, touched
from psarecon.report.plan_text import pair_text
from psarecon.review.drifted import Bunch, Drifted, Entry, Standing, standing_of
from psarecon.review.history_lines import labelled
from psarecon.review.spans import Role, Span, Spans, fit
from psarecon.review.wrap import wrapped
from psarecon.text import clean, signed, unit_money

#: Who left a line as it was, and when: what the journal says, as a sentence.
LeftBy = Callable[[Drift], str]

#: Each by a sign, so that no colour is needed, and the role it plays.
_SIGNS: dict[Standing, tuple[str, Role]] = {
    Standing.AGAINST: ("!", Role.LOOK),
    Standing.AGREES: ("=", Role.GOOD),
    Standing.ACCEPTED: ("~", Role.PLAIN),
    Standing.APART: ("?", Role.BAD),
}
_SAYS = {
    Standing.AGAINST: "against: not what mapping and usage ask for",
    Standing.AGREES: "agrees: just what mapping and usage ask for; nothing is to be done",
    Standing.ACCEPTED: "accepted in the mapping, and left alone",
}
_MARK = 4
_MONEY = 12
_LEAST_FIGURES, _MOST_FIGURES = 15, 25
_PRODUCT = 18
#: Cells to a line from which the product has a column.
_MEDIUM = 70


class DriftLines:
    """The entries, one a line."""

    def __init__(self, model: Drifted) -> None:
        self._model = model
        widest = max((cell_len(moved(one)) for one in model.report.drifts), default=0)
        self._figures = max(_LEAST_FIGURES, min(_MOST_FIGURES, widest + 2))

    @property
    def count(self) -> int:
        """Entries."""
        return self._model.count

    def line(self, index: int, width: int) -> Spans:
        """``  ! Acme Corp   jumpcloud-platform   14 → 20 at 9.00 → 9.50   +64.00``."""
        entry = self._model.entries[index]
        if isinstance(entry, Bunch):
            return _bunch_line(entry, width)
        indent = "  " if self._model.in_bunch(entry) else ""
        if isinstance(entry, Apart):
            return _apart_line(entry, indent, width)
        return (
            _sign(entry),
            Span(fit(indent + entry.client, self._client(width) - 1) + " "),
            Span(fit(entry.product, _product(width)), Role.DIM),
            Span(fit(moved(entry), self._figures, right=True)),
            Span(fit(signed(entry.money.cost_change), _MONEY, right=True)),
        )

    def titles(self, width: int) -> Spans:
        """What stands above the columns, and above the cursor's mark before them."""
        told = fit("Client", self._client(width)) + fit("Product", _product(width))
        figures = fit("Left → found", self._figures, right=True) + fit("Cost/month", _MONEY, right=True)
        return (Span(f"{' ' * (_MARK + 1)}{told}{figures}", Role.DIM),)

    def _client(self, width: int) -> int:
        return max(8, width - _MARK - _product(width) - self._figures - _MONEY)


def _product(width: int) -> int:
    return _PRODUCT if width >= _MEDIUM else 0


def _sign(entry: Entry, mark: str = " ") -> Span:
    sign, role = _SIGNS[standing_of(entry)]
    return Span(f"{mark} {sign} ", role)


def _bunch_line(bunch: Bunch, width: int) -> Spans:
    money = "" if bunch.standing is Standing.APART else signed(bunch.cost)
    text = fit(f"{bunch.title}, {bunch.name}", max(8, width - _MARK - _MONEY - 1))
    mark = _sign(bunch, "▸" if bunch.folded else "▾")
    return mark, Span(f"{text} ", Role.HEAD), Span(fit(money, _MONEY, right=True))


def _apart_line(line: Apart, indent: str, width: int) -> Spans:
    client = max(8, (width - _MARK - _product(width)) // 3)
    return (
        _sign(line),
        Span(fit(indent + line.client, client - 1) + " "),
        Span(fit(line.product, _product(width)), Role.DIM),
        Span(clean(f" {line.text}")),
    )


def moved(drift: Drift) -> str:
    """What was left and what was found: ``14 → 20 at 9.00 → 9.50``."""
    units = pair_text(drift.quantity, drift.found.quantity)
    cost = f"at {pair_text(drift.unit_cost, None, unit_money)}" if drift.unit_cost else ""
    return f"{units} {cost}".rstrip()


def headline(model: Drifted) -> list[Spans]:
    """Three lines: how much drifted and its worth; what else there is, with the signs; when and of which mapping."""
    report = model.report
    role = Role.LOOK if Standing.AGAINST in model.counts() else Role.HEAD
    return [(Span(clean(summary(report)), role),), _counted(model), (Span(clean(_when(report)), Role.DIM),)]


def _counted(model: Drifted) -> Spans:
    report = model.report
    counts = [(f"{_SIGNS[one][0]} {lines:,} {one.value}", _SIGNS[one][1]) for one, lines in model.counts().items()]
    counts.append((f"{report.unapplied:,} unapplied", Role.PLAIN))
    counts += [(f"{report.unwritten:,} never written", Role.DIM)] if report.unwritten else []
    return tuple(Span(f"{'  ' if place else ''}{text}", role) for place, (text, role) in enumerate(counts))


def _when(report: DriftReport) -> str:
    commit = f"{report.commit[:9]}{' (dirty)' if report.dirty else ''}" if report.commit else "not in git"
    tenants = ", ".join(f"{name} {tenant}" for name, tenant in report.tenants.items())
    return f"as of {report.as_of:%Y-%m-%d %H:%M}Z  mapping {commit}  {tenants}"


def nothing(report: DriftReport) -> list[Spans]:
    """Said where the list is empty."""
    return [
        (),
        (Span("  Nobody else changed a line.", Role.HEAD),),
        *((Span(f"  {clean(line)}", Role.DIM),) for line in left_over(report)),
    ]


def entry_lines(entry: Entry | None, left_by: LeftBy, width: int) -> list[Spans]:
    """All about an entry; of a group what its lines have in common, and the dearest of them."""
    if entry is None:
        return []
    parts = [*(_bunch(entry) if isinstance(entry, Bunch) else ())]
    line = entry.lines[0] if isinstance(entry, Bunch) else entry
    parts += _apart(line) if isinstance(line, Apart) else _drift(line, left_by)
    return [piece for part in parts for piece in _piece(part, width)]


_Part = tuple[str, str, Role]


def _piece(part: _Part, width: int) -> Iterator[Spans]:
    """A heading from the first cell on, anything else behind its label."""
    label, text, role = part
    if role is Role.HEAD:
        return ((Span(line, role),) for line in wrapped(text, max(8, width)))
    return labelled(label, text, width, role)


def _bunch(bunch: Bunch) -> Iterator[_Part]:
    yield "", f"{bunch.title}, {bunch.name}", Role.HEAD
    drifts = [one for one in bunch.lines if isinstance(one, Drift)]
    if drifts:
        yield "", sum_of(drifts).told(), Role.ACCENT
    yield "", "the first of them:", Role.DIM


def _drift(line: Drift, left_by: LeftBy) -> Iterator[_Part]:
    standing = standing_of(line)
    yield "", line.client, Role.HEAD
    yield "", line.product, Role.PLAIN
    yield "", _SAYS[standing], _SIGNS[standing][1]
    yield "left", f"{told(line.left)}, from {line.since or 'at once'}", Role.ACCENT
    yield "", left_by(line) or f"by run {line.run}", Role.PLAIN
    yield "found", told(line.found), Role.ACCENT
    yield "", _who(line), Role.PLAIN
    yield "wanted", "not known: the usage does not tell" if line.wanted is None else told(line.wanted), Role.PLAIN
    yield "a month", _money(line), Role.PLAIN
    if line.acceptance is not None:
        yield "accepted", f"until {line.acceptance.until}: {line.acceptance.reason}", Role.PLAIN
    yield "line", f"{line.line}", Role.PLAIN
    yield "mapping", f"{line.source}", Role.DIM


def _who(line: Drift) -> str:
    return "the PSA does not tell who touched it" if line.touched is None else f"last touched: {touched(line)}"


def _money(line: Drift) -> str:
    cost, revenue = line.money.cost_change, line.money.revenue_change
    margin: Decimal = revenue - cost
    return f"{signed(cost)} cost, {signed(revenue)} revenue, {signed(margin)} margin"


def _apart(line: Apart) -> Iterator[_Part]:
    yield "", line.client, Role.HEAD
    yield "", line.product, Role.PLAIN
    yield "", f"cannot be compared: {line.code}", Role.BAD
    yield "why", line.text, Role.PLAIN
    yield "line", f"{line.line}", Role.PLAIN
    yield "mapping", f"{line.source}", Role.DIM


def entry_text(entry: Entry) -> str:
    """An entry in one line of text, nothing cut."""
    if isinstance(entry, Bunch):
        return clean(f"{entry.standing.value}  {entry.name}: {entry.title}")
    what = entry.text if isinstance(entry, Apart) else f"{moved(entry)}  {signed(entry.money.cost_change)}"
    return clean(f"{standing_of(entry).value}  {entry.client}  {entry.product}  {entry.line}  {what}")
