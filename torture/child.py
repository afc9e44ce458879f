"""``apply`` in a forked process that can be killed, and whose ledger can fail, at an exact moment."""

from __future__ import annotations

import json
import os
import resource
import signal
import sqlite3
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from psarecon.apply import Applier
from psarecon.cli.apply import applier
from psarecon.cli.context import new_run
from psarecon.cli.plan import read_plan
from psarecon.domain.decisions import load_decisions, sort_changes
from psarecon.domain.guards import blocked
from psarecon.errors import PsareconError
from psarecon.protocol import Progress, Stage, Watch, exit_code
from torture.faults import KILLED_AFTER
from torture.sabotage import applier_class
from torture.scenario import BEFORE_COMMIT, IN_THE_CALL, Moment, Scenario
from torture.surroundings import Surroundings

#: A ledger on SQLite is larger than this, so that no page can be written any more.
_FULL_AT = 1024
_BUSY_SECONDS = 0.15
_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Ended:
    """How an apply ended: its exit code, or the signal that killed it; outcomes by line; what it said."""

    code: int | None
    signal: int
    outcomes: Mapping[str, str]
    text: str


class Fate:
    """Counts the stages that changes come to, and lets happen what the scenario says at its moments."""

    def __init__(self, scenario: Scenario, ledger: Path, url: str) -> None:
        self._scenario = scenario
        self._ledger = ledger
        self._url = url
        self._seen: Counter[str] = Counter()
        moments = (scenario.kill, scenario.trouble and scenario.trouble[1])
        if any(moment is not None and moment.where == BEFORE_COMMIT for moment in moments):
            sa.event.listen(sa.Engine, "commit", lambda _: self._count(BEFORE_COMMIT))

    def on(self, progress: Progress) -> None:
        """Called at every stage of every change."""
        if progress.stage is Stage.INTENT:
            self._count(IN_THE_CALL)
        self._count(progress.stage.value)

    def _count(self, where: str) -> None:
        self._seen[where] += 1
        now = Moment(where, self._seen[where])
        trouble = self._scenario.trouble
        if trouble is not None and trouble[1] == now:
            _TROUBLE[trouble[0]](self._ledger, self._url)
        if self._scenario.kill == now:
            _kill(KILLED_AFTER if where == IN_THE_CALL else 0.0)


def _kill(after: float) -> None:
    """SIGKILL to this process: no handler, no ``finally`` and no buffer gets a chance."""
    if not after:
        os.kill(os.getpid(), signal.SIGKILL)
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGKILL))
    timer.daemon = True
    timer.start()


def _fill_disk(_ledger: Path, _url: str) -> None:
    """From now on the system refuses to write beyond the first bytes of any file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FULL_AT, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def _take_away(ledger: Path, _url: str) -> None:
    """The folder of the ledger is gone, as a file system over a network goes."""
    ledger.parent.rename(away(ledger))


def away(ledger: Path) -> Path:
    """Where the folder of a ledger that was taken away is."""
    return ledger.parent.with_name(f"{ledger.parent.name}.away")


def _lock(ledger: Path, url: str) -> None:
    """Somebody else holds the ledger's lock for a moment."""
    if url:
        _lock_postgres(url)
        return
    connection = sqlite3.connect(ledger, isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    threading.Timer(_BUSY_SECONDS, connection.close).start()


def _lock_postgres(url: str) -> None:
    connection = psycopg.connect(url)
    connection.execute("LOCK TABLE journal IN EXCLUSIVE MODE")
    threading.Timer(_BUSY_SECONDS, connection.close).start()


def _terminate(_ledger: Path, url: str) -> None:
    """The database server ends every other connection."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


_TROUBLE: Mapping[str, Callable[[Path, str], None]] = {
    "disk-full": _fill_disk,
    "ledger-gone": _take_away,
    "ledger-busy": _lock,
    "backends-terminated": _terminate,
}


def applied(context: Surroundings, plan: Path, decisions: Path, watch: Watch, sabotage: str | None) -> dict[str, Any]:
    """``psarecon apply``, part by part as the command does it, under ``watch``."""
    found = sort_changes(read_plan(plan), load_decisions(decisions.read_bytes(), decisions.name))
    try:
        ours = applier(context, new_run(), watch, {change.line.psa for change, _ in found.approved})
        service = applier_class(sabotage)(**{one.name: getattr(ours, one.name) for one in fields(Applier)})
        results = service.apply(read_plan(plan), found.approved) if found.approved else []
    except PsareconError as error:
        return {"code": error.exit_code, "outcomes": {}, "text": str(error)}
    left = blocked(read_plan(plan).findings) or bool(found.undecided)
    return {
        "code": exit_code((result.outcome for result in results), left=left),
        "outcomes": {result.change.line.id: result.outcome.value for result in results},
        "text": "; ".join(f"{result.change.line.id} {result.text}" for result in results if result.text),
    }


def in_child(work: Callable[[], dict[str, Any]]) -> Ended:
    """What ``work`` answered in a process of its own, or the signal that ended it."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _answer(theirs, work)
    os.close(theirs)
    said = b"".join(iter(lambda: os.read(ours, _BLOCK), b""))
    os.close(ours)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return Ended(None, os.WTERMSIG(status), {}, "")
    answer = json.loads(said)
    return Ended(answer["code"], 0, answer["outcomes"], answer["text"])


def _answer(pipe: int, work: Callable[[], dict[str, Any]]) -> None:
    """Say it and leave without a word: what the parent had open is the parent's to close."""
    try:
        answer = work()
    except BaseException:  # noqa: BLE001  # whatever it is, the checker shall see it
        answer = {"code": None, "outcomes": {}, "text": traceback.format_exc()}
    os.write(pipe, json.dumps(answer).encode())
    os._exit(0)
