"""The sandbox's clock: it stands still until it is moved, and only moves forward.

Every day that passes, users join and leave every organization. They do so at midnight in New York, from the seed,
so moving day by day or all at once comes to the same. The highest count of each month is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from psarecon.sandbox import dice
from psarecon.sandbox.connectwise.catalog import push
from psarecon.sandbox.world import World, noon

_LATEST = date(2199, 12, 31)
_T = TypeVar("_T", date, datetime)


class Backwards(Exception):
    """The clock was told to go back."""


def move(world: World, body: Mapping[str, Any]) -> None:
    """Move the clock to noon of `today` or to the moment `now`.

    Raises `ValueError` naming the key when the body is not understood, `Backwards` when the moment is past.
    """
    moment = _moment(body)
    if moment < world.now:
        raise Backwards(f"the sandbox's clock stands at {world.now.isoformat()} and only moves forward")
    with world.change():
        before = world.today
        world.set("now", moment.isoformat())
        _live(world, before, world.today)


def _moment(body: Mapping[str, Any]) -> datetime:
    if set(body) == {"today"}:
        day = _iso(body, "today", date.fromisoformat)
        return noon(day)
    if set(body) == {"now"}:
        moment = _iso(body, "now", datetime.fromisoformat)
        if moment.tzinfo is None:
            raise ValueError("now must say its time zone, as in 2026-11-01T03:59:00Z")
        return moment.astimezone(UTC)
    unknown = sorted(set(body) - {"today", "now"})
    raise ValueError(f"unknown key {unknown[0]!r}" if unknown else "give either today or now")


def _iso(body: Mapping[str, Any], key: str, read: Callable[[str], _T]) -> _T:
    try:
        value = read(body[key])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{key} must be an ISO date or time") from error
    if (value.date() if isinstance(value, datetime) else value) > _LATEST:
        raise ValueError(f"{key} must be before 2200")
    return value


def _live(world: World, before: date, after: date) -> None:
    """Let the days after `before` up to `after` pass for every organization."""
    days = [before + timedelta(days=number) for number in range(1, (after - before).days + 1)]
    if not days:
        return
    seed = world.need("seed")
    # The word and whether a month begins are the same for all organizations.
    words = [(day.isoformat(), day.day == 1) for day in days]
    _grow(world, "organizations", seed, words)
    _grow(world, "lp_companies", f"{seed} lastpass", words)
    world.db.execute("UPDATE organizations SET suspended = min(suspended, users)")
    push(world)


def _grow(world: World, table: str, seed: str, words: list[tuple[str, bool]]) -> None:
    """Let users join and leave the organizations of one source."""
    found = world.db.execute(f"SELECT id, users, mark, last_mark FROM {table}").fetchall()  # noqa: S608  # only our own names are put in
    lived = [(*_lived(dice.start(seed, row[0]), words, *row[1:]), row[0]) for row in found]
    world.db.executemany(f"UPDATE {table} SET users = ?, mark = ?, last_mark = ? WHERE id = ?", lived)  # noqa: S608  # as above


def _lived(base: int, words: list[tuple[str, bool]], users: int, mark: int, last_mark: int) -> tuple[int, int, int]:
    """Users and marks of one organization after some days."""
    for word, begins_month in words:
        users = _next(base, word, users)
        if begins_month:
            mark, last_mark = users, mark
        elif users > mark:
            mark = users
    return users, mark, last_mark


def _next(base: int, word: str, users: int) -> int:
    """The count after one day: three days in four nothing, else a move of at most about 3 %."""
    luck = dice.roll(base, word, 4000)
    if luck >= 1000 or users == 0:
        return users
    size = 1 + luck % max(1, users * 3 // 100)
    return users + size if luck < 540 else max(1, users - size)
