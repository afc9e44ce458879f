"""YAML to plain data: mappings, lists, text, integers, true, false and null, and nothing that could mislead.

The C parser's events are turned into data one by one; no tree of nodes is kept, so a file of 50,000 lines costs
little more memory than its data. Where things stand is found again, from the same text, once something is wrong
(``psarecon.config.locate``); only the line numbers of list items are kept, because bindings need them.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, BinaryIO

from psarecon.collector import collector_paused
from psarecon.config.problems import Path, Problem

if TYPE_CHECKING:
    from psarecon.config.shapes import Shapes

#: Limits that no honest file comes near; beyond them a file is refused, not read.
MOST_BYTES = 16 * 1024 * 1024
DEEPEST = 32
#: Nobody reads more problems of one file, and telling a million of them would take the memory.
MOST_PROBLEMS = 1000
_MOST_CHARACTER_PROBLEMS = 20

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)")
#: What files are made of but for names of people and places: of these no position need be told.
_USUAL = bytes(range(0x20, 0x7F)) + b"\n"
_COMMENT = re.compile(r"(?:^|\s)#")


class Items(list[Any]):
    """A list of the data, with the 1-based line each item starts in."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []


@dataclass(frozen=True, slots=True)
class Found:
    """A problem of the text with the path of the value it stands at, or of the mapping whose ``key`` it is.

    ``path`` is None where there is no data to speak of.
    """

    problem: Problem
    path: Path | None
    key: bool = False


@dataclass(slots=True)
class Document:
    """A file as plain data, with all that is wrong with its text. ``line`` is where its content starts (1-based).

    ``data`` is None when there is nothing to go on with. ``pure``: read by the Python parser. ``silent``: there are
    comments and nothing else.
    """

    file: str
    text: str = ""
    data: Any = None
    line: int = 1
    found: list[Found] = field(default_factory=list)
    pure: bool = False
    silent: bool = False
    _rows: list[str] | None = None

    def source_line(self, row: int) -> str:
        """The 0-based line of the text, without its end; empty past the last one."""
        if self._rows is None:
            self._rows = self.text.split("\n")
        return self._rows[row].rstrip("\r") if row < len(self._rows) else ""

    def refuse(
        self,
        position: tuple[int, int],
        message: str,
        suggestion: str = "",
        *,
        path: Path | None = None,
        key: bool = False,
    ) -> None:
        """Add a problem at a 0-based (line, column) of the text."""
        row, column = position
        shown = self.source_line(row)
        problem = Problem(self.file, row + 1, column + 1, message, shown, suggestion)
        self.found.append(Found(problem, path, key))


def load_document(path: FilePath, file: str, within: FilePath, shapes: Shapes | None = None) -> Document:
    """Read a file. Never raises for what the file holds: that becomes issues and problems of the document.

    A link that leads out of the folder ``within`` is not followed: what is wrong with a file is told with its lines,
    and a pull request could have the lines of any file told.
    """
    document = Document(file)
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(within.resolve()):
            document.refuse((0, 0), "is a link that leads out of the config directory", "put the file itself there")
            return document
        with _opened(path) as stream:
            raw = stream.read(MOST_BYTES + 1)
    except (OSError, RuntimeError) as error:
        document.refuse(
            (0, 0),
            f"cannot be read: {getattr(error, 'strerror', None) or 'a circle of links'}",
            "-C DIR names the config directory",
        )
        return document
    if len(raw) > MOST_BYTES:
        document.refuse(
            (0, 0), f"the file is larger than {MOST_BYTES // 1024 // 1024} MiB", "split it into several files"
        )
        return document
    return parse_document(raw, file, shapes)


def _opened(path: FilePath) -> BinaryIO:
    """The file, open for reading. Raises OSError, also where a pipe or a device stands in its place: no waiting."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    kind = stat.S_IFMT(os.fstat(handle).st_mode)
    if kind != stat.S_IFREG:
        os.close(handle)
        raise OSError(errno.EINVAL, "Is a directory" if kind == stat.S_IFDIR else "it is no file")
    return os.fdopen(handle, "rb")


def parse_document(raw: bytes, file: str, shapes: Shapes | None = None) -> Document:
    """The data of a file's bytes, with all that is wrong with them; ``shapes`` saves work where texts repeat."""
    document = Document(file)
    try:
        document.text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        document.text = raw.decode("utf-8", errors="replace")
        position = _position(raw[: error.start].decode("utf-8"), error.start)
        document.refuse(position, "the file is not UTF-8 text", "save it as UTF-8")
        return document
    if raw.translate(None, _USUAL):
        _refuse_characters(document)
    if not document.found:
        from psarecon.config.reader import read

        with collector_paused():
            if shapes is None or not shapes.read(document):
                read(document)
    return document


def _position(text: str, offset: int) -> tuple[int, int]:
    """0-based line and column of an offset."""
    return text.count("\n", 0, offset), len(text[text.rfind("\n", 0, offset) + 1 : offset])


def _refuse_characters(document: Document) -> None:
    """Characters that no editor shows, or that move what follows; tabs, where they are not JSON's white space."""
    text = document.text
    for number, match in enumerate(_FORBIDDEN.finditer(text)):
        if number >= _MOST_CHARACTER_PROBLEMS:
            return
        name = f"U+{ord(match[0]):04X}"
        document.refuse(_position(text, match.start()), f"the character {name} is not allowed", "remove it")
    if "\t" in text and not text.lstrip().startswith(("{", "[")):
        _refuse_tabs(document)


def _refuse_tabs(document: Document) -> None:
    """A tab in a comment does no harm; the first one of each other line is told."""
    refused = 0
    for row, line in enumerate(document.text.split("\n")):
        column = line.find("\t")
        if column < 0 or _COMMENT.search(line[:column]):
            continue
        document.refuse((row, column), "a tab is not allowed here", 'use spaces (inside a quoted text: "\\t")')
        refused += 1
        if refused >= _MOST_CHARACTER_PROBLEMS:
            return
