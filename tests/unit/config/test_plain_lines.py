"""A line of nothing but a product, a contract and a service is soon checked; its problems are those of any line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from psarecon.config.bindings import Head, line_issues, pair_for
from psarecon.domain.model import Product, QuantityRule

KINDS = st.sampled_from(["autotask", "connectwise", "files", None])
PRODUCTS = st.sampled_from(
    [
        Product("seats", QuantityRule.HIGH_WATER_MARK, "jumpcloud", "users"),
        Product("others", QuantityRule.CURRENT, "lastpass", "seats"),
        Product("hours", QuantityRule.FIXED),
        None,
    ]
)
ORGANIZATIONS = st.sampled_from([{}, {"jumpcloud": "org-1"}, {"jumpcloud": "org-1", "lastpass": "1"}])
KEYS = st.sets(st.sampled_from(["contract", "service", "agreement", "addition", "fixed", "minimum", "organization"]))


@given(KINDS, PRODUCTS, ORGANIZATIONS, KEYS)
def test_a_plain_line_has_the_problems_of_a_line_that_says_more(
    kind: str | None, product: Product | None, organizations: dict[str, str], keys: set[str]
) -> None:
    """A unit cost is no matter of these rules, and makes each of them be asked."""
    head = Head("Acme", "main", kind, "174", "Acme", organizations, ())
    line = {"product": "seats", **dict.fromkeys(sorted(keys), 1)}
    path, pair = ("lines", 0), pair_for(kind, line)
    said = list(line_issues(head, line, pair, path, product))
    assert said == list(line_issues(head, {**line, "unit_cost": "9.00"}, pair, path, product))
