"""The step that installs psarecon, with the real pip: from a folder of wheels, and from the action's own code."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from recipes.machines import ROOT, recipe

from psarecon import __version__

SITE = sysconfig.get_paths()["purelib"]
#: pip asks no index: it takes our wheel from a folder, and what psarecon needs is in this environment already.
#: One of these variables is read the other way round: 0 is no isolation.
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_IGNORE_INSTALLED": "1",
    "PYTHONPATH": SITE,
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with this checkout's wheel, as a package index would give it."""
    folder = tmp_path_factory.mktemp("wheels")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("version", [__version__, ""])
def test_the_action_installs_a_release_or_itself(tmp_path: Path, wheels: Path, version: str) -> None:
    """After the step, psarecon of that version is on the path of the next one."""
    step = recipe("action.yml")["runs"]["steps"][0]
    environ = {"VERSION": version, "EXTRAS": "postgres,notify", "PIP_FIND_LINKS": str(wheels), **OFFLINE}
    environ |= {"GITHUB_ACTION_PATH": str(ROOT), "GITHUB_PATH": str(tmp_path / "PATH"), "RUNNER_TEMP": str(tmp_path)}
    python = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    base = {"HOME": str(tmp_path), "LANG": "C.UTF-8", "PATH": python}
    run = ["bash", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(run, env={**base, **environ}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (added,) = (tmp_path / "PATH").read_text(encoding="utf-8").split()
    told = subprocess.run(
        [f"{added}/psarecon", "--version"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert told.stdout == f"psarecon {__version__}\n"


def test_a_release_that_is_not_there_is_not_replaced_by_another(tmp_path: Path, wheels: Path) -> None:
    """The pin holds: pip finds no such version, and the step fails."""
    step = recipe("action.yml")["runs"]["steps"][0]
    environ = {"VERSION": "0.0.9", "EXTRAS": "postgres", "PIP_FIND_LINKS": str(wheels), **OFFLINE}
    environ |= {"GITHUB_PATH": str(tmp_path / "PATH"), "RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": str(ROOT)}
    base = {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"}
    run = ["bash", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(run, env={**base, **environ}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert not (tmp_path / "PATH").exists()
