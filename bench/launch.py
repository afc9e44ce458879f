"""Starts one command and says what it took; small, because a child's peak memory counts that of whoever started it.

python -I -S bench/launch.py OUTPUT COMMAND [WORD...]

What the command prints goes to the file OUTPUT. Prints a JSON object: exit code, wall and processor seconds (user and
system, of the command and its children), peak memory in KiB.
"""

import json
import os
import sys
import time


def main() -> None:
    """Run it."""
    output, *words = sys.argv[1:]
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        printed = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        os.execv(words[0], words)  # noqa: S606 - the bench's own words
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    print(json.dumps({"code": code, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss}))


if __name__ == "__main__":
    main()
