"""What the lines of the review say: rows, groups, detail, headline, status; as text and as roles."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from unit.domain.make import change, pair
from unit.review.rows import row

from psarecon.domain.decisions import About, Decision, Verdict
from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import UsageView
from psarecon.review.board import Board, Grouping
from psarecon.review.book import Book
from psarecon.review.cells import BoardLines, heading
from psarecon.review.detail import Story, Subject, detail, detail_text
from psarecon.review.export import shown_text
from psarecon.review.headline import age, headline
from psarecon.review.opened import Head, Opened, Row
from psarecon.review.questions import money, typed
from psarecon.review.spans import Role, Span, cut, fit, text_of
from psarecon.review.spark import sparkline
from psarecon.review.status import Mode, status
from psarecon.review.wrap import wrapped

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
TOTALS = {"plan": {"cost_change": "479.75", "revenue_change": "681.50"}}
Make = Callable[[Sequence[Row]], Board]
WIDTHS = (57, 66, 76, 98, 140)


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Make]:
    """A board of rows, its decisions in a file of the test's own."""
    with ExitStack() as stack:

        def make(rows: Sequence[Row]) -> Board:
            tenants = {"autotask": "127.0.0.1/90001"}
            head = Head("7c1e40ab" * 8, NOW, "2026-11", "0.1.0", "9f3d21c77" + "0" * 31, True, "USD", tenants, TOTALS)
            book = Book(tmp_path / "plan.decisions.json", "kim", lambda: NOW)
            stack.callback(book.close)
            return Board(Opened(head, list(rows), (), io.BytesIO()), book)

        yield make


def line(board: Board, index: int = 0, width: int = 76) -> str:
    """One line of the list."""
    return text_of(BoardLines(board).line(index, width)).rstrip()


@pytest.mark.parametrize("width", WIDTHS)
def test_every_line_is_exactly_as_wide_as_the_list(board: Make, width: int) -> None:
    """Wide, long and empty names and large figures: the columns stay where the heading says."""
    listed = [
        row("株式会社" * 9, line="autotask/1"),
        row("", line="autotask/2", units=("100000", "999999"), cost="123456.78", revenue="-9876543.21"),
        row("x" * 500, line="autotask/3", unit_cost=("8.2512", "9.1234"), product="p" * 80),
    ]
    found = board(listed)
    lines = [BoardLines(found).line(index, width) for index in range(3)]
    assert {cell_len(text_of(spans)) for spans in (*lines, heading(found, width))} == {width}


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (row(), "10 → 14"),
        (row(unit_cost=("8.25", "9.00")), "10 → 14 +cost"),
        (row(units=None, unit_cost=("8.25", "9.00")), "cost 8.25→9.00"),
        (row(unit_cost=None), "10 → 14"),
    ],
)
def test_a_narrow_list_says_in_one_cell_what_changes(board: Make, one: Row, told: str) -> None:
    """Quantity, cost, or both; never a quantity that stays as if it moved."""
    assert told in " ".join(line(board([one])).split())


def test_a_wide_list_has_a_column_for_each_figure(board: Make) -> None:
    """Quantity, step, unit cost, cost and revenue."""
    found = line(board([row(unit_cost=("8.25", "9.00"))]), width=100)
    assert found.split()[4:] == ["10", "→", "14", "+4", "8.25", "→", "9.00", "+36.00", "+60.00"]


def test_decision_and_risk_are_signs(board: Make) -> None:
    """Without any colour: open, approved, rejected, held, blocked, to be looked at, written."""
    listed = [row(f"C{number}", line=f"autotask/{number}") for number in range(5)]
    listed += [
        row("C5", line="autotask/5", severity=Severity.BLOCK),
        row("C6", line="autotask/6", severity=Severity.LOOK),
    ]
    found = board(listed)
    for place, verdict in enumerate(Verdict, start=1):
        found.decide([listed[place]], verdict)
    found.came_to({listed[4].id: "written"})
    assert [line(found, place)[:3] for place in range(7)] == ["·  ", "✓  ", "✗  ", "~  ", "■  ", "  B", "· !"]


def test_a_group_says_how_many_how_they_stand_and_the_money(board: Make) -> None:
    """One line for 214 clients; its states are counted in words."""
    listed = [row(f"C{number}", line=f"autotask/{number}") for number in range(214)]
    found = board(listed)
    found.decide(listed[:2], Verdict.APPROVE)
    found.group_by(Grouping.EQUAL)
    told = " ".join(line(found, width=98).split())
    assert told == "▸ 214 x jumpcloud-platform: quantity +4 2 approved, 212 open +12,840.00"


