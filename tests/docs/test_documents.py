"""The documents say what the program does: links, headings and tables against the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from psarecon import errors
from psarecon.config.bindings import ALLOWABLE_GUARDS
from psarecon.ledger.database import metadata
from psarecon.ledger.journal import Event

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sample-config/*.md")])
_HELP = re.compile(r"<!-- help: .*?<!-- end -->", re.DOTALL)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"[a-z]+(-[a-z]+)*")


def text_of(name: str) -> str:
    """A document's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def rows_of(name: str) -> dict[str, list[str]]:
    """The table rows of a document whose first cell is one word in backticks or a number, by that word."""
    found = {}
    for line in text_of(name).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| ") and re.fullmatch(r"`[^`]+`|\d+", cells[0]):
            found[cells[0].strip("`")] = cells[1:]
    return found


def anchors_of(page: Path) -> set[str]:
    """What a page's headings are called in links."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Each relative link names a file that exists, and a heading in it."""
    broken = []
    for target in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        if not other.exists() or (anchor and anchor not in anchors_of(other)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_is_short_and_complete(page: Path) -> None:
    """No page is longer than 400 lines that somebody wrote, and none has an unclosed block or a heading twice."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ .+$", _FENCE.sub("", text), re.MULTILINE)
    assert len(_HELP.sub("", text).splitlines()) < 400
    assert len(re.findall(r"^```", text, re.MULTILINE)) % 2 == 0
    assert len(headings) == len(set(headings))


def test_the_help_blocks_are_those_of_the_program() -> None:
    """`docs/generate.py --check` finds every command's help in place and nothing out of date."""
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_has_a_heading() -> None:
    """Each help block of the commands' page but the first stands under a heading of its command."""
    page = text_of("docs/reference/commands.md")
    blocks = {words.strip() for words in re.findall(r"<!-- help: ([a-z -]*)-->", page)} - {""}
    headings = set(re.findall(r"^## psarecon (.+)$", page, re.MULTILINE))
    assert {"check", "plan", "sandbox init"} <= blocks
    assert blocks == headings


def found_in_code() -> Iterator[tuple[str, str]]:
    """Every finding the program can give, with its severity, as the source has it."""
    package = ROOT / "psarecon"
    for path in (
        *package.glob("domain/*.py"),
        package / "reconcile.py",
        package / "rollback.py",
        *package.glob("psa/**/*.py"),
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                yield from _of_call(node.func.id, node.args)
            elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and path.name == "guards.py":
                yield from ((code, "BLOCK") for code in _codes(node.value.elts[0]))
            elif isinstance(node, ast.IfExp) and path.name == "reconcile.py":
                yield from ((code, "BLOCK") for part in (node.body, node.orelse) for code in _codes(part))


def _of_call(called: str, arguments: list[ast.expr]) -> Iterator[tuple[str, str]]:
    if called == "_plan_block":
        yield from ((code, "BLOCK") for code in _codes(arguments[0]))
    elif called in {"Finding", "Remark"} and isinstance(arguments[1], ast.Attribute):
        yield from ((code, arguments[1].attr) for code in _codes(arguments[0]))


def _codes(node: ast.expr) -> list[str]:
    """The code that a literal is; for `f"{what}-differs"` the two it stands for."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
        return [node.value]
    if isinstance(node, ast.JoinedStr) and ast.unparse(node).endswith("-differs'"):
        return ["contract-differs", "company-differs"]
    return []


def test_every_finding_has_its_row() -> None:
    """Codes and severities of the findings' page are exactly those of the code."""
    documented = {code: cells[0] for code, cells in rows_of("docs/concepts/findings.md").items()}
    found = set(found_in_code())
    assert len(found) > 45
    assert set(documented.items()) == found


def test_every_guard_that_can_be_allowed_is_told() -> None:
    """The findings' page lists the guards that the mapping may let pass."""
    told = text_of("docs/concepts/findings.md").partition("These can be allowed:")[2].partition("Nothing else")[0]
    assert set(re.findall(r"`([a-z-]+)`", told)) == set(ALLOWABLE_GUARDS)


def test_every_exit_code_has_its_row() -> None:
    """The table of exit codes has exactly the codes of `psarecon.errors`."""
    codes = {str(value) for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert set(rows_of("docs/reference/exit-codes.md")) == codes


def test_every_table_and_event_of_the_ledger_is_described() -> None:
    """Each table has a heading, each of its columns and each event of the journal a mention under it."""
    sections = re.split(r"^## ", text_of("docs/reference/ledger.md"), flags=re.MULTILINE)[1:]
    described = {section.split()[0]: set(re.findall(r"`(\w+)`", section)) for section in sections}
    for name, table in metadata.tables.items():
        assert set(table.columns.keys()) <= described[name] | {"id"}, name
    assert {event.value for event in Event} <= described["journal"]


def modules_told() -> set[str]:
    """The modules of the architecture's table; a bare name lies in the folder of the one before it in its row."""
    told = set()
    for line in text_of("ARCHITECTURE.md").partition("## One line")[0].splitlines():
        folder = Path()
        for name in re.findall(r"`([a-z_/]+\.py)`", line.split("|")[1] if line.startswith("| ") else ""):
            folder = Path(name).parent if "/" in name else folder
            told.add((folder / Path(name).name).as_posix())
    return told


def test_every_module_has_its_line_in_the_architecture() -> None:
    """ARCHITECTURE.md names each module outside the sandbox and the commands, and none that is gone."""
    package = ROOT / "psarecon"
    paths = {path.relative_to(package).as_posix() for path in package.rglob("*.py") if path.name != "__init__.py"}
    house = {path for path in paths if path.partition("/")[0] not in {"sandbox", "cli", "__main__.py"}}
    assert house - modules_told() == set()
    assert modules_told() - paths == set()


def test_every_section_that_the_code_cites_exists() -> None:
    """A docstring that names a section of a vendor's page names a heading of it."""
    cited = re.compile(r"docs/vendors/(\w+)\.md(?:``)?,\s*(?:#: )?\"([^\"]+)\"")
    missing = []
    for path in (ROOT / "psarecon").rglob("*.py"):
        for vendor, section in cited.findall(path.read_text(encoding="utf-8")):
            if f"\n## {section}\n" not in text_of(f"docs/vendors/{vendor}.md"):
                missing.append((path.name, vendor, section))
    assert missing == []


def test_every_switch_that_a_vendor_page_names_exists() -> None:
    """A rule or fault of the sandbox, and the proof levels' links, are to be found where the pages say."""
    named = re.compile(r"[Ss]andbox(?: faults?)? ((?:`\w+`(?:, )?)+)")
    known = rows_of("docs/reference/sandbox.md").keys()
    for page in (ROOT / "docs" / "vendors").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert set(re.findall(r"`(\w+)`", " ".join(named.findall(text)))) <= known, page.name
        assert set(re.findall(r"\[([A-Z]\d+)\](?!:)", text)) == set(re.findall(r"^\[([A-Z]\d+)\]:", text, re.MULTILINE))


def test_every_document_that_the_code_names_exists() -> None:
    """No docstring, hint or message sends its reader to a page that is not there."""
    named = re.compile(r"\b(docs/[\w/-]+\.md|schemas/[\w.]+\.schema\.json)")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "psarecon").rglob("*.py")]
    assert [name for source in sources for name in named.findall(source) if not (ROOT / name).exists()] == []
