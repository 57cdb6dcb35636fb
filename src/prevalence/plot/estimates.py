"""Estimates with their intervals: by method and by domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from ..arguments import explained
from ..disclosure import is_suppressed, protect, switched_on
from ..estimate import Estimate
from ..presentation import cut, plain_name
from ..words import Words, language
from .canvas import (
    BLUE,
    FONT,
    GREY,
    INK,
    ORANGE,
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
from .reference import Published, reference

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class HasFrame(Protocol):
    """A comparison: something with one table of estimates by method."""

    def to_frame(self, level: float = 0.95) -> pd.DataFrame: ...


@explained
def ladder(
    comparison: HasFrame | pd.DataFrame,
    *,
    ax: Axes | None = None,
    truth: float | Sequence[float] | None = None,
    published: Published = None,
    both_ends: bool = False,
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw one row per estimate with its interval, beside what is true where that is known.

    Parameters
    ----------
    comparison : Comparison or pandas.DataFrame
        A comparison, or its table: columns name, domain, estimate, conf_low, conf_high, unit,
        kind (``"estimate"`` or ``"floor"``) and, if there is one, truth. Also the table of one
        `Estimate` with its unit in a column.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    truth : float or sequence of float, optional
        The true value, one or one per row, in place of the table's.
    published : float or tuple of float, optional
        A value that was published, or its lower and upper limit: a dotted line, or a band.
    both_ends : bool
        Whether floors are drawn with both limits, to stand beside papers that print both.
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
    TypeError
        When `comparison` is no comparison, estimate or table.
    ValueError
        When the rows have several units, or there is no row.

    Notes
    -----
    Assumes intervals of one level. A floor is drawn from its lower limit with an arrow to the
    right in place of a whisker, since nothing in the lists bounds it from above.

    References
    ----------
    Okabe, M. and Ito, K. (2008). Color Universal Design. University of Tokyo. (no DOI)

    Examples
    --------
    >>> import prevalence as pv
    >>> table = pv.direct.prevalence(pv.Survey({"case": [1, 0] * 20}), "case").to_frame()
    >>> ax = pv.plot.ladder(table.assign(unit="proportion"), truth=0.4)
    >>> pv.plot.describe(ax)
    'Estimates with their intervals: case 50.0 % (34.8 to 65.2); truth 40.0 %.'
    """
    say = language(lang)
    if not hasattr(comparison, "to_frame") and not isinstance(comparison, pd.DataFrame):
        raise TypeError(
            "comparison must be what pv.compare returns, an estimate or a table: found "
            f"{type(comparison).__name__}. Write pv.compare({{'survey': estimate}})."
        )
    table = comparison if isinstance(comparison, pd.DataFrame) else comparison.to_frame()
    if both_ends:
        table = table.assign(kind="estimate")
    rows, known = _ladder_rows(table, truth), reference(published=published, sizes=False)
    ax = axes(ax, 7.2, height(len(rows), 7.2))
    scale = 100.0 if rows[0]["unit"] == "proportion" else 1.0
    limits = _limits(rows, scale, known.ends())
    for y, row in enumerate(rows):
        _ladder_row(ax, y, row, scale, limits[1], say)
    frame(ax, len(rows), limits, rows[0]["unit"], say)
    ruled(ax, len(rows))
    _legend(ax, rows, say, known.draw(ax, say, scale=scale))
    said = say.joined(_said(row, say) for row in rows)
    told = say("Estimates with their intervals: {said}.", said=said)
    ax.set_label(known.said(told, say, scale=scale))
    return finished(ax, synthetic, say)


def _truths(truth: float | Sequence[float] | None, rows: int) -> Any:
    """Return the true value of each row, after checking their number."""
    given = np.asarray(np.nan if truth is None else truth, dtype=float)
    if given.ndim and given.shape != (rows,):
        raise ValueError(
            f"truth must be one number, or one for each row: found {given.size} for {rows} rows. Give "
            f"{rows}."
        )
    return given


