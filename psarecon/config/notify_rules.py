"""What the schema cannot say about notifications: whether the extra is installed, and what a template may hold.

A template is parsed here and never run: ``check`` also runs on pull requests of strangers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from psarecon.config.problems import Issue
from psarecon.config.schemas import close_match
from psarecon.text import signed

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

INSTALL = 'pip install "psarecon[notify]"'
#: What a template may speak of; ``psarecon.notify.message`` fills it in.
TEMPLATE_NAMES = frozenset(
    {"command", "exit_code", "error", "by", "run", "run_url", "occasions", "plan", "outcomes", "left", "sources"}
    | {"lines", "more"}
)
MOST_BYTES = 64 * 1024


class TemplateRefused(Exception):
    """Why a template cannot be used, as the end of a sentence."""


def notify_issues(data: Any, directory: FilePath, known: Iterable[Issue]) -> list[Issue]:
    """What the cross-checks find in ``notify``; parts that the schema refuses (``known``) are passed over."""
    blocks = data.get("notify") if isinstance(data, dict) else None
    if not isinstance(blocks, list) or not blocks:
        return []
    refused = {issue.path for issue in known}
    found = [*_missing_extra(), *_templates(blocks, directory)]
    return [issue for issue in found if issue.path not in refused]


def _missing_extra() -> Iterator[Issue]:
    """A warning: the runner that checks a pull request is seldom the one that sends."""
    if find_spec("apprise") is None:
        text = "notifications cannot be sent from here: apprise is not installed"
        yield Issue(("notify",), text, INSTALL, at="key", severity="warning")


def _templates(blocks: list[Any], directory: FilePath) -> Iterator[Issue]:
    for number, block in enumerate(blocks):
        name = block.get("template") if isinstance(block, dict) else None
        if isinstance(name, str) and name:
            try:
                check_template(template_text(directory, name))
            except TemplateRefused as error:
                yield Issue(("notify", number, "template"), f"{name} {error}", "see docs/reference/notifications.md")


def template_text(directory: FilePath, name: str) -> str:
    """A template's text. Raises TemplateRefused: outside of the config directory, unreadable, too large, no text."""
    path = directory / name
    try:
        if not path.resolve().is_relative_to(directory.resolve()):
            raise TemplateRefused("leads out of the config directory")
        if not path.is_file():
            raise TemplateRefused("is no file")
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise TemplateRefused("is not UTF-8 text") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise TemplateRefused(f"cannot be read: {getattr(error, 'strerror', None) or 'not a path'}") from None
    if len(raw) > MOST_BYTES:
        raise TemplateRefused(f"is larger than {MOST_BYTES // 1024} KiB")
    return text


def check_template(text: str) -> None:
    """Raises TemplateRefused, with the line, for what no rendering could make good.

    It is parsed and looked through, never compiled: Jinja's compiler already works constants out.
    """
    from jinja2 import TemplateSyntaxError, nodes

    environment = sandbox()
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateRefused(f"is no template, line {error.lineno}: {error.message}") from None
    except RecursionError:
        raise TemplateRefused("is no template: it is too deep") from None
    for node in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
        raise TemplateRefused(f"reads another file in line {node.lineno}, which a template may not")
    for used in tree.find_all(nodes.Filter):
        _known(used.name, environment.filters, used.lineno)
    for asked in tree.find_all(nodes.Test):
        _known(asked.name, environment.tests, asked.lineno)
    names = list(tree.find_all(nodes.Name))
    own = {name.name for name in names if name.ctx != "load"} | {macro.name for macro in tree.find_all(nodes.Macro)}
    for name in names:
        _known(name.name, {*TEMPLATE_NAMES, *environment.globals, *own, "loop", "caller"}, name.lineno)


def _known(name: str, known: Iterable[str], line: int) -> None:
    if name not in known:
        near = close_match(name, sorted(known))
        raise TemplateRefused(f"speaks of {name!r} in line {line}, which nobody knows" + (f"; {near}" if near else ""))


def sandbox() -> ImmutableSandboxedEnvironment:
    """Jinja as a template gets it: no files, no Python behind the values, and a name that is not there is an error."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # What is made is plain text. Names of strangers are harmless before they get here.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True)
    environment.filters["money"] = lambda figure: signed(Decimal(str(figure)))
    return environment
