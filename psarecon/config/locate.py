"""Where in a text the parts of its data stand. Read again from the text, once something is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from psarecon.config.documents import DEEPEST, Document
from psarecon.config.problems import Issue, Path, Problem

At = Literal["value", "key"]

_RUNS = re.compile(r"\*{3}(?: +\*{3})+")


@dataclass(frozen=True, slots=True)
class Span:
    """A key or value with its 0-based (row, column) start and end; ``text`` is None for lists and mappings."""

    path: Path
    at: At
    start: tuple[int, int]
    end: tuple[int, int]
    text: str | None


def present(document: Document, issues: Iterable[Issue]) -> list[Problem]:
    """The document's problems: those of its text, and the issues, each with its place and source line.

    An issue at a path whose text is already refused says nothing new and is left out.
    """
    refused = {found.path for found in document.found if not found.key}
    kept = [issue for issue in issues if issue.path not in refused]
    places = _places(document, {issue.path for issue in kept}) if kept else {}
    return [found.problem for found in document.found] + [_problem(document, issue, places) for issue in kept]


def _problem(document: Document, issue: Issue, places: dict[tuple[Path, At], Span]) -> Problem:
    span = places.get((issue.path, issue.at)) or places.get((issue.path, "value"))
    row, column = span.start if span else (document.line - 1, 0)
    shown = document.source_line(row)
    return Problem(document.file, row + 1, column + 1, issue.message, shown, issue.suggestion, issue.severity)


def _places(document: Document, wanted: Collection[Path]) -> dict[tuple[Path, At], Span]:
    found: dict[tuple[Path, At], Span] = {}
    for span in spans(document, wanted):
        found.setdefault((span.path, span.at), span)
    return found


def spans(document: Document, wanted: Collection[Path] | None = None) -> list[Span]:
    """Every key and value of the text up to its first syntax error; only those on the way to ``wanted`` paths."""
    from psarecon.config.reader import BROKEN, event_source

    prefixes = None if wanted is None else {path[:end] for path in wanted for end in range(len(path) + 1)}
    walker = _Walker(event_source(document), prefixes)
    with suppress(_TooDeep, *BROKEN):
        walker.walk()
    return walker.found


class _TooDeep(Exception):
    """The text nests deeper than any file that is read."""


class _Walker:
    """Follows the events as the reader does, keeping places instead of data."""

    def __init__(self, take: Callable[[], Any], prefixes: set[Path] | None) -> None:
        self.found: list[Span] = []
        self._take = take
        self._prefixes = prefixes

    def walk(self) -> None:
        """Find the spans of the first document."""
        while (event := self._take()) is not None:
            name = type(event).__name__
            if name not in {"StreamStartEvent", "DocumentStartEvent"}:
                if name != "StreamEndEvent":
                    self._node(event, ())
                return

    def _node(self, event: Any, path: Path) -> None:
        if len(path) > DEEPEST:
            raise _TooDeep
        wanted = self._prefixes is None or path in self._prefixes
        if wanted:
            self._keep(event, path, "value")
        name = type(event).__name__
        if name not in {"MappingStartEvent", "SequenceStartEvent"}:
            return
        if not wanted:
            self._skip()
        elif name == "MappingStartEvent":
            self._mapping(path)
        else:
            self._list(path)

    def _keep(self, event: Any, path: Path, at: At) -> None:
        start, end = event.start_mark, event.end_mark
        text = getattr(event, "value", None)
        self.found.append(Span(path, at, (start.line, start.column), (end.line, end.column), text))

    def _skip(self) -> None:
        depth = 1
        while depth:
            name = type(self._take()).__name__
            depth += name in {"MappingStartEvent", "SequenceStartEvent"}
            depth -= name in {"MappingEndEvent", "SequenceEndEvent"}

    def _mapping(self, path: Path) -> None:
        while type(event := self._take()).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent":
                raise _TooDeep
            key_path = (*path, event.value)
            if self._prefixes is None or key_path in self._prefixes:
                self._keep(event, key_path, "key")
            self._node(self._take(), key_path)

    def _list(self, path: Path) -> None:
        number = 0
        while type(event := self._take()).__name__ != "SequenceEndEvent":
            self._node(event, (*path, number))
            number += 1


def masked(problems: Iterable[Problem], document: Document, visible: Callable[[Span], int]) -> list[Problem]:
    """The problems with source lines in which only what is known to be harmless can be read.

    ``visible`` says how many characters of a key or value may be shown. All else but white space and the
    marks of YAML's own grammar becomes ``***``: comments, values of unknown keys, what the parser did not reach.
    """
    shown: dict[int, set[int]] = {}
    for span in spans(document):
        if span.text is not None and span.start[0] == span.end[0]:
            row, column = span.start
            shown.setdefault(row, set()).update(range(column, min(column + visible(span), span.end[1])))
    return [_masked(problem, shown.get(problem.line - 1, set())) for problem in problems]


def _masked(problem: Problem, shown: set[int]) -> Problem:
    before, line = "", ""
    for column, character in enumerate(problem.source_line):
        if column == problem.column - 1:
            before = line
        harmless = column in shown or (character in " {}[],:-" and not _hidden_before(line, character))
        if harmless:
            line += character
        elif not line.endswith("***"):
            line += "***"
    if problem.column > len(problem.source_line):
        before = line
    return replace(problem, source_line=_RUNS.sub("***", line), caret=len(_RUNS.sub("***", before)))


def _hidden_before(line: str, character: str) -> bool:
    """Within hidden text even a dash or colon stays hidden; a space or bracket may end it."""
    return line.endswith("***") and character in ":-"
