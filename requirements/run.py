"""Writes requirements/run.txt: of dev.txt what psarecon itself needs to run, with the same versions and hashes.

Usage: ``python requirements/run.py`` writes it, ``--check`` only says (exit 1) whether it is out of date. The extras of
the container image are in it. Needs the development environment, whose packages tell what they need in turn.
"""
# ruff: noqa: INP001  # a script beside its files, not a package

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HERE = Path(__file__).parent
TARGET = HERE / "run.txt"
#: What the image can do besides: a shared ledger, notifications, and a rehearsal.
EXTRAS = ("postgres", "notify", "sandbox")
_HEAD = "# Written by requirements/run.py from dev.txt: what psarecon needs to run, with the extras of the image.\n"


def locked() -> dict[str, str]:
    """The pinned packages of dev.txt: name to its lines."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", (HERE / "dev.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: dict[str, str] = {}
    for block in blocks:
        if "==" in block:
            name = canonicalize_name(re.split(r"[=\[; ]", block, maxsplit=1)[0])
            found[name] = found.get(name, "") + block
    return found


def needed(name: str, extras: frozenset[str], seen: dict[str, frozenset[str]]) -> None:
    """Add a package with what it needs, and what that needs, to those seen."""
    if extras <= seen.get(name, frozenset()) and name in seen:
        return
    seen[name] = seen.get(name, frozenset()) | extras
    add(requires(name) or (), extras, seen)


def add(lines: Iterable[str], extras: frozenset[str], seen: dict[str, frozenset[str]]) -> None:
    """The same for each of several requirements, where it holds here and with these extras."""
    for one in map(Requirement, lines):
        chosen = ({"extra": extra} for extra in ("", *sorted(extras)))
        if one.marker is None or any(one.marker.evaluate(environment) for environment in chosen):
            needed(canonicalize_name(one.name), frozenset(one.extras), seen)


def text() -> str:
    """The file as it should be."""
    seen: dict[str, frozenset[str]] = {}
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    add(project["dependencies"], frozenset(), seen)
    for extra in EXTRAS:
        add(project["optional-dependencies"][extra], frozenset(), seen)
    pinned = locked()
    return _HEAD + "".join(pinned[name] for name in sorted(seen))


def main(arguments: list[str]) -> int:
    """Exit 1 when ``--check`` finds the file out of date."""
    now = text()
    if arguments == ["--check"]:
        stale = not TARGET.exists() or TARGET.read_text(encoding="utf-8") != now
        print("requirements/run.txt is out of date: run `python requirements/run.py`" if stale else "", end="")
        return int(stale)
    TARGET.write_text(now, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
