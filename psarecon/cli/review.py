"""``psarecon review``: the screen where a person decides, and from which, if it is allowed, the plan is applied."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psarecon.errors import PlanRefused, PsareconError, UsageError

if TYPE_CHECKING:
    from psarecon.apply import Applier
    from psarecon.cli.context import Context
    from psarecon.domain.drift import DriftReport
    from psarecon.domain.model import LineKey
    from psarecon.domain.plan import Change
    from psarecon.ledger.journal import Journal
    from psarecon.protocol import Result, Watch
    from psarecon.review.desk import Desk, Prepared
    from psarecon.review.detail import Story
    from psarecon.review.preferences import Preferences

#: Where a plan made for the screen is kept, so that its decisions are still there tomorrow.
_MADE = Path(".psarecon/review/plan.json")


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("review", help="decide on a plan on a screen, and apply it from there with --apply")
    parser.add_argument("plan", type=Path, nargs="?", metavar="FILE", help="a saved plan; without one, plan first")
    parser.add_argument("--apply", action="store_true", help="allow writing to the PSA, after a typed confirmation")
    parser.add_argument("--decisions", type=Path, metavar="FILE", help="default: the plan's name with .decisions.json")
    parser.add_argument("--by", help="who decides (default: you)")
    parser.add_argument("--month", metavar="2026-10", help="without FILE: close an earlier month")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="other keys and theme (default: ~/.config/psarecon)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit 0 after a review; after a run as ``apply``; 64 without a terminal."""
    from psarecon.cli.context import Context

    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        raise UsageError("review needs a terminal", hint="without one: `psarecon show` and `psarecon decide`")
    if args.plan is not None and args.month is not None:
        raise UsageError("--month is for a plan that is made", hint="leave FILE out, or --month")
    context = Context.of(args)
    app = review_app(context, args)
    app.run()
    return told(app)


def review_app(context: Context, args: argparse.Namespace) -> Any:
    """The application, ready to run."""
    from psarecon.tui.app import ReviewApp

    return ReviewApp(desk(context, args), preferences_of(context, args.keys), debug=args.debug)


def told(app: Any) -> int:
    """What stays in the terminal once the screen is gone; the exit code."""
    for line in app.summary():
        print(line)
    if app.failure is not None:
        raise app.failure
    return int(app.exit_code)


def preferences_of(context: Context, named: Path | None) -> Preferences:
    """The user's own keys and theme, of the file that was named or of the usual one. Raises InvalidInput."""
    from psarecon.review.preferences import load_preferences
    from psarecon.tui.safety import theme_names

    themes = theme_names(colour="NO_COLOR" not in context.environ)
    return load_preferences(named or _preferences(context), themes=themes, named=named is not None)


def _preferences(context: Context) -> Path:
    home = context.environ.get("XDG_CONFIG_HOME") or str(Path(context.environ.get("HOME", "~")) / ".config")
    return Path(home) / "psarecon" / "review.yaml"


def desk(context: Context, args: argparse.Namespace) -> Desk:
    """What the screens can reach."""
    from psarecon.cli.decide import decisions_path, open_for_review
    from psarecon.review.desk import Desk

    back, by = _Back(context), args.by or context.user()

    def decisions(plan: Path) -> Path:
        named = args.decisions if plan in (args.plan, context.directory / _MADE) else None
        return Path(named or decisions_path(plan))

    return Desk(
        by=by,
        now=back.now,
        folder=args.plan.parent if args.plan else context.directory,
        open=open_for_review,
        load=lambda say: args.plan or _made(context, args.month, say),
        decisions=decisions,
        story=back.story,
        journal=lambda: back.journal,
        back=_Asked(context),
        writer=_Writer(context, decisions, by) if args.apply else None,
    )


def _made(context: Context, month: str | None, say: Callable[[str], None]) -> Path:
    """Make the plan, saying which system is being read."""
    from psarecon.cli.planning import draft_plan, saved

    say("reading settings, mapping and usage")
    path = context.directory / _MADE
    saved(draft_plan(context, month, lambda step: say(str(step))), path)
    return path


