"""Lines that were right before psarecon ever wrote them are remembered, and a later hand edit of them is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Rehearsal
from journeys.autotask_steps import findings, observed_plan
from journeys.drift_steps import PSAS, by_hand, clients_in, counts, drift


@pytest.fixture(params=PSAS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rehearsal]:
    """Ten units a line: the first has four users more, the others are right."""
    with clients_in(request.param, tmp_path / "msp", 14, 10, 10) as found:
        assert found.run("observe").code == 0
        yield found


def remembered(place: Rehearsal) -> str:
    """What ``baseline`` says."""
    ran = place.run("baseline")
    assert ran.code == 0, ran.err
    return ran.out


def causes(place: Rehearsal) -> dict[str, list[str]]:
    """Of each change of a plan, by its line."""
    return {change["line"]["id"]: change["causes"] for change in observed_plan(place)["changes"]}


def test_a_hand_edit_of_a_line_that_was_never_written_passes_for_the_first_time_seen(place: Rehearsal) -> None:
    """Without a baseline nothing tells it from a line that was wrong all along: this is why there is the command."""
    by_hand(place, 1, 25)
    assert causes(place)[place.lines[1]] == ["first"]


def test_lines_that_are_right_are_remembered_and_nothing_is_written(place: Rehearsal) -> None:
    """Two of three; a second time there is nothing to remember."""
    before = [place.truth(line) for line in place.lines]
    assert remembered(place) == "2 remembered, 0 known before, 1 wait for a write or a person\n"
    assert remembered(place) == "0 remembered, 2 known before, 1 wait for a write or a person\n"
    assert [place.truth(line) for line in place.lines] == before


def test_a_later_hand_edit_of_a_remembered_line_waits_for_a_person(place: Rehearsal) -> None:
    """It is drift, its cause is ``psa``, and the nightly apply leaves it as it is."""
    remembered(place)
    by_hand(place, 1, 25)
    assert causes(place)[place.lines[1]] == ["psa"]
    assert counts(drift(place, 8))["compared"] == 2
    assert len(findings(observed_plan(place), "changed-in-psa")) == 1
    assert place.apply().code == 4
    assert [int(place.truth(line)["quantity"]) for line in place.lines[:2]] == [14, 25]


def test_usage_that_moves_a_remembered_line_is_told_as_usage(place: Rehearsal) -> None:
    """The baseline knows what the figures rested on."""
    remembered(place)
    place.edit(organization=place.organizations[2], users=12)
    assert place.run("observe").code == 0
    assert causes(place)[place.lines[2]] == ["usage"]


def test_the_journal_says_who_remembered_what(place: Rehearsal) -> None:
    """A row a line, with the client, that nothing moved, and by whom; the chain holds."""
    remembered(place)
    rows = [row for row in place.log() if row["event"] == "remembered"]
    assert [row["line_id"] for row in rows] == sorted(place.lines[1:])
    assert [(row["quantity_before"], row["quantity_after"], row["call"], row["verdict"]) for row in rows] == [
        ("10", "10", None, "remember")
    ] * 2
    assert "stays at 10; as wanted; nothing was written" in place.run("log").out
    assert place.run("log", "--verify").code == 0


def test_a_line_whose_usage_is_not_known_is_not_remembered(tmp_path: Path) -> None:
    """Without a sample nobody can say that it is right."""
    with clients_in("autotask", tmp_path / "msp", 10) as place:
        assert remembered(place) == "0 remembered, 0 known before, 1 wait for a write or a person\n"
