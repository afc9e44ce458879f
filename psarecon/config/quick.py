"""The published schemas as fast yes-or-no checks, for files that are right, which is nearly all of them.

jsonschema says well what is wrong, but takes seconds to find nothing wrong in 50,000 lines; jsonschema-rs reads the
same schemas and takes a tenth of one. What it refuses goes to jsonschema. A property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from psarecon.config.schemas import schema


@cache
def quick_check(name: str, part: str = "") -> Callable[[Any], bool]:
    """A function that tells whether data is valid by the published schema, or by its definition ``part``."""
    from jsonschema_rs import Draft202012Validator

    whole = schema(name)
    chosen = {"$defs": whole["$defs"], "$ref": f"#/$defs/{part}"} if part else whole
    valid: Callable[[Any], bool] = Draft202012Validator(chosen).is_valid
    return valid
