"""``psarecon resume``: settle the lines a killed or unlucky run left in doubt, by reading."""

from __future__ import annotations

import argparse
from typing import Any

from psarecon.cli import telling
from psarecon.errors import EXIT_DONE, EXIT_PARTIAL, UsageError


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("resume", help="settle lines in doubt by reading them, never by sending again")
    parser.add_argument("--no-wait", action="store_true", help="do not wait for intents too young to be told")
    parser.add_argument("--accept", metavar="CHANGE", help="accept what the PSA says now of a change in doubt")
    parser.add_argument("--reason", help="why; needed with --accept")
    telling.add_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0 when nothing is in doubt any more, 6 otherwise."""
    from psarecon.cli.apply import outcome_line, stoppable
    from psarecon.cli.context import Context
    from psarecon.cli.log import say_head
    from psarecon.protocol import Outcome

    if args.accept and not args.reason:
        raise UsageError("--accept needs --reason", hint="say why the PSA's value is right")
    context = Context.of(args)
    args.telling.begin(context)
    with stoppable(lambda _progress: None) as watch:
        resumer = _resumer(context, args.telling.run, watch, waits=not args.no_wait)
        results = [resumer.accept(args.accept, context.user(), args.reason)] if args.accept else resumer.resume()
    args.telling.settled(results, by_hand=bool(args.accept))
    for result in results:
        print(outcome_line(result.change, result.outcome.value, result.text))
    if results:
        say_head(context)
    else:
        print("nothing is in doubt")
    open_ones = [result for result in results if result.outcome is Outcome.UNKNOWN]
    return EXIT_PARTIAL if open_ones and not args.accept else EXIT_DONE


def _resumer(context: Any, run: str, watch: Any, *, waits: bool) -> Any:
    from psarecon.ledger.journal import Journal
    from psarecon.ledger.leases import Leases
    from psarecon.protocol import Timing
    from psarecon.resume import Resumer

    settings = context.settings
    return Resumer(
        psas=context.psas,
        journal=Journal(context.database),
        leases=Leases(context.database),
        holder=context.holder(run),
        timing=Timing(settings.apply.settle_window.total_seconds(), settings.apply.lease.total_seconds()),
        watch=watch,
        waits=waits,
    )
