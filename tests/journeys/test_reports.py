"""The forms of a plan and of a check, from the command line: what a pipeline gets on stdout."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from harness import Client, Ran, Rehearsal, psarecon, rehearsal
from hostile.looks import harmless
from unit.report.samples import Page, rendered

FORMS = ("csv", "markdown", "html", "junit")
NAMES = {
    "pipe": "Acme | Corp",
    "script": "<script>alert(1)</script>",
    "formula": '=cmd|"/C calc"!A0',
    "escape": "Acme\x1b]52;c;Y3Vyb\x07",
    "mention": "@everyone #1",
    "long": "A" * 10_000,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A client for each hostile name, and one whose quantity would fall too far; with a saved plan."""
    clients = [Client(name, units=10, users=14) for name in NAMES.values()]
    with rehearsal(tmp_path_factory.mktemp("reports") / "msp", *clients, Client("Fallen", units=40)) as found:
        found.observed()
        found.plan()
        yield found


@pytest.mark.parametrize("form", FORMS)
def test_plan_and_show_write_the_same(place: Rehearsal, form: str) -> None:
    """A saved plan is shown as it was when it was made; names are harmless in all forms."""
    made = place.run("plan", "--format", form)
    shown = place.run("show", str(place.plan_file), "--format", form)
    assert (made.code, made.out) == (0, shown.out)
    harmless(Ran(made.code, made.out.replace("\r\n", "\n"), made.err), 0)


def test_the_markdown_has_all_changes(place: Rehearsal) -> None:
    """Six rises and one fall that is blocked; the fall comes first."""
    page = rendered(place.run("show", str(place.plan_file), "--format", "markdown").out)
    (changes,) = [table for table in page.tables if "Quantity" in table.columns]
    assert len(changes.rows) == len(NAMES) + 1
    assert changes.rows[0][:4] == ["BLOCK", "Fallen", "jumpcloud-platform", "40 → 14"]
    assert {"<script>alert(1)</script>", "Acme | Corp"} <= {
        text.replace("\u200b", "") for text in changes.column("Client")
    }


@pytest.mark.parametrize(("size", "most"), [("2048", 2048), ("3k", 3072), ("32k", 32_768), ("1M", 1_048_576)])
def test_the_size_of_the_markdown_can_be_set(place: Rehearsal, size: str, most: int) -> None:
    """In bytes, kibibytes or mebibytes."""
    ran = place.run("show", str(place.plan_file), "--format", "markdown", "--max-bytes", size)
    assert ran.code == 0
    assert len(ran.out.encode()) <= most