def test_the_headline_says_what_how_old_how_many_and_what_money(board: Make) -> None:
    """Three lines; what is blocked and what is to be looked at are words."""
    listed = [
        row(line="autotask/1"),
        row(line="autotask/2", severity=Severity.BLOCK),
        row(line="autotask/3", severity=Severity.LOOK),
    ]
    found = board(listed)
    found.decide([listed[0]], Verdict.APPROVE)
    first, second, third = (text_of(spans) for spans in headline(found, NOW + timedelta(minutes=4)))
    assert first == "plan 7c1e40ab  usage of 2026-11  read 4 min ago  mapping 9f3d21c77 (dirty)  2026-11-20 17:00Z"
    assert second == "3 changes: 1 approved, 1 open, 1 BLOCKED  1 to look at  autotask 127.0.0.1/90001"
    assert third == "approved +36.00 cost +60.00 revenue of all +479.75 cost +681.50 revenue a month"


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        (0, "0 min ago"),
        (89, "89 min ago"),
        (90, "1 hours ago"),
        (47 * 60, "47 hours ago"),
        (48 * 60, "2 days ago"),
        (-5, "0 min ago"),
    ],
)
def test_age_is_told_in_one_unit(gone: int, told: str) -> None:
    """Minutes, then hours, then days; a clock that is behind makes nothing negative."""
    assert age(NOW, NOW + timedelta(minutes=gone)) == told


def test_the_status_says_whether_anything_can_be_written(board: Make) -> None:
    """In words, with what is shown; trouble with saving stands before everything."""
    found = board([row(line="autotask/1"), row("Zed", line="autotask/2")])
    assert text_of(status(found, Mode("plan.json", writes=False), 80)).startswith("READ ONLY  2 by risk")
    found.filter("zed")
    assert "WRITES ALLOWED  1 of 2: zed" in text_of(status(found, Mode("plan.json", writes=True), 80))
    found.book.trouble = "no space left"
    assert text_of(status(found, Mode("plan.json", writes=True), 80)) == "DECISIONS ARE NOT SAVED: no space left"


def test_the_status_says_what_may_be_rejected_and_all_of_its_money(board: Make) -> None:
    """A long name is cut, harmless, and of use still where there is no room at all; several are counted."""
    rows = [row("Acme\x1b[2J " + "A" * 10_000), row("Beta", line="autotask/2")]
    found = board(rows)
    one = Mode("plan.json", writes=True, rejects=rows[:1])
    for width in (58, 78, 118):
        told = text_of(status(found, one, width))
        assert cell_len(told) == width
        assert told.startswith("Reject Acme\N{REPLACEMENT CHARACTER}[2J")
        assert told.endswith(f"…: {money(rows[:1])}")
    assert text_of(status(found, one, 10)).startswith("Reject Acme")
    both = Mode("plan.json", writes=True, rejects=rows)
    assert text_of(status(found, both, 58)) == f"Reject 2 changes: {money(rows)}"


def subject(**more: object) -> Subject:
    """Acme's change, 10 → 14."""
    return replace(Subject(change(pair(10, 14), pair("8.25", "9.00")), (), "open"), **more)  # type: ignore[arg-type]


def test_the_detail_tells_figures_money_usage_and_the_call() -> None:
    """Everything a decision rests on, in order of importance."""
    told = detail_text(subject())
    assert told[:3] == [
        "Acme Corp",
        "jumpcloud-platform on Managed services",
        "quantity 10 → 14  (+4)   unit cost 8.25 → 9.00   from 2026-11-01",
    ]
    assert "a month   +36.00 cost, +60.00 revenue, +24.00 margin (cost 90.00 → 126.00)" in told
    assert "2026-11   ·▁█" in told
    assert "mapping   clients/acme.yaml:6" in told
    assert told[told.index("call      POST Contracts/29683353/ServiceAdjustments") + 1].strip() == '{"unitChange": 4}'


def test_findings_stand_before_the_reasons() -> None:
    """What asks for a person is seen on a small screen too."""
    finding = Finding("cost-differs", Severity.LOOK, "plan", "somebody changed it")
    told = detail_text(subject(findings=[finding]))
    assert told[4] == "LOOK      cost-differs: somebody changed it"


