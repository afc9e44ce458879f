"""How a plan is printed: the forms that ``plan`` and ``show`` have in common, and their options."""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from psarecon.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from psarecon.domain.comparison import Comparison
    from psarecon.domain.plan import Plan

FORMS = ("text", "json", "csv", "markdown", "html", "junit")
#: Forms that say what a whole plan is worth: a part of one in them could be taken for the whole.
WHOLE = frozenset({"markdown", "html", "junit"})
_SIZE = re.compile(r"([0-9]{1,9})([kKmM]?)", re.ASCII)
_UNITS = {"": 1, "k": 1024, "m": 1024**2}
#: Two dashes could end the comment that the marker stands in.
_MARKER = re.compile(r"(?!.*--)[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,62}[A-Za-z0-9]", re.ASCII)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--format`` and what belongs to it."""
    parser.add_argument("--format", choices=FORMS, default="text", help="how the plan is written (default: text)")
    size = "the most that Markdown may take, as 65536, 32k or 1M (default: 64k)"
    parser.add_argument("--max-bytes", type=_bytes, metavar="N", help=size)
    name = "the hidden name in the first line of Markdown, by which one comment is updated (default: psarecon:plan)"
    parser.add_argument("--marker", type=_marker, metavar="NAME", help=name)


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text)
    number = int(found[1]) * _UNITS[found[2].lower()] if found else 0
    if number < 2048:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size of 2k or more, such as 65536, 32k or 1M")
    return number


def _marker(text: str) -> str:
    if _MARKER.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a name of 2 to 64 letters, digits and . _ : / -")
    return text


def check_options(args: argparse.Namespace) -> None:
    """Raises UsageError for options that the chosen form would not heed; before any work is done."""
    for option, value in (("--max-bytes", args.max_bytes), ("--marker", args.marker)):
        if value is not None and args.format != "markdown":
            raise UsageError(f"{option} is for --format markdown")


def print_plan(
    plan: Plan, args: argparse.Namespace, comparison: Comparison | None = None, kept_in: Path | None = None
) -> None:
    """The plan, or its comparison with that of another mapping, on stdout. A table of rows knows only the plan; the
    text of one that is ``kept_in`` a file ends where nobody reads on."""
    if args.format not in {"text", "json"} and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # files, whatever the terminal speaks
    for piece in _lines(plan, comparison, kept_in) if args.format == "text" else _pieces(plan, args, comparison):
        print(piece, end="")


def _pieces(plan: Plan, args: argparse.Namespace, comparison: Comparison | None) -> Iterator[str]:
    if args.format == "json":
        yield _json(plan, comparison)
    elif args.format == "csv":
        from psarecon.report.csv import csv_rows

        yield from csv_rows(plan)
    elif args.format == "junit":
        from psarecon.report.junit import junit

        yield junit(plan)
    else:
        yield _page(plan, args, comparison)


def _page(plan: Plan, args: argparse.Namespace, comparison: Comparison | None) -> str:
    if args.format == "html":
        from psarecon.report.html import html_page

        return html_page(plan, comparison)
    from psarecon.report.markdown import LIMIT, MARKER, markdown

    return markdown(plan, args.max_bytes or LIMIT, comparison, args.marker or MARKER)


def _lines(plan: Plan, comparison: Comparison | None, kept_in: Path | None) -> Iterator[str]:
    if comparison is None:
        from psarecon.report.plan_text import plan_text

        lines = plan_text(plan, str(kept_in or ""))
    else:
        from psarecon.report.comparison import comparison_text

        lines = comparison_text(comparison)
    return (f"{line}\n" for line in lines)


def _json(plan: Plan, comparison: Comparison | None) -> str:
    from psarecon.domain.plan import canonical
    from psarecon.domain.plan_file import plan_bytes
    from psarecon.report.comparison import comparison_data

    if comparison is None:
        return plan_bytes(plan).decode("ascii")
    return canonical(comparison_data(comparison)).decode("ascii") + "\n"
