"""The decisions of a file as they are kept in memory: its very lines, on shelves.

A plan of 100,000 changes may have as many decisions, and the file is written again with every key that is pressed:
what did not change must not be encoded, sorted or copied again. So the lines lie on shelves by the beginning of the
change's id, each shelf in the order of the file.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TypeVar

from psarecon.domain.decisions import (
    BETWEEN,
    CHANGE,
    DAY,
    FIGURE,
    About,
    Decision,
    Verdict,
    encoded,
    lines_of,
    load_decisions,
    read_decision,
)
from psarecon.domain.money import same_cost
from psarecon.domain.plan import Pair
from psarecon.files import read_whole
from psarecon.review.opened import Row

Item = TypeVar("Item")

#: Decisions by change id, each as ``encoded``; None where there is none, or is to be none.
Pieces = Mapping[str, bytes | None]
#: A decision in the file: the id of its change, the line it is about if it says so, and itself.
_Entry = tuple[str, str | None, bytes]

#: So many characters of the id: 256 shelves, of 400 decisions each where there are 100,000.
_SHELF = 2
_FEW = 4096
#: Before the change's id, and nowhere else: the quotes of a text have backslashes before them.
_KEY = b'"change":"'
_VERDICTS = {verdict.value.encode("ascii"): verdict for verdict in Verdict}
_TEXT = r'"[ !#-\[\]-~]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-\[\]-~]*+)*+"'
_PAIR = rf'(?:null|\{{"after":"{FIGURE}","before":"{FIGURE}"\}})'
_ABOUT = (
    rf'"about":\{{"client":{_TEXT},"effective_date":(?:null|"{DAY}"),"line":(?P<line>{_TEXT}),'
    rf'"product":{_TEXT},"quantity":{_PAIR},"unit_cost":{_PAIR}\}},'
)
#: A decision as ``encoded`` writes it: where all are, nothing else of the file need be looked at.
_LINE = re.compile(
    rf'\{{(?:{_ABOUT})?"at":{_TEXT},"by":{_TEXT},"change":"(?P<change>{CHANGE})",'
    rf'"reason":{_TEXT},"verdict":"(?:{"|".join(Verdict)})"\}}'.encode("ascii")
)


class Kept:
    """The decisions of one file: ``verdicts`` by change id, and all the rest as bytes."""

    def __init__(self, entries: Iterable[_Entry] = ()) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self._shelves: dict[str, bytes] = {}
        self._on_line: dict[str, tuple[str, ...]] = {}
        for some in batches(entries):
            for change, line, _ in some:
                if line is not None:
                    self._on_line[line] = (*self._on_line.get(line, ()), change)
            self.put({change: piece for change, _, piece in some})

    @classmethod
    def read(cls, path: Path) -> Kept:
        """What the file holds; nothing where there is no file. Raises InvalidInput."""
        return cls.of(read_whole(path), str(path)) if path.exists() else cls()

    @classmethod
    def of(cls, content: bytes, name: str) -> Kept:
        """What a file of this content holds; ``name`` is for messages. Raises InvalidInput."""
        try:
            return cls(_entries(content))
        except _OtherForm:
            return cls(_entries_of_any_form(content, name))

    def put(self, pieces: Pieces) -> dict[str, bytes | None]:
        """Keep these decisions and forget those that are None; what was there before, by change id."""
        before: dict[str, bytes | None] = {}
        for shelf, new in _by_shelf(pieces).items():
            there = self._on(shelf)
            before |= {change: there.get(change) for change in new}
            there |= {change: pieces[change] for change in new}
            self._shelves[shelf] = BETWEEN.join(piece for _, piece in sorted(there.items()) if piece is not None)
        for change, piece in pieces.items():
            if piece is None:
                self.verdicts.pop(change, None)
            else:
                self.verdicts[change] = _VERDICTS[piece[piece.rindex(b':"') + 2 : -2]]
        return before

    def pieces(self, changes: Iterable[str]) -> dict[str, bytes | None]:
        """The decision on each of these changes."""
        found: dict[str, bytes | None] = {}
        for shelf, wanted in _by_shelf(changes).items():
            there = self._on(shelf)
            found |= {change: there.get(change) for change in wanted}
        return found

    def _on(self, shelf: str) -> dict[str, bytes | None]:
        content = self._shelves.get(shelf)
        return {_change(piece): piece for piece in content.split(BETWEEN)} if content else {}

    def decision(self, change: str) -> Decision | None:
        """The decision on a change."""
        if change not in self.verdicts:
            return None
        shelf = self._shelves[change[:_SHELF]]
        at = shelf.index(_KEY + change.encode("ascii"))
        end = shelf.index(b"}", shelf.index(b'"verdict":', at)) + 1
        return read_decision(json.loads(shelf[shelf.rfind(b"\n", 0, at) + 1 : end]))

    def lapsed(self, row: Row) -> Decision | None:
        """The newest decision on other figures of an undecided row's line, unless it has been carried out.

        Of those that were in the file when it was read: one plan has one change a line.
        """
        if row.line not in self._on_line or row.id in self.verdicts:
            return None
        others = [self.decision(change) for change in self._on_line[row.line]]
        newest = max((one for one in others if one is not None), key=lambda one: one.at, default=None)
        return None if newest is None or _carried_out(newest, row) else newest

    def state(self, row: Row) -> str:
        """What was decided on a row, else ``lapsed`` or ``open``: as ``psarecon.review.query`` has it."""
        verdict = self.verdicts.get(row.id)
        if verdict is not None:
            return verdict.value
        return "open" if row.line not in self._on_line or self.lapsed(row) is None else "lapsed"

    def shelves(self) -> list[bytes]:
        """All decisions there are now, for ``framed``; later ones change nothing in it."""
        return [content for _, content in sorted(self._shelves.items()) if content]


class _OtherForm(Exception):
    """The file is not as psarecon writes it; it may well be a decisions file."""


def _entries(content: bytes) -> Iterator[_Entry]:
    """What a file as psarecon writes it holds. Raises _OtherForm."""
    for piece in lines_of(content):
        match = _LINE.fullmatch(piece)
        if match is None:
            raise _OtherForm
        line = match["line"]
        yield match["change"].decode("ascii"), None if line is None else json.loads(line), piece


def _entries_of_any_form(content: bytes, name: str) -> Iterator[_Entry]:
    for one in load_decisions(content, name):
        yield one.change, one.about.line if one.about else None, encoded(one)


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """A few thousand at a time: 100,000 decisions are not to be in memory twice."""
    left = iter(items)
    while some := list(islice(left, _FEW)):
        yield some


def _by_shelf(changes: Iterable[str]) -> Mapping[str, Sequence[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for change in changes:
        found[change[:_SHELF]].append(change)
    return found


def _change(piece: bytes) -> str:
    start = piece.index(_KEY) + len(_KEY)
    return piece[start : piece.index(b'"', start)].decode("ascii")


def same(one: bytes | None, other: bytes | None) -> bool:
    """Whether two decisions as ``encoded``, or none, differ in nothing but when they were made."""
    return one == other or (one is not None and other is not None and _untimed(one) == _untimed(other))


def _untimed(piece: bytes) -> tuple[bytes, bytes]:
    about, _, rest = piece.partition(b'"at":"')
    return about, rest.partition(b',"by":"')[2]


def about(row: Row) -> About:
    """What a decision on this row is about: as ``About.of`` its change."""
    return About(
        line=row.line,
        client=row.client,
        product=row.product,
        quantity=Pair(row.before, row.after) if row.moves else None,
        unit_cost=_moved(row.cost_before, row.cost_after),
        effective_date=None if row.since == "at once" else row.since,
    )


def _moved(before: Decimal | None, after: Decimal | None) -> Pair | None:
    return None if before is None or after is None or before is after or before == after else Pair(before, after)


def _carried_out(decision: Decision, row: Row) -> bool:
    """Whether the line stands where an approval wanted it: then it was written, and what the plan has now is new."""
    wanted = decision.about
    if wanted is None or decision.verdict is not Verdict.APPROVE:
        return False
    moved = wanted.quantity is None or wanted.quantity.after == row.before
    return moved and (wanted.unit_cost is None or same_cost(wanted.unit_cost.after, row.cost_before))
