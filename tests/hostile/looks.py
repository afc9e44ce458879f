"""What hostile input is made of, and what no output may hold."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Ran
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

#: The same inputs at every run, so that CI never fails by chance; ``max_examples`` bounds the time.
STEADY = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

ACTING = (
    "\x1b[2J\x1b[31m", "\x1b]52;c;cm0=\x07", "\x9b31m", "\u202egpj.exe\u202c", "\u2067x\u2069", "[/oops][bold]",
    "[@click=app.quit]x[/]", "a|b", "<script>alert(1)</script>", '=cmd|"/C calc"!A0', "a\r\nerror: all is lost",
    "a\x0b\x0c\x85\u2028b", "\x7f\x08\x08", "\x00", "", " ", "\ufeff", "\U000e0041", "\ud800", "Z" + "\u0351" * 500,
    "A" * 10_000, "../../etc/passwd", "$(id)", "%s%n{0}", "\U0001f468\u200d\U0001f469", "٣", "²",
)  # fmt: skip
#: Signs that move, hide or reverse what is around them.
_ACTS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

texts = st.one_of(st.sampled_from(ACTING), st.text(st.characters(), max_size=40))
numbers = st.one_of(
    st.sampled_from([0, -1, 1, 2**31, 2**63, -(2**63), 10**60, 1e30, -0.0, 0.1]),
    st.integers(-(2**70), 2**70),
    st.floats(-1e30, 1e30).map(lambda number: round(number, 6)),
)
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in the data, itself included."""
    found = [path]
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in inner:
        found += places(value, (*path, step))
    return found


def replaced(data: Any, path: Sequence[Any], value: Any) -> Any:
    """A copy of the data with another value at the path."""
    if not path:
        return value
    found = deepcopy(data)
    part = found
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    return found


def missing(data: Any, path: Sequence[Any]) -> Any:
    """A copy of the data without what stands at the path."""
    found = deepcopy(data)
    part = found
    for step in path[:-1]:
        part = part[step]
    del part[path[-1]]
    return found


def harmless(ran: Ran, *codes: int) -> None:
    """One of the exit codes, no traceback, no error nobody thought of, and nothing that acts on a terminal."""
    assert ran.code in codes, (ran.code, ran.err[-600:])
    assert "Traceback" not in ran.err, ran.err[-3000:]
    assert "error: unexpected " not in ran.err, ran.err[-600:]
    for text in (ran.out, ran.err):
        found = {sign for sign in text if unicodedata.category(sign) in _ACTS} - {"\n"}
        assert found == set(), (found, text[:400])
    assert len(ran.err) < 200_000
    if ran.code not in {0, 2, 4, 5, 6}:
        assert ran.err.count("\nerror: ") + ran.err.startswith("error: ") <= 1, ran.err[-600:]


@dataclass(frozen=True)
class Measured(Ran):
    """What a command gave, and took: the most memory it had, in MiB."""

    memory: int


_LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]) * 2**20,) * 2)
from psarecon.cli.main import main
code = main(sys.argv[2:], os.environ)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr)
os._exit(code)
"""


def measured(
    directory: Path, *words: str, environ: Mapping[str, str] | None = None, most: int = 2048, seconds: float = 240
) -> Measured:
    """A command in a process that gets no more than ``most`` MiB of addresses and so many seconds."""
    done = subprocess.run(
        [sys.executable, "-B", "-c", _LIMITED, str(most), "-C", str(directory), "--debug", *words],
        env={"PATH": "/usr/bin:/bin", **(environ or {})},
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    said, _, memory = done.stderr.decode().rstrip("\n").rpartition("\n")
    return Measured(done.returncode, done.stdout.decode(), said + "\n", int(memory))


def own_memory() -> int:
    """The most memory this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def written(data: Any) -> bytes:
    """JSON as a hostile server would write it: also what is no JSON (NaN)."""
    return json.dumps(data).encode()
