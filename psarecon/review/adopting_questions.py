"""What an import asks before it writes, and before it does not."""

from __future__ import annotations

from psarecon.domain.adoption import Draft, Edits
from psarecon.review.adopting import Adopting, Stand
from psarecon.review.questions import Question


def counted(count: int, one: str, several: str = "") -> str:
    """``1 client``, ``2,000 clients``."""
    return f"{count:,} {one if count == 1 else several or f'{one}s'}"


def write(model: Adopting, draft: Draft, edits: Edits) -> Question:
    """How many clients, lines and ignores go into how many files, and what else is to be known."""
    lines = sum(len(one.lines) for one in draft.clients) + sum(len(one.lines) for one in draft.additions)
    ignored = model.counts()[Stand.IGNORED]
    what = [counted(len(draft.clients), "new client"), counted(lines, "line")]
    what += [counted(ignored, "ignored organization")] if ignored else []
    return f"Write {' and '.join((', '.join(what[:-1]), what[-1]))} to {counted(len(edits.edits), 'file')}?", [
        *_more(model, draft),
        *([f"{counted(len(edits.by_hand), 'file')} to be changed by hand: the report says how"] * bool(edits.by_hand)),
        "Only files of the config directory are written, nothing at any vendor.",
    ]


def _more(model: Adopting, draft: Draft) -> list[str]:
    counts = model.counts()
    accepted, ignored = counts[Stand.ACCEPTED], counts[Stand.IGNORED]
    told = [f"decided here: {accepted:,} accepted, {ignored:,} ignored; {counts[Stand.OPEN]:,} left open as proposals"]
    if draft.additions:
        told.append(f"{counted(len(draft.additions), 'client')} of the mapping {_gets(len(draft.additions))} more")
    return told


def _gets(count: int) -> str:
    return "gets" if count == 1 else "get"


def leave(model: Adopting) -> Question:
    """Before decisions are given up."""
    return f"Give up {counted(model.decided, 'decision')}?", ["Nothing was written, and nothing of it is kept."]
