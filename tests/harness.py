"""A rehearsal for tests: a world of our making behind real HTTP, and psarecon's own command line on it.

Nothing here reaches into psarecon: tests see what a user sees (exit code, stdout, stderr, plan file) and what the
sandbox says is true.
"""

from __future__ import annotations

import io
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from psarecon.cli.main import main
from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

TODAY = date(2026, 11, 20)
PRODUCT = "jumpcloud-platform"

#: One client for all: it opens no connection that it keeps, and reads no certificates, which take longer than a call.
_CONTROL = httpx.Client(
    timeout=30,
    trust_env=False,
    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    limits=httpx.Limits(max_keepalive_connections=0),
)


@dataclass(frozen=True)
class Ran:
    """What a command gave."""

    code: int
    out: str
    err: str


def psarecon(*words: str, environ: Mapping[str, str] | None = None) -> Ran:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words, environ or {})
    return Ran(code, out.getvalue(), err.getvalue())


@dataclass
class Rehearsal:
    """A config directory, the sandbox behind it, and shorthands for both."""

    directory: Path
    url: str
    environ: dict[str, str]
    lines: list[str] = field(default_factory=list)
    organizations: list[str] = field(default_factory=list)

    def run(self, *words: str) -> Ran:
        """One command on the config directory."""
        return psarecon("-C", str(self.directory), "--debug", *words, environ=self.environ)

    def observed(self) -> Ran:
        """``observe``, which must go well."""
        ran = self.run("observe")
        assert ran.code == 0, ran.err
        return ran

    def plan(self, *words: str) -> dict[str, Any]:
        """``plan``, which must go well; the saved plan as data."""
        ran = self.run("plan", "-o", str(self.plan_file), *words)
        assert ran.code == 0, ran.err
        data: dict[str, Any] = json.loads(self.plan_file.read_bytes())
        return data

    @property
    def plan_file(self) -> Path:
        """Where ``plan`` saves."""
        return self.directory / "plan.json"

    def apply(self, *words: str) -> Ran:
        """``apply`` of the saved plan with --approve-clean."""
        return self.run("apply", str(self.plan_file), "--approve-clean", *words)

    def log(self) -> list[dict[str, Any]]:
        """The journal, oldest first."""
        entries: list[dict[str, Any]] = json.loads(self.run("log", "--format", "json").out)
        return entries

    def control(self, method: str, what: str, body: Mapping[str, Any] | None = None) -> Any:
        """A call of the sandbox's own /_sandbox/ interface, which must go well."""
        answer = _CONTROL.request(method, f"{self.url}/_sandbox/{what}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def truth(self, line: str | None = None) -> dict[str, Any]:
        """The sandbox's word on a line (default: the first)."""
        wanted = line or self.lines[0]
        lines: list[dict[str, Any]] = self.control("GET", "world")["lines"]
        return next(one for one in lines if one["id"] == wanted)

    def today(self, day: str) -> None:
        """Move the sandbox's clock."""
        self.control("POST", "clock", {"today": day})

    def edit(self, **body: Any) -> None:
        """Change something as somebody else would."""
        self.control("POST", "edit", body)

    def rule(self, **rules: Any) -> None:
        """Switch behaviours of the tenant."""
        self.control("POST", "rules", rules)

    def fault(self, kind: str, system: str = "autotask", **options: Any) -> None:
        """Switch a fault on."""
        self.control("POST", "faults", {"system": system, "kind": kind, **options})

    def no_faults(self) -> None:
        """Switch all faults off."""
        self.control("DELETE", "faults")

    def requests(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        """The requests the sandbox got, narrowed by method and a part of the path."""
        found: list[dict[str, Any]] = self.control("GET", "requests")["requests"]
        return [one for one in found if one["method"].startswith(method) and path.lower() in one["path"].lower()]

    def adjustments(self) -> int:
        """How many adjustments were posted."""
        return len(self.requests("POST", "/ServiceAdjustments"))

    def forget_requests(self) -> None:
        """Begin counting anew."""
        self.control("DELETE", "requests")

    def users(self, count: int, organization: str | None = None) -> None:
        """Let an organization (default: the first) have so many users."""
        self.edit(organization=organization or self.organizations[0], users=count)

    def settings(self, old: str, new: str) -> None:
        """Replace a piece of psarecon.yaml."""
        self._replace(self.directory / "psarecon.yaml", old, new)

    def mapping(self, old: str, new: str, client: int = 0) -> None:
        """Replace a piece of a client's file."""
        self._replace(sorted((self.directory / "clients").glob("*.yaml"))[client], old, new)

    def _replace(self, path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {path.name}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")


@dataclass
class Client:
    """One client to build: its line's units and money in Autotask, its organization's users in JumpCloud."""

    name: str = "Acme Corp"
    units: int = 10
    users: int = 14
    unit_cost: str = "9.00"
    unit_price: str = "15.00"
    start: date | None = None
    end: date | None = None
    status: int = 1
    company: int | None = None
    suspended: int = 0
    last_month: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    posted_before: date | None = None
    adjustments: tuple[tuple[date, int], ...] = ()


@contextmanager
def rehearsal(directory: Path, *clients: Client, today: date = TODAY) -> Iterator[Rehearsal]:
    """A world of the given clients (default: one), mapped, served, and ready for commands."""
    lines, organizations = [], []
    with building(directory, today=today) as builder:
        service = builder.add_service("JumpCloud Platform")
        for client in clients or (Client(),):
            line, organization = add_client(builder, client, service)
            lines.append(str(line))
            organizations.append(organization)
        write_config(directory, builder.world, builder.clients)
        environ = environment(builder.world)
    with running(directory) as url:
        yield Rehearsal(directory, url, environ, lines, organizations)


def add_client(builder: Builder, client: Client, service: int) -> tuple[int, str]:
    """One client in both systems and in the mapping; answers its line and its organization."""
    company = builder.add_company(client.name, id=client.company)
    contract = builder.add_contract(
        company, start=client.start, end=client.end, status=client.status, posted_before=client.posted_before
    )
    line = builder.add_line(
        contract, service, units=client.units, unit_cost=client.unit_cost, unit_price=client.unit_price
    )
    for day, change in client.adjustments:
        builder.add_adjustment(line, day, unit_change=change)
    organization = builder.add_organization(
        client.name, users=client.users, suspended=client.suspended, last_month=client.last_month
    )
    builder.map_client(client.name, organization, company, [MappedLine(PRODUCT, contract, line, client.extra)])
    return line, organization
