"""Figures of answers about people known, and of what is made of them: degrees and adjustments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..errors import number
from ..words import Words, language
from .canvas import (
    BLUE,
    FONT,
    GREY,
    INK,
    LINE,
    ORANGE,
    axes,
    below,
    finished,
    is_narrow,
    plain,
    x_label,
)
from .reference import reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..answers import Answers
    from ..estimate import Estimate

__all__ = ["adjustments", "degrees"]

Array = NDArray[Any]
WASH = ("#f4f8fb", "#e3eef6", "#cfe2f0", "#b9d4e8", "#a2c6df", "#8bb7d6", "#74a8cc")


@explained
def degrees(
    answers: Answers,
    *,
    ax: Axes | None = None,
    population: float | None = None,
    largest: int = 30,
    minimum: int = 5,
    truth: float | None = None,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw the histogram of degrees, and beside it how often each number was answered.

    Parameters
    ----------
    answers : Answers
        Answers with their known groups, asked as counts.
    ax : matplotlib.axes.Axes, optional
        Where to draw; it is split in two, one below the other in a figure narrower than 5 inches.
        By default a new figure.
    population : float, optional
        Number of people that degrees refer to, by default that of the answers.
    largest : int
        Largest number whose frequency is drawn.
    minimum : int
        Numbers that were answered less often, but at least once, are not drawn.
    truth : float, optional
        The true mean, where data are synthetic: a line with a diamond.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the degrees; those of the answers are the next ones of the figure.

    Raises
    ------
    ValueError
        When there is no population, or a known group was not asked as a count.

    Notes
    -----
    Assumes degrees by the ratio of sums over the known groups that each respondent answered;
    bars are weighted shares. Peaks at 5, 10, 15 ... are rounded answers (heaping), which an average
    bears and a model of counts does not.

    References
    ----------
    Zheng, T., Salganik, M. J. and Gelman, A. (2006). How many people do you know in prison?: using
    overdispersion in count data to estimate social structure in networks. Journal of the American
    Statistical Association 101, 409-423. doi:10.1198/016214505000001168

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"police": [2, 1, 0, 5], "nurses": [1, 3, 1, 10]})
    >>> answers = pv.Answers(survey, known={"police": 1000, "nurses": 3000}, hidden=())
    >>> pv.plot.describe(pv.plot.degrees(answers, population=40_000, minimum=1))
    'Degrees of 4 respondents: mean 58, median 30, 0.0 % know nobody asked about. Of 8 answers, ...'
    """
    say = language(lang)
    d, w = _degrees(answers, population)
    counts = answers.counts([*answers.known]).ravel()
    counts = counts[np.isfinite(counts)]
    left, right = _split(axes(ax, 9.6, 4.2))
    mean, middle = float(w @ d / w.sum()), _weighted_median(d, w)
    nobody = float(w[d == 0].sum() / w.sum())
    known = reference(truth)
    _degree_bars(left, d, w, mean, say)
    if marks := known.draw(left, say):
        left.set_xlim(right=max(left.get_xlim()[1], 1.04 * known.ends()[0]))
        below(left, marks, 0.5)
    heaped = _number_stems(right, counts, largest, minimum, say)
    told = (
        "Degrees of {n:,} respondents: mean {mean:,.0f}, median {middle:,.0f}, {nobody:.1f} % know "
        "nobody asked about. Of {answers:,} answers, {heaped:,} are 5, 10, 15 and so on."
    )
    numbers = {"n": d.size, "mean": mean, "middle": middle, "nobody": 100 * nobody}
    told = say(told, **numbers, answers=counts.size, heaped=heaped)
    left.set_label(known.said(told, say))
    return finished(left, synthetic, say)


def _degrees(answers: Answers, population: float | None) -> tuple[Array, Array]:
    """Return degrees and weights of the respondents that answered about a known group."""
    people = answers.population if population is None else number("population", population)
    if people is None or not people > 0:
        raise ValueError(
            f"population must be a positive number for degrees: found {people}. Pass the number of "
            "people that degrees refer to."
        )
    y, sizes = answers.counts([*answers.known]), answers.sizes()
    asked = sizes @ ~np.isnan(y)
    use = (asked > 0) & (answers.survey.chain.weights > 0)
    return (
        people * np.nan_to_num(y).sum(axis=0)[use] / asked[use],
        np.asarray(answers.survey.chain.weights[use]),
    )


