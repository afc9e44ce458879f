"""Decisions without a screen: approve, reject, hold, change by change, and what they bind to."""

from __future__ import annotations

import json
import re
import subprocess
import sys
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


def test_a_decision_says_what_it_is_about(planned: Rehearsal) -> None:
    """In words a reviewer in git understands."""
    acme = _ids(planned)["Acme Corp"]
    _decide(planned, "--approve", acme)
    assert _decisions(planned)[acme]["about"] == {
        "client": "Acme Corp",
        "effective_date": "2026-11-01",
        "line": f"autotask/{planned.lines[0]}",
        "product": "jumpcloud-platform",
        "quantity": {"after": "14", "before": "10"},
        "unit_cost": None,
    }


def test_a_filter_selects_what_is_decided_and_lists_it(planned: Rehearsal) -> None:
    """A LOOK that is listed is named; a BLOCK is left out, and counted."""
    ran = _decide(planned, "--approve", "--where", "product:jumpcloud", "--by", "dana", "--reason", "checked")
    assert ran.code == 0
    listed, counts = ran.out.rstrip().split("\n\n")
    assert [line.split()[:3] for line in listed.splitlines()[1:]] == [
        ["x", "Beta", "Ltd"],
        ["!", "Gamma", "AS"],
        ["Acme", "Corp", "jumpcloud-platform"],
    ]
    assert re.findall(r"(approve|blocked) ", listed) == ["blocked", "approve", "approve"]
    assert counts == "2 approved, 0 rejected or held, 0 open"
    assert ran.err.startswith("left out: 1 blocked changes cannot be approved")
    assert {one["reason"] for one in _decisions(planned).values()} == {"checked"}
    planned.run("apply", str(planned.plan_file))
    assert _units(planned) == ["14", "40", "36"]


@pytest.mark.parametrize("verdict", ["reject", "hold"])
def test_a_filter_can_decline_also_what_is_blocked(planned: Rehearsal, verdict: str) -> None:
    """So that a file says so in words."""
    ran = _decide(planned, f"--{verdict}", "--where", "units<0")
    assert (ran.code, ran.err) == (0, "")
    assert {one["verdict"] for one in _decisions(planned).values()} == {verdict}
    assert list(_decisions(planned)) == [_ids(planned)["Beta Ltd"]]


def test_the_clean_ones_of_a_selection_are_approved_in_bulk(planned: Rehearsal) -> None:
    """--where narrows --approve-clean too; what was decided stays."""
    assert _decide(planned, "--approve-clean", "--where", "client:gamma").out.startswith("0 approved")
    _decide(planned, "--hold", _ids(planned)["Acme Corp"])
    assert _decide(planned, "--approve-clean", "--where", "client:acme").out.startswith(
        "0 approved, 1 rejected or held"
    )
    _decide(planned, "--reopen", _ids(planned)["Acme Corp"])
    assert _decide(planned, "--approve-clean", "--where", "client:acme").out.startswith("1 approved")


def test_what_was_decided_is_opened_again(planned: Rehearsal) -> None:
    """By id, and by what was decided on it."""
    acme, gamma = (_ids(planned)[name] for name in ("Acme Corp", "Gamma AS"))
    _decide(planned, "--approve", acme, gamma)
    assert _decide(planned, "--reopen", gamma).out == "1 approved, 0 rejected or held, 1 open\n"
    assert list(_decisions(planned)) == [acme]
    assert _decide(planned, "--reopen", "--where", "is:approved").out.endswith(
        "0 approved, 0 rejected or held, 2 open\n"
    )
    assert _decisions(planned) == {}


@pytest.mark.parametrize("other", ["--reject", "--hold", "--reopen"])
def test_of_two_words_on_a_change_the_careful_one_counts(planned: Rehearsal, other: str) -> None:
    """Never the approval, in whichever order they stand."""
    acme = _ids(planned)["Acme Corp"]
    for words in (("--approve", acme, other, acme), (other, acme, "--approve", acme)):
        _decide(planned, *words)
        assert _decisions(planned).get(acme, {}).get("verdict") != "approve"


