"""Somebody watches a run, lets it wait and stops it: the lease is kept or nothing is written, and nothing is stale."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import ADJUSTMENT, events, observed_plan
from journeys.connectwise_steps import CwClient, connectwise
from journeys.run_steps import prepared, until

from psarecon.protocol import Outcome, Progress, Result, Stage, Watch

#: Seconds; a lease that a pause of a test can outlast.
LEASE = 1.0


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients, each to go from ten to fourteen; planned."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd"), Client("Gamma AS")) as found:
        observed_plan(found)
        yield found


def truths(found: Rehearsal) -> list[tuple[str, int]]:
    """Each line's true units and how often it was written."""
    return [(truth["quantity"], truth["writes"]) for truth in map(found.truth, found.lines)]


class Waiting:
    """Makes a run wait before its second line until it is let go; ``sleeps`` seconds at a time instead, if given."""

    def __init__(self, sleeps: float | None = None) -> None:
        self.waits = threading.Event()
        self.go = threading.Event()
        self.seen: list[Progress] = []
        self._sleeps = sleeps

    def watch(self) -> Watch:
        """For the service."""
        return Watch(on=self.seen.append, paused=self._paused, pause=self._pause)

    def _paused(self) -> bool:
        return any(one.outcome is not None for one in self.seen) and not self.go.is_set()

    def _pause(self, seconds: float) -> None:
        self.waits.set()
        if self._sleeps is None:
            self.go.wait(seconds)
        else:
            time.sleep(self._sleeps)


def test_a_run_that_waits_longer_than_its_lease_keeps_it(three: Rehearsal) -> None:
    """Three leases long: another apply is locked out all the time, then the other two lines are written."""
    waiting = Waiting()
    with prepared(three, lease=LEASE) as run:
        thread = threading.Thread(target=run.start, args=[waiting.watch()])
        thread.start()
        assert waiting.waits.wait(20)
        for _ in range(6):
            time.sleep(LEASE / 2)
            assert (three.apply().code, truths(three)) == (7, [("14", 1), ("10", 0), ("10", 0)])
        waiting.go.set()
        thread.join(20)
    assert [one.outcome for one in waiting.seen if one.outcome] == [Outcome.VERIFIED] * 3
    assert truths(three) == [("14", 1)] * 3


def test_a_run_that_slept_through_its_lease_writes_nothing_more(three: Rehearsal) -> None:
    """The machine slept while it waited: its successor's lines are the successor's, none is written twice."""
    waiting = Waiting(sleeps=LEASE * 2.5)
    with prepared(three, lease=LEASE) as run:
        results: list[Result] = []
        thread = threading.Thread(target=lambda: results.extend(run.start(waiting.watch())))
        thread.start()
        assert waiting.waits.wait(20)
        until(lambda: three.apply().code != 7)
        assert truths(three) == [("14", 1)] * 3
        waiting.go.set()
        thread.join(20)
    assert [result.outcome for result in results] == [Outcome.VERIFIED, Outcome.SKIPPED, Outcome.SKIPPED]
    assert all("ran out: nothing more is written" in result.text for result in results[1:])
    assert truths(three) == [("14", 1)] * 3


def test_a_line_is_read_again_after_the_wait(three: Rehearsal) -> None:
    """Somebody changed the second line while the run waited: a conflict, not four on top of what he wrote."""
    waiting = Waiting()
    with prepared(three) as run:
        thread = threading.Thread(target=run.start, args=[waiting.watch()])
        thread.start()
        assert waiting.waits.wait(20)
        three.edit(line=three.lines[1], units_change=1)
        waiting.go.set()
        thread.join(20)
    assert [one.outcome for one in waiting.seen if one.outcome] == [
        Outcome.VERIFIED,
        Outcome.CONFLICT,
        Outcome.VERIFIED,
    ]
    assert truths(three) == [("14", 1), ("11", 0), ("14", 1)]


def test_a_run_that_is_told_to_stop_while_it_waits_writes_nothing_more(three: Rehearsal) -> None:
    """The second and third are skipped."""
    waiting = Waiting()
    watch = waiting.watch()
    watch.stop = waiting.waits.is_set
    with prepared(three) as run:
        results = run.start(watch)
    assert [result.text for result in results] == ["", "the run was told to stop", "the run was told to stop"]
    assert truths(three) == [("14", 1), ("10", 0), ("10", 0)]


def test_an_outcome_that_is_not_clear_is_told_at_once_and_settled_at_the_end(three: Rehearsal) -> None:
    """The connection broke before the first write was carried out: told before the second line is begun."""
    seen: list[Progress] = []
    three.fault("drop_before_apply", path=ADJUSTMENT)
    with prepared(three) as run:
        run.start(Watch(on=seen.append))
    stages = [(run.changes.index(one.change), one.stage) for one in seen if one.stage in (Stage.WAITING, Stage.DONE)]
    assert stages == [(0, Stage.WAITING), (1, Stage.DONE), (2, Stage.DONE), (0, Stage.DONE)]
    waiting = next(one for one in seen if one.stage is Stage.WAITING)
    assert (waiting.outcome, waiting.text.endswith("; the line is as before so far")) == (None, True)
    assert "the connection broke" in waiting.text


def test_a_success_that_changed_nothing_is_not_clear(tmp_path: Path) -> None:
    """ConnectWise's 200 is no proof: told with its reason, and in doubt in the end."""
    seen: list[Progress] = []
    with connectwise(tmp_path / "msp", CwClient()) as found:
        observed_plan(found)
        found.fault("false_200", "connectwise")
        with prepared(found) as run:
            run.start(Watch(on=seen.append))
        told = [one.text for one in seen if one.stage is Stage.WAITING]
        assert told == ["the server accepted it; the line is as before so far"]
        assert (seen[-1].outcome, events(found)) == (Outcome.UNKNOWN, ["intent", "unknown"])
        assert found.truth()["quantity"] == "10"


def test_a_clear_outcome_is_never_called_unclear(three: Rehearsal) -> None:
    """Verified, refused, moved: each has one last word."""
    seen: list[Progress] = []
    three.edit(line=three.lines[1], units_change=1)
    three.fault("status", path=ADJUSTMENT, status=400, body='{"errors": ["no"]}')
    with prepared(three) as run:
        run.start(Watch(on=seen.append))
    assert [one.outcome for one in seen if one.outcome] == [Outcome.FAILED, Outcome.CONFLICT, Outcome.VERIFIED]
    assert Stage.WAITING not in [one.stage for one in seen]


def test_what_is_left_of_the_budget_is_known_while_the_run_goes_on(three: Rehearsal) -> None:
    """Of 10,000 requests an hour psarecon stops at 9,500: each line costs two, and one more before the first."""
    left: list[int] = []
    with prepared(three) as run:
        service = run.service
        assert service.budget_left() == {}
        run.start(Watch(on=lambda one: left.append(service.budget_left()["autotask"]) if one.outcome else None))
    assert [before - after for before, after in pairwise(left)] == [2, 2]
    assert 9_000 < left[-1] < 9_500
