"""What a source and a PSA must be able to do. Adapters implement these; services know nothing else of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from psarecon.domain.directory import Company, Mapped, Offer, Organization
from psarecon.domain.model import Call, Claim, LineKey, Observed, Reading, Remark
from psarecon.domain.periods import SameDate, Slot
from psarecon.domain.plan import Change, Pair
from psarecon.records import record


@record
class Draft:
    """A change before it has its call: what an adapter needs to know to write the literal request."""

    line: LineKey
    slot: Slot
    quantity: Pair | None
    unit_cost: Pair | None
    observed: Observed


@dataclass(frozen=True, slots=True)
class State:
    """A line as it stands on the day a change is measured; ``unit_cost`` None: not read, or hidden."""

    quantity: Decimal
    unit_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a write did not leave what was expected: a code the ledger remembers, and words for a person.

    ``lifted_by`` names the setting and value that, once set, lets plans touch the line again.
    """

    code: str
    text: str
    lifted_by: str = ""


class Source(Protocol):
    """A place that knows usage."""

    def read(self, organizations: Collection[str], now: datetime) -> Iterable[Reading]:
        """A reading of every organization the source lists and of each one asked for, good or failed.

        A failed reading whose metric is empty stands for every metric the mapping bills of the organization.
        ``now`` stamps the readings, unless the source's own rows carry their day. Raises
        RemoteError when nothing at all could be read.
        """
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class Claimant(Source, Protocol):
    """A source that can tell which PSA lines its vendor's own integration keeps: a second writer."""

    def claims(self) -> Iterable[Claim]:
        """Every line the vendor's integration maps. Raises RemoteError, Refused where the key may not ask."""
        ...


@runtime_checkable
class ListsOrganizations(Protocol):
    """A source that can list its organizations without counting their users."""

    def organizations(self) -> Sequence[Organization]:
        """Every one there is, so that one which is absent is gone; ``users`` None. Raises RemoteError."""
        ...


@runtime_checkable
class KnowsDomains(Protocol):
    """A source that can tell which domains the addresses of an organization's users are of."""

    def domains(self, organizations: Collection[str]) -> Mapping[str, Sequence[str]]:
        """By organization, in lower case, the most frequent first; those that could not be asked are absent.

        Raises RemoteError when nobody could be asked.
        """
        ...


@runtime_checkable
class KeepsMappings(Protocol):
    """A source whose vendor keeps a mapping of its own to lines of a PSA."""

    def mapped(self) -> Sequence[Mapped]:
        """Every mapping, those for tickets only too. Raises RemoteError, Refused where the key may not ask."""
        ...


@runtime_checkable
class Directory(Protocol):
    """A PSA that can list what there is to map. Reads only."""

    def companies(self) -> Sequence[Company]:
        """Every company the credentials may see, in order of id. Raises RemoteError."""
        ...

    def offers(self, companies: Collection[str], day: date) -> Sequence[Offer]:
        """The lines of these companies' active recurring contracts that bill on ``day`` or begin later, in order of
        company, contract and line, in as few requests as possible. Raises RemoteError."""
        ...


class PsaReader(Protocol):
    """The reading half of a PSA: enough for plan and drift."""

    @property
    def tenant(self) -> str:
        """Which tenant the credentials lead to; a plan is only applied to the tenant it was made for."""
        ...

    @property
    def same_date(self) -> SameDate:
        """What the tenant does with a second dated change on one date; ADDS where changes carry no date."""
        ...

    @property
    def allow_proration(self) -> bool:
        """Whether a change may be dated inside a period where its first day is taken."""
        ...

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        """The state of each line on ``day``; lines the PSA does not show are absent.

        ``following`` also reads the periods around the current one. Raises RemoteError.
        """
        ...

    def call_for(self, draft: Draft) -> Call:
        """The literal request that carries the draft out."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


@runtime_checkable
class KnowsCosts(Protocol):
    """A PSA that has something to say about lines whose unit cost is kept, at the price of a request more."""

    def cost_remarks(self, lines: Sequence[LineKey]) -> Mapping[LineKey, Sequence[Remark]]:
        """What speaks against keeping the cost of these lines, all observed before. Raises RemoteError."""
        ...


@runtime_checkable
class KnowsBudget(Protocol):
    """A PSA that counts its calls against what the vendor allows."""

    def budget_left(self) -> int | None:
        """Calls psarecon still allows itself in the vendor's current window; None while unknown. Asks nobody, may be
        called from any thread."""
        ...


class Psa(PsaReader, Protocol):
    """A PSA that can be written to; only ``apply`` asks for one."""

    @property
    def write_seconds(self) -> float:
        """The longest a write may be on its way, from sending to giving up."""
        ...

    def reread(self, changes: Sequence[Change]) -> Mapping[str, State]:
        """The state now of each change's line on the day it is measured, by change id, in as few calls as possible.

        A line that is gone is absent. Raises RemoteError.
        """
        ...

    def write(self, call: Call) -> None:
        """Send the call once. Raises Unreachable (never arrived), Refused (clear refusal), Throttled (may be sent
        again), Uncertain (may have been carried out)."""
        ...

    def diagnose(self, change: Change, state: State | None, texts: Sequence[str]) -> Diagnosis | None:
        """What a state that is neither before nor after, or the server's ``texts`` of refusal, say about the tenant."""
        ...
