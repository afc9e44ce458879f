"""Lines that the PSA no longer holds as psarecon's last verified write left them.

That is another thing than a change which is not applied yet: there, nobody touched the line, and mapping or usage ask
for something else. A line that was never written can be neither. Explained in ``docs/concepts/drift.md``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from psarecon.domain.acceptance import Kept, kept
from psarecon.domain.diff import moved_behind_us
from psarecon.domain.model import Acceptance, Baseline, Binding, Doubt, LineKey, Observed, Place, Touched
from psarecon.domain.money import Money, monthly, same_cost
from psarecon.domain.periods import NeedsFollowing
from psarecon.domain.plan import Pair
from psarecon.domain.standing import Figures, standing


class Kind(StrEnum):
    """What a drifted line holds: not what is wanted (or nobody knows what is), what is wanted, what was accepted."""

    AGAINST = "against"
    AGREES = "agrees"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Drift:
    """One line: what the last write ``left``, what the PSA shows that was ``found``, and what is ``wanted``.

    ``run`` wrote it, to count from ``since`` (None: at once). ``wanted`` is None where usage does not tell. ``money``
    is the line's a month, left and found. ``touched`` is who changed the line in the PSA last.
    """

    kind: Kind
    line: LineKey
    client: str
    product: str
    left: Figures
    run: str
    since: date | None
    found: Figures
    wanted: Figures | None
    money: Money
    touched: Touched | None
    source: Place
    acceptance: Acceptance | None

    @property
    def quantity(self) -> Pair | None:
        """The units left and found; None where they are the same."""
        return _pair(self.left.quantity, self.found.quantity) if self.left.quantity != self.found.quantity else None

    @property
    def unit_cost(self) -> Pair | None:
        """The unit costs left and found; None where they are the same, or one of them is not known."""
        left, found = self.left.unit_cost, self.found.unit_cost
        return None if left is None or found is None or same_cost(left, found) else _pair(left, found)


def _pair(before: Decimal, after: Decimal) -> Pair:
    return Pair(before, after)


@dataclass(frozen=True, slots=True)
class Apart:
    """A line of which cannot be said whether it drifted: ``code`` names why, ``text`` tells."""

    code: str
    text: str
    line: LineKey
    client: str
    product: str
    source: Place


@dataclass(frozen=True, slots=True)
class Group:
    """Equal drift: lines of one product with the same figures left and found. The dearest line comes first."""

    kind: Kind
    product: str
    quantity: Pair | None
    unit_cost: Pair | None
    drifts: tuple[Drift, ...]

    @property
    def cost(self) -> Decimal:
        """How much the monthly cost of its lines moved."""
        return sum((one.money.cost_change for one in self.drifts), Decimal("0.00"))

    @property
    def revenue(self) -> Decimal:
        """How much the monthly revenue of its lines moved."""
        return sum((one.money.revenue_change for one in self.drifts), Decimal("0.00"))

    @property
    def clients(self) -> int:
        """How many clients it befell."""
        return len({one.client for one in self.drifts})


@dataclass(frozen=True, slots=True)
class DriftReport:
    """All that was found at ``as_of`` on so many ``lines`` of the mapping.

    ``compared`` lines were written once and can be compared. ``unapplied`` changes of mapping or usage wait on lines
    that nobody touched; ``unwritten`` lines were never written.
    """

    as_of: datetime
    commit: str | None
    dirty: bool
    currency: str
    tenants: dict[str, str]
    lines: int
    compared: int
    drifts: tuple[Drift, ...]
    apart: tuple[Apart, ...]
    unapplied: int
    unwritten: int

    def of(self, kind: Kind) -> list[Drift]:
        """The lines of one kind, in the order of the lines."""
        return [one for one in self.drifts if one.kind is kind]


@dataclass(frozen=True, slots=True)
class Seen:
    """A line, and all that is known of it on a day; ``wanted`` is what mapping and usage ask for."""

    binding: Binding
    observed: Observed | None
    baseline: Baseline | None
    doubt: Doubt | None
    wanted: Figures | None
    today: date
    day: date

    def apart(self, code: str, text: str) -> Apart:
        """That this line cannot be compared."""
        one = self.binding
        return Apart(code, text, one.line, one.client, one.product.name, one.at)


def judged(seen: Seen) -> Drift | Apart | NeedsFollowing | None:
    """Whether the line drifted; None where it holds what was left, or was never written."""
    observed, baseline = seen.observed, seen.baseline
    if seen.doubt is not None:
        return seen.apart("in-doubt", f"{seen.doubt.text} (run {seen.doubt.run})")
    if baseline is None:
        return None
    if observed is None:
        return seen.apart("line-missing", "the line is not in the PSA any more, or hidden from its API user")
    if observed.quantity is None:
        return seen.apart("not-billing", f"the line has no units on {seen.day}")
    found = standing(observed, baseline, seen.day)
    if found is None:
        return seen.apart("not-shown", f"the PSA shows no figures from {baseline.effective_date} on")
    return found if isinstance(found, NeedsFollowing) else _compared(seen, observed, baseline, found)


def _compared(seen: Seen, observed: Observed, baseline: Baseline, found: Figures) -> Drift | None:
    left_alone = kept(seen.binding, found, seen.today)
    if left_alone == Kept() and not moved_behind_us(baseline, found.quantity, found.unit_cost):
        return None
    left = Figures(baseline.quantity, baseline.unit_cost)
    one = seen.binding
    return Drift(
        kind=_kind(left, found, seen.wanted, left_alone),
        line=one.line,
        client=one.client,
        product=one.product.name,
        left=left,
        run=baseline.run,
        since=baseline.effective_date,
        found=found,
        wanted=seen.wanted,
        money=_money(left, found, observed),
        touched=observed.touched,
        source=one.at,
        acceptance=None if left_alone == Kept() else one.accepted,
    )


def _kind(left: Figures, found: Figures, wanted: Figures | None, left_alone: Kept) -> Kind:
    units = left_alone.quantity or left.quantity == found.quantity
    if left_alone != Kept() and units and (left_alone.unit_cost or _same(left.unit_cost, found.unit_cost)):
        return Kind.ACCEPTED
    agrees = wanted is not None and wanted.quantity == found.quantity and _same(wanted.unit_cost, found.unit_cost)
    return Kind.AGREES if agrees else Kind.AGAINST


def _same(one: Decimal | None, other: Decimal | None) -> bool:
    """Whether nothing tells two costs apart: one that is not known, or not kept, differs from none."""
    return one is None or other is None or same_cost(one, other)


def _money(left: Figures, found: Figures, observed: Observed) -> Money:
    before = found.unit_cost if left.unit_cost is None else left.unit_cost
    after = left.unit_cost if found.unit_cost is None else found.unit_cost
    return Money(
        monthly(left.quantity, before, observed.months),
        monthly(found.quantity, after, observed.months),
        monthly(left.quantity, observed.unit_price, observed.months),
        monthly(found.quantity, observed.unit_price, observed.months),
    )


_RISK = {Kind.AGAINST: 0, Kind.AGREES: 1, Kind.ACCEPTED: 2}


def grouped(drifts: Iterable[Drift]) -> list[Group]:
    """Equal drift together: what is not as wanted first, then the dearest."""
    groups: dict[tuple[Kind, str, Pair | None, Pair | None], list[Drift]] = {}
    for one in drifts:
        groups.setdefault((one.kind, one.product, one.quantity, one.unit_cost), []).append(one)
    found = [Group(*key, tuple(sorted(those, key=_dearest))) for key, those in groups.items()]
    return sorted(found, key=lambda group: (_RISK[group.kind], -_weight(group), group.drifts[0].line))


def _dearest(one: Drift) -> tuple[Decimal, LineKey]:
    return (-one.money.weight, one.line)


def _weight(group: Group) -> Decimal:
    return sum((one.money.weight for one in group.drifts), Decimal(0))
