"""``psarecon apply``: carry out the approved changes of a saved plan."""

from __future__ import annotations

import argparse
import os
import re
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psarecon.cli import telling
from psarecon.errors import PlanRefused, UsageError
from psarecon.text import clean, unit_money

if TYPE_CHECKING:
    from psarecon.apply import Applier
    from psarecon.cli.context import Context
    from psarecon.cli.telling import Telling
    from psarecon.domain.decisions import Sorted
    from psarecon.domain.plan import Change, Plan
    from psarecon.protocol import Progress, Result, Watch

#: A plan's id, or enough of it to mean no other plan.
_ID = re.compile(r"[0-9a-f]{12,64}")


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("apply", help="write the approved changes of a saved plan to the PSA")
    parser.add_argument("plan", type=Path, metavar="FILE")
    parser.add_argument("--decisions", type=Path, metavar="FILE", help="default: the plan's name with .decisions.json")
    parser.add_argument(
        "--approve-clean", action="store_true", help="also approve every change without a BLOCK or LOOK finding"
    )
    parser.add_argument(
        "--expect", metavar="PLAN", help="refuse any other plan than this: its id, or its first 12 signs"
    )
    telling.add_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0; 6 failed, unknown or stopped; 5 conflicts; 4 blocked lines or undecided changes were left; 7 locked."""
    from psarecon.cli.context import Context, say
    from psarecon.cli.decide import decisions_path
    from psarecon.cli.log import say_head
    from psarecon.domain.guards import blocked
    from psarecon.protocol import exit_code

    context = Context.of(args)
    plan = _plan(args, context)
    decisions = args.decisions or decisions_path(args.plan)
    found = sorted_changes(plan, decisions, context.user(), clean_too=args.approve_clean)
    args.telling.decided(plan, found)
    results: list[Result] = []
    with stoppable(lambda step: _told(step, args.telling)) as watch:
        if found.approved:
            name = args.telling.run
            say(f"run {name}: {len(found.approved)} approved changes")
            service = applier(context, name, watch, {change.line.psa for change, _ in found.approved})
            results = service.apply(plan, found.approved)
        args.telling.came_to(results)
        _summary(results, found)
        if results:
            say_head(context)
    if blocked(plan.findings):
        say(f"some lines are held back by BLOCK findings: `psarecon show {args.plan}` names them")
    left = blocked(plan.findings) or bool(found.undecided)
    return exit_code((result.outcome for result in results), left=left)


def _plan(args: argparse.Namespace, context: Context) -> Plan:
    """The saved plan, if it is the one that was meant. Raises UsageError, InvalidInput, PlanRefused."""
    from psarecon.cli.plan import read_plan

    if args.expect is not None and not _ID.fullmatch(args.expect):
        hint = "give the 64 signs of the plan's id, or at least the first 12"
        raise UsageError(f"--expect {args.expect!r} is no id of a plan", hint=hint)
    args.telling.begin(context)
    plan = read_plan(args.plan)
    if args.expect is not None and not plan.id.startswith(args.expect):
        message = f"{args.plan} is plan {plan.id[:12]}, not {args.expect[:12]}, which --expect names"
        raise PlanRefused(message, hint="nothing was sent; was the file made anew since it was approved?")
    refuse_old(plan, context)
    return plan


def refuse_old(plan: Plan, context: Context) -> None:
    """A plan older than the settings allow is not applied: usage and people have moved on."""
    limit = context.settings.apply.plan_age
    if limit is not None and context.now() - plan.as_of > limit:
        raise PlanRefused(
            f"the plan is of {plan.as_of:%Y-%m-%d %H:%M}Z, older than apply.plan_age allows", hint="plan again"
        )


def sorted_changes(plan: Plan, decisions: Path, user: str, *, clean_too: bool = False) -> Sorted:
    """The changes by what may be done with them. ``clean_too`` approves the clean ones in the user's name; the
    decisions of the file win over that: a rejected change stays rejected."""
    from psarecon.cli.decide import read_decisions
    from psarecon.domain.decisions import approve_clean, merge, sort_changes

    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    clean_ones = approve_clean(plan, user, at) if clean_too else ()
    return sort_changes(plan, merge(clean_ones, read_decisions(decisions)))


def applier(context: Context, run: str, watch: Watch, names: Iterable[str]) -> Applier:
    """The service that writes to the PSAs of these names. Raises InvalidInput, SecretMissing, LedgerError."""
    from psarecon.apply import Applier
    from psarecon.ledger.journal import Journal
    from psarecon.ledger.leases import Leases
    from psarecon.protocol import Timing

    settings = context.settings
    return Applier(
        psas=context.psas_named(names),
        journal=Journal(context.database),
        leases=Leases(context.database),
        run=run,
        holder=context.holder(run),
        timing=Timing(settings.apply.settle_window.total_seconds(), settings.apply.lease.total_seconds()),
        watch=watch,
    )


@contextmanager
def stoppable(told: Any) -> Iterator[Watch]:
    """A watch that SIGINT and SIGTERM stop: the call in flight is finished first, however often they come.

    The handler takes no lock and writes past Python's buffers: the code it interrupts may be in the midst of either.
    It may be the handler itself, so all but the first return at once.
    """
    from psarecon.patience import PATIENCE
    from psarecon.protocol import Watch

    def on_signal(number: int, _frame: object) -> None:
        PATIENCE.heard = True
        if PATIENCE.hurried:
            return
        PATIENCE.hurry()
        text = f"{signal.Signals(number).name}: finishing the call in flight, then stopping\n"
        with suppress(OSError):
            os.write(2, text.encode("ascii"))

    with PATIENCE.kept():
        kept = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield Watch(on=told, stop=lambda: PATIENCE.hurried, pause=PATIENCE.rest)
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)


def _told(progress: Progress, others: Telling) -> None:
    """A quiet line for each finished change; a log that nobody reads any more stops no run."""
    from psarecon.cli.context import say

    others.progress(progress)
    if progress.outcome is not None:
        with suppress(OSError):
            say(outcome_line(progress.change, progress.outcome.value, progress.text))


def outcome_line(change: Change, outcome: str, text: str) -> str:
    """One finished change in one line."""
    said = f"  {clean(text)}" if text else ""
    return f"{outcome:8}  {change.id}  {clean(change.client, 40)}  {figures(change)}{said}"


def figures(change: Change) -> str:
    """What a change moves, in a few words: ``10 → 14 at 9.00``."""
    from psarecon.report.plan_text import pair_text

    quantity = pair_text(change.quantity, change.live_quantity)
    return f"{quantity} at {pair_text(change.unit_cost, change.live_cost, unit_money)}"


def _summary(results: Sequence[Result], found: Sorted) -> None:
    counts = Counter(result.outcome.value for result in results)
    parts = [f"{counts[outcome]} {outcome}" for outcome in counts]
    left = {"blocked": found.blocked, "open": found.undecided, "rejected or held": found.declined}
    parts += [f"{len(changes)} {word}" for word, changes in left.items() if changes]
    print(", ".join(parts) or "nothing to do")
