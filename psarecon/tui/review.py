"""The review screen: the list, the change under the cursor, and the decisions.

Every key is an act of ``psarecon.review.board``; this screen only says which, and draws what came of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.reactive import Reactive
from textual.widget import Widget
from textual.widgets import Static

from psarecon.domain.decisions import Verdict
from psarecon.errors import PsareconError
from psarecon.review import questions
from psarecon.review.board import Board, Grouping, Order
from psarecon.review.cells import BoardLines, heading
from psarecon.review.desk import Desk
from psarecon.review.detail import Story, Subject, detail
from psarecon.review.export import shown_text
from psarecon.review.headline import headline
from psarecon.review.keys import Keyboard, Place, footer
from psarecon.review.opened import Row
from psarecon.review.spans import Span, Spans
from psarecon.review.status import Mode, status
from psarecon.tui.dialogs import Ask, Confirm
from psarecon.tui.foot import Foot
from psarecon.tui.keys import Keyed, bindings
from psarecon.tui.lines import DetailScreen
from psarecon.tui.moving import Moving
from psarecon.tui.overlay import lay
from psarecon.tui.table import LineList, LinePane

_FLOOR = "psarecon needs 60 columns and 16 lines.\nWithout a screen: psarecon show, psarecon decide."
#: Seconds the cursor rests on a change before git and the ledger are asked about it.
_REST = 0.15
#: Seconds between two looks at whether somebody else decided, and at how old the plan is.
_LOOK = 2.0


class ReviewScreen(Moving[None], Keyed[None]):
    """One plan under review."""

    PLACE = Place.REVIEW
    BINDINGS: ClassVar[list[BindingType]] = bindings(PLACE)
    #: Textual paints the whole screen anew when the focus moves; what gets or loses it paints itself.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self, board: Board, desk: Desk, path: Path, keyboard: Keyboard) -> None:
        super().__init__()
        self._keyboard = keyboard
        self._board = board
        self._desk = desk
        self._path = path
        self._mode = Mode(plan=path.name, writes=desk.writer is not None)
        self._stories: dict[str, Story] = {}
        self._stood_on: Row | None = None

    def compose(self) -> ComposeResult:
        """Head, list and detail, status, filter or keys; and what is said where there is no room."""
        with Container(id="review"):
            yield LinePane(id="head")
            yield LinePane(id="titles")
            with Container(id="body"):
                empty = questions.nothing(self._board)
                yield LineList(BoardLines(self._board), moved=self._moved, empty=empty, id="list")
                yield LinePane(id="detail")
            yield LinePane(id="status")
            yield Foot(id="foot")
        yield Static(_FLOOR, id="floor", markup=False)

    def on_mount(self) -> None:
        """Draw everything once; then now and then look who else decided."""
        self.query_one("#detail", LinePane).can_focus = True
        self.list.focus()
        self.set_interval(_LOOK, self._look)
        self.call_after_refresh(self._prepare)
        self._story_timer = self.set_timer(_REST, self._ask_story)

    @property
    def list(self) -> LineList:
        """The list of changes."""
        return self.query_one("#list", LineList)

    @property
    def row(self) -> Row | None:
        """The change the cursor stands on, the first of a group."""
        return self._board.row_at(self.list.cursor)

    @property
    def foot(self) -> Foot:
        """The line that is typed."""
        return self.query_one(Foot)

    # Drawing.

    def on_resize(self) -> None:
        """Columns and detail depend on the width."""
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """All but the list."""
        self.query_one("#titles", LinePane).show([(Span(" "), *heading(self._board, self.list.columns))])
        self._draw_head()
        self._draw_detail()
        self._draw_keys()

    def _draw_head(self) -> None:
        self.query_one("#head", LinePane).show(headline(self._board, self._desk.now()))
        pane = self.query_one("#status", LinePane)
        pane.show([status(self._board, self._mode, pane.content_size.width)])

    def say(self, text: str) -> None:
        """A word to the reader, below the list."""
        self._mode.said = text
        self._draw_head()

    def _draw_keys(self) -> None:
        off = () if self._mode.writes else ("run",)
        self.foot.show(footer(self._keyboard, Place.REVIEW, self.foot.content_size.width, off=off))

    def _draw_detail(self, *, keep_place: bool = False) -> None:
        pane = self.query_one("#detail", LinePane)
        if pane.display and pane.size.width:
            pane.show(self._detail(pane.room), keep_place=keep_place)

    def _detail(self, width: int) -> Sequence[Spans]:
        subject = self._subject()
        if subject is None:
            return ()
        rows = self._board.rows_at(self.list.cursor)
        above = questions.about_group(rows, width) if len(rows) > 1 else ()
        return (*above, *detail(subject, width))

    def _subject(self) -> Subject | None:
        return None if self.row is None else self._board.subject(self.row, self._stories.get(self.row.id, Story()))

    def _moved(self) -> None:
        self._draw_detail()
        self._story_timer.stop()
        self._story_timer = self.set_timer(_REST, self._ask_story)

    def _look(self) -> None:
        if self._board.book.noticed():
            self._board.recount()
            self.draw_all()
        self._draw_head()

    def draw_all(self) -> None:
        """Every line may stand otherwise."""
        self.list.all_changed()
        self._draw_head()
        self._draw_detail(keep_place=True)

    def _ask_story(self) -> None:
        row = self.row
        if row is not None and row.id not in self._stories:
            self._fetch_story(row)

    @work(thread=True, exclusive=True, group="story", exit_on_error=False)
    def _fetch_story(self, row: Row) -> None:
        """Git and the ledger are asked in a thread: neither may hold up a key."""
        try:
            story = self._desk.story(self._board.opened.change(row), self._board.opened.head.tenants.get(row.psa, ""))
        except PsareconError as error:
            story = Story(mapping=str(error))
        self.app.call_from_thread(self._learnt, row, story)

    def _learnt(self, row: Row, story: Story) -> None:
        self._stories[row.id] = story
        if self.row is row and story != Story():
            self._draw_detail(keep_place=True)

    @work(thread=True, group="prepare")
    def _prepare(self) -> None:
        """While the reader reads: the first filter by words has only to look then."""
        self._board.prepare()

    # Deciding.

    def _decided(self, rows: Sequence[Row], verdict: Verdict | None, reason: str = "", *, move: bool = True) -> None:
        """Keep a decision, draw it, and go on to the next line, which draws its detail."""
        changed, here = self._board.decide(rows, verdict, reason), self.list.cursor
        self._mode.said = questions.refused(rows) if not changed else ""
        self._draw_decided(rows)
        if move and changed:
            self.list.move_by(1)
        if self.list.cursor == here:
            self._draw_detail(keep_place=True)

    def _draw_decided(self, rows: Sequence[Row]) -> None:
        if len(rows) == 1:
            self.list.changed(self.list.cursor)
        else:
            self.list.all_changed()
        self._draw_head()

    async def _decide_here(self, verdict: Verdict | None) -> None:
        """Decide on the entry under the cursor; a group asks first, with its count and money."""
        rows = self._board.rows_at(self.list.cursor)
        if len(rows) < 2 or verdict is None:
            self._decided(rows, verdict)
            return
        title, lines = questions.group(self._board, rows, verdict)
        question = Confirm(title, lines, yes=verdict.value.capitalize())
        await lay(self.app, question, lambda yes: self._decided(rows, verdict) if yes else None)

    async def action_approve(self) -> None:
        """Approve and move on."""
        await self._decide_here(Verdict.APPROVE)

    async def action_hold(self) -> None:
        """Hold and move on."""
        await self._decide_here(Verdict.HOLD)

    async def action_reopen(self) -> None:
        """Back to open."""
        await self._decide_here(None)

    def action_reject(self) -> None:
        """Reject, asking why; no answer is no rejection."""
        self._mode.rejects = self._board.rows_at(self.list.cursor)
        if self._mode.rejects:
            self.foot.open_reason()
            self._draw_head()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a reason is typed, nothing else is done, and the cursor stays."""
        del parameters
        return not self._mode.rejects or action == "clear"

    @on(Foot.Given)
    def _reason_typed(self, event: Foot.Given) -> None:
        rows, self._mode.rejects = self._mode.rejects, ()
        self._close_foot()
        self._decided(rows, Verdict.REJECT, event.reason)

    @on(Foot.Ended)
    def _close_foot(self) -> None:
        self._show_keys()
        self.set_focus(self.list)

    def _show_keys(self) -> None:
        self.foot.close()
        if self._mode.rejects:
            self._mode.rejects = ()
            self._draw_head()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Who clicks elsewhere while a reason is asked for does not reject."""
        if self._mode.rejects and event.widget is not self.foot:
            self._show_keys()

    def action_undo(self) -> None:
        """Take back the last decision."""
        rows = self._board.undo()
        self._mode.said = "" if rows else "nothing to undo"
        here = self.list.cursor
        if rows:
            self.list.move_to(self._board.index_of(rows[0]))
        self._draw_decided(rows)
        if self.list.cursor == here:
            self._draw_detail(keep_place=True)

    async def action_approve_clean(self) -> None:
        """Approve every clean change that is shown and open, after asking."""
        rows = self._board.clean_shown()
        title, lines = questions.clean(self._board, rows)
        await lay(
            self.app,
            Confirm(title, lines, yes="Approve"),
            lambda yes: self._decided(rows, Verdict.APPROVE, "clean", move=False) if yes else None,
        )

    # What is shown.

    def _shown_anew(self, row: Row | None) -> None:
        """The list after it was filtered, ordered or grouped; the cursor stays on its change."""
        self.list.reset(self._board.index_of(row))
        self._draw_head()

    def action_clients(self) -> None:
        """Group by client folded, then unfolded, then not at all."""
        self._group(Grouping.CLIENT)

    def action_equal(self) -> None:
        """Group equal changes folded, then unfolded, then not at all."""
        self._group(Grouping.EQUAL)

    def _group(self, grouping: Grouping) -> None:
        row = self.row
        self._board.cycle(grouping)
        self._shown_anew(row)

    def action_fold(self) -> None:
        """Fold the group here."""
        self._fold(folded=True)

    def action_unfold(self) -> None:
        """Unfold the group here."""
        self._fold(folded=False)

    def _fold(self, *, folded: bool | None) -> None:
        row = self.row
        if self._board.fold(self.list.cursor, folded=folded):
            self.list.reset(self._board.index_of(row) if folded else self.list.cursor)

    def action_order(self) -> None:
        """The next order: risk, money, client."""
        orders = list(Order)
        row = self.row
        self._board.reorder(orders[(orders.index(self._board.order) + 1) % len(orders)])
        self._shown_anew(row)

    def action_filter(self) -> None:
        """Type a filter; every letter is a letter then."""
        self.foot.open_filter()

    @on(Foot.Filtered)
    def _filter(self, event: Foot.Filtered) -> None:
        self._stood_on = row = self.row or self._stood_on
        self._mode.said = self._board.try_filter(event.text)
        self._shown_anew(row)

    def action_clear(self) -> None:
        """Show everything again; first of all close the line that is typed."""
        if not self._mode.rejects:
            self.foot.value = ""
        self._close_foot()

    # Elsewhere.

    @on(LineList.Chosen, "#list")
    def action_detail(self) -> None:
        """All about this change, on a screen of its own; a group is unfolded instead."""
        if self._board.is_group(self.list.cursor):
            self._fold(folded=None)
            return
        subject = self._subject()
        if subject is not None:
            self.app.push_screen(DetailScreen(lambda width: detail(subject, width), self._keyboard))

    def action_copy_id(self) -> None:
        """The change's id to the clipboard."""
        if self.row is not None:
            self._copy(self.row.id)

    def action_copy_line(self) -> None:
        """The line as text to the clipboard."""
        if self.row is not None:
            self._copy(shown_text([self.row], self._board)[-1])

    def _copy(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.say(f"copied: {text}")

    async def action_save_list(self) -> None:
        """The shown list to a file."""
        title, lines = questions.write(self._board, self._desk.folder)
        await lay(self.app, Ask(title, lines, self._list_name), self._write_to)

    @property
    def _list_name(self) -> str:
        """What the file is called unless another name is typed."""
        return f"{self._path.name.removesuffix('.json')}.shown.txt"

    def action_next_open(self) -> None:
        """The next change without a decision."""
        self._to_open(1)

    def action_previous_open(self) -> None:
        """The one before."""
        self._to_open(-1)

    def action_findings(self) -> None:
        """What stands beside no change: lines that are held back, or left out."""
        from psarecon.review.history_back import finding_lines

        opened = self._board.opened
        self.app.push_screen(DetailScreen(lambda width: finding_lines(opened, width), self._keyboard))

    def _to_open(self, step: int) -> None:
        index = self._board.next_open(self.list.cursor, step)
        if index is not None:
            self.list.move_to(index)
        self.say("nothing is open any more" if index is None else "")

    def _write_to(self, name: str | None) -> None:
        if name is not None:
            self.say(questions.written(self._board, self._desk.folder, name or self._list_name))
