"""The rows of ``bench/review.py`` in the one table: those of Textual's DataTable stand beside ours."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import review
from table import Row

#: How the names of figures begin that are ours or DataTable's.
#: Changes of the plans, and of the one that the program is started on.
FULL, QUICK = ((1_000, 10_000, 100_000), review.START), ((1_000,), 1_000)
_OURS, _THEIRS = ("screen: ",), ("datatable: ", "datatable, ")


def part(work: Path, sizes: tuple[tuple[int, ...], int], repeat: int) -> Iterator[Row | str]:
    """All rows, size by size."""
    heading, found = "", list[review.Figure]()
    for one in review.figures(work, *sizes, repeat):
        if isinstance(one, review.Figure):
            found.append(one)
        else:
            yield from _group(heading, found)
            heading, found = one, []
    yield from _group(heading, found)


def _group(heading: str, found: list[review.Figure]) -> Iterator[Row | str]:
    if not found:
        return
    yield f"review: {heading[0].lower()}{heading[1:]}"
    theirs = {_bare(one.what, _THEIRS): statistics.median(one.values) for one in found if one.what.startswith(_THEIRS)}
    for one in found:
        if not one.what.startswith(_THEIRS):
            row, beside = _row(one), theirs.get(_bare(one.what, _OURS))
            yield row if beside is None else replace(row, beside=beside, whose="DataTable")


def _row(one: review.Figure) -> Row:
    return Row(one.what, statistics.median(one.values), one.unit, limit=one.budget)


def _bare(what: str, prefixes: tuple[str, ...]) -> str:
    return next((what.removeprefix(prefix) for prefix in prefixes if what.startswith(prefix)), what)
