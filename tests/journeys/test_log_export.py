"""The journal for an auditor: CSV and JSON with columns that stay, and everything an invoice's figure rests on."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Rehearsal, psarecon
from journeys.log_steps import FORMULA, REASON, URL, tamper, two_months

from psarecon.report.log import COLUMNS

ROOT = Path(__file__).resolve().parents[2]
#: The keys that `log --format json` had before it was an export.
OLD_KEYS = ["id", "at", "run", "event", "change", "psa", "tenant", "line", "effective_date", "detail"]
MORE_KEYS = ["line", "detail", "seconds", "client_key", "by_key"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Two months; the tests only read."""
    with two_months(tmp_path_factory.mktemp("log") / "msp") as found:
        yield found


def exported(place: Rehearsal, *words: str) -> list[dict[str, str]]:
    """The rows of the CSV."""
    return list(csv.DictReader(io.StringIO(place.run("log", "--format", "csv", *words).out, newline="")))


def test_a_record_holds_everything_a_figure_rests_on(place: Rehearsal) -> None:
    """The first row, column by column."""
    entry = place.log()[0]
    change, plan = entry["detail"]["change"], entry["detail"]["plan"]
    (reading,) = entry["evidence"]
    assert {name: entry[name] for name in COLUMNS} == {
        "id": 1, "at": entry["at"], "event": "intent", "change": change["id"], "text": None,
        "run": entry["run"], "run_owner": "Dana", "run_host": entry["run_host"], "run_url": URL,
        "psa": "autotask", "tenant": entry["tenant"], "client": "Acme Corp", "product": "jumpcloud-platform",
        "organization": f"jumpcloud/{place.organizations[0]}", "effective_date": "2026-11-01", "month": "2026-11",
        "company_id": "174", "company": "Acme Corp", "contract_id": "29683353", "contract": "Managed services",
        "line_id": "8001", "line_name": "JumpCloud Platform",
        "quantity_before": "10", "quantity_after": "14", "unit_cost_before": "8.50", "unit_cost_after": "9.00",
        "cost_before": "85.00", "cost_after": "126.00", "cost_change": "41.00", "currency": "USD",
        "revenue_before": "150.00", "revenue_after": "210.00", "revenue_change": "60.00",
        "causes": ["first"], "evidence": [reading], "mapping": "clients/acme-corp.yaml:6",
        "decided_by": "Dana", "verdict": "approve", "reason": REASON, "decided_at": entry["decided_at"],
        "plan": plan["id"], "mapping_commit": plan["commit"], "mapping_dirty": False, "digest": entry["digest"],
        "call": f"POST Contracts/29683353/ServiceAdjustments {change['call']['body']}",
    }  # fmt: skip
    assert (reading["role"], reading["count"], reading["taken_at"]) == (
        "high-water-mark", "14", "2026-11-20T17:00:00Z",
    )  # fmt: skip
    assert (len(plan["id"]), len(plan["commit"]), plan["dirty"]) == (64, 40, False)


def test_the_plan_in_the_journal_is_the_one_that_was_applied(place: Rehearsal) -> None:
    """The last run's, whose file is still there."""
    plan = json.loads(place.plan_file.read_bytes())
    last = place.log()[-1]
    assert (last["plan"], last["mapping_commit"]) == (plan["id"], plan["mapping"]["commit"])


def test_an_outcome_repeats_what_its_intent_says(place: Rehearsal) -> None:
    """All but what is the row's own; also where the filter leaves the intents out."""
    own = {"id", "at", "event", "text", "digest", "detail", "seconds"}
    intent, outcome = place.log()[:2]
    assert {name for name in intent if intent[name] != outcome[name]} == own
    (alone,) = json.loads(place.run("log", "--format", "json", "--by", "dana", "--event", "verified").out)
    assert alone == outcome


def test_the_keys_of_the_json_are_there_for_good(place: Rehearsal) -> None:
    """Those of before it was an export, and the columns."""
    for entry in place.log():
        assert set(OLD_KEYS) <= set(entry)
        assert list(entry) == [*COLUMNS, *MORE_KEYS]
        assert entry["line"] == entry["line_id"]


def test_the_csv_says_the_same_as_the_json(place: Rehearsal) -> None:
    """Column by column; what is not known is empty, and lists are one text."""
    for row, entry in zip(exported(place), place.log(), strict=True):
        assert tuple(row) == COLUMNS
        entry["causes"] = " ".join(entry["causes"])
        (mark,) = entry["evidence"]
        entry["evidence"] = f"high-water-mark {mark['count']} at {mark['taken_at']} ({mark['how']})"
        entry["mapping_dirty"] = "no"
        for name in ("client", "company"):
            entry[name] = f"'{entry[name]}" if entry[name] == FORMULA else entry[name]
        assert row == {name: "" if entry[name] is None else str(entry[name]) for name in COLUMNS}


def test_a_name_is_no_formula_in_a_spreadsheet(place: Rehearsal) -> None:
    """An apostrophe stands before it; the lines end as the standard asks."""
    out = place.run("log", "--format", "csv").out
    assert out.count("\r\n") == 9
    assert {row["client"] for row in exported(place)} == {"Acme Corp", "Beta Ltd", f"'{FORMULA}"}


def test_the_figures_of_verified_rows_add_up_to_what_the_psa_bills(place: Rehearsal) -> None:
    """Each line's last verified quantity is the PSA's."""
    last = {row["line_id"]: row["quantity_after"] for row in exported(place, "--event", "verified")}
    assert last == {line: place.truth(line)["quantity"] for line in place.lines}


