"""What other models, and other odds ratios, make of the same lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..presentation import cut, plain_name
from ..words import Words, language
from .canvas import (
    BLUE,
    FONT,
    GREY,
    INK,
    LINE,
    ORANGE,
    PALE,
    axes,
    below,
    finished,
    is_narrow,
    plain,
    x_label,
)
from .reference import Published, reference

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..mse import Reliability, Sensitivity

__all__ = ["models", "sensitivity"]

Array = NDArray[Any]
CLOSE = 6.0
NAMED = 3  # pairs of lists whose line has a name


class HasModels(Protocol):
    """A table of models: estimate, and bic or difference from the best."""

    def to_frame(self) -> pd.DataFrame: ...


@explained
def models(
    table: HasModels | Reliability | pd.DataFrame,
    *,
    ax: Axes | None = None,
    within: float = 10.0,
    close: float = CLOSE,
    nearest: int = 1,
    truth: float | None = None,
    published: Published = None,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw the population size by every model, against how much worse than the best it fits.

    Parameters
    ----------
    table : table of models, Reliability or DataFrame
        What `prevalence.mse.models` or `prevalence.mse.reliability` returns, or a frame with the
        columns estimate and bic (or difference).
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    within : float
        Largest difference of BIC that is drawn.
    close : float
        Difference up to which models count as fitting about as well, shaded.
    nearest : int
        Sizes are drawn to the nearest so many persons, as in a page whose numbers are protected.
    truth : float, optional
        The true size, where data are synthetic: a line with a diamond.
    published : float or tuple of float, optional
        A size that was published, or its lower and upper limit: a dotted line, or a band.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on, the best model at the top.

    Raises
    ------
    ValueError
        When no model has an estimate.
    KeyError
        When a column is missing.

    Notes
    -----
    Assumes that a reader takes the spread as what the data leave open between these models. Models
    that all miss a dependence are all wrong, however narrow their range.

    References
    ----------
    Whitehead, J., Jackson, J., Balch, A. and Francis, B. (2021). On the unreliability of multiple
    systems estimation for estimating the number of potential victims of modern slavery in the UK.
    Journal of Human Trafficking 7, 1-13. doi:10.1080/23322705.2019.1660952

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4], ["A", "B", "C"])
    >>> pv.plot.describe(pv.plot.models(pv.mse.reliability(lists)))
    'Population size by model: 4 models are within 6 BIC units of the best and give 462 to ...'
    """
    say = language(lang)
    frame = _models(table)
    if nearest > 1:
        frame["estimate"] = np.round(frame["estimate"] / nearest) * nearest
    shown = frame[frame["difference"] <= max(within, close)]
    near = shown[shown["difference"] <= close]
    low, high = float(near["estimate"].min()), float(near["estimate"].max())
    ax = axes(ax, 7.2, 3.6)
    ax.axhspan(-0.6, close, color=PALE, linewidth=0, zorder=0)
    edge = shown["boundary"].to_numpy(dtype=float) > 0
    for rows, marker, face, gid in ((~edge, "o", BLUE, "inner"), (edge, "s", "white", "boundary")):
        part = shown[rows]
        ax.plot(
            part["estimate"], part["difference"], linewidth=0, marker=marker, markersize=6, color=BLUE,
            markerfacecolor=face, alpha=0.75, gid=gid, zorder=3,
        )  # fmt: skip
    best = shown.iloc[0]
    ax.plot(
        [best["estimate"]], [best["difference"]], marker="D", markersize=8.5, color=ORANGE,
        linewidth=0, gid="best", zorder=4,
    )  # fmt: skip
    ax.plot([low, high], [close, close], color=INK, linewidth=2.2, gid="range", zorder=2)
    for end in (low, high):
        ax.plot([end, end], [close - 0.25, close + 0.25], color=INK, linewidth=2, zorder=2)
    numbers = {"close": close, "low": low, "high": high}
    said = say("within {close:g}: {low:,.0f} to {high:,.0f}", **numbers)
    ax.annotate(
        said, ((low + high) / 2, close), xytext=(0, -4), textcoords="offset points", ha="center", va="top",
        fontsize=FONT, color=INK,
    )  # fmt: skip
    known = reference(truth, published)
    _size_axis(ax, np.append(shown["estimate"].to_numpy(dtype=float), known.ends()), say)
    ax.set_ylim(max(close, float(shown["difference"].max())) + 1.1, -0.9)
    ax.set_ylabel(say("BIC above that of the best model"), fontsize=FONT, color=GREY)
    plain(ax)
    _model_marks(ax, bool(edge.any()), bool((~edge[1:]).any()), known.draw(ax, say), say)
    numbers |= {"near": len(near), "n": len(frame), "value": best["estimate"]}
    some = "{near:,} of {n:,}" if len(frame) > len(near) else "{near:,}"
    told = (
        "Population size by model: {some} models are within {close:g} BIC units of the best and give "
        "{low:,.0f} to {high:,.0f}; the best, {name}, gives {value:,.0f}."
    )
    name = say.known(plain_name(str(best["model"])))
    ax.set_label(known.said(say(told, some=say(some, **numbers), name=name, **numbers), say))
    return finished(ax, synthetic, say)


