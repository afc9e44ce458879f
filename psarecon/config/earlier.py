"""The config directory as it was at another commit: its settings and its mapping, read without checking it out."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from psarecon.config.git import File, commit_named, file_contents, files_at
from psarecon.config.mapping import load_mapping
from psarecon.config.problems import Problems
from psarecon.config.settings import SETTINGS_FILE, Settings, load_settings
from psarecon.domain.model import Mapping
from psarecon.errors import InvalidInput
from psarecon.text import clean

#: The files that settings and mapping are read from; the rest of a repository can be of any size.
_READ = re.compile(r"(?:psarecon|capabilities)\.yaml|clients/.*\.yaml|.*\.j2", re.DOTALL)
_LINK = "120000"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What stood at a commit. ``settings`` is None, and the mapping empty, where there was no settings file yet."""

    commit: str
    settings: Settings | None
    mapping: Mapping


def mapping_at(directory: Path, ref: str) -> Earlier:
    """Settings and mapping of the config directory at a git ref. Its references to secrets are not for resolving.

    Raises InvalidInput: no such commit here, or what stood there was not valid.
    """
    commit = commit_named(directory, ref)
    files = [file for file in files_at(directory, commit) if _READ.fullmatch(file.path)]
    if not any(file.path == SETTINGS_FILE for file in files):
        return Earlier(commit, None, Mapping((), commit))
    with tempfile.TemporaryDirectory(prefix="psarecon-") as place:
        _write(directory, files, Path(place))
        try:
            settings = load_settings(Path(place))
            mapping = load_mapping(settings).mapping
        except Problems as error:
            hint = "a plan without --base needs only the mapping that is checked out"
            raise InvalidInput(f"the mapping at {clean(ref, 100)} is not valid:\n{error}", hint=hint) from error
    return Earlier(commit, settings, replace(mapping, commit=commit, dirty=False))


def _write(directory: Path, files: list[File], place: Path) -> None:
    for file, content in zip(files, file_contents(directory, files), strict=True):
        path = PurePosixPath(file.path)
        if file.mode == _LINK or path.is_absolute() or ".." in path.parts:
            raise InvalidInput(f"{clean(file.path, 200)} is a link there", hint="psarecon reads files alone")
        target = place / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
