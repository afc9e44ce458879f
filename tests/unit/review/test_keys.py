from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.binding import Binding
from textual.keys import Keys, format_key

from psarecon.config.problems import Problems
from psarecon.errors import InvalidInput
from psarecon.review.keys import (
    ACTIONS,
    BY_ID,
    NAMED_KEYS,
    Keyboard,
    Place,
    Section,
    clashes,
    footer,
    help_lines,
    key_named,
    of,
)
from psarecon.review.preferences import Preferences, load_preferences
from psarecon.review.spans import Role, text_of
from psarecon.tui.keys import bindings, keymap

THEMES = ("textual-dark", "textual-light", "nord")


def loaded(path: Path, text: str) -> Preferences:
    """The preferences of a file with this text."""
    path.write_text(text, encoding="utf-8")
    return load_preferences(path, themes=THEMES)


def refused(path: Path, text: str) -> list[str]:
    """What is wrong with a file of this text: line, column and message of each error, and its suggestion."""
    with pytest.raises(Problems) as told:
        loaded(path, text)
    return [f"{one.line}:{one.column}: {one.message} ({one.suggestion})" for one in told.value.problems]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the preferences are."""
    return tmp_path / "review.yaml"


def test_no_key_does_two_things_on_a_screen() -> None:
    """By default each key of a screen belongs to one action, and each action has a key."""
    for place in Place:
        keys = [key for action in of(place) for key in action.keys]
        assert len(keys) == len(set(keys)), place
    assert all(action.keys for action in ACTIONS)
    assert len(BY_ID) == len(ACTIONS)


def test_no_chord_is_the_only_way() -> None:
    """Terminals and multiplexers swallow ctrl chords: whatever one does, a plain key does too."""
    for action in ACTIONS:
        assert any(not key.startswith("ctrl+") for key in action.keys), action.id


def test_what_has_reach_is_a_capital_letter() -> None:
    """Many changes and the PSA are never one slip of a finger away."""
    assert {action.id: action.keys for action in ACTIONS if action.reach} == {"approve_clean": ("A",), "run": ("R",)}


def test_every_action_says_itself_in_plain_words() -> None:
    """A short title, and one sentence that no markup could hide in."""
    for action in ACTIONS:
        assert 2 <= len(action.title) <= 13, action.id
        assert re.fullmatch(r"[A-Z][^\[\]\n]+\.", action.help), action.id
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", action.id)


def test_the_keys_that_were_agreed_are_those_of_the_registry() -> None:
    """The keys of the review screen, as people learn them."""
    keyboard = Keyboard()
    meant = {
        "j": "down", "k": "up", "g": "top", "G": "bottom", "n": "next_open", "N": "previous_open", "tab": "other_pane",
        "a": "approve", "space": "approve", "x": "reject", "d": "hold", "u": "undo", "U": "reopen",
        "A": "approve_clean",
        "c": "clients", "e": "equal", "h": "fold", "left": "fold", "l": "unfold", "right": "unfold", "o": "order",
        "/": "filter", "escape": "clear", "enter": "detail", "y": "copy_id", "Y": "copy_line", "w": "save_list",
        "R": "run", "H": "history", "t": "theme", "?": "help", "q": "quit", "ctrl+p": "palette",
    }  # fmt: skip
    assert {key: keyboard.action(Place.REVIEW, key) for key in meant} == meant
    assert (keyboard.action(Place.RUN, "s"), keyboard.action(Place.RUN, "f")) == ("stop", "trouble")
    assert keyboard.action(Place.RUN, "a") is None


def test_every_named_key_is_one_that_textual_knows() -> None:
    """A name that is accepted in a file is one that a key press can have."""
    known = {key.value for key in Keys}
    assert set(NAMED_KEYS) <= known


@pytest.mark.parametrize(
    ("word", "key"),
    [("j", "j"), ("?", "?"), ("comma", ","), ("slash", "/"), ("question_mark", "?"), ("ctrl+d", "ctrl+d"), ("ö", "ö")],
)
def test_a_key_is_written_as_its_character_or_its_name(word: str, key: str) -> None:
    """Textual's names of characters are understood where a character would be awkward to write."""
    assert key_named(word) == key


