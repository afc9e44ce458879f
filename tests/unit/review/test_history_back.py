"""Taking a run back from the history: what is asked, under which name the plan is kept, what it leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from unit.domain.make import change, plan_of

from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan_file import plan_bytes
from psarecon.domain.written import with_id
from psarecon.errors import InvalidInput, PsareconError
from psarecon.files import write_new
from psarecon.ledger.journal import Event
from psarecon.review.history import IN_DOUBT, Run, Tally
from psarecon.review.history_back import aside, finding_lines, free_name, left_out, question
from psarecon.review.opened import Opened, open_plan
from psarecon.review.spans import text_of

RUN = "20261120T170000-1a2b3c"


@contextmanager
def opened(folder: Path, findings: Iterable[Finding]) -> Iterator[Opened]:
    """A plan of one change with these findings."""
    path = folder / "plan.json"
    path.write_bytes(plan_bytes(with_id(plan_of([change()], findings))))
    with closing(open_plan(path)) as found:
        yield found


def moved_on(number: int) -> Finding:
    """A line that is left out."""
    return Finding("moved-on", Severity.LOOK, f"line:autotask/{number}", "the line now is 16: it is not taken back")


TOLD = Finding("rollback", Severity.INFO, "plan", "takes back run 20261120T170000-1a2b3c: 1 of the 3 lines it wrote")


def test_the_plan_gets_the_runs_name_and_a_number_where_that_is_taken(tmp_path: Path) -> None:
    """Whatever is there, even a link that leads nowhere, is left alone."""
    assert free_name(RUN, tmp_path) == f"rollback-{RUN}.json"
    (tmp_path / f"rollback-{RUN}.json").touch()
    (tmp_path / f"rollback-{RUN}-2.json").symlink_to("nowhere")
    assert free_name(RUN, tmp_path) == f"rollback-{RUN}-3.json"


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\x1bb", "", "x" * 300, "a/b"])
def test_a_runs_name_that_could_be_no_files_is_left_out_of_it(tmp_path: Path, name: str) -> None:
    """The journal may be a stranger's."""
    assert free_name(name, tmp_path) == "rollback.json"


def test_a_file_is_written_only_where_there_is_none(tmp_path: Path) -> None:
    """As private as every plan; a second one is refused and the first stays."""
    path = tmp_path / "new" / "back.json"
    write_new(path, b"one")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"one", 0o600)
    with pytest.raises(InvalidInput, match=r"back\.json is there already: nothing was written"):
        write_new(path, b"two")
    assert path.read_bytes() == b"one"
    with pytest.raises(PsareconError, match="cannot be written"):
        write_new(tmp_path / ("x" * 300), b"three")


def test_the_question_tells_what_can_be_taken_back_and_what_is_in_doubt() -> None:
    """Before anything is read."""
    run = Run(RUN, 0.0, 1.0, 1)
    title, lines = question(run, Tally(Counter({Event.VERIFIED.value: 2, IN_DOUBT: 1})), "rollback-x.json")
    assert title == f"Plan to take run {RUN} back?"
    assert lines == [
        "2 lines written and seen written; the PSA is read, and nothing is written to it",
        "1 line in doubt, left out: `psarecon resume` first",
        "the plan is saved under this name; an empty name is rollback-x.json",
    ]


def test_lines_that_are_left_out_are_told_with_the_key_that_shows_them(tmp_path: Path) -> None:
    """Those that moved on, and those that a finding holds back."""
    gone = Finding("line-missing", Severity.BLOCK, "line:autotask/9", "it is not there")
    with opened(tmp_path, [TOLD, moved_on(9001), moved_on(9002), gone]) as plan:
        assert left_out(plan, "f") == "2 lines moved on since, not taken back, 1 held back: f shows why"
        assert [one.code for one in aside(plan)] == ["line-missing", "moved-on", "moved-on", "rollback"]
    with opened(tmp_path, [TOLD]) as plan:
        assert left_out(plan, "f") == ""


def test_the_findings_beside_the_changes_are_told_in_full(tmp_path: Path) -> None:
    """What is said of a change stands beside that change, and is not told again."""
    own = Finding("quantity-jump", Severity.LOOK, f"line:{change().line}", "it jumps")
    with opened(tmp_path, [TOLD, moved_on(9001), own]) as plan:
        assert [text_of(line) for line in finding_lines(plan, 80)] == [
            "LOOK      moved-on: the line now is 16: it is not taken back",
            "about     line:autotask/9001",
            "",
            "INFO      rollback: takes back run 20261120T170000-1a2b3c: 1 of the 3 lines it",
            "          wrote",
            "about     plan",
            "",
        ]
    with opened(tmp_path, []) as plan:
        assert "nothing was found" in text_of(finding_lines(plan, 80)[0])
