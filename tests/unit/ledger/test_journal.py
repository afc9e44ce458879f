from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from psarecon.domain.model import Baseline, LineKey
from psarecon.ledger.database import Database
from psarecon.ledger.journal import Event, Journal

LINE = LineKey("autotask", "174", "29683353", "8001")
OTHER = LineKey("autotask", "175", "29683354", "8002")
THIRD = LineKey("autotask", "176", "29683355", "8003")
DAY = date(2026, 11, 1)
BASELINE = Baseline(Decimal(14), Decimal("9.0050"), 14, "rule", Decimal("9.00"), DAY, "run-1")


@pytest.fixture
def journal(ledger: Database) -> Journal:
    """An empty journal."""
    return Journal(ledger)


def _write(
    journal: Journal,
    event: Event,
    detail: Mapping[str, Any] | None = None,
    *,
    run: str = "run-1",
    line: LineKey = LINE,
    tenant: str = "tenant",
    day: date | None = DAY,
    baseline: Baseline | None = None,
) -> None:
    journal.append(run, event, "c1", line, tenant, day, detail or {}, baseline)


def _live(quantity: int) -> dict[str, Any]:
    return {"live": {"quantity": str(quantity)}}


def test_entries_come_back_as_written_in_their_order(journal: Journal) -> None:
    """Ids rise, times do not fall, the detail is the same data."""
    _write(journal, Event.INTENT, {"change": {"id": "c1"}, "text": "ünïcödé \N{GRINNING FACE}"})
    _write(journal, Event.VERIFIED, {"text": ""}, day=None)
    first, second = journal.entries()
    assert (first.event, first.run, first.change, first.psa, first.tenant, first.line) == (
        Event.INTENT, "run-1", "c1", "autotask", "tenant", "8001",
    )  # fmt: skip
    assert first.detail == {"change": {"id": "c1"}, "text": "ünïcödé \N{GRINNING FACE}"}
    assert (first.effective_date, second.effective_date) == (DAY, None)
    assert first.id < second.id
    assert first.at <= second.at


def test_entries_are_narrowed_to_a_run_a_line_or_the_last_ones(journal: Journal) -> None:
    """A run's beginning is enough, and its signs are not patterns."""
    for run, line in (("run-1", LINE), ("run-2", LINE), ("run-2", OTHER), ("r%", OTHER)):
        _write(journal, Event.INTENT, run=run, line=line)
    assert [entry.run for entry in journal.entries(run="run-2")] == ["run-2", "run-2"]
    assert len(journal.entries(run="run-")) == 3
    assert [entry.run for entry in journal.entries(run="r%")] == ["r%"]
    assert [entry.run for entry in journal.entries(line="8002")] == ["run-2", "r%"]
    assert [entry.run for entry in journal.entries(limit=2)] == ["run-2", "r%"]


@pytest.mark.parametrize(
    ("events", "in_doubt"),
    [
        ([Event.INTENT], True),
        ([Event.INTENT, Event.VERIFIED], False),
        ([Event.INTENT, Event.FAILED], False),
        ([Event.INTENT, Event.UNKNOWN], True),
        ([Event.INTENT, Event.UNKNOWN, Event.SETTLED], False),
        ([Event.INTENT, Event.UNKNOWN, Event.VERIFIED], False),
        ([Event.INTENT, Event.UNKNOWN, Event.CONFLICT], True),
        ([Event.INTENT, Event.ALREADY], True),
        ([Event.CONFLICT], False),
        ([Event.INTENT, Event.VERIFIED, Event.INTENT], True),
        ([], False),
    ],
)
def test_a_line_is_in_doubt_while_its_last_write_is_open(
    journal: Journal, events: list[Event], *, in_doubt: bool
) -> None:
    """What was no write (a conflict, nothing sent) settles nothing."""
    for event in events:
        _write(journal, event)
    _write(journal, Event.VERIFIED, line=OTHER)
    assert list(journal.doubts("autotask", "tenant")) == (["8001"] if in_doubt else [])
    assert len(journal.open_entries("autotask", "tenant")) == in_doubt


def test_doubts_belong_to_a_psa_and_its_tenant(journal: Journal) -> None:
    """The same line id elsewhere is another line."""
    _write(journal, Event.INTENT, tenant="one")
    _write(journal, Event.INTENT, line=LineKey("second", "1", "2", "8001"), tenant="one")
    assert list(journal.doubts("autotask", "one")) == ["8001"]
    assert journal.doubts("autotask", "two") == {}
    assert [entry.psa for entry in journal.open_entries()] == ["autotask", "second"]


