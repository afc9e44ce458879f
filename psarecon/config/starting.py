"""The files that a configuration begins with: settings with their comments, a folder for clients, a pipeline.

Pure but for the templates and recipes that it reads from the package: who asks for the figures, and who writes the
files, is ``psarecon.cli.init``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from psarecon.config.schemas import schema, schema_text
from psarecon.config.secrets import Reference

_PACKAGE = Path(__file__).resolve().parent.parent
_TEMPLATES = Path(__file__).parent / "templates"
Settings = dict[str, Any]

#: What each type of source or PSA needs, with the usual values; None: there is none. In the order of the file.
USUAL: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "sources": {
        "jumpcloud": {"api_key": "env:JUMPCLOUD_API_KEY"},
        "lastpass": {"api_key": "env:LASTPASS_API_KEY"},
        "files": {"path": "usage/*.csv"},
    },
    "psas": {
        "autotask": {
            "username": "env:AUTOTASK_USERNAME",
            "secret": "env:AUTOTASK_SECRET",
            "integration_code": "env:AUTOTASK_INTEGRATION_CODE",
        },
        "connectwise": {
            "url": None,
            "company": None,
            "public_key": "env:CW_PUBLIC_KEY",
            "private_key": "env:CW_PRIVATE_KEY",
            "client_id": "env:CW_CLIENT_ID",
            "invoices": "in-advance",
        },
    },
}
#: What is usually resold, by the type of its source.
PRODUCTS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "jumpcloud": {
        "jumpcloud-platform": {"source": "jumpcloud", "metric": "users", "quantity": "high-water-mark"},
    },
    "lastpass": {
        "lastpass-business": {"source": "lastpass", "metric": "seats", "quantity": "current", "sku": "lastpass"},
    },
}
#: What a rehearsal's ConnectWise tenant is called.
REHEARSED = {"company": "examplemsp"}
#: The recipes of each kind of pipeline, and where they go.
PIPELINES: Mapping[str, Mapping[str, str]] = {
    "none": {},
    "github": {
        "github-pull-request.yml": ".github/workflows/psarecon-pull-request.yml",
        "github-nightly.yml": ".github/workflows/psarecon-nightly.yml",
        "github-apply.yml": ".github/workflows/psarecon-apply.yml",
    },
    "gitlab": {"gitlab-ci.yml": ".gitlab-ci.yml", "comment.py": "ci/comment.py"},
    "azure": {"azure-pipelines.yml": "azure-pipelines.yml", "comment.py": "ci/comment.py"},
}
_NOTES: Mapping[str, Mapping[str, str]] = {
    "apply": {
        "settle_window": "How long a write whose answer was lost may still be under way. The default is 5m.",
        "plan_age": "A plan older than this is not applied.",
    },
    "connectwise": {
        "url": "the site you log in to",
        "company": "the company you log in to",
        "invoices": "or in-arrears: whether an invoice is for the period it begins, or for the one before",
    },
    "files": {"path": "docs/guides/usage-from-files.md"},
    "product": {
        "high-water-mark": "the month's highest count, as JumpCloud bills",
        "current": "what is used when it is billed, as LastPass bills",
        "sku": "without add-ons; a company that has more shows as a finding",
    },
}
#: Texts that need no quotes in YAML, but for words that YAML reads as something else.
_PLAIN = re.compile(
    r"[A-Za-z](?:[A-Za-z0-9_./@*+-]|:(?=[A-Za-z0-9_./])| (?=[A-Za-z/-]))*|[1-9][0-9]{0,5}[smhd]", re.ASCII
)
_MEANING = frozenset("y n yes no on off true false null".split())  # noqa: SIM905  # read as words
#: Where editors find the schemas, in the config directory.
SCHEMAS = ".schemas"
#: The names that the recipes stand for: one of a source, then those of a PSA.
_OF_SOURCE, _OF_PSA, _ALSO_OF_PSA = (
    "JUMPCLOUD_API_KEY",
    "AUTOTASK_USERNAME",
    ("AUTOTASK_SECRET", "AUTOTASK_INTEGRATION_CODE"),
)


def files(settings: Settings, pipeline: str) -> dict[str, str]:
    """The content of every file but the settings', by its path in the config directory."""
    recipes = PIPELINES[pipeline]
    shown = {"pipeline": pipeline, "recipes": list(recipes.values()), "secrets": secrets(settings)}
    return {
        "clients/README.md": _rendered("clients.md.j2", {}),
        **{f"{SCHEMAS}/{name}.json": schema_text(name) for name in ("settings", "mapping")},
        ".gitignore": _rendered("gitignore.j2", {}),
        "README.md": _rendered("README.md.j2", shown),
        **{place: _recipe(name, settings) for name, place in recipes.items()},
    }


