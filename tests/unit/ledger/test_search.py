from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
import sqlalchemy as sa

from psarecon.domain.model import LineKey
from psarecon.errors import LedgerError
from psarecon.ledger.database import Database
from psarecon.ledger.database import journal as journal_table
from psarecon.ledger.journal import Event, Journal
from psarecon.ledger.search import Wanted


@pytest.fixture
def journal(ledger: Database) -> Journal:
    """An empty journal."""
    return Journal(ledger)


def _intent(client: str, month: str = "2026-11", by: str = "Dana") -> dict[str, Any]:
    return {"change": {"client": client, "usage": {"month": month}}, "decision": {"by": by}}


def _write(journal: Journal, run: str, line: str, event: Event, detail: dict[str, Any], psa: str = "autotask") -> None:
    journal.append(run, event, f"c{line}", LineKey(psa, "1", "2", line), "tenant", None, detail)


@pytest.fixture
def four(journal: Journal) -> Journal:
    """Four changes of two months, PSAs and persons, each with an intent and an outcome: eight rows."""
    for run, line, client, month, by, psa in (
        ("r1", "1", "Acme Corp", "2026-10", "Dana Petrov", "autotask"),
        ("r2", "2", "STRASSE & Söhne", "2026-11", "erin", "autotask"),
        ("r2", "3", "Acme Ltd", "2026-11", "dana petrov", "connectwise"),
        ("r3", "4", "100% Øre_A", "2026-11", "clean", "connectwise"),
    ):
        _write(journal, run, line, Event.INTENT, _intent(client, month, by), psa)
        _write(journal, run, line, Event.VERIFIED, {"text": ""}, psa)
    return journal


@pytest.mark.parametrize(
    ("wanted", "lines"),
    [
        (Wanted(), "11223344"),
        (Wanted(client="acme"), "1133"),
        (Wanted(client="CORP"), "11"),
        (Wanted(client="straße"), "22"),
        (Wanted(client="SÖHNE"), "22"),
        (Wanted(client="So\N{COMBINING DIAERESIS}hne"), "22"),
        (Wanted(client="øre"), "44"),
        (Wanted(client="%"), "44"),
        (Wanted(client="e_a"), "44"),
        (Wanted(client="c_r"), ""),
        (Wanted(by="DANA"), "1133"),
        (Wanted(month="2026-11"), "223344"),
        (Wanted(psa="connectwise"), "3344"),
        (Wanted(line="2"), "22"),
        (Wanted(run="r2"), "2233"),
        (Wanted(run="r"), "11223344"),
        (Wanted(event="verified"), "1234"),
        (Wanted(client="acme", event="verified", month="2026-11"), "3"),
        (Wanted(client="acme", psa="autotask", by="dana", run="r1", line="1"), "11"),
        (Wanted(client="nobody"), ""),
    ],
)
def test_rows_are_found_by_what_their_change_was_about(four: Journal, wanted: Wanted, lines: str) -> None:
    """Outcomes too, though only the intent names client, month and person; whatever the case, and no sign is a
    pattern."""
    assert "".join(entry.line for entry in four.search(wanted)) == lines


def test_the_last_so_many_of_what_fits_are_found_in_order(four: Journal) -> None:
    """More than there are is all there are."""
    assert [(entry.line, entry.event.value) for entry in four.search(Wanted(client="acme"), 3)] == [
        ("1", "verified"), ("3", "intent"), ("3", "verified"),
    ]  # fmt: skip
    assert len(list(four.search(Wanted(client="acme"), 99))) == 4
    assert list(four.search(Wanted(client="nobody"), 1)) == []


def test_rows_are_found_by_when_they_were_written(four: Journal, ledger: Database) -> None:
    """From a moment on, and before another."""
    with ledger.writing() as connection:
        connection.execute(sa.text("UPDATE journal SET at = id * 100"))
    assert [entry.id for entry in four.search(Wanted(since=300.0))] == [3, 4, 5, 6, 7, 8]
    assert [entry.id for entry in four.search(Wanted(until=300.0))] == [1, 2]
    assert [entry.id for entry in four.search(Wanted(since=300.0, until=500.0), 1)] == [4]


def test_a_row_of_a_person_is_found_by_that_person(four: Journal) -> None:
    """Who settled a doubt decided that row, whoever approved the change."""
    _write(four, "r1", "1", Event.SETTLED, {"text": "accepted", "by": "Frank"})
    found = list(four.search(Wanted(by="frank")))
    assert [(entry.event, entry.client_key, entry.month) for entry in found] == [
        (Event.SETTLED, "acme corp", "2026-10")
    ]


def test_a_name_of_any_length_is_kept_and_found_by_its_beginning(journal: Journal) -> None:
    """Ten thousand signs would be too many for an index."""
    _write(journal, "r", "1", Event.INTENT, _intent("\N{GRINNING FACE}" * 10_000 + "end", by="x" * 5000))
    assert len(list(journal.search(Wanted(client="\N{GRINNING FACE}" * 10_000)))) == 1
    assert len(list(journal.search(Wanted(client="end")))) == 0


def test_what_the_changes_of_entries_were_is_looked_up_by_run_and_change(four: Journal) -> None:
    """The last row that tells, of each; a change that no row tells is not among them."""
    _write(four, "r1", "1", Event.INTENT, _intent("Acme Corp, sent again"))
    outcomes = list(four.search(Wanted(event="verified")))
    known = four.changes(outcomes)
    assert {pair: detail["change"]["client"] for pair, detail in known.items()} == {
        ("r1", "c1"): "Acme Corp, sent again",
        ("r2", "c2"): "STRASSE & Söhne",
        ("r2", "c3"): "Acme Ltd",
        ("r3", "c4"): "100% Øre_A",
    }
    assert four.changes([]) == {}


def test_pages_are_read_as_they_are_asked_for(journal: Journal, ledger: Database) -> None:
    """Of ten thousand rows of two kilobytes the first is there before the rest was read, and none is kept."""
    _write(journal, "r", "1", Event.INTENT, {**_intent("Acme Corp"), "text": "x" * 2000})
    with ledger.writing() as connection:
        row = connection.execute(sa.select(journal_table)).mappings().one()
        connection.execute(sa.insert(journal_table), [{**row, "id": number} for number in range(2, 10_001)])
    tracemalloc.start()
    for wanted, last, count in ((Wanted(), None, 10_000), (Wanted(client="acme"), 9_000, 9_000)):
        tracemalloc.reset_peak()
        assert sum(1 for _ in journal.search(wanted, last)) == count
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    tracemalloc.stop()


def test_a_row_that_cannot_be_read_is_an_error_that_says_how_to_look(four: Journal, ledger: Database) -> None:
    """Somebody changed it by hand."""
    with ledger.writing() as connection:
        connection.execute(sa.text("UPDATE journal SET event = 'nonsense' WHERE id = 3"))
    with pytest.raises(LedgerError, match="row 3 of the journal cannot be read") as told:
        list(four.search(Wanted()))
    assert "log --verify" in told.value.hint
