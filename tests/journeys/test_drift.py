"""Drift is told from what is not applied yet: what somebody moved since the last verified write, and its worth."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal
from journeys.autotask_steps import approve_all, assert_one_clear_error, findings, fleet, observed_plan
from journeys.drift_steps import PSAS, accept, applied, by_hand, clients_in, counts, drift, pair, psa_of

#: What a PSA calls the cost in a write.
IGNORED = {"autotask": "adjustedUnitCost", "connectwise": "unitCost"}


@pytest.fixture(params=PSAS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rehearsal]:
    """Two lines that psarecon wrote (fourteen and twelve at 9.00), and one that it never had to."""
    with clients_in(request.param, tmp_path / "msp", 14, 12, 10) as found:
        applied(found)
        yield found


def figure(value: str) -> Decimal:
    """A figure, however many decimals it was written with."""
    return Decimal(value)


def test_what_nobody_touched_has_not_drifted(place: Rehearsal) -> None:
    """Two lines are compared with what was written; of the third nothing can be said."""
    assert counts(drift(place, 0)) == {"lines": 3, "compared": 2, "unwritten": 1}
    out = place.run("drift").out
    assert "no drift: 2 lines compared with what was written last\n" in out
    assert "1 line was never written by psarecon" in out


@pytest.mark.parametrize(
    ("quantity", "cost", "moved"),
    [
        pytest.param(20, None, ("54.00", "90.00", "36.00"), id="quantity"),
        pytest.param(None, "9.50", ("7.00", "0.00", "-7.00"), id="cost"),
        pytest.param(20, "9.50", ("64.00", "90.00", "26.00"), id="both"),
    ],
)
def test_a_hand_edit_is_drift(place: Rehearsal, quantity: int | None, cost: str | None, moved: tuple[str, ...]) -> None:
    """With what was left, by which run, what is there, what is wanted, what it is worth, and where it is mapped."""
    by_hand(place, 0, quantity, cost)
    found = drift(place, 8)
    (group,) = found["groups"]
    (line,) = group["lines"]
    assert group["quantity"] == (pair("14", "20") if quantity else None)
    assert (group["unit_cost"] is None) is (cost is None)
    assert tuple(group[f"{what}_change"] for what in ("cost", "revenue", "margin")) == moved
    assert [figure(line["left"][key]) for key in ("quantity", "unit_cost")] == [14, 9]
    assert line["left"]["run"] == place.log()[0]["run"]
    assert [figure(line["found"][key]) for key in ("quantity", "unit_cost")] == [quantity or 14, figure(cost or "9")]
    assert (line["client"], line["source"]["line"], figure(line["wanted"]["quantity"])) == (
        "Acme Corp",
        6,
        figure("14"),
    )
    assert line["touched"] is None if psa_of(place) == "autotask" else line["touched"]["by"] == "Somebody"
    assert counts(found) == {"lines": 3, "compared": 2, "unwritten": 1, "drifted": 1}


def test_the_next_plan_tells_the_same_and_leaves_it_to_a_person(place: Rehearsal) -> None:
    """Its cause is the PSA; once it is written back by name, there is no drift any more."""
    by_hand(place, 0, 16, "9.50")
    plan = observed_plan(place)
    assert [change["causes"] for change in plan["changes"]] == [["psa"]]
    assert place.apply().code == 4
    approve_all(place)
    assert place.apply().code == 0
    assert counts(drift(place, 0)) == {"lines": 3, "compared": 2, "unwritten": 1}


def test_an_edit_that_agrees_rings_no_alarm(place: Rehearsal) -> None:
    """Seventeen are used and somebody wrote seventeen: it is told, nothing is to be done. At eighteen there is."""
    place.users(17)
    by_hand(place, 0, 17)
    place.observed()
    found = drift(place, 0, "--exit-code")
    assert [(group["kind"], group["quantity"]) for group in found["groups"]] == [("agrees", pair("14", "17"))]
    assert (place.plan()["changes"], found["totals"]["drifted"]) == ([], 0)
    assert "nothing is to be done" in place.run("drift").out
    place.users(18)
    place.observed()
    assert [group["kind"] for group in drift(place, 8)["groups"]] == ["against"]


def test_what_is_not_applied_yet_is_no_drift(place: Rehearsal) -> None:
    """Usage moved and nobody touched the PSA: 0, or 2 for who asks; a hand in another line is drift all the same."""
    place.users(16)
    place.observed()
    assert drift(place, 0)["groups"] == []
    assert counts(drift(place, 2, "--exit-code"))["unapplied"] == 1
    by_hand(place, 1, 11)
    assert counts(drift(place, 8, "--exit-code")) == {
        "lines": 3, "compared": 2, "unwritten": 1, "drifted": 1, "unapplied": 1,
    }  # fmt: skip


def test_a_line_that_was_never_written_is_neither(place: Rehearsal) -> None:
    """The third line moves, and the plan would write it for the first time."""
    by_hand(place, 2, 25)
    found = drift(place, 0, "--exit-code")
    assert (counts(found), found["apart"]) == ({"lines": 3, "compared": 2, "unwritten": 1}, [])


def test_accepted_drift_is_listed_and_left_alone(place: Rehearsal) -> None:
    """By the mapping, for these figures: no alarm, no change, and who reads the plan is told."""
    by_hand(place, 0, 20, "8.00")
    accept(place, 'quantity: 20, unit_cost: "8.00", reason: "six seats are a gift, ticket 812", until: 2026-11-30')
    found = drift(place, 0, "--exit-code")
    (line,) = found["accepted"]
    assert (found["groups"], line["acceptance"]["reason"]) == ([], "six seats are a gift, ticket 812")
    assert re.search(r"1 line accepted\n.*\n  Acme Corp .* 14 → 20 .*six seats are a gift", place.run("drift").out)
    plan = place.plan()
    (told,) = findings(plan, "drift-accepted")
    assert (plan["changes"], told["severity"]) == ([], "INFO")
    assert "until 2026-11-30, and mapping and usage ask for 14 at 9.00; six seats are a gift" in told["text"]


def test_an_acceptance_ends_with_its_day(place: Rehearsal) -> None:
    """Its last day is the thirtieth; on the first of December the line has drifted, and the plan says why."""
    by_hand(place, 0, 20)
    accept(place, "quantity: 20, reason: a gift, until: 2026-11-30")
    place.today("2026-11-30")
    assert len(drift(place, 0)["accepted"]) == 1
    place.today("2026-12-01")
    assert counts(drift(place, 8))["drifted"] == 1
    plan = observed_plan(place)
    assert "quantity 20: accepted until 2026-11-30, which is past;" in findings(plan, "acceptance-over")[0]["text"]
    assert "psa" in next(change["causes"] for change in plan["changes"] if change["client"] == "Acme Corp")


def test_an_acceptance_is_for_these_figures_only(place: Rehearsal) -> None:
    """Somebody moved the line on: it is drift again, and a person decides on the plan's change."""
    by_hand(place, 0, 20)
    accept(place, "quantity: 20, reason: a gift, until: 2027-01-31")
    by_hand(place, 0, 21)
    assert counts(drift(place, 8))["drifted"] == 1
    plan = observed_plan(place)
    assert "quantity 20: accepted, and the PSA holds 21" in findings(plan, "acceptance-over")[0]["text"]
    assert [change["quantity"] for change in plan["changes"]] == [pair("21", "14")]
    assert findings(plan, "changed-in-psa") != []


