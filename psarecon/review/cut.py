"""A plan file cut into its changes, block by block: never more of it in memory than a block.

Canonical JSON makes this safe: keys are sorted, so every change begins in the same way, and a quote inside a text is
written with a backslash before it, so that no text can look like the beginning of a change or the end of the list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from psarecon.domain.plan_file import SEAL

_OPENING = b'"changes":['
#: Before the list of changes stands nothing but the moment of the plan.
_OPENING_WITHIN = 128
_NEXT = b',{"ahead":'
_CLOSING = b'],"currency":'


class Cut:
    """The changes of a plan file in pieces; afterwards ``rest``, the file without them, and whether its id holds.

    ``block`` is how many bytes are read at once.
    """

    def __init__(self, file: BinaryIO, block: int = 8 * 2**20) -> None:
        self._file = file
        self._block = block
        self._digest = hashlib.sha256()
        self._opening = b""
        self._tail = b""

    @property
    def rest(self) -> bytes:
        """The plan with an empty list of changes."""
        return self._opening + self._tail

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """Where each piece begins in the file, and the changes in it, separated by commas."""
        block = self._file.read(max(self._block, _OPENING_WITHIN))
        start = block.find(_OPENING) + len(_OPENING)
        self._opening, block = block[:start], block[start:]
        self._digest.update(self._opening)
        while block:
            end = block.find(_CLOSING)
            piece = block[: end if end >= 0 else max(0, block.rfind(_NEXT))]
            if piece:
                self._digest.update(piece)
                yield start, piece
            start, block = self._after(start, block, len(piece), ended=end >= 0)

    def _after(self, start: int, block: bytes, taken: int, *, ended: bool) -> tuple[int, bytes]:
        """What is left of the block, without the comma, and more of the file; nothing once the list has ended."""
        left = block[taken:]
        more = self._file.read() if ended else self._file.read(self._block)
        if ended or not more:
            self._tail = left + more
            return start, b""
        comma = left[:1] if taken else b""
        self._digest.update(comma)
        return start + taken + len(comma), left[len(comma) :] + more

    def sealed(self) -> bool:
        """Whether the bytes read are those the plan's id was made of."""
        found = SEAL.search(self._tail, max(0, self._tail.rfind(b',"format_version":')))
        if found is None or not self._tail.endswith(b"}\n"):
            return False
        self._digest.update(self._tail[: found.start("rest")])
        self._digest.update(self._tail[found.end() : -1])
        return self._digest.hexdigest().encode() == found["id"]
