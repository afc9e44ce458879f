"""What a person decided, on GitHub: decisions by git, a release by the environment, and a ledger that many share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, rehearsal
from postgres import Server, database_of
from recipes.github import GitHub
from recipes.machines import Run, Variables
from recipes.office import Office, opened, prepared
from recipes.sites import site
from recipes.test_walks import LINE, MINIMUM


def halved(office: Office) -> Run:
    """A night after which one line is left to a person: its cost was changed by hand in the PSA."""
    office.settled()
    office.place.edit(line=office.place.lines[0], unit_cost="11.00")
    return office.night()


def decided(office: Office, night: Run, verdict: str) -> str:
    """A person takes the plan from the run's artifacts, decides, and gets the decisions merged; the plan's id."""
    plan = night.artifacts["psarecon-plan"] / "plan.json"
    data = office.plan_of(night)
    decisions = office.place.directory / "decisions.json"
    words = ("--reason", "asked", "--by", "dana", "--decisions", str(decisions))
    done = office.place.run("decide", str(plan), verdict, data["changes"][0]["id"], *words)
    assert done.code == 0, done.err
    office.forge.branch("verdict", {"decisions.json": decisions.read_text(encoding="utf-8")})
    office.forge.merge(office.forge.open("verdict"))
    return str(data["id"])


def test_a_verdict_in_git_is_carried_out_by_the_next_night(github: Office) -> None:
    """What somebody changed by hand waits for a person; approved by a merge, the next run writes it, in their name."""
    night = halved(github)
    assert (night.jobs["apply"].result, night.jobs["apply"].code) == ("failed", 4), night.log()
    assert github.place.truth()["unit_cost"] == "11.00"
    assert "somebody changed lines in the PSA" in night.log()
    decided(github, night, "--approve")
    run = github.night()
    assert set(run.results().values()) == {"succeeded"}, run.log()
    assert github.place.truth()["unit_cost"] == "9.00"
    intent = [one for one in github.place.log() if one["event"] == "intent"][-1]
    assert intent["detail"]["decision"]["by"] == "dana"


def test_a_rejected_change_is_not_written_by_any_night(github: Office) -> None:
    """The verdict in git holds from night to night, and the night is green: there is nothing left to decide."""
    decided(github, halved(github), "--reject")
    for _ in range(2):
        run = github.night()
        assert run.jobs["apply"].result == "succeeded", run.log()
        assert "1 rejected or held" in run.log()
    assert github.place.truth()["unit_cost"] == "11.00"


def test_the_saved_plan_is_released_by_hand(github: Office) -> None:
    """The workflow for people writes the plan of the run they name, if it is the plan they name."""
    night = halved(github)
    plan = decided(github, night, "--approve")
    platform = github.platform
    assert isinstance(platform, GitHub)
    wrong = platform.dispatched("github-apply", run=str(night.number), plan="0" * 64)
    assert (wrong.jobs["apply"].result, wrong.jobs["apply"].code) == ("failed", 3)
    assert github.place.truth()["unit_cost"] == "11.00"
    right = platform.dispatched("github-apply", run=str(night.number), plan=plan[:12])
    assert right.jobs["apply"].result == "succeeded", right.log()
    assert github.place.truth()["unit_cost"] == "9.00"


@pytest.fixture
def shared(tmp_path: Path, postgres: Server, database: str) -> Iterator[Office]:
    """The repository on GitHub with its ledger in PostgreSQL; what pull requests get can only read there."""
    with rehearsal(tmp_path / "msp", Client("Acme"), Client("Bolt", users=12)) as place, site("github") as comments:
        prepared(place, database)
        yield opened(tmp_path, place, "github", comments)
        postgres.run("DROP OWNED BY psarecon_reader", database_of(database))
        postgres.run("DROP ROLE psarecon_reader")


def reading_alone(server: Server, url: str) -> str:
    """A URL for a role that may read the ledger, made as docs/guides/pipelines.md says."""
    page = (Path(__file__).parents[2] / "docs/guides/pipelines.md").read_text(encoding="utf-8")
    statements = page.partition("<!-- test: reader.sql -->\n```sql\n")[2].partition("```")[0]
    for statement in filter(str.strip, statements.split(";")):
        server.run(statement.replace("DATABASE psarecon ", f"DATABASE {database_of(url)} "), database_of(url))
    name, _, rest = url.partition("@")
    return f"{name.rpartition('//')[0]}//psarecon_reader:{name.rpartition(':')[2]}@{rest}"


def test_a_pull_request_can_plan_with_a_ledger_it_cannot_change(shared: Office, postgres: Server) -> None:
    """A role of PostgreSQL that may only read is enough for the plan of a pull request, and no use for writing."""
    owner = shared.place.environ["PSARECON_LEDGER_URL"]
    shared.settled()
    reader = reading_alone(postgres, owner)
    assert isinstance(shared.surroundings.kept, dict)
    kept = shared.surroundings.kept["psarecon-read"]
    secrets = {**kept.secrets, "PSARECON_LEDGER_URL": reader, "JUMPCLOUD_API_KEY": ""}
    shared.surroundings.kept["psarecon-read"] = Variables(secrets, kept.plain)
    run = shared.pull_request(shared.edited("acme", LINE, MINIMUM))
    assert set(run.results().values()) == {"succeeded"}, run.log()
    assert "14 → 16" in shared.comment
    assert "second-writer-unknown" in shared.comment
    shared.place.environ["PSARECON_LEDGER_URL"] = reader
    assert [shared.place.run(*words.split()).code for words in ("check", "drift", "log --verify")] == [0, 0, 0]
    refused = shared.place.run("observe")
    assert (refused.code, "permission denied" in refused.err) == (1, True)