def test_a_figure_that_the_acceptance_does_not_name_goes_on_as_usual(place: Rehearsal) -> None:
    """A gift of seats holds back no new price, and a gift of a price no seats; both keep what they name."""
    by_hand(place, 0, 20)
    accept(place, "quantity: 20, reason: a gift, until: 2027-01-31")
    place.settings('unit_cost: "9.00"', 'unit_cost: "9.25"')
    plan = applied(place)
    mine = next(change for change in plan["changes"] if change["client"] == "Acme Corp")
    assert (mine["quantity"], mine["causes"]) == (None, ["cost"])
    assert figure(place.truth()["quantity"]) == 20
    assert figure(place.truth()["unit_cost"]) == figure("9.25")
    assert len(drift(place, 0)["accepted"]) == 1
    assert place.plan()["changes"] == []


def test_an_accepted_price_holds_no_seats_back(place: Rehearsal) -> None:
    """Sixteen are used; they are billed at the price that somebody gave."""
    by_hand(place, 0, None, "8.00")
    accept(place, 'unit_cost: "8.00", reason: promised by sales, until: 2027-01-31')
    place.users(16)
    plan = applied(place)
    assert [(one["quantity"], one["unit_cost"], one["causes"]) for one in plan["changes"]] == [
        (pair("14", "16"), None, ["usage"])
    ]
    assert figure(place.truth()["unit_cost"]) == 8
    assert counts(drift(place, 0))["accepted"] == 1


def test_the_turn_of_the_month_is_no_drift(place: Rehearsal) -> None:
    """What was written in November stands in December; a hand edit of December shows."""
    place.today("2026-12-03")
    assert drift(place, 0)["groups"] == []
    by_hand(place, 1, 19)
    assert [group["quantity"] for group in drift(place, 8)["groups"]] == [pair("12", "19")]


