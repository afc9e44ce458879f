"""A long run stays as small as it began: open files and memory, looked at from outside while it goes on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

MEASURE = Path(__file__).parents[2] / "bench" / "resources.py"


def test_open_files_and_memory_stay_flat_over_many_changes() -> None:
    """An apply and a run that a review follows; ``python bench/resources.py`` does the same over 10,000 changes."""
    command = [sys.executable, str(MEASURE), "--changes", "400", "--review", "200"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^(.+): (\d+) changes", done.stdout, re.MULTILINE) == [
        ("apply", "400"),
        ("review --apply", "200"),
    ]
