"""The documentation as a site: whole, and on its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from chromium import CHROMIUM, WHY_NOT, browser
from docs.walks import ROOT

#: What a browser fetches by itself when it meets the element, by the attribute that names it.
_FETCHED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make docs` builds it: a broken link, anchor or page outside the navigation ends it."""
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(place)]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place


class _Fetches(HTMLParser):
    """The addresses that a page fetches from."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is fetched by itself; a canonical link is not."""
        given = dict(attrs)
        address = given.get(_FETCHED.get(tag, ""))
        if address and given.get("rel") not in {"canonical", "next", "prev", "edit"}:
            self.addresses.append(address)


def test_every_page_is_in_the_site(site: Path) -> None:
    """Each page of docs/, and what they link to beside it: recipes, schemas, the repository's own pages."""
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in ROOT.glob("docs/**/*.md")}
    beside = {
        "repository/SECURITY.html",
        "repository/recipes/gitlab-ci.yml.html",
        "repository/schemas/plan.schema.json.html",
    }
    found = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert (pages | beside) - found == set()


def test_no_page_names_another_host_to_fetch_from(site: Path) -> None:
    """Styles, scripts, fonts and pictures are files of the site, on every page."""
    strangers = {
        (page.relative_to(site).as_posix(), address)
        for page in site.rglob("*.html")
        for address in _Fetches(page.read_text(encoding="utf-8")).addresses
        if re.match(r"(\w+:)?//", address)
    }
    assert strangers == set()
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)]*", styles) == []


@pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)
def test_pages_ask_nobody_and_search_works_from_a_disk(site: Path) -> None:
    """Opened as files, three pages show and make no request; the search finds the page on drift."""
    with browser() as chromium:
        for name in ("index", "tutorial", "reference/settings"):
            assert "</article>" in chromium.dom(site / f"{name}.html")
        found = chromium.dom(site / "tutorial.html", "?q=drift", 10_000)
        assert "concepts/drift.html" in "".join(
            re.findall(r'class="md-search-result__link"[^>]*|href="[^"]*"[^>]*md-search-result__link', found)
        )
        assert chromium.asked() == []
