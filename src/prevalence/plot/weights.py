"""Weights after each weighting step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ..arguments import explained
from ..words import language
from .canvas import BLUE, axes, finished, frame, height, ruled, words, x_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@explained
def weight_flow(
    flow: pd.DataFrame, ax: Axes | None = None, *, synthetic: bool = False, lang: str = "en"
) -> Axes:
    """Draw the smallest, mean and largest weight after each weighting step.

    Parameters
    ----------
    flow : pandas.DataFrame
        What `Survey.weight_flow` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    synthetic : bool
        Whether to write on the figure that the data are synthetic.
    lang : {"en", "fr"}
        Language of words and numbers.

    Returns
    -------
    matplotlib.axes.Axes
        The axes drawn on, with a logarithmic axis of weights.

    Raises
    ------
    KeyError
        When a column is missing.

    Notes
    -----
    Assumes positive smallest weights, as `Survey.weight_flow` gives them.

    References
    ----------
    Kish, L. (1992). Weighting for unequal Pi. Journal of Official Statistics 8, 183-200. (no DOI)

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"w": [1.0, 2.0, 4.0]}, weights="w")
    >>> pv.plot.weight_flow(survey.weight_flow()).get_xscale()
    'log'
    """
    say = language(lang)
    _check(flow)
    from matplotlib.ticker import FuncFormatter, LogLocator

    ax = axes(ax, 7.2, height(len(flow), 7.2))
    said = []
    for y, row in enumerate(flow.to_dict("records")):
        mean, low, high = float(row["sum"]) / float(row["n"]), float(row["min"]), float(row["max"])
        words(
            ax,
            y,
            say.known(str(row["step"])),
            say(
                "n {n:,}; sum {sum:,.0f}; design effect {deff:.2f}",
                n=row["n"],
                sum=row["sum"],
                deff=row["kish_deff"],
            ),
        )
        ax.plot(
            [low, high], [y, y], color=BLUE, linewidth=2.6, solid_capstyle="butt", gid=f"range-{y}"
        )
        ax.plot([mean], [y], marker="D", markersize=6.5, color=BLUE, gid=f"mean-{y}")
        said.append(
            say(
                "{step}, {low:,.3g} to {high:,.3g}, mean {mean:,.3g}, design effect {deff:.2f}",
                step=say.known(str(row["step"])), low=low, high=high, mean=mean, deff=row["kish_deff"],
            )
        )  # fmt: skip
    ax.set_xscale("log")
    frame(
        ax,
        len(flow),
        (float(flow["min"].min()) / 1.3, float(flow["max"].max()) * 1.3),
        "weight",
        say,
    )
    ruled(ax, len(flow))
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 1.5, 2.0, 3.0, 5.0, 7.0)))
    ax.xaxis.set_major_formatter(FuncFormatter(say.ticks()))
    ax.minorticks_off()
    x_label(ax, say("weight: smallest, mean (diamond), largest"))
    told = "Weights after each step, from the smallest to the largest: {said}."
    ax.set_label(say(told, said=say.joined(said)))
    return finished(ax, synthetic, say)


def _check(flow: Any) -> None:
    """Refuse what is not the table of a recipe, with weights above 0."""
    if not isinstance(flow, pd.DataFrame):
        raise TypeError(
            f"flow must be the table that Survey.weight_flow returns: found {type(flow).__name__}. "
            "Call .weight_flow() on the survey."
        )
    missing = [c for c in ("step", "n", "sum", "kish_deff", "min", "max") if c not in flow]
    if missing:
        raise KeyError(
            f"flow must be what Survey.weight_flow returns: column {missing[0]!r} is missing. Pass "
            "that table unchanged."
        )
    numbers = flow[["n", "sum", "min", "max"]].apply(pd.to_numeric, errors="coerce")
    bad = ~((numbers > 0) & (numbers < 1e100)).all(axis=1).to_numpy()
    if bad.any():
        raise ValueError(
            f"flow must hold weights above 0 in every step: {int(bad.sum())} of {len(flow)} do not "
            f"(first: row {int(bad.argmax())}). Pass what Survey.weight_flow returns unchanged."
        )
