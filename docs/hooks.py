"""What MkDocs asks while it builds the site: the files beside docs/ that pages link to come along.

Pages link to recipes, schemas and pages of the repository's root as a reader of the repository needs it. In the site
these stand under ``repository/``, and the links are led there. A file that is no page is shown as text.
"""
# ruff: noqa: INP001  # a script beside the documents, not a package

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Protocol

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
#: Where in the site the repository's own files are.
ASIDE = PurePosixPath("repository")
_LINK = re.compile(r"(\]\()((?!\w+:)[^)#\s]+)((?:#[^)\s]*)?\))")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^# .*\n", re.MULTILINE)
_LANGUAGES = {".yml": "yaml", ".yaml": "yaml", ".json": "json", ".py": "python", ".toml": "toml"}


class _Page(Protocol):
    """What is used of MkDocs's page."""

    file: File


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages of the root, and everything outside docs/ that a page names, and what those name in turn."""
    waiting = [path for file in files if file.is_documentation_page() for path in _outside(_source(file))]
    waiting += ROOT.glob("*.md")
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        files.append(File.generated(config, _place(path), content=_content(path)))
        waiting += _outside(path) if path.suffix == ".md" else []
    return files


def on_page_markdown(markdown: str, page: _Page, config: MkDocsConfig, files: Files) -> str:
    """The page with links that lead out of docs/ led to where these files are in the site."""
    del config, files
    source = _source(page.file)
    here = PurePosixPath(page.file.src_uri).parent
    return _LINK.sub(lambda found: f"{found[1]}{_led(source, here, found[2])}{found[3]}", markdown)


def _source(file: File) -> Path:
    """Where a page of the site lies in the repository."""
    aside = PurePosixPath(file.src_uri)
    return ROOT / aside.relative_to(ASIDE) if aside.parts[0] == ASIDE.name else ROOT / "docs" / aside


def _outside(source: Path) -> list[Path]:
    """The files and folders beside docs/ that a page links to."""
    if not source.exists():
        return []
    text = _FENCE.sub("", source.read_text(encoding="utf-8"))
    found = [(source.parent / link[1]).resolve() for link in _LINK.findall(text)]
    return [path for path in found if path.exists() and path.is_relative_to(ROOT) and not _inside(path)]


def _inside(path: Path) -> bool:
    return path.is_relative_to(ROOT / "docs")


def _led(source: Path, here: PurePosixPath, target: str) -> str:
    """A link of a page as the site needs it; one that leads nowhere stays, for MkDocs to complain of."""
    path = (source.parent / target).resolve()
    if not path.exists() or not path.is_relative_to(ROOT) or target.startswith("/"):
        return target
    place = path.relative_to(ROOT / "docs").as_posix() if _inside(path) else _place(path)
    return os.path.relpath(place, here)


def _place(path: Path) -> str:
    """Where a file beside docs/ is in the site; anything but a page becomes one."""
    name = path.relative_to(ROOT).as_posix()
    return str(ASIDE / (name if path.suffix == ".md" else f"{name}.md"))


def _content(path: Path) -> str:
    """A page as it is, a folder as the list of its files, any other file as text under its name."""
    name = path.relative_to(ROOT).as_posix()
    if path.is_dir():
        files = sorted(one.relative_to(path).as_posix() for one in path.rglob("*.*") if one.is_file())
        shown = "\n".join(f"- `{one}`" for one in files if "__pycache__" not in one)
        return f"# {name}/\n\nA folder of the repository:\n\n{shown}\n"
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    return f"# {path.name}\n\n`{name}` in the repository.\n\n````{_LANGUAGES.get(path.suffix, 'text')}\n{text}\n````\n"
