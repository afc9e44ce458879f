from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from psarecon.collector import all_again, collector_paused, only_new


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Whatever a test does to the collector ends with it."""
    yield
    gc.enable()
    gc.unfreeze()


def test_a_pause_ends_with_the_outermost() -> None:
    """Not with one inside of it."""
    with collector_paused():
        with collector_paused(kept=True):
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_is_kept_is_not_walked_until_the_command_has_ended() -> None:
    """The first collection after a pause would walk all of it at once."""
    with collector_paused(kept=True):
        made = [[number] for number in range(1000)]
    assert gc.get_freeze_count() >= len(made)
    all_again()
    assert gc.get_freeze_count() == 0


def test_a_pause_is_lifted_for_what_is_read_from_a_network() -> None:
    """Only what comes meanwhile is walked."""
    with collector_paused():
        with only_new():
            assert gc.isenabled()
            assert gc.get_freeze_count() > 0
        assert not gc.isenabled()
