"""What the tests of the contract share: the real program, as a pipeline starts it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from harness import Ran, Rehearsal

#: Seconds after which a command that should have ended waits for somebody.
WATCHDOG = 60.0


def program(directory: Path, *words: str, environ: Mapping[str, str] | None = None) -> Ran:
    """One command in a process of its own: no terminal, nothing to read, nothing of this environment."""
    command = [sys.executable, "-m", "psarecon", "-C", str(directory), *words]
    done = subprocess.run(
        command,
        env=dict(environ or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WATCHDOG,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def real(place: Rehearsal, *words: str) -> Ran:
    """The real program on a rehearsal's directory."""
    return program(place.directory, *words, environ=place.environ)


def real_apply(place: Rehearsal, *words: str) -> Ran:
    """``apply --approve-clean`` of the saved plan."""
    return real(place, "apply", str(place.plan_file), "--approve-clean", *words)
