"""Building a world by hand: what tests and rehearsals need of companies, contracts, lines and organizations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from psarecon.sandbox import money
from psarecon.sandbox.autotask.periods import add_months
from psarecon.sandbox.edits import post
from psarecon.sandbox.world import World

MONTHLY = 2
ACTIVE = 1
RECURRING = 7
_FIRST = {"companies": 174, "services": 301, "contracts": 29_683_353, "contract_services": 8001}


@dataclass(frozen=True)
class MappedLine:
    """One line of a mapping; `extra` are more keys of it, such as {"minimum": 10}."""

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


class Builder:
    """Adds things to a world; every method gives the id of what it made. Money is text such as "9.00"."""

    def __init__(self, world: World) -> None:
        """Build in an open world."""
        self.world = world
        self.clients: list[MappedClient] = []

    def add_company(self, name: str, *, id: int | None = None, type: int = 1, active: bool = True) -> int:  # noqa: A002  # as the vendor names them
        """A company; 1 = customer. The id 0 is allowed: it is the provider's own company."""
        return self._insert("companies", id, name=name, type=type, active=active)

    def add_service(
        self, name: str, *, unit_cost: str = "9.00", unit_price: str = "15.00", id: int | None = None  # noqa: A002  # as above
    ) -> int:  # fmt: skip
        """A service of the catalogue."""
        return self._insert("services", id, name=name, description=name, unit_cost=money.parse(unit_cost),
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
        return self._insert(
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
        return self._insert(
            "contract_services", id, contract_id=contract, service_id=service, first_day=None, units=units,
            unit_cost=money.parse(unit_cost), unit_price=money.parse(unit_price),
        )  # fmt: skip

    def add_adjustment(self, line: int, effective: date, *, unit_change: int = 0, unit_cost: str | None = None) -> int:
        """A change that somebody made to a line, with its date; it is not counted as a write through the API."""
        return self._insert(
            "adjustments", None, line_id=line, effective=effective.isoformat(), unit_change=unit_change,
            unit_cost=None if unit_cost is None else money.parse(unit_cost), unit_price=None, origin="somebody",
        )  # fmt: skip

    def add_organization(
        self, name: str, *, users: int, suspended: int = 0, last_month: int | None = None, id: str | None = None  # noqa: A002  # as above
    ) -> str:  # fmt: skip
        """An organization; `users` counts the suspended ones too, `last_month` is last month's highest count."""
        position = self._next("organizations", "position")
        key = f"{0x624D9EAE6849CF3B3F930000 + position:024x}" if id is None else id
        mark = users if last_month is None else last_month
        self.world.db.execute(
            "INSERT INTO organizations VALUES (?, ?, ?, ?, ?, ?, ?)",
            (position, key, name, users, suspended, users, mark),
        )
        return key

    def post(self, contract: int, through: date) -> None:
        """Approve and post every period of a contract that starts on or before a day."""
        post(self.world, contract, through.isoformat())

    def map_client(
        self, name: str, organization: str, company: int, lines: Sequence[MappedLine], **extra: Any
    ) -> MappedClient:
        """Note a client for `write_config`; its only source is jumpcloud."""
        client = MappedClient(name, {"jumpcloud": organization}, company, tuple(lines), extra)
        self.clients.append(client)
        return client

    def _insert(self, table: str, id: int | None, **columns: Any) -> int:  # noqa: A002  # as above
        given = {} if id is None and table not in _FIRST else {"id": self._next(table) if id is None else id}
        columns = {**given, **columns}
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  # only our own names are put in
        return int(self.world.db.execute(sql, tuple(columns.values())).lastrowid or 0)

    def _next(self, table: str, column: str = "id") -> int:
        highest = self.world.one(f"SELECT max({column}) FROM {table}")  # noqa: S608  # only our own names are put in
        known = highest[0] if highest and highest[0] is not None else 0
        return max(_FIRST.get(table, 1), int(known) + 1)


@contextmanager
def building(directory: Path, *, today: date, seed: int = 1) -> Iterator[Builder]:
    """Make an empty world in a directory and yield its builder; the world is kept and closed when the block ends.

    Raises `FileExistsError` when the directory already holds a world.
    """
    with World.create(directory, today=today, seed=seed) as world, world.change():
        yield Builder(world)
