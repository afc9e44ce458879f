"""How many requests reading and writing take on ConnectWise, and how long their addresses are, over real HTTP."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness import PRODUCT, TODAY, Rehearsal
from vendor_specs.proxy import Exchange, recording

from psarecon.sandbox.build import Builder, MappedLine, building
from psarecon.sandbox.config import environment, write_config
from psarecon.sandbox.serve import running

#: The longest address the vendor promises to take.
LONGEST = 2000
_FIXED = {"quantity": "fixed", "unit_cost": "9.00"}
_ADDITIONS = re.compile(r"/finance/agreements/(\d+)/additions$")
_IDS = re.compile(r"id in \((.*)\)")


@contextmanager
def fleet(directory: Path, count: int, *, others: int = 0, lines: int = 1) -> Iterator[Rehearsal]:
    """``count`` clients with an agreement of so many mapped lines, all to go from 10 to 14; no usage is needed.

    ``others``: so many agreements with an addition each that no mapping speaks of, between the mapped ones.
    """
    with building(directory, today=TODAY) as builder:
        products = {f"{PRODUCT}-{number}": builder.add_product(f"SKU-{number}") for number in range(lines)}
        stranger = builder.add_cw_company("Somebody else")
        made: list[str] = []
        for number in range(max(count, others)):
            if number < others:
                builder.add_addition(builder.add_agreement(stranger), products[f"{PRODUCT}-0"], quantity=3)
            if number < count:
                made += _client(builder, f"Client {number:04d}", products)
        write_config(directory, builder.world, builder.clients, products=dict.fromkeys(products, _FIXED))
        environ = environment(builder.world)
    with running(directory) as url:
        yield Rehearsal(directory, url, environ, made)


def _client(builder: Builder, name: str, products: dict[str, int]) -> list[str]:
    company = builder.add_cw_company(name)
    agreement = builder.add_agreement(company)
    made = {name: builder.add_addition(agreement, product, quantity=10) for name, product in products.items()}
    lines = [MappedLine(product, agreement, addition, {"fixed": 14}) for product, addition in made.items()]
    builder.map_client(name, builder.add_organization(name, users=14), company, lines, psa="connectwise")
    return [str(addition) for addition in made.values()]


@contextmanager
def recorded(place: Rehearsal) -> Iterator[list[Exchange]]:
    """What ConnectWise is asked while the block runs, addresses included."""
    with recording(place.url) as (url, kept):
        (place.directory / ".sandbox" / "url").write_text(url, "utf-8")
        yield kept
        (place.directory / ".sandbox" / "url").write_text(place.url, "utf-8")


def asked(kept: list[Exchange]) -> list[Exchange]:
    """The requests to ConnectWise alone: not those for the clock, nor those to sources."""
    return [one for one in kept if one.path.startswith("/login/") or "/apis/3.0/" in one.path]


def additions_read(requests: list[Exchange]) -> Counter[str]:
    """How often each agreement's additions were listed."""
    return Counter(match[1] for one in requests if (match := _ADDITIONS.search(one.path)))


def by_ids(requests: list[Exchange], path: str) -> list[tuple[int, list[str]]]:
    """The lists of a path that were asked for by id: the address's length, and the ids in it."""
    lists = [one for one in requests if one.path.endswith(path)]
    found = [(one, _IDS.fullmatch(dict(one.query)["conditions"])) for one in lists]
    return [(len(one.url), match[1].split(",")) for one, match in found if match]


def agreements_of(plan: dict[str, Any]) -> set[str]:
    """The agreements that a plan would change a line of."""
    return {change["line"]["contract"] for change in plan["changes"]}


