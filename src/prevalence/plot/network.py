"""Figures of the known groups of network scale-up: how well they come back, and recall."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..nsum import Validation

__all__ = ["known_groups", "recall"]

Array = NDArray[Any]


@explained
def known_groups(
    validation: Validation,
    *,
    ax: Axes | None = None,
    level: float = 0.95,
    limits: tuple[float, float] = (0.5, 2.0),
    disclosure: str = "on",
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw the ladder of known groups: each one's leave-one-out estimate over its known size.

    Parameters
    ----------
    validation : Validation
        What `prevalence.nsum.validate` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    level : float
        Probability of the intervals.
    limits : tuple of float
        Ratios between which groups are taken to come back well, shaded.
    disclosure : str
        ``"on"`` leaves out groups with one to four reports; ``"off:"`` with the reason draws them.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on, with a logarithmic axis of ratios; groups in order of their size.

    Raises
    ------
    ValueError
        When the limits do not enclose 1.

    Notes
    -----
    Assumes that intervals are read one by one: some of many miss 1 by chance. A group that nobody
    knows has a ratio of 0, and an arrow in its place.

    References
    ----------
    Killworth, P. D., McCarty, C., Bernard, H. R., Shelley, G. A. and Johnsen, E. C. (1998).
    Estimation of seroprevalence, rape, and homelessness in the United States using a social
    network approach. Evaluation Review 22, 289-308. doi:10.1177/0193841X9802200205

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"police": [2, 1, 1, 3], "nurses": [3, 2, 2, 5], "priests": [1, 1, 0, 2]}
    >>> known = {"police": 1000, "nurses": 1500, "priests": 250}
    >>> ax = pv.plot.known_groups(pv.nsum.validate(pv.Survey(data), known=known))
    >>> pv.plot.describe(ax)
    'Leave-one-out estimate over known size, from the largest group to the smallest: nurses ...'
    """
    (low, high), say = limits, language(lang)
    if not 0 < low < 1 < high:
        raise ValueError(
            f"limits must enclose a ratio of 1: found {low:g} and {high:g}. Write (0.5, 2)."
        )
    table = validation.to_frame(level, disclosure=disclosure).sort_values(
        "size", ascending=False, kind="stable"
    )
    ax = axes(ax, 7.2, ratios_height(len(table), 7.2))
    left, right = _ratio_limits(table, low, high)
    ax.axvspan(low, high, color=PALE, zorder=0, linewidth=0)
    if is_narrow(ax):  # in pieces, beside the names
        at = np.arange(len(table))
        ax.vlines(np.ones(at.size), at - 0.2, at + 0.2, color=GREY, linewidth=1, zorder=1)
    else:
        ax.axvline(1, color=GREY, linewidth=1, zorder=1)
    for y, row in enumerate(table.to_dict("records")):
        _ratio_row(ax, y, {str(k): v for k, v in row.items()}, left, say)
    _ratio_axis(ax, table, (left, right), say)
    _ratio_legend(ax, validation, limits, say)
    said = say.joined(_ratio_said(row, say) for row in table.to_dict("records"))
    told = "Leave-one-out estimate over known size, from the largest group to the smallest: {said}."
    ax.set_label(say(told, said=said))
    return finished(ax, synthetic, say)


def ratios_height(rows: int, width: float) -> float:
    """Return a height in inches for so many known groups, in a figure so wide."""
    return 1.3 + rows * (0.3 if width > 5 else 0.46)


def _ratio_said(row: Mapping[Hashable, Any], say: Words) -> str:
    name = plain_name(str(row["group"]))
    if row["flag"]:
        said = say("{name} suppressed", name=name)
    elif not np.isfinite(row["ratio"]):
        said = say("{name} without an estimate", name=name)
    elif np.isfinite([row["ratio_low"], row["ratio_high"]]).all():
        ends = {"low": row["ratio_low"], "high": row["ratio_high"]}
        said = say(
            "{name} {ratio:.2f} ({low:.2f} to {high:.2f})", name=name, ratio=row["ratio"], **ends
        )
    else:
        said = say("{name} {ratio:.2f}", name=name, ratio=row["ratio"])
    return said if row["kept"] else say("{said}, trimmed", said=said)


def _ratio_limits(table: pd.DataFrame, low: float, high: float) -> tuple[float, float]:
    ends = table[["ratio", "ratio_low", "ratio_high"]].to_numpy(dtype=float)
    ends = ends[np.isfinite(ends) & (ends > 0)]
    least, most = float(np.min(ends, initial=low)), float(np.max(ends, initial=high))
    return least / 1.12, most * 1.12


