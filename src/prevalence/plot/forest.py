"""Coefficients, ratios and differences with their intervals, against the value of no effect."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..arguments import explained
from ..disclosure import is_suppressed
from ..errors import one_of
from ..estimate import Estimate
from ..presentation import plain_name
from ..words import Words, language
from .canvas import (
    BLUE,
    GREY,
    axes,
    below,
    finished,
    frame,
    height,
    is_narrow,
    ruled,
    truth_key,
    truth_mark,
    words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["forest"]

#: What may be drawn, with its axis; those of the second line are ratios.
DIFFERENCES = ("coefficient", "difference", "percentage points", "marginal effect", "number")
RATIOS = ("ratio", "odds ratio", "rate ratio", "prevalence ratio", "exponentiated coefficient")
NAMES = ("difference", "name", "outcome")


@explained
def forest(
    results: Estimate | pd.DataFrame,
    *,
    ax: Axes | None = None,
    unit: str | None = None,
    leave_out: Collection[str] = ("(intercept)",),
    truth: Mapping[str, float] | None = None,
    level: float = 0.95,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw coefficients, ratios or differences with intervals, against the value of no effect.

    Parameters
    ----------
    results : Estimate or pandas.DataFrame
        What a regression returned, its exponential, a difference of estimates; or a table such as
        that of `Comparison.differences`: a column difference, name or outcome, then estimate,
        conf_low, conf_high and, if there is one, domain or window.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    unit : str, optional
        What the numbers are: "coefficient", "difference", "percentage points" (differences of
        shares, drawn times 100), "marginal effect" or "number", which are compared with 0; "ratio",
        "odds ratio", "rate ratio" or "prevalence ratio", which are compared with 1 on a logarithmic
        axis. By default the unit of the estimate; "difference" for a table.
    leave_out : collection of str
        Rows that are not drawn, by name.
    truth : mapping of str to float, optional
        True values by name of the row.
    level : float
        Probability of the intervals of an estimate; a table has its own.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on, rows in the order given. A hollow mark is of an interval that holds the
        value of no effect.

    Raises
    ------
    ValueError
        When there is no row, the unit is none of these, or a ratio is not positive.
    KeyError
        When a column is missing.

    Notes
    -----
    Assumes that intervals are read one by one: of twenty rows without any effect one interval
    misses it by chance. Coefficients of a logistic regression are logarithms of odds ratios:
    ``numpy.exp`` of the estimate makes ratios of them.

    References
    ----------
    Lewis, S. and Clarke, M. (2001). Forest plots: trying to see the wood and the trees. BMJ 322,
    1479-1480. doi:10.1136/bmj.322.7300.1479

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"hours": [2.0, 4.0, 5.0, 9.0, 7.0], "sex": ["F", "F", "M", "M", "M"]}
    >>> fit = pv.direct.regression(pv.Survey(rows), "hours", "sex")
    >>> pv.plot.describe(pv.plot.forest(fit))
    'Intervals against 0 (coefficient): sex = M 4.0 (... to ...).'
    """
    say = language(lang)
    table = _table(results, leave_out, truth, level)
    unit = _unit(results, unit)
    is_ratio = unit in RATIOS
    none, scale = (1.0 if is_ratio else 0.0), (100.0 if unit == "percentage points" else 1.0)
    if is_ratio and (table[["value", "low", "high", "truth"]] <= 0).any(axis=None):
        raise ValueError(
            "ratios must be positive to be drawn on a logarithmic axis: found one at or below 0. "
            "Pass unit='difference', or numpy.exp of the coefficients."
        )
    rows = table.to_dict("records")
    ax = axes(ax, 7.2, height(len(rows), 7.2))
    for y, row in enumerate(rows):
        _row(ax, y, row, (none, scale), say)
    ends = table[["value", "low", "high", "truth"]].to_numpy(dtype=float) * scale
    _axis(ax, ends[np.isfinite(ends)], (unit, none), len(rows), say)
    _key(ax, table, none, say)
    said = say.joined(_said(row, scale, say) for row in rows)
    told = "Intervals against {none:g} ({unit}): {said}."
    ax.set_label(say(told, none=none, unit=say.known(unit), said=said))
    return finished(ax, synthetic, say)


def _unit(results: Estimate | pd.DataFrame, unit: str | None) -> str:
    if unit is not None:
        return one_of("unit", unit, (*DIFFERENCES, *RATIOS))
    own = results.unit if isinstance(results, Estimate) else "difference"
    return own if own in (*DIFFERENCES, *RATIOS) else "number"


