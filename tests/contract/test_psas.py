"""What every PSA must do. A new one that passes this is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from contract.kits import PSAS, PsaKit
from harness import TODAY, Rehearsal

from psarecon.domain.plan import Change
from psarecon.domain.plan_file import load_plan
from psarecon.domain.ports import KnowsBudget, State
from psarecon.errors import Refused, RemoteError, Throttled, Uncertain, Unreachable


@pytest.fixture(params=PSAS, ids=str)
def kit(request: pytest.FixtureRequest) -> PsaKit:
    """Each PSA in turn."""
    found: PsaKit = request.param
    return found


@pytest.fixture
def msp(kit: PsaKit, tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients, ten units each where fourteen are wanted, planned."""
    with kit.clients(tmp_path / "msp", 3) as found:
        found.observed()
        found.plan()
        yield found


def _changes(msp: Rehearsal) -> tuple[Change, ...]:
    return load_plan(msp.plan_file.read_bytes(), "plan.json").changes


def test_lines_are_read_with_their_figures_names_and_ids(kit: PsaKit, msp: Rehearsal) -> None:
    """Ten units at nine, and everything the mapping asserts."""
    lines = [change.line for change in _changes(msp)]
    with kit.adapter(msp) as psa:
        seen = psa.observe(lines, TODAY)
    assert list(seen) == lines
    first = seen[lines[0]]
    assert (first.quantity, first.unit_cost, first.unit_price) == (Decimal(10), Decimal("9.00"), Decimal("15.00"))
    assert (first.line, first.names.company, first.months, first.remarks) == (lines[0], "Client 0", 1, ())


def test_a_line_the_psa_does_not_show_is_absent_and_the_others_are_there(kit: PsaKit, msp: Rehearsal) -> None:
    """No error, no nought: absent; also an id that no record could have."""
    first, second, _ = (change.line for change in _changes(msp))
    gone, odd = replace(second, id="999999999"), replace(second, id="no-number")
    with kit.adapter(msp) as psa:
        assert set(psa.observe([first, gone, odd], TODAY)) == {first}


def test_nothing_mapped_is_nothing_read(kit: PsaKit, msp: Rehearsal) -> None:
    """An empty mapping costs no list of all there is."""
    with kit.adapter(msp) as psa:
        assert psa.observe([], TODAY) == {}


def test_the_call_of_a_change_is_literal_and_always_the_same(kit: PsaKit, msp: Rehearsal) -> None:
    """What is approved is what is sent: the same text at every plan, without a credential in it."""
    calls = [change.call for change in _changes(msp)]
    msp.plan()
    assert [change.call for change in _changes(msp)] == calls
    assert len({(call.path, call.body) for call in calls}) == 3
    text = "".join(f"{call.method} {call.path} {call.body}" for call in calls)
    assert [value for value in msp.environ.values() if value in text] == []


def test_a_write_is_sent_once_and_read_back(kit: PsaKit, msp: Rehearsal) -> None:
    """The literal call, once; then the line is as it was meant to be, and no other moved."""
    first, *others = _changes(msp)
    with kit.adapter(msp) as psa:
        psa.write(first.call)
        states = psa.reread([first, *others])
    assert states[first.id].quantity == 14
    assert [states[other.id].quantity for other in others] == [10, 10]
    assert kit.writes_of(msp) == 1


def test_a_line_is_reread_with_its_cost_where_the_change_has_one(kit: PsaKit, msp: Rehearsal) -> None:
    """Before the write: quantity and cost as planned."""
    msp.settings('unit_cost: "9.00"', 'unit_cost: "8.00"')
    msp.plan()
    first, *_ = _changes(msp)
    assert first.unit_cost is not None
    with kit.adapter(msp) as psa:
        assert psa.reread([first]) == {first.id: State(Decimal(10), Decimal("9.00"))}
        psa.write(first.call)
        assert psa.reread([first]) == {first.id: State(Decimal(14), Decimal("8.00"))}


def test_a_clear_refusal_is_refused_with_the_servers_words_and_changes_nothing(kit: PsaKit, msp: Rehearsal) -> None:
    """Never tried again by the adapter."""
    first, *_ = _changes(msp)
    kit.break_write(msp, "status", status=400, body='{"message": "no such thing", "errors": ["no such thing"]}')
    with kit.adapter(msp) as psa:
        with pytest.raises(Refused) as caught:
            psa.write(first.call)
        assert caught.value.texts == ("no such thing",)
        assert psa.reread([first])[first.id].quantity == 10
    assert kit.writes_of(msp) == 1


