"""Something wrong at a place of a file, as every report of it needs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """``severity`` is ``error``, ``warning`` or ``info``; line and column count from 1, columns in characters.

    ``file`` is relative to the top of the repository, where a pipeline looks for it. Texts may come from strangers.
    """

    file: str
    line: int
    column: int
    severity: str
    message: str
    suggestion: str = ""
