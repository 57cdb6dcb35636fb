"""The figure and the table of growth, made from the rows of `speed.json`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .table import figure

HEAD = ("task", "over", "from", "to", "CPU s", "slope", "standard error", "top", "bar", "met")
PANELS = {"surveys": "Surveys and weights", "network": "Network scale-up", "mse": "Case lists"}
MARKERS, LINES = "osD^vPX", ("-", "--", "-.", ":")
SHADES = ("#000000", "#2f6f9f", "#b3541e", "#4b8b3b", "#7d4f9e", "#666666")


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table of slopes."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(HEAD)
    for row in rows:
        seconds = f"{figure(row['seconds'][0])} to {figure(row['seconds'][-1])}"
        ends = (f"{row['sizes'][k]:,}" for k in (0, -1))
        words = (f"{row[key]:.2f}" for key in ("slope", "error", "top"))
        bar = "" if row["bar"] is None else f"{row['bar']:g}"
        table.writerow((row["task"], row["over"], *ends, seconds, *words, bar, row["met"]))
    return out.getvalue()


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Draw CPU seconds against size, relative to the smallest of each series, on log scales.

    Series differ by marker and by line, so that the figure reads in grey.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings: Any = {"svg.hashsalt": "growth", "svg.fonttype": "path", "font.size": 8.5}
    with mpl.rc_context(settings):
        image = Figure(figsize=(11, 5.6), layout="constrained")
        for place, (family, title) in zip(
            image.subplots(1, len(PANELS)), PANELS.items(), strict=True
        ):
            _panel(place, [row for row in rows if row["family"] == family])
            place.set_title(title)
        image.supylabel("times the cost of the smallest size (CPU seconds)")
        image.savefig(path, metadata={"Date": None, "Creator": None})


def _panel(place: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Draw one family, with the line on which cost grows as the size does."""
    most = max(row["sizes"][-1] / row["sizes"][0] for row in rows)
    place.plot([1, most], [1, most], color="#bbbbbb", linewidth=4, zorder=0, label="as the size")
    for k, row in enumerate(rows):
        size = [value / row["sizes"][0] for value in row["sizes"]]
        cost = [value / row["seconds"][0] for value in row["seconds"]]
        place.plot(
            size, cost, LINES[k % len(LINES)], marker=MARKERS[k % len(MARKERS)], markersize=4.5,
            color=SHADES[k % len(SHADES)], linewidth=1.2,
            label=f"{row['task']}: {row['over']} ({row['slope']:.2f})",
        )  # fmt: skip
    for axis, scale in ((place.xaxis, place.set_xscale), (place.yaxis, place.set_yscale)):
        scale("log")
        axis.set_major_formatter(lambda value, _: f"{value:,g}")
        axis.set_minor_formatter(lambda *_: "")
    place.set_xlabel("times the smallest size")
    place.spines[["top", "right"]].set_visible(False)
    place.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False, fontsize=7.5)
