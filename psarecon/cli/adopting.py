"""``psarecon import --interactive``: the screen where a person decides what an import left in doubt."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from psarecon.errors import UsageError

if TYPE_CHECKING:
    from psarecon.adopt.adoption import Adoption
    from psarecon.adopt.outcome import Outcome
    from psarecon.cli.context import Context
    from psarecon.domain.adoption import Draft, Edits, Ignored
    from psarecon.tui.adopting_app import AdoptingApp


def interactive(args: argparse.Namespace, context: Context) -> tuple[int, Outcome | None]:
    """Show the screen, then write what was agreed to there. How the screen ended, and what came of the import: None
    where it was left without writing.

    Raises UsageError without a terminal, else what ``psarecon import`` raises.
    """
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        hint = "without one: `psarecon import`, then accept proposals in the files or `--ignore` them"
        raise UsageError("--interactive needs a terminal", hint=hint)
    notes: list[str] = []
    app = adopting_app(context, args, notes)
    app.run()
    return app.exit_code, told(app, context, notes)


def adopting_app(context: Context, args: argparse.Namespace, notes: list[str]) -> AdoptingApp:
    """The application, ready to run; ``notes`` get what could not be read."""
    from psarecon.cli.review import preferences_of
    from psarecon.review.adopting import AdoptingDesk
    from psarecon.tui.adopting_app import AdoptingApp

    desk = AdoptingDesk(
        by=args.by or context.user(),
        load=partial(_load, args, context, notes),
        edits=partial(_edits, context),
    )
    return AdoptingApp(desk, preferences_of(context, args.keys), debug=args.debug)


def _load(args: argparse.Namespace, context: Context, notes: list[str], say: Callable[[str], None]) -> Adoption:
    from psarecon.cli.importing import adoption_of

    def tell(text: str) -> None:
        notes.append(text)
        say(text)

    say("reading settings and mapping")
    return adoption_of(args, context, tell, say)


def _edits(context: Context, draft: Draft, ignored: Sequence[Ignored]) -> Edits:
    from psarecon.config.writing import edits_of

    return edits_of(draft, context.settings, ignored)


def told(app: AdoptingApp, context: Context, notes: Sequence[str]) -> Outcome | None:
    """Put the files on disk, where that was agreed to. Raises what kept the screen from opening, and PsareconError."""
    from psarecon.adopt.outcome import Outcome
    from psarecon.adopt.saving import save
    from psarecon.cli.context import say

    for note in notes:
        say(note)
    if app.failure is not None:
        raise app.failure
    if app.model is None or app.edits is None:
        say("nothing was written")
        return None
    save(context.directory, app.edits.edits)
    files = tuple(edit.file for edit in app.edits.edits)
    return Outcome(tuple(app.model.adoption.results()), files, app.edits.by_hand, tuple(notes))
