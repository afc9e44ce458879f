"""A plan says who changed a line in the PSA last, where the PSA keeps that."""

from __future__ import annotations

from pathlib import Path

from harness import Rehearsal
from journeys.connectwise_steps import connectwise


def test_the_last_hand_on_a_connectwise_addition_is_in_the_plan(tmp_path: Path) -> None:
    """Somebody's edit, then psarecon's own write; the change is the same change whoever touched the line."""
    with connectwise(tmp_path / "msp") as found:
        found.observed()
        made = found.plan()["changes"][0]
        found.edit(line=found.lines[0], unit_price="16.00")
        edited = found.plan()["changes"][0]
        assert edited["touched"] == {"by": "Somebody", "at": "2026-11-20T17:00:00Z"}
        assert made["touched"]["at"] < edited["touched"]["at"]
        assert made["id"] == edited["id"]
        assert found.apply().code == 0
        found.users(15)
        found.today("2026-11-21")
        found.observed()
        assert found.plan()["changes"][0]["touched"] == {"by": "ApiMember", "at": "2026-11-20T17:00:01Z"}


def test_who_touched_a_line_costs_no_request(tmp_path: Path) -> None:
    """It comes with the additions, which are read as before: one list for the one agreement."""
    with connectwise(tmp_path / "msp") as found:
        found.observed()
        found.forget_requests()
        found.plan()
        assert len(found.requests("GET", "/additions")) == 1


def test_autotask_keeps_no_such_record_of_a_line(acme: Rehearsal) -> None:
    """Neither contract services nor unit rows have fields for it."""
    acme.observed()
    assert acme.plan()["changes"][0]["touched"] is None
