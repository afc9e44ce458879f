"""Taking a run back from the history: what is asked before, where the plan is kept, which lines it leaves out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from psarecon.domain.model import Finding, Severity
from psarecon.ledger.journal import Event
from psarecon.review.history import IN_DOUBT, Run, Tally
from psarecon.review.history_lines import labelled
from psarecon.review.opened import GRAVITY, Opened
from psarecon.review.spans import Role, Span, Spans

#: A run's name that can be the name of a file as it stands; every name that psarecon gives can.
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,80}")
_ROLES = {Severity.BLOCK: Role.BLOCK, Severity.LOOK: Role.LOOK, Severity.INFO: Role.PLAIN}
#: Left out because somebody, or a later run, moved the line since.
_MOVED_ON = "moved-on"


def free_name(run: str, folder: Path) -> str:
    """``rollback-RUN.json``, or with a number behind it where that is taken."""
    stem = f"rollback-{run}" if FILE_NAME.fullmatch(run) else "rollback"
    names = (f"{stem}{f'-{number}' if number > 1 else ''}.json" for number in count(1))
    return next(name for name in names if not taken(folder / name))


def question(run: Run, tally: Tally, usual: str) -> tuple[str, list[str]]:
    """Before the plan is made: title and lines."""
    lines = tally.outcomes[Event.VERIFIED]
    doubts = tally.outcomes[IN_DOUBT]
    told = [f"{_counted(lines)} written and seen written; the PSA is read, and nothing is written to it"]
    told += [f"{_counted(doubts)} in doubt, left out: `psarecon resume` first"] if doubts else []
    told += [f"the plan is saved under this name; an empty name is {usual}"]
    return f"Plan to take run {run.name} back?", told


def _counted(lines: int) -> str:
    return f"{lines:,} {'line' if lines == 1 else 'lines'}"


def taken(path: Path) -> bool:
    """Whether there is something of this name, even a link that leads nowhere."""
    return os.path.lexists(path)


def aside(opened: Opened) -> list[Finding]:
    """The findings that stand beside no change of the plan, the gravest first."""
    scopes = {scope for row in opened.rows for scope in row.scopes if scope != "plan"}
    return sorted((one for one in opened.findings if one.scope not in scopes), key=lambda one: GRAVITY[one.severity])


def left_out(opened: Opened, key: str) -> str:
    """What to say as the plan is opened; ``key`` shows the findings."""
    lines = sum(one.code == _MOVED_ON for one in opened.findings)
    others = sum(one.code != _MOVED_ON and one.severity is Severity.BLOCK for one in aside(opened))
    told = [f"{_counted(lines)} moved on since, not taken back"] if lines else []
    told += [f"{others:,} held back"] if others else []
    return f"{', '.join(told)}: {key} shows why" if told else ""


def finding_lines(opened: Opened, width: int) -> list[Spans]:
    """The findings beside no change, each with what it is about."""
    found = aside(opened)
    if not found:
        return [(Span("nothing was found about lines without a change", Role.HEAD),)]
    return [line for one in found for line in _finding_lines(one, width)]


def _finding_lines(one: Finding, width: int) -> Iterator[Spans]:
    yield from labelled(one.severity.value, f"{one.code}: {one.text}", width, _ROLES[one.severity])
    yield from labelled("about", one.scope, width, Role.DIM)
    yield ()
