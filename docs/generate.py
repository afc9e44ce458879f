"""Writes the help blocks of docs/reference/commands.md from the command line itself, and the tables of keys.md.

Usage: ``python docs/generate.py`` rewrites them, ``python docs/generate.py --check`` only says (exit 1) whether a
block is out of date or a command has none. A block stands between ``<!-- help: plan -->`` and ``<!-- end -->``,
the tables of keys between ``<!-- keys -->`` and ``<!-- end -->``.
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
from psarecon.review.keys import ACTIONS, Action, Section

REFERENCE = Path(__file__).parent / "reference"
PAGE = REFERENCE / "commands.md"
KEYS_PAGE = REFERENCE / "keys.md"
_KEYS = re.compile(r"<!-- keys -->\n.*?<!-- end -->", re.DOTALL)
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


def with_keys(page: str) -> str:
    """The page with the tables of keys as they are now."""
    tables = "\n\n".join(f"## {section}\n\n{_table(section)}" for section in Section)
    return _KEYS.sub(lambda _: f"<!-- keys -->\n{tables}\n<!-- end -->", page)


def _table(section: Section) -> str:
    rows = ["| keys | id | what it does | screens |", "|---|---|---|---|"]
    rows += [_row(action) for action in ACTIONS if action.section is section]
    return "\n".join(rows)


def _row(action: Action) -> str:
    keys = " ".join(f"`{key}`" for key in action.keys)
    sentence = f"{action.help} Asks first." if action.reach else action.help
    return f"| {keys} | `{action.id}` | {sentence} | {', '.join(action.places)} |"


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
    fresh = {PAGE: generated(page), KEYS_PAGE: with_keys(KEYS_PAGE.read_text(encoding="utf-8"))}
    stale = [path for path, text in fresh.items() if path.read_text(encoding="utf-8") != text]
    for path in stale:
        if arguments != ["--check"]:
            path.write_text(fresh[path], encoding="utf-8")
        else:
            print(f"{path.name} is out of date: run `python docs/generate.py`", file=sys.stderr)
    return int(bool(stale) and arguments == ["--check"])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
