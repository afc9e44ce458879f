"""No shell block of the documents escapes: it is typed in its page's session, by a test of its own, or says why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs.walks import ROOT, Block, blocks_of, pattern_of, session, walk_of

PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(page for folder in ("docs", "sample-config", "recipes") for page in ROOT.glob(f"{folder}/**/*.md")),
    ]
)
#: The README is walked where what it says is held against other pages too: test_walks.py.
WALKED = [page for page in PAGES if walk_of(page) and page.name != "README.md"]
#: How many blocks nobody types: they need a tenant, a machine or hours that a test has not.
NOT_RUN = 20
_MARKS = {"", "typed", "meanwhile", "file", "output", "serve", "screen", "exits", "test", "not run"}


def shells_of(page: Path) -> list[Block]:
    """What a page tells its readers to type."""
    return [block for block in blocks_of(page) if block.shell and block.mark != "meanwhile"]


@pytest.mark.parametrize("page", WALKED, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_page_can_be_followed(page: Path, tmp_path: Path) -> None:
    """Each block, typed in one session from top to bottom, ends as it says and says what the page shows."""
    with session(page, tmp_path) as reader:
        for block in blocks_of(page):
            reader.go(block)


def test_every_shell_block_is_typed_by_somebody() -> None:
    """A block without a mark stands on a page with a session, and no mark is a slip of the pen."""
    homeless = [
        block.where
        for page in PAGES
        for block in shells_of(page)
        if block.mark not in _MARKS or (block.mark not in {"test", "not run"} and not walk_of(page))
    ]
    assert homeless == []


def test_every_test_that_a_block_names_exists() -> None:
    """`test: NAME` stands in a test that reads this page."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    for page in PAGES:
        names = {block.value for block in shells_of(page) if block.mark == "test"}
        texts = [text for text in sources if page.relative_to(ROOT).as_posix() in text]
        assert [name for name in names if not any(re.search(rf'[" ]{re.escape(name)}"', text) for text in texts)] == []


def test_few_blocks_are_not_typed_and_each_says_why() -> None:
    """A reason in words; a new block that is not typed needs one of these places."""
    reasons = [block.value for page in PAGES for block in shells_of(page) if block.mark == "not run"]
    assert all(len(reason.split()) > 2 for reason in reasons)
    assert len(reasons) <= NOT_RUN


def test_blocks_of_no_language_hold_no_commands() -> None:
    """A block for the shell says so: none hides as plain text with a prompt."""
    hidden = [
        block.where
        for page in PAGES
        for block in blocks_of(page)
        if block.language in {"", "text"} and re.search(r"^\$ ", block.text, re.MULTILINE)
    ]
    assert hidden == []


def test_what_differs_is_a_sign_of_its_own() -> None:
    """`…` is anything within a line, and alone any lines; the rest is to the letter."""
    assert re.fullmatch(pattern_of("a … c\n…\nend"), "a 12 c\nmore\nand more\nend\n")
    assert not re.fullmatch(pattern_of("a … c\nend"), "a 12 c\nmore\nend\n")
    assert not re.fullmatch(pattern_of("a.c"), "abc\n")
