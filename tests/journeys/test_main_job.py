"""The main job over real HTTP, from the mapping to a verified write and an empty second plan."""

from __future__ import annotations

from harness import Rehearsal


def test_a_quantity_is_planned_written_once_and_found_in_place(acme: Rehearsal) -> None:
    """Fourteen users where ten units were: one adjustment of +4, and a second plan has nothing to do."""
    acme.observed()
    plan = acme.plan()
    assert [change["quantity"] for change in plan["changes"]] == [{"before": "10", "after": "14"}]
    applied = acme.apply()
    assert (applied.code, applied.out) == (0, "1 verified\n")
    assert acme.truth()["quantity"] == "14"
    assert acme.truth()["writes"] == 1
    assert acme.plan()["changes"] == []


def test_the_journal_has_the_intent_before_the_outcome(acme: Rehearsal) -> None:
    """Two rows for one write: what was meant and by whom it was decided, then what became of it."""
    acme.observed()
    acme.plan()
    acme.apply()
    intent, outcome = acme.log()
    assert (intent["event"], outcome["event"]) == ("intent", "verified")
    assert intent["detail"]["decision"]["reason"] == "clean"
