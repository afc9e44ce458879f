"""The published schemas as compiled yes-or-no checks, for files that are right, which is nearly all of them.

jsonschema finds what is wrong, but takes longer to find nothing wrong in 50,000 lines than all the rest of a plan.
So each schema is turned once into nested functions that only say whether data is valid; what they refuse goes to
jsonschema. A keyword this module does not know is an error when the schema is compiled, never silently passed
over, and a property test holds the two against each other. The data is what ``psarecon.config.documents`` builds:
mappings, lists, texts, integers, booleans and None; there are no floats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from psarecon.config.schemas import schema

Check = Callable[[Any], bool]

_ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "examples", "errorMessage", "writeOnly"}
_TYPES: dict[str, type] = {"string": str, "integer": int, "boolean": bool, "object": dict}


@cache
def quick_check(name: str, part: str = "") -> Check:
    """A function that tells whether data is valid by the published schema, or by its definition ``part``."""
    whole = schema(name)
    return _Compiler(whole["$defs"]).compile(whole["$defs"][part] if part else whole)


class _Compiler:
    """Compiles the schemas of one file; definitions are compiled once."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self._definitions = definitions
        self._compiled: dict[str, Check] = {}

    def compile(self, part: dict[str, Any]) -> Check:
        """The check of one schema. Raises KeyError for a keyword this module does not know."""
        handled: set[str] = set()
        checks = []
        for keywords, make in self._MAKERS:
            if keywords & part.keys():
                handled |= keywords
                checks.append(make(self, part))
        unknown = part.keys() - handled - _ANNOTATIONS
        if unknown:
            raise KeyError(*sorted(unknown))
        return _all(checks)

    def _reference(self, part: dict[str, Any]) -> Check:
        name = part["$ref"].removeprefix("#/$defs/")
        if name not in self._compiled:
            self._compiled[name] = self.compile(self._definitions[name])
        return self._compiled[name]

    def _object(self, part: dict[str, Any]) -> Check:
        known = {key: self.compile(value) for key, value in part.get("properties", {}).items()}
        required = tuple(part.get("required", ()))
        other = self._other_keys(part)
        dependent = tuple(
            (key, needed) for key, all_needed in part.get("dependentRequired", {}).items() for needed in all_needed
        )

        def check(value: Any) -> bool:
            if type(value) is not dict:
                return True
            for key, item in value.items():
                if not known.get(key, other)(item):
                    return False
            for key in required:
                if key not in value:
                    return False
            return not any(key in value and needed not in value for key, needed in dependent)

        return check

    def _other_keys(self, part: dict[str, Any]) -> Check:
        other = part.get("additionalProperties", True)
        if isinstance(other, bool):
            return _always if other else _never
        return self.compile(other)

    def _key_names(self, part: dict[str, Any]) -> Check:
        name = self.compile(part["propertyNames"])
        return lambda value: type(value) is not dict or all(map(name, value))

    def _items(self, part: dict[str, Any]) -> Check:
        item = self.compile(part["items"])
        return lambda value: not isinstance(value, list) or all(map(item, value))

    def _any_of(self, part: dict[str, Any]) -> Check:
        choices = [self.compile(choice) for choice in part["anyOf"]]
        return lambda value: any(choice(value) for choice in choices)

    def _all_of(self, part: dict[str, Any]) -> Check:
        return _all([self.compile(choice) for choice in part["allOf"]])

    def _negation(self, part: dict[str, Any]) -> Check:
        refused = self.compile(part["not"])
        return lambda value: not refused(value)

    def _condition(self, part: dict[str, Any]) -> Check:
        condition = self.compile(part["if"])
        then, otherwise = self.compile(part.get("then", {})), self.compile(part.get("else", {}))
        return lambda value: then(value) if condition(value) else otherwise(value)

    def _type(self, part: dict[str, Any]) -> Check:
        names = part["type"] if isinstance(part["type"], list) else [part["type"]]
        if names == ["array"]:
            return lambda value: isinstance(value, list)
        kinds = frozenset(_TYPES[name] for name in names)
        return lambda value: type(value) in kinds

    def _text(self, part: dict[str, Any]) -> Check:
        shortest, longest = part.get("minLength", 0), part.get("maxLength", float("inf"))
        search = re.compile(part.get("pattern", "")).search

        def check(value: Any) -> bool:
            return type(value) is not str or (shortest <= len(value) <= longest and search(value) is not None)

        return check

    def _number(self, part: dict[str, Any]) -> Check:
        least, most = part.get("minimum", float("-inf")), part.get("maximum", float("inf"))
        return lambda value: type(value) is not int or least <= value <= most

    def _choice(self, part: dict[str, Any]) -> Check:
        choices = {(type(choice), choice) for choice in part.get("enum", [part.get("const")])}
        return lambda value: isinstance(value, (str, int)) and (type(value), value) in choices

    _MAKERS: tuple[tuple[frozenset[str], Callable[[_Compiler, dict[str, Any]], Check]], ...] = (
        (frozenset({"type"}), _type),
        (frozenset({"enum", "const"}), _choice),
        (frozenset({"minLength", "maxLength", "pattern"}), _text),
        (frozenset({"minimum", "maximum"}), _number),
        (frozenset({"$ref"}), _reference),
        (frozenset({"properties", "required", "additionalProperties", "dependentRequired"}), _object),
        (frozenset({"propertyNames"}), _key_names),
        (frozenset({"items"}), _items),
        (frozenset({"anyOf"}), _any_of),
        (frozenset({"allOf"}), _all_of),
        (frozenset({"not"}), _negation),
        (frozenset({"if", "then", "else"}), _condition),
    )


def _always(_value: Any) -> bool:
    return True


def _never(_value: Any) -> bool:
    return False


def _all(checks: list[Check]) -> Check:
    """All of several checks, without a call more than needed."""
    if not checks:
        return _always
    if len(checks) == 1:
        return checks[0]
    first, rest = checks[0], _all(checks[1:])
    return lambda value: first(value) and rest(value)


def keywords_of(part: Any) -> Iterator[str]:
    """Every keyword a schema uses, for the test that this module knows them all."""
    for key, value in part.items():
        yield key
        nested = value.values() if key in {"$defs", "properties"} else value if isinstance(value, list) else [value]
        for inner in nested:
            if isinstance(inner, dict):
                yield from keywords_of(inner)
