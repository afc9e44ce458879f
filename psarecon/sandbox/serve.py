"""The sandbox's server: uvicorn on 127.0.0.1, in the foreground or in a thread."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from psarecon.sandbox.app import Sandbox
from psarecon.sandbox.world import World, url_path

_HOST = "127.0.0.1"
_PATIENCE = 30.0


class _Connections:
    """The open connections by the client's address, so that a fault can close one."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, int], asyncio.Transport] = {}

    def close(self, client: tuple[str, int] | None) -> None:
        transport = self.open.get(client) if client is not None else None
        if transport is not None:
            # What was written goes out first; a connection with nothing written just ends.
            transport.close()


def _protocol(connections: _Connections) -> type[H11Protocol]:
    """Uvicorn's own protocol, which also notes its connection."""

    class Noted(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
            super().connection_made(transport)
            if self.client is not None:
                connections.open[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                connections.open.pop(self.client, None)
            super().connection_lost(exc)

    return Noted


class _Server(uvicorn.Server):
    """A server that says when it is really accepting connections, and ends at once when told to."""

    def __init__(self, config: uvicorn.Config, accepting: threading.Event) -> None:
        super().__init__(config)
        self._accepting = accepting
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._accepting.set()

    async def main_loop(self) -> None:
        """Uvicorn's own loop, cut short by `end`: that one looks only ten times a second whether it should stop."""
        told = asyncio.create_task(self._told.wait())
        ticking = asyncio.create_task(super().main_loop())
        await asyncio.wait({told, ticking}, return_when=asyncio.FIRST_COMPLETED)
        for task in (told, ticking):
            task.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is open, without uvicorn's pause of a tenth of a second: tests start many sandboxes."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        del sockets  # closed by the one who opened them
        await asyncio.sleep(0)

    def end(self) -> None:
        """Stop without waiting for what is under way; may be called from any thread."""
        self.should_exit = self.force_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop may be closed already, at any moment since the line above
                self._loop.call_soon_threadsafe(self._told.set)


class _Site:
    """One directory's world, served on one socket."""

    def __init__(self, directory: Path, port: int) -> None:
        World.open(directory).close()  # says at once when there is no world
        self.directory = directory
        self.socket = _listener(port)
        self.url = f"http://{_HOST}:{self.socket.getsockname()[1]}"
        self.accepting = threading.Event()
        self.server: _Server | None = None
        self._stopped = False

    def serve(self) -> None:
        """Serve in this thread until told to stop. The world is opened here, because SQLite belongs to a thread."""
        connections = _Connections()
        with World.open(self.directory) as world, self.socket:
            config = uvicorn.Config(Sandbox(world, connections.close), http=_protocol(connections), ws="none",
                                    lifespan="off", date_header=False, log_config=None, log_level="critical",
                                    access_log=False, timeout_keep_alive=600, loop="asyncio")  # fmt: skip
            self.server = _Server(config, self.accepting)
            if not self._stopped:
                self.server.run(sockets=[self.socket])

    def publish(self) -> None:
        """Write the base URL where the configuration looks for it."""
        url_path(self.directory).write_text(self.url)

    def stop(self) -> None:
        """Tell the server to end without waiting for what is still under way."""
        self._stopped = True
        if self.server is not None:
            self.server.end()


def _listener(port: int) -> socket.socket:
    """A bound socket. It names its protocol, because asyncio sends small answers at once only on such a socket."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except BaseException:
        listener.close()
        raise
    return listener


@contextmanager
def running(directory: Path, port: int = 0) -> Iterator[str]:
    """Serve a directory's world while the block runs, and yield the base URL; 0 takes a free port.

    The URL is also written to `.sandbox/url` below the directory. Raises `FileNotFoundError` without a world and
    `OSError` when the port is taken.
    """
    site = _Site(directory, port)
    thread = threading.Thread(target=site.serve, name="psarecon-sandbox", daemon=True)
    thread.start()
    try:
        if not site.accepting.wait(_PATIENCE):
            raise RuntimeError("the sandbox did not start")
        site.publish()
        yield site.url
    finally:
        site.stop()
        thread.join(_PATIENCE)


def serve_forever(directory: Path, port: int = 0) -> None:
    """Serve a directory's world until SIGINT or SIGTERM; say so on stderr once connections are accepted."""
    site = _Site(directory, port)

    def announce() -> None:
        site.accepting.wait()
        site.publish()
        print(f"listening on {site.url}", file=sys.stderr, flush=True)

    def stop(*_: object) -> None:
        site.stop()

    # uvicorn handles these while it runs and raises them again when it has ended; then they must not kill.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    threading.Thread(target=announce, name="psarecon-sandbox-announce", daemon=True).start()
    site.serve()