@dataclass
class _Back:
    """What is known beside the plan; all of it may be missing: a plan is reviewed far from its ledger too."""

    context: Context

    @cached_property
    def _began(self) -> tuple[datetime, float]:
        """The billing time and the process's clock, at one moment: a rehearsal's time is asked for once."""
        try:
            moment = self.context.now() if self._has_settings else datetime.now(UTC)
        except PsareconError:
            moment = datetime.now(UTC)
        return moment, time.monotonic()

    def now(self) -> datetime:
        """The billing time where it is known, else the machine's."""
        moment, then = self._began
        return moment + timedelta(seconds=time.monotonic() - then)

    @cached_property
    def _has_settings(self) -> bool:
        return (self.context.directory / "psarecon.yaml").exists()

    @cached_property
    def journal(self) -> Journal | None:
        """The journal; None without settings or where the ledger cannot be opened."""
        if not self._has_settings:
            return None
        from psarecon.ledger.journal import Journal

        try:
            return Journal(self.context.database)
        except PsareconError:
            return None

    def story(self, change: Change, tenant: str) -> Story:
        """Who last changed the line's mapping, and our last write of it."""
        from psarecon.config.git import last_change
        from psarecon.review.detail import Story

        found = last_change(self.context.directory, change.source.file, change.source.line)
        mapping = "" if found is None else f"{found.commit} {found.author} {found.at:%Y-%m-%d}: {found.summary}"
        return Story(mapping=mapping, written=self._written(change.line, tenant))

    def _written(self, line: LineKey, tenant: str) -> str:
        if self.journal is None:
            return ""
        from psarecon.review.history import last_write

        return last_write(self.journal, line.psa, tenant, line.id)


@dataclass
class _Asked:
    """Drift and the way back: each of the files, ledger and PSAs as they are when it is asked for."""

    context: Context

    @contextmanager
    def _anew(self) -> Iterator[Context]:
        from psarecon.cli.context import Context

        with ExitStack() as resources:
            yield Context(self.context.directory, self.context.environ, self.context.as_of, resources)

    def drift(self, say: Callable[[str], None]) -> DriftReport:
        """As ``psarecon drift``."""
        from psarecon.cli.planning import drifted

        say("reading settings, mapping and usage")
        with self._anew() as context:
            return drifted(context, lambda step: say(str(step)))

    def go_back(self, run: str, plan: Path, say: Callable[[str], None]) -> None:
        """As ``psarecon rollback -o``."""
        from psarecon.cli.planning import taken_back
        from psarecon.domain.plan_file import plan_bytes
        from psarecon.files import write_new

        say(f"reading what run {run} wrote")
        with self._anew() as context:
            content = plan_bytes(taken_back(context, run, lambda step: say(str(step))))
        write_new(plan, content)


@dataclass
class _Writer:
    """``apply`` for a screen: the same reading of plan and decisions, the same service."""

    context: Context
    decisions: Callable[[Path], Path]
    by: str
    service: Applier | None = None

    def prepare(self, plan: Path, expected: str, written: Collection[str] = ()) -> Prepared:
        """The plan and its approved changes, read as ``apply`` reads them."""
        from psarecon.cli.apply import refuse_old, sorted_changes
        from psarecon.cli.context import new_run
        from psarecon.cli.plan import read_plan
        from psarecon.domain.guards import blocked
        from psarecon.review.desk import Prepared

        read = read_plan(plan)
        if read.id != expected:
            raise PlanRefused(f"{plan} is another plan now", hint="close the review and open it again")
        refuse_old(read, self.context)
        found = sorted_changes(read, self.decisions(plan), self.by)
        left = bool(found.undecided) or blocked(read.findings)
        approved = [one for one in found.approved if one[0].id not in written]
        return Prepared(new_run(), read, approved, left=left)

    def start(self, prepared: Prepared, watch: Watch) -> list[Result]:
        """Carry it out."""
        from psarecon.cli.apply import applier

        names = {change.line.psa for change, _ in prepared.approved}
        self.service = applier(self.context, prepared.run, watch, names)
        return self.service.apply(prepared.plan, prepared.approved)

    def budget_left(self) -> Mapping[str, int]:
        """By PSA, the calls left; nothing before a run."""
        return {} if self.service is None else self.service.budget_left()
