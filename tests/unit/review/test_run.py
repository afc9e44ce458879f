"""A run on a screen, without a screen: standings, totals, and the question that makes it wait."""

from __future__ import annotations

import threading
import time
from decimal import Decimal

import pytest
from unit.domain.make import change
from unit.review.runs import Clock, carried_out, done, model, shown, step

from psarecon.domain.money import Money
from psarecon.errors import EXIT_BLOCKED, EXIT_DONE, EXIT_LOCKED, EXIT_PARTIAL, EXIT_STALE, LockHeld
from psarecon.protocol import Outcome, Progress, Result, Stage, Watch
from psarecon.review.run import Question, RunModel, Standing
from psarecon.review.run_text import asked, detail, status, summary
from psarecon.review.spans import text_of


@pytest.mark.parametrize("stage", [Stage.REREAD, Stage.LEASED, Stage.INTENT, Stage.SENT, Stage.READ_BACK])
def test_a_change_on_its_way_is_being_written(stage: Stage) -> None:
    """From its first read to its outcome, and it is the one in flight."""
    run = model()
    step(run, 2, stage)
    assert (run.standing(2), run.in_flight, shown(run, 2)[:9]) == (Standing.WRITING, 2, "> writing")


def test_a_change_whose_outcome_is_not_clear_is_unclear_until_it_has_one() -> None:
    """It is in flight no more, is not done, and says why."""
    run = model()
    step(run, 0, Stage.SENT)
    step(run, 0, Stage.WAITING, "the connection broke; the line is as before so far")
    assert (run.standing(0), run.in_flight, run.totals().done) == (Standing.UNCLEAR, None, 0)
    assert text_of(detail(run, 0, 80)[0]) == "? unclear: the connection broke; the line is as before so far"
    done(run, 0, Outcome.VERIFIED)
    assert (run.standing(0), run.totals().done) == (Standing.VERIFIED, 1)


def test_what_changed_is_told_once() -> None:
    """The screen draws only those lines again."""
    run = model()
    step(run, 1, Stage.SENT)
    done(run, 1, Outcome.VERIFIED)
    step(run, 3, Stage.SENT)
    assert (run.drain(), run.drain()) == ({1, 3}, set())


def test_totals_count_what_is_known_and_the_money_of_what_was_verified() -> None:
    """Verified 72.00 and 120.00; what was so already is summed apart; the rest moves no money."""
    clock = Clock()
    run = model(clock=clock)

    def start(watch: Watch) -> list[Result]:
        for place, outcome in enumerate((Outcome.VERIFIED, Outcome.VERIFIED, Outcome.ALREADY, Outcome.CONFLICT)):
            watch.on(Progress(Stage.DONE, run.changes[place], outcome))
        clock.now += 30
        totals = run.totals()
        assert (totals.done, totals.total, totals.elapsed, totals.rate) == (4, 5, 30.0, 8.0)
        assert (totals.written.cost, totals.written.revenue) == (Decimal("72.00"), Decimal("120.00"))
        assert (totals.already.cost, totals.already.revenue) == (Decimal("36.00"), Decimal("60.00"))
        assert [totals.counts[one] for one in (Standing.VERIFIED, Standing.MOVED, Standing.WAITING)] == [2, 1, 1]
        return []

    run.carry_out(start)
    assert run.totals().counts[Standing.SKIPPED] == 1


def test_time_spent_on_a_question_slows_nothing_down() -> None:
    """Two done in thirty seconds are four a minute, also after an hour of waiting for an answer."""
    clock = Clock()
    run = model(clock=clock)

    def start(watch: Watch) -> list[Result]:
        clock.now += 30
        watch.on(Progress(Stage.DONE, run.changes[0], Outcome.VERIFIED))
        watch.on(Progress(Stage.DONE, run.changes[1], Outcome.UNKNOWN))
        clock.now += 3600
        assert run.totals().rate == 4.0
        run.go_on()
        assert (run.totals().rate, run.totals().elapsed) == (4.0, 3630.0)
        return []

    run.carry_out(start)


