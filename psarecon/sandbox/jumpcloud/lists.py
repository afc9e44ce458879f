"""What JumpCloud's lists have in common: paging, filters, fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from psarecon.sandbox.calls import Call

_MOST, _USUAL = 100, 10
Record = dict[str, Any]
Test = Callable[[Record], bool]
_OPERATORS: dict[str, Callable[[Any, str], bool]] = {
    "eq": lambda have, want: str(have) == want,
    "ne": lambda have, want: str(have) != want,
    "gt": lambda have, want: str(have) > want,
    "gte": lambda have, want: str(have) >= want,
    "ge": lambda have, want: str(have) >= want,
    "lt": lambda have, want: str(have) < want,
    "lte": lambda have, want: str(have) <= want,
    "le": lambda have, want: str(have) <= want,
    # unproven: how an `in` list is separated; commas, semicolons and bars are all taken.
    "in": lambda have, want: str(have) in re.split(r"[,;|]", want),
}


class Bad(Exception):
    """A request that fails with 400."""


def window(call: Call) -> tuple[int, int]:
    """(skip, limit): 10 unless asked otherwise, never more than 100."""
    # unproven: v1 states no greatest limit for systemusers; its own tools ask for 100.
    return number(call.first("skip"), 0), max(1, min(_MOST, number(call.first("limit"), _USUAL)))


def number(text: object, default: int) -> int:
    """A whole number of a query or a body."""
    if text is None or text == "":
        return default
    if not str(text).isdigit():
        raise Bad("limit and skip must be whole numbers")
    return int(str(text))


def listed(call: Call, name: str) -> list[str]:
    """A list given as `name=a,b`, `name=a b`, `name[]=a&name[]=b` or `name[0]=a&name[1]=b`."""
    pattern = re.compile(rf"{name}(\[\d*\])?$")
    values = [value for key, value in call.query if pattern.match(key)]
    return [word for value in values for word in re.split(r"[,\s]+", value) if word]


def filters(call: Call) -> Test:
    """All of the filters `field:operator:value`; v1 writes operators with a dollar sign, v2 without."""
    pattern = re.compile(r"filter(\[\d*\])?$")
    tests = [_filter(value) for key, value in call.query if pattern.match(key)]
    return lambda record: all(test(record) for test in tests)


def _filter(text: str) -> Test:
    name, _, rest = text.partition(":")
    operator, _, value = rest.partition(":")
    compare = _OPERATORS.get(operator.removeprefix("$"))
    if compare is None:
        raise Bad(f"unknown filter operator {operator}")
    return lambda record: name in record and compare(record[name], value)


def chosen(record: Record, names: Iterable[str], always: tuple[str, ...]) -> Record:
    """The record with the named fields, and those that always come along."""
    wanted = {*names, *always}
    return {name: value for name, value in record.items() if name in wanted}
