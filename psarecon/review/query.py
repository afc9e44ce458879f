"""The filter language: which changes are shown or decided on, in words a person types (``docs/reference/filter.md``).

``client:acme money>100 finding:look -cause:psa``: terms separated by spaces, all of which must hold. A filter is
compiled once; then it is a few comparisons a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple, NoReturn

from psarecon.domain.model import Severity
from psarecon.errors import UsageError
from psarecon.review.opened import Row
from psarecon.text import clean

RowTest = Callable[[Row], bool]
StateTest = Callable[[Row, str], bool]
TextTest = Callable[[str], bool]


class BadQuery(UsageError):
    """A filter that cannot be understood: ``position`` (0-based, in characters) is where, ``hint`` what may stand."""

    def __init__(self, problem: str, position: int, *, hint: str) -> None:
        super().__init__(f"filter, at {position + 1}: {problem}", hint=hint)
        self.position = position


class Texts(dict[Row, str]):
    """What bare words are sought in, each made when first asked for: keep one to filter the same rows repeatedly."""

    def __missing__(self, row: Row) -> str:
        found = self[row] = _text(row)
        return found


def _text(row: Row) -> str:
    return f"{row.client}\n{row.product}\n{row.contract}\n{row.line}\n{row.id}".casefold()


@dataclass(frozen=True, slots=True)
class Query:
    """A compiled filter; without terms it keeps all.

    A state is ``open``, ``approve``, ``reject``, ``hold``, or ``lapsed`` (open, and an earlier decision on its line
    has lapsed); for a row with a BLOCK it may be any word.
    """

    text: str = ""
    rows: tuple[RowTest, ...] = field(default=(), repr=False, compare=False)
    states: tuple[StateTest, ...] = field(default=(), repr=False, compare=False)
    texts: tuple[TextTest, ...] = field(default=(), repr=False, compare=False)

    @property
    def empty(self) -> bool:
        """Whether it keeps all because nothing is asked."""
        return not (self.rows or self.states or self.texts)

    def keeps(self, row: Row, state: str) -> bool:
        """Whether the row is one of those asked for."""
        if not all(test(row) for test in self.rows) or not all(test(row, state) for test in self.states):
            return False
        text = _text(row) if self.texts else ""
        return all(test(text) for test in self.texts)

    def select(self, rows: Iterable[Row], state_of: Callable[[Row], str], texts: Texts | None = None) -> list[Row]:
        """The rows that are kept, in their order; the costly tests see only what the others left."""
        kept = list(rows)
        for test in self.rows:
            kept = [row for row in kept if test(row)]
        for judge in self.states:
            kept = [row for row in kept if judge(row, state_of(row))]
        text_of = _text if texts is None else texts.__getitem__
        for seek in self.texts:
            kept = [row for row in kept if seek(text_of(row))]
        return kept


class Value(NamedTuple):
    """A value as typed, and where."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field as the reader knows it; ``make`` compiles its values, after a comparison where it is a ``figure``."""

    meaning: str
    example: str
    make: Callable[..., RowTest]
    figure: bool = False


def parse(text: str) -> Query:
    """Compile a filter. Raises BadQuery, and nothing else, whatever the text."""
    rows: list[RowTest] = []
    states: list[StateTest] = []
    words: list[TextTest] = []
    scanner = _Scanner(text)
    while not scanner.ended():
        negated = scanner.negated()
        head = scanner.head()
        if head is None:
            words.append(_either_way(_holding(scanner.value().text.casefold()), negated=negated))
        elif head.name == "is":
            states.append(_either_way(_stands(scanner.values(head)), negated=negated))
        else:
            rows.append(_either_way(_made(head, scanner), negated=negated))
    return Query(text, tuple(rows), tuple(states), tuple(words))


_LAST_WORD = re.compile(r"(?:^|\s)-?([A-Za-z]+)$")


def while_typed(text: str) -> str:
    """The filter without its last word while that may become a field: ``mon`` keeps what ``money>100`` may keep."""
    found = _LAST_WORD.search(text)
    may = found is not None and any(name.startswith(found[1].lower()) for name in (*FIELDS, "is"))
    return text[: found.start()] if found is not None and may else text


def _either_way(test: Callable[..., bool], *, negated: bool) -> Callable[..., bool]:
    return (lambda *about: not test(*about)) if negated else test


def _holding(word: str) -> TextTest:
    return lambda text: word in text


class _Head(NamedTuple):
    """What stands before a value: ``client:``, ``money>``."""

    name: str
    sign: str
    position: int


