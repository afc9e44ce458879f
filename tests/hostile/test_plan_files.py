"""Plan and decisions files that somebody made up: with a right id, in the right form, and one value another.

Who can write a plan file can compute its ids; what that gains is told in SECURITY.md and held here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal
from hostile.looks import ACTING, STEADY, harmless, measured, missing, places, replaced, values, written
from hypothesis import given, settings
from hypothesis import strategies as st
from journeys.connectwise_steps import connectwise, patches

from psarecon.domain.decisions import load_decisions
from psarecon.domain.plan import canonical
from psarecon.domain.plan_file import load_plan, plan_id, read_change
from psarecon.errors import InvalidInput, PlanRefused
from psarecon.review.kept import Kept
from psarecon.review.opened import open_plan

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    1.5,
    "",
    "1E+999999999",
    "NaN",
    "sNaN",
    "Infinity",
    "-0",
    "9" * 5000,
    "٣",
    [],
    {},
    "\ud800",
)
_READ = ("show", "decide", "apply")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Two changes, planned."""
    with rehearsal(tmp_path_factory.mktemp("plans") / "msp", Client(), Client("Beta | <b>", units=8)) as found:
        found.observed()
        found.plan()
        yield found


@pytest.fixture(scope="module")
def plan(place: Rehearsal) -> dict[str, Any]:
    """What the plan says."""
    data: dict[str, Any] = json.loads(place.plan_file.read_bytes())
    return data


def sealed(data: Any) -> bytes:
    """The file with the ids that its content asks for, as far as it has the form of a plan."""
    if not isinstance(data, dict):
        return canonical(data) + b"\n"
    for change in data["changes"] if isinstance(data.get("changes"), list) else ():
        _seal(change)
    return canonical({**data, "id": plan_id(data)}) + b"\n"


def _seal(change: Any) -> None:
    from psarecon.domain.plan import change_id

    try:
        one = read_change(change)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return
    change["id"] = change_id(one.line, one.quantity, one.unit_cost, one.effective_date, one.call)


@settings(STEADY, max_examples=300)
@given(data=st.data())
def test_a_plan_with_one_value_changed_is_refused_or_harmless(
    place: Rehearsal, plan: dict[str, Any], data: st.DataObject
) -> None:
    """By the commands and by the review; nothing is ever sent for it but what it shows."""
    found = places(plan)
    at = found[data.draw(st.integers(0, len(found) - 1))]
    value = data.draw(st.one_of(st.sampled_from(ODD), st.sampled_from(ACTING), values))
    gone = bool(at) and data.draw(st.booleans())
    forged = place.directory / "forged.json"
    forged.write_bytes(sealed(missing(plan, at) if gone else replaced(plan, at, value)))
    harmless(place.run("show", str(forged)), 0, 3)
    for number in (0, 1):
        ids = [one["id"] for one in plan["changes"]]
        harmless(place.run("show", str(forged), "--change", ids[number]), 0, 3, 64)
    harmless(place.run("decide", str(forged)), 0, 2, 3, 4)
    _opened(forged)


def _opened(path: Path) -> None:
    try:
        opened = open_plan(path)
    except PlanRefused:
        return
    try:
        for row in opened.rows:
            opened.findings_of(opened.change(row))
    except PlanRefused:
        pass
    finally:
        opened.close()


@pytest.mark.parametrize("figure", ["1E+999999999", "NaN", "Infinity", "1" * 61, "1_0", " 1", "+1", "٣", ""])
def test_a_figure_that_is_none_is_refused_before_it_is_written_out(
    place: Rehearsal, plan: dict[str, Any], figure: str
) -> None:
    """Everywhere a plan has one; 1E+999999999 would be a gigabyte of zeros."""
    figures = [at for at in places(plan) if at and (_FIGURES & set(map(str, at[-2:])))]
    texts = [at for at in figures if isinstance(_at(plan, at), str)]
    assert len(texts) > 20
    for at in texts:
        data = replaced(plan, at, figure)
        data["id"] = plan_id(data)
        with pytest.raises(PlanRefused):
            load_plan(canonical(data) + b"\n", "forged.json")


