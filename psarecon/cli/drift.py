"""``psarecon drift``: what somebody else changed since the last write, told apart from what is not applied yet."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_CHANGES, EXIT_DONE, EXIT_DRIFT

if TYPE_CHECKING:
    from psarecon.domain.drift import DriftReport


def register(commands: Any) -> None:
    """Add the command."""
    text = "compare each line with what psarecon's last verified write left there; reads only"
    parser = commands.add_parser(
        "drift", help="lines that somebody else changed since the last write", description=text
    )
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    parser.add_argument(
        "--all", dest="whole", action="store_true", help="as text, every line of each group of equal drift"
    )
    parser.add_argument("--as-of", metavar="TIME", help="compare as of this moment (2026-11-20T17:00:00Z)")
    parser.add_argument(
        "--exit-code", action="store_true", help="exit 2 where nothing drifted and changes are unapplied"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0; 8 when a line drifted; with --exit-code 2 when none did and changes are unapplied."""
    from psarecon.cli.context import Context
    from psarecon.cli.planning import drifted
    from psarecon.domain.drift import Kind

    report = drifted(Context.of(args))
    _print(report, args)
    if report.of(Kind.AGAINST):
        return EXIT_DRIFT
    return EXIT_CHANGES if args.exit_code and report.unapplied else EXIT_DONE


def _print(report: DriftReport, args: argparse.Namespace) -> None:
    if args.format == "markdown" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # a file, whatever the terminal speaks
    for line in _lines(report, args):
        print(line)


def _lines(report: DriftReport, args: argparse.Namespace) -> Iterator[str]:
    if args.format == "json":
        from psarecon.domain.plan import canonical
        from psarecon.report.drift_data import drift_data

        yield canonical(drift_data(report)).decode("ascii")
    elif args.format == "markdown":
        from psarecon.report.drift_markdown import drift_markdown

        yield drift_markdown(report).rstrip("\n")
    else:
        from psarecon.report.drift_text import drift_text

        yield from drift_text(report, whole=args.whole)
