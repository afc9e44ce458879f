"""The program that comments, against each site's endpoint on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from recipes.machines import RECIPES
from recipes.sites import TOKEN, US, Site, site

MARKER = "<!-- psarecon:plan -->"
TEXT = f"{MARKER}\n## psarecon: 2 changes\n\n| Clïent | 10 → 14 |\n"


@dataclass
class Desk:
    """A site, and a pipeline that may comment there."""

    site: Site
    folder: Path

    def environ(self) -> dict[str, str]:
        """What each platform sets."""
        known = {
            "github": {"GITHUB_API_URL": self.site.url, "GITHUB_REPOSITORY": "msp/billing", "GITHUB_TOKEN": TOKEN},
            "gitlab": {"CI_API_V4_URL": self.site.url, "PSARECON_COMMENT_TOKEN": TOKEN},
            "azure": {"SYSTEM_COLLECTIONURI": f"{self.site.url}/", "SYSTEM_ACCESSTOKEN": TOKEN},
        }[self.site.kind]
        more = {
            "github": {"GITHUB_ACTIONS": "true", "PSARECON_PULL_REQUEST": "7"},
            "gitlab": {"GITLAB_CI": "true", "CI_MERGE_REQUEST_PROJECT_ID": "9", "CI_MERGE_REQUEST_IID": "7"},
            "azure": {
                "TF_BUILD": "True",
                "SYSTEM_TEAMPROJECTID": "p-1",
                "BUILD_REPOSITORY_ID": "r-1",
                "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
            },
        }[self.site.kind]
        return {**known, **more}

    def comment(self, text: str = TEXT, **changed: str) -> subprocess.CompletedProcess[str]:
        """The program, with a file of this text."""
        return self.run({**self.environ(), **changed}, text)

    def run(self, environ: Mapping[str, str], text: str) -> subprocess.CompletedProcess[str]:
        """The program in this environment and no other."""
        file = self.folder / "plan.md"
        file.write_text(text, encoding="utf-8")
        command = [sys.executable, "-I", "-W", "error", str(RECIPES / "comment.py"), str(file)]
        own = {"PATH": os.defpath, "LANG": "C.UTF-8", **environ}
        return subprocess.run(command, env=own, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(params=sorted(US))
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """Each site in turn."""
    with site(request.param) as found:
        yield Desk(found, tmp_path)


def test_the_first_run_writes_and_the_next_replaces(desk: Desk) -> None:
    """One comment stays one, with the latest text as it stands in the file."""
    assert desk.comment("<!-- psarecon:plan -->\nold").stdout == "comment written\n"
    assert desk.comment().stdout == "comment replaced\n"
    assert [one.text for one in desk.site.comments] == [TEXT]


def test_only_our_own_comment_is_replaced(desk: Desk) -> None:
    """The marker in somebody else's comment, or within one of ours, is not enough."""
    others = [desk.site.add("mallory", f"{MARKER}\nmine"), desk.site.add(US[desk.site.kind], f"see {MARKER}")]
    texts = [one.text for one in others]
    assert desk.comment().stdout == "comment written\n"
    assert [one.text for one in others] == texts
    assert desk.site.comments[-1].text == TEXT


def test_another_marker_is_another_comment(desk: Desk) -> None:
    """Two configurations in one repository each keep their own."""
    desk.comment("<!-- psarecon:east -->\neast")
    desk.comment("<!-- psarecon:west -->\nwest")
    desk.comment("<!-- psarecon:east -->\neast again")
    assert [one.text.partition("\n")[2] for one in desk.site.comments] == ["east again", "west"]


def test_our_comment_is_found_behind_hundreds_of_others(desk: Desk) -> None:
    """Lists that come in pages are read to their end."""
    for number in range(250):
        desk.site.add("dana", f"no {number}")
    ours = desk.site.add(US[desk.site.kind], f"{MARKER}\nold")
    assert desk.comment().stdout == "comment replaced\n"
    assert ours.text == TEXT
    assert len(desk.site.comments) == 251


@pytest.mark.parametrize("status", [301, 401, 403, 500])
def test_a_refusal_is_one_line_without_the_token(desk: Desk, status: int) -> None:
    """The status is told, no redirect is followed, and the token is in no message."""
    desk.site.answer = status
    done = desk.comment()
    assert (done.returncode, done.stdout) == (1, "")
    assert f"answered {status}" in done.stderr
    assert TOKEN not in done.stderr
    assert len(desk.site.requests) == 1


def test_no_token_goes_out_unencrypted(desk: Desk) -> None:
    """An address of another machine without https is refused before anything is sent."""
    name = {"github": "GITHUB_API_URL", "gitlab": "CI_API_V4_URL", "azure": "SYSTEM_COLLECTIONURI"}[desk.site.kind]
    done = desk.comment(**{name: "http://git.example.com"})
    assert done.stderr == "comment: http://git.example.com: a token is sent by https alone\n"
    assert desk.site.requests == []


def test_a_missing_variable_is_named(desk: Desk) -> None:
    """Whoever set up the pipeline is told what is missing, or that it is no number."""
    for name in desk.environ():
        done = desk.comment(**{name: ""})
        assert done.returncode == 1
        assert name in done.stderr or "no pipeline" in done.stderr
    name = {"github": "PSARECON_PULL_REQUEST", "gitlab": "CI_MERGE_REQUEST_IID"}.get(
        desk.site.kind, "SYSTEM_PULLREQUEST_PULLREQUESTID"
    )
    assert desk.comment(**{name: "7/../8"}).stderr == f"comment: {name} is not a number\n"
    assert desk.site.requests == []


def test_a_text_without_a_marker_is_not_posted(desk: Desk) -> None:
    """It could never be found again."""
    done = desk.comment("# A plan\n")
    assert done.stderr.endswith("plan.md does not begin with a marker such as <!-- psarecon:plan -->\n")
    assert desk.site.requests == []
