"""Definitions side by side at several windows, and what one of them rests on."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from ..arguments import explained
from ..disclosure import is_suppressed
from ..estimand import window_words
from ..presentation import cut, plain_name
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
    truth_key,
    truth_mark,
    x_label,
)
from .estimates import ladder

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREEN = "#007A5E"
#: Colour and marker of windows in the order of the table; a figure never tells by colour alone.
MARKS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), ("#7B4B94", "D"))


class HasFrame(Protocol):
    """A comparison or a sensitivity analysis: something with one table."""

    def to_frame(self, level: float = 0.95) -> pd.DataFrame: ...


@explained
def definitions(
    comparison: HasFrame | pd.DataFrame,
    *,
    ax: Axes | None = None,
    truth: Mapping[str, float] | None = None,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw the share of each definition at each window with its interval, one block a definition.

    Parameters
    ----------
    comparison : DefinitionComparison or pandas.DataFrame
        What `Definition.compare` returned, or its table: columns definition, window, estimate,
        conf_low and conf_high.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    truth : mapping of str to float, optional
        The true share by window, where data are synthetic.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        When there is no row, or the truth is of a window that is not there.

    Notes
    -----
    Assumes intervals of one level. Overlapping intervals do not tell whether two definitions
    differ, since they are of the same children: that is in `DefinitionComparison.differences`.

    References
    ----------
    Okabe, M. and Ito, K. (2008). Color Universal Design. University of Tokyo. (no DOI)

    Examples
    --------
    >>> import pandas as pd
    >>> import prevalence as pv
    >>> table = pd.DataFrame(
    ...     {
    ...         "definition": ["Strict", "Broad"],
    ...         "window": ["12m", "12m"],
    ...         "estimate": [0.01, 0.03],
    ...         "conf_low": [0.006, 0.024],
    ...         "conf_high": [0.016, 0.038],
    ...     }
    ... )
    >>> pv.plot.describe(pv.plot.definitions(table))
    'Shares by definition and window: Strict, last 12 months 1.0 % (0.6 to 1.6); Broad, ...'
    """
    say = language(lang)
    rows = _rows(comparison, truth, say)
    blocks = _blocks(rows)
    ax = axes(ax, 7.4, 1.0 + 0.27 * len(rows) + 0.42 * len(blocks))
    if is_narrow(ax):
        return ladder(_as_ladder(rows), ax=ax, synthetic=synthetic, lang=lang)
    order = list(dict.fromkeys(row["window"] for row in rows))
    for row in rows:
        colour, marker = MARKS[order.index(row["window"]) % len(MARKS)]
        _share_row(ax, row, colour, marker, say)
    for name, (first, last) in blocks.items():
        _block(ax, name, first, last, rows[-1]["y"])
    ends = np.array([[r["high"], r["estimate"], r["truth"]] for r in rows], dtype=float) * 100
    _across(ax, (0.0, 1.06 * np.nanmax(ends)), say("per cent"), rows[-1]["y"], say)
    _truth_key(ax, rows, say)
    said = say.joined(_said(row, say) for row in rows)
    ax.set_label(say("Shares by definition and window: {said}.", said=said))
    return finished(ax, synthetic, say, letters=50)  # between words and numbers


