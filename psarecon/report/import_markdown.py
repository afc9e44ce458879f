"""An import as the text of a pull request: within what a site allows, names escaped, what is left out counted."""

from __future__ import annotations

from collections.abc import Sequence

from psarecon.adopt.adoption import Result
from psarecon.adopt.outcome import STATES, Outcome, best, line_words, name_of, users_of
from psarecon.report.escaped import code, escaped
from psarecon.report.markdown import LIMIT, assembled
from psarecon.report.markdown_parts import Listed, Part
from psarecon.report.sheet import table_row

#: The name in the hidden first line by which a bot finds its own comment again.
MARKER = "psarecon:import"
_TEXT, _TEXT_BYTES = 300, 900
_DOUBTFUL = ("Organization", "Source", "Users", "Candidates", "Why")
_LINELESS = ("Organization", "Source", "Users", "Company", "Line")
_LEFT = ("Organization", "Source", "Users", "Id", "Why")


def import_markdown(outcome: Outcome, limit: int = LIMIT) -> str:
    """The report in at most ``limit`` bytes of UTF-8."""
    parts: list[tuple[Part, float]] = [
        (_listed("In doubt", _DOUBTFUL, outcome.of("doubtful")), 0.5),
        (_listed("Imported without a line", _LINELESS, outcome.lineless()), 0.5),
        (_listed("Without a counterpart", _LEFT, outcome.of("none")), 0.6),
        (_listed("Not listed by the source", _LEFT, outcome.of("gone")), 1.0),
    ]
    return "\n".join(assembled(_head(outcome), parts, limit)).rstrip("\n") + "\n"


def _head(outcome: Outcome) -> list[str]:
    counts = outcome.counts()
    ways = ", ".join(f"{count} by {way}" for way, count in sorted(outcome.ways().items()))
    rows = [table_row((STATES[state], str(count))) for state, count in counts.items() if count]
    return [
        f"<!-- {MARKER} -->",
        f"## psarecon: {counts['imported']} of {len(outcome.results)} organizations imported",
        "",
        *((f"Imported: {ways}.", "") if ways else ()),
        f"Lines of those: {_sum(outcome)}. Files: {len(outcome.files)}.",
        "",
        table_row(("Organizations", "Count")),
        "|---|--:|",
        *rows,
        "",
    ]


def _sum(outcome: Outcome) -> str:
    words = {"mapped": "mapped", "proposed": "in doubt", "none": "none", "tickets": "for tickets only"}
    return ", ".join(f"{outcome.lines()[state]} {word}" for state, word in words.items())


def _listed(title: str, columns: tuple[str, ...], results: Sequence[Result]) -> Listed:
    rows = [table_row(_row(one, columns)) for one in results]
    opening = (f"### {title}", "")
    return Listed(opening, columns, rows, lambda shown: f"**{len(results) - shown} more, not shown.**")


def _row(one: Result, columns: Sequence[str]) -> list[str]:
    cells = {
        "Organization": escaped(name_of(one)),
        "Source": code(one.organization.source),
        "Users": users_of(one),
        "Candidates": escaped(best(one), _TEXT, _TEXT_BYTES),
        "Company": escaped(best(one), _TEXT, _TEXT_BYTES),
        "Line": line_words(one),
        "Id": code(one.organization.id),
        "Why": escaped(one.why, _TEXT, _TEXT_BYTES),
    }
    return [cells[column] for column in columns]