def _table(
    results: Estimate | pd.DataFrame,
    leave_out: Collection[str],
    truth: Mapping[str, float] | None,
    level: float,
) -> pd.DataFrame:
    """Return name, value, limits, truth and whether it is suppressed, of every row to be drawn."""
    table = results.to_frame(level) if isinstance(results, Estimate) else results
    name = next((c for c in NAMES if c in table), "name")
    missing = [c for c in (name, "estimate", "conf_low", "conf_high") if c not in table]
    if missing:
        raise KeyError(
            f"results must be an estimate or a table of estimates: column {missing[0]!r} is missing. "
            "Pass what a regression or differences() returned."
        )
    out = pd.DataFrame({
        "name": table[name].map(str), "value": table["estimate"].astype(float),
        "low": table["conf_low"].astype(float), "high": table["conf_high"].astype(float),
        "hidden": is_suppressed(table) if "flag" in table else False,
    })  # fmt: skip
    for column in ("domain", "window"):
        if column in table:
            of = table[column].map(str)
            out["name"] = out["name"].where(of.isin(["all", ""]), out["name"] + ", " + of)
    out = out[~table[name].isin(list(leave_out))].reset_index(drop=True)
    if not len(out):
        raise ValueError("results must have a row to draw: found none. Leave out fewer.")
    stray = [known for known in truth or {} if known not in set(out["name"])]
    if stray:
        raise ValueError(
            f"truth must be of rows that are drawn: {stray[0]!r} is none of "
            f"{', '.join(out['name'])}. Correct its name."
        )
    return out.assign(truth=out["name"].map(dict(truth or {})).astype(float))


def _holds(row: Mapping[Any, Any], none: float) -> bool:
    """Tell whether an interval holds the value of no effect."""
    return bool(row["low"] <= none <= row["high"])


def _row(ax: Axes, y: int, row: dict[Any, Any], place: tuple[float, float], say: Words) -> None:
    none, scale = place
    told = say("suppressed") if row["hidden"] else _numbers(row, scale, say)
    words(ax, y, plain_name(row["name"]), told)
    if row["hidden"]:
        return
    if np.isfinite([row["low"], row["high"]]).all():
        ends = [row["low"] * scale, row["high"] * scale]
        ax.plot(ends, [y, y], color=BLUE, linewidth=2.6, solid_capstyle="butt", gid=f"interval-{y}")
        for end in ends:
            ax.plot([end, end], [y - 0.1, y + 0.1], color=BLUE, linewidth=2)
    ax.plot(
        [row["value"] * scale], [y], marker="s", markersize=7.5, color=BLUE, linewidth=0,
        markerfacecolor="white" if _holds(row, none) else BLUE, markeredgewidth=1.6, gid=f"value-{y}",
    )  # fmt: skip
    truth_mark(ax, y, row["truth"] * scale)


def _axis(ax: Axes, known: Any, what: tuple[str, float], rows: int, say: Words) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    unit, none = what
    low, high = min(float(np.min(known, initial=none)), none), float(np.max(known, initial=none))
    if unit in RATIOS:
        room = max((high / low) ** 0.06, 1.05)
        frame(ax, rows, (low / room, high * room), unit, say)
        ax.set_xscale("log")
        far = high / low > (8 if is_narrow(ax) else 30)
        ax.xaxis.set_major_locator(
            LogLocator(subs=(1.0, 3.0) if far else (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
        )
        ax.minorticks_off()
        ax.xaxis.set_major_formatter(FuncFormatter(say.ticks(".3g")))
    else:
        room = 0.06 * ((high - low) or 1.0)
        frame(ax, rows, (low - room, high + room), unit, say)
        ax.xaxis.set_major_locator(MaxNLocator(5 if is_narrow(ax) else 7))
    ruled(ax, rows)
    at, half = np.arange(rows), 0.2 if is_narrow(ax) else 0.28  # in pieces, below the words
    ax.vlines(
        np.full(rows, none), at - half, at + half, color=GREY, linewidth=1.4,
        linestyle=(0, (3, 2)), gid="none", zorder=0,
    )  # fmt: skip


def _numbers(row: Mapping[Any, Any], scale: float, say: Words) -> str:
    one, two, three = (float(row[name]) * scale for name in ("value", "low", "high"))
    value, low, high = say.shown(one, two, three, "number")
    if not np.isfinite([row["low"], row["high"]]).any():
        return say("{value}, no interval", value=value)
    return say("{value} ({low} to {high})", value=value, low=low, high=high)


def _said(row: Mapping[Any, Any], scale: float, say: Words) -> str:
    name = plain_name(str(row["name"]))
    if row["hidden"]:
        return say("{name} suppressed", name=name)
    said = f"{name} {_numbers(row, scale, say)}"
    if np.isfinite(row["truth"]):
        truth = say.shown(row["truth"] * scale, np.nan, np.nan, "number")[0]
        said = say("{said}, truth {truth}", said=said, truth=truth)
    return said


def _key(ax: Axes, table: pd.DataFrame, none: float, say: Words) -> None:
    from matplotlib.lines import Line2D

    drawn = [row for row in table.to_dict("records") if not row["hidden"]]
    held = [_holds(row, none) for row in drawn]
    style: dict[str, Any] = {"color": BLUE, "marker": "s", "linewidth": 2.6, "markeredgewidth": 1.6}
    marks = []
    if not all(held):
        marks.append(Line2D([], [], label=say("interval without {none:g}", none=none), **style))
    if any(held):
        style |= {"markerfacecolor": "white", "label": say("interval holds {none:g}", none=none)}
        marks.append(Line2D([], [], **style))
    label, dashes = say("no effect: {none:g}", none=none), (0, (3, 2))
    marks.append(Line2D([], [], color=GREY, linewidth=1.4, linestyle=dashes, label=label))
    if table["truth"].notna().any():
        marks.append(truth_key(say("truth")))
    below(ax, marks)