def _models(table: Any) -> pd.DataFrame:
    """Return model, estimate, difference and boundary of the models with an estimate, best first."""
    import pandas as pd

    given = getattr(table, "models", table)
    frame = given if isinstance(given, pd.DataFrame) else given.to_frame()
    if "estimate" not in frame or not {"difference", "bic"} & set(frame.columns):
        raise KeyError(
            "table must have the columns estimate and bic (or difference): found "
            f"{', '.join(map(str, frame.columns))}. Pass pv.mse.models(lists)."
        )
    difference = frame["difference"] if "difference" in frame else frame["bic"]
    name = next((frame[c] for c in ("model", "pairs") if c in frame), frame.index.map(str))
    out = pd.DataFrame({
        "model": np.asarray(name, dtype=object), "estimate": frame["estimate"].to_numpy(dtype=float),
        "difference": difference.to_numpy(dtype=float),
        "boundary": frame["boundary"].to_numpy() if "boundary" in frame else 0,
    })  # fmt: skip
    out = out[np.isfinite(out["estimate"]) & np.isfinite(out["difference"])]
    if not len(out):
        raise ValueError(
            f"table must have a model with an estimate: none of {len(frame):,} has one. Merge lists "
            "that share few persons."
        )
    out = out.assign(difference=out["difference"] - out["difference"].min())
    ranked: pd.DataFrame = out.sort_values("difference", kind="stable").reset_index(drop=True)
    return ranked


def _size_axis(ax: Axes, sizes: Array, say: Words) -> None:
    """Set an axis of population sizes that holds all of these, logarithmic where they lie far apart."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    low, high = float(sizes.min()), float(sizes.max())
    if high > 6 * low > 0:
        ax.set_xscale("log")
        ax.set_xlim(low / 1.15, high * 1.15)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.minorticks_off()
    else:
        margin = 0.06 * (high - low) or 0.05 * high or 1.0
        ax.set_xlim(low - margin, high + margin)
        ax.xaxis.set_major_locator(MaxNLocator(4 if is_narrow(ax) else 7))
    ax.xaxis.set_major_formatter(FuncFormatter(say.ticks(",.0f")))
    x_label(ax, say("population size"))


def _model_marks(ax: Axes, boundary: bool, inner: bool, more: list[Any], say: Words) -> None:
    from matplotlib.lines import Line2D

    def mark(marker: str, colour: str, face: str, label: str) -> Line2D:
        return Line2D(
            [], [], linewidth=0, marker=marker, color=colour, markerfacecolor=face, label=label
        )

    marks = [mark("D", ORANGE, ORANGE, say("best model"))]
    if inner:
        marks.append(mark("o", BLUE, BLUE, say("another model")))
    if boundary:
        marks.append(mark("s", BLUE, "white", say("with a pair that shares nobody")))
    below(ax, [*marks, *more])


@explained
def sensitivity(
    table: Sensitivity | Reliability,
    *,
    ax: Axes | None = None,
    truth: float | None = None,
    published: Published = None,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw the population size by an odds ratio that the data cannot tell.

    Parameters
    ----------
    table : Sensitivity or Reliability
        What `prevalence.mse.sensitivity` returns: one odds ratio with intervals. Of a `Reliability`
        one line for the dark figure and one for each pair of lists that the model takes as
        independent, the three that matter most under their names.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    truth : float, optional
        The true size, where data are synthetic: a line with a diamond.
    published : float or tuple of float, optional
        A size that was published, or its lower and upper limit: a dotted line, or a band.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on; both axes are logarithmic.

    Raises
    ------
    ValueError
        When no odds ratio has an estimate.

    Notes
    -----
    Assumes that each line moves one odds ratio alone. That of the estimate is 1: no data tell it.

    References
    ----------
    Bishop, Y. M. M., Fienberg, S. E. and Holland, P. W. (1975). Discrete Multivariate Analysis:
    Theory and Practice. MIT Press. doi:10.1007/978-0-387-72806-3

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> pv.plot.describe(pv.plot.sensitivity(pv.mse.sensitivity(lists, odds_ratio=(1, 2, 4))))
    'Population size by the odds ratio of A and B: 200 at 1; 320 at 2; 560 at 4. 80 persons ...'
    """
    say = language(lang)
    lines, seen, band = _odds_lines(table, say)
    sizes = np.concatenate([line[2] for line in lines])
    if not np.isfinite(sizes).any():
        raise ValueError(
            "table must have an odds ratio with an estimate: none has one. Choose other odds ratios."
        )
    ax = axes(ax, 7.2, 3.8)
    ends = sizes
    if band is not None:
        ax.fill_between(*band, color=BLUE, alpha=0.16, linewidth=0, gid="interval", zorder=1)
        ends = np.concatenate([sizes, band[1], band[2]])
    ax.axvline(1, color=GREY, linewidth=1, zorder=1)
    ax.axhline(seen, color=INK, linewidth=1, linestyle=(0, (4, 3)), gid="seen", zorder=2)
    for k, (name, ratio, total) in enumerate(lines):
        named = k < NAMED + 1
        ax.plot(
            ratio, total, color=(BLUE if not k else ORANGE) if named else LINE, gid=f"line-{k}",
            linewidth=2.4 if not k else 1.8 if named else 1.2, marker="os^D"[k] if named else None,
            markersize=5.5, zorder=4 if named else 2, label=cut(name, 44) if named else None,
        )  # fmt: skip
    known = reference(truth, published)
    ends = np.append(ends[np.isfinite(ends)], known.ends())
    _odds_axes(ax, lines[0][1], (float(min(ends.min(), seen)), float(ends.max())), say)
    ax.annotate(
        say("{seen:,.0f} persons seen", seen=seen), (1, seen), xycoords=ax.get_yaxis_transform(), xytext=(0, 3),
        textcoords="offset points", ha="right", va="bottom", fontsize=FONT, color=INK,
    )  # fmt: skip
    _odds_marks(ax, len(lines), band is not None, known.draw(ax, say, upright=False), say)
    ax.set_label(known.said(_odds_said(lines, seen, say), say))
    return finished(ax, synthetic, say)


