"""From a month's usage to the quantity to bill: one documented order, each step kept for the reviewer.

1. usage by the product's rule  2. minus ``non_billable`` (never below 0)  3. up to a multiple of ``multiple_of``
4. at least ``committed``  5. at least ``minimum``  6. at most ``maximum``.
The order is explained in ``docs/concepts/quantity-rules.md``.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from itertools import pairwise

from psarecon.domain.model import Binding, Evidence, QuantityRule, Sample, Steps, Terms, Usage


class NoUsage(Exception):
    """The month holds no sample the rule can rest on."""


def wanted_quantity(binding: Binding, usage: Usage | None) -> Steps:
    """The quantity the binding asks for, with its steps and evidence. Raises NoUsage without a sample."""
    rule, terms = binding.product.quantity, binding.terms
    if rule is QuantityRule.FIXED:
        fixed = terms.fixed or 0
        return Steps(Decimal(fixed), None, (("fixed", str(fixed)),))
    role, sample = _resting_on(rule, usage)
    quantity, steps = _apply_terms(sample.count, terms)
    evidence = (Evidence(role, sample.count, sample.taken_at, sample.how),)
    return Steps(Decimal(quantity), sample.count, ((role, str(sample.count)), *steps), evidence)


def _resting_on(rule: QuantityRule, usage: Usage | None) -> tuple[str, Sample]:
    sample = None
    if usage is not None:
        sample = usage.peak if rule is QuantityRule.HIGH_WATER_MARK else usage.last
    if sample is None:
        raise NoUsage
    return rule.value, sample


def _apply_terms(count: int, terms: Terms) -> tuple[int, tuple[tuple[str, str], ...]]:
    """The count under the client's terms, and each step that changed it as (term, figure after it)."""
    figures = [("usage", count)]
    figures.append(("non_billable", max(0, count - terms.non_billable)))
    figures.append(("multiple_of", -(-figures[-1][1] // terms.multiple_of) * terms.multiple_of))
    figures.append(("committed", max(figures[-1][1], terms.committed)))
    figures.append(("minimum", max(figures[-1][1], terms.minimum)))
    figures.append(("maximum", figures[-1][1] if terms.maximum is None else min(figures[-1][1], terms.maximum)))
    moved = (now for before, now in pairwise(figures) if now[1] != before[1])
    return figures[-1][1], tuple((name, str(figure)) for name, figure in moved)


def rule_digest(binding: Binding) -> str:
    """A short hash of all the mapping says about the line's quantity: it tells a changed mapping from changed usage."""
    said = (
        binding.product.quantity.value,
        binding.product.source,
        binding.product.metric,
        binding.organization,
        binding.terms,
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]
