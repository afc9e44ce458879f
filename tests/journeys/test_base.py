"""``plan --base``: what a pull request causes, told apart from what comes anyway; real git, real HTTP."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Client, Rehearsal, rehearsal


def git(place: Rehearsal, *words: str) -> str:
    """Run git in the config directory, as somebody without a configuration."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *words], cwd=place.directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(place: Rehearsal) -> str:
    """Commit what git is told to keep; answers the commit."""
    git(place, "add", "psarecon.yaml", "clients")
    git(place, "commit", "--quiet", "-m", "x")
    return git(place, "rev-parse", "HEAD")


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Rehearsal]:
    """Three clients on main, each with four users more than it is billed for; then a branch."""
    with rehearsal(tmp_path / "msp", Client("Acme"), Client("Beta"), Client("Gamma")) as place:
        git(place, "init", "--quiet", "--initial-branch=main", ".")
        commit(place)
        git(place, "checkout", "--quiet", "-b", "edit")
        place.observed()
        yield place


def compared(place: Rehearsal, base: str = "main") -> dict[str, Any]:
    """``plan --base`` as data."""
    ran = place.run("plan", "--base", base, "--format", "json", "-o", str(place.plan_file))
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def told(found: dict[str, Any]) -> tuple[list[Any], list[str]]:
    """Of the edited lines the quantity without and with the edit; of the others their ids."""
    edited = [
        tuple(one[side] and one[side]["quantity"] and one[side]["quantity"]["after"] for side in ("before", "after"))
        for one in found["edited"]
    ]
    return edited, [one["line"]["id"] for one in found["anyway"]]


def test_an_edit_of_one_line_is_told_from_the_usage_that_moved_all(three: Rehearsal) -> None:
    """A minimum of twenty for the first client; the others' four users more come anyway."""
    three.mapping("    service:", "    minimum: 20\n    service:")
    assert told(compared(three)) == ([("14", "20")], three.lines[1:])


def test_a_new_client_brings_its_change_and_one_that_leaves_takes_it_away(three: Rehearsal) -> None:
    """Beta is removed on the branch; seen from the branch's side, Beta is what main adds."""
    (three.directory / "clients").joinpath(sorted(p.name for p in (three.directory / "clients").iterdir())[1]).unlink()
    assert told(compared(three)) == ([("14", None)], [three.lines[0], three.lines[2]])
    commit(three)
    git(three, "checkout", "--quiet", "main")
    assert told(compared(three, "edit")) == ([(None, "14")], [three.lines[0], three.lines[2]])


def test_an_edit_of_the_settings_is_compared_too(three: Rehearsal) -> None:
    """Another unit cost of the product moves every line; none comes as it would have."""
    three.settings('"9.00"', '"9.50"')
    found = compared(three)
    assert (len(found["edited"]), found["anyway"]) == (3, [])


def test_both_plans_rest_on_the_same_reading_of_the_psa(three: Rehearsal) -> None:
    """Not one request more than for one plan, and the saved plan is the branch's, to the byte."""
    three.forget_requests()
    three.plan()
    alone = sorted((one["method"], one["path"]) for one in three.requests())
    content = json.loads(three.plan_file.read_bytes())
    three.mapping("    service:", "    minimum: 20\n    service:")
    three.plan()
    edited = three.plan_file.read_bytes()
    three.forget_requests()
    compared(three)
    assert sorted((one["method"], one["path"]) for one in three.requests()) == alone
    assert three.plan_file.read_bytes() == edited
    assert json.loads(edited)["id"] != content["id"]


def test_nothing_is_caused_where_nothing_was_edited(three: Rehearsal) -> None:
    """The same commit: all of it comes anyway."""
    assert told(compared(three, "HEAD")) == ([], three.lines)


def test_a_base_that_is_not_here_is_invalid_input(three: Rehearsal) -> None:
    """With the way out."""
    ran = three.run("plan", "--base", "origin/main")
    assert (ran.code, "git knows no commit 'origin/main' here" in ran.err, "fetch" in ran.err) == (3, True, True)


def test_a_reviewer_reads_what_the_edit_causes_first(three: Rehearsal) -> None:
    """In words: the edited line, then how many come anyway."""
    three.mapping("    service:", "    minimum: 20\n    service:")
    for form in ("text", "markdown"):
        ran = three.run("plan", "--base", "main", "--format", form)
        assert ran.code == 0, ran.err
        assert "Acme" in ran.out
        assert ran.out.index("Acme") < ran.out.lower().rindex("anyway")
