"""The ledger of a worker: SQLite in its directory, or a schema of its own on a PostgreSQL server; emptied by run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from psarecon.ledger.database import Database, metadata, open_database, schema_version


@dataclass(frozen=True, slots=True)
class Ledger:
    """An open ledger; ``admin_url`` is where PostgreSQL can be told to end connections (empty: SQLite)."""

    database: Database
    path: Path
    admin_url: str = ""

    def empty(self) -> None:
        """Nothing observed, nothing written, no lease: as a new one."""
        self.database.close()
        if not self.admin_url:
            for path in self.path.parent.glob(f"{self.path.name}*"):
                path.unlink()
            shutil.copyfile(_template(self.path), self.path)
            return
        with self.database.writing() as connection:
            tables = ", ".join(table.name for table in metadata.sorted_tables if table is not schema_version)
            connection.execute(sa.text(f"TRUNCATE {tables}"))


def _template(path: Path) -> Path:
    return path.parent.with_name(f"{path.name}.empty")


def sqlite_ledger(directory: Path) -> Ledger:
    """A new ledger in the directory, and a copy of it to begin each run with."""
    path = directory / ".psarecon" / "ledger.db"
    database = open_database("sqlite:.psarecon/ledger.db", directory)
    database.close()  # all of it is in the file then, and a connection is made when one is needed
    shutil.copyfile(path, _template(path))
    return Ledger(database, path)


def postgres_ledger(directory: Path, url: str) -> Ledger:
    """The ledger in a database of its own at ``url``, which must be empty."""
    return Ledger(open_database(url, directory), directory / ".psarecon" / "ledger.db", url)
