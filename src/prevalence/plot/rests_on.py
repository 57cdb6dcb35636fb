"""What an estimate of lists rests on, and what each way to deal with referral gives."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arguments import explained
from ..presentation import cut, plain_name
from ..words import ENGLISH, Words, language
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
    from matplotlib.axes import Axes

    from ..mse import ReferralBracket, Reliability

__all__ = ["referral_bracket", "reliability"]

NONE = float("nan")


@dataclass(frozen=True)
class Row:
    """A line of the figure: its words, a point and a range, and points along the way."""

    name: str
    value: float = NONE
    low: float = NONE
    high: float = NONE
    marker: str = "o"
    colour: str = BLUE
    others: tuple[float, ...] = field(default=())
    remark: str = ""

    def rounded(self, nearest: int) -> Row:
        """Return the row with its numbers to the nearest so many."""

        def near(x: float) -> float:
            return round(x / nearest) * nearest if nearest > 1 and np.isfinite(x) else x

        low, high = near(self.low), near(self.high)
        others = tuple(near(x) for x in self.others)
        return replace(self, value=near(self.value), low=low, high=high, others=others)

    def ends(self) -> list[float]:
        """Return every number of the row that is known."""
        held = (self.value, self.low, self.high, *self.others)
        return [x for x in held if np.isfinite(x)]


@explained
def reliability(
    report: Reliability,
    *,
    ax: Axes | None = None,
    nearest: int = 1,
    truth: float | None = None,
    published: Published = None,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw an estimate of lists with all that moves it, on one axis of population sizes.

    Parameters
    ----------
    report : Reliability
        What `prevalence.mse.reliability` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
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
        The axes drawn on: the estimate as a floor, the range over models that fit about as well,
        over odds ratios that the data cannot tell, without each list, and from parts of the cases.
        The verdicts stand below.

    Raises
    ------
    AttributeError
        When `report` is no `Reliability`.

    Notes
    -----
    Assumes nothing of its own. Rows far from the first say that the estimate rests on one model or
    on one list; rows that all agree do not say that it is right, since what the lists share is in
    every row.

    References
    ----------
    Binette, O. and Steorts, R. C. (2022). On the reliability of multiple systems estimation for the
    quantification of modern slavery. Journal of the Royal Statistical Society Series A 185,
    640-676. (DOI not checked)

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> pv.plot.describe(pv.plot.reliability(pv.mse.reliability(lists)))
    'An estimate of lists and what it rests on: estimate, at least 136 (estimate 200, interval ...'
    """
    say = language(lang)
    rows = [row.rounded(nearest) for row in reliability_rows(report, say)]
    seen = float(report.estimate.facts["n"][0])
    ax = axes(ax, 7.2, 1.7 + 0.3 * len(rows))
    known = reference(truth, published)
    _sizes(ax, [seen, *known.ends(), *(x for row in rows for x in row.ends())], len(rows), say)
    at, half = np.arange(len(rows)), 0.16 if is_narrow(ax) else 0.5  # in pieces, beside the words
    ax.vlines([rows[0].value] * at.size, at - half, at + half, color=GREY, linewidth=1, zorder=1)
    ax.vlines(
        [seen] * at.size, at - half, at + half, color=INK, linewidth=1, linestyle=(0, (4, 3)),
        gid="seen", zorder=1,
    )  # fmt: skip
    for y, row in enumerate(rows):
        _draw(ax, y, row)
    _names(ax, rows, say)
    pieces = list(zip(at - half, at + half, strict=True))
    _reliability_marks(ax, seen, known.draw(ax, say, pieces=pieces), say)
    told = (
        "An estimate of lists and what it rests on: {said}. {seen:,.0f} persons were seen. From the "
        "data: {data}. From declared facts: {facts}."
    )
    said = say.joined(_said(row, say) for row in rows)
    verdicts = {"data": say.known(str(report.data)), "facts": say.known(str(report.facts))}
    ax.set_label(known.said(say(told, said=said, seen=seen, **verdicts), say))
    ax = finished(ax, synthetic, say)
    data = say("Data: {verdict}", verdict=say.known(report.data.grade))
    facts = say("Facts: {verdict}", verdict=say.known(_short(report)))
    lines = filter(None, (data, facts, ax.get_title("left")))
    ax.set_title("\n".join(lines), loc="left", fontsize=FONT, color=INK)
    return ax


