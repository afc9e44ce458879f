"""Unit costs that are no figure of the settings: told by the source, or by the volume of a product.

A cost is never guessed: where the source tells none, or a product's seats are not all known, the line's cost is
left alone and a finding says so. A line's own ``unit_cost`` always wins. Explained in ``docs/concepts/unit-costs.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from psarecon.domain.model import Binding, Finding, Mapping, Product, Remark, Severity, SourceCost, TieredCost, Usage
from psarecon.domain.money import CENT
from psarecon.domain.rules import NoUsage, wanted_quantity

UsageOf = Callable[[Binding], Usage | None]


def with_costs(mapping: Mapping, usage_of: UsageOf) -> tuple[Mapping, list[Finding]]:
    """The mapping with every unit cost that rules can tell, and what came up on the way."""
    if all(binding.product.cost_rule is None for binding in mapping.bindings):
        return mapping, []
    findings: list[Finding] = []
    tiers = dict(_tier_costs(mapping.bindings, usage_of, findings))
    bindings = tuple(_with_cost(binding, tiers, usage_of, findings) for binding in mapping.bindings)
    return replace(mapping, bindings=bindings), findings


def _with_cost(binding: Binding, tiers: dict[str, Decimal], usage_of: UsageOf, findings: list[Finding]) -> Binding:
    rule = binding.product.cost_rule
    if rule is None or binding.unit_cost is not None:
        return binding
    if isinstance(rule, TieredCost):
        return replace(binding, unit_cost=tiers.get(binding.product.name))
    answer = source_cost(rule, usage_of(binding))
    if isinstance(answer, Decimal):
        return replace(binding, unit_cost=answer)
    text = f"{answer.text}; the unit cost is left alone"
    findings.append(Finding(answer.code, answer.severity, binding.line.scope, text))
    return binding


def source_cost(rule: SourceCost, usage: Usage | None) -> Decimal | Remark:
    """The unit cost in the plan's currency, or why there is none."""
    prices = dict(usage.prices) if usage else {}
    chosen = {code: price for code, price in prices.items() if rule.code in (None, code)}
    if len(chosen) != 1:
        listed = ", ".join(sorted(prices)) or "none"
        return Remark("source-cost-unknown", Severity.INFO, f"the source tells no single price (it has: {listed})")
    cost = next(iter(chosen.values())) * rule.scale
    if cost <= 0:
        return Remark("source-cost-unknown", Severity.INFO, "the source tells a price of 0, taken for unknown")
    if rule.at_most is not None and cost > rule.at_most:
        text = f"the source's price comes to {cost:f}, above at_most ({rule.at_most:f}): is the unit right?"
        return Remark("source-cost-limit", Severity.LOOK, text)
    return cost if int(cost.as_tuple().exponent) <= -2 else cost.quantize(CENT)


def _tier_costs(
    bindings: Iterable[Binding], usage_of: UsageOf, findings: list[Finding]
) -> Iterator[tuple[str, Decimal]]:
    """The cost of each product with tiers; none for a product of which some seats are not known."""
    by_product: dict[Product, list[Binding]] = {}
    for binding in bindings:
        if isinstance(binding.product.cost_rule, TieredCost):
            by_product.setdefault(binding.product, []).append(binding)
    for product, group in by_product.items():
        assert isinstance(product.cost_rule, TieredCost)
        counts = [_seats(binding, usage_of(binding)) for binding in group]
        unknown = counts.count(None)
        if unknown:
            text = (
                f"the seats of {unknown} of {len(counts)} lines are not known: no tier is chosen, costs are left alone"
            )
            findings.append(Finding("tier-unknown", Severity.INFO, "plan", text))
        else:
            yield product.name, tier_cost(product.cost_rule, sum(count or 0 for count in counts))


def _seats(binding: Binding, usage: Usage | None) -> int | None:
    """What the vendor counts on the line: its usage, before the client's terms; a fixed quantity as it is."""
    try:
        steps = wanted_quantity(binding, usage)
    except NoUsage:
        return None
    return int(steps.quantity) if steps.usage is None else steps.usage


def tier_cost(rule: TieredCost, seats: int) -> Decimal:
    """The cost of one unit when the product has so many seats; below the first tier, the first tier's."""
    reached = [cost for start, cost in rule.tiers if start <= seats]
    return reached[-1] if reached else rule.tiers[0][1]
