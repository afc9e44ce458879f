"""What must be in the PSAs, worked out by this test alone: from users, the mapping's history and the documents' rules.

It knows the documents (quantity rules, months and periods, causes, findings) and none of psarecon's code.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from month.office import Line
from month.wishes import Wish

DROP_PERCENT, DROP_AT_LEAST = 20, 5
Figures = tuple[int, Decimal]


@dataclass(frozen=True)
class Move:
    """One change of a line: both figures before and after, from which day (None: at once), why, and what speaks against
    it (severity and code)."""

    line: str
    before: Figures
    after: Figures
    since: date | None
    causes: frozenset[str] = frozenset()
    against: frozenset[tuple[str, str]] = frozenset()

    @property
    def figures(self) -> tuple[str, Figures, Figures, date | None]:
        """What it does, whyever it does it."""
        return self.line, self.before, self.after, self.since

    @property
    def blocked(self) -> bool:
        """Whether nobody may write it."""
        return any(severity == "BLOCK" for severity, _ in self.against)


@dataclass(frozen=True)
class Left:
    """What the last write left, and what it rested on; no wish where it took another write back."""

    figures: Figures
    count: int
    wish: Wish | None


@dataclass
class Bill:
    """One line as its PSA keeps it: steps of (day, units more or fewer, cost or None), in order of arrival.

    ``touched``: somebody else changed it since the last write.
    """

    line: Line
    steps: list[tuple[date, int, Decimal | None]] = field(default_factory=list)
    left: Left | None = None
    touched: bool = False
    writes: int = 0

    def quantity(self, day: date) -> int:
        """The units on a day."""
        return self.line.units + sum(units for since, units, _ in self.steps if since <= day)

    def cost(self, day: date) -> Decimal:
        """The unit cost on a day: of the last step that is dated up to it."""
        dated = sorted((step for step in self.steps if step[0] <= day), key=lambda step: step[0])
        return next((cost for _, _, cost in reversed(dated) if cost is not None), Decimal(self.line.cost))

    def shown(self) -> Decimal:
        """The unit cost that Autotask shows for today: of the last step that arrived, whatever its date."""
        return next((cost for _, _, cost in reversed(self.steps) if cost is not None), Decimal(self.line.cost))

    def step(self, move: Move, today: date) -> None:
        """Carry a move out; in ConnectWise it counts from today."""
        cost = move.after[1] if move.after[1] != move.before[1] else None
        self.steps.append((move.since or today, move.after[0] - move.before[0], cost))

    def known(self, day: date, today: date) -> Figures:
        """The figures of a day as an API tells them today: of today's period the cost that is shown."""
        now = self.line.psa == "autotask" and day <= today
        return self.quantity(day), self.shown() if now else self.cost(day)

    def periods(self, today: date) -> tuple[date, date]:
        """First days of the period under way and of the next."""
        first = today.replace(day=self.line.first)
        if first > today:
            first = (first.replace(day=1) - timedelta(days=1)).replace(day=self.line.first)
        return first, (first.replace(day=28) + timedelta(days=4)).replace(day=self.line.first)


