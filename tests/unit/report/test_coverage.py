"""The forms of a coverage report: bounded, harmless, and the same figures in each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from psarecon.domain.coverage import Coverage, Gap, Kind, in_order
from psarecon.report.coverage_data import COLUMNS, coverage_data, coverage_rows
from psarecon.report.coverage_markdown import coverage_markdown
from psarecon.report.coverage_text import coverage_text

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
HOSTILE = "=1+1|\x1b[2J<b>@all\r\n::error::\u202ex"


def report(*gaps: Gap, partial: bool = False) -> Coverage:
    """A report of these gaps."""
    return Coverage(NOW, "USD", "0123456789abcdef", True, {"autotask": "zone/1"}, in_order(gaps), 3, 2, partial)


def unbilled(number: int, name: str = "Acme") -> Gap:
    """An organization with one user at 10.00."""
    figures = (Decimal(1), Decimal("10.00"), Decimal("10.00"))
    return Gap(Kind.UNBILLED, name, f"jumpcloud/{number}", "jumpcloud-platform", *figures, "unit cost")


@pytest.mark.parametrize("limit", [2048, 8192, 65536])
def test_markdown_fits_and_counts_what_it_leaves_out(limit: int) -> None:
    """Shown and not shown are always the whole, to the cent."""
    text = coverage_markdown(report(*(unbilled(number) for number in range(2000))), limit)
    assert len(text.encode()) <= limit
    shown = text.count("`jumpcloud/")
    left = 2000 - shown
    assert shown > 3
    assert f"**And {left:,} organizations, {left * 10:,}.00 a month not billed: not shown.**" in text


def test_names_from_strangers_act_in_no_form() -> None:
    """No control sign, no formula, no tag, nobody mentioned, no command of a pipeline."""
    found = report(unbilled(1, HOSTILE), Gap(Kind.UNKNOWN, HOSTILE, HOSTILE, why=HOSTILE))
    markdown = coverage_markdown(found)
    assert "<b>" not in markdown
    assert "@all" not in markdown
    for text in (markdown, "\n".join(coverage_text(found)), "".join(coverage_rows(found))):
        assert not {"\x1b", "\u202e"} & set(text)
        assert not [line for line in text.splitlines() if line.startswith(("::", "="))]
    assert "'=1+1" in "".join(coverage_rows(found))


def test_every_column_and_key_is_there_also_without_a_gap() -> None:
    """A program can rely on them."""
    (header,) = coverage_rows(report())
    assert header == ",".join(COLUMNS) + "\r\n"
    data = json.loads(json.dumps(coverage_data(report(partial=True))))
    assert data["totals"]["kinds"] == {kind.value: {"count": 0, "money": "0.00"} for kind in Kind}
    assert (data["partial"], data["gaps"], data["mapping"]) == (True, [], {"commit": "0123456789abcdef", "dirty": True})


def test_a_gap_without_a_figure_is_told_all_the_same() -> None:
    """The first line never says that all is covered while something is open."""
    found = report(Gap(Kind.UNBILLED, "Acme", "lastpass/1", "lastpass-business", Decimal(3), why="no price is known"))
    lines = list(coverage_text(found))
    assert lines[2] == "3 organizations, 2 mapped lines: 1 gap without a figure"
    assert lines[4] == "users that nobody bills: 1 organization:"
