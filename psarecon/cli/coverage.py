"""``psarecon coverage``: what the mapping leaves out, and what that comes to."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_CHANGES, EXIT_DONE, EXIT_PARTIAL

if TYPE_CHECKING:
    from psarecon.cli.context import Context
    from psarecon.config.settings import Settings
    from psarecon.domain.coverage import Coverage
    from psarecon.domain.directory import Offer


def register(commands: Any) -> None:
    """Add the command."""
    text = (
        "tell what the mapping leaves out, and what it comes to a month: users nobody bills, lines no mapping "
        "names, lines below cost or billed for nobody. Reads only; nothing is kept"
    )
    parser = commands.add_parser("coverage", help="what the mapping leaves out, in money", description=text)
    parser.add_argument("--format", choices=("text", "markdown", "csv", "json"), default="text")
    parser.add_argument("--as-of", metavar="TIME", help="as of this moment (2026-11-20T17:00:00Z)")
    parser.add_argument("--exit-code", action="store_true", help="exit 2 when something is not covered")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0; with --exit-code 2 when something is not covered; else 6 when something could not be read."""
    from psarecon.cli.context import Context

    report = _report(Context.of(args))
    if args.format != "text" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # a file, whatever the terminal speaks
    for piece in _pieces(report, args.format):
        print(piece, end="")
    if args.exit_code and report.open:
        return EXIT_CHANGES
    return EXIT_PARTIAL if report.partial else EXIT_DONE


def _report(context: Context) -> Coverage:
    from psarecon.config.standing import known
    from psarecon.coverage import Asked, cover
    from psarecon.snapshot import moment

    settings, mapping = context.settings, context.mapping.mapping
    asked = Asked(mapping, known(settings), settings.products, settings.billing.currency, words(settings))
    when = moment(context.now(), settings.billing.timezone, "current")
    return cover(asked, context.sources, context.psas, when.now, when.day)


def words(settings: Settings) -> Callable[[Offer], str | None]:
    """What names the product that a line sells by its words, as an import does; None for a line of none."""
    from psarecon.adopt.lines import FITS, Wanted

    kinds = {name: block.type for name, block in settings.sources.items()}
    wanted = [Wanted.of(one, kinds.get(one.source or "", "")) for one in settings.products.values()]

    def fits(offer: Offer) -> str | None:
        found = sorted((-one.points(offer), one.product) for one in wanted)
        return found[0][1] if found and -found[0][0] >= FITS else None

    return fits


def _pieces(report: Coverage, form: str) -> Iterator[str]:
    if form == "csv":
        from psarecon.report.coverage_data import coverage_rows

        yield from coverage_rows(report)
    elif form == "json":
        from psarecon.domain.plan import canonical
        from psarecon.report.coverage_data import coverage_data

        yield canonical(coverage_data(report)).decode("ascii") + "\n"
    elif form == "markdown":
        from psarecon.report.coverage_markdown import coverage_markdown

        yield coverage_markdown(report)
    else:
        from psarecon.report.coverage_text import coverage_text

        yield from (f"{line}\n" for line in coverage_text(report))
