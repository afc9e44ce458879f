"""Names from strangers inside GitHub's and GitLab's Markdown: shown as they are, and never more than text.

Two things are done to a text. Signs that mean something to Markdown or HTML become character references; these mean
the same inside a table's cell and inside ``<summary>``, where a backslash would be seen. References that both sites
look for in the finished page (mentions, issues, addresses, commits) survive that: a zero-width space cuts them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from psarecon.text import clean

_CUT = "\u200b"
#: A dollar is written as GitHub itself says, so that it begins no formula.
_ESCAPES = {sign: f"&#{ord(sign)};" for sign in f"|`*_~[]\\{_CUT}"}
_ESCAPES |= {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "<span>$</span>"}
#: Where a site would see a reference; it is cut behind each match.
_REFERENCES = re.compile(
    r"""
    @(?=\w)                                # a mention, an e-mail address
    | \#(?=[\w\[]) | !(?=\d) | &(?=\d)     # an issue, a merge request, an epic; a pipeline's command (##vso[)
    | [%~](?=[\w"]) | \*(?=\w)             # a milestone, a label, an iteration
    | \[(?=[\w\[+-]) | \{(?=[+-])          # a work item, a wiki page, an inline difference
    | :(?=//) | :(?=[\w+-]+:)              # an address, an emoji
    | (?<!\w)www(?=\.) | (?<=\w)\.(?=[^\W\d_])  # an address without a scheme
    | (?<=[A-Za-z])-(?=\d)                 # GH-1, JIRA-1
    """,
    re.VERBOSE | re.IGNORECASE,
)
_COMMIT = re.compile(r"(?<![0-9A-Za-z_])(?=[0-9]*[a-f])[0-9a-f]{7,64}(?![0-9A-Za-z_])", re.IGNORECASE)
_PLAIN = re.compile(r"[\w./:-]+", re.ASCII)
_STEP = 6


def escaped(text: str, characters: int = 60, most: int = 240) -> str:
    """The text for a cell, a sentence or a summary; cut to so many characters, and to ``most`` bytes once escaped."""
    return _escaped(text[: characters + 1], characters, most)


@lru_cache(maxsize=16384)
def _escaped(text: str, characters: int, most: int) -> str:
    pieces = [_ESCAPES.get(sign, sign) for sign in _unlinked(clean(text, characters))]
    return "".join(_within(pieces, most))


def _unlinked(text: str) -> str:
    cut = _REFERENCES.sub(lambda found: found[0] + _CUT, text)
    return _COMMIT.sub(lambda found: _CUT.join(_chunks(found[0])), cut)


def _chunks(text: str) -> Iterator[str]:
    for start in range(0, len(text), _STEP):
        yield text[start : start + _STEP]


def _within(pieces: list[str], most: int) -> Iterator[str]:
    """The pieces, if they fit; else as many as fit with an ellipsis behind them."""
    sizes = [len(piece.encode()) for piece in pieces]
    left = most if sum(sizes) <= most else most - len("…".encode())
    for piece, size in zip(pieces, sizes, strict=True):
        left -= size
        if left < 0:
            yield "…"
            return
        yield piece


def code(text: str, characters: int = 60) -> str:
    """An id as code, where no site looks for references; a text that is no plain id, escaped."""
    return f"`{text}`" if len(text) <= characters and _PLAIN.fullmatch(text) else escaped(text, characters)
