"""Single values as the text they have in canonical JSON: what ``json.dumps`` writes of them, without its detours."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring_ascii

#: A text, quoted; all but ASCII is escaped.
text = encode_basestring_ascii


def text_or_null(value: str | None) -> str:
    """A text that may be missing."""
    return "null" if value is None else text(value)


def number(value: Decimal | None) -> str:
    """A figure as a plan has it: a text, without exponent."""
    return "null" if value is None else f'"{value:f}"'


def day(value: date | None) -> str:
    """A day."""
    return "null" if value is None else f'"{value.isoformat()}"'


@lru_cache(maxsize=4096)  # a reading has one moment for many organizations
def instant(value: datetime) -> str:
    """A moment, given in UTC."""
    return value.strftime('"%Y-%m-%dT%H:%M:%SZ"')
