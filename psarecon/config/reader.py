"""The events of the YAML parser, turned into plain data; what is refused is noted on the document.

Recursive descent, safe because the depth is limited. The loops handle the common case in place: a call more for
each of a million scalars is what a user would wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from psarecon.config.documents import DEEPEST, MOST_PROBLEMS, Document, Items
from psarecon.config.problems import Path, shown_key
from psarecon.config.scalars import Scalar, Trap, plain

_UNKNOWN = object()
#: The C parser itself: the loader around it keeps the text in a circle of references, and so for long.
_PARSER = YAML(typ="safe").Parser

_SYNTAX_HINTS = {
    "mapping values are not allowed in this context": "check the indentation; quote a text that holds a colon",
    "did not find expected node content": "write a value here, or quote the text",
    "did not find expected key": "check the indentation",
    "did not find expected '-' indicator": "check the indentation",
    "did not find expected ',' or '}'": "close the brace, or quote the text",
    "did not find expected ',' or ']'": "close the bracket, or quote the text",
    "found unexpected end of stream": "close the quote",
    "found invalid Unicode character escape code": "write the character itself",
    "found character that cannot start any token": "quote the value",
    "could not find expected ':'": "write a colon and a space after the key",
    "found unexpected ':'": "quote the text that holds a colon",
}


class _Stop(Exception):
    """The rest of the file cannot be understood; the problem is already noted."""


#: What reading a text raises when it is not YAML; the Python parser lets errors of number conversion through.
BROKEN: tuple[type[Exception], ...] = (YAMLError, ValueError, OverflowError)

#: What the C parser says of a colon inside an unquoted text in braces (``{api_key: env:NAME}``), which YAML 1.2 allows.
_COLON_IN_FLOW = "found unexpected ':'"
#: The longest text, in characters, that the slow parser is asked to read: some seconds of work.
_PURE = 512 * 1024


def read(document: Document) -> None:
    """Read the document's text; its data is set when there is some.

    The C parser is strict about colons in braces; a text it refuses for that is read by the slower Python parser.
    """
    try:
        _Reader(document).read()
    except _Stop:
        return
    except MarkedYAMLError as error:
        if error.problem == _COLON_IN_FLOW and not document.pure and len(document.text) <= _PURE:
            document.data, document.found, document.pure = None, [], True
            read(document)
            return
        _refuse_syntax(document, error)
    except BROKEN:
        document.data = None
        document.refuse((0, 0), "the file is not YAML")


def _refuse_syntax(document: Document, error: MarkedYAMLError) -> None:
    mark = error.problem_mark or error.context_mark
    parts = (error.context, error.problem)
    message = ", ".join(str(part) for part in parts if part) or "this is not YAML"
    document.data = None
    document.refuse((mark.line, mark.column) if mark else (0, 0), message, _SYNTAX_HINTS.get(error.problem or "", ""))


def event_source(document: Document) -> Callable[[], Any]:
    """A function that gives the next event of the text."""
    if document.pure:
        _, parser = YAML(typ="safe", pure=True).get_constructor_parser(document.text)
    else:
        parser = _PARSER(document.text)
    next_event: Callable[[], Any] = parser.get_event
    return next_event


class _Reader:
    """One pass over the events of one text."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._take = event_source(document)
        self._meanings: dict[str, Scalar | Trap] = {}
        self._keys: dict[str, str] = {}
        self._steps: list[str | int] = []

    def read(self) -> None:
        """Set the data of the document. Raises _Stop and the parser's errors."""
        found = False
        while type(event := self._take()) is not StreamEndEvent:
            if type(event) is DocumentStartEvent and found:
                self._stop(event, "a file holds one document", "put the next one into a file of its own")
            if type(event) is DocumentStartEvent:
                found = True
                self._root(self._take())
                self._expect_end()
        if self._document.data is None:
            self._document.silent = not found and bool(self._document.text.strip())
            self._document.refuse((0, 0), "the file is empty", "write its content, or remove the file")

    def _root(self, event: Any) -> None:
        self._document.line = event.start_mark.line + 1
        self._document.data = self._value(event, None)

    def _expect_end(self) -> None:
        """The parser gives exactly one root value a document."""
        event = self._take()
        if type(event) is not DocumentEndEvent:  # pragma: no cover - the grammar of the parser
            self._stop(event, "a file holds one value")

    def _value(self, event: Any, step: str | int | None) -> Any:
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event, step)
        if kind is AliasEvent:
            self._refuse(event, step, "aliases are not supported", "write the value out")
            return None
        self._enter(event, step)
        found = self._mapping() if kind is MappingStartEvent else self._list()
        if step is not None:
            self._steps.pop()
        return found

    def _enter(self, event: Any, step: str | int | None) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse_decoration(event, step)
        if step is not None:
            self._steps.append(step)
        if len(self._steps) >= DEEPEST:
            self._stop(event, f"nested deeper than {DEEPEST} levels")

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        take, meanings, keys = self._take, self._meanings, self._keys
        while type(event := take()) is not MappingEndEvent:
            key = keys.get(event.value) if type(event) is ScalarEvent else None
            if key is None or key in found or event.tag is not None or event.anchor is not None:
                key = self._key(event, found)
            event = take()
            value = _UNKNOWN
            if type(event) is ScalarEvent and not event.style and event.tag is None and event.anchor is None:
                value = meanings.get(event.value, _UNKNOWN)
            if value is _UNKNOWN or type(value) is Trap:
                value = self._value(event, key)
            found.setdefault(key, value)
        return found

    def _key(self, event: Any, found: dict[str, Any]) -> str:
        if type(event) in (MappingStartEvent, SequenceStartEvent, AliasEvent):
            self._stop(event, "a key must be text", "write the key out")
        key = self._scalar(event, None)
        if type(key) is not str:
            self._refuse(event, None, "a key must be text", f'write "{event.value}"')
            key = str(event.value)
        if key in found:
            self._refuse(event, None, f"the key {shown_key(key)} is written twice", "keep one of them")
        elif not event.style and self._meanings.get(key) == key:
            self._keys[key] = key
        return key

    def _list(self) -> Items:
        found = Items()
        take = self._take
        while type(event := take()) is not SequenceEndEvent:
            found.lines.append(event.start_mark.line + 1)
            found.append(self._value(event, len(found)))
        return found

    def _scalar(self, event: Any, step: str | int | None) -> Scalar:
        if event.anchor is not None or event.tag is not None:
            self._refuse_decoration(event, step)
        text: str = event.value
        if event.style:
            if "\x00" in text:
                self._refuse(event, step, "must not hold a NUL character", "remove \\0")
            return text
        if text not in self._meanings:
            self._meanings[text] = plain(text)
        value = self._meanings[text]
        if isinstance(value, Trap):
            subject = step if isinstance(step, str) else "this key" if step is None else "this value"
            self._refuse(event, step, f"{subject} {value.message}", value.suggestion)
            return text
        return value

    def _refuse_decoration(self, event: Any, step: str | int | None) -> None:
        if event.anchor is not None:
            self._refuse(event, step, "anchors are not supported", "write the value out where it is needed")
        else:
            self._refuse(event, step, "tags are not supported", "remove the tag; quote the value if it is text")

    def _refuse(self, event: Any, step: str | int | None, message: str, suggestion: str) -> None:
        """Note what is wrong at the event, which is the value under ``step`` (None: a key of the mapping read)."""
        path: Path = (*self._steps, step) if step is not None else tuple(self._steps)
        position = (event.start_mark.line, event.start_mark.column)
        self._document.refuse(position, message, suggestion, path=path, key=step is None)
        if len(self._document.found) >= MOST_PROBLEMS:
            self._stop(event, f"more than {MOST_PROBLEMS} problems: the rest of the file is not read")

    def _stop(self, event: Any, message: str, suggestion: str = "") -> None:
        mark = event.start_mark
        self._document.data = None
        self._document.refuse((mark.line, mark.column), message, suggestion)
        raise _Stop
