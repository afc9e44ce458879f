"""Writes the help blocks of docs/reference/commands.md from the command line itself.

Usage: ``python docs/generate.py`` rewrites them, ``python docs/generate.py --check`` only says (exit 1) whether a
block is out of date or a command has none. A block stands between ``<!-- help: plan -->`` and ``<!-- end -->``.
"""
# ruff: noqa: INP001  # a script beside the documents, not a package

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

from psarecon.cli.main import main as psarecon

PAGE = Path(__file__).parent / "reference" / "commands.md"
_BLOCK = re.compile(r"<!-- help: ([a-z -]*)-->\n.*?<!-- end -->", re.DOTALL)
_LISTED = re.compile(r"^    ([a-z]+)  ", re.MULTILINE)


def help_of(words: str) -> str:
    """The help text of a command (``sandbox init``), of psarecon as a whole for no words."""
    out = io.StringIO()
    with redirect_stdout(out):
        psarecon([*words.split(), "--help"], {})
    return out.getvalue().rstrip()


def commands(words: str = "") -> Iterator[str]:
    """Every command that can be called, as its words: those that ``--help`` lists, and their own."""
    below = [f"{words} {name}".strip() for name in _LISTED.findall(help_of(words))]
    for command in below:
        yield command
        yield from commands(command)


def generated(page: str) -> str:
    """The page with every help block as it is now."""
    return _BLOCK.sub(lambda found: _block(found[1].strip()), page)


def _block(words: str) -> str:
    mark = f"{words} " if words else ""
    return f"<!-- help: {mark}-->\n```text\n{help_of(words)}\n```\n<!-- end -->"


def missing(page: str) -> list[str]:
    """The commands without a help block."""
    present = {words.strip() for words in _BLOCK.findall(page)}
    return [command for command in commands() if command not in present]


def main(arguments: list[str]) -> int:
    """Exit 0 when the page is as it should be or was written; 1 when ``--check`` finds it is not."""
    os.environ.update(COLUMNS="100", NO_COLOR="1")
    page = PAGE.read_text(encoding="utf-8")
    without = missing(page)
    for command in without:
        print(f"{PAGE.name} has no help block for `psarecon {command}`", file=sys.stderr)
    if without:
        return 1
    if arguments != ["--check"]:
        PAGE.write_text(generated(page), encoding="utf-8")
    elif generated(page) != page:
        print(f"{PAGE.name} is out of date: run `python docs/generate.py`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