def test_a_run_that_was_taken_back_is_no_drift(place: Rehearsal) -> None:
    """The last write is the one that took it back; mapping and usage ask for something else, unapplied."""
    ran = place.run("rollback", place.log()[-1]["run"], "-o", str(place.plan_file))
    assert ran.code == 0, ran.err
    approve_all(place)
    assert place.apply().code == 0
    assert counts(drift(place, 2, "--exit-code")) == {"lines": 3, "compared": 2, "unwritten": 1, "unapplied": 2}


def test_a_line_that_is_gone_is_named_apart(place: Rehearsal) -> None:
    """It is not called drift; who reads the report is told of it."""
    place.edit(line=place.lines[0], delete=True)
    found = drift(place, 0)
    assert [(one["code"], one["client"]) for one in found["apart"]] == [("line-missing", "Acme Corp")]
    assert counts(found) == {"lines": 3, "compared": 1, "apart": 1, "unwritten": 1}
    assert re.search(r"1 line cannot be compared\n.*\n.*Acme Corp .* not in the PSA any more", place.run("drift").out)


@pytest.mark.parametrize("kind", ["html", "expired_secret"])
def test_a_psa_that_is_down_says_nothing(acme: Rehearsal, kind: str) -> None:
    """A page that tells of maintenance, or no access: one clear error and exit 1, neither drift nor none."""
    applied(acme)
    acme.fault(kind, times=None)
    ran = acme.run("drift", "--format", "json")
    assert (ran.code, ran.out) == (1, "")
    assert_one_clear_error(ran, acme)


def test_one_psa_that_is_down_speaks_for_all(place: Rehearsal) -> None:
    """In either PSA: half a report would look like a whole one."""
    place.fault("expired_secret", psa_of(place), times=None)
    assert (place.run("drift").code, place.run("drift").out) == (1, "")


def test_neither_drift_nor_plan_writes(place: Rehearsal) -> None:
    """Nothing but reads reaches the PSA, and every figure stays."""
    by_hand(place, 0, 20, "9.50")
    before = place.control("GET", "world")["lines"]
    place.forget_requests()
    for words in (("drift",), ("drift", "--format", "markdown"), ("drift", "--exit-code"), ("plan",)):
        place.run(*words)
    asked = [one for one in place.requests() if one["system"] == psa_of(place)]
    changing = [one for one in asked if one["method"] != "GET" and not one["path"].lower().endswith("/query")]
    assert (changing, len(asked) > 8) == ([], True)
    assert place.control("GET", "world")["lines"] == before


def test_a_line_in_doubt_is_named_apart_also_once_a_person_settled_it(place: Rehearsal) -> None:
    """A write whose outcome nobody saw may be what moved the line: that is not somebody else."""
    place.users(17)
    place.settings('unit_cost: "9.00"', 'unit_cost: "9.50"')
    observed_plan(place)
    place.fault("ignored_field", psa_of(place), name=IGNORED[psa_of(place)])
    assert place.apply().code == 6
    assert [one["code"] for one in drift(place, 0)["apart"]] == ["in-doubt"]
    (change,) = {entry["change"] for entry in place.log() if entry["event"] == "unknown"}
    assert place.run("resume", "--no-wait", "--accept", change, "--reason", "looked").code == 0
    assert [one["code"] for one in drift(place, 0)["apart"]] == ["settled"]
    observed_plan(place)
    approve_all(place)
    assert place.apply().code == 0
    assert drift(place, 0)["apart"] == []


def test_a_moment_of_the_past_can_be_asked_for(place: Rehearsal) -> None:
    """With the day's own figures, as the PSA knows them now."""
    by_hand(place, 0, 20)
    found = drift(place, 8, "--as-of", "2026-11-20T18:30:00Z")
    assert found["as_of"] == "2026-11-20T18:30:00Z"


@pytest.fixture
def straddling(tmp_path: Path) -> Iterator[Rehearsal]:
    """Fourteen units, ten users, periods from a fifteenth: the decrease was written, dated to December's."""
    with rehearsal(tmp_path / "msp", Client(units=14, users=10, start=date(2026, 1, 15))) as found:
        assert applied(found)["changes"][0]["effective_date"] == "2026-12-15"
        yield found


def test_a_decrease_dated_ahead_is_no_drift(straddling: Rehearsal) -> None:
    """Fourteen today, ten from the fifteenth of December: that is what was written, before that day and after."""
    assert straddling.truth()["quantity"] == "14"
    assert drift(straddling, 0)["groups"] == []
    straddling.today("2026-12-16")
    assert straddling.truth()["quantity"] == "10"
    assert drift(straddling, 0)["groups"] == []


