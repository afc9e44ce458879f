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
    "lastpass-business": {"source": "lastpass", "metric": "seats", "quantity": "current", "unit_cost": "4.25"},
}  # fmt: skip
"""The products of a generated config repository; only those whose source a world uses are written."""
SETTINGS = "psarecon.yaml"
_HEAD = """\
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
"""
_PSAS_HEAD = """
# Where the invoice is made.
psas:
"""
_PRODUCTS_HEAD = """
# What you resell: how it is counted, and what one unit costs you. Money is always in quotes.
products:
"""
_SOURCES = {
    "jumpcloud": """\
  jumpcloud: {type: jumpcloud, url: "file:.sandbox/url", api_key: "env:JUMPCLOUD_API_KEY"}
""",
    "lastpass": """\
  lastpass: {type: lastpass, url: "file:.sandbox/url", api_key: "env:LASTPASS_API_KEY"}
""",
}
_PSAS = {
    "autotask": """\
  autotask: {type: autotask, url: "file:.sandbox/url", username: "env:AUTOTASK_USERNAME", \
secret: "env:AUTOTASK_SECRET", integration_code: "env:AUTOTASK_INTEGRATION_CODE"}
""",
    "connectwise": """\
  connectwise: {type: connectwise, url: "file:.sandbox/url", company: examplemsp, public_key: "env:CW_PUBLIC_KEY", \
private_key: "env:CW_PRIVATE_KEY", client_id: "env:CW_CLIENT_ID"}
""",
}
_GUARDS = """
# A quantity that falls by this much or more is never written without a reason in the mapping.
guards: {quantity_drop: {percent: 20, at_least: 5}}
"""
# The variables that the settings refer to, by the system they belong to, and where the world keeps their values.
_VARIABLES = {
    "jumpcloud": {"JUMPCLOUD_API_KEY": "jumpcloud_api_key"},
    "autotask": {
        "AUTOTASK_USERNAME": "autotask_username", "AUTOTASK_SECRET": "autotask_secret",
        "AUTOTASK_INTEGRATION_CODE": "autotask_integration_code",
    },
    "lastpass": {"LASTPASS_API_KEY": "lastpass_api_key"},
    "connectwise": {
        "CW_PUBLIC_KEY": "connectwise_public_key", "CW_PRIVATE_KEY": "connectwise_private_key",
        "CW_CLIENT_ID": "connectwise_client_id",
    },
}  # fmt: skip
# How a PSA calls a contract and its line in a mapping file.
_WORDS = {"autotask": ("contract", "service"), "connectwise": ("agreement", "addition")}


