"""What is to be looked at in the config directory and around it: settings, mapping, git, references, versions."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from psarecon import __version__
from psarecon.config.capabilities import CAPABILITIES_FILE
from psarecon.config.check import check
from psarecon.config.git import commit_of
from psarecon.config.secrets import Reference, Resolver
from psarecon.config.settings import AdapterSettings, Settings
from psarecon.domain.health import Check, Checkup, State

_PACKAGES = ("httpx", "SQLAlchemy", "ruamel.yaml", "jsonschema-rs", "textual", "psycopg", "apprise")


def settings_check(settings: Settings, pinned: bool) -> Check:  # noqa: FBT001  # a fact of the environment
    """Settings that could be read: their digest, and whether the pipeline pins it."""
    told = " (as pinned)" if pinned else ""
    return Check("settings", State.OK, f"valid, digest {settings.digest}{told}")


def mapping_check(directory: Path) -> Check:
    """The whole config directory, as ``check`` sees it."""
    found = check(directory)
    if found.errors:
        first = found.errors[0]
        text = f"errors: {len(found.errors)}, the first: {first.file}:{first.line} {first.message}"
        return Check("mapping", State.FAIL, text, "`psarecon check` shows all")
    text = f"valid; clients: {found.clients}, lines: {found.lines}"
    if found.warnings:
        first = found.warnings[0]
        text = f"{text}; warnings: {len(found.warnings)}, the first: {first.file}:{first.line} {first.message}"
        return Check("mapping", State.WARN, text, "`psarecon check` shows all")
    return Check("mapping", State.OK, text)


def git_check(directory: Path) -> Check:
    """Which commit a plan would name."""
    commit, dirty = commit_of(directory)
    if commit is None:
        remedy = "keep the config directory in git: plans then name the commit they rest on"
        return Check("git", State.WARN, "not in git", remedy)
    if dirty:
        return Check("git", State.WARN, f"commit {commit}, and files differ from it", "commit them, or put them back")
    return Check("git", State.OK, f"commit {commit}, nothing differs")


def versions_check() -> Check:
    """What a bug report begins with."""
    found = [f"psarecon {__version__}", f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:  # an extra that is not installed
            continue
    return Check("versions", State.OK, ", ".join(found))


def reference_checkups(settings: Settings, resolver: Resolver) -> Iterator[Checkup]:
    """One for each reference of the settings: whether it leads somewhere. What it leads to is shown to nobody."""
    for setting, text in _references(settings):
        yield Checkup(f"reference {setting}", partial(_resolved, resolver, setting, text))


def _resolved(resolver: Resolver, setting: str, text: str) -> Check:
    resolver.secret(text, setting)
    return Check(f"reference {setting}", State.OK, f"{Reference.parse(text)} leads somewhere")


def _references(settings: Settings) -> Iterator[tuple[str, str]]:
    told = [("ledger", settings.ledger), ("clock", settings.clock or "")]
    told += [(one.setting, one.url) for one in settings.notify]
    for block in (*settings.sources.values(), *settings.psas.values()):
        told += _texts(block.setting(""), block.options)
    yield from ((setting, text) for setting, text in told if Reference.parse(text) is not None)


def _texts(path: str, options: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key, value in options.items():
        if isinstance(value, str):
            yield f"{path}.{key}", value
        elif isinstance(value, Mapping):
            yield from _texts(f"{path}.{key}", value)


def capabilities_check(block: AdapterSettings, tenant: str) -> Check:
    """Whether what ``probe`` found is of this tenant, and whether the settings say otherwise."""
    name, found = f"{block.setting('')} capabilities", block.capabilities
    if found is None:
        return Check(name, State.OK, f"{CAPABILITIES_FILE} says nothing; `psarecon probe` would find out")
    if found.tenant != tenant:
        remedy = f"probe this tenant, or say in psarecon.yaml what {CAPABILITIES_FILE} says of the other one"
        return Check(name, State.WARN, f"of {found.tenant}, not of {tenant}: they are not used", remedy)
    said = {key: block.options[key] for key in found.answers if key in block.options}
    other = [
        f"{key}: {value} (probe: {found.answers[key]})" for key, value in said.items() if value != found.answers[key]
    ]
    if other:
        return Check(name, State.WARN, f"the settings say otherwise, and win: {', '.join(other)}", "remove the setting")
    return Check(name, State.OK, f"{len(found.answers)} answers of {found.probed}, by {found.tool}")
