"""What the page says of lists: who is on them, and what an estimate of lists rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import plot
from ..disclosure import ROUND_TO, fewer, rounded_sizes
from ..estimate import Estimate
from ..plot import canvas
from ..plot.lists import HasCells
from ..plot.rests_on import Row, numbers, reliability_rows
from ..presentation import beside, plain_name
from .figures import NARROW, WIDE, figure_of
from .page import Page
from .tables import NOTHING, table_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..mse import Reliability

FACTS = "From declared facts: "
SMALL = 5
COUNTS = ("persons", "alone", "shared", "referred", "unknown_source", "both")


def facts(e: Estimate) -> list[str]:
    """Return the verdict from declared facts on an estimate of lists."""
    said = [line.removeprefix(FACTS) for line in beside(e) if line.startswith(FACTS)]
    return [f"{line.replace('forbidden by declared facts', 'forbidden')}." for line in said]


def said_of_draws(e: Estimate) -> list[str]:
    """Return the error that the number of draws leaves in an estimate of lists."""
    return [f"{line}." for line in beside(e) if line.startswith("Monte Carlo")]


# ---------------------------------------------------------------------- who is on which lists
def overlap(page: Page, lists: HasCells) -> dict[str, Any]:
    """Return the figure of who is on which lists, and the tables of `Lists`, protected."""

    def drawn(width: float) -> Axes:
        ax = canvas.axes(None, width, 2.5 + 0.27 * len(lists.names))
        minimum = SMALL if page.protected else 1
        return plot.overlap(lists, ax=ax, minimum=minimum, synthetic=page.synthetic)

    caption = "People by the combination of lists they are on: a filled dot is a list."
    tables = []
    for name, title in (("coverage", "Each list"), ("overlaps", "Each pair of lists")):
        made = getattr(lists, name, None)
        if made is not None:
            tables.append(protected(page, made(), title))
    return {"figure": figure_of(page, caption, drawn(WIDE), drawn(NARROW)), "tables": tables}


def protected(page: Page, frame: pd.DataFrame, title: str) -> dict[str, Any]:
    """Return a table of numbers of people; few people without their number, others rounded."""
    counts = [name for name in COUNTS if name in frame]
    shown = frame.copy()
    for who in ("list", "first", "second"):
        if who in shown:
            shown[who] = shown[who].map(plain_name)
    if page.protected:
        few = frame[counts].apply(lambda column: (column > 0) & (column < SMALL))
        rounded = frame[counts].apply(rounded_sizes)
        if "share" in shown:
            shown["share"] = rounded["persons"] / max(float(rounded["persons"].max()), 1.0)
            shown = shown.rename(columns={"share": "over the largest"})
        for name in ("share_of_smaller", "odds_ratio"):  # a small number could be found from them
            if name in shown:
                shown[name] = shown[name].where(frame["both"] >= 2 * SMALL).map(_one_digit)
        for name in counts:
            shown[name] = [
                fewer(count, SMALL) if small else f"{size:,.0f}"
                for count, small, size in zip(frame[name], few[name], rounded[name], strict=True)
            ]
        title += ", to the nearest ten"
    table = table_of(f"{title}.", shown)
    for head, name in zip(table["heads"], map(str, frame), strict=True):
        head["right"] = head["right"] or name in COUNTS
    return table


def _one_digit(x: float) -> float:
    """Return a number to one significant digit."""
    return float(f"{x:.0e}") if np.isfinite(x) else float("nan")


# ---------------------------------------------------------------------- what an estimate rests on
def reliability(page: Page, report: Reliability) -> dict[str, Any]:
    """Return the verdicts, then the figures and the table of all that moves the estimate."""
    nearest = ROUND_TO if page.protected else 1
    rows = [row.rounded(nearest) for row in (*reliability_rows(report), *_pairs(report))]
    table = pd.DataFrame({
        "what is varied": [row.name for row in rows],
        "population size": [numbers(row) or row.remark for row in rows],
    })  # fmt: skip
    made = table_of("All that moves the estimate", table)
    made["heads"][1]["right"] = True
    tests = _tests(report)
    return {
        "verdicts": [f"From the data: {report.data}.", f"{FACTS}{report.facts}."],
        "beside": [f"{line}." for line in beside(report.estimate) if not line.startswith(FACTS)],
        "warned": list(report.warnings),
        "figures": _figures(page, report, nearest),
        "tables": [made, *tests],
    }


def _pairs(report: Reliability) -> list[Row]:
    """Return the range of sizes over the odds ratios of each pair that the model leaves out."""
    rows = []
    for (first, second), part in report.pairs.dropna().groupby(["first", "second"], sort=False):
        ratio, size = part["odds_ratio"], part["estimate"]
        lists = f"{plain_name(str(first))} and {plain_name(str(second))}"
        name = f"odds ratio of {lists}, {ratio.min():g} to {ratio.max():g}"
        rows.append(Row(name, low=float(size.min()), high=float(size.max())))
    return rows


def _tests(report: Reliability) -> list[dict[str, Any]]:
    if not report.checks:
        return []
    of = {
        "fit": "the whole table fits",
        "pairs": "overlaps of pairs that the model leaves out",
        "lists": "members of each list, by the other lists",
    }
    frame = pd.DataFrame({
        "test of the data": [of.get(c.name, c.name) for c in report.checks],
        "statistic": [c.statistic if np.isfinite(c.statistic) else NOTHING for c in report.checks],
        "p-value": [c.p_value for c in report.checks],
    })  # fmt: skip
    return [table_of("Tests of the model; 5 % is shared between them", frame)]


def _figures(page: Page, report: Reliability, nearest: int) -> list[dict[str, Any]]:
    rows = len(reliability_rows(report))

    def rests(width: float) -> Axes:
        ax = canvas.axes(None, width, 1.7 + rows * (0.3 if width > 5 else 0.46))
        return plot.reliability(report, ax=ax, nearest=nearest, synthetic=page.synthetic)

    def models(width: float) -> Axes:
        ax = canvas.axes(None, width, 3.6)
        return plot.models(report, ax=ax, nearest=nearest, synthetic=page.synthetic)

    agree = "Rows that agree do not make it right: what all lists share is in every row."
    other = "Population size by every model of pairs that fits about as well as the best."
    figures = [figure_of(page, f"What the estimate rests on. {agree}", rests(WIDE), rests(NARROW))]
    if len(report.models) > 1:
        figures.append(figure_of(page, other, models(WIDE), models(NARROW)))
    return figures
