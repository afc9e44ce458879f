"""Autotask's query language: read, checked, and turned into a test of one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from psarecon.sandbox.autotask.errors import TOO_MANY_ORS, Refused
from psarecon.sandbox.autotask.fields import Field, comparable

MOST = 500
"""The largest page, and the most OR conditions of a query."""
Test = Callable[[Mapping[str, Any]], bool]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda have, want: have == want,
    "noteq": lambda have, want: have != want,
    "gt": lambda have, want: have is not None and have > want,
    "gte": lambda have, want: have is not None and have >= want,
    "lt": lambda have, want: have is not None and have < want,
    "lte": lambda have, want: have is not None and have <= want,
}
_TEXTUAL: dict[str, Callable[[str, str], bool]] = {
    "beginswith": lambda have, want: have.startswith(want),
    "endswith": lambda have, want: have.endswith(want),
    "contains": lambda have, want: want in have,
}


@dataclass
class Query:
    """A checked query. `values` and `bounds` are what the whole filter demands, for finding candidates quickly."""

    test: Test
    include: tuple[str, ...] | None
    size: int
    values: dict[str, set[Any]] = field(default_factory=dict)
    bounds: dict[tuple[str, str], str] = field(default_factory=dict)

    def demand(self, name: str, wanted: set[Any]) -> None:
        """Note that a field must be one of some values."""
        self.values[name] = self.values[name] & wanted if name in self.values else wanted

    def bound(self, name: str, operator: str, day: str) -> None:
        """Note that a date is at most (`lte`) or at least (`gte`) a day."""
        key = (name, operator)
        known = self.bounds.get(key)
        if known is None or (day < known) == (operator == "lte"):
            self.bounds[key] = day


def parse(body: Any, fields: Mapping[str, Field]) -> Query:
    """Check a query body; raises `Refused` with Autotask's way of saying what is wrong."""
    if not isinstance(body, dict):
        raise Refused("Invalid query syntax.")
    given = {str(key).lower(): value for key, value in body.items()}
    conditions = given.get("filter")
    if not isinstance(conditions, list) or not conditions:
        raise Refused("Invalid query syntax. A filter is required.")  # unproven: the words
    query = Query(_always, _include(given.get("includefields"), fields), _size(given.get("maxrecords")))
    if sum(_ors(item) for item in conditions) > MOST:
        raise Refused(TOO_MANY_ORS)
    query.test = _all([_compile(item, fields, query) for item in conditions])
    return query


def _always(_: Mapping[str, Any]) -> bool:
    return True


def _size(value: object) -> int:
    if value is None:
        return MOST
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
        raise Refused("Invalid query syntax. MaxRecords must be between 1 and 500.")  # unproven: the words
    return value


def _include(names: object, fields: Mapping[str, Field]) -> tuple[str, ...] | None:
    if names is None or names == []:
        return None
    if not isinstance(names, list):
        raise Refused("Invalid query syntax. IncludeFields must be a list.")
    return tuple(_field(name, fields).name for name in names)


def _field(name: object, fields: Mapping[str, Field]) -> Field:
    found = fields.get(str(name).lower())
    if found is None:
        raise Refused(f"Unable to find {name} in the requested entity.")  # unproven: the words
    return found


def _lowered(item: object) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise Refused("Invalid query syntax.")
    return {str(key).lower(): value for key, value in item.items()}


def _ors(item: object) -> int:
    """OR conditions of a part of the filter: the values of an `in` count, and the members of an `or`."""
    part = _lowered(item)
    operator, members = str(part.get("op", "")).lower(), part.get("items")
    if operator in {"and", "or"} and isinstance(members, list):
        below = sum(_ors(member) for member in members)
        return below + (len(members) if operator == "or" else 0)
    values = part.get("value")
    return len(values) if operator in {"in", "notin"} and isinstance(values, list) else 0


def _compile(item: object, fields: Mapping[str, Field], query: Query | None) -> Test:
    """The test of one part; `query` takes note of what it demands, unless the part is inside an `or`."""
    part = _lowered(item)
    operator = str(part.get("op", "")).lower()
    if operator in {"and", "or"}:
        return _group(operator, part.get("items"), fields, query)
    if part.get("udf"):
        raise Refused(f"Unable to find user-defined field {part.get('field')}.")  # unproven: the words
    target = _field(part.get("field"), fields)
    if operator in {"exist", "notexist"}:
        return _existence(target.name, wanted=operator == "exist")
    if operator in {"in", "notin"}:
        return _membership(target, part.get("value"), query, wanted=operator == "in")
    return _comparison(target, operator, part.get("value"), query)


def _group(operator: str, members: object, fields: Mapping[str, Field], query: Query | None) -> Test:
    if not isinstance(members, list) or not members:
        raise Refused("Invalid query syntax.")
    if operator == "and":
        return _all([_compile(member, fields, query) for member in members])
    same = _same_field(members, fields)
    if same is not None:
        return _membership(same[0], same[1], query, wanted=True)
    tests = [_compile(member, fields, None) for member in members]
    return lambda record: any(test(record) for test in tests)


def _same_field(members: list[object], fields: Mapping[str, Field]) -> tuple[Field, list[object]] | None:
    """An `or` of `eq` on one field is an `in`."""
    parts = [_lowered(member) for member in members]
    names = {str(part.get("field")).lower() for part in parts}
    if len(names) != 1 or any(str(part.get("op")).lower() != "eq" or part.get("udf") for part in parts):
        return None
    return _field(parts[0].get("field"), fields), [part.get("value") for part in parts]


def _existence(name: str, *, wanted: bool) -> Test:
    return lambda record: (record[name] is not None) is wanted


def _membership(target: Field, values: object, query: Query | None, *, wanted: bool) -> Test:
    if not isinstance(values, list) or not values:
        raise Refused("Invalid query syntax. The operator takes a list of values.")  # unproven: the words
    choices = {comparable(target, value) for value in values}
    if query is not None and wanted:
        query.demand(target.name, choices)
    read = _reader(target)
    return lambda record: (read(record) in choices) is wanted


def _comparison(target: Field, operator: str, value: object, query: Query | None) -> Test:
    wanted = comparable(target, value)
    read = _reader(target)
    if operator in _TEXTUAL:
        match = _TEXTUAL[operator]
        return lambda record: match(str(read(record) or ""), str(wanted))
    compare = _COMPARE.get(operator)
    if compare is None:
        raise Refused(f"Invalid query syntax. Unknown operator '{operator}'.")  # unproven: the words
    if wanted is None:
        raise Refused("Invalid query syntax. A value is required.")  # unproven: the words
    if query is not None:
        _note(query, target, operator, wanted)
    return lambda record: compare(read(record), wanted)


def _note(query: Query, target: Field, operator: str, wanted: Any) -> None:
    if operator == "eq":
        query.demand(target.name, {wanted})
    if target.kind == "datetime" and operator != "noteq":
        for direction in ("lte", "gte"):
            if operator == "eq" or operator[0] == direction[0]:
                query.bound(target.name, direction, wanted[:10])


def _reader(target: Field) -> Callable[[Mapping[str, Any]], Any]:
    """Texts compare without case. unproven: that is how SQL Server's usual collation does it."""
    name = target.name
    if target.kind == "string":
        return lambda record: None if record[name] is None else str(record[name]).lower()
    return lambda record: record[name]


def _all(tests: Iterable[Test]) -> Test:
    """All of the tests at once; the usual few are spelled out, because they run for every record."""
    parts = tuple(tests)
    if len(parts) == 1:
        return parts[0]
    return lambda record: all(test(record) for test in parts)
