"""``psarecon check``: tells whether settings and mapping are valid."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from psarecon.errors import EXIT_DONE, EXIT_INVALID

if TYPE_CHECKING:
    from psarecon.config.check import CheckResult


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    text = "check settings and mapping: every error of every file at once; nothing is asked of any vendor"
    parser = commands.add_parser("check", help="check settings and mapping", description=text)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how problems are written")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what is wrong, or how much is valid. The exit code is 3 when there is an error."""
    from psarecon.config.check import check

    result = check(args.directory)
    if args.format == "json":
        problems = [problem.as_data() for problem in (*result.errors, *result.warnings)]
        print(json.dumps(problems, indent=2))
    else:
        _print_text(result)
    return EXIT_INVALID if result.errors else EXIT_DONE


def _print_text(result: CheckResult) -> None:
    for problem in (*result.errors, *result.warnings):
        print(problem.render(), file=sys.stderr)
    if result.errors:
        print(_count(len(result.errors), "error"), file=sys.stderr)
    else:
        print(f"{_count(result.clients, 'client')}, {_count(result.lines, 'line')}: valid")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
