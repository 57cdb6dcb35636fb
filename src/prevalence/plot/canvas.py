"""What every figure shares: its axes, rows under their words, marks and fonts."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..presentation import cut
from ..words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Array = NDArray[Any]

BLUE, ORANGE, INK, GREY, LINE = (
    "#0072B2",
    "#D55E00",
    "#1b1f24",
    "#565d66",
    "#d5d9de",
)
PALE = "#eef2f6"  # behind marks
FONT = 9.5
LETTER, HANDLE = 0.07, 0.42  # inches of a letter, and of the mark of a legend with its space
SYNTHETIC = "Synthetic data: no real person; like published studies, repeats none"


@explained
def describe(ax: Axes) -> str:
    """Return the plain sentence that says what one of these figures shows: its alt text.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        What a function of this module returned.

    Returns
    -------
    str
        The sentence; empty for other axes.

    Notes
    -----
    Assumes that the axes were not drawn over afterwards.

    References
    ----------
    W3C (2023). Web Content Accessibility Guidelines 2.2, success criterion 1.1.1.
    https://www.w3.org/TR/WCAG22/

    Examples
    --------
    >>> import pandas as pd
    >>> from prevalence import plot
    >>> flow = pd.DataFrame(
    ...     {
    ...         "step": ["base"],
    ...         "n": [4],
    ...         "sum": [40.0],
    ...         "kish_deff": [1.0],
    ...         "min": [10.0],
    ...         "max": [10.0],
    ...     }
    ... )
    >>> plot.describe(plot.weight_flow(flow))
    'Weights after each step, from the smallest to the largest: base, 10 to 10, mean 10, ...'
    """
    return str(ax.get_label())


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the given axes, or those of a new figure that no global state knows of."""
    if ax is not None:
        return ax
    from .drawing import Drawing

    return Drawing(figsize=(width, height), layout="constrained").add_subplot()


def height(rows: int, width: float) -> float:
    """Return a height in inches for so many rows under their words, in a figure so wide."""
    return 0.9 + 0.62 * rows if width > 5 else 1.15 + 0.84 * rows


def is_narrow(ax: Axes) -> bool:
    """Tell whether words and numbers of a row must stand in two lines."""
    figure = ax.get_figure(root=True)
    return figure is not None and ax.get_position().width * figure.get_figwidth() < 4


def words(ax: Axes, y: float, left: str, right: str) -> None:
    """Write above a whisker what the row is, and its numbers at the right or, if narrow, below."""
    narrow = is_narrow(ax)
    for content, x, up, align, weight in (
        (left, 0, 26 if narrow else 12, "left", "bold"),
        (right, 0 if narrow else 1, 12, "left" if narrow else "right", "normal"),
    ):
        ax.annotate(
            cut(content, 46), (x, y), xycoords=ax.get_yaxis_transform(), xytext=(0, up),
            textcoords="offset points", ha=align, va="bottom", fontsize=FONT, color=INK,
            weight=weight, parse_math=False,
        )  # fmt: skip


def truth_mark(ax: Axes, y: float, value: float) -> None:
    """Mark the true value on a row, if it is known."""
    if np.isfinite(value):
        ax.plot([value], [y], marker="|", markersize=19, color=INK, markeredgewidth=1.5)
        ax.plot(
            [value], [y], marker="D", markersize=5.5, color=INK, markerfacecolor="white",
            linewidth=0, gid=f"truth-{y:g}", zorder=5,
        )  # fmt: skip


def truth_key(label: str) -> Line2D:
    """Return the mark of a truth for a legend."""
    from matplotlib.lines import Line2D

    return Line2D(
        [], [], color=INK, marker="D", markersize=5.5, markerfacecolor="white", linewidth=0, label=label
    )  # fmt: skip


