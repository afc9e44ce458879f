"""Autotask behind the PSA port: contract services as lines, adjustments as writes.

Facts and their proof: ``docs/vendors/autotask.md``. What is unproven and may differ between tenants is a setting:
``same_date``, ``units_by``, ``cost_from``; where the settings say nothing, what ``probe`` found out about the tenant.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from psarecon.answers import understood
from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings
from psarecon.domain.directory import Company, Offer
from psarecon.domain.health import Checkup
from psarecon.domain.model import Call, LineKey, Observed
from psarecon.domain.periods import SameDate
from psarecon.domain.plan import Change
from psarecon.domain.ports import Diagnosis, Draft, State
from psarecon.errors import BadAnswer
from psarecon.psa.autotask import probing
from psarecon.psa.autotask.calls import adjustment, price_of, step_of
from psarecon.psa.autotask.checkups import checkups
from psarecon.psa.autotask.client import AutotaskClient, Credentials
from psarecon.psa.autotask.directory import Listing
from psarecon.psa.autotask.reading import Reader

DEFAULT_URL = "https://webservices.autotask.net"
_DUPLICATE = "duplicate data into contract_service_period"


@dataclass(frozen=True, slots=True)
class Tenant:
    """The tenant's ways. ``sends_price``: a price that is not sent along would be lost."""

    same_date: SameDate = SameDate.ADDS
    units_by_contract: bool = False
    cost_from_periods: bool = False
    sends_price: bool = False

    @classmethod
    def of(cls, settings: AdapterSettings, tenant: str) -> Tenant:
        """As the settings say, then as this tenant answered, then as is usual."""
        return cls(
            same_date=SameDate(settings.chosen("same_date", "adds", tenant)),
            units_by_contract=settings.chosen("units_by", "contract-service", tenant) == "contract",
            cost_from_periods=settings.chosen("cost_from", "services", tenant) == "periods",
            sends_price=settings.chosen("omitted_price", "keeps", tenant) == "resets",
        )


