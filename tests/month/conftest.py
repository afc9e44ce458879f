"""What the month's tests share: the sandbox, and helpers whose failed assertions show both sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("month.audit", "month.nights", "month.script")

from month.office import Office, office  # noqa: E402  # after the rewriting is ordered


@pytest.fixture
def msp(tmp_path: Path) -> Iterator[Office]:
    """Twelve clients, served."""
    with office(tmp_path / "world") as found:
        yield found
