"""Secrets: referred to in the settings, held in a type that cannot be printed."""

from __future__ import annotations

import os
import re
import selectors
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from psarecon.errors import SecretMissing
from psarecon.patience import PATIENCE

_FORM = re.compile(r"(env|file|command):(.*\S.*)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_COMMAND_SECONDS = 30
#: What a command may take to end once it has said all.
_LAST_SECONDS = 1.0
#: Seconds between two looks at whether to stop waiting for a command.
_LOOK = 0.1
_MOST_BYTES = 64 * 1024
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1")


class Secret:
    """A text that only ``reveal`` gives out: not shown, not formatted, not pickled, not written as JSON.

    Two secrets are equal only when they are the same object, so a comparison tells nothing about the text.
    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """The secret itself; call it where it is sent, keep it nowhere."""
        return self.__text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        message = "a secret is neither copied nor pickled"
        raise TypeError(message)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept: ``env:NAME``, ``file:PATH`` (relative to the config directory), ``command:CMD ARGS``."""

    kind: str
    target: str

    @classmethod
    def parse(cls, text: str) -> Reference | None:
        """The reference a text is, or None when it is something else."""
        match = _FORM.fullmatch(text)
        if match is None or (match[1] == "env" and not _VARIABLE.fullmatch(match[2])):
            return None
        return cls(match[1], match[2].strip())

    def __str__(self) -> str:
        """The reference as it may be shown: of a command only its first word, since arguments may be secret."""
        shown = self.target.split()[0] if self.kind == "command" else self.target
        return f"{self.kind}:{shown}"


def resolve(reference: Reference, *, environ: Mapping[str, str], directory: Path, setting: str = "a setting") -> Secret:
    """The secret a reference leads to. Raises SecretMissing, which names the reference and the setting."""
    readers = {"env": _from_environment, "file": _from_file, "command": _from_command}
    try:
        text = readers[reference.kind](reference.target, environ, directory)
    except _Nothing as error:
        message = f"{setting}: {reference} {error}"
        raise SecretMissing(message, hint=_HINTS[reference.kind]) from None
    return Secret(text)


_HINTS = {
    "env": "set the variable where psarecon runs",
    "file": "write the secret into the file; the path is relative to the config directory",
    "command": "run the command by hand in the config directory; it must print the secret and exit 0",
}


class _Nothing(Exception):
    """Why there is no secret."""


def _from_environment(name: str, environ: Mapping[str, str], _directory: Path) -> str:
    text = environ.get(name)
    if text is None:
        raise _Nothing("is not set")
    if not text.strip():
        raise _Nothing("is empty")
    return text


def _from_file(target: str, _environ: Mapping[str, str], directory: Path) -> str:
    try:
        with (directory / target).open("rb") as stream:
            raw = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise _Nothing(f"cannot be read: {(reason or type(error).__name__).lower()}") from None
    return _text_of(raw)


def _from_command(target: str, environ: Mapping[str, str], directory: Path) -> str:
    with _started(target, environ, directory) as program:
        raw = _said_by(program, time.monotonic() + _COMMAND_SECONDS)
    text = _text_of(raw) if len(raw) > _MOST_BYTES else ""
    if program.returncode != 0:
        raise _Nothing(f"ended with exit code {program.returncode}")
    return text or _text_of(raw)


@contextmanager
def _started(target: str, environ: Mapping[str, str], directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The user's program, over at the end: however that comes, and be it a signal while the program starts."""
    program: subprocess.Popen[bytes] | None = None
    try:
        with PATIENCE.unbroken():
            program = _begun(target, environ, directory)
        yield program
    except BaseException:
        if program is not None:
            _kill(program)
        raise
    finally:
        if program is not None:
            _end(program)


def _begun(target: str, environ: Mapping[str, str], directory: Path) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the user's own settings name the command; no shell reads it
            shlex.split(target),
            cwd=directory,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
    except OSError as error:
        raise _Nothing(f"cannot be run: {(error.strerror or type(error).__name__).lower()}") from None
    except ValueError:
        raise _Nothing("is not a command: a quote is not closed") from None


def _said_by(program: subprocess.Popen[bytes], until: float) -> bytes:
    """What the program wrote until its end, no more of it than a secret may have.

    Raises _Nothing past ``until``, or told to stop.
    """
    assert program.stdout is not None
    raw = b""
    with selectors.DefaultSelector() as waiting:
        waiting.register(program.stdout, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0:
            if PATIENCE.leaving:  # no signal is raised in a thread: it has to look
                raise _Nothing("was not waited for: told to stop")
            if not waiting.select(min(left, _LOOK)):
                continue
            piece = os.read(program.stdout.fileno(), _MOST_BYTES)
            raw += piece
            if not piece or len(raw) > _MOST_BYTES:
                return raw
    raise _Nothing(f"gave no answer within {_COMMAND_SECONDS} s")


def _end(program: subprocess.Popen[bytes]) -> None:
    """Wait a moment for the program, which is done or has said too much; then end it."""
    assert program.stdout is not None
    program.stdout.close()
    try:
        program.wait(_LAST_SECONDS)
    except subprocess.TimeoutExpired:
        _kill(program)
        program.wait()


def _kill(program: subprocess.Popen[bytes]) -> None:
    """End the program and whatever it has started; what it started may hold its output open without it."""
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)


def _text_of(raw: bytes) -> str:
    """The text without the one line end that editors and commands add."""
    if len(raw) > _MOST_BYTES:
        raise _Nothing(f"holds more than {_MOST_BYTES // 1024} KiB")
    try:
        text = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise _Nothing("is not UTF-8 text") from None
    if not text.strip():
        raise _Nothing("is empty")
    return text


def url_trouble(url: str) -> str:
    """Why an address cannot be used, as the end of a sentence that does not repeat it; empty when it can."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not an address"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password"
    if parts.scheme not in {"http", "https"} or not host or any(mark.isspace() for mark in url):
        return "must be an https address, or a reference to one"
    if parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        return "must use https: plain http is for this machine only (localhost, 127.0.0.1, [::1])"
    if parts.query or parts.fragment:
        return "must not hold a query or a fragment"
    return ""


@dataclass(frozen=True, slots=True)
class Resolver:
    """Turns the texts of settings into what they stand for, with the environment and config directory of this run."""

    environ: Mapping[str, str]
    directory: Path

    def secret(self, text: str, setting: str) -> Secret:
        """The secret a reference leads to. Raises SecretMissing, which names ``setting`` (``psas.autotask.secret``)."""
        reference = Reference.parse(text)
        if reference is None:
            message = f"{setting} must be a reference to a secret, never the secret itself"
            raise SecretMissing(message, hint="write env:NAME, file:PATH or command:CMD ARGS")
        return resolve(reference, environ=self.environ, directory=self.directory, setting=setting)

    def text(self, value: str, setting: str) -> str:
        """A literal as it is, a reference as what it leads to. An address (``…url``, ``clock``) is checked again.

        Raises SecretMissing when the reference leads nowhere, or to no usable address.
        """
        reference = Reference.parse(value)
        if reference is not None:
            value = resolve(reference, environ=self.environ, directory=self.directory, setting=setting).reveal()
        trouble = url_trouble(value) if setting.endswith(".url") or setting == "clock" else ""
        if trouble:
            message = f"{setting} {trouble}" if reference is None else f"{setting}: what {reference} leads to {trouble}"
            raise SecretMissing(message, hint="write an address such as https://example.com")
        return value
