"""ConnectWise PSA behind the PSA port: additions as lines, absolute PATCHes as writes.

A change takes effect at once: the API has no dated change of an addition. Facts and their proof:
``docs/vendors/connectwise.md``. What cannot be read from the tenant is a setting: ``invoices``, ``own_tags``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from psarecon.answers import understood
from psarecon.config.secrets import Resolver
from psarecon.config.settings import AdapterSettings
from psarecon.domain.directory import Company, Offer
from psarecon.domain.health import Checkup
from psarecon.domain.model import Call, LineKey, Observed, Remark
from psarecon.domain.periods import SameDate
from psarecon.domain.plan import Change
from psarecon.domain.ports import Diagnosis, Draft, State
from psarecon.errors import BadAnswer, UsageError
from psarecon.psa.connectwise import probing
from psarecon.psa.connectwise.calls import patch_of, unknown_path
from psarecon.psa.connectwise.checkups import checkups
from psarecon.psa.connectwise.client import PER_MINUTE, VERSION, ConnectWiseClient, Credentials, Ways
from psarecon.psa.connectwise.directory import Listing
from psarecon.psa.connectwise.reading import Reader
from psarecon.psa.connectwise.records import Invoices


class ConnectWise:
    """One ConnectWise PSA tenant: reads, literal calls, writes. ``write_timeout`` in seconds."""

    def __init__(self, name: str, client: ConnectWiseClient, reader: Reader, write_timeout: float) -> None:
        self._name = name
        self._client = client
        self._listing = Listing(name, client)
        self._reader = reader
        self._write_timeout = write_timeout

    @property
    def tenant(self) -> str:
        """The API's host and the company one logs in to. Raises RemoteError before the first call."""
        with understood("ConnectWise"):
            return self._client.tenant

    @property
    def same_date(self) -> SameDate:
        """Changes carry no date here."""
        return SameDate.ADDS

    @property
    def allow_proration(self) -> bool:
        """A changed quantity is never prorated here."""
        return False

    @property
    def write_seconds(self) -> float:
        """As the settings say."""
        return self._write_timeout

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:  # noqa: ARG002  # the port's; there are no later periods here
        """One read a mapped agreement, and a few for companies, agreements and invoices; see ``Reader``."""
        with understood("ConnectWise"):
            return self._reader.observe(lines, day)

    def companies(self) -> Sequence[Company]:
        """Every company the API member may see; see ``Listing``."""
        with understood("ConnectWise"):
            return self._listing.companies()

    def offers(self, companies: Collection[str], day: date) -> Sequence[Offer]:
        """The additions of their active agreements; see ``Listing``."""
        with understood("ConnectWise"):
            return self._listing.offers(companies, day)

    def cost_remarks(self, lines: Sequence[LineKey]) -> Mapping[LineKey, Sequence[Remark]]:
        """What speaks against keeping the unit cost of lines observed before: the catalog may overwrite it."""
        with understood("ConnectWise"):
            return {line: (remark,) for line, remark in self._reader.catalog_remarks(lines).items()}

    def call_for(self, draft: Draft) -> Call:
        """One PATCH of the addition with the absolute figures, in ConnectWise's own dialect of JSON Patch."""
        return patch_of(draft.observed.line, draft.quantity, draft.unit_cost)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def budget_left(self) -> int | None:
        """Requests left in the current minute."""
        return self._client.budget_left()

    def reread(self, changes: Sequence[Change]) -> Mapping[str, State]:
        """One GET an addition.

        Raises BadAnswer for a first change whose call would do anything else than it says.
        """
        if not _says_what_it_does(changes[0]):
            raise BadAnswer("the plan's call is not the one that its figures ask for", hint="make the plan again")
        with understood("ConnectWise"):
            return self._reader.states([change for change in changes if _says_what_it_does(change)])

    def write(self, call: Call) -> None:
        """PATCH once. A 200 may have changed nothing: only reading back tells."""
        self._client.patch(call.path, call.body, self._write_timeout)

    def clock_ahead(self) -> float | None:
        """Seconds the tenant's clock is ahead of ours."""
        return self._client.clock_ahead()

    def checkups(self, _now: datetime) -> Sequence[Checkup]:
        """Whether the API member may read what psarecon needs."""
        return checkups(self._client)

    def attempt(self, call: Call) -> Any:
        """As ``write``; answers the answer's data."""
        return self._client.patch(call.path, call.body, self._write_timeout)

    def candidates(self, words: str) -> Sequence[LineKey]:
        """The additions of agreements whose name contains ``words``. Raises RemoteError."""
        with understood("ConnectWise"):
            return probing.candidates(self._client, self._name, words)

    def probing(self, line: LineKey, day: date, inactive: LineKey | None = None) -> probing.ConnectWiseProbing:
        """The experiments on an addition. Raises RemoteError, InvalidInput: not there, or of no use."""
        if inactive is not None:
            raise UsageError("--inactive-line is for Autotask", hint="leave it out")
        return probing.ConnectWiseProbing.of(self._client, self.observe, line, day)

    def diagnose(self, change: Change, state: State | None, texts: Sequence[str]) -> Diagnosis | None:  # noqa: ARG002  # the port's
        """Nothing that a setting could put right."""
        return None


def _says_what_it_does(change: Change) -> bool:
    """Whether the call of a plan, which anybody could have written, is that of the line and figures it shows."""
    if not (change.line.contract.isdecimal() and change.line.id.isdecimal()):
        return False
    if change.quantity is None and change.unit_cost is None:
        return change.call == unknown_path(change.line)
    return change.call == patch_of(change.line, change.quantity, change.unit_cost)


def build(settings: AdapterSettings, resolver: Resolver) -> ConnectWise:
    """The adapter from its block in the settings. Raises SecretMissing."""
    credentials = Credentials(
        public_key=settings.secret("public_key", resolver),
        private_key=settings.secret("private_key", resolver),
        client_id=settings.secret("client_id", resolver),
    )
    ways = Ways(
        at_once=settings.options.get("threads", 8),
        per_minute=settings.options.get("requests_per_minute", PER_MINUTE),
        version=settings.text("api_version", VERSION),
    )
    url = settings.url("url", "", resolver)
    client = ConnectWiseClient(settings.name, url, settings.text("company"), credentials, ways)
    reader = Reader(
        client,
        invoices=Invoices(in_arrears=settings.text("invoices", "in-advance") == "in-arrears"),
        own_tags=frozenset(tag.lower() for tag in settings.options.get("own_tags", ["psarecon"])),
    )
    return ConnectWise(settings.name, client, reader, settings.duration("write_timeout", "120s").total_seconds())
