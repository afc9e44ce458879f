"""A proxy on this machine that keeps every exchange between psarecon and the sandbox, changing nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

#: Reads one of the vendors' descriptions by its file's name.
Spec = Callable[[str], dict[str, Any]]
_NOT_PASSED_ON = {"connection", "content-length", "transfer-encoding", "date", "server"}


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; bodies as JSON data, None where there is none. Header names are in lower case.

    ``url`` is the whole address as it was sent, ``media`` the answer's media type.
    """

    method: str
    url: str
    headers: dict[str, str]
    sent: Any
    status: int
    media: str
    got: Any

    @property
    def path(self) -> str:
        """The address without host and query."""
        return urlsplit(self.url).path

    @property
    def query(self) -> list[tuple[str, str]]:
        """The parameters, also those without a value."""
        return parse_qsl(urlsplit(self.url).query, keep_blank_values=True)


def _handler(target: str, client: httpx.Client, kept: list[Exchange]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # headers and body go out one by one: the second would wait for the first's ACK

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # The Host stays the proxy's, so that the addresses in answers lead through the proxy too.
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = client.request(self.command, target + self.path, content=body, headers=headers)
            url, media = f"http://{headers['host']}{self.path}", answer.headers.get("content-type", "")
            got = _data(answer.content)
            kept.append(Exchange(self.command, url, headers, _data(body), answer.status_code, media, got))
            self._reply(answer)

        do_POST = do_PATCH = do_GET  # noqa: N815  # the names http.server looks for

        def _reply(self, answer: httpx.Response) -> None:
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in _NOT_PASSED_ON:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _data(body: bytes) -> Any:
    return json.loads(body) if body else None


@contextmanager
def recording(target: str) -> Iterator[tuple[str, list[Exchange]]]:
    """Pass everything on to ``target`` while the block runs; the proxy's address, and what went through so far."""
    kept: list[Exchange] = []
    with (
        httpx.Client(trust_env=False, timeout=30) as client,
        ThreadingHTTPServer(("127.0.0.1", 0), _handler(target, client, kept)) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", kept
        finally:
            server.shutdown()
            thread.join()
