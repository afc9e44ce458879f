"""What every source must do. A new one that passes this is one."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract.kits import NOW, SOURCES, SourceKit

from psarecon.domain.model import Reading
from psarecon.errors import RemoteError


@pytest.fixture(params=SOURCES, ids=str)
def kit(request: pytest.FixtureRequest) -> SourceKit:
    """Each source in turn."""
    found: SourceKit = request.param
    return found


def _by_organization(readings: list[Reading]) -> dict[str, Reading]:
    found = {reading.organization: reading for reading in readings}
    assert len(found) == len(readings)
    return found


def test_every_organization_asked_for_is_counted(kit: SourceKit, tmp_path: Path) -> None:
    """Its count, its metric, its source, how it was read, and a moment that has passed."""
    with kit.trial(tmp_path / "msp", [14, 0, 3]) as trial:
        found = _by_organization(list(trial.source.read(trial.organizations, NOW)))
        assert [found[one].count for one in trial.organizations] == [14, 0, 3]
        first = found[trial.organizations[0]]
        assert (first.metric, first.error) == (kit.metric, None)
        assert first.how
        assert first.taken_at <= NOW
        assert first.taken_at.utcoffset() is not None


def test_an_organization_that_cannot_be_read_fails_alone(kit: SourceKit, tmp_path: Path) -> None:
    """No count and a reason; the other is counted."""
    with kit.trial(tmp_path / "msp", [14, 12]) as trial:
        broken, whole = trial.organizations
        trial.break_one(broken)
        found = _by_organization(list(trial.source.read(trial.organizations, NOW)))
        assert (found[broken].count, bool(found[broken].error)) == (None, True)
        assert (found[whole].count, found[whole].error) == (12, None)


def test_an_organization_nobody_knows_is_a_failed_reading(kit: SourceKit, tmp_path: Path) -> None:
    """Asked for and not there: never absent, never zero."""
    with kit.trial(tmp_path / "msp", [14]) as trial:
        stranger = "5f0000000000000000000000"
        found = _by_organization(list(trial.source.read([*trial.organizations, stranger], NOW)))
        assert (found[stranger].count, bool(found[stranger].error)) == (None, True)
        assert found[trial.organizations[0]].count == 14


def test_a_source_that_fails_whole_gives_no_count_at_all(kit: SourceKit, tmp_path: Path) -> None:
    """An error, or a failed reading of each organization: nothing in between."""
    with kit.trial(tmp_path / "msp", [14, 12]) as trial:
        trial.break_all()
        try:
            found = _by_organization(list(trial.source.read(trial.organizations, NOW)))
        except RemoteError:
            return
        assert {found[one].count for one in trial.organizations} == {None}


def test_many_organizations_are_read_to_the_last_page(kit: SourceKit, tmp_path: Path) -> None:
    """More than any page holds by default, each once, in one reading."""
    users = list(range(1, 131))
    with kit.trial(tmp_path / "msp", users) as trial:
        found = _by_organization(list(trial.source.read(trial.organizations, NOW)))
        assert [found[one].count for one in trial.organizations] == users


def test_reading_twice_gives_the_same(kit: SourceKit, tmp_path: Path) -> None:
    """Order apart, where nothing moved."""
    with kit.trial(tmp_path / "msp", [14, 12]) as trial:
        first = _by_organization(list(trial.source.read(trial.organizations, NOW)))
        assert _by_organization(list(trial.source.read(trial.organizations, NOW))) == first


def test_it_can_be_closed_twice(kit: SourceKit, tmp_path: Path) -> None:
    """Whoever opens it closes it, also after an error."""
    with kit.trial(tmp_path / "msp", [1]) as trial:
        trial.source.close()
