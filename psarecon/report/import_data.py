"""An import as data for other programs."""

from __future__ import annotations

from typing import Any

from psarecon.adopt.adoption import Result
from psarecon.adopt.outcome import Outcome
from psarecon.text import clean


def import_data(outcome: Outcome) -> dict[str, Any]:
    """The report as plain data: counts, files, and every organization with its candidates. Texts are harmless lines,
    ids are as they are."""
    return {
        "counts": outcome.counts(),
        "ways": dict(sorted(outcome.ways().items())),
        "lines": {state: outcome.lines()[state] for state in ("mapped", "proposed", "none", "tickets")},
        "written": outcome.written,
        "files": list(outcome.files),
        "by_hand": [{"file": file, "text": text} for file, text in outcome.by_hand],
        "notes": [clean(note) for note in outcome.notes],
        "organizations": [_result(one) for one in outcome.results],
    }


def _result(one: Result) -> dict[str, Any]:
    organization = one.organization
    return {
        "source": organization.source,
        "organization": organization.id,
        "name": clean(organization.name or ""),
        "users": organization.users,
        "state": one.state,
        "way": one.way if one.state == "imported" else "",
        "line": one.line,
        "why": clean(one.why),
        "candidates": [
            {
                "psa": item.company.psa,
                "company": item.company.id,
                "name": clean(item.company.name),
                "score": item.score,
                "reasons": [clean(reason) for reason in item.reasons],
            }
            for item in one.candidates
        ],
    }
