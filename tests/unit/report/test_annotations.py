from __future__ import annotations

import json
import re
from typing import Any

from hostile.looks import STEADY
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from unit.report.samples import texts

from psarecon import __version__
from psarecon.report.annotations import github, gitlab, sarif
from psarecon.report.placed import Placed
from psarecon.text import clean

ERROR = Placed("conf/clients/a.yaml", 9, 16, "error", "unit_cost must be a quoted decimal", 'write "9.00"')
WARNING = Placed("psarecon.yaml", 2, 3, "warning", "nobody uses the product 100% off: backup, daily")

numbers = st.integers(1, 10**6)
problems_ = st.lists(
    st.builds(Placed, texts, numbers, numbers, st.sampled_from(["error", "warning"]), texts, texts), max_size=8
)


def _object(required: dict[str, Any]) -> dict[str, Any]:
    """A schema of an object with these keys, all of which must be there."""
    return {"type": "object", "properties": required, "required": list(required)}


def _listed(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


_TEXT, _NUMBER = {"type": "string"}, {"type": "integer", "minimum": 1}
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_MESSAGE = _object({"text": _TEXT})
_LOCATION = _object(
    {
        "physicalLocation": _object(
            {
                "artifactLocation": _object({"uri": {"type": "string", "pattern": r"^[A-Za-z0-9._~/%-]*$"}}),
                "region": _object({"startLine": _NUMBER, "startColumn": _NUMBER}),
            }
        )
    }
)
_RULE = _object({"id": _TEXT, "shortDescription": _MESSAGE, "defaultConfiguration": _object({"level": _LEVEL})})
_RESULT = _object(
    {
        "ruleId": _TEXT, "ruleIndex": {"type": "integer", "minimum": 0}, "level": _LEVEL, "message": _MESSAGE,
        "locations": _listed(_LOCATION), "partialFingerprints": {"type": "object", "additionalProperties": _TEXT},
    }
)  # fmt: skip
_RUN = _object(
    {
        "tool": _object({"driver": _object({"name": _TEXT, "version": _TEXT, "rules": _listed(_RULE)})}),
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": _listed(_RESULT),
    }
)
#: What SARIF 2.1.0 demands of the parts that are used here.
SARIF = Draft202012Validator(_object({"$schema": _TEXT, "version": {"const": "2.1.0"}, "runs": _listed(_RUN)}))


def test_a_problem_is_a_workflow_command_at_its_place() -> None:
    """Signs that would end a property or a command are written as percent and two digits."""
    first = "::error file=conf/clients/a.yaml,line=9,col=16,title=psarecon error::"
    second = "::warning file=psarecon.yaml,line=2,col=3,title=psarecon warning::"
    assert list(github([ERROR, WARNING])) == [
        f'{first}unit_cost must be a quoted decimal; write "9.00"',
        f"{second}nobody uses the product 100%25 off: backup, daily",
    ]
    (odd,) = github([Placed("a,b:c%.yaml", 1, 1, "error", "x")])
    assert odd.startswith("::error file=a%2Cb%3Ac%25.yaml,line=1,")


@STEADY
@given(problems_)
def test_no_text_can_give_a_command_of_its_own(problems: list[Placed]) -> None:
    """A line for each problem, one command in it, and its properties are ours."""
    lines = list(github(problems))
    assert len(lines) == len(problems)
    for line in lines:
        found = re.fullmatch(r"::(error|warning) file=[^,:]*,line=\d+,col=\d+,title=psarecon \1::(.*)", line)
        assert found
        assert line[2:] == clean(line[2:])


def test_gitlab_gets_a_list_of_issues() -> None:
    """Each with what Code Quality asks for."""
    wrong, old = json.loads(gitlab([ERROR, WARNING]))
    assert {key: value for key, value in wrong.items() if key != "fingerprint"} == {
        "description": 'unit_cost must be a quoted decimal; write "9.00"',
        "check_name": "mapping-error",
        "severity": "critical",
        "location": {"path": "conf/clients/a.yaml", "lines": {"begin": 9}},
    }
    assert (old["check_name"], old["severity"]) == ("settings-warning", "minor")
    assert json.loads(gitlab([])) == []


def test_a_fingerprint_stays_when_the_line_moves_and_differs_between_equals() -> None:
    """Else each line inserted above would make an old problem a new one, and of two equal ones one would be lost."""
    moved = Placed(ERROR.file, 30, 2, ERROR.severity, ERROR.message, ERROR.suggestion)
    first, second = (one["fingerprint"] for one in json.loads(gitlab([ERROR, moved])))
    (alone,) = (one["fingerprint"] for one in json.loads(gitlab([moved])))
    assert alone == first
    assert first != second
    assert re.fullmatch("[0-9a-f]{64}", first)


def test_sarif_has_its_rules_and_places() -> None:
    """Columns count characters, not halves of them; the rule of each result is one of the driver's."""
    log = json.loads(sarif([ERROR, WARNING]))
    SARIF.validate(log)
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"], run["columnKind"]) == ("psarecon", __version__, "unicodeCodePoints")
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("mapping-error", "error"),
        ("settings-warning", "warning"),
    ]
    assert run["results"][0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "conf/clients/a.yaml"},
        "region": {"startLine": 9, "startColumn": 16},
    }


@STEADY
@given(problems_)
def test_any_problems_are_sarif_and_code_quality(problems: list[Placed]) -> None:
    """Whatever strangers write into a file, also into its name; no two fingerprints are equal."""
    log = json.loads(sarif(problems))
    SARIF.validate(log)
    assert len(log["runs"][0]["results"]) == len(problems)
    assert len({issue["fingerprint"] for issue in json.loads(gitlab(problems))}) == len(problems)