def _ratio_row(ax: Axes, y: int, row: dict[str, Any], left: float, say: Words) -> None:
    colour, face = (BLUE, BLUE) if row["kept"] else (ORANGE, "white")
    if not np.isfinite(row["ratio"]):
        words = "suppressed: too few reports" if row["flag"] else "no estimate"
        ax.text(
            0.01, y, say(words), transform=ax.get_yaxis_transform(), fontsize=FONT, color=GREY,
            va="center", style="italic", backgroundcolor="white",
        )  # fmt: skip
        return
    if not row["ratio"] > 0:
        ax.plot([left], [y], marker="<", markersize=8, color=colour, clip_on=False, gid=f"none-{y}")
        return
    if np.isfinite([row["ratio_low"], row["ratio_high"]]).all():
        ax.plot(
            [row["ratio_low"], row["ratio_high"]], [y, y], color=colour, linewidth=2.4,
            solid_capstyle="butt", gid=f"interval-{y}",
        )  # fmt: skip
    ax.plot(
        [row["ratio"]], [y], marker="o" if row["kept"] else "s", markersize=6.5, color=colour,
        markerfacecolor=face, markeredgewidth=1.6, linewidth=0, gid=f"ratio-{y}",
    )  # fmt: skip


def _ratio_axis(ax: Axes, table: pd.DataFrame, limits: tuple[float, float], say: Words) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter

    ax.set_xscale("log")
    ax.set_xlim(limits)
    ax.set_ylim(len(table) - 0.4, -0.6)
    _name_rows(ax, [plain_name(name) for name in table["group"]], table["size"].tolist(), say)
    ticks = [t for t in _ratio_ticks(*limits) if limits[0] <= t <= limits[1]]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_major_formatter(FuncFormatter(say.ticks(".4g")))
    ax.minorticks_off()
    label = say("estimate from the other groups / known size")
    x_label(ax, label)
    plain(ax)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.grid(axis="y", color=LINE, linewidth=0.6, zorder=0)
    ax.set_axisbelow(True)


def _name_rows(ax: Axes, names: Sequence[str], sizes: Sequence[float], say: Words) -> None:
    """Write names and known sizes beside the rows, or above them where the axes are narrow."""
    narrow = is_narrow(ax)
    shown = [""] * len(names) if narrow else [cut(name, 32) for name in names]
    ax.set_yticks(range(len(names)), shown, parse_math=False)
    across: dict[str, Any] = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
    style: dict[str, Any] = {"fontsize": FONT, "annotation_clip": False, "parse_math": False}
    for y, (name, size) in enumerate(zip(names, sizes, strict=True)):
        if narrow:
            said = cut(f"{cut(name, 30)}, {say.number(f'{size:,.0f}')}", 46)
            ax.annotate(said, (0, y), xytext=(0, 6), va="bottom", color=INK, **across, **style)
            continue
        told = say.number(f"{size:,.0f}")
        ax.annotate(told, (1, y), xytext=(8, 0), va="center", color=GREY, **across, **style)
    if narrow:
        ax.set_ylim(len(names) - 0.5, -0.9)
    else:
        last = len(names) - 0.4
        ax.annotate(
            say("known size"), (1, last), xytext=(8, -4), va="top", color=GREY, **across, **style
        )


def _ratio_ticks(left: float, right: float) -> list[float]:
    fine = right / left < 60
    steps = (1, 2, 3, 5, 7) if right / left < 6 else ((1, 2, 5) if fine else (1,))
    return [s * 10.0**e for e in range(-6, 7) for s in steps]


