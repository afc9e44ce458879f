"""What people get wrong: an exit code, one clear message, the way out, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Ran, Rehearsal, psarecon


def _clear(ran: Ran, code: int, *said: str) -> None:
    """The code, and an error that says it without a traceback (``--debug`` is on) and without drawing anything."""
    assert (ran.code, "Traceback" in ran.err) == (code, False), ran.err
    for word in said:
        assert word in ran.err
    assert len(ran.err) < 3000


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("billing:", "biling:", "biling", id="a wrong key"),
        pytest.param("currency: USD", "currency: dollars", "USD", id="a wrong value"),
        pytest.param("timezone: America/New_York", "timezone: America/Newyork", "America/New_York", id="a wrong zone"),
        pytest.param("version: 1", "version: 1\nversion: 1", "version", id="a key twice"),
        pytest.param("version: 1", "version: [", "psarecon.yaml:", id="no YAML"),
        pytest.param("type: jumpcloud", "type: jumpclod", "jumpclod", id="an adapter that is not installed"),
    ],
)
def test_wrong_settings_say_where(acme: Rehearsal, old: str, new: str, said: str) -> None:
    """Exit 3, the place or the name of what is wrong."""
    acme.settings(old, new)
    _clear(acme.run("observe"), 3, "error: ", said)


def test_every_command_shows_every_error_of_the_settings_at_once(acme: Rehearsal) -> None:
    """Three mistakes are three errors with their places, not one and two more runs."""
    acme.settings("version: 1", "version: 9\nnonsense: 1\nmore: 2")
    ran = acme.run("plan")
    _clear(ran, 3, "psarecon.yaml:", "psarecon check")
    assert sum(": error: " in line for line in ran.err.splitlines()) == 3


@pytest.mark.parametrize("variable", ["JUMPCLOUD_API_KEY", "AUTOTASK_SECRET"])
def test_a_missing_secret_is_named_by_its_variable(acme: Rehearsal, variable: str) -> None:
    """Which variable, and for which setting; an empty one is missing too."""
    word = "observe" if variable.startswith("JUMP") else "plan"
    for environ in (
        {name: value for name, value in acme.environ.items() if name != variable},
        {**acme.environ, variable: ""},
    ):
        ran = psarecon("-C", str(acme.directory), "--debug", word, environ=environ)
        _clear(ran, 3, f"env:{variable}", "hint: set the variable")


def test_a_secret_with_a_line_end_is_told_from_a_wrong_one(acme: Rehearsal) -> None:
    """What an editor adds to a variable breaks the header, not the connection; the secret is not repeated."""
    environ = {**acme.environ, "JUMPCLOUD_API_KEY": acme.environ["JUMPCLOUD_API_KEY"] + "\n"}
    ran = psarecon("-C", str(acme.directory), "--debug", "observe", environ=environ)
    _clear(ran, 3, "x-api-key", "line end")
    assert acme.environ["JUMPCLOUD_API_KEY"] not in ran.err
    assert acme.requests() == []


Make = Callable[[Rehearsal], bytes]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda place: place.plan_file.read_bytes() + b" ", "was changed after", id="edited"),
        pytest.param(lambda place: place.plan_file.read_bytes()[:-20], "is not a psarecon plan", id="half of it"),
        pytest.param(
            lambda _: b'{"format_version":"1.2","terraform_version":"1.9"}', "another psarecon", id="Terraform's"
        ),
        pytest.param(lambda _: b"\x89PNG\r\n\x1a\n\x00", "is not a psarecon plan", id="a picture"),
        pytest.param(lambda _: b"", "is not a psarecon plan", id="empty"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(acme: Rehearsal, make: Make, said: str) -> None:
    """By every command that takes one."""
    acme.observed()
    acme.plan()
    acme.plan_file.write_bytes(make(acme))
    for word in ("show", "decide", "apply"):
        _clear(acme.run(word, str(acme.plan_file)), 3, "plan.json is refused", said, "hint: make a new plan")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"[]", id="another form"),
        pytest.param(b'{"format_version": 1, "decisions": [{"change": "x", "verdict": "yes"}]}', id="a wrong word"),
    ],
)
def test_a_broken_decisions_file_stops_the_run(acme: Rehearsal, content: bytes) -> None:
    """Nothing is written on decisions nobody can read."""
    acme.observed()
    acme.plan()
    (acme.directory / "plan.decisions.json").write_bytes(content)
    _clear(acme.apply(), 3, "plan.decisions.json is not a decisions file")
    assert acme.adjustments() == 0


def test_a_file_that_is_not_there_is_named(acme: Rehearsal) -> None:
    """A plan, and a directory where a file should be."""
    _clear(acme.run("apply", str(acme.directory / "missing.json")), 3, "missing.json cannot be read: No such file")
    _clear(acme.run("show", str(acme.directory)), 3, "cannot be read: Is a directory")


@pytest.mark.parametrize("word", ["check", "observe", "plan", "log"])
def test_a_directory_that_is_not_there_is_named(tmp_path: Path, word: str) -> None:
    """Or holds no settings."""
    for directory in (tmp_path / "missing", tmp_path):
        _clear(psarecon("-C", str(directory), "--debug", word), 3, "psarecon.yaml")


@pytest.mark.parametrize("output", ["psarecon.yaml/plan.json", "clients", "p" * 300])
def test_a_plan_that_cannot_be_saved_says_so(acme: Rehearsal, output: str) -> None:
    """Below a file, in place of a folder, under a name no disk takes; what was there stays."""
    acme.observed()
    before = (acme.directory / "psarecon.yaml").read_bytes()
    names = sorted(acme.directory.iterdir())
    _clear(acme.run("plan", "-o", str(acme.directory / output)), 1, "cannot be written", "hint: check the folder")
    assert (acme.directory / "psarecon.yaml").read_bytes() == before
    assert sorted(acme.directory.iterdir()) == names


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(("--as-of", "2026-11-20T17:00:00"), "has no time zone", id="no zone"),
        pytest.param(("--as-of", "yesterday"), "is not a moment", id="no moment"),
        pytest.param(("--as-of", "0001-01-01T00:00:00+14:00"), "of no year that is billed", id="before all time"),
        pytest.param(("--as-of", "9999-12-31T23:59:59Z"), "of no year that is billed", id="after all time"),
        pytest.param(("--month", "2027-01"), "2027-01 has not begun", id="a month to come"),
        pytest.param(("--month", "2026-13"), "write it as 2026-11", id="no month"),
        pytest.param(("--month", "0000-01"), "is before any ledger", id="the year nought"),
        pytest.param(("--month", "0001-01"), "is before any ledger", id="the year one"),
    ],
)
def test_a_moment_that_cannot_be_is_wrong_usage(acme: Rehearsal, words: tuple[str, str], said: str) -> None:
    """Exit 64, with an example of what to write."""
    acme.observed()
    _clear(acme.run("plan", *words), 64, said, "hint: write ")


def test_a_typed_word_is_shown_harmless(acme: Rehearsal) -> None:
    """An escape sequence pasted into the command line is not sent back to the terminal."""
    hostile = "x\x1b]52;c;cm0=\x07\u202e"
    for words in (("show", hostile), ("plan", "--month", hostile), (hostile,), ("log", "--run", hostile)):
        ran = acme.run(*words)
        assert not {"\x1b", "\x07", "\u202e"} & set(ran.out + ran.err)


def test_a_ledger_that_cannot_be_made_is_named(acme: Rehearsal) -> None:
    """Exit 1 from every command that keeps something."""
    acme.settings("sqlite:.psarecon/ledger.db", "sqlite:psarecon.yaml/ledger.db")
    for word in ("observe", "plan", "log", "resume"):
        _clear(acme.run(word), 1, "error: the ledger ", "hint: check that its folder exists")


def test_a_ledger_that_is_something_else_is_named_and_left_alone(acme: Rehearsal) -> None:
    """A settings file is not a database."""
    acme.settings("sqlite:.psarecon/ledger.db", "sqlite:env.sh")
    before = (acme.directory / "env.sh").read_bytes()
    _clear(acme.run("observe"), 1, "file is not a database")
    assert (acme.directory / "env.sh").read_bytes() == before


def test_a_read_only_ledger_stops_apply_before_anything_is_sent(acme: Rehearsal) -> None:
    """Without a journal nothing is written to the PSA; what was in the ledger can still be read."""
    acme.observed()
    acme.plan()
    path = acme.directory / ".psarecon" / "ledger.db"
    content = bytearray(path.read_bytes())
    content[18] = 3  # SQLite's mark of a file that only newer programs may write: it holds for root too
    path.write_bytes(bytes(content))
    _clear(acme.apply(), 1, "attempt to write a readonly database", "nothing that was committed is lost")
    assert acme.adjustments() == 0
    assert json.loads(acme.run("log", "--format", "json").out) == []


#: Run with -B: Python would leave half a bytecode file, and the next process would stumble over it.
#: Runs a command in a process whose files may not grow beyond a size: a full disk, as far as a program can tell.
_SMALL_DISK = """
import os, resource, signal, sys
from psarecon.cli.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.exit(main(sys.argv[2:], os.environ))
"""


@pytest.mark.parametrize("size", [4096, 33_000, 45_500, 60_000])
def test_a_full_disk_is_told_and_nothing_is_sent_twice(acme: Rehearsal, size: int) -> None:
    """Whichever transaction no longer fits (the lease, the outcome, none): what was sent has its intent in the journal,
    and with room again the line ends at 14, written once."""
    acme.observed()
    acme.plan()
    words = ["-C", str(acme.directory), "--debug", "apply", str(acme.plan_file), "--approve-clean"]
    ran = subprocess.run(
        [sys.executable, "-B", "-c", _SMALL_DISK, str(size), *words],
        env=acme.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ran.stderr
    assert (ran.returncode != 0) is ("the ledger " in ran.stderr)
    assert ran.returncode in {0, 1, 6}
    assert acme.adjustments() <= [one["event"] for one in acme.log()].count("intent")
    assert (acme.run("resume").code, acme.apply().code) == (0, 0)
    assert (acme.truth()["quantity"], acme.truth()["writes"]) == ("14", 1)


def test_no_sandbox_where_the_clock_should_be_is_told(acme: Rehearsal) -> None:
    """A rehearsal's setting left in a real configuration."""
    acme.settings("clock: file:.sandbox/url", "clock: http://127.0.0.1:1")
    _clear(acme.run("plan"), 1, "sandbox GET /_sandbox/health", "127.0.0.1 cannot be reached")


@pytest.mark.parametrize("number", ["0", "-5", "ten"])
def test_a_number_of_entries_that_is_none_is_wrong_usage(acme: Rehearsal, number: str) -> None:
    """`log -n` takes a number above 0; it does not say that the journal is empty."""
    _clear(acme.run("log", "-n", number), 64, "-n")
