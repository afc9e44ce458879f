"""The files of an import, put on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from psarecon.domain.adoption import Edit
from psarecon.errors import PsareconError
from psarecon.files import read_whole, write_whole


def save(directory: Path, edits: Iterable[Edit]) -> None:
    """Put the files of a config directory on disk, each whole or not at all. Raises PsareconError that names the file:
    it changed meanwhile, or cannot be written; those before it are written then."""
    for edit in edits:
        path = directory / edit.file
        before = read_whole(path) if path.exists() else None
        if before != (None if edit.before is None else edit.before.encode()):
            raise PsareconError(f"{edit.file} was changed meanwhile: it was not written", hint="run the import again")
        if edit.after is None:
            path.unlink(missing_ok=True)
        else:
            write_whole(path, edit.after.encode())
