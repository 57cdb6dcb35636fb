"""What an estimate under an imperfect instrument would be at other error rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from ..arguments import explained
from ..errors import nearest
from ..words import Words, language
from .canvas import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    axes,
    below,
    finished,
    frame,
    height,
    is_narrow,
    ruled,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VARIED = {
    "apparent": "share observed",
    "sensitivity": "sensitivity",
    "false_report": "false reports",
}


class HasTables(Protocol):
    """A grid and a tornado of error rates: what `prevalence.misclassification.what_if` returns."""

    @property
    def grid(self) -> pd.DataFrame: ...

    @property
    def tornado(self) -> pd.DataFrame: ...


@explained
def tornado(
    what_if: HasTables,
    *,
    ax: Axes | None = None,
    domain: str | None = None,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw how far a corrected share moves over the range of each error rate, widest first.

    Parameters
    ----------
    what_if : WhatIf
        What `prevalence.misclassification.what_if` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    domain : str, optional
        The domain to draw, where there are several.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on: a bar from the lowest to the highest value of each rate, the others at
        their middle value, and a line at the estimate with all at their middle.

    Raises
    ------
    ValueError, KeyError
        When there are several domains and none is named, or it is not there.

    Notes
    -----
    A bar is a range of assumptions and no interval: nothing says how likely its ends are. The bar of
    the share observed is its interval carried along. Below 0 the data rule such rates out.

    References
    ----------
    Eschenbach, T. G. (1992). Spiderplots versus tornado diagrams for sensitivity analysis.
    Interfaces 22(6), 40-46. doi:10.1287/inte.22.6.40

    Examples
    --------
    >>> import prevalence as pv
    >>> told = pv.validated(correct=60, tested=1000)
    >>> rates = {"sensitivity": (0.5, 0.7, 0.9), "false_report": (0.0, 0.01, 0.03)}
    >>> pv.plot.describe(pv.plot.tornado(pv.misclassification.what_if(told, **rates)))
    'The corrected share is 7.2 % with every rate at its middle value. sensitivity 50 to 90 %: ...'
    """
    say = language(lang)
    rows = _rows(what_if, domain)
    middle = 100 * _middle(what_if.grid, rows["domain"].iloc[0])
    ax = axes(ax, 7.2, height(len(rows), 7.2))
    ends = rows[["estimate_at_low", "estimate_at_high"]].to_numpy(dtype=float) * 100
    for y, (row, pair) in enumerate(zip(rows.to_dict("records"), ends, strict=True)):
        _bar(ax, y, row, pair, say)
    reach = [min(0.0, float(np.nanmin(ends))), float(np.nanmax(ends))]
    room = 0.06 * ((reach[1] - reach[0]) or 1.0)
    left = reach[0] - (room if reach[0] < 0 else 0.0)
    frame(ax, len(rows), (left, reach[1] + room), "proportion", say)
    ruled(ax, len(rows))
    half = 0.2 if is_narrow(ax) else 0.3  # in pieces, below the words
    for y in range(len(rows)):
        ax.plot([middle, middle], [y - half, y + half], color=INK, linewidth=1.2, zorder=1)
    if reach[0] < 0:
        ax.axvspan(reach[0] - room, 0, color=GREY, alpha=0.12, linewidth=0, zorder=0, gid="none")
    _key(ax, reach[0] < 0, say)
    of = say.shown(middle / 100, np.nan, np.nan, "proportion")[0]
    each = [
        say("{name}: {numbers}", name=_title(row, say), numbers=_numbers(row, say))
        for row in rows.to_dict("records")
    ]
    told = "The corrected share is {of} with every rate at its middle value. {said}."
    ax.set_label(say(told, of=of, said=say.joined(each)))
    return finished(ax, synthetic, say)


def _rows(what_if: HasTables, domain: str | None) -> pd.DataFrame:
    table = what_if.tornado
    there = list(dict.fromkeys(table["domain"].map(str)))
    if domain is None and len(there) > 1:
        raise ValueError(
            f"domain must be named where there are several: found {len(there)}. Pass for example "
            f"domain={there[0]!r}."
        )
    if domain is not None and domain not in there:
        raise KeyError(
            f"domain must be one of the rows: {domain!r} is not.{nearest(domain, there)}"
        )
    return table[table["domain"] == (there[0] if domain is None else domain)]


def _middle(grid: pd.DataFrame, domain: str) -> float:
    """Return the estimate with both rates at the middle one of their values."""
    here = grid[grid["domain"] == domain]
    for name in ("sensitivity", "false_report"):
        values = np.unique(here[name])
        here = here[here[name] == values[(values.size - 1) // 2]]
    return float(here["estimate"].iloc[0])


def _bar(ax: Axes, y: int, row: dict[Any, Any], ends: Any, say: Words) -> None:
    words(ax, y, _title(row, say), _numbers(row, say))
    ax.plot(
        ends, [y, y], color=BLUE, linewidth=7, alpha=0.35, solid_capstyle="butt", gid=f"bar-{y}"
    )
    for value, marker, colour, at in zip(ends, "os", (BLUE, ORANGE), ("low", "high"), strict=True):
        ax.plot([value], [y], marker=marker, markersize=7, color=colour, gid=f"{at}-{y}")


def _key(ax: Axes, below_zero: bool, say: Words) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks: list[Any] = [
        Line2D([], [], color=BLUE, marker="o", linewidth=0, label=say("at its lowest")),
        Line2D([], [], color=ORANGE, marker="s", linewidth=0, label=say("at its highest")),
        Line2D([], [], color=INK, linewidth=1.2, label=say("all at the middle")),
    ]
    if below_zero:
        marks.append(Patch(color=GREY, alpha=0.12, linewidth=0, label=say("not possible")))
    below(ax, marks)


def _title(row: dict[Any, Any], say: Words) -> str:
    name = say.known(VARIED.get(row["varied"], str(row["varied"])))
    low, high = (100 * float(row[end]) for end in ("low", "high"))
    return say("{name} {low:.3g} to {high:.3g} %", name=name, low=low, high=high)


def _numbers(row: dict[Any, Any], say: Words) -> str:
    ends = float(row["estimate_at_low"]), float(row["estimate_at_high"])
    _, low, high = say.shown(np.nan, *ends, "proportion")
    return say("{low} to {high} %", low=low, high=high)
