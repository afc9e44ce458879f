"""An import in words, for a screen: organizations, companies and lines, and all about the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterator

from psarecon.adopt.drafting import of_users
from psarecon.adopt.lines import Fit
from psarecon.adopt.model import Candidates
from psarecon.adopt.outcome import STATES
from psarecon.domain.directory import Offer
from psarecon.review.adopting import Adopting, Option, Stand
from psarecon.review.history_lines import labelled
from psarecon.review.spans import Role, Span, Spans, fit
from psarecon.review.wrap import wrapped
from psarecon.text import clean, plain, unit_money

#: Each by a sign, so that no colour is needed, and the role it plays.
_SIGNS: dict[Stand, tuple[str, Role]] = {
    Stand.OPEN: ("?", Role.LOOK),
    Stand.ACCEPTED: ("✓", Role.GOOD),
    Stand.IGNORED: ("-", Role.DIM),
}
_SIGN = 3
_USERS = 7
_SOURCE = 12
_SCORE = 4
#: Cells to a line from which the source has a column, and from which the company has.
_NARROW, _MEDIUM = 46, 70
_PSA, _TYPE = 12, 11
_CHOICE = 4
LATER = "none of these yet: they stay proposals"


class OrganizationLines:
    """The organizations, one a line."""

    def __init__(self, model: Adopting) -> None:
        self._model = model

    @property
    def count(self) -> int:
        """Organizations shown."""
        return len(self._model.shown)

    def line(self, index: int, width: int) -> Spans:
        """``? Pioneer Roofing      13 jumpcloud    92 Pioneer Roofing East``."""
        one = self._model.shown[index]
        sign, role = _SIGNS[self._model.stand(one)]
        users = "" if one.organization.users is None else f"{one.organization.users:,}"
        return (
            Span(f" {sign} ", role),
            Span(fit(_name(one), _named(width) - 1) + " "),
            Span(fit(users, _USERS - 1, right=True)),
            Span(f" {fit(one.organization.source, _source(width) - 1)}", Role.DIM),
            self._became(one, width),
        )

    def _became(self, one: Candidates, width: int) -> Span:
        found, room = self._model.decision(one), _became(width)
        if found is None:
            return Span(fit(_nearest(one, width), room), Role.DIM)
        if found.candidate is None:
            return Span(fit(f"ignored: {found.reason}" if width >= _MEDIUM else "", room), Role.DIM)
        return Span(fit(f"→ {found.candidate.company.name}" if width >= _MEDIUM else "", room), Role.GOOD)

    def titles(self, width: int) -> Spans:
        """What stands above the columns, and above the cursor's mark before them."""
        last = "Nearest, or decided" if width >= _MEDIUM else "Near"
        told = f"{fit('Organization', _named(width) - 1)} {fit('Users', _USERS - 1, right=True)}"
        source = fit("Source", _source(width) - 1)
        return (Span(f"{' ' * (_SIGN + 1)}{told} {source}{fit(last, _became(width))}", Role.DIM),)


def _source(width: int) -> int:
    return _SOURCE if width >= _NARROW else 1


def _became(width: int) -> int:
    return width * 2 // 5 if width >= _MEDIUM else _SCORE


def _named(width: int) -> int:
    return max(8, width - _SIGN - _USERS - _source(width) - _became(width) + 1)


def _name(one: Candidates) -> str:
    return one.organization.name or one.organization.id


def _nearest(one: Candidates, width: int) -> str:
    score = "line" if one.sure else str(one.found[0].score)
    return f"{score} {one.found[0].company.name}" if width >= _MEDIUM else score


