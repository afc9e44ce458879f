"""Makes a plan of any size as ``psarecon plan`` would save it, to measure those who read plans.

    python bench/plans.py 100000 plan.json

Nothing in it is by chance: the same count gives the same bytes. Of 100 changes 80 move the quantity, 15 the unit cost,
5 both; each shows 20 to 30 days of usage; about 2 % ask for a look, 0.2 % are blocked, 5 % have a remark.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from psarecon.domain.model import Call, Evidence, Finding, LineKey, Place, Severity, Touched
from psarecon.domain.money import Money, cents
from psarecon.domain.plan import Change, Pair, Plan, UsageView, change_id, totals_data
from psarecon.domain.plan_file import plan_bytes
from psarecon.review.opened import open_plan

MONTH = "2026-11"
_FIRST = date(2026, 11, 1)
_AS_OF = datetime(2026, 11, 30, 17, tzinfo=UTC)
_DAYS = 30
_FIRST_NAMES = (
    "Acme",
    "Birch",
    "Cobalt",
    "Delta",
    "Elm",
    "Foxglove",
    "Granite",
    "Harbor",
    "Iris",
    "Juniper",
    "Kestrel",
)
_LAST_NAMES = ("Dental", "Logistics", "Law", "Foods", "Clinic", "Builders", "Schools", "Freight", "Studio", "Bakery")
#: Each product's name in the mapping, in the PSA, its old and new unit cost, its price, how it is counted.
_PRODUCTS = (
    ("jumpcloud-platform", "JumpCloud Platform", "8.25", "9.00", "15.00", "jumpcloud/users high-water-mark"),
    ("jumpcloud-sso", "JumpCloud SSO", "3.10", "3.45", "6.00", "jumpcloud/users high-water-mark"),
    ("lastpass-business", "LastPass Business", "4.00", "4.25", "7.50", "lastpass/seats current"),
)
_STEPS = (-9, -4, -2, -1, 1, 1, 1, 2, 2, 3, 4, 5, 9)
_DROP = -60


@dataclass(frozen=True)
class _Line:
    """One line of the PSA and what is to become of it."""

    number: int
    quantity: Pair | None
    cost: Pair | None
    live: Decimal

    @property
    def key(self) -> LineKey:
        number = self.number
        return LineKey("autotask", f"{10_000 + number // 3}", f"{29_000_000 + number // 3}", f"{8_000_000 + number}")

    @property
    def client(self) -> str:
        """A client has three lines; every name is another one."""
        number = self.number // 3
        first, last = _FIRST_NAMES[number % 11], _LAST_NAMES[number // 11 % 10]
        return f"{first} {last} {number // 110 + 1}"

    @property
    def product(self) -> tuple[str, ...]:
        return _PRODUCTS[self.number % 3]

    @property
    def after(self) -> Decimal:
        return self.quantity.after if self.quantity else self.live


def plan(count: int) -> Plan:
    """A plan of so many changes, without its id: ``plan_bytes`` gives it one."""
    dice = random.Random(count)
    changes = [_change(_line(number, dice), dice) for number in range(count)]
    findings = tuple(finding for change in changes for finding in _findings(change))
    return Plan(
        as_of=_AS_OF,
        month=MONTH,
        tool_version="0.1.0",
        commit="0a1b2c3d4e5f60718293a4b5c6d7e8f901234567",
        dirty=False,
        settings_digest="5" * 64,
        currency="USD",
        tenants={"autotask": "autotask.example/90001"},
        changes=tuple(changes),
        findings=findings,
        totals=totals_data(changes, 3 * count),
    )


def _line(number: int, dice: random.Random) -> _Line:
    live, kind = Decimal(dice.randint(5, 300)), number % 20
    step = _DROP if number % 500 == 490 and live > -_DROP else dice.choice(_STEPS)
    quantity = Pair(live, max(live + step, Decimal(1))) if kind < 17 else None
    old, new = (Decimal(figure) for figure in _PRODUCTS[number % 3][2:4])
    if quantity and quantity.before == quantity.after:
        quantity = replace(quantity, after=live + 1)
    return _Line(number, quantity, Pair(old, new) if kind >= 16 else None, live)


def _change(line: _Line, dice: random.Random) -> Change:
    name, service, _, cost, _, rule = line.product
    call, touched = _call(line), _touched(line)
    usage = _usage(line, rule, dice)
    return Change(
        id=change_id(line.key, line.quantity, line.cost, _FIRST, call),
        line=line.key,
        client=line.client,
        product=name,
        quantity=line.quantity,
        unit_cost=line.cost,
        effective_date=_FIRST,
        causes=tuple(_causes(line, touched)),
        evidence=(Evidence("high-water mark", int(line.after), _AS_OF - timedelta(days=4), "organizations total"),),
        money=_money(line),
        source=Place(f"clients/{line.client.lower().replace(' ', '-')}.yaml", 7 + line.number % 3),
        call=call,
        names=(line.client, "Managed services", service),
        live_quantity=line.live,
        live_cost=line.cost.before if line.cost else Decimal(cost),
        wanted_cost=Decimal(cost),
        organization=f"{rule.split('/')[0]}/{0x624D9EAE6849CF3B00000000 + line.number:024x}",
        measured_on=_AS_OF.date(),
        usage=usage,
        touched=touched,
    )


def _call(line: _Line) -> Call:
    key, step = line.key, line.quantity.after - line.quantity.before if line.quantity else 0
    parts = [f'"contractID": {key.contract}, "contractServiceID": {key.id}, "effectiveDate": "{_FIRST}"']
    parts.append(f'"unitChange": {step}')
    if line.cost:
        parts.append(f'"adjustedUnitCost": {line.cost.after}')
    return Call("POST", f"Contracts/{line.key.contract}/ServiceAdjustments", f"{{{', '.join(parts)}}}")


def _causes(line: _Line, touched: Touched | None) -> Iterator[str]:
    if touched:
        yield "psa"
    if line.quantity:
        yield "usage" if line.number % 3 else "first"
    if line.cost:
        yield "cost"


def _touched(line: _Line) -> Touched | None:
    return Touched("Jane Doe", _AS_OF - timedelta(days=9)) if line.number % 50 == 0 else None


def _usage(line: _Line, rule: str, dice: random.Random) -> UsageView:
    """Counts that end at the quantity, and none after the last day that was read."""
    peak, read = int(line.after), dice.randint(20, _DAYS)
    daily = [max(0, peak - dice.randint(0, 4)) for _ in range(read)]
    daily[dice.randrange(read)] = peak
    steps = ((f"highest of {MONTH}", str(peak)), ("minimum 5", str(peak)))
    return UsageView(MONTH, (*daily, *[None] * (_DAYS - read)), steps, peak, f"{rule} minimum=5")


def _money(line: _Line) -> Money:
    old, new, price = (Decimal(figure) for figure in line.product[2:5])
    before, after = (old, new) if line.cost else (new, new)
    return Money(
        cents(line.live * before), cents(line.after * after), cents(line.live * price), cents(line.after * price)
    )


def _findings(change: Change) -> Iterator[Finding]:
    if change.touched:
        text = f"the mapping calls the line {change.product!r}, the PSA calls it {change.names[2]!r}: is the id right?"
        yield Finding("name-differs", Severity.LOOK, f"line:{change.line}", text)
    if change.quantity and change.quantity.after - change.quantity.before == _DROP:
        text = f"the quantity would drop from {change.quantity.before} to {change.quantity.after}"
        yield Finding("quantity-drop", Severity.BLOCK, change.scope, text)
    if int(change.line.id) % 20 == 7:
        scope = f"organization:{change.organization}"
        yield Finding("usage-missing-days", Severity.INFO, scope, f"no sample on day 12-13 of {MONTH}")


def main() -> None:
    """Write the file, and say whose change a review shows first."""
    count, path = sys.argv[1:]
    Path(path).write_bytes(plan_bytes(plan(int(count))))
    with closing(open_plan(Path(path))) as opened:
        print(opened.rows[0].client)


if __name__ == "__main__":
    main()
