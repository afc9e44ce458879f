"""A real browser for the tests of pages: headless, with a profile of its own, behind a proxy that lets nothing out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

#: The browser, or None where there is none.
CHROMIUM = os.environ.get("PSARECON_CHROMIUM") or shutil.which("chromium")
WHY_NOT = "no browser: install Debian's package chromium, or name one by PSARECON_CHROMIUM"
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--hide-scrollbars",
)  # fmt: skip


class _Recording(ThreadingHTTPServer):
    """Answers nothing of use, and remembers what was asked for."""

    asked: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: _Recording

    def _answer(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_HEAD = do_CONNECT = do_OPTIONS = _answer  # noqa: N815 - the names http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server has
        """Say nothing."""


#: Whom the browser asks by itself, for updates and the time, whatever page it shows.
_ITS_OWN = re.compile(r"[A-Z]+ (?:https?://)?(?:[a-z0-9-]+\.)*(?:google|googleapis|gvt1|gstatic)\.com\b")


@dataclass
class Browser:
    """Opens files behind the proxy; ``_asked`` holds every request it made to anywhere, as method and address."""

    proxy: int
    _asked: list[str]

    def asked(self) -> list[str]:
        """What its pages asked for; without what the browser asks by itself."""
        return [one for one in self._asked if not _ITS_OWN.match(one)]

    def dom(self, page: Path, query: str = "", milliseconds: int = 0) -> str:
        """The page's HTML after its scripts have run, and their timers for so long."""
        budget = (f"--virtual-time-budget={milliseconds}",) if milliseconds else ()
        return self._run(page, "--dump-dom", *budget, query=query)

    def picture(self, page: Path, to: Path, width: int, height: int, *, dark: bool = False) -> None:
        """A screenshot as PNG."""
        scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        self._run(page, f"--screenshot={to}", f"--window-size={width},{height}", scheme)

    def _run(self, page: Path, *flags: str, query: str = "") -> str:
        assert CHROMIUM is not None
        with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            through = (f"--proxy-server=127.0.0.1:{self.proxy}", "--proxy-bypass-list=<-loopback>")
            address = page.resolve().as_uri() + query
            command = [CHROMIUM, *_FLAGS, *through, f"--user-data-dir={profile}", *flags, address]
            done = subprocess.run(command, capture_output=True, timeout=120, check=True)
        return done.stdout.decode("utf-8")


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser, and the proxy that all its requests go to."""
    server = _Recording(("127.0.0.1", 0), _Handler)
    server.asked = []
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Browser(server.server_address[1], server.asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
