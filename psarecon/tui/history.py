"""The history screen: the runs of the journal above, the lines of the run under the cursor below."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from psarecon.errors import LedgerError, PsareconError
from psarecon.files import write_new
from psarecon.review.history import History, Item, Run, Tally
from psarecon.review.history_back import FILE_NAME
from psarecon.review.history_lines import (
    EMPTY,
    ItemLines,
    RunLines,
    headline,
    item_text,
    run_headline,
    run_text,
    story_lines,
)
from psarecon.review.keys import Keyboard, Place, footer
from psarecon.review.spans import Role, Span, text_of
from psarecon.text import clean
from psarecon.tui.dialogs import Ask
from psarecon.tui.keys import Keyed, bindings
from psarecon.tui.lines import DetailScreen
from psarecon.tui.moving import Moving
from psarecon.tui.overlay import lay
from psarecon.tui.table import LineList, LinePane


class HistoryScreen(Moving[None], Keyed[None]):
    """What was written from here: reads the ledger, writes nothing. ``folder`` is where a list is saved."""

    AUTO_FOCUS = "#list"
    PLACE = Place.HISTORY
    BINDINGS: ClassVar[list[BindingType]] = bindings(PLACE)
    DEFAULT_CSS = """
    #history-head { height: 1; padding: 0 1; }
    #history-run { height: 3; padding: 0 1; border-top: solid $primary-muted; }
    HistoryScreen #list { height: 1fr; min-height: 3; }
    #history-lines { height: 2fr; }
    #history-status { height: 1; padding: 0 1; }
    #history-keys { height: 1; padding: 0 1; }
    """

    def __init__(self, history: History, keyboard: Keyboard | None = None, folder: Path | None = None) -> None:
        super().__init__()
        self._keyboard = keyboard or Keyboard()
        self._folder = folder or Path()
        self._history = history
        self._lines = ItemLines()
        self._shown: str | None = None
        self._said_at: Item | None = None

    def compose(self) -> ComposeResult:
        """The runs, the run under the cursor and its lines, what was said last, the keys."""
        yield LinePane(id="history-head")
        yield LineList(RunLines(self._history), moved=self._show_run, empty=EMPTY, id="list")
        yield LinePane(id="history-run")
        yield LineList(self._lines, moved=self._say_why, id="history-lines")
        yield LinePane(id="history-status")
        yield LinePane(id="history-keys")

    def on_mount(self) -> None:
        """Draw what does not change, and the first run."""
        self.query_one("#history-head", LinePane).show([headline(self._history)])
        self._show_run()

    def on_resize(self) -> None:
        """The keys that have room."""
        self.call_after_refresh(self._show_keys)

    def _show_keys(self) -> None:
        pane = self.query_one("#history-keys", LinePane)
        pane.show([footer(self._keyboard, self.PLACE, pane.size.width)])

    @property
    def _runs(self) -> LineList:
        return self.query_one("#list", LineList)

    @property
    def _below(self) -> LineList:
        return self.query_one("#history-lines", LineList)

    @property
    def _item(self) -> Item | None:
        """The line under the cursor of the lower list."""
        at = self._below.cursor
        return self._lines.items[at] if at < self._lines.count else None

    def _show_run(self) -> None:
        """The lower list follows the upper one's cursor."""
        if not self._history.runs:
            return
        run = self._history.runs[self._runs.cursor]
        if run.name == self._shown:
            return
        self._shown, trouble = run.name, ""
        try:
            self._lines.items = self._history.items(self._runs.cursor)
            self.query_one("#history-run", LinePane).show(run_headline(run, self._history.tally(self._runs.cursor)))
        except LedgerError as error:
            self._lines.items, trouble = (), str(error)
        self._below.reset(0)
        if trouble:
            self._say(trouble, Role.BAD)

    def _say_why(self) -> None:
        """What the journal says of the line under the cursor: why it failed, what a person does about it."""
        if self._item is None or self._item is not self._said_at:
            self._said_at = None
            self._say(self._item.text if self._item else "", Role.PLAIN)

    @property
    def run_here(self) -> Run | None:
        """The run under the cursor; None where there are no runs."""
        return self._history.runs[self._runs.cursor] if self._history.runs else None

    @property
    def tally_here(self) -> Tally:
        """Its figures; there must be a run. Raises LedgerError."""
        return self._history.tally(self._runs.cursor)

    def say(self, text: str) -> None:
        """A word to the reader, above the keys, until the cursor stands on another line."""
        self._said_at = self._item
        self._say(text, Role.LOOK)

    def reload(self) -> None:
        """What there is now: a run may have been added."""
        try:
            self._history.reload()
        except LedgerError as error:
            self._say(str(error), Role.BAD)
            return
        self._shown = None
        self._runs.reset(0)
        self.query_one("#history-head", LinePane).show([headline(self._history)])
        self._show_run()

    def _say(self, text: str, role: Role = Role.DIM) -> None:
        self.query_one("#history-status", LinePane).show([(Span(clean(text), role),)])

    def action_other_pane(self) -> None:
        """From the runs to the lines, and back."""
        (self._runs if self.focused is self._below else self._below).focus()

    def action_fold(self) -> None:
        """To the runs."""
        self._runs.focus()

    def action_unfold(self) -> None:
        """To the lines."""
        self._below.focus()

    @on(LineList.Chosen, "#list")
    @on(LineList.Chosen, "#history-lines")
    def action_detail(self) -> None:
        """From a run to its lines; from a line to its whole story."""
        if self.focused is not self._below:
            self._below.focus()
        elif self._item is not None:
            self._tell(self._item)

    def _tell(self, item: Item) -> None:
        try:
            entries = self._history.story(item)
        except LedgerError as error:
            self._say(str(error), Role.BAD)
            return
        self.app.push_screen(DetailScreen(lambda width: story_lines(item, entries, width), self._keyboard))

    def action_copy_id(self) -> None:
        """The run's name to the clipboard: what `psarecon log --run` takes."""
        if self._history.runs:
            self._copy(self._history.runs[self._runs.cursor].name)

    def action_copy_line(self) -> None:
        """The line under the cursor as text to the clipboard: a run or one of its changes."""
        if self.focused is self._below and self._item is not None:
            self._copy(item_text(self._item))
        elif self._history.runs:
            line = RunLines(self._history).line(self._runs.cursor, 10_000)
            self._copy(" ".join(text_of(line).split()))

    def _copy(self, text: str) -> None:
        harmless = clean(text)
        self.app.copy_to_clipboard(harmless)
        self._say(f"copied: {harmless}")

    async def action_save_list(self) -> None:
        """The run under the cursor, with all its lines, to a file."""
        if not self._history.runs:
            return
        run = self._history.runs[self._runs.cursor]
        usual = f"{run.name}.txt" if FILE_NAME.fullmatch(run.name) else "run.txt"
        lines = [f"every line of run {run.name} as text", f"an empty name is {usual}"]
        await lay(
            self.app,
            Ask("Write the run to a file", lines, usual),
            lambda name: None if name is None else self._save(name or usual),
        )

    def _save(self, name: str) -> None:
        at = self._runs.cursor
        try:
            text = run_text(self._history.runs[at], self._history.tally(at), self._history.items(at))
            write_new(self._folder / name, "\n".join([*text, ""]).encode())
        except PsareconError as error:
            self._say(str(error), Role.BAD)
        else:
            self._say(f"wrote {name}")

    def action_back(self) -> None:
        """To the screen before."""
        self.dismiss()