@pytest.mark.parametrize(("count", "batches"), [(20, 1), (700, 3)])
def test_a_plan_reads_each_mapped_agreement_once_and_little_besides(tmp_path: Path, count: int, batches: int) -> None:
    """N additions lists, the fewest lists of companies and agreements that addresses allow, and at most ten others."""
    with fleet(tmp_path / "msp", count) as place, recorded(place) as kept:
        plan = place.plan()
        requests = asked(kept)
        mapped = agreements_of(plan)
        assert len(mapped) == count
        assert additions_read(requests) == dict.fromkeys(mapped, 1)
        agreements, companies = by_ids(requests, "/finance/agreements"), by_ids(requests, "/company/companies")
        assert (len(agreements), len(companies)) == (batches, batches)
        assert sorted(one for _, ids in agreements for one in ids) == sorted(mapped)
        assert len({one for _, ids in companies for one in ids}) == sum(len(ids) for _, ids in companies) == count
        assert len(requests) - count - len(agreements) - len(companies) <= 10


def test_no_address_is_longer_than_the_vendor_takes_and_full_ones_waste_nothing(tmp_path: Path) -> None:
    """Every address within 2,000 characters; a list of ids that is not the last has no room for one id more."""
    with fleet(tmp_path / "msp", 700) as place, recorded(place) as kept:
        place.plan()
        requests = asked(kept)
        assert max(len(one.url) for one in requests) <= LONGEST
        for path in ("/finance/agreements", "/company/companies"):
            lists = sorted(by_ids(requests, path), key=lambda one: int(one[1][0]))
            # The room of a next page's number is kept free.
            assert all(LONGEST - len("2147483647") - len(",250001") <= length for length, _ in lists[:-1])


def test_agreements_without_a_mapped_line_are_never_read(tmp_path: Path) -> None:
    """Sixty agreements of others, half of them between the mapped ones: neither they nor their additions are read."""
    with fleet(tmp_path / "msp", 30, others=60) as place, recorded(place) as kept:
        mapped = agreements_of(place.plan())
        requests = asked(kept)
        assert len(mapped) == 30
        assert set(additions_read(requests)) == mapped
        assert {one for _, ids in by_ids(requests, "/finance/agreements") for one in ids} == mapped
        assert [one for one in requests if one.path.endswith("/finance/agreements") and not one.query] == []


def test_several_mapped_lines_of_one_agreement_are_read_together(tmp_path: Path) -> None:
    """Three lines each on twenty agreements: twenty lists of additions, sixty changes."""
    with fleet(tmp_path / "msp", 20, lines=3) as place, recorded(place) as kept:
        plan = place.plan()
        assert len(plan["changes"]) == 60
        assert additions_read(asked(kept)) == dict.fromkeys(agreements_of(plan), 1)


@pytest.mark.parametrize(("cost", "written"), [("9.00", ["quantity"]), ("9.50", ["quantity", "unitCost"])])
def test_an_apply_takes_at_most_three_requests_for_a_change(tmp_path: Path, cost: str, written: list[str]) -> None:
    """Sixty changes: sixty PATCHes, of the quantity or of both figures, at most 3 x 60 + 10 requests in all."""
    with fleet(tmp_path / "msp", 60) as place:
        place.settings('unit_cost: "9.00"', f'unit_cost: "{cost}"')
        place.plan()
        with recorded(place) as kept:
            assert place.apply().out == "60 verified\n"
        requests = asked(kept)
        sent = [[part["path"] for part in one.sent] for one in requests if one.method == "PATCH"]
        assert sent == [written] * 60
        assert len(requests) <= 3 * 60 + 10
        lines = place.control("GET", "world")["lines"]
        assert {(one["quantity"], one["unit_cost"], one["writes"]) for one in lines} == {("14", cost, 1)}


def test_a_second_plan_takes_no_more_requests_than_the_first(tmp_path: Path) -> None:
    """With everything in place there is nothing to do, and nothing is asked twice."""
    with fleet(tmp_path / "msp", 60) as place, recorded(place) as kept:
        place.plan()
        first = len(asked(kept))
        place.apply()
        kept.clear()
        assert place.plan()["changes"] == []
        assert len(asked(kept)) <= first
