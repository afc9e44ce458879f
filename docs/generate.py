"""Writes what the documents have from the program itself: help blocks, tables of keys and of rules, the manual page.

Usage: ``python docs/generate.py`` writes, ``python docs/generate.py --check`` only says (exit 1) whether something is
out of date or a command has no help block. A block stands between ``<!-- help: plan -->`` and ``<!-- end -->`` in
reference/commands.md, the tables between ``<!-- keys -->`` or ``<!-- rules -->`` and ``<!-- end -->`` in
reference/keys.md and reference/sandbox.md; man/psarecon.1 is written whole.
"""
# ruff: noqa: INP001  # a script beside the documents, not a package

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

from argparse_manpage.manpage import Manpage  # type: ignore[import-untyped]  # it brings no types

from psarecon import __version__
from psarecon.cli.main import main as psarecon
from psarecon.cli.main import parser
from psarecon.review.keys import ACTIONS, Action, Section
from psarecon.sandbox.rules import RULES, Rule

REFERENCE = Path(__file__).parent / "reference"
PAGE = REFERENCE / "commands.md"
_KEYS = re.compile(r"<!-- keys -->\n.*?<!-- end -->", re.DOTALL)
_RULES = re.compile(r"<!-- rules -->\n.*?<!-- end -->", re.DOTALL)
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


def with_rules(page: str) -> str:
    """The page with the table of the sandbox's rules as it is now."""
    rows = ["| rule | values (default first) | decides | what is not known |", "|---|---|---|---|"]
    rows += [f"| `{one.name}` | {_values(one)} | {_cell(one.meaning)} | {_cell(one.unproven)} |" for one in RULES]
    table = "\n".join(rows)
    return _RULES.sub(lambda _: f"<!-- rules -->\n{table}\n<!-- end -->", page)


def _values(rule: Rule) -> str:
    if isinstance(rule.allowed[0], int):
        return f"{rule.default}, {rule.allowed[0]} to {rule.allowed[1]}"
    words = sorted(map(str, rule.allowed), key=lambda word: word != rule.default)
    return ", ".join(f"`{word}`" for word in words)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def man(_: str) -> str:
    """The manual page psarecon(1), without a date: it is as old as its version."""
    words = {"version": __version__, "manual_title": "psarecon", "description": "per-seat usage to PSA quantities"}
    page = Manpage(parser(), format="pretty", _data=words)
    page.date = ""
    return str(page)


#: What is written, and by what.
_GENERATED: dict[Path, Callable[[str], str]] = {
    PAGE: generated,
    REFERENCE / "keys.md": with_keys,
    REFERENCE / "sandbox.md": with_rules,
    Path(__file__).parent / "man" / "psarecon.1": man,
}


def main(arguments: list[str]) -> int:
    """Exit 0 when the pages are as they should be or were written; 1 when ``--check`` finds they are not."""
    os.environ.update(COLUMNS="100", NO_COLOR="1")
    without = missing(PAGE.read_text(encoding="utf-8"))
    for command in without:
        print(f"{PAGE.name} has no help block for `psarecon {command}`", file=sys.stderr)
    if without:
        return 1
    stale = [path for path in _GENERATED if _stale(path, write=arguments != ["--check"])]
    for path in stale if arguments == ["--check"] else []:
        print(f"{path.name} is out of date: run `python docs/generate.py`", file=sys.stderr)
    return int(bool(stale) and arguments == ["--check"])


def _stale(path: Path, *, write: bool) -> bool:
    """Whether a file is not as the program would write it; written anew where that is wanted."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    now = _GENERATED[path](before)
    if write and now != before:
        path.parent.mkdir(exist_ok=True)
        path.write_text(now, encoding="utf-8")
    return now != before


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
