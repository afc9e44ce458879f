"""The recipes from pull request to nightly apply, on each platform: real git, the real program, the sandbox."""

from __future__ import annotations

import json
import shutil

from recipes.machines import Job, Run
from recipes.office import Office
from recipes.sites import TOKEN

from psarecon import __version__

MARKER = "<!-- psarecon:plan -->"
MINIMUM = "  - product: jumpcloud-platform\n    minimum: 16\n"
LINE = "  - product: jumpcloud-platform\n"


def test_from_a_pull_request_to_the_bill(office: Office) -> None:
    """A night bills the usage; a pull request tells what it causes; merged, the next night writes just that."""
    first = office.night()
    assert set(first.results().values()) == {"succeeded"}, first.log()
    assert office.quantities() == ["14", "12"]

    office.place.users(13, office.place.organizations[1])
    request = office.edited("acme", LINE, MINIMUM)
    run = office.pull_request(request)
    assert set(run.results().values()) == {"succeeded"}, run.log()
    assert office.comment.startswith(MARKER)
    assert "14 → 16" in office.comment
    assert "this pull request plans 1 line otherwise" in office.comment

    office.forge.merge(request)
    night = office.night()
    assert set(night.results().values()) == {"succeeded"}, night.log()
    assert office.quantities() == ["16", "13"]
    plan = office.plan_of(night)
    assert plan["mapping"]["commit"] == office.forge.head("main")
    assert [one["quantity"]["after"] for one in plan["changes"]] == ["16", "13"]
    assert {"plan.json", "plan.html"} <= {file.name for folder in night.artifacts.values() for file in folder.iterdir()}
    assert {entry["event"] for entry in office.place.log()} == {"intent", "verified"}

    written = office.place.adjustments()
    quiet = office.night()
    assert set(quiet.results().values()) == {"succeeded"}, quiet.log()
    assert office.place.adjustments() == written == 4
    assert office.surroundings.installed() == {f"psarecon[postgres,notify]=={__version__}"}


def test_a_second_push_replaces_the_comment(github: Office) -> None:
    """One comment a pull request: it shows the latest push, and comments of others stay as they are."""
    github.settled()
    stranger = github.site.add("mallory", f"{MARKER}\nApproved!")
    request = github.edited("acme", LINE, MINIMUM)
    github.pull_request(request)
    text = github.forge.read("clients/acme.yaml").replace(LINE, MINIMUM.replace("16", "20"))
    github.forge.branch("edit", {"clients/acme.yaml": text})
    github.pull_request(request)
    assert "14 → 20" in github.comment
    assert "14 → 16" not in github.comment
    assert stranger.text == f"{MARKER}\nApproved!"


def test_a_fork_is_checked_and_gets_no_secret(office: Office) -> None:
    """A stranger's pull request is checked; it gets no plan, no token and no comment, and no vendor is asked."""
    edit = office.edited("acme", LINE, MINIMUM)
    request = office.forge.open(edit.branch, fork=True)
    office.place.forget_requests()
    run = office.pull_request(request)
    assert run.jobs["check"].result == "succeeded", run.log()
    assert {name for name, job in run.jobs.items() if job.result != "skipped"} == {"check"}
    given = {value for job in run.jobs.values() for environ in job.environs for value in environ.values()}
    assert not given & ({TOKEN} | set(office.surroundings.kept["psarecon-read"].secrets.values()))
    assert office.site.requests == []
    assert office.place.requests() == []


def test_a_mistake_is_shown_at_its_line(office: Office) -> None:
    """An invalid mapping fails the check with file and line in the platform's own form, and nothing is planned."""
    run = office.pull_request(office.edited("acme", LINE, "  - product: jumpcloud\n"))
    job = run.jobs.pop("check")
    assert (job.result, job.code) == ("failed", 3)
    assert {one.result for one in run.jobs.values()} <= {"skipped"}
    line = office.forge.read("clients/acme.yaml").splitlines().index(LINE.strip("\n")) + 1
    assert_shown(office.site.kind, run, job, line)
    assert office.site.requests == []


def assert_shown(kind: str, run: Run, job: Job, line: int) -> None:
    """The mistake stands where the platform looks for it."""
    if kind == "github":
        assert f"::error file=clients/acme.yaml,line={line},col=" in job.log
    elif kind == "gitlab":
        (issue,) = json.loads((run.artifacts["check"] / "gl-code-quality-report.json").read_bytes())
        assert issue["location"] == {"path": "clients/acme.yaml", "lines": {"begin": line}}
    else:
        report = (run.artifacts["tests"] / "check.xml").read_text(encoding="utf-8")
        assert f'file="clients/acme.yaml" line="{line}"' in report


