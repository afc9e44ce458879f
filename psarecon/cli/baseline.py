"""``psarecon baseline``: remember the lines that are right already."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_DONE

if TYPE_CHECKING:
    from psarecon.baseline import Remembered
    from psarecon.cli.context import Context


def register(commands: Any) -> None:
    """Add the command."""
    text = (
        "remember, in the ledger, each line that is as mapping and usage ask and that psarecon has never written: a "
        "later edit of it by somebody else is then noticed; writes nothing to a PSA"
    )
    parser = commands.add_parser("baseline", help="remember the lines that are right already", description=text)
    parser.add_argument("--as-of", metavar="TIME", help="look as of this moment (2026-11-20T17:00:00Z)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0; 7 while another run holds a tenant."""
    from psarecon.cli.context import Context, new_run

    context = Context.of(args)
    found = _remembered(context, new_run())
    print(f"{len(found.changes)} remembered, {found.known} known before, {found.waiting} wait for a write or a person")
    return EXIT_DONE


def _remembered(context: Context, run: str) -> Remembered:
    from psarecon.baseline import Rememberer
    from psarecon.cli.planning import look, reconciler
    from psarecon.ledger.journal import Journal
    from psarecon.ledger.leases import Leases
    from psarecon.protocol import Timing

    mapping, apply = context.mapping.mapping, context.settings.apply
    names = {binding.line.psa for binding in mapping.bindings}

    def seen() -> Any:
        snapshot = look(context, mapping.bindings)
        return mapping, snapshot, reconciler(context.settings).plan(mapping, snapshot)

    rememberer = Rememberer(
        {name: psa for name, psa in context.psas.items() if name in names},
        Journal(context.database),
        Leases(context.database),
        context.holder(run),
        Timing(apply.settle_window.total_seconds(), apply.lease.total_seconds()),
    )
    return rememberer.remember(seen)
