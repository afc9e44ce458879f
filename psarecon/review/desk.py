"""What a review can reach outside itself: handed in by the command line, so that screens know no adapter."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from psarecon.domain.decisions import Decision
from psarecon.domain.drift import DriftReport
from psarecon.domain.plan import Change, Plan
from psarecon.protocol import Result, Watch
from psarecon.review.detail import Story
from psarecon.review.opened import Opened

if TYPE_CHECKING:  # a database is opened, and its library loaded, only where it is looked at
    from psarecon.ledger.journal import Journal


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run about to begin: its name in the journal, the plan, and what of it is carried out.

    ``left``: blocked or undecided changes are left aside, as the exit code will tell.
    """

    run: str
    plan: Plan
    approved: Sequence[tuple[Change, Decision]]
    left: bool = False


class Writer(Protocol):
    """The one service that writes (``psarecon.apply``), ready to be started."""

    def prepare(self, plan: Path, expected: str, written: Collection[str]) -> Prepared:
        """Read the plan and its decisions strictly, as ``psarecon apply`` does; without the changes already written.

        Raises PlanRefused: not the plan that was reviewed (``expected`` is its id), too old, or not to be read.
        """
        ...

    def start(self, prepared: Prepared, watch: Watch) -> list[Result]:
        """Carry the approved changes out. Raises LockHeld, LedgerError, RemoteError, PlanRefused."""
        ...

    def budget_left(self) -> Mapping[str, int]:
        """By PSA, the calls psarecon still allows itself in the vendor's current window; only where it is known."""
        ...


class Back(Protocol):
    """What the history asks the PSA about. It writes nothing there, and says how far it is."""

    def drift(self, say: Callable[[str], None]) -> DriftReport:
        """Each line against what the last write left. Raises InvalidInput, LedgerError, RemoteError."""
        ...

    def go_back(self, run: str, plan: Path, say: Callable[[str], None]) -> None:
        """Make the plan that takes a run back and save it as ``plan``, never over another file.

        Raises InvalidInput: no such run, written to another tenant, or the file is there. LedgerError, RemoteError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """``load`` answers the plan file, making the plan first if there is none, and says how far it is.

    ``open`` opens it. ``story`` is asked for a change and the PSA's tenant. ``writer`` is None where writing was not
    allowed, ``journal`` answers None where there is no ledger, and ``back`` is asked only where there is one.
    ``folder`` is where lists and plans are written to.
    """

    by: str
    now: Callable[[], datetime]
    folder: Path
    load: Callable[[Callable[[str], None]], Path]
    open: Callable[[Path], Opened]
    decisions: Callable[[Path], Path]
    story: Callable[[Change, str], Story]
    journal: Callable[[], Journal | None]
    back: Back
    writer: Writer | None = None
