"""How often intervals held the truth over many samples, against how often they claim to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..arguments import explained
from ..errors import level_in_range
from ..presentation import cut, plain_name
from ..words import Words, language
from .canvas import (
    BLUE,
    FONT,
    INK,
    LINE,
    ORANGE,
    axes,
    below,
    finished,
    frame,
    is_narrow,
    ruled,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["coverage"]

Z = 1.959963984540054  # the 0.975 quantile of the normal distribution
NAMES = ("estimate", "name", "method", "estimator")
RUNS = ("countries", "samples", "replicates", "seeds", "runs", "simulations")
ERROR = "coverage mc error"
#: Marker, colour and face by where coverage lies; nothing is told by colour alone.
MARKS = {
    "as claimed": ("o", BLUE, BLUE),
    "below": ("v", ORANGE, ORANGE),
    "above": ("^", BLUE, "white"),
}


@explained
def coverage(
    table: pd.DataFrame,
    *,
    ax: Axes | None = None,
    level: float = 0.95,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw how often intervals held the truth, with Monte Carlo error, against what they claim.

    Parameters
    ----------
    table : pandas.DataFrame
        What `prevalence.datasets.coverage` returns, or columns estimate (or name), coverage and
        "coverage mc error", one row per estimator; a column countries, samples, replicates, seeds,
        runs or simulations, if there is one, says how many were drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    level : float
        Probability that the intervals claim.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on: a straight dial for each estimator, with a needle at what is claimed, a
        mark at the coverage found and its 95 % Monte Carlo interval.

    Raises
    ------
    KeyError
        When a column is missing.
    ValueError
        When there is no row, or a coverage is no share.

    Notes
    -----
    Assumes that the samples are independent. The Monte Carlo interval is ``c -+ 1.96 e``; where all
    intervals held the truth, or none, and the number of samples is known, it is Wilson's. An
    interval that holds what is claimed says that so many samples cannot tell coverage from it.

    References
    ----------
    Morris, T. P., White, I. R. and Crowther, M. J. (2019). Using simulation studies to evaluate
    statistical methods. Statistics in Medicine 38, 2074-2102. doi:10.1002/sim.8086

    Examples
    --------
    >>> import pandas as pd
    >>> import prevalence as pv
    >>> found = {"estimate": ["wald", "logit"], "coverage": [0.89, 0.955]}
    >>> table = pd.DataFrame({**found, "coverage mc error": [0.01, 0.0066], "samples": 1000})
    >>> pv.plot.describe(pv.plot.coverage(table))
    'Coverage of 95 % intervals in 1,000 samples, with its Monte Carlo error: wald 89.0 % (87.0 ...'
    """
    say, level = language(lang), level_in_range(level)
    rows = _rows(table, level)
    ax = axes(ax, 7.2, 1.1 + 0.3 * len(rows))
    least = min(*(row["low"] for row in rows), 2 * level - 1)
    limits, narrow = (max(100 * least - 1, 0), 100.0), is_narrow(ax)
    frame(ax, len(rows), limits, "per cent of intervals that hold the truth", say)
    _names(ax, rows, narrow, say)
    for y, row in enumerate(rows):
        _mark(ax, y, row)
    at, half = np.arange(len(rows)), 0.2 if narrow else 0.5  # in pieces, below the words
    ax.vlines(
        np.full(at.size, 100 * level), at - half, at + half, color=INK, linewidth=1.8, gid="claimed",
        zorder=1,
    )  # fmt: skip
    _key(ax, [row["place"] for row in rows], level, say)
    ax.set_label(_told(rows, level, say))
    return finished(ax, synthetic, say)


def _names(ax: Axes, rows: list[dict[str, Any]], narrow: bool, say: Words) -> None:
    """Write names at the left and numbers at the right, or both above where the axes are narrow."""
    names = [plain_name(row["name"]) for row in rows]
    if narrow:
        for y, (name, row) in enumerate(zip(names, rows, strict=True)):
            words(ax, y, name, _numbers(row, say))
        ruled(ax, len(rows))
        return
    ax.set_yticks(range(len(rows)), [cut(name, 34) for name in names], parse_math=False)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.grid(axis="y", color=LINE, linewidth=0.6)
    ax.set_axisbelow(True)
    for y, row in enumerate(rows):
        ax.annotate(
            _numbers(row, say), (1, y), xycoords=ax.get_yaxis_transform(), xytext=(9, 0),
            textcoords="offset points", va="center", fontsize=FONT, color=INK, annotation_clip=False,
        )  # fmt: skip


