"""The list under review: which changes are shown, in which order, in which groups, and what was decided in all.

``entries`` are what the reader sees: rows, and groups of rows that can be folded and decided at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from rich.cells import cell_len

from psarecon.domain.decisions import Decision, Verdict
from psarecon.domain.model import Severity
from psarecon.review.book import Book
from psarecon.review.detail import Story, Subject
from psarecon.review.opened import GRAVITY, Opened, Row
from psarecon.review.query import BadQuery, Query, Texts, parse
from psarecon.text import signed_count, unit_money

#: The states of a change nobody has decided on.
OPEN = ("open", "lapsed")
#: Every state in the word that is shown, in the order they are counted.
WORDS = {
    "in doubt": "in doubt",
    "written": "written",
    "approve": "approved",
    "reject": "rejected",
    "hold": "held",
    "open": "open",
    "lapsed": "lapsed",
    "blocked": "BLOCKED",
}


class Order(StrEnum):
    """What comes first."""

    RISK = "risk"
    MONEY = "money"
    CLIENT = "client"


class Grouping(StrEnum):
    """Which changes stand together."""

    NONE = "none"
    CLIENT = "client"
    EQUAL = "equal"


@dataclass(slots=True, eq=False)
class Group:
    """Several rows that can be folded into one line and decided at once."""

    key: object
    title: str
    rows: list[Row]
    folded: bool = True

    @property
    def gravest(self) -> Severity | None:
        """The gravest severity among its rows."""
        return min((row.severity for row in self.rows), key=GRAVITY.__getitem__)


Entry = Row | Group


@dataclass(slots=True)
class Tally:
    """How many changes stand how, and the monthly money of the approved ones."""

    states: Counter[str] = field(default_factory=Counter)
    cost: Decimal = Decimal("0.00")
    revenue: Decimal = Decimal("0.00")

    def add(self, row: Row, state: str, times: int = 1) -> None:
        """Count a row in, or out (``times`` -1)."""
        self.states[state] += times
        if state == Verdict.APPROVE:
            self.cost += row.cost_change * times
            self.revenue += row.revenue_change * times


class Board:
    """The list, and every act on it."""

    def __init__(self, opened: Opened, book: Book) -> None:
        self.opened = opened
        self.book = book
        self.order = Order.RISK
        self.grouping = Grouping.NONE
        self.query: Query = parse("")
        self.rows: list[Row] = opened.rows
        self.entries: Sequence[Entry] = opened.rows
        self.tally = Tally()
        self._ordered = opened.rows
        self._groups: dict[object, Group] = {}
        self._texts = Texts()
        self.outcomes: dict[str, str] = {}
        self._by_id: dict[str, Row] = {row.id: row for row in opened.rows}
        self.widest_product = max((cell_len(name) for name in {row.product for row in opened.rows}), default=0)
        self.severities = Counter(row.severity for row in opened.rows)
        self.recount()

    @property
    def count(self) -> int:
        """Entries shown."""
        return len(self.entries)

    @property
    def lapsed(self) -> int:
        """Open changes whose line was decided on with other figures before."""
        return self.tally.states["lapsed"]

    def state(self, row: Row) -> str:
        """``blocked``, ``written`` or ``in doubt`` by a run of this review, a verdict, ``open``, or ``lapsed``: open,
        and the line was decided on with other figures."""
        if row.severity is Severity.BLOCK:
            return "blocked"
        outcome = self.outcomes.get(row.id) if self.outcomes else None  # before a run, 100,000 times, there is none
        return outcome or self.book.state(row)

    def came_to(self, outcomes: Mapping[str, str]) -> None:
        """What a run made of these changes, ``written`` or ``in doubt``: there is nothing left to decide on them."""
        self.outcomes.update(outcomes)
        self.recount()

    def recount(self) -> None:
        """Count everything anew, after somebody else decided too."""
        self.tally = Tally()
        for row in self.opened.rows:
            self.tally.add(row, self.state(row))

    def rows_at(self, index: int) -> list[Row]:
        """The rows of an entry; none where there is no entry."""
        if not 0 <= index < self.count:
            return []
        entry = self.entries[index]
        return entry.rows if isinstance(entry, Group) else [entry]

    def row_at(self, index: int) -> Row | None:
        """The row of an entry that is one, or the first of a group."""
        rows = self.rows_at(index)
        return rows[0] if rows else None

    def index_of(self, row: Row | None) -> int:
        """Where a row is shown, by itself or in its folded group; 0 where it is not."""
        for index, entry in enumerate(self.entries):
            if entry is row or (isinstance(entry, Group) and entry.folded and row in entry.rows):
                return index
        return 0

    def is_group(self, index: int) -> bool:
        """Whether an entry is a group."""
        return 0 <= index < self.count and isinstance(self.entries[index], Group)

    def subject(self, row: Row, story: Story) -> Subject:
        """All there is to say about a row. Raises PlanRefused."""
        change = self.opened.change(row)
        decision, lapsed = self.book.decision(row.id), self.book.lapsed(row)
        return Subject(change, self.opened.findings_of(change), self.state(row), decision, lapsed, story)

    # What is shown.

    def prepare(self) -> None:
        """Make what the first filter by words needs, which takes longer than all else a filter does; in any thread."""
        for row in self.opened.rows:
            self._texts[row]  # looked up, it is there

    def try_filter(self, text: str) -> str:
        """Filter if the text is one; otherwise what is wrong with it, and the list stays as it was."""
        try:
            self.filter(text)
        except BadQuery as error:
            return str(error)
        return ""

    def filter(self, text: str) -> None:
        """Show only what the filter keeps. Raises BadQuery; the list stays as it was then."""
        self.query = parse(text)
        self._arrange()

    def reorder(self, order: Order) -> None:
        """Another order."""
        self.order = order
        self._ordered = _sorted(self.opened.rows, order)
        self._arrange()

    def group_by(self, grouping: Grouping) -> None:
        """Other groups, folded at first."""
        self.grouping = grouping
        self._groups = {}
        self._arrange()

    def cycle(self, grouping: Grouping) -> None:
        """From no such groups to folded ones, to unfolded ones, to none."""
        if self.grouping is not grouping:
            self.group_by(grouping)
        elif any(group.folded for group in self._groups.values()):
            for group in self._groups.values():
                group.folded = False
            self._lay_out()
        else:
            self.group_by(Grouping.NONE)

    def fold(self, index: int, *, folded: bool | None = None) -> bool:
        """Fold or unfold the group at an entry (default: the other way); whether anything moved."""
        entry = self.entries[index] if 0 <= index < self.count else None
        group = entry if isinstance(entry, Group) else self._group_of(entry)
        wanted = not group.folded if group and folded is None else bool(folded)
        if group is None or group.folded is wanted:
            return False
        group.folded = wanted
        self._lay_out()
        return True

    def _group_of(self, row: Row | None) -> Group | None:
        return None if row is None else self._groups.get(_KEYS[self.grouping](row))

    def _arrange(self) -> None:
        """Filter, then group; groups keep whether they are folded."""
        self.rows = self.query.select(self._ordered, self.state, self._texts)
        folded = {key: group.folded for key, group in self._groups.items()}
        self._groups = {}
        if self.grouping is not Grouping.NONE:
            self._groups = _grouped(self.rows, self.grouping)
            for key, group in self._groups.items():
                group.folded = folded.get(key, True)
        self._lay_out()

    def _lay_out(self) -> None:
        if self.grouping is Grouping.NONE:
            self.entries = self.rows
            return
        groups = list(self._groups.values())
        if self.order is Order.RISK:
            groups.sort(key=lambda group: GRAVITY[group.gravest])
        entries: list[Entry] = []
        for group in groups:
            entries += _shown(group)
        self.entries = entries

    # What is decided.

    def decide(self, rows: Sequence[Row], verdict: Verdict | None, reason: str = "") -> int:
        """Decide on rows, or back to open (None); how many stand otherwise now.

        A BLOCK is never approved, and what a run was about stays decided.
        """
        rows = [row for row in rows if row.id not in self.outcomes]
        return self._counted(rows, lambda: self.book.decide(rows, verdict, reason))

    def undo(self) -> list[Row]:
        """Take back the last act; the rows it was about."""
        rows = [self._by_id[change] for change in self.book.undoes() if change in self._by_id]
        self._counted(rows, self.book.undo)
        return rows

    def _counted(self, rows: Sequence[Row], act: Callable[[], Sequence[str]]) -> int:
        before = [self.state(row) for row in rows]
        changed = act()
        for row, state in zip(rows, before, strict=True):
            now = self.state(row)
            if now != state:
                self.tally.add(row, state, -1)
                self.tally.add(row, now)
        return len(changed)

    def clean_shown(self) -> list[Row]:
        """The rows shown that are open and have no finding to look at."""
        return [row for row in self.rows if row.clean and self.state(row) in OPEN]

    def approved(self) -> list[tuple[Row, Decision]]:
        """Every approved row of the plan, shown or not, in the order of review."""
        rows = (row for row in self.opened.rows if self.state(row) == Verdict.APPROVE)
        return [(row, decision) for row in rows if (decision := self.book.decision(row.id)) is not None]

    def next_open(self, index: int, step: int) -> int | None:
        """The next entry (``step`` 1) or the one before (-1) with something open, past the end from the other end."""
        for distance in range(1, self.count + 1):
            at = (index + step * distance) % self.count
            if any(self.state(row) in OPEN for row in self.rows_at(at)):
                return at
        return None


def _sorted(rows: list[Row], order: Order) -> list[Row]:
    if order is Order.MONEY:
        return sorted(rows, key=lambda row: row.weight, reverse=True)
    if order is Order.CLIENT:
        return sorted(rows, key=lambda row: (row.client.casefold(), row.product))
    return rows


def _grouped(rows: Iterable[Row], grouping: Grouping) -> dict[object, Group]:
    groups: dict[object, Group] = {}
    key_of, title_of = _KEYS[grouping], _TITLES[grouping]
    for row in rows:
        key = key_of(row)
        group = groups.get(key)
        if group is None:
            groups[key] = Group(key, title_of(row), [row])
        else:
            group.rows.append(row)
    return groups


def _shown(group: Group) -> list[Entry]:
    """A group of one is its row."""
    if len(group.rows) == 1:
        return [group.rows[0]]
    return [group] if group.folded else [group, *group.rows]


def _equal(row: Row) -> object:
    """What makes two changes the same: product, step of the quantity, unit costs, causes and findings."""
    step = row.after - row.before if row.moves else None
    return (row.product, step, row.cost_before, row.cost_after, row.causes, row.severity, row.codes)


def _same(row: Row) -> str:
    """The title of equal changes: ``jumpcloud-platform: cost 8.25 → 9.00``."""
    parts = []
    if row.moves:
        parts.append(f"quantity {signed_count(row.after - row.before)}")
    if row.cost_before is not None and row.cost_after is not None and row.cost_before != row.cost_after:
        parts.append(f"cost {unit_money(row.cost_before)} → {unit_money(row.cost_after)}")
    return f"{row.product}: {', '.join(parts)}"


_KEYS: dict[Grouping, Callable[[Row], object]] = {
    Grouping.NONE: lambda row: row.id,
    Grouping.CLIENT: lambda row: row.client,
    Grouping.EQUAL: _equal,
}
_TITLES: dict[Grouping, Callable[[Row], str]] = {
    Grouping.NONE: lambda row: row.client,
    Grouping.CLIENT: lambda row: row.client,
    Grouping.EQUAL: _same,
}
