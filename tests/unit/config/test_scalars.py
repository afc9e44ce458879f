from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psarecon.config.scalars import Trap, plain


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-7", -7),
        ("999999999999999999", 999_999_999_999_999_999),
        ("2026-12-31", "2026-12-31"),
        ("624d9eae6849cf3b3f93dc56", "624d9eae6849cf3b3f93dc56"),
        ("env:NAME", "env:NAME"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("36h", "36h"),
        ("Acme & Sons", "Acme & Sons"),
    ],
)
def test_an_unambiguous_word_has_its_one_meaning(text: str, meaning: object) -> None:
    """Integers, switches, null, and all that no reader takes for a number."""
    found = plain(text)
    assert (type(found), found) == (type(meaning), meaning)


@pytest.mark.parametrize(
    ("text", "message", "suggestion"),
    [
        ("9.00", "must be a quoted decimal", 'write "9.00"'),
        (".5", "must be a quoted decimal", 'write ".5"'),
        ("1e3", "must be quoted: it reads as a float", 'write "1e3"'),
        ("624e10", "must be quoted: it reads as a float", 'write "624e10"'),
        (".inf", "must be quoted: it reads as a float", 'write ".inf"'),
        (
            "010",
            "must be quoted: some readers take the leading zero for an octal number",
            'write "010", or 10 for a number',
        ),
        ("0o17", "must be quoted: some readers take the leading zero for an octal number", 'write "0o17"'),
        ("0x1f", "must be quoted: it reads as a hexadecimal number", 'write "0x1f"'),
        ("0b11", "must be quoted: it reads as a binary number", 'write "0b11"'),
        ("1_000", "must not have underscores", 'write "1_000", or 1000 for a number'),
        ("+5", "must not have a plus sign", 'write "+5", or 5 for a number'),
        ("1:20", "must be quoted: it reads as a base-60 number", 'write "1:20"'),
        ("1000000000000000000", "has more than 18 digits and must be quoted", 'write "1000000000000000000"'),
        ("no", "must be quoted or a plain true or false", 'write "no" for the word, false for a switch'),
        ("ON", "must be quoted or a plain true or false", 'write "ON" for the word, true for a switch'),
        ("True", "must be quoted or a plain true or false", 'write "True" for the word, true for a switch'),
        ("NULL", "must be quoted or a plain null", 'write "NULL" for the word'),
        ("<<", "is not supported: merge keys and value keys are refused", "write the keys out"),
    ],
)
def test_an_ambiguous_word_is_refused_with_the_way_to_write_it(text: str, message: str, suggestion: str) -> None:
    """Each trap of YAML's readers has its own sentence."""
    assert plain(text) == Trap(message, suggestion)


@given(st.from_regex(re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII), fullmatch=True))
def test_every_plain_integer_of_at_most_18_digits_is_that_integer(text: str) -> None:
    """No digit is lost and none is guessed."""
    assert plain(text) == int(text)


@given(st.text("0123456789+-.eExXoObBaAfF:", min_size=1, max_size=12))
def test_whatever_python_reads_as_a_number_is_an_integer_or_refused(text: str) -> None:
    """A word that is a number to somebody never passes as a text."""
    try:
        Decimal(text)
    except InvalidOperation:
        return
    assert isinstance(plain(text), (int, Trap))


@given(st.sampled_from(["yes", "no", "on", "off", "y", "n"]), st.data())
def test_the_switches_of_old_yaml_are_refused_in_any_case(word: str, data: st.DataObject) -> None:
    """``No`` is a country to some and false to others."""
    cased = "".join(data.draw(st.sampled_from([letter, letter.upper()])) for letter in word)
    assert isinstance(plain(cased), Trap)
