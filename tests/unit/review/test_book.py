from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from unit.domain.make import pair
from unit.review.rows import row

from psarecon.domain.decisions import (
    About,
    Decision,
    Verdict,
    decisions_bytes,
    load_decisions,
    merge,
)
from psarecon.domain.model import Severity
from psarecon.domain.plan import Pair
from psarecon.errors import InvalidInput, PsareconError
from psarecon.files import locked, write_whole
from psarecon.review.book import Book, rest_after
from psarecon.review.kept import about
from psarecon.review.opened import Row

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
AT = "2026-11-20T17:00:00Z"
APPROVE, REJECT, HOLD = Verdict.APPROVE, Verdict.REJECT, Verdict.HOLD
ONE, TWO, THREE = row(), row("Beta Ltd", line="autotask/8002"), row("Gamma AS", line="autotask/8003")
BLOCKED = row("Drop Inc", line="autotask/8004", severity=Severity.BLOCK)
Open = Callable[..., Book]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where decisions are kept; there is no file yet."""
    return tmp_path / "plan.decisions.json"


@pytest.fixture
def book(file: Path) -> Iterator[Open]:
    """Opens books of one file; closed at the end."""
    books: list[Book] = []

    def opened(by: str = "dana") -> Book:
        books.append(Book(file, by, lambda: NOW))
        return books[-1]

    yield opened
    for one in books:
        one.close()


def on_disk(file: Path) -> dict[str, Decision]:
    """What the file says, by change."""
    return {one.change: one for one in load_decisions(file.read_bytes(), file.name)} if file.exists() else {}


def test_a_decision_is_on_disk_with_who_when_why_and_what(book: Open, file: Path) -> None:
    """One act, one file; another book of it knows the same."""
    mine = book()
    assert mine.decide([ONE], REJECT, "price under negotiation") == (ONE.id,)
    mine.flush()
    wanted = About("autotask/8001", "Acme Corp", "jumpcloud-platform", pair(10, 14), None, "2026-11-01")
    kept = Decision(ONE.id, REJECT, "dana", AT, "price under negotiation", wanted)
    assert on_disk(file) == {ONE.id: kept}
    assert (mine.verdict(ONE.id), mine.decision(ONE.id)) == (REJECT, kept)
    other = book()
    assert (other.verdict(ONE.id), other.decision(ONE.id), other.verdict(TWO.id)) == (REJECT, kept, None)


def test_closing_saves_what_was_decided_last(book: Open, file: Path) -> None:
    """Without a flush; and closing twice is harmless, as is a flush after it."""
    mine = book()
    mine.decide([ONE, TWO], APPROVE)
    mine.close()
    mine.close()
    mine.flush()
    assert {one.verdict for one in on_disk(file).values()} == {APPROVE}
    assert len(on_disk(file)) == 2


def test_keys_that_follow_each_other_quickly_are_saved_together(file: Path) -> None:
    """The first is saved at once; then the writer rests, and what is decided meanwhile is one save. A flush and the
    end wait for no rest."""
    saves: list[float] = []

    def rest(took: float) -> float:
        saves.append(took)
        return 3600.0

    mine = Book(file, "dana", lambda: NOW, rest)
    mine.decide([ONE], APPROVE)
    saved(lambda: on_disk(file).keys() == {ONE.id} and len(saves) == 1)
    mine.decide([TWO], APPROVE)
    mine.decide([THREE], HOLD)
    mine.flush()
    assert (len(saves), len(on_disk(file))) == (2, 3)
    mine.decide([TWO], REJECT)
    mine.close()
    assert (len(saves), on_disk(file)[TWO.id].verdict) == (3, REJECT)


def test_a_decision_made_during_a_rest_is_saved_by_itself_after_it(file: Path) -> None:
    """Nobody has to ask for it."""

    def is_on_disk(one: Row) -> bool:
        return one.id in on_disk(file)

    mine = Book(file, "dana", lambda: NOW, lambda _: 0.05)
    for one in (ONE, TWO, THREE):
        mine.decide([one], APPROVE)
        saved(partial(is_on_disk, one))
    mine.close()


@pytest.mark.parametrize(("took", "rest"), [(0.001, 0.004), (0.03, 0.12), (0.125, 0.5), (4.0, 0.5)])
def test_the_writer_rests_four_times_as_long_as_it_saved_up_to_half_a_second(took: float, rest: float) -> None:
    """So that saving takes at most a fifth of a core, and no decision waits long."""
    assert rest_after(took) == pytest.approx(rest)


def saved(what: Callable[[], bool]) -> None:
    """Wait until it is so."""
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_looking_alone_writes_nothing(book: Open, file: Path) -> None:
    """A book that was opened and closed leaves no file, and an old file as it was."""
    book().close()
    assert list(file.parent.iterdir()) == []
    content = json.dumps({"format_version": 1, "decisions": []}).encode()
    file.write_bytes(content)
    book().close()
    assert file.read_bytes() == content


def test_a_block_is_never_approved_but_may_be_rejected_or_held(book: Open) -> None:
    """It is left out of an approval of several."""
    mine = book()
    assert mine.decide([ONE, BLOCKED], APPROVE) == (ONE.id,)
    assert mine.verdict(BLOCKED.id) is None
    assert mine.decide([BLOCKED], APPROVE) == ()
    assert mine.decide([BLOCKED], REJECT) == (BLOCKED.id,)


def test_an_act_is_taken_back_as_a_whole_and_without_limit(book: Open, file: Path) -> None:
    """Back to what each change was before, in the file too."""
    mine = book()
    mine.decide([ONE], HOLD, "ask")
    mine.decide([ONE, TWO, THREE], APPROVE)
    mine.decide([TWO], None)
    assert [mine.verdict(one.id) for one in (ONE, TWO, THREE)] == [APPROVE, None, APPROVE]
    assert mine.undoes() == mine.undo() == (TWO.id,)
    assert mine.verdict(TWO.id) is APPROVE
    assert set(mine.undo()) == {ONE.id, TWO.id, THREE.id}
    assert [mine.verdict(one.id) for one in (ONE, TWO, THREE)] == [HOLD, None, None]
    assert mine.undo() == (ONE.id,)
    assert mine.undoes() == mine.undo() == ()
    mine.flush()
    assert on_disk(file) == {}


def test_what_changes_nothing_is_no_act(book: Open) -> None:
    """The same verdict by the same person for the same reason keeps its time; opening what is open does nothing."""
    mine = book()
    mine.decide([ONE], APPROVE, "seen")
    assert mine.decide([ONE], APPROVE, "seen") == ()
    assert mine.decide([TWO], None) == ()
    assert mine.decide([ONE], APPROVE, "seen twice") == (ONE.id,)
    mine.flush()
    assert book("kim").decide([ONE], APPROVE, "seen twice") == (ONE.id,)


def test_two_who_decide_at_once_both_have_their_way(book: Open, file: Path) -> None:
    """Each sees the other's decision, told once, and neither is lost."""
    mine, other = book(), book("kim")
    mine.decide([ONE], APPROVE)
    mine.flush()
    other.decide([TWO], REJECT)
    other.flush()
    assert other.noticed()
    assert not other.noticed()
    assert other.verdict(ONE.id) is APPROVE
    mine.flush()
    assert mine.noticed()
    assert mine.verdict(TWO.id) is REJECT
    assert {one.by for one in on_disk(file).values()} == {"dana", "kim"}


