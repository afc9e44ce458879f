"""``psarecon decide``: approve, reject, hold or reopen changes of a saved plan, without a screen."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psarecon.errors import EXIT_BLOCKED, EXIT_DONE, PlanRefused, UsageError

if TYPE_CHECKING:
    from psarecon.domain.decisions import Decision
    from psarecon.review.kept import Kept
    from psarecon.review.opened import Opened, Row
    from psarecon.review.query import Query

#: In the order in which they are carried out: of several words on one change the careful one counts.
_ACTS = ("approve", "reopen", "reject", "hold")
_IDS = "take the ids from `psarecon show`"


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("decide", help="approve, reject or hold changes of a saved plan")
    parser.add_argument("plan", type=Path, metavar="FILE")
    for act, what in zip(_ACTS, ("approve", "take back what was decided on", "reject", "hold"), strict=True):
        help_text = f"{what} these changes, or those that --where selects"
        parser.add_argument(f"--{act}", nargs="*", metavar="CHANGE", help=help_text)
    parser.add_argument(
        "--approve-clean", action="store_true", help="approve every undecided change without a BLOCK or LOOK finding"
    )
    parser.add_argument("--where", metavar="FILTER", help="select changes, as 'product:jumpcloud cost>0'")
    parser.add_argument("--list", action="store_true", help="print the selected changes and what was decided on each")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--reason", default="", help="why; kept with the decision")
    parser.add_argument("--by", help="who decides (default: you)")
    parser.add_argument("--decisions", type=Path, metavar="FILE", help="default: the plan's name with .decisions.json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0; 4 when a BLOCK was to be approved by its id; 64 for wrong usage, a filter or an id that leads nowhere."""
    from psarecon.cli.context import say
    from psarecon.cli.decided import print_decided
    from psarecon.review.query import parse

    selecting = _selecting(args)
    query = parse(args.where or "")
    opened = open_for_review(args.plan)
    args.resources.callback(opened.close)
    work = _Work(opened, query, args)
    kept = work.carried_out(args.decisions or decisions_path(args.plan), selecting)
    listed = work.selected if args.list or selecting else None
    print_decided(opened, kept, listed, args.format)
    if work.left_out:
        say(f"left out: {work.left_out} blocked changes cannot be approved; `psarecon show {args.plan}` says why")
    for change in work.refused:
        say(f"blocked: {change} cannot be approved; `psarecon show {args.plan} --change {change}` says why")
    return EXIT_BLOCKED if work.refused else EXIT_DONE


def _selecting(args: argparse.Namespace) -> str | None:
    """The act that is for the changes that --where selects. Raises UsageError when it cannot be told."""
    bare = [act for act in _ACTS if getattr(args, act) == []]
    if len(bare) > 1 or (bare and args.approve_clean):
        raise UsageError("--where can select changes for one act only", hint="run `psarecon decide` once for each act")
    if bare and not (args.where or "").strip():
        hint = f"name changes after --{bare[0]}, or select some, as --where 'is:open client:acme'"
        raise UsageError(f"--{bare[0]} of which changes?", hint=hint)
    named = any(getattr(args, act) for act in _ACTS)
    if args.where is not None and named and not (bare or args.approve_clean or args.list):
        raise UsageError("--where selects nothing here: the changes are named", hint="leave out the ids, or --where")
    return bare[0] if bare else None


class _Work:
    """What one command does: ``selected`` by --where; ``refused`` and ``left_out`` were blocked."""

    def __init__(self, opened: Opened, query: Query, args: argparse.Namespace) -> None:
        self.selected: list[Row] = []
        self.refused: list[str] = []
        self.left_out = 0
        self._opened = opened
        self._query = query
        self._args = args
        self._named = {act: _named(opened.rows, getattr(args, act) or ()) for act in _ACTS}

    def carried_out(self, path: Path, selecting: str | None) -> Kept:
        """The decisions after all acts. Read, changed and written while nobody else can, so that none is lost."""
        from psarecon.files import locked
        from psarecon.review.kept import Kept

        if not (selecting or self._args.approve_clean or any(getattr(self._args, act) for act in _ACTS)):
            kept = Kept.read(path)
            self.selected = self._query.select(self._opened.rows, kept.state)
            return kept
        with locked(path):
            kept = Kept.read(path)
            self.selected = self._query.select(self._opened.rows, kept.state)
            self._write(path, kept, selecting)
        return kept

    def _write(self, path: Path, kept: Kept, selecting: str | None) -> None:
        from psarecon.cli.context import Context
        from psarecon.domain.decisions import framed
        from psarecon.files import write_whole
        from psarecon.review.book import Maker

        maker = Maker(self._args.by or Context.of(self._args).user())
        for verdict, rows, reason in self._acts(kept, selecting):
            maker.decide(kept, rows, verdict, reason)
        write_whole(path, framed(kept.shelves()))

    def _acts(self, kept: Kept, selecting: str | None) -> Iterator[tuple[Any, Sequence[Row], str]]:
        """Each verdict (None: open again) with its rows. What is decided is not decided anew in bulk."""
        from psarecon.domain.decisions import Verdict
        from psarecon.domain.model import Severity

        if self._args.approve_clean:
            rows = [row for row in self.selected if row.clean and row.id not in kept.verdicts]
            yield Verdict.APPROVE, rows, self._args.reason or "clean"
        blocked = {row.id for row in self._opened.rows if row.severity is Severity.BLOCK}
        self.refused = sorted({row.id for row in self._named["approve"]} & blocked)
        self.left_out = sum(row.id in blocked for row in self.selected) if selecting == "approve" else 0
        for act in _ACTS:
            rows = self.selected if act == selecting else self._named[act]
            if rows:
                yield None if act == "reopen" else Verdict(act), rows, self._args.reason


def _named(rows: Sequence[Row], prefixes: Sequence[str]) -> list[Row]:
    """The rows that the given beginnings of ids name, each exactly one."""
    found = []
    for prefix in prefixes:
        mine = [row for row in rows if row.id.startswith(prefix)]
        if len(mine) != 1:
            raise UsageError(f"{prefix!r} names {len(mine)} changes of the plan", hint=_IDS)
        found += mine
    return found


def open_for_review(path: Path) -> Opened:
    """The plan's changes in short. Raises PlanRefused, which says exactly what is wrong, and InvalidInput."""
    from psarecon.cli.plan import read_plan
    from psarecon.review.opened import open_plan

    try:
        return open_plan(path)
    except PlanRefused:
        read_plan(path)
        raise


def decisions_path(plan: Path) -> Path:
    """Where the decisions on a plan are kept: beside it."""
    return plan.with_name(plan.name.removesuffix(".json") + ".decisions.json")


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions kept so far; none where there is no file."""
    from psarecon.domain.decisions import load_decisions
    from psarecon.files import read_whole

    return load_decisions(read_whole(path), str(path)) if path.exists() else ()
