"""Runs a pipeline of Azure DevOps, as far as the recipe uses it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from recipes.expressions import Unknown, evaluate, walk
from recipes.forge import PullRequest
from recipes.machines import Job, Machine, Run, Surroundings, only, recipe
from recipes.sites import TOKEN

_MACRO = re.compile(r"\$\(([\w.]+)\)")
_RUNTIME = re.compile(r"\$\[(.*)\]")
_COMMAND = re.compile(r"^##vso\[task\.(\w+)([^\]]*)\](.*)$", re.MULTILINE)
_BASH = ("bash", "--noprofile", "--norc")
#: Messages and pages for people; the runner of the tests heeds the other commands.
_SAID = {"logissue", "uploadsummary"}


class Azure(Surroundings):
    """One project's pipelines."""

    def pull_request(self, request: PullRequest) -> Run:
        """The build validation of a pull request."""
        self.forge.refresh(request)
        variables = {
            "Build.Reason": "PullRequest",
            "Build.SourceBranch": request.merge_ref,
            "System.PullRequest.IsFork": str(request.fork),
            "System.PullRequest.PullRequestId": str(request.number),
            "System.PullRequest.TargetBranch": "refs/heads/main",
        }
        return self._run(variables, request)

    def night(self) -> Run:
        """The schedule's time has come."""
        return self._run({"Build.Reason": "Schedule", "Build.SourceBranch": "refs/heads/main"}, None)

    def _run(self, variables: Mapping[str, str], request: PullRequest | None) -> Run:
        keys = ("trigger", "pr", "schedules", "lockBehavior", "pool", "variables", "stages")
        pipeline, run = only(recipe("recipes/azure-pipelines.yml"), *keys), self.begin()
        known = {"TF_BUILD": "True", "System.CollectionUri": f"{self.site.url}/", "System.TeamProjectId": "p-1"}
        known |= {"Build.Repository.ID": "r-1", "Build.Repository.Provider": "TfsGit", "Build.BuildId": str(run.number)}
        known |= {"Build.RequestedFor": "dana", **variables}
        known |= {one["name"]: _macros(one["value"], known) for one in pipeline["variables"]}
        for stage in pipeline["stages"]:
            only(stage, "stage", "displayName", "condition", "dependsOn", "variables", "jobs")
            if _holds(stage["condition"], known, ok=True):
                for block in stage["jobs"]:
                    name = block.get("job") or block["deployment"]
                    run.jobs[name] = self._job(run, block, stage.get("variables", []), known, request)
                    self.meddler(run, name)
        return run

    def _job(
        self, run: Run, block: Mapping[str, Any], shared: list[Any], known: dict[str, str], request: PullRequest | None
    ) -> Job:
        keys = ("job", "deployment", "displayName", "dependsOn", "condition", "timeoutInMinutes", "variables")
        only(block, *keys, "environment", "strategy", "steps")
        job, needs = Job(), block.get("dependsOn")
        ok = needs is None or run.jobs[needs].result == "succeeded"
        if not _holds(block.get("condition", "succeeded()"), known, ok=ok):
            return job
        needed = {} if needs is None else {needs: {"outputs": run.jobs[needs].outputs}}
        secrets = self._variables([*shared, *block.get("variables", [])], known := dict(known), needed)
        machine = self.machine(run, block.get("job") or block["deployment"])
        task = _Task(self, run, job, machine, known, secrets, self.commit(request))
        job.result = "succeeded"
        for step in block["steps"] if "steps" in block else _steps(block["strategy"]):
            task.step(step)
        return job

    def _variables(self, blocks: list[Any], known: dict[str, str], needed: Mapping[str, Any]) -> dict[str, str]:
        """Adds what is plain to ``known``; answers what is secret, which a step gets only by a macro."""
        secrets: dict[str, str] = {}
        for one in blocks:
            if "group" in one:
                known |= self.kept[one["group"]].plain
                secrets |= self.kept[one["group"]].secrets
            else:
                match = _RUNTIME.fullmatch(one["value"])
                assert match
                known[one["name"]] = evaluate(
                    match[1], lambda name: walk({"dependencies": needed}, name.removeprefix("$"))
                )
        return secrets


