"""Everything about one change, the most important first: it may be that only six lines are seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rich.cells import cell_len

from psarecon.domain.decisions import Decision
from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import Change
from psarecon.report.plan_text import pair_text
from psarecon.review.spans import Role, Span, Spans, text_of
from psarecon.review.spark import sparkline
from psarecon.review.wrap import wrapped
from psarecon.text import clean, plain, signed, signed_count, unit_money

_LABEL = 10
_ROLES = {Severity.BLOCK: Role.BLOCK, Severity.LOOK: Role.LOOK, Severity.INFO: Role.DIM}
_VERBS = {"approve": "approved", "reject": "rejected", "hold": "held"}


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of a line beside the plan: who last changed its mapping, and psarecon's last write of it.

    Each is a finished sentence, empty where nothing is known.
    """

    mapping: str = ""
    written: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """One change with all that is said about it."""

    change: Change
    findings: Sequence[Finding]
    state: str
    decision: Decision | None = None
    lapsed: Decision | None = None
    story: Story = Story()


def detail(subject: Subject, width: int) -> list[Spans]:
    """The lines, each at most ``width`` cells."""
    return [line for part in _PARTS for line in part(subject, width)]


def detail_text(subject: Subject) -> list[str]:
    """The same as plain lines, unbroken."""
    return [text_of(line).rstrip() for line in detail(subject, 10_000)]


def _head(subject: Subject, width: int) -> Iterator[Spans]:
    change = subject.change
    yield from _plain(change.client, width, Role.HEAD)
    yield from _plain(f"{change.product} on {change.names[1]}", width)


def _figures(subject: Subject, width: int) -> Iterator[Spans]:
    change = subject.change
    quantity = pair_text(change.quantity, change.live_quantity)
    if change.quantity:
        quantity += f"  ({signed_count(change.quantity.after - change.quantity.before)})"
    parts = [("quantity", quantity), ("unit cost", pair_text(change.unit_cost, change.live_cost, unit_money))]
    parts += [("from", _since(change))]
    joined = tuple(span for label, text in parts for span in (Span(f"{label} ", Role.DIM), Span(f"{text}   ")))
    if cell_len(text_of(joined)) <= width:
        yield joined
    else:
        for label, text in parts:
            yield from _labelled(label, text, width, Role.ACCENT)
    yield from _labelled("a month", _money(change), width)


def _since(change: Change) -> str:
    if change.effective_date is None:
        return "at once"
    return f"{change.effective_date}" + (" (the next period)" if change.ahead else "")


def _money(change: Change) -> str:
    money = change.money
    moves = f"{signed(money.cost_change)} cost, {signed(money.revenue_change)} revenue"
    return f"{moves}, {signed(money.margin_change)} margin" + _from_to(money.cost_before, money.cost_after)


def _from_to(before: Decimal | None, after: Decimal | None) -> str:
    return "" if before is None or after is None else f" (cost {before:,.2f} → {after:,.2f})"


def _decided(subject: Subject, width: int) -> Iterator[Spans]:
    decision, lapsed = subject.decision, subject.lapsed
    if subject.state == "blocked":
        yield from _labelled("decision", "blocked: it cannot be approved", width, Role.BLOCK)
    elif subject.state == "written":
        yield from _labelled("decision", "approved, written and verified in this review", width, Role.GOOD)
    elif subject.state == "in doubt":
        yield from _labelled("decision", "sent, and in doubt: psarecon resume settles it", width, Role.BLOCK)
    elif decision is not None:
        why = f": {decision.reason}" if decision.reason else ""
        text = f"{_VERBS[decision.verdict.value]} by {decision.by} at {decision.at}{why}"
        yield from _labelled("decision", text, width, Role.GOOD)
    if lapsed is not None:
        yield from _labelled("lapsed", _lapsed(lapsed), width, Role.LOOK)


def _lapsed(decision: Decision) -> str:
    what = _moves(decision) or "another change"
    verb = _VERBS[decision.verdict.value]
    return f"{what} was {verb} by {decision.by} at {decision.at}; this change is another one: decide again"


def _moves(decision: Decision) -> str:
    """What a decision was about: ``quantity 10 → 14, unit cost 8.25 → 9.00``."""
    about = decision.about
    if about is None:
        return ""
    pairs = (("quantity", about.quantity, plain), ("unit cost", about.unit_cost, unit_money))
    return ", ".join(f"{label} {write(pair.before)} → {write(pair.after)}" for label, pair, write in pairs if pair)


def _findings(subject: Subject, width: int) -> Iterator[Spans]:
    for finding in subject.findings:
        text = f"{finding.code}: {finding.text}"
        yield from _labelled(finding.severity.value, text, width, _ROLES[finding.severity])


def _usage(subject: Subject, width: int) -> Iterator[Spans]:
    change = subject.change
    usage = change.usage
    if usage.daily:
        peaks = ", ".join(f"{one.role} {one.count} on {one.taken_at:%Y-%m-%d}" for one in change.evidence)
        yield (*_pair(usage.month, ""), *sparkline(usage.daily))
        yield from _labelled("", peaks, width)
    yield from _labelled("why", ", ".join(change.causes), width)
    yield from _labelled("", " → ".join(f"{step} {figure}" for step, figure in usage.steps), width)


def _origin(subject: Subject, width: int) -> Iterator[Spans]:
    change, story = subject.change, subject.story
    yield from _labelled("mapping", f"{change.source}", width)
    if story.mapping:
        yield from _labelled("", story.mapping, width, Role.DIM)
    if change.touched is not None:
        yield from _labelled(
            "in PSA", f"last changed by {change.touched.by or '?'} at {change.touched.at:%Y-%m-%d %H:%M}Z", width
        )
    if story.written:
        yield from _labelled("written", story.written, width)


def _line(subject: Subject, width: int) -> Iterator[Spans]:
    change = subject.change
    company, contract, name = change.names
    where = f"{change.line}: {name} on {contract} ({change.line.contract}) of {company} ({change.line.company})"
    yield from _labelled("line", where, width)
    call = change.call
    yield from _labelled("call", f"{call.method} {call.path}", width)
    yield from _labelled("", call.body, width)
    for one in change.evidence:
        text = f"{one.role} {one.count} at {one.taken_at:%Y-%m-%d %H:%M}Z ({one.how})"
        yield from _labelled("evidence", text, width, Role.DIM)
    yield from _labelled("change", change.id, width, Role.DIM)


_PARTS = (_head, _figures, _decided, _findings, _usage, _origin, _line)


def _plain(text: str, width: int, role: Role = Role.PLAIN) -> Iterator[Spans]:
    for line in wrapped(text, width):
        yield (Span(line, role),)


def _pair(label: str, text: str, role: Role = Role.PLAIN) -> Spans:
    return (Span(f"{label:<{_LABEL}}", Role.DIM), Span(clean(text), role))


def _labelled(label: str, text: str, width: int, role: Role = Role.PLAIN) -> Iterator[Spans]:
    if not text:
        return
    for line in wrapped(text, max(8, width - _LABEL)):
        yield _pair(label, line, role)
        label = ""
