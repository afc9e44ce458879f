"""``psarecon plan`` and ``psarecon show``: make a plan, look at one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_BLOCKED, EXIT_CHANGES, EXIT_DONE, UsageError

if TYPE_CHECKING:
    from psarecon.cli.context import Context
    from psarecon.domain.plan import Plan
    from psarecon.reconcile import Moment

_MONTH_HINT = "write a month that has begun, such as 2026-10"


def register(commands: Any) -> None:
    """Add both commands."""
    parser = commands.add_parser("plan", help="compare the mapping and the usage with the PSA; changes nothing")
    parser.add_argument("-o", dest="output", type=Path, metavar="FILE", help="save the plan for review and apply")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--month", metavar="2026-10", help="close an earlier month whose period is not posted yet")
    parser.add_argument("--as-of", metavar="TIME", help="plan as of this moment (2026-11-20T17:00:00Z)")
    parser.add_argument("--exit-code", action="store_true", help="exit 2 with changes, 4 with a BLOCK finding")
    parser.set_defaults(run=run_plan)
    shown = commands.add_parser("show", help="show a saved plan")
    shown.add_argument("plan", type=Path, metavar="FILE")
    shown.add_argument("--change", metavar="ID", help="everything about one change")
    shown.add_argument("--format", choices=("text", "json"), default="text")
    shown.set_defaults(run=run_show)


def run_plan(args: argparse.Namespace) -> int:
    """Exit 0; with --exit-code 2 when there are changes, 4 when something is blocked."""
    from psarecon.cli.context import Context, say
    from psarecon.domain.guards import blocked
    from psarecon.domain.plan_file import plan_bytes
    from psarecon.files import write_whole

    plan = make_plan(Context.of(args), args.month)
    if args.output:
        write_whole(args.output, plan_bytes(plan))
        say(f"saved {args.output}")
    _print(plan, args.format)
    if not args.exit_code:
        return EXIT_DONE
    return EXIT_BLOCKED if blocked(plan.findings) else EXIT_CHANGES if plan.changes else EXIT_DONE


def make_plan(context: Context, month: str | None = None) -> Plan:
    """The plan of a config directory at the context's time."""
    from psarecon.ledger.journal import Journal
    from psarecon.ledger.usage import UsageLog
    from psarecon.reconcile import Policy, Reconciler
    from psarecon.rivals import ask

    settings = context.settings
    mapping = context.mapping.mapping
    policy = Policy(settings.guards, settings.billing.currency, settings.digest)
    database = context.database
    sources = {binding.product.source for binding in mapping.bindings if binding.product.source}
    types = {name: block.type for name, block in settings.psas.items()}
    reconciler = Reconciler(
        context.psas, UsageLog(database), Journal(database), policy, lambda: ask(context.claimant, sources, types)
    )
    return reconciler.plan(mapping, _moment(context, month))


def _moment(context: Context, month: str | None) -> Moment:
    """When to plan, and for which month. Raises UsageError for a month that no ledger can know of."""
    from psarecon.domain.periods import Month
    from psarecon.reconcile import moment

    if month is not None and month < "2000":
        raise UsageError(f"--month: {month!r} is before any ledger", hint=_MONTH_HINT)
    billing = context.settings.billing
    try:
        asked = Month.parse(month) if month is not None else None
        return moment(context.now(), billing.timezone, billing.month, asked)
    except ValueError as error:
        raise UsageError(f"--month: {error}", hint=_MONTH_HINT) from error


def run_show(args: argparse.Namespace) -> int:
    """Exit 0; 3 when the file is refused."""
    from psarecon.report.plan_text import change_text

    plan = read_plan(args.plan)
    if args.change is None:
        _print(plan, args.format)
        return EXIT_DONE
    found = [change for change in plan.changes if change.id.startswith(args.change)]
    if len(found) != 1:
        raise UsageError(
            f"{args.change!r} names {len(found)} changes of the plan", hint="take the id from `psarecon show`"
        )
    for line in change_text(plan, found[0]):
        print(line)
    return EXIT_DONE


def read_plan(path: Path) -> Plan:
    """A saved plan. Raises PlanRefused."""
    from psarecon.domain.plan_file import load_plan
    from psarecon.files import read_whole

    return load_plan(read_whole(path), str(path))


def _print(plan: Plan, form: str) -> None:
    from psarecon.domain.plan_file import plan_bytes
    from psarecon.report.plan_text import plan_text

    if form == "json":
        print(plan_bytes(plan).decode("ascii"), end="")
        return
    for line in plan_text(plan):
        print(line)
