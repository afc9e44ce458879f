from __future__ import annotations

import re

import pytest
from hostile.looks import STEADY
from hypothesis import given
from hypothesis import strategies as st
from unit.report.samples import NAMES, rendered, texts

from psarecon.report.escaped import code, escaped
from psarecon.text import clean

#: What GitHub and GitLab look for in the finished page, and make links, pictures or notifications of.
REFERENCES = re.compile(
    r"""@\w | \#\w | !\d | %[\w"] | ~[\w"] | &\d | \*\w | \[\w | \[\[ | \{[+-] | \[[+-]
    | :// | :[\w+-]+: | \bwww\. | \w\.[^\W\d_] | [A-Za-z]-\d | \b(?=\d*[a-f])[0-9a-f]{7,40}\b""",
    re.VERBOSE | re.IGNORECASE,
)


def cell(text: str) -> str:
    """A table with one name in it."""
    return f"| a | b |\n|---|---|\n| {escaped(text)} | end |\n"


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:30])
def test_a_name_in_a_table_is_text_and_nothing_else(name: str) -> None:
    """One cell of plain text, the name in it, and no sign of a reference."""
    page = rendered(cell(name))
    assert {tag for tag, _ in page.elements} <= {"table", "thead", "tbody", "tr", "th", "td", "span"}
    ((shown, end),) = page.tables[0].rows
    assert end == "end"
    assert shown.replace("\u200b", "") == " ".join(clean(name, 60).split(" ")).strip()
    assert not any(map(REFERENCES.search, page.outside_code()))


@STEADY
@given(texts)
def test_any_name_in_a_table_is_text_and_nothing_else(name: str) -> None:
    """The same for whatever strangers think of; spaces around it are the table's."""
    page = rendered(cell(name))
    assert {tag for tag, _ in page.elements} <= {"table", "thead", "tbody", "tr", "th", "td", "span"}
    ((shown, end),) = page.tables[0].rows
    assert end == "end"
    told = clean(name, 60)
    whole = shown.replace("\u200b", "").strip()
    assert whole == told.strip() or (whole.endswith("…") and told.strip().startswith(whole[:-1].strip()))
    assert not any(map(REFERENCES.search, page.outside_code()))


@STEADY
@given(texts)
def test_any_name_in_a_fold_is_text_and_nothing_else(name: str) -> None:
    """In `<summary>` there is HTML and no Markdown: no backslash shows, nothing gets out of it."""
    page = rendered(f"<details><summary>3 changes: {escaped(name)}</summary>\n\nbelow\n\n</details>\n")
    assert {tag for tag, _ in page.elements} <= {"details", "summary", "p", "span"}
    assert "\\" not in page.text() or "\\" in name


def test_a_dollar_begins_no_formula() -> None:
    """It is written as GitHub's documents say; two of them would else be mathematics."""
    assert escaped("$5 and $6") == "<span>$</span>5 and <span>$</span>6"


def test_ordinary_names_stay_as_they_are() -> None:
    """Whoever reads the raw text sees the name."""
    for name in ("Acme Corp.", "Blåbær & Brød AS", "Ωmega: Research (EU)", "jumpcloud-platform", "O'Neill, Sons + Co"):
        assert escaped(name) == name.replace("&", "&amp;")


@STEADY
@given(texts, st.integers(4, 80), st.integers(30, 400))
def test_a_text_is_cut_to_characters_and_bytes(text: str, characters: int, most: int) -> None:
    """Also when each sign of it takes fourteen bytes once escaped; never inside a reference."""
    found = escaped(text, characters, most)
    assert len(found.encode()) <= most
    assert re.search(r"&(?!amp;|lt;|gt;|#\d+;)", found) is None


def test_an_id_is_code_and_a_strange_one_is_escaped() -> None:
    """In code no site looks for references, but a backtick would end it."""
    assert (
        code("organization:jumpcloud/624d9eae6849cf3b3f93dc56") == "`organization:jumpcloud/624d9eae6849cf3b3f93dc56`"
    )
    assert code("a`b") == "a&#96;b"
    assert code("a|b") == "a&#124;b"
    assert code("") == ""
