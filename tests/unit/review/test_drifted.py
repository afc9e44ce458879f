"""Drift as a list: the riskiest first, equal drift folded into one line, and every word of a line's detail."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from rich.cells import cell_len

from psarecon.domain.drift import Apart, Drift, DriftReport, Kind
from psarecon.domain.model import Acceptance, LineKey, Place, Touched
from psarecon.domain.money import Money
from psarecon.domain.standing import Figures
from psarecon.review.drifted import Bunch, Drifted, Entry
from psarecon.review.drifted_lines import DriftLines, entry_lines, entry_text, headline, nothing
from psarecon.review.spans import text_of

AT = datetime(2026, 11, 20, 17, tzinfo=UTC)


def line(number: int) -> LineKey:
    """A line of Autotask."""
    return LineKey("autotask", "174", "29683353", str(number))


def drift(number: int, units: int = 20, cost: str = "9.00", kind: Kind = Kind.AGAINST, client: str = "Acme") -> Drift:
    """A line that was left at 14 at 9.00."""
    found = Figures(Decimal(units), Decimal(cost))
    money = Money(Decimal("126.00"), units * Decimal(cost), Decimal("210.00"), Decimal(15 * units))
    return Drift(
        kind,
        line(number),
        client,
        "jumpcloud-platform",
        Figures(Decimal(14), Decimal("9.00")),
        "20261120T170000-1a2b3c",
        date(2026, 11, 1),
        found,
        Figures(Decimal(14), Decimal("9.00")),
        money,
        None,
        Place("clients/acme.yaml", 6),
        None,
    )


def apart(number: int, code: str = "line-missing") -> Apart:
    """A line that cannot be compared."""
    return Apart(code, "the line is not in the PSA any more", line(number), "Gone", "p", Place("clients/gone.yaml", 3))


def report(drifts: Iterable[Drift] = (), aparts: Iterable[Apart] = ()) -> DriftReport:
    """What was found on ten lines."""
    return DriftReport(
        as_of=AT,
        commit="d96ad34dd1",
        dirty=False,
        currency="USD",
        tenants={"autotask": "127.0.0.1/90001"},
        lines=10,
        compared=9,
        drifts=tuple(drifts),
        apart=tuple(aparts),
        unapplied=2,
        unwritten=1,
    )


MANY = (
    drift(1, client="Small", units=15),
    drift(2, client="Equal 1"),
    drift(3, client="Equal 2"),
    drift(4, client="Fine", units=17, kind=Kind.AGREES),
    drift(5, client="Gift", units=16, kind=Kind.ACCEPTED),
)


def names(model: Drifted) -> list[str]:
    """The entries in short: a group by how many lines it has."""
    return [f"{len(one.lines)} x" if isinstance(one, Bunch) else one.client for one in model.entries]


def detail(entry: Entry, width: int = 60, left_by: str = "") -> list[str]:
    """All about an entry as text."""
    return [text_of(one) for one in entry_lines(entry, lambda _: left_by, width)]


def test_what_is_against_the_mapping_comes_first_then_the_dearest() -> None:
    """Equal lines are one entry, folded; what agrees, what was accepted, what cannot be told follow in this order."""
    model = Drifted(report(MANY, [apart(8), apart(9)]))
    assert names(model) == ["2 x", "Small", "Fine", "Gift", "2 x"]


def test_a_group_unfolds_and_folds_from_any_of_its_lines() -> None:
    """The cursor is told where the group stands; nothing moves where it is as wanted already, or there is no group."""
    model = Drifted(report(MANY))
    assert model.fold(0, folded=True) is None
    assert model.fold(0, folded=False) == 0
    assert names(model) == ["2 x", "Equal 1", "Equal 2", "Small", "Fine", "Gift"]
    assert [model.in_bunch(one) for one in model.entries[1:4] if isinstance(one, Drift)] == [True, True, False]
    assert model.fold(3) is None
    assert model.fold(2, folded=True) == 0
    assert names(model) == ["2 x", "Small", "Fine", "Gift"]
    assert (model.fold(0), names(model)[1]) == (0, "Equal 1")
    assert model.fold(99) is None


def test_lines_that_cannot_be_compared_stand_together_by_their_reason() -> None:
    """One for each code."""
    model = Drifted(report((), [apart(1), apart(2, "settled"), apart(3)]))
    assert names(model) == ["2 x", "Gone"]
    assert entry_text(model.entries[0]) == "cannot be compared  line-missing: 2 lines cannot be compared"


def test_the_head_counts_each_with_its_sign_and_what_is_only_unapplied() -> None:
    """How much drifted and what it is worth; then the rest, told apart; then of when and which mapping it is."""
    lines = [text_of(one) for one in headline(Drifted(report(MANY, [apart(9)])))]
    assert lines == [
        "3 of 9 lines drifted: +117.00 cost, +195.00 revenue, +78.00 margin a month (USD)",
        "! 3 against  = 1 agrees  ~ 1 accepted  ? 1 cannot be compared  2 unapplied  1 never written",
        "as of 2026-11-20 17:00Z  mapping d96ad34dd  autotask 127.0.0.1/90001",
    ]


@pytest.mark.parametrize("width", [57, 73, 79, 119])
def test_every_line_is_as_wide_as_the_list_at_every_width(width: int) -> None:
    """Figures and money stand in columns under their titles, however wide a name is."""
    wide = drift(6, units=99, cost="19.50", client="北海道ロジスティクス株式会社 and a name that goes on and on")
    model = Drifted(report([*MANY, wide]))
    model.fold(1, folded=False)
    lines = DriftLines(model)
    shown = [text_of(lines.line(place, width)) for place in range(lines.count)]
    assert {cell_len(one) for one in shown} == {width}
    assert cell_len(text_of(lines.titles(width))) == width + 1
    assert any("14 → 99 at 9.00 → 19.50" in one for one in shown)
    assert [one[2] for one in shown].count("!") == 5


def test_the_detail_tells_left_found_wanted_money_and_where_it_is_mapped() -> None:
    """Who left it so, who touched it, and the file and line to correct."""
    one = replace(drift(1, cost="9.50"), touched=Touched("Somebody", AT))
    assert detail(one, 80, "by run 20261120T170000-1a2b3c on 2026-11-20 17:00Z, approved by kim") == [
        "Acme",
        "          jumpcloud-platform",
        "          against: not what mapping and usage ask for",
        "left      14 at 9.00, from 2026-11-01",
        "          by run 20261120T170000-1a2b3c on 2026-11-20 17:00Z, approved by kim",
        "found     20 at 9.50",
        "          last touched: Somebody 2026-11-20 17:00Z",
        "wanted    14 at 9.00",
        "a month   +64.00 cost, +90.00 revenue, +26.00 margin",
        "line      autotask/1",
        "mapping   clients/acme.yaml:6",
    ]


def test_what_is_not_known_is_said_so() -> None:
    """Without a journal the run alone; without usage nothing is wanted; at once where there is no date."""
    told = detail(replace(drift(1), wanted=None, since=None))
    assert "left      14 at 9.00, from at once" in told
    assert "          by run 20261120T170000-1a2b3c" in told
    assert "          the PSA does not tell who touched it" in told
    assert "wanted    not known: the usage does not tell" in told


def test_accepted_drift_tells_until_when_and_why() -> None:
    """As the mapping has it."""
    kept = Acceptance(Decimal(16), None, "a gift, ticket 812", date(2026, 11, 30))
    told = detail(replace(MANY[-1], acceptance=kept))
    assert "          accepted in the mapping, and left alone" in told
    assert "accepted  until 2026-11-30: a gift, ticket 812" in told


def test_the_detail_of_a_group_tells_its_sum_and_its_dearest_line() -> None:
    """And of one that cannot be compared, why."""
    model = Drifted(report(MANY, [apart(8), apart(9)]))
    group, missing = detail(model.entries[0], 80), detail(model.entries[-1], 80)
    assert group[:3] == [
        "the same quantity 14 → 20 for 2 lines, jumpcloud-platform",
        "          +108.00 cost, +180.00 revenue, +72.00 margin a month",
        "          the first of them:",
    ]
    assert group[3] == "Equal 1"
    assert "          cannot be compared: line-missing" in missing
    assert "why       the line is not in the PSA any more" in missing


def test_hostile_names_are_harmless_everywhere() -> None:
    """Escapes, line ends and reversed text are shown, never obeyed."""
    one = drift(1, client="Acme\x1b[2J\r\n\u202egpj")
    model = Drifted(report([one]))
    shown = [text_of(DriftLines(model).line(0, 79)), *detail(one), entry_text(one)]
    assert all(text.isprintable() for text in shown)
    assert entry_text(one).startswith("against  Acme�[2J")


def test_no_drift_is_an_answer() -> None:
    """With what is unapplied and what was never written."""
    model = Drifted(report())
    assert (model.count, model.at(0), model.line_at(0)) == (0, None, None)
    assert [text_of(one) for one in nothing(model.report)][1:] == [
        "  Nobody else changed a line.",
        "  2 changes of mapping or usage are unapplied on lines that nobody touched (psarecon plan)",
        "  1 line was never written by psarecon, which can tell no drift of them",
    ]
    assert entry_lines(None, lambda _: "", 60) == []
