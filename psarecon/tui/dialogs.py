"""Questions over a screen. Escape is always no, and the enter key alone never says yes to what has reach.

Titles and lines may hold names from strangers: they are made harmless, and nothing is read as markup.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from psarecon.text import clean
from psarecon.tui.overlay import Answer, Overlay

#: The longest text a line of a dialog shows; a name of 10,000 characters must not push the question away.
_LONGEST = 400
#: The longest text that may be typed.
_MOST_TYPED = 400


class Dialog(Overlay[Answer]):
    """A title, lines that scroll where there are too many, then what a subclass asks. Usable at 60x20."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "No", show=False),
        Binding("left", "app.focus_previous", "Previous", show=False),
        Binding("right", "app.focus_next", "Next", show=False),
        Binding("up", "scroll(-1)", "Up", show=False),
        Binding("down", "scroll(1)", "Down", show=False),
        Binding("pageup", "scroll(-8)", "Page up", show=False),
        Binding("pagedown", "scroll(8)", "Page down", show=False),
    ]
    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog #box {
        width: 76; max-width: 100%; height: auto; max-height: 100%;
        border: round $accent; background: $surface; padding: 0 1;
    }
    Dialog #title { height: auto; max-height: 2; text-style: bold; }
    Dialog #lines { height: auto; max-height: 60vh; margin-bottom: 1; }
    Dialog .line { height: auto; }
    Dialog Input { margin-bottom: 1; }
    Dialog #buttons { height: 1; align-horizontal: right; }
    Dialog Button { margin-left: 2; }
    """

    def __init__(self, title: str, lines: Iterable[str] = ()) -> None:
        super().__init__()
        self._title = clean(title, _LONGEST)
        self._told = [clean(line, _LONGEST) for line in lines]

    def compose(self) -> ComposeResult:
        """The box and what is in it."""
        with Vertical(id="box"):
            yield Static(Content(self._title), id="title")
            with VerticalScroll(id="lines", can_focus=False):
                yield from (Static(Content(line or " "), classes="line") for line in self._told)
            yield from self.asked()
            with Horizontal(id="buttons"):
                yield from self.buttons()

    def asked(self) -> Sequence[Widget]:
        """What stands between the lines and the buttons."""
        return ()

    @abstractmethod
    def buttons(self) -> Sequence[Button]:
        """The buttons; the first one has the focus unless ``asked`` gives something that takes it."""

    @abstractmethod
    def refused(self) -> Answer:
        """The answer of escape and of the button ``no``."""

    def action_no(self) -> None:
        """Say no."""
        self.dismiss(self.refused())

    def action_scroll(self, lines: int) -> None:
        """Move the lines, whatever has the focus."""
        self.query_one("#lines").scroll_relative(y=lines, animate=False)

    @on(Button.Pressed, "#no")
    def _no(self) -> None:
        self.action_no()


def button(label: str, name: str, *, disabled: bool = False) -> Button:
    """A button with these harmless words; ``name`` is its id."""
    return Button(Content(clean(label, 40)), id=name, compact=True, disabled=disabled)


class Tell(Dialog[None]):
    """Says something; any of escape, enter and q goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "no", "Go on", show=False)]

    def buttons(self) -> Sequence[Button]:
        """Go on."""
        return (button("OK", "no"),)

    def refused(self) -> None:
        """There is nothing to refuse."""


class Confirm(Dialog[bool]):
    """Yes or no; no has the focus. ``yes`` and ``no`` are the words on the buttons."""

    def __init__(self, title: str, lines: Iterable[str] = (), yes: str = "Yes", no: str = "Cancel") -> None:
        super().__init__(title, lines)
        self._words = (no, yes)

    def buttons(self) -> Sequence[Button]:
        """The safe one first."""
        return button(self._words[0], "no"), button(self._words[1], "yes")

    def refused(self) -> bool:
        """No."""
        return False

    @on(Button.Pressed, "#yes")
    def _yes(self) -> None:
        self.dismiss(result=True)


class Ask(Dialog[str | None]):
    """One line of text, which may be empty; None when the user thought better of it."""

    def __init__(self, title: str, lines: Iterable[str] = (), placeholder: str = "") -> None:
        super().__init__(title, lines)
        self._placeholder = clean(placeholder, _LONGEST)

    def asked(self) -> Sequence[Widget]:
        """The line."""
        return (Input(placeholder=self._placeholder, compact=True, max_length=_MOST_TYPED, select_on_focus=False),)

    def buttons(self) -> Sequence[Button]:
        """For the mouse: enter in the line does the same as the second."""
        return button("Cancel", "no"), button("OK", "yes")

    def refused(self) -> None:
        """No text, not even an empty one."""

    def on_mount(self) -> None:
        """Typing begins at once."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def _typed(self) -> None:
        self.dismiss(clean(self.query_one(Input).value).strip())


class TypeName(Dialog[bool]):
    """Yes only to who types ``word`` exactly as it is shown.

    Cancel has the focus; what is typed goes into the line all the same. Enter in the line only moves on to the
    button, which can be pressed while the text is right.
    """

    def __init__(self, title: str, lines: Iterable[str], word: str, yes: str = "Go on") -> None:
        super().__init__(title, lines)
        self._word = clean(word).replace("\N{REPLACEMENT CHARACTER}", "?").strip()
        self._yes_word = yes

    def asked(self) -> Sequence[Widget]:
        """What to type, and where."""
        order = f"To go on, type: {self._word}" if self._word else "There is no name to type: this cannot go on."
        return Static(Content(order), classes="line"), Input(compact=True, select_on_focus=False)

    def buttons(self) -> Sequence[Button]:
        """The safe one first, the other out of reach."""
        return button("Cancel", "no"), button(self._yes_word, "yes", disabled=True)

    def refused(self) -> bool:
        """No."""
        return False

    def on_mount(self) -> None:
        """Enter, pressed too early, cancels."""
        self.query_one("#no").focus()

    def on_key(self, event: events.Key) -> None:
        """What is typed while a button has the focus belongs into the line."""
        line = self.query_one(Input)
        if self.focused is not line and event.is_printable and event.character:
            line.focus()
            line.insert_text_at_cursor(event.character)
            event.stop()

    @property
    def _right(self) -> bool:
        return bool(self._word) and self.query_one(Input).value == self._word

    @on(Input.Changed)
    def _check(self) -> None:
        self.query_one("#yes").disabled = not self._right

    @on(Input.Submitted)
    def _move_on(self) -> None:
        self.query_one("#yes" if self._right else "#no").focus()

    @on(Button.Pressed, "#yes")
    def _yes(self) -> None:
        self.dismiss(self._right)
