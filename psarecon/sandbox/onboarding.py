"""The world of an MSP that begins: clients everywhere, hardly a mapping, and the truth kept beside it.

Of 300 clients, 200 are mapped in JumpCloud's own PSA integrations, 60 can be found by their name or domain, 40 are in
no PSA. The truth says which organization is which company's, and what a matcher may be unsure of.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from psarecon.sandbox import chance, dice, names
from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.chance import Client
from psarecon.sandbox.config import SETTINGS, write_start
from psarecon.sandbox.generate import PRODUCTS, Maker, organization_id, other_seats
from psarecon.sandbox.jumpcloud.build import IntegrationMapping
from psarecon.sandbox.world import World

CLIENTS = 300
_MOST = 5000
_KEY = "onboarding"
_MSP = "Sandbox MSP"
_EAST, _WEST = " East", " West"
# Of 300 clients: how many are of a class, and how many of the mapped ones have a note.
_MATCHED = {"misspelt": 12, "ambiguous": 4, "twin": 3}
_NOTES = {"tickets": 10, "non-billable": 12, "renamed": 8, "line-gone": 1, "organization-gone": 1}
# What becomes of the product's line, by the place among those that are found by name.
_LINES = ("", "two-contracts", "", "two-lines", "", "no-line", "", "")
_STRANGERS = ("Prospect", "Customer", "Vendor", "Prospect", "Customer", "Cancelled")


class _Kind(NamedTuple):
    """What a client is for a matcher: its class, a note on it, and its place among those of its class."""

    name: str
    note: str = ""
    place: int = 0


class _Made(NamedTuple):
    """A company with what it has of a client's products; `others` look like it."""

    company: int
    lines: Sequence[MappedLine]
    others: tuple[int, ...] = ()


def init(directory: Path, *, clients: int = CLIENTS, seed: int = 1, today: date) -> None:
    """Write the world, env.sh and .gitignore into a directory: no settings and no mapping.

    Raises `FileExistsError` when the directory holds settings or a world, `ValueError` for more clients than can
    be told apart.
    """
    if (directory / SETTINGS).exists():
        raise FileExistsError(f"{directory / SETTINGS} exists already")
    if not 0 <= clients <= _MOST:
        raise ValueError(f"clients must be from 0 to {_MOST}")
    with building(directory, today=today, seed=seed) as builder:
        make(builder, clients=clients, seed=seed)
    with World.open(directory) as world:
        write_start(directory, world)


def make(builder: Builder, *, clients: int = CLIENTS, seed: int = 1) -> None:
    """Build it in an empty world."""
    _Onboarding(builder, seed, frozenset(chance.SYSTEMS)).make(clients)


def truth(world: World) -> list[dict[str, Any]]:
    """Every organization with its company and line; raises `ValueError` for a world of another kind."""
    kept = world.get(_KEY)
    if kept is None:
        raise ValueError("this world was not made with --onboarding")
    found: list[dict[str, Any]] = json.loads(kept)
    return found