def test_the_detail_says_who_decided_and_who_wrote() -> None:
    """The decision with its reason; the mapping's last commit; psarecon's last write."""
    decision = Decision("0" * 12, Verdict.REJECT, "lee", "2026-11-20T17:00:00Z", "left in May")
    story = Story(mapping="9f3d21c Kim 2026-10-01: Acme pays 9.00", written="by run 1 on 2026-10-31")
    told = detail_text(subject(state="reject", decision=decision, story=story))
    assert "decision  rejected by lee at 2026-11-20T17:00:00Z: left in May" in told
    assert "          9f3d21c Kim 2026-10-01: Acme pays 9.00" in told
    assert "written   by run 1 on 2026-10-31" in told


def test_a_lapsed_decision_is_told_with_its_own_figures() -> None:
    """What was approved was 10 → 12, not this."""
    about = About("autotask/8001", "Acme Corp", "jumpcloud-platform", pair(10, 12), None, "2026-11-01")
    lapsed = Decision("1" * 12, Verdict.APPROVE, "lee", "2026-11-19T17:00:00Z", "", about)
    told = detail_text(subject(lapsed=lapsed))
    assert any("quantity 10 → 12 was approved by lee" in one and "decide again" in one for one in told)


@given(name=st.text(max_size=60), width=st.integers(20, 120))
def test_no_detail_line_is_wider_than_the_pane(name: str, width: int) -> None:
    """Whatever the names are."""
    one = replace(change(), client=name, names=(name, name, name), usage=UsageView("2026-11"))
    assert all(cell_len(text_of(spans)) <= width for spans in detail(Subject(one, (), "open"), width))


@pytest.mark.parametrize(
    ("daily", "shown"),
    [
        ((1, 2, 3, 4, 5, 6, 7, 8), "▁▂▃▄▅▆▇█"),
        ((None, 5, 5, None), "·▄▄·"),
        ((None, None), "··"),
        ((0, 1000, 999), "▁█▇"),
        ((), ""),
    ],
)
def test_a_month_is_one_line_of_blocks(daily: tuple[int | None, ...], shown: str) -> None:
    """From the lowest to the highest; a day without a sample is a dot."""
    assert text_of(sparkline(daily)) == shown


def test_the_peak_is_set_apart() -> None:
    """The first day of the highest count: it is what is billed."""
    assert [span for span in sparkline((3, 9, 9, 4)) if span.role is Role.ACCENT] == [Span("█", Role.ACCENT)]


@given(text=st.text(max_size=80), width=st.integers(1, 40))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    """Every line fits; put together without spaces they are the harmless text."""
    from psarecon.text import clean

    lines = list(wrapped(text, max(2, width)))
    assert all(cell_len(one) <= max(2, width) for one in lines)
    assert "".join(lines).replace(" ", "") == clean(text).replace(" ", "")


@given(text=st.text(max_size=60), width=st.integers(1, 40), right=st.booleans())
def test_fitted_text_is_as_wide_as_its_column(text: str, width: int, *, right: bool) -> None:
    """Exactly, in cells, whatever the text."""
    assert cell_len(fit(text, width, right=right)) == width


@given(texts=st.lists(st.text(alphabet="ab株", max_size=9), max_size=5), width=st.integers(0, 30))
def test_cut_spans_are_no_wider_than_asked(texts: list[str], width: int) -> None:
    """And begin as the whole does."""
    whole = [Span(text) for text in texts]
    assert cell_len(text_of(cut(whole, width))) <= width


def test_the_shown_list_as_text_has_a_heading_and_a_line_each(board: Make) -> None:
    """With the decision and the id, for whoever reads it elsewhere."""
    found = board([row(line="autotask/1"), row("Zed", line="autotask/2", severity=Severity.LOOK)])
    found.decide(found.opened.rows[:1], Verdict.APPROVE)
    told = shown_text(found.rows, found)
    assert told[0].split()[:4] == ["Decision", "Risk", "Client", "Product"]
    assert told[1].split()[0] == "approve"
    assert told[2].split()[:3] == ["open", "LOOK", "Zed"]


def test_money_of_many_is_their_sum() -> None:
    """Cost and revenue apart."""
    assert money([row(), row(cost="-4.50", revenue="0.00")]) == "+31.50 cost, +60.00 revenue a month"


@pytest.mark.parametrize(
    ("tenants", "word"),
    [
        ({"autotask": "webservices5.autotask.net/90001"}, "90001"),
        ({"autotask": "h/90001", "connectwise": "h/examplemsp"}, "90001 examplemsp"),
        ({"other": ""}, "other"),
    ],
)
def test_what_is_typed_names_every_tenant_that_is_written_to(tenants: dict[str, str], word: str) -> None:
    """The last part of each, in order; a PSA without a name of its own by what the settings call it."""
    assert typed(tenants) == word
