"""What the schema cannot say about products: costs nobody could tell, SKUs no source knows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from psarecon.config.problems import Issue, Path
from psarecon.config.schemas import close_match

#: Built-in sources that tell prices, and what those that tell SKUs may say; an outside package's source may do both.
_PRICED = {"jumpcloud"}
_SKUS = {"lastpass": ("lastpass", "lastpass-mfa", "lastpass-sso", "lastpass-mfa-sso")}
_BUILT_IN = {"jumpcloud", "lastpass", "lastpass-enterprise", "files"}


def product_issues(data: dict[str, Any]) -> Iterator[Issue]:
    """What is wrong with products whose form is right. Parts of another form are passed over."""
    sources = _section(data, "sources")
    for name, product in _section(data, "products").items():
        if not isinstance(product, dict):
            continue
        source = sources.get(str(product.get("source")))
        kind = source.get("type") if isinstance(source, dict) else None
        path: Path = ("products", name)
        yield from _cost_issues(product, kind, (*path, "unit_cost"))
        yield from _sku_issues(product, kind, (*path, "sku"))


def _section(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _cost_issues(product: dict[str, Any], kind: Any, path: Path) -> Iterator[Issue]:
    cost = product.get("unit_cost")
    if not isinstance(cost, dict):
        return
    if "tiers" in cost:
        yield from _tier_issues(cost["tiers"], (*path, "tiers"))
    elif product.get("quantity") == "fixed":
        yield Issue(path, "a product with a fixed quantity has no source to tell its cost", "write a quoted decimal")
    elif kind in _BUILT_IN - _PRICED:
        yield Issue(path, f"a source of type {kind} tells no price", "write a quoted decimal, or tiers")


def _tier_issues(tiers: Any, path: Path) -> Iterator[Issue]:
    if not isinstance(tiers, list):
        return
    starts = [tier.get("from") if isinstance(tier, dict) else None for tier in tiers]
    if not starts:
        yield Issue(path, "tiers has no tier", 'write - {from: 1, cost: "9.00"}')
    elif starts[0] not in (1, None):
        yield Issue((*path, 0, "from"), "the first tier must hold from 1", "write from: 1")
    for number, (before, start) in enumerate(itertools.pairwise(starts), start=1):
        if isinstance(before, int) and isinstance(start, int) and start <= before:
            text = f"this tier ({start}) does not begin above the one before ({before})"
            yield Issue((*path, number, "from"), text, "write the tiers in rising order")


def _sku_issues(product: dict[str, Any], kind: Any, path: Path) -> Iterator[Issue]:
    sku = product.get("sku")
    if not isinstance(sku, str):
        return
    if product.get("quantity") == "fixed":
        yield Issue(path, "sku is not used with quantity: fixed", "remove it", at="key")
    elif kind in _SKUS and sku not in _SKUS[kind]:
        hint = close_match(sku, list(_SKUS[kind])) or f"there are: {', '.join(_SKUS[kind])}"
        yield Issue(path, f"a source of type {kind} sells no {sku!r}", hint)
    elif kind in _BUILT_IN - _SKUS.keys():
        yield Issue(
            path, f"sku is not used here: a source of type {kind} does not tell what it sells", "remove it", at="key"
        )
