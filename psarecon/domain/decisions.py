"""Decisions: approve, reject or hold, per change, bound to its exact before and after.

A change's id is a hash of line, before, after and date, so a decision made on another figure never matches.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from psarecon.domain.model import Severity
from psarecon.domain.plan import Change, Pair, Plan, day_data, severities
from psarecon.errors import InvalidInput

FORMAT_VERSION = 1
#: A change, a figure and a day as a decisions file has them; no figure is so long that writing it out could fail.
CHANGE = r"[0-9a-f]{12}"
FIGURE = r"-?(?:0|[1-9][0-9]{0,999})(?:\.[0-9]{1,999})?"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_change, _figure, _day = re.compile(CHANGE), re.compile(FIGURE), re.compile(DAY)
_quoted = json.JSONEncoder(ensure_ascii=True).encode
_OPENING, _CLOSING = b'{"decisions":[', b'\n],"format_version":%d}\n' % FORMAT_VERSION
#: What stands between two decisions of a file.
BETWEEN = b",\n"


class Verdict(StrEnum):
    """What was decided."""

    APPROVE = "approve"
    REJECT = "reject"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class About:
    """What was decided, in words: for whoever reads the file, and to explain a decision that has lapsed.

    ``line`` reads ``psa/id``; a figure that does not move is None; ``effective_date`` is ISO 8601, None for at once.
    It binds nothing: a decision is bound by the id of its change.
    """

    line: str
    client: str
    product: str
    quantity: Pair | None = None
    unit_cost: Pair | None = None
    effective_date: str | None = None

    @classmethod
    def of(cls, change: Change) -> About:
        """What a decision on this change is about."""
        day = day_data(change.effective_date)
        return cls(str(change.line), change.client, change.product, change.quantity, change.unit_cost, day)


@dataclass(frozen=True, slots=True)
class Decision:
    """One verdict on one change: by whom, when (ISO 8601), why, and what it is about (None: the file does not say)."""

    change: str
    verdict: Verdict
    by: str
    at: str
    reason: str = ""
    about: About | None = None


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
    return tuple(Decision(one.id, Verdict.APPROVE, by, at, "clean", About.of(one)) for one in clean)


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
    """The decisions file: JSON with one decision a line, so that git shows, compares and merges it line by line."""
    return b"".join(framed(map(encoded, decisions)))


def framed(groups: Iterable[bytes]) -> Iterator[bytes]:
    """A decisions file in pieces; each group is some decisions as ``encoded``, joined by ``BETWEEN``."""
    yield _OPENING
    before = b"\n"
    for group in groups:
        yield before
        yield group
        before = BETWEEN
    yield _CLOSING


def lines_of(content: bytes) -> Iterator[bytes]:
    """What ``framed`` put together, cut at every ``BETWEEN``; all of it where another frame is around it.

    No text in JSON has a line end in it: where each of these is a decision by itself, there are no others.
    """
    start, end = len(_OPENING) + 1, len(content) - len(_CLOSING)
    if not (content.startswith(_OPENING + b"\n") and content.endswith(_CLOSING)):
        start, end = 0, len(content)
    while (stop := content.find(BETWEEN, start, end)) >= 0:
        yield content[start:stop]
        start = stop + len(BETWEEN)
    yield content[start:end]


def encoded(one: Decision) -> bytes:
    """One decision as it stands in the file: a line of JSON without spaces, its keys sorted, in ASCII."""
    about = "" if one.about is None else f'"about":{_about_text(one.about)},'
    return (
        f'{{{about}"at":{_quoted(one.at)},"by":{_quoted(one.by)},"change":"{one.change}",'
        f'"reason":{_quoted(one.reason)},"verdict":"{one.verdict.value}"}}'
    ).encode("ascii")


def _about_text(one: About) -> str:
    day = "null" if one.effective_date is None else _quoted(one.effective_date)
    return (
        f'{{"client":{_quoted(one.client)},"effective_date":{day},"line":{_quoted(one.line)},'
        f'"product":{_quoted(one.product)},"quantity":{_pair_text(one.quantity)},'
        f'"unit_cost":{_pair_text(one.unit_cost)}}}'
    )


def _pair_text(pair: Pair | None) -> str:
    return "null" if pair is None else f'{{"after":"{pair.after:f}","before":"{pair.before:f}"}}'


def load_decisions(content: bytes, name: str) -> tuple[Decision, ...]:
    """Read a decisions file. Raises InvalidInput that names the file."""
    try:
        return tuple(map(read_decision, _listed(json.loads(content, object_pairs_hook=_unambiguous))))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidInput(f"{name} is not a decisions file", hint="make it with `psarecon decide PLAN`") from error


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """No key twice: a reviewer would read the first verdict, a program the last one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _listed(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if data["format_version"] != FORMAT_VERSION:
        raise KeyError
    listed: list[Mapping[str, Any]] = data["decisions"]
    return listed


def read_decision(data: Mapping[str, Any]) -> Decision:
    """The decision that ``encoded`` wrote. Raises ValueError, TypeError, KeyError or AttributeError for other data."""
    return Decision(
        change=_matching(_change, data["change"]),
        verdict=Verdict(data["verdict"]),
        by=_text(data["by"]),
        at=_text(data["at"]),
        reason=_text(data.get("reason", "")),
        about=_read_about(data.get("about")),
    )


def _read_about(data: Mapping[str, Any] | None) -> About | None:
    if data is None:
        return None
    day = data["effective_date"]
    return About(
        line=_text(data["line"]),
        client=_text(data["client"]),
        product=_text(data["product"]),
        quantity=_read_pair(data["quantity"]),
        unit_cost=_read_pair(data["unit_cost"]),
        effective_date=None if day is None else _matching(_day, day),
    )


def _read_pair(data: Mapping[str, Any] | None) -> Pair | None:
    if data is None:
        return None
    return Pair(Decimal(_matching(_figure, data["before"])), Decimal(_matching(_figure, data["after"])))


def _matching(pattern: re.Pattern[str], value: object) -> str:
    text = _text(value)
    if pattern.fullmatch(text) is None:
        raise ValueError(text)
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
