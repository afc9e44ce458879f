"""What the LastPass journeys share: clients billed in ConnectWise by their seats, and servers that answer oddly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness import TODAY, Rehearsal

from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.lastpass.companies import provhash
from psarecon.sandbox.serve import running

Data = dict[str, Any]
SEATS = "lastpass-business"


@dataclass
class LpClient:
    """One client: ten units on its addition, fourteen enrolled users in LastPass.

    ``company``: more of what it is there; ``mapped`` False: it is only there.
    """

    name: str = "Acme Corp"
    quantity: int = 10
    users: int = 14
    company: Mapping[str, Any] = field(default_factory=dict)
    mapped: bool = True


@contextmanager
def lastpass(directory: Path, *clients: LpClient) -> Iterator[Rehearsal]:
    """A world of these clients (default: one); organizations are all of LastPass's companies, in the clients' order."""
    made = clients or (LpClient(),)
    with building(directory, today=TODAY) as builder:
        product = builder.add_product("LP-BUSINESS", unit_cost="4.25", unit_price="7.00")
        organizations = [_company(builder, client) for client in made]
        pairs = zip(made, organizations, strict=True)
        lines = [_line(builder, client, one, product) for client, one in pairs if client.mapped]
        write_config(directory, builder.world, builder.clients)
        hashes = {f"LP_HASH_{one}": provhash(builder.world, int(one)) for one in organizations}
        environ = {**environment(builder.world), **hashes, **{f"LP_CID_{one}": one for one in organizations}}
    with running(directory) as url:
        yield Rehearsal(directory, url, environ, lines, organizations)


def _company(builder: Builder, client: LpClient) -> str:
    return builder.add_lastpass_company(client.name, users=client.users, **client.company)


def _line(builder: Builder, client: LpClient, organization: str, product: int) -> str:
    company = builder.add_cw_company(client.name)
    agreement = builder.add_agreement(company)
    addition = builder.add_addition(agreement, product, quantity=client.quantity, unit_cost="4.25")
    lines = [MappedLine(SEATS, agreement, addition)]
    builder.map_client(client.name, {"lastpass": organization}, company, lines, psa="connectwise")
    return str(addition)


def use_enterprise(rehearsal: Rehearsal, url: str = "file:.sandbox/url", options: str = "") -> None:
    """Read the same companies by the older API instead, each by its own key."""
    accounts = ", ".join(
        f'"{one}": {{cid: "env:LP_CID_{one}", provhash: "env:LP_HASH_{one}"}}' for one in rehearsal.organizations
    )
    rehearsal.settings(
        'lastpass: {type: lastpass, url: "file:.sandbox/url", api_key: "env:LASTPASS_API_KEY"}',
        f'lastpass: {{type: lastpass-enterprise, url: "{url}", {options}accounts: {{{accounts}}}}}',
    )


def lastpass_setting(rehearsal: Rehearsal, text: str) -> None:
    """Add an option such as ``count_invited: true`` to the LastPass block of the settings."""
    rehearsal.settings("lastpass: {type: lastpass,", f"lastpass: {{type: lastpass, {text},")


def counts(rehearsal: Rehearsal) -> dict[str, int | None]:
    """The newest count the ledger holds of each of LastPass's companies; None: the reading failed."""
    import sqlite3

    with sqlite3.connect(rehearsal.directory / ".psarecon" / "ledger.db") as ledger:
        rows = ledger.execute("SELECT organization, counted FROM samples WHERE source = 'lastpass' ORDER BY id")
        return dict(rows.fetchall())


@contextmanager
def enterprise_answering(answer: Callable[[int], Any]) -> Iterator[str]:
    """A server that answers every POST with 200, ``text/xml`` and the JSON that ``answer`` gives for the page asked."""

    class Handler(BaseHTTPRequestHandler):
        """Answers."""

        def do_POST(self) -> None:  # the library's name
            """Answer one page."""
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            content = json.dumps(answer(asked["data"]["pageindex"])).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/xml;charset=UTF-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
