"""What a command costs before it does anything: the libraries it loads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from harness import Client, rehearsal

_HEAVY = {
    "msgspec",
    "httpx",
    "sqlalchemy",
    "jsonschema",
    "ruamel",
    "textual",
    "starlette",
    "rich",
    "uvicorn",
    "tenacity",
}
#: Runs the command line with the words given, then lists the top-level modules that are loaded.
_LOADED = """
import contextlib, io, json, sys
from psarecon.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    code = main(sys.argv[1:], {})
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def _loaded(*words: str) -> set[str]:
    """The modules a command has loaded, in a process of its own; it must go well."""
    told = subprocess.run([sys.executable, "-c", _LOADED, *words], capture_output=True, text=True, check=True)
    code, modules = json.loads(told.stdout)
    assert code == 0, told.stderr
    return set(modules)


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ("plan", "--help"), ("review", "--help"), ("schema", "--list")]
)
def test_help_loads_none_of_the_libraries(words: tuple[str, ...]) -> None:
    """A person who asks how it works does not wait for a database driver."""
    assert _loaded(*words) & _HEAVY == set()


def test_check_loads_nothing_that_speaks_http_or_sql(tmp_path: Path) -> None:
    """The pipeline's check of a valid configuration asks nobody and keeps nothing."""
    with rehearsal(tmp_path / "msp", Client()):
        loaded = _loaded("-C", str(tmp_path / "msp"), "check")
    assert loaded & {"httpx", "sqlalchemy", "textual", "starlette", "uvicorn", "tenacity"} == set()
