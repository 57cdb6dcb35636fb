"""A region's share of a hidden group: from its own answers alone, and as the model pools it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import level_in_range
from .convergence import PREVALENCE, REGIONAL

if TYPE_CHECKING:
    from .posterior import Posterior

__all__ = ["shrinkage"]

Array = NDArray[Any]
OWN = ("n", "reports", "raw", "raw_low", "raw_high")  # what the region itself answered
CELLS = ("psus", "psus_with_cases")


def shrinkage(fit: Posterior, k: int, level: float, disclosure: str = "on") -> pd.DataFrame:
    """Return one row per region for the hidden group at position k; see `Posterior.shrinkage`."""
    from scipy.special import gammaincinv

    from ..disclosure import switched_on

    protected = switched_on(disclosure)
    level_in_range(level)
    tail, count = (1 - level) / 2, len(fit.regions)
    pooled = np.exp(fit.draws[REGIONAL][:, :, k]).reshape(-1, count)
    reports, ties = (np.bincount(fit.region, x, count) for x in _raw(fit, len(fit.known) + k))
    ties = np.where(ties > 0, ties, np.nan)  # a region that knows nobody tells nothing
    low, high = np.quantile(pooled, [tail, 1 - tail], axis=0)
    below = np.where(reports > 0, gammaincinv(np.maximum(reports, 1e-9), tail), 0.0)
    raw = np.stack([reports, below, gammaincinv(reports + 1, 1 - tail)]) / ties
    out = pd.DataFrame(
        {
            "region": list(fit.regions),
            "n": np.bincount(fit.region, minlength=count),
            "reports": reports,
            "raw": raw[0],
            "raw_low": raw[1],
            "raw_high": raw[2],
            "estimate": pooled.mean(axis=0),
            "conf_low": low,
            "conf_high": high,
            "national": np.exp(fit.draws[PREVALENCE][..., len(fit.known) + k]).mean(),
            "flag": "",
        }
    )
    return _protected(out, fit, len(fit.known) + k) if protected else out


def _protected(table: pd.DataFrame, fit: Posterior, column: int) -> pd.DataFrame:
    """Blank what small regions answered, and what would tell it by subtraction from the total."""
    from ..disclosure import is_suppressed, suppress

    facts = {name: fit.facts[name][column, 1:] for name in CELLS if name in fit.facts}
    counted = {"cases": table["reports"], "n": table["n"], **facts}
    cells = pd.DataFrame({"outcome": "", "domain": table["region"], "estimate": 1.0, **counted})
    safe = suppress(cells.assign(flag=""))
    hidden = is_suppressed(safe)
    own = {name: table[name].astype("float64").mask(hidden) for name in OWN}
    return table.assign(**own, flag=safe["flag"])


def _raw(fit: Posterior, column: int) -> tuple[Array, Array]:
    """Return the reports and the degree of each respondent who gave a number.

    A group asked in bins, by yes or no, or up to a cap takes no part: its answers that are a number
    are the small ones.
    """
    exact, known = fit.low == fit.high, slice(0, len(fit.known))
    counted = exact & ~(~exact & ((fit.low > 0) | np.isfinite(fit.high))).any(axis=0)
    asked = (counted[:, known] * fit.sizes).sum(axis=1) / fit.population
    ties = np.where(counted[:, known], fit.low[:, known], 0.0).sum(axis=1)
    degree = np.divide(ties, asked, out=np.zeros(asked.size), where=asked > 0)
    return fit.low[:, column], degree * counted[:, column]
