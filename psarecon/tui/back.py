"""The review of a plan that takes a run back: as any other, above the history that it came from."""

from __future__ import annotations

from pathlib import Path

from psarecon.review.board import Board
from psarecon.review.desk import Desk
from psarecon.review.history_back import left_out
from psarecon.review.keys import Keyboard
from psarecon.tui.review import ReviewScreen


class BackScreen(ReviewScreen):
    """Escape leads to the history again, once there is no filter to clear."""

    def __init__(self, board: Board, desk: Desk, path: Path, keyboard: Keyboard) -> None:
        super().__init__(board, desk, path, keyboard)
        self._mode.said = (
            left_out(board.opened, keyboard.shown(self.PLACE, "findings"))
            or f"saved as {path.name}; esc goes back to the history"
        )

    def action_clear(self) -> None:
        """Clear the filter; with none, leave."""
        if self.foot.typing or self.foot.filter:
            super().action_clear()
        else:
            self.dismiss()
