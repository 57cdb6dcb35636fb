"""What the page says of a network study: adjustments, known groups held out, draws of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import plot
from ..plot import canvas
from ..plot.network import ratios_height
from ..presentation import plain_name
from .figures import NARROW, WIDE, figure_of
from .page import Page
from .tables import NOTHING, table_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..nsum import Posterior, Validation

WORST = 12  # parameters
LIMITS = (0.5, 2.0)


def known_groups(page: Page, validation: Validation) -> dict[str, Any]:
    """Return table and figures of the known groups held out one at a time."""
    disclosure = "on" if page.protected else page.disclosure
    table = validation.to_frame(disclosure=disclosure)
    shown = pd.DataFrame({
        "group": table["group"].map(plain_name), "known size": _digits(table["size"], 0),
        "estimate": _digits(table["estimate"], 0), "ratio": _digits(table["ratio"], 2),
        "95 % interval": [
            f"{low:.2f} to {high:.2f}" if np.isfinite([low, high]).all() else NOTHING
            for low, high in zip(table["ratio_low"], table["ratio_high"], strict=True)
        ],
        "z": _digits(table["z"], 1), "influence, %": _digits(100 * table["influence"], 1),
        "reports": table["reports"], "kept": table["kept"], "remarks": table["flag"],
    })  # fmt: skip

    def drawn(width: float) -> Axes:
        ax = canvas.axes(None, width, ratios_height(len(table), width))
        return plot.known_groups(
            validation, ax=ax, limits=LIMITS, disclosure=disclosure, synthetic=page.synthetic
        )

    caption = "Each known group estimated from the others, over its known size; 1 is without error."
    return {
        "said": _held_out(validation, table),
        "figure": figure_of(page, caption, drawn(WIDE), drawn(NARROW)),
        "table": _to_the_right("Known groups, held out one at a time", shown),
        "warned": list(validation.warnings),
    }


def _digits(column: pd.Series[Any], digits: int) -> list[str]:
    return [f"{x:,.{digits}f}" if np.isfinite(x) else NOTHING for x in column.astype(float)]


def _to_the_right(caption: str, frame: pd.DataFrame) -> dict[str, Any]:
    """Return a table whose columns of numbers, written as text, stand to the right."""
    table = table_of(caption, frame)
    for head in table["heads"]:
        head["right"] = head["name"] not in ("group", "kept", "remarks", "parameter")
    return table


def _held_out(validation: Validation, table: pd.DataFrame) -> str:
    ratio = table["ratio"].to_numpy(dtype=float)
    ratio = ratio[np.isfinite(ratio)]
    low, high = LIMITS
    inside = int(((ratio >= low) & (ratio <= high)).sum())
    removed = ", ".join(plain_name(name) for name in validation.removed)
    return (
        f"{inside} of {ratio.size} known groups come back between half and twice their size; those "
        f"that scale the estimates by {100 * validation.are:.0f} % off on average. "
        + (f"Left out of the scale: {removed}." if removed else "All of them scale the estimates.")
        + " What all groups share, such as a transmission rate, cannot be seen here."
    )


def draws(page: Page, posterior: Posterior) -> dict[str, Any]:
    """Return how well the chains of a fit know its parameters, and its regions if it has some."""
    table = posterior.diagnostics()
    least = table[["ess_bulk", "ess_tail"]].min(axis=1)
    order = np.argsort(-table["rhat"].fillna(0).to_numpy(), kind="stable")[:WORST]
    worst = table.iloc[order]
    shown = pd.DataFrame({
        "parameter": worst["parameter"], "mean": worst["mean"], "sd": worst["sd"],
        "mcse": worst["mcse"], "ess bulk": _digits(worst["ess_bulk"], 0),
        "ess tail": _digits(worst["ess_tail"], 0), "R-hat": _digits(worst["rhat"], 3),
    })  # fmt: skip
    chains, count = posterior.shape
    state = "have converged" if posterior.converged else "have NOT converged"
    said = (
        f"{chains} chains of {count:,} draws of the {posterior.model} model {state}: the largest R-hat "
        f"of {len(table):,} parameters is {table['rhat'].max():.3f}, and the fewest effective draws "
        f"are {least.min():,.0f}."
    )
    return {
        "said": said,
        "table": _to_the_right(f"The {len(shown)} parameters with the largest R-hat", shown),
        "figures": _regions(page, posterior),
    }


def _regions(page: Page, posterior: Posterior) -> list[dict[str, Any]]:
    if not posterior.regions or not posterior.converged:
        return []
    disclosure = "on" if page.protected else page.disclosure

    def drawn(name: str, width: float) -> Axes:
        ax = canvas.axes(None, width, canvas.height(len(posterior.regions), width))
        return plot.regions(posterior, name, ax=ax, disclosure=disclosure, synthetic=page.synthetic)

    return [
        figure_of(
            page,
            f"{plain_name(name)}: shares before any adjustment, from the answers of each region alone "
            "and partially pooled.",
            drawn(name, WIDE),
            drawn(name, NARROW),
        )
        for name in posterior.hidden
    ]
