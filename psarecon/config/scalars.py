"""What an unquoted word means. Only what every reader of YAML understands alike has a meaning; the rest is refused.

``010`` is 8 to one reader and 10 to the next, ``no`` is a client's name or false, ``9.00`` loses its digits in
a float: money and ids do not survive such guesses, so each of them must be quoted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

Scalar = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Trap:
    """An ambiguous word: what is wrong with it, and how to write it."""

    message: str
    suggestion: str


_MEANINGS: dict[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}
_BOOLEANS = {"yes": "true", "no": "false", "on": "true", "off": "false", "y": "true", "n": "false"}
_BOOLEANS |= {"true": "true", "false": "false"}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_MOST_DIGITS = 18

#: Words some reader takes for a number, with what to call them. The order matters: the first match names it.
_NUMBER_LIKE = (
    (re.compile(r"[-+]?0[xX][0-9a-fA-F_]*"), "must be quoted: it reads as a hexadecimal number"),
    (re.compile(r"[-+]?0[bB][01_]*"), "must be quoted: it reads as a binary number"),
    (re.compile(r"[-+]?0[oO]?[0-9_]+"), "must be quoted: some readers take the leading zero for an octal number"),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "must be quoted: it reads as a base-60 number"),
    (re.compile(r"\+[0-9]+"), "must not have a plus sign"),
    (re.compile(r"[-+]?[0-9]+_[0-9_]*"), "must not have underscores"),
    (re.compile(r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*\.[0-9_]*)"), "must be a quoted decimal"),
    (
        re.compile(r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)[eE][-+]?[0-9]+"),
        "must be quoted: it reads as a float",
    ),
    (re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE), "must be quoted: it reads as a float"),
)


def plain(text: str) -> Scalar | Trap:
    """The meaning of an unquoted scalar, or why it has none."""
    if text.isdigit() and text.isascii() and text[0] != "0" and len(text) <= _MOST_DIGITS:
        return int(text)  # most of what is unquoted: an id
    if text in _MEANINGS:
        return _MEANINGS[text]
    if text[0] in "0123456789+-.":
        return _number(text)
    return _word(text)


def _number(text: str) -> Scalar | Trap:
    if _INTEGER.fullmatch(text):
        if len(text.lstrip("-")) > _MOST_DIGITS:
            return Trap(f"has more than {_MOST_DIGITS} digits and must be quoted", f'write "{text}"')
        return int(text)
    for pattern, message in _NUMBER_LIKE:
        if pattern.fullmatch(text):
            return Trap(message, f'write "{text}"{_bare(text)}')
    return text


def _bare(text: str) -> str:
    """For a number that is only oddly written, the way to write it as an integer."""
    digits = text.lstrip("+").replace("_", "").lstrip("0")
    return f", or {digits} for a number" if _INTEGER.fullmatch(digits) else ""


def _word(text: str) -> Scalar | Trap:
    lower = text.lower()
    if lower in _BOOLEANS:
        return Trap(
            "must be quoted or a plain true or false", f'write "{text}" for the word, {_BOOLEANS[lower]} for a switch'
        )
    if lower == "null":
        return Trap("must be quoted or a plain null", f'write "{text}" for the word')
    if text in {"<<", "="}:
        return Trap("is not supported: merge keys and value keys are refused", "write the keys out")
    return text
