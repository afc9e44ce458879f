"""Every error psarecon raises on purpose, drawn as a tree.

    PsareconError                 exit 1   something of ours failed
      UsageError                  exit 64  the command line asks for what cannot be
      InvalidInput                exit 3   settings, mapping, plan or decisions are not valid
        SecretMissing             exit 3   a secret's reference leads nowhere
        PlanRefused               exit 3   the plan file is not what psarecon wrote
      LedgerError                 exit 1   the ledger cannot be read or written
      LockHeld                    exit 7   another run holds the lease
      RemoteError                 exit 1   a vendor's system did not answer as it should
        Unreachable               exit 1   the request never arrived, for certain
        Uncertain                 exit 1   the request may have been carried out
        BadAnswer                 exit 1   an answer that cannot be what was asked for
        Refused                   exit 1   a clear refusal, with the server's text
          Unauthorized            exit 1   credentials refused
          NotFound                exit 1   no such route or record
          Throttled               exit 1   too many requests; may be sent again later
        BudgetSpent               exit 1   our own limit on requests is reached

Each carries a one-line message that names the thing, and a ``hint`` that names the way out.
Exit codes: ``docs/reference/exit-codes.md``.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator

EXIT_DONE = 0
EXIT_ERROR = 1
EXIT_CHANGES = 2
EXIT_INVALID = 3
EXIT_BLOCKED = 4
EXIT_STALE = 5
EXIT_PARTIAL = 6
EXIT_LOCKED = 7
EXIT_DRIFT = 8
EXIT_USAGE = 64


class PsareconError(Exception):
    """Base of all errors of ours: a message that names the thing, a hint that names the way out."""

    exit_code = EXIT_ERROR

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def told(self) -> list[str]:
        """The message as lines for a person; each is made harmless where it is printed."""
        return [f"error: {self}"]


class UsageError(PsareconError):
    """The command line asks for something that cannot be."""

    exit_code = EXIT_USAGE


class InvalidInput(PsareconError):
    """Settings, mapping, plan or decisions are not valid."""

    exit_code = EXIT_INVALID


class SecretMissing(InvalidInput):
    """A secret's reference leads nowhere."""


class PlanRefused(InvalidInput):
    """The plan file is not, byte for byte, what psarecon wrote, or does not belong here."""


class LedgerError(PsareconError):
    """The ledger cannot be read or written."""


class LockHeld(PsareconError):
    """Another run holds the lease of this PSA tenant, or ours ran out."""

    exit_code = EXIT_LOCKED


class RemoteError(PsareconError):
    """A vendor's system did not answer as it should."""


class Unreachable(RemoteError):
    """The request never arrived, for certain: nothing was carried out."""


class Uncertain(RemoteError):
    """The request was sent and no clear answer came back: it may have been carried out."""


class BadAnswer(RemoteError):
    """An answer that cannot be what was asked for: an HTML page, half a body, another host's page."""


class Refused(RemoteError):
    """A clear refusal. ``status`` is the HTTP status, ``texts`` are the server's own words."""

    def __init__(self, message: str, *, status: int, texts: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.texts = texts


class Unauthorized(Refused):
    """The credentials were refused."""


class NotFound(Refused):
    """There is no such route or record."""


class Throttled(Refused):
    """Too many requests; the same request may be sent again after ``wait`` seconds."""

    def __init__(self, message: str, *, status: int, texts: tuple[str, ...] = (), wait: float = 0.0) -> None:
        super().__init__(message, status=status, texts=texts, hint="try again later")
        self.wait = wait


class BudgetSpent(RemoteError):
    """psarecon's own limit on requests is reached; nothing was sent."""


def trace_of(error: BaseException) -> Iterator[str]:
    """Where an error came from, after its causes: the lines of code; no message, no note, no variable, since any of
    these may hold a credential."""
    for one in reversed(list(_causes(error))):
        yield f"{type(one).__name__}, by way of:"
        for frame in traceback.format_tb(one.__traceback__):
            yield from frame.rstrip("\n").split("\n")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
