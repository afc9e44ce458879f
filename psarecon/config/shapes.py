"""Texts whose entries repeat one another, turned into data without parsing each entry.

Fifty thousand clients are written in few ways: they differ in quoted texts, in unquoted words and figures, and in
comments. What is left of an entry without these is its shape. One entry of each shape is parsed with a mark in each
gap. Where every mark comes out as one whole value (that of a comment not at all), an entry of the same shape is the
same data with other values, to any reader of YAML. Whatever is unusual is left to the parser: a text is taken here as
the parser would take it, or not at all. A property test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from psarecon.config.documents import Document, Items
from psarecon.config.scalars import Scalar, Trap, plain

Parse = Callable[[Document], None]

#: What fills the gaps of a shape, each kind known by its first sign: quoted text; a comment; after a colon, unquoted
#: words and figures, up to the end of a line or within braces. What stands in them makes no difference to a parser.
_FILLING = re.compile(
    r"""(
    "[^"\\\t\n]*+" (?!\s*:)
    | \# (?<=\s\#) [^\n]*+
    | [ ] (?<=:[ ]) (?:
        [0-9]++ (?=[,}\]\r\n])
        | [0-9A-Za-z] (?:[\w./&()', -]*[\w./&()'-])? (?=\r?\n|[ ]+\#)
        | [0-9A-Za-z] (?:[\w./&()' -]*[\w./&()'-])? (?=[,}\]])
    )
    )""",
    re.VERBOSE,
)
#: What stands in the gaps of a shape as it is parsed. It holds all that a filling of the kind can hold: where that
#: comes out as one whole value, any filling does.
_MARKS = {'"': "gap {} of: #{{}}[],&*!|>'%@`-", "#": " gap {} of: \"#{{}}[],&*!|>'%@`-"}
_TO_LINE_END, _IN_BRACES = "gap{}o_f./&()', -s", "gap{}o_f./&()' -s"
_MARKED = re.compile("gap ?[0-9]{6}")
#: Between the literal pieces of a shape; no text that is read holds it.
_GAP = "\x00"
#: Blank lines and comments, and the start of the document: what may stand before the first entry.
_HEAD = re.compile(r"(?:[ ]*+(?:\#[^\n]*+)?\r?\n)*+(?:---[ ]*+\r?\n(?:[ ]*+(?:\#[^\n]*+)?\r?\n)*+)?")
#: Starts of lines that end a document, or begin another one.
_MARKERS = ("\n---", "\n...", "\n%")
#: Characters of an entry that may have a shape, and how many entries may be parsed before their whole text is.
_LONGEST, _MOST_PARSED = 64 * 1024, 64


@dataclass(frozen=True, slots=True)
class _Gap:
    """Stands in the data of a shape for the filling of this number; ``sign`` is the first one of its kind."""

    number: int
    sign: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """The data of an entry with gaps, the gaps that comments fill, and the lines up to the next entry."""

    data: Any
    comments: tuple[int, ...]
    lines: int


class _Unusual(Exception):
    """Only the parser can tell what is in the text, or what is wrong with it."""


class Shapes:
    """The shapes seen so far, of whichever files. ``parse`` sets a document's data, or notes what is wrong."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._known: dict[str, _Shape | None] = {}
        self._words: dict[str, Scalar] = {}
        self._parsed = self._saved = 0

    def read(self, document: Document) -> bool:
        """Set the data of a document that is a list of entries, or one entry; False where the parser has to."""
        head = _HEAD.match(document.text)
        start = head.end() if head else 0
        body = document.text[start:]
        if not body.endswith("\n") or any(marker in body for marker in _MARKERS) or not self._useful():
            return False
        line = document.text.count("\n", 0, start) + 1
        self._parsed = 0
        try:
            document.data = self._entries(body, line) if body.startswith("- ") else self._entry(body, line, "")[0]
        except _Unusual:
            return False
        document.line = line
        return True

    def _useful(self) -> bool:
        """Whether files have repeated one another so far, once there were many."""
        return len(self._known) <= 4 * _MOST_PARSED or self._saved > len(self._known)

    def _entries(self, body: str, line: int) -> Items:
        """The list: whatever its entries hold, a line that begins with ``- `` is the next one, or none is whole."""
        found = Items()
        begin = 0
        while begin < len(body):
            end = body.find("\n- ", begin) + 1 or len(body)
            data, lines = self._entry(body[begin + 2 : end], line, "- ")
            begin = end
            found.append(data)
            found.lines.append(line)
            line += lines
        return found

    def _entry(self, text: str, line: int, sign: str) -> tuple[Any, int]:
        """The data of an entry that begins in this line after ``sign``, and how many lines it takes."""
        if len(text) > _LONGEST:
            raise _Unusual
        pieces = _FILLING.split(text)
        key = sign + _GAP.join(pieces[::2])
        if key not in self._known:
            self._known[key] = self._shape(sign, pieces)
        shape = self._known[key]
        if shape is None:
            return self._alone(text, line, sign), text.count("\n")
        self._saved += 1
        fillings = pieces[1::2]
        if any(fillings[number][0] != "#" for number in shape.comments):
            raise _Unusual
        return self._filled(shape.data, fillings, line), shape.lines

    def _filled(self, node: Any, fillings: Sequence[str], line: int) -> Any:
        """The data of an entry. One loop for all kinds: most of the time of reading a large file goes by here."""
        kind = type(node)
        if kind is dict:
            found = {}
            for key, value in node.items():
                if type(value) is _Gap:
                    filling = fillings[value.number]
                    found[key] = self._words.get(filling) or self._meaning(filling, value.sign)
                else:
                    found[key] = self._filled(value, fillings, line)
            return found
        if kind is Items:
            return _placed(node, [self._filled(value, fillings, line) for value in node], line)
        return self._meaning(fillings[node.number], node.sign) if kind is _Gap else node

    def _meaning(self, filling: str, sign: str) -> Scalar:
        """What a filling of the kind means; words that stand in many lines, such as products, are kept as one text."""
        if filling[0] != sign:
            raise _Unusual
        if sign == '"':
            return filling[1:-1]
        meant = plain(filling[1:])
        if isinstance(meant, Trap):
            raise _Unusual
        if type(meant) is str:
            self._words[filling] = meant
        return meant

    def _alone(self, text: str, line: int, sign: str) -> Any:
        """An entry without a usable shape, parsed as it is."""
        self._parsed += 1
        if self._parsed > _MOST_PARSED:
            raise _Unusual
        return _moved(self._data(sign + text, sign), line)

    def _data(self, text: str, sign: str) -> Any:
        """The data of one entry, with lines counted from 0. Raises _Unusual where it is not one, or not right."""
        document = Document("", text)
        self._parse(document)
        if document.found or (sign and not (type(document.data) is Items and len(document.data) == 1)):
            raise _Unusual
        return _moved(document.data[0] if sign else document.data, -1)

    def _shape(self, sign: str, pieces: Sequence[str]) -> _Shape | None:
        """What the parser makes of the literal pieces with marks in between; None where a mark is no whole value."""
        self._parsed += 1
        if self._parsed > _MOST_PARSED:
            raise _Unusual
        marks = list(map(_mark, range(len(pieces)), pieces[1::2], pieces[2::2]))
        text = sign + "".join(chain.from_iterable(zip_longest(pieces[::2], marks, fillvalue="")))
        gaps = {_bare(mark): _Gap(number, mark[0]) for number, mark in enumerate(marks)}
        seen: list[_Gap] = []
        try:
            gapped = _gapped(self._data(text, sign), gaps, seen)
        except _Unusual:
            return None
        if seen != [gap for gap in gaps.values() if gap.sign != "#"]:
            return None
        return _Shape(gapped, tuple(gap.number for gap in gaps.values() if gap.sign == "#"), text.count("\n"))