class _Scanner:
    """Reads a filter from left to right."""

    _SPACE = re.compile(r"\s*")
    _HEAD = re.compile(r"([A-Za-z]+)(:|>=|<=|>|<|=)")
    _BARE = re.compile(r'[^\s"]+')
    _BARE_VALUE = re.compile(r'[^\s",]+')
    _QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def ended(self) -> bool:
        """Skip spaces; whether nothing follows."""
        found = self._SPACE.match(self._text, self._position)
        self._position = found.end() if found else self._position
        return self._position == len(self._text)

    def negated(self) -> bool:
        """Read a ``-`` if there is one."""
        if not self._text.startswith("-", self._position):
            return False
        self._position += 1
        return True

    def head(self) -> _Head | None:
        """Read a field and its sign if there are; a bare word begins otherwise. Raises BadQuery: no such field."""
        found = self._HEAD.match(self._text, self._position)
        if found is None:
            return None
        name, position = found[1].lower(), self._position
        if name not in FIELDS and name != "is":
            _no_field(found[1], position)
        self._position = found.end()
        return _Head(name, found[2], position)

    def values(self, head: _Head) -> list[Value]:
        """Read one value or several, separated by commas."""
        if head.sign != ":":
            _refuse(f"{head.name} is no figure", head.position, f"write {head.name}:VALUE")
        found = [self.value(head.name, self._BARE_VALUE)]
        while self._text.startswith(",", self._position):
            self._position += 1
            found.append(self.value(head.name, self._BARE_VALUE))
        return found

    def value(self, name: str = "", bare: re.Pattern[str] = _BARE) -> Value:
        """Read one value: bare or in quotes, or of several such parts. Raises BadQuery: there is none."""
        start, parts = self._position, []
        while (found := bare.match(self._text, self._position) or self._quoted()) is not None:
            parts.append(_unquoted(found[0]))
            self._position = found.end()
        text = "".join(parts)
        if not text:
            after = f"{name}: wants a value" if name else "a word is wanted here"
            _refuse(after, start, 'write it after the sign, in quotes where it has spaces: client:"north wind"')
        return Value(text, start)

    def _quoted(self) -> re.Match[str] | None:
        if not self._text.startswith('"', self._position):
            return None
        found = self._QUOTED.match(self._text, self._position)
        if found is None:
            _refuse("the quotes are not closed", self._position, 'a quote inside of quotes is written \\"')
        return found


def _unquoted(part: str) -> str:
    return re.sub(r"\\(.)", r"\1", part[1:-1], flags=re.DOTALL) if part.startswith('"') else part


def _refuse(problem: str, position: int, hint: str) -> NoReturn:
    raise BadQuery(problem, position, hint=hint)


def _near(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word.lower()[:40], list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _no_field(name: str, position: int) -> NoReturn:
    known = [*FIELDS, "is"]
    hint = f"fields are {', '.join(known)}; a word with such a sign in it stands in quotes"
    _refuse(f"there is no field {clean(name, 40)!r}{_near(name, known)}", position, hint)


def _made(head: _Head, scanner: _Scanner) -> RowTest:
    one = FIELDS[head.name]
    if one.figure:
        return one.make(head.sign, _number(head, scanner.value(head.name)))
    return one.make(scanner.values(head))


# Figures.

_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le, "=": eq, ":": eq}
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")


def _number(head: _Head, value: Value) -> Decimal:
    if _NUMBER.fullmatch(value.text) is None:
        hint = f"such as {head.name}>100, {head.name}<=-12.50 or {head.name}=0, without thousands"
        _refuse(f"{head.name} wants a figure, not {clean(value.text, 40)!r}", value.position, hint)
    return Decimal(value.text)


def _figure(meaning: str, example: str, get: Callable[[Row], Decimal | None]) -> Field:
    def make(sign: str, wanted: Decimal) -> RowTest:
        compare = _SIGNS[sign]
        return lambda row: (found := get(row)) is not None and compare(found, wanted)

    return Field(meaning, example, make, figure=True)


# Texts.


def _holds(meaning: str, example: str, get: Callable[[Row], str]) -> Field:
    def make(values: Sequence[Value]) -> RowTest:
        words = [value.text.casefold() for value in values]
        if len(words) > 1:
            return lambda row: any(word in get(row).casefold() for word in words)
        (word,) = words
        return lambda row: word in get(row).casefold()

    return Field(meaning, example, make)


def _begins(values: Sequence[Value]) -> RowTest:
    words = tuple(value.text.casefold() for value in values)
    return lambda row: row.id.startswith(words)


# Words of a few.


def _known(values: Sequence[Value], name: str, known: Iterable[str]) -> Iterator[str]:
    listed = list(known)
    for value in values:
        word = value.text.lower()
        if word not in listed:
            problem = f"{name}: knows no {clean(value.text, 40)!r}{_near(word, listed)}"
            _refuse(problem, value.position, f"write {name}: and one of {', '.join(listed)}")
        yield word


