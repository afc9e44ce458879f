"""JUnit's XML, which every pipeline shows as a list of tests: a plan's lines, or the problems of a config directory.

BLOCK and errors are failures. LOOK and warnings are skipped tests: nothing is broken, and a pipeline that approves what
is clean leaves them out. A change without either passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import Change, Plan
from psarecon.report.entries import Subjects
from psarecon.report.placed import Placed
from psarecon.report.plan_text import by_risk, pair_text
from psarecon.text import clean, signed, unit_money

_LONGEST = 200
_GRAVITY = (Severity.BLOCK, Severity.LOOK, Severity.INFO)
_OUTCOMES = {Severity.BLOCK: "failure", Severity.LOOK: "skipped"}


@dataclass(frozen=True, slots=True)
class _Case:
    """One test: ``outcome`` is None where it passes, else ``message`` says why."""

    group: str
    name: str
    outcome: str | None = None
    kind: str = ""
    message: str = ""
    lines: tuple[str, ...] = ()
    file: str = ""
    line: int = 0


def junit(plan: Plan) -> str:
    """The plan as one suite: a test for each line with a change or a finding, one for whatever else was found."""
    return _document("psarecon plan", list(_cases(plan)), f"{plan.as_of:%Y-%m-%dT%H:%M:%S}")


def junit_problems(problems: Sequence[Placed]) -> str:
    """The problems of settings and mapping as one suite; one test that passes when there is none."""
    cases = [_of_problem(problem) for problem in problems] or [_Case("psarecon", "settings and mapping")]
    return _document("psarecon check", cases)


def _cases(plan: Plan) -> Iterator[_Case]:
    found: dict[str, list[Finding]] = {}
    for finding in Subjects(plan).ordered(plan.findings):
        found.setdefault(finding.scope, []).append(finding)
    told: set[str] = set()
    for change in by_risk(plan):
        told.update(change.scopes)
        yield _of_change(change, [finding for scope in change.scopes for finding in found.get(scope, ())])
    for scope, findings in found.items():
        if scope not in told:
            kind, _, about = scope.partition(":")
            yield _with_findings(_Case(kind, about or "the whole plan"), findings)


def _of_change(change: Change, findings: Sequence[Finding]) -> _Case:
    quantity = pair_text(change.quantity, change.live_quantity)
    cost = pair_text(change.unit_cost, change.live_cost, unit_money)
    told = f"{quantity} at {cost}, {signed(change.money.cost_change)} cost a month"
    place = change.source
    case = _Case(change.client, f"{change.product} {change.line}", lines=(told,), file=place.file, line=place.line)
    return _with_findings(case, findings)


def _with_findings(case: _Case, findings: Sequence[Finding]) -> _Case:
    ordered = sorted(findings, key=lambda one: _GRAVITY.index(one.severity))
    told = tuple(f"{one.severity.value} {one.code}: {one.text}" for one in ordered)
    gravest = ordered[0].severity if ordered else None
    kind = " ".join(sorted({one.code for one in ordered if one.severity is gravest}))
    message = told[0] if told else ""
    return replace(
        case, outcome=_OUTCOMES.get(gravest) if gravest else None, kind=kind, message=message, lines=case.lines + told
    )


def _of_problem(problem: Placed) -> _Case:
    lines = (problem.message, problem.suggestion) if problem.suggestion else (problem.message,)
    outcome = {"error": "failure", "warning": "skipped"}.get(problem.severity)
    name = f"{problem.line}:{problem.column} {problem.message}"
    return _Case(problem.file, name, outcome, problem.severity, problem.message, lines, problem.file, problem.line)


def _document(name: str, cases: Sequence[_Case], timestamp: str = "") -> str:
    outcomes = [case.outcome for case in cases]
    counts = {
        "tests": len(cases),
        "failures": outcomes.count("failure"),
        "errors": 0,
        "skipped": outcomes.count("skipped"),
    }
    attributes = {"name": name, **{key: str(count) for key, count in counts.items()}}
    root = Element("testsuites", attributes)
    suite = SubElement(root, "testsuite", attributes | ({"timestamp": timestamp} if timestamp else {}))
    for case in cases:
        _add(suite, case)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add(suite: Element, case: _Case) -> None:
    place = {"file": clean(case.file), "line": str(case.line)} if case.file else {}
    names = {"classname": clean(case.group, _LONGEST) or "-", "name": clean(case.name, _LONGEST)}
    one = SubElement(suite, "testcase", names | place)
    lines = list(_cleaned(case.lines))
    if case.outcome is not None:
        kind = {"type": clean(case.kind, _LONGEST)} if case.outcome == "failure" else {}
        SubElement(one, case.outcome, {"message": clean(case.message, 500)} | kind).text = "\n".join(lines)
    elif lines:
        SubElement(one, "system-out").text = "\n".join(lines)


def _cleaned(lines: Iterable[str]) -> Iterator[str]:
    return (clean(line, 500) for line in lines)
