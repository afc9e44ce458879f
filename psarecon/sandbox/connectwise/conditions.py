"""ConnectWise's condition language, turned into SQL: checked field by field, values bound as parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from psarecon.sandbox import money
from psarecon.sandbox.connectwise.errors import Refused, bad

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.|"")*"|'(?:[^'\\]|\\.|'')*')
    | (?P<date>\[[^\]]*\])
    | (?P<number>-?\d+(?:\.\d+)?(?![\w/]))
    | (?P<word>[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*)
    | (?P<sign><=|>=|!=|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_SIGNS = {"=", "!=", "<", "<=", ">", ">="}
_DEEPEST = 50


class Field(NamedTuple):
    """One field: the SQL that gives it, and its kind (int, number, text, bool, date)."""

    sql: str
    kind: str


class Sql(NamedTuple):
    """A piece of SQL and its parameters, in order."""

    text: str
    values: list[Any]


class _Token(NamedTuple):
    kind: str
    text: str


def compile_conditions(text: str, fields: Mapping[str, Field], *, lists: bool = True) -> Sql:
    """The SQL of a condition; raises `Refused` (400) for what is not understood.

    `lists`: whether `in` is known; child conditions do not know it.
    """
    return _Parser(_tokens(text), {name.lower(): field for name, field in fields.items()}, lists=lists).parse()


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise bad(f"Unable to parse the conditions near: {text[position : position + 20]}")
        found.append(_Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


class _Parser:
    """Recursive descent; `and` and `or` keep the places they have, parentheses group."""

    def __init__(self, tokens: list[_Token], fields: Mapping[str, Field], *, lists: bool) -> None:
        self._tokens, self._fields, self._lists = tokens, fields, lists
        self._at = self._depth = 0

    def parse(self) -> Sql:
        found = self._expression()
        if self._at < len(self._tokens):
            raise bad(f"Unable to parse the conditions near: {self._tokens[self._at].text}")
        return found

    def _next(self) -> _Token:
        if self._at >= len(self._tokens):
            raise bad("Unable to parse the conditions: they end too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at].text.lower() if self._at < len(self._tokens) else ""

    def _taken(self, word: str) -> bool:
        """Whether the next token is this word; it is then used up."""
        found = self._peek() == word
        self._at += found
        return found

    def _need(self, word: str) -> None:
        if not self._taken(word):
            raise bad(f"Unable to parse the conditions: {word} expected")

    def _expression(self) -> Sql:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise bad("Unable to parse the conditions: too deep")
        text, values = self._term()
        while self._peek() in {"and", "or"}:
            joined = self._next().text.upper()
            more = self._term()
            text, values = f"{text} {joined} {more.text}", [*values, *more.values]
        self._depth -= 1
        return Sql(f"({text})", values)

    def _term(self) -> Sql:
        if self._taken("("):
            inner = self._expression()
            self._need(")")
            return inner
        name = self._next()
        field = self._fields.get(name.text.lower()) if name.kind == "word" else None
        if field is None:
            raise bad(f"Unable to find the field {name.text}")
        return self._test(field)

    def _test(self, field: Field) -> Sql:
        operator = self._next().text.lower()
        if operator in _SIGNS:
            return self._compared(field, operator)
        negated = operator == "not"
        word = self._next().text.lower() if negated else operator
        tests = {"contains": self._like, "like": self._like, "in": self._in}
        if word not in tests or (word == "in" and not self._lists):
            raise bad(f"Unknown operator {operator}")
        found = tests[word](field, contains=word == "contains")
        return Sql(f"NOT {found.text}", found.values) if negated else found

    def _compared(self, field: Field, operator: str) -> Sql:
        token = self._next()
        if token.kind == "word" and token.text.lower() == "null":
            if operator not in {"=", "!="}:
                raise bad("null can only be compared with = and !=")
            return Sql(f"({field.sql}) IS {'NOT ' if operator == '!=' else ''}NULL", [])
        return Sql(f"({field.sql}) {operator} ?{_collate(field)}", [_value(field, token)])

    def _like(self, field: Field, *, contains: bool) -> Sql:
        token = self._next()
        if token.kind != "text":
            raise bad("contains and like take a quoted text")
        pattern = _pattern(_unquoted(token.text))
        return Sql(f"({field.sql}) LIKE ? ESCAPE '\\'", [f"%{pattern}%" if contains else pattern])

    def _in(self, field: Field, *, contains: bool) -> Sql:
        del contains
        self._need("(")
        values = [_value(field, self._next())]
        while self._taken(","):
            values.append(_value(field, self._next()))
        self._need(")")
        return Sql(f"({field.sql}) IN ({', '.join('?' * len(values))})", values)


def _collate(field: Field) -> str:
    """Texts compare without case. unproven: that is how SQL Server's usual collation does it."""
    return " COLLATE NOCASE" if field.kind == "text" else ""


def _value(field: Field, token: _Token) -> Any:
    """A literal as the field's column holds it."""
    readers = {"text": _text, "int": _int, "number": _number, "bool": _bool, "date": _date}
    value = readers[field.kind](token)
    if value is None:
        raise bad(f"The value {token.text} does not fit the field")
    return value


def _text(token: _Token) -> str | None:
    return _unquoted(token.text) if token.kind == "text" else token.text if token.kind == "number" else None


def _int(token: _Token) -> int | None:
    return int(token.text) if token.kind == "number" and "." not in token.text and len(token.text) < 19 else None


def _number(token: _Token) -> int | None:
    try:
        return money.parse(Decimal(token.text)) if token.kind == "number" else None
    except ValueError:
        return None


def _bool(token: _Token) -> int | None:
    return {"true": 1, "false": 0}.get(token.text.lower()) if token.kind == "word" else None


def _date(token: _Token) -> str | None:
    """`[2026-01-01]` or `[2026-01-01T00:00:00Z]` as the texts that dates are kept as."""
    if token.kind != "date":
        return None
    try:
        moment = datetime.fromisoformat(token.text[1:-1].strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unquoted(text: str) -> str:
    """The text between quotes. unproven: how a quote inside is written; doubled and with a backslash both work."""
    inner = text[1:-1].replace(text[0] * 2, text[0])
    return re.sub(r"\\(.)", r"\1", inner)


def _pattern(text: str) -> str:
    """A LIKE pattern: both * and % stand for anything, [x] for itself."""
    plain = re.sub(r"\[(.)\]", lambda match: f"\x00{ord(match[1]):04x}", text)
    plain = plain.replace("\\", "\\\\").replace("_", "\\_").replace("*", "%")
    return re.sub("\x00([0-9a-f]{4})", lambda match: f"\\{chr(int(match[1], 16))}", plain)


def order(text: str, fields: Mapping[str, Field]) -> str:
    """The SQL of `orderBy`: `field/sub asc, other desc`."""
    known = {name.lower(): field for name, field in fields.items()}
    return ", ".join(_ordered(part.split(), known) for part in text.split(","))


def _ordered(words: list[str], known: Mapping[str, Field]) -> str:
    field = known.get(words[0].lower()) if words else None
    direction = words[1].lower() if len(words) == 2 else "asc"
    if field is None or len(words) > 2 or direction not in {"asc", "desc"}:
        raise Refused(400, "BadRequest", f"Unable to order by {' '.join(words)}")  # unproven: code and words
    return f"({field.sql}) {direction.upper()}"
