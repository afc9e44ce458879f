"""Untrusted strings, and how figures are written: one place for every output.

Names come from strangers: whatever could move a cursor, set a clipboard, reverse the reading order or break
a line is replaced before it reaches a terminal, a table or a log.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
#: The first sign of what a pipeline would take for a command.
_COMMAND = re.compile(r"^ *:(?=:)|#(?=#\w*\[)")
_SPACES = frozenset("\t\n\r\x0b\x0c\x85\u2028\u2029")
#: Unicode categories that draw nothing or steer the terminal: control, format (bidi), surrogate, private, unassigned.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


@lru_cache(maxsize=4096)
def _visible(character: str) -> str:
    if character in _SPACES:
        return " "
    return _REPLACEMENT if unicodedata.category(character) in _HIDDEN else character


def clean(text: str, limit: int | None = None) -> str:
    """``text`` as one harmless line; longer than ``limit`` characters, it ends in an ellipsis.

    A pipeline's log obeys lines too: GitHub those that begin with ``::``, Azure ``##vso[…]`` anywhere. A blank in the
    middle ends that.
    """
    if limit is not None:
        text = text[: limit + 1]
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_visible, text))
    if "::" in text or "##" in text:
        text = _COMMAND.sub(r"\g<0> ", text)
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"


#: Letters that Unicode does not take apart into a letter and its accent, and the sign that is read as a word.
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "&": " and "})
_LETTERS[ord("\N{LATIN SMALL LETTER DOTLESS I}")] = "i"
_SILENT = re.compile("[.'`\N{RIGHT SINGLE QUOTATION MARK}\N{ACUTE ACCENT}]")
_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> str:
    """Lower case, no accents, no punctuation, one blank between words: ``Müller & Söhne`` is ``muller and sohne``."""
    plain_text = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    letters = "".join(letter for letter in plain_text if not unicodedata.combining(letter))
    return " ".join(_WORD.findall(_SILENT.sub("", letters)))


def whole(value: object) -> int | None:
    """A vendor's count, if it is one; no provider has two thousand million users, and no database column."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def plain(number: Decimal | int) -> str:
    """A number without exponent; whole numbers without a point: ``14``, ``9.00``, ``0.125``."""
    if isinstance(number, int):
        return str(number)
    if number == number.to_integral_value() and number.as_tuple().exponent in (0, "n", "N", "F"):
        return str(int(number))
    return f"{number:f}"


def unit_money(amount: Decimal) -> str:
    """The price or cost of one unit: two decimals, up to four where it has more: ``9.00``, ``0.125``."""
    shown = f"{amount:.4f}".rstrip("0")
    return shown if len(shown.partition(".")[2]) >= 2 else f"{amount:.2f}"


def signed(number: Decimal) -> str:
    """A figure with its sign and thousands, as money is shown: ``+1,234.50``, ``-3.00``, ``0.00``."""
    return f"{number:+,.2f}" if number else f"{number:,.2f}"


def signed_count(number: Decimal) -> str:
    """A step of a count with its sign: ``+6``, ``-1``, ``0``."""
    return f"+{plain(number)}" if number > 0 else plain(number)
