"""``psarecon completion``: what a shell needs to complete commands, options and files after Tab."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from psarecon.errors import EXIT_DONE

_SHELLS = ("bash", "zsh", "tcsh")


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "print a script that makes the shell complete psarecon's commands, options and files"
    parser = commands.add_parser("completion", help="print a completion script for a shell", description=text)
    parser.add_argument("shell", choices=_SHELLS, help="the shell to print it for")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    import shtab

    from psarecon.cli.main import parser

    whole = parser()
    for action in _actions(whole):
        if action.type is Path:
            action.complete = shtab.DIR if action.metavar == "DIR" else shtab.FILE  # type: ignore[attr-defined]  # shtab's
    print(shtab.complete(whole, args.shell))
    return EXIT_DONE


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every argument of a parser and of the commands below it."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public name for it, and shtab reads it too
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            for below in action.choices.values():
                yield from _actions(below)
