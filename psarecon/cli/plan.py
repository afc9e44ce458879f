"""``psarecon plan`` and ``psarecon show``: make a plan, look at one."""

from __future__ import annotations

import argparse
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psarecon.cli import formats, telling
from psarecon.errors import EXIT_BLOCKED, EXIT_CHANGES, EXIT_DONE, UsageError

if TYPE_CHECKING:
    from psarecon.cli.context import Context
    from psarecon.domain.comparison import Comparison
    from psarecon.domain.plan import Plan


def register(commands: Any) -> None:
    """Add both commands."""
    parser = commands.add_parser("plan", help="compare the mapping and the usage with the PSA; changes nothing")
    parser.add_argument("-o", dest="output", type=Path, metavar="FILE", help="save the plan for review and apply")
    formats.add_options(parser)
    parser.add_argument("--month", metavar="2026-10", help="close an earlier month whose period is not posted yet")
    parser.add_argument("--as-of", metavar="TIME", help="plan as of this moment (2026-11-20T17:00:00Z)")
    parser.add_argument(
        "--base", metavar="REF", help="also tell what the mapping of this git ref would plan, and what the edit causes"
    )
    parser.add_argument("--exit-code", action="store_true", help="exit 2 with changes, 4 with a BLOCK finding")
    telling.add_option(parser)
    parser.set_defaults(run=run_plan)
    shown = commands.add_parser("show", help="show a saved plan")
    shown.add_argument("plan", type=Path, metavar="FILE")
    some = shown.add_mutually_exclusive_group()
    some.add_argument("--change", metavar="ID", help="everything about one change")
    some.add_argument("--where", metavar="FILTER", help="only these changes, as 'client:acme money>100'")
    formats.add_options(shown)
    shown.set_defaults(run=run_show)


def run_plan(args: argparse.Namespace) -> int:
    """Exit 0; with --exit-code 2 when there are changes, 4 when something is blocked."""
    from psarecon.cli.context import Context
    from psarecon.collector import collector_paused
    from psarecon.domain.guards import blocked

    formats.check_options(args)
    context = Context.of(args)
    args.telling.begin(context)
    with collector_paused(kept=True):
        plan, comparison = _made(context, args)
        args.telling.planned(plan)
        formats.print_plan(plan, args, comparison, args.output)
    if not args.exit_code:
        return EXIT_DONE
    return EXIT_BLOCKED if blocked(plan.findings) else EXIT_CHANGES if plan.changes else EXIT_DONE


def _made(context: Context, args: argparse.Namespace) -> tuple[Plan, Comparison | None]:
    """The plan, saved where that is asked for, and its comparison with another ref's."""
    from psarecon.cli.context import say
    from psarecon.cli.planning import compared, draft_plan, make_plan, saved

    comparison = None
    if args.base is not None:
        comparison = compared(context, args.base, args.month, args.telling.reading)
        plan = comparison.plan
    else:
        make = draft_plan if args.output else make_plan
        plan = make(context, args.month, args.telling.reading)
    if args.output:
        plan = saved(plan, args.output)
        say(f"saved {args.output}")
    return plan, comparison


def run_show(args: argparse.Namespace) -> int:
    """Exit 0; 3 when the file is refused."""
    from psarecon.report.plan_text import change_text

    formats.check_options(args)
    if args.where is not None:
        return _show_some(args)
    plan = read_plan(args.plan)
    if args.change is None:
        formats.print_plan(plan, args)
        return EXIT_DONE
    found = [change for change in plan.changes if change.id.startswith(args.change)]
    if len(found) != 1:
        raise UsageError(
            f"{args.change!r} names {len(found)} changes of the plan", hint="take the id from `psarecon show`"
        )
    for line in change_text(plan, found[0]):
        print(line)
    return EXIT_DONE


def _show_some(args: argparse.Namespace) -> int:
    """The changes that a filter keeps; `is:` asks the decisions beside the plan."""
    from psarecon.cli.context import say
    from psarecon.domain.plan import canonical
    from psarecon.domain.plan_file import plan_data

    if args.format in formats.WHOLE:
        raise UsageError(f"--where shows a part of a plan, --format {args.format} a whole one")
    plan = read_plan(args.plan)
    some = _some(plan, args.plan, args.where)
    say(f"{len(some.changes)} of {len(plan.changes)} changes: {args.where}")
    if args.format == "json":
        # Not in the form of a plan: nobody shall take a part for one that can be decided on and applied.
        data = plan_data(some)
        print(canonical({"plan": plan.id, **{key: data[key] for key in ("changes", "findings")}}).decode("ascii"))
    elif some.changes or args.format == "csv":
        formats.print_plan(some, args)
    return EXIT_DONE


def _some(plan: Plan, path: Path, where: str) -> Plan:
    """The plan with the changes that the filter keeps, what was found about them, and their totals."""
    from psarecon.cli.decide import decisions_path, open_for_review
    from psarecon.domain.plan import totals_data
    from psarecon.review.kept import Kept
    from psarecon.review.query import parse

    query = parse(where)
    with closing(open_for_review(path)) as opened:
        wanted = {row.id for row in query.select(opened.rows, Kept.read(decisions_path(path)).state)}
    changes = tuple(change for change in plan.changes if change.id in wanted)
    scopes = {scope for change in changes for scope in change.scopes}
    findings = tuple(finding for finding in plan.findings if finding.scope in scopes)
    return replace(plan, changes=changes, findings=findings, totals=totals_data(changes, plan.totals["lines"]))


def read_plan(path: Path) -> Plan:
    """A saved plan. Raises PlanRefused."""
    from psarecon.domain.plan_file import load_plan
    from psarecon.files import read_whole

    return load_plan(read_whole(path), str(path))
