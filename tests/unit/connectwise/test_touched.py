from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from psarecon.domain.model import Touched
from psarecon.psa.connectwise.records import touched

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "said", ["2026-11-20T12:00:00Z", "2026-11-20T12:00:00.987Z", "2026-11-20T07:00:00-05:00", "2026-11-20T12:00:00"]
)
def test_the_moment_is_to_the_second_and_in_utc(said: str) -> None:
    """However the server writes it; the plan's bytes have one form."""
    assert touched({"_info": {"updatedBy": "kim", "lastUpdated": said}}) == Touched("kim", NOON)


@pytest.mark.parametrize("said", [None, "", "yesterday", 5, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", {}])
def test_a_moment_that_cannot_be_read_is_not_told_and_stops_no_plan(said: Any) -> None:
    """Who it was is told all the same; the year 1 is how an unset moment is written."""
    assert touched({"_info": {"updatedBy": "kim", "lastUpdated": said}}) == Touched("kim", None)


@pytest.mark.parametrize("member", [None, "", 7, ["kim"]])
def test_a_member_that_is_no_name_is_not_told(member: Any) -> None:
    """The moment is."""
    assert touched({"_info": {"updatedBy": member, "lastUpdated": "2026-11-20T12:00:00Z"}}) == Touched(None, NOON)


@pytest.mark.parametrize("record", [{}, {"_info": None}, {"_info": "x"}, {"_info": {}}, {"_info": {"updatedBy": ""}}])
def test_a_record_that_tells_nothing_was_touched_by_nobody_known(record: dict[str, Any]) -> None:
    """Neither who nor when."""
    assert touched(record) is None
