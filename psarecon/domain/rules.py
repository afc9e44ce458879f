"""From a month's usage to the quantity to bill: one documented order, each step kept for the reviewer.

1. usage by the product's rule  2. minus ``non_billable`` (never below 0)  3. up to a multiple of ``multiple_of``
4. at least ``committed``  5. at least ``minimum``  6. at most ``maximum``.
The order is explained in ``docs/concepts/quantity-rules.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from psarecon.domain.model import NO_TERMS, Binding, Evidence, QuantityRule, Sample, Steps, Terms, Usage


class NoUsage(Exception):
    """The month holds no sample the rule can rest on."""


_IN_ORDER: tuple[tuple[str, Callable[[int, Terms], int]], ...] = (
    ("non_billable", lambda count, terms: max(0, count - terms.non_billable)),
    ("multiple_of", lambda count, terms: -(-count // terms.multiple_of) * terms.multiple_of),
    ("committed", lambda count, terms: max(count, terms.committed)),
    ("minimum", lambda count, terms: max(count, terms.minimum)),
    ("maximum", lambda count, terms: count if terms.maximum is None else min(count, terms.maximum)),
)


def wanted_quantity(binding: Binding, usage: Usage | None) -> Steps:
    """The quantity the binding asks for, with its steps and evidence. Raises NoUsage without a sample."""
    rule, terms = binding.product.quantity, binding.terms
    if rule is QuantityRule.FIXED:
        fixed = terms.fixed or 0
        return Steps(Decimal(fixed), None, (("fixed", str(fixed)),))
    role, sample = _resting_on(rule, usage)
    quantity, steps = (sample.count, ()) if terms is NO_TERMS else _apply_terms(sample.count, terms)
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
    steps = []
    for name, applied in _IN_ORDER:
        figure = applied(count, terms)
        if figure != count:
            steps.append((name, str(figure)))
            count = figure
    return count, tuple(steps)


def rule_digest(binding: Binding) -> str:
    """A short hash of all the mapping says about the line's quantity: it tells a changed mapping from changed usage."""
    product = binding.product
    said = (product.quantity.value, product.source, product.metric, binding.organization)
    return hashlib.sha256(f"{repr(said)[:-1]}, {_said(binding.terms)})".encode()).hexdigest()[:16]


@lru_cache(maxsize=1024)  # few clients have terms of their own
def _said(terms: Terms) -> str:
    return repr(terms)
