"""Runs a pipeline of GitLab, as far as the recipe uses it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from typing import Any

from recipes.expressions import Unknown, evaluate
from recipes.forge import PullRequest
from recipes.machines import Job, Machine, Run, Surroundings, Variables, only, recipe
from recipes.sites import TOKEN

_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
_STATEMENTS = {"stages", "workflow", "variables", "default"}


class GitLab(Surroundings):
    """One project's pipelines."""

    def pull_request(self, request: PullRequest) -> Run:
        """A merge request was opened, or its branch pushed to; that of a fork as a member has it run in the parent."""
        variables = {
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_MERGE_REQUEST_IID": str(request.number),
            "CI_MERGE_REQUEST_PROJECT_ID": "9",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "666" if request.fork else "9",
            "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        }
        return self._run(variables, f"refs/heads/{request.branch}")

    def night(self) -> Run:
        """The schedule's time has come."""
        return self._run({"CI_PIPELINE_SOURCE": "schedule", "CI_COMMIT_BRANCH": "main"}, "refs/heads/main")

    def _run(self, variables: Mapping[str, str], commit: str) -> Run:
        pipeline, run = recipe("recipes/gitlab-ci.yml"), self.begin()
        known = {"CI_PROJECT_ID": "9", "CI_DEFAULT_BRANCH": "main", "GITLAB_CI": "true", **variables}
        known |= {"CI_API_V4_URL": self.site.url, "CI_JOB_URL": f"https://gitlab.com/msp/billing/-/jobs/{run.number}"}
        known |= {"GITLAB_USER_LOGIN": "dana", **pipeline["variables"]}
        if not _ruled(only(pipeline["workflow"], "rules")["rules"], known):
            return run
        blocks = {name: block for name, block in pipeline.items() if name not in _STATEMENTS}
        default = only(pipeline["default"], "image", "interruptible", "before_script")
        passed: dict[str, str] = {}
        for name in sorted(blocks, key=lambda one: pipeline["stages"].index(blocks[one]["stage"])):
            keys = ("stage", "timeout", "rules", "needs", "resource_group", "environment", "script", "artifacts")
            block = {**default, **only(blocks[name], *keys)}
            if "rules" in block and not _ruled(block["rules"], known):
                continue
            run.jobs[name] = self._job(run, name, block, {**known, **passed}, commit)
            self.meddler(run, name)
            passed |= run.jobs[name].outputs
        return run

    def _job(self, run: Run, name: str, block: Mapping[str, Any], known: Mapping[str, str], commit: str) -> Job:
        job, needs = Job(), block.get("needs", list(run.jobs))
        if any(run.jobs[one].result != "succeeded" for one in needs):
            return job
        environment = only(block.get("environment", {}), "name", "action")
        kept = self.kept[environment["name"]] if environment else Variables()
        token = {"PSARECON_COMMENT_TOKEN": TOKEN} if environment.get("name") == "psarecon-read" else {}
        machine = self.machine(run, name)
        self.forge.checkout(machine.work, commit, int(known["GIT_DEPTH"]))
        for one in needs:
            _copied(run, one, machine)
        own = {**known, **kept.secrets, **kept.plain, **token, "CI_PROJECT_DIR": str(machine.work)}
        job.code = machine.run(job, "\n".join([*block["before_script"], *block["script"]]), own, _BASH)
        job.result = "failed" if job.code else "succeeded"
        self._keep(run, name, block.get("artifacts", {}), machine, job)
        return job

    def _keep(self, run: Run, name: str, artifacts: Mapping[str, Any], machine: Machine, job: Job) -> None:
        """The job's artifacts, also of one that failed; variables from its dotenv report if it went well."""
        only(artifacts, "when", "access", "expire_in", "paths", "reports")
        reports = only(artifacts.get("reports", {}), "codequality", "dotenv")
        assert not artifacts or artifacts["when"] == "always"
        kept = self.folder / f"run-{run.number}" / "artifacts" / name
        kept.mkdir(parents=True)
        for path in (*artifacts.get("paths", ()), *reports.values()):
            if (machine.work / path).exists():
                shutil.copy(machine.work / path, kept)
        run.artifacts[name] = kept
        if "dotenv" in reports and job.result == "succeeded":
            lines = (machine.work / reports["dotenv"]).read_text(encoding="utf-8").splitlines()
            job.outputs = dict(line.split("=", 1) for line in lines)


def _copied(run: Run, job: str, machine: Machine) -> None:
    """The paths of an earlier job's artifacts lie in the work tree of the later one; its reports do not."""
    for file in run.artifacts[job].iterdir():
        if file.name not in {"plan.env", "gl-code-quality-report.json"}:
            shutil.copy(file, machine.work)


def _ruled(rules: list[Mapping[str, Any]], known: Mapping[str, str]) -> bool:
    """Whether a job is added: the first rule that holds adds it, and no rule here takes one out."""
    return any(bool(evaluate(only(rule, "if")["if"], lambda name: _variable(name, known))) for rule in rules)


def _variable(name: str, known: Mapping[str, str]) -> str | None:
    """Empty where a pipeline of this kind has none, as GitLab has it; but only for names that there are."""
    if not re.fullmatch(r"\$CI_(PIPELINE_SOURCE|COMMIT_BRANCH|DEFAULT_BRANCH|PROJECT_ID|MERGE_REQUEST_\w+)", name):
        raise Unknown(f"no such variable: {name}")
    return known.get(name[1:])
