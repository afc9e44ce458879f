"""``psarecon observe``: read usage from every source into the ledger."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any

from psarecon.cli import telling
from psarecon.errors import EXIT_DONE, EXIT_ERROR, EXIT_PARTIAL
from psarecon.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psarecon.cli.context import Context
    from psarecon.cli.telling import Telling
    from psarecon.observe import Observation


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("observe", help="read usage from the sources into the ledger")
    parser.add_argument("--as-of", metavar="TIME", help="stamp the samples with this moment (2026-11-20T17:00:00Z)")
    telling.add_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0; 6 when some organizations could not be read; 1 when a whole source could not."""
    from psarecon.cli.context import Context, say

    context = Context.of(args)
    args.telling.begin(context)
    now = context.now()
    observations = _observed(context, args.telling, now)
    for one in observations:
        counted = len(one.readings) - len(one.failed)
        print(
            f"{clean(one.source)}: {counted} organizations read, {len(one.failed)} failed, as of {now:%Y-%m-%d %H:%M}Z"
        )
        for reading in one.failed:
            say(f"failed: {clean(reading.organization)} {clean(reading.name or '')}: {clean(reading.error or '')}")
    return _exit_code(observations)


def _observed(context: Context, others: Telling, now: datetime) -> list[Observation]:
    """Every source, one after the other; whoever listens hears of each."""
    from psarecon.ledger.usage import UsageLog
    from psarecon.observe import observe

    mapping, log = context.mapping.mapping, UsageLog(context.database)
    found = []
    for name, source in sorted(context.sources.items()):
        others.events.emit("source.started", source=name)
        found += observe({name: source}, mapping, log, now)
        others.observed(found[-1])
    return found


def _exit_code(observations: Sequence[Observation]) -> int:
    if any(one.error for one in observations):
        return EXIT_ERROR
    return EXIT_PARTIAL if any(one.failed for one in observations) else EXIT_DONE
