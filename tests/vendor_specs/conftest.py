"""The vendors' own API descriptions, and the traffic of a whole rehearsal to hold against them.

The descriptions are not part of the project. ``PSARECON_VENDOR_SPECS`` names the folder that holds them:
``autotask-swagger-v1-billing-subset.json``, ``connectwise-reduced-2026.4.json``, ``jumpcloud-v1.reduced.json`` and
``jumpcloud-v2.reduced.json``, each the vendor's file, whole or reduced to the paths used here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from harness import TODAY, Client, Rehearsal, add_client, rehearsal
from journeys.connectwise_steps import IDENTIFIER, CwClient, add_cw_client
from journeys.onboarding_steps import directories, sources
from vendor_specs.proxy import Exchange, Spec, recording

from psarecon.domain.ports import KeepsMappings, KnowsDomains
from psarecon.sandbox.build import building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

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
    """All exchanges of observe, plan, apply, a second plan and a list, of clients in all states a line can have."""
    directory = tmp_path_factory.mktemp("specs") / "msp"
    with rehearsal(directory, *CLIENTS) as place, _recorded(place) as kept:
        _play(place)
        yield [one for one in kept if not one.path.startswith("/_sandbox/")]


@contextmanager
def _recorded(place: Rehearsal) -> Iterator[list[Exchange]]:
    """Lead the config directory's settings through a proxy that keeps what passes."""
    with recording(place.url) as (url, kept):
        (place.directory / ".sandbox" / "url").write_text(url, encoding="utf-8")
        yield kept


def _play(place: Rehearsal) -> None:
    place.observed()
    assert len(place.plan()["changes"]) == len(CLIENTS)
    place.apply()
    assert {one["event"] for one in place.log()} == {"intent", "verified"}
    place.today("2026-11-21")
    place.observed()
    place.plan("--month", "2026-10")
    place.plan()
    _list(place)


def _list(place: Rehearsal) -> None:
    """Read what there is to map: companies and lines of every PSA, domains and mappings of JumpCloud."""
    with directories(place) as psas, sources(place) as every:
        for psa in psas.values():
            companies = [one.id for one in psa.companies()]
            assert psa.offers(companies, TODAY)
        jumpcloud = every["jumpcloud"]
        assert isinstance(jumpcloud, KnowsDomains)
        assert isinstance(jumpcloud, KeepsMappings)
        assert len(jumpcloud.domains(place.organizations)) == len(place.organizations)
        jumpcloud.mapped()


#: The first one's agreement, which another's is a child of: ids are given in order.
_PARENT = 500_871
CW_CLIENTS = [
    CwClient("Acme Corp"),
    CwClient("Beta Ltd", quantity="12.5", users=25, unit_cost="8.125"),
    CwClient("Gamma AS", addition={"cancelled": date(2026, 12, 31), "serial_number": "psarecon", "less_included": 2}),
    CwClient("Delta GmbH", agreement={"billing_cycle": "Quarterly", "end": date(2027, 5, 31)}),
    CwClient("Epsilon SA", addition={"cancelled": date(2026, 11, 1)}),
    CwClient("Zeta SpA", agreement={"parent": _PARENT}),
    CwClient("Eta BV", agreement={"cancelled": date(2026, 12, 31)}, addition={"bill_customer": "NoCharge"}),
    CwClient("Theta Oy", agreement={"start": date(2026, 12, 1)}),
]
#: Changes without a finding that a person has to look at: Autotask's, and all here but the fifth, sixth and eighth.
_CLEAN = 6


@pytest.fixture(scope="session")
def mixed_traffic(spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Exchange]]:
    """All exchanges of a rehearsal with ConnectWise and Autotask, at last with JumpCloud's own integrations on
    and everything listed."""
    with _mixed(tmp_path_factory.mktemp("specs") / "mixed") as place, _recorded(place) as kept:
        place.observed()
        assert len(place.plan()["changes"]) == len(CW_CLIENTS)  # all but the cancelled one, and Autotask's
        place.apply()
        assert [one["event"] for one in place.log()].count("verified") == _CLEAN
        _integrate(place)
        claimed = [one["scope"] for one in place.plan()["findings"] if one["code"] == "second-writer"]
        assert claimed == [f"line:autotask/{place.lines[-1]}", f"line:connectwise/{place.lines[0]}"]
        _list(place)
        yield [one for one in kept if not one.path.startswith("/_sandbox/")]


@contextmanager
def _mixed(directory: Path) -> Iterator[Rehearsal]:
    with building(directory, today=TODAY) as builder:
        product = builder.add_product(IDENTIFIER, auto_update_unit_price=True)
        made = [add_cw_client(builder, client, product) for client in CW_CLIENTS]
        made.append(add_client(builder, Client("Iota Ltd"), builder.add_service("JumpCloud Platform")))
        write_config(directory, builder.world, builder.clients)
        environ = environment(builder.world)
    with running(directory) as url:
        yield Rehearsal(directory, url, environ, [str(line) for line, _ in made], [one for _, one in made])


def _integrate(place: Rehearsal) -> None:
    """Both integrations on: a line of each PSA, and an organization mapped for tickets only."""
    for psa, number in (("connectwise", 0), ("autotask", -1)):
        line = place.truth(place.lines[number])
        mapped = {"company": int(line["company"]), "organization": place.organizations[number]}
        tickets = {**mapped, "organization": place.organizations[1]}
        place.edit(integration=psa, mappings=[{**mapped, "line": int(line["id"])}, tickets])
