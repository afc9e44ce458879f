"""What a command says for machines while it runs: one JSON object a line, versioned, described in
``docs/reference/events.md``.

Whoever listens has no power over the command: lines that cannot be written are given up, with a word on stderr, and
nobody waits for a reader for long.
"""

from __future__ import annotations

import json
import os
import select
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psarecon.domain.guards import blocked
from psarecon.domain.model import Severity
from psarecon.domain.plan import Change, Plan, severities
from psarecon.errors import PsareconError
from psarecon.protocol import Progress, Result
from psarecon.text import clean

VERSION = 1
#: Characters of a text that is kept; a line stays a line that one can read.
_LONGEST = 500
#: What a pipe with room for anything surely takes at once.
_PIECE = 4096
#: Seconds that a reader who reads nothing is waited for, once: less than a lease has to spare.
_PATIENCE = 2.0


class Stream:
    """Lines to a file descriptor. The first that cannot be written ends it; ``lost`` hears why, once."""

    def __init__(self, handle: int, lost: Callable[[str], None]) -> None:
        self._handle: int | None = handle
        self._lost = lost

    @classmethod
    def opened(cls, path: Path, lost: Callable[[str], None]) -> Stream:
        """A file that is written on behind what it holds, or a pipe that somebody reads. Raises PsareconError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            return cls(os.open(path, flags, 0o600), lost)
        except (OSError, ValueError) as error:
            hint = "name a file in a folder that is there, a pipe that is being read, or - for stdout"
            said = getattr(error, "strerror", None) or "not a path"
            raise PsareconError(f"events cannot be written to {path}: {said}", hint=hint) from error

    def write(self, line: bytes) -> None:
        """Write a line with its end; never raises, and waits for nobody longer than ``_PATIENCE``."""
        if self._handle is None:
            return
        until = time.monotonic() + _PATIENCE
        try:
            while line:
                self._ready(until)
                line = line[self._written(line[:_PIECE]) :]
        except OSError as error:
            self.close()
            self._lost(f"the events cannot be written any more ({error.strerror or error}); the command goes on")

    def _ready(self, until: float) -> None:
        poll = select.poll()
        poll.register(self._handle or 0, select.POLLOUT)
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError("nobody reads them")

    def _written(self, piece: bytes) -> int:
        try:
            return os.write(self._handle or 0, piece)
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Write no more."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


@dataclass(slots=True)
class Events:
    """The events of one command: ``run`` names it, as the journal does. Without a stream nobody is told."""

    command: str
    run: str
    stream: Stream | None = None
    count: int = 0

    def emit(self, name: str, /, **fields: Any) -> None:
        """One event, on its way when this returns. Texts are made harmless and cut. Never raises."""
        if self.stream is None:
            return
        self.count += 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
        head = {"v": VERSION, "at": f"{at}Z", "run": self.run, "seq": self.count, "event": f"{self.command}.{name}"}
        data = {**head, **{key: harmless(value) for key, value in fields.items()}}
        self.stream.write(json.dumps(data, separators=(",", ":")).encode("ascii") + b"\n")

    def reading(self, step: ReadStep) -> None:
        """A PSA's lines are being read, or have been."""
        if step.found is None:
            self.emit("psa.started", psa=step.psa, lines=step.lines)
        else:
            self.emit("psa.done", psa=step.psa, lines=step.lines, found=step.found)

    def progress(self, step: Progress) -> None:
        """A stage of a change."""
        outcome = step.outcome.value if step.outcome else None
        self.emit("change", **change_fields(step.change), stage=step.stage.value, outcome=outcome, text=step.text)


@dataclass(frozen=True, slots=True)
class ReadStep:
    """So many lines of a PSA are being read; ``found`` of them were, once that is over."""

    psa: str
    lines: int
    found: int | None = None

    def __str__(self) -> str:
        """In words."""
        if self.found is None:
            return f"{self.psa}: reading {self.lines:,} lines"
        return f"{self.psa}: {self.found:,} lines read"


def harmless(value: Any) -> Any:
    """Plain data with every text of it made harmless and cut."""
    if isinstance(value, str):
        return clean(value, _LONGEST)
    if isinstance(value, Mapping):
        return {clean(key, _LONGEST): harmless(inner) for key, inner in value.items()}
    return [harmless(inner) for inner in value] if isinstance(value, list | tuple) else value


def change_fields(change: Change) -> dict[str, Any]:
    """Which change it is."""
    return {"change": change.id, "line": str(change.line), "client": change.client, "product": change.product}


def plan_facts(plan: Plan) -> dict[str, Any]:
    """A plan in figures: money a month as decimal strings; ``blocked`` and ``look`` count changes, ``block_findings``
    whatever is held back, also lines that could not be compared."""
    marked = Counter(severities(plan).values())
    money = {key: plan.totals["plan"][key] for key in ("cost_change", "revenue_change", "margin_change")}
    return {
        "id": plan.id,
        "month": plan.month,
        "as_of": plan.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "currency": plan.currency,
        "commit": plan.commit,
        "dirty": plan.dirty,
        "lines": plan.totals["lines"],
        "changes": len(plan.changes),
        "blocked": marked[Severity.BLOCK],
        "look": marked[Severity.LOOK],
        "block_findings": sum(blocked([finding]) for finding in plan.findings),
        **money,
    }


def outcome_facts(results: Iterable[Result]) -> dict[str, int]:
    """How many changes came to each outcome; only those that some came to."""
    return dict(sorted(Counter(result.outcome.value for result in results).items()))