def test_money_that_is_not_known_counts_as_nothing() -> None:
    """A line whose cost the PSA hides moves no sum."""
    hidden = change(money=Money(None, None, Decimal(150), Decimal(210)))
    run = RunModel([hidden], "run")
    done(run, 0, Outcome.VERIFIED)
    assert (run.totals().written.cost, run.totals().written.revenue) == (Decimal(0), Decimal(60))


@pytest.mark.parametrize("outcome", [Outcome.VERIFIED, Outcome.ALREADY, Outcome.CONFLICT, Outcome.SKIPPED])
def test_an_outcome_that_is_no_trouble_asks_nothing(outcome: Outcome) -> None:
    """However often."""
    run = model()
    for place in range(4):
        done(run, place, outcome)
    assert run.question is None


def test_an_outcome_in_doubt_asks() -> None:
    """One is enough."""
    run = model()
    done(run, 1, Outcome.UNKNOWN, "read back 12")
    assert run.question == Question(1, "what became of this change is in doubt")
    said = asked(run, Question(1, "what became of this change is in doubt"))
    assert said[1] == "Beta Ltd, jumpcloud-platform, 10 → 14 at 9.00: read back 12"
    assert said[2] == "Nothing is written until you answer. 4 changes are left."


def test_an_outcome_that_is_not_clear_yet_asks() -> None:
    """The other lines are not written as if nothing had happened."""
    run = model()
    step(run, 0, Stage.WAITING, "no answer in time")
    assert run.question == Question(0, "it is not clear yet what became of this change")


def test_three_failures_ask_and_after_the_answer_three_more_do() -> None:
    """Two ask nothing; a verified line begins the count anew; a conflict in between does not."""
    run = model(12)
    outcomes = [Outcome.FAILED, Outcome.FAILED, Outcome.VERIFIED, Outcome.FAILED, Outcome.CONFLICT, Outcome.FAILED]
    for place, outcome in enumerate(outcomes):
        done(run, place, outcome)
    assert run.question is None
    done(run, 6, Outcome.FAILED)
    assert run.question == Question(6, "3 changes failed and none was verified since")
    run.go_on()
    for place in (7, 8):
        done(run, place, Outcome.FAILED)
        assert run.question is None
    done(run, 9, Outcome.FAILED)
    assert run.question is not None


def test_when_nothing_is_left_to_write_nothing_is_asked() -> None:
    """There is nothing a person could stop."""
    run = model(1)
    done(run, 0, Outcome.UNKNOWN)
    assert run.question is None


def test_a_run_that_was_told_to_stop_asks_nothing() -> None:
    """And a question that stands is answered by stopping."""
    run = model()
    done(run, 0, Outcome.UNKNOWN)
    run.ask_stop()
    assert (run.question, run.stopping) == (None, True)
    done(run, 1, Outcome.UNKNOWN)
    assert run.question is None


@pytest.mark.parametrize("answer", ["go_on", "ask_stop"])
def test_an_answer_wakes_the_run_at_once(answer: str) -> None:
    """A thousand questions answered from another thread, each wait a minute long: no answer is lost."""
    run = model(1002)
    began = time.monotonic()
    for place in range(1000 if answer == "go_on" else 1):
        done(run, place, Outcome.UNKNOWN)
        teller = threading.Thread(target=getattr(run, answer))
        teller.start()
        while run.question is not None:
            run.pause(60)
        teller.join()
    assert time.monotonic() - began < 20


def test_an_answer_that_came_before_the_wait_is_not_waited_for() -> None:
    """Stopped first, then waiting: back at once."""
    run = model()
    run.ask_stop()
    began = time.monotonic()
    run.pause(60)
    assert time.monotonic() - began < 5


