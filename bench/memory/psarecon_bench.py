"""A PSA in psarecon's own process, whose lines are made of their numbers: what a plan costs without any network.

It is found by its entry point where this folder is on the path. Nothing can be written to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings
from psarecon.domain.model import Call, LineKey, Names, Observed, Period
from psarecon.domain.periods import SameDate
from psarecon.domain.plan import Change
from psarecon.domain.ports import Diagnosis, Draft, State

_COST, _PRICE = Decimal("9.00"), Decimal("15.00")
#: What every line holds; the mapping's usage asks for the first.
UNITS = {"same": Decimal(10), "changed": Decimal(8)}


class Memory:
    """Every line there could be, with a monthly period of the day's month."""

    tenant = "memory"
    same_date = SameDate.ADDS
    allow_proration = False
    write_seconds = 1.0

    def __init__(self, units: Decimal) -> None:
        self._units = units

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        """Each line, as a PSA with periods would show it."""
        first = day.replace(day=1)
        last = date(first.year + first.month // 12, first.month % 12 + 1, 1).toordinal() - 1
        period = Period(first, date.fromordinal(last), self._units, _COST, posted=False)
        return {line: self._observed(line, period, following=following) for line in lines}

    def _observed(self, line: LineKey, period: Period, *, following: bool) -> Observed:
        names = Names(f"Client {line.company}", "Managed services", "Seats")
        return Observed(line, names, self._units, _COST, _PRICE, (period,), following=following)

    def call_for(self, draft: Draft) -> Call:
        """What Autotask would be sent."""
        before = draft.slot.quantity
        step = (draft.quantity.after if draft.quantity else before) - before
        parts = (f'"contractServiceID": {draft.line.id}', f'"effectiveDate": "{draft.slot.effective_date}"')
        body = f'{{{", ".join(parts)}, "unitChange": {step}}}'
        return Call("POST", f"Contracts/{draft.line.contract}/ServiceAdjustments", body)

    def reread(self, changes: Sequence[Change]) -> Mapping[str, State]:
        """As observed."""
        return {change.id: State(self._units, _COST) for change in changes}

    def write(self, call: Call) -> None:
        """Nothing is written in a bench of plans."""
        raise NotImplementedError(call.path)

    def diagnose(self, change: Change, state: State | None, texts: Sequence[str]) -> Diagnosis | None:
        """Nothing that a setting could put right."""
        del change, state, texts
        return None

    def close(self) -> None:
        """Nothing is kept open."""


def build(settings: AdapterSettings, resolver: Resolver) -> Memory:
    """The adapter from its block in the settings."""
    del resolver
    return Memory(UNITS[settings.text("holds")])
