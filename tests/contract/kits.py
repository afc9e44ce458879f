"""What the contract suite needs of each adapter: a world to try it on, and ways to break that world.

A new PSA or source adds a kit here and passes the suite as it stands; see ``docs/guides/add-a-psa-or-source.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness import Client, Rehearsal, rehearsal
from journeys.connectwise_steps import CwClient, connectwise
from journeys.lastpass_steps import LpClient, lastpass, use_enterprise

from psarecon import wiring
from psarecon.config.secrets import Resolver
from psarecon.config.settings import load_settings
from psarecon.domain.ports import Psa, Source

NOW = datetime(2026, 11, 20, 17, tzinfo=UTC)


def _resolver(found: Rehearsal) -> Resolver:
    return Resolver(environ=found.environ, directory=found.directory)


@dataclass(frozen=True)
class PsaKit:
    """A PSA with clients whose lines hold ten units at 9.00, and fourteen users each.

    ``write`` is how its one kind of write is known to the sandbox's faults (method, part of the path).
    """

    type: str
    clients: Callable[[Path, int], AbstractContextManager[Rehearsal]]
    write: tuple[str, str]

    def __str__(self) -> str:
        return self.type

    @contextmanager
    def adapter(self, found: Rehearsal) -> Iterator[Psa]:
        """The adapter on a world, by its entry point."""
        with closing(wiring.psas(load_settings(found.directory), _resolver(found), [self.type])[self.type]) as psa:
            yield psa

    def break_write(self, found: Rehearsal, kind: str, **options: object) -> None:
        """Let the next write go wrong."""
        method, path = self.write
        found.fault(kind, self.type, method=method, path=path, **options)

    def writes_of(self, found: Rehearsal) -> int:
        """How many writes were sent."""
        return len(found.requests(*self.write))


def _autotask(directory: Path, count: int) -> AbstractContextManager[Rehearsal]:
    return rehearsal(directory, *(Client(f"Client {number}") for number in range(count)))


def _connectwise(directory: Path, count: int) -> AbstractContextManager[Rehearsal]:
    return connectwise(directory, *(CwClient(f"Client {number}") for number in range(count)))


PSAS = [
    PsaKit("autotask", _autotask, ("POST", "/ServiceAdjustments")),
    PsaKit("connectwise", _connectwise, ("PATCH", "/additions/")),
]


@dataclass(frozen=True)
class Trial:
    """A source on a world: what it is asked for, and ways to break the world under it."""

    source: Source
    organizations: Sequence[str]
    break_one: Callable[[str], None]
    break_all: Callable[[], None]


@dataclass(frozen=True)
class SourceKit:
    """A source, its metric, and a trial of it with organizations of so many users each."""

    type: str
    metric: str
    trial: Callable[[Path, Sequence[int]], AbstractContextManager[Trial]]

    def __str__(self) -> str:
        return self.type


@contextmanager
def _source(found: Rehearsal, environ: Mapping[str, str] | None = None) -> Iterator[Source]:
    resolver = Resolver(environ=environ or found.environ, directory=found.directory)
    (source,) = wiring.sources(load_settings(found.directory), resolver).values()
    with closing(source):
        yield source


@contextmanager
def _jumpcloud(directory: Path, users: Sequence[int]) -> Iterator[Trial]:
    clients = [Client(f"Client {number}", users=count) for number, count in enumerate(users)]
    with rehearsal(directory, *clients) as found, _source(found) as source:
        yield _trial(found, source, "jumpcloud")


def _trial(found: Rehearsal, source: Source, system: str) -> Trial:
    def one(organization: str) -> None:
        found.fault("organization_error", system, organization=organization, times=None)

    def every() -> None:
        found.fault("status", system, status=403, times=None)

    return Trial(source, found.organizations, one, every)


@contextmanager
def _lastpass(directory: Path, users: Sequence[int]) -> Iterator[Trial]:
    clients = [LpClient(f"Client {number}", users=count) for number, count in enumerate(users)]
    with lastpass(directory, *clients) as found, _source(found) as source:
        yield _trial(found, source, "lastpass")


@contextmanager
def _enterprise(directory: Path, users: Sequence[int]) -> Iterator[Trial]:
    clients = [LpClient(f"Client {number}", users=count) for number, count in enumerate(users)]
    with lastpass(directory, *clients) as found:
        use_enterprise(found)
        with _source(found) as source:
            yield _trial(found, source, "lastpass")


@contextmanager
def _files(directory: Path, users: Sequence[int]) -> Iterator[Trial]:
    usage = directory / "usage"
    usage.mkdir(parents=True)
    settings = (
        "version: 1\nbilling: {timezone: America/New_York, currency: USD}\n"
        'sources: {exports: {type: files, path: "usage/*.csv"}}\n'
    )
    (directory / "psarecon.yaml").write_text(settings, "utf-8")
    organizations = [f"org-{number}" for number in range(len(users))]
    for organization, count in zip(organizations, users, strict=True):
        _row(usage, organization, str(count))
    found = Rehearsal(directory, "", {})
    with _source(found) as source:
        yield Trial(source, organizations, lambda one: _row(usage, one, "many"), lambda: _row(usage, "", "1"))


def _row(usage: Path, organization: str, count: str) -> None:
    text = f"organization,metric,count,date\n{organization},users,{count},2026-11-20\n"
    (usage / f"{organization or 'broken'}.csv").write_text(text, "utf-8")


SOURCES = [
    SourceKit("jumpcloud", "users", _jumpcloud),
    SourceKit("lastpass", "seats", _lastpass),
    SourceKit("lastpass-enterprise", "seats", _enterprise),
    SourceKit("files", "users", _files),
]
