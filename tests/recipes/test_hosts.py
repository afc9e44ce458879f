"""The recipes for a machine of one's own: cron, systemd, and the hook before a commit."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from harness import Rehearsal
from recipes.forge import GIT_ENVIRON, Forge, git
from recipes.machines import RECIPES, ROOT
from recipes.office import prepared

BIN = Path(sys.executable).parent
SERVICE = RECIPES / "systemd" / "psarecon-observe.service"
READ = "jumpcloud: 1 organizations read, 0 failed, as of 2026-11-20 17:00Z\n"
TIMER = RECIPES / "systemd" / "psarecon-observe.timer"


@pytest.fixture
def billing(acme: Rehearsal, tmp_path: Path) -> Path:
    """A clone of the configuration, with a file of secrets beside it as both recipes want it."""
    prepared(acme, f"sqlite:{tmp_path / 'ledger.db'}")
    forge = Forge(tmp_path / "forge", acme.directory)
    page = (ROOT / "docs/guides/nightly.md").read_text(encoding="utf-8")
    night = page.partition("<!-- test: nightly.sh -->\n```sh\n")[2].partition("```")[0]
    forge.branch("main", {"nightly.sh": night})
    git(tmp_path, "clone", "--quiet", forge.url, "billing")
    lines = [f"{name}={shlex.quote(value)}" for name, value in acme.environ.items()]
    (tmp_path / "secrets.env").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "billing"


def crontab(billing: Path) -> tuple[dict[str, str], list[str]]:
    """The crontab's own variables with this machine's places, and its commands."""
    lines = (RECIPES / "crontab").read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if line and not line.startswith("#")]
    environ = dict(line.split("=", 1) for line in said if re.match(r"\w+=", line))
    places = {"BILLING": str(billing), "SECRETS": str(billing.parent / "secrets.env"), "PATH": f"{BIN}:{os.defpath}"}
    assert places.keys() < environ.keys()
    jobs = [line.split(maxsplit=5) for line in said if not re.match(r"\w+=", line)]
    assert all(re.fullmatch(r"[\d*/,-]+", field) for job in jobs for field in job[:5])
    assert all("%" not in job[5] for job in jobs), "cron would take it for the end of the line"
    return {**environ, **places}, [job[5] for job in jobs]


def by_cron(command: str, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A command as cron starts it."""
    own = {"HOME": "/", "LOGNAME": "billing", **GIT_ENVIRON, **environ}
    shell = [environ["SHELL"], "-c", command]
    return subprocess.run(shell, cwd="/", env=own, capture_output=True, text=True, timeout=120, check=False)


def test_the_crontab_reads_and_bills(acme: Rehearsal, billing: Path) -> None:
    """Its lines, one after the other: a reading is kept; then what was merged meanwhile is pulled and billed."""
    environ, (observe, night) = crontab(billing)
    done = by_cron(observe, environ)
    assert (done.returncode, done.stdout) == (0, READ), done.stderr
    desk = billing.parent / "forge" / "desk"
    file = desk / "clients" / "acme-corp.yaml"
    text = file.read_text(encoding="utf-8").replace("jumpcloud-platform\n", "jumpcloud-platform\n    minimum: 16\n")
    file.write_text(text, encoding="utf-8")
    git(desk, "commit", "--quiet", "--all", "-m", "At least sixteen")
    git(desk, "push", "--quiet", "origin", "main")
    done = by_cron(night, environ)
    assert done.returncode == 0, done.stderr
    assert acme.truth()["quantity"] == "16"


def unit(path: Path) -> configparser.RawConfigParser:
    """A unit file by its sections."""
    found = configparser.RawConfigParser(delimiters="=", comment_prefixes="#", strict=True, interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]  # how configparser is told to keep capitals
    found.read_string(path.read_text(encoding="utf-8"))
    return found


def test_the_service_reads_once(acme: Rehearsal, billing: Path) -> None:
    """What the unit says to start, with its variables and in its folder, keeps a reading."""
    service = unit(SERVICE)["Service"]
    assert service["Type"] == "oneshot"
    assert service["WorkingDirectory"] == "/srv/billing"
    lines = (billing.parent / "secrets.env").read_text(encoding="utf-8").splitlines()
    environ = dict(shlex.split(line)[0].split("=", 1) for line in lines)
    assert environ["AUTOTASK_USERNAME"] == acme.environ["AUTOTASK_USERNAME"]
    command = [word.replace("/opt/psarecon/bin", str(BIN)) for word in shlex.split(service["ExecStart"])]
    own = {"PATH": os.defpath, "USER": service["User"], **environ}
    done = subprocess.run(command, cwd=billing, env=own, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, READ), done.stderr


def test_the_timer_starts_the_service(tmp_path: Path) -> None:
    """Both units belong together; where systemd is at hand, it has no complaint about either."""
    assert TIMER.stem == SERVICE.stem
    timer = unit(TIMER)
    assert "Unit" not in timer["Timer"]
    assert timer["Install"]["WantedBy"] == "timers.target"
    copies = [shutil.copy(path, tmp_path) for path in (SERVICE, TIMER)]
    text = Path(copies[0]).read_text(encoding="utf-8").replace("/opt/psarecon/bin", str(BIN))
    Path(copies[0]).write_text(text, encoding="utf-8")
    checker = shutil.which("systemd-analyze")
    if checker is not None:
        done = subprocess.run([checker, "verify", *copies], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def hooked(acme: Rehearsal, tmp_path: Path) -> Path:
    """A configuration repository with the sample of a hook, from a repository that holds our manifest."""
    ours, config = tmp_path / "psarecon", acme.directory
    ours.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", ours)
    git(ours, "init", "--quiet")
    git(ours, "add", "--all")
    git(ours, "commit", "--quiet", "-m", "Hooks")
    git(ours, "tag", "v0.1.0")
    sample = (RECIPES / "pre-commit-config.yaml").read_text(encoding="utf-8")
    # The program is on the path already; pre-commit would install it from the same repository.
    local = sample.replace("https://github.com/OWNER/psarecon", str(ours)) + "        language: system\n"
    (config / ".pre-commit-config.yaml").write_text(local, encoding="utf-8")
    git(config, "init", "--quiet")
    git(config, "add", "--all")
    return config


def commit(config: Path) -> subprocess.CompletedProcess[str]:
    """``git commit`` with the hook in place."""
    environ = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(config.parent), "LANG": "C.UTF-8", **GIT_ENVIRON}
    environ["PRE_COMMIT_HOME"] = str(config.parent / "hooks")
    command = 'pre-commit install && git add --all && git commit --message "An edit"'
    return subprocess.run(
        ["bash", "-c", command], cwd=config, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_hook_lets_a_valid_mapping_pass(hooked: Path) -> None:
    """A commit that is in order is made."""
    done = commit(hooked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "psarecon check" in done.stdout + done.stderr
    assert git(hooked, "log", "--format=%s") == "An edit"


def test_the_hook_stops_a_mistake(hooked: Path) -> None:
    """A commit with an unknown product is not made, and the line is named."""
    file = next((hooked / "clients").glob("*.yaml"))
    file.write_text(file.read_text(encoding="utf-8").replace("jumpcloud-platform", "jumpclod"), encoding="utf-8")
    done = commit(hooked)
    assert done.returncode == 1
    assert f"clients/{file.name}:6:14" in done.stdout + done.stderr
    assert git(hooked, "rev-list", "--all", "--count") == "0"
