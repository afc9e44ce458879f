"""Puts a file's text under the pull request of this pipeline, as one comment that later runs replace.

    python3 comment.py plan.md

The first line of the file is an HTML comment, which readers do not see: by it, and by who wrote it, the comment of an
earlier run is found again. A comment of anybody else is never touched. Python's standard library is all it needs.

GitHub Actions: GITHUB_TOKEN (permission pull-requests: write), PSARECON_PULL_REQUEST (the number).
GitLab: PSARECON_COMMENT_TOKEN, a project access token with the scope api; the token of a job cannot write notes.
Azure DevOps: SYSTEM_ACCESSTOKEN, whose user needs "Contribute to pull requests".
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

_SECONDS = 30
_PAGE, _MOST_PAGES = 100, 100
_MARKER = re.compile(r"<!-- \S.* -->")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Trouble(Exception):
    """What is told to the person, with the exit code 1."""


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would take the token along."""

    def redirect_request(self, *_: Any) -> None:
        """None: it is an error like any other status."""


@dataclass(frozen=True)
class Comment:
    """A comment that we wrote: where it can be replaced."""

    url: str
    text: str


@dataclass(frozen=True)
class Site:
    """What a site wants: ``send`` calls its API, ``ours`` lists our comments, the rest says how to write one."""

    ours: Callable[[], Iterator[Comment]]
    replace: Callable[[str, str], object]
    create: Callable[[str], object]


class Api:
    """One site's API. Raises Trouble, without the token, for whatever goes wrong."""

    def __init__(self, base: str, headers: dict[str, str]) -> None:
        parts = urlsplit(base)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise Trouble(f"{base}: a token is sent by https alone")
        self.base = base.rstrip("/")
        self._headers = {"Content-Type": "application/json", "User-Agent": "psarecon", **headers}
        self._opener = build_opener(_NoRedirects)

    def __call__(self, method: str, path: str, data: object = None) -> Any:
        """One call; its answer as data."""
        body = None if data is None else json.dumps(data).encode()
        request = Request(f"{self.base}/{path}", body, self._headers, method=method)  # noqa: S310 - https, or this machine
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise Trouble(f"{method} {self.base}/{path} answered {error.code}: may this token do that?") from error
        except (OSError, HTTPException, ValueError) as error:
            raise Trouble(f"{method} {self.base}/{path} failed: {type(error).__name__}") from error

    def pages(self, path: str) -> Iterator[Any]:
        """All items of a list that comes in pages."""
        for page in range(1, _MOST_PAGES + 1):
            items = self("GET", f"{path}?per_page={_PAGE}&page={page}")
            yield from items
            if len(items) < _PAGE:
                return


def github() -> Site:
    """Comments of an issue, which a pull request is too."""
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    api = Api(need("GITHUB_API_URL"), {**headers, "Authorization": f"Bearer {need('GITHUB_TOKEN')}"})
    issues = f"repos/{need('GITHUB_REPOSITORY')}/issues"
    place = f"{issues}/{_number('PSARECON_PULL_REQUEST')}/comments"
    # A token of a workflow cannot ask who it is; all of them write in this name.
    us = os.environ.get("PSARECON_COMMENT_LOGIN") or "github-actions[bot]"

    def ours() -> Iterator[Comment]:
        for one in api.pages(place):
            if (one.get("user") or {}).get("login") == us:
                yield Comment(f"{issues}/comments/{int(one['id'])}", one.get("body") or "")

    return Site(ours, _sending(api, "PATCH"), lambda text: api("POST", place, {"body": text}))


def gitlab() -> Site:
    """Notes of a merge request."""
    api = Api(need("CI_API_V4_URL"), {"PRIVATE-TOKEN": need("PSARECON_COMMENT_TOKEN")})
    project, number = _number("CI_MERGE_REQUEST_PROJECT_ID"), _number("CI_MERGE_REQUEST_IID")
    place = f"projects/{project}/merge_requests/{number}/notes"

    def ours() -> Iterator[Comment]:
        us = api("GET", "user")["id"]
        for one in api.pages(place):
            if one["author"]["id"] == us:
                yield Comment(f"{place}/{int(one['id'])}", one["body"])

    return Site(ours, _sending(api, "PUT"), lambda text: api("POST", place, {"body": text}))


def azure() -> Site:
    """Threads of a pull request. Ours is closed from the beginning: it asks for no answer."""
    api = Api(need("SYSTEM_COLLECTIONURI"), {"Authorization": f"Bearer {need('SYSTEM_ACCESSTOKEN')}"})
    project, repository = (quote(need(name), safe="") for name in ("SYSTEM_TEAMPROJECTID", "BUILD_REPOSITORY_ID"))
    number = _number("SYSTEM_PULLREQUEST_PULLREQUESTID")
    place = f"{project}/_apis/git/repositories/{repository}/pullRequests/{number}/threads"
    version = "api-version=7.1"

    def ours() -> Iterator[Comment]:
        us = api("GET", "_apis/connectionData")["authenticatedUser"]["id"]
        for thread in api("GET", f"{place}?{version}")["value"]:
            for one in thread["comments"][:1]:
                if one["author"]["id"] == us and not one.get("isDeleted"):
                    url = f"{place}/{int(thread['id'])}/comments/{int(one['id'])}?{version}"
                    yield Comment(url, one.get("content") or "")

    def create(text: str) -> object:
        comment = {"parentCommentId": 0, "content": text, "commentType": "text"}
        return api("POST", f"{place}?{version}", {"comments": [comment], "status": "closed"})

    return Site(ours, _sending(api, "PATCH", "content"), create)


def _sending(api: Api, method: str, key: str = "body") -> Callable[[str, str], object]:
    return lambda url, text: api(method, url, {key: text})


def need(name: str) -> str:
    """A variable that must be there. Raises Trouble."""
    value = os.environ.get(name, "")
    if not value:
        raise Trouble(f"{name} is not set")
    return value


def _number(name: str) -> int:
    value = need(name)
    if not re.fullmatch(r"[0-9]{1,18}", value, re.ASCII):
        raise Trouble(f"{name} is not a number")
    return int(value)


#: The variable by which each pipeline can be told, and what is asked of its site.
_SITES = {"GITHUB_ACTIONS": github, "GITLAB_CI": gitlab, "TF_BUILD": azure}


def comment(file: Path) -> str:
    """Write it, or replace what an earlier run wrote; says which."""
    text = file.read_text(encoding="utf-8")
    marker = text.partition("\n")[0]
    if not _MARKER.fullmatch(marker):
        raise Trouble(f"{file} does not begin with a marker such as <!-- psarecon:plan -->")
    site = next((made for name, made in _SITES.items() if os.environ.get(name)), None)
    if site is None:
        raise Trouble("this is no pipeline of GitHub, GitLab or Azure DevOps")
    return _put(site(), marker, text)


def _put(site: Site, marker: str, text: str) -> str:
    for one in site.ours():
        if one.text.partition("\n")[0].rstrip("\r") == marker:
            site.replace(one.url, text)
            return "comment replaced"
    site.create(text)
    return "comment written"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: comment.py FILE")
    try:
        print(comment(Path(sys.argv[1])))
    except (Trouble, OSError, UnicodeError) as error:
        sys.exit(f"comment: {error}")