def _rows(
    comparison: HasFrame | pd.DataFrame, truth: Mapping[str, float] | None, say: Words
) -> list[dict[str, Any]]:
    table = comparison if isinstance(comparison, pd.DataFrame) else comparison.to_frame()
    if not len(table):
        raise ValueError("comparison must have a row: found none. Compare at least one definition.")
    stray = [w for w in truth or {} if w not in set(table["window"])]
    if stray:
        raise ValueError(
            f"truth must be by window: {stray[0]!r} is none of {', '.join(map(str, pd.unique(table['window'])))}. "
            "Correct its name."
        )
    hidden = is_suppressed(table) if "flag" in table else np.zeros(len(table), dtype=bool)
    rows, y, before = [], 0.0, None
    for k, row in enumerate(table.to_dict("records")):
        bound = say.known(row.get("bound", ""))
        name = f"{row['definition']} ({bound})" if bound else str(row["definition"])
        version = row.get("version")
        several = table.groupby("definition")["version"].nunique().max() > 1 if version else False
        name = say("{name}, version {version}", name=name, version=version) if several else name
        y += 0.0 if before is None else (1.0 if name == before else 2.3)
        before = name
        rows.append(
            {
                "name": name,
                "window": row["window"],
                "words": say.known(_window(str(row["window"]))),
                "estimate": float(row["estimate"]),
                "low": float(row["conf_low"]),
                "high": float(row["conf_high"]),
                "truth": float((truth or {}).get(row["window"], np.nan)),
                "hidden": bool(np.asarray(hidden)[k]),
                "y": y,
            }
        )
    return rows


def _window(name: str) -> str:
    known = window_words(name)
    return known.label if known else name