def test_a_doubt_says_what_happened_and_what_lifts_it(journal: Journal) -> None:
    """A refused second adjustment is lifted by a setting, and is a doubt although it failed for certain."""
    _write(journal, Event.INTENT)
    _write(journal, Event.FAILED, {"text": "refused", "lifted_by": "refused", "code": "same-date-refused"})
    doubt = journal.doubts("autotask", "tenant")["8001"]
    assert (doubt.change, doubt.run, doubt.text, doubt.lifted_by) == ("c1", "run-1", "refused", "refused")


def test_the_intent_of_an_outcome_is_the_last_one_of_its_run_and_change(journal: Journal) -> None:
    """Not another run's, although the change has the same id."""
    _write(journal, Event.INTENT, {"number": 1})
    _write(journal, Event.INTENT, {"number": 2}, run="run-2")
    _write(journal, Event.UNKNOWN, run="run-2")
    (open_one,) = journal.open_entries()
    assert journal.intent_of(open_one).detail == {"number": 2}


def test_a_written_date_keeps_the_units_before_the_first_write_of_it(journal: Journal) -> None:
    """Ten before the first of two adjustments of one day; another day has its own."""
    _write(journal, Event.VERIFIED, _live(10))
    _write(journal, Event.VERIFIED, _live(14))
    _write(journal, Event.UNKNOWN, _live(16), day=date(2026, 12, 1))
    assert journal.written_dates("autotask", "tenant") == {
        "8001": {DAY: Decimal(10), date(2026, 12, 1): Decimal(16)},
    }


def test_a_refused_write_takes_no_date_unless_the_date_was_the_reason(journal: Journal) -> None:
    """Nothing was written; but where a second one is refused, the date is taken."""
    _write(journal, Event.FAILED, _live(10))
    _write(journal, Event.FAILED, {**_live(11), "code": "same-date-refused"}, line=OTHER)
    _write(journal, Event.INTENT, _live(12), day=date(2026, 12, 1))
    assert journal.written_dates("autotask", "tenant") == {"8002": {DAY: Decimal(11)}}


def test_the_furthest_date_still_to_come_is_known_line_by_line(journal: Journal) -> None:
    """December and January are ahead of November's last day, a row of November is not."""
    for day in (DAY, date(2026, 12, 1), date(2027, 1, 1)):
        _write(journal, Event.VERIFIED, day=day)
    _write(journal, Event.VERIFIED, line=OTHER)
    assert journal.dated_after("autotask", "tenant", date(2026, 11, 30)) == {"8001": date(2027, 1, 1)}
    assert journal.dated_after("autotask", "another", date(2026, 11, 30)) == {}


def test_the_last_date_on_which_a_line_was_seen_as_written_is_known(journal: Journal) -> None:
    """Of verified writes and of lines that already were so; a refused one moves nothing, nor does another tenant's."""
    later = date(2026, 12, 1)
    _write(journal, Event.VERIFIED, day=later)
    _write(journal, Event.VERIFIED)
    _write(journal, Event.ALREADY, line=OTHER)
    _write(journal, Event.FAILED, line=OTHER, day=later)
    _write(journal, Event.VERIFIED, line=OTHER, day=later, tenant="another")
    _write(journal, Event.VERIFIED, line=THIRD, day=None)
    assert journal.last_dates("autotask", "tenant") == {"8001": later, "8002": DAY}


def test_a_line_that_a_person_settled_is_known_until_it_is_seen_again(journal: Journal) -> None:
    """Settled, verified since, found as planned since, settled at another tenant's."""
    for line in (LINE, OTHER, THIRD):
        _write(journal, Event.UNKNOWN, line=line)
        _write(journal, Event.SETTLED, line=line)
    _write(journal, Event.VERIFIED, line=OTHER)
    _write(journal, Event.ALREADY, line=THIRD)
    assert journal.settled("autotask", "tenant") == {"8001"}
    assert journal.settled("autotask", "another") == set()


def test_the_baseline_moves_with_the_outcome_to_the_last_digit(journal: Journal) -> None:
    """Decimals come back as they were written; the second verified write replaces the first."""
    _write(journal, Event.VERIFIED, baseline=BASELINE)
    assert journal.baselines("autotask", "tenant") == {"8001": BASELINE}
    moved = Baseline(Decimal(15), None, None, "rule", None, None, "run-2")
    _write(journal, Event.VERIFIED, baseline=moved)
    _write(journal, Event.FAILED, line=OTHER)
    assert journal.baselines("autotask", "tenant") == {"8001": moved}
    assert journal.baselines("autotask", "elsewhere") == {}


def test_the_journals_clock_does_not_go_back(journal: Journal) -> None:
    """It is the database's, and rows carry it."""
    before = journal.clock()
    _write(journal, Event.INTENT)
    assert before <= journal.entries()[0].at <= journal.clock()
