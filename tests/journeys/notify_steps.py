"""A receiver of notifications for tests: real HTTP on this machine, as Apprise's ``json://`` speaks it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from harness import Rehearsal

TOKEN = "sentinel-token"
PASSWORD = "sentinel-password"


@dataclass
class Inbox:
    """What arrived: each message as data, and the path it was sent to. ``answer`` gives the HTTP status."""

    port: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    answer: Callable[[], int] = lambda: 200
    delay: float = 0.0

    @property
    def url(self) -> str:
        """Its address in Apprise's form, with all the secrets such an address can hold."""
        return f"json://user:{PASSWORD}@127.0.0.1:{self.port}/{TOKEN}"

    @property
    def texts(self) -> list[str]:
        """Each message: title and text, a line each."""
        return ["\n".join(filter(None, (one["title"], one["message"]))) for one in self.messages]


@contextmanager
def receiving() -> Iterator[Inbox]:
    """An inbox on 127.0.0.1. A redirect leads to another path of it."""
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        """Notes a message and answers."""

        def do_POST(self) -> None:  # the library's name
            """Answer."""
            inbox.paths.append(self.path)
            inbox.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(inbox.delay)
            self.send_response(inbox.answer())
            self.send_header("Location", f"http://127.0.0.1:{inbox.port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        inbox.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield inbox
        finally:
            server.shutdown()
            thread.join()


def notify(place: Rehearsal, *blocks: str) -> None:
    """Add receivers to the settings, each as the inside of its braces."""
    listed = "".join(f"  - {{{block}}}\n" for block in blocks)
    place.settings("version: 1\n", f"version: 1\nnotify:\n{listed}")


def told(place: Rehearsal, inbox: Inbox, when: str, more: str = "") -> None:
    """Let the inbox be told at these occasions."""
    notify(place, f"url: env:NOTIFY_URL, when: [{when}]{more}")
    place.environ["NOTIFY_URL"] = inbox.url
    place.environ["PSARECON_BY"] = "dana"
    place.environ["PSARECON_RUN_URL"] = "https://ci.example.com/runs/7"
