"""An import as text: counts first, then what a person has to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psarecon.adopt.adoption import Result
from psarecon.adopt.outcome import STATES, Outcome, best, line_words, name_of, users_of
from psarecon.report.table import Column, rows_of
from psarecon.text import clean

_NAME, _SOURCE, _USERS = Column("Organization", 36), Column("Source", 12), Column("Users", 6, right=True)
_DOUBTFUL = (_NAME, _SOURCE, _USERS, Column("Candidates", 80), Column("Why", 100))
_LINELESS = (_NAME, _SOURCE, _USERS, Column("Company", 60), Column("Line", 30))
_LEFT = (_NAME, _SOURCE, _USERS, Column("Id", 40), Column("Why", 120))


def import_text(outcome: Outcome) -> Iterator[str]:
    """The report as lines."""
    yield from _counts(outcome)
    yield from _table("In doubt", _DOUBTFUL, [_doubtful(one) for one in outcome.of("doubtful")])
    yield from _table("Imported without a line", _LINELESS, [_lineless(one) for one in outcome.lineless()])
    for state in ("none", "gone"):
        yield from _table(STATES[state].capitalize(), _LEFT, [_left(one) for one in outcome.of(state)])
    for file, rows in outcome.by_hand:
        yield ""
        yield clean(f"To be written by hand into {file}:")
        yield from (f"    {clean(row)}" for row in rows.split("\n"))


def _counts(outcome: Outcome) -> Iterator[str]:
    yield f"{len(outcome.results)} organizations"
    for state, count in outcome.counts().items():
        if count:
            yield f"{count:6}  {STATES[state]}{_ways(outcome) if state == 'imported' else ''}"
    lines = outcome.lines()
    if outcome.of("imported"):
        told = (f"{lines['mapped']} with their line", f"{lines['proposed']} with a line in doubt")
        more = (f"{lines['none']} without a line", f"{lines['tickets']} for tickets only")
        yield f"{'':6}  of those imported: {', '.join((*told, *more))}"
    verb = "written" if outcome.written else "to be written (--dry-run)"
    yield f"{len(outcome.files)} {'file' if len(outcome.files) == 1 else 'files'} {verb}"


def _ways(outcome: Outcome) -> str:
    return " (" + ", ".join(f"{count} by {way}" for way, count in sorted(outcome.ways().items())) + ")"


def _table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield ""
        yield f"{title}: {len(rows)}"
        yield from (f"  {line}" for line in rows_of(columns, rows))


def _head(one: Result) -> tuple[str, str, str]:
    return name_of(one), one.organization.source, users_of(one)


def _doubtful(one: Result) -> tuple[str, ...]:
    return (*_head(one), best(one), one.why)


def _lineless(one: Result) -> tuple[str, ...]:
    return (*_head(one), best(one), line_words(one))


def _left(one: Result) -> tuple[str, ...]:
    return (*_head(one), one.organization.id, one.why)
