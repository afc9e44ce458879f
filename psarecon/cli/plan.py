"""``psarecon plan`` and ``psarecon show``: make a plan, look at one."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_BLOCKED, EXIT_CHANGES, EXIT_DONE, UsageError

if TYPE_CHECKING:
    from psarecon.cli.context import Context
    from psarecon.domain.model import LineKey, Observed
    from psarecon.domain.plan import Plan
    from psarecon.domain.ports import Psa
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
    some = shown.add_mutually_exclusive_group()
    some.add_argument("--change", metavar="ID", help="everything about one change")
    some.add_argument("--where", metavar="FILTER", help="only these changes, as 'client:acme money>100'")
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


def make_plan(context: Context, month: str | None = None, say: Callable[[str], None] | None = None) -> Plan:
    """The plan of a config directory at the context's time; ``say`` hears which PSA is being read."""
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
        _telling(context.psas, say) if say else context.psas,
        UsageLog(database),
        Journal(database),
        policy,
        lambda: ask(context.claimant, sources, types),
    )
    return reconciler.plan(mapping, _moment(context, month))


def _telling(psas: Mapping[str, Psa], say: Callable[[str], None]) -> Mapping[str, Any]:
    return {name: _Telling(name, psa, say) for name, psa in psas.items()}


class _Telling:
    """A PSA that says when it is read."""

    def __init__(self, name: str, psa: Psa, say: Callable[[str], None]) -> None:
        self._name = name
        self._psa = psa
        self._say = say

    def observe(self, lines: Sequence[LineKey], day: date, *, following: bool = False) -> Mapping[LineKey, Observed]:
        self._say(f"{self._name}: reading {len(lines):,} lines")
        found = self._psa.observe(lines, day, following=following)
        self._say(f"{self._name}: {len(found):,} lines read")
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._psa, name)


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

    if args.where is not None:
        return _show_some(args)
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


def _show_some(args: argparse.Namespace) -> int:
    """The changes that a filter keeps; `is:` asks the decisions beside the plan."""
    from psarecon.cli.context import say
    from psarecon.domain.plan import canonical
    from psarecon.domain.plan_file import plan_data
    from psarecon.report.plan_text import plan_text

    plan = read_plan(args.plan)
    some = _some(plan, args.plan, args.where)
    say(f"{len(some.changes)} of {len(plan.changes)} changes: {args.where}")
    if args.format == "json":
        # Not in the form of a plan: nobody shall take a part for one that can be decided on and applied.
        data = plan_data(some)
        print(canonical({"plan": plan.id, **{key: data[key] for key in ("changes", "findings")}}).decode("ascii"))
    elif some.changes:
        for line in plan_text(some):
            print(line)
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


def _print(plan: Plan, form: str) -> None:
    from psarecon.domain.plan_file import plan_bytes
    from psarecon.report.plan_text import plan_text

    if form == "json":
        print(plan_bytes(plan).decode("ascii"), end="")
        return
    for line in plan_text(plan):
        print(line)
