from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from psarecon.config.check import CheckResult, check
from psarecon.config.problems import Problem

CONNECTWISE = (
    '{type: connectwise, url: "https://na.myconnectwise.net", company: acme, '
    "public_key: env:CW_PUBLIC, private_key: env:CW_PRIVATE, client_id: env:CW_ID}"
)

SETTINGS = """\
version: 1
billing: {timezone: America/New_York, currency: USD}
sources:
  jumpcloud: {type: jumpcloud, api_key: env:JUMPCLOUD_API_KEY}
psas:
  autotask: {type: autotask, username: env:AT_USER, secret: env:AT_SECRET, integration_code: env:AT_CODE}
  connectwise: CONNECTWISE
products:
  jumpcloud-platform: {source: jumpcloud, metric: users, quantity: high-water-mark, unit_cost: "9.00"}
  backup: {quantity: fixed, unit_cost: "4.25"}
""".replace("CONNECTWISE", CONNECTWISE)

CLIENT = """\
client: Acme Corp
organizations: {jumpcloud: 624d9eae6849cf3b3f93dc56}
psa: autotask
company: {id: 174, name: Acme Corp}
lines:
  - product: jumpcloud-platform
    contract: {id: 29683353, name: Managed services}
    service:  {id: 8001, name: JumpCloud Platform}
    minimum: 10
  - product: backup
    contract: {id: 29683353}
    service:  {id: 8002}
    fixed: 3
"""

TODAY = date(2026, 11, 20)
#: The organization of the client above.
ORGANIZATION = "624d9eae6849cf3b3f93dc56"


@dataclass(frozen=True)
class ConfigDirectory:
    """A config directory in the making; valid as it begins, but for what a test writes into it."""

    path: Path

    def write(self, file: str, text: str) -> None:
        """Write a file of the directory."""
        path = self.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def settings(self, old: str = "", new: str = "") -> None:
        """Write the valid settings with one stretch of text replaced."""
        assert old in SETTINGS
        self.write("psarecon.yaml", SETTINGS.replace(old, new, 1) if old else SETTINGS + new)

    def client(self, old: str = "", new: str = "", file: str = "clients/acme.yaml") -> None:
        """Write the valid client with one stretch of text replaced."""
        assert old in CLIENT
        self.write(file, CLIENT.replace(old, new, 1) if old else CLIENT + new)

    def check(self) -> CheckResult:
        """Check the directory on 2026-11-20."""
        return check(self.path, today=TODAY)

    def errors(self) -> list[str]:
        """Every error as ``file:line:column: message``."""
        return [told(problem) for problem in self.check().errors]

    def warnings(self) -> list[str]:
        """Every warning as ``file:line:column: message``."""
        return [told(problem) for problem in self.check().warnings]


def told(problem: Problem) -> str:
    """A problem on one line, without source line and suggestion."""
    return f"{problem.file}:{problem.line}:{problem.column}: {problem.message}"


@pytest.fixture
def config(tmp_path: Path) -> ConfigDirectory:
    """A valid config directory: two products, one client with two lines."""
    directory = ConfigDirectory(tmp_path)
    directory.settings()
    directory.client()
    return directory
