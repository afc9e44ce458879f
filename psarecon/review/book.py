"""The decisions on one plan while it is reviewed: looked up, made, taken back, and on disk soon after every key.

The screen's thread decides; a thread of the book's own saves, so that a slow disk is never felt. It rests after each
save, so that keys that follow each other quickly do not write a large file each. The file may change
under it (another reviewer, ``git pull``): then what is there now counts, with our unsaved acts laid over it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from psarecon.domain.decisions import Decision, Verdict, encoded, framed
from psarecon.domain.model import Severity
from psarecon.errors import PsareconError
from psarecon.files import locked, stamp, write_whole
from psarecon.review.kept import Kept, Pieces, about, batches, same
from psarecon.review.opened import Row

#: Seconds until saving is tried again after it failed, and to wait for somebody else who is saving.
_AGAIN = 2.0
_PATIENCE = 5.0
#: How many times as long as it took the writer rests after a save, and the most seconds: saving a long file takes at
#: most a fifth of a core, and half a second after a key its decision is saved.
_RESTS = 4
_LONGEST_REST = 0.5


def _now() -> datetime:
    return datetime.now(UTC)


def rest_after(took: float) -> float:
    """Seconds without saving after a save that took so many."""
    return min(_RESTS * took, _LONGEST_REST)


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes decisions in the name of a person."""

    by: str
    now: Callable[[], datetime] = _now

    def decide(
        self, kept: Kept, rows: Sequence[Row], verdict: Verdict | None, reason: str = ""
    ) -> dict[str, bytes | None]:
        """Put this verdict on these rows into ``kept``, None for open again; what that replaced, by change id.

        A row with a BLOCK is never approved. Where the same person has decided the same for the same reason, the
        older decision stays.
        """
        at = self.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        replaced: dict[str, bytes | None] = {}
        for some in batches(sorted(rows, key=lambda row: row.id)):  # neighbours lie on one shelf
            made = self._made(some, verdict, reason, at)
            old = kept.pieces(made)
            replaced |= kept.put({change: piece for change, piece in made.items() if not same(piece, old[change])})
        return {row.id: replaced[row.id] for row in rows if row.id in replaced}

    def _made(self, rows: Iterable[Row], verdict: Verdict | None, reason: str, at: str) -> Pieces:
        if verdict is None:
            return {row.id: None for row in rows}
        allowed = [row for row in rows if verdict is not Verdict.APPROVE or row.severity is not Severity.BLOCK]
        return {row.id: encoded(Decision(row.id, verdict, self.by, at, reason, about(row))) for row in allowed}


