"""The journal for people and for auditors: lines of text, and records in CSV and JSON with columns that stay.

A record tells all that is known of a row: what its change was to do, whence it came and who decided it. An outcome's
own row holds none of that; it stands in the intent of the same run and change.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from psarecon.ledger.journal import Entry, Event, Journal
from psarecon.report.csv import Cell, csv_line
from psarecon.text import clean

#: The columns, for good: new ones are added at the end. ``docs/guides/audit.md`` says what each holds.
COLUMNS = (
    "id", "at", "run", "run_owner", "run_host", "run_url", "event", "change", "psa", "tenant", "client", "product",
    "organization", "company_id", "company", "contract_id", "contract", "line_id", "line_name", "effective_date",
    "month", "quantity_before", "quantity_after", "unit_cost_before", "unit_cost_after", "cost_before", "cost_after",
    "cost_change", "revenue_before", "revenue_after", "revenue_change", "currency", "causes", "evidence",
    "decided_by", "verdict", "reason", "decided_at", "plan", "mapping_commit", "mapping_dirty", "mapping", "call",
    "text", "digest",
)  # fmt: skip
_FIGURES = frozenset(name for name in COLUMNS if name.startswith(("quantity_", "unit_cost_", "cost_", "revenue_")))
#: Rows whose intents are looked up together.
_AT_ONCE = 400
#: What somebody decided by hand, and not by a decision on a change.
_BY_HAND = {Event.SETTLED: "accept", Event.REMEMBERED: "remember", Event.STOLEN: "steal"}

#: An entry, and what the row that tells of its change says: that row's detail.
Told = tuple[Entry, Mapping[str, Any]]


def told(journal: Journal, entries: Iterable[Entry]) -> Iterator[Told]:
    """Each entry with the detail that holds its change, as far as there is one. Raises LedgerError."""
    listed = iter(entries)
    while page := list(islice(listed, _AT_ONCE)):
        missing = [entry for entry in page if entry.change and "change" not in entry.detail]
        known = journal.changes(missing) if missing else {}
        for entry in page:
            own = "change" in entry.detail
            yield entry, entry.detail if own else known.get((entry.run, entry.change), {})


def text_lines(rows: Iterable[Told]) -> Iterator[str]:
    """One harmless line for each row."""
    for entry, detail in rows:
        about = f"{entry.psa}/{entry.line}  {entry.change}" if entry.line else entry.tenant
        at = datetime.fromtimestamp(entry.at, UTC)
        head = f"{at:%Y-%m-%d %H:%M:%S}Z  {entry.run}  {entry.event.value:8}  {about}"
        said = (_what(detail), _who(entry), str(entry.detail.get("text") or ""))
        yield f"{clean(head)}  {clean('; '.join(part for part in said if part))}".rstrip()


def _what(detail: Mapping[str, Any]) -> str:
    """What a change was to do: ``Acme Corp: quantity 10 → 14 from 2026-11-01``."""
    change = detail.get("change")
    if not change:
        return ""
    moves = [
        f"{what} {pair['before']} → {pair['after']}" for what in ("quantity", "unit_cost") if (pair := change[what])
    ]
    if not moves:
        return f"{change['client']}: stays at {change['live']['quantity']}"
    since = f"from {change['effective_date']}" if change["effective_date"] else "at once"
    return f"{change['client']}: {', '.join(moves)} {since}"


def _who(entry: Entry) -> str:
    """Who decided it, when and why, and where the run can be looked at; only in rows that hold a decision."""
    decision = entry.detail.get("decision")
    if not decision:
        return ""
    why = f": {decision['reason']}" if decision.get("reason") else ""
    url = _at(entry.detail, "runner", "url")
    said = f"{decision.get('verdict', '')} by {decision.get('by', '')} at {decision.get('at', '')}{why}"
    return f"{said}; run at {url}" if url else said


def csv_lines(rows: Iterable[Told]) -> Iterator[str]:
    """The lines of the file (RFC 4180), each with its CR LF: the header, then the rows; no name becomes a formula."""
    yield csv_line(COLUMNS)
    for entry, detail in rows:
        found = record(entry, detail)
        yield csv_line(_cell(name, found[name]) for name in COLUMNS)


def _cell(name: str, value: Any) -> Cell:
    if name == "evidence":
        return "; ".join(f"{one['role']} {one['count']} at {one['taken_at']} ({one['how']})" for one in value)
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _figure(value) if name in _FIGURES else value


def _figure(text: str | None) -> Cell:
    try:
        return None if text is None else Decimal(text)
    except InvalidOperation:
        return text


def json_pieces(rows: Iterable[Told]) -> Iterator[str]:
    """A JSON list in pieces, one for each row: its record, its detail, and what its digest is taken of."""
    before = "[\n"
    for entry, detail in rows:
        yield before + textwrap.indent(json.dumps(_data(entry, detail), indent=2), "  ")
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _data(entry: Entry, detail: Mapping[str, Any]) -> dict[str, Any]:
    sealed = {"seconds": repr(entry.at), "client_key": entry.client_key, "by_key": entry.by_key}
    own = {"line": entry.line, "detail": dict(entry.detail)}
    return {**record(entry, detail), **own, **sealed}


def record(entry: Entry, detail: Mapping[str, Any]) -> dict[str, Any]:
    """All columns of one row; figures are decimal texts, causes and evidence lists, None is what is not known."""
    found = {
        "id": entry.id,
        "at": datetime.fromtimestamp(entry.at, UTC).isoformat(),
        "run": entry.run,
        **{f"run_{name}": _at(detail, "runner", name) for name in ("owner", "host", "url")},
        "event": entry.event.value,
        **{name: getattr(entry, name) for name in ("change", "psa", "tenant", "month", "digest")},
        "effective_date": entry.effective_date.isoformat() if entry.effective_date else None,
        **_subject(detail.get("change") or {}, entry),
        **_moves(detail.get("change") or {}),
        "currency": _at(detail, "plan", "currency"),
        **_decision(entry, detail),
        "plan": _at(detail, "plan", "id"),
        "mapping_commit": _at(detail, "plan", "commit"),
        "mapping_dirty": _at(detail, "plan", "dirty"),
        "text": entry.detail.get("text"),
    }
    return {name: found[name] for name in COLUMNS}


def _subject(change: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """Whose line it is, why it was to change, and where that is written."""
    source, call = change.get("source"), change.get("call")
    return {
        **{name: change.get(name) for name in ("client", "product", "organization")},
        "company_id": _at(change, "line", "company"),
        "company": _at(change, "names", "company"),
        "contract_id": _at(change, "line", "contract"),
        "contract": _at(change, "names", "contract"),
        "line_id": entry.line or None,
        "line_name": _at(change, "names", "line"),
        "causes": change.get("causes", []),
        "evidence": change.get("evidence", []),
        "mapping": f"{source['file']}:{source['line']}" if source else None,
        "call": f"{call['method']} {call['path']} {call['body']}".strip() or None if call else None,
    }


def _moves(change: Mapping[str, Any]) -> dict[str, str | None]:
    """The figures before and after; of what does not move both are what the PSA said."""
    found: dict[str, str | None] = {}
    for name in ("quantity", "unit_cost"):
        live = _at(change, "live", name)
        pair = change.get(name) or {"before": live, "after": live}
        found |= {f"{name}_before": pair["before"], f"{name}_after": pair["after"]}
    for name in ("cost", "revenue"):
        before, after = (_at(change, "money", f"monthly_{name}", when) for when in ("before", "after"))
        moved = None if before is None or after is None else f"{Decimal(after) - Decimal(before):f}"
        found |= {f"{name}_before": before, f"{name}_after": after, f"{name}_change": moved}
    return found


def _decision(entry: Entry, detail: Mapping[str, Any]) -> dict[str, str | None]:
    """Who decided: on the change, or by hand on a doubt or a lease."""
    own = entry.detail
    if entry.event in _BY_HAND and "by" in own:
        at = datetime.fromtimestamp(entry.at, UTC).isoformat()
        said = {"by": own["by"], "verdict": _BY_HAND[entry.event], "reason": own.get("reason"), "at": at}
    else:
        said = detail.get("decision") or {}
    return {
        "decided_by": said.get("by"),
        "verdict": said.get("verdict"),
        "reason": said.get("reason"),
        "decided_at": said.get("at"),
    }


def _at(data: Any, *path: str) -> Any:
    """What stands at the end of a path through the data, None where the path breaks off."""
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data
