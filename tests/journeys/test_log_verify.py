"""``log --verify``: whether the journal is as it was written, by itself and against a digest noted elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Ran, Rehearsal
from journeys.log_steps import tamper, two_months
from journeys.test_shared_ledger import share


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Rehearsal]:
    """Two months, to tamper with."""
    with two_months(tmp_path / "msp") as found:
        yield found


def noted(ran: Ran) -> str:
    """The head that a command printed at its end, as a pipeline's log would keep it."""
    found = re.search(r"^journal: \d+ rows, head ([0-9a-f]{64})$", ran.err, re.MULTILINE)
    assert found, ran.err
    return found[1]


def test_a_journal_as_it_was_written_is_whole(place: Rehearsal) -> None:
    """Exit 0; the digest is that of the last row."""
    ran = place.run("log", "--verify")
    assert (ran.code, ran.out, ran.err) == (0, f"whole: 8 rows, head {place.log()[-1]['digest']}\n", "")


def test_a_removed_row_is_named(place: Rehearsal) -> None:
    """Exit 6, and not 1: the ledger could be read, and what it says is not what was written."""
    tamper(place, "DELETE FROM journal WHERE id = 4")
    ran = place.run("log", "--verify")
    assert (ran.code, ran.err) == (6, "")
    assert ran.out.splitlines() == [
        "broken: 2 places do not fit in 7 rows",
        "row 5: row 4 is gone, or it was changed",
        "the end: 8 rows were written, the last of them 8; there are 7 rows, the last of them 8",
    ]


def test_an_edited_figure_is_named_for_machines_too(place: Rehearsal) -> None:
    """Somebody turns fourteen into four in the details of the first intent."""
    tamper(place, """UPDATE journal SET detail = replace(detail, '"after": "14"', '"after": "4"') WHERE id = 1""")
    ran = place.run("log", "--verify", "--format", "json")
    found = json.loads(ran.out)
    why = "it was changed, or put in, or what was written before it is gone"
    assert (ran.code, found["whole"], found["rows"], found["broken"]) == (6, False, 8, 1)
    assert found["breaks"] == [{"id": 1, "why": why}]


def test_a_broken_journal_stops_no_run(place: Rehearsal) -> None:
    """The next night writes its lines; the old break stays named, and nothing else."""
    tamper(place, "UPDATE journal SET run = 'other' WHERE id = 2")
    place.users(25)
    place.observed()
    place.plan()
    assert place.apply().code == 0
    ran = place.run("log", "--verify")
    assert (ran.code, [line.partition(":")[0] for line in ran.out.splitlines()]) == (6, ["broken", "row 2"])


def test_a_run_prints_the_head_that_a_later_check_is_held_against(acme: Rehearsal) -> None:
    """``apply`` says it on stderr, where a pipeline keeps it; later rows do not matter."""
    acme.observed()
    acme.plan()
    head = noted(acme.apply())
    acme.users(20)
    acme.observed()
    acme.plan()
    acme.apply()
    ran = acme.run("log", "--verify", "--head", head)
    assert (ran.code, ran.out.splitlines()[1]) == (
        0, "the digest you noted is that of row 2: nothing up to there was changed since",
    )  # fmt: skip


def test_a_run_that_wrote_nothing_prints_no_head(acme: Rehearsal) -> None:
    """There is nothing new to keep."""
    acme.observed()
    acme.plan()
    acme.apply()
    acme.plan()
    assert "journal:" not in acme.apply().err


def test_a_journal_that_was_made_anew_lacks_the_digest_that_was_noted(place: Rehearsal) -> None:
    """Here by the honest way to the same end: the ledger is lost, and its successor's journal fits in itself."""
    head = place.log()[-1]["digest"]
    for path in (place.directory / ".psarecon").glob("ledger.db*"):
        path.unlink()
    place.users(30)
    place.observed()
    place.plan()
    place.apply()
    assert place.run("log", "--verify").code == 0
    ran = place.run("log", "--verify", "--head", head)
    assert (ran.code, ran.out.splitlines()[-1]) == (
        6, f"the end: no row has the digest {head}: the journal that ended with it was replaced or cut off",
    )  # fmt: skip


def test_a_check_changes_nothing(place: Rehearsal) -> None:
    """The same twice."""
    assert place.run("log", "--verify") == place.run("log", "--verify")


def test_a_shared_ledger_is_checked_in_the_same_way(acme: Rehearsal, database: str) -> None:
    """In PostgreSQL; resume adds to the chain as well, and prints the head."""
    share(acme, database)
    acme.observed()
    acme.plan()
    head = noted(acme.apply())
    ran = acme.run("log", "--verify", "--head", head)
    assert (ran.code, ran.out.splitlines()[0]) == (0, f"whole: 2 rows, head {head}")