def test_a_wait_without_a_question_takes_its_time() -> None:
    """A limit asked for patience: nobody cuts it short but a stop."""
    began = time.monotonic()
    model().pause(0.05)
    assert time.monotonic() - began >= 0.05


def test_after_the_run_nothing_waits_and_nothing_is_open() -> None:
    """A question that nobody answered is gone with the run."""
    run = model()

    def start(watch: Watch) -> list[Result]:
        watch.on(Progress(Stage.DONE, run.changes[0], Outcome.UNKNOWN))
        return []

    run.carry_out(start)
    assert (run.ended, run.question, run.watch().paused(), run.wait(0)) == (True, None, False, True)


def test_a_run_that_breaks_off_leaves_in_doubt_only_what_may_have_been_sent() -> None:
    """One verified, one unclear, one on its way, one only read, and the rest not begun."""
    run = model()

    def start(watch: Watch) -> list[Result]:
        watch.on(Progress(Stage.DONE, run.changes[0], Outcome.VERIFIED))
        watch.on(Progress(Stage.WAITING, run.changes[1], text="no answer"))
        watch.on(Progress(Stage.INTENT, run.changes[2]))
        raise LockHeld("somebody else holds it", hint="wait")

    run.carry_out(start)
    assert [run.standing(place) for place in range(5)] == [
        Standing.VERIFIED,
        Standing.IN_DOUBT,
        Standing.IN_DOUBT,
        Standing.SKIPPED,
        Standing.SKIPPED,
    ]
    assert (run.exit_code(), len(run.results())) == (EXIT_LOCKED, 5)
    assert [line for line in summary(run) if line.startswith(("error", "hint"))] == [
        "error: somebody else holds it",
        "hint: wait",
    ]


def test_a_line_that_was_only_read_is_not_in_doubt() -> None:
    """Broke off after the read before the write: nothing was sent."""
    run = model(1)

    def start(watch: Watch) -> list[Result]:
        watch.on(Progress(Stage.REREAD, run.changes[0]))
        raise KeyError("secret")

    run.carry_out(start)
    assert run.standing(0) is Standing.SKIPPED


def test_an_unexpected_error_is_told_by_its_name_alone() -> None:
    """No local variable, no text that might hold one; the command still has the error to raise."""
    run = model(1)

    def start(_watch: Watch) -> list[Result]:
        raise KeyError("a secret")

    run.carry_out(start)
    said = "\n".join([*summary(run), status(run, ended=True)])
    assert ("error: unexpected KeyError" in said, "secret" in said, type(run.error)) == (True, False, KeyError)


@pytest.mark.parametrize(
    ("outcome", "left", "code"),
    [
        (Outcome.VERIFIED, False, EXIT_DONE),
        (Outcome.ALREADY, True, EXIT_BLOCKED),
        (Outcome.CONFLICT, True, EXIT_STALE),
        (Outcome.FAILED, False, EXIT_PARTIAL),
        (Outcome.UNKNOWN, False, EXIT_PARTIAL),
        (Outcome.SKIPPED, False, EXIT_PARTIAL),
    ],
)
def test_the_exit_code_is_that_of_apply(outcome: Outcome, left: bool, code: int) -> None:  # noqa: FBT001 - a parameter
    """0, 4 where changes are left aside, 5 moved, 6 failed, in doubt or stopped."""
    assert carried_out(model(1, left=left), [outcome]).exit_code() == code


def test_the_next_one_that_was_not_verified_is_found_round_the_end() -> None:
    """Skipped ones only where there is nothing graver; None where all is well."""
    run = model()
    assert run.next_trouble(0) is None
    done(run, 1, Outcome.FAILED)
    done(run, 3, Outcome.CONFLICT)
    done(run, 4, Outcome.SKIPPED)
    assert [run.next_trouble(place) for place in (0, 1, 3, 4)] == [1, 3, 1, 1]
    other = model()
    done(other, 2, Outcome.SKIPPED)
    assert other.next_trouble(4) == 2
