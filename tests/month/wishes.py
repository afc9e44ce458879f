"""What a commit asks for, read from git by this test's own eyes: no code of psarecon's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from month.repository import Repository
from ruamel.yaml import YAML

Data = dict[str, Any]
_TERMS = ("non_billable", "multiple_of", "committed")


@dataclass(frozen=True)
class Wish:
    """One mapped line: whose users count and how, the terms in their order, the cost, and what is let pass.

    ``accepted`` and ``allowed`` are an accepted quantity and a drop of the quantity, each with its last day.
    """

    client: str
    product: str
    organization: str
    peak: bool
    terms: tuple[int, int, int]
    cost: Decimal
    accepted: tuple[int, date] | None
    allowed: date | None

    def quantity(self, count: int) -> int:
        """Less the free seats, up to a multiple, at least what is committed."""
        free, pack, committed = self.terms
        return max(-(-max(0, count - free) // pack) * pack, committed)

    def accepts(self, quantity: int, day: date) -> bool:
        """Whether somebody's quantity is left alone."""
        return self.accepted is not None and self.accepted[0] == quantity and day <= self.accepted[1]

    def over(self, quantity: int, day: date) -> bool:
        """Whether there is an acceptance that does not count any more."""
        return self.accepted is not None and not self.accepts(quantity, day)


@cache
def _wishes(repository: Repository, commit: str) -> dict[str, Wish]:
    products = _yaml(repository.read(commit, "psarecon.yaml"))["products"]
    found = {}
    for path in repository.files(commit, "clients"):
        client = _yaml(repository.read(commit, path))
        for line in client["lines"]:
            name = str((line.get("service") or line["addition"])["id"])
            found[name] = _wish(client, line, products[line["product"]])
    return found


def wishes(repository: Repository, commit: str) -> dict[str, Wish]:
    """By line id. A commit never changes, so each is read once, whoever asks again."""
    return dict(_wishes(repository, commit))


def _wish(client: Data, line: Data, product: Data) -> Wish:
    accepted, allowed = line.get("accept_drift"), line.get("allow", [])
    return Wish(
        client=client["client"],
        product=line["product"],
        organization=client["organizations"][product["source"]],
        peak=product["quantity"] == "high-water-mark",
        terms=(line.get("non_billable", 0), line.get("multiple_of", 1), line.get("committed", 0)),
        cost=Decimal(line.get("unit_cost") or product["unit_cost"]),
        accepted=(int(accepted["quantity"]), _day(accepted["until"])) if accepted else None,
        allowed=next((_day(one["until"]) for one in allowed if one["guard"] == "quantity-drop"), None),
    )


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _yaml(text: str) -> Data:
    found: Data = YAML(typ="safe").load(text)
    return found
