"""``psarecon decide``: approve, reject or hold changes of a saved plan, without a screen."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_BLOCKED, EXIT_DONE, UsageError

if TYPE_CHECKING:
    from psarecon.domain.decisions import Decision
    from psarecon.domain.plan import Plan


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("decide", help="approve, reject or hold changes of a saved plan")
    parser.add_argument("plan", type=Path, metavar="FILE")
    for verdict in ("approve", "reject", "hold"):
        parser.add_argument(f"--{verdict}", nargs="+", default=[], metavar="CHANGE", help=f"{verdict} these changes")
    parser.add_argument(
        "--approve-clean", action="store_true", help="approve every change without a BLOCK or LOOK finding"
    )
    parser.add_argument("--reason", default="", help="why; kept with the decision")
    parser.add_argument("--by", help="who decides (default: you)")
    parser.add_argument("--decisions", type=Path, metavar="FILE", help="default: the plan's name with .decisions.json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0; 4 when a BLOCK was to be approved; 64 when a change is not in the plan."""
    from psarecon.cli.context import Context, say
    from psarecon.cli.plan import read_plan
    from psarecon.domain.decisions import Verdict, decisions_bytes, merge, sort_changes
    from psarecon.files import write_whole

    plan = read_plan(args.plan)
    path = args.decisions or decisions_path(args.plan)
    by = args.by or Context.of(args).user()
    kept, (clean_ones, named) = read_decisions(path), _asked(plan, args, by)
    refused = {change.id for change in sort_changes(plan, ()).blocked} & set(_ids(plan, args.approve))
    allowed = [one for one in named if one.verdict is not Verdict.APPROVE or one.change not in refused]
    # What was decided by name is not decided anew in bulk; what cannot be approved is not kept as approved.
    decided = merge(merge(clean_ones, kept), allowed)
    write_whole(path, decisions_bytes(decided))
    found = sort_changes(plan, decided)
    print(f"{len(found.approved)} approved, {len(found.declined)} rejected or held, {len(found.undecided)} open")
    for change in sorted(refused):
        say(f"blocked: {change} cannot be approved; `psarecon show {args.plan} --change {change}` says why")
    return EXIT_BLOCKED if refused else EXIT_DONE


def decisions_path(plan: Path) -> Path:
    """Where the decisions on a plan are kept: beside it."""
    return plan.with_name(plan.name.removesuffix(".json") + ".decisions.json")


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions kept so far; none where there is no file."""
    from psarecon.domain.decisions import load_decisions
    from psarecon.files import read_whole

    return load_decisions(read_whole(path), str(path)) if path.exists() else ()


def _asked(plan: Plan, args: argparse.Namespace, by: str) -> tuple[tuple[Decision, ...], list[Decision]]:
    """The approvals in bulk, and the decisions on changes named one by one; of these the last one counts."""
    from psarecon.domain.decisions import Decision, Verdict, approve_clean

    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    named: list[Decision] = []
    for verdict in Verdict:
        ids = _ids(plan, getattr(args, verdict.value))
        named += [Decision(change, verdict, by, at, args.reason) for change in ids]
    return (approve_clean(plan, by, at) if args.approve_clean else ()), named


def _ids(plan: Plan, prefixes: list[str]) -> list[str]:
    """The full ids that the given beginnings name, each exactly one change."""
    found = []
    for prefix in prefixes:
        ids = [change.id for change in plan.changes if change.id.startswith(prefix)]
        if len(ids) != 1:
            raise UsageError(
                f"{prefix!r} names {len(ids)} changes of the plan", hint="take the ids from `psarecon show`"
            )
        found += ids
    return found
