"""Regions of a fitted scale-up model: what each answered alone, and where the model draws it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import explained
from ..nsum.posterior import Posterior
from ..presentation import plain_name
from ..words import Words, language
from .canvas import (
    BLUE,
    GREY,
    INK,
    axes,
    below,
    finished,
    frame,
    height,
    ruled,
    truth_key,
    truth_mark,
    words,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@explained
def regions(
    posterior: Posterior,
    hidden: str | None = None,
    *,
    ax: Axes | None = None,
    truth: Mapping[Any, float] | None = None,
    disclosure: str = "on",
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw each region's share of a hidden group: from its own answers alone, and partially pooled.

    Parameters
    ----------
    posterior : Posterior
        A fit with regions.
    hidden : str, optional
        A hidden group, by default the first.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    truth : mapping of region to float, optional
        True share of each region as respondents see it, before adjustments, where it is known.
    disclosure : str
        ``"on"``, or ``"off:"`` with the reason.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on: regions in order of their pooled share, with the national one as a line.
        What a small region answered is left out, to protect who was reported.

    Raises
    ------
    TypeError
        When it is not given a posterior.
    KeyError
        When a truth is given, but not for every region.
    ConvergenceError, ValueError
        When the chains have not converged, or the fit has no regions.

    Notes
    -----
    Shares are those that respondents see, before any adjustment. Raw limits are Poisson's and leave
    out the clustering of the sample, so that they are too narrow.

    References
    ----------
    Gelman, A. and Hill, J. (2007). Data Analysis Using Regression and Multilevel/Hierarchical
    Models. Cambridge University Press. doi:10.1017/CBO9780511790942

    Examples
    --------
    >>> import prevalence as pv
    >>> try:
    ...     pv.plot.regions("no fit")
    ... except TypeError as error:
    ...     print(error)
    posterior must be what pv.nsum.fit returns: found str. Fit with regions=...
    """
    say = language(lang)
    if not isinstance(posterior, Posterior):
        raise TypeError(
            f"posterior must be what pv.nsum.fit returns: found {type(posterior).__name__}. Fit with "
            "regions= and region_populations=."
        )
    table = posterior.shrinkage(hidden, disclosure=disclosure).sort_values(
        "estimate", ascending=False, kind="stable"
    )
    ax = axes(ax, 7.2, height(len(table), 7.2))
    rows: list[dict[str, Any]] = [
        {str(k): v for k, v in row.items()}
        for row in table.assign(truth=table["region"].map(_true(table, truth))).to_dict("records")
    ]
    for y, row in enumerate(rows):
        _row(ax, y, row, say)
    national = 100 * float(table["national"].iloc[0])
    at = np.arange(len(rows))
    ax.vlines(
        np.full(at.size, national), at - 0.13, at + 0.3, color=INK, linewidth=1.2, linestyle=(0, (3, 2)),
        gid="national", zorder=0,
    )  # fmt: skip
    true = [row["truth"] for row in rows]
    ends = 100 * np.array([*table["raw_high"], *table["conf_high"], *true])
    frame(ax, len(rows), (0.0, 1.06 * float(ends[np.isfinite(ends)].max())), "proportion", say)
    ruled(ax, len(rows))
    _legend(ax, bool(np.isfinite(true).any()), say)
    name = plain_name(hidden or posterior.hidden[0])
    told = (
        "Regional shares of {name}, from each region's answers alone and partially pooled: {said}; "
        "national {national:.2g} %."
    )
    said = say.joined(_said(row, say) for row in rows)
    ax.set_label(say(told, name=name, said=said, national=national))
    return finished(ax, synthetic, say)


def _row(ax: Axes, y: int, row: dict[str, Any], say: Words) -> None:
    told = "{numbers}; few reports" if row["flag"] else "{numbers}; {reports:,.0f} reports"
    words(ax, y, str(row["region"]), say(told, numbers=_numbers(row, say), reports=row["reports"]))
    low, high = 100 * row["conf_low"], 100 * row["conf_high"]
    ax.plot(
        [low, high], [y] * 2, color=BLUE, linewidth=2.6, solid_capstyle="butt", gid=f"pooled-{y}"
    )
    ax.plot([100 * row["estimate"]], [y], marker="o", markersize=7.5, color=BLUE, linewidth=0)
    truth_mark(ax, y, 100 * row["truth"])
    if not np.isfinite(row["raw"]):
        return
    at, ends = y + 0.15, [100 * row["raw_low"], 100 * row["raw_high"]]
    ax.plot(ends, [at] * 2, color=GREY, linewidth=1.3, gid=f"raw-interval-{y}")
    ax.plot(
        [100 * row["raw"]], [at], marker="s", markersize=6, color=GREY, markerfacecolor="white",
        linewidth=0, clip_on=False, gid=f"raw-{y}",
    )  # fmt: skip


def _numbers(row: dict[str, Any], say: Words) -> str:
    value, low, high = say.shown(row["estimate"], row["conf_low"], row["conf_high"], "proportion")
    return say("{value} ({low} to {high})", value=value, low=low, high=high)


def _said(row: dict[str, Any], say: Words) -> str:
    told = f"{row['region']} {_numbers(row, say)}"
    if np.isfinite(row["raw"]):
        told = say("{said}, alone {raw:.2g} %", said=told, raw=100 * row["raw"])
    if np.isfinite(row["truth"]):
        told = say("{said}, truth {share:.2g} %", said=told, share=100 * row["truth"])
    return told


def _true(table: pd.DataFrame, truth: Mapping[Any, float] | None) -> dict[Any, float]:
    """Return the true share of each region, nan where none is given."""
    regions = list(table["region"])
    if truth is None:
        return dict.fromkeys(regions, np.nan)
    missing = [region for region in regions if region not in truth]
    if missing:
        raise KeyError(
            f"truth must have every region: {missing[0]!r} is missing. Give its share, or nan."
        )
    return {region: float(truth[region]) for region in regions}


def _legend(ax: Axes, with_truth: bool, say: Words) -> None:
    from matplotlib.lines import Line2D

    hollow: dict[str, Any] = {"marker": "s", "markerfacecolor": "white"}
    dashes = (0, (4, 3))
    marks = [
        Line2D([], [], color=BLUE, marker="o", linewidth=2.6, label=say("pooled, interval")),
        Line2D([], [], color=GREY, label=say("own answers"), **hollow),
        Line2D([], [], color=INK, linewidth=1, linestyle=dashes, label=say("national")),
    ]
    if with_truth:
        marks.append(truth_key(say("truth")))
    below(ax, marks)