def _split(ax: Axes) -> tuple[Axes, Axes]:
    """Return two axes in the room of one."""
    figure = ax.get_figure(root=True)
    spec = ax.get_subplotspec()
    if figure is None:
        raise ValueError("ax must belong to a figure: it was removed from it. Pass another.")
    if spec is None:
        room = ax.get_position()
        ax.set_position((room.x0, room.y0, room.width * 0.46, room.height))
        beside = (room.x0 + room.width * 0.56, room.y0, room.width * 0.44, room.height)
        return ax, figure.add_axes(beside)
    narrow = figure.get_figwidth() < 5  # one below the other
    halves = spec.subgridspec(2, 1) if narrow else spec.subgridspec(1, 2, wspace=0.12)
    ax.set_subplotspec(halves[0])
    return ax, figure.add_subplot(halves[1])


def _weighted_median(d: Array, w: Array) -> float:
    order = np.argsort(d, kind="stable")
    total = np.cumsum(w[order])
    return float(d[order][np.searchsorted(total, total[-1] / 2)])


def _degree_bars(ax: Axes, d: Array, w: Array, mean: float, say: Words) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    top = max(float(np.quantile(d, 0.98)), 1.0)
    raw = top / 20
    step = max(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000) if s <= max(raw, 1))
    edges = np.arange(0, np.ceil(top / step) * step + step, step)
    last = edges[-1]
    share = 100 * np.histogram(np.minimum(d, last - step / 2), edges, weights=w)[0] / w.sum()
    bars = ax.bar(edges[:-1] + step / 2, share, width=0.92 * step, color=BLUE)
    if (d >= last).any():
        bars[-1].set(facecolor="white", edgecolor=BLUE, hatch="////")
        ax.annotate(
            say("{low:,.0f}\nor more", low=last - step), (last - step / 2, share[-1]), xytext=(0, 5),
            textcoords="offset points", ha="center", va="bottom", fontsize=FONT, color=GREY,
        )  # fmt: skip
    ax.axvline(mean, color=INK, linewidth=1.4, linestyle=(0, (5, 3)), gid="mean")
    ax.annotate(
        say("mean {mean:,.0f}", mean=mean), (mean, 1), xycoords=("data", "axes fraction"), xytext=(6, -4),
        textcoords="offset points", ha="left", va="top", fontsize=FONT, color=INK,
    )  # fmt: skip
    ax.set_xlim(0, last)
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.xaxis.set_major_formatter(FuncFormatter(say.ticks()))
    x_label(ax, say("people known (degree)"))
    ax.set_ylabel(say("per cent of respondents, weighted"), fontsize=FONT, color=GREY)
    plain(ax)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", color=LINE, linewidth=0.6)
    ax.set_axisbelow(True)