def test_settings_of_a_pull_request_get_no_credential(office: Office) -> None:
    """Settings that nobody has read yet are not used: the vendors hear nothing, and the comment says so."""
    office.settled()
    office.place.forget_requests()
    office.forge.branch(
        "edit", {"psarecon.yaml": office.forge.read("psarecon.yaml").replace("percent: 20", "percent: 90")}
    )
    run = office.pull_request(office.forge.open("edit"))
    assert (run.jobs["plan-merge-request" if office.site.kind == "gitlab" else "plan"].code) == 3
    assert "the settings are not those that PSARECON_SETTINGS_DIGEST names" in run.log()
    assert office.place.requests() == []
    assert office.comment.startswith(f"{MARKER}\n## psarecon: no plan (exit code 3)\n\n[The log](")


def test_without_a_pin_nothing_is_planned_on_a_pull_request(office: Office) -> None:
    """Who forgot PSARECON_SETTINGS_DIGEST is told, before any credential is used."""
    plain = office.surroundings.kept["psarecon-read"].plain
    assert isinstance(plain, dict)
    plain["PSARECON_SETTINGS_DIGEST"] = ""
    run = office.pull_request(office.edited("acme", LINE, MINIMUM))
    assert "set PSARECON_SETTINGS_DIGEST" in run.log()
    assert office.place.requests() == []
    assert office.site.requests == []


def test_code_beside_the_mapping_is_not_run(office: Office) -> None:
    """Modules of a pull request that are called as Python's own are not imported by any step."""
    trap = "import pathlib\npathlib.Path(__file__).with_name('sprung').touch()\n"
    names = ("json", "venv", "pip", "psarecon", "sitecustomize", "encodings")
    office.forge.branch("edit", {f"{name}.py": trap for name in names})
    run = office.pull_request(office.forge.open("edit"))
    assert set(run.results().values()) == {"succeeded"}, run.log()
    assert not list(office.surroundings.folder.rglob("sprung"))


def test_a_blocked_line_ends_the_night_with_a_persons_turn(office: Office) -> None:
    """One line falls by half and is held back: the other is written, and the run ends red with code 4."""
    office.settled()
    office.place.today("2026-12-01")
    office.place.users(5)
    office.place.users(15, office.place.organizations[1])
    run = office.night()
    assert run.results() == {**run.results(), "plan": "succeeded", "apply": "failed"}, run.log()
    assert run.jobs["apply"].code == 4
    assert "quantity-drop" in run.log()
    assert "a person has to decide" in run.log()
    assert office.quantities()[0] == "14"
    assert office.quantities()[1] == "15"


def test_a_source_that_fails_ends_red_after_the_rest_was_written(office: Office) -> None:
    """An organization that cannot be read holds its own line back; the run says so at its end."""
    office.place.fault("organization_error", "jumpcloud", organization=office.place.organizations[0], times=None)
    run = office.night()
    assert run.jobs["plan"].result == "succeeded"
    assert run.jobs["apply"].code == 4
    assert office.quantities() == ["10", "12"]


def test_a_psa_out_of_reach_stops_before_apply(office: Office) -> None:
    """No plan, no apply: the first job is red and the second does not begin."""
    office.place.fault("status", "autotask", status=503, times=None)
    run = office.night()
    assert run.jobs["plan"].result == "failed"
    assert run.jobs["apply"].result == "skipped"
    assert office.quantities() == ["10", "10"]


def test_an_exchanged_plan_is_refused(office: Office) -> None:
    """A plan that is whole and valid, but not the one that was made, is refused by its id: exit 3, nothing is sent."""

    def exchange(run: Run, job: str) -> None:
        if job == "plan":
            office.place.users(40)
            office.place.observed()
            other = office.place.directory / "other.json"
            assert office.place.run("plan", "-o", str(other)).code == 0
            (kept,) = {file for folder in run.artifacts.values() for file in folder.glob("plan.json")}
            shutil.copy(other, kept)

    office.surroundings.meddler = exchange
    run = office.night()
    assert (run.jobs["apply"].result, run.jobs["apply"].code) == ("failed", 3), run.log()
    assert "which --expect names" in run.log()
    assert office.quantities() == ["10", "10"]
    assert office.place.adjustments() == 0
