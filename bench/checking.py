"""What ``check`` costs beside check-jsonschema with our schema on the same files, and beside libyaml's bare events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mapped import mapped
from process import Beside, Command, in_turn, rows
from table import Row

_HERE = Path(__file__).parent
_SCHEMA = _HERE.parent / "schemas" / "mapping.schema.json"
#: The most of check-jsonschema's processor time.
_CPU = 0.35
#: Lines of the files.
FULL, QUICK = 50_000, 2_000


def part(work: Path, lines: int, repeat: int) -> Iterator[Row | str]:
    """One file for all clients, then one for each."""
    for one_file, said in ((True, "one file"), (False, "a file for each client")):
        yield f"check, {lines:,} lines, {said}"
        directory = mapped(work / f"check-{'one' if one_file else 'many'}", lines, "same", one_file=one_file)
        yield from _beside(directory, repeat)


def _beside(directory: Path, repeat: int) -> Iterator[Row]:
    clients = directory / "clients"
    names = sorted(path.name for path in clients.iterdir())
    ours = Command(("psarecon", "check"), directory)
    peer = Command(("check-jsonschema", "--schemafile", str(_SCHEMA), *names), clients, says="ok")
    limit = Command(("python", str(_HERE / "peers" / "events.py"), str(clients)), clients, says=f"{len(names)} files")
    took, validated, parsed = in_turn((ours, peer, limit), repeat)
    yield from rows("check", took, Beside("check-jsonschema", validated, cpu=_CPU))
    yield Row("check: CPU", took.cpu, "s", parsed.cpu, "libyaml's events alone")