@pytest.mark.parametrize(
    "word", ["", " ", "ctrl+c", "ctrl+q", "ctrl+i", "ctrl+m", "jj", "\x1b", "\u202e", "F1", "alt+x"]
)
def test_what_is_no_key_is_refused(word: str) -> None:
    """Chords that are tab, enter or the program's own, several characters, what cannot be typed."""
    assert key_named(word) is None


def test_textual_shows_each_character_key_as_that_character() -> None:
    """Punctuation becomes a name inside Textual; the binding made of it must be of the same key."""
    for place in Place:
        made = list(Binding.make_bindings(bindings(place)))
        for action in of(place):
            keys = [one.key for one in made if one.id == f"{place}.{action.id}"]
            shown = [format_key(key) if len(own) == 1 else key for key, own in zip(keys, action.keys, strict=True)]
            assert shown == list(action.keys)


def test_an_action_of_the_program_is_the_apps() -> None:
    """Only the help screen means itself when it says quit."""
    review = {one.id: one.action for one in bindings(Place.REVIEW) if isinstance(one, Binding)}
    help_ = {one.id: one.action for one in bindings(Place.HELP) if isinstance(one, Binding)}
    assert (review["review.quit"], review["review.approve"], help_["help.quit"]) == ("app.quit", "approve", "quit")


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("place", list(Place))
def test_the_footer_holds_what_it_promises_for_its_width(place: Place, width: int) -> None:
    """With a column of margin on each side, every action of that width is there, and nothing runs over."""
    shown = text_of(footer(Keyboard(), place, width - 2))
    assert cell_len(shown) <= width - 2
    assert [one.title for one in of(place) if one.footer and one.footer <= width and one.title not in shown] == []


def test_a_narrow_footer_keeps_how_to_leave() -> None:
    """What only a wide terminal promises goes first, also when keys with long names were chosen."""
    keyboard = Keyboard({"approve": ("backspace",), "reject": ("insert",)})
    assert text_of(footer(keyboard, Place.REVIEW, 58)) == "backspace Approve  insert Reject  / Filter  ? Help  q Quit"
    assert text_of(footer(keyboard, Place.REVIEW, 20)) == "backspace Approve"
    assert footer(keyboard, Place.REVIEW, 0) == ()


def test_what_cannot_be_done_now_is_dimmed() -> None:
    """The footer keeps its place, so that eyes find it again."""
    on, off = footer(Keyboard(), Place.REVIEW, 98), footer(Keyboard(), Place.REVIEW, 98, off={"run"})
    assert text_of(on) == text_of(off)
    assert [span.text for span in off if span.role is Role.DIM] == ["R", " Run…"]


