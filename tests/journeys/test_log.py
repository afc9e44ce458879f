"""``log``: every row of the journal is found by what its change was about, and says who decided it, when and why."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from harness import Rehearsal
from journeys.log_steps import REASON, URL, two_months

from psarecon.cli.log import EVENTS
from psarecon.ledger.journal import Event


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Two months; the tests only read."""
    with two_months(tmp_path_factory.mktemp("log") / "msp") as found:
        yield found


def ids(place: Rehearsal, *words: str) -> list[int]:
    """The ids of the rows that ``log`` finds."""
    ran = place.run("log", "--format", "json", *words)
    assert (ran.code, ran.err) == (0, "")
    return [entry["id"] for entry in json.loads(ran.out)]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), [1, 2, 3, 4, 5, 6, 7, 8]),
        (("--client", "ACME"), [1, 2, 3, 4]),
        (("--client", "="), [7, 8]),
        (("--client", "e"), [1, 2, 3, 4, 5, 6]),
        (("--client", "nobody"), []),
        (("--client", "acme", "--event", "verified"), [2, 4]),
        (("--month", "2026-11"), [1, 2]),
        (("--month", "2026-12", "--client", "beta"), [5, 6]),
        (("--month", "2026-10"), []),
        (("--by", "dana"), [1, 2]),
        (("--by", "NIGHT", "-n", "2"), [7, 8]),
        (("--psa", "autotask", "-n", "1"), [8]),
        (("--psa", "connectwise"), []),
        (("--line", "8002"), [5, 6]),
        (("--event", "intent"), [1, 3, 5, 7]),
        (("--event", "failed"), []),
        (("--client", "acme", "-n", "3"), [2, 3, 4]),
        (("--since", "2000-01-01"), [1, 2, 3, 4, 5, 6, 7, 8]),
        (("--until", "2000-01-01"), []),
        (("--since", "2000-01-01T00:00:00+02:00", "--until", "2999-12-31", "-n", "1"), [8]),
    ],
)
def test_rows_are_found_by_client_month_person_and_more(
    place: Rehearsal, words: tuple[str, ...], found: list[int]
) -> None:
    """Filters narrow each other; an outcome is found by what its intent says."""
    assert ids(place, *words) == found


def test_rows_are_found_by_their_run(place: Rehearsal) -> None:
    """Its beginning is enough."""
    first, second = place.log()[0]["run"], place.log()[-1]["run"]
    assert ids(place, "--run", first) == [1, 2]
    assert ids(place, "--run", second[:-1], "--event", "verified") == [4, 6, 8]


def test_rows_are_found_by_the_moment_they_were_written(place: Rehearsal) -> None:
    """From the moment on, before the moment, and until the end of a day."""
    at = place.log()[4]["at"]
    assert ids(place, "--since", at) == [5, 6, 7, 8]
    assert ids(place, "--until", at) == [1, 2, 3, 4]
    assert ids(place, "--since", at[:10], "--until", place.log()[-1]["at"][:10]) == [*range(1, 9)]


def test_an_intent_says_in_one_line_what_who_when_why_and_where(place: Rehearsal) -> None:
    """And an outcome what it is about."""
    first, second = place.log()[:2]
    intent, outcome = place.run("log", "--by", "dana").out.splitlines()
    what = "Acme Corp: quantity 10 → 14, unit_cost 8.50 → 9.00 from 2026-11-01"
    start = f"{first['run']}  intent    autotask/8001  {first['change']}  {what}"
    decided = f"approve by Dana at {first['decided_at']}: {REASON}; run at {URL}"
    assert intent == f"{first['at'][:10]} {first['at'][11:19]}Z  {start}; {decided}"
    assert outcome.endswith(f"verified  autotask/8001  {second['change']}  {what}")


def test_a_run_without_a_page_names_none(place: Rehearsal) -> None:
    """Nothing is made up."""
    (intent,) = place.run("log", "--client", "beta", "--event", "intent").out.splitlines()
    assert intent.endswith(": clean")


def test_nothing_found_is_said_in_words(place: Rehearsal) -> None:
    """Exit 0: it is an answer."""
    ran = place.run("log", "--client", "nobody")
    assert (ran.code, ran.out) == (0, "no entry fits\n")


@pytest.mark.parametrize(
    "words",
    [
        ("--month", "2026-13"), ("--month", "november"), ("--since", "yesterday"), ("--since", "2026-11-20T17:00:00"),
        ("--until", "9999-12-31"), ("--until", "2026-02-30"), ("--event", "nonsense"), ("-n", "0"), ("-n", "²"),
        ("-n", "9" * 30), ("--head", "0" * 64), ("--verify", "--head", "abc"), ("--verify", "--client", "acme"),
        ("--verify", "-n", "5"), ("--verify", "--format", "csv"),
    ],
)  # fmt: skip
def test_wrong_usage_is_told(place: Rehearsal, words: tuple[str, ...]) -> None:
    """Exit 64, a line that says what is wrong, nothing on stdout."""
    ran = place.run("log", *words)
    assert (ran.code, ran.out) == (64, "")
    assert "error: " in ran.err


def test_every_event_of_the_journal_can_be_asked_for() -> None:
    """The command line knows the same words as the ledger."""
    assert set(EVENTS) == {event.value for event in Event}
