"""What can be said of the recipes without running them: their form, their shell, and what they must never do."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from recipes.github import PINNED
from recipes.machines import RECIPES, ROOT, recipe

from psarecon import __version__

BIN = Path(sys.executable).parent
WORKFLOWS = sorted(path.name for path in RECIPES.glob("github-*.yml"))
PLATFORMS = [*WORKFLOWS, "gitlab-ci.yml", "azure-pipelines.yml"]
#: Words that checkers want beside the file, by what the schema's publisher says of it.
SCHEMAS = {
    **{f"recipes/{name}": ("vendor.github-workflows",) for name in WORKFLOWS},
    "action.yml": ("vendor.github-actions",),
    "recipes/gitlab-ci.yml": ("vendor.gitlab-ci", "--data-transform", "gitlab-ci"),
    # Two of the schema's patterns escape signs that need none, which the strict dialect refuses.
    "recipes/azure-pipelines.yml": (
        *("vendor.azure-pipelines", "--data-transform", "azure-pipelines"),
        *("--regex-variant", "nonunicode"),
    ),
}


def said(*words: str) -> str:
    """What a checker says of files; nothing where it has no complaint."""
    done = subprocess.run([str(BIN / words[0]), *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_file_has_the_form_that_its_platform_publishes(name: str) -> None:
    """The published JSON schema of the platform holds."""
    assert said("check-jsonschema", "--builtin-schema", *SCHEMAS[name], name) == ""


def test_the_hooks_are_those_that_precommit_takes() -> None:
    """It reads the manifest, and the sample that uses it."""
    assert said("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml") == ""
    assert said("pre-commit", "validate-config", "recipes/pre-commit-config.yaml") == ""


def test_the_workflows_do_nothing_that_is_known_to_be_dangerous() -> None:
    """No template injection, no excessive permission, no credential left in a checkout, says zizmor."""
    files = ["action.yml", *(f"recipes/{name}" for name in WORKFLOWS)]
    assert said("zizmor", "--offline", "--pedantic", "--config", "tests/recipes/zizmor.yml", *files) == ""


def scripts(block: Any) -> Iterator[str]:
    """Every shell script within a pipeline."""
    if isinstance(block, Mapping):
        for key, value in block.items():
            if key in {"run", "bash"} and isinstance(value, str):
                yield value
            elif key in {"script", "before_script"}:
                yield "\n".join(value)
            else:
                yield from scripts(value)
    elif isinstance(block, list):
        for one in block:
            yield from scripts(one)


@pytest.mark.parametrize("name", ["action.yml", *(f"recipes/{name}" for name in PLATFORMS)])
def test_the_shell_has_no_known_mistake(tmp_path: Path, name: str) -> None:
    """No step has one that shellcheck knows."""
    found = list(scripts(recipe(name)))
    for number, script in enumerate(found):
        (tmp_path / f"{number}.sh").write_text(script, encoding="utf-8")
    files = sorted(str(path) for path in tmp_path.iterdir())
    assert files or name == "recipes/github-pull-request.yml"
    assert not files or said("shellcheck", "--shell=bash", *files) == ""


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_job_has_secrets_only_from_an_environment(name: str) -> None:
    """No workflow runs for a pull request with the rights of its base; secrets come with an environment alone, and a
    pull request names only that which can read."""
    workflow = recipe(f"recipes/{name}")
    assert "pull_request_target" not in workflow["on"]
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert "environment" in job or "secrets." not in str(job)
        if "pull_request" in workflow["on"]:
            assert job.get("environment", "psarecon-read") == "psarecon-read"


def test_two_runs_that_write_never_meet() -> None:
    """Both workflows that write wait in one line, and none is cut off for the next."""
    groups = [recipe(f"recipes/{name}")["concurrency"] for name in ("github-apply.yml", "github-nightly.yml")]
    assert groups == [{"group": "psarecon-write", "cancel-in-progress": False}] * 2
    gitlab = recipe("recipes/gitlab-ci.yml")
    assert {gitlab[job]["resource_group"] for job in ("plan", "apply")} == {"psarecon-write"}
    assert recipe("recipes/azure-pipelines.yml")["lockBehavior"] == "sequential"


def test_everything_is_pinned() -> None:
    """That is psarecon by one variable at the top, each action by its major version, machines and images by theirs."""
    for name in PLATFORMS:
        text = (RECIPES / name).read_text(encoding="utf-8")
        assert text.count(f'"{__version__}"') == 1, name
        assert "latest" not in text
    used = {use for name in WORKFLOWS for use in re.findall(r"uses: (\S+)", (RECIPES / name).read_text())}
    assert used == {f"{action}@{version}" for action, version in PINNED.items()}
    assert f"rev: v{__version__}" in (RECIPES / "pre-commit-config.yaml").read_text(encoding="utf-8")
