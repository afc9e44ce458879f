"""Small makers of domain values: everything has a plain default, a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal

from psarecon.domain.model import (
    Allowance,
    Binding,
    Call,
    Evidence,
    Finding,
    LineKey,
    Names,
    Observed,
    Period,
    Place,
    Product,
    QuantityRule,
    Sample,
    Terms,
    Usage,
)
from psarecon.domain.money import Money
from psarecon.domain.plan import Change, Pair, Plan, UsageView, change_id, totals_data
from psarecon.domain.written import with_id

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
LINE = LineKey("autotask", "174", "29683353", "8001")
NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))
DECEMBER = (date(2026, 12, 1), date(2026, 12, 31))
PLACE = Place("clients/acme.yaml", 6)


def number(value: str | int | Decimal) -> Decimal:
    """A figure from its text."""
    return Decimal(value)


def pair(before: str | int | Decimal, after: str | int | Decimal) -> Pair:
    """Before and after."""
    return Pair(Decimal(before), Decimal(after))


def period(
    span: tuple[date, date] = NOVEMBER,
    quantity: int = 10,
    *,
    posted: bool = False,
    split: bool = False,
    opening: int | None = None,
    unit_cost: str | None = "9.00",
) -> Period:
    """A billing period, by default the open November 2026 with ten units."""
    return Period(
        first=span[0],
        last=span[1],
        quantity=Decimal(quantity),
        unit_cost=None if unit_cost is None else Decimal(unit_cost),
        posted=posted,
        split=split,
        opening=None if opening is None else Decimal(opening),
    )


def observed(*periods: Period, following: bool = False, quantity: int | None = 10, months: int = 1) -> Observed:
    """What the PSA says of the line: ten units at 9.00, sold at 15.00; without periods it takes changes at once."""
    return Observed(
        line=LINE,
        names=Names("Acme Corp", "Managed services", "JumpCloud Platform"),
        quantity=None if quantity is None else Decimal(quantity),
        unit_cost=Decimal("9.00"),
        unit_price=Decimal("15.00"),
        periods=periods or None,
        following=following,
        months=months,
    )


def binding(
    rule: QuantityRule = QuantityRule.HIGH_WATER_MARK,
    terms: Terms | None = None,
    *,
    unit_cost: str | None = "9.00",
    allow: Iterable[Allowance] = (),
    names: Names | None = None,
    line: LineKey = LINE,
    client: str = "Acme Corp",
    organization: str = "org-1",
) -> Binding:
    """A mapped line of Acme Corp."""
    usage = rule is not QuantityRule.FIXED
    product = Product("jumpcloud-platform", rule, "jumpcloud" if usage else None, "users" if usage else None)
    return Binding(
        client=client,
        product=product,
        organization=organization if usage else None,
        line=line,
        names=names or Names(),
        terms=terms or Terms(),
        unit_cost=None if unit_cost is None else Decimal(unit_cost),
        allow=tuple(allow),
        at=PLACE,
    )


def allowance(guard: str, until: date = TODAY) -> Allowance:
    """A named exception to a guard."""
    return Allowance(guard, "the client sold a branch", until)


def sample(count: int, at: datetime = NOW) -> Sample:
    """A good reading."""
    return Sample(count, at, "counted")


def usage_of(count: int, last: int | None = None) -> Usage:
    """November's usage: its peak, and its last sample (default: the peak)."""
    return Usage("2026-11", peak=sample(count), last=sample(count if last is None else last), latest=sample(count))


CALL = Call("POST", "Contracts/29683353/ServiceAdjustments", '{"unitChange": 4}')


def change(
    quantity: Pair | None = None,
    unit_cost: Pair | None = None,
    *,
    line: LineKey = LINE,
    money: Money | None = None,
    effective: date | None = NOVEMBER[0],
    client: str = "Acme Corp",
    organization: str = "jumpcloud/org-1",
    live_cost: str | None = "9.00",
) -> Change:
    """A change, by default 10 -> 14 units from 2026-11-01."""
    moved = quantity if quantity is not None or unit_cost is not None else pair(10, 14)
    return Change(
        id=change_id(line, moved, unit_cost, effective, CALL),
        line=line,
        client=client,
        product="jumpcloud-platform",
        quantity=moved,
        unit_cost=unit_cost,
        effective_date=effective,
        causes=("usage",),
        evidence=(Evidence("high-water-mark", 14, NOW, "counted"),),
        money=money or Money(Decimal("90.00"), Decimal("126.00"), Decimal("150.00"), Decimal("210.00")),
        source=PLACE,
        call=CALL,
        names=("Acme Corp", "Managed services", "JumpCloud Platform"),
        live_quantity=moved.before if moved else Decimal(10),
        live_cost=None if live_cost is None else Decimal(live_cost),
        wanted_cost=Decimal("9.00"),
        organization=organization,
        measured_on=TODAY,
        usage=UsageView("2026-11", (None, 12, 14), (("high-water-mark", "14"),), 14, "rule"),
    )


def plan_of(changes: Iterable[Change] = (), findings: Iterable[Finding] = ()) -> Plan:
    """A plan of these changes and findings."""
    listed = tuple(changes)
    return with_id(
        Plan(
            as_of=NOW,
            month="2026-11",
            tool_version="0.1.0",
            commit="0123456789abcdef0123456789abcdef01234567",
            dirty=False,
            settings_digest="digest",
            currency="USD",
            tenants={"autotask": "127.0.0.1/12345"},
            changes=listed,
            findings=tuple(findings),
            totals=totals_data(listed, len(listed)),
        )
    )
