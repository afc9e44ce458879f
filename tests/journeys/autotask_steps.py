"""What the Autotask and apply journeys share: words for plans and journals, fleets of lines, a server that listens."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness import PRODUCT, TODAY, Ran, Rehearsal

from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

Data = dict[str, Any]

#: The only write there is, as the sandbox's faults name it.
ADJUSTMENT = "ServiceAdjustments"
#: Seconds between two looks at what a process has come to: who looks all the time keeps it from coming there.
GLANCE = 0.01
_FIXED = {"quantity": "fixed", "unit_cost": "9.00"}


def only_change(plan: Data) -> Data:
    """The one change of a plan that must have exactly one."""
    changes: list[Data] = plan["changes"]
    assert len(changes) == 1, [change["line"]["id"] for change in changes]
    return changes[0]


def body_of(change: Data) -> Data:
    """What the change would send."""
    found: Data = json.loads(change["call"]["body"], parse_float=Decimal)
    return found


def findings(plan: Data, code: str) -> list[Data]:
    """The plan's findings with this code."""
    return [finding for finding in plan["findings"] if finding["code"] == code]


def marks(plan: Data) -> set[tuple[str, str]]:
    """Severity and code of every finding but the days before the test began to observe."""
    return {(one["severity"], one["code"]) for one in plan["findings"] if one["code"] != "usage-missing-days"}


def events(rehearsal: Rehearsal, line: str | None = None) -> list[str]:
    """The journal's events of a line (default: the first), oldest first."""
    wanted = line or rehearsal.lines[0]
    return [entry["event"] for entry in rehearsal.log() if entry["line"] == wanted]


def last_text(rehearsal: Rehearsal) -> str:
    """What the journal says last."""
    text: str = rehearsal.log()[-1]["detail"]["text"]
    return text


def observed_plan(rehearsal: Rehearsal, *words: str) -> Data:
    """Observe, then plan."""
    rehearsal.observed()
    return rehearsal.plan(*words)


def autotask_setting(rehearsal: Rehearsal, text: str) -> None:
    """Add an option such as ``same_date: replaces`` to the Autotask block of the settings."""
    rehearsal.settings("autotask: {type: autotask,", f"autotask: {{type: autotask, {text},")


def approve_all(rehearsal: Rehearsal) -> None:
    """A person approves every change of the saved plan by name."""
    plan: Data = json.loads(rehearsal.plan_file.read_bytes())
    ids = [change["id"] for change in plan["changes"]]
    ran = rehearsal.run("decide", str(rehearsal.plan_file), "--approve", *ids, "--reason", "seen")
    assert ran.code == 0, ran.err


def autotask_requests(rehearsal: Rehearsal) -> list[Data]:
    """What Autotask was asked since requests were last forgotten."""
    return [one for one in rehearsal.requests() if one["system"] == "autotask"]


def assert_one_clear_error(ran: Ran, rehearsal: Rehearsal) -> None:
    """One line that says ``error:``, no traceback, and none of the credentials anywhere."""
    said = ran.out + ran.err
    assert [line for line in ran.err.splitlines() if line.startswith("error: ")] != []
    assert ran.err.count("error: ") == 1
    assert "Traceback" not in said
    assert [value for value in rehearsal.environ.values() if value in said] == []


@contextmanager
def fleet(
    directory: Path,
    count: int,
    *,
    today: date = TODAY,
    seed: int = 1,
    units: int = 10,
    wanted: int = 14,
    adjusted: tuple[date, int] | None = None,
) -> Iterator[Rehearsal]:
    """``count`` clients with a line each and a fixed quantity, so that no usage needs to be read."""
    with building(directory, today=today, seed=seed) as builder:
        service = builder.add_service("JumpCloud Platform")
        lines = [_fleet_line(builder, service, number, units, wanted, adjusted) for number in range(count)]
        write_config(directory, builder.world, builder.clients, products={PRODUCT: _FIXED})
        environ = environment(builder.world)
    with running(directory) as url:
        yield Rehearsal(directory, url, environ, lines)


def _fleet_line(
    builder: Builder, service: int, number: int, units: int, wanted: int, adjusted: tuple[date, int] | None
) -> str:
    name = f"Client {number:04d}"
    company = builder.add_company(name)
    contract = builder.add_contract(company)
    line = builder.add_line(contract, service, units=units)
    if adjusted is not None:
        builder.add_adjustment(line, adjusted[0], unit_change=adjusted[1])
    organization = builder.add_organization(name, users=wanted)
    builder.map_client(name, organization, company, [MappedLine(PRODUCT, contract, line, {"fixed": wanted})])
    return str(line)


@contextmanager
def applying(rehearsal: Rehearsal) -> Iterator[subprocess.Popen[str]]:
    """``apply --approve-clean`` of the saved plan in a process of its own."""
    words = ["-C", str(rehearsal.directory), "apply", str(rehearsal.plan_file), "--approve-clean"]
    command = [sys.executable, "-c", "from psarecon.cli.main import entry; entry()", *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=rehearsal.environ, text=True, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_fault(rehearsal: Rehearsal, process: subprocess.Popen[str]) -> None:
    """Ask until the first fault has befallen a request of the process."""
    while matched(rehearsal) == 0:
        assert process.poll() is None, process.communicate()
        time.sleep(GLANCE)


def matched(rehearsal: Rehearsal, fault: int = 0) -> int:
    """How many requests a fault has befallen so far."""
    count: int = rehearsal.control("GET", "faults")["faults"][fault]["matched"]
    return count


@dataclass
class Listener:
    """A server of the test's own that notes what it is sent: ``heard`` holds (path, header names in lower case)."""

    url: str
    heard: list[tuple[str, frozenset[str]]] = field(default_factory=list)


@contextmanager
def listening(answer: Data) -> Iterator[Listener]:
    """Answer every GET and POST on 127.0.0.1 with the same JSON."""
    content = json.dumps(answer).encode()

    class Handler(BaseHTTPRequestHandler):
        """Notes a request and answers."""

        def do_GET(self) -> None:  # the library's name
            """Answer."""
            listener.heard.append((self.path, frozenset(name.lower() for name in self.headers)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815  # the library's name

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        listener = Listener(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()
