"""The journal: an intent before each write, its outcome after it, never changed, never removed; each row is sealed to
the one before it (``psarecon.ledger.chain``).

A line whose last word is an intent or an unknown outcome is in doubt: no plan and no apply may touch it until a
read or a person settles it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa

from psarecon.domain.model import Baseline, Doubt, LineKey
from psarecon.errors import LedgerError
from psarecon.ledger.chain import append_row
from psarecon.ledger.database import Database, baselines, journal, now
from psarecon.ledger.search import Wanted, found_rows


class Event(StrEnum):
    """What the journal can say. The first is before a write, the next are outcomes; the last but one is of a line that
    was right without a write, the last of a lease and no line."""

    INTENT = "intent"
    VERIFIED = "verified"
    FAILED = "failed"
    UNKNOWN = "unknown"
    ALREADY = "already"
    CONFLICT = "conflict"
    SETTLED = "settled"
    REMEMBERED = "remembered"
    STOLEN = "stolen"


_OPEN = (Event.INTENT, Event.UNKNOWN)
_WRITES = (Event.INTENT, Event.VERIFIED, Event.FAILED, Event.UNKNOWN, Event.SETTLED)
#: The events that move a baseline.
_SEEN = (Event.VERIFIED, Event.ALREADY)
#: The events whose rows hold the whole change and its decision.
_TELLING = (Event.INTENT, Event.ALREADY, Event.CONFLICT, Event.REMEMBERED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: what happened to one change of one line. ``at`` is seconds since 1970 by the ledger's clock.

    ``client_key`` and ``by_key`` are names to search by; ``digest`` seals the row to the one before it.
    """

    id: int
    at: float
    run: str
    event: Event
    change: str
    psa: str
    tenant: str
    line: str
    effective_date: date | None
    detail: Mapping[str, Any]
    client_key: str | None
    month: str | None
    by_key: str | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class Span:
    """One run as the journal holds it: when its first and its last row were written (as ``Entry.at``), and how many."""

    run: str
    began: float
    ended: float
    rows: int


class Told(NamedTuple):
    """One row as ``Entry``, its detail still as text: most of it is never looked at."""

    id: int
    at: float
    run: str
    event: str
    change: str
    psa: str
    tenant: str
    line: str
    detail: str


class Fence(Protocol):
    """What must hold for a row to be written: a lease."""

    def keep(self, connection: sa.Connection) -> None:
        """Keep it for the rest of the transaction. Raises LockHeld when it is lost."""


