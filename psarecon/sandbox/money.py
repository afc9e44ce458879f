"""Money inside the sandbox: whole ten-thousandths, because Autotask keeps amounts to four decimals."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

_SCALE = 10_000
_LARGEST = 10**15


def parse(value: object) -> int:
    """Ten-thousandths of a decimal given as text, `int` or `Decimal`; more digits are rounded half up.

    Raises `ValueError` when the value is no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"{value!r} is not a decimal number")  # noqa: TRY004  # ValueError is what callers report as a 400
    try:
        amount = int((Decimal(value) * _SCALE).to_integral_value(ROUND_HALF_UP))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError(f"{value!r} is not a decimal number") from error
    if abs(amount) > _LARGEST:
        raise ValueError(f"{value!r} is too large")
    return amount


def show(amount: int) -> str:
    """The amount as text with two to four decimals: 90000 -> "9.00", 85125 -> "8.5125"."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), _SCALE)
    digits = f"{part:04d}"
    return f"{sign}{whole}.{digits[:2]}{digits[2:].rstrip('0')}"


def wire(amount: int | None) -> float | None:
    """The amount as the number that JSON carries.

    The division of two whole numbers is correctly rounded, so the digits printed are the four decimals held.
    """
    return None if amount is None else amount / _SCALE


def share(amount: int, days: int, period_days: int) -> int:
    """The part of an amount that falls on `days` of a period of `period_days`, rounded half up."""
    if days == period_days:
        return amount
    doubled = 2 * abs(amount) * days + period_days
    rounded = doubled // (2 * period_days)
    return -rounded if amount < 0 else rounded
