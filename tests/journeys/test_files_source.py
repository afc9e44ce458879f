"""Usage from CSV and JSON files: every row counts or its file and line are told, and nothing counts twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import PRODUCT, Client, Rehearsal, rehearsal
from journeys.autotask_steps import findings, marks, observed_plan, only_change

HEAD = "organization,metric,count,date\n"


class Shop(Rehearsal):
    """A rehearsal whose usage comes from files in ``usage/``."""

    def put(self, name: str, text: str) -> None:
        """Write a file of usage."""
        path = self.directory / "usage" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")

    def samples(self) -> list[tuple[str, str, int | None, str]]:
        """What the ledger holds: organization, metric, count and moment, in the order it was taken in."""
        with sqlite3.connect(self.directory / ".psarecon" / "ledger.db") as ledger:
            return ledger.execute("SELECT organization, metric, counted, taken_at FROM samples ORDER BY id").fetchall()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Acme and Beta, ten units each, with usage from files instead of JumpCloud."""
    with rehearsal(tmp_path / "msp", Client(), Client("Beta Ltd")) as found:
        yield _with_files(found)


def _with_files(found: Rehearsal) -> Shop:
    found.settings(
        'jumpcloud: {type: jumpcloud, url: "file:.sandbox/url", api_key: "env:JUMPCLOUD_API_KEY"}',
        'exports: {type: files, path: "usage/*"}',
    )
    found.settings("source: jumpcloud, metric: users", "source: exports, metric: users")
    for number, name in enumerate(("acme", "beta")):
        found.mapping(f'jumpcloud: "{found.organizations[number]}"', f'exports: "{name}"', client=number)
    return Shop(found.directory, found.url, found.environ, found.lines, ["acme", "beta"])


def test_the_highest_count_of_the_month_is_billed_from_a_csv_file(shop: Shop) -> None:
    """The evidence names file and line; a day is the first instant of it in the billing zone."""
    shop.put(
        "nov.csv",
        HEAD
        + "acme,users,12,2026-11-03\nacme,users,16,2026-11-19\nacme,users,14,2026-11-20\nbeta,users,10,2026-11-20\n",
    )
    change = only_change(observed_plan(shop))
    assert change["quantity"] == {"before": "10", "after": "16"}
    assert change["evidence"] == [
        {"role": "high-water-mark", "count": "16", "taken_at": "2026-11-19T05:00:00Z", "how": "usage/nov.csv:3"}
    ]
    assert (change["usage"]["daily"][2], change["usage"]["daily"][18:20]) == ("12", ["16", "14"])


def test_json_files_say_the_same(shop: Shop) -> None:
    """A list of objects; counts may be numbers or texts."""
    rows = [
        {"organization": "acme", "metric": "users", "count": 14, "date": "2026-11-20"},
        {"organization": "beta", "metric": "users", "count": "10", "date": "2026-11-20"},
    ]
    shop.put("nov.json", json.dumps(rows, indent=2))
    change = only_change(observed_plan(shop))
    assert (change["quantity"]["after"], change["evidence"][0]["how"]) == ("14", "usage/nov.json:2")


def test_reading_the_same_file_again_adds_nothing(shop: Shop) -> None:
    """Three readings, two rows, two samples; and one more row adds one more."""
    shop.put("nov.csv", HEAD + "acme,users,14,2026-11-20\nbeta,users,10,2026-11-20\n")
    for _ in range(3):
        shop.observed()
    assert len(shop.samples()) == 2
    shop.put("nov.csv", HEAD + "acme,users,14,2026-11-20\nbeta,users,10,2026-11-20\nacme,users,13,2026-11-19\n")
    shop.observed()
    assert len(shop.samples()) == 3


def test_a_corrected_count_takes_the_place_of_the_one_before(shop: Shop) -> None:
    """19 was a slip: once the file says 14, so does the high-water mark."""
    shop.put("nov.csv", HEAD + "acme,users,19,2026-11-20\nbeta,users,10,2026-11-20\n")
    assert only_change(observed_plan(shop))["quantity"]["after"] == "19"
    shop.put("nov.csv", HEAD + "acme,users,14,2026-11-20\nbeta,users,10,2026-11-20\n")
    assert only_change(observed_plan(shop))["quantity"]["after"] == "14"


BAD = [
    ("acme,users,14.5,2026-11-20", "usage/nov.csv:3: 'acme': count must be a whole number of at least 0, not '14.5'"),
    ("acme,users,-1,2026-11-20", "usage/nov.csv:3: 'acme': count must be a whole number of at least 0, not '-1'"),
    ("acme,users,,2026-11-20", "usage/nov.csv:3: 'acme': count must be a whole number of at least 0, not ''"),
    ("acme,users,14,20.11.2026", "usage/nov.csv:3: 'acme': date must be a day such as 2026-11-20, not '20.11.2026'"),
    ("acme,users,14,2026-11-31", "usage/nov.csv:3: 'acme': date must be a day such as 2026-11-20, not '2026-11-31'"),
    ("acme,users,14,2026-11-21", "usage/nov.csv:3: 'acme': date 2026-11-21 is in the future"),
    ("acme,the users,14,2026-11-20", "usage/nov.csv:3: 'acme': metric must be a name such as users"),
    ("acme,users,14,2026-11-20,x", "usage/nov.csv:3: 'acme': the row has more cells than the first line names"),
    ("acme,users", "usage/nov.csv:3: 'acme': count must be a whole number of at least 0, not ''"),
    (",users,14,2026-11-20", "usage/nov.csv:3: organization is missing"),
    ('"acme,users,14,2026-11-20', "usage/nov.csv:3: not CSV: unexpected end of data"),
    ("beta,users,11,2026-11-20", "usage/nov.csv:3: 'beta' counts 11 on 2026-11-20, and 10 at usage/nov.csv:2"),
]


