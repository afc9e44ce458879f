"""The release as a stranger gets it: `make package` builds it and installs it as the container's recipe says.

The steps of the Dockerfile that call Python are run as they stand, in a folder instead of a container, with no compiler
to be had; they ask the package index. Then the program plans a month in a sandbox from there.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from release.building import ROOT, Installed, built, instructions, run


def steps(root: Path) -> list[str]:
    """What the recipe has Python do, with its folders below another root."""
    commands = (rest for word, rest in instructions((ROOT / "Dockerfile").read_text(encoding="utf-8")) if word == "RUN")
    chosen = (command for command in commands if command.startswith("python -m "))
    return [command.replace(" /", f" {root}/") for command in chosen]


def main() -> int:
    """Build into dist/, install, plan."""
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    release = built(dist)
    with TemporaryDirectory() as name:
        root = Path(name)
        (root / "install").mkdir()
        (root / "opt").mkdir()
        for path in (ROOT / "requirements" / "run.txt", release[0]):
            shutil.copy(path, root / "install")
        for command in steps(root):
            run("bash", "-ec", command, cwd=root, CC="/bin/false", CXX="/bin/false")
        program = Installed(root / "opt" / "psarecon")
        print(program.psarecon("--version", cwd=root), end="")
        print(program.psarecon("demo", cwd=root).splitlines()[-1])
    print(*(path.relative_to(ROOT) for path in release), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
