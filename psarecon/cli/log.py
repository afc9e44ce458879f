"""``psarecon log``: what was written, by whom it was decided, and what became of it; and whether that still stands."""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_DONE, EXIT_PARTIAL, LedgerError, UsageError

if TYPE_CHECKING:
    from psarecon.cli.context import Context
    from psarecon.ledger.chain import Checked
    from psarecon.ledger.search import Wanted

#: As ``psarecon.ledger.journal.Event`` has them; the parser is made before any library of the ledger is needed.
EVENTS = ("intent", "verified", "failed", "unknown", "already", "conflict", "settled", "remembered", "stolen")
_FILTERS = ("of_run", "client", "line", "psa", "month", "by", "event", "since", "until", "limit")
#: Seconds: what is shown of a moment is rounded to microseconds, and must find the row it stands in.
_ROUNDED = 0.5e-6
_DIGEST = re.compile(r"[0-9a-f]{64}")


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("log", help="the journal: every write, its decision and its outcome")
    parser.add_argument("--run", dest="of_run", metavar="RUN", help="only this run (its beginning is enough)")
    parser.add_argument("--client", metavar="NAME", help="only clients with this in their name, in whatever case")
    parser.add_argument("--line", metavar="ID", help="only this line")
    parser.add_argument("--psa", metavar="NAME", help="only this PSA, as the settings call it")
    parser.add_argument("--month", type=_month, metavar="YYYY-MM", help="only changes for this billing month's usage")
    parser.add_argument("--by", metavar="NAME", help="only what somebody with this in the name decided")
    parser.add_argument("--event", choices=EVENTS, help="only entries of this kind")
    parser.add_argument("--since", type=_since, metavar="DAY", help="only what was written from this day or moment on")
    parser.add_argument("--until", type=_until, metavar="DAY", help="only up to this day's end, or before this moment")
    parser.add_argument("-n", dest="limit", type=_positive, default=None, metavar="N", help="only the last N entries")
    parser.add_argument("--format", choices=("text", "json", "csv"), default="text")
    parser.add_argument("--verify", action="store_true", help="check that the journal is as it was written")
    parser.add_argument("--head", type=_digest, metavar="DIGEST", help="with --verify: a digest it once ended with")
    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def _month(text: str) -> str:
    from psarecon.domain.periods import Month

    try:
        return str(Month.parse(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _since(text: str) -> float:
    return _moment(text, timedelta(0))


def _until(text: str) -> float:
    return _moment(text, timedelta(days=1))


def _moment(text: str, of_a_day: timedelta) -> float:
    """Seconds since 1970 of a moment, or so far into a day of UTC."""
    wrong = argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-11-20, or 2026-11-20T17:00:00Z")
    try:
        if len(text) == 10:
            return (datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC) + of_a_day).timestamp()
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise wrong
        return found.timestamp() - _ROUNDED
    except (ValueError, OverflowError):
        raise wrong from None


def _digest(text: str) -> str:
    if _DIGEST.fullmatch(text) is None:
        raise argparse.ArgumentTypeError("a digest has 64 signs, 0 to 9 and a to f")
    return text


def run(args: argparse.Namespace) -> int:
    """Exit 0; 6 when the journal is not as it was written."""
    from psarecon.cli.context import Context

    if args.verify:
        return _verified(args)
    if args.head is not None:
        raise UsageError("--head is for --verify")
    if args.format == "csv" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # a file, whatever the terminal speaks
    for piece in _pieces(Context.of(args), args):
        print(piece, end="")
    return EXIT_DONE


def _pieces(context: Context, args: argparse.Namespace) -> Iterator[str]:
    from psarecon.ledger.journal import Journal
    from psarecon.report.log import csv_lines, json_pieces, text_lines, told

    journal = Journal(context.database)
    rows = told(journal, journal.search(_wanted(args), args.limit))
    if args.format == "json":
        yield from json_pieces(rows)
    elif args.format == "csv":
        yield from csv_lines(rows)
    else:
        lines = text_lines(rows)
        yield next(lines, "no entry fits" if _narrowed(args) else "the journal is empty") + "\n"
        yield from (f"{line}\n" for line in lines)


def _wanted(args: argparse.Namespace) -> Wanted:
    from psarecon.ledger.search import Wanted

    same = {name: getattr(args, name) for name in _FILTERS if name not in {"of_run", "limit"}}
    return Wanted(run=args.of_run, **same)


def _narrowed(args: argparse.Namespace) -> bool:
    return any(getattr(args, name) is not None for name in _FILTERS)


def _verified(args: argparse.Namespace) -> int:
    from psarecon.cli.context import Context
    from psarecon.ledger.chain import check

    if _narrowed(args) or args.format == "csv":
        raise UsageError("--verify looks at the whole journal", hint="leave the filters and --format csv out")
    found = check(Context.of(args).database, args.head)
    if args.format == "json":
        print(json.dumps(_checked_data(found), indent=2))
    else:
        for line in _checked_lines(found, args.head):
            print(line)
    return EXIT_DONE if found.whole else EXIT_PARTIAL


def _checked_data(found: Checked) -> dict[str, Any]:
    breaks = [{"id": one.id, "why": one.why} for one in found.breaks]
    return {"whole": found.whole, "rows": found.length, "head": found.digest, "broken": found.broken, "breaks": breaks}


def _checked_lines(found: Checked, noted: str | None) -> Iterator[str]:
    if found.whole:
        yield f"whole: {found.length} rows, head {found.digest}"
        if noted is not None:
            yield f"the digest you noted is that of row {found.noted}: nothing up to there was changed since"
        return
    places = "1 place does" if found.broken == 1 else f"{found.broken} places do"
    yield f"broken: {places} not fit in {found.length} rows"
    for one in found.breaks:
        yield f"{'the end' if one.id is None else f'row {one.id}'}: {one.why}"


def say_head(context: Context) -> None:
    """Where the journal ends now, for the log of a pipeline: kept there, it shows later that nothing was replaced."""
    from psarecon.cli.context import say
    from psarecon.ledger.chain import head_of

    with suppress(LedgerError, OSError):  # what the run came to stays what it is
        head = head_of(context.database)
        say(f"journal: {head.length} rows, head {head.digest}")
