"""Leases: one writer at a time for each PSA tenant, by the database's clock.

A lease names its holder and runs out by itself, so that a killed run never locks anybody out for long. A write is
sent only while the lease has longer to run than the write can take.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from psarecon.errors import LockHeld
from psarecon.ledger.database import Database, leases, now
from psarecon.process import surely_gone


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


class Lease:
    """A lease that is held. ``seconds`` is how long it runs from each renewal."""

    def __init__(self, database: Database, tenant: str, token: str, seconds: float) -> None:
        self._database = database
        self._token = token
        self.tenant = tenant
        self.seconds = seconds

    def hold(self, for_seconds: float) -> None:
        """Make sure the lease runs at least ``for_seconds`` longer. Raises LockHeld when it is lost."""
        with self._database.writing() as connection:
            at = now(connection)
            mine = (leases.c.tenant == self.tenant, leases.c.token == self._token, leases.c.expires_at > at)
            until = at + max(self.seconds, for_seconds)
            renewed = connection.execute(sa.update(leases).where(*mine).values(heartbeat_at=at, expires_at=until))
        if renewed.rowcount != 1:
            hint = "this run was suspended or too slow and another may have begun; run `psarecon resume`"
            raise LockHeld(f"the lease on {self.tenant} ran out: nothing more is written", hint=hint)

    def release(self) -> None:
        """Give the lease back; a lease that was lost is left alone."""
        with self._database.writing() as connection:
            mine = (leases.c.tenant == self.tenant, leases.c.token == self._token)
            connection.execute(sa.delete(leases).where(*mine))


class Leases:
    """Take leases, one a tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, tenant: str, holder: Holder, seconds: float) -> Lease:
        """The lease on ``tenant`` for ``seconds``. Raises LockHeld that names who has it."""
        token = uuid.uuid4().hex
        with self._database.writing() as connection:
            at = now(connection)
            _clear(connection, tenant, at)
            if not _insert(connection, tenant, holder, token, at, seconds):
                row = connection.execute(sa.select(leases).where(leases.c.tenant == tenant)).one()
                raise _held(row)
        return Lease(self._database, tenant, token, seconds)


def _clear(connection: sa.Connection, tenant: str, at: float) -> None:
    """Remove a lease that ran out, or whose process was killed on this machine."""
    connection.execute(sa.delete(leases).where(leases.c.tenant == tenant, leases.c.expires_at <= at))
    held = connection.execute(sa.select(leases).where(leases.c.tenant == tenant)).one_or_none()
    if held is not None and surely_gone(held.process):
        connection.execute(sa.delete(leases).where(leases.c.tenant == tenant, leases.c.token == held.token))


def _insert(connection: sa.Connection, tenant: str, holder: Holder, token: str, at: float, seconds: float) -> bool:
    """Insert unless somebody holds it: one statement, so that two takers cannot both succeed."""
    values = {
        "owner": holder.owner,
        "host": holder.host,
        "run": holder.run,
        "run_url": holder.run_url,
        "process": holder.process,
        "token": token,
        "acquired_at": at,
        "heartbeat_at": at,
        "expires_at": at + seconds,
        "tenant": tenant,
    }
    columns = list(values)
    row = sa.select(*(sa.literal(values[name]) for name in columns))
    free = ~sa.exists(sa.select(leases.c.tenant).where(leases.c.tenant == tenant))
    return connection.execute(sa.insert(leases).from_select(columns, row.where(free))).rowcount == 1


def _held(row: sa.Row[Any]) -> LockHeld:
    until = datetime.fromtimestamp(row.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    place = f" ({row.run_url})" if row.run_url else ""
    message = f"{row.owner} on {row.host} holds {row.tenant}: run {row.run}{place}, until {until} unless renewed"
    return LockHeld(message, hint="wait for that run; a killed run's lease runs out by itself")
