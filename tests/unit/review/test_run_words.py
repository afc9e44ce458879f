"""A run on a screen, without a screen: the signs, the lines, the header and the words."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from unit.domain.make import change, pair
from unit.review.runs import carried_out, changes, done, model, shown, step

from psarecon.protocol import Outcome, Stage
from psarecon.review.run import Question, RunModel, Standing
from psarecon.review.run_text import MARKS, asked, detail, head, status, summary
from psarecon.review.spans import text_of


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