def write_config(
    directory: Path,
    world: World,
    mapping: Iterable[MappedClient],
    *,
    products: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Write psarecon.yaml, clients/*.yaml, env.sh and .gitignore for a world.

    Names are taken from the world, so that every id and name in the mapping agrees with it; `products` replaces
    the usual ones. Only the sources, PSAs and products that the mapping uses are written; without any client these are
    JumpCloud's and Autotask's. Existing files are overwritten. Raises `KeyError` for an id that the world does not
    know.
    """
    directory.mkdir(parents=True, exist_ok=True)
    clients = list(mapping)
    sources, psas = _used(clients)
    (directory / SETTINGS).write_text(settings_for([*sources, *psas], products), "utf-8")
    _write_start(directory, world, [*sources, *psas])
    _write_clients(directory / "clients", world, clients)


def write_start(directory: Path, world: World) -> None:
    """Write env.sh, for all systems, and .gitignore: what there is before there are settings."""
    _write_start(directory, world, _VARIABLES)


def _write_start(directory: Path, world: World, systems: Iterable[str]) -> None:
    (directory / ".gitignore").write_text(".psarecon/\n.sandbox/\nenv.sh\n", "utf-8")
    _write_environment(directory, world, systems)


def settings_for(systems: Iterable[str], products: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """The text of a psarecon.yaml for some systems; `products` replaces the usual ones of their sources."""
    chosen = set(systems)
    known = {name: product for name, product in PRODUCTS.items() if product["source"] in chosen}
    sources, psas = [name for name in _SOURCES if name in chosen], [name for name in _PSAS if name in chosen]
    return _settings(sources, psas) + _products(products or known) + _GUARDS


def write_environment(directory: Path, world: World, clients: Iterable[MappedClient]) -> None:
    """Write env.sh alone, for settings that are there already: the credentials of what the clients use."""
    sources, psas = _used(list(clients))
    _write_environment(directory, world, [*sources, *psas])


def _write_environment(directory: Path, world: World, systems: Iterable[str]) -> None:
    (directory / "env.sh").write_text(_environment(world, systems), "utf-8")


def environment(world: World) -> dict[str, str]:
    """The environment variables that settings may refer to, with the world's credentials."""
    return {variable: world.need(key) for names in _VARIABLES.values() for variable, key in names.items()}


def _used(clients: Sequence[MappedClient]) -> tuple[list[str], list[str]]:
    """The sources and the PSAs of some clients, in the order in which they are written."""
    sources = {source for client in clients for source in client.organizations} or {"jumpcloud"}
    psas = {client.psa for client in clients} or {"autotask"}
    return [name for name in _SOURCES if name in sources], [name for name in _PSAS if name in psas]


def _settings(sources: Iterable[str], psas: Iterable[str]) -> str:
    blocks = [_HEAD, *map(_SOURCES.__getitem__, sources), _PSAS_HEAD, *map(_PSAS.__getitem__, psas), _PRODUCTS_HEAD]
    return "".join(blocks)


def _environment(world: World, systems: Iterable[str]) -> str:
    wanted = set(systems)
    names = [name for system, variables in _VARIABLES.items() if system in wanted for name in variables]
    values = environment(world)
    lines = [f"export {name}={shlex.quote(values[name])}" for name in names]
    return "\n".join(["# Credentials of the sandbox, and of nothing else. Use: . ./env.sh", *lines, ""])


def _products(products: Mapping[str, Mapping[str, str]]) -> str:
    lines = []
    for name, product in products.items():
        inner = ", ".join(f"{key}: {quoted(v) if key == 'unit_cost' else v}" for key, v in product.items())
        lines.append(f"  {name}: {{{inner}}}\n")
    return "".join(lines)


class _Names:
    """The names of companies, contracts and lines of each PSA, by id."""

    def __init__(self, world: World) -> None:
        tables = {"autotask": ("companies", "contracts", _SERVICES), "connectwise": ("cw_companies", "cw_agreements",
                  _IDENTIFIERS)}  # fmt: skip
        self._known = {psa: [dict(world.db.execute(_sql(table))) for table in found] for psa, found in tables.items()}

    def company(self, client: MappedClient) -> str:
        return str(self._known[client.psa][0][client.company])

    def contract(self, psa: str, contract: int) -> str:
        return str(self._known[psa][1][contract])

    def line(self, psa: str, line: int) -> str:
        """The service's name, or the identifier of the addition's product."""
        return str(self._known[psa][2][line])


_SERVICES = "SELECT l.id, s.name FROM contract_services l JOIN services s ON s.id = l.service_id"
_IDENTIFIERS = "SELECT l.id, p.identifier FROM cw_additions l JOIN cw_products p ON p.id = l.product_id"


def _sql(table: str) -> str:
    return table if table.startswith("SELECT") else f"SELECT id, name FROM {table}"  # noqa: S608  # only our own names are put in


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
        f"psa: {client.psa}",
        f"company: {{id: {client.company}, name: {quoted(names.company(client))}}}",
        *(f"{key}: {_value(value)}" for key, value in client.extra.items()),
        "lines:",
    ]
    return "\n".join(head + [text for line in client.lines for text in _line(client.psa, line, names)]) + "\n"


def _line(psa: str, line: MappedLine, names: _Names) -> Sequence[str]:
    contract, service = _WORDS[psa]
    return [
        f"  - product: {line.product}",
        f"    {contract}: {{id: {line.contract}, name: {quoted(names.contract(psa, line.contract))}}}",
        f"    {service}: {{id: {line.line}, name: {quoted(names.line(psa, line.line))}}}",
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
