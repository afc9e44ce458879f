from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psarecon.config.documents import DEEPEST, MOST_BYTES, Document, Items, load_document, parse_document
from psarecon.config.locate import present, spans
from psarecon.config.problems import Issue

from .conftest import told

#: JSON writes characters beyond these as two escapes, which YAML does not know.
TEXT = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def parsed(text: str) -> Document:
    """A document of this text."""
    return parse_document(text.encode(), "clients/x.yaml")


def problems(text: str) -> list[str]:
    """What is wrong with this text, without the file's name."""
    return [told(found.problem).removeprefix("clients/x.yaml:") for found in parsed(text).found]


def test_a_document_becomes_plain_data() -> None:
    """Mappings, lists, texts, integers, switches and null, and the line of each list item."""
    document = parsed("# top\nname: Acme & Sons\nids: [1, '2']\nlines:\n  - a: true\n\n  - b:\n")
    assert document.found == []
    assert document.data == {
        "name": "Acme & Sons",
        "ids": [1, "2"],
        "lines": [{"a": True}, {"b": None}],
    }
    assert document.data["lines"].lines == [5, 7]
    assert document.line == 2


def test_references_in_braces_need_no_quotes() -> None:
    """The strict C parser refuses this colon; YAML 1.2 and the documentation do not."""
    document = parsed("a: {key: env:NAME, url: https://x}\nb: 2\n")
    assert document.found == []
    assert document.data == {"a": {"key": "env:NAME", "url": "https://x"}, "b": 2}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1: the key 'a' is written twice"),
        ("a: &x 1\n", "1:4: anchors are not supported"),
        ("a: &x [1]\n", "1:4: anchors are not supported"),
        ("a: !!str 1\n", "1:4: tags are not supported"),
        ("a: !thing {}\n", "1:4: tags are not supported"),
        ("<<: {a: 1}\n", "1:1: this key is not supported: merge keys and value keys are refused"),
        ("a:\n  unit_cost: 9.00\n", "2:14: unit_cost must be a quoted decimal"),
        ("- 010\n", "1:3: this value must be quoted: some readers take the leading zero for an octal number"),
        ("7: x\n", "1:1: a key must be text"),
        ("on: x\n", "1:1: this key must be quoted or a plain true or false"),
        ("? [a]\n: b\n", "1:3: a key must be text"),
        ('a: "\\0"\n', "1:4: must not hold a NUL character"),
        ("a: 1\n---\nb: 2\n", "2:1: a file holds one document"),
        ("", "1:1: the file is empty"),
        ("# only a comment\n", "1:1: the file is empty"),
        ("a:\n\t- b\n", "2:1: a tab is not allowed here"),
        ("a:\tb\n", "1:3: a tab is not allowed here"),
        ("a: b\ufeffc\n", "1:5: the character U+FEFF is not allowed"),
        ("a: b\x00\n", "1:5: the character U+0000 is not allowed"),
        ("a: b\u2028c\n", "1:5: the character U+2028 is not allowed"),
        ("a: b\rc\n", "1:5: the character U+000D is not allowed"),
        ("a: @b\n", "1:4: while scanning for the next token, found character that cannot start any token"),
        ("a: b: c\n", "1:5: mapping values are not allowed in this context"),
        ("[" * 40, f"1:{DEEPEST + 1}: nested deeper than {DEEPEST} levels"),
    ],
)
def test_what_could_mislead_is_refused_at_its_place(text: str, expected: str) -> None:
    """One problem each, at the line and column of the culprit."""
    assert problems(text) == [expected]


def test_aliases_are_refused_however_many_there_are() -> None:
    """A billion laughs is two problems, not a gigabyte."""
    assert problems("a: &x [1]\nb: [*x, *x]\n") == [
        "1:4: anchors are not supported",
        "2:5: aliases are not supported",
        "2:9: aliases are not supported",
    ]


def test_all_problems_of_a_text_are_told_at_once() -> None:
    """The reader goes on after what it can understand, up to a syntax error."""
    assert problems("a: 010\na: no\nc: [1.5, 2.5]\nd: }\n") == [
        "1:4: a must be quoted: some readers take the leading zero for an octal number",
        "2:1: the key 'a' is written twice",
        "2:4: a must be quoted or a plain true or false",
        "3:5: this value must be a quoted decimal",
        "3:10: this value must be a quoted decimal",
        "4:4: while parsing a block node, did not find expected node content",
    ]