def test_an_edit_of_the_period_ahead_is_drift_already(straddling: Rehearsal) -> None:
    """Somebody makes it thirteen from that day on: it is told now, not when it has been invoiced."""
    straddling.edit(line=straddling.lines[0], units_change=3, effective="2026-12-15")
    (group,) = drift(straddling, 8)["groups"]
    assert (group["quantity"], group["lines"][0]["left"]["since"]) == (pair("10", "13"), "2026-12-15")


def test_what_the_psa_does_not_show_cannot_be_compared(straddling: Rehearsal) -> None:
    """The contract now ends before the day from which the write counts."""
    contract = next((straddling.directory / "clients").glob("*.yaml")).read_text().partition("contract: {id: ")[2]
    straddling.edit(contract=contract.partition(",")[0], end="2026-12-14")
    (line,) = drift(straddling, 0)["apart"]
    assert (line["code"], line["text"]) == ("not-shown", "the PSA shows no figures from 2026-12-15 on")


def test_two_writes_of_ours_are_not_taken_for_somebody(straddling: Rehearsal) -> None:
    """Sixteen from November on, written after ten from December on: December holds the sum, which neither left."""
    straddling.users(16)
    assert applied(straddling)["changes"][0]["effective_date"] == "2026-11-15"
    assert drift(straddling, 0)["groups"] == []
    straddling.today("2026-12-16")
    assert straddling.truth()["quantity"] == "12"
    (line,) = drift(straddling, 0)["apart"]
    assert (line["code"], "dated 2026-12-15 counts by now" in line["text"]) == ("later-write", True)


def test_equal_drift_is_told_once(tmp_path: Path) -> None:
    """A dearer price on 214 lines and two other edits: three groups, of the largest the first five lines."""
    with fleet(tmp_path / "msp", 216) as place:
        assert place.run("plan", "-o", str(place.plan_file)).code == 0
        assert place.apply().code == 0
        for number in range(214):
            by_hand(place, number, None, "9.50")
        by_hand(place, 214, 15)
        by_hand(place, 215, None, "8.75")
        ran = place.run("drift")
        assert ran.code == 8
        title = "the same cost rise 9.00 → 9.50 for 214 lines, +1,498.00 cost, 0.00 revenue, -1,498.00 margin a month"
        assert f"\njumpcloud-platform: {title}\n" in ran.out
        assert "  209 more lines, +1,463.00 cost, 0.00 revenue, -1,463.00 margin a month: --all shows all\n" in ran.out
        assert [ran.out.index(word) for word in ("cost rise", "quantity 14 → 15", "cost fall")] == sorted(
            ran.out.index(word) for word in ("cost rise", "quantity 14 → 15", "cost fall")
        )
        assert (ran.out.count("Client 0"), place.run("drift", "--all").out.count("Client 0")) == (7, 216)
        assert [len(group["lines"]) for group in drift(place, 8)["groups"]] == [214, 1, 1]
        page = place.run("drift", "--format", "markdown").out
        (left,) = re.findall(r"(\d+) more lines, [^<]* not shown", page)
        assert (len(page.encode()) <= 65_536, page.count("| Client 0") + int(left)) == (True, 216)


def test_another_tenants_writes_do_not_count(acme: Rehearsal, tmp_path: Path) -> None:
    """The ledger knows the line's number from another tenant: here psarecon never wrote it."""
    applied(acme)
    with fleet(tmp_path / "other", 1, seed=2) as other:
        assert other.lines == acme.lines
        shutil.copytree(acme.directory / ".psarecon", other.directory / ".psarecon")
        by_hand(other, 0, 99)
        found = drift(other, 0)
        assert (counts(found), found["tenants"]) == ({"lines": 1, "unwritten": 1}, {"autotask": "127.0.0.1/90002"})


HOSTILE = "Evil | </summary> ::set-output \x1b]52;c;aGk=\x07 @everyone [link](http://x) \u202egnp.exe"


def test_names_are_never_more_than_text(tmp_path: Path) -> None:
    """In the terminal and in Markdown; JSON holds them as they are."""
    with rehearsal(tmp_path / "msp", Client(HOSTILE)) as place:
        applied(place)
        by_hand(place, 0, 20)
        text, page = (place.run("drift", *words).out for words in ((), ("--format", "markdown")))
        assert not [sign for sign in text + page if sign in "\x1b\x07\u202e"]
        assert "Evil | </summary>" in text
        assert page.count("</summary>") == page.count("<summary>") == 1
        assert "@everyone" not in page
        line: dict[str, Any] = drift(place, 8)["groups"][0]["lines"][0]
        assert line["client"] == HOSTILE
