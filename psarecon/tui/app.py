"""The application: which screen follows which, and what is left to say once it has ended."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events

from psarecon.domain.drift import Drift, DriftReport
from psarecon.errors import EXIT_DONE, EXIT_ERROR, LedgerError, PsareconError
from psarecon.protocol import Outcome, Result
from psarecon.review import questions
from psarecon.review.board import Board
from psarecon.review.book import Book
from psarecon.review.desk import Desk, Prepared, Writer
from psarecon.review.preferences import Preferences
from psarecon.review.run import RunModel
from psarecon.review.run_text import summary
from psarecon.tui.dialogs import Ask, Tell, TypeName
from psarecon.tui.loading import LoadingScreen, Say, wait
from psarecon.tui.overlay import lay
from psarecon.tui.review import ReviewScreen
from psarecon.tui.run import RunScreen
from psarecon.tui.safety import HEIGHTS, WIDTHS, SafeApp

if TYPE_CHECKING:
    from psarecon.tui.history import HistoryScreen

#: How a change stands in the list after a run; any other outcome leaves its decision as it was.
_STATES = {Outcome.VERIFIED: "written", Outcome.ALREADY: "written", Outcome.UNKNOWN: "in doubt"}


def _reading(prepare: Callable[[], Prepared], say: Say) -> Prepared:
    say("reading the plan and its decisions")
    return prepare()


@dataclass(frozen=True, slots=True)
class _Review:
    """A plan under review, and where it is."""

    path: Path
    board: Board


class ReviewApp(SafeApp[None]):
    """A review: load the plan, decide on it, and, where it is allowed, carry out what was approved."""

    TITLE = "psarecon"
    CSS_PATH = "style.tcss"
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    def __init__(self, desk: Desk, preferences: Preferences | None = None, *, debug: bool = False) -> None:
        super().__init__(preferences, debug=debug)
        self._desk = desk
        self._reviews: list[_Review] = []  # all that were opened
        self._above: list[_Review] = []  # those on the screen, one above the other
        self._runs: list[RunModel] = []
        self.failure: PsareconError | None = None

    def on_mount(self) -> None:
        """Paint first, then load."""
        self.push_screen(LoadingScreen(self._load, self._loaded))

    @property
    def _board(self) -> Board | None:
        """The list under review; None before there is one."""
        return self._above[-1].board if self._above else None

    @property
    def _path(self) -> Path:
        """Its plan; there must be one."""
        return self._above[-1].path

    def _load(self, say: Say) -> _Review:
        return self._read(self._desk.load(say), say)

    def _read(self, path: Path, say: Say) -> _Review:
        say(f"reading {path.name}")
        opened = self._desk.open(path)
        book = Book(self._desk.decisions(path), self._desk.by)
        self._desk.now()
        board = Board(opened, book)
        gc.freeze()  # a key must not wait for the collector to walk all rows once more
        return _Review(path, board)

    def _loaded(self, answer: object) -> None:
        if isinstance(answer, _Review):
            self._opened(answer)
            self.switch_screen(ReviewScreen(answer.board, self._desk, answer.path, self.preferences.keyboard))
        elif isinstance(answer, PsareconError):
            self.failure = answer
            self.exit()
        elif isinstance(answer, Exception):
            raise answer

    def _opened(self, review: _Review) -> None:
        self._reviews.append(review)
        self._above.append(review)

    def _say(self, text: str) -> None:
        if isinstance(self.screen, ReviewScreen):
            self.screen.say(text)

    async def on_key(self, event: events.Key) -> None:
        """A letter on its way to a line is a letter, even where it was typed before the line was there."""
        if isinstance(self.screen, ReviewScreen) and await self.screen.foot.take(event):
            event.prevent_default()

    # The history.

    def action_history(self) -> None:
        """The runs of the journal."""
        from psarecon.review.history import History
        from psarecon.tui.history import HistoryScreen

        journal = self._desk.journal()
        if journal is None:
            self._say("there is no ledger here: the history is where the settings are")
            return
        try:
            history = History(journal)
        except LedgerError as error:
            self._say(str(error))
            return
        self.push_screen(HistoryScreen(history, self.preferences.keyboard, self._desk.folder))

    def action_drift(self) -> None:
        """What somebody else changed since it was written; anew where it is shown already."""
        from psarecon.tui.drift import DriftScreen

        if isinstance(self.screen, DriftScreen):
            self.pop_screen()
        wait(self, self._desk.back.drift, "Nothing was compared", self._compared)

    def _compared(self, answer: object) -> None:
        from psarecon.review.drifted import Drifted
        from psarecon.tui.drift import DriftScreen

        assert isinstance(answer, DriftReport)
        left_by = cache(partial(self._left_by, answer.tenants))
        self.push_screen(DriftScreen(Drifted(answer), left_by, self.preferences.keyboard, self._desk.folder))

    def _left_by(self, tenants: dict[str, str], drift: Drift) -> str:
        """What the journal says of the last write of a line."""
        from psarecon.review.history import last_write

        journal, psa = self._desk.journal(), drift.line.psa
        try:
            return "" if journal is None else last_write(journal, psa, tenants[psa], drift.line.id)
        except LedgerError as error:
            return str(error)

    def action_go_back(self) -> None:
        """A plan that takes the run under the cursor back, after a name for it was asked."""
        from psarecon.review.history_back import free_name, question
        from psarecon.tui.history import HistoryScreen

        screen = self.screen
        run = screen.run_here if isinstance(screen, HistoryScreen) else None
        if run is None or not isinstance(screen, HistoryScreen):
            return
        usual = free_name(run.name, self._desk.folder)
        try:
            title, lines = question(run, screen.tally_here, usual)
        except LedgerError as error:
            screen.say(str(error))
            return
        self.push_screen(Ask(title, lines, usual), partial(self._named, screen, run.name, usual))

    def _named(self, screen: HistoryScreen, run: str, usual: str, name: str | None) -> None:
        from psarecon.review.history_back import taken

        if name is None:
            return
        path = self._desk.folder / (name or usual)
        if taken(path):
            screen.say(f"{path.name} is there already: no plan was made")
            return

        def load(say: Say) -> _Review:
            self._desk.back.go_back(run, path, say)
            return self._read(path, say)

        wait(self, load, "No plan was made", partial(self._went_back, screen))

    def _went_back(self, history: HistoryScreen, answer: object) -> None:
        from psarecon.tui.back import BackScreen

        assert isinstance(answer, _Review)
        self._opened(answer)
        screen = BackScreen(answer.board, self._desk, answer.path, self.preferences.keyboard)
        self.push_screen(screen, lambda _: self._left(history))

    def _left(self, history: HistoryScreen) -> None:
        """The review above the history was left; what was decided is kept."""
        left = self._above.pop()
        left.board.book.flush()
        history.reload()
        history.say(f"{left.path.name} is kept, with what was decided")

    # The run.

    async def action_run(self) -> None:
        """Write what is approved, after the name of the tenant was typed."""
        writer, board = self._desk.writer, self._board
        if board is None:
            return
        approved = [row for row, _ in board.approved()]
        if writer is None:
            self._say("nothing can be written: start with psarecon review --apply")
        elif not approved:
            self._say("nothing is approved yet")
        else:
            names = {name: board.opened.head.tenants.get(name, "") for name in sorted({row.psa for row in approved})}
            title, lines = questions.run(approved, names, board)
            question = TypeName(title, lines, questions.typed(names))
            await lay(self, question, partial(self._confirmed, writer))

    def _confirmed(self, writer: Writer, yes: bool | None) -> None:  # noqa: FBT001 - Textual calls it with the answer
        if yes and self._board is not None:
            self._board.book.flush()
            prepare = partial(writer.prepare, self._path, self._board.opened.head.id, frozenset(self._board.outcomes))
            self.push_screen(LoadingScreen(partial(_reading, prepare), partial(self._prepared, writer)))

    def _prepared(self, writer: Writer, answer: object) -> None:
        self.pop_screen()
        if isinstance(answer, PsareconError):
            self.push_screen(Tell("Nothing was written", [*answer.told(), answer.hint or ""]))
        elif isinstance(answer, Exception):
            raise answer
        elif isinstance(answer, Prepared):
            self._begin(writer, answer)

    def _begin(self, writer: Writer, prepared: Prepared) -> None:
        changes = [change for change, _ in prepared.approved]
        model = RunModel(changes, prepared.run, left=prepared.left, currency=prepared.plan.currency)
        model.budget = writer.budget_left
        self._runs.append(model)
        self.push_screen(
            RunScreen(model, partial(writer.start, prepared), self.preferences.keyboard, self._desk.folder), self._ran
        )

    def _ran(self, results: list[Result] | None) -> None:
        if self._board is not None:
            self._board.came_to(
                {result.change.id: _STATES[result.outcome] for result in results or () if result.outcome in _STATES}
            )
        if isinstance(self.screen, ReviewScreen):
            self.screen.draw_all()
        if self.ended_by is not None:
            self.exit()

    # Ending.

    def ask_to_end(self) -> None:
        """Leave; a call in flight is finished first."""
        if not self._running_still():
            self.exit()
            return
        self._runs[-1].ask_stop()
        self.notify("finishing the call in flight, then stopping")
        if self.ended_by is not None:  # nobody is there to press a key
            self.set_interval(0.1, self._end_once_stopped)

    def _end_once_stopped(self) -> None:
        if not self._running_still():
            self.exit()

    def finish(self) -> None:
        """Wait for the call in flight, and for the decisions to be on disk."""
        for run in self._runs:
            run.wait()
        for review in self._reviews:
            review.board.book.flush()

    def let_go(self) -> None:
        """The screens are gone: the thread stops after the call in flight."""
        for run in self._runs:
            run.ask_stop()

    def _running_still(self) -> bool:
        return bool(self._runs) and not self._runs[-1].ended

    @property
    def exit_code(self) -> int:
        """As ``apply`` has it for the last run; else how the app ended."""
        code = super().exit_code
        if self.crash is None and self._runs:
            code = self._runs[-1].exit_code()
        if code == EXIT_DONE and any(review.board.book.trouble for review in self._reviews):
            return EXIT_ERROR
        return code

    def summary(self) -> list[str]:
        """What stays in the terminal, once nothing is written any more: what became of each run, and where the
        decisions are."""
        self.finish()
        lines = [line for run in self._runs for line in summary(run)]
        for review in self._reviews:
            review.board.book.close()
            review.board.opened.close()
            lines += questions.farewell(review.board)
        return lines
