"""Every action of the screens, once: its keys, its words, where it works.

Bindings, footer, help, command palette, the preferences file and docs/reference/keys.md are all made from ``ACTIONS``.
A key is written as in a preferences file: the character itself, or a name such as ``enter`` or ``ctrl+d``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rich.cells import cell_len

from psarecon.review.spans import Role, Span, Spans
from psarecon.review.wrap import wrapped


class Place(StrEnum):
    """A screen with keys of its own."""

    REVIEW = "review"
    RUN = "run"
    HISTORY = "history"
    DRIFT = "drift"
    IMPORT = "import"
    HELP = "help"


class Section(StrEnum):
    """What actions have in common: a heading of the help."""

    MOVE = "Move"
    DECIDE = "Decide"
    LIST = "The list"
    TAKE = "Take along"
    RUN = "Run"
    PROGRAM = "Program"


_EVERYWHERE = tuple(Place)
_PLANS = (Place.REVIEW, Place.RUN, Place.HISTORY, Place.DRIFT)
_SCREENS = (*_PLANS, Place.IMPORT)
_IMPORT = (Place.IMPORT,)
_DECIDING = (Place.REVIEW, Place.IMPORT)
_REVIEW = (Place.REVIEW,)
_LISTS = (Place.REVIEW, Place.HISTORY, Place.DRIFT)
_RUNNING = (Place.RUN,)
_BACK = (Place.HISTORY,)
_JOURNAL = (Place.HISTORY, Place.DRIFT)
_ABOVE = (Place.HISTORY, Place.DRIFT, Place.HELP)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a user can do; a screen's method of that name with ``action_`` before it does it.

    ``reach``: it touches many changes or the PSA, so it asks first. ``footer``: how many columns a terminal has from
    which the footer surely holds it (a narrower one may have room all the same), None for never in the footer.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    help: str
    section: Section
    places: tuple[Place, ...] = _REVIEW
    reach: bool = False
    footer: int | None = None


_MOVE, _DECIDE, _LIST, _TAKE, _RUN, _PROGRAM = Section

ACTIONS: tuple[Action, ...] = (
    Action("down", ("j", "down"), "Down", "Move one line down.", _MOVE, _EVERYWHERE),
    Action("up", ("k", "up"), "Up", "Move one line up.", _MOVE, _EVERYWHERE),
    Action("top", ("g", "home"), "Top", "Move to the first line.", _MOVE, _EVERYWHERE),
    Action("bottom", ("G", "end"), "Bottom", "Move to the last line.", _MOVE, _EVERYWHERE),
    Action("page_down", ("pagedown",), "Page down", "Move one page down.", _MOVE, _EVERYWHERE),
    Action("page_up", ("pageup",), "Page up", "Move one page up.", _MOVE, _EVERYWHERE),
    Action("half_down", ("ctrl+d", "J"), "Half down", "Move half a page down.", _MOVE, _EVERYWHERE),
    Action("half_up", ("ctrl+u", "K"), "Half up", "Move half a page up.", _MOVE, _EVERYWHERE),
    Action("next_open", ("n",), "Next open", "Move to the next one without a decision.", _MOVE, _DECIDING, footer=80),
    Action("previous_open", ("N",), "Previous open", "Move to the one before without a decision.", _MOVE, _DECIDING),
    Action("other_pane", ("tab",), "Other pane", "Go from the list to the detail, and back.", _MOVE, _SCREENS),
    Action("organizations", ("h", "left"), "Organizations", "Go to the organizations.", _MOVE, _IMPORT),
    Action("companies", ("l", "right"), "Companies", "Go to the companies and lines of this one.", _MOVE, _IMPORT),
    Action("approve", ("a", "space"), "Approve", "Approve the change or group and move on.", _DECIDE, footer=60),
    Action("reject", ("x",), "Reject", "Reject it; asks for a reason, which may be empty.", _DECIDE, footer=60),
    Action("hold", ("d",), "Hold", "Put it off: nothing is sent for it by this plan.", _DECIDE, footer=100),
    Action("accept", ("a", "enter"), "Accept", "Accept the company, with its line.", _DECIDE, _IMPORT, footer=60),
    Action("accept_first", ("1",), "Accept 1", "Accept the first company.", _DECIDE, _IMPORT),
    Action("accept_second", ("2",), "Accept 2", "Accept the second company.", _DECIDE, _IMPORT),
    Action("accept_third", ("3",), "Accept 3", "Accept the third company.", _DECIDE, _IMPORT),
    Action("ignore", ("i",), "Ignore", "Leave it alone from now on; asks for a reason.", _DECIDE, _IMPORT, footer=60),
    Action("skip", ("s",), "Skip", "Leave it as it is, and go on to the next one.", _DECIDE, _IMPORT, footer=60),
    Action("undo", ("u",), "Undo", "Take the last decision back, and so on.", _DECIDE, _DECIDING, footer=100),
    Action("reopen", ("U",), "Reopen", "Take the decision on this one, or on the group, back.", _DECIDE, _DECIDING),
    Action(
        "approve_clean",
        ("A",),
        "All clean…",
        "Approve every change shown that is open and has no finding.",
        _DECIDE,
        reach=True,
        footer=120,
    ),
    Action("filter", ("/",), "Filter", "Show only some changes: words, client:acme, money>100.", _LIST, footer=60),
    Action("clear", ("escape",), "Clear", "Clear the filter; with none, leave a plan that takes a run back.", _LIST),
    Action("find", ("/",), "Filter", "Show only organizations with these words.", _LIST, _IMPORT, footer=80),
    Action("find_all", ("escape",), "Clear", "Clear the filter.", _LIST, _IMPORT),
    Action("order", ("o",), "Order", "Order by risk, by money or by client.", _LIST),
    Action("clients", ("c",), "Clients", "Group by client: fold all, unfold all, no groups.", _LIST),
    Action("equal", ("e",), "Equal", "Group the changes that are equal, to decide them at once.", _LIST),
    Action("fold", ("h", "left"), "Fold", "Fold the group.", _LIST, _LISTS),
    Action("unfold", ("l", "right"), "Unfold", "Unfold the group.", _LIST, _LISTS),
    Action("detail", ("enter",), "Detail", "Show all there is to know of it.", _LIST, _PLANS, footer=80),
    Action("findings", ("f",), "Findings", "Show the findings on the plan, and on lines without a change.", _LIST),
    Action("copy_id", ("y",), "Copy id", "Copy its id to the clipboard.", _TAKE, _SCREENS),
    Action("copy_line", ("Y",), "Copy line", "Copy the line to the clipboard as text.", _TAKE, _SCREENS),
    Action("save_list", ("w",), "Write list", "Write the list as it is shown to a file.", _TAKE, _PLANS),
    Action("stop", ("s",), "Stop", "Finish the call in flight, then stop.", _RUN, _RUNNING, footer=60),
    Action("trouble", ("f",), "Next trouble", "Move to the next line that went wrong.", _RUN, _RUNNING, footer=60),
    Action("run", ("R",), "Run…", "Write what is approved to the PSA.", _RUN, reach=True, footer=80),
    Action("history", ("H",), "History", "Show the runs before this one.", _RUN, footer=120),
    Action("go_back", ("b",), "Go back…", "Make a plan that takes this run back.", _RUN, _BACK, footer=60),
    Action("drift", ("d",), "Drift", "Compare each line with what was written there last.", _RUN, _JOURNAL, footer=60),
    Action("back", ("escape",), "Back", "Go back to the screen before.", _PROGRAM, _ABOVE, footer=60),
    Action("write", ("w",), "Write…", "Say what would be written, then write and leave.", _PROGRAM, _IMPORT, footer=60),
    Action("theme", ("t",), "Theme", "Choose a theme.", _PROGRAM, _SCREENS),
    Action("palette", ("ctrl+p", ":"), "Commands", "Find any of these by its name.", _PROGRAM, _SCREENS),
    Action("help", ("?",), "Help", "Show the keys of this screen.", _PROGRAM, _EVERYWHERE, footer=60),
    Action("quit", ("q",), "Quit", "Leave. A call in flight is finished first.", _PROGRAM, _EVERYWHERE, footer=60),
)  # fmt: skip

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}

#: Keys with a name of their own, as Textual calls them; any other key is the one character it types.
_NAMED = (
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete", "backspace"),
    *("tab", "shift+tab", "enter", "escape", "space"),
    *(f"f{number}" for number in range(1, 13)),
)
#: Characters that a list of keys or YAML itself would swallow, by name.
_CHARACTERS = {
    "comma": ",",
    "colon": ":",
    "slash": "/",
    "question_mark": "?",
    "number_sign": "#",
    "quotation_mark": '"',
    "apostrophe": "'",
}
#: ctrl+c copies and ctrl+q quits, always; the others are tab, enter, backspace and line feed to a terminal, or stop it.
_TAKEN_CHORDS = frozenset("chijmqz")
_CHORDS = tuple(f"ctrl+{letter}" for letter in "abcdefghijklmnopqrstuvwxyz" if letter not in _TAKEN_CHORDS)

NAMED_KEYS: tuple[str, ...] = (*_NAMED, *_CHORDS)


def key_named(word: str) -> str | None:
    """The key a word of a preferences file means, None where there is no such key: ``?``, ``comma``, ``ctrl+d``."""
    if word in NAMED_KEYS:
        return word
    key = _CHARACTERS.get(word, word)
    types = key.isalnum() or (key.isascii() and key.isprintable() and key != " ")
    return key if len(key) == 1 and types else None


class Keyboard:
    """The keys in force: the defaults, and those that were ``chosen`` for actions by id.

    A chosen key is taken from the action that has it by default on the same screen, which may leave that one with
    the command palette alone. Two actions of one screen cannot choose the same key: ``clashes`` tells first.
    """

    def __init__(self, chosen: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._chosen = dict(chosen or {})
        self._keys = {place: self._of_place(place) for place in Place}

    def _of_place(self, place: Place) -> dict[str, tuple[str, ...]]:
        taken = {key for id_, keys in self._chosen.items() if place in BY_ID[id_].places for key in keys}
        return {
            action.id: self._chosen.get(action.id) or tuple(key for key in action.keys if key not in taken)
            for action in of(place)
        }

    def keys(self, place: Place, action: str) -> tuple[str, ...]:
        """The keys of an action on a screen where it works; none when others took them."""
        return self._keys[place][action]

    def action(self, place: Place, key: str) -> str | None:
        """The id of the action a key does on a screen."""
        return next((id_ for id_, keys in self._keys[place].items() if key in keys), None)

    def shown(self, place: Place, action: str) -> str:
        """The keys of an action as help shows them: ``a or space``."""
        return " or ".join(map(shown_key, self.keys(place, action))) or "palette"


def of(place: Place) -> tuple[Action, ...]:
    """The actions of a screen."""
    return tuple(action for action in ACTIONS if place in action.places)


def clashes(chosen: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str, str, Place]]:
    """Each (key, action, other action, screen) where two actions chose one key, once a pair."""
    told = set()
    for place in Place:
        owners: dict[str, str] = {}
        for id_, keys in chosen.items():
            for key in keys if place in BY_ID[id_].places else ():
                owner = owners.setdefault(key, id_)
                if owner != id_ and (key, owner, id_) not in told:
                    told.add((key, owner, id_))
                    yield key, owner, id_, place


_SHOWN = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "enter": "⏎",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "delete": "del",
}


def shown_key(key: str) -> str:
    """A key as screens show it: ``⏎``, ``esc``, ``^d``."""
    return key.replace("ctrl+", "^") if key.startswith("ctrl+") else _SHOWN.get(key, key)


def footer(keyboard: Keyboard, place: Place, width: int, *, off: Collection[str] = ()) -> Spans:
    """The actions a footer of so many cells has room for: key and title each; those ``off`` are dimmed.

    Where room is short, those go first that only a wide terminal promises. An action without a key is not in it.
    """
    kept: set[str] = set()
    left = width + len(_GAP)
    for action in sorted(_offered(keyboard, place), key=lambda action: action.footer or 0):
        left -= cell_len("".join(_entry(keyboard, place, action))) + len(_GAP)
        if left < 0:
            break
        kept.add(action.id)
    spans: list[Span] = []
    for action in (action for action in of(place) if action.id in kept):
        key, title = _entry(keyboard, place, action)
        roles = (Role.DIM, Role.DIM) if action.id in off else (Role.ACCENT, Role.PLAIN)
        spans += [*([Span(_GAP)] if spans else ()), Span(key, roles[0]), Span(title, roles[1])]
    return tuple(spans)


_GAP = "  "


def _offered(keyboard: Keyboard, place: Place) -> list[Action]:
    return [action for action in of(place) if action.footer is not None and keyboard.keys(place, action.id)]


def _entry(keyboard: Keyboard, place: Place, action: Action) -> tuple[str, str]:
    return shown_key(keyboard.keys(place, action.id)[0]), f" {action.title}"


def help_lines(keyboard: Keyboard, place: Place, width: int) -> list[Spans]:
    """The help of a screen at so many cells: a heading a section, then keys and sentence of each action."""
    column = max(cell_len(keyboard.shown(place, action.id)) for action in of(place)) + 2
    lines: list[Spans] = []
    for section in Section:
        actions = [action for action in of(place) if action.section is section]
        if actions:
            lines += [(), (Span(section.value, Role.HEAD),)]
        for action in actions:
            lines += _told(action, keyboard.shown(place, action.id), column, width)
    return lines[1:]


def _told(action: Action, keys: str, column: int, width: int) -> Iterator[Spans]:
    sentence = f"{action.help} Asks first." if action.reach else action.help
    for number, line in enumerate(wrapped(sentence, max(10, width - column))):
        beside = "" if number else keys
        yield Span(beside + " " * (column - cell_len(beside)), Role.ACCENT), Span(line)
