"""What a release is made of: it builds, holds what it should, and works where only it is installed."""

from __future__ import annotations

import re
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
from release.building import ROOT, Installed, built, installed, run

from psarecon import __version__


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The source archive, and the wheel that was built from it."""
    return built(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def program(release: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an environment of its own."""
    return installed(release[0], tmp_path_factory.mktemp("clean") / "venv")


def contents(wheel: Path) -> dict[str, bytes]:
    """Every file of a wheel."""
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_checkout_and_the_source_archive_give_the_same_wheel(release: list[Path], tmp_path: Path) -> None:
    """Byte for byte in every file: nothing that the wheel needs is missing from the archive."""
    direct = built(tmp_path, "--wheel")
    assert [path.name for path in direct] == [release[0].name]
    assert contents(direct[0]) == contents(release[0])


def test_the_wheel_holds_every_module_and_the_manual_page(release: list[Path]) -> None:
    """As the checkout has them; what else it holds is told in tests/unit/test_package.py."""
    names = set(contents(release[0]))
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "psarecon").rglob("*.py")} <= names
    assert f"psarecon-{__version__}.data/data/share/man/man1/psarecon.1" in names


def test_the_source_archive_can_be_worked_on(release: list[Path]) -> None:
    """Tests, documents, recipes and the makefile are in it; no cache, no environment, no ledger."""
    with tarfile.open(release[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"Makefile", "mkdocs.yml", "tests/harness.py", "docs/index.md", "requirements/dev.txt", "LICENSE"} <= names
    assert [name for name in names if "__pycache__" in name or ".venv" in name or name.endswith((".db", ".pyc"))] == []


def test_the_installed_program_is_itself(program: Installed, tmp_path: Path) -> None:
    """It is imported from its own environment, and says the version of the checkout."""
    where = run(program.python, "-c", "import psarecon; print(psarecon.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(program.place)
    assert program.psarecon("--version", cwd=tmp_path) == f"psarecon {__version__}\n"
    assert (program.place / "share" / "man" / "man1" / "psarecon.1").is_file()


def test_the_installed_program_plans(program: Installed, tmp_path: Path) -> None:
    """A sandbox; settings read by the schemas in the wheel, adapters by its entry points; and a whole demo."""
    program.psarecon("sandbox", "init", "msp", "--today", "2026-11-16", cwd=tmp_path)
    assert "12 clients, 19 lines: valid" in program.psarecon("-C", "msp", "check", cwd=tmp_path)
    assert '"title": "psarecon settings"' in program.psarecon("schema", "settings", cwd=tmp_path)
    assert "verified" in program.psarecon("demo", cwd=tmp_path)


def test_the_run_lock_is_a_part_of_the_development_lock() -> None:
    """`requirements/run.py --check` finds nothing out of date; each package has its version and its hashes."""
    assert run(sys.executable, "requirements/run.py", "--check") == ""
    packages = re.split(r"^(?=\w)", (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(packages) > 40
    assert [one for one in packages[1:] if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:", one, re.DOTALL)] == []
