"""What is published, built and installed as others do it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path = ROOT, **environ: str) -> str:
    """A command that must go well; answers what it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PSARECON", "PYTHON"))}
    done = subprocess.run(command, cwd=cwd, env=kept | environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def built(out: Path, *what: str) -> list[Path]:
    """Wheel and source archive of the checkout, by the standard front end and without a network."""
    run(sys.executable, "-m", "build", "--no-isolation", *what, "--outdir", out, ROOT)
    return sorted(out.iterdir())


@dataclass(frozen=True)
class Installed:
    """An environment of its own with psarecon in it."""

    place: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.place / "bin" / "python"

    def psarecon(self, *words: str, cwd: Path, **environ: str) -> str:
        """A command of the installed program; no compiler is to be had meanwhile."""
        return run(self.place / "bin" / "psarecon", *words, cwd=cwd, CC="/bin/false", CXX="/bin/false", **environ)


def environment(place: Path) -> Installed:
    """An empty environment."""
    venv.create(place, with_pip=False, symlinks=True)
    return Installed(place)


def installed(wheel: Path, place: Path) -> Installed:
    """The wheel alone, unpacked by pip; what it depends on is lent by the environment of the tests."""
    found = environment(place)
    run(sys.executable, "-m", "pip", "--python", found.python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    site = Path(run(found.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "lent.pth").write_text(f"{Path(os.__file__).parent}\n" + _lent(), encoding="utf-8")
    return found


def _lent() -> str:
    return "".join(f"{path}\n" for path in sys.path if path.endswith("site-packages"))


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile with what follows them, continued lines joined."""
    joined = re.sub(r"\\\n\s*", "", dockerfile)
    lines = (line for line in joined.splitlines() if line and not line.startswith("#"))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]