class Journal:
    """Append and read; also the baselines, which move in the same transaction as the outcome."""

    def __init__(self, database: Database, fence: Fence | None = None) -> None:
        self._database = database
        self._fence = fence

    def under(self, fence: Fence) -> Journal:
        """The same journal, to be appended to only while ``fence`` holds."""
        return Journal(self._database, fence)

    def clock(self) -> float:
        """Seconds since 1970 by the ledger's clock."""
        with self._database.reading() as connection:
            return now(connection)

    def append(
        self,
        run: str,
        event: Event,
        change: str,
        line: LineKey,
        tenant: str,
        effective_date: date | None,
        detail: Mapping[str, Any],
        baseline: Baseline | None = None,
    ) -> None:
        """Write one row, and move the line's baseline with it; on disk when this returns.

        Raises LockHeld: the fence did not hold, and nothing was written. LedgerError: it may or may not be on disk.
        """
        place = {"psa": line.psa, "tenant": tenant, "line": line.id}
        day = effective_date.isoformat() if effective_date else None
        row = {"run": run, "event": event.value, "change": change, "effective_date": day, "detail": _json(detail)}
        with self._database.writing() as connection:
            if self._fence is not None:
                self._fence.keep(connection)
            at = append_row(connection, {**place, **row}, detail)
            if baseline is not None:
                _move_baseline(connection, place, baseline, at)

    def entries(self, *, run: str | None = None, line: str | None = None, limit: int | None = None) -> list[Entry]:
        """Rows in order of writing, narrowed to a run or a line; with ``limit`` the last so many."""
        return list(self.search(Wanted(run=run, line=line), limit))

    def search(self, wanted: Wanted, last: int | None = None) -> Iterator[Entry]:
        """Rows in order of writing, read as they are asked for; with ``last`` only the last so many."""
        return map(_entry, found_rows(self._database, wanted, last))

    def changes(self, entries: Sequence[Entry]) -> dict[tuple[str, str], Mapping[str, Any]]:
        """By run and change: the details of the rows that tell what these entries were about, and who decided it.

        A few hundred entries at once: databases limit the parameters of a statement.
        """
        runs, ids = {entry.run for entry in entries}, {entry.change for entry in entries}
        chosen = (journal.c.run.in_(runs), journal.c.change.in_(ids), journal.c.event.in_(_TELLING))
        query = sa.select(journal.c.run, journal.c.change, journal.c.detail).where(*chosen).order_by(journal.c.id)
        with self._database.reading() as connection:
            return {(run, change): json.loads(detail) for run, change, detail in connection.execute(query)}

    def open_entries(self, psa: str | None = None, tenant: str | None = None) -> list[Entry]:
        """The last row of each line that is in doubt."""
        query = sa.select(journal).where(journal.c.id.in_(_last_writes(psa, tenant)))
        query = query.where(journal.c.event.in_(_OPEN)).order_by(journal.c.id)
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def runs(self) -> list[Span]:
        """Every run that spoke of a line, the latest first."""
        began, ended, rows = sa.func.min(journal.c.at), sa.func.max(journal.c.at), sa.func.count()
        query = (
            sa.select(journal.c.run, began, ended, rows)
            .where(journal.c.line != "")
            .group_by(journal.c.run)
            .order_by(sa.func.max(journal.c.id).desc())
        )
        with self._database.reading() as connection:
            return [Span(*row) for row in connection.execute(query)]

    def told(self, runs: Collection[str]) -> Iterator[Told]:
        """What these runs, by their whole names, said of lines, in order of writing."""
        columns = [journal.c[name] for name in Told._fields]
        chosen = (journal.c.run.in_(runs), journal.c.line != "")
        query = sa.select(*columns).where(*chosen).order_by(journal.c.id)
        with self._database.reading() as connection:
            yield from map(Told._make, connection.execute(query))

    def story(self, run: str, change: str) -> list[Entry]:
        """All that a run did about a change, in order, and what settled it later."""
        query = sa.select(journal).where(journal.c.run == run, journal.c.change == change).order_by(journal.c.id)
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def last_write(self, psa: str, tenant: str, line: str) -> Entry | None:
        """The last verified write of a line; ``intent_of`` it knows who decided."""
        query = sa.select(journal).where(
            journal.c.psa == psa,
            journal.c.tenant == tenant,
            journal.c.line == line,
            journal.c.event == Event.VERIFIED,
        )
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(journal.c.id.desc()).limit(1)).one_or_none()
        return None if row is None else _entry(row)

    def intent_of(self, entry: Entry) -> Entry:
        """The intent that an outcome belongs to."""
        query = sa.select(journal).where(
            journal.c.run == entry.run, journal.c.change == entry.change, journal.c.event == Event.INTENT
        )
        with self._database.reading() as connection:
            return _entry(connection.execute(query.order_by(journal.c.id.desc()).limit(1)).one())

    def doubts(self, psa: str, tenant: str) -> dict[str, Doubt]:
        """By line id: every line that must not be touched, or only once a setting is changed."""
        query = sa.select(journal).where(journal.c.id.in_(_last_writes(psa, tenant)))
        with self._database.reading() as connection:
            entries = [_entry(row) for row in connection.execute(query)]
        return {entry.line: _doubt(entry) for entry in entries if entry.event in _OPEN or entry.detail.get("lifted_by")}

    def written_dates(self, psa: str, tenant: str) -> dict[str, dict[date, Decimal]]:
        """By line id: the effective dates that hold a write of ours, with the units before the first of each."""
        found: dict[str, dict[date, Decimal]] = {}
        for entry in self._dated(psa, tenant):
            if entry.effective_date is not None and "live" in entry.detail:
                days = found.setdefault(entry.line, {})
                days.setdefault(entry.effective_date, Decimal(entry.detail["live"]["quantity"]))
        return found

    def dated_after(self, psa: str, tenant: str, day: date) -> dict[str, date]:
        """By line id: the furthest effective date that a row of the journal names, of those after ``day``."""
        furthest = sa.func.max(journal.c.effective_date)
        chosen = (journal.c.psa == psa, journal.c.tenant == tenant, journal.c.effective_date > day.isoformat())
        query = sa.select(journal.c.line, furthest).where(*chosen).group_by(journal.c.line)
        with self._database.reading() as connection:
            return {line: date.fromisoformat(found) for line, found in connection.execute(query)}

    def last_dates(self, psa: str, tenant: str) -> dict[str, date]:
        """By line id: the furthest effective date from which the line was seen to be as we wrote it."""
        furthest = sa.func.max(journal.c.effective_date)
        chosen = (journal.c.psa == psa, journal.c.tenant == tenant, journal.c.effective_date.is_not(None))
        query = sa.select(journal.c.line, furthest).where(*chosen, journal.c.event.in_(_SEEN)).group_by(journal.c.line)
        with self._database.reading() as connection:
            return {line: date.fromisoformat(found) for line, found in connection.execute(query)}

    def settled(self, psa: str, tenant: str) -> set[str]:
        """The ids of lines whose last word on a write is a person's: what it left, nobody saw."""
        last = _last_writes(psa, tenant, (*_WRITES, Event.ALREADY, Event.REMEMBERED))
        query = sa.select(journal.c.line).where(journal.c.id.in_(last))
        with self._database.reading() as connection:
            return set(connection.execute(query.where(journal.c.event == Event.SETTLED)).scalars())

    def _dated(self, psa: str, tenant: str) -> list[Entry]:
        query = sa.select(journal).where(journal.c.psa == psa, journal.c.tenant == tenant)
        query = query.where(journal.c.event.in_((Event.VERIFIED, Event.UNKNOWN, Event.FAILED))).order_by(journal.c.id)
        with self._database.reading() as connection:
            entries = [_entry(row) for row in connection.execute(query)]
        return [
            entry
            for entry in entries
            if entry.event is not Event.FAILED or entry.detail.get("code") == "same-date-refused"
        ]

    def baselines(self, psa: str, tenant: str) -> dict[str, Baseline]:
        """By line id: what the last verified write left."""
        query = sa.select(baselines).where(baselines.c.psa == psa, baselines.c.tenant == tenant)
        with self._database.reading() as connection:
            return {row.line: _baseline(row) for row in connection.execute(query)}


