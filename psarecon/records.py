"""Plain data of which there is one for every line: never assigned to once made, which mypy holds everybody to.

``dataclass(frozen=True)`` makes Python watch over it too, by a call for each field of each object: ten fields take four
times as long to set (``docs/adr/0016-records.md``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[_T]) -> type[_T]:
    """A dataclass with slots, equal and hashed by its fields; to a type checker it is frozen."""
    return dataclass(slots=True, unsafe_hash=True)(cls)


@dataclass_transform(frozen_default=True, order_default=True, field_specifiers=(field,))
def ordered_record(cls: type[_T]) -> type[_T]:
    """A record that sorts by its fields, in their order."""
    return dataclass(slots=True, unsafe_hash=True, order=True)(cls)
