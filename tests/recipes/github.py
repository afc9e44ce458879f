"""Runs workflows of GitHub Actions, as far as the recipes use them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recipes.expressions import Unknown, evaluate, walk
from recipes.forge import PullRequest
from recipes.machines import ROOT, Job, Machine, Run, Surroundings, Variables, only, recipe
from recipes.sites import TOKEN

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
#: The steps the recipes call, and the version each is pinned to.
PINNED = {
    "actions/checkout": "v4",
    "actions/upload-artifact": "v4",
    "actions/download-artifact": "v4",
    "OWNER/psarecon": "v0",
}


class GitHub(Surroundings):
    """One repository's Actions."""

    def pull_request(self, request: PullRequest) -> Run:
        """Somebody opened a pull request, or pushed to its branch."""
        self.forge.refresh(request)
        repository = "stranger/billing" if request.fork else "msp/billing"
        event = {"pull_request": {"number": str(request.number), "head": {"repo": {"full_name": repository}}}}
        return self._run("github-pull-request", "pull_request", event, request)

    def night(self) -> Run:
        """It is half past seven, UTC."""
        return self._run("github-nightly", "schedule", {})

    def dispatched(self, workflow: str, **inputs: str) -> Run:
        """Somebody started a workflow by hand."""
        return self._run(workflow, "workflow_dispatch", {}, inputs=inputs)

    def _run(
        self,
        name: str,
        kind: str,
        event: Mapping[str, Any],
        request: PullRequest | None = None,
        inputs: Mapping[str, str] | None = None,
    ) -> Run:
        workflow = only(
            recipe(f"recipes/{name}.yml"), "name", "on", "permissions", "concurrency", "env", "defaults", "jobs"
        )
        assert kind in workflow["on"]
        run, commit = self.begin(), self.commit(request)
        github = {
            "event": event,
            "repository": "msp/billing",
            "server_url": "https://github.com",
            "base_ref": "main",
            "token": "read-only" if request and request.fork else TOKEN,
            "run_id": str(run.number),
        }
        given = _given(workflow["on"][kind], inputs or {})
        contexts = {"github": github, "inputs": given, "needs": {}, "env": {}}
        contexts["env"] = _filled(workflow.get("env", {}), contexts)
        for job_name, block in workflow["jobs"].items():
            run.jobs[job_name] = self._job(run, job_name, block, contexts, commit)
            self.meddler(run, job_name)
        return run

    def _job(self, run: Run, name: str, block: Mapping[str, Any], contexts: dict[str, Any], commit: str) -> Job:
        keys = ("name", "needs", "if", "runs-on", "timeout-minutes", "environment", "permissions", "outputs", "env")
        only(block, *keys, "steps")
        job, needs = Job(), block.get("needs", [])
        needed = {one: run.jobs[one] for one in ([needs] if isinstance(needs, str) else needs)}
        if any(one.result != "succeeded" for one in needed.values()):
            return job
        fork = contexts["github"]["token"] != TOKEN
        kept = Variables() if fork else self.kept[block["environment"]] if "environment" in block else Variables()
        of_job = {**contexts, "needs": {one: {"outputs": it.outputs} for one, it in needed.items()}, "steps": {}}
        of_job |= {"secrets": kept.secrets, "vars": kept.plain}
        if not _wanted(block.get("if"), of_job, ok=True):
            return job
        of_job["env"] = {**contexts["env"], **_filled(block.get("env", {}), of_job)}
        task = _Task(self, run, job, self.machine(run, name), of_job, commit)
        job.result = "succeeded"
        for step in block["steps"]:
            task.step(step)
        job.outputs = _filled(block.get("outputs", {}), of_job) if job.result == "succeeded" else {}
        return job


def _given(trigger: Mapping[str, Any] | list[Any] | None, inputs: Mapping[str, str]) -> dict[str, str]:
    """Inputs with their defaults; a name the workflow does not ask for is an error."""
    asked = trigger["inputs"] if isinstance(trigger, Mapping) and "inputs" in trigger else {}
    assert inputs.keys() <= asked.keys()
    assert all(name in inputs for name, one in asked.items() if one.get("required"))
    return {name: inputs.get(name, _text(one.get("default", ""))) for name, one in asked.items()}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(text: str, contexts: Mapping[str, Any], *, ok: bool) -> Any:
    functions: dict[str, Callable[..., Any]] = {"cancelled": lambda: False, "success": lambda: ok}
    return evaluate(text, lambda name: walk(contexts, name), functions)


def _fill(text: Any, contexts: Mapping[str, Any]) -> str:
    """A text with its expressions replaced."""
    return _EXPRESSION.sub(lambda match: _text(_value(match[1], contexts, ok=True)), _text(text))


