"""The sandbox's world: one SQLite file that every emulated vendor reads and writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

_T = TypeVar("_T")
ZONE = ZoneInfo("America/New_York")
"""The time zone of the sandbox's days and months."""

FOLDER = ".sandbox"
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE companies (id INTEGER PRIMARY KEY, name TEXT NOT NULL, type INTEGER NOT NULL, active INTEGER NOT NULL,
  number TEXT, web TEXT);
CREATE TABLE services (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT, unit_cost INTEGER NOT NULL,
  unit_price INTEGER NOT NULL, period_type INTEGER NOT NULL, active INTEGER NOT NULL, sku TEXT);
CREATE TABLE contracts (id INTEGER PRIMARY KEY, company_id INTEGER NOT NULL, name TEXT NOT NULL, number TEXT,
  type INTEGER NOT NULL, period_type INTEGER, status INTEGER NOT NULL, start TEXT NOT NULL, end TEXT NOT NULL,
  posted_before TEXT);
CREATE INDEX contracts_company ON contracts (company_id);
CREATE TABLE contract_services (id INTEGER PRIMARY KEY, contract_id INTEGER NOT NULL, service_id INTEGER NOT NULL,
  first_day TEXT, units INTEGER NOT NULL, unit_cost INTEGER NOT NULL, unit_price INTEGER NOT NULL,
  invoice_description TEXT, internal_description TEXT, writes INTEGER NOT NULL DEFAULT 0);
CREATE INDEX contract_services_contract ON contract_services (contract_id);
CREATE INDEX contract_services_service ON contract_services (service_id);
CREATE TABLE adjustments (id INTEGER PRIMARY KEY AUTOINCREMENT, line_id INTEGER NOT NULL, effective TEXT NOT NULL,
  unit_change INTEGER NOT NULL, unit_cost INTEGER, unit_price INTEGER, origin TEXT NOT NULL,
  replaced INTEGER NOT NULL DEFAULT 0);
CREATE INDEX adjustments_line ON adjustments (line_id);
CREATE TABLE postings (contract_id INTEGER NOT NULL, through TEXT NOT NULL, stamped TEXT NOT NULL);
CREATE INDEX postings_contract ON postings (contract_id);
CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, contract_id INTEGER NOT NULL, title TEXT NOT NULL,
  description TEXT NOT NULL, created TEXT NOT NULL);
CREATE INDEX notes_contract ON notes (contract_id);
CREATE TABLE organizations (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  users INTEGER NOT NULL, suspended INTEGER NOT NULL, mark INTEGER NOT NULL, last_mark INTEGER NOT NULL,
  domains TEXT NOT NULL);