def _ladder_rows(
    table: pd.DataFrame, truth: float | Sequence[float] | None
) -> list[dict[str, Any]]:
    if not len(table):
        raise ValueError("comparison must have a row: found none. Pass at least one estimate.")
    name = table["name"] if "name" in table else table["outcome"]
    if {"name", "outcome"} <= set(table):  # several outcomes of one name and domain
        twice = table.duplicated(["name", "domain"], keep=False)
        name = name.where(~twice, name.map(str) + ", " + table["outcome"].map(str))
    rows = pd.DataFrame({
        "name": name.map(str), "domain": table["domain"].map(str),
        "value": table["estimate"].astype(float), "low": table["conf_low"].astype(float),
        "high": table["conf_high"].astype(float), "unit": table.get("unit", "number"),
        "kind": table.get("kind", "estimate"),
        "truth": table.get("truth", np.nan) if truth is None else _truths(truth, len(table)),
        "hidden": is_suppressed(table) if "flag" in table else False,
    })  # fmt: skip
    units = rows["unit"].unique().tolist()
    if len(units) > 1:
        raise ValueError(
            f"comparison must have one unit in one figure: found {', '.join(units)}. Draw the rows "
            "of each unit by themselves, as in frame[frame['unit'] == 'count']."
        )
    return [{str(k): v for k, v in row.items()} for row in rows.to_dict("records")]