class Book:
    """The decisions in the file ``path``, made in the name of ``by``.

    ``trouble`` says in words why the newest decisions are not on disk; empty while they are, or soon will be.
    ``rest`` says for how many seconds nothing is saved after a save that took so many; nobody who flushes or closes
    waits for that. Raises InvalidInput when the file is not a decisions file.
    """

    def __init__(
        self,
        path: Path,
        by: str,
        now: Callable[[], datetime] = _now,
        rest: Callable[[float], float] = rest_after,
    ) -> None:
        self.path = path
        self.trouble = ""
        self._maker = Maker(by, now)
        self._stamp = stamp(path)
        self._kept = Kept.read(path)
        #: What each act replaced, by change id: only what is still ours to take back.
        self._acts: list[dict[str, bytes | None]] = []
        #: What the file says of the changes that are not saved yet.
        self._unsaved: dict[str, bytes | None] = {}
        self._noticed = False
        self._change = threading.Condition()
        self._asked = self._answered = self._hurried = 0
        self._rest = rest
        self._closing = False
        self._writer = threading.Thread(target=self._write, name="decisions", daemon=True)
        self._writer.start()

    # What was decided.

    def verdict(self, change_id: str) -> Verdict | None:
        """The verdict on a change; None: open."""
        return self._kept.verdicts.get(change_id)

    def decision(self, change_id: str) -> Decision | None:
        """The decision on a change; None: open."""
        with self._change:
            return self._kept.decision(change_id)

    def lapsed(self, row: Row) -> Decision | None:
        """The newest decision on other figures of an undecided row's line, unless it has been carried out."""
        with self._change:
            return self._kept.lapsed(row)

    def state(self, row: Row) -> str:
        """A state of ``psarecon.review.query.Query``: a verdict, ``lapsed`` or ``open``."""
        return self._kept.state(row)

    # Acts.

    def decide(self, rows: Sequence[Row], verdict: Verdict | None, reason: str = "") -> tuple[str, ...]:
        """One act: this verdict on these rows, None for open again; the ids of the changes it moved.

        A row with a BLOCK is never approved.
        """
        with self._change:
            before = self._maker.decide(self._kept, rows, verdict, reason)
            if before:
                self._acts.append(before)
                self._save(before)
        return tuple(before)

    def undoes(self) -> tuple[str, ...]:
        """The changes that ``undo`` would move."""
        return tuple(self._acts[-1]) if self._acts else ()

    def undo(self) -> tuple[str, ...]:
        """Take back the last act that was not taken back yet; the ids of the changes it moved, none when there is no
        act. What somebody else has decided since stays.
        """
        with self._change:
            back = self._acts.pop() if self._acts else {}
            if back:
                self._save(self._kept.put(back))
        return tuple(back)

    def _save(self, before: dict[str, bytes | None]) -> None:
        """Have saved what was put in the place of these."""
        self._unsaved = before | self._unsaved
        self._ask()

    # Saving.

    def noticed(self) -> bool:
        """Whether somebody else's decisions were taken over since this was last asked; cheap, to be asked often."""
        with self._change:
            if stamp(self.path) != self._stamp and self._asked == self._answered:
                self._ask()
            found, self._noticed = self._noticed, False
        return found

    def flush(self) -> None:
        """Wait until all is on disk, or ``trouble`` says why it is not."""
        with self._change:
            asked = self._hurried = self._ask()
            self._change.wait_for(lambda: self._answered >= asked or self._closing)

    def close(self) -> None:
        """Save what is not saved and end. May be called twice."""
        with self._change:
            self._closing = True
            self._ask()
        self._writer.join()

    def _ask(self) -> int:
        """Wake the writer; the number of the request."""
        self._asked += 1
        self._change.notify_all()
        return self._asked

    def _write(self) -> None:
        """The writer's life: the newest state, whenever there is one, with rests between."""
        rested = time.monotonic()
        while True:
            asked, closing = self._awaited(rested)
            began = time.monotonic()
            trouble = self._saved()
            with self._change:
                self.trouble, self._answered = trouble, asked
                rested = time.monotonic() + self._rest(time.monotonic() - began)
                self._change.notify_all()
            if closing:
                return

    def _awaited(self, rested: float) -> tuple[int, bool]:
        """Wait for something to save, then until the writer has rested or somebody waits for it; the newest request,
        and whether it is the last."""
        with self._change:
            self._change.wait_for(lambda: self._asked > self._answered, _AGAIN if self.trouble else None)
            left = rested - time.monotonic()
            self._change.wait_for(lambda: self._hurried > self._answered or self._closing, left)
            return self._asked, self._closing

    def _saved(self) -> str:
        """Save once; what went wrong, in words."""
        taken: dict[str, bytes | None] = {}
        try:
            if not self._unsaved:
                self._look()
                return ""
            with locked(self.path, _PATIENCE):
                self._look()
                with self._change:
                    taken, self._unsaved = self._unsaved, {}
                    shelves = self._kept.shelves()
                write_whole(self.path, framed(shelves))
                self._stamp = stamp(self.path)
        except Exception as error:  # noqa: BLE001 - a writer that died would lose every later decision
            with self._change:
                self._unsaved |= taken
            return str(error) if isinstance(error, PsareconError) else f"unexpected {type(error).__name__}"
        return ""

    def _look(self) -> None:
        """If the file is not the one we know, take over what is in it. Raises InvalidInput."""
        found = stamp(self.path)
        if found == self._stamp:
            return
        theirs = Kept.read(self.path)
        with self._change:
            self._let_go(theirs)
            self._unsaved = theirs.put(self._kept.pieces(self._unsaved))
            self._kept, self._stamp, self._noticed = theirs, found, True

    def _let_go(self, theirs: Kept) -> None:
        """What somebody else has decided since our act is no longer ours to take back; below an unsaved act of ours
        theirs lies now.
        """
        touched = sorted({change for act in self._acts for change in act})
        moved = {change for some in batches(touched) for change in self._moved(some, theirs)}
        below = theirs.pieces(moved & self._unsaved.keys())
        for act in reversed(self._acts):
            for change in moved & act.keys():
                if change in below:
                    act[change] = below.pop(change)
                else:
                    del act[change]
        self._acts = [act for act in self._acts if act]

    def _moved(self, changes: Iterable[str], theirs: Kept) -> Iterator[str]:
        """Those of the changes of which the file no longer says what we know of it."""
        known, now = self._kept.pieces(changes), theirs.pieces(changes)
        return (change for change in changes if self._unsaved.get(change, known[change]) != now[change])
