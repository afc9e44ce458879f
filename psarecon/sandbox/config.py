"""The config repository that belongs to a world: settings, one mapping file a client, credentials, .gitignore."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from psarecon.sandbox.build import MappedClient, MappedLine
from psarecon.sandbox.world import World

PRODUCTS = {
    "jumpcloud-platform": {
        "source": "jumpcloud", "metric": "users", "quantity": "high-water-mark", "unit_cost": "9.00",
    },
}  # fmt: skip
"""The products of a generated config repository."""
_SETTINGS = """\
# What psarecon reads, in one place. Clients are in clients/, one file each.
version: 1

# Samples, decisions and the journal of every write. On a server: env:PSARECON_LEDGER_URL with a PostgreSQL URL.
ledger: sqlite:.psarecon/ledger.db

# Rehearsals take "now" from the sandbox. Leave this line out when you work with the real systems.
clock: file:.sandbox/url

# A billing month is a calendar month in this time zone.
billing: {timezone: America/New_York, currency: USD}

# How long a write whose answer was lost may still be under way. The default is 5m; the sandbox is quicker.
apply: {settle_window: 1s}

# Where usage comes from. Secrets are always references (env:, file:, command:), never the secret itself; between
# braces a reference stands in quotes, because of its colon.
# Without url the vendor's own address is used.
sources:
  jumpcloud: {type: jumpcloud, url: "file:.sandbox/url", api_key: "env:JUMPCLOUD_API_KEY"}

# Where the invoice is made.
psas:
  autotask: {type: autotask, url: "file:.sandbox/url", username: "env:AUTOTASK_USERNAME", \
secret: "env:AUTOTASK_SECRET", integration_code: "env:AUTOTASK_INTEGRATION_CODE"}

# What you resell: how it is counted, and what one unit costs you. Money is always in quotes.
products:
"""
_GUARDS = """
# A quantity that falls by this much or more is never written without a reason in the mapping.
guards: {quantity_drop: {percent: 20, at_least: 5}}
"""
_VARIABLES = {
    "JUMPCLOUD_API_KEY": "jumpcloud_api_key", "AUTOTASK_USERNAME": "autotask_username",
    "AUTOTASK_SECRET": "autotask_secret", "AUTOTASK_INTEGRATION_CODE": "autotask_integration_code",
}  # fmt: skip


def write_config(
    directory: Path,
    world: World,
    mapping: Iterable[MappedClient],
    *,
    products: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write psarecon.yaml, clients/*.yaml, env.sh and .gitignore for a world.

    Names are taken from the world, so that every id and name in the mapping agrees with it; `products` replaces
    the one product `jumpcloud-platform`. Existing files are overwritten. Raises `KeyError` for an id that the world
    does not know.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "psarecon.yaml").write_text(_SETTINGS + _products(products or PRODUCTS) + _GUARDS, "utf-8")
    (directory / ".gitignore").write_text(".psarecon/\n.sandbox/\nenv.sh\n", "utf-8")
    (directory / "env.sh").write_text(_environment(world), "utf-8")
    _write_clients(directory / "clients", world, mapping)


def environment(world: World) -> dict[str, str]:
    """The environment variables that the settings refer to, with the world's credentials."""
    return {variable: world.need(key) for variable, key in _VARIABLES.items()}


def _environment(world: World) -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in environment(world).items()]
    return "\n".join(["# Credentials of the sandbox, and of nothing else. Use: . ./env.sh", *lines, ""])


def _products(products: Mapping[str, Mapping[str, str]]) -> str:
    lines = []
    for name, product in products.items():
        inner = ", ".join(f"{key}: {quoted(v) if key == 'unit_cost' else v}" for key, v in product.items())
        lines.append(f"  {name}: {{{inner}}}\n")
    return "".join(lines)


class _Names:
    """The names of companies, contracts and the services of lines, by id."""

    def __init__(self, world: World) -> None:
        self.companies = dict(world.db.execute("SELECT id, name FROM companies"))
        self.contracts = dict(world.db.execute("SELECT id, name FROM contracts"))
        self.services = dict(world.db.execute(
            "SELECT l.id, s.name FROM contract_services l JOIN services s ON s.id = l.service_id"))  # fmt: skip


def _write_clients(folder: Path, world: World, mapping: Iterable[MappedClient]) -> None:
    folder.mkdir(exist_ok=True)
    names, taken = _Names(world), set[str]()
    for client in mapping:
        path = folder / f"{_slug(client.name, taken)}.yaml"
        path.write_text(_client(client, names), "utf-8")


def _client(client: MappedClient, names: _Names) -> str:
    organizations = ", ".join(f"{source}: {quoted(key)}" for source, key in client.organizations.items())
    head = [
        f"client: {quoted(client.name)}",
        f"organizations: {{{organizations}}}",
        "psa: autotask",
        f"company: {{id: {client.company}, name: {quoted(names.companies[client.company])}}}",
        *(f"{key}: {_value(value)}" for key, value in client.extra.items()),
        "lines:",
    ]
    return "\n".join(head + [text for line in client.lines for text in _line(line, names)]) + "\n"


def _line(line: MappedLine, names: _Names) -> Sequence[str]:
    return [
        f"  - product: {line.product}",
        f"    contract: {{id: {line.contract}, name: {quoted(names.contracts[line.contract])}}}",
        f"    service: {{id: {line.line}, name: {quoted(names.services[line.line])}}}",
        *(f"    {key}: {_value(value)}" for key, value in line.extra.items()),
    ]


def _value(value: Any) -> str:
    """A plain value; JSON is YAML too."""
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str) -> str:
    """A text as a double-quoted YAML string; what YAML does not print is escaped."""
    plain = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else _escaped(char) for char in plain)


def _escaped(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _slug(name: str, taken: set[str]) -> str:
    """A file name: lower-case ASCII words, with a number when it is taken already."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", ascii_name.replace("'", "")).strip("-")[:60] or "client"
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    taken.add(slug)
    return slug
