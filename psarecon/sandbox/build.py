"""Building a world by hand: what tests and rehearsals need of companies, contracts, lines and organizations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from psarecon.sandbox import money
from psarecon.sandbox.autotask.periods import add_months
from psarecon.sandbox.autotask.postings import post
from psarecon.sandbox.connectwise import build as connectwise
from psarecon.sandbox.jumpcloud.build import JumpCloudBuilder
from psarecon.sandbox.lastpass import build as lastpass
from psarecon.sandbox.world import World

MONTHLY = 2
ACTIVE = 1
RECURRING = 7
_FIRST = {"companies": 174, "services": 301, "contracts": 29_683_353, "contract_services": 8001}


@dataclass(frozen=True)
class MappedLine:
    """One line of a mapping; `extra` are more keys of it, such as {"minimum": 10}.

    `contract` and `line` are the ids of a contract and its service in Autotask, of an agreement and its addition in
    ConnectWise.
    """

    product: str
    contract: int
    line: int
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MappedClient:
    """One client of a mapping: its name, organization ids by source, company and lines."""

    name: str
    organizations: Mapping[str, str]
    company: int
    lines: Sequence[MappedLine]
    extra: Mapping[str, Any] = field(default_factory=dict)
    psa: str = "autotask"


class Builder(JumpCloudBuilder, connectwise.ConnectWiseBuilder, lastpass.LastPassBuilder):
    """Adds things to a world; every method gives the id of what it made. Money is text such as "9.00"."""

    first: ClassVar = {**_FIRST, **connectwise.FIRST, **lastpass.FIRST}

    def __init__(self, world: World) -> None:
        """Build in an open world."""
        super().__init__(world)
        self.clients: list[MappedClient] = []

    def add_company(
        self,
        name: str,
        *,
        id: int | None = None,  # noqa: A002  # as the vendor names them
        type: int = 1,  # noqa: A002  # as above
        active: bool = True,
        number: str | None = None,
        web: str | None = None,
    ) -> int:
        """A company; 1 = customer. The id 0 is allowed: it is the provider's own company."""
        return self.insert("companies", id, name=name, type=type, active=active, number=number, web=web)

    def add_service(
        self, name: str, *, unit_cost: str = "9.00", unit_price: str = "15.00", id: int | None = None  # noqa: A002  # as above
    ) -> int:  # fmt: skip
        """A service of the catalogue."""
        return self.insert("services", id, name=name, description=name, unit_cost=money.parse(unit_cost),
                            unit_price=money.parse(unit_price), period_type=MONTHLY, active=True, sku=None)  # fmt: skip

    def add_contract(  # noqa: PLR0913  # one keyword for each field of a contract
        self,
        company: int,
        *,
        name: str = "Managed services",
        start: date | None = None,
        end: date | None = None,
        period_type: int | None = MONTHLY,
        status: int = ACTIVE,
        type: int = RECURRING,  # noqa: A002  # as above
        posted_before: date | None = None,
        id: int | None = None,  # noqa: A002  # as above
    ) -> int:
        """A contract; without dates it runs from a 1st of the month two years ago to two years ahead.

        `posted_before`: periods that start on or before this day are approved and posted.
        """
        first = self.world.today.replace(day=1)
        return self.insert(
            "contracts", id, company_id=company, name=name, number=None, type=type, period_type=period_type,
            status=status, start=(start or add_months(first, -24)).isoformat(),
            end=(end or date.fromordinal(add_months(first, 24).toordinal() - 1)).isoformat(),
            posted_before=posted_before and posted_before.isoformat(),
        )  # fmt: skip

    def add_line(
        self,
        contract: int,
        service: int,
        *,
        units: int,
        unit_cost: str = "9.00",
        unit_price: str = "15.00",
        id: int | None = None,  # noqa: A002  # as above
    ) -> int:
        """A service on a contract, with these units from the contract's first day."""
        return self.insert(
            "contract_services", id, contract_id=contract, service_id=service, first_day=None, units=units,
            unit_cost=money.parse(unit_cost), unit_price=money.parse(unit_price),
        )  # fmt: skip

    def add_adjustment(self, line: int, effective: date, *, unit_change: int = 0, unit_cost: str | None = None) -> int:
        """A change that somebody made to a line, with its date; it is not counted as a write through the API."""
        return self.insert(
            "adjustments", None, line_id=line, effective=effective.isoformat(), unit_change=unit_change,
            unit_cost=None if unit_cost is None else money.parse(unit_cost), unit_price=None, origin="somebody",
        )  # fmt: skip

    def post(self, contract: int, through: date) -> None:
        """Approve and post every period of a contract that starts on or before a day."""
        post(self.world, contract, through.isoformat())

    def map_client(
        self,
        name: str,
        organization: str | Mapping[str, str],
        company: int,
        lines: Sequence[MappedLine],
        *,
        psa: str = "autotask",
        **extra: Any,
    ) -> MappedClient:
        """Note a client for `write_config`: its organization ids by source (a text alone is JumpCloud's), its PSA."""
        organizations = {"jumpcloud": organization} if isinstance(organization, str) else dict(organization)
        client = MappedClient(name, organizations, company, tuple(lines), extra, psa)
        self.clients.append(client)
        return client


@contextmanager
def building(directory: Path, *, today: date, seed: int = 1) -> Iterator[Builder]:
    """Make an empty world in a directory and yield its builder; the world is kept and closed when the block ends.

    Raises `FileExistsError` when the directory already holds a world.
    """
    with World.create(directory, today=today, seed=seed) as world, world.change():
        yield Builder(world)
