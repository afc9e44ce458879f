"""What becomes of one write: verified, failed, unknown, already there or a conflict, and never sent twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import (
    ADJUSTMENT,
    autotask_setting,
    body_of,
    events,
    last_text,
    marks,
    observed_plan,
    only_change,
)


@pytest.fixture
def planned(acme: Rehearsal) -> Rehearsal:
    """Ten to fourteen is planned; requests are counted from here."""
    observed_plan(acme)
    acme.forget_requests()
    return acme


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients, each to go from ten to fourteen; planned."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd"), Client("Gamma AS")) as found:
        observed_plan(found)
        yield found


@pytest.fixture
def dearer(tmp_path: Path) -> Iterator[Rehearsal]:
    """Ten at 8.50 to fourteen at 9.00 is planned."""
    with rehearsal(tmp_path / "msp", Client(unit_cost="8.50")) as found:
        observed_plan(found)
        yield found


def figures(rehearsal: Rehearsal, line: int = 0) -> tuple[str, int]:
    """A line's true units and how often it was written through the API."""
    truth = rehearsal.truth(rehearsal.lines[line])
    return truth["quantity"], truth["writes"]


def test_a_refusal_with_errors_is_final(planned: Rehearsal) -> None:
    """500 with ``errors`` is a clear no: failed with the server's words, one POST, exit 6."""
    said = json.dumps({"errors": ["The Contract referenced by contractID is on hold."]})
    planned.fault("status", path=ADJUSTMENT, status=500, body=said, times=None)
    ran = planned.apply()
    assert (ran.code, ran.out, planned.adjustments(), figures(planned)) == (6, "1 failed\n", 1, ("10", 0))
    assert "is on hold." in last_text(planned)
    assert events(planned) == ["intent", "failed"]


def test_after_a_refusal_a_new_plan_works(planned: Rehearsal) -> None:
    """A failed line is in no doubt: the next plan holds the change again, and it is written."""
    planned.fault("status", path=ADJUSTMENT, status=500, body='{"errors": ["not now"]}')
    planned.apply()
    assert body_of(only_change(planned.plan()))["unitChange"] == 4
    assert (planned.apply().code, figures(planned)) == (0, ("14", 1))


@pytest.mark.parametrize("kind", ["empty_500_after_apply", "drop_after_apply", "truncated", "bad_json"])
def test_a_write_whose_answer_was_lost_is_read_back_and_verified(planned: Rehearsal, kind: str) -> None:
    """It was carried out and only the answer is missing: verified by reading, sent once."""
    planned.fault(kind, path=ADJUSTMENT)
    ran = planned.apply()
    assert (ran.code, ran.out, planned.adjustments(), figures(planned)) == (0, "1 verified\n", 1, ("14", 1))
    assert events(planned) == ["intent", "verified"]


@pytest.mark.parametrize("kind", ["empty_500_before_apply", "drop_before_apply", "html"])
def test_a_write_that_was_never_carried_out_has_failed_and_is_not_sent_again(planned: Rehearsal, kind: str) -> None:
    """Unchanged after the settle window: failed as not applied, one POST; a new plan then writes it."""
    planned.fault(kind, path=ADJUSTMENT)
    ran = planned.apply()
    assert (ran.code, ran.out, planned.adjustments(), figures(planned)) == (6, "1 failed\n", 1, ("10", 0))
    assert "it was not applied" in last_text(planned)
    only_change(planned.plan())
    assert (planned.apply().code, figures(planned)) == (0, ("14", 1))


def test_a_line_whose_outcome_is_open_does_not_hold_up_the_others(three: Rehearsal) -> None:
    """The first line's answer is lost unapplied: the other two are written before it is waited for."""
    three.fault("drop_before_apply", path=ADJUSTMENT)
    ran = three.apply()
    assert (ran.code, ran.out) == (6, "2 verified, 1 failed\n")
    assert [figures(three, line) for line in range(3)] == [("10", 0), ("14", 1), ("14", 1)]


