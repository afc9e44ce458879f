"""``psarecon apply``: carry out the approved changes of a saved plan."""

from __future__ import annotations

import argparse
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_BLOCKED, EXIT_DONE, EXIT_PARTIAL, EXIT_STALE, PlanRefused
from psarecon.text import clean, unit_money

if TYPE_CHECKING:
    from psarecon.cli.context import Context
    from psarecon.domain.decisions import Sorted
    from psarecon.domain.plan import Change, Plan
    from psarecon.protocol import Progress, Result, Watch


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("apply", help="write the approved changes of a saved plan to the PSA")
    parser.add_argument("plan", type=Path, metavar="FILE")
    parser.add_argument("--decisions", type=Path, metavar="FILE", help="default: the plan's name with .decisions.json")
    parser.add_argument(
        "--approve-clean", action="store_true", help="also approve every change without a BLOCK or LOOK finding"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0; 6 failed, unknown or stopped; 5 conflicts; 4 blocked lines or undecided changes were left; 7 locked."""
    from psarecon.cli.context import Context, new_run, say
    from psarecon.cli.plan import read_plan
    from psarecon.domain.guards import blocked

    context = Context.of(args)
    plan = read_plan(args.plan)
    _refuse_old(plan, context)
    found = _sorted(plan, args, context.user())
    results: list[Result] = []
    if found.approved:
        name = new_run()
        say(f"run {name}: {len(found.approved)} approved changes")
        with stoppable(_told) as watch:
            results = _applier(context, name, watch, found).apply(plan, found.approved)
    _summary(results, found)
    if blocked(plan.findings):
        say(f"some lines are held back by BLOCK findings: `psarecon show {args.plan}` names them")
    return _exit_code(results, found, held_back=blocked(plan.findings))


def _refuse_old(plan: Plan, context: Context) -> None:
    """A plan older than the settings allow is not applied: usage and people have moved on."""
    limit = context.settings.apply.plan_age
    if limit is not None and context.now() - plan.as_of > limit:
        raise PlanRefused(
            f"the plan is of {plan.as_of:%Y-%m-%d %H:%M}Z, older than apply.plan_age allows", hint="plan again"
        )


def _sorted(plan: Plan, args: argparse.Namespace, user: str) -> Sorted:
    """The decisions of the file win over --approve-clean: a rejected change stays rejected."""
    from psarecon.cli.decide import decisions_path, read_decisions
    from psarecon.domain.decisions import approve_clean, merge, sort_changes

    kept = read_decisions(args.decisions or decisions_path(args.plan))
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    clean_ones = approve_clean(plan, user, at) if args.approve_clean else ()
    return sort_changes(plan, merge(clean_ones, kept))


def _applier(context: Context, name: str, watch: Watch, found: Sorted) -> Any:
    from psarecon.apply import Applier
    from psarecon.ledger.journal import Journal
    from psarecon.ledger.leases import Leases
    from psarecon.protocol import Timing

    settings = context.settings
    return Applier(
        psas=context.psas_named({change.line.psa for change, _ in found.approved}),
        journal=Journal(context.database),
        leases=Leases(context.database),
        run=name,
        holder=context.holder(name),
        timing=Timing(settings.apply.settle_window.total_seconds(), settings.apply.lease.total_seconds()),
        watch=watch,
    )


@contextmanager
def stoppable(told: Any) -> Iterator[Watch]:
    """A watch that SIGINT and SIGTERM stop: the call in flight is finished first."""
    from psarecon.cli.context import say
    from psarecon.protocol import Watch

    stop = threading.Event()

    def on_signal(number: int, _frame: object) -> None:
        stop.set()
        say(f"{signal.Signals(number).name}: finishing the call in flight, then stopping")

    def pause(seconds: float) -> None:
        stop.wait(seconds)

    kept = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield Watch(on=told, stop=stop.is_set, pause=pause)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _told(progress: Progress) -> None:
    """A quiet line for each finished change."""
    from psarecon.cli.context import say

    if progress.outcome is not None:
        say(outcome_line(progress.change, progress.outcome.value, progress.text))


def outcome_line(change: Change, outcome: str, text: str) -> str:
    """One finished change in one line."""
    from psarecon.report.plan_text import pair_text

    quantity = pair_text(change.quantity, change.live_quantity)
    figures = f"{quantity} at {pair_text(change.unit_cost, change.live_cost, unit_money)}"
    return f"{outcome:8}  {change.id}  {clean(change.client, 40)}  {figures}" + (f"  {clean(text)}" if text else "")


def _summary(results: Sequence[Result], found: Sorted) -> None:
    counts = Counter(result.outcome.value for result in results)
    parts = [f"{counts[outcome]} {outcome}" for outcome in counts]
    left = {"blocked": found.blocked, "open": found.undecided, "rejected or held": found.declined}
    parts += [f"{len(changes)} {word}" for word, changes in left.items() if changes]
    print(", ".join(parts) or "nothing to do")


def _exit_code(results: Sequence[Result], found: Sorted, *, held_back: bool) -> int:
    from psarecon.protocol import Outcome

    outcomes = {result.outcome for result in results}
    if outcomes & {Outcome.FAILED, Outcome.UNKNOWN, Outcome.SKIPPED}:
        return EXIT_PARTIAL
    if Outcome.CONFLICT in outcomes:
        return EXIT_STALE
    return EXIT_BLOCKED if held_back or found.undecided else EXIT_DONE