def _number_stems(ax: Axes, counts: Array, largest: int, minimum: int, say: Words) -> int:
    """Draw how often each number from 1 was answered; return how many answers are multiples of 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator

    numbers = np.arange(1, largest + 1)
    often = np.array([(counts == k).sum() for k in numbers])
    drawn = often >= max(minimum, 1)
    floor = 0.7 * max(minimum, 1)
    for rounded, colour, mark in ((False, BLUE, "o"), (True, ORANGE, "s")):
        some = drawn & ((numbers % 5 == 0) == rounded)
        ax.vlines(numbers[some], floor, often[some], color=colour, linewidth=2.2)
        ax.plot(
            numbers[some], often[some], marker=mark, markersize=5.5, color=colour, linewidth=0,
            gid="rounded" if rounded else "numbers",
        )  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(floor, 1.6 * max(int(often.max(initial=1)), 10))
    ax.set_xlim(0, largest + 1)
    ax.set_xticks(np.arange(5, largest + 1, 5))
    ax.yaxis.set_major_locator(LogLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(say.ticks()))
    ax.minorticks_off()
    x_label(ax, say("number answered for a known group"))
    ax.set_ylabel(say("answers (logarithmic)"), fontsize=FONT, color=GREY)
    plain(ax)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", color=LINE, linewidth=0.6)
    ax.set_axisbelow(True)
    _stem_legend(ax, minimum, say)
    return int(((counts > 0) & (counts % 5 == 0)).sum())


def _stem_legend(ax: Axes, minimum: int, say: Words) -> None:
    from matplotlib.lines import Line2D

    narrow = "others (from {minimum} times)"
    few = "others, if given {minimum} times or more" if not is_narrow(ax) else narrow
    others = say(few, minimum=minimum) if minimum > 1 else say("others")
    style: dict[str, Any] = {"markersize": 5.5, "linewidth": 2.2}
    marks = [
        Line2D([], [], color=ORANGE, marker="s", label=say("5, 10, 15 ..."), **style),
        Line2D([], [], color=BLUE, marker="o", label=others, **style),
    ]
    below(ax, marks, 0.5)


@explained
def adjustments(
    estimate: Estimate,
    *,
    ax: Axes | None = None,
    transmission: tuple[float, float] = (0.2, 1.0),
    degree_ratio: tuple[float, float] = (0.4, 1.4),
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw the size of a hidden group for every transmission rate and degree ratio, as contours.

    Parameters
    ----------
    estimate : Estimate
        One row of what `prevalence.nsum.scale_up`, `recall_adjusted` or `Posterior.size` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    transmission, degree_ratio : tuple of float
        Ranges of the two adjustments.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on: the size by contour, the adjustments in use as a point, and their 95 %
        intervals where they are uncertain.

    Raises
    ------
    ValueError
        When the estimate has several rows, no record of its adjustments or no value, or a range
        is not increasing and positive.

    Notes
    -----
    Sizes are proportional to ``1 / (transmission x degree ratio)``. The other adjustments stay at
    their values, and sampling error is not in the contours.

    References
    ----------
    Feehan, D. M. and Salganik, M. J. (2016). Generalizing the network scale-up method.
    Sociological Methodology 46, 153-186. doi:10.1177/0081175016665425

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"hidden": [1, 0, 1, 1], "police": [2, 1, 1, 3]}
    >>> e = pv.nsum.scale_up(pv.Survey(data), "hidden", known={"police": 1000}, transmission=0.8)
    >>> pv.plot.describe(pv.plot.adjustments(e))
    'Size of hidden by transmission rate and degree ratio: 536 at 0.8 and 1; ...'
    """
    say = language(lang)
    value, own = _adjusted(estimate)
    limits = estimate.provenance.get("adjustment limits", {})
    tau, delta = own["transmission"], own["degree_ratio"]
    for name, given in (("transmission", transmission), ("degree_ratio", degree_ratio)):
        if not 0 < given[0] < given[1]:
            raise ValueError(
                f"{name} must be an increasing range above 0: found {given[0]:g} to {given[1]:g}. "
                "Write for example (0.2, 1)."
            )
    ax = axes(ax, 6.6, 5.2)
    x, y = _range(transmission, tau, 1.0), _range(degree_ratio, delta, np.inf)
    size = value * tau * delta / (x[None, :] * y[:, None])
    _contours(ax, x, y, size, say)
    for name, other, across in (("transmission", delta, True), ("degree_ratio", tau, False)):
        if name in limits:
            low, high = limits[name]
            ends = ([low, high], [other, other]) if across else ([other, other], [low, high])
            ax.plot(*ends, color=INK, linewidth=2.2, solid_capstyle="butt", gid=f"interval-{name}")
    ax.plot(
        [tau], [delta], marker="o", markersize=9, color=INK, markerfacecolor=ORANGE,
        markeredgewidth=1.6, zorder=6, gid="point",
    )  # fmt: skip
    _adjustment_axes(ax, (x, y), _size(value, say), bool(limits), say)
    told = (
        "Size of {name} by transmission rate and degree ratio: {size} at {tau:.3g} and {delta:.3g}; "
        "from {least} at {x1:.3g} and {y1:.3g} to {most} at {x0:.3g} and {y0:.3g}."
    )
    corners = {"x0": x[0], "y0": y[0], "x1": x[-1], "y1": y[-1], "tau": tau, "delta": delta}
    least, most = _size(size[-1, -1], say), _size(size[0, 0], say)
    name, own_size = str(estimate.outcomes[0]), _size(value, say)
    ax.set_label(say(told, name=name, size=own_size, least=least, most=most, **corners))
    return finished(ax, synthetic, say)


