"""The application: which screen follows which, and what is left to say once it has ended."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path

from psarecon.errors import EXIT_DONE, EXIT_ERROR, LedgerError, PsareconError
from psarecon.protocol import Outcome, Result
from psarecon.review import questions
from psarecon.review.board import Board
from psarecon.review.book import Book
from psarecon.review.desk import Desk, Prepared, Writer
from psarecon.review.preferences import Preferences
from psarecon.review.run import RunModel
from psarecon.review.run_text import summary
from psarecon.tui.dialogs import Tell, TypeName
from psarecon.tui.loading import LoadingScreen
from psarecon.tui.overlay import lay
from psarecon.tui.review import ReviewScreen
from psarecon.tui.run import RunScreen
from psarecon.tui.safety import SafeApp

Say = Callable[[str], None]
#: How a change stands in the list after a run; any other outcome leaves its decision as it was.
_STATES = {Outcome.VERIFIED: "written", Outcome.ALREADY: "written", Outcome.UNKNOWN: "in doubt"}


def _reading(prepare: Callable[[], Prepared], say: Say) -> Prepared:
    say("reading the plan and its decisions")
    return prepare()


class ReviewApp(SafeApp[None]):
    """A review: load the plan, decide on it, and, where it is allowed, carry out what was approved."""

    TITLE = "psarecon"
    CSS_PATH = "style.tcss"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual reads these, and declares them so
        (0, "-tiny"),
        (60, "-small"),
        (70, "-narrow"),
        (110, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-short"), (30, "-tall")]  # noqa: RUF012 - the same

    def __init__(self, desk: Desk, preferences: Preferences | None = None, *, debug: bool = False) -> None:
        super().__init__(preferences, debug=debug)
        self._desk = desk
        self._path = Path()
        self._board: Board | None = None
        self._runs: list[RunModel] = []
        self.failure: PsareconError | None = None

    def on_mount(self) -> None:
        """Paint first, then load."""
        self.push_screen(LoadingScreen(self._load, self._loaded))

    def _load(self, say: Say) -> Board:
        self._path = self._desk.load(say)
        say(f"reading {self._path.name}")
        opened = self._desk.open(self._path)
        book = Book(self._desk.decisions(self._path), self._desk.by)
        self._desk.now()
        board = Board(opened, book)
        gc.freeze()  # a key must not wait for the collector to walk all rows once more
        return board

    def _loaded(self, answer: object) -> None:
        if isinstance(answer, Board):
            self._board = answer
            self.switch_screen(ReviewScreen(answer, self._desk, self._path, self.preferences.keyboard))
        elif isinstance(answer, PsareconError):
            self.failure = answer
            self.exit()
        elif isinstance(answer, Exception):
            raise answer

    def _say(self, text: str) -> None:
        if isinstance(self.screen, ReviewScreen):
            self.screen.say(text)

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
        if self._board is not None:
            self._board.book.flush()

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
        if code == EXIT_DONE and self._board is not None and self._board.book.trouble:
            return EXIT_ERROR
        return code

    def summary(self) -> list[str]:
        """What stays in the terminal, once nothing is written any more: what became of each run, and where the
        decisions are."""
        self.finish()
        lines = [line for run in self._runs for line in summary(run)]
        if self._board is not None:
            self._board.book.close()
            self._board.opened.close()
            lines += questions.farewell(self._board)
        return lines
