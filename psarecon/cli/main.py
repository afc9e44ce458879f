"""The command line: arguments, environment and exit codes; everything else is in the commands."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from psarecon import __version__
from psarecon.cli import apply, check, decide, demo, log, observe, plan, resume, review, sandbox, schema
from psarecon.errors import EXIT_ERROR, EXIT_USAGE, PsareconError
from psarecon.text import clean

_COMMANDS = (check, observe, plan, review, decide, apply, resume, log, schema, sandbox, demo)
_INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """argparse with our exit code for wrong usage."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(f"error: {clean(message)}", file=sys.stderr)
        raise SystemExit(EXIT_USAGE)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    found = _Parser(
        prog="psarecon",
        description="Plan, review and apply per-seat billing quantities and unit costs in a PSA.",
        epilog="Exit codes: 0 done, 1 error, 2 changes (--exit-code), 3 invalid input, 4 blocked or undecided, "
        "5 stale, 6 partial, 7 locked, 64 wrong usage.",
    )
    found.add_argument("--version", action="version", version=f"psarecon {__version__}")
    found.add_argument("-C", dest="directory", type=Path, default=Path(), metavar="DIR", help="the config directory")
    found.add_argument("--debug", action="store_true", help="show where an unexpected error came from")
    commands = found.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for command in _COMMANDS:
        command.register(commands)
    return found


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command; answers its exit code."""
    try:
        args = parser().parse_args(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    args.environ = environ
    with ExitStack() as args.resources:
        return _guarded(args)


def _guarded(args: argparse.Namespace) -> int:
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args)
    except PsareconError as error:
        _tell(error)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback, no local variables
        if args.debug:
            traceback.print_exc()
        print(f"error: unexpected {type(error).__name__}; --debug shows where", file=sys.stderr)
        return EXIT_ERROR


def _tell(error: PsareconError) -> None:
    """Message and hint in harmless lines: they may hold a path, a name or a server's words."""
    for line in error.told():
        print(clean(line), file=sys.stderr)
    if error.hint:
        print(f"hint: {clean(error.hint)}", file=sys.stderr)


def entry() -> NoReturn:
    """The console script."""
    raise SystemExit(main(sys.argv[1:], os.environ))
