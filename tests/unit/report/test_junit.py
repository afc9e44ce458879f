from __future__ import annotations

from xml.etree import ElementTree as ET

from hostile.looks import STEADY
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import plan_of
from unit.report.samples import numbered, plans, texts

from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import Plan, severities
from psarecon.report.junit import junit, junit_problems
from psarecon.report.placed import Placed


def suite_of(text: str) -> ET.Element:
    """The one suite of the document, once its counts are those of its tests."""
    root = ET.fromstring(text)  # noqa: S314 - we wrote it
    (suite,) = root
    counts = {
        "tests": len(suite),
        "failures": len(suite.findall("testcase/failure")),
        "errors": 0,
        "skipped": len(suite.findall("testcase/skipped")),
    }
    for element in (root, suite):
        assert {name: int(element.get(name, "")) for name in counts} == counts
    return suite


def test_blocked_is_a_failure_looked_at_is_skipped_clean_passes() -> None:
    """The failure names the finding; the skipped test says what waits for a decision; all say what would change."""
    changes = [numbered(number, client=f"Client {number}") for number in range(3)]
    findings = [
        Finding("quantity-drop", Severity.BLOCK, changes[0].scope, "far fewer"),
        Finding("name-differs", Severity.LOOK, f"line:{changes[1].line}", "another name"),
    ]
    suite = suite_of(junit(plan_of(changes, findings)))
    blocked, looked, clean = suite
    assert (suite.get("name"), suite.get("timestamp")) == ("psarecon plan", "2026-11-20T17:00:00")
    assert blocked.attrib == {
        "classname": "Client 0", "name": "jumpcloud-platform autotask/8000", "file": "clients/acme.yaml", "line": "6",
    }  # fmt: skip
    (failure,) = blocked
    assert failure.attrib == {"message": "BLOCK quantity-drop: far fewer", "type": "quantity-drop"}
    assert failure.text == "10 → 11 at 9.00, +9.00 cost a month\nBLOCK quantity-drop: far fewer"
    (skipped,) = looked
    assert (skipped.tag, skipped.attrib) == ("skipped", {"message": "LOOK name-differs: another name"})
    assert skipped.text == "10 → 12 at 9.00, +9.00 cost a month\nLOOK name-differs: another name"
    assert clean.findtext("system-out") == "10 → 13 at 9.00, +9.00 cost a month"


def test_a_line_without_a_change_has_its_test_too() -> None:
    """What is held back is not in the changes; nor is what is said of a source."""
    findings = [
        Finding("line-missing", Severity.BLOCK, "line:autotask/9", "not there"),
        Finding("usage-missing-days", Severity.INFO, "source:jumpcloud", "day 3"),
    ]
    held, told = suite_of(junit(plan_of((), findings)))
    assert (held.get("classname"), held.get("name"), held[0].tag) == ("line", "autotask/9", "failure")
    assert (told.get("classname"), told.get("name"), told[0].tag) == ("source", "jumpcloud", "system-out")


@STEADY
@given(plans())
def test_any_plan_is_xml_with_its_counts(plan: Plan) -> None:
    """Whatever its names are; each change has its test, and each blocked change fails."""
    suite = suite_of(junit(plan))
    blocked = sum(severity is Severity.BLOCK for severity in severities(plan).values())
    assert len(suite.findall("testcase[@file]")) == len(plan.changes)
    assert len(suite.findall("testcase[@file]/failure")) == blocked


def test_problems_are_failures_and_warnings_are_skipped() -> None:
    """One test each, at its place."""
    problems = [
        Placed("clients/a.yaml", 3, 5, "error", "wrong", "write it so"),
        Placed("b.yaml", 1, 1, "warning", "old"),
    ]
    wrong, old = suite_of(junit_problems(problems))
    assert wrong.attrib == {"classname": "clients/a.yaml", "name": "3:5 wrong", "file": "clients/a.yaml", "line": "3"}
    assert wrong[0].text == "wrong\nwrite it so"
    assert wrong[0].attrib == {"message": "wrong", "type": "error"}
    assert (old[0].tag, old[0].attrib) == ("skipped", {"message": "old"})


def test_without_problems_one_test_passes() -> None:
    """A suite without a test is an error to some sites."""
    (one,) = suite_of(junit_problems([]))
    assert (one.get("name"), len(one)) == ("settings and mapping", 0)


@STEADY
@given(st.lists(st.builds(Placed, texts, st.integers(1), st.integers(1), st.sampled_from(["error", "warning"]), texts, texts)))  # fmt: skip  # noqa: E501
def test_any_problems_are_xml(problems: list[Placed]) -> None:
    """Whatever strangers write into a file."""
    assert len(suite_of(junit_problems(problems))) == (len(problems) or 1)
