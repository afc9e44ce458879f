"""Texts whose entries repeat one another, turned into data without parsing each entry.

Fifty thousand clients are written in few ways: they differ in quoted texts, in unquoted words and figures, and in
comments. What is left of an entry without these is its shape. One entry of each shape is parsed with a mark in each
gap. Where every mark comes out as one whole value (that of a comment not at all), an entry of the same shape is the
same data with other values, to any reader of YAML. Such an entry is matched whole, by its literal pieces with the
kinds of its fillings in between, and its values are put into the shape's data, which is kept as JSON. Whatever is
unusual is left to the parser: a text is taken here as the parser would take it, or not at all. A property test holds
the two together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from psarecon.config.documents import Document, Items
from psarecon.config.problems import Path
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
_MARKS = {
    '"': '"gap {} of: #{{}}[],&*!|>\'%@`-"',
    "#": "# gap {} of: \"#{{}}[],&*!|>'%@`-",
    "0": " gap{}",
    "w": " gap{}o_f./&()', -s",
    "b": " gap{}o_f./&()' -s",
}
_MARKED = re.compile("gap ?[0-9]{6}")
#: What fills a gap of each kind, as ``_kind`` tells it, in an entry that is matched whole; a comment is not kept.
_PATTERNS = {
    '"': r'("[^"\\\t\n]*+")',
    "#": r"\#[^\n]*+",
    "0": "[ ](0|[1-9][0-9]{0,17})",
    "w": r"[ ]([0-9A-Za-z](?:[\w./&()', -]*[\w./&()'-])?)",
    "b": r"[ ]([0-9A-Za-z](?:[\w./&()' -]*[\w./&()'-])?)",
}
_INTEGER = re.compile(_PATTERNS["0"])
#: Between the literal pieces of a shape; no text that is read holds it.
_GAP = "\x00"
#: Blank lines and comments, and the start of the document: what may stand before the first entry.
_HEAD = re.compile(r"(?:[ ]*+(?:\#[^\n]*+)?\r?\n)*+(?:---[ ]*+\r?\n(?:[ ]*+(?:\#[^\n]*+)?\r?\n)*+)?")
#: Starts of lines that end a document, or begin another one.
_MARKERS = ("\n---", "\n...", "\n%")
#: Characters of an entry that may have a shape, and how many entries may be parsed before their whole text is.
_LONGEST, _MOST_PARSED = 64 * 1024, 64
#: Entries that are JSON at once: more would be no quicker, and take memory.
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class _Gap:
    """Stands in the data of a shape for the filling of this number, of this kind."""

    number: int
    kind: str


@dataclass(slots=True)
class _Shape:
    """An entry's data as JSON with a ``%s`` in each gap, which of these are words, and the lines up to the next entry.

    ``lists`` are the lists in the data: the way to each, and the lines of its items. ``form`` matches an entry of the
    shape whole; it is only made of the ``pattern`` where two of them follow one another.
    """

    template: str
    lists: Sequence[tuple[Path, list[int]]]
    lines: int
    pattern: str = ""
    words: Sequence[int] = ()
    form: re.Pattern[str] | None = None

    def place(self, data: dict[str, Any], line: int) -> None:
        """Let the lists know their lines, in an entry that begins in this one."""
        for (*steps, last), lines in self.lists:
            node: Any = data
            for step in steps:
                node = node[step]
            items = Items()
            items.extend(node[last])
            items.lines = [number + line for number in lines]
            node[last] = items


class _Unusual(Exception):
    """Only the parser can tell what is in the text, or what is wrong with it."""


class Shapes:
    """The shapes seen so far, of whichever files. ``parse`` sets a document's data, or notes what is wrong."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._known: dict[str, _Shape | None] = {}
        self._words: dict[str, str] = {}
        self._last: _Shape | None = None
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
            document.data = self._list(body, line) if body.startswith("- ") else self._one(body, line)
        except _Unusual:
            return False
        document.line = line
        return True

    def _useful(self) -> bool:
        """Whether files have repeated one another so far, once there were many."""
        return len(self._known) <= 4 * _MOST_PARSED or self._saved > len(self._known)

    def _one(self, body: str, line: int) -> dict[str, Any]:
        text, shape, _ = self._entry(body, 0, "")
        data: dict[str, Any] = json.loads(text)
        shape.place(data, line)
        return data

    def _list(self, body: str, line: int) -> Items:
        """The entries, many of them by one reading of JSON."""
        found, begin = Items(), 0
        while begin < len(body):
            texts: list[str] = []
            shapes: list[_Shape] = []
            while begin < len(body) and len(texts) < _AT_ONCE:
                text, shape, begin = self._entry(body, begin, "- ")
                texts.append(text)
                shapes.append(shape)
            for data, shape in zip(json.loads(f"[{','.join(texts)}]"), shapes, strict=True):
                shape.place(data, line)
                found.append(data)
                found.lines.append(line)
                line += shape.lines
        return found

    def _entry(self, body: str, begin: int, sign: str) -> tuple[str, _Shape, int]:
        """An entry as JSON, its shape, and where the next one begins: most often it is shaped as the one before."""
        last = self._last
        if last is not None and last.form is not None and (match := last.form.match(body, begin)):
            end = match.end()
            if end == len(body) or (sign and body.startswith(sign, end)):
                self._saved += 1
                return self._json(last, list(match.groups())), last, end
        return self._split(body, begin, sign)

    def _split(self, body: str, begin: int, sign: str) -> tuple[str, _Shape, int]:
        """The same by the entry's own shape. Whatever a list's entries hold, a line that begins with ``- `` is the
        next one, or none is whole."""
        end = (body.find(f"\n{sign}", begin) + 1 if sign else 0) or len(body)
        if end - begin > _LONGEST:
            raise _Unusual
        pieces = _FILLING.split(body[begin:end])
        kinds = "".join(map(_kind, pieces[1::2], pieces[2::2]))
        key = _GAP.join((kinds, *pieces[::2]))
        if key not in self._known:
            self._known[key] = self._shape(sign, pieces, kinds)
        shape = self._known[key]
        if shape is None:
            alone = self._alone(body[begin:end], sign)
            return alone.template % (), alone, end
        self._saved += 1
        self._followed(shape)
        fillings = [filling.lstrip(" ") for filling in pieces[1::2] if filling[0] != "#"]
        return self._json(shape, fillings), shape, end

    def _followed(self, shape: _Shape) -> None:
        if shape is self._last and shape.form is None:
            shape.form = re.compile(shape.pattern)
        self._last = shape

    def _json(self, shape: _Shape, fillings: list[str]) -> str:
        """The entry with these fillings. Quoted texts and integers are JSON already."""
        for number in shape.words:
            word = fillings[number]
            fillings[number] = self._words.get(word) or self._word(word)
        return shape.template % tuple(fillings)

    def _word(self, word: str) -> str:
        """What an unquoted word means, as JSON; those that stand in many lines, such as products, are looked up."""
        meant = plain(word)
        if isinstance(meant, Trap):
            raise _Unusual
        self._words[word] = json.dumps(meant)
        return self._words[word]

    def _alone(self, text: str, sign: str) -> _Shape:
        """An entry without a usable shape, parsed as it is: a shape that has no gaps."""
        return _shape_of(self._data(text, sign), text)

    def _data(self, text: str, sign: str) -> dict[str, Any]:
        """The data of one entry, with lines counted from 1. Raises _Unusual where it is not one, or not right."""
        self._parsed += 1
        if self._parsed > _MOST_PARSED:
            raise _Unusual
        document = Document("", text)
        self._parse(document)
        data = document.data
        if sign and type(data) is Items and len(data) == 1:
            data = data[0]
        if document.found or type(data) is not dict:
            raise _Unusual
        return data

    def _shape(self, sign: str, pieces: Sequence[str], kinds: str) -> _Shape | None:
        """What the parser makes of the literal pieces with marks in between; None where a mark is no whole value."""
        marks = list(map(_mark, range(len(kinds)), kinds))
        text = "".join(chain.from_iterable(zip_longest(pieces[::2], marks, fillvalue="")))
        gaps = {_bare(mark): _Gap(number, kind) for number, (mark, kind) in enumerate(zip(marks, kinds, strict=True))}
        kept = [gap for gap in gaps.values() if gap.kind != "#"]
        seen: list[_Gap] = []
        try:
            shape = _shape_of(_gapped(self._data(text, sign), gaps, seen), text)
        except _Unusual:
            return None
        if seen != kept:
            return None
        patterns = [_PATTERNS[kind] for kind in kinds]
        shape.pattern = "".join(chain.from_iterable(zip_longest(map(re.escape, pieces[::2]), patterns, fillvalue="")))
        shape.words = [number for number, gap in enumerate(kept) if gap.kind in "wb"]
        return shape