#: Keys whose values, or the parts of whose values, are figures.
_FIGURES = {"quantity", "unit_cost", "live", "wanted_cost", "monthly_cost", "monthly_revenue", "margin_change"}


def _at(data: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


Forge = Callable[[dict[str, Any]], None]


def _other_path(call: dict[str, Any]) -> None:
    call["path"] = "Companies"


def _climbing(call: dict[str, Any]) -> None:
    call["path"] = call["path"].replace("Contracts/", "Contracts/../TimeEntries/")


def _other_method(call: dict[str, Any]) -> None:
    call["method"] = "DELETE"


def _more_units(call: dict[str, Any]) -> None:
    call["body"] = call["body"].replace('"unitChange": 4', '"unitChange": 4000')


def _key_twice(call: dict[str, Any]) -> None:
    call["body"] = call["body"].replace('"unitChange": 4', '"unitChange": 4, "unitChange": 4000')


def _other_line(call: dict[str, Any]) -> None:
    body = json.loads(call["body"])
    call["body"] = json.dumps({**body, "contractServiceID": body["contractServiceID"] + 1})


def _other_day(call: dict[str, Any]) -> None:
    call["body"] = json.dumps({**json.loads(call["body"]), "effectiveDate": "2020-01-01"})


def _more_keys(call: dict[str, Any]) -> None:
    call["body"] = json.dumps({**json.loads(call["body"]), "adjustedUnitPrice": 0})


@pytest.mark.parametrize(
    "forge", [_other_path, _climbing, _other_method, _more_units, _key_twice, _other_line, _other_day, _more_keys]
)
def test_a_call_that_is_not_the_one_shown_is_not_sent(acme: Rehearsal, forge: Forge) -> None:
    """Right ids, approved: the line is left as it is, nothing is journalled as sent, the exit code says so."""
    acme.observed()
    data = acme.plan()
    forge(data["changes"][0]["call"])
    acme.plan_file.write_bytes(sealed(data))
    acme.forget_requests()
    ran = acme.apply()
    harmless(ran, 6)
    assert "nothing was sent: the plan's call is not the one that its figures ask for" in ran.err
    writes = [one for one in acme.requests() if one["method"] != "GET" and not one["path"].endswith("/query")]
    assert writes == []
    assert acme.truth()["quantity"] == "10"
    assert acme.log() == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"method":"PATCH"', '"method":"DELETE"'),
        ("finance/agreements/", "finance/agreements/../"),
        ('\\"path\\":\\"quantity\\"', '\\"path\\":\\"billCustomer\\"'),
        ('\\"value\\":14', '\\"value\\":1400'),
        ('\\"op\\":\\"replace\\"', '\\"op\\":\\"remove\\"'),
    ],
)
def test_a_connectwise_call_that_is_not_the_one_shown_is_not_sent(tmp_path: Path, old: str, new: str) -> None:
    """The same for a PATCH."""
    with connectwise(tmp_path / "msp") as found:
        found.observed()
        text = canonical(found.plan()).decode()
        assert old in text
        found.plan_file.write_bytes(sealed(json.loads(text.replace(old, new))))
        harmless(found.apply(), 6)
        assert patches(found) == 0
        assert found.truth()["quantity"] == "10"


