"""The line under the list: whether anything can be written, what is shown, and what just happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psarecon.review import questions
from psarecon.review.board import Board
from psarecon.review.opened import Row
from psarecon.review.spans import Role, Span, Spans
from psarecon.text import clean


@dataclass(slots=True)
class Mode:
    """``writes`` says whether the run key works; ``said`` is the last word to the reader; ``rejects`` are the changes
    that a reason is typed for."""

    plan: str
    writes: bool
    said: str = ""
    rejects: Sequence[Row] = ()


def status(board: Board, mode: Mode, width: int) -> Spans:
    """One line of so many cells; trouble with saving comes before everything else, then what may be rejected now."""
    if board.book.trouble:
        return (Span(clean(f"DECISIONS ARE NOT SAVED: {board.book.trouble}"), Role.BLOCK),)
    if mode.rejects:
        return (Span(questions.reject(mode.rejects, width), Role.ACCENT),)
    parts = [
        Span("WRITES ALLOWED " if mode.writes else "READ ONLY ", Role.LOOK if mode.writes else Role.HEAD),
        Span(f" {_shown(board)}"),
    ]
    if mode.said:
        parts.append(Span(clean(f"  {mode.said}"), Role.ACCENT))
    return tuple(parts)


def _shown(board: Board) -> str:
    total = len(board.opened.rows)
    parts = [f"{total:,} by {board.order.value}"]
    if board.query.text:
        parts = [f"{len(board.rows):,} of {total:,}: {clean(board.query.text)}"]
    if board.grouping.value != "none":
        parts.append("by client" if board.grouping.value == "client" else "equal ones together")
    if board.lapsed:
        parts.append(f"{board.lapsed} lapsed: decide again (is:lapsed)")
    return "  ".join(parts)
