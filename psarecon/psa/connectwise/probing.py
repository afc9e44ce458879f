"""ConnectWise asked by experiment: what ``docs/vendors/connectwise.md`` calls unproven, on one addition.

Figures are absolute here, so what was changed is put back by naming what was there before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from psarecon.answers import understood
from psarecon.domain.model import LineKey, Observed
from psarecon.domain.plan import Pair
from psarecon.domain.ports import State
from psarecon.domain.probing import Answer, Bench, Experiment, decimals, probe_change
from psarecon.errors import InvalidInput
from psarecon.psa.connectwise.calls import addition_path, patch_of, unknown_path
from psarecon.psa.connectwise.client import ConnectWiseClient
from psarecon.psa.connectwise.reading import additions_of
from psarecon.psa.connectwise.records import money, number, sub

#: Added to a unit cost and to a quantity: more decimals than cents have.
_BIT, _PART = Decimal("0.0123"), Decimal("0.1234")

_QUESTIONS = {
    "cost_decimals": "How many decimals of a unit cost are kept?",
    "quantity_decimals": "How many decimals of a quantity are kept?",
    "patch_answer": "Does a PATCH answer the addition as it is then?",
    "unknown_path": "Is a PATCH of a path that is no field refused?",
    "catalog_cost": "Is a line's cost kept where the catalog is set to update costs by itself?",
    "last_link": "What is the Link header of the last page?",
}

_Observe = Callable[..., Mapping[LineKey, Observed]]
Record = dict[str, Any]


def candidates(client: ConnectWiseClient, psa: str, words: str) -> list[LineKey]:
    """The additions of agreements whose name contains ``words``. Raises RemoteError."""
    agreements = client.listing("finance/agreements", ("id", "company"), f'name contains "{words}"')
    companies = {int(one["id"]): str(sub(one, "company", "id") or "") for one in agreements}
    found = additions_of(client, sorted(companies), ("id",))
    return [
        LineKey(psa, companies[one["agreementId"]], str(one["agreementId"]), str(number))
        for number, one in found.items()
    ]


@dataclass(frozen=True, slots=True)
class ConnectWiseProbing:
    """The experiments on the addition that was ``observed``."""

    client: ConnectWiseClient
    observed: Observed

    @classmethod
    def of(cls, client: ConnectWiseClient, observe: _Observe, line: LineKey, day: date) -> ConnectWiseProbing:
        """For an addition. Raises RemoteError, InvalidInput."""
        found = observe([line], day).get(line)
        if found is None:
            hint = "--line is AGREEMENT/ADDITION, by their ids"
            raise InvalidInput(f"ConnectWise shows no addition {line.contract}/{line.id}", hint=hint)
        if found.quantity is None or found.unit_cost is None:
            raise InvalidInput(f"addition {line.id} has no quantity or no unit cost", hint="name another with --line")
        return cls(client, found)

    def original(self) -> Mapping[str, str]:
        """The addition's figures. Raises RemoteError."""
        now = self._state()
        return {self._name: f"{now.quantity:f} {now.unit_cost:f}"}

    def restore(self, bench: Bench, original: Mapping[str, str]) -> None:
        """One PATCH with what was there. Raises RemoteError."""
        for before in map(_kept, original.values()):
            if self._state() != before:
                self._patch(bench, self._state(), before.quantity, before.unit_cost)

    def standing(self, original: Mapping[str, str]) -> Sequence[str]:
        """What differs. Raises RemoteError."""
        now, before = self._state(), _kept(original[self._name])
        if now == before:
            return ()
        figures = f"{now.quantity} at {now.unit_cost}, {before.quantity} at {before.unit_cost} before"
        return (f"addition {self._name}: {figures}; set quantity and unit cost back by hand",)

    def experiments(self) -> Sequence[Experiment]:
        """Those that only read come first."""
        return (
            Experiment("pages", self._ask_link),
            Experiment("catalog", self._ask_catalog),
            Experiment("unknown path", self._ask_path),
            Experiment("decimals", self._ask_decimals),
        )

    @property
    def _line(self) -> LineKey:
        return self.observed.line

    @property
    def _name(self) -> str:
        return f"{self._line.contract}/{self._line.id}"

    def _ask_link(self, _bench: Bench) -> Sequence[Answer]:
        found = self.client.last_link(f"finance/agreements/{self._line.contract}/additions")
        value = "absent" if found is None else "present" if "<" in found else "empty"
        return [_answer("last_link", value, f"of the additions of agreement {self._line.contract}, in one page")]

    def _ask_catalog(self, _bench: Bench) -> Sequence[Answer]:
        with understood("ConnectWise"):
            product = sub(self._record(), "product", "id")
            item = self.client.record(f"procurement/catalog/{int(product)}")
        cost, kept = money(item, "cost"), self._state().unit_cost
        told = f"the catalog's cost is {cost}, the line's {kept}"
        if item.get("autoUpdateUnitCostFlag") is not True:
            return [_answer("catalog_cost", "not-flagged", f"autoUpdateUnitCostFlag is not set; {told}")]
        value = "same" if cost == kept else "kept"
        return [_answer("catalog_cost", value, f"autoUpdateUnitCostFlag is set; {told}")]

    def _ask_path(self, bench: Bench) -> Sequence[Answer]:
        now, call = self._state(), unknown_path(self._line)
        saw = bench.send(probe_change(self.observed, call, now))
        if saw.refused is not None:
            return [_answer("unknown_path", "refused", "; ".join(saw.refused))]
        return [_answer("unknown_path", "ignored", f"{call.body} was answered as a success")]

    def _ask_decimals(self, bench: Bench) -> Sequence[Answer]:
        before = self._state()
        assert before.unit_cost is not None
        wanted = State(before.quantity + _PART, before.unit_cost + _BIT)
        refused, data = self._patch(bench, before, wanted.quantity, wanted.unit_cost)
        if refused is not None:
            told = f"it was refused: {'; '.join(refused)}"
            return [_answer(key, None, told) for key in ("cost_decimals", "quantity_decimals", "patch_answer")]
        now = bench.look(wanted, self._state)
        return [
            _decimals("cost_decimals", before.unit_cost, wanted.unit_cost, now.unit_cost),
            _decimals("quantity_decimals", before.quantity, wanted.quantity, now.quantity),
            _of_answer(data, now),
        ]

    def _patch(
        self, bench: Bench, now: State, quantity: Decimal, cost: Decimal | None
    ) -> tuple[tuple[str, ...] | None, Any]:
        assert now.unit_cost is not None
        assert cost is not None
        pairs = Pair(now.quantity, quantity), Pair(now.unit_cost, cost)
        call = patch_of(self._line, *pairs)
        saw = bench.send(probe_change(self.observed, call, now, quantity=quantity, cost=cost))
        return saw.refused, saw.data

    def _record(self) -> Record:
        return self.client.record(addition_path(self._line))

    def _state(self) -> State:
        record = self._record()
        quantity, cost = number(record, "quantity"), money(record, "unitCost")
        if quantity is None or cost is None:
            raise InvalidInput(f"addition {self._name} has lost its quantity or its cost", hint="look at it by hand")
        return State(quantity, cost)


def _kept(text: str) -> State:
    quantity, _, cost = text.partition(" ")
    return State(Decimal(quantity), Decimal(cost))


def _decimals(key: str, before: Decimal, wanted: Decimal | None, now: Decimal | None) -> Answer:
    told = f"{wanted} was kept as {now}"
    return _answer(key, None if now is None or now == before else str(decimals(now)), told)


def _of_answer(data: Any, now: State) -> Answer:
    if not isinstance(data, dict):
        return _answer("patch_answer", "nothing", "the answer had no body")
    same = number(data, "quantity") == now.quantity and money(data, "unitCost") == now.unit_cost
    told = f"the answer had {number(data, 'quantity')} at {money(data, 'unitCost')}"
    return _answer("patch_answer", "record" if same else "other", told)


def _answer(key: str, value: str | None, evidence: str) -> Answer:
    return Answer(key, _QUESTIONS[key], value, (evidence,))
