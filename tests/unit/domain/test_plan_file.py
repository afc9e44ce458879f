from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import CALL, NOW, change, pair, plan_of

from psarecon.domain.model import Finding, LineKey, Severity, Touched
from psarecon.domain.money import Money
from psarecon.domain.plan import Change, Pair, Plan, canonical, change_id
from psarecon.domain.plan_file import load_plan, plan_bytes, plan_data, plan_id
from psarecon.errors import PlanRefused

figures = st.decimals(0, 1_000_000, places=4, allow_nan=False, allow_infinity=False)
pairs = st.builds(Pair, figures, figures)
words = st.text(max_size=30)
money = st.builds(Money, *(st.none() | figures for _ in range(4)))
lines = st.builds(LineKey, st.sampled_from(["autotask", "connectwise"]), words, words, words)
days = st.dates(datetime(2020, 1, 1, tzinfo=UTC).date())
changes = st.builds(change, pairs, st.none() | pairs, line=lines, money=money, effective=st.none() | days, client=words)
findings = st.builds(Finding, words, st.sampled_from(Severity), words, words)
plans = st.builds(plan_of, st.lists(changes, max_size=3), st.lists(findings, max_size=3))


@given(plans)
def test_a_plan_comes_back_from_its_bytes_as_it_was(plan: Plan) -> None:
    """Every figure, name, finding and call; and writing it again gives the same bytes."""
    content = plan_bytes(plan)
    loaded = load_plan(content, "plan.json")
    assert loaded == plan
    assert plan_bytes(loaded) == content


@given(plans, st.none() | st.builds(Touched, words, st.none() | st.just(NOW)))
def test_a_plan_is_written_as_the_canonical_json_of_its_data(plan: Plan, touched: Touched | None) -> None:
    """The bytes are made piece by piece; this is what they are pieces of."""
    plan = replace(plan, changes=tuple(replace(change, touched=touched) for change in plan.changes))
    assert plan_bytes(plan) == canonical(plan_data(plan)) + b"\n"


@given(plans, st.data())
def test_any_one_changed_byte_is_refused(plan: Plan, data: st.DataObject) -> None:
    """Whichever byte of whichever plan, to whatever other value."""
    content = bytearray(plan_bytes(plan))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PlanRefused, match=r"plan\.json is refused"):
        load_plan(bytes(content), "plan.json")


@given(plans, st.data())
def test_a_lost_or_added_byte_is_refused(plan: Plan, data: st.DataObject) -> None:
    """Also the newline at the end, and a blank anywhere."""
    content = plan_bytes(plan)
    place = data.draw(st.integers(0, len(content) - 1))
    for other in (content[:place] + content[place + 1 :], content[:place] + b" " + content[place:]):
        with pytest.raises(PlanRefused):
            load_plan(other, "plan.json")


def _forged(edit: Any) -> bytes:
    """A plan edited by somebody who also computes its id again."""
    data = json.loads(plan_bytes(plan_of([change()])))
    edit(data)
    data["id"] = plan_id(data)
    return canonical(data) + b"\n"


def _other_figure(data: dict[str, Any]) -> None:
    data["changes"][0]["quantity"]["after"] = "1400"


def _other_line(data: dict[str, Any]) -> None:
    data["changes"][0]["line"]["id"] = "9999"


def _other_call(data: dict[str, Any]) -> None:
    data["changes"][0]["call"]["body"] = '{"unitChange": 1390}'


def _other_day(data: dict[str, Any]) -> None:
    data["changes"][0]["effective_date"] = "2026-12-01"


