"""JumpCloud asked by reading alone: what its prices are in, and whether the undocumented figures come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from psarecon.domain.probing import Answer

_UNIT = "Is pricePerUser in cents or in dollars?"
_FIGURES = "Does the list of organizations have systemUsersCount and highWaterMarkLastMonth?"
#: Organizations whose price is looked at, at most.
MOST = 20

Prices = Iterable[tuple[str, Decimal]]


def price_unit(price: Decimal | None, organizations: Iterable[str], prices: Callable[[str], Prices]) -> Answer:
    """Which unit makes one of the vendor's prices what the operator pays. Raises RemoteError."""
    if price is None:
        return Answer("price_unit", _UNIT, None, ("not asked: --jumpcloud-price says what a user costs",))
    found = sorted({figure for one in organizations for _, figure in prices(one) if figure})
    units = set(_units(price, found))
    told = ", ".join(f"{figure:f}" for figure in found) or "nothing"
    value = units.pop() if len(units) == 1 else None
    return Answer("price_unit", _UNIT, value, (f"pricePerUser is {told}; a user costs {price:f}",))


def _units(price: Decimal, found: Iterable[Decimal]) -> Iterator[str]:
    for figure in found:
        if figure == price:
            yield "dollars"
        if figure == price * 100:
            yield "cents"


def figures(listed: int, told: int) -> Answer:
    """Whether of so many organizations the undocumented list told the figures of any."""
    value = None if not listed else "present" if told else "absent"
    return Answer("figures", _FIGURES, value, (f"of {told} of {listed} organizations",))