def _kind(filling: str, after: str) -> str:
    """The kind of a filling before the piece ``after`` it: quoted, a comment, an integer, a word up to the end of a
    line or within braces."""
    if filling[0] != " ":
        return filling[0]
    if _INTEGER.fullmatch(filling):
        return "0"
    return "w" if after.startswith(("\n", "\r\n", " ")) else "b"


def _mark(number: int, kind: str) -> str:
    """What takes the place of a filling."""
    return _MARKS[kind].format(f"{number:06}")


def _bare(mark: str) -> str:
    return mark[1:-1] if mark[0] == '"' else mark[1:]


def _gapped(node: Any, gaps: dict[str, _Gap], seen: list[_Gap]) -> Any:
    """The data with gaps in the place of marks, which join ``seen`` in their order.

    Raises _Unusual: a mark is only a part of a text, as that of a comment which is none; or it is a key.
    """
    if isinstance(node, dict):
        return {_unmarked(key): _gapped(value, gaps, seen) for key, value in node.items()}
    if isinstance(node, Items):
        return _placed(node, [_gapped(value, gaps, seen) for value in node])
    if isinstance(node, str) and node in gaps:
        seen.append(gaps[node])
        return gaps[node]
    return _unmarked(node)


def _unmarked(value: Scalar) -> Scalar:
    if isinstance(value, str) and _MARKED.search(value):
        raise _Unusual
    return value


def _placed(like: Items, values: Sequence[Any]) -> Items:
    items = Items()
    items.extend(values)
    items.lines = like.lines
    return items


def _shape_of(data: Any, text: str) -> _Shape:
    """The shape of an entry's data, which may have gaps."""
    return _Shape(_template(data), list(_lists(data, ())), text.count("\n"))


def _template(node: Any) -> str:
    if isinstance(node, _Gap):
        return "%s"
    if isinstance(node, dict):
        return "{" + ",".join(f"{_template(key)}:{_template(value)}" for key, value in node.items()) + "}"
    if isinstance(node, Items):
        return "[" + ",".join(map(_template, node)) + "]"
    return json.dumps(node).replace("%", "%%")


def _lists(node: Any, path: Path) -> Iterator[tuple[Path, list[int]]]:
    """The lists below a node, outer ones first, with the lines of their items; the entry begins in line 0."""
    if isinstance(node, Items):
        yield path, [number - 1 for number in node.lines]
    within = enumerate(node) if isinstance(node, Items) else node.items() if isinstance(node, dict) else ()
    for step, value in within:
        yield from _lists(value, (*path, step))
