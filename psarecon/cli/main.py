"""The command line: arguments, environment and exit codes; everything else is in the commands."""

from __future__ import annotations

import argparse
import io
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NoReturn

from psarecon import __version__
from psarecon.cli import apply, check, decide, demo, lock, log, observe, plan, resume, review, sandbox, schema
from psarecon.errors import EXIT_ERROR, EXIT_USAGE, PsareconError, trace_of
from psarecon.text import clean

_COMMANDS = (check, observe, plan, review, decide, apply, resume, lock, log, schema, sandbox, demo)
#: What a shell adds to the number of the signal that ended a program.
_BY_SIGNAL = 128


class _Ended(KeyboardInterrupt):
    """A signal came where nothing has to be finished."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number)
        self.exit_code = _BY_SIGNAL + number


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
    except KeyboardInterrupt as error:
        print("interrupted", file=sys.stderr)
        return error.exit_code if isinstance(error, _Ended) else _BY_SIGNAL + signal.SIGINT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback, no local variables
        if args.debug:
            print("\n".join(["Traceback, without messages:", *map(clean, trace_of(error))]), file=sys.stderr)
        print(f"error: unexpected {type(error).__name__}; --debug shows where", file=sys.stderr)
        return EXIT_ERROR


def _tell(error: PsareconError) -> None:
    """Message and hint in harmless lines: they may hold a path, a name or a server's words."""
    for line in error.told():
        print(clean(line), file=sys.stderr)
    if error.hint:
        print(f"hint: {clean(error.hint)}", file=sys.stderr)


def _on_signal(number: int, _frame: object) -> NoReturn:
    """End what needs no finishing; a second signal is not ours any more, and ends the process at once."""
    from psarecon.patience import PATIENCE

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)
    PATIENCE.leave()  # threads that read end by themselves: nobody waits for what they would read
    with suppress(OSError):
        os.write(2, f"{signal.Signals(number).name}: ending; once more ends at once\n".encode("ascii"))
    raise _Ended(signal.Signals(number))


def entry() -> NoReturn:
    """The console script."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) == usual:  # whoever started us may want it ignored
            signal.signal(number, _on_signal)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding lacks is no reason to end
            stream.reconfigure(errors="backslashreplace")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core holds every credential
    code = main(sys.argv[1:], os.environ)
    if code > _BY_SIGNAL:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(code)  # a thread that still waits for an answer keeps nobody
    raise SystemExit(code)
