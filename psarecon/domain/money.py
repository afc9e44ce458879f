"""Money of a change and of many: per month, rounded once.

Rounding rule: an amount is rounded half up to two decimals where a line's monthly amount is formed;
everything after that is a sum of rounded amounts, so that totals are the sum of what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from psarecon.records import record

CENT = Decimal("0.01")
#: Two unit costs this near are one cost: a PSA may keep fewer decimals than the mapping (``docs/vendors/autotask.md``,
#: "Money"), and half a cent is the most that rounding to cents moves a figure.
TOLERANCE = Decimal("0.005")


def cents(amount: Decimal) -> Decimal:
    """``amount`` rounded half up to two decimals."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def same_cost(one: Decimal | None, other: Decimal | None) -> bool:
    """Whether two unit costs are the same money; an unknown one equals only an unknown one."""
    if one is None or other is None:
        return one is other
    return abs(one - other) <= TOLERANCE


@lru_cache(maxsize=4096)  # counts are small and prices few: most lines come to what another one came to
def monthly(quantity: Decimal, unit: Decimal | None, months: int) -> Decimal | None:
    """What ``quantity`` units come to in a month when one unit covers ``months`` months; None: unit unknown."""
    return None if unit is None else cents(quantity * unit / months)


@record
class Money:
    """Monthly cost and revenue of a line before and after; None where the PSA does not tell."""

    cost_before: Decimal | None = None
    cost_after: Decimal | None = None
    revenue_before: Decimal | None = None
    revenue_after: Decimal | None = None

    @property
    def cost_change(self) -> Decimal:
        """How much the monthly cost moves; 0 where unknown."""
        return _difference(self.cost_before, self.cost_after)

    @property
    def revenue_change(self) -> Decimal:
        """How much the monthly revenue moves; 0 where unknown."""
        return _difference(self.revenue_before, self.revenue_after)

    @property
    def margin_change(self) -> Decimal:
        """How much the monthly margin moves."""
        return self.revenue_change - self.cost_change

    @property
    def weight(self) -> Decimal:
        """The larger of the two movements, for sorting and for limits."""
        return max(abs(self.cost_change), abs(self.revenue_change))


def _difference(before: Decimal | None, after: Decimal | None) -> Decimal:
    return Decimal(0) if before is None or after is None else after - before


def total(amounts: Iterable[Money]) -> Money:
    """The sum of many; unknown amounts count as nothing."""
    sums = [Decimal("0.00")] * 4
    for money in amounts:
        parts = (money.cost_before, money.cost_after, money.revenue_before, money.revenue_after)
        sums = [sum_ + (part or 0) for sum_, part in zip(sums, parts, strict=True)]
    return Money(*sums)
