"""Twelve clients in the sandbox: two PSAs, two sources, contracts from a 1st and from a 15th.

Nothing here knows what psarecon makes of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from harness import Rehearsal

from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

FIRST, NIGHTS = date(2026, 11, 16), 30
DAYS = [FIRST + timedelta(days=number) for number in range(NIGHTS)]
JUMPCLOUD, LASTPASS = "jumpcloud-platform", "lastpass-business"
_SOURCE = {JUMPCLOUD: "jumpcloud", LASTPASS: "lastpass"}
#: By product: what it is called in Autotask and in ConnectWise, and what one unit costs and brings there at first.
_CATALOGUE = {
    JUMPCLOUD: ("JumpCloud Platform", "JC-PLATFORM", "9.00", "15.00"),
    LASTPASS: ("LastPass Business", "LASTPASS-BUS", "4.25", "7.00"),
}


@dataclass(frozen=True)
class Firm:
    """One client: its PSA, the day its periods begin, and by product the users it has and the units it is billed.

    ``terms`` are more keys of its mapped lines; ``old_cost`` is what its lines cost in the PSA at first, where that is
    another figure than the product's. ``late``: it is mapped in the course of the month.
    """

    name: str
    psa: str
    first: int
    users: Mapping[str, tuple[int, int]]
    terms: Mapping[str, Any] = field(default_factory=dict)
    old_cost: str = ""
    late: bool = False


FIRMS = (
    Firm("Aster Dental", "autotask", 1, {JUMPCLOUD: (18, 15)}),
    Firm("Birch Legal", "autotask", 1, {JUMPCLOUD: (24, 24)}, {"non_billable": 2}),
    Firm("Cedar Clinic", "autotask", 15, {JUMPCLOUD: (30, 28)}),
    Firm("Dune Travel", "autotask", 15, {LASTPASS: (22, 22)}),
    Firm("Elm Foundry", "autotask", 1, {JUMPCLOUD: (40, 41), LASTPASS: (36, 30)}, old_cost="8.00"),
    Firm("Fjord Foods", "connectwise", 1, {JUMPCLOUD: (26, 20)}),
    Firm("Gale Marine", "connectwise", 15, {LASTPASS: (31, 31)}),
    Firm("Heron Hotels", "autotask", 15, {JUMPCLOUD: (15, 15)}, {"unit_cost": "8.25"}),
    Firm("Iris Media", "connectwise", 1, {JUMPCLOUD: (23, 20), LASTPASS: (17, 20)}, {"multiple_of": 5}),
    Firm("Juniper Labs", "autotask", 15, {LASTPASS: (12, 9)}, late=True),
    Firm("Kestrel Air", "connectwise", 15, {JUMPCLOUD: (28, 31)}, late=True),
    Firm("Larch & Co", "autotask", 1, {JUMPCLOUD: (34, 30)}, {"committed": 10}, late=True),
)


@dataclass(frozen=True)
class Line:
    """One billed line: where it is, whose it is, the users' organization, and its figures at first."""

    id: str
    psa: str
    company: str
    contract: str
    client: str
    product: str
    organization: str
    first: int
    units: int
    cost: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What lines are put in order by."""
        return self.psa, self.company, self.contract, self.id


@dataclass
class Office:
    """The sandbox and its lines by id. ``config`` is a whole config directory, of all clients."""

    place: Rehearsal
    lines: dict[str, Line]

    @property
    def config(self) -> Path:
        """Settings and mapping of everybody, also of those that are mapped later."""
        return self.place.directory

    def line(self, client: str, product: str) -> Line:
        """A client's line."""
        return next(one for one in self.lines.values() if (one.client, one.product) == (client, product))

    def truth(self) -> dict[str, dict[str, Any]]:
        """What the sandbox says is true of each line."""
        return {one["id"]: one for one in self.place.control("GET", "world")["lines"]}

    def dawn(self, day: date, users: Mapping[str, int]) -> None:
        """A day begins, with so many users in each organization."""
        self.place.today(day.isoformat())
        for organization, count in users.items():
            self.place.users(count, organization)


@contextmanager
def office(directory: Path) -> Iterator[Office]:
    """The sandbox with all clients, served."""
    with building(directory, today=FIRST) as builder:
        made = _Made(builder)
        lines = [line for firm in FIRMS for line in made.firm(firm)]
        write_config(directory, builder.world, builder.clients)
        environ = environment(builder.world)
    with running(directory) as url:
        place = Rehearsal(directory, url, {**environ, "SANDBOX_URL": url})
        yield Office(place, {line.id: line for line in lines})


class _Made:
    """Makes clients in a world."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._services = {name: builder.add_service(one[0]) for name, one in _CATALOGUE.items()}
        self._products = {name: builder.add_product(one[1]) for name, one in _CATALOGUE.items()}

    def firm(self, firm: Firm) -> list[Line]:
        company, contract = self._contract(firm)
        lines = [self._line(firm, product, company, contract) for product in firm.users]
        mapped = [MappedLine(line.product, contract, int(line.id), firm.terms) for line in lines]
        organizations = {_SOURCE[line.product]: line.organization for line in lines}
        self._builder.map_client(firm.name, organizations, company, mapped, psa=firm.psa)
        return lines

    def _contract(self, firm: Firm) -> tuple[int, int]:
        start = date(2025, 1, firm.first)
        if firm.psa == "autotask":
            company = self._builder.add_company(firm.name)
            return company, self._builder.add_contract(company, start=start)
        company = self._builder.add_cw_company(firm.name)
        return company, self._builder.add_agreement(company, start=start)

    def _line(self, firm: Firm, product: str, company: int, contract: int) -> Line:
        users, units = firm.users[product]
        cost, price = firm.old_cost or _CATALOGUE[product][2], _CATALOGUE[product][3]
        if firm.psa == "autotask":
            service = self._services[product]
            line = self._builder.add_line(contract, service, units=units, unit_cost=cost, unit_price=price)
        else:
            line = self._builder.add_addition(
                contract, self._products[product], quantity=units, unit_cost=cost, unit_price=price
            )
        return Line(str(line), firm.psa, str(company), str(contract), firm.name, product,
                    self._organization(firm.name, product, users), firm.first, units, cost)  # fmt: skip

    def _organization(self, name: str, product: str, users: int) -> str:
        if product == JUMPCLOUD:
            return self._builder.add_organization(name, users=users)
        return self._builder.add_lastpass_company(name, users=users)


def walk(seed: int, lines: Mapping[str, Line]) -> dict[date, dict[str, int]]:
    """By day: the users of each organization, of whom a few join and leave by chance.

    Three things are no chance: Larch & Co loses ten late in November, Dune Travel wins nine before its period turns,
    and nobody leaves Juniper Labs before 8 December.
    """
    chance = random.Random(seed)
    users = {line.organization: _at_first(line) for line in lines.values()}
    bursts = {(date(2026, 11, 27), "Larch & Co"): -10, (date(2026, 12, 14), "Dune Travel"): 9}
    calm = {("Juniper Labs", day): -2 * (day == date(2026, 12, 8)) for day in DAYS if day <= date(2026, 12, 8)}
    found: dict[date, dict[str, int]] = {}
    for day in DAYS:
        for line in lines.values():
            step = chance.choice((-2, -1, -1, 0, 0, 0, 1, 1, 2)) + bursts.get((day, line.client), 0)
            step = calm.get((line.client, day), step)
            users[line.organization] = max(3, users[line.organization] + step)
        found[day] = dict(users)
    return found


def _at_first(line: Line) -> int:
    return next(firm.users[line.product][0] for firm in FIRMS if firm.name == line.client)
