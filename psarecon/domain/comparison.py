"""Two plans of one moment, of the mapping without and with an edit: what the edit causes, and what comes anyway."""

from __future__ import annotations

from dataclasses import dataclass

from psarecon.domain.model import Finding, LineKey
from psarecon.domain.plan import Change, Plan


@dataclass(frozen=True, slots=True)
class Edited:
    """One line that the edit plans otherwise: its change without the edit and with it, None where there is none.

    Three cases: only ``after`` (the edit brings a change), only ``before`` (it takes one away), both (another figure).
    """

    line: LineKey
    client: str
    product: str
    before: Change | None
    after: Change | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What an edit of the mapping does to a plan.

    ``base`` is how the mapping without the edit was named (a git ref), ``commit`` what that was. ``without`` and
    ``plan`` are the two plans. ``edited`` are the lines that the edit plans otherwise, ``anyway`` the changes that are
    the same in both: usage, a new period, or somebody in the PSA caused them. ``appeared`` and ``gone`` are the
    findings that only one of the plans has.
    """

    base: str
    commit: str
    without: Plan
    plan: Plan
    edited: tuple[Edited, ...]
    anyway: tuple[Change, ...]
    appeared: tuple[Finding, ...]
    gone: tuple[Finding, ...]


def compare(base: str, commit: str, without: Plan, plan: Plan) -> Comparison:
    """The comparison of two plans of the same lines at the same moment; lines in their order."""
    before = {change.line: change for change in without.changes}
    after = {change.line: change for change in plan.changes}
    edited, anyway = [], []
    for line in sorted(before.keys() | after.keys()):
        one, other = before.get(line), after.get(line)
        if one is not None and other is not None and one.id == other.id:
            anyway.append(other)
        else:
            named = other or one
            assert named is not None
            edited.append(Edited(line, named.client, named.product, one, other))
    known, now = set(without.findings), set(plan.findings)
    return Comparison(
        base=base,
        commit=commit,
        without=without,
        plan=plan,
        edited=tuple(edited),
        anyway=tuple(anyway),
        appeared=tuple(one for one in plan.findings if one not in known),
        gone=tuple(one for one in without.findings if one not in now),
    )
