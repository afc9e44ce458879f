"""Text inserted into YAML that people edited: every byte that was there stays, comments and all.

A library that writes the whole file again would reformat what somebody wrote; so the place is found, and text is put
there. The result is for the caller to read again: what cannot be done this way shows there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from psarecon.config.documents import parse_document
from psarecon.config.problems import Path
from psarecon.config.reader import BROKEN, event_source
from psarecon.errors import PsareconError


class NotInserted(PsareconError):
    """The file is written in a way that text cannot be added to; nothing of it was changed."""


@dataclass(slots=True)
class _Node:
    """A value: where it begins and where its last sign ends (0-based row and column); ``flow``: between brackets."""

    start: tuple[int, int]
    end: tuple[int, int]
    flow: bool = False
    keys: dict[str, tuple[tuple[int, int], _Node]] = field(default_factory=dict)
    items: list[_Node] = field(default_factory=list)
    empty: bool = False


class Insertion:
    """One text that is added to; ``result`` is the text with all that was added. Raises NotInserted."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._mark = "\ufeff" if text.startswith("\ufeff") else ""
        body = text[len(self._mark) :]
        self._end = "\r\n" if "\r\n" in body else "\n"
        self._rows = body.split("\n")
        self._root = _tree(body)
        self._added: list[tuple[tuple[int, int], int, str]] = []

    def add_keys(self, path: Path, pairs: Sequence[str], before: str) -> None:
        """Add keys, each as ``key: value``, to the mapping at the path; a mapping that is not there yet comes before
        the key ``before`` of the one that holds it."""
        if not pairs:
            return
        holder, name = self._at(path[:-1]), str(path[-1])
        if name not in holder.keys:
            self._add_mapping(holder, name, pairs, before)
            return
        node = holder.keys[name][1]
        if node.flow:
            self._into_flow(node, [one for _, one in node.keys.values()], ", ".join(pairs))
        elif node.keys:
            column = next(iter(node.keys.values()))[0][1]
            self._after(max(one.end for _, one in node.keys.values())[0], column, pairs)
        else:
            raise NotInserted(f"{name} is empty")

    def _add_mapping(self, holder: _Node, name: str, pairs: Sequence[str], before: str) -> None:
        keys = list(holder.keys)
        text = f"{name}: {{{', '.join(pairs)}}}"
        if holder.flow:
            self._into_flow(holder, [one for _, one in holder.keys.values()], text)
            return
        if before not in keys[1:]:
            raise NotInserted(f"{name} cannot be put before {before}")
        row, column = holder.keys[before][0]
        self._add((row, 0), f"{' ' * column}{text}{self._end}")

    def add_items(self, path: Path, items: Sequence[Sequence[str]], data: Sequence[Any]) -> None:
        """Add items to the list at the path: as rows that begin with ``- ``, or as ``data`` between brackets. Rows of
        comments may be among them."""
        holder, name = self._at(path[:-1]), str(path[-1])
        if name not in holder.keys:
            raise NotInserted(f"there is no {name}")
        key, node = holder.keys[name]
        if node.flow and node.items:
            self._into_flow(node, node.items, ", ".join(json.dumps(one, ensure_ascii=False) for one in data))
            return
        rows = [row for item in items for row in item]
        if holder.flow:
            raise NotInserted(f"{name} stands between brackets")
        if node.flow:
            self._replace_empty(node, key[1] + 2, rows)
        elif node.items:
            self._after_items(node, rows)
        elif node.empty:
            self._after(key[0], key[1] + 2, rows)
        else:
            raise NotInserted(f"{name} is no list")

    def _replace_empty(self, node: _Node, column: int, rows: Sequence[str]) -> None:
        """``lines: []`` becomes ``lines:`` with items below it; the only thing that is ever taken away."""
        row, start = node.start
        if node.end[0] != row:
            raise NotInserted("the empty list is more than a row long")
        self._added.append(((row, start), node.end[1] - start, ""))
        self._after(row, column, rows)

    def _after_items(self, node: _Node, rows: Sequence[str]) -> None:
        column, last = self._dash(node.items[-1]), node.items[-1].end[0]
        while last + 1 < len(self._rows) and self._belongs(self._rows[last + 1], column):
            last += 1
        self._after(last, column, rows)

    def _dash(self, item: _Node) -> int:
        row, column = item.start
        before = self._rows[row][:column].rstrip()
        if not before.endswith("-"):
            raise NotInserted("the last item does not begin beside its dash")
        return len(before) - 1

    @staticmethod
    def _belongs(row: str, column: int) -> bool:
        """Whether the row is a comment on the item above: further in than its dash."""
        return row.lstrip(" ").startswith("#") and len(row) - len(row.lstrip(" ")) > column

    def _into_flow(self, node: _Node, inner: Sequence[_Node], text: str) -> None:
        if inner:
            self._add(max(one.end for one in inner), f", {text}")
        else:
            self._add((node.start[0], node.start[1] + 1), text)

    def _after(self, row: int, column: int, rows: Sequence[str]) -> None:
        """Add rows below one, with so many blanks before them."""
        text = "".join(f"{' ' * column}{one}".rstrip() + self._end for one in rows)
        if row + 1 < len(self._rows):
            self._add((row + 1, 0), text)
        else:
            self._add((row, len(self._rows[row])), self._end + text.removesuffix(self._end))

    def _add(self, place: tuple[int, int], text: str) -> None:
        self._added.append((place, 0, text))

    def _at(self, path: Path) -> _Node:
        node = self._root
        for step in path:
            node = node.items[step] if isinstance(step, int) else node.keys[step][1]
        return node

    def result(self) -> str:
        """The text with everything that was added."""
        body = self._text[len(self._mark) :]
        starts = [0]
        for one in self._rows:
            starts.append(starts[-1] + len(one) + 1)
        for (row, column), length, added in sorted(self._added, key=lambda one: one[0], reverse=True):
            place = starts[row] + column
            body = body[:place] + added + body[place + length :]
        return self._mark + body


