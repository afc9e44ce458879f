"""What is not covered, kind by kind, with its money; and what is never said of what is not known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from unit.domain.make import LINE, PLACE, observed

from psarecon.domain.adoption import CompanyKey, Ignored, Known, OpenProposal, Standing, StandingLine, Subject
from psarecon.domain.coverage import OPEN, Count, Gap, Kind, View, in_order, money_of, unnamed
from psarecon.domain.directory import Offer
from psarecon.domain.model import Binding, LineKey, Names, Observed, Product, QuantityRule, Terms

PLATFORM = Product("jumpcloud-platform", QuantityRule.HIGH_WATER_MARK, "jumpcloud", "users", Decimal("9.00"))
LASTPASS = Product("lastpass-business", QuantityRule.CURRENT, "lastpass", "seats")
PRODUCTS = {one.name: one for one in (PLATFORM, LASTPASS)}


def line(number: int) -> LineKey:
    """A line of a company of its own."""
    return LineKey("autotask", str(number), str(100 + number), str(8000 + number))


def bound(number: int, product: Product = PLATFORM, terms: Terms | None = None) -> Binding:
    """A mapped line, of the organization ``o<number>``."""
    names = Names(None, None, "JumpCloud Platform")
    return Binding(f"Client {number}", product, f"o{number}", line(number), names, terms or Terms(), None, (), PLACE)


def seen(number: int, price: str | None = "15.00", quantity: int | None = 10, months: int = 1) -> Observed:
    """The line as the PSA has it: ten units, bought at 9.00, sold at 15.00."""
    unit = None if price is None else Decimal(price)
    return replace(observed(quantity=quantity, months=months), line=line(number), unit_price=unit)


def counted(number: int, users: int | None = 10, source: str = "jumpcloud", metric: str = "users") -> Count:
    """Users of an organization; None: they could not be read."""
    return Count(source, f"o{number}", metric, f"Organization {number}", users, "" if users is not None else "HTTP 500")


def view(*numbers: int, counts: tuple[Count, ...] = (), prices: tuple[str | None, ...] = ()) -> View:
    """Mapped lines with ten users each, and whatever else is counted."""
    listed = prices or ("15.00",) * len(numbers)
    return View(
        bindings=[bound(number) for number in numbers],
        known=Known(),
        products=PRODUCTS,
        counts=[*(counted(number) for number in numbers), *counts],
        observed={line(number): seen(number, price) for number, price in zip(numbers, listed, strict=True)},
    )


def of(scene: View, kind: Kind) -> list[Gap]:
    """The gaps of one kind."""
    return [gap for gap in scene.gaps() if gap.kind is kind]


def test_a_mapping_that_covers_everything_has_no_gap() -> None:
    """Every organization with users has a line above its cost."""
    assert view(1, 2, 3).gaps() == ()


def test_users_that_nobody_bills_cost_the_most_usual_price() -> None:
    """Two lines at 15.00 outvote one at 12.00: 14 users are 210.00 a month, and the report says why."""
    (gap,) = of(view(1, 2, 3, counts=(counted(7, 14),), prices=("15.00", "15.00", "12.00")), Kind.UNBILLED)
    assert (gap.client, gap.place, gap.product) == ("Organization 7", "jumpcloud/o7", "jumpcloud-platform")
    assert (gap.count, gap.unit, gap.money) == (Decimal(14), Decimal(15), Decimal("210.00"))
    assert gap.why == "price of 2 of 3 mapped lines"


def test_the_lower_of_two_equally_usual_prices_counts() -> None:
    """What is claimed to be lost is never more than can be shown."""
    (gap,) = of(view(1, 2, counts=(counted(7, 1),), prices=("15.00", "12.00")), Kind.UNBILLED)
    assert gap.money == Decimal("12.00")


def test_a_line_of_a_bundle_says_nothing_of_the_price() -> None:
    """A price of nothing is left out of the vote."""
    (gap,) = of(view(1, 2, 3, counts=(counted(7, 2),), prices=("0.00", "0.00", "15.00")), Kind.UNBILLED)
    assert (gap.money, gap.why) == (Decimal("30.00"), "price of 1 of 1 mapped lines")


def test_a_price_for_a_quarter_is_a_third_of_it_a_month() -> None:
    """45.00 for three months are 15.00 a month."""
    scene = view(1, counts=(counted(7, 2),))
    scene = replace(scene, observed={line(1): seen(1, "45.00", months=3)})
    assert of(scene, Kind.UNBILLED)[0].money == Decimal("30.00")


def test_without_a_mapped_line_the_unit_cost_is_what_is_lost() -> None:
    """And the report says that it is the cost, not the price."""
    (gap,) = of(view(counts=(counted(7, 3),)), Kind.UNBILLED)
    assert (gap.money, gap.why) == (Decimal("27.00"), "unit cost")


def test_without_any_figure_the_users_are_told_without_money() -> None:
    """LastPass has no line and no cost here: 3 seats, and no guess."""
    (gap,) = of(view(counts=(counted(7, 3, "lastpass", "seats"),)), Kind.UNBILLED)
    assert (gap.count, gap.money, gap.why) == (Decimal(3), None, "no price is known")


def test_an_organization_without_users_is_no_gap() -> None:
    """There is nothing to bill."""
    assert view(1, counts=(counted(7, 0),)).gaps() == ()


def test_what_no_product_counts_is_no_gap() -> None:
    """A source may tell devices as well: where its users are sold, nobody sells those."""
    assert view(1, counts=(counted(1, 40, metric="devices"),)).gaps() == ()


def test_a_line_of_another_source_does_not_cover() -> None:
    """The client of a line for JumpCloud has seats of LastPass too: its file is named."""
    standing = Standing("clients/one.yaml", None, "One", CompanyKey("autotask", "1"),
                        {"jumpcloud": "o1", "lastpass": "o1"}, (StandingLine("any", None, line(1)),))  # fmt: skip
    scene = replace(view(1, counts=(counted(1, 5, "lastpass", "seats"),)), known=Known((standing,)))
    (gap,) = of(scene, Kind.UNBILLED)
    assert (gap.client, gap.place, gap.at) == ("One", "lastpass/o1", "clients/one.yaml")


def test_a_client_without_any_line_is_told_apart() -> None:
    """It is in the mapping for its tickets only, and its users are billed by nobody."""
    standing = Standing("clients/two.yaml", None, "Two", CompanyKey("autotask", "2"), {"jumpcloud": "o2"}, ())
    scene = replace(view(1, counts=(counted(2, 4),)), known=Known((standing,)))
    (gap,) = of(scene, Kind.NO_LINE)
    assert (gap.client, gap.money, gap.at, of(scene, Kind.UNBILLED)) == (
        "Two",
        Decimal("60.00"),
        "clients/two.yaml",
        [],
    )


def test_units_on_a_line_of_the_client_that_no_mapping_names_are_not_lost() -> None:
    """Somebody keeps that line by hand: of 14 users ten are billed there, and four by nobody."""
    standing = Standing("clients/two.yaml", None, "Two", CompanyKey("autotask", "9"), {"jumpcloud": "o2"}, ())
    scene = replace(view(1, counts=(counted(2, 14),)), known=Known((standing,)))
    scene = replace(scene, sells={line(9): PLATFORM.name}, observed={**scene.observed, line(9): seen(9)})
    no_line, unnamed_line = scene.gaps()
    assert (no_line.count, no_line.money, unnamed_line.money) == (Decimal(14), Decimal("60.00"), Decimal("150.00"))
    assert no_line.why == "10 units on autotask/8009; price of 1 of 1 mapped lines"


def test_a_proposal_that_waits_is_named() -> None:
    """Whoever reads the report finds the place where to decide."""
    waiting = OpenProposal("clients/seven.yaml", 3, 91, (Subject("jumpcloud", "o7"),), "", "autotask/174")
    (gap,) = replace(view(1, counts=(counted(7, 2),)), known=Known(proposals=(waiting,))).gaps()
    assert (gap.kind, gap.at) == (Kind.UNBILLED, "clients/seven.yaml:3")
    assert gap.why == "a proposal waits; price of 1 of 1 mapped lines"


def test_what_is_ignored_is_told_with_its_reason_and_is_no_gap() -> None:
    """Somebody decided it."""
    ours = Ignored(Subject("jumpcloud", "o7"), "Ours", "our own people")
    scene = replace(view(1, counts=(counted(7, 30),)), known=Known(ignored=(ours,)))
    (gap,) = scene.gaps()
    assert (gap.kind, gap.count, gap.money, gap.why) == (Kind.IGNORED, Decimal(30), None, "our own people")
    assert gap.kind not in OPEN


def test_an_organization_that_could_not_be_read_is_unknown_and_nothing_else() -> None:
    """Neither without users, nor gone, nor unbilled: its mapped line says nothing of it, and the failure is told."""
    scene = replace(view(1), counts=[counted(1, None), counted(7, None)])
    assert [(gap.kind, gap.place, gap.why) for gap in scene.gaps()] == [
        (Kind.UNKNOWN, "jumpcloud/o1", "HTTP 500"),
        (Kind.UNKNOWN, "jumpcloud/o7", "HTTP 500"),
    ]


def test_a_line_of_an_organization_that_is_gone_is_billed_for_nobody() -> None:
    """All of its ten units, though the source's reading of it is a failed one."""
    scene = replace(view(1), counts=[counted(1, None)], gone=frozenset({("jumpcloud", "o1")}))
    (gap,) = scene.gaps()
    assert (gap.kind, gap.count, gap.money) == (Kind.UNUSED, Decimal(10), Decimal("150.00"))
    assert (gap.why, gap.at) == ("the organization is gone from jumpcloud", "clients/acme.yaml:6")