class Oracle:
    """The bills, and the readings of each organization as (day, count), None where one failed."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self.bills = {name: Bill(line) for name, line in lines.items()}
        self.readings: dict[str, list[tuple[date, int | None]]] = {line.organization: [] for line in lines.values()}

    def read(self, day: date, users: Mapping[str, int | None]) -> None:
        """A reading of every organization."""
        for organization, count in users.items():
            self.readings[organization].append((day, count))

    def moves(self, wishes: Mapping[str, Wish], day: date) -> list[Move]:
        """What a plan of this day must hold, in its order."""
        found = (self._move(self.bills[name], wish, day) for name, wish in wishes.items())
        return sorted((one for one in found if one is not None), key=lambda one: self.bills[one.line].line.key)

    def held(self, wishes: Mapping[str, Wish]) -> set[tuple[str, str]]:
        """(organization, code) of each that blocks its lines."""
        known = {one.organization: self.trouble(one.organization) for one in wishes.values()}
        return {(organization, code) for organization, code in known.items() if code}

    def trouble(self, organization: str) -> str:
        """Why the newest reading cannot be relied on; empty where it can."""
        count = self.readings[organization][-1][1]
        return "usage-failed" if count is None else "usage-zero" if count == 0 else ""

    def _count(self, wish: Wish, day: date) -> int:
        month = [count for taken, count in self.readings[wish.organization]
                 if count is not None and (taken.year, taken.month) == (day.year, day.month)]  # fmt: skip
        return max(month) if wish.peak else month[-1]

    def _move(self, bill: Bill, wish: Wish, today: date) -> Move | None:
        if self.trouble(wish.organization):
            return None
        count, now = self._count(wish, today), bill.quantity(today)
        kept = wish.accepts(now, today)
        aimed = _aimed(bill, now if kept else wish.quantity(count), wish.cost, today)
        if aimed is None:
            return None
        since, before, after = aimed
        why = _causes(bill, wish, count, before, kept=kept)
        return Move(bill.line.id, before, after, since, why, frozenset(_against(before, after, wish, why, today)))

    def write(self, move: Move, wish: Wish | None, today: date) -> None:
        """A move was written; without a wish it took another one back."""
        bill = self.bills[move.line]
        bill.step(move, today)
        count = 0 if wish is None else self._count(wish, today)
        bill.left, bill.touched, bill.writes = Left(move.after, count, wish), False, bill.writes + 1

    def touch(self, name: str, today: date, units: int) -> None:
        """Somebody changes the units of a line in its PSA."""
        bill = self.bills[name]
        bill.steps.append((bill.periods(today)[0] if bill.line.psa == "autotask" else today, units, None))
        bill.touched = True

    def back(self, moves: Iterable[Move], today: date) -> tuple[list[Move], set[str]]:
        """What takes these moves back, and the lines that moved on since."""
        found, gone = [], set[str]()
        for move in moves:
            bill = self.bills[move.line]
            now = bill.known(move.since or today, today)
            dearer = move.before[1] != move.after[1]
            if now[0] != move.after[0] or (dearer and now[1] != move.after[1]):
                gone.add(move.line)
            else:
                after = move.before[0], move.before[1] if dearer else now[1]
                found.append(Move(move.line, now, after, move.since, frozenset({"rollback"})))
        return found, gone

    def drift(self, wishes: Mapping[str, Wish], today: date) -> dict[str, str]:
        """By line that somebody moved: whether that is against what is wanted, agrees with it, or was accepted."""
        kinds = {}
        for name, wish in wishes.items():
            bill = self.bills[name]
            found = bill.known(today, today)
            if bill.touched and bill.left is not None and found != bill.left.figures:
                wanted = (
                    None if self.trouble(wish.organization) else (wish.quantity(self._count(wish, today)), wish.cost)
                )
                kept = wish.accepts(found[0], today) and found[1] == bill.left.figures[1]
                kinds[name] = "accepted" if kept else "agrees" if found == wanted else "against"
        return kinds


def _aimed(bill: Bill, wanted: int, cost: Decimal, today: date) -> tuple[date | None, Figures, Figures] | None:
    """From which day (None: at once), and the figures of that day before and after; None where all is as wanted.

    "From which day a change counts" in the documents: a decrease never touches a period that reaches into two months.
    """
    first, following = bill.periods(today)
    dated = bill.line.psa == "autotask"
    now, later = bill.known(today, today), bill.known(following, today)
    waits = dated and bill.line.first != 1 and wanted < now[0]
    if waits and wanted != later[0]:
        return following, later, (wanted, cost)
    after = (now[0] if waits else wanted, cost)
    if now != after:
        return first if dated else None, now, after
    return (following, later, (wanted, cost)) if dated and later[0] != wanted else None


def _causes(bill: Bill, wish: Wish, count: int, before: Figures, *, kept: bool) -> frozenset[str]:
    left = bill.left
    if left is None:
        return frozenset({"first"})
    if left.wish is None:
        return frozenset({"rolled-back"})
    was, quantity = left.wish, before[0] if kept else left.figures[0]
    holds = {
        "usage": count != left.count,
        "mapping": (wish.product, wish.organization, wish.terms) != (was.product, was.organization, was.terms),
        "cost": wish.cost != was.cost,
        "psa": bill.touched and before != (quantity, left.figures[1]),
    }
    return frozenset(name for name, so in holds.items() if so) or frozenset({"period"})


def _against(
    before: Figures, after: Figures, wish: Wish, why: Collection[str], today: date
) -> Iterator[tuple[str, str]]:
    drop = before[0] - after[0]
    allowed = wish.allowed is not None and today <= wish.allowed
    if drop >= DROP_AT_LEAST and drop * 100 > before[0] * DROP_PERCENT and not allowed:
        yield "BLOCK", "quantity-drop"
    if "psa" in why:
        yield "LOOK", "changed-in-psa"
    if "rolled-back" in why:
        yield "LOOK", "rolled-back"
    if wish.over(before[0], today):
        yield "LOOK", "acceptance-over"
