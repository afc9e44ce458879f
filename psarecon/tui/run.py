"""The run screen: a live apply. A thread writes, the screen looks ten times a second, and a person can stop it.

Leaving is possible only once nothing is written any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from psarecon.errors import PsareconError
from psarecon.files import write_whole
from psarecon.protocol import Result, Watch
from psarecon.review.keys import Keyboard, Place, footer
from psarecon.review.run import RunModel
from psarecon.review.run_text import RunLines, asked, detail, head, heading, status, whole_text
from psarecon.review.spans import Span, Spans, text_of
from psarecon.text import clean
from psarecon.tui.dialogs import Ask, Confirm
from psarecon.tui.keys import Keyed, bindings
from psarecon.tui.lines import DetailScreen
from psarecon.tui.moving import Moving
from psarecon.tui.overlay import lay
from psarecon.tui.table import LineList, LinePane

#: Seconds between two looks at the run.
_LOOK = 0.1
#: More lines than this changed at once are drawn by drawing the list.
_MANY = 100

Start = Callable[[Watch], Sequence[Result]]


def _bindings() -> Iterator[BindingType]:
    """Those of the registry; but leaving is this screen's own matter, and escape asks for it too."""
    for one in bindings(Place.RUN):
        assert isinstance(one, Binding)
        yield replace(one, action="leave") if one.action == "app.quit" else one
    yield Binding("escape", "leave", "Leave", show=False)


