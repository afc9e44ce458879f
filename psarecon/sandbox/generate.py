"""The default world: an MSP and its clients, seeded, with work for a first plan and nothing wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

from psarecon.sandbox import dice, money, names
from psarecon.sandbox.autotask.periods import add_months, index_at, period
from psarecon.sandbox.build import Builder, MappedClient, MappedLine, building
from psarecon.sandbox.config import write_config
from psarecon.sandbox.world import World

_USERS = ((3, 12), (10, 30), (20, 25), (35, 18), (60, 9), (120, 4), (250, 2))
_CONTRACTS = ("Managed services", "Managed Services Agreement", "IT support (all-in)", "Cloud & Security", "Seats")
_OTHERS = (("Managed Endpoint", "22.00", "45.00"), ("Backup per seat", "3.50", "8.00"), ("Mail filter", "1.25", "3.00"))
PRODUCT = "jumpcloud-platform"
SERVICE = "JumpCloud Platform"
SETTINGS = "psarecon.yaml"


def init(directory: Path, *, clients: int = 12, seed: int = 1, today: date) -> None:
    """Write a world and the config repository that maps it into a directory.

    Raises `FileExistsError` when the directory already holds settings or a world, and `ValueError` for more clients
    than there are names.
    """
    if (directory / SETTINGS).exists():
        raise FileExistsError(f"{directory / SETTINGS} exists already")
    if not 0 <= clients <= names.COUNT:
        raise ValueError(f"clients must be from 0 to {names.COUNT}")
    with building(directory, today=today, seed=seed) as builder:
        _populate(builder, clients, seed)
    with World.open(directory) as world:
        write_config(directory, world, builder.clients)


class _Client(NamedTuple):
    """What chance says about one client."""

    number: int
    base: int
    name: str
    users: int
    start: date
    end: date
    units: int
    unit_cost: int
    unit_price: int


def _populate(builder: Builder, clients: int, seed: int) -> None:
    """The provider's own company, the catalogue, the clients, and what is not mapped."""
    builder.add_company("Sandbox MSP", id=0)
    builder.add_service(SERVICE, id=301)
    others = [builder.add_service(title, unit_cost=cost, unit_price=price) for title, cost, price in _OTHERS]
    ids = _Ids(seed)
    for number in range(clients):
        _add(builder, _client(seed, number, builder.world.today), ids, others)
    _strangers(builder, seed, clients, ids)


class _Ids:
    """Ids that grow by chance, as in systems that others use too."""

    def __init__(self, seed: int) -> None:
        self._base = dice.start("ids", seed)
        self._last = {"company": 173, "contract": 29_683_352, "line": 8000}

    def next(self, kind: str) -> int:
        step = 1 + dice.roll(self._base, f"{kind}{self._last[kind]}", 4)
        self._last[kind] += 1 if self._last[kind] in {173, 29_683_352, 8000} else step
        return self._last[kind]


def _client(seed: int, number: int, today: date) -> _Client:
    base = dice.start(seed, "client", number)
    users = _users(base)
    start = _start(base, today)
    end = date.fromordinal(add_months(start, 12 * (_age(base) + 1 + dice.roll(base, "ahead", 3))).toordinal() - 1)
    cost = 90_000 if dice.roll(base, "cost", 100) >= 8 else 80_000 + 2_500 * dice.roll(base, "which cost", 4)
    price = 120_000 + 5_000 * dice.roll(base, "price", 17)
    units = _units(base, users, first_of_month=start.day == 1)
    return _Client(number, base, names.name(seed, number), users, start, end, units, cost, price)


def _users(base: int) -> int:
    """From 3 to 400, mostly from 10 to 60."""
    low = dice.pick(base, "size", _USERS)
    return low + dice.roll(base, "users", {3: 7, 10: 10, 20: 15, 35: 26, 60: 60, 120: 130, 250: 151}[low])


def _age(base: int) -> int:
    """Years since the contract began."""
    return 1 + dice.roll(base, "age", 4)


def _start(base: int, today: date) -> date:
    """One to four years ago, on a 1st; for about 15 % on another day."""
    first = add_months(today.replace(day=1), -12 * _age(base) + dice.roll(base, "month", 11))
    odd = dice.roll(base, "odd day", 100) < 15
    return first.replace(day=2 + dice.roll(base, "day", 27)) if odd else first


