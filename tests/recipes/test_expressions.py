"""The runner of the recipes itself: what it does not know it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from recipes.expressions import Unknown, evaluate, walk
from recipes.machines import only

KNOWN = {"github": {"ref": "main", "event": {"number": "7"}}, "needs": {"plan": {"outputs": {"plan.id": "abc"}}}}


def value(text: str) -> Any:
    """The expression among what is known."""
    functions: dict[str, Callable[..., Any]] = {
        "cancelled": lambda: False,
        "and": lambda *those: all(those),
        "eq": lambda one, other: one == other,
    }
    return evaluate(text, lambda name: walk(KNOWN, name), functions)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("github.ref", "main"),
        ("github.ref == 'main' && !cancelled()", True),
        ("github.ref != 'main' || github.event.number == '7'", True),
        ("!(github.ref == 'main')", False),
        ("needs.plan.outputs['plan.id']", "abc"),
        ("and(eq(github.ref, 'main'), eq(github.event.number, '8'))", False),
    ],
)
def test_the_expressions_of_the_recipes_are_known(text: str, found: object) -> None:
    """Names, comparisons, both junctions, negation, brackets and functions."""
    assert value(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "github.sha",
        "nobody()",
        "github.ref == ",
        "github.ref 'x'",
        "github.ref > '1'",
        "(github.ref",
        "eq('a' 'b')",
        "",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """A name that is not there, a function, an operator or a form that nobody taught the runner."""
    with pytest.raises(Unknown):
        value(text)


def test_a_key_that_the_runner_does_not_heed_is_refused() -> None:
    """A recipe cannot use what would silently not be tested."""
    assert only({"run": "x"}, "run", "name") == {"run": "x"}
    with pytest.raises(Unknown, match="continue-on-error"):
        only({"run": "x", "continue-on-error": True}, "run")
