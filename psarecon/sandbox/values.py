"""Reading the bodies of edits: each helper gives the value of a key, or a `ValueError` says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from psarecon.sandbox import money
from psarecon.sandbox.world import World

_LARGEST = 2**31 - 1
Body = Mapping[str, Any]


def identity(key: str, word: str) -> int:
    """A numeric id."""
    if not (key.isascii() and key.isdigit() and len(key) <= 18):
        raise ValueError(f"{word} must be a numeric id")
    return int(key)


def whole(body: Body, name: str) -> int | None:
    """A whole number, or None when it is not given."""
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST):
        raise ValueError(f"{name} must be a whole number")
    return value


def count(body: Body, name: str) -> int | None:
    """A whole number of at least 0."""
    value = whole(body, name)
    if value is not None and value < 0:
        raise ValueError(f"{name} must be at least 0")
    return value


def flag(body: Body, name: str) -> bool | None:
    """True or false."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")
    return value


def text(body: Body, name: str) -> str | None:
    """A text."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a text")
    return value


def domains(body: Body) -> str | None:
    """The domains of users' addresses, a list that is not empty, joined by commas."""
    given = body.get("domains")
    if given is None:
        return None
    if not isinstance(given, list) or not given or not all(isinstance(one, str) and "," not in one for one in given):
        raise ValueError("domains must be a list of texts without commas, at least one")
    return ",".join(given)


def choice(body: Body, name: str, allowed: tuple[str, ...]) -> str | None:
    """One of some words."""
    value = text(body, name)
    if value is not None and value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}")
    return value


def amount(body: Body, name: str) -> int | None:
    """A decimal number in quotes, in ten-thousandths."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a decimal number in quotes")
    return None if value is None else money.parse(value)


def day(body: Body, name: str) -> str:
    """A date as ISO text."""
    try:
        return date.fromisoformat(body[name]).isoformat()
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a date, as in 2026-11-01") from error


def day_or_none(body: Body, name: str) -> str | None:
    """A date, or null for none."""
    return None if body[name] is None else day(body, name)


def put(world: World, table: str, key: int | str, column: str, value: object) -> None:
    """Set a column unless the value is None."""
    if value is not None:
        write(world, table, key, column, value)


def write(world: World, table: str, key: int | str, column: str, value: object) -> None:
    """Set a column, also to null."""
    world.db.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, key))  # noqa: S608  # only our own names are put in


def known(world: World, table: str, key: int | str, word: str) -> None:
    """Raise `ValueError` when there is no such record."""
    if world.one(f"SELECT 1 FROM {table} WHERE id = ?", key) is None:  # noqa: S608  # only our own names are put in
        raise ValueError(f"{word}: there is none with id {key}")