def test_an_empty_journal_exports_nothing_but_its_columns(acme: Rehearsal) -> None:
    """A header, an empty list."""
    assert acme.run("log", "--format", "csv").out == ",".join(COLUMNS) + "\r\n"
    assert acme.run("log", "--format", "json").out == "[]\n"


def test_rows_of_an_older_psarecon_are_exported_without_what_they_lack(acme: Rehearsal) -> None:
    """No plan, no runner, no currency: empty, and no error."""
    acme.observed()
    acme.plan()
    acme.apply()
    tamper(acme, "UPDATE journal SET detail = json_remove(detail, '$.plan', '$.runner')")
    for row in exported(acme):
        assert {row[name] for name in ("plan", "mapping_commit", "mapping_dirty", "run_url", "run_host")} == {""}
        assert (row["client"], row["quantity_after"], row["currency"]) == ("Acme Corp", "14", "")


def test_a_change_of_cost_alone_has_the_quantity_twice(acme: Rehearsal) -> None:
    """Each record says what the line bills before and after."""
    acme.settings('unit_cost: "9.00"', 'unit_cost: "9.50"')
    acme.users(10)
    acme.observed()
    acme.plan()
    acme.apply()
    row = exported(acme)[-1]
    assert (row["quantity_before"], row["quantity_after"]) == ("10", "10")
    assert (row["unit_cost_before"], row["unit_cost_after"], row["cost_change"]) == ("9.00", "9.50", "5.00")


def test_who_settled_a_doubt_is_named_in_that_row(acme: Rehearsal) -> None:
    """The change was one person's decision, the doubt another's."""
    acme.environ["PSARECON_BY"] = "Dana"
    acme.observed()
    change = acme.plan()["changes"][0]["id"]
    acme.fault("edit_before_write", edit={"line": acme.lines[0], "units_change": 1})
    assert acme.apply().out == "1 unknown\n"
    acme.environ["PSARECON_BY"] = "Erin"
    acme.run("resume", "--accept", change, "--reason", "I looked")
    last = acme.log()[-1]
    assert (last["event"], last["decided_by"], last["verdict"], last["reason"]) == (
        "settled", "Erin", "accept", "I looked",
    )  # fmt: skip
    assert (last["decided_at"], last["client"], last["quantity_after"]) == (last["at"], "Acme Corp", "14")
    assert [row["id"] for row in exported(acme, "--by", "erin")] == [str(last["id"])]


def test_the_documented_script_checks_an_export_without_psarecon(place: Rehearsal, tmp_path: Path) -> None:
    """It prints the head that psarecon prints, and names the row that somebody edited in the file."""
    page = (ROOT / "docs/guides/audit.md").read_text(encoding="utf-8")
    script = page.partition("<!-- test: check.py -->\n```python\n")[2].partition("```")[0]
    (tmp_path / "check.py").write_text(script, encoding="utf-8")
    (tmp_path / "journal.json").write_text(place.run("log", "--format", "json").out, encoding="utf-8")
    command = [sys.executable, "-I", str(tmp_path / "check.py"), str(tmp_path / "journal.json")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout.strip()) == (0, place.log()[-1]["digest"])
    entries: list[dict[str, Any]] = place.log()
    entries[3]["detail"]["text"] = "nothing happened"
    (tmp_path / "journal.json").write_text(json.dumps(entries), encoding="utf-8")
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (1, "row 4 does not fit\n")


@pytest.mark.parametrize("mark", ["find", "export", "head"])
def test_the_documented_commands_go_well(place: Rehearsal, mark: str) -> None:
    """Typed as they stand in the guide; the files they make hold the whole journal, and November."""
    page = (ROOT / "docs/guides/audit.md").read_text(encoding="utf-8")
    script = page.partition(f"<!-- test: {mark} -->\n```sh\n")[2].partition("```")[0]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**place.environ, "PATH": path, "NOTED": place.log()[-2]["digest"]}
    command = ["bash", "-e", "-c", script]
    ran = subprocess.run(command, cwd=place.directory, env=environ, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    if mark == "export":
        assert json.loads((place.directory / "journal.json").read_bytes()) == place.log()
        assert (place.directory / "november.csv").read_bytes().count(b"\r\n") == 3


def test_an_export_goes_on_from_page_to_page(acme: Rehearsal) -> None:
    """More rows than are read at once: none is lost, none comes twice, outcomes find their intents in other pages."""
    acme.observed()
    acme.plan()
    acme.apply()
    columns = "at, event, change, psa, tenant, line, effective_date, client_key, month, by_key, digest"
    tamper(
        acme,
        "WITH RECURSIVE up(n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM up WHERE n < 1500) "  # noqa: S608 - ours
        f"INSERT INTO journal (id, run, detail, {columns}) "
        f'SELECT n, run, \'{{"text": ""}}\', {columns} FROM journal, up WHERE id = 2',
    )
    rows = exported(acme)
    assert [int(row["id"]) for row in rows] == [*range(1, 1501)]
    assert {row["client"] for row in rows} == {"Acme Corp"}


def test_a_reader_that_stops_reading_is_no_trouble(place: Rehearsal) -> None:
    """``log | head -1``: no traceback."""
    command = f'"{sys.executable}" -m psarecon -C "{place.directory}" log --format json | head -1'
    ran = subprocess.run(["bash", "-c", command], env={**place.environ}, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("[\n", "")
    assert psarecon("-C", str(place.directory), "log", environ=place.environ).code == 0
