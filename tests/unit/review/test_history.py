"""The journal as runs: what is in doubt first, then the latest; each line with its decision and what became of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from unit.domain.make import change, pair

from psarecon.domain.model import LineKey
from psarecon.domain.money import Money
from psarecon.domain.plan import Change
from psarecon.domain.plan_file import change_data
from psarecon.ledger.database import Database, open_database
from psarecon.ledger.database import journal as journal_table
from psarecon.ledger.journal import Event, Journal
from psarecon.review.history import IN_DOUBT, OVERTAKEN, History, Item, last_write
from psarecon.review.history_lines import (
    EMPTY,
    ItemLines,
    RunLines,
    headline,
    item_text,
    run_headline,
    run_text,
    story_lines,
)
from psarecon.review.spans import text_of

TENANT = "127.0.0.1/12345"
Decision = Mapping[str, str]
KIM: Decision = {"verdict": "approve", "by": "kim", "at": "2026-11-20T17:00:00Z", "reason": "clean"}
ALEX: Decision = {**KIM, "by": "alex", "reason": ""}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    """A new ledger in a real SQLite file."""
    database = open_database("sqlite:ledger.db", tmp_path)
    yield database
    database.close()


@pytest.fixture
def journal(ledger: Database) -> Journal:
    """Its journal."""
    return Journal(ledger)


def of_line(number: int, client: str = "Acme Corp", **more: Any) -> Change:
    """A change of line ``number``: ten to fourteen, 36.00 of cost and 60.00 of revenue a month."""
    return replace(change(line=LineKey("autotask", "174", "29683353", str(number)), client=client), **more)


def say(journal: Journal, run: str, event: Event, one: Change, **detail: Any) -> None:
    """One row, as ``apply`` and ``resume`` write it."""
    journal.append(run, event, one.id, one.line, TENANT, one.effective_date, detail)


def intent(journal: Journal, run: str, one: Change, by: Decision = KIM) -> None:
    """The row before a write."""
    say(journal, run, Event.INTENT, one, change=change_data(one), decision=dict(by))


def written(journal: Journal, run: str, one: Change, by: Decision = KIM, event: Event = Event.VERIFIED) -> None:
    """A write and its outcome."""
    intent(journal, run, one, by)
    say(journal, run, event, one, text="" if event is Event.VERIFIED else "it was refused")


def outcomes(items: list[Item]) -> list[tuple[str, str]]:
    """Client and outcome of each."""
    return [(item.client, item.outcome) for item in items]


def shown(lines: RunLines | ItemLines, width: int = 120) -> list[str]:
    """The lines as text."""
    return [text_of(lines.line(index, width)).rstrip() for index in range(lines.count)]


def test_runs_come_latest_first_and_those_in_doubt_before_all(journal: Journal) -> None:
    """The second of four was killed behind its intent."""
    for number, run in enumerate(["r1", "r2", "r3", "r4"]):
        intent(journal, run, of_line(number))
        if run != "r2":
            say(journal, run, Event.VERIFIED, of_line(number), text="")
    history = History(journal)
    assert [run.name for run in history.runs] == ["r2", "r4", "r3", "r1"]
    assert ([run.doubts for run in history.runs], history.doubts) == ([1, 0, 0, 0], 1)


def test_a_run_counts_its_outcomes_its_deciders_and_the_money_it_verified(journal: Journal) -> None:
    """Two verified of 36.00 each; what failed or was so already moves no money."""
    written(journal, "r1", of_line(1))
    written(journal, "r1", of_line(2), ALEX)
    written(journal, "r1", of_line(3), event=Event.FAILED)
    for number, event in ((4, Event.ALREADY), (5, Event.CONFLICT)):
        one = of_line(number)
        say(journal, "r1", event, one, text="so", change=change_data(one), decision=dict(KIM))
    tally = History(journal).tally(0)
    assert tally.outcomes == {"verified": 2, "failed": 1, "already": 1, "conflict": 1}
    assert tally.deciders == {"kim": 4, "alex": 1}
    assert tally.psas == {"autotask": 5}
    assert (tally.cost, tally.revenue) == (Decimal("72.00"), Decimal("120.00"))


def test_money_that_is_not_known_counts_as_none(journal: Journal) -> None:
    """A hidden cost: its movement is unknown, the revenue's is not."""
    written(journal, "r1", of_line(1, money=Money(None, Decimal("126.00"), Decimal("150.00"), Decimal("210.00"))))
    tally = History(journal).tally(0)
    assert (tally.cost, tally.revenue) == (Decimal(0), Decimal("60.00"))


def test_a_line_of_a_run_says_what_was_changed_who_decided_and_why(journal: Journal) -> None:
    """All of it from the journal alone; the plan file may be gone."""
    written(journal, "r1", of_line(8001, unit_cost=pair("8.25", "9.00")))
    (item,) = History(journal).items(0)
    assert (item.line, item.client, item.product) == ("autotask/8001", "Acme Corp", "jumpcloud-platform")
    assert item.quantity is not None
    assert (item.quantity.before, item.quantity.after, item.since) == ("10", "14", "2026-11-01")
    assert item.unit_cost is not None
    assert (item.unit_cost.before, item.unit_cost.after) == ("8.25", "9.00")
    assert item.decided is not None
    assert (item.decided.verdict, item.decided.by, item.decided.reason) == ("approve", "kim", "clean")
    assert (item.outcome, item.settled, item.in_doubt) == ("verified", None, False)


