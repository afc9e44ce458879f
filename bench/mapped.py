"""Config directories of any size, for a PSA in the same process: settings, usage as a file, client files.

Usually one client has one line: the most YAML a line can need.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

#: The moment every plan of these directories is made at.
AS_OF = "2026-11-20T17:00:00Z"
_SEATS = 10
#: Clients of a file: 16 MiB are the most that psarecon takes for one.
_OF_FILE = 50_000
_SETTINGS = """\
version: 1
ledger: sqlite:.psarecon/ledger.db
billing: {{timezone: America/New_York, currency: USD}}
sources:
  exports: {{type: files, path: usage.csv}}
psas:
  memory: {{type: memory, holds: {holds}}}
products:
{products}
guards: {{changes: {{percent: 100}}}}
"""
_PRODUCT = '  {product}: {{source: exports, metric: {product}, quantity: high-water-mark, unit_cost: "9.00"}}'
_CLIENT = """\
client: "Client {number}"
organizations: {{exports: "org-{number:06d}"}}
psa: memory
company: {{id: {number}, name: "Client {number}"}}
lines:
"""
_LINE = """\
  - product: {product}
    contract: {{id: {contract}, name: "Managed services"}}
    service: {{id: {line}, name: "Seats"}}
"""


def mapped(directory: Path, lines: int, holds: str, *, one_file: bool = True, of_client: int = 1) -> Path:
    """Write a config directory of so many lines; ``holds`` as of ``psarecon_bench.UNITS``.

    Every client has ``of_client`` of the lines, each on a contract of its own; they share a file, or have one each.
    """
    (directory / "clients").mkdir(parents=True)
    products = "\n".join(_PRODUCT.format(product=_product(nth)) for nth in range(of_client))
    (directory / "psarecon.yaml").write_text(_SETTINGS.format(holds=holds, products=products), "utf-8")
    clients = lines // of_client
    (directory / "usage.csv").write_text("".join(_usage(clients, of_client)), "utf-8")
    texts = (_text(number, of_client) for number in range(1, clients + 1))
    (_written_as_one if one_file else _written_apart)(directory / "clients", texts)
    return directory


def _usage(clients: int, of_client: int) -> Iterator[str]:
    yield "organization,metric,count,date\n"
    for number in range(1, clients + 1):
        yield from (f"org-{number:06d},{_product(nth)},{_SEATS},2026-11-20\n" for nth in range(of_client))


def _written_as_one(folder: Path, texts: Iterator[str]) -> None:
    listed = ("- " + text.replace("\n", "\n  ").rstrip(" ") for text in texts)
    for nth in count(1):
        if not (written := "".join(islice(listed, _OF_FILE))):
            break
        (folder / f"all-{nth}.yaml").write_text(written, "utf-8")


def _written_apart(folder: Path, texts: Iterator[str]) -> None:
    for number, text in enumerate(texts, 1):
        (folder / f"client-{number:06d}.yaml").write_text(text, "utf-8")


def _product(nth: int) -> str:
    return f"seats-{nth}" if nth else "seats"


def _text(number: int, of_client: int) -> str:
    first = number * of_client
    lines = (
        _LINE.format(product=_product(nth), contract=1_000_000 + first + nth, line=2_000_000 + first + nth)
        for nth in range(of_client)
    )
    return _CLIENT.format(number=number) + "".join(lines)