class RunScreen(Moving[list[Result]], Keyed[list[Result]]):
    """Runs ``start`` in a thread and shows it; it is dismissed with the results once nothing is written any more."""

    AUTO_FOCUS = "#list"
    PLACE = Place.RUN
    BINDINGS: ClassVar[list[BindingType]] = list(_bindings())
    DEFAULT_CSS = """
    #run-head { height: 3; background: $surface; padding: 0 1; }
    #run-status { height: auto; max-height: 4; background: $surface; padding: 0 1; }
    """

    def __init__(
        self, model: RunModel, start: Start, keyboard: Keyboard | None = None, folder: Path | None = None
    ) -> None:
        super().__init__()
        self.model = model
        self._start = start
        self._keyboard = keyboard or Keyboard()
        self._folder = folder or Path()
        self._head: list[Spans] = []
        self._status = ""
        self._dialog: Confirm | None = None
        self._follows = True

    def compose(self) -> ComposeResult:
        """Header, list, the change under the cursor, the status in words, the keys."""
        yield LinePane(id="run-head")
        yield LinePane(id="titles")
        with Container(id="body"):
            yield LineList(RunLines(self.model), moved=self._show_detail, id="list")
            yield LinePane(id="detail")
        yield Static(id="run-status", markup=False)
        yield LinePane(id="keys")

    def on_mount(self) -> None:
        """Begin: the thread writes, the screen looks."""
        self.set_interval(_LOOK, self._look)
        self.run_worker(partial(self.model.carry_out, self._start), thread=True, exit_on_error=False)

    def on_unmount(self) -> None:
        """Whatever takes the screen away also stops the run, after the call in flight."""
        self.model.ask_stop()

    def on_resize(self) -> None:
        """Everything is laid out anew."""
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        self._pane("#titles").show([(Span(" "), *heading(self._list.columns))])
        self._show_detail()
        self._show_keys()

    @property
    def _list(self) -> LineList:
        return self.query_one("#list", LineList)

    def _pane(self, selector: str) -> LinePane:
        return self.query_one(selector, LinePane)

    # What is shown.

    def _look(self) -> None:
        """Show what is new."""
        ended, changed = self.model.ended, self.model.drain()
        self._draw(changed)
        self._follow()
        if self._list.cursor in changed:
            self._show_detail()
        self._show_head()
        self._show_status(ended=ended)
        self._ask()

    def _draw(self, changed: set[int]) -> None:
        if len(changed) > _MANY:
            self._list.all_changed()
            return
        for place in changed:
            self._list.changed(place)

    def _follow(self) -> None:
        """The cursor goes with the writing until a person moves it."""
        place = self.model.in_flight
        if self._follows and place is not None:
            self._list.move_to(place)

    def _show_head(self) -> None:
        lines = head(self.model)
        if lines != self._head:
            self._head = lines
            self._pane("#run-head").show(lines)

    def _show_detail(self) -> None:
        pane = self._pane("#detail")
        if self.model.changes:
            pane.show(detail(self.model, self._list.cursor, max(8, pane.size.width)))

    def _show_status(self, *, ended: bool) -> None:
        said = status(self.model, ended=ended)
        if said != self._status:
            self._status = said
            self.query_one("#run-status", Static).update(said)
            self._show_keys()

    def _show_keys(self) -> None:
        pane = self._pane("#keys")
        off = {"stop"} if self.model.stopping or self.model.ended else set[str]()
        pane.show([footer(self._keyboard, self.PLACE, pane.size.width, off=off)])

    # The question.

    def _ask(self) -> None:
        """Open the dialog when the run waits, close it when it does so no more."""
        question = self.model.question
        if question is not None and self._dialog is None:
            self._list.move_to(question.index)
            self._dialog = Confirm("The run waits", asked(self.model, question), yes="Go on", no="Stop")
            self.app.push_screen(self._dialog, self._answered)
        elif question is None and self._dialog is not None and self._dialog.is_current:
            self._dialog.dismiss(None)

    def _answered(self, go_on: bool | None) -> None:  # noqa: FBT001 - Textual calls it with the dialog's answer
        """None: nobody asks any more."""
        self._dialog = None
        if go_on:
            self.model.go_on()
        elif go_on is not None:
            self.model.ask_stop()

    # Acts.

    def action_stop(self) -> None:
        """Finish the call in flight, then stop."""
        self.model.ask_stop()
        self._show_status(ended=self.model.ended)

    def action_leave(self) -> None:
        """Leave once nothing is written any more; before that it stops the run, and says what is in flight."""
        if self.model.ended:
            self.dismiss(self.model.results())
            return
        self.action_stop()
        self.notify(self._status, title="Not left yet", markup=False)

    def action_trouble(self) -> None:
        """The next change that was not verified."""
        self._follows = False
        place = self.model.next_trouble(self._list.cursor)
        if place is None:
            self.notify("nothing went wrong so far", markup=False)
        else:
            self._list.move_to(place)

    def _moves(self, lines: int) -> None:
        """A person has taken the cursor."""
        self._follows = False
        super()._moves(lines)

    def on_click(self) -> None:
        """So has one with a mouse."""
        self._follows = False

    @on(LineList.Chosen, "#list")
    def action_detail(self) -> None:
        """The change under the cursor on a screen of its own."""
        if self.model.changes:
            self.app.push_screen(DetailScreen(partial(detail, self.model, self._list.cursor)))

    def action_copy_id(self) -> None:
        """The change's id to the clipboard."""
        if self.model.changes:
            self._copy(self.model.changes[self._list.cursor].id)

    def action_copy_line(self) -> None:
        """The line under the cursor as text to the clipboard."""
        if self.model.changes:
            line = RunLines(self.model).line(self._list.cursor, 200)
            self._copy(" ".join(text_of(line).split()))

    def _copy(self, text: str) -> None:
        self.app.copy_to_clipboard(clean(text))
        self.notify(f"copied: {clean(text, 60)}", markup=False)

    async def action_save_list(self) -> None:
        """The run as it stands, to a file."""
        usual = f"run-{self.model.run}.txt"
        lines = ["the summary, and every change as text", f"an empty name is {usual}"]
        ask = Ask("Write the run to a file", lines, usual)
        await lay(self.app, ask, lambda name: None if name is None else self._save(name or usual))

    def _save(self, name: str) -> None:
        path = self._folder / name
        if path.exists():
            self.notify(f"{name} is there already: nothing was written", markup=False)
            return
        try:
            write_whole(path, "\n".join([*whole_text(self.model), ""]).encode())
        except PsareconError as error:
            self.notify(str(error), severity="error", markup=False)
        else:
            self.notify(f"wrote {name}", markup=False)