def _filled(block: Mapping[str, Any], contexts: Mapping[str, Any]) -> dict[str, str]:
    return {name: _fill(value, contexts) for name, value in block.items()}


def _wanted(condition: str | None, contexts: Mapping[str, Any], *, ok: bool) -> bool:
    """Whether a condition holds; one that asks for no status holds only while all went well."""
    if condition is None:
        return ok
    match = _EXPRESSION.fullmatch(condition)
    if match is None:
        raise Unknown(f"{condition!r} is not wholly an expression")
    asks = "cancelled()" in condition
    return bool(_value(match[1], contexts, ok=ok)) and (ok or asks)


@dataclass
class _Task:
    """The steps of a job, one after the other; a composite action is a task within a task."""

    platform: GitHub
    run: Run
    job: Job
    machine: Machine
    contexts: dict[str, Any]
    commit: str
    outer: Mapping[str, str] = field(default_factory=dict)

    def step(self, block: Mapping[str, Any]) -> None:
        """One step, if its turn comes."""
        only(block, "name", "id", "if", "uses", "with", "env", "run", "shell")
        if not _wanted(block.get("if"), self.contexts, ok=self.job.result == "succeeded"):
            return
        environ = {**self.contexts["env"], **self.outer, **_filled(block.get("env", {}), self.contexts)}
        if "uses" in block:
            self._use(block["uses"], _filled(block.get("with", {}), self.contexts), environ)
        else:
            self._shell(block, environ)

    def _shell(self, block: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        if _EXPRESSION.search(block["run"]):
            raise Unknown("an expression within a script: whoever writes its value writes the script")
        names = ("OUTPUT", "PATH", "STEP_SUMMARY")
        files = {f"GITHUB_{name}": self.machine.temp / name for name in names}
        for file in files.values():
            file.write_bytes(b"")
        own = {**_builtin(self), **environ, **{name: str(file) for name, file in files.items()}}
        code = self.machine.run(self.job, block["run"], own, _BASH)
        self.job.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        self.machine.paths[:0] = files["GITHUB_PATH"].read_text(encoding="utf-8").split()
        said = [line.partition("=") for line in files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()]
        if "id" in block:
            self.contexts["steps"][block["id"]] = {"outputs": {name: value for name, _, value in said}}
        if code:
            self.job.result, self.job.code = "failed", code

    def _use(self, name: str, given: dict[str, str], environ: Mapping[str, str]) -> None:
        action, _, version = name.partition("@")
        if PINNED.get(action) != version:
            raise Unknown(f"no such action: {name}")
        uses = {
            "actions/checkout": self._checkout,
            "actions/upload-artifact": self._upload,
            "actions/download-artifact": self._download,
        }
        if action in uses:
            uses[action](given)
            return
        block = only(recipe("action.yml"), "name", "description", "branding", "inputs", "runs")
        inputs = {key: _fill(one.get("default", ""), self.contexts) for key, one in block["inputs"].items()}
        assert given.keys() <= inputs.keys()
        own = {key: self.contexts[key] for key in ("github", "env")} | {"inputs": {**inputs, **given}, "steps": {}}
        inner = _Task(self.platform, self.run, self.job, self.machine, own, self.commit, environ)
        for step in block["runs"]["steps"]:
            inner.step(step)

    def _checkout(self, given: Mapping[str, str]) -> None:
        only(given, "persist-credentials", "fetch-depth")
        self.platform.forge.checkout(self.machine.work, self.commit, int(given.get("fetch-depth", "1")))

    def _upload(self, given: Mapping[str, str]) -> None:
        only(given, "name", "path", "if-no-files-found", "retention-days")
        kept = self.platform.folder / f"run-{self.run.number}" / "artifacts" / given["name"]
        kept.mkdir(parents=True)
        for path in given["path"].split():
            if (self.machine.work / path).exists():
                shutil.copy(self.machine.work / path, kept)
        self.run.artifacts[given["name"]] = kept

    def _download(self, given: Mapping[str, str]) -> None:
        only(given, "name", "run-id", "github-token")
        run = self.platform.runs[int(given["run-id"]) - 1] if "run-id" in given else self.run
        for file in run.artifacts[given["name"]].iterdir():
            shutil.copy(file, self.machine.work)


def _builtin(task: _Task) -> dict[str, str]:
    """What GitHub sets for every step."""
    work: Path = task.machine.work
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(work),
        "GITHUB_REPOSITORY": "msp/billing",
        "GITHUB_API_URL": task.platform.site.url,
        "GITHUB_ACTOR": "dana",
        "GITHUB_ACTION_PATH": str(ROOT),
        "RUNNER_TEMP": str(task.machine.temp),
    }