def _short(report: Reliability) -> str:
    """Return the verdict from declared facts without what it leaves open, which is a long list."""
    grade, _, open_ = report.facts.grade.partition(":")
    return "not identified by these data alone" if open_ else grade


def reliability_rows(report: Reliability, say: Words = ENGLISH) -> list[Row]:
    """Return the rows of a report's figure: the estimate, then what moves it."""
    value = float(report.estimate)
    low, high = (float(x) for x in report.estimate.interval()[0])
    rows = [Row(say("estimate, read as a floor"), value, low, high, ">", ORANGE)]
    fits = tuple(report.models["estimate"])
    if fits:
        name = say("models within {close:g} BIC units", close=6)
        rows.append(Row(name, NONE, min(fits), max(fits), others=fits))
    for told, column, table in (
        ("people on no list, times {low:g} to {high:g}", "factor", report.dark),
        ("odds ratio of a pair {low:g} to {high:g}", "odds_ratio", report.pairs),
    ):
        known = table[np.isfinite(table["estimate"])]
        if len(known):
            name = say(told, low=known[column].min(), high=known[column].max())
            sizes = known["estimate"]
            rows.append(Row(name, NONE, sizes.min(), sizes.max()))
    for line in report.without.to_dict("records"):
        name = say("without {name}", name=plain_name(line["list"]))
        remark = "" if np.isfinite(line["estimate"]) else say("no estimate")
        rows.append(Row(name, line["estimate"], marker="s", remark=remark))
    for line in report.growth.to_dict("records"):
        if line["share"] < 1:
            name = say("from {share:.0f} % of the cases", share=100 * line["share"])
            rows.append(Row(name, line["estimate"], line["low"], line["high"], "D", GREY))
    return rows


def _said(row: Row, say: Words) -> str:
    if row.marker == ">":
        told = "estimate, at least {low:,.0f} (estimate {value:,.0f}, interval {low:,.0f} to {high:,.0f})"
    elif not row.ends():
        told = "{name}: {remark}"
    elif not np.isfinite(row.low):
        told = "{name} {value:,.0f}"
    elif np.isfinite(row.value):
        told = "{name} {value:,.0f}, {low:,.0f} to {high:,.0f}"
    else:
        told = "{name} {low:,.0f} to {high:,.0f}"
    numbers = {"value": row.value, "low": row.low, "high": row.high}
    return say(told, name=row.name, remark=row.remark, **numbers)


