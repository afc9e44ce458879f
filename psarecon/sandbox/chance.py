"""What chance says about one client of the default world: its size, its contract, and what the PSA bills."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from psarecon.sandbox import dice, names
from psarecon.sandbox.autotask.periods import add_months

_USERS = ((3, 12), (10, 30), (20, 25), (35, 18), (60, 9), (120, 4), (250, 2))
SOURCES = ("jumpcloud", "lastpass")
PSAS = ("autotask", "connectwise")
SYSTEMS = (*PSAS, *SOURCES)
FREEMAIL = ("gmail.com", "outlook.com", "gmail.com")
_WEB = ("https://www.{}", "http://{}/", "www.{}", "{}", "https://{}/en/index.html", "HTTPS://WWW.{}")


class Seats(NamedTuple):
    """What one source counts, and what the PSA bills for it; money in ten-thousandths."""

    users: int
    units: int
    unit_cost: int
    unit_price: int


class Client(NamedTuple):
    """One client: where it is billed, since when and until when, and its seats by source.

    `web` is its web site as somebody typed it (None: nobody did), `domains` those its users' addresses take in turn.
    """

    number: int
    base: int
    name: str
    psa: str
    start: date
    end: date
    seats: dict[str, Seats]
    web: str | None
    domains: tuple[str, ...]


def client(seed: int, number: int, today: date, systems: frozenset[str]) -> Client:
    """The client number `number` of a world that has these systems."""
    base = dice.start(seed, "client", number)
    start = _start(base, today)
    end = date.fromordinal(add_months(start, 12 * (_age(base) + 1 + dice.roll(base, "ahead", 3))).toordinal() - 1)
    psas = [psa for psa in PSAS if psa in systems]
    psa = psas[dice.roll(base, "psa", 100) < 50 and len(psas) > 1]
    name = names.name(seed, number)
    seats = _seats(base, start, systems)
    return Client(number, base, name, psa, start, end, seats, _web(base, name), _domains(base, name))


def _web(base: int, name: str) -> str | None:
    """For 85 % the site of the client's own domain, in one of the forms in which people type it."""
    form = _WEB[dice.roll(base, "web form", len(_WEB))]
    return None if dice.roll(base, "web", 100) < 15 else form.format(names.domain(name))


def _domains(base: int, name: str) -> tuple[str, ...]:
    """The client's own domain; some have a second one or private mailboxes among them, some have only these."""
    own, chance = names.domain(name), dice.roll(base, "domains", 100)
    if chance < 6:
        return FREEMAIL
    if chance < 14:
        return (own, own, own, f"group-{own}")
    return (own, own, own, own, FREEMAIL[0]) if chance < 24 else (own,)


def _seats(base: int, start: date, systems: frozenset[str]) -> dict[str, Seats]:
    """JumpCloud for everybody, LastPass for about 60 %; for everybody when it is the only source."""
    found = {}
    users = _users(base)
    if "jumpcloud" in systems:
        found["jumpcloud"] = _jumpcloud(base, users, first_of_month=start.day == 1)
    if "lastpass" in systems and ("jumpcloud" not in systems or dice.roll(base, "lastpass", 100) < 60):
        found["lastpass"] = _lastpass(base, users)
    return found


def _jumpcloud(base: int, users: int, *, first_of_month: bool) -> Seats:
    cost = 90_000 if dice.roll(base, "cost", 100) >= 8 else 80_000 + 2_500 * dice.roll(base, "which cost", 4)
    price = 120_000 + 5_000 * dice.roll(base, "price", 17)
    return Seats(users, _units(base, users, first_of_month=first_of_month), cost, price)


def _lastpass(base: int, users: int) -> Seats:
    """Mostly a few seats fewer than the client has users; its lines are on contracts that begin on a 1st."""
    own = dice.start(base, "lastpass")
    seats = max(3, users * (70 + dice.roll(own, "share", 31)) // 100)
    cost = 42_500 if dice.roll(own, "cost", 100) >= 8 else 37_500 + 1_000 * dice.roll(own, "which cost", 4)
    price = 60_000 + 2_500 * dice.roll(own, "price", 9)
    return Seats(seats, _units(own, seats, first_of_month=True), cost, price)


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
