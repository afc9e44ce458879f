"""Files as users keep them: written whole or not at all, read with a limit."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from psarecon.errors import InvalidInput, PsareconError

#: A plan of 50,000 changes is a quarter of this.
MAX_FILE = 256 * 1024 * 1024
#: What the kernel says where a file system, such as some mounted over a network, knows no locks on folders.
_NO_LOCKS = frozenset({errno.EBADF, errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})
_BUSY = frozenset({errno.EAGAIN, errno.EACCES})
_LOCK_STEP = 0.01


def write_whole(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Replace ``path`` by ``content`` (whole, or in pieces), on disk when this returns; on any failure the old file
    stays. A file that was there keeps its permissions.

    Raises PsareconError that names the file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            with suppress(FileNotFoundError):
                os.fchmod(handle, stat.S_IMODE(path.stat().st_mode))
            file.writelines((content,) if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _not_written(path, error) from error
    except BaseException:  # a signal: nothing is left beside the file
        Path(name).unlink(missing_ok=True)
        raise


def write_new(path: Path, content: bytes) -> None:
    """As ``write_whole``, but only where there is nothing of that name yet. Raises InvalidInput where there is."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError as error:
        raise InvalidInput(f"{path.name} is there already: nothing was written", hint="name another file") from error
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        write_whole(path, content)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _not_written(path: Path, error: OSError) -> PsareconError:
    hint = "check the folder and the room on its disk; the old file, if any, is untouched"
    return PsareconError(f"{path} cannot be written: {error.strerror or error}", hint=hint)


@contextmanager
def locked(path: Path, wait: float = 30.0) -> Iterator[None]:
    """While this lasts no other process of psarecon's reads and replaces ``path``: an flock on its folder.

    It leaves no file behind and ends with the process. Waits up to ``wait`` seconds. Where the file system has no
    locks, goes on without. Not to be nested for one folder. Raises PsareconError that names the file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        _lock(handle, path, time.monotonic() + wait)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return
            if error.errno not in _BUSY or time.monotonic() >= until:
                hint = "another psarecon is writing there: end it, or wait"
                raise PsareconError(f"{path} cannot be locked: {error.strerror or error}", hint=hint) from error
        time.sleep(_LOCK_STEP)


def stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced or written: compare two of them. None where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def read_whole(path: Path) -> bytes:
    """The file's content. Raises InvalidInput: missing, unreadable, or larger than any file of ours."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE + 1)
    except OSError as error:
        raise _not_read(path, error) from error
    if len(content) > MAX_FILE:
        raise _too_large(path)
    return content


def open_whole(path: Path) -> BinaryIO:
    """The file, open for reading; a file put in its place later does not change it. Raises as ``read_whole``."""
    try:
        found = path.stat()
        if found.st_size > MAX_FILE:
            raise _too_large(path)
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            raise InvalidInput(f"{path} is no file that can be read twice", hint="save the plan with -o FILE")
        return path.open("rb")
    except OSError as error:
        raise _not_read(path, error) from error


def _too_large(path: Path) -> InvalidInput:
    return InvalidInput(f"{path} is larger than {MAX_FILE // 2**20} MiB", hint="is it a file of psarecon's?")


def _not_read(path: Path, error: OSError) -> InvalidInput:
    return InvalidInput(f"{path} cannot be read: {error.strerror or error}", hint="check the path")
