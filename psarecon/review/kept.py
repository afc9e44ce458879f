"""The decisions of a file as they are kept in memory: the very bytes of the file, on shelves.

A plan of 100,000 changes may have as many decisions, and the file is written again with every key that is pressed:
what did not change must not be encoded, sorted or copied again. So the decisions lie on shelves by the beginning of
the change's id, each shelf in the order of the file, and a shelf is replaced, never changed: whoever writes the
shelves can go on while the next decision is made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from psarecon.domain.decisions import (
    DAY,
    FIGURE,
    About,
    Decision,
    Verdict,
    decisions_bytes,
    encoded,
    framed,
    load_decisions,
    read_decision,
)
from psarecon.domain.money import same_cost
from psarecon.domain.plan import Pair
from psarecon.files import read_whole
from psarecon.review.opened import Row

#: Decisions by change id, each as ``encoded``; None where there is none, or is to be none.
Pieces = Mapping[str, bytes | None]

_EMPTY = decisions_bytes(())
_OPENING, _CLOSING = (part.replace(b"x", b"") for part in b"".join(framed([b"x"])).split(b"x"))
_SEPARATOR = b",\n"
#: So many characters of the id: 256 shelves, of 400 decisions each where there are 100,000.
_SHELF = 2


def _pattern() -> re.Pattern[bytes]:
    """One decision exactly as ``encoded`` writes it, on a change as a plan has it."""
    unicode = "u(?:00(?:0[0-7bef]|1[0-9a-f]|7f|[89a-f][0-9a-f])|0[1-9a-f][0-9a-f]{2}|[1-9a-f][0-9a-f]{3})"
    plain = r"[ !#-\[\]-~]*+"
    text = rf'"{plain}(?:\\(?:["\\bfnrt]|{unicode}){plain})*+"'
    pair = rf'(?:null|\{{\n          "after": "{FIGURE}",\n          "before": "{FIGURE}"\n        \}})'
    about = (
        rf'      "about": \{{\n        "client": {text},\n        "effective_date": (?:null|"{DAY}"),\n'
        rf'        "line": (?P<line>{text}),\n        "product": {text},\n'
        rf'        "quantity": {pair},\n        "unit_cost": {pair}\n      \}},\n'
    )
    one = (
        rf'    \{{\n(?:{about})?      "at": {text},\n      "by": {text},\n'
        rf'      "change": "(?P<change>[0-9a-f]{{12}})",\n      "reason": {text},\n'
        rf'      "verdict": "(?P<verdict>{"|".join(Verdict)})"\n    \}}'
    )
    return re.compile(rf"{one}(?P<more>,\n)?".encode("ascii"))


_DECISION = _pattern()
#: How a decision begins and ends, and how the line begins that says its change: no text has a line end in it.
_FIRST, _LAST, _CHANGE = b"    {\n", b"\n    }", b'\n      "change": '
_VERDICTS = {verdict.value.encode("ascii"): verdict for verdict in Verdict}


class Kept:
    """The decisions of one file: ``verdicts`` by change id, and all the rest as bytes."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self._shelves: dict[str, bytes] = {}
        self._on_line: dict[str, tuple[str, ...]] = {}

    @classmethod
    def read(cls, path: Path) -> Kept:
        """What the file holds; nothing where there is no file. Raises InvalidInput."""
        return cls.of(read_whole(path), str(path)) if path.exists() else cls()

    @classmethod
    def of(cls, content: bytes, name: str) -> Kept:
        """What a file of this content holds; ``name`` is for messages. Raises InvalidInput."""
        found = cls()
        try:
            found._cut(content)
        except _OtherForm:
            found = cls()
            found._read(load_decisions(content, name))
        return found

    def _cut(self, content: bytes) -> None:
        """Take the shelves out of a file that is, to the byte, as psarecon writes it. Raises _OtherForm."""
        starts: dict[str, int] = {}
        for found in _matches(content):
            line, change, verdict = found.group("line", "change", "verdict")
            name = change.decode("ascii")
            self.verdicts[name] = _VERDICTS[verdict]
            self._note(name, None if line is None else _read_text(line))
            starts.setdefault(name[:_SHELF], found.start())
        stops = [*starts.values(), len(content) - len(_CLOSING) + len(_SEPARATOR)]
        for (shelf, start), stop in zip(starts.items(), stops[1:], strict=True):
            self._shelves[shelf] = content[start : stop - len(_SEPARATOR)]

    def _read(self, decisions: Sequence[Decision]) -> None:
        for one in decisions:
            self._note(one.change, one.about.line if one.about else None)
        self.put({one.change: encoded(one) for one in decisions})

    def _note(self, change: str, line: str | None) -> None:
        if line is not None:
            self._on_line[line] = (*self._on_line.get(line, ()), change)

    def put(self, pieces: Pieces) -> None:
        """Keep these decisions, as ``encoded``, by change id; None forgets the one there is."""
        wanted: dict[str, dict[str, bytes | None]] = {}
        for change, piece in pieces.items():
            wanted.setdefault(change[:_SHELF], {})[change] = piece
            if piece is None:
                self.verdicts.pop(change, None)
            else:
                self.verdicts[change] = _verdict(piece)
        shelves = self._shelves | {shelf: _laid(self._on(shelf) | new) for shelf, new in wanted.items()}
        self._shelves = {shelf: shelves[shelf] for shelf in sorted(shelves) if shelves[shelf]}

    def _on(self, shelf: str) -> dict[str, bytes | None]:
        pieces = self._shelves.get(shelf, b"").split(_LAST + _SEPARATOR)
        whole = [piece + _LAST for piece in pieces[:-1]] + pieces[-1:]
        return {_change(piece): piece for piece in whole if piece}

    def piece(self, change: str) -> bytes | None:
        """The decision on a change as ``encoded``."""
        if change not in self.verdicts:
            return None
        shelf = self._shelves[change[:_SHELF]]
        found = shelf.index(b"%b%b," % (_CHANGE, json.dumps(change).encode("ascii")))
        return shelf[shelf.rindex(_FIRST, 0, found) : shelf.index(_LAST, found) + len(_LAST)]

    def pieces(self, changes: Iterable[str]) -> dict[str, bytes | None]:
        """The decision on each of these changes as ``encoded``."""
        shelves: dict[str, dict[str, bytes | None]] = {}
        found = {}
        for change in changes:
            name = change[:_SHELF]
            if name not in shelves:
                shelves[name] = self._on(name)
            found[change] = shelves[name].get(change)
        return found

    def decision(self, change: str) -> Decision | None:
        """The decision on a change."""
        piece = self.piece(change)
        return None if piece is None else read_decision(json.loads(piece))

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

    def shelves(self) -> Sequence[bytes]:
        """All decisions there are now, for ``framed``; later ones change nothing in it."""
        return tuple(self._shelves.values())