def test_many_at_once_lose_no_decision(file: Path) -> None:
    """Eight people, forty decisions each, all on one file."""
    mine = [[row(line=f"autotask/{who}-{one}") for one in range(40)] for who in range(8)]

    def work(who: int) -> None:
        found = Book(file, f"p{who}")
        for one in mine[who]:
            found.decide([one], APPROVE)
        found.close()
        assert found.trouble == ""

    threads = [threading.Thread(target=work, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert on_disk(file).keys() == {one.id for rows in mine for one in rows}


def test_what_somebody_else_decided_since_is_not_taken_back(book: Open) -> None:
    """Their word on a change of our act stays; the rest of the act goes back."""
    mine, other = book(), book("kim")
    mine.decide([ONE, TWO], APPROVE)
    mine.flush()
    other.flush()
    other.decide([ONE], HOLD)
    other.flush()
    mine.flush()
    assert mine.undoes() == mine.undo() == (TWO.id,)
    assert (mine.verdict(ONE.id), mine.verdict(TWO.id)) == (HOLD, None)


def test_unsaved_acts_lie_over_what_somebody_else_wrote(book: Open, file: Path) -> None:
    """While nothing could be saved somebody decided too: our later word counts, and below it lies theirs."""
    mine = book()
    with locked(file):
        mine.decide([ONE], APPROVE)
        theirs = [Decision(one.id, HOLD, "kim", AT) for one in (ONE, TWO)]
        write_whole(file, decisions_bytes(merge((), theirs)))
    mine.flush()
    assert (mine.verdict(ONE.id), mine.verdict(TWO.id)) == (APPROVE, HOLD)
    assert on_disk(file)[ONE.id].by == "dana"
    assert mine.undo() == (ONE.id,)
    assert mine.verdict(ONE.id) is HOLD


def test_a_file_that_went_away_takes_its_decisions_with_it(book: Open, file: Path) -> None:
    """Somebody removed it, by git for instance: the next act begins anew."""
    mine = book()
    mine.decide([ONE], APPROVE)
    mine.flush()
    file.unlink()
    mine.decide([TWO], HOLD)
    mine.flush()
    assert (mine.verdict(ONE.id), mine.noticed()) == (None, True)
    assert on_disk(file).keys() == {TWO.id}


def test_a_file_that_is_none_is_refused_at_once(book: Open, file: Path) -> None:
    """Nobody decides on top of what nobody can read."""
    file.write_bytes(b"{")
    with pytest.raises(InvalidInput, match="is not a decisions file"):
        book()
    assert file.read_bytes() == b"{"


def test_a_file_broken_later_is_trouble_and_is_not_overwritten(book: Open, file: Path) -> None:
    """Until it can be read again; then what was decided meanwhile is saved."""
    mine = book()
    file.write_bytes(b"<<<<<<< HEAD")
    mine.decide([ONE], APPROVE)
    mine.flush()
    assert mine.trouble == f"{file} is not a decisions file"
    assert file.read_bytes() == b"<<<<<<< HEAD"
    assert mine.verdict(ONE.id) is APPROVE
    file.write_bytes(decisions_bytes([Decision(TWO.id, HOLD, "kim", AT)]))
    mine.flush()
    assert mine.trouble == ""
    assert {change: one.by for change, one in on_disk(file).items()} == {ONE.id: "dana", TWO.id: "kim"}


def test_a_file_that_was_laid_out_anew_is_read_and_gets_a_line_for_each_decision_again(book: Open, file: Path) -> None:
    """By an older psarecon, `jq` or an editor: with the next decision it has its usual form."""
    theirs = [Decision(ONE.id, HOLD, "kim", AT, "ask"), Decision(TWO.id, REJECT, "kim", AT)]
    file.write_bytes(json.dumps(json.loads(decisions_bytes(theirs)), indent=2).encode())
    mine = book()
    assert mine.decision(ONE.id) == theirs[0]
    mine.decide([THREE], APPROVE)
    mine.flush()
    assert len(file.read_text("ascii").splitlines()) == 2 + 3
    assert file.read_bytes() == decisions_bytes(on_disk(file).values())


def test_what_cannot_be_saved_is_trouble_until_it_can(tmp_path: Path) -> None:
    """A folder that cannot be: the decisions stay in the book, and are saved by themselves later."""
    (tmp_path / "folder").write_bytes(b"")
    found = Book(tmp_path / "folder" / "plan.decisions.json", "dana")
    found.decide([ONE], APPROVE)
    found.flush()
    assert "plan.decisions.json cannot be written" in found.trouble
    (tmp_path / "folder").unlink()
    found.close()
    assert found.trouble == ""
    assert on_disk(tmp_path / "folder" / "plan.decisions.json").keys() == {ONE.id}


# Decisions that lapse.

OTHER = row(units=("10", "16"))


def test_a_decision_on_other_figures_of_the_line_has_lapsed(book: Open, file: Path) -> None:
    """It says nothing any more, but is told, and stays in the file; deciding anew ends the lapse."""
    book().decide([ONE], REJECT, "too much")
    book().close()
    write_whole(file, decisions_bytes([Decision(ONE.id, REJECT, "dana", AT, "too much", about(ONE))]))
    mine = book("kim")
    lapsed = mine.lapsed(OTHER)
    assert lapsed is not None
    assert (lapsed.change, lapsed.reason, mine.state(OTHER)) == (ONE.id, "too much", "lapsed")
    assert (mine.lapsed(ONE), mine.lapsed(TWO), mine.state(TWO)) == (None, None, "open")
    mine.decide([OTHER], APPROVE)
    assert (mine.lapsed(OTHER), mine.state(OTHER)) == (None, "approve")
    mine.undo()
    assert mine.state(OTHER) == "lapsed"
    mine.flush()
    assert on_disk(file).keys() == {ONE.id}


def test_the_newest_of_several_lapsed_decisions_is_told(book: Open, file: Path) -> None:
    """By the time in it, whatever the order in the file."""
    times = {"2026-11-18T00:00:00Z": "12", "2026-11-20T00:00:00Z": "13", "2026-11-19T00:00:00Z": "14"}
    rows = [(at, row(units=("10", after))) for at, after in times.items()]
    write_whole(
        file, decisions_bytes(merge((), [Decision(one.id, HOLD, "kim", at, "", about(one)) for at, one in rows]))
    )
    lapsed = book().lapsed(OTHER)
    assert lapsed is not None
    assert lapsed.about is not None
    assert lapsed.about.quantity == Pair(Decimal(10), Decimal(13))


@pytest.mark.parametrize(
    ("verdict", "now", "lapsed"),
    [
        (APPROVE, row(units=("14", "16")), False),
        (APPROVE, row(units=("12", "16")), True),
        (APPROVE, row(units=("14", "16"), unit_cost=("8.00", "9.00")), False),
        (REJECT, row(units=("14", "16")), True),
    ],
)
def test_an_approval_that_was_carried_out_has_not_lapsed(
    book: Open, file: Path, verdict: Verdict, now: Row, *, lapsed: bool
) -> None:
    """The line stands where it was wanted: the next change of it is simply new."""
    write_whole(file, decisions_bytes([Decision(ONE.id, verdict, "dana", AT, "", about(ONE))]))
    assert (book().lapsed(now) is not None) is lapsed


def test_a_decision_of_before_that_says_nothing_of_its_line_lapses_silently(book: Open, file: Path) -> None:
    """There is nothing to tell it by; it stays in the file."""
    write_whole(file, decisions_bytes([Decision(ONE.id, REJECT, "dana", AT)]))
    mine = book()
    assert (mine.lapsed(OTHER), mine.verdict(ONE.id)) == (None, REJECT)
    mine.decide([TWO], HOLD)
    mine.flush()
    assert on_disk(file).keys() == {ONE.id, TWO.id}


# Files.


def test_a_folder_somebody_else_has_locked_is_waited_for_and_then_named(file: Path) -> None:
    """Not for ever; and once it is free it can be had."""
    handle = os.open(file.parent, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(PsareconError, match=r"plan\.decisions\.json cannot be locked"), locked(file, 0.05):
        pass
    freed = threading.Timer(0.05, os.close, [handle])
    freed.start()
    with locked(file, 5.0):
        assert list(file.parent.iterdir()) == []
    freed.join()


def test_a_replaced_file_keeps_its_permissions(file: Path) -> None:
    """A file that a team shares stays shared."""
    file.write_bytes(b"")
    file.chmod(0o664)
    write_whole(file, [b"in ", b"pieces"])
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"in pieces", 0o664)