def _steps(strategy: Mapping[str, Any]) -> list[Any]:
    once = only(only(strategy, "runOnce")["runOnce"], "deploy")["deploy"]
    return list(only(once, "steps")["steps"])


def _macros(text: str, known: Mapping[str, str]) -> str:
    """A text with its macros replaced. Raises Unknown: Azure would leave the macro as it stands."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise Unknown(f"no such variable: {match[1]}")
        return known[match[1]]

    return _MACRO.sub(value, text)


def _holds(condition: str, known: Mapping[str, str], *, ok: bool) -> bool:
    functions: dict[str, Callable[..., Any]] = {
        "and": lambda *those: all(those),
        "eq": lambda one, other: one == other,
        "ne": lambda one, other: one != other,
        "succeeded": lambda: ok,
        "succeededOrFailed": lambda: True,
    }

    def lookup(name: str) -> Any:
        found = re.fullmatch(r"variables\['([\w.]+)'\]", name)
        if not found:
            raise Unknown(f"{name} is no variable")
        return known.get(found[1], "")

    return bool(evaluate(condition, lookup, functions))


def _environment_name(name: str) -> str:
    return name.upper().replace(".", "_")


@dataclass
class _Task:
    """The steps of a job, one after the other."""

    platform: Azure
    run: Run
    job: Job
    machine: Machine
    known: dict[str, str]
    secrets: Mapping[str, str]
    commit: str
    paths: list[str] = field(default_factory=list)

    def step(self, block: Mapping[str, Any]) -> None:
        """One step, if its turn comes."""
        ok = self.job.result == "succeeded"
        if not _holds(block.get("condition", "succeeded()"), self.known, ok=ok):
            return
        if "checkout" in block:
            only(block, "checkout", "fetchDepth")
            self.platform.forge.checkout(self.machine.work, self.commit, int(block["fetchDepth"]))
        elif "bash" in block:
            self._bash(only(block, "bash", "name", "displayName", "env"))
        elif "publish" in block:
            only(block, "publish", "artifact", "condition")
            self._publish(block["publish"], block["artifact"])
        elif "download" in block:
            only(block, "download", "artifact")
            shutil.copytree(self.run.artifacts[block["artifact"]], self.machine.folder / block["artifact"])
        elif block.get("task") == "PublishTestResults@2":
            self._publish(block["inputs"]["testResultsFiles"], "tests")
        else:
            raise Unknown(f"no such step: {block}")

    def _publish(self, path: str, name: str) -> None:
        kept = self.platform.folder / f"run-{self.run.number}" / "artifacts" / name
        source = self.machine.work / path
        if source.is_dir():
            shutil.copytree(source, kept)
            self.run.artifacts[name] = kept
        elif source.exists():
            kept.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, kept)
            self.run.artifacts[name] = kept

    def _bash(self, block: Mapping[str, Any]) -> None:
        macros = {**self.known, **self.secrets, "System.AccessToken": TOKEN}
        own = {_environment_name(name): value for name, value in self.known.items()}
        own |= {"AGENT_TEMPDIRECTORY": str(self.machine.temp), "PIPELINE_WORKSPACE": str(self.machine.folder)}
        own |= {"BUILD_SOURCESDIRECTORY": str(self.machine.work)}
        own |= {name: _macros(text, macros) for name, text in block.get("env", {}).items()}
        before = len(self.job.log)
        code = self.machine.run(self.job, _macros_of_script(block["bash"]), own, _BASH)
        for command, properties, value in _COMMAND.findall(self.job.log[before:]):
            self._obey(command, properties.strip(), value, block.get("name", ""))
        if code:
            self.job.result, self.job.code = "failed", code

    def _obey(self, command: str, properties: str, value: str, step: str) -> None:
        if command == "prependpath":
            self.machine.paths.insert(0, value)
        elif command == "setvariable":
            said = dict(one.split("=", 1) for one in properties.split(";"))
            assert said["isOutput"] == "true"
            self.job.outputs[f"{step}.{said['variable']}"] = value
        elif command not in _SAID:
            raise Unknown(f"no such logging command: {command}")


def _macros_of_script(script: str) -> str:
    """A script without macros, which would put values into it as code. `$(command …)` has a blank or a slash in it."""
    if _MACRO.search(script):
        raise Unknown("a macro within a script: whoever writes its value writes the script")
    return script
