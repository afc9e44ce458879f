"""``psarecon log``: what was written, by whom it was decided, and what became of it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_DONE
from psarecon.text import clean

if TYPE_CHECKING:
    from psarecon.ledger.journal import Entry


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("log", help="the journal: every write, its decision and its outcome")
    parser.add_argument("--run", dest="of_run", metavar="RUN", help="only this run (its beginning is enough)")
    parser.add_argument("--line", metavar="ID", help="only this line")
    parser.add_argument("-n", dest="limit", type=_positive, default=None, metavar="N", help="only the last N entries")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Exit 0."""
    from psarecon.cli.context import Context
    from psarecon.ledger.journal import Journal

    entries = Journal(Context.of(args).database).entries(run=args.of_run, line=args.line, limit=args.limit)
    if args.format == "json":
        print(json.dumps([_data(entry) for entry in entries], indent=2))
        return EXIT_DONE
    for line in _text(entries):
        print(line)
    return EXIT_DONE


def _text(entries: Sequence[Entry]) -> Iterator[str]:
    if not entries:
        yield "the journal is empty"
    for entry in entries:
        told = entry.detail.get("text") or _intended(entry)
        about = f"{entry.psa}/{entry.line}  {entry.change}" if entry.line else entry.tenant
        head = f"{_time(entry)}  {entry.run}  {entry.event.value:8}  {about}"
        yield f"{clean(head)}  {clean(told)}".rstrip()


def _intended(entry: Entry) -> str:
    """What an intent was about, and who decided it."""
    change, decision = entry.detail.get("change"), entry.detail.get("decision", {})
    if not change:
        return ""
    moves = [
        f"{what} {pair['before']} → {pair['after']}" for what in ("quantity", "unit_cost") if (pair := change[what])
    ]
    who = f"{decision.get('verdict', '')} by {decision.get('by', '')}"
    return f"{change['client']}: {', '.join(moves)} {_since(change)} ({who})"


def _since(change: dict[str, Any]) -> str:
    return f"from {change['effective_date']}" if change["effective_date"] else "at once"


def _time(entry: Entry) -> str:
    return datetime.fromtimestamp(entry.at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _data(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": datetime.fromtimestamp(entry.at, UTC).isoformat(),
        "run": entry.run,
        "event": entry.event.value,
        "change": entry.change,
        "psa": entry.psa,
        "tenant": entry.tenant,
        "line": entry.line,
        "effective_date": entry.effective_date.isoformat() if entry.effective_date else None,
        "detail": dict(entry.detail),
    }
