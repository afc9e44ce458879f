"""What is asked of a tenant by experiment: questions, answers, and what an adapter needs to carry them out.

Pure data and ports. An experiment is a function of a ``Bench``, which sends its calls one by one, each journalled and
read back as any write is; what it changed is put back as it was by the adapter's ``restore``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol, TypeVar, runtime_checkable

from psarecon.domain.model import Call, LineKey, Observed, Place
from psarecon.domain.money import Money
from psarecon.domain.plan import Change, Pair, UsageView, change_id
from psarecon.domain.ports import Psa, State

_T = TypeVar("_T")

#: A contract whose name contains this is there to be experimented on.
MARK = "psarecon probe"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question came to. ``value`` None: not answered, ``evidence`` then says why."""

    key: str
    question: str
    value: str | None
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Saw:
    """What became of a call: the server's words of refusal (None: none), the line as it was read back, the answer's
    data."""

    refused: tuple[str, ...] | None
    state: State | None
    data: Any = None


class Bench(Protocol):
    """Where an experiment is carried out."""

    def send(self, change: Change) -> Saw:
        """Send the change's call once, journalled. Raises RemoteError where it is not known what became of it."""
        ...

    def look(self, expected: _T, read: Callable[[], _T]) -> _T:
        """What ``read`` reads; in a rehearsal, where nothing was sent, what is ``expected``. Raises RemoteError."""
        ...


Ask = Callable[[Bench], Sequence[Answer]]


@dataclass(frozen=True, slots=True)
class Experiment:
    """Questions that are asked together."""

    name: str
    ask: Ask


class Probing(Protocol):
    """The experiments on one line of a tenant that is there for them."""

    def original(self) -> Mapping[str, str]:
        """The figures that ``restore`` brings back, as texts. Raises RemoteError, InvalidInput: not to be used."""
        ...

    def experiments(self) -> Sequence[Experiment]:
        """In the order they are to be made."""
        ...

    def restore(self, bench: Bench, original: Mapping[str, str]) -> None:
        """Send what brings the figures back, if anything does. Raises RemoteError."""
        ...

    def standing(self, original: Mapping[str, str]) -> Sequence[str]:
        """What is otherwise than ``original`` now, and how a person mends it; empty when all is as it was."""
        ...


@runtime_checkable
class Probed(Psa, Protocol):
    """A PSA that can be asked by experiment."""

    def attempt(self, call: Call) -> Any:
        """As ``write``; answers the data of the server's answer."""
        ...

    def candidates(self, words: str) -> Sequence[LineKey]:
        """The lines of contracts whose name contains ``words``. Raises RemoteError."""
        ...

    def probing(self, line: LineKey, day: date, inactive: LineKey | None = None) -> Probing:
        """The experiments on a line as of ``day``; ``inactive`` is a line of an inactive contract."""
        ...


@runtime_checkable
class Asked(Protocol):
    """A source that can be asked: by reading alone."""

    def account(self) -> str:
        """Which account the credentials lead to. Raises RemoteError."""
        ...

    def ask(self, price: Decimal | None) -> Sequence[Answer]:
        """``price`` is what a user costs, as the operator knows it. Raises RemoteError."""
        ...


def probe_change(
    observed: Observed,
    call: Call,
    live: State,
    *,
    quantity: Decimal | None = None,
    cost: Decimal | None = None,
    effective: date | None = None,
) -> Change:
    """A change that only asks: from ``live`` to ``quantity`` and ``cost`` (None: as it is), by ``call``."""
    line, names = observed.line, observed.names
    units = None if quantity is None else Pair(live.quantity, quantity)
    money = None if cost is None or live.unit_cost is None else Pair(live.unit_cost, cost)
    return Change(
        id=change_id(line, units, money, effective, call),
        line=line,
        client=MARK,
        product=MARK,
        quantity=units,
        unit_cost=money,
        effective_date=effective,
        causes=("probe",),
        evidence=(),
        money=Money(),
        source=Place("psarecon.yaml", 1),
        call=call,
        names=(names.company or "", names.contract or "", names.line or ""),
        live_quantity=live.quantity,
        live_cost=live.unit_cost,
        measured_on=effective,
        ahead=effective is not None,
        usage=UsageView("", rule="probe"),
    )


def decimals(figure: Decimal) -> int:
    """How many decimals a figure has, without the zeros at its end."""
    exponent = figure.normalize().as_tuple().exponent
    return max(0, -int(exponent))