def _tree(text: str) -> _Node:
    take = event_source(parse_document(text.encode(), ""))
    try:
        event = take()
        while type(event).__name__ in {"StreamStartEvent", "DocumentStartEvent"}:
            event = take()
        return _node(event, take)
    except BROKEN as error:
        raise NotInserted("the file is not YAML") from error


def _node(event: Any, take: Any) -> _Node:
    kind, start = type(event).__name__, (event.start_mark.line, event.start_mark.column)
    if kind == "ScalarEvent":
        return _Node(start, _end(event), empty=not event.value and not event.style)
    node = _Node(start, _end(event), flow=bool(event.flow_style))
    return _mapping(node, take) if kind == "MappingStartEvent" else _list(node, take)


def _mapping(node: _Node, take: Any) -> _Node:
    while type(event := take()).__name__ != "MappingEndEvent":
        key = (event.start_mark.line, event.start_mark.column)
        value = _node(take(), take)
        node.keys[str(event.value)] = (key, value)
        node.end = max(node.end, _end(event), value.end)
    return _closed(node, event)


def _list(node: _Node, take: Any) -> _Node:
    while type(event := take()).__name__ != "SequenceEndEvent":
        node.items.append(_node(event, take))
        node.end = max(node.end, node.items[-1].end)
    return _closed(node, event)


def _closed(node: _Node, event: Any) -> _Node:
    """The end of a block is where its last value ends, not where the parser notices it."""
    if node.flow:
        node.end = _end(event)
    return node


def _end(event: Any) -> tuple[int, int]:
    """Where the event's last sign ends; one that ends at the beginning of a row ended with the row before."""
    row, column = event.end_mark.line, event.end_mark.column
    if column == 0 and row > event.start_mark.line:
        return row - 1, 1 << 20
    return row, column
