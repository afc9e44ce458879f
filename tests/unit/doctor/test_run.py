from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from psarecon.doctor.run import examine
from psarecon.domain.health import Check, Checkup, State
from psarecon.errors import LedgerError
from psarecon.http import Http
from psarecon.patience import PATIENCE


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def good(name: str) -> Checkup:
    """One that finds nothing wrong."""
    return Checkup(name, lambda: Check(name, State.OK, "fine"))


def raising(name: str, error: Exception) -> Checkup:
    """One that cannot be made."""

    def look() -> Check:
        raise error

    return Checkup(name, look)


def told(checks: list[Check]) -> list[tuple[str, str, str]]:
    """Name, state and text of each."""
    return [(check.name, check.state.value, check.text) for check in checks]


def test_a_vendor_that_never_answers_holds_nobody_up(silent: str) -> None:
    """When time is up that check has failed, retries and all; the others are told; later calls are free again."""
    http = Http("Slow")
    slow = Checkup("slow", lambda: Check("slow", State.OK, f"{http.read('GET', silent).status}"))
    began = time.monotonic()
    found = examine([[slow, good("behind it")], [good("beside it")]], seconds=0.5)
    http.close()
    assert time.monotonic() - began < 2
    assert [state for _, state, _ in told(found)] == ["FAIL", "WARN", "OK"]
    assert PATIENCE.ends is None


def test_what_follows_the_first_of_a_group_is_not_looked_at_where_that_failed() -> None:
    """It would say the same again; the other group is not touched by it."""
    found = examine([[raising("a", LedgerError("gone", hint="mend it")), good("b")], [good("c")]])
    assert told(found) == [("a", "FAIL", "gone"), ("b", "WARN", "not looked at: see a"), ("c", "OK", "fine")]
    assert found[0].remedy == "mend it"


def test_one_that_fails_later_keeps_no_other_from_being_looked_at() -> None:
    """Only the first of a group stands for the others."""
    found = examine([[good("a"), raising("b", LedgerError("gone")), good("c")]])
    assert [check.state.value for check in found] == ["OK", "FAIL", "OK"]


def test_an_error_of_an_adapter_is_told_without_its_words() -> None:
    """They may hold a credential."""
    (found,) = examine([[raising("a", KeyError("hunter2"))]])
    assert (found.state, found.text) == (State.FAIL, "unexpected KeyError")