def _size(value: float, say: Words) -> str:
    return say.shown(value, np.nan, np.nan, "count")[0]


def _adjusted(estimate: Estimate) -> tuple[float, dict[str, float]]:
    if len(estimate) != 1:
        raise ValueError(
            f"estimate must have one row: found {len(estimate)}. Choose one, as in e['Kingston']."
        )
    own = dict(estimate.provenance.get("adjustments", {}))
    if not {"transmission", "degree_ratio"} <= set(own):
        raise ValueError(
            "estimate must tell its adjustments: found none. Pass what pv.nsum.scale_up returns."
        )
    if estimate.unit != "count":
        raise ValueError(
            f"estimate must be a number of people: found a {estimate.unit}. Pass what "
            "pv.nsum.scale_up returned, before any arithmetic."
        )
    value = float(estimate.value[0])
    if not value > 0:
        raise ValueError(
            f"estimate must be positive to be drawn by its adjustments: found {value:g}. Nobody "
            "reported the group, or there is no estimate."
        )
    return value, own


def _range(given: tuple[float, float], own: float, top: float) -> Array:
    """Return the values along an axis, wide enough for the one in use."""
    return np.linspace(min(given[0], 0.9 * own), max(given[1], min(1.1 * own, top)), 121)


def _contours(ax: Axes, x: Array, y: Array, size: Array, say: Words) -> None:
    levels = _levels(float(size.min()), float(size.max()))
    edges = [size.min() * 0.999, *levels, size.max() * 1.001]
    picks = np.linspace(0, len(WASH) - 1, len(edges) - 1).round().astype(int)
    ax.contourf(x, y, size, levels=edges, colors=[WASH[k] for k in picks])
    lines = ax.contour(x, y, size, levels=levels, colors=[BLUE], linewidths=1.1)
    ax.clabel(
        lines, fmt=lambda n: say.ticks()(n, None), fontsize=FONT, colors=[INK], inline_spacing=6
    )


def _levels(low: float, high: float) -> list[float]:
    """Return round sizes between two, about ten at most."""
    tens = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1,)):
        levels = [s * 10.0**e for e in tens for s in steps if low < s * 10.0**e < high]
        if len(levels) <= 10:
            break
    return levels or [float(np.sqrt(low * high))]


def _adjustment_axes(
    ax: Axes, values: tuple[Array, Array], size: str, uncertain: bool, say: Words
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter

    (x, y), narrow = values, is_narrow(ax)
    ax.set_xlim(x[0], x[-1])
    ax.set_ylim(y[0], y[-1])
    long, short = (
        "transmission: share of ties to hidden people reported",
        "transmission (share reported)",
    )
    x_label(ax, say(short if narrow else long))
    long, short = "degree ratio: ties of hidden people / of others", "degree ratio"
    ax.set_ylabel(say(short if narrow else long), fontsize=FONT, color=GREY)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(say.ticks(".3g")))
    plain(ax)
    ax.tick_params(axis="y", length=3, width=0.7)
    point: dict[str, Any] = {"marker": "o", "markersize": 9, "markerfacecolor": ORANGE}
    used = say("in use: {size}", size=size)
    marks = [
        Line2D([], [], color=BLUE, linewidth=1.1, label=say("size of the group")),
        Line2D([], [], color=INK, linewidth=0, markeredgewidth=1.6, label=used, **point),
    ]
    if uncertain:
        label = "95 % interval" if narrow else "95 % interval of an adjustment"
        marks.append(Line2D([], [], color=INK, linewidth=2.2, label=say(label)))
    below(ax, marks, 0.5)
