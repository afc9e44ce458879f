"""One MSP on one platform: shorthands for what its people do, and what can be seen afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Rehearsal
from recipes.azure import Azure
from recipes.forge import Forge, PullRequest
from recipes.github import GitHub
from recipes.gitlab import GitLab
from recipes.machines import RECIPES, Run, Surroundings, Variables
from recipes.sites import Site

from psarecon.config.settings import load_settings

PLATFORMS: dict[str, Any] = {"github": GitHub, "gitlab": GitLab, "azure": Azure}

#: What the recipes name as secrets of an environment.
NAMES = (
    "PSARECON_LEDGER_URL",
    "JUMPCLOUD_API_KEY",
    "AUTOTASK_USERNAME",
    "AUTOTASK_SECRET",
    "AUTOTASK_INTEGRATION_CODE",
)

#: The recipes of these come with a copy of the program that comments.
_COPIED = {"gitlab", "azure"}


@dataclass
class Office:
    """``place`` is the sandbox behind it all; the configuration itself is in ``forge``."""

    place: Rehearsal
    forge: Forge
    site: Site
    platform: Any

    def edited(self, client: str, old: str, new: str, branch: str = "edit") -> PullRequest:
        """A pull request that replaces a piece of a client's file."""
        file = f"clients/{client}.yaml"
        text = self.forge.read(file)
        assert old in text
        self.forge.branch(branch, {file: text.replace(old, new, 1)})
        return self.forge.open(branch)

    def pull_request(self, request: PullRequest) -> Run:
        """The pipeline of a pull request."""
        run: Run = self.platform.pull_request(request)
        return run

    def night(self) -> Run:
        """The nightly pipeline, which is that of a merge as well."""
        run: Run = self.platform.night()
        return run

    @property
    def surroundings(self) -> Surroundings:
        """The platform without its kind."""
        found: Surroundings = self.platform
        return found

    @property
    def comment(self) -> str:
        """The one comment that the pipeline wrote, with plain blanks."""
        (found,) = self.site.ours
        return found.replace("\N{NO-BREAK SPACE}", " ")

    def settled(self) -> None:
        """What a night leaves, without a pipeline: readings in the shared ledger, the PSA as the usage has it."""
        self.place.observed()
        self.place.plan()
        applied = self.place.apply()
        assert applied.code == 0, applied.err

    def quantities(self) -> list[str]:
        """What the PSA bills, client by client."""
        return [self.place.truth(line)["quantity"] for line in self.place.lines]

    def plan_of(self, run: Run) -> dict[str, Any]:
        """The plan among a nightly run's artifacts."""
        (file,) = {path for folder in run.artifacts.values() for path in folder.glob("plan.json")}
        data: dict[str, Any] = json.loads(file.read_bytes())
        return data


def prepared(place: Rehearsal, ledger: str) -> None:
    """Settings as a pipeline has them: nothing of them lies beside them, all is said by the environment."""
    path = place.directory / "psarecon.yaml"
    text = path.read_text(encoding="utf-8").replace("file:.sandbox/url", "env:SANDBOX_URL")
    path.write_text(text.replace("sqlite:.psarecon/ledger.db", "env:PSARECON_LEDGER_URL"), encoding="utf-8")
    place.environ |= {"SANDBOX_URL": place.url, "PSARECON_LEDGER_URL": ledger}


def opened(folder: Path, place: Rehearsal, kind: str, comments: Site) -> Office:
    """The repository of a prepared configuration, with everything a site keeps for it."""
    forge = Forge(folder / "forge", place.directory)
    if kind in _COPIED:
        copy = (RECIPES / "comment.py").read_text(encoding="utf-8")
        forge.branch("recipes", {"ci/comment.py": copy})
        forge.merge(PullRequest(0, "recipes"))
    secrets = {name: place.environ[name] for name in NAMES}
    kept = Variables(secrets, {"PSARECON_SETTINGS_DIGEST": load_settings(place.directory).digest})
    environments = dict.fromkeys(("psarecon-read", "psarecon-write", "psarecon-approved"), kept)
    base = {"SANDBOX_URL": place.url}
    platform: Surroundings = PLATFORMS[kind](folder / "runs", forge, comments, environments, base)
    return Office(place, forge, comments, platform)
