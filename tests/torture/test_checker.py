"""The checker, on evidence made by hand: each rule holds for a good run and is broken by the run it is there for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from torture.checker import RULES, violations
from torture.evidence import Evidence, Planned, Row

LINE, OTHER = "8001", "8002"


def line(quantity: int, writes: int) -> dict[str, Any]:
    """What the sandbox says of a line."""
    return {"quantity": str(quantity), "unit_cost": "9.00", "writes": writes}


def rows(*events: str, of: str = LINE) -> list[Row]:
    """A journal of one line."""
    return [Row("run", event, "change", of) for event in events]


def good() -> Evidence:
    """Line 8001 from 10 to 14, approved, written once and verified; line 8002 from 5 to 6, left for the clean run."""
    applied = {LINE: line(14, 1), OTHER: line(5, 0)}
    return Evidence(
        planned=(
            Planned(LINE, "change", ("10", "14"), None, approved=True),
            Planned(OTHER, "other", ("5", "6"), None, approved=False),
        ),
        before={LINE: line(10, 0), OTHER: line(5, 0)},
        applied=applied,
        sends={LINE: [200]},
        code=4,
        journal=rows("intent", "verified"),
        resumed=applied,
        resumed_journal=rows("intent", "verified"),
        wanted={LINE: ("14", "9.00"), OTHER: ("6", "9.00")},
        clean_code=0,
        final={LINE: line(14, 1), OTHER: line(6, 1)},
    )


def in_doubt(**more: Any) -> Evidence:
    """The same, killed after the call was sent; ``resume`` found it applied."""
    story: dict[str, Any] = {"code": None, "signal": 9, "journal": rows("intent"), "named": {LINE: "verified"}}
    return replace(good(), **{**story, **more})


BROKEN = {
    "written twice": ("once", replace(good(), applied={LINE: line(18, 2), OTHER: line(5, 0)})),
    "sent again after an empty 500": ("once", replace(good(), sends={LINE: [500, 200]})),
    "sent again after a cut connection": ("once", replace(good(), sends={LINE: [None, 200]})),
    "written without an intent": ("journalled", in_doubt(journal=())),
    "sent more often than intended": ("journalled", replace(good(), sends={LINE: [200, 200]})),
    "written without approval": ("approved", replace(good(), applied={LINE: line(14, 1), OTHER: line(6, 1)})),
    "written after somebody moved it": ("approved", replace(good(), moved=frozenset({LINE}))),
    "verified, and it is not so": ("told", replace(good(), applied={LINE: line(10, 0), OTHER: line(5, 0)})),
    "failed, and it was written": ("told", replace(good(), journal=rows("intent", "failed"))),
    "written, and nothing is said of it": ("told", replace(good(), journal=())),
    "in doubt with a good exit code": ("named", in_doubt(code=0, signal=0)),
    "in doubt, and resume is silent": ("named", in_doubt(named={})),
    "ended by an error of nobody's": ("named", replace(good(), code=None, said="Traceback")),
    "done, and a line is as before": ("done", replace(good(), code=0, applied={LINE: line(10, 0), OTHER: line(5, 0)})),
    "written by resume": ("settled", in_doubt(resumed={LINE: line(18, 2), OTHER: line(5, 0)})),
    "settled as failed, and it was written": ("settled", in_doubt(resumed_journal=rows("intent", "failed"))),
    "left in doubt without a reason": ("settled", in_doubt(resumed_journal=rows("intent"))),
    "the clean run ends elsewhere": ("converges", replace(good(), final={LINE: line(14, 1), OTHER: line(7, 1)})),
    "the clean run writes for nothing": ("converges", replace(good(), final={LINE: line(14, 2), OTHER: line(6, 1)})),
    "the clean run fails": ("converges", replace(good(), clean_code=6)),
    "the plan after it is not empty": ("converges", replace(good(), left=1)),
}


def test_a_good_run_breaks_no_rule() -> None:
    """Written once and verified; and killed after sending, named and settled."""
    assert violations(good()) == []
    assert violations(in_doubt()) == []


@pytest.mark.parametrize("how", BROKEN)
def test_a_bad_run_breaks_the_rule_that_is_there_for_it(how: str) -> None:
    """Others may be broken with it."""
    rule, evidence = BROKEN[how]
    assert rule in {violation.rule for violation in violations(evidence)}


def test_every_rule_is_broken_by_some_run_above() -> None:
    """A rule that nothing breaks would say nothing."""
    assert {rule for rule, _ in BROKEN.values()} == set(RULES)


@pytest.mark.parametrize("refused", [400, 409, 429])
def test_a_call_that_was_clearly_refused_may_be_sent_again(refused: int) -> None:
    """It changed nothing, and the protocol allows it after a read."""
    assert violations(replace(good(), sends={LINE: [refused, 200]})) == []


def test_a_line_that_somebody_else_changes_meanwhile_may_stay_in_doubt() -> None:
    """A person decides; what it then is says nothing about psarecon."""
    story = {"meddled": frozenset({LINE}), "named": {LINE: "unknown"}, "resumed_journal": rows("intent", "unknown")}
    assert violations(in_doubt(**story, applied={LINE: line(17, 1), OTHER: line(5, 0)})) == []