@pytest.mark.parametrize("status", [429, 500])
def test_a_write_refused_by_the_thread_limit_is_sent_again(planned: Rehearsal, status: int) -> None:
    """A limit refused it before anything was done: seen to be unchanged, sent again, verified, written once.

    Each sending has an intent of its own: how long a server may still work on a call counts from the last.
    """
    planned.fault("thread_limit", path=ADJUSTMENT, status=status)
    ran = planned.apply()
    assert (ran.code, ran.out, planned.adjustments(), figures(planned)) == (0, "1 verified\n", 2, ("14", 1))
    assert events(planned) == ["intent", "intent", "verified"]


def test_a_write_that_limits_go_on_refusing_has_failed(planned: Rehearsal) -> None:
    """Three times refused: failed with the server's words; nothing was written."""
    planned.fault("thread_limit", path=ADJUSTMENT, times=None)
    ran = planned.apply()
    assert (ran.code, ran.out, planned.adjustments(), figures(planned)) == (6, "1 failed\n", 3, ("10", 0))
    assert "thread threshold of 3 threads has been exceeded" in last_text(planned)


def test_a_line_that_moved_since_the_plan_is_a_conflict_and_the_others_go_on(three: Rehearsal) -> None:
    """Somebody made it eleven: exit 5, all three values, nothing sent for it, the other lines written."""
    three.edit(line=three.lines[0], units_change=1)
    ran = three.apply()
    assert (ran.code, ran.out) == (5, "1 conflict, 2 verified\n")
    assert "planned from 10, now 11, wanted 14" in ran.err
    assert [figures(three, line) for line in range(3)] == [("11", 0), ("14", 1), ("14", 1)]
    assert events(three) == ["conflict"]


def test_a_cost_that_moved_since_the_plan_is_a_conflict_too(dearer: Rehearsal) -> None:
    """Somebody set 8.75: shown with the planned 8.50 and the wanted 9.00."""
    dearer.edit(line=dearer.lines[0], unit_cost="8.75")
    ran = dearer.apply()
    assert (ran.code, figures(dearer)) == (5, ("10", 0))
    assert "planned from 10 at 8.50, now 10 at 8.75, wanted 14 at 9.00" in ran.err


def test_after_a_conflict_a_new_plan_counts_from_what_is_there(three: Rehearsal) -> None:
    """Eleven to fourteen: +3."""
    three.edit(line=three.lines[0], units_change=1)
    three.apply()
    assert body_of(only_change(three.plan()))["unitChange"] == 3
    assert (three.apply().code, figures(three)) == (0, ("14", 1))


def test_a_line_that_already_is_as_wanted_has_nothing_sent(planned: Rehearsal) -> None:
    """Somebody was quicker and made it fourteen: ``already``, exit 0, no POST."""
    planned.edit(line=planned.lines[0], units_change=4)
    ran = planned.apply()
    assert (ran.code, ran.out, planned.adjustments(), figures(planned)) == (0, "1 already\n", 0, ("14", 0))
    assert events(planned) == ["already"]
    assert planned.plan()["changes"] == []


def test_a_plan_that_is_applied_twice_writes_once(planned: Rehearsal) -> None:
    """The second apply of the same file finds every line as wanted."""
    assert planned.apply().out == "1 verified\n"
    ran = planned.apply()
    assert (ran.code, ran.out, planned.adjustments(), figures(planned)) == (0, "1 already\n", 1, ("14", 1))


@pytest.fixture
def raced(planned: Rehearsal) -> Rehearsal:
    """Somebody adds one in the moment between our read and our write: it ends at fifteen."""
    planned.fault("edit_before_write", edit={"line": planned.lines[0], "units_change": 1})
    ran = planned.apply()
    assert (ran.code, ran.out) == (6, "1 unknown\n")
    return planned


def test_a_line_that_moves_between_read_and_write_is_unknown(raced: Rehearsal) -> None:
    """Fifteen is neither ten nor fourteen: nothing more is sent, and the text has the figures."""
    assert (figures(raced), raced.adjustments(), events(raced)) == (("15", 1), 1, ["intent", "unknown"])
    assert "read back 15, neither what was nor 14" in last_text(raced)


