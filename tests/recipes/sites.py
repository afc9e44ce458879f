"""The one endpoint of GitHub, GitLab and Azure DevOps that the recipes call: comments under a pull request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "sentinel-comment-token"
#: Who the token belongs to, as each site says it; any other author is somebody else.
US = {"github": "github-actions[bot]", "gitlab": 71, "azure": "aaaa-71"}


@dataclass
class Posted:
    """A comment as the site keeps it."""

    number: int
    author: Any
    text: str


@dataclass
class Site:
    """What the site holds, what it was asked, and how it misbehaves (``answer``: a status for every call)."""

    kind: str
    url: str = ""
    comments: list[Posted] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    answer: int | None = None

    def add(self, author: Any, text: str) -> Posted:
        """A new comment."""
        found = Posted(len(self.comments) + 1, author, text)
        self.comments.append(found)
        return found

    @property
    def ours(self) -> list[str]:
        """The texts that the token's user wrote."""
        return [one.text for one in self.comments if one.author == US[self.kind]]

    def of(self, number: int) -> Posted:
        """The comment of a number."""
        return next(one for one in self.comments if one.number == number)


@contextmanager
def site(kind: str) -> Iterator[Site]:
    """A site on this machine."""
    found = Site(kind)
    handler = type("Handler", (_Handler,), {"site": found})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


_GITHUB = re.compile(r"/repos/msp/billing/issues/(?:7/comments|comments/(\d+))")
_GITLAB = re.compile(r"/projects/9/merge_requests/7/notes(?:/(\d+))?")
_AZURE = re.compile(r"/p-1/_apis/git/repositories/r-1/pullRequests/7/threads(?:/(\d+)/comments/1)?")


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PATCH(self) -> None:
        self._serve("PATCH")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def log_message(self, *_: Any) -> None:
        """Nothing to stderr."""

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        where = urlsplit(self.path)
        self.site.requests.append(f"{method} {where.path}")
        token = self.headers.get("PRIVATE-TOKEN") or self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.site.answer or token != TOKEN:
            self._say(self.site.answer or 401, {"message": f"you sent {token}"})
            return
        query = {key: values[0] for key, values in parse_qs(where.query).items()}
        serve = {"github": self._github, "gitlab": self._gitlab, "azure": self._azure}[self.site.kind]
        self._say(*serve(method, where.path, query, json.loads(body) if body else {}))

    def _say(self, status: int, data: Any) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        if status in {301, 302, 307}:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _github(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        match = _GITHUB.fullmatch(path)
        if match is None:
            return 404, {}
        if method == "PATCH":
            return self._replaced(match[1], body["body"], ours_alone=False)
        if method == "POST":
            return 201, _github_data(self.site.add(US["github"], body["body"]))
        return 200, [_github_data(one) for one in self._page(query)]

    def _gitlab(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == "/user":
            return 200, {"id": US["gitlab"]}
        match = _GITLAB.fullmatch(path)
        if match is None:
            return 404, {}
        if method == "PUT":
            return self._replaced(match[1], body["body"])
        if method == "POST":
            return 201, _gitlab_data(self.site.add(US["gitlab"], body["body"]))
        return 200, [_gitlab_data(one) for one in self._page(query)]

    def _azure(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == "/_apis/connectionData":
            return 200, {"authenticatedUser": {"id": US["azure"]}}
        match = _AZURE.fullmatch(path)
        if match is None or query != {"api-version": "7.1"}:
            return 404, {}
        if method == "PATCH":
            return self._replaced(match[1], body["content"])
        if method == "POST":
            return 200, _azure_data(self.site.add(US["azure"], body["comments"][0]["content"]))
        return 200, {"value": [_azure_data(one) for one in self.site.comments]}

    def _replaced(self, number: str, text: str, *, ours_alone: bool = True) -> tuple[int, Any]:
        found = self.site.of(int(number))
        if ours_alone and found.author != US[self.site.kind]:
            return 403, {}
        found.text = text
        return 200, {}

    def _page(self, query: dict[str, str]) -> list[Posted]:
        size, page = int(query["per_page"]), int(query["page"])
        return self.site.comments[(page - 1) * size : page * size]


def _github_data(one: Posted) -> Any:
    return {"id": one.number, "user": {"login": one.author}, "body": one.text}


def _gitlab_data(one: Posted) -> Any:
    return {"id": one.number, "author": {"id": one.author}, "body": one.text}


def _azure_data(one: Posted) -> Any:
    return {"id": one.number, "comments": [{"id": 1, "author": {"id": one.author}, "content": one.text}]}
