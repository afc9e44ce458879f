from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import LINE, change, pair, plan_of

from psarecon.domain.decisions import (
    About,
    Decision,
    Verdict,
    approve_clean,
    decisions_bytes,
    load_decisions,
    merge,
    sort_changes,
)
from psarecon.domain.model import Finding, LineKey, Severity
from psarecon.domain.plan import Pair
from psarecon.errors import InvalidInput

AT = "2026-11-20T17:00:00Z"
OTHER = LineKey("autotask", "175", "29683354", "8002")
FIRST, SECOND = change(), change(line=OTHER, organization="jumpcloud/org-2")
#: A PSA's answer may hold half a character: JSON can.
texts = st.text(st.characters(), max_size=20) | st.sampled_from(["\ud800", "\x1b]52;c;x\x07", '"},', "é\u202e"])
figures = st.decimals(allow_nan=False, allow_infinity=False, places=4)
pairs = st.none() | st.builds(Pair, figures, figures)
abouts = st.none() | st.builds(About, texts, texts, texts, pairs, pairs, st.none() | st.dates().map(str))
ids = st.sampled_from([FIRST.id, SECOND.id, "0" * 12])
decisions = st.lists(st.builds(Decision, ids, st.sampled_from(Verdict), texts, texts, texts, abouts))


def _decided(verdict: Verdict, change_id: str = FIRST.id) -> Decision:
    return Decision(change_id, verdict, "dana", AT, "checked")


def _scopes() -> list[str]:
    return ["plan", FIRST.scope, f"line:{LINE}", "organization:jumpcloud/org-1"]


@pytest.mark.parametrize("scope", _scopes())
@given(found=decisions)
def test_a_blocked_change_is_never_approved_whatever_was_decided(scope: str, found: list[Decision]) -> None:
    """Blocked by itself, its line, its organization or the whole plan."""
    plan = plan_of([FIRST, SECOND], [Finding("quantity-drop", Severity.BLOCK, scope, "")])
    sorted_ = sort_changes(plan, found)
    assert FIRST in sorted_.blocked
    assert FIRST not in [one for one, _ in sorted_.approved]
    assert (SECOND in sorted_.blocked) is (scope == "plan")


@given(decisions)
def test_every_change_is_sorted_once_by_its_last_decision(found: list[Decision]) -> None:
    """Approved, declined or undecided; decisions on unknown changes say nothing."""
    sorted_ = sort_changes(plan_of([FIRST, SECOND]), found)
    approved = [one for one, _ in sorted_.approved]
    assert sorted([*approved, *sorted_.declined, *sorted_.undecided], key=lambda one: one.line) == [FIRST, SECOND]
    for one in (FIRST, SECOND):
        mine = [decision.verdict for decision in found if decision.change == one.id]
        assert (one in approved) is (mine[-1:] == [Verdict.APPROVE])
        assert (one in sorted_.undecided) is (not mine)


@given(decisions, decisions)
def test_merging_keeps_the_last_decision_of_each_change(old: list[Decision], new: list[Decision]) -> None:
    """In the order of the changes' ids, so that the file has one form."""
    merged = merge(old, new)
    assert [one.change for one in merged] == sorted({one.change for one in (*old, *new)})
    for one in merged:
        assert one == [other for other in (*old, *new) if other.change == one.change][-1]


@given(decisions)
def test_decisions_come_back_from_their_file_as_they_were(found: list[Decision]) -> None:
    """Whatever a name or a reason holds; the file is ASCII."""
    content = decisions_bytes(found)
    assert load_decisions(content, "plan.decisions.json") == tuple(found)
    assert content.isascii()


@given(decisions)
def test_the_file_has_a_line_for_each_decision(found: list[Decision]) -> None:
    """JSON without spaces, its keys sorted, in ASCII: anybody's tool writes it the same, and git shows it by line."""
    first, *lines, last = decisions_bytes(found).decode("ascii").splitlines()
    assert (first, last) == ('{"decisions":[', '],"format_version":1}')
    assert [line.endswith(",") for line in lines] == [True] * (len(found) - 1) + [False] * bool(found)
    for line, one in zip(lines, found, strict=True):
        data = json.loads(line.removesuffix(","))
        assert json.dumps(data, separators=(",", ":"), sort_keys=True) == line.removesuffix(",")
        assert data["change"] == one.change


def test_a_decision_says_in_words_what_it_is_about() -> None:
    """Line, client, product, both figures where they move, and the day."""
    both = change(pair(10, 14), pair("8.25", "9.00"), effective=None)
    assert About.of(FIRST) == About(
        "autotask/8001", "Acme Corp", "jumpcloud-platform", pair(10, 14), None, "2026-11-01"
    )
    assert About.of(both) == About(
        "autotask/8001", "Acme Corp", "jumpcloud-platform", pair(10, 14), pair("8.25", "9.00"), None
    )