def test_the_list_shows_each_decision_and_those_that_have_lapsed(planned: Rehearsal) -> None:
    """Approved at 14 by dana; at 16 it is another change, and the list says what became of the word."""
    _decide(planned, "--approve", _ids(planned)["Acme Corp"], "--by", "dana", "--reason", "seen")
    planned.users(16)
    planned.observed()
    planned.plan()
    before = (planned.directory / "plan.decisions.json").read_bytes()
    ran = _decide(planned, "--list", "--where", "is:lapsed")
    (line,) = ran.out.splitlines()[1:-2]
    assert "10 → 16" in line
    assert re.search(r"lapsed +dana +20\d\d-\d\d-\d\d \d\d:\d\d", line)
    assert line.endswith("approve was for 10 → 14 from 2026-11-01: seen")
    assert (planned.directory / "plan.decisions.json").read_bytes() == before
    assert len(_decide(planned, "--list").out.splitlines()) == 1 + 3 + 2


def test_the_list_as_data_has_decisions_and_counts(planned: Rehearsal) -> None:
    """For scripts: nothing else goes to stdout."""
    gamma = _ids(planned)["Gamma AS"]
    ran = _decide(planned, "--hold", gamma, "--by", "kim", "--list", "--format", "json")
    data = json.loads(ran.out)
    assert {key: data[key] for key in ("approved", "rejected", "held", "open", "blocked")} == {
        "approved": 0, "rejected": 0, "held": 1, "open": 1, "blocked": 1,
    }  # fmt: skip
    assert [(one["client"], one["state"], one["severity"]) for one in data["changes"]] == [
        ("Beta Ltd", "blocked", "BLOCK"),
        ("Gamma AS", "hold", "LOOK"),
        ("Acme Corp", "open", None),
    ]
    assert data["changes"][1]["decision"] == _decisions(planned)[gamma]
    assert data["changes"][1]["findings"] == ["name-differs"]


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (("--approve",), "--approve of which changes?", "--where 'is:open client:acme'"),
        (("--hold", "--where", "  "), "--hold of which changes?", "name changes after --hold"),
        (("--approve", "--reject", "--where", "acme"), "--where can select changes for one act only", "once for each"),
        (("--approve", "--approve-clean", "--where", "acme"), "for one act only", "once for each"),
        (("--approve", "0000", "--where", "acme"), "--where selects nothing here", "leave out the ids"),
        (("--approve", "--where", "cleint:acme"), "no field 'cleint'; did you mean client?", "fields are client"),
        (("--list", "--where", "money>much"), "filter, at 7: money wants a figure", "money>100"),
        (("--reject", "0000"), "'0000' names 0 changes of the plan", "psarecon show"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(planned: Rehearsal, words: tuple[str, ...], said: str, hint: str) -> None:
    """Exit 64, with the way out; no decision is written."""
    ran = _decide(planned, *words)
    assert (ran.code, ran.out) == (64, "")
    assert said in ran.err
    assert hint in ran.err.partition("hint: ")[2]
    assert not (planned.directory / "plan.decisions.json").exists()


def test_show_is_narrowed_by_a_filter(planned: Rehearsal) -> None:
    """Its changes, what was found about them and their money; `is:` asks the decisions beside the plan."""
    ran = planned.run("show", str(planned.plan_file), "--where", "client:gamma")
    assert (ran.code, ran.err) == (0, "1 of 3 changes: client:gamma\n")
    assert "1 change on 3 lines: +54.00 cost" in ran.out
    assert "Gamma AS" in ran.out
    assert "Acme" not in ran.out
    assert "name-differs" in ran.out
    assert "quantity-drop" not in ran.out
    _decide(planned, "--approve", _ids(planned)["Acme Corp"])
    data = json.loads(planned.run("show", str(planned.plan_file), "--where", "is:approved", "--format", "json").out)
    assert [one["client"] for one in data["changes"]] == ["Acme Corp"]
    assert "format_version" not in data
    ran = planned.run("show", str(planned.plan_file), "--where", "nobody")
    assert (ran.code, ran.out, ran.err) == (0, "", "0 of 3 changes: nobody\n")
    assert planned.run("show", str(planned.plan_file), "--where", "is:x").code == 64
    assert planned.run("show", str(planned.plan_file), "--where", "x", "--change", "y").code == 64


def test_two_who_decide_at_once_lose_nothing(planned: Rehearsal) -> None:
    """Four commands at the same time on two changes, three times over: both decisions stand."""
    ids = [_ids(planned)[name] for name in ("Acme Corp", "Gamma AS")]
    command = [sys.executable, "-m", "psarecon", "decide", str(planned.plan_file)]
    for _ in range(3):
        running = [subprocess.Popen([*command, "--reject", one], stdout=subprocess.DEVNULL) for one in ids * 2]
        assert [one.wait() for one in running] == [0] * 4
        assert set(_decisions(planned)) == set(ids)
        _decide(planned, "--reopen", *ids)
