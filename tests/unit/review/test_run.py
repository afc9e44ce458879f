"""A run on a screen, without a screen: standings, totals, the question that makes it wait, and the words."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from decimal import Decimal

import pytest
from rich.cells import cell_len
from unit.domain.make import change, pair

from psarecon.domain.model import LineKey
from psarecon.domain.money import Money
from psarecon.domain.plan import Change
from psarecon.errors import EXIT_BLOCKED, EXIT_DONE, EXIT_LOCKED, EXIT_PARTIAL, EXIT_STALE, LockHeld
from psarecon.protocol import Outcome, Progress, Result, Stage, Watch
from psarecon.review.run import Question, RunModel, Standing
from psarecon.review.run_text import MARKS, RunLines, asked, detail, head, status, summary
from psarecon.review.spans import text_of

NAMES = ("Acme Corp", "Beta Ltd", "Gamma AS", "Delta GmbH", "Epsilon BV")


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def changes(count: int = 5) -> list[Change]:
    """So many changes from 10 to 14 units, +36.00 cost and +60.00 revenue each."""
    lines = (LineKey("autotask", "174", "29683353", f"{8001 + number}") for number in range(count))
    return [change(line=line, client=NAMES[number % 5]) for number, line in enumerate(lines)]


def model(count: int = 5, *, left: bool = False, clock: Clock | None = None) -> RunModel:
    """A run over so many changes."""
    return RunModel(changes(count), "20261120T170000-abcdef", left=left, currency="USD", clock=clock or Clock())


def done(run: RunModel, place: int, outcome: Outcome, text: str = "") -> None:
    """The last step of a change."""
    run.take(Progress(Stage.DONE, run.changes[place], outcome, text))


def step(run: RunModel, place: int, stage: Stage, text: str = "") -> None:
    """A step on the way."""
    run.take(Progress(stage, run.changes[place], text=text))


def shown(run: RunModel, place: int, width: int = 100) -> str:
    """A line of the list."""
    return text_of(RunLines(run).line(place, width))


def carried_out(run: RunModel, outcomes: Sequence[Outcome]) -> RunModel:
    """A run in which the changes came to these outcomes, one after the other."""

    def start(watch: Watch) -> list[Result]:
        for one, outcome in zip(run.changes, outcomes, strict=True):
            watch.on(Progress(Stage.DONE, one, outcome, f"it is {outcome.value}"))
        return []

    run.carry_out(start)
    return run


@pytest.mark.parametrize(
    ("outcome", "mark", "word"),
    [
        (Outcome.VERIFIED, "✓", "verified"),
        (Outcome.ALREADY, "=", "already so"),
        (Outcome.CONFLICT, "»", "moved"),
        (Outcome.FAILED, "✗", "failed"),
        (Outcome.UNKNOWN, "?", "in doubt"),
        (Outcome.SKIPPED, "-", "skipped"),
    ],
)
def test_every_outcome_has_a_sign_and_a_word(outcome: Outcome, mark: str, word: str) -> None:
    """Nothing is told by colour alone."""
    run = model()
    assert shown(run, 0).startswith("· waiting ")
    done(run, 0, outcome)
    assert shown(run, 0).startswith(f"{mark} {word} ")
    assert set(MARKS) == set(Standing)


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


def test_the_summary_names_each_change_that_was_not_verified_and_what_to_do_next() -> None:
    """The gravest first; skipped ones together; the money of what was applied."""
    outcomes = [Outcome.SKIPPED, Outcome.VERIFIED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.SKIPPED]
    run = carried_out(model(), outcomes)
    ids = [one.id for one in run.changes]
    assert summary(run) == [
        "run 20261120T170000-abcdef: 1 in doubt, 1 failed, 1 verified, 2 skipped, in 0:00",
        "applied +36.00 cost +60.00 revenue a month USD",
        f"in doubt  {ids[3]}  Delta GmbH  10 → 14 at 9.00  it is unknown",
        f"failed    {ids[2]}  Gamma AS  10 → 14 at 9.00  it is failed",
        "skipped   2 changes: it is skipped",
        "next: `psarecon resume` settles what is in doubt, by reading, never by sending again",
        "next: what failed or moved needs a new plan",
        "next: what was skipped can be applied from the same plan",
        "the journal of it: `psarecon log --run 20261120T170000-abcdef`",
    ]


def test_nothing_in_a_name_or_a_servers_words_reaches_the_terminal() -> None:
    """Escape, bidi, markup and line ends: made visible, or plain text."""
    evil = "\x1b]0;own\x07[/bold]\u202egpj\nx"
    run = RunModel([change(client=evil), *changes(2)[1:]], evil)
    done(run, 0, Outcome.UNKNOWN, evil)
    everything = [shown(run, 0), *asked(run, Question(0, "so")), *map(text_of, [*detail(run, 0, 60), *head(run)])]
    step(run, 0, Stage.SENT)
    everything += [status(run, ended=False), *summary(run)]
    assert [text for text in everything if not text.isprintable()] == []


@pytest.mark.parametrize("width", [60, 67, 68, 80, 87, 88, 109, 110, 120, 200])
def test_a_line_is_as_wide_as_the_list(width: int) -> None:
    """At every breakpoint, for a wide and for a long name too."""
    wide = change(client="株式会社アクメ" * 8)
    run = RunModel([wide, *changes(2)[1:]], "run")
    done(run, 0, Outcome.FAILED, "no " * 100)
    assert [cell_len(shown(run, place, width)) for place in range(2)] == [width] * 2


def test_the_header_says_how_far_how_much_money_and_what_is_left_of_the_budget() -> None:
    """Three lines, the most important first."""
    run = model()
    run.budget = lambda: {"autotask": 9402}
    done(run, 0, Outcome.VERIFIED)
    first, second, third = map(text_of, head(run))
    assert first == "1 of 5 done  ####----------------  0:00  autotask: 9,402 calls left  0 a minute"
    assert second.rstrip() == "applied +36.00 cost +60.00 revenue a month USD"
    assert third == "· 4 waiting  ✓ 1 verified  run 20261120T170000-abcdef"


def test_the_status_says_in_words_what_the_run_does() -> None:
    """Writing, stopping, waiting for an answer, ended."""
    run = model()
    assert status(run, ended=run.ended) == "WRITES ON: no call is in flight."
    step(run, 0, Stage.SENT)
    assert status(run, ended=run.ended) == "WRITES ON: Acme Corp is being written."
    step(run, 0, Stage.WAITING, "no answer")
    assert status(run, ended=run.ended) == "WAITING for an answer. Nothing is written meanwhile."
    run.go_on()
    assert status(run, ended=run.ended) == "WRITES ON: lines whose outcome is unclear are read again."
    step(run, 1, Stage.SENT)
    run.ask_stop()
    assert status(run, ended=run.ended) == "STOPPING: Beta Ltd is being written. Nothing is written after that."
    run.carry_out(lambda _watch: [])
    assert status(run, ended=run.ended) == "Nothing is written any more: q leaves."


def test_a_change_of_cost_alone_shows_its_step() -> None:
    """Ten units stay, the cost rises."""
    run = RunModel([change(unit_cost=pair("8.25", "9.00"))], "run")
    assert "8.25 → 9.00" in shown(run, 0, 90)
    assert "8.25 → 9.00" in "".join(map(text_of, detail(run, 0, 90)))