CREATE INDEX organizations_name ON organizations (name);
CREATE TABLE prices (organization_id TEXT PRIMARY KEY, per_user INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE integrations (psa TEXT PRIMARY KEY, id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE integration_mappings (position INTEGER PRIMARY KEY, psa TEXT NOT NULL, organization_id TEXT NOT NULL,
  company_id INTEGER NOT NULL, line_id INTEGER, non_billable INTEGER NOT NULL);
CREATE TABLE cw_companies (id INTEGER PRIMARY KEY, identifier TEXT NOT NULL, name TEXT NOT NULL,
  deleted INTEGER NOT NULL, type INTEGER NOT NULL, active INTEGER NOT NULL, website TEXT);
CREATE TABLE cw_products (id INTEGER PRIMARY KEY, identifier TEXT NOT NULL UNIQUE, description TEXT NOT NULL,
  unit_cost INTEGER NOT NULL, unit_price INTEGER NOT NULL, auto_cost INTEGER NOT NULL, auto_price INTEGER NOT NULL,
  inactive INTEGER NOT NULL DEFAULT 0);
CREATE TABLE cw_agreements (id INTEGER PRIMARY KEY, company_id INTEGER NOT NULL, name TEXT NOT NULL,
  parent_id INTEGER, billing_cycle TEXT NOT NULL, start TEXT NOT NULL, end TEXT, cancelled TEXT,
  bill_start TEXT NOT NULL, invoiced_through TEXT, last_invoice TEXT, next_invoice TEXT NOT NULL,
  prorate INTEGER NOT NULL, updated TEXT NOT NULL);
CREATE INDEX cw_agreements_company ON cw_agreements (company_id);
CREATE TABLE cw_additions (id INTEGER PRIMARY KEY, agreement_id INTEGER NOT NULL, product_id INTEGER NOT NULL,
  quantity INTEGER, less_included INTEGER NOT NULL, unit_cost INTEGER NOT NULL, unit_price INTEGER NOT NULL,
  bill_customer TEXT NOT NULL, effective TEXT, cancelled TEXT, serial_number TEXT, description TEXT,
  invoice_description TEXT, sequence INTEGER NOT NULL, updated TEXT NOT NULL, updated_by TEXT NOT NULL,
  writes INTEGER NOT NULL DEFAULT 0);
CREATE INDEX cw_additions_agreement ON cw_additions (agreement_id);
CREATE INDEX cw_additions_product ON cw_additions (product_id);
CREATE TABLE cw_audit (id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, record_id INTEGER NOT NULL,
  text TEXT NOT NULL, entered TEXT NOT NULL, entered_by TEXT NOT NULL, source TEXT NOT NULL);
CREATE INDEX cw_audit_record ON cw_audit (type, record_id);
CREATE TABLE lp_companies (id INTEGER PRIMARY KEY, name TEXT NOT NULL, parent_id INTEGER NOT NULL, type TEXT NOT NULL,
  status TEXT NOT NULL, license_limit INTEGER NOT NULL, addons TEXT NOT NULL, users INTEGER NOT NULL,
  disabled INTEGER NOT NULL, invited INTEGER NOT NULL, expired INTEGER NOT NULL, staged INTEGER NOT NULL,
  mark INTEGER NOT NULL, last_mark INTEGER NOT NULL, domains TEXT NOT NULL);
CREATE INDEX lp_companies_name ON lp_companies (name, id);
CREATE INDEX lp_companies_parent ON lp_companies (parent_id);
"""


class _TakenBack(Exception):
    """Ends a trial."""


class World:
    """An open world. Use it in the thread that opened it, and `close()` it (or use it as a context manager)."""

    def __init__(self, path: Path) -> None:
        """Open the database at `path`, which must have been made by `create`."""
        self.path = path
        self.db = sqlite3.connect(path, isolation_level=None, timeout=10)
        # A rehearsal needs no safety against power cuts, and a killed server loses nothing committed anyway.
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=OFF")
        self._before = self.db

    @classmethod
    def create(cls, directory: Path, *, today: date, seed: int = 1) -> World:
        """Make an empty world in `directory` whose clock stands at noon (New York) of `today`.

        Raises `FileExistsError` when the directory already holds a world.
        """
        path = world_path(directory)
        if path.exists():
            raise FileExistsError(f"{path} exists already")
        path.parent.mkdir(parents=True, exist_ok=True)
        world = cls(path)
        world.db.executescript(_SCHEMA)
        world.set("seed", str(seed))
        world.set("now", noon(today).isoformat())
        for name, value in _credentials(seed).items():
            world.set(name, value)
        return world

    @classmethod
    def open(cls, directory: Path) -> World:
        """Open the world of `directory`; raises `FileNotFoundError` when it holds none."""
        path = world_path(directory)
        if not path.is_file():
            raise FileNotFoundError(f"{directory} holds no sandbox world: run `psarecon sandbox init` first")
        return cls(path)

    def close(self) -> None:
        """Close the database."""
        self._forget()
        self.db.close()

    def _forget(self) -> None:
        if self._before is not self.db:
            self._before.close()
            self._before = self.db

    def __enter__(self) -> Self:
        """Give the world itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the world."""
        self.close()

    def get(self, key: str) -> str | None:
        """One stored value about the whole world, or None."""
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def need(self, key: str) -> str:
        """One stored value that every world has; raises `KeyError` without it."""
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def set(self, key: str, value: str) -> None:
        """Store one value about the whole world."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def now(self) -> datetime:
        """The sandbox's present moment, in UTC. It stands still until the clock is moved."""
        return datetime.fromisoformat(self.need("now")).astimezone(UTC)

    @property
    def today(self) -> date:
        """The sandbox's day in New York."""
        return self.now.astimezone(ZONE).date()

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction: everything inside is kept, or nothing of it."""
        if self.db.in_transaction:
            yield
            return
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def remember(self) -> None:
        """Keep a copy of everything as it is, for `as_it_was`."""
        self._forget()
        self._before = sqlite3.connect(":memory:", isolation_level=None)
        self.db.backup(self._before)

    @contextmanager
    def as_it_was(self) -> Iterator[None]:
        """Read what was remembered last."""
        present, self.db = self.db, self._before
        try:
            yield
        finally:
            self.db = present

    @contextmanager
    def trial(self) -> Iterator[None]:
        """One transaction that is taken back."""
        with suppress(_TakenBack), self.change():
            yield
            raise _TakenBack

    def one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        row: tuple[Any, ...] | None = self.db.execute(sql, values).fetchone()
        return row


def world_path(directory: Path) -> Path:
    """Where a directory keeps its world."""
    return directory / FOLDER / "world.db"


def url_path(directory: Path) -> Path:
    """Where a served directory keeps the server's base URL."""
    return directory / FOLDER / "url"


def noon(day: date) -> datetime:
    """12:00 of a day in New York, in UTC."""
    return datetime.combine(day, time(12), ZONE).astimezone(UTC)


def stamp(moment: datetime) -> str:
    """A moment as 2026-11-01T16:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def marks(values: Sequence[object]) -> str:
    """As many SQL parameters as there are values: `?,?,?`."""
    return ",".join("?" * len(values))


def chunks(rows: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """The rows in lists of at most `size`."""
    chunk: list[_T] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) >= size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _credentials(seed: int) -> dict[str, str]:
    """Secrets that are plainly no secrets: the same for the same seed."""
    return {
        "autotask_username": f"sandbox-{seed}@example.invalid",
        "autotask_secret": f"not-a-secret-autotask-{seed}",
        "autotask_integration_code": f"SANDBOX-INTEGRATION-{seed}",
        "jumpcloud_api_key": f"not-a-secret-jumpcloud-{seed}",
        "jumpcloud_provider": f"{seed % 2**32:08x}" + "5a4db0c5a4db0c50",
        "zone_id": str(90_000 + seed % 1_000),
        "connectwise_company": "examplemsp",
        "connectwise_public_key": f"SandboxPublic{seed}",
        "connectwise_private_key": f"not-a-secret-connectwise-{seed}",
        "connectwise_client_id": f"{seed % 2**32:08x}-5a4d-4b0c-8a4d-b0c5a4db0c50",
        "connectwise_codebase": "v2026_4/",
        "lastpass_api_key": f"lpkey_SANDBOX{seed:06d}_not-a-secret",
        "lastpass_company": "9000001",
    }