def _mark(number: int, filling: str, after: str) -> str:
    """What takes the place of a filling before the piece ``after`` it."""
    sign = filling[0]
    form = _MARKS.get(sign) or (_TO_LINE_END if after.startswith(("\n", "\r\n", " ")) else _IN_BRACES)
    return sign + form.format(f"{number:06}") + ('"' if sign == '"' else "")


def _bare(mark: str) -> str:
    return mark[1:-1] if mark[0] == '"' else mark[1:]


def _gapped(node: Any, gaps: dict[str, _Gap], seen: list[_Gap]) -> Any:
    """The data with gaps in the place of marks, which join ``seen`` in their order.

    Raises _Unusual: a mark is only a part of a text, as that of a comment which is none; or it is a key.
    """
    if isinstance(node, dict):
        return {_unmarked(key): _gapped(value, gaps, seen) for key, value in node.items()}
    if isinstance(node, Items):
        return _placed(node, [_gapped(value, gaps, seen) for value in node], 0)
    if isinstance(node, str) and node in gaps:
        seen.append(gaps[node])
        return gaps[node]
    return _unmarked(node)


def _unmarked(value: Scalar) -> Scalar:
    if isinstance(value, str) and _MARKED.search(value):
        raise _Unusual
    return value


def _placed(like: Items, values: Sequence[Any], line: int) -> Items:
    """A list of these values, whose items begin where those of another list do, counted from this line."""
    items = Items()
    items.extend(values)
    items.lines = [number + line for number in like.lines]
    return items


def _moved(node: Any, lines: int) -> Any:
    """The data with its lists' lines counted from elsewhere."""
    if isinstance(node, dict):
        return {key: _moved(value, lines) for key, value in node.items()}
    if isinstance(node, Items):
        return _placed(node, [_moved(value, lines) for value in node], lines)
    return node