def test_a_forged_line_among_honest_ones_is_left_and_the_others_are_written(tmp_path: Path) -> None:
    """The one whose call lies is not even read along with its neighbour."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta", units=8), Client("Gamma", units=7)) as found:
        found.observed()
        data = found.plan()
        _more_units(data["changes"][0]["call"])
        data["changes"][1]["call"]["path"] = "Companies"
        found.plan_file.write_bytes(sealed(data))
        ran = found.apply()
        harmless(ran, 6)
        forged = {one["line"]["id"] for one in data["changes"][:2]}
        written_lines = {line for line in found.lines if found.truth(line)["writes"]}
        assert written_lines == set(found.lines) - forged


def test_a_decisions_file_of_any_form_is_read_or_refused(place: Rehearsal, plan: dict[str, Any]) -> None:
    """With one value of it another: by `apply` through both readers, which agree."""
    file = place.directory / "forged.decisions.json"
    ran = place.run("decide", str(place.plan_file), "--approve", plan["changes"][0]["id"], "--decisions", str(file))
    assert ran.code == 0, ran.err
    base = json.loads(file.read_bytes())

    @settings(STEADY, max_examples=200)
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        found = places(base)
        at = found[data.draw(st.integers(0, len(found) - 1))]
        value = data.draw(st.one_of(st.sampled_from(ODD), st.sampled_from(ACTING), values))
        gone = bool(at) and data.draw(st.booleans())
        content = written(missing(base, at) if gone else replaced(base, at, value))
        outcomes = [
            _told(lambda: len(load_decisions(content, "x"))),
            _told(lambda: len(Kept.of(content, "x").verdicts)),
        ]
        assert outcomes[0] == outcomes[1]
        file.write_bytes(content)
        harmless(place.run("decide", str(place.plan_file), "--decisions", str(file)), 0, 2, 3, 4)

    check()


def _told(read: Callable[[], int]) -> int | str:
    try:
        return read()
    except InvalidInput:
        return "refused"


def test_a_verdict_written_twice_is_refused(acme: Rehearsal) -> None:
    """A reviewer reads the first, a program the last; the same for the list of decisions."""
    acme.observed()
    change = acme.plan()["changes"][0]["id"]
    decision = f'{{"change": "{change}", "verdict": "reject", "by": "kim", "at": "now", "verdict": "approve"}}'
    file = acme.directory / "plan.decisions.json"
    for text in (
        f'{{"format_version": 1, "decisions": [{decision}]}}',
        f'{{"decisions": [], "format_version": 1, "decisions": [{decision}]}}',
    ):
        file.write_text(text, encoding="utf-8")
        harmless(acme.run("apply", str(acme.plan_file)), 3)
    assert acme.adjustments() == 0


@pytest.mark.parametrize("word", _READ)
@pytest.mark.parametrize("name", ["plan", "decisions"])
def test_a_file_without_end_is_refused_in_bounded_memory(acme: Rehearsal, word: str, name: str) -> None:
    """A device in its place, and a sparse file of a gigabyte."""
    acme.observed()
    acme.plan()
    sparse = acme.directory / "sparse.json"
    with sparse.open("wb") as file:
        file.truncate(2**30)
    for path in (sparse, Path("/dev/zero")):
        words = (word, str(path)) if name == "plan" else (word, str(acme.plan_file), "--decisions", str(path))
        if word == "show" and name == "decisions":
            continue
        ran = measured(acme.directory, *words, environ=acme.environ, most=1500)
        assert ran.code == 3, ran.err
        assert "is larger than 256 MiB" in ran.err or "no file that can be read twice" in ran.err
        assert ran.memory < 700


def test_the_largest_plan_of_small_parts_is_refused_in_bounded_memory(acme: Rehearsal) -> None:
    """32 MiB of empty lists, the worst JSON there is; a right id does not help."""
    data = {"changes": [[]] * (32 * 2**20 // 3), "format_version": 1}
    acme.plan_file.write_bytes(canonical(data) + b"\n")
    ran = measured(acme.directory, "show", str(acme.plan_file), environ=acme.environ, most=4096)
    assert (ran.code, "is refused" in ran.err) == (3, True)
    assert ran.memory < 3000


def test_figures_of_a_plan_are_read_as_they_are() -> None:
    """What psarecon writes, the reader takes: many places, none, a sign."""
    from psarecon.domain.plan_file import FIGURE

    for number in ("0", "14", "-3", "9.00", "0.0000000000000000000000000001", "-99999999.125"):
        assert FIGURE.fullmatch(f"{Decimal(number):f}")