_CAUSES = ("usage", "mapping", "cost", "psa", "period", "first", "rollback", "rolled-back")


def _caused(values: Sequence[Value]) -> RowTest:
    wanted = frozenset(_known(values, "cause", _CAUSES))
    return lambda row: not wanted.isdisjoint(row.causes)


_DAY = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")


def _since(values: Sequence[Value]) -> RowTest:
    wanted = []
    for value in values:
        word = value.text.lower()
        if word not in {"now", "at once"} and _DAY.fullmatch(word) is None:
            hint = "write from:2026-12, from:2026-12-01 or from:now"
            _refuse(f"from: wants a day, a month or a year, not {clean(value.text, 40)!r}", value.position, hint)
        wanted.append("at once" if word == "now" else word)
    days = tuple(wanted)
    return lambda row: row.since.startswith(days)


_CODE = re.compile(r"[a-z][a-z0-9-]*")
_FOUND: Mapping[str, RowTest] = {
    "block": lambda row: row.severity is Severity.BLOCK,
    "look": lambda row: row.severity is Severity.LOOK,
    "info": lambda row: row.severity is None and bool(row.codes),
    "any": lambda row: bool(row.codes),
    "none": lambda row: not row.codes,
}


def _found(values: Sequence[Value]) -> RowTest:
    tests = [_finding(value) for value in values]
    return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)


def _finding(value: Value) -> RowTest:
    word = value.text.lower()
    if word not in _FOUND and _CODE.fullmatch(word) is None:
        hint = f"write one of {', '.join(_FOUND)}, or the code of a finding, such as quantity-drop"
        _refuse(f"finding: knows no {clean(value.text, 40)!r}", value.position, hint)
    return _FOUND.get(word) or (lambda row: any(code.startswith(word) for code in row.codes))


# What was decided.


def _decided(*states: str) -> StateTest:
    return lambda row, state: state in states and row.severity is not Severity.BLOCK


_IS: Mapping[str, StateTest] = {
    "open": _decided("open", "lapsed"),
    "lapsed": _decided("lapsed"),
    "decided": _decided("approve", "reject", "hold"),
    "approved": _decided("approve"),
    "rejected": _decided("reject"),
    "held": _decided("hold"),
    "clean": lambda row, _: row.clean,
    "blocked": lambda row, _: row.severity is Severity.BLOCK,
}


def _stands(values: Sequence[Value]) -> StateTest:
    tests = [_IS[word] for word in _known(values, "is", _IS)]
    return tests[0] if len(tests) == 1 else lambda row, state: any(test(row, state) for test in tests)


#: Every field but ``is``, which asks what was decided.
FIELDS: Mapping[str, Field] = {
    "client": _holds("the client's name holds it", 'client:"north wind"', lambda row: row.client),
    "product": _holds("the product's name holds it", "product:jumpcloud,lastpass", lambda row: row.product),
    "psa": _holds("the PSA's name in the settings holds it", "psa:autotask", lambda row: row.psa),
    "contract": _holds("the contract's name holds it", "contract:managed", lambda row: row.contract),
    "line": _holds("the line, written `psa/id`, holds it", "line:29683353", lambda row: row.line),
    "organization": _holds(
        "the client's name or id at the source holds it", "organization:624d9eae", lambda row: row.organization or ""
    ),
    "change": Field("the change's id begins with it", "change:4f88,fd6c", _begins),
    "cause": Field(f"one of the change's causes: {', '.join(_CAUSES)}", "cause:psa,usage", _caused),
    "finding": Field(
        "the gravest finding is a block, a look or an info; any, none; or the beginning of a finding's code",
        "finding:look",
        _found,
    ),
    "from": Field("the day from which it counts, or its month or year; now: at once", "from:2026-12", _since),
    "money": _figure(
        "the larger movement a month, of cost or revenue, without sign", "money>100", lambda row: row.weight
    ),
    "cost": _figure("how the monthly cost moves", "cost<0", lambda row: row.cost_change),
    "revenue": _figure("how the monthly revenue moves", "revenue>=50", lambda row: row.revenue_change),
    "margin": _figure(
        "how the monthly margin moves: revenue less cost", "margin<0", lambda row: row.revenue_change - row.cost_change
    ),
    "units": _figure("how the quantity moves", "units<=-10", lambda row: row.after - row.before),
    "quantity": _figure("the quantity after the change", "quantity=0", lambda row: row.after),
    "unitcost": _figure("the unit cost after the change", "unitcost>9.50", lambda row: row.cost_after),
}
#: What ``is:`` knows.
STANDINGS = tuple(_IS)