def note_theft(connection: sa.Connection, run: str, tenant: str, detail: Mapping[str, Any]) -> None:
    """That the lease of ``run`` on ``tenant`` was stolen: a row of that run, about no line."""
    about = {"change": "", "psa": "", "line": "", "effective_date": None}
    row = {"run": run, "tenant": tenant, "event": Event.STOLEN.value, "detail": _json(detail), **about}
    append_row(connection, row, detail)


def theft_from(connection: sa.Connection, run: str, tenant: str) -> str:
    """How the last theft of the lease of ``run`` on ``tenant`` was told; empty when there was none."""
    chosen = (journal.c.run == run, journal.c.tenant == tenant, journal.c.event == Event.STOLEN)
    query = sa.select(journal.c.detail).where(*chosen).order_by(journal.c.id.desc()).limit(1)
    detail = connection.execute(query).scalar_one_or_none()
    return "" if detail is None else str(json.loads(detail)["text"])


def _json(detail: Mapping[str, Any]) -> str:
    return json.dumps(detail, sort_keys=True)


def _last_writes(psa: str | None, tenant: str | None, events: Sequence[Event] = _WRITES) -> sa.Select[Any]:
    """The ids of the last row of each line that speaks of a write."""
    query = sa.select(sa.func.max(journal.c.id)).where(journal.c.event.in_(events))
    if psa is not None:
        query = query.where(journal.c.psa == psa)
    if tenant is not None:
        query = query.where(journal.c.tenant == tenant)
    return query.group_by(journal.c.psa, journal.c.tenant, journal.c.line)


def _entry(row: sa.Row[Any]) -> Entry:
    try:
        return _read(row)
    except (TypeError, ValueError) as error:
        hint = "psarecon did not write it so: `psarecon log --verify` says where the journal was changed"
        raise LedgerError(f"row {row.id} of the journal cannot be read", hint=hint) from error


def _read(row: sa.Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        at=row.at,
        run=row.run,
        event=Event(row.event),
        change=row.change,
        psa=row.psa,
        tenant=row.tenant,
        line=row.line,
        effective_date=date.fromisoformat(row.effective_date) if row.effective_date else None,
        detail=json.loads(row.detail),
        client_key=row.client_key,
        month=row.month,
        by_key=row.by_key,
        digest=row.digest,
    )


def _doubt(entry: Entry) -> Doubt:
    text = (
        entry.detail.get("text") or "a write may have been sent and its outcome is not known yet: run `psarecon resume`"
    )
    return Doubt(entry.change, entry.run, text, entry.detail.get("lifted_by", ""))


def _move_baseline(connection: sa.Connection, place: Mapping[str, str], baseline: Baseline, at: float) -> None:
    connection.execute(sa.delete(baselines).where(*(baselines.c[name] == value for name, value in place.items())))
    values = {
        "quantity": f"{baseline.quantity:f}",
        "unit_cost": None if baseline.unit_cost is None else f"{baseline.unit_cost:f}",
        "usage": baseline.usage,
        "rule": baseline.rule,
        "wanted_cost": None if baseline.wanted_cost is None else f"{baseline.wanted_cost:f}",
        "effective_date": baseline.effective_date.isoformat() if baseline.effective_date else None,
        "run": baseline.run,
    }
    connection.execute(sa.insert(baselines).values(**place, **values, at=at))


def _baseline(row: sa.Row[Any]) -> Baseline:
    return Baseline(
        quantity=Decimal(row.quantity),
        unit_cost=None if row.unit_cost is None else Decimal(row.unit_cost),
        usage=row.usage,
        rule=row.rule,
        wanted_cost=None if row.wanted_cost is None else Decimal(row.wanted_cost),
        effective_date=date.fromisoformat(row.effective_date) if row.effective_date else None,
        run=row.run,
    )