def _mark(ax: Axes, y: int, row: dict[str, Any]) -> None:
    marker, colour, face = MARKS[row["place"]]
    ends = [100 * row["low"], 100 * row["high"]]
    ax.plot(ends, [y, y], color=colour, linewidth=2.4, solid_capstyle="butt", gid=f"error-{y}")
    ax.plot(
        [100 * row["coverage"]], [y], marker=marker, markersize=8, color=colour, linewidth=0,
        markerfacecolor=face, markeredgewidth=1.6, gid=f"coverage-{y}", clip_on=False, zorder=4,
    )  # fmt: skip


def _rows(table: pd.DataFrame, level: float) -> list[dict[str, Any]]:
    name = next((c for c in NAMES if c in table), "estimate")
    missing = [c for c in (name, "coverage", ERROR) if c not in table]
    if missing:
        raise KeyError(
            f"table must be one of coverage: column {missing[0]!r} is missing. Pass what "
            "pv.datasets.coverage returned."
        )
    found, error = (table[c].to_numpy(dtype=float) for c in ("coverage", ERROR))
    if not len(table) or not ((found >= 0) & (found <= 1)).all():
        bad = "none" if not len(table) else f"{found[~((found >= 0) & (found <= 1))][0]:g}"
        raise ValueError(
            f"coverage must be a share between 0 and 1 in every row: found {bad}. Write 0.95 for "
            "95 %."
        )
    runs = next(
        (table[c].to_numpy(dtype=float) for c in RUNS if c in table), np.full(len(table), np.nan)
    )
    low, high = _limits(found, error, runs)
    place = np.where(high < level, "below", np.where(low > level, "above", "as claimed"))
    columns = {"coverage": found, "low": low, "high": high, "runs": runs, "place": place}
    made = pd.DataFrame({"name": table[name].map(str).to_numpy(), **columns})
    return [{str(k): v for k, v in row.items()} for row in made.to_dict("records")]


def _limits(found: Any, error: Any, runs: Any) -> tuple[Any, Any]:
    """Return Monte Carlo limits; Wilson's where all intervals held, or none."""
    low, high = found - Z * error, found + Z * error
    sure = (error == 0) & np.isfinite(runs)
    open_ = Z**2 / (np.where(sure, runs, 1.0) + Z**2)
    low = np.where(sure & (found == 1), 1 - open_, low)
    high = np.where(sure & (found == 0), open_, high)
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def _numbers(row: dict[str, Any], say: Words) -> str:
    ends = {"low": 100 * row["low"], "high": 100 * row["high"]}
    return say("{value:.1f} % ({low:.1f} to {high:.1f})", value=100 * row["coverage"], **ends)


def _told(rows: list[dict[str, Any]], level: float, say: Words) -> str:
    runs = {row["runs"] for row in rows}
    said = say.joined(f"{plain_name(row['name'])} {_numbers(row, say)}" for row in rows)
    told = "Coverage of {level:g} % intervals, with its Monte Carlo error: {said}."
    if len(runs) == 1 and np.isfinite(rows[0]["runs"]):
        told = "Coverage of {level:g} % intervals in {runs:,.0f} samples, with its Monte Carlo error: {said}."
    return say(told, level=100 * level, runs=rows[0]["runs"], said=said)


def _key(ax: Axes, places: list[str], level: float, say: Words) -> None:
    from matplotlib.lines import Line2D

    told = {
        "as claimed": "as claimed, within error",
        "below": "less often",
        "above": "more often",
    }
    label = say("claimed: {level:g} %", level=100 * level)
    marks = [Line2D([], [], color=INK, marker="|", markersize=12, linewidth=0, markeredgewidth=1.8, label=label)]  # fmt: skip
    for place, (marker, colour, face) in MARKS.items():
        if place in places:
            style: dict[str, Any] = {"markerfacecolor": face, "markeredgewidth": 1.6}
            line = Line2D([], [], color=colour, marker=marker, linewidth=2.4, label=say(told[place]), **style)  # fmt: skip
            marks.append(line)
    below(ax, marks)