def test_an_unknown_line_is_left_alone_by_plans_and_by_resume(raced: Rehearsal) -> None:
    """The plan blocks it as in doubt, ``resume`` cannot tell either and exits 6."""
    plan = raced.plan()
    assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "in-doubt")})
    resumed = raced.run("resume")
    assert (resumed.code, "still in doubt: 15" in resumed.out, figures(raced)) == (6, True, ("15", 1))


def test_a_person_settles_an_unknown_line_with_a_reason(raced: Rehearsal) -> None:
    """``resume --accept CHANGE --reason …`` is kept in the journal; the next plan goes from fifteen to fourteen."""
    change = raced.log()[-1]["change"]
    assert raced.run("resume", "--accept", change).code == 64
    accepted = raced.run("resume", "--accept", change, "--reason", "one seat was sold by phone")
    assert (accepted.code, events(raced)[-1]) == (0, "settled")
    assert "one seat was sold by phone" in last_text(raced)
    assert body_of(only_change(raced.plan()))["unitChange"] == -1


def test_an_applied_plan_with_a_line_in_doubt_skips_that_line(raced: Rehearsal) -> None:
    """The old plan file is not a way around the doubt: skipped, nothing sent, exit 6."""
    ran = raced.apply()
    assert (ran.code, ran.out, raced.adjustments()) == (6, "1 skipped\n", 1)
    assert "held back since run" in ran.err


def test_a_cost_the_server_ignored_is_unknown_and_not_verified(dearer: Rehearsal) -> None:
    """The units went to fourteen, the cost stayed: 200 was answered, and it is not taken for success."""
    dearer.fault("ignored_field", name="adjustedUnitCost")
    ran = dearer.apply()
    assert (ran.code, ran.out, figures(dearer)) == (6, "1 unknown\n", ("14", 1))
    assert "read back 14 at 8.50, neither what was nor 14 at 9.00" in last_text(dearer)


def test_a_cost_alone_that_the_server_ignored_is_unknown(tmp_path: Path) -> None:
    """Accepted, and nothing changed within the settle window: a person decides."""
    with rehearsal(tmp_path / "msp", Client(units=14, unit_cost="8.50")) as found:
        observed_plan(found)
        found.fault("ignored_field", name="adjustedUnitCost")
        ran = found.apply()
        assert (ran.code, ran.out, found.adjustments()) == (6, "1 unknown\n", 1)
        assert "accepted it and nothing changed" in last_text(found)


def test_a_line_that_cannot_be_read_back_is_unknown_until_resume_reads_it(planned: Rehearsal) -> None:
    """Written, and every read fails since: unknown, exit 6; once reads work ``resume`` finds it applied."""
    planned.fault("status", path="ContractServiceUnits/query", status=400, skip=1, times=None)
    ran = planned.apply()
    assert (ran.code, ran.out, figures(planned)) == (6, "1 unknown\n", ("14", 1))
    planned.no_faults()
    resumed = planned.run("resume")
    assert (resumed.code, events(planned), figures(planned)) == (0, ["intent", "unknown", "verified"], ("14", 1))


def test_a_line_that_cannot_be_read_before_the_write_has_nothing_sent(three: Rehearsal) -> None:
    """The first re-read fails for good: failed without an intent, and the others go on."""
    three.forget_requests()
    three.fault("status", path="ContractServiceUnits/query", status=400)
    ran = three.apply()
    assert (ran.code, ran.out, three.adjustments()) == (6, "1 failed, 2 verified\n", 2)
    assert events(three) == []


def test_a_write_that_takes_longer_than_we_wait_is_found_when_it_lands(planned: Rehearsal) -> None:
    """No answer in time, unchanged at first: read again until the server can no longer be at it, then verified."""
    planned.settings("settle_window: 1s", "settle_window: 3s")
    autotask_setting(planned, "write_timeout: 1s")
    planned.fault("delay", path=ADJUSTMENT, seconds=1.5)
    ran = planned.apply()
    assert (ran.code, ran.out, planned.adjustments(), figures(planned)) == (0, "1 verified\n", 1, ("14", 1))