class _Onboarding(Maker):
    """Makes companies and organizations, and notes what belongs together."""

    def __init__(self, builder: Builder, seed: int, systems: frozenset[str]) -> None:
        super().__init__(builder, seed, systems)
        self._truth: list[dict[str, Any]] = []
        self._mappings: dict[str, list[IntegrationMapping]] = {psa: [] for psa in chance.PSAS}

    def make(self, clients: int) -> None:
        """Everything, in an order that tells nothing."""
        self._catalogues()
        drawn = self._drawn()
        for kind in _kinds(clients, self._seed):
            self._one(next(drawn), kind)
        for number in range(-(-clients // 10)):
            self._stranger(next(drawn), number)
        self._own()
        for psa, mappings in self._mappings.items():
            self._builder.integrate(psa, mappings)
        self._builder.world.set(_KEY, json.dumps(self._truth, ensure_ascii=False))

    def _drawn(self) -> Iterator[Client]:
        """Clients no two of which are called alike but for the end of the name."""
        taken = set[str]()
        for number in range(names.COUNT):
            client = self._client(number)
            if names.stem(client.name) not in taken:
                taken.add(names.stem(client.name))
                yield client

    def _one(self, client: Client, kind: _Kind) -> None:
        client, said = self._shaped(client, kind)
        made = _Made(-1, ()) if kind.name == "none" else self._company(client, kind)
        if kind.note == "organization-gone":
            client = client._replace(seats={"jumpcloud": client.seats["jumpcloud"]})
        for source in client.seats:
            renamed = kind.note == "renamed" and source == "lastpass"
            known = client._replace(name=client.name if renamed else said)
            gone = kind.note == "organization-gone"
            key = organization_id(client) if gone else self._organization(known, source)
            self._truth.append({
                "source": source, "organization": key, "name": known.name, "class": _class(kind, source),
                "note": kind.note if source == "jumpcloud" else "", **_belongs(client, kind, made, source),
            })  # fmt: skip
        if kind.name == "mapped":
            self._map(client, kind, made)

    def _shaped(self, client: Client, kind: _Kind) -> tuple[Client, str]:
        """The client as its PSA knows it, and the name its organizations have."""
        stem, other = names.stem(client.name), names.invented(self._seed, client.number)
        if kind.name == "none":
            return client._replace(domains=(names.domain(other),)), other
        if kind.name == "misspelt":
            shown = client._replace(web=None) if kind.place % 2 else self._at_home(client)
            return shown, names.misspelt(client.name, client.base, kind.place)
        if kind.name == "ambiguous":
            shown = client._replace(web=None) if kind.place % 2 else self._at_home(client)
            return shown._replace(name=f"{stem}{_EAST}"), stem
        if kind.note == "non-billable":
            client = client._replace(psa="autotask")
        return client, other if kind.note == "renamed" else client.name

    @staticmethod
    def _at_home(client: Client) -> Client:
        """The client with a web site and addresses of its own domain."""
        own = names.domain(client.name)
        return client._replace(web=f"https://www.{own}", domains=(own,))

    def _company(self, client: Client, kind: _Kind) -> _Made:
        """The company of a client, and those that look like it."""
        if kind.name == "ambiguous":
            return self._beside(client, f"{client.name.removesuffix(_EAST)}{_WEST}", "Customer")
        if kind.name == "twin":
            return self._beside(client, client.name, "Customer" if kind.place else "Prospect")
        if kind.note == "line-gone":
            ended = self._builder.world.today.replace(day=1) - timedelta(days=1)
            return _Made(*self._place(client._replace(end=ended)))
        return self._with_lines(client, self._variant(client, kind))

    def _beside(self, client: Client, name: str, kind: str) -> _Made:
        """The client's company and another one; that of a prospect has no contract."""
        other = client._replace(number=client.number + names.COUNT, base=dice.start(client.base, "other"), name=name)
        company, lines = self._place(client)
        beside = self._place(other)[0] if kind == "Customer" else self._bare(other, kind)
        return _Made(company, lines, (beside,))

    def _variant(self, client: Client, kind: _Kind) -> str:
        if kind.name == "mapped":
            return "two-contracts" if dice.roll(client.base, "contracts", 100) < 15 else ""
        return _LINES[kind.place % len(_LINES)]

    def _with_lines(self, client: Client, variant: str) -> _Made:
        """A company whose contracts hold the products' lines once, twice or not at all."""
        if variant == "no-line":
            company = self._bare(client, "Customer")
            self._other_contract(client, company)
            return _Made(company, ())
        company, lines = self._place(client)
        if variant == "two-contracts":
            self._other_contract(client, company)
        if variant == "two-lines":
            lines = [*lines, *self._again(client, company)]
        return _Made(company, lines)

    def _place(self, client: Client) -> tuple[int, list[MappedLine]]:
        return self._in_autotask(client) if client.psa == "autotask" else self._in_connectwise(client)

    def _bare(self, client: Client, kind: str) -> int:
        """A company without a contract."""
        return self._at_company(client, kind) if client.psa == "autotask" else self._cw_company(client, kind)

    def _other_contract(self, client: Client, company: int) -> None:
        """An active contract that holds something else."""
        number = dice.roll(client.base, "other contract", len(self._others["autotask"]))
        seats = other_seats(number, client.seats["jumpcloud"].users)
        if client.psa == "autotask":
            self._service(self._plain_contract(client, company), self._others["autotask"][number], seats)
        else:
            self._addition(self._agreement(client, company), self._others["connectwise"][number], seats)

    def _again(self, client: Client, company: int) -> list[MappedLine]:
        """A second contract with the same products."""
        autotask = client.psa == "autotask"
        contract = self._plain_contract(client, company) if autotask else self._agreement(client, company)
        lines = []
        for source, seats in client.seats.items():
            put, sold = (self._service, self._services) if autotask else (self._addition, self._products)
            lines.append(MappedLine(PRODUCTS[source], contract, put(contract, sold[source], seats)))
        return lines

    def _map(self, client: Client, kind: _Kind, made: _Made) -> None:
        """The client's mapping in JumpCloud's own integration."""
        line = None if kind.note == "tickets" else made.lines[0].line
        free = 1 + kind.place % 3 if kind.note == "non-billable" else 0
        mapping = IntegrationMapping(organization_id(client), made.company, line, free)
        self._mappings[client.psa].append(mapping)

    def _stranger(self, client: Client, number: int) -> None:
        """A company that is no client of any source; a customer among them buys something else."""
        kind = _STRANGERS[number % len(_STRANGERS)]
        company = self._bare(client, kind)
        if kind == "Customer":
            self._other_contract(client, company)

    def _own(self) -> None:
        """The MSP's own organization."""
        own = self._builder.add_organization(_MSP, users=11)
        self._truth.append({
            "source": "jumpcloud", "organization": own, "name": _MSP, "class": "own", "note": "",
            **_told("autotask", 0, _MSP, (), []),
        })  # fmt: skip


def _class(kind: _Kind, source: str) -> str:
    """LastPass has no mapping to read: whoever has one in JumpCloud must be found there by name."""
    return "named" if kind.name == "mapped" and source == "lastpass" else kind.name


def _belongs(client: Client, kind: _Kind, made: _Made, source: str) -> dict[str, Any]:
    """Which company and line an organization belongs to; all texts empty where it has none."""
    if kind.name == "none":
        return _told("", None, "", (), [])
    lines = [] if kind.note == "line-gone" else [one for one in made.lines if one.product == PRODUCTS[source]]
    return _told(client.psa, made.company, client.name, made.others, lines)


def _told(
    psa: str, company: int | None, name: str, others: Sequence[int], lines: Sequence[MappedLine]
) -> dict[str, Any]:
    right = lines[0] if len(lines) == 1 else None
    return {
        "psa": psa, "company": "" if company is None else str(company), "company_name": name,
        "others": [str(one) for one in others], "contract": str(right.contract) if right else "",
        "line": str(right.line) if right else "", "lines": [str(one.line) for one in lines],
    }  # fmt: skip


def _kinds(clients: int, seed: int) -> list[_Kind]:
    """The kind of each client, in the proportions of the module's head, mixed."""
    mapped, unknown = clients * 200 // CLIENTS, clients * 40 // CLIENTS
    found = clients - mapped - unknown
    notes = [*_spread(_NOTES, clients), *[""] * mapped][:mapped]
    words = [*_spread(_MATCHED, clients), *["named"] * found][:found]
    places = dict.fromkeys([*notes, *words], 0)

    def numbered(name: str, note: str) -> _Kind:
        key = note if name == "mapped" else name
        places[key] += 1
        return _Kind(name, note, places[key] - 1)

    every = [*(numbered("mapped", note) for note in notes), *(numbered(word, "") for word in words)]
    every += [_Kind("none")] * unknown
    base = dice.start(seed, "kinds")
    order = sorted(range(len(every)), key=lambda index: dice.roll(base, str(index), 1 << 32))
    return [every[index] for index in order]


def _spread(shares: Mapping[str, int], clients: int) -> list[str]:
    """Each word as often as its share of 300 says, but at least once."""
    return [word for word, share in shares.items() for _ in range(max(1, share * clients // CLIENTS))]
