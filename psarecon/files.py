"""Files as users keep them: written whole or not at all, read with a limit."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from psarecon.errors import InvalidInput, PsareconError

#: A plan of 50,000 changes is a quarter of this.
MAX_FILE = 256 * 1024 * 1024


def write_whole(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content``, on disk when this returns; on any failure the old file stays.

    Raises PsareconError that names the file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> PsareconError:
    hint = "check the folder and the room on its disk; the old file, if any, is untouched"
    return PsareconError(f"{path} cannot be written: {error.strerror or error}", hint=hint)


def read_whole(path: Path) -> bytes:
    """The file's content. Raises InvalidInput: missing, unreadable, or larger than any file of ours."""
    try:
        if path.stat().st_size > MAX_FILE:
            raise InvalidInput(f"{path} is larger than {MAX_FILE // 2**20} MiB", hint="is it a file of psarecon's?")
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror or error}", hint="check the path") from error
