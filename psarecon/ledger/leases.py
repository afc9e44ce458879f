"""Leases: one writer at a time for each PSA tenant, by the database's clock.

A lease names its holder and runs out by itself, so that a killed run never locks anybody out for long. A write is
sent only while the lease has longer to run than the write can take, and its intent is journalled only while the lease
is held: whoever takes the lease over, or steals it, finds the intent and leaves that line alone.
"""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from psarecon.errors import LedgerError, LockHeld
from psarecon.ledger.database import Database, alone, leases, now
from psarecon.ledger.journal import note_theft, theft_from
from psarecon.process import surely_gone, surely_runs

#: A clock of this machine that also counts while it sleeps.
_UPTIME: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who takes a lease, in words a colleague understands: user, host, the run's id and the pipeline's URL.

    ``process`` lets a later run on the same machine see that this one was killed (``psarecon.process``).
    """

    owner: str
    host: str
    run: str
    run_url: str = ""
    process: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as the ledger has it. Instants are seconds since 1970 by its clock; ``at`` is when it was read."""

    tenant: str
    holder: Holder
    acquired_at: float
    heartbeat_at: float
    expires_at: float
    at: float

    @property
    def ran_out(self) -> bool:
        """Whether its time is over: the next run takes it."""
        return self.expires_at <= self.at

    @property
    def gone(self) -> bool:
        """Whether its process was killed on this machine: the next run here takes it."""
        return surely_gone(self.holder.process)

    @property
    def runs(self) -> bool:
        """Whether its process is seen to run on this machine."""
        return surely_runs(self.holder.process)

    def told(self) -> str:
        """Who has it, where, and until when, in one line."""
        who, until = self.holder, datetime.fromtimestamp(self.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        place = f" ({who.run_url})" if who.run_url else ""
        return f"{who.owner} on {who.host} holds {self.tenant}: run {who.run}{place}, until {until} unless renewed"


class Lease:
    """A lease that is held. ``seconds`` is how long it runs from each renewal."""

    def __init__(self, database: Database, tenant: str, run: str, token: str, seconds: float) -> None:
        self._database = database
        self._run = run
        self._token = token
        self._asked = 0.0
        self._until = 0.0
        self.tenant = tenant
        self.seconds = seconds

    def hold(self, for_seconds: float) -> None:
        """Make sure the lease runs at least ``for_seconds`` longer. Raises LockHeld when it is lost."""
        self._asked = for_seconds
        with self._database.writing() as connection:
            self.keep(connection)

    def keep(self, connection: sa.Connection) -> None:
        """Renew it as ``hold`` last asked; nobody takes or steals it before this transaction ends. Raises LockHeld."""
        granted = max(self.seconds, self._asked)
        alone(connection, leases)
        began, at = time.clock_gettime(_UPTIME), now(connection)
        mine = (leases.c.tenant == self.tenant, leases.c.token == self._token, leases.c.expires_at > at)
        renewal = sa.update(leases).where(*mine).values(heartbeat_at=at, expires_at=at + granted)
        if connection.execute(renewal).rowcount != 1:
            raise self._lost(connection)
        self._until = began + granted

    def outlasts(self, seconds: float) -> bool:
        """Whether it surely runs so much longer, also if this process or machine slept; asks this machine alone."""
        return time.clock_gettime(_UPTIME) + seconds < self._until

    def _lost(self, connection: sa.Connection) -> LockHeld:
        theft = theft_from(connection, self._run, self.tenant)
        if theft:
            return LockHeld(f"{theft}: nothing more is written", hint="ask them; then run `psarecon resume`")
        hint = "this run was suspended or too slow and another may have begun; run `psarecon resume`"
        return LockHeld(f"the lease on {self.tenant} ran out: nothing more is written", hint=hint)

    def release(self) -> None:
        """Give the lease back. One that was lost is left alone; one that the ledger will not take back runs out."""
        with suppress(LedgerError), self._database.writing() as connection:
            mine = (leases.c.tenant == self.tenant, leases.c.token == self._token)
            connection.execute(sa.delete(leases).where(*mine))


class Leases:
    """Take leases, one a tenant; see who has them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, tenant: str, holder: Holder, seconds: float) -> Lease:
        """The lease on ``tenant`` for ``seconds``. Raises LockHeld that names who has it, LedgerError."""
        token = uuid.uuid4().hex
        lease = Lease(self._database, tenant, holder.run, token, seconds)
        try:
            with self._database.writing() as connection:
                alone(connection, leases)
                _make_room(connection, tenant)
                _insert(connection, tenant, holder, token, seconds)
        except LedgerError:
            lease.release()  # it may have been taken all the same
            raise
        return lease

    def held(self) -> list[Held]:
        """Every lease of the ledger by tenant, also those that ran out and nobody took over."""
        with self._database.reading() as connection:
            at = now(connection)
            rows = connection.execute(sa.select(leases).order_by(leases.c.tenant))
            return [_read(row, at) for row in rows]

    def steal(self, tenant: str, thief: Holder, reason: str, *, force: bool = False) -> Held | None:
        """Take the lease from who has it and give it to nobody; what it was, or None when nobody had it.

        The theft is in the journal, as a row of the run that was robbed, which stops before its next write. Raises
        LockHeld when the holder is seen to run on this machine, unless ``force``.
        """
        with self._database.writing() as connection:
            alone(connection, leases)
            held = _held(connection, tenant)
            if held is None:
                return None
            if held.runs and not force:
                hint = "its process runs on this machine: stop it with SIGTERM and it ends cleanly; or --force"
                raise LockHeld(held.told(), hint=hint)
            _remove(connection, tenant)
            note_theft(connection, held.holder.run, tenant, _theft(held, thief, reason))
        return held


def _make_room(connection: sa.Connection, tenant: str) -> None:
    """Remove a lease that ran out, or whose process was killed on this machine. Raises LockHeld for any other."""
    held = _held(connection, tenant)
    if held is not None and not (held.ran_out or held.gone):
        raise LockHeld(held.told(), hint="wait for that run, or see `psarecon lock show`; a killed run's runs out")
    _remove(connection, tenant)


def _held(connection: sa.Connection, tenant: str) -> Held | None:
    row = connection.execute(sa.select(leases).where(leases.c.tenant == tenant)).one_or_none()
    return None if row is None else _read(row, now(connection))


def _read(row: sa.Row[Any], at: float) -> Held:
    holder = Holder(**{field.name: getattr(row, field.name) for field in fields(Holder)})
    return Held(row.tenant, holder, row.acquired_at, row.heartbeat_at, row.expires_at, at)


def _remove(connection: sa.Connection, tenant: str) -> None:
    connection.execute(sa.delete(leases).where(leases.c.tenant == tenant))


def _insert(connection: sa.Connection, tenant: str, holder: Holder, token: str, seconds: float) -> None:
    at = now(connection)
    who = {field.name: getattr(holder, field.name) for field in fields(holder)}
    when = {"acquired_at": at, "heartbeat_at": at, "expires_at": at + seconds}
    connection.execute(sa.insert(leases).values(tenant=tenant, token=token, **who, **when))


def _theft(held: Held, thief: Holder, reason: str) -> dict[str, str]:
    """For the journal: in words and by name."""
    robbed = f"{held.holder.owner} on {held.holder.host}"
    text = f"{thief.owner} on {thief.host} took the lease on {held.tenant} from {robbed} ({reason})"
    return {"text": text, "by": thief.owner, "host": thief.host, "reason": reason}
