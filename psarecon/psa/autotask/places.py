"""One line on one day: read, adjusted, and put back as it was. What the experiments of ``probing`` are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from psarecon.answers import understood
from psarecon.domain.model import LineKey, Observed
from psarecon.domain.periods import SameDate
from psarecon.domain.ports import State
from psarecon.domain.probing import Bench, Saw, decimals, probe_change
from psarecon.errors import InvalidInput, Refused
from psarecon.psa.autotask.calls import adjustment
from psarecon.psa.autotask.client import AutotaskClient
from psarecon.psa.autotask.reading import money
from psarecon.psa.autotask.rows import day_of

_DAY = timedelta(days=1)
#: Amounts have no more (docs/vendors/autotask.md, "Money").
_DECIMALS = 4
_ROW_FIELDS = (
    *("id", "contractID", "contractServiceID", "startDate", "endDate"),
    *("units", "cost", "price", "approveAndPostDate"),
)

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """A line as it is read: the units of the day's row, the days of that row, what one unit costs and sells for by it
    (``…_then``), and by the line's own record."""

    units: Decimal
    span: tuple[date, date]
    cost_then: Decimal | None
    price_then: Decimal | None
    cost: Decimal | None
    price: Decimal | None

    def with_units(self, units: Decimal) -> View:
        """The same with other units."""
        return replace(self, units=units)

    def with_cost(self, cost: Decimal) -> View:
        """The same once a unit costs otherwise."""
        return replace(self, cost_then=cost)


@dataclass(frozen=True, slots=True)
class Kept:
    """The figures that are brought back: units on the day and on the day before, unit cost and price."""

    units: Decimal
    opening: Decimal | None
    cost: Decimal | None
    price: Decimal | None
    cost_then: Decimal | None
    price_then: Decimal | None
    span: tuple[date, date]

    def __str__(self) -> str:
        figures = (self.units, self.opening, self.cost, self.price, self.cost_then, self.price_then)
        return " ".join([*("-" if one is None else f"{one:f}" for one in figures), *map(str, self.span)])

    @classmethod
    def read(cls, text: str) -> Kept:
        """From the text that ``str`` gave."""
        units, *figures, first, last = text.split(" ")
        opening, cost, price, cost_then, price_then = (None if one == "-" else Decimal(one) for one in figures)
        span = date.fromisoformat(first), date.fromisoformat(last)
        return cls(Decimal(units), opening, cost, price, cost_then, price_then, span)


