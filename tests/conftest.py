"""What holds for every test: no network beyond this machine, no environment of the person who runs them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal
from postgres import Server, serving

_LOOPBACK = ("127.", "::1", "localhost")


def _only_loopback(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook cannot be taken off again, also not by the code under test."""
    if event == "socket.connect" and isinstance(args[1], tuple) and not str(args[1][0]).startswith(_LOOPBACK):
        message = f"a test tried to reach {args[1][0]}"
        raise RuntimeError(message)


sys.addaudithook(_only_loopback)
#: A shell that runs the tests in its background has them ignore Ctrl-C, and with them every program they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Rehearsal]:
    """One client, ten units in Autotask, fourteen users in JumpCloud, on 2026-11-20."""
    with rehearsal(tmp_path / "msp", Client()) as found:
        yield found


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for as long as the session takes."""
    with serving() as server:
        yield server


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    """The URL of an empty database of its own."""
    with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new ledger may be, in each kind of database: what holds of one holds of the other."""
    return f"sqlite:{tmp_path / 'ledger.db'}" if request.param == "sqlite" else request.getfixturevalue("database")
