"""What the journeys of an MSP that begins share: its world with settings and no mapping, the truth, and the ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from harness import TODAY, Rehearsal

from psarecon import wiring
from psarecon.config.secrets import Resolver
from psarecon.config.settings import load_settings
from psarecon.domain.ports import Directory, Source
from psarecon.sandbox.chance import SYSTEMS
from psarecon.sandbox.config import environment, settings_for
from psarecon.sandbox.onboarding import init
from psarecon.sandbox.serve import running
from psarecon.sandbox.world import World

PSAS = ("autotask", "connectwise")


@contextmanager
def onboarding(directory: Path, clients: int = 30) -> Iterator[Rehearsal]:
    """The world of ``psarecon sandbox init --onboarding``, served, with settings for its four systems."""
    init(directory, clients=clients, today=TODAY)
    (directory / "psarecon.yaml").write_text(settings_for(SYSTEMS), "utf-8")
    with World.open(directory) as world:
        environ = environment(world)
    with running(directory) as url:
        yield Rehearsal(directory, url, environ)


def truth(found: Rehearsal) -> list[dict[str, Any]]:
    """Which organization is which company's."""
    organizations: list[dict[str, Any]] = found.control("GET", "truth/onboarding")["organizations"]
    return organizations


@contextmanager
def directories(found: Rehearsal) -> Iterator[Mapping[str, Directory]]:
    """The PSAs of the settings, as ``wiring`` builds them."""
    resolver = Resolver(environ=found.environ, directory=found.directory)
    settings = load_settings(found.directory)
    with ExitStack() as stack:
        built = wiring.psas(settings, resolver, settings.psas)
        for psa in built.values():
            stack.enter_context(closing(psa))
        yield {name: psa for name, psa in built.items() if isinstance(psa, Directory)}


@contextmanager
def sources(found: Rehearsal) -> Iterator[Mapping[str, Source]]:
    """The sources of the settings, as ``wiring`` builds them."""
    resolver = Resolver(environ=found.environ, directory=found.directory)
    with ExitStack() as stack:
        built = wiring.sources(load_settings(found.directory), resolver)
        for source in built.values():
            stack.enter_context(closing(source))
        yield built