Line = tuple[str, Array, Array]


def _odds_lines(
    table: Any, say: Words
) -> tuple[list[Line], float, tuple[Array, Array, Array] | None]:
    """Return name, odds ratios and sizes of each line, persons seen, and the band of an interval."""
    if hasattr(table, "term"):
        known = np.isfinite(table.low) & np.isfinite(table.high)
        band = table.odds_ratio[known], table.low[known], table.high[known]
        line = say.known(plain_name(table.term)), table.odds_ratio, table.total
        return [line], float(table.seen), band
    estimate, seen = float(table.estimate), float(table.estimate.facts["n"][0])
    dark = _with_one(table.dark["factor"], table.dark["estimate"], estimate)
    found: list[Line] = []
    for (one, two), part in table.pairs.groupby(["first", "second"], sort=False):
        ratio, total = _with_one(part["odds_ratio"], part["estimate"], estimate)
        name = say.known(f"the odds ratio of {plain_name(one)} and {plain_name(two)}")
        found.append((name, ratio, total))
    found.sort(key=lambda line: -float(np.nanmax(np.abs(np.log(line[2] / estimate)))))
    first = (say("people on no list, times this many"), *dark)
    return [first, *found], seen, None


def _with_one(ratio: Any, total: Any, estimate: float) -> tuple[Array, Array]:
    """Return odds ratios in order with that of the estimate, which is 1, among them."""
    at = np.append(np.asarray(ratio, dtype=float), 1.0)
    size = np.append(np.asarray(total, dtype=float), estimate)
    at, first = np.unique(at, return_index=True)
    return at, size[first]


def _odds_axes(ax: Axes, ratio: Array, limits: tuple[float, float], say: Words) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator

    low, high = limits
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_ylim(low / 1.12, high * 1.12)
    ticks = [
        t for t in (0.1, 0.25, 0.5, 1, 2, 4, 10) if ratio.min() <= t * 1.001 <= ratio.max() * 1.01
    ]
    ax.xaxis.set_major_locator(FixedLocator(ticks or [1.0]))
    ax.xaxis.set_major_formatter(FuncFormatter(say.ticks("g")))
    wide = high > 12 * low
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if wide else (1, 2, 3, 5, 7)))
    ax.yaxis.set_major_formatter(FuncFormatter(say.ticks(",.0f")))
    ax.minorticks_off()
    told = say("odds ratio; the estimate takes it as 1")
    x_label(ax, told)
    ax.set_ylabel(say("population size"), fontsize=FONT, color=GREY)
    ax.grid(axis="y", color=LINE, linewidth=0.6)
    ax.set_axisbelow(True)
    plain(ax)


def _odds_marks(ax: Axes, lines: int, band: bool, more: list[Any], say: Words) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks: list[Any] = [
        line for line in ax.get_lines() if not str(line.get_label()).startswith("_")
    ]
    if band:
        label = say("95 % interval, odds ratio known")
        marks.append(Patch(facecolor=BLUE, alpha=0.16, label=label))
    if lines > NAMED + 1:
        label = say("{n} other pairs of lists", n=lines - NAMED - 1)
        marks.append(Line2D([], [], color=LINE, linewidth=1.2, label=label))
    below(ax, [*marks, *more], columns=1)


def _odds_said(lines: Sequence[Line], seen: float, say: Words) -> str:
    parts = []
    for name, ratio, total in lines[: NAMED + 1]:
        values = (
            say("{size:,.0f} at {ratio:g}" if np.isfinite(size) else "none at {ratio:g}",
                size=size, ratio=at)
            for at, size in zip(np.round(ratio, 3), total, strict=True)
        )  # fmt: skip
        parts.append(say("by {name}: {values}", name=name, values=say.joined(values)))
    told = "Population size {said}. {seen:,.0f} persons were seen."
    return say(told, said=", ".join(parts), seen=seen)
