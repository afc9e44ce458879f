"""Autotask asked by experiment: what ``docs/vendors/autotask.md`` calls unproven, on a line of a test tenant.

Nearly every adjustment is dated to the first day of a period to come, so that nothing that is billed now moves, and is
taken back by an opposing one of the same date. Where a tenant takes one adjustment a date only, only that is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from psarecon.answers import understood
from psarecon.domain.model import LineKey, Observed, Period
from psarecon.domain.periods import SameDate
from psarecon.domain.probing import Answer, Bench, Experiment, Saw, decimals
from psarecon.errors import InvalidInput
from psarecon.psa.autotask.client import AutotaskClient
from psarecon.psa.autotask.places import Kept, Place, View

_DAY = timedelta(days=1)
#: Added to a unit cost: more than the tolerance by which costs are compared, in four decimals.
_BIT = Decimal("0.0123")
#: A unit cost has no more decimals than this; a row's amount that was rounded, divided by its units, may have.
_MOST_DECIMALS = 6
_DUPLICATE = "duplicate data into contract_service_period"
_NOTHING_BACK = "not asked: a second adjustment of a date is not taken here, so nothing could be taken back"

_QUESTIONS = {
    "units_by": "Can unit rows be asked for by contractServiceID?",
    "same_date": "What does a second adjustment of a service on one date do?",
    "adjustment_answer": "Does the answer to an adjustment name it?",
    "omitted_price": "Does an adjustment that names no price keep the line's price?",
    "cost_from": "Does ContractServices.unitCost show a cost before its period has come?",
    "cost_decimals": "How many decimals of a unit cost are kept?",
    "zero_units": "Is an adjustment that leaves no unit accepted?",
    "row_overlap": "Does a unit row cut short end on the day the next one starts?",
    "posted_period": "Is an adjustment inside an approved and posted period accepted?",
    "inactive_contract": "Is an adjustment of an inactive contract accepted?",
}

_Observe = Callable[..., Mapping[LineKey, Observed]]


def candidates(client: AutotaskClient, psa: str, words: str) -> list[LineKey]:
    """The lines of contracts whose name contains ``words``. Raises RemoteError."""
    named = [{"op": "contains", "field": "contractName", "value": words}]
    contracts = {int(one["id"]): one for one in client.query("Contracts", ("id", "companyID"), named)}
    if not contracts:
        return []
    among = [{"op": "in", "field": "contractID", "value": sorted(contracts)}]
    found = client.query("ContractServices", ("id", "contractID"), among)
    return [
        LineKey(psa, str(contracts[one["contractID"]]["companyID"]), str(one["contractID"]), str(one["id"]))
        for one in found
    ]


@dataclass(slots=True)
class AutotaskProbing:
    """The experiments: ``main`` is where most are made, ``inside`` a day within its period, ``posted`` the first day
    of a period that is approved and posted, ``inactive`` a line of an inactive contract (None: there is none)."""

    main: Place
    inside: Place
    posted: Place | None = None
    inactive: Place | None = None
    _same_date: SameDate | None = field(default=None)

    @classmethod
    def of(cls, client: AutotaskClient, observe: _Observe, lines: Sequence[LineKey], day: date) -> AutotaskProbing:
        """For the first of the lines, which must bill on ``day``; the second one is of an inactive contract."""
        found = [_observed(observe, line, day) for line in lines]
        places = [_usual_place(client, one, day) for one in found]
        main = places[0]
        inside = Place(client, found[0], main.day + _DAY, day)
        posted = _posted_day(main, day)
        return cls(
            main,
            inside,
            None if posted is None else Place(client, found[0], posted, day),
            places[1] if len(places) > 1 else None,
        )

    def _places(self) -> list[Place]:
        """By day, for what an earlier one leaves shows in the later ones too."""
        found = [one for one in (self.main, self.inside, self.posted, self.inactive) if one is not None]
        return sorted(found, key=lambda place: (place.day, place.name))

    def original(self) -> Mapping[str, str]:
        """Each place's figures. Raises RemoteError, InvalidInput."""
        return {place.name: str(place.kept()) for place in self._places()}

    def restore(self, bench: Bench, original: Mapping[str, str]) -> None:
        """Place by place, the earliest day first. Raises RemoteError."""
        for place in self._places_of(original):
            place.restore(bench, Kept.read(original[place.name]), self._same_date or SameDate.ADDS)

    def standing(self, original: Mapping[str, str]) -> Sequence[str]:
        """What differs at each place. Raises RemoteError."""
        places = self._places_of(original)
        return [text for place in places for text in place.differences(Kept.read(original[place.name]))]

    def _places_of(self, original: Mapping[str, str]) -> list[Place]:
        """Those that the figures are of, also on days of an earlier probe."""
        known = {place.name: place for place in self._places()}
        found = [known.get(name) or self.main.elsewhere(name) for name in original]
        return sorted(found, key=lambda place: (place.day, place.name))

    def experiments(self) -> Sequence[Experiment]:
        """What takes something back is asked once it is known how to take back."""
        return (
            Experiment("unit rows", self._ask_rows),
            Experiment("same date", self._ask_same_date),
            Experiment("cost", self._ask_cost),
            Experiment("no units", self._ask_zero),
            Experiment("inside a period", self._ask_overlap),
            Experiment("posted period", self._ask_posted),
            Experiment("inactive contract", self._ask_inactive),
        )

    def _ask_rows(self, _bench: Bench) -> Sequence[Answer]:
        texts, rows = self.main.rows_by_line()
        if texts:
            return [_answer("units_by", "contract", f"it was refused: {'; '.join(texts)}")]
        others = [row for row in rows if str(row.get("contractServiceID")) != self.main.line.id]
        if others or not rows:
            came = f"{len(others)} rows of other lines came" if others else "no row came"
            return [_answer("units_by", "contract", came)]
        return [_answer("units_by", "contract-service", f"{len(rows)} row came, of the line alone")]

    def _ask_same_date(self, bench: Bench) -> Sequence[Answer]:
        """Nothing, then one unit, then nothing again, on one date: added up that is one, replaced it is none.

        The first changes nothing and names the cost there is, so that a tenant that takes one a date is found out
        before anything has to be taken back.
        """
        before = self.main.view()
        first = self.main.adjust(bench, before, 0, cost=before.cost_then)
        answers = [] if first.refused is not None else list(self._of_first(bench, first, before))
        return [self._second(bench, first, before), *answers]

    def _of_first(self, bench: Bench, first: Saw, before: View) -> Iterator[Answer]:
        """What the first adjustment tells besides."""
        named = first.data.get("itemId") if isinstance(first.data, dict) else None
        yield _answer("adjustment_answer", "null" if named is None else "id", f"itemId was {named}")
        now = bench.look(before, self.main.view)
        kept = now.price_then == before.price_then and now.price == before.price
        told = f"the price was {before.price_then} and is {now.price_then if not kept else before.price_then}"
        yield _answer("omitted_price", "keeps" if kept else "resets", f"adjustment without adjustedUnitPrice: {told}")

    def _second(self, bench: Bench, first: Saw, before: View) -> Answer:
        if first.refused is not None:
            return self._refused("the first of this probe", first.refused)
        second = self.main.adjust(bench, before, 1)
        if second.refused is not None:
            return self._refused("+1 after +0", second.refused)
        raised = bench.look(before.with_units(before.units + 1), self.main.view)
        third = self.main.adjust(bench, raised, 0)
        if third.refused is not None:
            return self._refused("+0 after +1", third.refused)
        now = bench.look(raised, self.main.view)
        seen = {before.units + 1: SameDate.ADDS, before.units: SameDate.REPLACES}.get(now.units)
        self._same_date = seen
        told = f"+0, +1, +0 on {self.main.day}: {before.units} units became {now.units}"
        return _answer("same_date", seen and seen.value, told)

    def _refused(self, what: str, texts: Sequence[str]) -> Answer:
        said = f"{what} on {self.main.day} was refused: {'; '.join(texts)}"
        if not any(_DUPLICATE in text.lower() for text in texts):
            return _answer("same_date", None, said)
        self._same_date = SameDate.REFUSED
        return _answer("same_date", SameDate.REFUSED.value, said)

    def _ask_cost(self, bench: Bench) -> Sequence[Answer]:
        keys = ("cost_from", "cost_decimals")
        before = self.main.view()
        if not self._can_take_back():
            return [_answer(key, None, _NOTHING_BACK) for key in keys]
        if before.cost_then is None:
            return [_answer(key, None, "not asked: the cost is hidden from the API user") for key in keys]
        wanted = before.cost_then + _BIT
        saw = self.main.adjust(bench, before, 0, cost=wanted)
        if saw.refused is not None:
            return [_answer(key, None, f"it was refused: {'; '.join(saw.refused)}") for key in keys]
        now = bench.look(before.with_cost(wanted), self.main.view)
        return [*_cost_answers(before, now, self.main.ahead)]

    def _ask_zero(self, bench: Bench) -> Sequence[Answer]:
        before = self.main.view()
        if not self._can_take_back():
            return [_answer("zero_units", None, _NOTHING_BACK)]
        saw = self.main.adjust(bench, before, -int(before.units))
        return [_accepted("zero_units", saw, f"{-before.units} on {self.main.day}")]

    def _ask_overlap(self, bench: Bench) -> Sequence[Answer]:
        before = self.inside.view()
        if not self._can_take_back():
            return [_answer("row_overlap", None, _NOTHING_BACK)]
        saw = self.inside.adjust(bench, before, 1)
        if saw.refused is not None:
            return [_answer("row_overlap", None, f"it was refused: {'; '.join(saw.refused)}")]
        cut: date | None = self.inside.day
        ends = bench.look(cut, lambda: self.main.ends_on(self.inside.day))
        value = {self.inside.day: "yes", self.main.day: "no"}.get(ends) if ends else None
        return [
            _answer("row_overlap", value, f"the row from {self.main.day}, cut on {self.inside.day}, ends on {ends}")
        ]

    def _ask_posted(self, bench: Bench) -> Sequence[Answer]:
        if self.posted is None:
            return [_answer("posted_period", None, "not asked: no period of the line is approved and posted")]
        return self._plus_one("posted_period", bench, self.posted)

    def _ask_inactive(self, bench: Bench) -> Sequence[Answer]:
        if self.inactive is None:
            return [_answer("inactive_contract", None, "not asked: no line of an inactive contract was named")]
        return self._plus_one("inactive_contract", bench, self.inactive)

    def _plus_one(self, key: str, bench: Bench, place: Place) -> Sequence[Answer]:
        if not self._can_take_back():
            return [_answer(key, None, _NOTHING_BACK)]
        return [_accepted(key, place.adjust(bench, place.view(), 1), f"+1 on {place.day}")]

    def _can_take_back(self) -> bool:
        return self._same_date in (SameDate.ADDS, SameDate.REPLACES)


