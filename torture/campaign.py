"""Many runs on several workers: who does which seed, what is counted, and what the end looks like."""

from __future__ import annotations

import gc
import multiprocessing
import os
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

from torture.checker import Violation, violations
from torture.evidence import Evidence
from torture.ledgers import Ledger, postgres_ledger, sqlite_ledger
from torture.run import Bench, Run
from torture.scenario import Scenario, draw
from torture.site import serving, write_settings
from torture.surroundings import Shared

_FORK = multiprocessing.get_context("fork")
#: Most of a run is waiting for a settle window or for the next try of a read: a core carries several workers.
_WORKERS_PER_CORE = 8


@dataclass(frozen=True, slots=True)
class Order:
    """What to run: ``runs`` seeds from ``seed`` on, until ``seconds`` are over; ``urls``: PostgreSQL, one a worker."""

    psa: str
    runs: int
    seed: int
    seconds: float
    workers: int = 1
    sabotage: str | None = None
    urls: Sequence[str] = ()

    @property
    def ledger(self) -> str:
        """The kind of database."""
        return "postgres" if self.urls else "sqlite"

    @property
    def hands(self) -> int:
        """How many workers there are."""
        return max(1, min(self.workers, self.runs, len(self.urls) or self.workers))


def default_workers() -> int:
    """As many as keep this machine busy."""
    return (os.cpu_count() or 1) * _WORKERS_PER_CORE


class Verdict(NamedTuple):
    """One judged run, as a worker tells it."""

    seed: int
    faults: tuple[str, ...]
    killed_at: str
    trouble: str
    outcome: str
    violations: tuple[Violation, ...]
    doubts: int


@dataclass(slots=True)
class Tally:
    """The figures of a campaign."""

    runs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    trouble: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    doubts: int = 0
    bad: list[Verdict] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, one: Verdict) -> None:
        """Count a run."""
        self.runs += 1
        self.faults.update(one.faults)
        self.kills.update([one.killed_at] if one.killed_at else [])
        self.trouble.update([one.trouble] if one.trouble else [])
        self.outcomes[one.outcome] += 1
        self.rules.update({violation.rule for violation in one.violations})
        self.doubts += one.doubts
        self.bad += [one] if one.violations else []


def campaign(order: Order) -> Tally:
    """Carry out all runs, or as many as the time allows."""
    tally, began = Tally(), time.monotonic()
    for verdict in _verdicts(order, began + order.seconds):
        tally.add(verdict)
    tally.seconds = time.monotonic() - began
    return tally


def _verdicts(order: Order, until: float) -> Iterator[Verdict]:
    """Hand a seed to whoever is free; stop handing out when the time is over."""
    seeds = iter(range(order.seed, order.seed + order.runs))
    with tempfile.TemporaryDirectory(prefix="psarecon-torture-") as folder, _workers(order, Path(folder)) as hands:
        busy = set(hands)
        while busy:
            for hand in wait(list(busy)):
                assert isinstance(hand, Connection)
                told = hand.recv()
                if told is not None:
                    yield told
                seed = next(seeds, None) if time.monotonic() < until else None
                if seed is None:
                    busy.discard(hand)
                else:
                    hand.send(seed)


@contextmanager
def _workers(order: Order, folder: Path) -> Iterator[list[Connection]]:
    pipes: list[Connection] = []
    processes = []
    try:
        for number in range(order.hands):
            ours, theirs = _FORK.Pipe()
            pipes.append(ours)
            # A worker closes our ends, which it inherits: else it would never learn that we are gone.
            process = _FORK.Process(target=_work, args=(order, folder / str(number), number, theirs, tuple(pipes)))
            process.start()
            theirs.close()
            processes.append(process)
        yield pipes
    finally:
        for ours in pipes:
            ours.close()
        for process in processes:
            process.join(30)


def _work(order: Order, directory: Path, number: int, pipe: Connection, inherited: Sequence[Connection]) -> None:
    """A worker: says that it is ready, then judges the seeds it is given until nobody gives any more."""
    for other in inherited:
        other.close()
    with bench(order, directory, number) as found:
        said: Verdict | None = None
        gc.freeze()  # what is here now stays: forked children need not copy it to look at it
        while True:
            try:
                pipe.send(said)
                seed = pipe.recv()
            except (EOFError, BrokenPipeError):
                return
            said = judged(found, draw(order.psa, order.ledger, seed))


@contextmanager
def bench(order: Order, directory: Path, number: int = 0) -> Iterator[Bench]:
    """A worker's own directory, ledger and sandbox."""
    ledger_setting = "env:PSARECON_LEDGER_URL" if order.urls else "sqlite:.psarecon/ledger.db"
    write_settings(directory, order.psa, ledger_setting)
    ledger: Ledger = postgres_ledger(directory, order.urls[number]) if order.urls else sqlite_ledger(directory)
    with serving(directory) as site:
        yield Bench(directory, site, ledger, Shared.of(directory), order.sabotage)
    ledger.database.close()


def judged(found: Bench, scenario: Scenario) -> Verdict:
    """Carry a scenario out and judge it; a campaign that breaks is a violation of its own."""
    try:
        evidence = Run(found, scenario).carry_out()
        broken = violations(evidence)
    except Exception:  # noqa: BLE001  # one broken run must not end the thousands of others, nor pass for a good one
        evidence, broken = Evidence(), [Violation("campaign", traceback.format_exc())]
    return Verdict(
        scenario.seed,
        tuple(fault.name for fault in scenario.faults),
        scenario.kill.where if scenario.kill and evidence.signal else "",
        scenario.trouble[0] if scenario.trouble else "",
        "killed" if evidence.signal else f"exit {evidence.code}",
        tuple(broken),
        len(evidence.doubts(evidence.journal)),
    )
