"""What a command costs before it does anything: the libraries it loads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest
from harness import Client, Rehearsal, rehearsal

#: Libraries that take longer to load than a person notices.
_HEAVY = frozenset(
    {
        "apprise",
        "httpx",
        "jinja2",
        "jsonschema",
        "jsonschema_rs",
        "msgspec",
        "psycopg",
        "rapidfuzz",
        "rich",
        "ruamel",
        "shtab",
        "sqlalchemy",
        "starlette",
        "tenacity",
        "textual",
        "uvicorn",
    }
)
_CONFIG = {"jsonschema_rs", "ruamel"}
_LEDGER = {"sqlalchemy"}
_HTTP = {"httpx", "tenacity", "rich"}  # httpx loads rich itself, for a command line of its own, where it finds click
_PLAN_FILE = {"msgspec", "rich"}  # rich knows how wide a name is on a screen
_EVERYTHING = _CONFIG | _LEDGER | _HTTP | _PLAN_FILE
#: What each command may load; PLAN stands for a saved plan, OUT for a folder that is not there.
_MAY = {
    "check": _CONFIG,
    "check --format sarif": _CONFIG | {"rich"},
    "observe": _CONFIG | _LEDGER | _HTTP,
    "plan": _EVERYTHING,
    "plan -o PLAN": _EVERYTHING,
    "show PLAN": _PLAN_FILE,
    "show PLAN --format json": _PLAN_FILE,
    "show PLAN --format markdown": _PLAN_FILE,
    "show PLAN --format csv": _PLAN_FILE,
    "show PLAN --format html": _PLAN_FILE | {"jinja2"},
    "decide PLAN --approve-clean": _PLAN_FILE,
    "baseline": _EVERYTHING,
    "apply PLAN --approve-clean": _EVERYTHING,
    "drift": _EVERYTHING,
    "resume": _EVERYTHING,
    "log": _CONFIG | _LEDGER,
    "log --format json": _CONFIG | _LEDGER,
    "log --verify": _CONFIG | _LEDGER,
    "lock list": _CONFIG | _LEDGER,
    "sandbox init OUT": {"starlette"},
}
#: Runs the command line with the words given, then lists the top-level modules that are loaded.
_LOADED = """
import contextlib, io, json, os, sys
from psarecon.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    code = main(sys.argv[1:], dict(os.environ))
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def _loaded(*words: str, environ: Mapping[str, str] | None = None) -> set[str]:
    """The heavy libraries a command has loaded, in a process of its own; it must go well."""
    told = subprocess.run(
        [sys.executable, "-c", _LOADED, *words], capture_output=True, text=True, check=True, env=dict(environ or {})
    )
    code, modules = json.loads(told.stdout)
    assert code == 0, told.stderr
    return set(modules) & _HEAVY


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A client whose usage is read and whose plan is saved."""
    with rehearsal(tmp_path_factory.mktemp("imports") / "msp", Client()) as found:
        found.observed()
        found.plan()
        yield found


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        *((command, "--help") for command in sorted({words.split()[0] for words in _MAY} | {"review", "rollback"})),
        ("schema", "--list"),
        ("schema", "mapping"),
    ],
)
def test_help_loads_none_of_the_libraries(words: tuple[str, ...]) -> None:
    """A person who asks how it works does not wait for a database driver."""
    assert _loaded(*words) == set()


@pytest.mark.parametrize("command", _MAY)
def test_a_command_loads_no_library_it_has_no_use_for(planned: Rehearsal, command: str) -> None:
    """A check of a valid configuration asks nobody and keeps nothing; a saved plan is shown without a ledger."""
    stands_for = {"PLAN": str(planned.plan_file), "OUT": str(planned.directory / "out")}
    words = [stands_for.get(word, word) for word in command.split()]
    assert _loaded("-C", str(planned.directory), *words, environ=planned.environ) - _MAY[command] == set()