class Autotask:
    """One Autotask tenant: reads, literal calls, writes, and what a surprising answer means."""

    def __init__(self, settings: AdapterSettings, client: AutotaskClient) -> None:
        self._settings = settings
        self._client = client
        self._write_timeout = settings.duration("write_timeout", "330s").total_seconds()

    @cached_property
    def _ways(self) -> Tenant:
        """Only once it is known whose they are. Raises RemoteError."""
        return Tenant.of(self._settings, self._client.tenant)

    @cached_property
    def _reader(self) -> Reader:
        ways = self._ways
        return Reader(self._client, units_by_contract=ways.units_by_contract, cost_from_periods=ways.cost_from_periods)

    @cached_property
    def _listing(self) -> Listing:
        return Listing(self._settings.name, self._client, self._reader)

    @property
    def tenant(self) -> str:
        """Zone host and tenant number. Raises RemoteError before the first call."""
        with understood("Autotask"):
            return self._client.tenant

    @property
    def same_date(self) -> SameDate:
        """As the settings or the tenant say. Raises RemoteError before the first call."""
        return self._ways.same_date

    @property
    def allow_proration(self) -> bool:
        """As the settings say."""
        return bool(self._settings.options.get("allow_proration", False))

    @property
    def write_seconds(self) -> float:
        """The server works on a request for up to five minutes; the timeout is above that."""
        return self._write_timeout

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        """Four bulk reads, 500 ids a request; see ``Reader``."""
        with understood("Autotask"):
            return self._reader.observe(lines, day, following=following)

    def companies(self) -> Sequence[Company]:
        """Every company the API user may see; see ``Listing``."""
        with understood("Autotask"):
            return self._listing.companies()

    def offers(self, companies: Collection[str], day: date) -> Sequence[Offer]:
        """The services of their active recurring contracts; see ``Listing``."""
        with understood("Autotask"):
            return self._listing.offers(companies, day)

    def call_for(self, draft: Draft) -> Call:
        """One adjustment for quantity and cost together, addressed by contract service, dated by day alone."""
        effective = draft.slot.effective_date
        assert effective is not None
        line = replace(draft.observed.line, id=draft.line.id)
        price = None if not self._ways.sends_price else _told_price(draft.observed.unit_price)
        cost = draft.unit_cost.after if draft.unit_cost else None
        return adjustment(line, effective, self._unit_change(draft), cost, price)

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
        """One request for units, one for costs only where a change touches a cost, one for prices that are sent along.

        Raises BadAnswer for a first change whose call would do anything else than it says.
        """
        with understood("Autotask"):
            honest = [change for change in changes if self._says_what_it_does(change)]
            prices = self._reader.prices([change.line for change in honest if price_of(change.call) is not None])
            kept = [change for change in honest if price_of(change.call) in (None, prices.get(change.line.id))]
            if changes[0] not in kept:
                raise BadAnswer("the plan's call is not the one that its figures ask for", hint="make the plan again")
            return self._reader.states(kept)

    def _says_what_it_does(self, change: Change) -> bool:
        """Whether the call of a plan, which anybody could have written, is that of the line and figures it shows.

        Where a tenant replaces adjustments the step counts from a figure the plan does not hold: only its form is told.
        """
        if change.effective_date is None or not (change.line.contract.isdecimal() and change.line.id.isdecimal()):
            return False
        replaces = self._ways.same_date is SameDate.REPLACES
        step = step_of(change.call) if replaces else int(change.quantity_after - change.live_quantity)
        cost = change.unit_cost.after if change.unit_cost else None
        return change.call == adjustment(change.line, change.effective_date, step, cost, price_of(change.call))

    def write(self, call: Call) -> None:
        """POST the adjustment once; success is a 2xx without errors, and carries no id."""
        self._client.post(call.path, call.body, self._write_timeout)

    def clock_ahead(self) -> float | None:
        """Seconds the tenant's clock is ahead of ours."""
        return self._client.clock_ahead()

    def checkups(self, _now: datetime) -> Sequence[Checkup]:
        """Whether the API user may read and write what psarecon needs."""
        return checkups(self._client)

    def attempt(self, call: Call) -> Any:
        """As ``write``; answers the answer's data."""
        return self._client.post(call.path, call.body, self._write_timeout).data

    def candidates(self, words: str) -> Sequence[LineKey]:
        """The lines of contracts whose name contains ``words``. Raises RemoteError."""
        with understood("Autotask"):
            return probing.candidates(self._client, self._settings.name, words)

    def probing(self, line: LineKey, day: date, inactive: LineKey | None = None) -> probing.AutotaskProbing:
        """The experiments on a line as of ``day``. Raises RemoteError, InvalidInput: not there, or of no use."""
        # Whatever the tenant's ways turn out to be: rows by contract surely come, and a step is what is asked about.
        self._ways = replace(self._ways, units_by_contract=True, same_date=SameDate.REPLACES)
        vars(self).pop("_reader", None)
        lines = [found for found in (line, inactive) if found is not None]
        return probing.AutotaskProbing.of(self._client, self.observe, lines, day)

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
        text = f"{what}; set psas.{self._settings.name}.same_date: {seen.value}, then plan again"
        return Diagnosis(f"same-date-{seen.value}", text, seen.value)


def _told_price(price: Decimal | None) -> Decimal:
    """The line's price. Raises BadAnswer where it is hidden: this tenant loses a price that is not sent along."""
    if price is None:
        hint = "let the API user see prices; capabilities.yaml says that this tenant resets a price that is not sent"
        raise BadAnswer("Autotask hides the price of a line, and it must be sent along with each change", hint=hint)
    return price


def build(settings: AdapterSettings, resolver: Resolver) -> Autotask:
    """The adapter from its block in the settings. Raises SecretMissing."""
    credentials = Credentials(
        username=settings.secret("username", resolver),
        secret=settings.secret("secret", resolver),
        integration_code=settings.secret("integration_code", resolver),
    )
    url = resolver.text(settings.text("url", DEFAULT_URL), f"psas.{settings.name}.url")
    return Autotask(settings, AutotaskClient(url, credentials, at_once=settings.options.get("threads", 2)))
