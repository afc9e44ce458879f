"""Autotask behind the PSA port: contract services as lines, adjustments as writes.

Facts and their proof: ``docs/vendors/autotask.md``. What is unproven and may differ between tenants is a setting:
``same_date``, ``units_by``, ``cost_from``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from psarecon.answers import understood
from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings
from psarecon.domain.model import Call, LineKey, Observed
from psarecon.domain.periods import SameDate
from psarecon.domain.plan import Change, Pair
from psarecon.domain.ports import Diagnosis, Draft, State
from psarecon.errors import BadAnswer
from psarecon.psa.autotask.client import AutotaskClient, Credentials
from psarecon.psa.autotask.reading import Reader

DEFAULT_URL = "https://webservices.autotask.net"
_DUPLICATE = "duplicate data into contract_service_period"
_STEP = re.compile(r'"unitChange": (-?[0-9]{1,12})\b')


@dataclass(frozen=True, slots=True)
class Tenant:
    """What the settings say of the tenant's ways. ``write_timeout`` in seconds."""

    same_date: SameDate = SameDate.ADDS
    allow_proration: bool = False
    units_by_contract: bool = False
    cost_from_periods: bool = False
    write_timeout: float = 330.0


class Autotask:
    """One Autotask tenant: reads, literal calls, writes, and what a surprising answer means."""

    def __init__(self, name: str, client: AutotaskClient, ways: Tenant) -> None:
        self._name = name
        self._client = client
        self._ways = ways
        self._reader = Reader(
            client, units_by_contract=ways.units_by_contract, cost_from_periods=ways.cost_from_periods
        )

    @property
    def tenant(self) -> str:
        """Zone host and tenant number."""
        return self._client.tenant

    @property
    def same_date(self) -> SameDate:
        """As the settings say."""
        return self._ways.same_date

    @property
    def allow_proration(self) -> bool:
        """As the settings say."""
        return self._ways.allow_proration

    @property
    def write_seconds(self) -> float:
        """The server works on a request for up to five minutes; the timeout is above that."""
        return self._ways.write_timeout

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        """Four bulk reads, 500 ids a request; see ``Reader``."""
        with understood("Autotask"):
            return self._reader.observe(lines, day, following=following)

    def call_for(self, draft: Draft) -> Call:
        """One adjustment for quantity and cost together, addressed by contract service, dated by day alone."""
        effective = draft.slot.effective_date
        assert effective is not None
        line = replace(draft.observed.line, id=draft.line.id)
        return _adjustment(line, effective, self._unit_change(draft), draft.unit_cost)

    def _unit_change(self, draft: Draft) -> int:
        """The delta. Where the tenant replaces an earlier adjustment of the date, it counts from before that one."""
        before = draft.slot.quantity
        after = draft.quantity.after if draft.quantity else before
        period = draft.slot.period
        if self._ways.same_date is SameDate.REPLACES and period is not None and period.opening is not None:
            before = period.opening
        return int(after - before)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def budget_left(self) -> int | None:
        """What is left of psarecon's share of the tenant's requests an hour; None before the first call."""
        return self._client.budget_left()

    def reread(self, changes: Sequence[Change]) -> Mapping[str, State]:
        """One request for units, and one for costs only where a change touches a cost.

        Raises BadAnswer for a first change whose call would do anything else than it says.
        """
        if not self._says_what_it_does(changes[0]):
            raise BadAnswer("the plan's call is not the one that its figures ask for", hint="make the plan again")
        with understood("Autotask"):
            return self._reader.states([change for change in changes if self._says_what_it_does(change)])

    def _says_what_it_does(self, change: Change) -> bool:
        """Whether the call of a plan, which anybody could have written, is that of the line and figures it shows.

        Where a tenant replaces adjustments the step counts from a figure the plan does not hold: only its form is told.
        """
        if change.effective_date is None or not (change.line.contract.isdecimal() and change.line.id.isdecimal()):
            return False
        replaces = self._ways.same_date is SameDate.REPLACES
        step = _step_of(change.call) if replaces else int(change.quantity_after - change.live_quantity)
        return change.call == _adjustment(change.line, change.effective_date, step, change.unit_cost)

    def write(self, call: Call) -> None:
        """POST the adjustment once; success is a 2xx without errors, and carries no id."""
        self._client.post(call.path, call.body, self._ways.write_timeout)

    def diagnose(self, change: Change, state: State | None, texts: Sequence[str]) -> Diagnosis | None:
        """Whether the tenant refuses, replaces or adds a second adjustment on one date, other than the settings say."""
        if any(_DUPLICATE in text.lower() for text in texts):
            return self._diagnosis(
                SameDate.REFUSED, f"{change.effective_date} already holds an adjustment of this service"
            )
        if state is None or change.effective_date is None:
            return None
        return self._diagnose_units(change, state)

    def _diagnose_units(self, change: Change, state: State) -> Diagnosis | None:
        delta = Decimal(json.loads(change.call.body)["unitChange"])
        opening = self._opening(change)
        if self._ways.same_date is not SameDate.REPLACES:
            if opening is None or opening == change.live_quantity or state.quantity != opening + delta:
                return None
            return self._diagnosis(
                SameDate.REPLACES, f"the second adjustment of {change.effective_date} replaced the first"
            )
        if state.quantity != change.live_quantity + delta:
            return None
        return self._diagnosis(
            SameDate.ADDS, f"the second adjustment of {change.effective_date} was added to the first"
        )

    def _opening(self, change: Change) -> Decimal | None:
        """The units just before the effective date."""
        day = change.measured_on
        assert day is not None
        with understood("Autotask"):
            observed = self._reader.observe([change.line], day, following=True).get(change.line)
        found = observed.periods if observed and observed.periods else ()
        return next((period.opening for period in found if period.first == change.effective_date), None)

    def _diagnosis(self, seen: SameDate, what: str) -> Diagnosis:
        text = f"{what}; set psas.{self._name}.same_date: {seen.value}, then plan again"
        return Diagnosis(f"same-date-{seen.value}", text, seen.value)


def _adjustment(line: LineKey, effective: date, step: int, cost: Pair | None) -> Call:
    body = {
        "contractID": int(line.contract),
        "contractServiceID": int(line.id),
        "effectiveDate": effective.isoformat(),
        "unitChange": step,
    }
    text = json.dumps(body)
    if cost is not None:
        text = f'{text[:-1]}, "adjustedUnitCost": {cost.after:f}}}'
    return Call("POST", f"Contracts/{body['contractID']}/ServiceAdjustments", text)


def _step_of(call: Call) -> int:
    """The units a call adds; 0 where it does not tell."""
    found = _STEP.search(call.body)
    return int(found[1]) if found else 0


def build(settings: AdapterSettings, resolver: Resolver) -> Autotask:
    """The adapter from its block in the settings. Raises SecretMissing."""
    credentials = Credentials(
        username=settings.secret("username", resolver),
        secret=settings.secret("secret", resolver),
        integration_code=settings.secret("integration_code", resolver),
    )
    url = resolver.text(settings.text("url", DEFAULT_URL), f"psas.{settings.name}.url")
    threads = settings.options.get("threads", 2)
    ways = Tenant(
        same_date=SameDate(settings.text("same_date", "adds")),
        allow_proration=bool(settings.options.get("allow_proration", False)),
        units_by_contract=settings.text("units_by", "contract-service") == "contract",
        cost_from_periods=settings.text("cost_from", "services") == "periods",
        write_timeout=settings.duration("write_timeout", "330s").total_seconds(),
    )
    return Autotask(settings.name, AutotaskClient(url, credentials, at_once=threads), ways)