def pipeline_of(directory: Path) -> str:
    """The pipeline whose files are there; ``none`` where no file of any is."""
    for name, recipes in PIPELINES.items():
        if any((directory / place).exists() for place in recipes.values() if not place.startswith("ci/")):
            return name
    return "none"


def settings_text(settings: Settings) -> str:
    """The settings file, with comments. The data must have ``ledger``, ``billing``, ``apply`` and all sections."""
    return _rendered("psarecon.yaml.j2", settings)


def _rendered(template: str, data: Mapping[str, Any]) -> str:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(  # noqa: S701  # YAML and Markdown of ours: texts from outside pass ``value``
        loader=FileSystemLoader(_TEMPLATES), trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"value": value, "note": _note, "told": _told}
    return environment.get_template(template).render(data)


def _told(key: str, kind: str) -> str:
    return _NOTES.get(kind, {}).get(key, "")


def _note(key: str, kind: str) -> str:
    told = _told(key, kind)
    return f"   # {told}" if told else ""


def value(setting: Any) -> str:
    """A setting as YAML on one line; a text in quotes where it would be read as something else."""
    if isinstance(setting, str) and _PLAIN.fullmatch(setting) and setting.lower() not in _MEANING:
        return setting
    return json.dumps(setting, ensure_ascii=False)


def secrets(settings: Settings) -> list[str]:
    """Every reference of the settings that is no file of a rehearsal, as it may be shown: ``env:NAME``."""
    texts = [text for _, text in _references(settings)]
    return list(dict.fromkeys(str(Reference.parse(text)) for text in texts if not text.endswith(".sandbox/url")))


def variables(settings: Settings, section: str = "") -> list[str]:
    """The environment variables that the settings, or one section of them, refer to."""
    found = (Reference.parse(text) for place, text in _references(settings) if place.startswith(section))
    return list(dict.fromkeys(one.target for one in found if one is not None and one.kind == "env"))


def _references(data: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(data, dict):
        for key, inner in data.items():
            yield from _references(inner, f"{place}.{key}".removeprefix("."))
    elif isinstance(data, str) and Reference.parse(data) is not None:
        yield place, data


def recipe_text(name: str) -> str:
    """A recipe, from inside the package where psarecon is installed, from beside it in a checkout."""
    installed = _PACKAGE / "recipes"
    folder = installed if installed.is_dir() else _PACKAGE.parent / "recipes"
    return (folder / name).read_text(encoding="utf-8")


def _recipe(name: str, settings: Settings) -> str:
    """The recipe with the variables of these settings in the place of the ones it was written for."""
    lines = recipe_text(name).splitlines(keepends=True)
    sources, psas = variables(settings, "sources."), variables(settings, "psas.")
    return "".join(piece for line in lines for piece in _with_variables(line, sources, psas))


def _with_variables(line: str, sources: list[str], psas: list[str]) -> Iterator[str]:
    if _OF_SOURCE in line:
        yield from (line.replace(_OF_SOURCE, name) for name in sources)
    elif _OF_PSA in line:
        yield from (line.replace(_OF_PSA, name) for name in psas)
    elif not any(name in line for name in _ALSO_OF_PSA):
        yield line


@cache
def setting_part(kind: str, key: str) -> Mapping[str, Any]:
    """What the settings' schema says of a key of a type of source or PSA; empty for one it does not know."""
    found: Mapping[str, Any] = schema("settings")["$defs"].get(kind, {}).get("properties", {}).get(key, {})
    return found


def is_secret(kind: str, key: str) -> bool:
    """Whether only a reference may stand there."""
    return setting_part(kind, key).get("$ref") == "#/$defs/secret"


def typed(kind: str, key: str, text: str) -> str | int | bool:
    """What a text stands for as a setting: a number or yes and no where the schema wants one."""
    wanted = setting_part(kind, key).get("type")
    if wanted == "integer" and text.isdecimal() and text.isascii():
        return int(text)
    if wanted == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


def machine_zone(environ: Mapping[str, str], link: Callable[[], str] | None = None) -> str:
    """The machine's time zone by its IANA name; UTC where nobody says."""
    told = [environ.get("TZ", "").lstrip(":"), (link or _linked)().partition("zoneinfo/")[2]]
    known = available_timezones()
    return next((name for name in told if name in known), "UTC")


def _linked() -> str:
    return os.path.realpath("/etc/localtime")
