"""Decisions: approve, reject or hold, per change, bound to its exact before and after.

A change's id is a hash of line, before, after and date, so a decision made on another figure never matches.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psarecon.domain.model import Severity
from psarecon.domain.plan import Change, Plan, severities
from psarecon.errors import InvalidInput

FORMAT_VERSION = 1


class Verdict(StrEnum):
    """What was decided."""

    APPROVE = "approve"
    REJECT = "reject"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Decision:
    """One verdict on one change: by whom, when (ISO 8601), why."""

    change: str
    verdict: Verdict
    by: str
    at: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sorted:
    """The plan's changes by what may be done with them; ``approved`` carries the decision of each."""

    approved: tuple[tuple[Change, Decision], ...]
    blocked: tuple[Change, ...]
    undecided: tuple[Change, ...]
    declined: tuple[Change, ...]


def approve_clean(plan: Plan, by: str, at: str) -> tuple[Decision, ...]:
    """An approval of every change without a BLOCK or LOOK finding."""
    marked = severities(plan)
    clean = (change for change in plan.changes if change.id not in marked)
    return tuple(Decision(change.id, Verdict.APPROVE, by, at, "clean") for change in clean)


def sort_changes(plan: Plan, decisions: Iterable[Decision]) -> Sorted:
    """Each change by its decision. A BLOCK cannot be approved, whatever was decided."""
    latest = {decision.change: decision for decision in decisions}
    marked = severities(plan)
    approved, blocked, undecided, declined = [], [], [], []
    for change in plan.changes:
        decision = latest.get(change.id)
        if marked.get(change.id) is Severity.BLOCK:
            blocked.append(change)
        elif decision is None:
            undecided.append(change)
        elif decision.verdict is Verdict.APPROVE:
            approved.append((change, decision))
        else:
            declined.append(change)
    return Sorted(tuple(approved), tuple(blocked), tuple(undecided), tuple(declined))


def merge(old: Iterable[Decision], new: Iterable[Decision]) -> tuple[Decision, ...]:
    """``old`` overridden by ``new``, one decision a change, ordered by change id."""
    latest = {decision.change: decision for decision in (*old, *new)}
    return tuple(latest[change] for change in sorted(latest))


def decisions_bytes(decisions: Iterable[Decision]) -> bytes:
    """The decisions file: readable JSON, one decision a change, so that it can be reviewed in git."""
    listed = [
        {"change": one.change, "verdict": one.verdict.value, "by": one.by, "at": one.at, "reason": one.reason}
        for one in decisions
    ]
    data = {"format_version": FORMAT_VERSION, "decisions": listed}
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=True).encode("ascii") + b"\n"


def load_decisions(content: bytes, name: str) -> tuple[Decision, ...]:
    """Read a decisions file. Raises InvalidInput that names the file."""
    try:
        return tuple(map(_decision, _listed(json.loads(content))))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidInput(f"{name} is not a decisions file", hint="make it with `psarecon decide PLAN`") from error


def _listed(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if data["format_version"] != FORMAT_VERSION:
        raise KeyError
    listed: list[Mapping[str, Any]] = data["decisions"]
    return listed


def _decision(data: Mapping[str, Any]) -> Decision:
    values = [data["change"], data["by"], data["at"], data.get("reason", "")]
    if not all(isinstance(value, str) for value in values):
        raise TypeError
    return Decision(data["change"], Verdict(data["verdict"]), data["by"], data["at"], data.get("reason", ""))
