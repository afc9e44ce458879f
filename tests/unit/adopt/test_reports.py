from __future__ import annotations

import re

from psarecon.adopt.outcome import Outcome
from psarecon.report.import_data import import_data
from psarecon.report.import_markdown import import_markdown
from psarecon.report.import_text import import_text

from .world import FakePsa, FakeSource, adopted, company

EVIL = "\x1b]52;c;x\x07 | <script> @all [a](b) \u202e ::error::"


def outcome() -> Outcome:
    """An import of names that mean harm: one imported, one in doubt, one without a counterpart."""
    source = FakeSource("jumpcloud", [("o1", EVIL, ""), ("o2", f"Harbor {EVIL}", ""), ("o3", "Zebra", "")])
    psa = FakePsa("autotask", [company("1", EVIL), company("2", f"Harbor East {EVIL}")], {"1": ["JumpCloud"]})
    adoption, _ = adopted([source], psa)
    return Outcome(tuple(adoption.results()), ("clients/a.yaml",), (("clients/b.yaml", f"- {EVIL}"),), (EVIL,))


def test_no_name_does_anything_in_the_text() -> None:
    """No sign that steers a terminal, no line that a pipeline obeys."""
    text = "\n".join(import_text(outcome()))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert not re.search("(?m)^ *::", text)
    assert text.startswith("3 organizations\n     1  imported (1 by name)\n     1  in doubt, proposed\n")


def test_no_name_does_anything_in_markdown() -> None:
    """Neither HTML nor a mention, a link or a cell of its own; what does not fit is counted."""
    text = import_markdown(outcome())
    assert not [one for one in ("<script>", "@all", "[a](b)", "| <") if one in text]
    small = import_markdown(outcome(), 2048)
    assert len(small.encode()) <= 2048


def test_data_for_programs_has_every_organization() -> None:
    """With its candidates, scores and reasons, and the counts of all states."""
    data = import_data(outcome())
    assert data["counts"] == {
        "mapped": 0, "imported": 1, "doubtful": 1, "open": 0, "none": 1, "ignored": 0, "gone": 0,
    }  # fmt: skip
    assert [one["candidates"][0]["company"] for one in data["organizations"] if one["candidates"]] == ["1", "2"]
    assert "\x1b" not in str(data)
