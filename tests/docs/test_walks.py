"""What the documents tell readers to type, typed: shell blocks and worked examples against the sandbox."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from docs.walks import ROOT, blocks_of, session
from harness import Client, Rehearsal, psarecon, rehearsal

from psarecon.domain.model import Binding, LineKey, Names, Place, Product, QuantityRule, Sample, Terms, Usage
from psarecon.domain.rules import wanted_quantity

NUMBERS = {name: number for number, name in enumerate(("October", "November", "December"), start=10)}


def block(page: str, mark: str) -> str:
    """The code block of a page that follows a mark such as `test: start`."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w+\n(.*?)\n```", text, re.DOTALL)
    assert found, f"{page} has no block {mark!r}"
    return found[1]


def surroundings(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment in which psarecon is found, and nothing else of this machine's."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "LANG": "C.UTF-8", "USER": "dana", **(more or {})}


def typed(script: str, directory: Path, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A shell block as a reader types it: it stops at the first command that fails."""
    command = ["bash", "-e", "-c", script]
    return subprocess.run(command, cwd=directory, env=surroundings(more), capture_output=True, text=True, check=False)


def night(found: Rehearsal) -> subprocess.CompletedProcess[str]:
    """The nightly script as cron runs it, in a config directory."""
    (found.directory / "nightly.sh").write_text(block("docs/guides/nightly.md", "test: nightly.sh"), encoding="utf-8")
    return typed("sh nightly.sh", found.directory, found.environ)


@contextmanager
def served(script: str, directory: Path) -> Iterator[None]:
    """A block whose last command serves, in a terminal of its own, until the test is done."""
    command = ["bash", "-e", "-c", script]
    with subprocess.Popen(
        command, cwd=directory, env=surroundings(), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as terminal:
        try:
            assert terminal.stderr
            assert any("listening on" in line for line in terminal.stderr)
            yield
        finally:
            os.killpg(terminal.pid, signal.SIGTERM)


def without_id(plan: str) -> str:
    """A plan's text without its id, which changes with the version."""
    return re.sub(r"plan [0-9a-f]{12}", "plan ID", plan)


def test_the_readme_can_be_followed(tmp_path: Path) -> None:
    """Every block, typed in one session from top to bottom, ends as it says and says what the page shows; the plan is
    the README's, and one of its changes that of the plan file's page."""
    with session(ROOT / "README.md", tmp_path) as reader:
        for one in blocks_of(ROOT / "README.md"):
            reader.go(one)
            if (one.mark, one.value) == ("typed", "start"):
                said, plan = reader.said, (reader.directory / "msp" / "plan.json").read_bytes()
    assert without_id(block("README.md", "output: plan")) in without_id(said)
    assert "7 verified, 1 rejected or held\n" in said
    assert "; approve by dana at " in said
    changes = json.loads(plan)["changes"]
    shown = json.loads(block("docs/concepts/plan-file.md", "output: one change"))
    change = next(one for one in changes if one["id"] == shown["id"])
    change["usage"]["daily"] = ["…"]
    assert shown == change


def test_the_sample_configuration_runs(tmp_path: Path) -> None:
    """The sample's own instructions lead to a valid mapping and the changes they promise, all clean, and written."""
    run_before = shutil.ignore_patterns(".sandbox", ".psarecon", "env.sh", "plan*.json")
    shutil.copytree(ROOT / "sample-config", tmp_path / "sample-config", ignore=run_before)
    steps = "\n".join(block("sample-config/README.md", f"test: {mark}") for mark in ("sample-plan", "sample-apply"))
    with served(block("sample-config/README.md", "test: sample"), tmp_path):
        done = typed(steps, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 clients, 8 lines: valid\n")
    assert block("sample-config/README.md", "output: sample-plan") in done.stdout
    assert not re.search(r"^(BLOCK|LOOK)", done.stdout, re.MULTILINE)
    assert "\n5 verified\n" in done.stdout
    assert "\nno changes: 8 lines are as they should be" in done.stdout


def test_the_nightly_script_writes_what_is_clean(acme: Rehearsal) -> None:
    """A night without trouble ends with 0 and the quantity in place."""
    done = night(acme)
    assert done.returncode == 0, done.stderr
    assert acme.truth()["quantity"] == "14"


def test_the_nightly_script_goes_on_without_what_failed(tmp_path: Path) -> None:
    """One organization that cannot be read is held back; the other's line is written; the code says 4."""
    with rehearsal(tmp_path / "msp", Client("Acme"), Client("Bolt", units=20, users=23)) as found:
        found.fault("organization_error", "jumpcloud", organization=found.organizations[0], times=None)
        done = night(found)
        assert done.returncode == 4, done.stderr
        assert "usage-failed" in done.stdout
        assert [found.truth(line)["quantity"] for line in found.lines] == ["10", "23"]


@pytest.mark.parametrize("page", ["README.md", "docs/guides/first-month.md"])
def test_the_files_shown_are_valid(tmp_path: Path, page: str) -> None:
    """The settings of the first month with the client file of either page pass `check` without a warning."""
    (tmp_path / "clients").mkdir()
    settings = block("docs/guides/first-month.md", "shown: psarecon.yaml")
    (tmp_path / "psarecon.yaml").write_text(settings + "\n", encoding="utf-8")
    client = block(page, "shown: clients/acme.yaml")
    (tmp_path / "clients" / "acme.yaml").write_text(client + "\n", encoding="utf-8")
    ran = psarecon("-C", str(tmp_path), "check")
    assert (ran.code, ran.out, ran.err) == (0, "1 client, 1 line: valid\n", "")


def test_the_files_of_the_reference_belong_together(tmp_path: Path) -> None:
    """The settings and both clients that the reference shows, one of each PSA, pass `check` without a warning."""
    (tmp_path / "clients").mkdir()
    for page, names in (("settings", ["psarecon.yaml"]), ("mapping", ["clients/acme.yaml", "clients/bolt.yaml"])):
        text = (ROOT / "docs" / "reference" / f"{page}.md").read_text(encoding="utf-8")
        for name, found in zip(names, re.findall(r"```yaml\n(.*?)```", text, re.DOTALL), strict=False):
            (tmp_path / name).write_text(found, encoding="utf-8")
    ran = psarecon("-C", str(tmp_path), "check")
    assert (ran.code, ran.out, ran.err) == (0, "2 clients, 2 lines: valid\n", "")


def test_verdicts_are_kept_from_plan_to_plan_in_one_file(acme: Rehearsal) -> None:
    """A change rejected in a shared file stays out of the next plan's bulk approval; without the file it does not."""
    shared = ("--decisions", str(acme.directory / "decisions.json"))
    acme.observed()
    change = acme.plan()["changes"][0]["id"]
    assert acme.run("decide", str(acme.plan_file), "--reject", change, *shared).code == 0
    again = str(acme.directory / "again.json")
    acme.run("plan", "-o", again)
    assert acme.run("apply", again, "--approve-clean", *shared).out == "1 rejected or held\n"
    assert acme.run("apply", again, "--approve-clean").out == "1 verified\n"


def worked(count: int) -> list[int]:
    """The worked example's figures after each step, from the program."""
    terms = Terms(non_billable=2, multiple_of=5, minimum=10, maximum=40)
    product = Product("p", QuantityRule.HIGH_WATER_MARK, "jumpcloud", "users")
    line, place = LineKey("autotask", "1", "2", "3"), Place("clients/acme.yaml", 1)
    binding = Binding("Acme", product, "o", line, Names(), terms, None, (), place)
    sample = Sample(count, datetime(2026, 11, 20, 17, tzinfo=UTC), "test")
    steps = wanted_quantity(binding, Usage("2026-11", peak=sample))
    assert steps.quantity == Decimal(steps.steps[-1][1])
    figures = dict(steps.steps)
    found = [count]
    for name in ("non_billable", "multiple_of", "minimum", "maximum"):
        found.append(int(figures.get(name, found[-1])))
    return found


def test_the_worked_example_of_the_rules_is_right() -> None:
    """Each row of the example's table is what the program computes, step by step."""
    page = (ROOT / "docs/concepts/quantity-rules.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| \*\*(\d+)\*\* \|$", page, re.MULTILINE)
    assert len(rows) == 4
    for row in rows:
        figures = [int(cell) for cell in row]
        assert [*worked(figures[0]), figures[4]] == figures


@pytest.fixture
def november(tmp_path: Path) -> Iterator[Rehearsal]:
    """Ten units in Autotask as November begins."""
    with rehearsal(tmp_path / "msp", Client(), today=date(2026, 10, 31)) as found:
        yield found


def test_the_month_night_by_night_is_right(november: Rehearsal) -> None:
    """Each night of the table: the reading is made, and the plan is the one the table tells."""
    page = (ROOT / "docs/concepts/months-and-periods.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) (\w+) \| (\d+) \| (\d+) \| (.+) \|$", page, re.MULTILINE)
    assert len(rows) == 5
    for day, month, users, mark, told in rows:
        november.today(f"2026-{NUMBERS[month]}-{int(day):02d}")
        november.users(int(users))
        november.observed()
        plan = november.plan()
        shown = [
            f"{one['quantity']['before']} → {one['quantity']['after']} from {one['effective_date']}"
            for one in plan["changes"]
        ]
        assert shown == ([] if told.startswith("nothing") else [told])
        assert november.apply().code == 0
        assert november.truth()["quantity"] == mark
