"""The journal as a chain: how a row is added to it, and whether it is still as it was written.

The head says how long the chain is and with which digest it ends; it moves in the same transaction as the row, so
that a removed end shows too. Whoever may write to the database can make a new chain and a new head that fit; they
cannot make one that holds a digest which somebody noted elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from psarecon.ledger.database import Database, Words, clock, journal, journal_head, kept
from psarecon.ledger.seals import GENESIS, KEYS, SEALED, keys_of, or_else, seal

#: Rows looked at in one transaction: nobody waits for a reader who takes his time over a long journal.
_AT_ONCE = 2000
#: Breaks that are told one by one.
_TOLD = 20


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends: how many rows it has, the id and the digest of the last one."""

    length: int = 0
    last_id: int = 0
    digest: str = GENESIS


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain does not hold: the first row that does not fit (None: its end), and what is seen there."""

    id: int | None
    why: str


@dataclass(slots=True)
class Checked:
    """What became of a check: the rows there are, the digest they end with, and where they do not fit.

    ``breaks`` are the first few of ``broken``. ``noted`` is the id of the row with the digest that was asked for.
    """

    length: int = 0
    digest: str = GENESIS
    noted: int | None = None
    broken: int = 0
    breaks: list[Break] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether every row is as it was written, where it was written."""
        return not self.broken

    def add(self, at: int | None, why: str) -> None:
        """Count a break."""
        self.broken += 1
        if len(self.breaks) < _TOLD:
            self.breaks.append(Break(at, why))


def append_row(connection: sa.Connection, row: Mapping[str, Any], detail: Mapping[str, Any]) -> float:
    """Add a row at the end, in a transaction that writes; answers its ``at``. ``detail`` is the row's own, as data.

    ``row`` has every column but id, time, keys and digest. Until the transaction ends no other row is added.
    """
    place = _advance(connection, row)
    at = float(place["at"])
    own = {"id": place["last_id"], "at": at, **or_else(keys_of(detail), place)}
    stored = {name: kept(value) if isinstance(value, str) else value for name, value in {**row, **own}.items()}
    digest = seal(place["digest"], stored)
    connection.execute(_INSERT, {**stored, "digest": digest})
    connection.execute(_SEAL, {"sealed": digest})
    return at


_INSERT = sa.insert(journal)
_SEAL = sa.update(journal_head).values(digest=sa.bindparam("sealed"))


def _advance(connection: sa.Connection, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make room for one more row: the head as it will be, but for its digest, which is still the one before.

    With it, in the same round trip, the time, and what the rows before this one were searched by: an outcome is by
    what its intent told. From here on the head is nobody else's until the transaction ends.
    """
    about = {"of_run": row["run"], "of_change": row["change"]}
    found = connection.execute(_advancing(connection.dialect.name), about).mappings().one_or_none()
    if found is not None:
        return dict(found)
    # Somebody removed the head. No run has to stop for it: the row that is written now will not fit, and that shows.
    connection.execute(sa.insert(journal_head).values(id=1, length=0, last_id=0, digest=GENESIS))
    return _advance(connection, row)


@cache  # a statement takes longer to put together than to carry out
def _advancing(kind: str) -> sa.Executable:
    of_run, of_change = sa.bindparam("of_run", type_=Words), sa.bindparam("of_change", type_=Words)
    same = (journal.c.run == of_run, journal.c.change == of_change, journal.c.change != "")
    before = [
        sa.select(journal.c[name]).where(*same).order_by(journal.c.id.desc()).limit(1).scalar_subquery().label(name)
        for name in KEYS
    ]
    told = (journal_head.c.last_id, journal_head.c.digest, clock(kind).label("at"), *before)
    return sa.update(journal_head).values(length=journal_head.c.length + 1, last_id=_next()).returning(*told)


def _next() -> sa.ColumnElement[int]:
    """The id after the last one. The head knows it, unless somebody wrote past it: that shows in the chain."""
    highest = sa.select(sa.func.coalesce(sa.func.max(journal.c.id), 0)).scalar_subquery()
    return sa.case((highest > journal_head.c.last_id, highest), else_=journal_head.c.last_id) + 1


def head_of(database: Database) -> Head:
    """The head as it is now. Raises LedgerError."""
    with database.reading() as connection:
        return _head(connection) or Head()


def _head(connection: sa.Connection) -> Head | None:
    columns = (journal_head.c.length, journal_head.c.last_id, journal_head.c.digest)
    row = connection.execute(sa.select(*columns)).one_or_none()
    return None if row is None else Head(*row)


def check(database: Database, noted: str | None = None) -> Checked:
    """Go over the whole journal as it is at this moment; ``noted`` is a digest that was its end at some time.

    A journal that was made anew fits in itself; that it no longer holds ``noted`` is then what shows. Raises
    LedgerError.
    """
    with database.reading() as connection:
        head = _head(connection)
        first, last = connection.execute(sa.select(sa.func.min(journal.c.id), sa.func.max(journal.c.id))).one()
    found = Checked(noted=0 if noted == GENESIS else None)
    before = 0
    for row in _rows(database, first, last) if last is not None else ():
        if _look(found, row, before):
            before = row["id"]
            found.noted = before if row["digest"] == noted else found.noted
    _look_at_end(found, head, before)
    if noted is not None and found.noted is None:
        found.add(None, f"no row has the digest {noted}: the journal that ended with it was replaced or cut off")
    return found


def _look(found: Checked, row: Mapping[str, Any], before: int) -> bool:
    """One row, after the row of id ``before``; whether it is a link of the chain at all.

    The next row is held against the digest that this one has, fitting or not: each break is told once.
    """
    if not isinstance(row["digest"], str):
        found.add(row["id"], "it was not written by psarecon")
        return False
    if not _fits(found.digest, row):
        found.add(row["id"], _why(row["id"], before))
    found.length += 1
    found.digest = row["digest"]
    return True


def _fits(previous: str, row: Mapping[str, Any]) -> bool:
    try:
        return bool(seal(previous, row) == row["digest"])
    except (TypeError, ValueError):  # SQLite keeps anything in any column
        return False


def _why(here: int, before: int) -> str:
    if here > before + 1:
        gone = f"row {before + 1} is" if here == before + 2 else f"rows {before + 1} to {here - 1} are"
        return f"{gone} gone, or it was changed"
    return "it was changed, or put in, or what was written before it is gone"


def _look_at_end(found: Checked, head: Head | None, last: int) -> None:
    if head is None:
        if found.length:
            found.add(None, "the head of the journal is gone")
    elif (head.length, head.last_id, head.digest) != (found.length, last, found.digest):
        there = f"{found.length} rows, the last of them {last}"
        found.add(None, f"{head.length} rows were written, the last of them {head.last_id}; there are {there}")


def _rows(database: Database, first: int, last: int) -> Iterator[dict[str, Any]]:
    names = (*SEALED, "digest")
    after = first - 1
    while after < last:
        query = sa.select(*(journal.c[name] for name in names)).where(journal.c.id > after, journal.c.id <= last)
        with database.reading() as connection:
            rows = connection.execute(query.order_by(journal.c.id).limit(_AT_ONCE)).all()
        if not rows:
            return
        yield from (dict(zip(names, row, strict=True)) for row in rows)
        after = rows[-1].id
