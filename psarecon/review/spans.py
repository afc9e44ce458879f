"""What a screen shows, without a screen: pieces of text, each with the role it plays.

A role is a meaning, never a colour: the terminal interface gives it one, and tests read the text alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from psarecon.text import clean


class Role(StrEnum):
    """What a piece of text is to the reader."""

    PLAIN = "plain"
    DIM = "dim"
    HEAD = "head"
    ACCENT = "accent"
    BLOCK = "block"
    LOOK = "look"
    GOOD = "good"
    BAD = "bad"


class Span(NamedTuple):
    """A piece of text of one role."""

    text: str
    role: Role = Role.PLAIN


Spans = tuple[Span, ...]


def text_of(spans: Iterable[Span]) -> str:
    """The words alone."""
    return "".join(span.text for span in spans)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """``text`` made harmless and exactly ``width`` cells wide; what was cut ends in an ellipsis."""
    shown = clean(text, width * 2 + 2)
    size = cell_len(shown)
    if size > width:
        return set_cell_size(shown, width - 1) + "…" if width > 0 else ""
    return " " * (width - size) + shown if right else shown + " " * (width - size)


def cut(spans: Sequence[Span], width: int) -> Spans:
    """The pieces as far as ``width`` cells go; what was cut ends in an ellipsis."""
    shown: list[Span] = []
    left = width
    for span in spans:
        size = cell_len(span.text)
        if size > left:
            return (*shown, Span(fit(span.text, left), span.role))
        shown.append(span)
        left -= size
    return tuple(shown)