def test_the_marker_of_the_markdown_can_be_set(place: Rehearsal) -> None:
    """So that each of two plans finds its own comment again."""
    ran = place.run("show", str(place.plan_file), "--format", "markdown", "--marker", "psarecon:emea")
    assert ran.out.startswith("<!-- psarecon:emea -->\n")


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "markdown", "--max-bytes", "2047"), ("--format", "markdown", "--max-bytes", "1G"),
        ("--format", "markdown", "--max-bytes", "-1"), ("--format", "markdown", "--marker", "a --> <b>"),
        ("--format", "markdown", "--marker", "a--b"), ("--format", "html", "--max-bytes", "32k"),
        ("--format", "csv", "--marker", "name"), ("--format", "html", "--where", "client:acme"), ("--format", "pdf"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_cannot_be_is_wrong_usage(place: Rehearsal, words: tuple[str, ...]) -> None:
    """Nothing is written to stdout."""
    ran = place.run("show", str(place.plan_file), *words)
    assert (ran.code, ran.out) == (64, "")


def test_the_csv_is_read_by_others_and_holds_no_formula(place: Rehearsal) -> None:
    """Seven rows; also of the part that a filter keeps."""
    rows = list(csv.DictReader(io.StringIO(place.run("show", str(place.plan_file), "--format", "csv").out)))
    assert len(rows) == len(NAMES) + 1
    assert '\'=cmd|"/C calc"!A0' in {row["client"] for row in rows}
    assert [row["quantity_after"] for row in rows if row["client"] == "Fallen"] == ["14"]
    some = place.run("show", str(place.plan_file), "--format", "csv", "--where", "client:fallen")
    assert [row["client"] for row in csv.DictReader(io.StringIO(some.out))] == ["Fallen"]
    none = place.run("show", str(place.plan_file), "--format", "csv", "--where", "client:nobody")
    assert list(csv.DictReader(io.StringIO(none.out))) == []
    assert none.out.startswith("plan,as_of,")


def test_the_html_is_one_page_of_all_changes(place: Rehearsal) -> None:
    """With a row each."""
    page = Page(place.run("show", str(place.plan_file), "--format", "html").out)
    assert len(page.tables[-1].rows) == len(NAMES) + 1


def test_the_junit_fails_what_is_blocked(place: Rehearsal) -> None:
    """One failure; six that pass, and so does what is only told of a source."""
    root = ET.fromstring(place.run("show", str(place.plan_file), "--format", "junit").out)  # noqa: S314 - our own
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == (str(len(NAMES) + 2), "1", "0")
    (failed,) = [case for case in root.iter("testcase") if case.find("failure") is not None]
    assert failed.get("classname") == "Fallen"


def test_the_bytes_are_utf_8_whatever_the_terminal_speaks(place: Rehearsal) -> None:
    """In a pipeline without a locale the arrows stay arrows, and the limit is kept in bytes."""
    command = ["-C", str(place.directory), "show", str(place.plan_file), "--format", "markdown", "--max-bytes", "3k"]
    done = subprocess.run(
        [sys.executable, "-m", "psarecon", *command],
        env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    assert len(done.stdout) <= 3072
    assert "40\u00a0→\u00a014" in done.stdout.decode("utf-8")


def git(folder: Path, *words: str) -> None:
    """A git command that must go well."""
    who = ("-c", "user.name=A Person", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def branched(tmp_path: Path) -> Iterator[Rehearsal]:
    """Two clients with other usage than is billed, in git; the second one's mapping was edited since."""
    with rehearsal(tmp_path / "msp", Client("Alpha"), Client("Beta", units=20, users=22)) as found:
        found.observed()
        git(found.directory, "init", "-q", "-b", "main")
        git(found.directory, "add", "psarecon.yaml", "clients")
        git(found.directory, "commit", "-q", "-m", "as it was")
        text = "    service:"
        found.mapping(text, f"    minimum: 30\n{text}", client=1)
        git(found.directory, "add", "clients")
        git(found.directory, "commit", "-q", "-m", "at least thirty")
        yield found


def test_a_pull_request_is_told_apart_from_what_comes_anyway(branched: Rehearsal) -> None:
    """Beta's minimum is the pull request's; Alpha's four users came anyway, and so would two of Beta's have."""
    ran = branched.run("plan", "--base", "HEAD~1", "--format", "markdown")
    assert ran.code == 0, ran.err
    assert "this pull request plans 1 line otherwise, 1 change comes anyway" in ran.out
    tables = rendered(ran.out).tables
    (edits,) = [table for table in tables if "Without it" in table.columns]
    (anyway,) = [table for table in tables if "Quantity" in table.columns]
    assert [row[1:8] for row in edits.rows] == [
        ["Beta", "jumpcloud-platform", "other figure", "20 → 22 at 9.00, from 2026-11-01",
         "20 → 30 at 9.00, from 2026-11-01", "+72.00", "+120.00"],
    ]  # fmt: skip
    assert [row[1:4] for row in anyway.rows] == [["Alpha", "jumpcloud-platform", "10 → 14"]]


def test_the_comparison_has_the_other_forms_too(branched: Rehearsal) -> None:
    """Text and JSON of both; a page of both; a row a change of the plan itself."""
    text = branched.run("plan", "--base", "HEAD~1").out
    assert "1 edited line, +72.00 cost, +120.00 revenue, +48.00 margin a month" in text
    assert "comes anyway: 1 change, +36.00 cost, +60.00 revenue, +24.00 margin a month" in text
    data = json.loads(branched.run("plan", "--base", "HEAD~1", "--format", "json").out)
    assert data["totals"]["edited"]["cost_change"] == "72.00"
    assert data["plan"]["id"] == branched.plan("--base", "HEAD~1")["id"]
    page = branched.run("plan", "--base", "HEAD~1", "--format", "html").out
    assert [text for tag, text in Page(page).texts if tag == "h2" and text] == [
        "This pull request causes",
        "Comes anyway",
    ]
    rows = list(csv.DictReader(io.StringIO(branched.run("plan", "--base", "HEAD~1", "--format", "csv").out)))
    assert [row["client"] for row in rows] == ["Alpha", "Beta"]


@pytest.fixture
def broken(acme: Rehearsal) -> Rehearsal:
    """A mapping with an error."""
    acme.mapping("    service:", "    unit_cost: 9.00\n    service:")
    return acme


def checked(directory: Path, form: str, **environ: str) -> Ran:
    """``check`` in one form."""
    return psarecon("-C", str(directory), "check", "--format", form, environ=environ)


def test_check_gives_every_site_its_annotations(broken: Rehearsal) -> None:
    """The place is relative to the repository's top, where the pipeline says that is; the exit code stays 3."""
    top = str(broken.directory.parent)
    ran = checked(broken.directory, "github", GITHUB_WORKSPACE=top)
    assert ran.code == 3
    (error,) = ran.out.splitlines()
    assert error.startswith("::error file=msp/clients/acme-corp.yaml,line=")
    assert error.endswith('unit_cost must be a quoted decimal; write "9.00"')
    ran = checked(broken.directory, "gitlab", CI_PROJECT_DIR=top)
    (issue,) = json.loads(ran.out)
    assert (ran.code, issue["location"]["path"], issue["severity"]) == (3, "msp/clients/acme-corp.yaml", "critical")
    ran = checked(broken.directory, "sarif", BUILD_SOURCESDIRECTORY=str(broken.directory))
    (run,) = json.loads(ran.out)["runs"]
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert (ran.code, uri) == (3, "clients/acme-corp.yaml")
    ran = checked(broken.directory, "junit", CI_PROJECT_DIR=top)
    root = ET.fromstring(ran.out)  # noqa: S314 - our own
    assert (ran.code, root.get("failures"), root.get("skipped")) == (3, "1", "0")


def test_a_warning_is_annotated_and_stops_nothing(acme: Rehearsal) -> None:
    """A product that nobody uses: exit code 0, also where a pipeline does not say where its repository is."""
    acme.settings("products:\n", 'products:\n  backup: {quantity: fixed, unit_cost: "4.25"}\n')
    ran = checked(acme.directory, "github")
    assert (ran.code, ran.out.count("\n")) == (0, 1)
    place = os.path.relpath(acme.directory / "psarecon.yaml")
    assert ran.out.startswith(f"::warning file={place},line=")


@pytest.mark.parametrize(("form", "out"), [("github", ""), ("gitlab", "[]\n")])
def test_check_has_nothing_to_annotate_where_all_is_well(acme: Rehearsal, form: str, out: str) -> None:
    """Exit code 0."""
    ran = checked(acme.directory, form)
    assert (ran.code, ran.out) == (0, out)


@pytest.mark.parametrize("form", ["github", "gitlab", "sarif", "junit"])
def test_a_hostile_mapping_gives_no_command(acme: Rehearsal, form: str) -> None:
    """A pull request's file that tries to speak to the pipeline is quoted, on one line, and cannot."""
    path = acme.directory / "clients" / "zz%0A::stop-commands::x,line=1.yaml"
    path.write_text('"::add-mask::secret\\n::error::x": [1\n', encoding="utf-8")
    ran = checked(acme.directory, form)
    assert ran.code == 3
    harmless(ran, 3)
    if form == "github":
        assert all(line.startswith(("::error file=", "::warning file=")) for line in ran.out.splitlines())
        assert "\n::add-mask" not in ran.out
