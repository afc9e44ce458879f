"""``psarecon rollback``: a plan that takes a run back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from psarecon.cli import formats
from psarecon.errors import EXIT_DONE


def register(commands: Any) -> None:
    """Add the command."""
    text = "make a plan of the opposite of what a run wrote; review and apply it like any other; writes nothing itself"
    parser = commands.add_parser("rollback", help="make a plan that takes a run back", description=text)
    parser.add_argument("of_run", metavar="RUN", help="the run, as `log` names it; its beginning is enough")
    parser.add_argument("-o", dest="output", type=Path, metavar="FILE", help="save the plan for review and apply")
    formats.add_options(parser)
    parser.add_argument("--as-of", metavar="TIME", help="plan as of this moment (2026-11-20T17:00:00Z)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0; 3 when there is no such run, or it wrote to another tenant."""
    from psarecon.cli.context import Context, say
    from psarecon.cli.planning import saved, taken_back

    formats.check_options(args)
    plan = taken_back(Context.of(args), args.of_run)
    if args.output:
        saved(plan, args.output)
        say(f"saved {args.output}")
    formats.print_plan(plan, args, kept_in=args.output)
    return EXIT_DONE