@pytest.mark.parametrize("place", list(Place))
@pytest.mark.parametrize("width", [40, 58, 76])
def test_the_help_tells_every_action_once(place: Place, width: int) -> None:
    """Its keys, its sentence, under its section, within the width."""
    lines = [text_of(line) for line in help_lines(Keyboard(), place, width)]
    assert max(map(cell_len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    for action in of(place):
        assert text.count(action.help) == 1 or width == 40, action.id
    headings = [line for line in lines if line in set(Section)]
    assert headings == [section for section in Section if any(one.section is section for one in of(place))]


def test_help_and_footer_show_the_keys_in_force() -> None:
    """Not the default ones; an action whose keys were taken is in the palette."""
    keyboard = Keyboard({"approve": ("y",)})
    lines = [text_of(line) for line in help_lines(keyboard, Place.REVIEW, 76)]
    assert any(re.match(r"y +Approve the change", line) for line in lines)
    assert any(re.match(r"palette +Copy its id", line) for line in lines)
    assert "y Approve" in text_of(footer(keyboard, Place.REVIEW, 58))


def test_a_file_chooses_theme_and_keys(file: Path) -> None:
    """A chosen key is taken from the action that had it, on the screens they share and only there."""
    found = loaded(file, '{theme: textual-light, keys: {approve: "y,space", fold: comma}}')
    assert found.theme == "textual-light"
    keys = found.keyboard.keys
    assert (keys(Place.REVIEW, "approve"), keys(Place.REVIEW, "copy_id")) == (("y", "space"), ())
    assert keys(Place.RUN, "copy_id") == ("y",)
    assert keys(Place.REVIEW, "fold") == keys(Place.HISTORY, "fold") == (",",)
    assert found.keyboard.action(Place.REVIEW, "a") is None


def test_the_keymap_holds_only_what_differs(file: Path) -> None:
    """Per screen, in Textual's writing."""
    assert keymap(Keyboard()) == {}
    found = loaded(file, 'keys: {approve: "y, space", fold: comma, hold: "left"}')
    assert keymap(found.keyboard) == {
        "review.approve": "y,space",
        "review.hold": "left",
        "review.fold": "comma",
        "history.fold": "comma",
        "drift.fold": "comma",
    }


def test_no_file_is_no_preference(file: Path) -> None:
    """Nor is one in which everything is a comment; a path that was named must be there."""
    assert load_preferences(file, themes=THEMES).theme is None
    assert loaded(file, "# theme: nord\n\n  # keys:\n").theme is None
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        load_preferences(file.with_name("other.yaml"), themes=THEMES, named=True)


def test_every_error_of_a_file_is_told_at_its_place(file: Path) -> None:
    """With what to write instead, all at once."""
    text = """\
theme: textual-lihgt
colour: red
keys:
  approve: "x, space"
  reject: x
  approv: z
  undo: ctrl+c
  copy_id: escpe
  copy_line: 1
  filter: "?,,?"
"""
    assert refused(file, text) == [
        "1:8: there is no theme 'textual-lihgt' (did you mean textual-light?)",
        "2:1: unknown key 'colour' (known: theme, keys)",
        "5:11: the key x is already that of approve on the review screen (name another key for one of them)",
        "6:3: there is no action 'approv' (did you mean approve?)",
        "7:9: there is no key 'ctrl+c' (write ctrl+ and a letter but c, h, i, j, m, q or z, which the terminal needs)",
        "8:12: there is no key 'escpe' (did you mean escape?)",
        '9:14: the keys of copy_line must be a text (write "1")',
        "10:11: a key is missing (write comma for the key that types one)",
        "10:11: the key '?' is named twice ()",
    ]


def test_an_error_names_the_page_that_helps(file: Path) -> None:
    """Not the check of the config directory, which knows nothing of this file."""
    file.write_text("keys: {hold: n}\n", encoding="utf-8")
    with pytest.raises(Problems) as told:
        load_preferences(file, themes=THEMES)
    assert told.value.hint.startswith("docs/reference/keys.md")
    assert told.value.told()[0] == f"{file}:1:14: error: hold must be quoted or a plain true or false"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", "1:1: the file must be a mapping (write theme: or keys:)"),
        ("keys: a", "1:7: keys must be a mapping of actions to keys (for example approve: y)"),
        ("theme: 3", "1:8: theme must be a text (for example textual-light)"),
        ("theme:", "1:7: theme must be a text (for example textual-light)"),
        ("keys: {run: {}}", "1:13: the keys of run must be a text ()"),
        ("keys: {run: &a R}", "1:13: anchors are not supported (write the value out where it is needed)"),
        ('"\\x1b]0;x": 1', "1:1: unknown key '\\x1b]0;x' (known: theme, keys)"),
    ],
)
def test_what_is_no_preference_is_refused(file: Path, text: str, expected: str) -> None:
    """Whatever stands in the file, it is told in harmless words."""
    assert refused(file, text)[0] == expected


def test_two_actions_may_share_a_key_on_different_screens() -> None:
    """Stop is of the run screen alone, reject of the review."""
    assert list(clashes({"stop": ("x",), "reject": ("x",)})) == []
    assert list(clashes({"theme": ("x",), "reject": ("x",), "stop": ("x",)})) == [
        ("x", "theme", "reject", Place.REVIEW),
        ("x", "theme", "stop", Place.RUN),
    ]


def test_the_file_of_the_documentation_is_valid(file: Path) -> None:
    """The example that docs/reference/keys.md gives, as it stands there."""
    page = (Path(__file__).parents[3] / "docs" / "reference" / "keys.md").read_text(encoding="utf-8")
    found = loaded(file, page.partition("```yaml\n")[2].partition("```")[0])
    assert (found.theme, found.keyboard.keys(Place.RUN, "copy_id")) == ("textual-light", ("i",))
    assert found.keyboard.action(Place.REVIEW, "y") == "approve"
