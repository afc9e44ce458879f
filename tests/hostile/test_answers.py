"""Every record of every vendor's answers, one value of it made into something else: no command crashes on it.

The real answers of all four systems in the sandbox, changed on their way by a liar in between.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from harness import TODAY, Rehearsal
from hostile.liar import Liar, lying
from hostile.looks import ACTING, STEADY, harmless, missing, places, replaced, values
from hypothesis import given, settings
from hypothesis import strategies as st

from psarecon.sandbox.generate import init
from psarecon.sandbox.serve import running

_VARIABLE = re.compile(r"export (\w+)=(\S+)")
#: What a vendor may say in place of anything: wrong types, and values at the edge of each.
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**31,
    2**63,
    10**60,
    1.5,
    1e30,
    "",
    "x",
    "\ud800",
    "9" * 400,
    "1e9999",
    [],
    [[]],
    {},
    {"a": 1},
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Four mixed clients as ``sandbox init`` makes them, with readings in the ledger."""
    directory = tmp_path_factory.mktemp("answers") / "msp"
    init(directory, clients=4, today=TODAY)
    environ = dict(_VARIABLE.findall((directory / "env.sh").read_text("utf-8")))
    with running(directory) as url:
        found = Rehearsal(directory, url, environ)
        found.observed()
        yield found


@pytest.fixture(scope="module")
def liar(place: Rehearsal) -> Iterator[Liar]:
    """Between psarecon and the sandbox; the settings lead to it."""
    with lying(place.url) as found:
        (place.directory / ".sandbox" / "url").write_text(found.url, encoding="utf-8")
        yield found


def _paths(place: Rehearsal, liar: Liar, word: str) -> list[str]:
    """Where a command asks, ids left out."""
    liar.lie, liar.asked = (lambda _path, data: data), set()
    assert place.run(word).code == 0
    return sorted({re.sub(r"/[0-9a-f]{24}|/\d+", "/_", path) for path in liar.asked})


def _shape(path: str) -> str:
    return re.sub(r"/[0-9a-f]{24}|/\d+", "/_", path.partition("?")[0])


def test_the_liar_stands_before_all_four_vendors(place: Rehearsal, liar: Liar) -> None:
    """What the tests below change are the answers that count."""
    asked = " ".join([*_paths(place, liar, "observe"), *_paths(place, liar, "plan")])
    for part in ("/api/v2/providers", "/api/systemusers", "/business/v1/managed-companies", "/ContractServices/query",
                 "/ZoneInformation", "/companyinfo", "/additions"):  # fmt: skip
        assert part in asked


@settings(STEADY, max_examples=60)
@given(data=st.data())
def test_one_value_of_the_readings_is_another(place: Rehearsal, liar: Liar, data: st.DataObject) -> None:
    """`observe` keeps what it can, names what it cannot, and says nothing that acts."""
    _lied(place, liar, data, "observe", 0, 1, 6)


@settings(STEADY, max_examples=90)
@given(data=st.data())
def test_one_value_of_the_psas_is_another(place: Rehearsal, liar: Liar, data: st.DataObject) -> None:
    """`plan` tells a finding or one clear error."""
    _lied(place, liar, data, "plan", 0, 1)


def _lied(place: Rehearsal, liar: Liar, data: st.DataObject, word: str, *codes: int) -> None:
    shape = data.draw(st.sampled_from(_CACHE.setdefault(word, _paths(place, liar, word))))
    choice = data.draw(st.integers(0, 10**6))
    value = data.draw(st.one_of(st.sampled_from(ODD), st.sampled_from(ACTING), values))
    gone = data.draw(st.booleans())

    def lie(path: str, told: Any) -> Any:
        if _shape(path) != shape:
            return told
        found = places(told)
        at = found[choice % len(found)]
        return missing(told, at) if gone and at else replaced(told, at, value)

    liar.lie = lie
    harmless(place.run(word), *codes)


_CACHE: dict[str, list[str]] = {}


@pytest.mark.parametrize("word", ["observe", "plan"])
@pytest.mark.parametrize("value", ODD, ids=lambda value: repr(value)[:12])
def test_every_value_at_once_is_of_another_kind(place: Rehearsal, liar: Liar, word: str, value: object) -> None:
    """A vendor that answers the same nonsense under every key."""

    def lie(_path: str, told: Any) -> Any:
        if isinstance(told, list):
            return [dict.fromkeys(one, value) for one in told if isinstance(one, dict)]
        return {key: [{"id": value}] if isinstance(part, list) else value for key, part in told.items()}

    liar.lie = lie
    harmless(place.run(word), 0, 1, 6)


@pytest.mark.parametrize("value", ["1e30", "-1", "0.000000000000000000001", "99999999999999999999", "1e-30"])
def test_a_figure_beyond_all_billing_is_told_and_not_written(place: Rehearsal, liar: Liar, value: str) -> None:
    """In the place of every number of every record of the PSAs: a plan or an error, of bounded size."""

    def lie(path: str, told: Any) -> Any:
        text = json.dumps(told)
        keys = "units|quantity|unitCost|unitPrice|cost|price"
        changed = re.sub(rf'"({keys})": [-0-9.e]+', rf'"\1": {value}', text)
        return changed.encode() if "query" in path or "additions" in path else told

    liar.lie = lie
    ran = place.run("plan", "-o", str(place.plan_file))
    harmless(ran, 0, 1)
    assert len(ran.out) < 50_000
    liar.lie = lambda _path, told: told
    harmless(place.run("plan"), 0)
