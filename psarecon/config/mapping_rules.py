"""What only all client files together can tell: lines, organizations and clients mapped twice, products unused.

Each check costs one look-up a line, so that 50,000 lines take no longer than reading them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any

from psarecon.config.bindings import (
    Head,
    acceptance_issues,
    allowance_issues,
    binding_of,
    head_issues,
    head_of,
    line_issues,
    pair_for,
    product_of,
)
from psarecon.config.catalogue import Catalogue
from psarecon.config.lastpass_rules import LastPassRules
from psarecon.config.problems import Issue, Path
from psarecon.domain.model import Binding, Place
from psarecon.records import record


@record
class Client:
    """One client of a file: where it stands (1-based line, path in the data), its data, and whether the file proposes
    lines that are not accepted yet."""

    file: str
    line: int
    path: Path
    data: Any
    proposed: bool = False


class Seen:
    """Everything mapped so far, with its place, so that the second of a pair can name the first."""

    def __init__(self, catalogue: Catalogue, today: date) -> None:
        self._catalogue = catalogue
        self._today = today
        self._clients: dict[str, Place] = {}
        self._lines: dict[tuple[str, str], Place] = {}
        self._organizations: dict[tuple[str, str], Place] = {}
        self._contracts: dict[tuple[str, str, str], Binding] = {}
        self._used: set[str] = set()
        self._lastpass = LastPassRules(catalogue)
        #: Every organization of a client, as source and id.
        self.mapped: set[tuple[str, str]] = set()

    @property
    def billed(self) -> Collection[tuple[str, str]]:
        """Every organization that is billed, as product and id."""
        return self._organizations.keys()

    def unused_products(self) -> list[str]:
        """Products of the settings that no line names."""
        return [name for name in self._catalogue.products if name not in self._used]

    def bindings(self, client: Client, skipped: Collection[Any], issues: list[Issue]) -> Iterator[Binding]:
        """The client's lines as bindings, but ``skipped`` ones; what is wrong with them joins ``issues``."""
        head = head_of(client.data, self._catalogue)
        issues += head_issues(client.data, client.path, self._catalogue)
        if "allow" in client.data:
            issues += allowance_issues(client.data, client.path, self._today)
        issues += self._client_issues(client)
        self.mapped.update(client.data.get("organizations", {}).items())
        lines = client.data["lines"]
        for number, line in enumerate(lines or ()):
            if number not in skipped:
                place = Place(client.file, lines.lines[number])
                binding = self._binding(head, line, (*client.path, "lines", number), place, issues)
                if binding is not None:
                    yield binding

    def _binding(
        self, head: Head, line: dict[str, Any], path: Path, place: Place, issues: list[Issue]
    ) -> Binding | None:
        self._used.add(line["product"])
        product, pair = product_of(line, path, self._catalogue, issues), pair_for(head.kind, line)
        wrong = list(line_issues(head, line, pair, path, product))
        issues += wrong
        if "allow" in line:
            issues += allowance_issues(line, path, self._today)
        if "accept_drift" in line:
            issues += acceptance_issues(line, path, self._today)
        if product is None or wrong:
            return None
        binding = binding_of(head, line, pair, product, place)
        issues += self._line_issues(binding, path, pair[1])
        issues += self._organization_issues(binding, path)
        if product.source in self._lastpass.sources:
            issues += self._lastpass.issues(binding, (*path, "product"), pair[0])
        return binding

    def _client_issues(self, client: Client) -> Iterator[Issue]:
        name, place = client.data["client"], Place(client.file, client.line)
        first = self._clients.setdefault(name, place)
        if first is not place:
            path = (*client.path, "client")
            yield Issue(path, f"the client {name!r} is mapped twice, first at {first}", "join the two, or rename one")
        if not client.data["lines"] and not (client.proposed and client.data["lines"] is None):
            yield Issue((*client.path, "lines"), f"the client {name!r} has no lines", severity="warning")

    def _line_issues(self, binding: Binding, path: Path, key: str) -> Iterator[Issue]:
        first = self._lines.setdefault((binding.line.psa, binding.line.id), binding.at)
        if first is not binding.at:
            text = f"the line {binding.line} is mapped twice, first at {first}"
            yield Issue((*path, key, "id"), text, "one line can bill one product of one client")

    def _organization_issues(self, binding: Binding, path: Path) -> Iterator[Issue]:
        """An organization billed twice, and two products of one source billed side by side on one contract."""
        product, line = binding.product, binding.line
        if binding.organization is None or product.source is None:
            return
        first = self._organizations.setdefault((product.name, binding.organization), binding.at)
        if first is not binding.at:
            text = f"the organization {binding.organization!r} is mapped twice for {product.name!r}, first at {first}"
            yield Issue((*path, "product"), text, "map it once, or give the line an organization of its own")
        other = self._contracts.setdefault((line.psa, line.contract, product.source), binding)
        if other.product.name != product.name:
            text = (
                f"{product.name!r} and {other.product.name!r} of source {product.source!r} are both mapped on "
                f"contract {line.contract}, the other at {other.at}"
            )
            yield Issue((*path, "product"), text, "keep one of the two on this contract")
