"""Two processes race for one lease, round after round: each round one gets it and the other is told who has it.

``make race`` runs a thousand rounds on each kind of database and prints the figures; the tests run fewer.

Usage: python tests/lease_race.py [ROUNDS], or, as one of the two, python tests/lease_race.py URL NAME
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from psarecon.errors import LockHeld
from psarecon.ledger.database import Database, leases, open_database
from psarecon.ledger.leases import Holder, Leases
from psarecon.process import this_process

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANT = "tenant"
ROUNDS = 1000
#: What the two find: nobody's lease, one that ran out, one whose process was killed on this machine.
_FOUND = ("free", "ran out", "killed")


@dataclass
class Tally:
    """What became of the rounds: by starting state those with one winner, and every round that had not one."""

    seconds: float = 0.0
    decided: Counter[str] = field(default_factory=Counter)
    winners: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


def race(url: str, rounds: int) -> Tally:
    """Race for so many rounds in the ledger at ``url``."""
    tally = Tally()
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(open_database(url, Path())))
        runners = {name: stack.enter_context(_runner(url, name)) for name in ("one", "two")}
        began = time.perf_counter()
        for found in islice(cycle(_FOUND), rounds):
            _prepare(ledger, found)
            _round(ledger, runners, found, tally)
        tally.seconds = time.perf_counter() - began
    return tally


def _round(ledger: Database, runners: dict[str, subprocess.Popen[str]], found: str, tally: Tally) -> None:
    for runner in runners.values():
        _say(runner, "take")
    answers = {name: _answer(runner) for name, runner in runners.items()}
    won = [name for name, answer in answers.items() if answer == "won"]
    in_ledger = [held.holder.owner for held in Leases(ledger).held()]
    if sorted(answers.values()) == ["held", "won"] and in_ledger == won:
        tally.decided[found] += 1
        tally.winners[won[0]] += 1
    else:
        tally.violations.append(f"{found}: {answers}, and the ledger names {in_ledger}")
    for name in won:
        _say(runners[name], "release")
        _answer(runners[name])


def _prepare(ledger: Database, found: str) -> None:
    """Leave the lease as the runners shall find it."""
    Leases(ledger).steal(TENANT, Holder("race", "here", "race"), "next round", force=True)
    if found == "free":
        return
    gone = this_process().rpartition("/")[0] + "/4194304999@1" if found == "killed" else ""
    Leases(ledger).take(TENANT, Holder("nobody", "here", "before", process=gone), 600)
    if found == "ran out":
        with ledger.writing() as connection:
            connection.execute(sa.update(leases).values(expires_at=leases.c.acquired_at))


@contextmanager
def _runner(url: str, name: str) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, __file__, url, name], stdin=pipe, stdout=pipe, text=True) as process:
        if _answer(process) != "ready":
            raise SystemExit(f"{name} did not start")
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _say(runner: subprocess.Popen[str], word: str) -> None:
    assert runner.stdin is not None
    runner.stdin.write(f"{word}\n")
    runner.stdin.flush()


def _answer(runner: subprocess.Popen[str]) -> str:
    assert runner.stdout is not None
    return runner.stdout.readline().strip()


def run(url: str, name: str) -> None:
    """One of the two: does as it is told on stdin, and answers each order with a word."""
    service = Leases(open_database(url, Path()))
    holder = Holder(name, "here", f"run-{name}", process=this_process())
    print("ready", flush=True)
    for order in sys.stdin:
        try:
            if order.strip() == "take":
                lease = service.take(TENANT, holder, 600)
                print("won", flush=True)
            else:
                lease.release()
                print("released", flush=True)
        except LockHeld:
            print("held", flush=True)


def main(rounds: int) -> None:
    """Race on both kinds, print the figures; exit 1 after any violation."""
    from postgres import serving  # the one of the two needs it not

    broken = 0
    with tempfile.TemporaryDirectory() as folder, serving(fsync="on") as server, server.database() as database:
        for kind, url in (("SQLite", f"sqlite:{folder}/ledger.db"), ("PostgreSQL", database)):
            tally = race(url, rounds)
            broken += len(tally.violations)
            states = ", ".join(f"{count} {found}" for found, count in tally.decided.items())
            print(f"{kind}: {rounds} rounds in {tally.seconds:.1f} s, {len(tally.violations)} with not one holder")
            print(f"  found {states}; won {dict(tally.winners)}")
            print(*(f"  {violation}" for violation in tally.violations), sep="\n")
    raise SystemExit(1 if broken else 0)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        run(*sys.argv[1:])
    else:
        main(int(sys.argv[1]) if len(sys.argv) == 2 else ROUNDS)
