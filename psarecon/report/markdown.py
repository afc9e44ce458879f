"""A plan as the comment under a pull request: never longer than a site allows, and never more than text.

GitHub takes 65,536 characters in a comment and 1 MiB in a job's summary, others 32,768. What is most worth reading
comes first; what does not fit is counted, with its money, so that shown and left out are always the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from psarecon.domain.comparison import Comparison
from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import Plan
from psarecon.report.entries import (
    CHANGE,
    EDIT,
    Entry,
    Subjects,
    Sum,
    anyway_of,
    counted,
    edits_of,
    entries_of,
)
from psarecon.report.escaped import code, escaped
from psarecon.report.markdown_parts import END, OPEN, Listed, Moves, Part, folded
from psarecon.report.sheet import Sheet, table_row

#: The name in the hidden first line by which a bot finds its own comment again.
MARKER = "psarecon:plan"
#: What a comment on GitHub may hold, and the least in which a plan can be said at all. Bytes.
LIMIT, LEAST = 65_536, 2_048
_TEXT, _TEXT_BYTES = 300, 900
_PSAS = ("PSA", "Tenant", "Changes", "Cost/month", "Revenue/month", "Margin/month")
_FINDINGS = ("", "About", "Finding", "What was found")


def markdown(plan: Plan, limit: int = LIMIT, comparison: Comparison | None = None, marker: str = MARKER) -> str:
    """The plan, or its comparison with that of another mapping, in at most ``limit`` bytes of UTF-8.

    ``marker`` must hold nothing that ends an HTML comment. Raises ValueError for a limit below ``LEAST``.
    """
    if limit < LEAST:
        raise ValueError(f"a plan cannot be told in {limit} bytes")
    entries = entries_of(plan)
    title = _title(plan, entries) if comparison is None else _compared_title(comparison)
    head = [f"<!-- {marker} -->", f"## psarecon: {title}", "", *_head(plan, entries)]
    parts = _parts(plan, entries) if comparison is None else _compared_parts(comparison, entries)
    return "\n".join(assembled(head, parts, limit)).rstrip("\n") + "\n"


def assembled(head: Sequence[str], parts: Sequence[tuple[Part, float]], limit: int) -> list[str]:
    """Head and parts, each part with its share of the room that those before it left; their least is kept for all."""
    sheet = Sheet(limit)
    sheet.add(*head)
    owed = sum(part.least for part, _ in parts)
    if owed > sheet.room:
        sheet.add("Its figures are too long to show more of it here.")
        return sheet.lines
    for part, share in parts:
        owed -= part.least
        spare = sheet.room - owed - part.least
        fits = sheet.add(*part.lines(part.least + int(spare * share)))
        assert fits, "a part took more room than it was given"
    return sheet.lines


def _title(plan: Plan, entries: Sequence[Entry]) -> str:
    lines = counted(plan.totals["lines"], "line")
    return f"{counted(len(entries), 'change')} on {lines}" if entries else f"no changes on {lines}"


def _compared_title(comparison: Comparison) -> str:
    edits, anyway = len(comparison.edited), len(comparison.anyway)
    what = counted(edits, "line") if edits else "nothing"
    comes = "comes" if anyway == 1 else "come"
    return f"this pull request plans {what} otherwise, {counted(anyway, 'change')} {comes} anyway"


def _head(plan: Plan, entries: Sequence[Entry]) -> list[str]:
    """Money, risk, and what the plan rests on: always there, and always short."""
    risks = Counter(entry.severity for entry in entries)
    clean = len(entries) - risks[Severity.BLOCK] - risks[Severity.LOOK]
    marks = f"{risks[Severity.BLOCK]:,} blocked, {risks[Severity.LOOK]:,} to look at, {clean:,} clean."
    found = f" Findings: {_by_severity(plan.findings)}." if plan.findings else ""
    money = [f"**{Sum.of(entries).told()}** ({escaped(plan.currency, 12)})", "", f"{marks}{found}", ""]
    return [*(money if entries else [found.strip(), ""] if found else []), _rests_on(plan), ""]


def _rests_on(plan: Plan) -> str:
    newest = max((one.taken_at for change in plan.changes for one in change.evidence), default=None)
    read = f", newest reading in it {newest:%Y-%m-%d %H:%M}Z" if newest else ""
    dirty = " with uncommitted edits" if plan.dirty else ""
    mapping = f"mapping {code(plan.commit[:12])}{dirty}" if plan.commit else "mapping not in git"
    made = f"Plan {code(plan.id[:12])} as of {plan.as_of:%Y-%m-%d %H:%M}Z"
    return f"{made}, usage of {escaped(plan.month, 12)}{read}, {mapping}."


def _by_severity(findings: Iterable[Finding]) -> str:
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(f"{counts[severity]:,} {severity}" for severity in Severity if counts[severity])


def _parts(plan: Plan, entries: Sequence[Entry]) -> list[tuple[Part, float]]:
    subjects = Subjects(plan)
    opening = ("### Changes, riskiest and dearest first", "") if entries else ()
    return [
        (_psas(plan, entries), 0.2),
        *_findings("### To look at first", _grave(plan.findings), subjects, 0.4),
        (Moves(opening, CHANGE, entries), 0.9),
        (_remarks(plan.findings, subjects), 1.0),
    ]


def _compared_parts(comparison: Comparison, entries: Sequence[Entry]) -> list[tuple[Part, float]]:
    plan, new = comparison.plan, set(comparison.appeared)
    subjects = Subjects(plan)
    others = [one for one in plan.findings if one not in new]
    return [
        (_psas(plan, entries), 0.1),
        (_edits(comparison), 0.5),
        *_findings("#### Findings it brings", comparison.appeared, subjects, 0.4),
        *_findings("#### Findings it takes away", comparison.gone, Subjects(comparison.without), 0.3),
        (_anyway(comparison), 0.6),
        *_findings("#### Findings that are there anyway", _grave(others), subjects, 0.6),
        (_remarks(others, subjects), 1.0),
    ]


def _edits(comparison: Comparison) -> Moves:
    entries = edits_of(comparison)
    kinds = Counter(entry.cells[EDIT.index("Edit")] for entry in entries)
    told = (
        f"{counted(kinds['new'], 'new change')}, {kinds['gone']:,} gone, {kinds['other figure']:,} with another figure"
    )
    commit = f" ({code(comparison.commit[:12])})" if comparison.commit else ""
    against = f"against {code(comparison.base)}{commit}"
    said = f"**{Sum.of(entries).told()}**, {against}: {told}." if entries else f"Nothing, {against}."
    return Moves(("### This pull request causes", "", said, ""), EDIT, entries, "edited line")


def _anyway(comparison: Comparison) -> Moves:
    entries = anyway_of(comparison)
    why = "usage, a new period or somebody in the PSA causes them"
    said = f"**{Sum.of(entries).told()}**: {counted(len(entries), 'change')}; {why}." if entries else "Nothing."
    return Moves(("### Comes anyway", "", said, ""), CHANGE, entries)


def _psas(plan: Plan, entries: Sequence[Entry]) -> Listed:
    groups: dict[str, list[Entry]] = {name: [] for name in plan.tenants}
    names = {change.id: change.line.psa for change in plan.changes}
    for entry in entries:
        groups.setdefault(names[entry.cells[-1]], []).append(entry)
    rows = [
        table_row([code(name), code(plan.tenants.get(name, "")), f"{len(those):,}", *Sum.of(those).cells])
        for name, those in groups.items()
    ]
    return Listed((), _PSAS, rows, lambda shown: f"{counted(len(rows) - shown, 'more PSA')}, not shown.")


def _grave(findings: Iterable[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity is not Severity.INFO]


def _findings(heading: str, findings: Iterable[Finding], subjects: Subjects, share: float) -> list[tuple[Part, float]]:
    """The gravest in the open, the others in a fold."""
    ordered = subjects.ordered(findings)
    first, others = ordered[:OPEN], ordered[OPEN:]
    more = folded(f"{counted(len(others), 'more finding')} ({_by_severity(others)})")
    return [(_listed((heading, ""), first, subjects), share), (_listed(more, others, subjects, END), share)]


def _remarks(findings: Iterable[Finding], subjects: Subjects) -> Listed:
    remarks = [one for one in findings if one.severity is Severity.INFO]
    return _listed(folded(counted(len(remarks), "remark")), subjects.ordered(remarks), subjects, END)


def _listed(
    opening: tuple[str, ...], findings: Sequence[Finding], subjects: Subjects, closing: tuple[str, ...] = ()
) -> Listed:
    rows = [_finding_row(finding, subjects) for finding in findings]
    return Listed(opening, _FINDINGS, rows, lambda shown: _more(findings[shown:]), closing)


def _more(findings: Sequence[Finding]) -> str:
    return f"**{counted(len(findings), 'more finding')} ({_by_severity(findings)}), not shown.**"


def _finding_row(finding: Finding, subjects: Subjects) -> str:
    mark = "**BLOCK**" if finding.severity is Severity.BLOCK else finding.severity.value
    text = escaped(finding.text, _TEXT, _TEXT_BYTES)
    return table_row([mark, _about(finding, subjects), code(finding.code), text])


def _about(finding: Finding, subjects: Subjects) -> str:
    change = subjects.change(finding)
    if change is None:
        return "the whole plan" if finding.scope == "plan" else code(finding.scope, 100)
    return f"{escaped(change.client)}, {escaped(change.product)}"