def test_lines_in_doubt_come_first_then_failed_and_moved_ones(journal: Journal) -> None:
    """Then the rest as they were written."""
    written(journal, "r1", of_line(1, "Anna"))
    written(journal, "r1", of_line(2, "Bert"))
    say(journal, "r1", Event.CONFLICT, of_line(3, "Carl"), text="moved", change=change_data(of_line(3, "Carl")))
    written(journal, "r1", of_line(4, "Dora"), event=Event.FAILED)
    written(journal, "r1", of_line(5, "Emil"), event=Event.UNKNOWN)
    intent(journal, "r1", of_line(6, "Fritz"))
    assert outcomes(History(journal).items(0)) == [
        ("Emil", IN_DOUBT),
        ("Fritz", IN_DOUBT),
        ("Dora", "failed"),
        ("Carl", "conflict"),
        ("Anna", "verified"),
        ("Bert", "verified"),
    ]


@pytest.mark.parametrize(
    ("first", "event", "text"),
    [
        (Event.INTENT, Event.VERIFIED, "found applied"),
        (Event.INTENT, Event.FAILED, "found not applied"),
        (Event.UNKNOWN, Event.VERIFIED, "found applied"),
        (Event.UNKNOWN, Event.SETTLED, "accepted by kim as 15: sold by phone"),
    ],
)
def test_what_a_resume_settled_is_marked_as_settled_later(
    journal: Journal, first: Event, event: Event, text: str
) -> None:
    """In the run the write was part of, with the moment it was settled."""
    one = of_line(1)
    intent(journal, "r1", one)
    if first is not Event.INTENT:
        say(journal, "r1", first, one, text="read back 15")
    say(journal, "r1", event, one, text=text)
    history = History(journal)
    (item,) = history.items(0)
    assert (item.outcome, item.text, history.doubts) == (event.value, text, 0)
    assert item.settled == journal.entries()[-1].at


def test_an_intent_that_a_later_write_overtook_is_in_no_doubt(journal: Journal) -> None:
    """A line is in doubt by its last row alone."""
    intent(journal, "r1", of_line(1))
    written(journal, "r2", of_line(1))
    history = History(journal)
    assert (history.doubts, outcomes(history.items(1))) == (0, [("Acme Corp", OVERTAKEN)])


def test_a_run_whose_name_begins_like_anothers_is_its_own(journal: Journal) -> None:
    """r1 and r10."""
    written(journal, "r1", of_line(1))
    written(journal, "r10", of_line(2))
    written(journal, "r10", of_line(3))
    assert [len(History(journal).items(index)) for index in (0, 1)] == [2, 1]


def test_a_row_of_another_psarecon_hides_no_other_row(ledger: Database, journal: Journal) -> None:
    """Its outcome stands, its text says that it cannot be read."""
    written(journal, "r1", of_line(1))
    with ledger.writing() as connection:
        row = {"at": 1.0, "run": "r1", "event": "reversed", "change": "x", "psa": "p", "tenant": "t", "line": "9"}
        for detail in ('{"change": 5}', "no json"):
            connection.execute(sa.insert(journal_table).values(**{**row, "change": detail}, detail=detail))
    history = History(journal)
    assert history.tally(0).outcomes == {"verified": 1, "reversed": 2}
    assert {item.text for item in history.items(0) if item.outcome == "reversed"} == {
        "what this row says cannot be read: it was written by another psarecon"
    }


def test_an_empty_journal_says_so_in_words(journal: Journal) -> None:
    """And has no run."""
    history = History(journal)
    assert (RunLines(history).count, text_of(headline(history))) == (0, "History: 0 runs")
    assert "No runs yet." in "\n".join(map(text_of, EMPTY))


def test_the_list_of_runs_in_words(journal: Journal) -> None:
    """What asks for a person first: by its sign and words, not by colour."""
    written(journal, "r1", of_line(1))
    written(journal, "r2", of_line(2), ALEX)
    written(journal, "r2", of_line(3), event=Event.UNKNOWN)
    history = History(journal)
    first, second = shown(RunLines(history))
    assert first.startswith("? r2 ")
    assert first.endswith("1 in doubt, 1 verified  by alex (1), kim (1)")
    assert second.startswith("  r1 ")
    assert second.endswith("1 verified  by kim (1)")
    assert text_of(headline(history)).endswith("1 line is in doubt: `psarecon resume` settles them by reading")
    assert text_of(run_headline(history.runs[0], history.tally(0))[1]) == (
        "verified +36.00 cost +60.00 revenue a month  decided by alex (1), kim (1)"
    )


