"""Puts what was measured into docs/concepts/speed.md, and draws docs/images/growth.svg of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from planning import Point
from table import Row, markdown

_DOCS = Path(__file__).parents[1] / "docs"
PAGE, PICTURE = _DOCS / "concepts" / "speed.md", _DOCS / "images" / "growth.svg"
_BLOCK = "<!-- bench: {} -->\n{}\n<!-- end -->"
#: Rows that a page has no room for: the model behind the screen, and second figures of the row above.
_LEFT_OUT = ("model, ", "  ")
#: Colours that stand out on white and on black alike; text and lines of the axes, the same.
_COLOURS, _GREY = {"psarecon": "#2f81f7", "octoDNS": "#d9730d"}, "#808890"
_STROKES = {"same": "-", "changed": "--"}
_SAID = {"same": "nothing changed", "changed": "everything changed"}
#: Two runs with the same figures give the same bytes; letters stay letters, in the reader's own font.
_STYLE = {
    "svg.hashsalt": "psarecon", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10,
    "text.color": _GREY, "axes.labelcolor": _GREY, "axes.edgecolor": _GREY, "xtick.color": _GREY, "ytick.color": _GREY,
    "axes.spines.top": False, "axes.spines.right": False, "grid.color": _GREY, "grid.alpha": 0.25,
}  # fmt: skip


def write(part: str, rows: Sequence[Row | str], points: Sequence[Point], conditions: str) -> None:
    """Replace the block of a part; draw the picture when plans were measured."""
    table = "\n".join(markdown(row for row in rows if isinstance(row, str) or not row.what.startswith(_LEFT_OUT)))
    text = _replaced(PAGE.read_text("utf-8"), part, f"{conditions}.\n\n{table}")
    PAGE.write_text(text, "utf-8")
    if points:
        draw(points)


def _replaced(text: str, part: str, block: str) -> str:
    pattern = re.compile(re.escape(f"<!-- bench: {part} -->") + r"\n.*?<!-- end -->", re.DOTALL)
    changed, times = pattern.subn(lambda _: _BLOCK.format(part, block), text)
    if times != 1:
        raise SystemExit(f"{PAGE} has {times} blocks for {part}")
    return changed


def draw(points: Sequence[Point]) -> None:
    """Processor time and memory against the lines of a plan."""
    mpl.use("svg")
    with mpl.rc_context(_STYLE):
        figure, (time, memory) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
        _curves(time, points, "cpu", "processor seconds")
        _curves(memory, points, "peak", "peak memory, MiB")
        handles, labels = time.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
        figure.savefig(PICTURE, transparent=True, metadata={"Date": None, "Creator": None})


def _curves(axes: Axes, points: Sequence[Point], name: str, title: str) -> None:
    for whose, colour in _COLOURS.items():
        for holds, stroke in _STROKES.items():
            found = sorted((p.lines, getattr(p.took, name)) for p in points if (p.whose, p.holds) == (whose, holds))
            label = f"{whose}, {_SAID[holds]}"
            axes.plot(*zip(*found, strict=True), stroke, color=colour, marker="o", markersize=3.5, label=label)
    axes.set(title=title, xlabel="lines, or records of octoDNS", xlim=(0, None), ylim=(0, None))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.9g}")
    axes.grid(visible=True)