def test_a_file_of_before_is_read_and_what_a_later_psarecon_adds_is_passed_by() -> None:
    """Without `about`; with a key nobody knows yet."""
    old = {**_GOOD, "later": [1]}
    content = json.dumps({"format_version": 1, "decisions": [old], "later": {}}).encode()
    assert load_decisions(content, "x") == (Decision("0123456789ab", Verdict.APPROVE, "dana", AT),)


@pytest.mark.parametrize("severity", [Severity.BLOCK, Severity.LOOK])
@pytest.mark.parametrize("scope", _scopes())
def test_approving_what_is_clean_passes_by_whatever_has_a_finding(scope: str, severity: Severity) -> None:
    """LOOK needs a name beside it, BLOCK cannot be approved at all."""
    plan = plan_of([FIRST, SECOND], [Finding("code", severity, scope, "")])
    clean = [] if scope == "plan" else [SECOND.id]
    assert [one.change for one in approve_clean(plan, "dana", AT)] == clean


def test_a_finding_that_only_tells_leaves_a_change_clean() -> None:
    """INFO asks for nothing."""
    plan = plan_of([FIRST], [Finding("usage-missing-days", Severity.INFO, "plan", "")])
    assert approve_clean(plan, "dana", AT) == (
        Decision(FIRST.id, Verdict.APPROVE, "dana", AT, "clean", About.of(FIRST)),
    )


def test_a_look_is_lifted_by_a_named_approval() -> None:
    """The decision goes with the change to the journal."""
    plan = plan_of([FIRST], [Finding("name-differs", Severity.LOOK, FIRST.scope, "")])
    assert sort_changes(plan, [_decided(Verdict.APPROVE)]).approved == ((FIRST, _decided(Verdict.APPROVE)),)


def test_a_decision_on_other_figures_never_matches() -> None:
    """10 -> 14 was approved; 10 -> 15 is undecided."""
    moved = change(pair(10, 15))
    assert sort_changes(plan_of([moved]), [_decided(Verdict.APPROVE)]).undecided == (moved,)


@pytest.mark.parametrize("verdict", [Verdict.REJECT, Verdict.HOLD])
def test_a_rejected_or_held_change_is_declined(verdict: Verdict) -> None:
    """Neither written nor undecided."""
    assert sort_changes(plan_of([FIRST]), [_decided(verdict)]).declined == (FIRST,)


_GOOD = {"change": "0123456789ab", "verdict": "approve", "by": "dana", "at": AT}
_ABOUT = {
    "line": "autotask/1",
    "client": "",
    "product": "",
    "quantity": None,
    "unit_cost": None,
    "effective_date": None,
}


def _told(**about: object) -> bytes:
    """A file whose one decision says this of its change."""
    return json.dumps({"format_version": 1, "decisions": [{**_GOOD, "about": {**_ABOUT, **about}}]}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b'{"format_version": 2, "decisions": []}',
        b'{"format_version": 1}',
        b'{"format_version": 1, "decisions": {"a": 1}}',
        b'{"format_version": 1, "decisions": [1]}',
        json.dumps({"format_version": 1, "decisions": [{**_GOOD, "verdict": "approved"}]}).encode(),
        json.dumps({"format_version": 1, "decisions": [{**_GOOD, "verdict": ["approve"]}]}).encode(),
        json.dumps({"format_version": 1, "decisions": [{**_GOOD, "by": None}]}).encode(),
        json.dumps({"format_version": 1, "decisions": [{**_GOOD, "reason": 1}]}).encode(),
        json.dumps({"format_version": 1, "decisions": [{"change": _GOOD["change"], "verdict": "approve"}]}).encode(),
        json.dumps({"format_version": 1, "decisions": [{**_GOOD, "change": "0123"}]}).encode(),
        b"[" * 100_000,
        _told(line=1),
        _told(client=None),
        _told(quantity="10"),
        _told(quantity={"before": "10", "after": 14}),
        _told(quantity={"before": "10", "after": "NaN"}),
        _told(quantity={"before": "10", "after": "1e999999999"}),
        _told(unit_cost={"before": "9.00"}),
        _told(effective_date="soon"),
        json.dumps({"format_version": 1, "decisions": [{**_GOOD, "about": {}}]}).encode(),
    ],
)
def test_what_is_no_decisions_file_is_refused_by_name(content: bytes) -> None:
    """A wrong word is not taken for a decision."""
    with pytest.raises(InvalidInput, match=r"x\.decisions\.json is not a decisions file"):
        load_decisions(content, "x.decisions.json")