def test_the_lines_of_a_run_in_words_at_each_width(journal: Journal) -> None:
    """Narrow screens keep outcome, client and figures; wide ones add product, date and decider."""
    written(journal, "r1", of_line(1, unit_cost=pair("8.25", "9.00")))
    lines = ItemLines(History(journal).items(0))
    assert shown(lines, 58) == ["✓ verified  Acme Corp           10 → 14 at 8.25 → 9.00"]
    words = " ".join(shown(lines, 120)[0].split())
    assert words == "✓ verified Acme Corp jumpcloud-platform 10 → 14 at 8.25 → 9.00 2026-11-01 by kim"


@pytest.mark.parametrize("width", [20, 58, 78, 118, 200])
def test_no_name_breaks_the_lines(journal: Journal, width: int) -> None:
    """Escapes, brackets, right-to-left, wide, empty and endless names stay within their cells."""
    names = ["\x1b]52;c;x\x07", "[/oops]", "\u202eemca", "漢字" * 40, "", "x" * 10_000]
    for number, name in enumerate(names):
        written(journal, f"r{number}", of_line(number, name), {**KIM, "by": name})
    history = History(journal)
    lines = [*shown(RunLines(history), width)]
    for index in range(len(history.runs)):
        items = history.items(index)
        lines += shown(ItemLines(items), width)
        lines += [text_of(line) for line in story_lines(items[0], history.story(items[0]), width)]
        lines += run_text(history.runs[index], history.tally(index), items)
    assert all(line.isprintable() for line in lines)


def test_the_story_of_a_line_has_the_call_the_decision_and_every_row(journal: Journal) -> None:
    """A write whose answer was lost, that a resume found applied later."""
    one = of_line(8001)
    intent(journal, "r1", one)
    say(journal, "r1", Event.UNKNOWN, one, text="sent, and the line cannot be read since")
    say(journal, "r1", Event.VERIFIED, one, text="found applied")
    history = History(journal)
    (item,) = history.items(0)
    told = [text_of(line) for line in story_lines(item, history.story(item), 200)]
    assert told[0].strip() == "Acme Corp"
    text = "\n".join(told)
    for part in (
        "quantity  10 → 14",
        "call      POST Contracts/29683353/ServiceAdjustments",
        '{"unitChange": 4}',
        "decision  approve by kim at 2026-11-20T17:00:00Z: clean",
        "mapping   clients/acme.yaml:6",
    ):
        assert part in text
    assert "written down before the call was sent" in told[-3]
    assert told[-2].endswith("Z  sent, and the line cannot be read since")
    assert told[-1].endswith("Z by `psarecon resume`  found applied")


def test_a_line_as_text_has_everything_uncut(journal: Journal) -> None:
    """For the clipboard."""
    written(journal, "r1", of_line(8001, "A" * 90))
    (item,) = History(journal).items(0)
    assert item_text(item) == (
        f"verified  {'A' * 90}  jumpcloud-platform  autotask/8001  10 → 14  2026-11-01  approve by kim  {item.change}"
    )


def test_the_last_verified_write_of_a_line_is_a_sentence(journal: Journal) -> None:
    """The run, the moment, and who approved it; a later failure changes nothing, another tenant's line is not it."""
    assert last_write(journal, "autotask", TENANT, "1") == ""
    written(journal, "r1", of_line(1))
    written(journal, "r2", of_line(1), ALEX)
    at = time.strftime("%Y-%m-%d", time.gmtime(journal.entries()[-1].at))
    written(journal, "r3", of_line(1), event=Event.FAILED)
    said = last_write(journal, "autotask", TENANT, "1")
    assert said.startswith(f"by run r2 on {at} ")
    assert said.endswith("Z, approved by alex")
    assert last_write(journal, "autotask", "elsewhere", "1") == ""
    found = journal.last_write("autotask", TENANT, "1")
    assert found is not None
    assert (found.run, found.event) == ("r2", Event.VERIFIED)


def test_a_hundred_thousand_rows_open_at_once(ledger: Database, journal: Journal) -> None:
    """The runs are counted by the database, and only those that are seen are read: under a second on a slow machine."""
    runs, lines = 250, 200
    said = {"change": change_data(of_line(1)), "decision": dict(KIM)}
    row = {"psa": "autotask", "tenant": TENANT, "effective_date": "2026-11-01"}
    before, after = json.dumps(said), json.dumps({"text": ""})
    rows = [
        {**row, "at": float(run), "run": f"r{run:04}", "change": f"{run}-{line}", "line": str(line), **kind}
        for run in range(runs)
        for line in range(lines)
        for kind in ({"event": "intent", "detail": before}, {"event": "verified", "detail": after})
    ]
    with ledger.writing() as connection:
        connection.execute(sa.insert(journal_table), rows)
    began = time.process_time()
    history = History(journal)
    assert history.tally(0).outcomes == {"verified": lines}
    assert len(history.items(0)) == lines
    assert time.process_time() - began < 1.0
    assert (len(history.runs), sum(run.tally is not None for run in history.runs)) == (runs, 20)
