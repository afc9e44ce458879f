"""The few expressions that the recipes use, in the three dialects of their platforms. What is not known is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?: (?P<op> && | \|\| | == | != | ! | \( | \) | , )
             | '(?P<text>[^']*)' | "(?P<words>[^"]*)"
             | (?P<name> \$?[A-Za-z_][\w.-]* (?:\['[^']*'\])? ) )""",
    re.VERBOSE,
)
Functions = Mapping[str, Callable[..., Any]]


class Unknown(Exception):
    """A recipe uses what the runner of the tests does not know."""


def walk(contexts: Mapping[str, Any], name: str) -> Any:
    """The value of a dotted name; ``outputs['plan.id']`` is one more step. Raises Unknown."""
    head, _, rest = name.partition("['")
    steps = [*head.split("."), *([rest.removesuffix("']")] if rest else [])]
    found: Any = contexts
    for step in steps:
        if not isinstance(found, Mapping) or step not in found:
            raise Unknown(f"{name}: there is no {step!r}")
        found = found[step]
    return found


def evaluate(text: str, lookup: Callable[[str], Any], functions: Functions | None = None) -> Any:
    """The value of an expression. Strings are compared exactly. Raises Unknown."""
    parser = _Parser(_tokens(text), text, lookup, functions or {})
    value = parser.either()
    if parser.left:
        raise Unknown(f"{text!r}: unexpected {parser.left[0][1]!r}")
    return value


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while text[place:].strip():
        match = _TOKEN.match(text, place)
        if match is None:
            raise Unknown(f"{text!r}: cannot read {text[place:]!r}")
        assert match.lastgroup
        found.append((match.lastgroup, match[match.lastgroup]))
        place = match.end()
    return found


@dataclass
class _Parser:
    left: list[tuple[str, str]]
    text: str
    lookup: Callable[[str], Any]
    functions: Functions = field(default_factory=dict)

    def either(self) -> Any:
        value = self._both()
        while self._took("||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Any:
        value = self._compared()
        while self._took("&&"):
            other = self._compared()
            value = value and other
        return value

    def _compared(self) -> Any:
        value = self._one()
        if self._took("=="):
            return value == self._one()
        if self._took("!="):
            return value != self._one()
        return value

    def _one(self) -> Any:
        if self._took("!"):
            return not self._one()
        if self._took("("):
            value = self.either()
            self._must(")")
            return value
        kind, word = self.left.pop(0) if self.left else ("op", "the end")
        if kind == "op":
            raise Unknown(f"{self.text!r}: unexpected {word!r}")
        if kind in {"text", "words"}:
            return word
        return self._called(word) if self._took("(") else self.lookup(word)

    def _called(self, name: str) -> Any:
        arguments = []
        while not self._took(")"):
            arguments.append(self.either())
            if not self._took(","):
                self._must(")")
                break
        if name not in self.functions:
            raise Unknown(f"{self.text!r}: no function {name!r}")
        return self.functions[name](*arguments)

    def _took(self, operator: str) -> bool:
        if self.left and self.left[0] == ("op", operator):
            self.left.pop(0)
            return True
        return False

    def _must(self, operator: str) -> None:
        if not self._took(operator):
            raise Unknown(f"{self.text!r}: {operator!r} is missing")
