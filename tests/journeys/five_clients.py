"""What the journeys of a review of five clients share: their world with a saved plan, and how it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import Client, Rehearsal, rehearsal
from journeys.review_steps import decisions

from psarecon.domain.decisions import Verdict

TENANT = "90001"
#: In the order of review: the name the PSA does not have, a blocked drop, then by money.
CLIENTS = (
    Client("Acme Corp", units=10, users=14),
    Client("Borealis", units=20, users=29),
    Client("Cedar Works", units=8, users=9, unit_cost="8.25"),
    Client("Dunlin & Co", units=50, users=30),
    Client("Eider Rx aqua", units=5, users=7),
)
UNTOUCHED = {client.name: (str(client.units), 0) for client in CLIENTS}


@contextmanager
def five_clients(directory: Path) -> Iterator[Rehearsal]:
    """With a saved plan: Dunlin is blocked, Eider is to be looked at, three are clean."""
    with rehearsal(directory, *CLIENTS) as found:
        found.mapping('name: "Managed services"', 'name: "Managed service"', client=4)
        found.observed()
        found.plan()
        found.forget_requests()
        yield found


def changes(found: Rehearsal) -> dict[str, str]:
    """The plan's change ids by client."""
    listed = json.loads(found.plan_file.read_bytes())["changes"]
    return {one["client"]: one["id"] for one in listed}


def file_of(found: Rehearsal) -> Path:
    """Where the decisions are."""
    return found.directory / "plan.decisions.json"


def verdicts(found: Rehearsal) -> dict[str, Verdict]:
    """What the file says, by client."""
    clients = {change: client for client, change in changes(found).items()}
    return {clients[change]: one.verdict for change, one in decisions(file_of(found)).items()}


def truth(found: Rehearsal) -> dict[str, tuple[str, int]]:
    """The PSA's units and how often they were written, by client."""
    lines = zip(CLIENTS, found.lines, strict=True)
    return {client.name: (found.truth(line)["quantity"], found.truth(line)["writes"]) for client, line in lines}