def _as_ladder(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows as the table of a ladder, in which words stand above each interval."""
    return pd.DataFrame(
        {
            "name": [", ".join(filter(None, (r["name"], r["words"]))) for r in rows],
            "domain": "all",
            "estimate": [r["estimate"] for r in rows],
            "conf_low": [r["low"] for r in rows],
            "conf_high": [r["high"] for r in rows],
            "truth": [r["truth"] for r in rows],
            "unit": "proportion",
            "flag": ["suppressed" if r["hidden"] else "" for r in rows],
        }
    )


def _blocks(rows: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Return the first and last height of each definition."""
    out: dict[str, tuple[float, float]] = {}
    for row in rows:
        first = out.get(row["name"], (row["y"], row["y"]))[0]
        out[row["name"]] = (first, row["y"])
    return out


def _share_row(ax: Axes, row: dict[str, Any], colour: str, marker: str, say: Words) -> None:
    """Draw one window of one definition: words, interval, value, truth, numbers."""
    y = row["y"]
    left = ax.get_yaxis_transform()
    ax.annotate(
        row["words"], (0, y), xycoords=left, xytext=(-8, 0), textcoords="offset points",
        ha="right", va="center", fontsize=FONT, color=INK, parse_math=False,
    )  # fmt: skip
    ax.annotate(
        say("suppressed") if row["hidden"] else _numbers(row, say), (1, y), xycoords=left, xytext=(6, 0),
        textcoords="offset points", ha="left", va="center", fontsize=FONT,
        color=GREY if row["hidden"] else INK, parse_math=False,
    )  # fmt: skip
    if row["hidden"]:
        return
    if np.isfinite([row["low"], row["high"]]).all():
        ends = [100 * row["low"], 100 * row["high"]]
        ax.plot(
            ends, [y, y], color=colour, linewidth=2.4, solid_capstyle="butt", gid=f"interval-{y:g}"
        )
        for end in ends:
            ax.plot([end, end], [y - 0.17, y + 0.17], color=colour, linewidth=1.8)
    ax.plot(
        [100 * row["estimate"]], [y], marker=marker, markersize=7, color=colour, gid=f"value-{y:g}"
    )
    if np.isfinite(row["truth"]):
        truth_mark(ax, y, 100 * row["truth"])


def _block(ax: Axes, name: str, first: float, last: float, bottom: float) -> None:
    """Write the name of a definition above its rows, and a line beneath them."""
    ax.annotate(
        cut(name, 60), (0, first - 0.78), xycoords=ax.get_yaxis_transform(), xytext=(0, 0),
        textcoords="offset points", ha="left", va="center", fontsize=FONT + 0.5, color=INK,
        weight="bold", parse_math=False,
    )  # fmt: skip
    if last < bottom:
        ax.axhline(last + 0.72, color=LINE, linewidth=0.7)


def _across(ax: Axes, limits: tuple[float, float], label: str, bottom: float, say: Words) -> None:
    """Set limits, ticks and the label of the horizontal axis."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.set_xlim(limits[0], max(limits[1], limits[0] + 1e-9))
    ax.set_ylim(bottom + 0.75, -1.35)
    ax.set_yticks([])
    ax.xaxis.set_major_locator(MaxNLocator(7))
    ax.xaxis.set_major_formatter(FuncFormatter(say.ticks()))
    ax.grid(axis="x", color=LINE, linewidth=0.5, alpha=0.7)
    ax.set_axisbelow(True)
    x_label(ax, label)
    plain(ax)


def _truth_key(ax: Axes, rows: list[dict[str, Any]], say: Words) -> None:
    from matplotlib.lines import Line2D

    told = say("estimate, interval")
    marks = [Line2D([], [], color=GREY, marker="o", linewidth=2.4, label=told)]
    if any(np.isfinite(row["truth"]) for row in rows):
        marks.append(truth_key(say("truth")))
    below(ax, marks, 0.52)


def _numbers(row: dict[str, Any], say: Words) -> str:
    value, low, high = say.shown(row["estimate"], row["low"], row["high"], "proportion")
    return say("{value} ({low} to {high})", value=value, low=low, high=high)


def _said(row: dict[str, Any], say: Words) -> str:
    head = ", ".join(filter(None, (row["name"], row["words"])))
    said = f"{head} {say('suppressed') if row['hidden'] else _numbers(row, say)}"
    if np.isfinite(row["truth"]):
        truth = say.shown(row["truth"], np.nan, np.nan, "proportion")[0]
        said = say("{said}, truth {truth}", said=said, truth=truth)
    return said


@explained
def definition_changes(
    sensitivity: HasFrame | pd.DataFrame,
    *,
    ax: Axes | None = None,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw how far the share moves when one part of the definition is changed, with intervals.

    Parameters
    ----------
    sensitivity : DefinitionSensitivity or pandas.DataFrame
        What `Definition.sensitivity` returned, or its table.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on.

    Raises
    ------
    ValueError
        When there is no change to draw.

    Notes
    -----
    Changes stand in the order of their size, thresholds apart from indicators. Intervals are those
    of paired differences: of two shares of the same children.

    References
    ----------
    Okabe, M. and Ito, K. (2008). Color Universal Design. University of Tokyo. (no DOI)

    Examples
    --------
    >>> import prevalence as pv
    >>> signs = {name: pv.Indicator(f"{name} == 1") for name in ("debt", "threats")}
    >>> d = pv.Definition("Any sign", "1", indicators=signs, rule=pv.AtLeast(1))
    >>> rows = {"age": [9, 12, 15, 16] * 20, "debt": [1, 1, 0, 0] * 20}
    >>> rows["threats"] = [0, 0, 1, 0] * 20
    >>> ax = pv.plot.definition_changes(d.sensitivity(pv.Survey(rows)))
    >>> pv.plot.describe(ax)[:75]
    'Change of a share of 75.0 % in percentage points: without debt -50.0 (-61.2'
    """
    say = language(lang)
    table = sensitivity if isinstance(sensitivity, pd.DataFrame) else sensitivity.to_frame()
    base = table[table["kind"] == "as defined"].iloc[0]
    moved = table[table["kind"] != "as defined"]
    if not len(moved):
        raise ValueError("sensitivity must have a change: found none. There is nothing to draw.")
    words = moved["change"].map(lambda change: say.known(plain_name(str(change))))
    moved = moved.assign(size=-moved["difference"].abs(), change=words)
    moved = moved.sort_values(["kind", "size"], kind="stable")
    kinds = moved["kind"].tolist()
    gaps = [0.0] + [1.0 + 0.9 * (a != b) for a, b in pairwise(kinds)]
    heights = np.cumsum(gaps)
    ax = axes(ax, 7.4, 1.25 + 0.27 * (heights[-1] + 1))
    defined = say.shown(base["estimate"], np.nan, np.nan, "proportion")[0]
    if is_narrow(ax):
        return ladder(
            _changes_as_ladder(moved, defined, say), ax=ax, synthetic=synthetic, lang=lang
        )
    ends = 100 * moved[["difference_low", "difference_high", "difference"]].to_numpy(dtype=float)
    digits = 1 if np.nanmax(np.abs(ends)) >= 10 else 2
    records = moved.to_dict("records")
    for y, row in zip(heights, records, strict=True):
        _change_row(ax, float(y), row, digits, say)
    ax.axvline(0, color=INK, linewidth=1.0, zorder=1)
    low, high = min(0.0, float(np.nanmin(ends))), max(0.0, float(np.nanmax(ends)))
    room = 0.06 * ((high - low) or 1.0)
    label = say("change in percentage points")
    _across(ax, (low - room, high + room), label, float(heights[-1]), say)
    ax.set_ylim(heights[-1] + 0.8, -1.5)
    ax.annotate(
        say("as defined: {share}", share=defined), (0, -1.0), xytext=(5, 0),
        textcoords="offset points", va="center", fontsize=FONT, color=INK, weight="bold",
    )  # fmt: skip
    said = say.joined(f"{row['change']} {_change(row, digits, say)}" for row in records)
    told = "Change of a share of {share} in percentage points: {said}."
    ax.set_label(say(told, share=defined, said=said))
    return finished(ax, synthetic, say, letters=40)  # the axes begin far to the right


def _changes_as_ladder(moved: pd.DataFrame, defined: str, say: Words) -> pd.DataFrame:
    """Return changes as the table of a ladder, in which words stand above each interval."""
    ends = {"estimate": "", "conf_low": "_low", "conf_high": "_high"}
    columns = {name: 100 * moved[f"difference{end}"] for name, end in ends.items()}
    unit = say("change of {share}, in percentage points", share=defined)
    table = {"name": moved["change"], "domain": "all", **columns, "unit": unit}
    return pd.DataFrame(table).reset_index(drop=True)


def _change_row(ax: Axes, y: float, row: Mapping[Any, Any], digits: int, say: Words) -> None:
    """Draw one change: words, interval of the difference, value, numbers."""
    left, colour = ax.get_yaxis_transform(), BLUE if row["kind"] == "indicator" else ORANGE
    ends = [100 * row["difference_low"], 100 * row["difference_high"]]
    told = bool(np.isfinite(ends).all())
    ax.annotate(
        cut(str(row["change"]), 44), (0, y), xycoords=left, xytext=(-8, 0),
        textcoords="offset points", ha="right", va="center", fontsize=FONT, color=INK,
        parse_math=False,
    )  # fmt: skip
    ax.annotate(
        _change(row, digits, say), (1, y), xycoords=left, xytext=(6, 0), textcoords="offset points",
        ha="left", va="center", fontsize=FONT, color=INK if told else GREY,
    )  # fmt: skip
    if told:
        ax.plot(
            ends, [y, y], color=colour, linewidth=2.4, solid_capstyle="butt", gid=f"interval-{y:g}"
        )
    ax.plot(
        [100 * row["difference"]], [y], marker="o" if row["kind"] == "indicator" else "s",
        markersize=6.5, color=colour, markerfacecolor=colour if told else "white", gid=f"value-{y:g}",
    )  # fmt: skip


def _change(row: Mapping[Any, Any], digits: int, say: Words) -> str:
    """Return a difference in percentage points with its limits, as text."""
    value, low, high = (
        say.number(f"{100 * row[name]:+.{digits}f}")
        for name in ("difference", "difference_low", "difference_high")
    )
    if np.isfinite([row["difference_low"], row["difference_high"]]).all():
        return say("{value} ({low} to {high})", value=value, low=low, high=high)
    return say("no row changes") if row["difference"] == 0 else value
