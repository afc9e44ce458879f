"""``psarecon import`` on an MSP that begins, over real HTTP: what it writes, held against the sandbox's truth."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Rehearsal
from journeys.onboarding_steps import onboarding, truth

from psarecon.config.check import check


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """300 clients, served once for all tests of this file: an import writes nothing to any vendor."""
    with onboarding(tmp_path_factory.mktemp("onboarding"), clients=300) as found:
        yield found


@pytest.fixture
def begun(world: Rehearsal) -> Rehearsal:
    """The world with no client file, and no git."""
    for name in ("clients", ".git"):
        shutil.rmtree(world.directory / name, ignore_errors=True)
    (world.directory / "import.yaml").unlink(missing_ok=True)
    world.forget_requests()
    return world


def imported(found: Rehearsal, *words: str) -> dict[str, Any]:
    """An import that goes well, as data."""
    ran = found.run("import", "--format", "json", *words)
    assert ran.code == 0, ran.err
    data: dict[str, Any] = json.loads(ran.out)
    return data


def git(found: Rehearsal, *words: str) -> str:
    """Git in the config directory."""
    identity = ("-c", "user.name=ana", "-c", "user.email=ana@example.com", "-c", "core.autocrlf=false")
    done = subprocess.run(
        ["git", "-C", str(found.directory), *identity, *words], check=True, capture_output=True, text=True
    )
    return done.stdout


def committed(found: Rehearsal) -> None:
    """Everything, committed."""
    git(found, "init", "-q")
    git(found, "add", "clients", "psarecon.yaml")
    git(found, "commit", "-qm", "mapping")


def right(one: dict[str, Any]) -> tuple[str, str]:
    """The company that the sandbox says an organization belongs to."""
    return one["psa"], one["company"]


def test_nothing_that_is_not_marked_doubtful_is_wrong(begun: Rehearsal) -> None:
    """Of 300 clients' organizations every sure company and line is the true one; what is doubtful has the true company
    among its candidates; nobody without a counterpart gets one."""
    found = {(one["source"], one["organization"]): one for one in imported(begun, "--dry-run")["organizations"]}
    sure = wrong = known = 0
    classes: Counter[tuple[str, str]] = Counter()
    for one in truth(begun):
        result = found[one["source"], one["organization"]]
        candidates = [(item["psa"], item["company"]) for item in result["candidates"]]
        classes[one["class"], result["state"]] += 1
        known += bool(one["company"])
        if result["state"] == "imported":
            sure += 1
            wrong += candidates[0] != right(one)
        elif result["state"] == "doubtful":
            assert right(one) in candidates, one
    assert (wrong, known) == (0, 410), f"precision {1 - wrong / sure:.3f}, recall of the sure {sure / known:.3f}"
    assert sure / known >= 0.94
    assert {state for kind, state in classes if kind == "ambiguous"} == {"doubtful"}
    assert {state for kind, state in classes if kind == "none"} == {"none"}
    assert classes["twin", "doubtful"] == 4
    assert classes["mapped", "imported"] == 199


def test_every_line_that_is_mapped_is_the_true_one(begun: Rehearsal) -> None:
    """Contract and line of each binding are those of the truth, with JumpCloud's free seats; tickets-only clients have
    none."""
    imported(begun)
    result = check(begun.directory)
    assert (result.errors, result.lines) == ((), 364)
    truths = {(one["source"], one["organization"]): one for one in truth(begun)}
    free = tickets = 0
    for path in sorted((begun.directory / "clients").glob("*.yaml")):
        text = re.sub(r"(?m)^\s*#.*\n", "", path.read_text(encoding="utf-8"))
        organizations = dict(re.findall(r'(jumpcloud|lastpass): "([^"]+)"', text))
        for product, contract, line in re.findall(r"product: (\w+)[\w-]*\n.*?id: (\d+).*\n.*?id: (\d+)", text):
            one = truths[product, organizations[product]]
            assert (one["contract"], one["line"]) == (contract, line), path.name
        free += "non_billable: " in text
        tickets += "tickets only" in path.read_text(encoding="utf-8") and "jumpcloud-platform" not in text
    assert (free, tickets) == (12, 10)


def test_what_was_written_can_be_planned(begun: Rehearsal) -> None:
    """Every file passes the check, and no name beside an id is another one in the PSA."""
    imported(begun)
    checked = begun.run("check")
    assert checked.code == 0
    assert checked.out == "249 clients, 364 lines: valid; 30 open proposals\n"
    begun.observed()
    codes = {one["code"] for one in begun.plan()["findings"]}
    assert not [code for code in codes if "differs" in code or "gone" in code]
    (begun.directory / "plan.json").unlink()


def test_a_second_import_writes_nothing_and_a_hand_s_edits_stay(begun: Rehearsal) -> None:
    """Again: no file. With edits between, and a file taken away: what is missing comes back as it was, nothing else
    moves."""
    first = imported(begun)
    committed(begun)
    clients = sorted((begun.directory / "clients").glob("*.yaml"))
    again = imported(begun)
    assert (len(first["files"]), again["files"], git(begun, "status", "--short", "clients")) == (260, [], "")
    for path in clients[::7]:
        path.write_text("# read by Ana\n\n" + path.read_text().replace("lines:", "lines:   # as agreed"))
    git(begun, "commit", "-qam", "by hand")
    edited = set(clients[::7])
    mapped = next(path for path in clients if path not in edited and "own mapping" in path.read_text())
    mapped.unlink()
    last = imported(begun)
    assert (last["files"], last["counts"]["imported"]) == (
        [f"clients/{mapped.name}"],
        last["ways"]["vendor's mapping"] + 1,
    )
    assert git(begun, "diff", "--stat") == ""


def test_a_source_that_comes_later_is_added_to_the_files_that_are_there(begun: Rehearsal) -> None:
    """First JumpCloud alone, then edits by hand, then LastPass: git sees words that are added, and none that went."""
    imported(begun, "--source", "jumpcloud")
    for path in (begun.directory / "clients").glob("*.yaml"):
        path.write_text(re.sub("(?m)^psa:", "# ours\npsa:", path.read_text()) + "# the end\n")
    committed(begun)
    imported(begun)
    words = git(begun, "diff", "--word-diff=porcelain", "--word-diff-regex=[^[:space:],{}]+", "clients")
    gone = [row for row in words.splitlines() if row.startswith("-") and not row.startswith("---")]
    assert (set(gone), begun.run("check").code) <= ({"-[]"}, 0)
    assert words.count('lastpass: "') >= 100


def test_a_dry_run_tells_and_writes_nothing(begun: Rehearsal) -> None:
    """The report is the same but for one word; with --exit-code proposals that are left make it 2."""
    ran = begun.run("import", "--dry-run", "--exit-code")
    assert (ran.code, (begun.directory / "clients").exists()) == (2, False)
    assert ran.out.startswith("476 organizations\n   389  imported (")
    assert "260 files to be written (--dry-run)\n" in ran.out
    assert "\nIn doubt: 20\n" in ran.out


def test_the_report_for_a_pull_request_fits_and_counts(begun: Rehearsal) -> None:
    """Markdown within what a site allows, with all that a person has to look at."""
    text = begun.run("import", "--dry-run", "--format", "markdown").out
    assert text.startswith("<!-- psarecon:import -->\n## psarecon: 389 of 476 organizations imported\n")
    assert len(text.encode()) <= 65536
    assert [text.count(f"### {title}") for title in ("In doubt", "Without a counterpart")] == [1, 1]


def test_an_organization_that_is_ignored_is_left_alone(begun: Rehearsal) -> None:
    """Before it is proposed, nothing is; with the reason in a file that the check reads; once is enough."""
    own = next(one for one in truth(begun) if one["class"] == "own")
    subject = f"jumpcloud/{own['organization']}"
    assert begun.run("import", "--ignore", subject, "--reason", "our own", "--by", "ana").code == 0
    data = imported(begun, "--dry-run")
    assert [(one["name"], one["why"]) for one in data["organizations"] if one["state"] == "ignored"] == [
        ("Sandbox MSP", "our own")
    ]
    assert "is ignored already" in begun.run("import", "--ignore", subject, "--reason", "x").err
    assert begun.run("import", "--ignore", subject).code == 64
    assert begun.run("import", "--ignore", "jumpclod/1", "--reason", "x").code == 64


def test_a_table_that_somebody_kept_is_imported(begun: Rehearsal) -> None:
    """The columns that were recognised are told; the ids exist, so the clients are written with that line."""
    rows = [one for one in truth(begun) if one["line"] and one["psa"] == "autotask" and one["source"] == "jumpcloud"][
        :3
    ]
    table = begun.directory / "kept.csv"
    head = "Mandant;Autotask Company ID;Contract;Service ID;Remarks\n"
    table.write_text(head + "".join(f"{one['organization']};{one['company']};;{one['line']};\n" for one in rows))
    words = ("--from", "csv", str(table), "--source", "jumpcloud", "--column", "organization=Mandant")
    ran = begun.run("import", *words)
    assert ran.err == (
        "kept.csv, jumpcloud: organization from 'Mandant', company from 'Autotask Company ID', contract name from "
        "'Contract', line from 'Service ID'; not used: Remarks\n"
    )
    assert (ran.code, begun.run("check").out) == (0, "3 clients, 3 lines: valid\n")
    assert begun.run("import", *words[:3]).code == 64  # whose organizations they are is not said


def test_nothing_is_written_beside_a_mapping_with_errors(begun: Rehearsal) -> None:
    """Exit 3 with every error, and no request to any vendor."""
    (begun.directory / "clients").mkdir()
    (begun.directory / "clients" / "a.yaml").write_text("client: A\n")
    ran = begun.run("import")
    assert (ran.code, "clients/a.yaml:1:1: error: this client needs psa" in ran.err or "needs psa" in ran.err) == (
        3,
        True,
    )
    assert (begun.requests(), len(list((begun.directory / "clients").iterdir()))) == ([], 1)


def test_the_requests_of_an_import_are_few(begun: Rehearsal) -> None:
    """One list each of organizations, mappings and companies, lines in bulk; domains of what is left alone, and
    additions of each agreement that matters, take one request each."""
    imported(begun, "--dry-run")
    writes = [one for one in begun.requests() if one["method"] not in {"GET", "POST"}]
    assert writes == []
    assert len(begun.requests("", "/atservicesrest/")) <= 15
    assert len(begun.requests("GET", "/systemusers")) <= 310 + 110


WRONG = (
    *("--from autotask", "--from csv", "--psa x", "--source x", "--product x", "--minimum-score 0"),
    *("--column a=b", "--by ana", "--reason text"),
)


@pytest.mark.parametrize("words", WRONG)
def test_wrong_words_are_wrong_usage(begun: Rehearsal, words: str) -> None:
    """64, before anything is read."""
    assert (begun.run("import", *words.split()).code, begun.requests()) == (64, [])


def test_a_source_with_two_products_wants_one_named(begun: Rehearsal) -> None:
    """The hint names the option; with it the import goes on."""
    path: Path = begun.directory / "psarecon.yaml"
    before = path.read_text()
    path.write_text(
        before.replace("products:\n", "products:\n  other: {source: jumpcloud, metric: users, quantity: current}\n")
    )
    try:
        ran = begun.run("import", "--dry-run")
        assert (ran.code, "--product NAME" in ran.err) == (64, True)
        assert begun.run("import", "--dry-run", "--product", "jumpcloud-platform").code == 0
    finally:
        path.write_text(before)


def test_a_source_that_fails_leaves_everything_as_it_was(begun: Rehearsal) -> None:
    """Exit 1, no file: half a mapping would look like a whole one."""
    begun.fault("expired_secret", "jumpcloud")
    try:
        ran = begun.run("import")
    finally:
        begun.no_faults()
    assert (ran.code, (begun.directory / "clients").exists()) == (1, False)


def test_a_vendors_mapping_that_may_not_be_read_is_said_and_the_rest_is_found(begun: Rehearsal) -> None:
    """A key without the right: names and domains still find most of it."""
    begun.fault("status", "jumpcloud", status=403, path="/integrations")
    try:
        ran = begun.run("import", "--dry-run", "--format", "json")
    finally:
        begun.no_faults()
    data = json.loads(ran.out)
    assert (ran.code, "the vendor's own mapping may not be read with this key" in data["notes"][0]) == (0, True)
    assert ("vendor's mapping" in data["ways"], data["counts"]["imported"] > 350) == (False, True)
