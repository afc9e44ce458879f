"""What a signal breaks off, and when."""

from __future__ import annotations

import threading

import pytest

from psarecon.patience import Patience


def test_what_is_unbroken_is_finished_before_the_signal_is_raised() -> None:
    """The name is bound and the line after it run; what follows the block is not."""
    patience, done = Patience(), list[str]()

    def begin() -> None:
        with patience.unbroken():
            patience.break_off(KeyboardInterrupt("15"))
            done.append("inside")
        done.append("after")

    with pytest.raises(KeyboardInterrupt, match="15"):
        begin()
    assert done == ["inside"]


def test_a_signal_wins_over_what_fails_inside() -> None:
    """The interruption is what is told; the other error is its context."""
    patience = Patience()

    def fail() -> None:
        with patience.unbroken():
            patience.break_off(KeyboardInterrupt())
            raise ValueError

    with pytest.raises(KeyboardInterrupt) as caught:
        fail()
    assert isinstance(caught.value.__context__, ValueError)


def test_a_signal_is_raised_once_and_at_once_where_nothing_is_unbroken() -> None:
    """Before any such block, and after one that a signal has ended."""
    patience = Patience()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            patience.break_off(KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt), patience.unbroken():
            patience.break_off(KeyboardInterrupt())
        with patience.unbroken():
            pass


def test_another_thread_s_block_holds_no_signal_back() -> None:
    """Signals are the main thread's, which must not wait for others."""
    patience, inside, over = Patience(), threading.Event(), threading.Event()

    def other() -> None:
        with patience.unbroken():
            inside.set()
            over.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert inside.wait(10)
        with pytest.raises(KeyboardInterrupt):
            patience.break_off(KeyboardInterrupt())
    finally:
        over.set()
        thread.join()
