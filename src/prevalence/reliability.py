"""What a reader must know of a row before using it: few cases, wide intervals, few units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .estimate import Estimate

__all__ = ["flags"]

Array = NDArray[Any]
FEW_CASES, HIGH_CV, LOW_DF = 5, 0.30, 8
HIGH_RHAT, LOW_ESS = 1.01, 400  # Vehtari et al. (2021)
RELIABLE_N, NARROW, WIDE, WIDE_SHARE = 30, 0.05, 0.30, 1.30  # shares: Parker et al. (2017)
WIDE_COUNT, FEW_ROWS = 1.60, 10  # counts: Series 2, no. 200
NEAR_ZERO = ("difference", "coefficient", "marginal effect", "variance")  # a cv tells nothing


def flags(e: Estimate, columns: Mapping[str, Any], limits: Array) -> list[str]:
    """Return what a reader must know of each row before using it."""
    cases, n = (
        pd.Series(columns[name]).astype("Float64").to_numpy(dtype=float, na_value=np.nan)
        for name in ("cases", "n")
    )
    cv = columns["cv"]
    with np.errstate(invalid="ignore"):
        said = {
            "no cases": cases == 0,
            "only cases": (e.value == 1) & (e.unit == "proportion") & (cases == n),
            f"fewer than {FEW_CASES} cases": (cases > 0) & (cases < FEW_CASES),
            f"cv above {HIGH_CV:.0%}".replace("%", " %"): (cv > HIGH_CV)
            & (not e.unit.startswith("log ") and not any(unit in e.unit for unit in NEAR_ZERO)),
            **_outside(e),
            f"df below {LOW_DF}": columns["df"] < LOW_DF,
            **_mixing(e),
            **_reliability(e, n, columns["n_eff"], limits[:, 1] - limits[:, 0]),
        }
    return ["; ".join(w for w, rows in said.items() if rows[i]) for i in range(cv.size)]


def _outside(e: Estimate) -> dict[str, Array]:
    """Return which shares are none: what an instrument that errs or a masked question leaves."""
    if e.unit != "proportion":
        return {}
    return {"computed below 0": e.value < 0, "computed above 100 %": e.value > 1}


def _mixing(e: Estimate) -> dict[str, Array]:
    """Return what the chains of a posterior tell of its draws (Vehtari et al. 2021)."""
    rhat, ess = (np.asarray(e.facts.get(name, np.full(len(e), np.nan))) for name in ("rhat", "ess"))
    return {
        f"R-hat above {HIGH_RHAT}": rhat > HIGH_RHAT,
        f"fewer than {LOW_ESS} effective draws": ess < LOW_ESS,
    }


def _reliability(e: Estimate, n: Array, n_eff: Array, width: Array) -> dict[str, Array]:
    """Return the standards of the US health statistics for shares, and for counts of a survey.

    They are those of Parker et al. (2017) and of Series 2, no. 200, on 95 % intervals of the
    estimate's own rule, also where a row has no case.
    """
    if e.unit in ("count", "total") and e.method.startswith("direct."):
        with np.errstate(all="ignore"):
            relative = width / np.abs(e.value)  # infinite without a case
        return {
            f"unreliable: fewer than {FEW_ROWS} rows": n < FEW_ROWS,
            f"unreliable: interval wider than {100 * WIDE_COUNT:.0f} % of the number": (
                (n >= FEW_ROWS) & (relative > WIDE_COUNT)
            ),
        }
    if e.unit != "proportion":
        return {}
    few = np.minimum(n_eff, n) < RELIABLE_N
    open_ = np.isfinite(n_eff) & ~few & (width > NARROW)
    wide = open_ & (width >= WIDE)
    share = open_ & ~wide & (width > WIDE_SHARE * e.value)
    return {
        f"unreliable: effective sample below {RELIABLE_N}": few,
        f"unreliable: interval wider than {100 * WIDE:.0f} points": wide,
        f"unreliable: interval wider than {100 * WIDE_SHARE:.0f} % of the share": share,
        "complement unreliable": open_ & ~wide & ~share & (width > WIDE_SHARE * (1 - e.value)),
    }
