"""Servers that lie: one that answers with bytes, one that stands before the sandbox and changes what it says."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

#: What a liar makes of an answer, by the path it was asked for; the data itself for no lie.
Lie = Callable[[str, Any], Any]


@dataclass
class Bytes:
    """Answers each connection with these pieces, whatever is asked; ``got`` is what was sent to it."""

    pieces: Callable[[], Iterator[bytes]] = field(default=lambda: iter(()))
    url: str = ""
    got: list[bytes] = field(default_factory=list)

    def says(self, head: str, *body: bytes) -> None:
        """An answer with these header lines."""
        self.pieces = lambda: iter((f"{head}\r\nConnection: close\r\n\r\n".encode("latin-1"), *body))

    def body(self, content: bytes, *headers: str) -> None:
        """A success with this body."""
        self.says("\r\n".join(("HTTP/1.1 200 OK", f"Content-Length: {len(content)}", *headers)), content)


@contextmanager
def answering_bytes() -> Iterator[Bytes]:
    """A listener on this machine that knows no HTTP."""
    teller, ended = Bytes(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        teller.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=_serve, args=(listening, teller, ended))
        thread.start()
        try:
            yield teller
        finally:
            ended.set()
            with suppress(OSError):
                socket.create_connection(listening.getsockname(), 1).close()
            thread.join()


def _serve(listening: socket.socket, teller: Bytes, ended: threading.Event) -> None:
    while True:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            if ended.is_set():
                return
            connection.settimeout(5)
            teller.got.append(_asked(connection))
            for piece in teller.pieces():
                connection.sendall(piece)


def _asked(connection: socket.socket) -> bytes:
    """The request's head; what is more of a body than came with it is not waited for."""
    found = b""
    while b"\r\n\r\n" not in found:
        found += connection.recv(65536)
    return found


@dataclass
class Liar:
    """Stands before the sandbox; ``lie`` changes its answers, ``asked`` counts those that could be changed."""

    url: str = ""
    lie: Lie = field(default=lambda _path, data: data)
    asked: set[str] = field(default_factory=set)


def _handler(target: str, client: httpx.Client, liar: Liar) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = client.request(self.command, target + self.path, content=body, headers=headers)
            content = answer.content
            if answer.status_code == 200 and not self.path.startswith("/_sandbox/") and content:
                liar.asked.add(self.path.partition("?")[0])
                told = liar.lie(self.path, json.loads(content))
                content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("content-type", "application/json"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PATCH = do_GET  # noqa: N815  # the names http.server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def lying(target: str) -> Iterator[Liar]:
    """A liar before ``target``; the addresses it tells of itself lead to it again."""
    liar = Liar()
    with (
        httpx.Client(trust_env=False, timeout=30) as client,
        ThreadingHTTPServer(("127.0.0.1", 0), _handler(target, client, liar)) as server,
    ):
        liar.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield liar
        finally:
            server.shutdown()
            thread.join()
