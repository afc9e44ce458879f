"""Putting rows into a world with ids that follow on: what the builders of all vendors share."""

from __future__ import annotations

from typing import Any, ClassVar

from psarecon.sandbox.world import World


class Inserter:
    """Adds rows to a world's tables; `first` are the ids that counting begins with."""

    first: ClassVar[dict[str, int]]

    def __init__(self, world: World) -> None:
        """Build in an open world."""
        self.world = world

    def insert(self, table: str, id: int | None, **columns: Any) -> int:  # noqa: A002  # as the vendors name it
        """One row; without an id it gets the one after the highest, or the table's own."""
        given = {} if id is None and table not in self.first else {"id": self.next(table) if id is None else id}
        columns = {**given, **columns}
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  # only our own names are put in
        return int(self.world.db.execute(sql, tuple(columns.values())).lastrowid or 0)

    def next(self, table: str, column: str = "id") -> int:
        """The number after the highest of a column."""
        highest = self.world.one(f"SELECT max({column}) FROM {table}")  # noqa: S608  # only our own names are put in
        known = highest[0] if highest and highest[0] is not None else 0
        return max(self.first.get(table, 1), int(known) + 1)
