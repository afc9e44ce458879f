"""The lines above the list: what plan this is, of which PSA, how old, how many changes, what money."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from psarecon.domain.model import Severity
from psarecon.review.board import WORDS, Board
from psarecon.review.spans import Role, Span, Spans
from psarecon.text import clean, signed


def headline(board: Board, now: datetime) -> list[Spans]:
    """Three lines; on a narrow screen their ends are cut, so the most important stands first."""
    return [_what(board, now), _how_many(board), _money(board)]


def age(since: datetime, now: datetime) -> str:
    """How long ago, in one unit: ``4 min ago``, ``3 days ago``."""
    gone = max(now - since, timedelta(0))
    minutes = gone // timedelta(minutes=1)
    if minutes < 90:
        return f"{minutes} min ago"
    hours = gone // timedelta(hours=1)
    return f"{hours} hours ago" if hours < 48 else f"{gone.days} days ago"


def _what(board: Board, now: datetime) -> Spans:
    head = board.opened.head
    commit = f"{head.commit[:9]}{' (dirty)' if head.dirty else ''}" if head.commit else "not in git"
    return (
        Span(f"plan {head.id[:8]}", Role.HEAD),
        Span(clean(f"  usage of {head.month}  read {age(head.as_of, now)}  ")),
        Span(clean(f"mapping {commit}  {head.as_of:%Y-%m-%d %H:%M}Z"), Role.DIM),
    )


def _how_many(board: Board) -> Spans:
    count = len(board.opened.rows)
    look = board.severities[Severity.LOOK]
    tenants = ", ".join(f"{name} {tenant}" for name, tenant in board.opened.head.tenants.items())
    states = board.tally.states
    stand = ", ".join(f"{states[state]:,} {word}" for state, word in WORDS.items() if states[state])
    return (
        Span(f"{count:,} {'change' if count == 1 else 'changes'}", Role.HEAD),
        Span(f": {stand}" if stand else ""),
        Span(f"  {look:,} to look at" if look else "", Role.LOOK),
        Span(clean(f"  {tenants}"), Role.DIM),
    )


def _money(board: Board) -> Spans:
    total, tally = board.opened.head.totals["plan"], board.tally
    every = f"all {signed(Decimal(total['cost_change']))} cost {signed(Decimal(total['revenue_change']))} revenue"
    return (
        Span(f"approved {signed(tally.cost)} cost {signed(tally.revenue)} revenue", Role.GOOD),
        Span(f" of {every} a month"),
    )
