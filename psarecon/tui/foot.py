"""The last line of a screen: which keys there are, or in their place what is being typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.strip import Strip
from textual.widgets import Input

from psarecon.review.query import while_typed
from psarecon.review.spans import Spans
from psarecon.text import clean
from psarecon.tui.paint import Painted, Paints

_LONGEST_REASON = 400


@dataclass(frozen=True, slots=True)
class Hints:
    """What stands where nothing is typed yet, and how much of a filter counts ``while_typed``; as the review has it."""

    filter: str = "client:acme money>100 finding:look cause:psa"
    reason: str = "why? enter alone gives no reason, esc does not reject"
    while_typed: Callable[[str], str] = while_typed


_REVIEW = Hints()


class Foot(Input, Paints):
    """One line. It is one widget whatever it shows: to mount, show or hide one lays the whole screen out anew, and
    takes longer than a key may."""

    @dataclass
    class Filtered(Message):
        """The filter, as far as it has been typed."""

        text: str

    @dataclass
    class Given(Message):
        """A reason, which may be empty."""

        reason: str

    class Ended(Message):
        """Nothing more is typed: the filter is as it should be, or the reason was thought better of."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "drop", "Do not reject", show=False)]
    COMPONENT_CLASSES: ClassVar[set[str]] = Painted.COMPONENT_CLASSES
    #: The text's width. Textual lays the screen out anew when that changes, which one line of fixed size never needs.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0))

    def __init__(self, hints: Hints = _REVIEW, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, compact=True)
        self._hints = hints
        self.can_focus = False
        self.asks = False
        self._keys: Spans = ()
        self._told = self._kept = ""

    def watch_has_focus(self, _has_focus: bool) -> None:  # noqa: FBT001 - Textual calls it with the new value
        """It looks the same with the focus but for what it shows, so no style is sought anew."""

    @property
    def typing(self) -> bool:
        """Whether something is typed."""
        return self.can_focus

    @property
    def filter(self) -> str:
        """What the list is filtered by, also while it is not typed."""
        return self._kept if self.asks else self.value

    def show(self, keys: Spans) -> None:
        """Tell these keys while nothing is typed."""
        self._keys = keys
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The keys, or what is typed."""
        return super().render_line(y) if self.typing else self.painted(self._keys)

    def open_filter(self) -> None:
        """Type a filter, beginning with the one there is."""
        self.close()
        self.placeholder, self.max_length, self.select_on_focus = self._hints.filter, None, True
        self._open()

    def open_reason(self) -> None:
        """Type a reason."""
        self.close()
        self._kept, self.value, self.asks = self.value, "", True
        self.placeholder, self.max_length, self.select_on_focus = self._hints.reason, _LONGEST_REASON, False
        self._open()

    def _open(self) -> None:
        self.can_focus = True
        self.screen.set_focus(self)
        self.refresh()

    def close(self) -> None:
        """The keys again."""
        if self.asks:
            self.asks, self.value = False, self._kept
        self.can_focus = False
        self.refresh()

    async def take(self, key: events.Key) -> bool:
        """Type a key that was pressed before this had the focus, as in ``xno`` sent at once; whether it was one."""
        if not self.typing:
            return False
        if key.key == "enter":
            await self.action_submit()
        elif key.is_printable and key.character:
            self.insert_text_at_cursor(key.character)
        return key.key == "enter" or key.is_printable

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the screen's while a filter is typed."""
        del parameters
        return self.asks or action != "drop"

    def action_drop(self) -> None:
        """Think better of it, whatever escape was chosen for elsewhere."""
        self.post_message(self.Ended())

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._tell(self._hints.while_typed(self.filter))

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self.post_message(self.Filtered(text))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self.asks:
            self.post_message(self.Given(clean(event.value).strip()))
            return
        self._tell(event.value)
        self.post_message(self.Ended())
