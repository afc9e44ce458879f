"""An MSP's repository on each platform, and the sandbox behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import Client, rehearsal
from recipes.office import PLATFORMS, Office, opened, prepared
from recipes.sites import site


@pytest.fixture(params=sorted(PLATFORMS))
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """Two clients, ten units each in Autotask, fourteen and twelve users in JumpCloud; on every platform."""
    yield from _offices(tmp_path, request.param)


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Office]:
    """The same, on GitHub."""
    yield from _offices(tmp_path, "github")


def _offices(folder: Path, kind: str) -> Iterator[Office]:
    clients = (Client("Acme"), Client("Bolt", users=12))
    with rehearsal(folder / "msp", *clients) as place, site(kind) as comments:
        prepared(place, f"sqlite:{folder / 'ledger.db'}")
        yield opened(folder, place, kind, comments)
