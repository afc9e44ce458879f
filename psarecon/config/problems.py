"""What is wrong in a file, drawn the way a good compiler draws it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from psarecon.errors import InvalidInput
from psarecon.text import clean

#: Steps into plain data: keys of mappings, 0-based indexes of lists.
Path = tuple[str | int, ...]

#: The longest message or advice; a value it repeats may be millions of signs long.
_LONGEST = 500
#: The widest source line shown; a longer one is shown as a window around the column.
_WINDOW = 110


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong at a path of the data, before it is known where in the text that is.

    ``at`` says whether the value or its key is meant.
    """

    path: Path
    message: str
    suggestion: str = ""
    at: Literal["value", "key"] = "value"
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning with its place: 1-based line and column (characters), and the line it stands in.

    ``caret`` is where the column falls in ``source_line`` (0-based) when parts of that line are hidden.

    ``file`` is relative to the config directory. ``source_line`` never holds a secret. All texts but
    ``file`` may come from strangers: ``render`` cleans them.
    """

    file: str
    line: int
    column: int
    message: str
    source_line: str = ""
    suggestion: str = ""
    severity: str = "error"
    caret: int | None = None

    def render(self) -> str:
        """Place and message, then the source line with a caret and the suggestion below it."""
        place = f"{self.file}:{self.line}:{self.column}"
        head = clean(f"{place}: {self.severity}: {self.message}", len(place) + _LONGEST)
        suggestion = clean(self.suggestion, _LONGEST)
        if not self.source_line.strip():
            return f"{head}\n    {suggestion}" if suggestion else head
        before, line = _window(self.source_line, self.column - 1 if self.caret is None else self.caret)
        caret = " " * _cells(clean(before)) + "^"
        # Indented: no line of a file stands where our own errors begin.
        return f"{head}\n    {clean(line)}\n    {caret} {suggestion}".rstrip()

    def as_data(self) -> dict[str, str | int]:
        """The public form for machines: file, line, column, severity, message, suggestion."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "severity": self.severity,
            "message": _cut(self.message),
            "suggestion": _cut(self.suggestion),
        }


class Problems(InvalidInput):
    """Settings or mapping are not valid; ``problems`` holds every error found, in file and line order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.render(), hint="psarecon check shows every error of every file")

    def told(self) -> list[str]:
        """Each problem in its own lines."""
        return self.render().split("\n")

    def render(self) -> str:
        """All problems, as ``psarecon check`` prints them."""
        return "\n".join(problem.render() for problem in self.problems)


def shown_key(key: str) -> str:
    """A key as messages name it: cut at a colon that glues it to its value, which may be a secret."""
    name, colon, rest = key[:64].partition(":")
    return repr(name + colon if rest else key[:64])


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems by file, line and column, each place's first message kept once."""
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda problem: (problem.file, problem.line, problem.column))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _window(line: str, column: int) -> tuple[str, str]:
    """What stands before the column, and the line; both cut to a readable stretch when the line is long."""
    if len(line) <= _WINDOW:
        return line[:column], line
    start = max(0, column - _WINDOW // 2)
    end = start + _WINDOW
    left, right = ("…" if start else ""), ("…" if end < len(line) else "")
    return left + line[start:column], left + line[start:end] + right


def _cells(text: str) -> int:
    """How many terminal cells a cleaned text takes."""
    return sum(map(_width, text))


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
