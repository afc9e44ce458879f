from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psarecon.config.documents import parse_document
from psarecon.config.inserting import Insertion, NotInserted

ITEM = ["- product: new", "  service: {id: 9}"]
DATA = {"product": "new", "service": {"id": 9}}


def added(text: str, path: tuple[int, ...] = ()) -> str:
    """The text with an organization and a line more."""
    insertion = Insertion(text)
    insertion.add_keys((*path, "organizations"), ['lastpass: "18"'], "lines")
    insertion.add_items((*path, "lines"), [ITEM], [DATA])
    return insertion.result()


def data(text: str) -> Any:
    """What the strict reader finds."""
    document = parse_document(text.encode(), "f")
    assert document.found == []
    return document.data


def is_kept(before: str, after: str) -> bool:
    """Whether every sign of the text is there still, in its order."""
    signs = iter(after)
    return all(sign in signs for sign in before)


def with_more(client: dict[str, Any]) -> dict[str, Any]:
    """The data that is wanted."""
    organizations = {**client.get("organizations", {}), "lastpass": "18"}
    return {**client, "organizations": organizations, "lines": [*(client["lines"] or []), DATA]}


COMMENT = st.sampled_from(["", "  # said by Ana", "   #", "  # - product: old"])
BETWEEN = st.sampled_from(["", "\n", "# a row of its own\n", "\n    # further in\n\n"])


@st.composite
def clients(draw: st.DrawFn) -> str:
    """A client file as people write them: brackets or rows, comments anywhere, odd indentation, any line end."""
    indent, dash = " " * draw(st.integers(1, 4)), " " * draw(st.integers(0, 4))
    organizations = draw(
        st.sampled_from(
            [
                "",
                'organizations: {jumpcloud: "o1"}',
                'organizations: { jumpcloud: "o1" , }',
                "organizations: {}",
                f'organizations:\n{indent}jumpcloud: "o1"',
                f'organizations:\n{indent}# ours\n{indent}jumpcloud: "o1"\n{indent}other: two words',
                'organizations: {\n  jumpcloud: "o1"  # ours\n  }',
            ]
        )
    )
    items = [
        f"{dash}- product: a{draw(COMMENT)}\n{dash}  service: {{id: 1}}{draw(COMMENT)}\n{dash}  # allow: later",
        f"{dash}- {{product: b, service: {{id: 2}}}}{draw(COMMENT)}",
        f"{dash}-   product: c\n{dash}    service:\n{dash}      id: 3{draw(COMMENT)}",
    ]
    chosen = draw(st.lists(st.sampled_from(items), min_size=0, max_size=3))
    empty = draw(st.sampled_from(["lines: []", "lines:", "lines:  # none yet", "lines: []  # tickets"]))
    lines = "lines:\n" + "\n".join(chosen) if chosen else empty
    head = f'client: "Acme"{draw(COMMENT)}'
    parts = [head, *([organizations] if organizations else []), "psa: autotask", "company: {id: 1}", lines]
    parts += [draw(st.sampled_from(["", "allow: []", "# the end"]))]
    text = "".join(f"{part}\n{draw(BETWEEN)}" for part in parts if part)
    text = text.rstrip("\n") if draw(st.booleans()) else text
    text = text.replace("\n", "\r\n") if draw(st.booleans()) else text
    return ("\ufeff" if draw(st.booleans()) else "") + text


@given(clients())
def test_what_somebody_wrote_stays(text: str) -> None:
    """Whatever the file looks like: the data is as wanted, and but for an empty list's brackets every sign stays."""
    before = data(text)
    after = added(text)
    assert data(after) == with_more(before)
    kept = text.replace("lines: []", "lines: ") if before["lines"] == [] else text
    assert is_kept(kept, after)


@given(clients())
def test_rows_stay_as_they_are(text: str) -> None:
    """A line is added as rows of its own: of the others only an empty list's changes."""
    insertion = Insertion(text)
    insertion.add_items(("lines",), [ITEM], [DATA])
    rows = insertion.result().split("\n")
    changed = [row for row in text.split("\n") if row not in rows and row + "\r" not in rows]
    assert [row for row in changed if not row.startswith("lines: []")] == []


def test_files_that_are_json_are_added_to() -> None:
    """Between brackets what is added stands between brackets."""
    text = '{"client": "A", "organizations": {"jumpcloud": "o1"}, "psa": "p", "lines": [{"product": "a"}]}\n'
    assert data(added(text)) == with_more(data(text))


def test_one_client_of_a_list_is_added_to() -> None:
    """The others stay."""
    text = "- client: A\n  psa: p\n  lines:\n    - product: a\n- client: B\n  psa: p\n  lines: []\n"
    before, after = data(text), data(added(text, (0,)))
    assert after == [with_more(before[0]), before[1]]


@pytest.mark.parametrize(
    "text",
    ["psa: p\n", "lines:\n  -\n    product: a\n", "lines: [\n  ]\n", "{lines: []}\n", "lines: no list\n", "a: [\n"],
)
def test_a_form_that_cannot_be_added_to_is_refused(text: str) -> None:
    """Nothing is guessed: the caller says that it is for somebody's hand."""
    with pytest.raises(NotInserted):
        Insertion(text).add_items(("lines",), [ITEM], [DATA])