@pytest.mark.parametrize("edit", [_other_figure, _other_line, _other_day, _other_call])
def test_a_change_under_the_id_of_another_is_refused_even_in_a_plan_signed_anew(edit: Any) -> None:
    """The decision on 10 -> 14 must never carry 10 -> 1400, nor another request."""
    with pytest.raises(PlanRefused):
        load_plan(_forged(edit), "plan.json")


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda data: data.pop("changes"), id="no changes"),
        pytest.param(lambda data: data.update(changes=5), id="changes that are none"),
        pytest.param(lambda data: data.update(mapping=None), id="no mapping"),
        pytest.param(lambda data: data.update(as_of="yesterday"), id="no moment"),
        pytest.param(
            lambda data: data["changes"][0].update(live={"quantity": "ten", "unit_cost": None}), id="no figure"
        ),
        pytest.param(lambda data: data["changes"][0]["line"].update(more="x"), id="an unknown key"),
        pytest.param(lambda data: data["changes"][0].update(touched={"by": "kim"}), id="half a touch"),
        pytest.param(lambda data: data["changes"][0].update(touched={"by": 5, "at": None}), id="a touch by a number"),
        pytest.param(lambda data: data["changes"][0].update(touched={"by": "", "at": "then"}), id="a touch at no time"),
        pytest.param(lambda data: data.update(findings=[{"code": "x"}]), id="half a finding"),
    ],
)
def test_a_plan_of_another_shape_is_refused_and_not_a_crash(edit: Any) -> None:
    """Whoever wrote it, the answer is the same clear refusal."""
    with pytest.raises(PlanRefused):
        load_plan(_forged(edit), "plan.json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b'"plan"',
        b"{}",
        b'{"format_version": 1}',
        b'{"format_version":2,"id":"x"}\n',
        b'{"format_version":"1"}\n',
        b'{"planned_values":{},"format_version":"1.2","terraform_version":"1.9"}',
        b"\xff\xfe{",
        b"[" * 100_000,
    ],
)
def test_what_is_no_plan_is_refused(content: bytes) -> None:
    """Files of other programs too."""
    with pytest.raises(PlanRefused):
        load_plan(content, "plan.json")


def test_the_id_is_the_hash_of_the_canonical_data_without_the_id() -> None:
    """Anybody can compute it: sorted keys, no spaces, ASCII, sha256."""
    data = json.loads(plan_bytes(plan_of([change()])))
    rest = {key: value for key, value in data.items() if key != "id"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    assert data["id"] == hashlib.sha256(text.encode("ascii")).hexdigest()


def test_equal_plans_have_equal_bytes_and_other_figures_another_id() -> None:
    """The id moves with what the plan says, and with nothing else."""
    assert plan_bytes(plan_of([change()])) == plan_bytes(plan_of([change()]))
    assert plan_of([change(pair(10, 15))]).id != plan_of([change()]).id


@given(changes, changes)
def test_two_changes_have_one_id_only_when_they_do_the_same(one: Change, other: Change) -> None:
    """Line, before, after and date: all that a decision is about."""

    def said(what: Change) -> tuple[object, ...]:
        return what.line.psa, what.line.id, what.quantity, what.unit_cost, what.effective_date

    assert (one.id == other.id) == (said(one) == said(other))


@given(pairs, figures)
def test_a_change_whose_before_or_after_moves_is_another_change(quantity: Pair, figure: Decimal) -> None:
    """A decision made on other figures, or on another call, never matches."""
    line = LineKey("autotask", "1", "2", "3")
    usual = change_id(line, quantity, None, None, CALL)
    for moved in (Pair(figure, quantity.after), Pair(quantity.before, figure)):
        assert (change_id(line, moved, None, None, CALL) == usual) == (moved == quantity)
    assert change_id(line, None, quantity, None, CALL) != usual
    assert change_id(line, quantity, None, None, replace(CALL, body='{"unitChange": 5}')) != usual


@pytest.mark.parametrize("touched", [None, Touched("kim [/oops]\x1b", NOW), Touched(None, NOW), Touched("", None)])
def test_who_touched_the_line_comes_back_and_is_no_part_of_the_changes_id(touched: Touched | None) -> None:
    """A decision is about figures and the call, not about who was there before."""
    known = replace(change(), touched=touched)
    content = plan_bytes(plan_of([known]))
    (loaded,) = load_plan(content, "plan.json").changes
    assert loaded.touched == touched
    assert loaded.id == change().id


def test_a_plan_of_before_there_was_such_a_key_is_read_as_it_stands() -> None:
    """It is held against its own bytes, not against what would be written today."""
    old = _forged(lambda data: data["changes"][0].pop("touched"))
    plan = load_plan(old, "plan.json")
    assert b"touched" not in old
    assert plan.changes == (change(),)
    assert plan.id == json.loads(old)["id"]
