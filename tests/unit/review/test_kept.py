"""The decisions of a file in memory: to the byte what the file says, however it is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import change, pair, plan_of
from unit.domain.test_decisions import abouts, texts

from psarecon.domain.decisions import (
    About,
    Decision,
    Verdict,
    decisions_bytes,
    encoded,
    framed,
    load_decisions,
    merge,
)
from psarecon.domain.plan_file import plan_bytes
from psarecon.errors import InvalidInput
from psarecon.review.kept import Kept, about
from psarecon.review.opened import open_plan

hashes = st.text("0123456789abcdef", min_size=12, max_size=12)
some = st.lists(st.builds(Decision, hashes, st.sampled_from(Verdict), texts, texts, texts, abouts), max_size=6)


def _bytes(kept: Kept) -> bytes:
    return b"".join(framed(kept.shelves()))


@given(some, some, st.data())
def test_the_file_is_to_the_byte_what_the_decisions_are(
    old: list[Decision], new: list[Decision], data: st.DataObject
) -> None:
    """Read, put on top, taken away: the bytes are those of `decisions_bytes`, and each decision is found in them."""
    kept = Kept.of(decisions_bytes(merge((), old)), "x")
    kept.put({one.change: encoded(one) for one in new})
    wanted = {one.change: one for one in merge(old, new)}
    gone = data.draw(st.sets(st.sampled_from(sorted(wanted)))) if wanted else set()
    kept.put(dict.fromkeys(gone))
    left = [wanted[change] for change in sorted(wanted) if change not in gone]
    assert _bytes(kept) == decisions_bytes(left)
    assert kept.verdicts == {one.change: one.verdict for one in left}
    assert [kept.decision(change) for change in sorted(wanted)] == [
        None if c in gone else wanted[c] for c in sorted(wanted)
    ]


def _indented(content: bytes) -> bytes:
    return json.dumps(json.loads(content), indent=2).encode()


def _by_line_end(content: bytes) -> bytes:
    """The same, with every comma at a line's end."""
    return content.replace(b",", b",\n")


@given(some, st.sampled_from([bytes, _indented, _by_line_end]), st.data())
def test_a_file_is_read_as_the_slow_way_reads_it(
    found: list[Decision], form: Callable[[bytes], bytes], data: st.DataObject
) -> None:
    """Also when some bytes of it were changed, or it was written by another tool or a person, or out of order."""
    content = form(decisions_bytes(found))
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(content)))
        new = data.draw(st.sampled_from([b"", b"\\", b'"', b" ", b"\n", b"0", b"u0041", b",", b"\xff", b"}", b"null"]))
        content = content[:at] + new + content[at + data.draw(st.integers(0, 1)) :]
    try:
        wanted = merge((), load_decisions(content, "x"))
    except InvalidInput:
        with pytest.raises(InvalidInput):
            Kept.of(content, "x")
        return
    kept = Kept.of(content, "x")
    assert load_decisions(_bytes(kept), "x") == wanted
    assert kept.verdicts == {one.change: one.verdict for one in wanted}
    assert [kept.decision(one.change) for one in wanted] == list(wanted)
    kept.put({one.change: encoded(one) for one in wanted})
    assert _bytes(kept) == decisions_bytes(wanted)


def test_a_decision_on_a_row_is_about_what_its_change_is_about(tmp_path: Path) -> None:
    """Quantity, unit cost, both, at once: the words are the same by either way."""
    changes = [
        change(),
        change(pair(10, 14), pair("8.25", "9.00"), effective=None),
        change(None, pair("8.250", "9.00")),
        change(client="a\x1b]52;c;x\x07\u202e"),
    ]
    for one in changes:
        (tmp_path / "plan.json").write_bytes(plan_bytes(plan_of([one])))
        opened = open_plan(tmp_path / "plan.json")
        assert [about(found) for found in opened.rows] == [About.of(one)]
        opened.close()