def frame(ax: Axes, rows: int, limits: tuple[float, float], unit: str, say: Words) -> None:
    """Set limits, ticks and the label of the horizontal axis."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.set_xlim(*limits)
    ax.set_ylim(rows - 0.4, -0.6)
    ax.set_yticks([])
    ax.xaxis.set_major_locator(MaxNLocator(4 if is_narrow(ax) else 7))
    ax.xaxis.set_major_formatter(FuncFormatter(say.ticks()))
    labels = {"proportion": "per cent", "count": "number of people"}
    x_label(ax, say.known(labels.get(unit, unit)))
    plain(ax)


def ruled(ax: Axes, rows: int) -> None:
    """Draw a line between rows, and leave room for the words above the first."""
    above = 0.82 if is_narrow(ax) else 0.72
    for y in range(1, rows):
        ax.axhline(y - above, color=LINE, linewidth=0.7)
    ax.set_ylim(rows - 0.66, -above)


def plain(ax: Axes) -> None:
    """Leave one thin line of the box, and set the size of tick labels."""
    ax.tick_params(labelsize=FONT, colors=GREY, length=3, width=0.7)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(LINE)


def x_label(ax: Axes, label: str) -> None:
    """Write what the horizontal axis is, in lines that the figure has room for."""
    said = textwrap.fill(label, _letters(_room(ax)))
    ax.set_xlabel(said, fontsize=FONT, color=GREY, parse_math=False)


def _room(ax: Axes) -> float:
    """Return about how many inches there are from the left of the axes to that of the next."""
    figure, spec = ax.get_figure(root=True), ax.get_subplotspec()
    if figure is None or spec is None:
        return 7.0 if figure is None else figure.get_figwidth() * ax.get_position().width
    ticks = max((len(tick.get_text()) for tick in ax.get_yticklabels()), default=0)
    left = LETTER * ticks + (0.3 if ax.get_ylabel() else 0.1)
    columns = spec.get_gridspec().ncols
    gap = 0.4 if columns > 1 else 0.0
    return max(figure.get_figwidth() / columns - left - gap, 1.5)


def _letters(inches: float) -> int:
    """Return how many letters there is room for."""
    return max(int(inches / LETTER), 16)


def below(ax: Axes, marks: Sequence[Any], inches: float = 0.45, *, columns: int = 9) -> None:
    """Put a legend so far below the axes, in as many columns as there is room for."""
    from matplotlib.transforms import ScaledTranslation

    figure, room = ax.get_figure(root=True), _room(ax)
    lines = ax.get_xlabel().count("\n")
    far = inches + 0.19 * lines
    down = ScaledTranslation(0, -far, figure.dpi_scale_trans) if figure else ax.transAxes
    labels = [textwrap.fill(str(mark.get_label()), _letters(room - HANDLE)) for mark in marks]
    ax.legend(
        marks, labels, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=ax.transAxes + down,
        ncols=_columns(labels, room, columns), frameon=False, fontsize=FONT, labelcolor=INK, handletextpad=0.5,
        columnspacing=1.1, borderpad=0, borderaxespad=0, handlelength=1.6,
    )  # fmt: skip


def _columns(labels: Sequence[str], room: float, most: int) -> int:
    """Return the largest number of columns that so many inches hold."""
    wide = [HANDLE + max(map(_inches, label.split("\n"))) for label in labels]
    for columns in range(min(most, len(wide)), 1, -1):
        parts = np.array_split(wide, columns)  # as a legend splits them
        if sum(float(part.max()) for part in parts) <= room:
            return columns
    return 1


def _inches(words: str) -> float:
    """Return how wide words are."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    width, _, _ = text_to_path.get_text_width_height_descent(
        words, FontProperties(size=FONT), False
    )
    return float(width) / 72


def finished(ax: Axes, synthetic: bool, say: Words, *, letters: int | None = None) -> Axes:
    """Return the axes, with the remark on synthetic data, in lines of so many letters, if it is due."""
    if synthetic:
        said = say(SYNTHETIC)
        remark = textwrap.fill(said, letters or _letters(_room(ax)), break_on_hyphens=False)
        ax.set_title(remark, loc="left", fontsize=FONT, color=GREY, style="italic")
        ax.set_label(f"{ax.get_label()} {said}.")
    return ax
