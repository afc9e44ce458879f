"""A line to a database server that is cut at a chosen commit, before or after the server has heard of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_COMMIT = b"COMMIT\0"


@dataclass
class Cutter:
    """Passes on what clients and server say. ``cut_at``: the commit that is cut off, counted from 1; 0 for none.

    ``heard``: whether the server gets that commit and only its answer is lost. A cut is made once.
    """

    server: int
    cut_at: int = 0
    heard: bool = False
    commits: int = 0
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        """Where clients connect to."""
        return int(self._listener.getsockname()[1])

    def order(self, cut_at: int, *, heard: bool) -> None:
        """Count anew, and cut there."""
        self.commits, self.cut_at, self.heard = 0, cut_at, heard

    def serve(self) -> None:
        """Until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                pair = _Pair(client, socket.create_connection(("127.0.0.1", self.server)))
                threading.Thread(target=self._up, args=(pair,), daemon=True).start()
                threading.Thread(target=pair.down, daemon=True).start()

    def close(self) -> None:
        """Take no more clients."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _up(self, pair: _Pair) -> None:
        with suppress(OSError):
            while data := pair.client.recv(65536):
                self.commits += _COMMIT in data
                if _COMMIT in data and self.commits == self.cut_at:
                    pair.silent = True
                    if self.heard:
                        pair.server.sendall(data)
                        pair.server.shutdown(socket.SHUT_WR)
                        pair.ended.wait()  # the server has done what it was told
                    break
                pair.server.sendall(data)
        pair.cut()


@dataclass
class _Pair:
    """One client's connection and ours to the server. ``silent``: what the server says is kept from the client."""

    client: socket.socket
    server: socket.socket
    silent: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def down(self) -> None:
        """Pass on what the server says, until it has no more to say."""
        with suppress(OSError):
            while data := self.server.recv(65536):
                if not self.silent:
                    self.client.sendall(data)
        self.ended.set()
        if not self.silent:
            self.cut()

    def cut(self) -> None:
        """End both connections."""
        for end in (self.client, self.server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def cutting(server: int) -> Iterator[Cutter]:
    """A line to the server at this port of this machine."""
    cutter = Cutter(server)
    thread = threading.Thread(target=cutter.serve)
    thread.start()
    try:
        yield cutter
    finally:
        cutter.close()
        thread.join()