@pytest.mark.parametrize(("row", "error"), BAD)
def test_a_bad_row_is_told_with_file_and_line_and_nothing_of_the_file_is_used(shop: Shop, row: str, error: str) -> None:
    """Not skipped, not guessed: the good row beside it does not count either, and both clients are left alone."""
    shop.put("nov.csv", f"{HEAD}beta,users,10,2026-11-20\n{row}\n")
    ran = shop.run("observe")
    assert (ran.code, error in ran.err) == (6, True), ran.err
    assert {count for _, _, count, _ in shop.samples()} == {None}
    assert shop.plan()["changes"] == []


WHOLE = [
    ("nov.csv", "org,metric,count,date\nacme,users,14,2026-11-20\n", "usage/nov.csv:1: the first line must name"),
    ("nov.csv", "", "usage/nov.csv:1: the first line must name"),
    ("nov.json", '[{"organization": "acme"},\n 7]', "usage/nov.json:2: a row must be an object"),
    ("nov.json", '{"organization": "acme"}', "usage/nov.json:1: a JSON file holds a list of rows"),
    ("nov.json", '[{"organization": "acme",\n  "organization": "beta"}]', "usage/nov.json:2: the key 'organization'"),
    ("nov.txt", "x", "usage/nov.txt:1: the file is neither .csv nor .json"),
]


@pytest.mark.parametrize(("name", "text", "error"), WHOLE)
def test_a_file_that_cannot_be_understood_fails_everybody(shop: Shop, name: str, text: str, error: str) -> None:
    """Any organization could be in it, so none is taken for covered by the other file."""
    shop.put("good.csv", HEAD + "acme,users,14,2026-11-20\nbeta,users,10,2026-11-20\n")
    shop.put(name, text)
    ran = shop.run("observe")
    assert (ran.code, ran.err.count(error)) == (6, 2), ran.err
    plan = shop.plan()
    assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "usage-failed"), ("BLOCK", "usage-missing")})


def test_a_bad_file_fails_only_those_it_speaks_of(shop: Shop) -> None:
    """Beta's own file is good, so Beta goes on."""
    shop.put("acme.csv", HEAD + "acme,users,many,2026-11-20\n")
    shop.put("beta.csv", HEAD + "beta,users,12,2026-11-20\n")
    assert shop.run("observe").code == 6
    plan = shop.plan()
    assert [change["client"] for change in plan["changes"]] == ["Beta Ltd"]
    assert marks(plan) == {("BLOCK", "usage-missing"), ("BLOCK", "usage-failed")}


def test_once_the_file_is_mended_the_line_is_free_again(shop: Shop) -> None:
    """Also when the mended file says what it said before it broke."""
    good = HEAD + "acme,users,14,2026-11-20\nbeta,users,10,2026-11-20\n"
    shop.put("nov.csv", good)
    shop.observed()
    shop.put("nov.csv", good + "acme,users,oops,2026-11-20\n")
    assert shop.run("observe").code == 6
    assert marks(shop.plan()) == {("BLOCK", "usage-failed")}
    shop.put("nov.csv", good)
    assert only_change(observed_plan(shop))["quantity"]["after"] == "14"


def test_an_organization_no_row_is_about_is_a_failed_reading(shop: Shop) -> None:
    """Missing is not zero."""
    shop.put("nov.csv", HEAD + "acme,users,14,2026-11-20\n")
    ran = shop.run("observe")
    assert (ran.code, "failed: beta : no row of usage/* is about it" in ran.err) == (6, True)
    assert [change["client"] for change in shop.plan()["changes"]] == ["Acme Corp"]


def test_without_any_file_everybody_fails(shop: Shop) -> None:
    """The pattern is named."""
    ran = shop.run("observe")
    assert (ran.code, ran.err.count("there is no file usage/*")) == (6, 2)


def test_an_old_export_is_stale(shop: Shop) -> None:
    """A file of three days ago is older than ``usage_age`` allows: blocked until a newer one is there."""
    shop.put("nov.csv", HEAD + "acme,users,14,2026-11-17\nbeta,users,10,2026-11-20\n")
    plan = observed_plan(shop)
    assert (plan["changes"], marks(plan)) == ([], {("BLOCK", "usage-stale")})
    assert "the newest sample is 84 h old" in findings(plan, "usage-stale")[0]["text"]


def test_columns_may_stand_in_any_order_beside_others(shop: Shop) -> None:
    """An export has what it has: only the four columns are read."""
    shop.put(
        "nov.csv", "date,name,count,organization,metric\n2026-11-20,Acme,14,acme,users\n2026-11-20,Beta,10,beta,users\n"
    )
    assert only_change(observed_plan(shop))["product"] == PRODUCT
