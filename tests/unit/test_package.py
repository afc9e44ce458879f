"""What is in the wheel that users install."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from psarecon.config.starting import PIPELINES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of a wheel built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


def test_the_schemas_are_shipped_in_the_wheel(names: set[str]) -> None:
    """All that are published in the repository."""
    published = {f"psarecon/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    assert len(published) == 7
    assert published <= names


def test_what_init_writes_from_is_shipped_in_the_wheel(names: set[str]) -> None:
    """The recipes of every pipeline and the templates of the other files."""
    recipes = {f"psarecon/recipes/{name}" for pipeline in PIPELINES.values() for name in pipeline}
    templates = {f"psarecon/config/templates/{path.name}" for path in (ROOT / "psarecon/config/templates").iterdir()}
    assert (len(recipes), len(templates)) == (6, 4)
    assert recipes | templates <= names


def test_the_wheel_says_that_it_is_typed_and_holds_no_tests(names: set[str]) -> None:
    """``py.typed`` for its users, nothing outside the package but its metadata."""
    assert "psarecon/py.typed" in names
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"psarecon"}
