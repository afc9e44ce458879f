"""What the settings offer to the mapping."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from psarecon.domain.model import Product, QuantityRule

if TYPE_CHECKING:
    from psarecon.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The type of each source and PSA, and products. None stands for one whose own block is not valid.

    ``known`` is false when the settings could not be read at all: then no name can be called unknown.
    """

    sources: dict[str, str | None] = field(default_factory=dict)
    psas: dict[str, str | None] = field(default_factory=dict)
    products: dict[str, Product | None] = field(default_factory=dict)
    known: bool = True

    @classmethod
    def of(cls, settings: Settings) -> Catalogue:
        """What valid settings offer."""
        types: dict[str, str | None] = {name: psa.type for name, psa in settings.psas.items()}
        sources: dict[str, str | None] = {name: source.type for name, source in settings.sources.items()}
        return cls(sources, types, dict(settings.products))

    @classmethod
    def guessed(cls, data: Any) -> Catalogue:
        """What settings with errors seem to offer, so that the mapping can be checked in the same go."""
        if not isinstance(data, dict):
            return cls(known=False)
        types = {name: _text(block, "type") for name, block in _blocks(data, "psas").items()}
        products = {name: _product(name, block) for name, block in _blocks(data, "products").items()}
        sources = {name: _text(block, "type") for name, block in _blocks(data, "sources").items()}
        return cls(sources, types, products)


def _blocks(data: dict[str, Any], section: str) -> dict[str, Any]:
    blocks = data.get(section)
    return blocks if isinstance(blocks, dict) else {}


def _text(block: Any, key: str) -> str | None:
    value = block.get(key) if isinstance(block, dict) else None
    return value if isinstance(value, str) else None


def _product(name: str, block: Any) -> Product | None:
    try:
        rule = QuantityRule(_text(block, "quantity") or "")
        cost = Decimal(_text(block, "unit_cost") or "0")
    except (ValueError, InvalidOperation):
        return None
    source = _text(block, "source")
    if (source is None) != (rule is QuantityRule.FIXED):
        return None
    return Product(name, rule, source, _text(block, "metric"), cost)
