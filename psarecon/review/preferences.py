"""A user's own file for the screens: a theme, and other keys.

    theme: textual-light
    keys:
      approve: y, space
      copy_id: i

Nothing of a plan, a decision or a PSA is in it, and nothing of it changes what may be done: only with which key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psarecon.config.documents import Document, parse_document
from psarecon.config.locate import present
from psarecon.config.problems import Issue, Problem, Problems, in_order, shown_key
from psarecon.config.schemas import close_match
from psarecon.files import read_whole
from psarecon.review.keys import BY_ID, NAMED_KEYS, Keyboard, clashes, key_named

_KNOWN = ("theme", "keys")
_HINT = "docs/reference/keys.md lists every action and how keys are written"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the user chose; ``theme`` is None for the program's own."""

    theme: str | None = None
    keyboard: Keyboard = field(default_factory=Keyboard)


def load_preferences(path: Path, *, themes: Collection[str], named: bool = False) -> Preferences:
    """Read a preferences file. No file is no preference, unless the user ``named`` the path.

    ``themes`` are those that can be shown. Raises InvalidInput for a file that cannot be read, and Problems
    (an InvalidInput too) with every error of the file, each at its line.
    """
    if not named and not path.exists():
        return Preferences()
    content = read_whole(path)
    if _empty(content):
        return Preferences()
    document = parse_document(content, str(path))
    issues = list(_issues(document.data, themes)) if document.data is not None else []
    problems = in_order(present(document, issues))
    if problems:
        raise _refused(problems)
    return _built(document)


def _empty(content: bytes) -> bool:
    """Only comments: a file where every line was tried and put away again."""
    return all(not line.strip() or line.lstrip().startswith(b"#") for line in content.splitlines())


def _refused(problems: list[Problem]) -> Problems:
    error = Problems(problems)
    error.hint = _HINT
    return error


def _built(document: Document) -> Preferences:
    chosen = {action: keys for action, keys, _ in _chosen(document.data) if keys}
    return Preferences(document.data.get("theme"), Keyboard(chosen))


def _issues(data: Any, themes: Collection[str]) -> Iterator[Issue]:
    if not isinstance(data, dict):
        yield Issue((), "the file must be a mapping", "write theme: or keys:")
        return
    for key in data:
        if key not in _KNOWN:
            yield Issue((key,), f"unknown key {shown_key(key)}", _near(key, _KNOWN), at="key")
    yield from _theme(data, themes)
    yield from _keys(data)


def _theme(data: dict[str, Any], themes: Collection[str]) -> Iterator[Issue]:
    theme = data.get("theme", "")
    if "theme" in data and not isinstance(theme, str):
        yield Issue(("theme",), "theme must be a text", "for example textual-light")
    elif "theme" in data and theme not in themes:
        yield Issue(("theme",), f"there is no theme {shown_key(theme)}", _near(theme, themes))


def _keys(data: dict[str, Any]) -> Iterator[Issue]:
    if "keys" not in data:
        return
    if not isinstance(data["keys"], dict):
        yield Issue(("keys",), "keys must be a mapping of actions to keys", "for example approve: y")
        return
    for action in data["keys"]:
        if action not in BY_ID:
            yield Issue(("keys", action), f"there is no action {shown_key(action)}", _near(action, BY_ID), at="key")
    for _, _, issues in _chosen(data):
        yield from issues
    yield from _shared(data)


def _shared(data: dict[str, Any]) -> Iterator[Issue]:
    chosen = {action: keys for action, keys, _ in _chosen(data)}
    for key, owner, action, place in clashes(chosen):
        message = f"the key {key} is already that of {owner} on the {place} screen"
        yield Issue(("keys", action), message, "name another key for one of them")


def _chosen(data: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], list[Issue]]]:
    """Each known action with the keys named for it, and what is wrong with them."""
    keys = data.get("keys")
    for action, named in keys.items() if isinstance(keys, dict) else ():
        if action in BY_ID:
            yield action, *_parsed(action, named)


def _parsed(action: str, named: Any) -> tuple[tuple[str, ...], list[Issue]]:
    path = ("keys", action)
    if not isinstance(named, str):
        return (), [
            Issue(path, f"the keys of {action} must be a text", f'write "{named}"' if type(named) is int else "")
        ]
    found: list[str] = []
    issues: list[Issue] = []
    for word in (word.strip() for word in named.split(",")):
        key = key_named(word)
        if key is None:
            issues.append(Issue(path, f"there is no key {shown_key(word)}" if word else "a key is missing", _way(word)))
        elif key in found:
            issues.append(Issue(path, f"the key {shown_key(word)} is named twice"))
        else:
            found.append(key)
    return tuple(found), issues


def _way(word: str) -> str:
    if not word:
        return "write comma for the key that types one"
    if word.startswith("ctrl+"):
        return "write ctrl+ and a letter but c, h, i, j, m, q or z, which the terminal needs"
    return _near(word, NAMED_KEYS)


def _near(word: str, known: Collection[str]) -> str:
    return close_match(word, list(known)) or f"known: {', '.join(list(known)[:12])}"
