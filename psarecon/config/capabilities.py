"""``capabilities.yaml``: what ``probe`` found out about each tenant. Read with the settings, which win over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psarecon.config.documents import Document, load_document
from psarecon.config.locate import present
from psarecon.config.problems import Issue, Problem
from psarecon.config.quick import quick_check
from psarecon.config.schemas import issues_of

#: The file, in the config directory.
CAPABILITIES_FILE = "capabilities.yaml"
#: Answers that are also settings of an Autotask PSA, by the same name.
_SETTINGS = ("same_date", "units_by", "cost_from")
#: Section and name of a PSA or source in the settings.
_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one tenant answered, the day it was asked, and which psarecon asked. It holds for that tenant alone."""

    tenant: str
    probed: str
    tool: str
    answers: Mapping[str, str] = field(default_factory=dict)

    def told(self, key: str, tenant: str) -> str | None:
        """The answer, if it is of this tenant."""
        return self.answers.get(key) if tenant == self.tenant else None


def read_capabilities(directory: Path) -> Document:
    """The file as data, checked no further than its text; None where there is no file."""
    path = directory / CAPABILITIES_FILE
    if not path.exists() and not path.is_symlink():
        return Document(CAPABILITIES_FILE)
    return load_document(path, CAPABILITIES_FILE, directory)


def capability_problems(document: Document) -> list[Problem]:
    """All that is wrong in the file; nothing where there is none."""
    if document.data is None and not document.found:
        return []
    valid = document.data is not None and quick_check("capabilities")(document.data)
    return present(document, [] if valid else issues_of(document.data, "capabilities"))


def capabilities_of(data: Any) -> dict[tuple[str, str], Capabilities]:
    """By section (``psas``, ``sources``) and name, from data that is valid; None is no file."""
    found = data or {}
    return {
        (section, name): Capabilities(block["tenant"], block["probed"], block["tool"], block["answers"])
        for section in ("psas", "sources")
        for name, block in found.get(section, {}).items()
    }


def agreement_issues(settings: Any, found: Mapping[_Place, Capabilities], known: Iterable[Issue]) -> list[Issue]:
    """Settings that say otherwise than their tenant did, which may be on purpose; prices whose unit nobody says.

    Parts that are wrong already (``known``) are passed over.
    """
    refused = {issue.path for issue in known}
    issues = (*_setting_issues(settings, found), *_price_issues(settings, found))
    return [issue for issue in issues if issue.path not in refused]


def _setting_issues(settings: Any, found: Mapping[_Place, Capabilities]) -> Iterator[Issue]:
    for (section, name), learned in found.items():
        block = _part(settings, section, name)
        for key in _SETTINGS:
            yield from _disagrees((section, name, key), _part(block, key), learned, key)


def _price_issues(settings: Any, found: Mapping[_Place, Capabilities]) -> Iterator[Issue]:
    products = _part(settings, "products")
    for name, product in products.items() if isinstance(products, dict) else ():
        cost, path = _part(product, "unit_cost"), ("products", name, "unit_cost")
        if not isinstance(cost, dict) or "from" not in cost:
            continue
        learned = found.get(("sources", str(product.get("source"))))
        if "unit" not in cost and (learned is None or "price_unit" not in learned.answers):
            hint = "write unit: cents or unit: dollars, or let `psarecon probe --jumpcloud-price` find out"
            yield Issue(path, "unit_cost needs unit: what the source's price is in", hint)
        elif learned is not None:
            yield from _disagrees((*path, "unit"), cost.get("unit"), learned, "price_unit")


def _disagrees(path: tuple[str, ...], said: Any, found: Capabilities, key: str) -> Iterator[Issue]:
    answer = found.answers.get(key)
    if said is not None and answer is not None and said != answer:
        text = f"{path[-1]} is {said}, and wins; {CAPABILITIES_FILE} has {key}: {answer}, found on {found.probed}"
        yield Issue(path, text, "remove it here, or probe again", severity="warning")


def _part(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data