def _draw(ax: Axes, y: int, row: Row) -> None:
    if not row.ends():
        ax.text(
            0.01, y, row.remark, transform=ax.get_yaxis_transform(), fontsize=FONT, color=GREY,
            va="center", style="italic", backgroundcolor="white",
        )  # fmt: skip
        return
    if np.isfinite([row.low, row.high]).all():
        if row.marker == ">":  # a floor has an arrow in place of a whisker
            ax.annotate(
                "", (ax.get_xlim()[1], y), (row.low, y), gid=f"floor-{y}",
                arrowprops={"arrowstyle": "-|>", "color": row.colour, "linewidth": 2, "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip
            ax.plot([row.low] * 2, [y - 0.18, y + 0.18], color=row.colour, linewidth=2)
            ax.plot([row.high] * 2, [y - 0.12, y + 0.12], color=row.colour, linewidth=1.4)
        else:
            ax.plot(
                [row.low, row.high], [y, y], color=row.colour, linewidth=2.4, solid_capstyle="butt",
                gid=f"range-{y}",
            )  # fmt: skip
    ax.plot(
        row.others, [y] * len(row.others), linewidth=0, marker="|", markersize=11, color=INK,
        gid=f"models-{y}",
    )  # fmt: skip
    if np.isfinite(row.value):
        ax.plot(
            [row.value], [y], marker=row.marker, markersize=7, color=row.colour, gid=f"value-{y}"
        )


def numbers(row: Row, say: Words = ENGLISH) -> str:
    """Return the number of a row as text: a floor, a size or a range."""
    if not row.ends():
        return ""
    if row.marker == ">":
        return say("at least {low:,.0f}", low=row.low)
    if np.isfinite(row.value):
        return say.number(f"{row.value:,.0f}")
    return say("{low:,.0f} to {high:,.0f}", low=row.low, high=row.high)


def _names(ax: Axes, rows: list[Row], say: Words) -> None:
    """Write words at the left and numbers at the right, or both above where the axes are narrow."""
    narrow = is_narrow(ax)
    shown = ["" if narrow else cut(row.name, 40) for row in rows]
    ax.set_yticks(range(len(rows)), shown, parse_math=False)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    across: dict[str, Any] = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
    for y, row in enumerate(rows):
        if narrow:
            told = say("{name}: {numbers}", name=row.name, numbers=numbers(row, say))
            ax.annotate(
                cut(told, 52), (0, y), xytext=(0, 6), va="bottom", color=INK,
                fontsize=FONT, parse_math=False, annotation_clip=False, **across,
            )  # fmt: skip
            continue
        ax.annotate(
            numbers(row, say), (1, y), xytext=(8, 0), va="center", fontsize=FONT, color=GREY,
            annotation_clip=False, **across,
        )  # fmt: skip


def _sizes(ax: Axes, values: list[float], rows: int, say: Words) -> None:
    """Set an axis of population sizes, logarithmic where they lie far apart."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

    low, high = min(values), max(values)
    if high > 6 * low > 0:
        ax.set_xscale("log")
        ax.set_xlim(low / 1.12, high * 1.15)
        subs = (1, 3) if high > 30 * low or is_narrow(ax) else (1, 2, 5)
        ax.xaxis.set_major_locator(LogLocator(subs=subs))
        ax.minorticks_off()
    else:
        margin = 0.05 * (high - low) or 1.0
        ax.set_xlim(low - margin, high + margin)
        ax.xaxis.set_major_locator(MaxNLocator(4 if is_narrow(ax) else 7))
    ax.xaxis.set_major_formatter(FuncFormatter(say.ticks(",.0f")))
    x_label(ax, say("population size"))
    ax.set_ylim(rows - 0.4, -0.9 if is_narrow(ax) else -0.6)
    plain(ax)
    ax.grid(axis="y", color=LINE, linewidth=0.6, zorder=0)
    ax.set_axisbelow(True)


def _reliability_marks(ax: Axes, seen: float, more: list[Any], say: Words) -> None:
    from matplotlib.lines import Line2D

    dashes, many = (0, (4, 3)), say("{seen:,.0f} seen", seen=seen)
    marks = [
        Line2D([], [], color=ORANGE, marker=">", linewidth=2, label=say("floor: this or more")),
        Line2D([], [], color=GREY, linewidth=1, label=say("estimate")),
        Line2D([], [], color=INK, linewidth=1, linestyle=dashes, label=many),
    ]
    below(ax, [*marks, *more], 0.42)


@explained
def referral_bracket(
    bracket: ReferralBracket,
    *,
    ax: Axes | None = None,
    truth: float | None = None,
    published: Published = None,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw what each way to deal with referral gives, and the bracket between two of them.

    Parameters
    ----------
    bracket : ReferralBracket
        What `prevalence.mse.referral_bracket` returns.
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
        The axes drawn on: one row a variant with its 95 % interval and what it needs to be right;
        the bracket from *censored* to *removed* is shaded.

    Raises
    ------
    AttributeError
        When `bracket` is none.

    Notes
    -----
    Assumes that every referral is declared. What the bracket leaves out (unequal visibility, other
    dependence) is in no row.

    References
    ----------
    Bishop, Y. M. M., Fienberg, S. E. and Holland, P. W. (1975). Discrete Multivariate Analysis:
    Theory and Practice. MIT Press. doi:10.1007/978-0-387-72806-3

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"police": [1, 0, 0, 1, 1, 1, 0, 1], "home": [0, 1, 0, 1, 1, 0, 1, 1]}
    >>> rows |= {"court": [0, 0, 1, 0, 0, 1, 1, 1], "n": [90, 70, 60, 31, 9, 12, 9, 6]}
    >>> rows |= {"sent": ["", "", "", "police", "", "", "", "police"]}
    >>> lists = pv.Lists(
    ...     rows, ["police", "home", "court"], counts="n", referred_by={"home": "sent"}
    ... )
    >>> said = pv.plot.describe(pv.plot.referral_bracket(pv.mse.referral_bracket(lists)))
    >>> said[:86]
    'Population size by the way to deal with referral (police to home): forced 731 (563 to '
    """
    say = language(lang)
    table = bracket.to_frame().to_dict("records")
    ends = [x for r in table for x in (r["estimate"], r["lower"], r["upper"]) if np.isfinite(x)]
    known = reference(truth, published)
    ax = axes(ax, 7.2, 1.3 + 0.72 * len(table))
    _sizes(ax, [*ends, *known.ends()], len(table), say)
    ax.grid(visible=False)
    if bracket.low is not None and bracket.high is not None:
        ax.axvspan(bracket.low, bracket.high, color=PALE, linewidth=0, zorder=0, gid="bracket")
    for y, row in enumerate(table):
        own = str(row["method"]).startswith(("removed", "censored"))
        value, low, high = row["estimate"], row["lower"], row["upper"]
        marker, colour = ("s", ORANGE) if own else ("o", BLUE)
        made = Row(str(row["method"]), value, low, high, marker, colour, remark=say("refused"))
        _draw(ax, y, made)
        head = say.known(str(row["method"])), _bracket_number(row, say)
        _bracket_words(ax, y, head, say.known(str(row["needs"])), say)
    ax.set_yticks([])
    for y in range(1, len(table)):
        ax.axhline(y - 0.74, color=LINE, linewidth=0.7)
    ax.set_ylim(len(table) - 0.62, -0.78)
    pieces = [(y - 0.14, y + 0.2) for y in range(len(table))]  # beneath the words of each row
    _bracket_marks(ax, bracket.low is not None, known.draw(ax, say, pieces=pieces), say)
    ax.set_label(known.said(_bracket_said(bracket, table, say), say))
    return finished(ax, synthetic, say)


def _bracket_number(row: dict[Any, Any], say: Words) -> str:
    if not np.isfinite(row["estimate"]):
        return say("refused")
    ends = {"low": row["lower"], "high": row["upper"]}
    return say("{value:,.0f} ({low:,.0f} to {high:,.0f})", value=row["estimate"], **ends)


def _bracket_words(ax: Axes, y: int, head: tuple[str, str], needs: str, say: Words) -> None:
    across: dict[str, Any] = {"xycoords": ax.get_yaxis_transform(), "textcoords": "offset points"}
    style: dict[str, Any] = {"fontsize": FONT, "va": "bottom", "parse_math": False}
    narrow = is_narrow(ax)
    name, number = head
    ax.annotate(cut(name, 40), (0, y), xytext=(0, 21), color=INK, weight="bold", **across, **style)
    ax.annotate(
        number,
        (1, y),
        xytext=(0, 21 if not narrow else 8),
        ha="right",
        color=INK,
        **across,
        **style,
    )
    if not narrow:
        said = textwrap.shorten(say("needs {what}", what=needs), 98, placeholder="...")
        ax.annotate(said, (0, y), xytext=(0, 7), color=GREY, **across, **style)


def _bracket_marks(ax: Axes, shaded: bool, more: list[Any], say: Words) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    marks: list[Any] = [
        Line2D([], [], color=BLUE, marker="o", linewidth=2.4, label=say("all captures")),
        Line2D([], [], color=ORANGE, marker="s", linewidth=2.4, label=say("own captures")),
    ]
    if shaded:
        marks.append(Patch(facecolor=PALE, edgecolor=LINE, label=say("censored to removed")))
    below(ax, [*marks, *more])


def _bracket_said(bracket: ReferralBracket, table: list[dict[Any, Any]], say: Words) -> str:
    parts = [f"{say.known(str(row['method']))} {_bracket_number(row, say)}" for row in table]
    sent = say.joined(_referral(x, say) for x in bracket.referrals)
    told = "Population size by the way to deal with referral ({sent}): {said}. {bracket}"
    if not sent:
        told = "Population size by the way to deal with referral: {said}. {bracket}"
    return say(told, sent=sent, said=say.joined(parts), bracket=say.known(bracket.sentence()))


def _referral(arrow: str, say: Words) -> str:
    """Say who refers to whom, given as "police to home"."""
    sender, _, receiver = plain_name(arrow).partition(" to ")
    return say("{sender} to {receiver}", sender=sender, receiver=receiver)
