from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import CHROMIUM, WHY_NOT, Browser, browser
from unit.domain.make import plan_of
from unit.report.samples import NAMES, Page, edited, numbered

from psarecon.report.html import html_page
from psarecon.text import clean

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)

#: What a hostile page would do: change its title, and ask somebody for something, in every way there is.
EVIL = """<!doctype html><title>harmless</title>
<img src="http://evil.example/image"><link rel="stylesheet" href="http://evil.example/style">
<script>document.title = "ran"; fetch("http://evil.example/fetch").catch(() => 0)</script>"""


@pytest.fixture
def chromium() -> Iterator[Browser]:
    """A browser whose requests all end at a recording proxy."""
    with browser() as found:
        yield found


def title_of(dom: str) -> str:
    """The page's title after its scripts have run."""
    found = re.search(r"<title>(.*?)</title>", dom, re.DOTALL)
    assert found
    return found[1]


def corner(png: bytes) -> str:
    """The colour of a picture's first pixel, which follows the first row's filter in the first chunk of pixels."""
    start = png.index(b"IDAT") + 4
    length = int.from_bytes(png[start - 8 : start - 4], "big")
    return zlib.decompressobj().decompress(png[start : start + length], 4)[1:].hex()


def written(folder: Path, html: str) -> Path:
    """The page in a file."""
    path = folder / "plan.html"
    path.write_text(html, encoding="utf-8")
    return path


def test_a_page_that_does_ask_is_noticed(chromium: Browser, tmp_path: Path) -> None:
    """The instrument works: its script runs, and its three requests are on record."""
    dom = chromium.dom(written(tmp_path, EVIL))
    assert title_of(dom) == "ran"
    assert {one.rpartition("/")[2] for one in chromium.asked()} == {"image", "style", "fetch"}


def test_no_name_acts_and_no_request_leaves_the_page(chromium: Browser, tmp_path: Path) -> None:
    """Every hostile name as client, in a plan and in a comparison; our own script did run."""
    hostile = [*NAMES, EVIL, f"</style></script></title>{EVIL}", '"><svg onload="document.title=\'ran\'">']
    plan = plan_of([numbered(number, client=name) for number, name in enumerate(hostile)])
    for comparison in (None, edited(plan)):
        dom = chromium.dom(written(tmp_path, html_page(plan, comparison)))
        assert title_of(dom) == f"psarecon: {len(hostile)} changes on {len(hostile)} lines"
        elements = [tag for tag, _ in Page(dom).elements]
        assert elements.count("script") == 1
        assert not {"img", "link", "iframe", "a"} & set(elements)
        assert '<th scope="col"><button' in dom
    assert chromium.asked() == []
    shown = {" ".join(text.split()) for table in Page(dom).tables for text in table.column("Client")}
    assert {" ".join(clean(name, 120).split()) for name in hostile} <= shown


def test_what_gets_through_all_the_same_may_not_run_nor_ask(chromium: Browser, tmp_path: Path) -> None:
    """The page's policy stands behind the escaping: the same evil, put unescaped into the page, does nothing."""
    page = html_page(plan_of([numbered(1)])).replace("<main>", f"<main>{EVIL.partition('</title>')[2]}")
    dom = chromium.dom(written(tmp_path, page))
    assert "evil.example" in dom
    assert title_of(dom) == "psarecon: 1 change on 1 line"
    assert chromium.asked() == []


def test_five_thousand_changes_are_shown_sorted_and_filtered(chromium: Browser, tmp_path: Path) -> None:
    """The script is the page's own: here a second one, let in by taking the policy out, presses its keys."""
    changes = [numbered(number, f"{number}.00", client=f"Client no{number % 100:02}z") for number in range(5000)]
    keys = """<script>
    const head = Array.from(document.querySelectorAll("th button")).find(one => one.textContent === "Cost/month");
    head.click();
    const words = document.querySelector("input");
    words.value = "NO42Z usage";
    words.dispatchEvent(new Event("input"));
    const rows = Array.from(document.querySelectorAll("table.sortable tbody tr")).filter(row => !row.hidden);
    const told = document.querySelector("output").textContent;
    document.title = [rows.length, rows[0].cells[6].textContent, told].join(" / ");
    </script></body>"""
    page = re.sub(r"<meta http-equiv[^>]*>", "", html_page(plan_of(changes))).replace("</body>", keys)
    dom = chromium.dom(written(tmp_path, page))
    assert title_of(dom) == "50 / +42.00 / 50 of 5,000 shown, +124,600.00 cost a month"


@pytest.mark.parametrize("width", [1280, 500])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_is_drawn_light_and_dark_wide_and_narrow(
    chromium: Browser,
    tmp_path: Path,
    width: int,
    dark: bool,  # noqa: FBT001
) -> None:
    """A picture of the asked size with something on it, dark where dark is preferred."""
    picture = tmp_path / "plan.png"
    plan = plan_of([numbered(number, client=f"Client {number}") for number in range(30)])
    chromium.picture(written(tmp_path, html_page(plan, edited(plan))), picture, width, 900, dark=dark)
    content = picture.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")) == (width, 900)
    assert len(content) > 20_000
    assert corner(content) == ("14171b" if dark else "ffffff")
