"""Decisions without a screen: approve, reject, hold, change by change, and what they bind to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Ran, Rehearsal, rehearsal

CLIENTS = [
    Client("Acme Corp", units=10, users=14),
    Client("Beta Ltd", units=40, users=10),
    Client("Gamma AS", units=30, users=36),
]


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients and a saved plan: a rise, a blocked drop, a rise whose company was renamed (LOOK)."""
    with rehearsal(tmp_path / "msp", *CLIENTS) as found:
        found.mapping('name: "Gamma AS"}', 'name: "Gamma"}', client=2)
        found.observed()
        found.plan()
        yield found


def _ids(place: Rehearsal) -> dict[str, str]:
    """Change ids by client."""
    data = json.loads(place.plan_file.read_bytes())
    return {one["client"]: one["id"] for one in data["changes"]}


def _decide(place: Rehearsal, *words: str) -> Ran:
    return place.run("decide", str(place.plan_file), *words)


def _decisions(place: Rehearsal) -> dict[str, dict[str, Any]]:
    data = json.loads((place.directory / "plan.decisions.json").read_bytes())
    return {one["change"]: one for one in data["decisions"]}


def _units(place: Rehearsal) -> list[str]:
    return [place.truth(line)["quantity"] for line in place.lines]


def test_a_named_decision_is_kept_with_who_and_why(planned: Rehearsal) -> None:
    """In a file beside the plan, readable in a review."""
    gamma = _ids(planned)["Gamma AS"]
    ran = _decide(planned, "--approve", gamma, "--by", "dana", "--reason", "renamed last week")
    assert (ran.code, ran.out) == (0, "1 approved, 0 rejected or held, 1 open\n")
    (kept,) = _decisions(planned).values()
    assert (kept["change"], kept["verdict"], kept["by"], kept["reason"]) == (
        gamma, "approve", "dana", "renamed last week",
    )  # fmt: skip


def test_a_look_is_written_only_after_a_named_decision(planned: Rehearsal) -> None:
    """--approve-clean passes it by; the decision goes to the journal with it."""
    assert planned.apply().code == 4
    assert _units(planned) == ["14", "40", "30"]
    _decide(planned, "--approve", _ids(planned)["Gamma AS"], "--by", "dana", "--reason", "renamed")
    assert planned.apply().code == 4
    assert _units(planned) == ["14", "40", "36"]
    (intent,) = [one for one in planned.log() if one["event"] == "intent" and one["line"] == planned.lines[2]]
    assert intent["detail"]["decision"]["by"] == "dana"


def test_a_block_cannot_be_approved_and_is_not_kept_as_approved(planned: Rehearsal) -> None:
    """Exit 4 and a line that says where to look; also --decisions by hand does not write it."""
    beta = _ids(planned)["Beta Ltd"]
    ran = _decide(planned, "--approve", beta)
    assert ran.code == 4
    assert ran.err.startswith(f"blocked: {beta} cannot be approved")
    assert _decisions(planned) == {}
    forged = [{"change": beta, "verdict": "approve", "by": "dana", "at": "2026-11-20T17:00:00Z", "reason": ""}]
    decisions = planned.directory / "forged.json"
    decisions.write_text(json.dumps({"format_version": 1, "decisions": forged}))
    assert planned.run("apply", str(planned.plan_file), "--decisions", str(decisions)).code == 4
    assert _units(planned) == ["10", "40", "30"]


@pytest.mark.parametrize("verdict", ["--reject", "--hold"])
def test_a_declined_change_is_not_written_by_the_clean_ones(planned: Rehearsal, verdict: str) -> None:
    """A named decision wins over one in bulk, in `apply` and in a later `decide`."""
    acme = _ids(planned)["Acme Corp"]
    _decide(planned, verdict, acme, "--reason", "the client disputes it")
    _decide(planned, "--approve-clean")
    assert _decisions(planned)[acme]["verdict"] == verdict.removeprefix("--")
    ran = planned.apply()
    assert "1 rejected or held" in ran.out
    assert _units(planned) == ["10", "40", "30"]


def test_the_last_named_decision_wins(planned: Rehearsal) -> None:
    """Rejected, then approved by name: written."""
    acme = _ids(planned)["Acme Corp"]
    _decide(planned, "--reject", acme)
    _decide(planned, "--approve", acme[:8])
    planned.run("apply", str(planned.plan_file))
    assert _units(planned) == ["14", "40", "30"]


def test_a_decision_on_other_figures_says_nothing(planned: Rehearsal) -> None:
    """Approved at 14; two users more make another change, and that one is open."""
    acme = _ids(planned)["Acme Corp"]
    _decide(planned, "--approve", acme)
    planned.users(16)
    planned.observed()
    planned.plan()
    assert _ids(planned)["Acme Corp"] != acme
    ran = planned.run("apply", str(planned.plan_file))
    assert (ran.code, ran.out) == (4, "1 blocked, 2 open\n")
    assert planned.adjustments() == 0


def test_the_clean_ones_are_approved_in_bulk(planned: Rehearsal) -> None:
    """Only the one without a finding."""
    ran = _decide(planned, "--approve-clean", "--by", "pipeline")
    assert (ran.code, ran.out) == (0, "1 approved, 0 rejected or held, 1 open\n")
    assert list(_decisions(planned)) == [_ids(planned)["Acme Corp"]]


@pytest.mark.parametrize("word", ["000000000000", "", "\x1b]52;c;x\x07"])
def test_a_change_that_is_not_one_of_the_plan_is_wrong_usage(planned: Rehearsal, word: str) -> None:
    """Unknown, or the beginning of several."""
    ran = _decide(planned, "--approve", word)
    assert ran.code == 64
    assert "changes of the plan" in ran.err
    assert "\x1b" not in ran.err
    assert not (planned.directory / "plan.decisions.json").exists()


def test_a_change_that_is_approved_and_rejected_at_once_is_rejected(planned: Rehearsal) -> None:
    """The careful one of two words on one line counts."""
    acme = _ids(planned)["Acme Corp"]
    _decide(planned, "--reject", acme, "--approve", acme)
    assert _decisions(planned)[acme]["verdict"] == "reject"
