"""The judge of a run. It knows what is true in the sandbox and what a user could read, and nothing of the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from torture.evidence import Evidence, Planned, Row, Truth

EXIT_PARTIAL = 6


class Violation(NamedTuple):
    """A rule that a run broke, by its name in ``RULES``, and how it shows."""

    rule: str
    text: str


def violations(found: Evidence) -> list[Violation]:
    """Every rule that the run broke."""
    return [Violation(name, text) for name, rule in RULES.items() for text in rule(found)]


def _writes(before: Truth, after: Truth, line: str) -> int:
    return int(after[line]["writes"]) - int(before[line]["writes"])


def _as(truth: Truth, change: Planned, side: int) -> bool:
    """Whether the line truly is as the change found it (0) or wants it (1)."""
    line = truth[change.line]
    same = line["quantity"] == change.quantity[side]
    return same and (change.cost is None or float(line["unit_cost"]) == float(change.cost[side]))


def _carried_out(statuses: tuple[int | None, ...]) -> int:
    """How many calls may have been carried out: all that were not clearly refused."""
    return sum(status is None or not 400 <= status < 500 for status in statuses)


def _once(found: Evidence) -> Iterator[str]:
    """No line is changed twice for one change, and none is sent a second call after one that may have worked."""
    for line in found.before:
        sends = tuple(found.sends.get(line, ()))
        written = _writes(found.before, found.applied, line)
        if written > 1 or _carried_out(sends) > 1:
            yield f"line {line}: written {written} times, calls answered {list(sends)}"


def _journalled(found: Evidence) -> Iterator[str]:
    """No line is changed without an intent in the journal: whenever the run dies, what it sent is written down."""
    for line in found.before:
        intents = sum(row.line == line and row.event == "intent" for row in found.journal)
        sent = _carried_out(tuple(found.sends.get(line, ())))
        if max(sent, _writes(found.before, found.applied, line)) > intents:
            yield f"line {line}: {sent} calls sent, {intents} intents in the journal"


def _approved(found: Evidence) -> Iterator[str]:
    """No line is written that was not approved, or that had moved since the plan that was approved."""
    may = {change.line for change in found.planned if change.approved} - found.moved
    for line in found.before:
        sends = found.sends.get(line, ())
        if line not in may and (sends or _writes(found.before, found.applied, line)):
            why = "it moved since it was approved" if line in found.moved else "it was not approved"
            yield f"line {line} was sent {list(sends)}, though {why}"


def _told(found: Evidence) -> Iterator[str]:
    """What the journal says of a line is true, once the server is done with it."""
    yield from _true_words(found, found.journal, found.applied)


def _true_words(found: Evidence, rows: Sequence[Row], truth: Truth) -> Iterator[str]:
    words = found.last_words(rows)
    for change in found.planned:
        line, word = change.line, words.get(change.line)
        written = _writes(found.before, truth, line)
        if line in found.meddled | found.moved:
            continue
        if word == "verified" and not _as(truth, change, 1):
            yield f"line {line}: the journal says verified, and it is {dict(truth[line])}"
        if word in {"failed", None} and written:
            yield f"line {line}: the journal says {word or 'nothing'}, and it was written {written} times"


def _named(found: Evidence) -> Iterator[str]:
    """A line whose outcome is not known is named: by the exit code, if there is one, and by ``resume``."""
    doubts = found.doubts(found.journal)
    if doubts and not found.signal and found.code != EXIT_PARTIAL:
        yield f"lines {sorted(doubts)} are in doubt, and apply exited {found.code}"
    if missing := doubts - set(found.named):
        yield f"lines {sorted(missing)} are in doubt, and resume does not name them"
    if found.code is None and not found.signal:
        yield f"apply ended with an error that is none of ours: {found.said}"


def _done(found: Evidence) -> Iterator[str]:
    """Exit 0 means that every approved line is as wanted."""
    if found.code != 0:
        return
    for change in found.planned:
        known = change.line in found.meddled | found.moved
        if change.approved and not known and not _as(found.applied, change, 1):
            yield f"apply exited 0, and line {change.line} is {dict(found.applied[change.line])}"


def _settled(found: Evidence) -> Iterator[str]:
    """``resume`` sends nothing, says what is true, and leaves in doubt only lines that somebody else changed too."""
    for line in found.before:
        if _writes(found.applied, found.resumed, line):
            yield f"line {line} was written while resume only had to read"
    yield from _true_words(found, found.resumed_journal, found.resumed)
    if left := found.doubts(found.resumed_journal) - found.meddled - found.moved:
        yield f"lines {sorted(left)} are still in doubt, though nobody else changed them"


def _converges(found: Evidence) -> Iterator[str]:
    """A plan and an apply without faults end at what is wanted, with one write for each line that differed."""
    if found.clean_code != 0:
        yield f"the clean apply exited {found.clean_code} ({found.clean_said}); findings: {list(found.findings)}"
    for line, (quantity, cost) in found.wanted.items():
        now, then = found.final[line], found.resumed[line]
        if (now["quantity"], float(now["unit_cost"])) != (quantity, float(cost)):
            yield f"line {line} is {now['quantity']} at {now['unit_cost']}, wanted {quantity} at {cost}"
        differed = (then["quantity"], float(then["unit_cost"])) != (quantity, float(cost))
        if _writes(found.resumed, found.final, line) != differed:
            yield f"line {line} was written {_writes(found.resumed, found.final, line)} times by the clean run"
    if found.left:
        yield f"{found.left} changes are planned after the clean run"


RULES: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "once": _once,
    "journalled": _journalled,
    "approved": _approved,
    "told": _told,
    "named": _named,
    "done": _done,
    "settled": _settled,
    "converges": _converges,
}
"""What must hold after every run, by name; the docstring of each says it in full."""