def _units(base: int, users: int, *, first_of_month: bool) -> int:
    """What the PSA bills: for 70 % what the source counts, else mostly one to six fewer.

    More than the source counts only by less than 15 % and less than five units, and only where periods are months.
    """
    if dice.roll(base, "differs", 100) >= 30:
        return users
    above = min(4, users * 15 // 100)
    if first_of_month and above and dice.roll(base, "above", 4) == 0:
        return users + 1 + dice.roll(base, "how far above", above)
    return max(1, users - 1 - dice.roll(base, "how far below", 6))


def _add(builder: Builder, client: _Client, ids: _Ids, others: list[int]) -> None:
    """One client in all systems, and in the mapping."""
    key = _organization_id(client)
    last_month = max(1, client.users - 2 + dice.roll(client.base, "last month", 5))
    builder.add_organization(client.name, users=client.users, suspended=dice.roll(client.base, "suspended", 3),
                             last_month=last_month, id=key)  # fmt: skip
    company = builder.add_company(client.name, id=ids.next("company"))
    contract = _contract(builder, client, company, ids)
    line = builder.add_line(contract, 301, units=client.units, unit_cost=_text(client.unit_cost),
                            unit_price=_text(client.unit_price), id=ids.next("line"))  # fmt: skip
    _past(builder, client, line)
    if dice.roll(client.base, "second service", 100) < 35:
        other = dice.roll(client.base, "which service", len(others))
        builder.add_line(contract, others[other], units=client.users, unit_cost=_OTHERS[other][1],
                         unit_price=_OTHERS[other][2], id=ids.next("line"))  # fmt: skip
    mapped = MappedLine(PRODUCT, contract, line)
    builder.clients.append(MappedClient(client.name, {"jumpcloud": key}, company, (mapped,)))


def _contract(builder: Builder, client: _Client, company: int, ids: _Ids) -> int:
    """The client's contract; all periods before the running one are approved and posted."""
    today = builder.world.today.isoformat()
    running = period(client.start.isoformat(), 1, index_at(client.start.isoformat(), 1, today))
    title = _CONTRACTS[dice.roll(client.base, "contract", len(_CONTRACTS))]
    day_before = date.fromordinal(date.fromisoformat(running.start).toordinal() - 1)
    return builder.add_contract(company, name=title, start=client.start, end=client.end, posted_before=day_before,
                                id=ids.next("contract"))  # fmt: skip


def _past(builder: Builder, client: _Client, line: int) -> None:
    """For some lines a change in the past: the units grew (or shrank) to today's at the start of a period."""
    if dice.roll(client.base, "past", 5):
        return
    start = client.start.isoformat()
    running = index_at(start, 1, builder.world.today.isoformat())
    begins = date.fromisoformat(period(start, 1, max(1, running - dice.roll(client.base, "when", 6) - 1)).start)
    change = dice.roll(client.base, "grew", 4)
    if change and client.units > change and begins.isoformat() < period(start, 1, running).start:
        builder.world.db.execute("UPDATE contract_services SET units = units - ? WHERE id = ?", (change, line))
        builder.add_adjustment(line, begins, unit_change=change)


def _strangers(builder: Builder, seed: int, clients: int, ids: _Ids) -> None:
    """Companies, contracts and organizations that are in no mapping: about one to ten clients, at least one."""
    for number in range(clients, min(names.COUNT, clients + max(1, clients // 10))):
        client = _client(seed, number, builder.world.today)
        company = builder.add_company(client.name, id=ids.next("company"))
        if dice.roll(client.base, "stranger", 2):
            _contract(builder, client, company, ids)
        else:
            builder.add_organization(client.name, users=client.users, id=_organization_id(client))


def _organization_id(client: _Client) -> str:
    """24 hexadecimal digits; the client's number among them keeps them different."""
    parts = [dice.roll(client.base, f"id{part}", 1 << 32) for part in range(2)]
    return f"{parts[0]:08x}{client.number:08x}{parts[1]:08x}"


def _text(amount: int) -> str:
    return money.show(amount)
