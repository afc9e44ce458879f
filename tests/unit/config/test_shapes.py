"""Entries that repeat one another are read without the parser, and never otherwise than by it."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from psarecon.config.documents import Document, Items, parse_document
from psarecon.config.reader import read
from psarecon.config.shapes import Shapes

#: What may stand for a value: of each kind that fills a gap, and what only looks as if it did.
QUOTED = st.text(st.characters(codec="utf-8", exclude_characters='"\\\n'), max_size=8).map('"{}"'.format)
ODD = st.sampled_from(
    [
        *("no", "Null", "010", "1.5", "1 000", "5, 6", "a, b", "a #b", "a: b", "'x # y'", '"a" b', 'a "b"', "it's"),
        *('"\\"x"', '"a ", "b"', "[a, 1]", "{a: 1}", "&x 1", "*x", "!t 1", "|\n    - x\n", ">-\n   y", "", "~"),
        *('"two\n   lines"', "x'", "(x)", "-1", "- 1", "1\u0661", "\u0661", "{a: 1, b: x, y}", "{a: 1\n   }", "a  b"),
        *('"\n- "', "'\n- x'", "{a:\n- b}", "@", "%", "a|b", "0", "00", "9" * 18, "9" * 19, "true", "a\t", "a ,b"),
        *('{"a": "b"}', "a\n    b", "{a: b, c # d\n   }"),
    ]
)
PLAIN = st.from_regex(r"[0-9A-Za-z][a-z0-9 ,.&'()/-]{0,6}", fullmatch=True) | st.integers(0, 10**18).map(str)
VALUE = QUOTED | PLAIN | ODD
AFTER = st.sampled_from(["", "", "", " # said", " # no: \"x\" 'y'", "#x", "\r", " ", "\n", "\n\n  # c"])
FORMS = (
    "client: {0}{1}\n  psa: {2}{3}\n",
    "a: {{id: {0}, name: {2}}}{1}\n  b:\n    - c: {2}{3}\n      d: {{e: {0}}}\n",
    "a:\n  - {0}\n  - {2}{1}\n",
    "{{x: {0},\n   y: {2}}}{3}\n",
    "{0}: {2}{1}\n",
)
#: Entries of one form that differ in what fills it: they are matched whole, or just fail to be.
ALIKE = st.sampled_from(["17", "0", "901", "a", "Acme, Inc", "no", "1_0", "010", '"x"', '"y: #%s"', "9" * 19, "b #c"])
RUN = st.builds(
    lambda form, after, rows: [form.format(one, after, other, after) for one, other in rows],
    st.sampled_from(FORMS),
    AFTER,
    st.lists(st.tuples(ALIKE, ALIKE), min_size=4, max_size=9),
)
ENTRY = st.builds(str.format, st.sampled_from(FORMS), VALUE, AFTER, VALUE, AFTER)
HEAD = st.sampled_from(["", "", "", "# top\n", "---\n", "\n# a\n---\n  # b\n", "%YAML 1.1\n---\n", " \n"])
END = st.sampled_from(["", "", "...\n", "---\n- a: 1\n", "x"])


def joined(head: str, entries: list[str], end: str) -> str:
    """A list of these entries."""
    return head + "".join(f"- {entry}" for entry in entries) + end


TEXT = st.builds(joined, HEAD, st.lists(ENTRY, min_size=1, max_size=5) | RUN, END)


def told(data: Any) -> Any:
    """The data with the type of every value, and the lines of every list."""
    if isinstance(data, dict):
        return [(key, told(value)) for key, value in data.items()]
    if isinstance(data, Items):
        return data.lines, [told(value) for value in data]
    return type(data), data


def known(document: Document) -> tuple[Any, ...]:
    """All that a document says."""
    return told(document.data), document.line, document.found


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXT | ENTRY, min_size=1, max_size=3))
@example(["- a: |+\n    x\n\n- a: |+\n    y\n\n"])
@example(["- a: x\n", "- a: x, y\n", "- {a: x\n   }\n- {a: x, y\n   }\n"])
@example(['- {x: "a ", y: "b"}\n- {x: "c ", y: "d"}\n'])
@example(["- a: |\n    x # b\n- a: |\n    x # c\n"])
@example(["- a: 1\n-\n  a: 2\n- a: 3\n"])
@example(["- a: 1\n- a: 2\n- a: 3\n  b: 4\n- a: 5\n"])
@example(["- a: 1\n- a: 2\n- a: 3\n", "a: 4\n", "- a: 5\n"])
@example(['- a: "%s"\n- a: "%"\n- a: "%%d"\n'])
def test_every_text_is_read_as_the_parser_reads_it(texts: list[str]) -> None:
    """Data, types, lines and problems, also where one file has shapes of another."""
    shapes = Shapes(read)
    for text in texts:
        raw = text.encode()
        assert known(parse_document(raw, "x.yaml", shapes)) == known(parse_document(raw, "x.yaml"))


class Counted:
    """The parser, with how many texts it was given."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, document: Document) -> None:
        """Parse it."""
        self.count += 1
        read(document)


ACME = """\
client: Acme {0}, Inc  # since {0}
psa: "memory"
lines:
  - product: seats-{0}
    id: {{a: {0}}}
"""


def test_entries_of_one_shape_are_parsed_once() -> None:
    """However many, with names in quotes or without, and with ids, products and comments of their own."""
    entries = (ACME.format(number).replace("\n", "\n  ").rstrip(" ") for number in range(200))
    parser = Counted()
    document = parse_document("".join(f"- {entry}" for entry in entries).encode(), "x.yaml", Shapes(parser))
    assert document.data[199]["client"] == "Acme 199, Inc"
    assert document.data[199]["lines"] == [{"product": "seats-199", "id": {"a": 199}}]
    assert document.data[199]["lines"].lines == [199 * 5 + 4]
    assert parser.count == 1


def test_files_of_one_shape_are_parsed_once() -> None:
    """A client a file is as good as all in one."""
    parser = Counted()
    shapes = Shapes(parser)
    documents = [parse_document(ACME.format(number).encode(), "x.yaml", shapes) for number in range(200)]
    assert [document.data["client"] for document in documents] == [f"Acme {number}, Inc" for number in range(200)]
    assert parser.count == 1


def test_a_text_of_many_shapes_goes_to_the_parser_whole() -> None:
    """Trying on is no use there."""
    parser = Counted()
    text = "".join(f"- {{a{number}: 1}}\n" for number in range(500))
    document = parse_document(text.encode(), "x.yaml", Shapes(parser))
    assert len(document.data) == 500
    assert parser.count < 100


def test_many_files_that_have_nothing_in_common_are_not_tried_for_long() -> None:
    """Each would be parsed twice."""
    parser = Counted()
    shapes = Shapes(parser)
    for number in range(1000):
        parse_document(f"a{number}: 1\n".encode(), "x.yaml", shapes)
    assert parser.count < 300
