"""The real program through a month: nights from fresh clones, pull requests, a person's mornings.

Whatever it plans is compared with the oracle's word before it is applied, and the PSAs with it afterwards.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness import Ran, Rehearsal
from month.office import Office
from month.oracle import Figures, Move, Oracle
from month.repository import Repository
from month.wishes import Wish, wishes

Data = dict[str, Any]
PIPELINE, PERSON = "nightly", "dana"
_URLS = {'"file:.sandbox/url"': '"env:SANDBOX_URL"', "file:.sandbox/url": "env:SANDBOX_URL"}
_LEDGER = "sqlite:.psarecon/ledger.db"
_RUN = re.compile(r"^run (\S+): \d+ approved changes$", re.MULTILINE)
_ENTRY = "from psarecon.cli.main import entry; entry()"
_PATIENCE = 60.0


@dataclass(frozen=True)
class Write:
    """A write that the journal must tell: what, when, by which run, decided by whom and why, at which commit."""

    move: Move
    day: date
    run: str
    by: str
    reason: str
    commit: str


@dataclass(frozen=True)
class Outage:
    """What fails for a night: the organizations whose readings fail (a whole source) or come out as zero."""

    failed: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()


@dataclass
class Month:
    """The month so far: ``writes`` and ``merged`` (titles of pull requests) are what the audit starts from."""

    office: Office
    repository: Repository
    users: Mapping[date, Mapping[str, int]]
    oracle: Oracle
    ledger: str
    day: date
    writes: list[Write] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    commits: dict[date, str] = field(default_factory=dict)
    doubts: int = 0
    by_hand: Counter[str] = field(default_factory=Counter)

    def begin(self, later: Collection[str]) -> None:
        """The first commit: settings for fresh clones, and everybody's file but those of ``later``."""

        def write(place: Path) -> None:
            text = (self.office.config / "psarecon.yaml").read_text("utf-8")
            for old, new in {**_URLS, _LEDGER: "env:PSARECON_LEDGER_URL"}.items():
                text = text.replace(old, new)
            (place / "psarecon.yaml").write_text(text, "utf-8")
            (place / ".gitignore").write_text((self.office.config / ".gitignore").read_text("utf-8"), "utf-8")
            (place / "clients").mkdir()
            self.onboard(place, [name for name in self.files() if name not in later])

        self.repository.begin(write)

    def files(self) -> list[str]:
        """The names of all clients' files."""
        return sorted(path.name for path in (self.office.config / "clients").glob("*.yaml"))

    def onboard(self, place: Path, names: Iterable[str]) -> None:
        """Lay clients' files into a clone."""
        for name in names:
            text = (self.office.config / "clients" / name).read_text("utf-8")
            (place / "clients" / name).write_text(text, "utf-8")

    def dawn(self, day: date) -> None:
        """The next day: users have joined and left."""
        self.day = self.repository.day = day
        self.office.dawn(day, self.users[day])

    @contextmanager
    def seat(self, by: str) -> Iterator[Rehearsal]:
        """A fresh clone of main, and the program in it, run by somebody."""
        with self.repository.clone() as place:
            yield self.seated(place, by)

    def seated(self, place: Path, by: str) -> Rehearsal:
        """The program in a clone."""
        environ = {**self.office.place.environ, "PSARECON_LEDGER_URL": self.ledger, "PSARECON_BY": by}
        return Rehearsal(place, self.office.place.url, environ)

    @property
    def wishes(self) -> dict[str, Wish]:
        """What main asks for."""
        return wishes(self.repository, self.repository.head())

    def night(self, outage: Outage | None = None) -> None:
        """The nightly job: check, resume, observe, plan, drift, apply."""
        with self.seat(PIPELINE) as seat:
            moves = self.until_plan(seat, outage)
            self.apply(seat, [move for move in moves if not move.against], "clean", "--approve-clean")
        self.evening()

    def until_plan(self, seat: Rehearsal, outage: Outage | None = None) -> list[Move]:
        """All of a night but ``apply``; what its plan asks for."""
        assert seat.run("check").code == 0
        self.resume(seat)
        self.observe(seat, outage)
        moves = self.plan(seat)
        self.drift(seat)
        return moves

    def evening(self) -> None:
        """The day is over: every line is in its PSA as it should be."""
        self.commits[self.day] = self.repository.head()
        self.as_expected()

    def as_expected(self) -> None:
        """Quantity, unit cost and number of writes of every line, as the sandbox has them and as they should be."""
        said = {name: (int(one["quantity"]), Decimal(one["unit_cost"]), one["writes"])
                for name, one in self.office.truth().items()}  # fmt: skip
        bills = self.oracle.bills.items()
        assert said == {name: (one.quantity(self.day), one.cost(self.day), one.writes) for name, one in bills}

    def resume(self, seat: Rehearsal) -> None:
        """What a killed run left in doubt is found to be written; else there is nothing to settle."""
        ran = seat.run("resume")
        told = ran.out.count("found applied"), ran.out.count("nothing is in doubt")
        assert (ran.code, told) == (0, (self.doubts, int(not self.doubts)))
        self.doubts = 0

    def observe(self, seat: Rehearsal, outage: Outage | None = None) -> None:
        """One reading of every source."""
        out = outage or Outage()
        ran = seat.run("observe")
        assert ran.code == (1 if out.failed else 0), ran.err
        wrong = dict.fromkeys(out.failed) | dict.fromkeys(out.empty, 0)
        self.oracle.read(self.day, {**self.users[self.day], **wrong})

    def plan(self, seat: Rehearsal) -> list[Move]:
        """Make and save the plan; it is the oracle's, line by line."""
        plan, wanted = seat.plan(), self.wishes
        moves = self.oracle.moves(wanted, self.day)
        assert _figures(plan["changes"]) == [(move.figures, move.causes) for move in moves]
        assert _findings(plan) == self._spoken_against(moves, wanted)
        assert plan["mapping"] == {"commit": self.repository.head(), "dirty": False}
        return moves

    def _spoken_against(self, moves: Iterable[Move], wanted: Mapping[str, Wish]) -> set[tuple[str, str, str]]:
        """(subject, severity, code) of all that may not be written without a person."""
        lines = {(move.line, *one) for move in moves for one in move.against}
        lines |= {
            (name, "LOOK", "acceptance-over")
            for name, wish in wanted.items()
            if wish.over(self.oracle.bills[name].quantity(self.day), self.day)
        }
        return lines | {(organization, "BLOCK", code) for organization, code in self.oracle.held(wanted)}

    def drift(self, seat: Rehearsal) -> None:
        """Which lines somebody moved, by ``drift``'s own words and exit code."""
        kinds = self.oracle.drift(self.wishes, self.day)
        ran = seat.run("drift", "--format", "json")
        assert ran.code == (8 if "against" in kinds.values() else 0), ran.err
        data = json.loads(ran.out)
        found = {one["line"]["id"]: group["kind"] for group in data["groups"] for one in group["lines"]}
        assert found | {one["line"]["id"]: "accepted" for one in data["accepted"]} == kinds

    def apply(self, seat: Rehearsal, moves: Sequence[Move], reason: str, *words: str) -> None:
        """Apply the saved plan: exactly these moves are written."""
        plan = json.loads(seat.plan_file.read_bytes())
        left = len(plan["changes"]) > len(moves) or any(one["severity"] == "BLOCK" for one in plan["findings"])
        ran = seat.run("apply", str(seat.plan_file), *words)
        assert (ran.code, _verified(ran)) == (4 if left else 0, len(moves)), ran.err
        if moves:
            self.wrote(moves, _RUN.findall(ran.err)[0], seat.environ["PSARECON_BY"], reason)

    def wrote(self, moves: Iterable[Move], run: str, by: str, reason: str) -> None:
        """Note what was written."""
        head, wanted = self.repository.head(), self.wishes
        for move in moves:
            self.oracle.write(move, None if "rollback" in move.causes else wanted[move.line], self.day)
            self.writes.append(Write(move, self.day, run, by, reason, head))

    def killed_night(self, nth: int) -> None:
        """A night whose apply is killed once its nth write has been carried out, before it hears of it."""
        with self.seat(PIPELINE) as seat:
            clean = [move for move in self.until_plan(seat) if not move.against]
            assert len(clean) > nth
            self._delay(seat, [self.office.lines[move.line].psa for move in clean[:nth]])
            wanted = sum(bill.writes for bill in self.oracle.bills.values()) + nth
            with _applying(seat) as process:
                _until(lambda: sum(one["writes"] for one in self.office.truth().values()) == wanted)
            assert process.returncode == -9
            seat.no_faults()
            self.wrote(clean[:nth], seat.log()[-1]["run"], PIPELINE, "clean")
        self.doubts = 1
        self.evening()

    def _delay(self, seat: Rehearsal, psas: Sequence[str]) -> None:
        """The answer to the last of these writes comes much later than the write is carried out."""
        method, path = ("POST", "ServiceAdjustments") if psas[-1] == "autotask" else ("PATCH", "/additions/")
        skip = psas.count(psas[-1]) - 1
        seat.fault("delay", psas[-1], method=method, path=path, skip=skip, seconds=60, when="after_apply")

    def dark_night(self) -> None:
        """A night in which Autotask is down: no plan, and so no write, in ConnectWise either."""
        with self.seat(PIPELINE) as seat:
            seat.fault("html", times=None)
            self.observe(seat)
            ran = seat.run("plan", "-o", str(seat.plan_file))
            assert (ran.code, seat.plan_file.exists()) == (1, False)
            seat.no_faults()
        self.evening()

    def propose(self, branch: str, edit: Callable[[Path], None]) -> set[str]:
        """A pull request, checked, told apart from what comes anyway, and merged; the lines that it causes."""
        with self.repository.clone() as place:
            self.repository.git("switch", "-q", "-c", branch, at=place)
            edit(place)
            if self.repository.git("status", "--porcelain", at=place):
                self.repository.commit(place, branch)
            self.repository.git("push", "-q", "origin", branch, at=place)
            caused = self._caused(self.seated(place, PERSON), self.repository.git("rev-parse", branch))
        title = f"Merge {branch}"
        self.merged.append(title)
        self.repository.merge(branch, title)
        return caused

    def _caused(self, seat: Rehearsal, commit: str) -> set[str]:
        assert seat.run("check").code == 0
        self.observe(seat)
        ran = seat.run("plan", "--base", "main", "--format", "json")
        assert ran.code == 0, ran.err
        found = json.loads(ran.out)
        before = {one.line: one for one in self.oracle.moves(self.wishes, self.day)}
        after = {one.line: one for one in self.oracle.moves(wishes(self.repository, commit), self.day)}
        same = {name for name in before.keys() & after.keys() if before[name].figures == after[name].figures}
        assert [one["line"]["id"] for one in found["anyway"]] == [name for name in after if name in same]
        edited = {one["line"]["id"]: [_figures([one[when]]) if one[when] else [] for when in ("before", "after")]
                  for one in found["edited"]}  # fmt: skip
        told = {name: [_one(before.get(name)), _one(after.get(name))] for name in before.keys() | after.keys() - same}
        assert edited == {name: both for name, both in told.items() if name not in same}
        dearer = sum((_cost(after.get(name)) - _cost(before.get(name)) for name in edited), Decimal(0))
        assert Decimal(found["totals"]["edited"]["cost_change"]) == dearer
        return set(edited)

    def decide(self, reason: str, wanted: Callable[[Move], bool]) -> int:
        """A person looks at a plan, approves some changes by name, and applies; how many."""
        with self.seat(PERSON) as seat:
            self.observe(seat)
            moves = [move for move in self.plan(seat) if wanted(move)]
            if moves:
                plan = json.loads(seat.plan_file.read_bytes())
                names = {one["line"]["id"]: one["id"] for one in plan["changes"]}
                ids = [names[move.line] for move in moves]
                decided = seat.run("decide", str(seat.plan_file), "--approve", *ids, "--reason", reason)
                assert decided.code == 0, decided.err
                self.apply(seat, moves, reason)
        self.as_expected()
        return len(moves)

    def take_back(self, run: str) -> set[str]:
        """A person takes a run back; the lines that had moved on since."""
        with self.seat(PERSON) as seat:
            moves, gone = self.oracle.back([one.move for one in self.writes if one.run == run], self.day)
            ran = seat.run("rollback", run, "-o", str(seat.plan_file))
            assert ran.code == 0, ran.err
            plan = json.loads(seat.plan_file.read_bytes())
            assert _figures(plan["changes"]) == [(move.figures, move.causes) for move in moves]
            assert _findings(plan) == {(name, "LOOK", "moved-on") for name in gone}
            self.apply(seat, moves, "clean", "--approve-clean")
        self.as_expected()
        return gone

    def hand_edit(self, name: str, units: int) -> None:
        """Somebody changes the units of a line in its PSA."""
        bill = self.oracle.bills[name]
        if bill.line.psa == "autotask":
            self.office.place.edit(line=name, units_change=units)
        else:
            self.office.place.edit(addition=name, quantity=str(bill.quantity(self.day) + units))
        self.oracle.touch(name, self.day, units)
        self.by_hand[name] += units