def _cost_answers(before: View, now: View, ahead: bool) -> Iterator[Answer]:  # noqa: FBT001  # a fact of the place
    told = f"unitCost was {before.cost} and is {now.cost}; the row of the date costs {now.cost_then} a unit"
    moved = now.cost_then != before.cost_then
    if not ahead:
        yield _answer("cost_from", None, f"no period to come could be used; {told}")
    else:
        at_once = now.cost != before.cost
        yield _answer("cost_from", ("periods" if at_once else "services") if moved else None, told)
    shown = now.cost_then if moved else None
    many = shown is not None and decimals(shown) > _MOST_DECIMALS
    value = None if shown is None or many else str(decimals(shown))
    yield _answer("cost_decimals", value, f"{before.cost_then} + {_BIT} was kept as {now.cost_then}")


def _accepted(key: str, saw: Saw, what: str) -> Answer:
    if saw.refused is not None:
        return _answer(key, "refused", f"{what} was refused: {'; '.join(saw.refused)}")
    return _answer(key, "accepted", f"{what} was accepted and read back")


def _answer(key: str, value: str | None, *evidence: str) -> Answer:
    return Answer(key, _QUESTIONS[key], value, evidence)


def _observed(observe: _Observe, line: LineKey, day: date) -> Observed:
    """The line with the periods around ``day``. Its contract and company are read first, where only its id is known."""
    found = observe([line], day, following=True).get(line)
    if found is not None and found.line != line:
        return _observed(observe, found.line, day)
    if found is None:
        raise InvalidInput(f"Autotask shows no line {line.id}", hint="--line is a contract service's id")
    if found.quantity is None or found.quantity < 1:
        hint = "name a line of your test contract with at least one unit"
        raise InvalidInput(f"line {line.id} has no unit on {day}", hint=hint)
    return found


def _usual_place(client: AutotaskClient, observed: Observed, day: date) -> Place:
    """The first day of the first open period to come that nobody adjusted; else of the current one."""
    later = [period for period in observed.periods or () if period.first > day]
    for period in (*later, *(observed.periods or ())[:1]):
        if _untouched(period):
            return Place(client, observed, period.first, day)
    hint = "name a line whose next period is open, and which nobody adjusted on its first day"
    raise InvalidInput(f"line {observed.line.id} has no period that can be used", hint=hint)


def _untouched(period: Period) -> bool:
    return not period.posted and not period.split and period.opening == period.quantity


def _posted_day(main: Place, day: date) -> date | None:
    """The first day of the latest posted period up to ``day``."""
    with understood("Autotask"):
        found: list[dict[str, Any]] = main.rows(day - timedelta(days=400), day)
        return max(
            (date.fromisoformat(one["startDate"][:10]) for one in found if one["approveAndPostDate"]), default=None
        )
