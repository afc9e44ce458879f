"""The drift screen: the lines that somebody else changed since psarecon wrote them; it reads, and writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from psarecon.domain.drift import Drift
from psarecon.errors import PsareconError
from psarecon.files import write_new
from psarecon.report.drift_text import drift_text
from psarecon.review.drifted import Bunch, Drifted
from psarecon.review.drifted_lines import DriftLines, entry_lines, entry_text, headline, nothing
from psarecon.review.keys import Keyboard, Place, footer
from psarecon.review.spans import Role, Span
from psarecon.text import clean
from psarecon.tui.dialogs import Ask
from psarecon.tui.keys import Keyed, bindings
from psarecon.tui.lines import DetailScreen
from psarecon.tui.moving import Moving
from psarecon.tui.table import LineList, LinePane


class DriftScreen(Moving[None], Keyed[None]):
    """One comparison. ``left_by`` is what the journal says of a line's last write; ``folder`` is where a list goes."""

    AUTO_FOCUS = "#list"
    PLACE = Place.DRIFT
    BINDINGS: ClassVar[list[BindingType]] = bindings(PLACE)

    def __init__(self, model: Drifted, left_by: Callable[[Drift], str], keyboard: Keyboard, folder: Path) -> None:
        super().__init__()
        self._model = model
        self._lines = DriftLines(model)
        self._left_by = left_by
        self._keyboard = keyboard
        self._folder = folder

    def compose(self) -> ComposeResult:
        """Three lines of head, list and detail, what was said last, the keys."""
        yield LinePane(id="head")
        yield LinePane(id="titles")
        with Container(id="body"):
            yield LineList(self._lines, empty=nothing(self._model.report), id="list")
            yield LinePane(id="detail")
        yield LinePane(id="status")
        yield LinePane(id="keys")

    def on_mount(self) -> None:
        """The head; and the detail, from now on, of the line under the cursor."""
        self.query_one("#detail", LinePane).can_focus = True
        self.query_one("#head", LinePane).show(headline(self._model))
        self.watch(self._list, "cursor", self._draw_detail, init=False)

    def on_resize(self) -> None:
        """Columns, detail and keys depend on the width."""
        self.call_after_refresh(self._draw)

    @property
    def _list(self) -> LineList:
        return self.query_one("#list", LineList)

    def _draw(self) -> None:
        self.query_one("#titles", LinePane).show([self._lines.titles(self._list.columns)])
        keys = self.query_one("#keys", LinePane)
        keys.show([footer(self._keyboard, self.PLACE, keys.content_size.width)])
        self._draw_detail()

    def _draw_detail(self) -> None:
        pane = self.query_one("#detail", LinePane)
        if pane.display and pane.size.width:
            pane.show(entry_lines(self._model.at(self._list.cursor), self._left_by, pane.room))

    def _say(self, text: str) -> None:
        self.query_one("#status", LinePane).show([(Span(clean(text), Role.DIM),)])

    def action_fold(self) -> None:
        """Fold the group here."""
        self._fold(folded=True)

    def action_unfold(self) -> None:
        """Unfold the group here."""
        self._fold(folded=False)

    def _fold(self, *, folded: bool | None) -> None:
        place = self._model.fold(self._list.cursor, folded=folded)
        if place is not None:
            self._list.reset(place)
            self._draw_detail()

    @on(LineList.Chosen, "#list")
    def action_detail(self) -> None:
        """All about this line, on a screen of its own; a group is unfolded instead."""
        entry = self._model.at(self._list.cursor)
        if isinstance(entry, Bunch):
            self._fold(folded=None)
        elif entry is not None:
            self.app.push_screen(DetailScreen(partial(entry_lines, entry, self._left_by), self._keyboard))

    def action_copy_id(self) -> None:
        """The line's name in its PSA to the clipboard; of a group the dearest line's."""
        line = self._model.line_at(self._list.cursor)
        if line is not None:
            self._copy(str(line.line))

    def action_copy_line(self) -> None:
        """The line as text to the clipboard."""
        entry = self._model.at(self._list.cursor)
        if entry is not None:
            self._copy(entry_text(entry))

    def _copy(self, text: str) -> None:
        harmless = clean(text)
        self.app.copy_to_clipboard(harmless)
        self._say(f"copied: {harmless}")

    def action_save_list(self) -> None:
        """All of it to a file, every line of each group."""
        usual = f"drift-{self._model.report.as_of:%Y%m%dT%H%M%S}.txt"
        lines = ["every line, as `psarecon drift --all` prints it", f"an empty name is {usual}"]
        ask = Ask("Write the drift to a file", lines, usual)
        self.app.push_screen(ask, lambda name: None if name is None else self._save(name or usual))

    def _save(self, name: str) -> None:
        try:
            write_new(self._folder / name, "\n".join([*drift_text(self._model.report, whole=True), ""]).encode())
        except PsareconError as error:
            self._say(str(error))
        else:
            self._say(f"wrote {name}")

    def action_back(self) -> None:
        """To the history."""
        self.dismiss()
