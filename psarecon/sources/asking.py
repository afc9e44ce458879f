"""Questions to many organizations at once, of which one may fail alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from psarecon.errors import RemoteError

_T = TypeVar("_T")


def side_by_side(ask: Callable[[str], _T], organizations: Collection[str], at_once: int) -> dict[str, _T]:
    """What ``ask`` says of each organization; one that cannot be asked is absent.

    Raises RemoteError, the first organization's, when none could be asked.
    """
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        waiting = [(organization, pool.submit(ask, organization)) for organization in sorted(organizations)]
    errors: list[RemoteError] = []
    found: dict[str, _T] = {}
    for organization, future in waiting:
        try:
            found[organization] = future.result()
        except RemoteError as error:
            errors.append(error)
    if errors and not found:
        raise errors[0]
    return found
