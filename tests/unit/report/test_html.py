from __future__ import annotations

import base64
import hashlib
import re

from hostile.looks import STEADY
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.domain.make import plan_of
from unit.report.samples import NAMES, Page, edited, money, numbered, plans

from psarecon.domain.model import Finding, Severity
from psarecon.domain.plan import Plan
from psarecon.report.html import html_page
from psarecon.text import clean


def test_the_page_holds_every_change_and_its_sums() -> None:
    """Nothing is left out of it: it has no limit."""
    changes = [numbered(number, f"{number}.10", f"{2 * number}.20", f"Client {number // 3}") for number in range(400)]
    page = Page(html_page(plan_of(changes)))
    table = page.tables[-1]
    assert len(table.rows) == 400
    assert sum(map(money, table.column("Cost/month"))) == sum(one.money.cost_change for one in changes)
    assert page.text().count("psarecon: 400 changes on 400 lines") == 2
    assert "+79,840.00" in page.text()


def test_the_charts_show_the_clients_with_most_money_and_count_the_rest() -> None:
    """Twelve bars, then one row for all others; causes beside it."""
    changes = [numbered(number, f"{number + 1}.00", "0.00", f"Client {number}") for number in range(30)]
    text = html_page(plan_of(changes))
    names = re.findall(r'<span class="name"><bdi>([^<]*)</bdi>', text)
    assert names[:2] == ["Client 29", "Client 28"]
    assert names[12:] == ["18 other clients", "usage"]
    assert "+171.00 / 0.00" in text
    assert '<rect class="s1" x="0.0" y="1" width="1000.0" height="8"/>' in text


def test_a_fall_is_drawn_to_the_left_of_nought() -> None:
    """Nought stands where the longest fall and the longest rise leave it."""
    text = html_page(plan_of([numbered(1, "30.00", "0.00", "Up"), numbered(2, "-10.00", "0.00", "Down")]))
    assert '<rect class="s1" x="250.0" y="1" width="750.0" height="8"/>' in text
    assert '<rect class="s1" x="0.0" y="1" width="250.0" height="8"/>' in text
    assert '<line x1="250.0" x2="250.0"' in text


def test_the_policy_lets_only_our_own_script_and_style_be() -> None:
    """By their hashes; nothing else may run, show or be asked for."""
    text = html_page(plan_of([numbered(1)]))
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    for tag in ("script", "style"):
        ((inner,),) = [re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)]
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(
        r"\b(?:src|href|action|style|on\w+)=", re.sub(r"<(script|style)>.*?</\1>", "", text, flags=re.DOTALL)
    )
    assert "http" not in re.sub(r"http-equiv", "", text)


def test_a_comparison_stands_in_two_parts() -> None:
    """What the pull request causes before what comes anyway."""
    plan = plan_of([numbered(1, client="New"), numbered(2, client="Other"), numbered(3, client="Same")])
    page = Page(html_page(plan, edited(plan)))
    headings = [text for tag, text in page.texts if tag == "h2" and text]
    assert headings == ["This pull request causes", "Comes anyway"]
    edits, anyway = page.tables[-2:]
    assert sorted(edits.column("Client")) == ["Gone & Co", "New", "Other"]
    assert anyway.column("Client") == ["Same"]
    assert "compared with main (fedcba987654)" in page.text()


def test_many_findings_do_not_push_the_changes_off_the_screen() -> None:
    """Twenty-five in the open, the rest and the remarks in folds."""
    one = numbered(1)
    findings = [Finding("name-differs", Severity.LOOK, "plan", f"number {number}") for number in range(40)]
    remarks = [Finding("usage-missing-days", Severity.INFO, "source:jumpcloud", f"day {number}") for number in range(3)]
    page = Page(html_page(plan_of([one], [*findings, *remarks])))
    assert [len(table.rows) for table in page.tables[1:]] == [25, 15, 3, 1]
    assert [text for tag, text in page.texts if tag == "summary" and text] == ["15 more findings", "3 remarks"]


@settings(STEADY, max_examples=60)
@given(plans(), st.booleans())
def test_nothing_of_a_plan_is_more_than_text(plan: Plan, compared: bool) -> None:  # noqa: FBT001
    """The elements of the page are those of a page of plain names."""
    plain = Page(html_page(plan_of([numbered(1)])))
    page = Page(html_page(plan, edited(plan) if compared else None))
    known = {tag for tag, _ in plain.elements} | {"details", "summary", "h3", "code"}
    assert {tag for tag, _ in page.elements} <= known
    assert sum(tag == "script" for tag, _ in page.elements) == 1


def test_every_hostile_name_is_there_to_read() -> None:
    """Each as its harmless self."""
    page = Page(html_page(plan_of([numbered(number, client=name) for number, name in enumerate(NAMES)])))
    shown = set(page.tables[-1].column("Client"))
    assert shown == {clean(name, 120) for name in NAMES}
