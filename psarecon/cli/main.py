"""The command line: arguments, environment and exit codes; everything else is in the commands."""

from __future__ import annotations

import argparse
import gc
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
from psarecon.cli import (
    apply,
    baseline,
    check,
    completion,
    coverage,
    decide,
    demo,
    doctor,
    drift,
    importing,
    init,
    knocking,
    lock,
    log,
    observe,
    plan,
    probe,
    resume,
    review,
    rollback,
    sandbox,
    schema,
    telling,
)
from psarecon.collector import all_again
from psarecon.errors import EXIT_ERROR, EXIT_USAGE, PsareconError, trace_of
from psarecon.text import clean

_COMMANDS = (
    init,
    importing,
    check,
    observe,
    plan,
    coverage,
    drift,
    review,
    decide,
    apply,
    baseline,
    resume,
    rollback,
    lock,
    log,
    doctor,
    probe,
    schema,
    completion,
    sandbox,
    demo,
)
#: What a shell adds to the number of the signal that ended a program.
_BY_SIGNAL = 128
#: How long a command that was told to end may take for it.
_SECONDS_TO_END = 5.0


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
        "5 stale, 6 partial, 7 locked, 8 drift, 64 wrong usage.",
    )
    found.add_argument("--version", action="version", version=f"psarecon {__version__}")
    found.add_argument("-C", dest="directory", type=Path, default=Path(), metavar="DIR", help="the config directory")
    found.add_argument("--debug", action="store_true", help="show where an unexpected error came from")
    commands = found.add_subparsers(
        title="commands", dest="command", metavar="COMMAND", required=True, parser_class=_Parser
    )
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
    try:
        args.telling = telling.opened(args, _say)
    except PsareconError as error:
        return _failed(error)
    with telling.apart(args), ExitStack() as args.resources:
        args.resources.callback(all_again)
        code, said = _guarded(args)
    return _ended(args, code, said)


def _guarded(args: argparse.Namespace) -> tuple[int, str]:
    """Run it; answers the exit code and what ended it early."""
    run: Callable[[argparse.Namespace], int] = args.run
    try:
        return run(args), ""
    except PsareconError as error:
        return _failed(error), str(error)
    except KeyboardInterrupt as error:
        print("interrupted", file=sys.stderr)
        return error.exit_code if isinstance(error, _Ended) else _BY_SIGNAL + signal.SIGINT, "interrupted"
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ERROR, "stdout was closed"
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback, no local variables
        if args.debug:
            print("\n".join(["Traceback, without messages:", *map(clean, trace_of(error))]), file=sys.stderr)
        print(f"error: unexpected {type(error).__name__}; --debug shows where", file=sys.stderr)
        return EXIT_ERROR, f"unexpected {type(error).__name__}"


def _failed(error: PsareconError) -> int:
    """Message and hint in harmless lines: they may hold a path, a name or a server's words."""
    for line in error.told():
        _say(line)
    if error.hint:
        _say(f"hint: {error.hint}")
    return error.exit_code


def _say(text: str) -> None:
    with suppress(OSError):  # nobody reads it any more, which is no reason to end otherwise
        print(clean(text), file=sys.stderr)


def _ended(args: argparse.Namespace, code: int, said: str) -> int:
    """Tell whoever listens, which changes nothing of how the command ended."""
    if args.telling is None:
        return code
    try:
        args.telling.end(code, said, _say)
    except KeyboardInterrupt:
        _say("interrupted: notifications that were under way are left behind")
    return code


def _on_signal(number: int, _frame: object) -> None:
    """End what needs no finishing; a second signal is not ours any more, and ends the process at once."""
    from psarecon.patience import PATIENCE

    PATIENCE.heard = True
    PATIENCE.leave()  # threads that read end by themselves: nobody waits for what they would read
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)
    # What is raised here may leave a library's lock held, and with it the way out barred: rare, but then for ever.
    signal.signal(signal.SIGALRM, lambda *_: os._exit(_BY_SIGNAL + number))
    signal.setitimer(signal.ITIMER_REAL, _SECONDS_TO_END)
    with suppress(OSError):
        os.write(2, f"{signal.Signals(number).name}: ending; once more ends at once\n".encode("ascii"))
    PATIENCE.break_off(_Ended(signal.Signals(number)))


def entry() -> NoReturn:
    """The console script."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) == usual:  # whoever started us may want it ignored
            signal.signal(number, _on_signal)
    knocking.listen()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal's encoding lacks is no reason to end
            stream.reconfigure(errors="backslashreplace")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core holds every credential
    code = main(sys.argv[1:], os.environ)
    if code > _BY_SIGNAL:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os._exit(code)  # a thread that still waits for an answer keeps nobody
    gc.freeze()  # Python would look through all of it once more on the way out, up to a tenth of a second
    raise SystemExit(_flushed(code))


def _flushed(code: int) -> int:
    """What was said goes out: a stdout that does not take it is an error, a stderr that nobody reads is none."""
    for stream, otherwise in ((sys.stdout, code or EXIT_ERROR), (sys.stderr, code)):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError) as error:
            code = otherwise
            if stream is sys.stdout:
                _say(f"error: stdout cannot be written: {getattr(error, 'strerror', None) or 'it is closed'}")
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code