def test_a_line_of_an_organization_without_users_is_billed_for_nobody() -> None:
    """But for what the client's terms ask for: of ten units, a minimum of 4 is bought whatever happens."""
    scene = replace(view(1), counts=[counted(1, 0)])
    assert [gap.count for gap in scene.gaps()] == [10]
    floor = replace(scene, bindings=[bound(1, terms=Terms(minimum=4))])
    assert [(gap.count, gap.money) for gap in floor.gaps()] == [(Decimal(6), Decimal("90.00"))]
    bought = replace(scene, bindings=[bound(1, terms=Terms(committed=10))])
    assert bought.gaps() == ()


def test_a_line_that_bills_nothing_is_no_gap() -> None:
    """Quantity 0 for an organization that is gone is right."""
    scene = replace(view(1), counts=[], gone=frozenset({("jumpcloud", "o1")}), observed={line(1): seen(1, quantity=0)})
    assert scene.gaps() == ()


def test_a_price_below_the_cost_loses_the_difference() -> None:
    """Ten units at 7.50, bought at 9.00: 15.00 a month. The cost that the mapping keeps counts before the PSA's."""
    (gap,) = view(1, prices=("7.50",)).gaps()
    assert (gap.kind, gap.unit, gap.money) == (Kind.BELOW_COST, Decimal("1.5"), Decimal("15.00"))
    assert gap.why == "price 7.50 below cost 9.00"
    cheap = replace(view(1, prices=("7.50",)), bindings=[replace(bound(1), unit_cost=Decimal("7.00"))])
    assert cheap.gaps() == ()