def _figures(changes: Iterable[Data]) -> list[tuple[tuple[str, Figures, Figures, date | None], frozenset[str]]]:
    """A plan's changes in the oracle's words."""
    return [(_change(one), frozenset(one["causes"])) for one in changes]


def _change(one: Data) -> tuple[str, Figures, Figures, date | None]:
    quantity = one["quantity"] or dict.fromkeys(("before", "after"), one["live"]["quantity"])
    cost = one["unit_cost"] or dict.fromkeys(("before", "after"), one["live"]["unit_cost"])
    before, after = ((int(quantity[when]), Decimal(cost[when])) for when in ("before", "after"))
    since = one["effective_date"]
    return one["line"]["id"], before, after, date.fromisoformat(since) if since else None


def _one(move: Move | None) -> list[Any]:
    return [] if move is None else [(move.figures, move.causes)]


def _cost(move: Move | None) -> Decimal:
    """How much the monthly cost of a line moves."""
    return Decimal(0) if move is None else move.after[0] * move.after[1] - move.before[0] * move.before[1]


def _findings(plan: Data) -> set[tuple[str, str, str]]:
    """(line or organization, severity, code) of all but information."""
    lines = {f"change:{one['id']}": one["line"]["id"] for one in plan["changes"]}
    return {
        (lines.get(one["scope"]) or one["scope"].rpartition("/")[2], one["severity"], one["code"])
        for one in plan["findings"]
        if one["severity"] != "INFO"
    }


def _verified(ran: Ran) -> int:
    found = re.match(r"(\d+) verified", ran.out)
    return int(found[1]) if found else 0


@contextmanager
def _applying(seat: Rehearsal) -> Iterator[subprocess.Popen[bytes]]:
    """The saved plan applied by a process of its own, which is killed in the end."""
    words = ["-C", str(seat.directory), "apply", str(seat.plan_file), "--approve-clean"]
    command, quiet = [sys.executable, "-c", _ENTRY, *words], subprocess.DEVNULL
    with subprocess.Popen(command, env=seat.environ, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not what():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.02)
