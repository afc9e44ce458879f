"""Usage files of any content: a row that is not exactly right fails its file, and nothing of it acts anywhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from hostile.looks import ACTING, STEADY, harmless, measured, texts, values
from hypothesis import given, settings
from hypothesis import strategies as st

_HEAD = "organization,metric,count,date\n"
_GOOD = "acme,users,14,2026-11-20\n"
CELLS = (
    '=cmd|"/C calc"!A0', "+1", "-1", "@SUM(A1)", "1e3", "1_000", "٣", "²", "\uff11\uff14", "14.0", "0x10", "", " ",
    "9" * 5000, "NaN",
    "\x1b[2J", "\u202e14", "2026-11-31", "0000-00-00", "20261120", "\uff12026-11-20", "2026-11-20T00:00",
    '"', "a,b", "a\nb",
)  # fmt: skip
FILES = {
    "UTF-16": (_HEAD + _GOOD).encode("utf-16"),
    "Latin-1": (_HEAD + "Ærø,users,14,2026-11-20\n").encode("latin-1"),
    "NUL": (_HEAD + "ac\x00me,users,14,2026-11-20\n").encode(),
    "an open quote": (_HEAD + '"acme,users,14,2026-11-20\n').encode(),
    "a field of a megabyte": (_HEAD + "a" * 2**20 + ",users,14,2026-11-20\n").encode(),
    "a thousand columns": (_HEAD + "," * 1000 + "\n").encode(),
    "columns twice": b"organization,organization,metric,count,date\nacme,beta,users,14,2026-11-20\n",
    "no head": _GOOD.encode(),
    "another separator": (_HEAD + _GOOD).replace(",", ";").encode(),
    "nothing": b"",
    "HTML": b"<html><table><tr><td>acme",
    "a workbook": b"PK\x03\x04" + bytes(range(256)),
    "line ends alone": (_HEAD + _GOOD).replace("\n", "\r").encode(),
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A rehearsal that also reads ``usage/*``."""
    with rehearsal(tmp_path_factory.mktemp("usage") / "msp", Client()) as found:
        found.settings("sources:\n", "sources:\n  exports: {type: files, path: 'usage/*'}\n")
        (found.directory / "usage").mkdir()
        yield found


def observed(place: Rehearsal, name: str, content: bytes) -> None:
    """`observe` with this file ends as it should and says nothing that acts."""
    path = place.directory / "usage" / name
    path.write_bytes(content)
    try:
        harmless(place.run("observe"), 0, 6)
    finally:
        path.unlink()


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_none_gives_no_reading(place: Rehearsal, kind: str) -> None:
    """As CSV and as JSON."""
    for name in ("evil.csv", "evil.json", "evil.xlsx"):
        observed(place, name, FILES[kind])
    harmless(place.run("plan"), 0)


@settings(STEADY, max_examples=40)
@given(
    rows=st.lists(st.lists(st.one_of(st.sampled_from(CELLS), st.sampled_from(ACTING), texts), min_size=4, max_size=4))
)
def test_any_cells_are_read_or_refused(place: Rehearsal, rows: list[list[str]]) -> None:
    """Well quoted, so that only the cells are hostile."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    observed(place, "evil.csv", (_HEAD + text.getvalue()).encode("utf-8", "surrogatepass"))


@settings(STEADY, max_examples=40)
@given(
    data=values,
    rows=st.lists(st.fixed_dictionaries(dict.fromkeys(("organization", "metric", "count", "date"), values))),
)
def test_any_json_is_read_or_refused(place: Rehearsal, data: object, rows: list[object]) -> None:
    """As the file and as its rows."""
    for content in (data, rows):
        observed(place, "evil.json", json.dumps(content).encode())


@pytest.mark.parametrize("name", ["large.csv", "large.json"])
@pytest.mark.parametrize("kind", ["100 MiB", "a million rows"])
def test_a_large_file_costs_bounded_memory(place: Rehearsal, tmp_path: Path, name: str, kind: str) -> None:
    """Over 16 MiB it is not read at all."""
    row = _GOOD if name.endswith("csv") else '{"organization":"a"},'
    head, tail = (_HEAD, "") if name.endswith("csv") else ("[", '{"organization":"a"}]')
    text = head + row * 600_000 + tail if kind == "a million rows" else " " * (100 * 2**20)
    path = place.directory / "usage" / name
    path.write_text(text, encoding="utf-8")
    try:
        ran = measured(place.directory, "observe", environ=place.environ, most=3072)
    finally:
        path.unlink()
    assert ran.code in {0, 6}, ran.err[-500:]
    assert len(ran.err) < 20_000
    assert ran.memory < 1800