def _ratio_legend(
    ax: Axes, validation: Validation, limits: tuple[float, float], say: Words
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    style: dict[str, Any] = {"markersize": 6.5, "linewidth": 2.4}
    marks: list[Any] = [
        Line2D([], [], color=BLUE, marker="o", label=say("ratio, interval"), **style)
    ]
    if validation.removed:
        style |= {"marker": "s", "markerfacecolor": "white", "label": say("trimmed")}
        marks.append(Line2D([], [], color=ORANGE, **style))
    label = say("{low:g} to {high:g}", low=limits[0], high=limits[1])
    marks.append(Patch(facecolor=PALE, edgecolor=LINE, label=label))
    below(ax, marks, 0.5)


@explained
def recall(
    validation: Validation,
    *,
    ax: Axes | None = None,
    form: str = "line",
    level: float = 0.95,
    disclosure: str = "on",
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw the recall curve: leave-one-out estimates of known groups by their known sizes.

    Parameters
    ----------
    validation : Validation
        What `prevalence.nsum.validate` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    form : {"line", "curve"}
        What to fit, as in `Validation.recall`.
    level : float
        Probability of the band within which a new group is expected.
    disclosure : str
        ``"on"`` leaves out the marks of groups with one to four reports, which the line is fitted
        to all the same; ``"off:"`` with the reason draws them.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on, both logarithmic.

    Raises
    ------
    ValueError
        When fewer than three groups can be used.

    Notes
    -----
    Assumes that the known groups are alike but for their size. Trimmed groups are not drawn.

    References
    ----------
    Maltiel, R., Raftery, A. E., McCormick, T. H. and Baraff, A. J. (2015). Estimating population
    size using the network scale up method. Annals of Applied Statistics 9, 1247-1277.
    doi:10.1214/15-AOAS827

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"priests": [1, 1, 0, 2], "police": [2, 1, 1, 4], "drivers": [12, 11, 7, 20]}
    >>> known = {"priests": 400, "police": 1000, "drivers": 10_000}
    >>> ax = pv.plot.recall(pv.nsum.validate(pv.Survey(data), known=known))
    >>> pv.plot.describe(ax)
    'Estimates of 3 known groups by their known sizes: ten times the size is estimated as 4.2 ...'
    """
    say = language(lang)
    fit = validation.recall(form)
    sizes, estimates = np.exp(fit.log_size), np.exp(fit.log_estimate)
    ax = axes(ax, 6.4, 5.2)
    edge = 1.35
    span = np.geomspace(sizes.min() / edge, sizes.max() * edge, 120)
    band, line = fit.band(span, level), fit.left_of(span)
    ax.fill_between(span, band[:, 0], band[:, 1], color=BLUE, alpha=0.13, linewidth=0, gid="band")
    ax.plot(span, span, color=GREY, linewidth=1.1, linestyle=(0, (5, 3)), gid="identity")
    ax.plot(span, line, color=BLUE, linewidth=2.2, gid="recall")
    names, drawn = _drawn(validation, fit.groups, disclosure)
    errors = _estimate_limits(validation, names, level)
    sizes, estimates = sizes[drawn], estimates[drawn]
    ax.vlines(sizes, errors[:, 0], errors[:, 1], color=INK, linewidth=1.1, gid="intervals")
    ax.plot(
        sizes, estimates, marker="o", markersize=5.5, color=INK, markerfacecolor="white",
        markeredgewidth=1.3, linewidth=0, gid="groups",
    )  # fmt: skip
    _recall_axes(ax, span, np.r_[errors.ravel(), estimates, span], say)
    if names:
        _name_farthest(ax, names, sizes, errors, estimates, (fit.log_estimate - fit.fitted)[drawn])
    _recall_legend(ax, level, say)
    largest = float(np.exp(fit.log_size.max()))
    law = (
        say("ten times the size is estimated as {times:.1f} times", times=10.0**fit.slope)
        if form == "line"
        else _curve_said(fit.threshold, largest, say)
    )
    told = (
        "Estimates of {n} known groups by their known sizes: {law}; a group of {size:,.0f} is "
        "expected between {low:,.0f} and {high:,.0f}."
    )
    middle = {"size": span[60], "low": band[60, 0], "high": band[60, 1]}
    ax.set_label(say(told, n=len(fit.groups), law=law, **middle))
    return finished(ax, synthetic, say)


def _drawn(
    validation: Validation, names: Sequence[str], disclosure: str
) -> tuple[list[str], Array]:
    """Return the groups of the fit that may be drawn, and which of its groups they are."""
    table = validation.to_frame(disclosure=disclosure).set_index("group")
    drawn = np.array([not table.loc[name, "flag"] for name in names], dtype=bool)
    return [name for name, shown in zip(names, drawn, strict=True) if shown], drawn


def _curve_said(threshold: float, largest: float, say: Words) -> str:
    if threshold >= largest * (1 - 1e-6):
        return say("recalled in full at every known size")
    told = "recalled in full up to {threshold:,.0f}, towards the square root above"
    return say(told, threshold=threshold)


def _estimate_limits(validation: Validation, names: Sequence[str], level: float) -> Array:
    rows = [validation.groups.index(name) for name in names]
    return validation.estimate.interval(level)[rows]


def _recall_axes(ax: Axes, span: Array, shown: Array, say: Words) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator

    usable = shown[np.isfinite(shown) & (shown > 0)]
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(span[0], span[-1])
    ax.set_ylim(usable.min() / 1.2, usable.max() * 1.2)
    for axis in (ax.xaxis, ax.yaxis):
        low, high = axis.get_view_interval()
        axis.set_major_locator(LogLocator(subs=(1.0,) if high / low > 100 else (1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(say.ticks()))
        axis.grid(visible=True, color=LINE, linewidth=0.6)
    ax.minorticks_off()
    ax.set_axisbelow(True)
    x_label(ax, say("known size"))
    ax.set_ylabel(say("estimate from the other groups"), fontsize=FONT, color=GREY)
    plain(ax)
    ax.tick_params(axis="y", length=0)


def _name_farthest(
    ax: Axes, names: Sequence[str], sizes: Array, errors: Array, estimates: Array, residual: Array
) -> None:
    """Write the names of the groups farthest from the line, and of the smallest and largest.

    Each name goes to the side of its mark where it hides least.
    """
    from matplotlib.patheffects import withStroke

    order = np.argsort(-np.abs(residual), kind="stable").tolist()
    ends = [int(np.argmin(sizes)), int(np.argmax(sizes))]
    x, y = _in_points(ax.get_xlim(), sizes, ax, 0), _in_points(ax.get_ylim(), estimates, ax, 1)
    low, high = (_in_points(ax.get_ylim(), errors[:, side], ax, 1) for side in (0, 1))
    taken = [(a - 5, a + 5, b, c, 1.0) for a, b, c in zip(x, low, high, strict=True)]
    taken += [(a - 6, a + 6, b - 6, b + 6, 4.0) for a, b in zip(x, y, strict=True)]
    for k in dict.fromkeys([*ends, *order[:4]]):
        word = cut(plain_name(names[k]), 24)
        wide = 0.56 * FONT * len(word)
        spots = [
            ("left", 8.0, y[k]), ("right", -8.0, y[k]), ("center", 0.0, high[k] + 9),
            ("center", 0.0, low[k] - 9), ("right", 4.0, high[k] + 9), ("left", -4.0, high[k] + 9),
            ("right", 4.0, low[k] - 9), ("left", -4.0, low[k] - 9),
        ]  # fmt: skip
        room = (0.0, _extent(ax, 0), 0.0, _extent(ax, 1))
        boxes = [_box(where, x[k] + right, at, wide) for where, right, at in spots]
        best = int(np.argmin([_hides(box, taken, room) for box in boxes]))
        taken.append((*boxes[best], 3.0))
        where, right, at = spots[best]
        ax.annotate(
            word, (sizes[k], estimates[k]), xytext=(right, at - y[k]), textcoords="offset points",
            ha=where, va="center", fontsize=FONT, color=INK, parse_math=False, zorder=5,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )  # fmt: skip


def _extent(ax: Axes, side: int) -> float:
    """Return the width (0) or height (1) of the axes in points, about."""
    figure = ax.get_figure(root=True)
    inches = (6.4, 4.8) if figure is None else figure.get_size_inches()
    part = ax.get_position()
    return float(72 * inches[side] * (part.width, part.height)[side])


def _in_points(limits: tuple[float, float], values: Array, ax: Axes, side: int) -> Array:
    """Return where values lie along a logarithmic axis, in points."""
    low, high = np.log(limits)
    return np.asarray((np.log(values) - low) / (high - low) * _extent(ax, side))


def _box(where: str, x: float, y: float, wide: float) -> tuple[float, float, float, float]:
    """Return the room of a name in points: left, right, bottom, top."""
    left = x - {"left": 0.0, "center": 0.5, "right": 1.0}[where] * wide
    return left, left + wide, y - 6, y + 6


def _hides(
    box: tuple[float, float, float, float],
    taken: Sequence[tuple[float, float, float, float, float]],
    room: tuple[float, float, float, float],
) -> float:
    """Return how much a name would hide of marks and names, and how far it leaves the axes."""
    area = 0.0
    for left, right, bottom, top, weight in taken:
        across = min(box[1], right) - max(box[0], left)
        along = min(box[3], top) - max(box[2], bottom)
        area += weight * max(across, 0.0) * max(along, 0.0)
    outside = max(room[0] - box[0], 0) + max(box[1] - room[1], 0)
    return area + 100 * (outside + max(room[2] - box[2], 0) + max(box[3] - room[3], 0))


def _recall_legend(ax: Axes, level: float, say: Words) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    circle: dict[str, Any] = {"marker": "o", "markersize": 5.5, "markerfacecolor": "white"}
    circle |= {"markeredgewidth": 1.3, "linewidth": 1.1}
    new = say("a new group, {percent:g} %", percent=100 * level)
    dashes, none = (0, (5, 3)), say("no error")
    marks = [
        Line2D([], [], color=INK, label=say("known group"), **circle),
        Line2D([], [], color=BLUE, linewidth=2.2, label=say("recall")),
        Patch(color=BLUE, alpha=0.13, label=new),
        Line2D([], [], color=GREY, linewidth=1.1, linestyle=dashes, label=none),
    ]
    below(ax, marks, 0.5)
