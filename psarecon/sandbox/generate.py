"""The default world: an MSP and its clients, seeded, with work for a first plan and nothing wrong."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import ClassVar

from psarecon.sandbox import chance, dice, money, names
from psarecon.sandbox.autotask.periods import add_months, index_at, period
from psarecon.sandbox.build import Builder, MappedClient, MappedLine, building
from psarecon.sandbox.chance import SYSTEMS, Client, Seats
from psarecon.sandbox.config import SETTINGS, write_config, write_environment
from psarecon.sandbox.world import World

CLIENTS = 12
_CONTRACTS = ("Managed services", "Managed Services Agreement", "IT support (all-in)", "Cloud & Security", "Seats")
_OTHERS = (("Managed Endpoint", "22.00", "45.00"), ("Backup per seat", "3.50", "8.00"), ("Mail filter", "1.25", "3.00"))
PRODUCTS = {"jumpcloud": "jumpcloud-platform", "lastpass": "lastpass-business"}
_SERVICES = {"jumpcloud": ("JumpCloud Platform", "9.00", "15.00"), "lastpass": ("LastPass Business", "4.25", "7.00")}
_IDENTIFIERS = {"jumpcloud": "JC-PLATFORM", "lastpass": "LASTPASS-BUS"}


def init(
    directory: Path,
    *,
    clients: int = CLIENTS,
    seed: int = 1,
    today: date,
    systems: Iterable[str] = SYSTEMS,
    world_only: bool = False,
) -> None:
    """Write a world and the config repository that maps it into a directory.

    `systems`: which of autotask, connectwise, jumpcloud and lastpass there are; at least one PSA and one source.
    `world_only`: write no settings and no mapping: the directory has its own, made for the same clients and seed.
    Raises `FileExistsError` when the directory already holds settings or a world, and `ValueError` for more clients
    than there are names and for systems that do not do.
    """
    chosen = _checked(systems)
    if not world_only and (directory / SETTINGS).exists():
        raise FileExistsError(f"{directory / SETTINGS} exists already")
    if not 0 <= clients <= names.COUNT:
        raise ValueError(f"clients must be from 0 to {names.COUNT}")
    with building(directory, today=today, seed=seed) as builder:
        Maker(builder, seed, chosen).make(clients)
    with World.open(directory) as world:
        if world_only:
            write_environment(directory, world, builder.clients)
        else:
            write_config(directory, world, builder.clients)


def _checked(systems: Iterable[str]) -> frozenset[str]:
    chosen = frozenset(systems)
    unknown = sorted(chosen - set(SYSTEMS))
    if unknown:
        raise ValueError(f"unknown system {unknown[0]!r}; there are {', '.join(SYSTEMS)}")
    if not chosen & set(chance.PSAS) or not chosen & set(chance.SOURCES):
        raise ValueError("systems must name a PSA (autotask, connectwise) and a source (jumpcloud, lastpass)")
    return chosen


class _Ids:
    """Ids that grow by chance, as in systems that others use too."""

    _first: ClassVar = {
        "company": 173, "contract": 29_683_352, "line": 8000, "cw_company": 250_000, "agreement": 500_870,
        "addition": 3_000_588, "lastpass": 18_272,
    }  # fmt: skip

    def __init__(self, seed: int) -> None:
        self._base = dice.start("ids", seed)
        self._last = dict(self._first)

    def next(self, kind: str) -> int:
        step = 1 + dice.roll(self._base, f"{kind}{self._last[kind]}", 4)
        self._last[kind] += 1 if self._last[kind] == self._first[kind] else step
        return self._last[kind]


class Maker:
    """Makes the provider's own records, the catalogues, the clients, and what is not mapped."""

    psa_types: ClassVar = {"Customer": 1, "Prospect": 3, "Vendor": 7, "Cancelled": 6}

    def __init__(self, builder: Builder, seed: int, systems: frozenset[str]) -> None:
        self._builder, self._seed, self._systems = builder, seed, systems
        self._ids = _Ids(seed)
        self._services: dict[str, int] = {}
        self._products: dict[str, int] = {}
        self._others: dict[str, list[int]] = {}

    def make(self, clients: int) -> None:
        """Everything in the world."""
        self._catalogues()
        for number in range(clients):
            self._add(self._client(number))
        self._strangers(clients)

    def _client(self, number: int) -> Client:
        return chance.client(self._seed, number, self._builder.world.today, self._systems)

    def _catalogues(self) -> None:
        builder = self._builder
        sources = [source for source in chance.SOURCES if source in self._systems]
        if "autotask" in self._systems:
            builder.add_company("Sandbox MSP", id=0, web="https://www.sandboxmsp.example")
            if "jumpcloud" in sources:
                self._services["jumpcloud"] = builder.add_service(_SERVICES["jumpcloud"][0], id=301)
            self._others["autotask"] = [builder.add_service(title, unit_cost=cost, unit_price=price)
                                        for title, cost, price in _OTHERS]  # fmt: skip
            if "lastpass" in sources:
                title, cost, price = _SERVICES["lastpass"]
                self._services["lastpass"] = builder.add_service(title, unit_cost=cost, unit_price=price)
        if "connectwise" in self._systems:
            for source in sources:
                title, cost, price = _SERVICES[source]
                self._products[source] = builder.add_product(_IDENTIFIERS[source], description=title, unit_cost=cost,
                                                             unit_price=price)  # fmt: skip
            self._others["connectwise"] = [
                builder.add_product(title.upper().replace(" ", "-"), description=title, unit_cost=cost,
                                    unit_price=price) for title, cost, price in _OTHERS]  # fmt: skip

    def _add(self, client: Client) -> None:
        """One client in all systems, and in the mapping."""
        organizations = {source: self._organization(client, source) for source in client.seats}
        place = self._in_autotask if client.psa == "autotask" else self._in_connectwise
        company, lines = place(client)
        self._builder.clients.append(MappedClient(client.name, organizations, company, lines, psa=client.psa))

    def _organization(self, client: Client, source: str) -> str:
        users, base = client.seats[source].users, client.base
        if source == "jumpcloud":
            last_month = max(1, users - 2 + dice.roll(base, "last month", 5))
            return self._builder.add_organization(client.name, users=users, suspended=dice.roll(base, "suspended", 3),
                                                  last_month=last_month, domains=client.domains,
                                                  id=organization_id(client))  # fmt: skip
        last_month = max(1, users - 2 + dice.roll(base, "last month of lastpass", 5))
        return self._builder.add_lastpass_company(
            client.name, users=users, disabled=dice.roll(base, "disabled", 4), invited=dice.roll(base, "invited", 3),
            last_month=last_month, domains=client.domains, id=str(self._ids.next("lastpass")))  # fmt: skip

    def _in_autotask(self, client: Client) -> tuple[int, list[MappedLine]]:
        """A company and a contract with the client's lines; LastPass's may be on a contract of its own."""
        company = self._at_company(client)
        contract = self._contract(client, company, client.start)
        lines = []
        for source, seats in client.seats.items():
            own = source == "lastpass" and self._apart(client)
            place = self._contract(client, company, client.start.replace(day=1)) if own else contract
            line = self._service(place, self._services[source], seats)
            if source == "jumpcloud":
                self._past(client, line, seats)
            lines.append(MappedLine(PRODUCTS[source], place, line))
        if dice.roll(client.base, "second service", 100) < 35:
            other = dice.roll(client.base, "which service", len(_OTHERS))
            units = next(iter(client.seats.values())).users
            self._service(contract, self._others["autotask"][other], other_seats(other, units))
        return company, lines

    def _at_company(self, client: Client, kind: str = "Customer") -> int:
        """A company; most have a number that somebody gave them."""
        number = f"C{client.number:05d}" if dice.roll(client.base, "numbered", 100) < 70 else None
        return self._builder.add_company(client.name, id=self._ids.next("company"), type=self.psa_types[kind],
                                         number=number, web=client.web)  # fmt: skip

    def _apart(self, client: Client) -> bool:
        """Whether LastPass has a contract of its own: always where the first one does not begin on a 1st."""
        return client.start.day != 1 or dice.roll(client.base, "lastpass contract", 2) == 1

    def _service(self, contract: int, service: int, seats: Seats) -> int:
        return self._builder.add_line(contract, service, units=seats.units, unit_cost=money.show(seats.unit_cost),
                                      unit_price=money.show(seats.unit_price), id=self._ids.next("line"))  # fmt: skip

    def _contract(self, client: Client, company: int, start: date) -> int:
        """A contract; all periods before the running one are approved and posted."""
        first, today = start.isoformat(), self._builder.world.today.isoformat()
        running = period(first, 1, index_at(first, 1, today))
        title = _CONTRACTS[dice.roll(client.base, "contract", len(_CONTRACTS))]
        day_before = date.fromordinal(date.fromisoformat(running.start).toordinal() - 1)
        return self._builder.add_contract(company, name=title, start=start, end=client.end, posted_before=day_before,
                                          id=self._ids.next("contract"))  # fmt: skip

    def _past(self, client: Client, line: int, seats: Seats) -> None:
        """For some lines a change in the past: the units grew (or shrank) to today's at the start of a period."""
        if dice.roll(client.base, "past", 5):
            return
        start = client.start.isoformat()
        running = index_at(start, 1, self._builder.world.today.isoformat())
        begins = period(start, 1, max(1, running - dice.roll(client.base, "when", 6) - 1)).start
        change = dice.roll(client.base, "grew", 4)
        if change and seats.units > change and begins < period(start, 1, running).start:
            self._builder.world.db.execute(
                "UPDATE contract_services SET units = units - ? WHERE id = ?", (change, line)
            )
            self._builder.add_adjustment(line, date.fromisoformat(begins), unit_change=change)

    def _in_connectwise(self, client: Client) -> tuple[int, list[MappedLine]]:
        """A company and an agreement with the client's additions; some have an old one of the same product."""
        company = self._cw_company(client)
        agreement = self._agreement(client, company)
        lines = []
        for source, seats in client.seats.items():
            if dice.roll(client.base, f"old {source}", 100) < 10:
                ended = self._builder.world.today.replace(day=1)
                self._addition(agreement, self._products[source], seats, cancelled=add_months(ended, -2))
            addition = self._addition(agreement, self._products[source], seats)
            lines.append(MappedLine(PRODUCTS[source], agreement, addition))
        if dice.roll(client.base, "second service", 100) < 35:
            other = dice.roll(client.base, "which service", len(_OTHERS))
            units = next(iter(client.seats.values())).users
            self._addition(agreement, self._others["connectwise"][other], other_seats(other, units))
        return company, lines

    def _cw_company(self, client: Client, kind: str = "Customer") -> int:
        letters = "".join(char for char in client.name if char.isascii() and char.isalnum())
        return self._builder.add_cw_company(client.name, identifier=f"{letters[:18]}{client.number}", type=kind,
                                            website=client.web, id=self._ids.next("cw_company"))  # fmt: skip

    def _agreement(self, client: Client, company: int) -> int:
        """An agreement that is billed by calendar months; all of them before the running one are invoiced."""
        billed = client.start if client.start.day == 1 else add_months(client.start.replace(day=1), 1)
        title = _CONTRACTS[dice.roll(client.base, "contract", len(_CONTRACTS))]
        return self._builder.add_agreement(company, name=title, start=client.start, bill_start=billed, end=client.end,
                                           id=self._ids.next("agreement"))  # fmt: skip

    def _addition(self, agreement: int, product: int, seats: Seats, cancelled: date | None = None) -> int:
        return self._builder.add_addition(
            agreement, product, quantity=seats.units, unit_cost=money.show(seats.unit_cost), cancelled=cancelled,
            unit_price=money.show(seats.unit_price), id=self._ids.next("addition"))  # fmt: skip

    def _strangers(self, clients: int) -> None:
        """What is in no mapping: about one in ten clients, at least one; and a reseller with a client of its own."""
        for number in range(clients, min(names.COUNT, clients + max(1, clients // 10))):
            client = self._client(number)
            if client.psa == "connectwise":
                company, contract = self._cw_company(client), self._agreement
            else:
                company, contract = self._at_company(client), self._plain_contract
            if dice.roll(client.base, "stranger", 2):
                contract(client, company)
            else:
                self._organization_of_a_stranger(client)
        if "lastpass" in self._systems:
            self._reseller()

    def _plain_contract(self, client: Client, company: int) -> int:
        return self._contract(client, company, client.start)

    def _organization_of_a_stranger(self, client: Client) -> None:
        if "jumpcloud" in client.seats:
            users = client.seats["jumpcloud"].users
            self._builder.add_organization(client.name, users=users, domains=client.domains,
                                           id=organization_id(client))  # fmt: skip
        else:
            self._organization(client, "lastpass")

    def _reseller(self) -> None:
        """A managed MSP below the provider, and one company below that: a grandchild, with an add-on."""
        reseller = self._builder.add_lastpass_company("Partner Networks", users=9, type="managed-msp",
                                                      id=str(self._ids.next("lastpass")))  # fmt: skip
        self._builder.add_lastpass_company("Partner Networks: Florist", users=6, addons=("mfa",), parent=reseller,
                                           id=str(self._ids.next("lastpass")))  # fmt: skip


def other_seats(number: int, units: int) -> Seats:
    """An unmapped line: nothing counts it, so it bills what somebody once typed."""
    return Seats(units, units, money.parse(_OTHERS[number][1]), money.parse(_OTHERS[number][2]))


def organization_id(client: Client) -> str:
    """24 hexadecimal digits; the client's number among them keeps them different."""
    parts = [dice.roll(client.base, f"id{part}", 1 << 32) for part in range(2)]
    return f"{parts[0]:08x}{client.number:08x}{parts[1]:08x}"
