"""The import screen: organizations in doubt, beside them the companies each may be; a key decides.

Every key is an act of ``psarecon.review.adopting``; nothing is written from here: the command does that afterwards.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.reactive import Reactive
from textual.widget import Widget
from textual.widgets import Static

from psarecon.adopt.model import Candidates
from psarecon.review.adopting import Adopting, Option, Stand
from psarecon.review.adopting_lines import OptionLines, OrganizationLines, about, headline, nothing
from psarecon.review.keys import Keyboard, Place, footer
from psarecon.review.spans import Role, Span
from psarecon.text import clean
from psarecon.tui.foot import Foot, Hints
from psarecon.tui.keys import Keyed, bindings
from psarecon.tui.moving import Moving
from psarecon.tui.safety import SafeApp
from psarecon.tui.table import LineList, LinePane

_FLOOR = "psarecon needs 60 columns and 16 lines.\nWithout a screen: psarecon import, then edit the proposals."
_HINTS = Hints("words of a name, a source or an id", "why is it not billed? esc does not ignore it", str)


class AdoptingScreen(Moving[None], Keyed[None]):
    """One import under decision.

    The focus is set at once, never by ``Widget.focus``: that is done later, and would close a line opened meanwhile.
    """

    PLACE = Place.IMPORT
    BINDINGS: ClassVar[list[BindingType]] = bindings(PLACE)
    #: Textual paints the whole screen anew when the focus moves; what gets or loses it paints itself.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self, model: Adopting, keyboard: Keyboard, said: str = "") -> None:
        super().__init__()
        self.model = model
        self._keyboard = keyboard
        self._said = said
        self._rows = OrganizationLines(model)
        self._options = OptionLines(model)
        self._ignores: Candidates | None = None

    def compose(self) -> ComposeResult:
        """Head, organizations, companies and all about one of them, what was said last, filter or keys."""
        with Container(id="review"):
            yield LinePane(id="head")
            yield LinePane(id="titles")
            with Container(id="body"):
                yield LineList(self._rows, moved=self._moved, empty=nothing(self.model), id="list")
                with Vertical(id="beside"):
                    yield LineList(self._options, moved=self._draw_about, id="options")
                    yield LinePane(id="about")
            yield LinePane(id="status")
            yield Foot(_HINTS, id="foot")
        yield Static(_FLOOR, id="floor", markup=False)

    def on_mount(self) -> None:
        """The first organization."""
        self.query_one("#about", LinePane).can_focus = True
        self.set_focus(self.rows)
        self._moved()

    def on_resize(self) -> None:
        """Columns, keys and the broken lines depend on the width."""
        self.call_after_refresh(self._draw)

    @property
    def rows(self) -> LineList:
        """The organizations."""
        return self.query_one("#list", LineList)

    @property
    def options(self) -> LineList:
        """The companies and lines of the organization under the cursor."""
        return self.query_one("#options", LineList)

    @property
    def foot(self) -> Foot:
        """The line that is typed."""
        return self.query_one(Foot)

    @property
    def _one(self) -> Candidates | None:
        return self.model.at(self.rows.cursor)

    @property
    def _option(self) -> Option | None:
        options, at = self._options.options, self.options.cursor
        return options[at] if at < len(options) else None

    # Drawing.

    def _draw(self) -> None:
        self.query_one("#titles", LinePane).show([self._rows.titles(self.rows.columns)])
        self.foot.show(footer(self._keyboard, self.PLACE, self.foot.content_size.width))
        self._draw_head()
        self._draw_about()

    def _draw_head(self) -> None:
        self.query_one("#head", LinePane).show(headline(self.model))
        one = self._ignores
        asked = f"Ignore {one.organization.name or one.organization.id}" if one else ""
        role = Role.ACCENT if asked else Role.DIM
        self.query_one("#status", LinePane).show([(Span(clean(asked or self._said or self._stand, 400), role),)])

    @property
    def _stand(self) -> str:
        shown, every = len(self.model.shown), len(self.model.every)
        return "nothing is written yet" if shown == every else f"{shown:,} of {every:,} shown: {self.foot.filter}"

    def _say(self, text: str) -> None:
        self._said = text
        self._draw_head()

    def _moved(self) -> None:
        """Companies and lines follow the organization under the cursor."""
        self._options.show(self._one)
        self.options.reset(0)

    def _draw_about(self) -> None:
        pane = self.query_one("#about", LinePane)
        if pane.size.width:
            pane.show(about(self._one, self._option, pane.room))

    # Moving.

    def action_other_pane(self) -> None:
        """From the organizations to the companies, to what is told of one, and back."""
        panes = (self.rows, self.options, self.query_one("#about"))
        here = panes.index(self.focused) if self.focused in panes else -1
        self.set_focus(panes[(here + 1) % len(panes)])

    def action_organizations(self) -> None:
        """To the organizations."""
        self.set_focus(self.rows)

    def action_companies(self) -> None:
        """To the companies and lines."""
        self.set_focus(self.options)

    def action_next_open(self) -> None:
        """The next organization that is open."""
        self._to_open(1)

    def action_previous_open(self) -> None:
        """The one before."""
        self._to_open(-1)

    def action_skip(self) -> None:
        """Leave this one, and go on."""
        self._to_open(1)

    def _to_open(self, step: int) -> None:
        index = self.model.next_open(self.rows.cursor, step)
        self._said = self._all_decided if index is None else ""
        self.set_focus(self.rows)
        if index is not None:
            self.rows.move_to(index)
        self._draw_head()

    @property
    def _all_decided(self) -> str:
        left = self.model.counts()[Stand.OPEN]
        return f"{left:,} open are not shown: escape shows all" if left else "nothing is open any more: w writes"

    # Deciding.

    @on(LineList.Chosen, "#options")
    def action_accept(self) -> None:
        """Accept what is under the cursor of the companies."""
        if self._one is not None and self._option is not None:
            self._accept(self._one, self._option)

    @on(LineList.Chosen, "#list")
    def _chosen(self) -> None:
        self.set_focus(self.options)

    def action_accept_first(self) -> None:
        """Accept the first company."""
        self._accept_nth(1)

    def action_accept_second(self) -> None:
        """Accept the second."""
        self._accept_nth(2)

    def action_accept_third(self) -> None:
        """Accept the third."""
        self._accept_nth(3)

    def _accept_nth(self, number: int) -> None:
        for place, option in enumerate(self._options.options):
            if option.number == number:
                self.options.move_to(place)
                self.action_accept()
                return
        self._say(f"there is no company {number}")

    def _accept(self, one: Candidates, option: Option) -> None:
        """Decide, and go on to the next that is open; where a line must be chosen first, go to the lines."""
        if option.taken:
            self._say("this line bills another organization already")
        elif option.whole and self.model.needs_line(one, option.candidate):
            self._choose(option)
        else:
            self.model.accept(one, option)
            self._decided()

    def _choose(self, option: Option) -> None:
        lines = [place for place, other in enumerate(self._options.options) if self._is_free_line(option, other)]
        self.set_focus(self.options)
        self.options.move_to(lines[0])
        self._say(f"{len(lines)} lines fit: choose one")

    @staticmethod
    def _is_free_line(company: Option, other: Option) -> bool:
        return other.number == company.number and other.fit is not None and not other.taken

    def _decided(self) -> None:
        """Draw what was decided, and go on."""
        self.rows.changed(self.rows.cursor)
        here = self.rows.cursor
        self._to_open(1)
        if self.rows.cursor == here:
            self._moved()

    def action_ignore(self) -> None:
        """Ask why; no answer ignores nothing."""
        self._ignores = self._one
        if self._ignores is not None:
            self.foot.open_reason()
            self._draw_head()

    def action_undo(self) -> None:
        """Take the last decision back, and go to it."""
        one = self.model.undo()
        self._said = "" if one else "nothing to undo"
        self._reopened(one)

    def action_reopen(self) -> None:
        """Take the decision on this one back."""
        if self._one is not None:
            self.model.reopen(self._one)
            self._reopened(self._one)

    def _reopened(self, one: Candidates | None) -> None:
        if one is not None:
            self.set_focus(self.rows)
            self.rows.reset(self.model.index(one))
        self._draw_head()

    # Typing.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a reason is typed, nothing else is done, and the cursor stays."""
        del parameters
        return self._ignores is None or action == "find_all"

    @on(Foot.Given)
    def _reason_typed(self, event: Foot.Given) -> None:
        one = self._ignores
        if one is None or not event.reason:
            return  # a reason it must have; escape is the way out
        self._close_foot()
        self.model.ignore(one, event.reason)
        self._decided()

    @on(Foot.Ended)
    def _close_foot(self) -> None:
        self._show_keys()
        self.set_focus(self.rows)

    def _show_keys(self) -> None:
        self.foot.close()
        self._ignores = None
        self._draw_head()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Who clicks elsewhere while a reason is asked for does not ignore."""
        if self._ignores is not None and event.widget is not self.foot:
            self._show_keys()

    def action_find(self) -> None:
        """Type a filter; every letter is a letter then."""
        self.foot.open_filter()

    @on(Foot.Filtered)
    def _filter(self, event: Foot.Filtered) -> None:
        one, self._said = self._one, ""
        self.model.filter(event.text)
        self.rows.empty = nothing(self.model)
        self.rows.reset(self.model.index(one))
        self._draw_head()

    def action_find_all(self) -> None:
        """Show everything again; first of all close the line that is typed."""
        if self._ignores is None:
            self.foot.value = ""
        self._close_foot()

    # Elsewhere.

    def action_copy_id(self) -> None:
        """The organization's source and id to the clipboard: what `psarecon import --ignore` takes."""
        if self._one is not None:
            self._copy(str(self._one.subject))

    def action_copy_line(self) -> None:
        """The line as text to the clipboard."""
        if self._one is not None:
            self._copy(" ".join("".join(span.text for span in self._rows.line(self.rows.cursor, 10_000)).split()))

    def _copy(self, text: str) -> None:
        harmless = clean(text)
        self.app.copy_to_clipboard(harmless)
        self._say(f"copied: {harmless}")

    def action_write(self) -> None:
        """Ask what the app asks when somebody leaves."""
        if isinstance(self.app, SafeApp):
            self.app.ask_to_end()
