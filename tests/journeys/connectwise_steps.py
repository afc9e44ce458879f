"""What the ConnectWise journeys share: clients billed there, a rehearsal of them, words for what is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from harness import PRODUCT, TODAY, Rehearsal

from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

Data = dict[str, Any]

IDENTIFIER = "JC-PLATFORM"


@dataclass
class CwClient:
    """One client billed in ConnectWise: ten units there, fourteen users in JumpCloud, unless said otherwise.

    ``agreement``, ``addition`` and ``mapped`` are more keys of what the builder makes and of the mapped line.
    """

    name: str = "Acme Corp"
    quantity: int | str = 10
    users: int = 14
    unit_cost: str = "9.00"
    agreement: Mapping[str, Any] = field(default_factory=dict)
    addition: Mapping[str, Any] = field(default_factory=dict)
    mapped: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def connectwise(directory: Path, *clients: CwClient, today: date = TODAY, others: int = 0) -> Iterator[Rehearsal]:
    """A world of these clients (default: one), mapped and served; the lines are the additions' ids.

    ``others``: so many agreements that no mapping speaks of, with ids before the clients'.
    """
    with building(directory, today=today) as builder:
        product = builder.add_product(IDENTIFIER)
        if others:
            stranger = builder.add_cw_company("Somebody else")
            for _ in range(others):
                builder.add_agreement(stranger)
        made = [add_cw_client(builder, client, product) for client in clients or (CwClient(),)]
        write_config(directory, builder.world, builder.clients)
        environ = environment(builder.world)
    with running(directory) as url:
        lines, organizations = [str(line) for line, _ in made], [organization for _, organization in made]
        yield Rehearsal(directory, url, environ, lines, organizations)


def add_cw_client(builder: Builder, client: CwClient, product: int) -> tuple[int, str]:
    """One client in ConnectWise, in JumpCloud and in the mapping; answers its addition and its organization."""
    company = builder.add_cw_company(client.name)
    agreement = builder.add_agreement(company, **client.agreement)
    addition = builder.add_addition(
        agreement, product, quantity=client.quantity, unit_cost=client.unit_cost, **client.addition
    )
    organization = builder.add_organization(client.name, users=client.users)
    lines = [MappedLine(PRODUCT, agreement, addition, client.mapped)]
    builder.map_client(client.name, organization, company, lines, psa="connectwise")
    return addition, organization


def patches(rehearsal: Rehearsal) -> int:
    """How many PATCHes of additions were sent."""
    return len(rehearsal.requests("PATCH", "/additions/"))


def connectwise_setting(rehearsal: Rehearsal, text: str) -> None:
    """Add an option such as ``invoices: in-arrears`` to the ConnectWise block of the settings."""
    rehearsal.settings("connectwise: {type: connectwise,", f"connectwise: {{type: connectwise, {text},")