def test_too_many_requests_may_be_sent_again_by_who_reads_first(kit: PsaKit, msp: Rehearsal) -> None:
    """Throttled: the adapter itself does not send again."""
    first, *_ = _changes(msp)
    kit.break_write(msp, "status", status=429, body='{"message": "slow down"}')
    with kit.adapter(msp) as psa, pytest.raises(Throttled):
        psa.write(first.call)
    assert kit.writes_of(msp) == 1


@pytest.mark.parametrize(
    ("kind", "quantity"),
    [
        ("drop_before_apply", 10),
        ("drop_after_apply", 14),
        ("empty_500_before_apply", 10),
        ("empty_500_after_apply", 14),
    ],
)
def test_a_lost_answer_is_uncertain_and_reading_tells(kit: PsaKit, msp: Rehearsal, kind: str, quantity: int) -> None:
    """Whether it was carried out is never guessed, and it is never sent again."""
    first, *_ = _changes(msp)
    kit.break_write(msp, kind)
    with kit.adapter(msp) as psa:
        with pytest.raises(Uncertain):
            psa.write(first.call)
        assert psa.reread([first])[first.id].quantity == quantity
    assert kit.writes_of(msp) == 1


def test_a_page_of_html_instead_of_an_answer_to_a_write_is_uncertain(kit: PsaKit, msp: Rehearsal) -> None:
    """A 200 that is no JSON leaves open what happened."""
    first, *_ = _changes(msp)
    kit.break_write(msp, "html", status=200)
    with kit.adapter(msp) as psa, pytest.raises(Uncertain):
        psa.write(first.call)


def test_reads_that_fail_in_passing_are_repeated(kit: PsaKit, msp: Rehearsal) -> None:
    """Two outages, then an answer."""
    lines = [change.line for change in _changes(msp)]
    msp.fault("empty_500_before_apply", kit.type, times=2)
    with kit.adapter(msp) as psa:
        assert list(psa.observe(lines, TODAY)) == lines


def test_refused_reads_are_an_error_never_an_empty_answer(kit: PsaKit, msp: Rehearsal) -> None:
    """Lines that cannot be read are not lines that are gone."""
    lines = [change.line for change in _changes(msp)]
    msp.fault("status", kit.type, status=403, times=None)
    with kit.adapter(msp) as psa, pytest.raises(RemoteError):
        psa.observe(lines, TODAY)


def test_a_server_that_is_not_there_is_unreachable(kit: PsaKit, tmp_path: Path) -> None:
    """Nothing arrived, for certain: no write is in doubt."""
    with ExitStack() as world, ExitStack() as opened:
        found = world.enter_context(kit.clients(tmp_path / "msp", 1))
        found.observed()
        found.plan()
        psa = opened.enter_context(kit.adapter(found))
        assert psa.tenant
        world.close()
        with pytest.raises(Unreachable):
            psa.write(_changes(found)[0].call)


def test_the_tenant_is_named_the_same_each_time(kit: PsaKit, msp: Rehearsal) -> None:
    """A plan is applied only to the tenant it was made for."""
    names = set()
    for _ in range(2):
        with kit.adapter(msp) as psa:
            names.add(psa.tenant)
    assert names == {msp.plan()["tenants"][kit.type]}


def test_what_it_says_of_itself_makes_sense(kit: PsaKit, msp: Rehearsal) -> None:
    """A write has an end, and nothing is diagnosed where nothing is odd."""
    first, *_ = _changes(msp)
    with kit.adapter(msp) as psa:
        assert timedelta(seconds=1) < timedelta(seconds=psa.write_seconds) < timedelta(minutes=10)
        assert psa.diagnose(first, State(Decimal(12), None), ()) is None


def test_a_psa_that_counts_its_calls_says_how_many_are_left(kit: PsaKit, msp: Rehearsal) -> None:
    """Unknown or a figure at first, and fewer after each write; asking costs no call."""
    first, *_ = _changes(msp)
    with kit.adapter(msp) as psa:
        if not isinstance(psa, KnowsBudget):
            return
        assert psa.tenant
        before = psa.budget_left()
        msp.forget_requests()
        psa.write(first.call)
        after = psa.budget_left()
        assert (before is None, after is None) == (False, False)
        assert (before or 0) - (after or 0) == len(msp.requests()) == 1


def test_it_can_be_closed_twice(kit: PsaKit, msp: Rehearsal) -> None:
    """Whoever opens it closes it, also after an error."""
    with kit.adapter(msp) as psa:
        psa.close()
