"""A client as one writes it first: a request for each line, so many at once as the vendor lets, a wait when told to.

python bench/peers/per_line.py REQUESTS_JSON AT_ONCE

The file holds the headers and the addresses. An answer of 429 is waited for as it says, and asked again.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx


def read(client: httpx.Client, address: str) -> None:
    """One line."""
    while (answer := client.get(address)).status_code == 429:
        time.sleep(float(answer.headers.get("Retry-After", "1")))
    answer.raise_for_status()


def main(path: Path, at_once: int) -> None:
    """Every line; says how many there were."""
    asked = json.loads(path.read_text("utf-8"))
    with (
        httpx.Client(headers=asked["headers"], timeout=60, trust_env=False) as client,
        ThreadPoolExecutor(at_once) as pool,
    ):
        read_all = list(pool.map(lambda address: read(client, address), asked["addresses"]))
    print(f"{len(read_all)} lines")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
