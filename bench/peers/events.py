"""The least that YAML costs in Python: libyaml's events of every file, and nothing made of them.

python bench/peers/events.py FOLDER
"""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path

import yaml


def main(folder: Path) -> None:
    """Read every file of the folder; say how many there are."""
    files = sorted(folder.iterdir())
    for path in files:
        deque(yaml.parse(path.read_bytes(), Loader=yaml.CSafeLoader), maxlen=0)
    print(f"{len(files)} files")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
