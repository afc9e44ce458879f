"""What every command shares: settings, mapping, ledger, adapters, the time, and who is asking.

The only place besides ``main`` where the environment is looked at, and only as it was handed in.
"""

from __future__ import annotations

import argparse
import getpass
import secrets
import socket
import sys
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from psarecon.config.secrets import Resolver
from psarecon.config.settings import Settings, load_settings
from psarecon.errors import InvalidInput, UsageError
from psarecon.text import clean

if TYPE_CHECKING:
    from psarecon.config.mapping import LoadedMapping
    from psarecon.domain.ports import Claimant, Psa, Source
    from psarecon.ledger.database import Database
    from psarecon.ledger.leases import Holder

Closable = TypeVar("Closable", "Psa", "Source")

_LONGEST_NAME, _LONGEST_URL = 200, 2000
#: Variables by which pipelines say which run this is; the first that is set wins.
_RUN_URLS = ("PSARECON_RUN_URL", "CI_JOB_URL", "BUILD_BUILDURI")
#: Variable by which a pipeline says which settings may be used with its credentials, out of reach of a pull request.
_PIN = "PSARECON_SETTINGS_DIGEST"
#: Moments outside of these are slips of the pen, and near the ends of the calendar no month has neighbours.
_FIRST_YEAR, _LAST_YEAR = 2000, 2999


@dataclass(frozen=True)
class Context:
    """One command's surroundings."""

    directory: Path
    environ: Mapping[str, str]
    as_of: str | None = None
    resources: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def of(cls, args: argparse.Namespace) -> Context:
        """From parsed arguments; what is opened is closed when the command ends."""
        return cls(args.directory, args.environ, getattr(args, "as_of", None), args.resources)

    @cached_property
    def settings(self) -> Settings:
        """The settings. Raises InvalidInput with every problem, and when they are not those the pipeline pinned."""
        found = load_settings(self.directory)
        pinned = self.environ.get(_PIN)
        if pinned and pinned != found.digest:
            hint = f"whoever has read what changed sets {_PIN} to {found.digest}"
            raise InvalidInput(f"the settings are not those that {_PIN} names; no credential was looked up", hint=hint)
        return found

    @cached_property
    def mapping(self) -> LoadedMapping:
        """The mapping. Raises InvalidInput with every problem."""
        from psarecon.config.mapping import load_mapping

        return load_mapping(self.settings)

    @cached_property
    def resolver(self) -> Resolver:
        """Looks up secrets and other references."""
        return Resolver(environ=self.environ, directory=self.directory)

    @cached_property
    def database(self) -> Database:
        """The ledger."""
        from psarecon.wiring import ledger

        return self.resources.enter_context(closing(ledger(self.settings, self.resolver)))

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Every source, ready to be read."""
        from psarecon.wiring import sources

        return self._kept(sources(self.settings, self.resolver))

    @cached_property
    def psas(self) -> Mapping[str, Psa]:
        """Every PSA, ready to be read and written."""
        return self.psas_named(self.settings.psas)

    def psas_named(self, names: Iterable[str]) -> Mapping[str, Psa]:
        """Only these PSAs. Raises InvalidInput, SecretMissing."""
        from psarecon.wiring import psas

        return self._kept(psas(self.settings, self.resolver, names))

    def claimant(self, name: str) -> Claimant | None:
        """The source, if it can tell of a second writer. Raises SecretMissing."""
        from psarecon.wiring import claimant

        found = claimant(self.settings, self.resolver, name)
        if found is not None:
            self.resources.callback(found.close)
        return found

    def _kept(self, adapters: Mapping[str, Closable]) -> Mapping[str, Closable]:
        for adapter in adapters.values():
            self.resources.callback(adapter.close)
        return adapters

    def now(self) -> datetime:
        """The billing time: ``--as-of``, the rehearsal's clock, or now; in UTC, whole seconds."""
        if self.as_of is not None:
            return _instant(self.as_of)
        if self.settings.clock is not None:
            return rehearsal_now(self.resolver.text(self.settings.clock, "clock"))
        return datetime.now(UTC).replace(microsecond=0)

    def holder(self, run: str) -> Holder:
        """Who we are, for a lease."""
        from psarecon.ledger.leases import Holder
        from psarecon.process import this_process

        host, process = socket.gethostname(), this_process()
        return Holder(owner=self.user(), host=host, run=run, run_url=self.run_url(), process=process)

    def run_url(self) -> str:
        """The pipeline's page of this run; empty where nobody says."""
        return clean(next((self.environ[name] for name in _RUN_URLS if self.environ.get(name)), ""), _LONGEST_URL)

    def user(self) -> str:
        """The name a decision or a lease carries when none is given."""
        for name in ("PSARECON_BY", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER", "LOGNAME"):
            if self.environ.get(name):
                return clean(self.environ[name], _LONGEST_NAME)
        with suppress(OSError, KeyError):
            return getpass.getuser()
        return "unknown"


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--as-of {text!r} is not a moment", hint="write 2026-11-20T17:00:00Z") from error
    if moment.tzinfo is None:
        raise UsageError(f"--as-of {text!r} has no time zone", hint="write 2026-11-20T17:00:00Z, or an offset")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise UsageError(f"--as-of {text!r} is of no year that is billed", hint="write 2026-11-20T17:00:00Z")
    return moment.astimezone(UTC).replace(microsecond=0)


def rehearsal_now(url: str) -> datetime:
    """The sandbox's own time. Raises RemoteError, or InvalidInput when it is no sandbox."""
    from psarecon.http import Http, check_base

    http = Http("sandbox", timeout=10.0)
    try:
        answer = http.read("GET", f"{check_base(url, 'clock')}/_sandbox/health")
        return datetime.fromisoformat(answer.data["now"]).astimezone(UTC).replace(microsecond=0)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput("clock: no sandbox answers there", hint="remove `clock` outside of rehearsals") from error
    finally:
        http.close()


def new_run() -> str:
    """A name for a run: when it began, and something no other run has."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def say(text: str) -> None:
    """A harmless line for the person or the log, on stderr: stdout is data."""
    print(clean(text), file=sys.stderr, flush=True)