def test_a_tab_in_a_comment_and_in_json_does_no_harm() -> None:
    """Only where it could be taken for indentation."""
    assert problems("a: 1 # x\ty\n#\tz\n") == []
    assert parsed('{\n\t"a": 1,\n\t"b": [2]\n}\n').data == {"a": 1, "b": [2]}


def test_a_byte_order_mark_at_the_start_and_windows_line_ends_are_read_over() -> None:
    """Editors write both."""
    document = parse_document(b"\xef\xbb\xbfa: 1\r\nb: no\r\n", "x.yaml")
    assert document.data == {"a": 1, "b": "no"}
    assert document.found[0].problem.source_line == "b: no"


def test_a_file_that_is_not_utf_8_is_refused_at_its_first_wrong_byte() -> None:
    """Latin-1 is named by what it should be."""
    found = parse_document("a: 1\nb: Zürich\n".encode("latin-1"), "x.yaml").found[0].problem
    assert (found.line, found.column, found.message) == (2, 5, "the file is not UTF-8 text")


def test_a_file_larger_than_16_mib_is_refused_unread(tmp_path: Path) -> None:
    """No honest file comes near."""
    path = tmp_path / "x.yaml"
    with path.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)
    found = load_document(path, "x.yaml", tmp_path).found
    assert [problem.problem.message for problem in found] == ["the file is larger than 16 MiB"]


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    """A folder in its place, for instance."""
    found = load_document(tmp_path, "x.yaml", tmp_path).found
    assert told(found[0].problem) == "x.yaml:1:1: cannot be read: Is a directory"


def test_the_garbage_collector_runs_again_after_a_file_is_read() -> None:
    """Also after one that is refused."""
    parsed("a: [")
    parsed("a: 1")
    assert gc.isenabled()


@given(JSON)
@settings(max_examples=150)
def test_json_is_read_as_yaml(data: Any) -> None:
    """The same data, unless it holds what is refused in any file: NUL and DEL."""
    document = parse_document(json.dumps({"data": data}).encode(), "x.yaml")
    if not document.found:
        assert json.loads(json.dumps(document.data)) == {"data": data}
    for found in document.found:
        assert "NUL" in found.problem.message or "U+007F" in found.problem.message


@given(st.text() | st.text(st.sampled_from("ab: -[]{}#&*!|>'\"%@`,?\n\t0.1~\\")))
@settings(max_examples=400)
def test_any_text_either_loads_or_gives_problems(text: str) -> None:
    """No other exception, and every problem can be drawn."""
    document = parse_document(text.encode("utf-8", "surrogatepass"), "x.yaml")
    assert (document.data is not None) or document.found
    for problem in present(document, [Issue((0, "a"), "wrong")]):
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.render().startswith("x.yaml:")


@given(st.binary(max_size=200))
def test_any_bytes_either_load_or_give_problems(raw: bytes) -> None:
    """Not text at all, half a character, anything."""
    document = parse_document(raw, "x.yaml")
    assert (document.data is not None) or document.found


def paths_of(data: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Every path of the data."""
    steps: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return {path}.union(*(paths_of(value, (*path, step)) for step, value in steps))


@given(st.dictionaries(st.text("abc", min_size=1), JSON, min_size=1))
def test_every_part_of_the_data_has_a_place_in_the_text(data: dict[str, Any]) -> None:
    """The pass that finds places walks the same paths as the pass that builds data."""
    document = parse_document(json.dumps(data, indent=1).encode(), "x.yaml")
    if document.data is not None and not document.found:
        found = spans(document)
        assert {span.path for span in found} == paths_of(document.data)
        wanted = max(paths_of(document.data), key=str)
        assert [span for span in found if span.path == wanted] == [
            span for span in spans(document, [wanted]) if span.path == wanted
        ]


def test_lists_know_the_line_of_each_item() -> None:
    """One line number an item, nothing else."""
    data = parsed("- a\n- b\n\n- c\n").data
    assert isinstance(data, Items)
    assert data.lines == [1, 2, 4]