class _OtherForm(Exception):
    """The file is not, to the byte, as psarecon writes it; it may well be one."""


def _matches(content: bytes) -> Iterator[re.Match[bytes]]:
    """Each decision of a file in psarecon's own form, in the order of the changes' ids. Raises _OtherForm."""
    if content == _EMPTY:
        return
    if not (content.startswith(_OPENING) and content.endswith(_CLOSING)):
        raise _OtherForm
    position, end = len(_OPENING), len(content) - len(_CLOSING)
    last, more = b"", True
    while more:
        found = _DECISION.match(content, position, end)
        if found is None or found["change"] <= last:
            raise _OtherForm
        yield found
        last, position, more = found["change"], found.end(), found["more"] is not None
    if position != end:
        raise _OtherForm


def _laid(pieces: Pieces) -> bytes:
    return _SEPARATOR.join(piece for _, piece in sorted(pieces.items()) if piece is not None)


def _change(piece: bytes) -> str:
    start = piece.index(_CHANGE) + len(_CHANGE)
    return _read_text(piece[start : piece.index(b",\n", start)])


def _verdict(piece: bytes) -> Verdict:
    return _VERDICTS[piece[piece.rindex(b': "') + 3 : piece.rindex(b'"')]]


def _read_text(quoted: bytes) -> str:
    """A text out of the file."""
    text: str = json.loads(quoted) if b"\\" in quoted else quoted[1:-1].decode("ascii")
    return text


def same(one: bytes, other: bytes | None) -> bool:
    """Whether two decisions as ``encoded`` differ in nothing but when they were made."""
    return other is not None and _untimed(one) == _untimed(other)


def _untimed(piece: bytes) -> bytes:
    start = piece.index(b'\n      "at": ')
    return piece[:start] + piece[piece.index(b"\n", start + 1) :]


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