def test_a_hidden_price_is_not_below_any_cost() -> None:
    """Hidden is not zero."""
    assert view(1, prices=(None,)).gaps() == ()


def test_a_line_that_no_mapping_names_is_told_with_its_money() -> None:
    """Its company's name comes from the PSA."""
    scene = view(1)
    scene = replace(scene, sells={line(9): "jumpcloud-platform"}, observed={**scene.observed, line(9): seen(9)})
    (gap,) = scene.gaps()
    assert (gap.kind, gap.client, gap.place, gap.count) == (Kind.UNNAMED, "Acme Corp", "autotask/8009", Decimal(10))
    assert (gap.money, gap.why) == (Decimal("150.00"), "Managed services: JumpCloud Platform")


def offer(number: int, name: str, psa: str = "autotask") -> Offer:
    """A line of the PSA's list."""
    return Offer(replace(line(number), psa=psa), Names("Acme Corp", "Managed services", name), (name,))


def test_a_line_sells_what_mapped_lines_of_its_very_name_sell() -> None:
    """No likeness: another spelling, another PSA and a mapped line are not told."""
    others = [offer(2, "JumpCloud Platform"), offer(3, "JumpCloud platform"), offer(4, "JumpCloud Platform", "other")]
    found = unnamed([bound(1)], [offer(1, "JumpCloud Platform"), *others])
    assert found == {line(2): "jumpcloud-platform"}


def test_words_are_heard_only_on_products_without_a_mapped_line() -> None:
    """An add-on whose name is like the product's is not taken for it where lines of the product are known."""
    offers = [offer(1, "JumpCloud Platform"), offer(2, "JumpCloud Add-on"), offer(3, "LastPass Business")]
    guesses = {"JumpCloud Add-on": "jumpcloud-platform", "LastPass Business": "lastpass-business"}
    found = unnamed([bound(1)], offers, lambda one: guesses.get(one.names.line or ""))
    assert found == {line(3): "lastpass-business"}


def test_the_names_of_a_mapped_line_are_the_psas_where_it_tells_them() -> None:
    """The mapping may assert no name, or an old one."""
    silent = replace(bound(1), names=Names())
    assert unnamed([silent], [offer(1, "New name"), offer(2, "New name")]) == {line(2): "jumpcloud-platform"}
    assert unnamed([replace(silent, line=LINE)], [offer(2, "New name")]) == {}


_GAPS = st.builds(
    Gap,
    kind=st.sampled_from(list(Kind)),
    client=st.text(max_size=3),
    place=st.text(max_size=3),
    money=st.none() | st.decimals(0, 1000, places=2),
)


@given(st.lists(_GAPS, max_size=12))
def test_the_order_is_by_kind_then_by_money_and_loses_nothing(gaps: list[Gap]) -> None:
    """Whatever order they are found in: the same report, the dearest first, unknown figures last, the sum kept."""
    ordered = in_order(gaps)
    assert ordered == in_order(reversed(gaps))
    assert money_of(ordered) == money_of(gaps)
    for kind in Kind:
        figures = [gap.money for gap in ordered if gap.kind is kind]
        known = [figure for figure in figures if figure is not None]
        assert figures == [*sorted(known, reverse=True), *[None] * (len(figures) - len(known))]