@dataclass(frozen=True, slots=True)
class Place:
    """The line that was ``observed``, on ``day``; ``today`` is when it was."""

    client: AutotaskClient
    observed: Observed
    day: date
    today: date

    @property
    def line(self) -> LineKey:
        """With the ids the PSA has."""
        return self.observed.line

    @property
    def ahead(self) -> bool:
        """Whether the day is still to come."""
        return self.day > self.today

    @property
    def name(self) -> str:
        """Which place it is: ``contract/line@day``."""
        return f"{self.line.contract}/{self.line.id}@{self.day}"

    def elsewhere(self, name: str) -> Place:
        """The place of that name, of an earlier probe."""
        ids, _, day = name.partition("@")
        contract, _, line = ids.partition("/")
        key = replace(self.line, contract=contract, id=line)
        return replace(self, observed=replace(self.observed, line=key), day=date.fromisoformat(day))

    def view(self) -> View:
        """The line as it is now. Raises RemoteError, InvalidInput where it does not bill on the day."""
        with understood("Autotask"):
            service = self.client.query("ContractServices", ("id", "unitCost", "unitPrice"), self._mine("id"))[0]
            row = self._row(self.day)
            if row is None:
                raise InvalidInput(f"line {self.line.id} has no units on {self.day}", hint="name another line")
            units, span = Decimal(row["units"]), (day_of(row["startDate"]), day_of(row["endDate"]))
            cost, price = (money(service.get(name)) for name in ("unitCost", "unitPrice"))
            return View(units, span, _each(row.get("cost"), units), _each(row.get("price"), units), cost, price)

    def kept(self) -> Kept:
        """The figures as they are now, to be brought back. Raises RemoteError, InvalidInput."""
        now, before = self.view(), self._row(self.day - _DAY)
        opening = None if before is None else Decimal(before["units"])
        return Kept(now.units, opening, now.cost, now.price, now.cost_then, now.price_then, now.span)

    def rows(self, first: date, last: date) -> list[Record]:
        """The line's unit rows that touch these days, asked for by contract: that surely works."""
        by_contract = {"op": "in", "field": "contractID", "value": [int(self.line.contract)]}
        found = self.client.query("ContractServiceUnits", _ROW_FIELDS, [by_contract, *_window(first, last)])
        return [record for record in found if str(record.get("contractServiceID")) == self.line.id]

    def rows_by_line(self) -> tuple[tuple[str, ...], list[Record]]:
        """The server's words of refusal, and the rows that come for the day when they are asked for by line."""
        conditions = [*self._mine("contractServiceID"), *_window(self.day, self.day)]
        try:
            return (), self.client.query("ContractServiceUnits", _ROW_FIELDS, conditions)
        except Refused as error:
            return error.texts or (str(error),), []

    def ends_on(self, cut: date) -> date | None:
        """The last day of the row that begins on this place's day, after something was cut off from ``cut`` on."""
        with understood("Autotask"):
            found = [day_of(row["endDate"]) for row in self.rows(self.day, cut) if day_of(row["startDate"]) == self.day]
            return found[0] if found else None

    def adjust(
        self, bench: Bench, now: View, step: int, *, cost: Decimal | None = None, price: Decimal | None = None,
        to: Decimal | None = None,
    ) -> Saw:  # fmt: skip
        """One adjustment of the day; ``to`` are the units it is to lead to, where that is not the sum."""
        after = now.units + step if to is None else to
        live = State(now.units, now.cost_then if self.ahead or now.cost is None else now.cost)
        call = adjustment(self.line, self.day, step, None if live.unit_cost is None else cost, price)
        units = None if after == now.units else after
        change = probe_change(self.observed, call, live, quantity=units, cost=cost, effective=self.day)
        return bench.send(replace(change, ahead=self.ahead))

    def restore(self, bench: Bench, kept: Kept, same_date: SameDate) -> None:
        """Opposing adjustments until all is as kept: by the rule that was seen, by the other one, from the next day."""
        other = SameDate.REPLACES if same_date is SameDate.ADDS else SameDate.ADDS
        for way in (same_date, other):
            if not any(self.differences(kept)):
                return
            if self._oppose(bench, kept, way).refused is not None:
                break
        if any(self.differences(kept)):
            later = replace(self, day=self.day + _DAY)
            later._oppose(bench, kept, SameDate.ADDS)  # noqa: SLF001  # another place of this very class

    def _oppose(self, bench: Bench, kept: Kept, way: SameDate) -> Saw:
        now = self.view()
        since = kept.opening if way is SameDate.REPLACES and kept.opening is not None else now.units
        cost, price = self._lost(now, kept)
        return self.adjust(bench, now, int(kept.units - since), cost=cost, price=price, to=kept.units)

    def _lost(self, now: View, kept: Kept) -> tuple[Decimal | None, Decimal | None]:
        """The cost and the price that are to be brought back; None for one that is as kept.

        A row of other days than before is prorated otherwise: its amounts tell nothing, the line's own record has to.
        """
        by_row = now.span == kept.span and now.units > 0 and now.cost_then is not None
        cost_moved = now.cost_then != kept.cost_then if by_row else now.cost != kept.cost
        price_moved = now.price_then != kept.price_then if by_row else now.price != kept.price
        cost, price = _exact(kept.cost_then, kept.cost), _exact(kept.price_then, kept.price)
        return cost if cost_moved else None, price if price_moved else None

    def differences(self, kept: Kept) -> list[str]:
        """What is otherwise now, and how a person mends it. Raises RemoteError."""
        return list(self._differences(self.view(), kept))

    def _differences(self, now: View, kept: Kept) -> Iterator[str]:
        where = f"line {self.line.id} of contract {self.line.contract}, from {self.day}"
        if now.units != kept.units:
            step = f"{kept.units - now.units:+f}"
            yield f"{where}: {now.units} units, {kept.units} before; adjust it by {step} there"
        cost, price = self._lost(now, kept)
        if cost is not None:
            yield f"{where}: a unit costs {now.cost_then or now.cost}, {cost} before; adjust the unit cost to {cost}"
        if price is not None:
            yield f"{where}: a unit's price is {now.price_then or now.price}, {price} before; adjust it to {price}"

    def _row(self, day: date) -> Record | None:
        """The row in force on a day: of those that hold it, the one that starts last."""
        found = [row for row in self.rows(day, day) if day_of(row["startDate"]) <= day <= day_of(row["endDate"])]
        return max(found, key=lambda row: str(row["startDate"]), default=None)

    def _mine(self, field: str) -> list[Record]:
        return [{"op": "in", "field": field, "value": [int(self.line.id)]}]


def _window(first: date, last: date) -> list[Record]:
    return [
        {"op": "lte", "field": "startDate", "value": last.isoformat()},
        {"op": "gte", "field": "endDate", "value": first.isoformat()},
    ]


def _exact(then: Decimal | None, own: Decimal | None) -> Decimal | None:
    """What a unit comes to by the row, unless that is a rounded amount divided; then by the line's own record."""
    return then if then is not None and decimals(then) <= _DECIMALS else own


def _each(amount: Any, units: Decimal) -> Decimal | None:
    """What one unit comes to; None where the amount is hidden or there is no unit."""
    whole = money(amount)
    return money(whole / units) if whole is not None and units else None
