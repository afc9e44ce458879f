from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psarecon.config.problems import Problem, Problems, in_order
from psarecon.errors import EXIT_INVALID


def test_a_problem_is_drawn_with_its_source_line_a_caret_and_the_way_to_write_it() -> None:
    """As a compiler does it."""
    problem = Problem(
        "clients/acme.yaml", 7, 16, "unit_cost must be a quoted decimal", "    unit_cost: 9.00", 'write "9.00"'
    )
    assert problem.render() == (
        "clients/acme.yaml:7:16: error: unit_cost must be a quoted decimal\n"
        "        unit_cost: 9.00\n"
        '                   ^ write "9.00"'
    )


def test_the_caret_stands_under_the_column_also_behind_wide_and_combining_characters() -> None:
    """Two cells for a Chinese character, none for a combining accent."""
    problem = Problem("x.yaml", 1, 9, "wrong", "中e\N{COMBINING ACUTE ACCENT}: abc x")
    assert problem.render().splitlines()[2] == " " * 12 + "^"


def test_a_long_line_is_shown_as_a_window_around_the_column() -> None:
    """A name of 10,000 characters does not fill the screen, and the caret still points at the culprit."""
    problem = Problem("x.yaml", 1, 5001, "wrong", "a" * 5000 + "B" + "c" * 5000)
    _, line, caret = problem.render().splitlines()
    assert len(line) == 116
    assert line[caret.index("^")] == "B"


def test_control_and_bidi_characters_never_reach_the_terminal() -> None:
    """An escape sequence in a name, or a file's line that would turn the reading order."""
    hostile = "\x1b]52;c;aGk=\x07\u202eevil\x9b2J\n"
    problem = Problem("x.yaml", 1, 1, hostile, hostile, hostile)
    shown = problem.render()
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(shown)
    assert shown.count("\n") == 2


@given(st.text(), st.text(), st.text(), st.integers(1, 200))
def test_any_problem_draws_at_most_three_lines(message: str, line: str, suggestion: str, column: int) -> None:
    """Whatever strangers write into it."""
    assert len(Problem("x.yaml", 1, column, message, line, suggestion).render().split("\n")) <= 3


def test_problems_are_one_error_with_exit_code_3_that_shows_them_all() -> None:
    """What a plan on a broken mapping says."""
    error = Problems([Problem("b.yaml", 2, 1, "wrong"), Problem("a.yaml", 1, 1, "broken")])
    assert error.exit_code == EXIT_INVALID == 3
    assert str(error) == "b.yaml:2:1: error: wrong\na.yaml:1:1: error: broken"
    assert error.hint == "psarecon check shows every error of every file"


def test_problems_are_told_once_and_in_the_order_of_files_lines_and_columns() -> None:
    """However they were found."""
    places = [("b", 1, 1), ("a", 10, 1), ("a", 2, 9), ("a", 2, 10), ("a", 2, 9)]
    ordered = in_order([Problem(file, line, column, "wrong") for file, line, column in places])
    assert [(p.file, p.line, p.column) for p in ordered] == [("a", 2, 9), ("a", 2, 10), ("a", 10, 1), ("b", 1, 1)]


@pytest.mark.parametrize("source", ["", "   "])
def test_without_a_source_line_the_suggestion_stands_by_itself(source: str) -> None:
    """A file that is missing has no line to show."""
    assert Problem("x", 1, 1, "gone", source, "write it").render() == "x:1:1: error: gone\n    write it"
