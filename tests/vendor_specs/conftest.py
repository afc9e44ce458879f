"""The vendors' own API descriptions, and the traffic of a whole rehearsal to hold against them.

The descriptions are not part of the project. ``PSARECON_VENDOR_SPECS`` names the folder that holds them:
``autotask-swagger-v1-billing-subset.json``, ``jumpcloud-v1.reduced.json`` and ``jumpcloud-v2.reduced.json``, each
the vendor's file, whole or reduced to the paths used here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from harness import Client, Rehearsal, rehearsal
from vendor_specs.proxy import Exchange, Spec, recording

_VARIABLE = "PSARECON_VENDOR_SPECS"
_WHY = f"set {_VARIABLE} to the folder of the vendors' API descriptions to run these"


@pytest.fixture(scope="session")
def spec() -> Spec:
    """Reads one of the descriptions by its file's name."""
    folder = os.environ.get(_VARIABLE)
    if not folder:
        pytest.skip(_WHY)
    return lambda name: json.loads((Path(folder) / name).read_text(encoding="utf-8"))


CLIENTS = [
    Client("Acme Corp", units=10, users=14),
    Client("Beta Ltd", units=20, users=25, unit_cost="8.00"),
    Client("Gamma AS", units=30, users=29, start=date(2025, 11, 15)),
    Client("Delta GmbH", units=40, users=44, posted_before=date(2026, 11, 1)),
    Client("Epsilon SA", units=5, users=6, adjustments=((date(2026, 11, 10), 2),)),
]


@pytest.fixture(scope="session")
def traffic(spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Exchange]]:
    """All exchanges of observe, plan, apply and a second plan, of clients in all the states a line can have."""
    directory = tmp_path_factory.mktemp("specs") / "msp"
    with rehearsal(directory, *CLIENTS) as place, recording(place.url) as (url, kept):
        (directory / ".sandbox" / "url").write_text(url, encoding="utf-8")
        _play(place)
        yield [one for one in kept if not one.path.startswith("/_sandbox/")]


def _play(place: Rehearsal) -> None:
    place.observed()
    assert len(place.plan()["changes"]) == len(CLIENTS)
    place.apply()
    assert {one["event"] for one in place.log()} == {"intent", "verified"}
    place.today("2026-11-21")
    place.observed()
    place.plan("--month", "2026-10")
    place.plan()