class OptionLines:
    """The companies of one organization, below each its lines that fit."""

    def __init__(self, model: Adopting) -> None:
        self._model = model
        self._one: Candidates | None = None
        self.options: list[Option] = []

    def show(self, one: Candidates | None) -> None:
        """Another organization, or what became of this one."""
        self._one = one
        self.options = [] if one is None else self._model.options(one)

    @property
    def count(self) -> int:
        """Companies and lines."""
        return len(self.options)

    def line(self, index: int, width: int) -> Spans:
        """``1 ✓ 92 Pioneer Roofing East   autotask    Customer   names alike (92)``."""
        option = self.options[index]
        return self._company(option, width) if option.whole else self._line(option, width)

    def _company(self, option: Option, width: int) -> Spans:
        company = option.candidate.company
        name = max(12, min(width // 2, width - _CHOICE - _SCORE - _PSA - _TYPE))
        return (
            Span(f"{option.number} ", Role.ACCENT),
            self._mark(option),
            Span(fit(str(option.candidate.score), _SCORE - 1, right=True) + " "),
            Span(fit(company.name, name - 1) + " ", Role.HEAD),
            Span(f"{fit(company.psa, _PSA - 1)} {fit(', '.join(company.types), _TYPE - 1)} "),
            Span(clean(", ".join(option.candidate.reasons), width), Role.DIM),
        )

    def _line(self, option: Option, width: int) -> Spans:
        indent, mark = Span(" " * (_CHOICE + 1)), self._mark(option)
        if option.fit is None:
            return indent, mark, Span(LATER, Role.DIM)
        names = option.fit.offer.names
        key = option.fit.offer.line
        text = f"{names.line or 'line'} ({key.id}) in {names.contract or key.contract}"
        figures = "bills another" if option.taken else _figures(option.fit.offer)
        room = max(8, width - _CHOICE - 3 - len(figures) - 2)
        return indent, mark, Span(fit(text, room), Role.DIM if option.taken else Role.PLAIN), Span(f" {figures}")

    def _mark(self, option: Option) -> Span:
        chosen = self._one is not None and self._chosen(self._one, option)
        return Span("✓ " if chosen else "  " if option.whole else "· ", Role.GOOD if chosen else Role.DIM)

    def _chosen(self, one: Candidates, option: Option) -> bool:
        found = self._model.decision(one)
        if found is None or found.candidate != option.candidate:
            return False
        if option.whole:
            return True
        return found.fit is None if option.later else found.fit == option.fit


def _figures(offer: Offer) -> str:
    units = "" if offer.quantity is None else plain(offer.quantity)
    cost = "" if offer.unit_cost is None else f"at {unit_money(offer.unit_cost)}"
    return f"{units} {cost}".strip()


def headline(model: Adopting) -> list[Spans]:
    """Two lines: how the organizations in doubt stand; what there is beside them."""
    counts, total = model.counts(), len(model.every)
    stand = ", ".join(f"{count:,} {name.value}" for name, count in counts.items() if count)
    lines = sum(one.sure for one in model.every)
    beside = {"sure": model.states["imported"] - lines}
    beside |= {STATES[one]: model.states[one] for one in ("none", "mapped", "ignored")}
    rest = ", ".join(f"{count:,} {name}" for name, count in beside.items() if count)
    return [
        (Span(_in_doubt(total, lines), Role.HEAD), Span(f": {stand}" if stand else "")),
        (Span(f"beside them {rest or 'nothing'}", Role.DIM),),
    ]


def _in_doubt(total: int, lines: int) -> str:
    told = f"{total:,} {'organization' if total == 1 else 'organizations'} in doubt"
    return f"{told}, {lines:,} only for the line" if lines else told


def nothing(model: Adopting) -> list[Spans]:
    """Said where the list is empty."""
    if model.every:
        return [(Span("  no organization is shown; escape clears the filter", Role.DIM),)]
    return [
        (Span("  nothing is in doubt", Role.HEAD),),
        (Span("  w writes what is sure, after a question", Role.DIM),),
    ]


def about(one: Candidates | None, option: Option | None, width: int) -> list[Spans]:
    """All about an organization and the company or line that could be accepted."""
    if one is None or option is None:
        return []
    lines: list[Spans] = [(Span(line, Role.HEAD),) for line in wrapped(of_users(one.organization), max(8, width))]
    if option.fit is not None:
        lines += _fit(option.fit, width, taken=option.taken)
    return [*lines, *_company(option, width), *_organization(one, width)]


def _organization(one: Candidates, width: int) -> Iterator[Spans]:
    yield from labelled("in doubt", "only which of the lines bills it" if one.sure else one.why, width, Role.LOOK)
    yield from labelled("domains", ", ".join(one.organization.domains[:3]), width, Role.PLAIN)
    yield from labelled("id", str(one.subject), width, Role.DIM)


def _company(option: Option, width: int) -> Iterator[Spans]:
    candidate, company = option.candidate, option.candidate.company
    yield from labelled("company", f"{company.name}, score {candidate.score}", width, Role.ACCENT)
    yield from labelled("because", ", ".join(candidate.reasons), width, Role.PLAIN)
    asked = candidate.asked
    if asked is not None and asked.tickets:
        yield from labelled("line", "for tickets only: it gets none", width, Role.PLAIN)
    elif option.bare:
        yield from labelled("line", "none fits the product: it gets none", width, Role.LOOK)
    if asked is not None and asked.line:
        yield from labelled("named", f"{asked.line_name or 'line'} ({asked.line})", width, Role.PLAIN)
    yield from labelled("notes", "; ".join(candidate.notes), width, Role.PLAIN)
    known = [str(candidate.key), company.number, company.domain, *company.types]
    yield from labelled("known as", ", ".join(part for part in known if part), width, Role.PLAIN)


def _fit(found: Fit, width: int, *, taken: bool) -> Iterator[Spans]:
    offer = found.offer
    text = f"{offer.names.line or offer.line.id} ({offer.line}) in {offer.names.contract or offer.line.contract}"
    yield from labelled("line", text, width, Role.ACCENT)
    price = "" if offer.unit_price is None else f", sold at {unit_money(offer.unit_price)}"
    yield from labelled("", f"{_figures(offer)}{price}".lstrip(", "), width, Role.PLAIN)
    yield from labelled("", f"its words fit the product by {found.points}", width, Role.PLAIN)
    yield from labelled("", "it bills another organization already" if taken else "", width, Role.BAD)