def _ladder_row(
    ax: Axes, y: int, row: dict[str, Any], scale: float, right: float, say: Words
) -> None:
    floor = row["kind"] == "floor"
    title = row["name"] if row["domain"] in ("all", "") else f"{row['name']}: {row['domain']}"
    words(ax, y, plain_name(title), say("suppressed") if row["hidden"] else _numbers_said(row, say))
    if row["hidden"]:
        return
    value, low, high = row["value"] * scale, row["low"] * scale, row["high"] * scale
    colour = ORANGE if floor else BLUE
    if floor:
        start = low if np.isfinite(low) else value
        ax.annotate(
            "", (right, y), (start, y), gid=f"floor-{y}",
            arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 2, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        ax.plot([start, start], [y - 0.1, y + 0.1], color=colour, linewidth=2, gid=f"low-{y}")
    elif np.isfinite([low, high]).all():
        ax.plot(
            [low, high],
            [y, y],
            color=colour,
            linewidth=2.6,
            solid_capstyle="butt",
            gid=f"interval-{y}",
        )
        for end in (low, high):
            ax.plot([end, end], [y - 0.1, y + 0.1], color=colour, linewidth=2)
    ax.plot(
        [value], [y], marker=">" if floor else "o", markersize=8, color=colour, gid=f"value-{y}",
        markerfacecolor="white" if _is_outside(row) else colour,
    )  # fmt: skip
    truth_mark(ax, y, row["truth"] * scale)


def _numbers_said(row: dict[str, Any], say: Words) -> str:
    value, low, high = say.shown(row["value"], row["low"], row["high"], row["unit"])
    if row["kind"] == "floor" and np.isfinite(row["low"]):
        return say("at least {low} (estimate {value})", low=low, value=value)
    if not np.isfinite([row["low"], row["high"]]).any():
        return say("{value}, no interval", value=value)
    return say("{value} ({low} to {high})", value=value, low=low, high=high)


def _is_outside(row: dict[str, Any]) -> bool:
    """Tell whether a share is below 0 or above 1: computed so, and left as it is."""
    known = row["unit"] == "proportion" and np.isfinite(row["value"]) and not row["hidden"]
    return bool(known and not 0 <= row["value"] <= 1)


def _said(row: dict[str, Any], say: Words) -> str:
    where = "" if row["domain"] in ("all", "") else f", {row['domain']}"
    head = f"{plain_name(row['name'])}{where}"
    if row["hidden"]:
        return say("{name} suppressed", name=head)
    said = f"{head} {_numbers_said(row, say)}"
    if np.isfinite(row["truth"]):
        truth = say.shown(row["truth"], np.nan, np.nan, row["unit"])[0]
        said = say("{said}; truth {truth}", said=said, truth=truth)
    return said


def _limits(
    rows: list[dict[str, Any]], scale: float, more: Sequence[float] = ()
) -> tuple[float, float]:
    ends = [x for r in rows for x in (r["value"], r["low"], r["high"], r["truth"])]
    known = np.array([*ends, *more], dtype=float) * scale
    top = float(np.max(known, initial=0.0, where=np.isfinite(known)))
    bottom = float(np.min(known, initial=0.0, where=np.isfinite(known)))
    spread = (top - bottom) or 1.0
    return (bottom - (0.04 * spread if bottom < 0 else 0.0)), top + 0.1 * spread


def _legend(ax: Axes, rows: list[dict[str, Any]], say: Words, more: Sequence[Any] = ()) -> None:
    from matplotlib.lines import Line2D

    def mark(marker: str, colour: str, width: float, label: str, **more: Any) -> Line2D:
        return Line2D([], [], color=colour, marker=marker, linewidth=width, label=label, **more)

    kinds = {r["kind"] for r in rows if not r["hidden"]}
    marks, hollow = [], {"markerfacecolor": "white"}
    if "estimate" in kinds:
        marks.append(mark("o", BLUE, 2.6, say("estimate, interval")))
    if any(_is_outside(r) for r in rows):
        marks.append(mark("o", BLUE, 0, say("computed outside 0 to 100 %"), **hollow))
    if "floor" in kinds:
        marks.append(mark(">", ORANGE, 2, say("floor: this or more")))
    if any(np.isfinite(r["truth"]) for r in rows):
        marks.append(truth_key(say("truth")))
    if marks or more:
        below(ax, [*marks, *more])


@explained
def domains(
    estimate: Estimate,
    *,
    ax: Axes | None = None,
    truth: Sequence[float] | None = None,
    disclosure: str = "on",
    synthetic: bool = False,
    lang: str = "en",
) -> Axes:
    """Draw the domains of an estimate in order of size, with intervals and without small cells.

    Parameters
    ----------
    estimate : Estimate
        Estimates by domain.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    truth : sequence of float, optional
        True values, one per row.
    disclosure : str
        ``"on"``, or ``"off:"`` with the reason.
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
    DisclosureError
        When no domain can be shown.

    Notes
    -----
    Assumes that the order of the estimates is not read as a ranking: intervals that overlap say
    that it may be otherwise.

    References
    ----------
    Okabe, M. and Ito, K. (2008). Color Universal Design. University of Tokyo. (no DOI)

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"case": [1, 0] * 60, "half": ["a"] * 80 + ["b"] * 40}
    >>> ax = pv.plot.domains(pv.direct.prevalence(pv.Survey(data), "case", by="half"))
    >>> pv.plot.describe(ax)
    'Estimates by domain with their intervals: a 50.0 % (39.2 to 60.8); b 50.0 % (...).'
    """
    say = language(lang)
    table = estimate.to_frame()
    table = table.assign(truth=_truths(truth, len(table)))
    if switched_on(disclosure):
        table = protect(table, unit=estimate.unit)
    return domains_of(table, estimate.unit, ax, synthetic=synthetic, say=say)


def domains_of(
    table: pd.DataFrame, unit: str, ax: Axes | None, *, synthetic: bool, say: Words
) -> Axes:
    """Draw the domains of a table that is protected, with its truth."""
    hidden = is_suppressed(table)
    several = len(set(table["outcome"])) > 1
    label = table["outcome"] + ": " + table["domain"] if several else table["domain"]
    table = table.assign(label=label.map(plain_name), hidden=hidden)
    table = table.sort_values(["hidden", "estimate"], ascending=[True, False], kind="stable")
    ax = axes(ax, 7.2, 0.9 + 0.3 * len(table))
    scale = 100.0 if unit == "proportion" else 1.0
    rows = [
        {"name": r.label, "domain": "all", "value": r.estimate, "low": r.conf_low, "high": r.conf_high,
         "unit": unit, "kind": "estimate", "truth": np.nan if r.hidden else r.truth, "hidden": r.hidden}
        for r in table.itertuples()
    ]  # fmt: skip
    for y, row in enumerate(rows):
        _domain_row(ax, y, row, scale, say)
    frame(ax, len(rows), _limits(rows, scale), unit, say)
    ax.set_yticks(range(len(rows)), [cut(str(r["name"]), 28) for r in rows], parse_math=False)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    _legend(ax, rows, say)
    said = say.joined(_said(row, say) for row in rows)
    told = say("Estimates by domain with their intervals: {said}.", said=said)
    if hidden.any():
        next_step = (
            "{said} Where there is no number: combine areas, or wait for small-area estimates."
        )
        told = say(next_step, said=told)
    ax.set_label(told)
    return finished(ax, synthetic, say)


def _domain_row(ax: Axes, y: int, row: dict[str, Any], scale: float, say: Words) -> None:
    if row["hidden"]:
        ax.text(
            0.01, y, say("suppressed: too few to publish"), transform=ax.get_yaxis_transform(),
            fontsize=FONT, color=GREY, va="center", style="italic",
        )  # fmt: skip
        return
    if np.isfinite([row["low"], row["high"]]).all():
        ends = [row["low"] * scale, row["high"] * scale]
        ax.plot(ends, [y, y], color=BLUE, linewidth=2.4, solid_capstyle="butt", gid=f"interval-{y}")
    ax.plot(
        [row["value"] * scale], [y], marker="o", markersize=6.5, color=BLUE, gid=f"value-{y}",
        markerfacecolor="white" if _is_outside(row) else BLUE,
    )  # fmt: skip
    truth_mark(ax, y, row["truth"] * scale)
