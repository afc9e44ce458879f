from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from psarecon.report.table import Column, rows_of
from psarecon.text import clean, plain, signed

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
anything = st.text(st.characters(exclude_categories=()), max_size=60)
figures = st.decimals(-10_000_000, 10_000_000, places=4, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Acme Corp", "Acme Corp", id="plain"),
        pytest.param("Blåbær & 北海道", "Blåbær & 北海道", id="letters of any script"),
        pytest.param("a\x1b[31mb", "a\N{REPLACEMENT CHARACTER}[31mb", id="ESC"),
        pytest.param("\x1b]52;c;cm0=\x07", "\N{REPLACEMENT CHARACTER}]52;c;cm0=\N{REPLACEMENT CHARACTER}", id="OSC 52"),
        pytest.param("a\x9b31mb", "a\N{REPLACEMENT CHARACTER}31mb", id="C1"),
        pytest.param("a\u202eb", "a\N{REPLACEMENT CHARACTER}b", id="bidi override"),
        pytest.param("a\u2066b\u2069", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}", id="bidi isolate"),
        pytest.param("a\nb\r\nc\td", "a b  c d", id="lines and tabs"),
        pytest.param("a\u2028b\x85c", "a b c", id="other line ends"),
        pytest.param("a\x00b", "a\N{REPLACEMENT CHARACTER}b", id="NUL"),
        pytest.param("a\ud800b", "a\N{REPLACEMENT CHARACTER}b", id="half a surrogate"),
        pytest.param("a\u200bb", "a\N{REPLACEMENT CHARACTER}b", id="zero width"),
        pytest.param("[/oops] | <script> =cmd()", "[/oops] | <script> =cmd()", id="other languages' signs stay"),
        pytest.param("", "", id="empty"),
    ],
)
def test_what_steers_a_terminal_becomes_visible_or_a_blank(text: str, shown: str) -> None:
    """Signs that draw something stay as they are."""
    assert clean(text) == shown


@given(anything)
def test_a_cleaned_text_is_one_line_without_hidden_characters(text: str) -> None:
    """Whatever comes in; cleaning twice is cleaning once; it can be written as UTF-8."""
    shown = clean(text)
    assert not {unicodedata.category(character) for character in shown} & _HIDDEN
    assert len(shown.splitlines()) <= 1
    assert clean(shown) == shown
    assert shown.encode().decode() == shown


@given(anything, st.integers(1, 70))
def test_a_limit_is_kept_and_a_cut_is_shown(text: str, limit: int) -> None:
    """Longer texts end in an ellipsis."""
    shown = clean(text, limit)
    assert len(shown) == min(len(text), limit)
    assert shown.endswith("…") or len(text) <= limit


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (14, "14"),
        (Decimal(14), "14"),
        (Decimal("9.00"), "9.00"),
        (Decimal("0.125"), "0.125"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0"), "0"),
    ],
)
def test_a_number_is_written_without_exponent(number: Decimal | int, shown: str) -> None:
    """As a person writes it."""
    assert plain(number) == shown


@given(figures)
def test_a_written_number_reads_as_itself(number: Decimal) -> None:
    """No digit is lost."""
    assert Decimal(plain(number)) == number


@pytest.mark.parametrize(
    ("number", "shown"), [("1234.5", "+1,234.50"), ("-3", "-3.00"), ("0", "0.00"), ("1234567.89", "+1,234,567.89")]
)
def test_money_that_moves_has_its_sign(number: str, shown: str) -> None:
    """Nothing moves without one, but zero."""
    assert signed(Decimal(number)) == shown


@given(st.lists(st.tuples(anything, anything), min_size=1, max_size=4))
def test_every_column_begins_at_the_same_cell_in_every_row(rows: list[tuple[str, str]]) -> None:
    """Wide, combining and hidden characters included: what is aligned is cells."""
    columns = (Column("Client", 26), Column("Cost", 12, right=True), Column("End", 3))
    lines = list(rows_of(columns, [(*row, "END") for row in rows]))
    assert lines[0].endswith("End")
    assert {cell_len(line) for line in lines} == {cell_len(lines[0])}
    assert cell_len(lines[0]) <= 26 + 12 + 3 + 2 * 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("::add-mask::x", ": :add-mask::x"),
        ("  ::error::x", "  : :error::x"),
        ("\t::error::x", " : :error::x"),
        ("##vso[task.setvariable variable=a]b", "# #vso[task.setvariable variable=a]b"),
        ("a ##[group]x", "a # #[group]x"),
        ("ACME::Labs ## two", "ACME::Labs ## two"),
    ],
)
def test_a_name_is_no_command_to_a_pipelines_log(name: str, shown: str) -> None:
    """GitHub obeys lines that begin with two colons, Azure two number signs before a bracket; other names stay."""
    assert clean(name) == shown
