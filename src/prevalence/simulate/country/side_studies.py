"""What small studies beside the survey found: quantities known with their standard error."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["side_studies"]

TIES_ASKED = 300
OUTSIDE_ERROR = 0.10
FILES_READ = 150
CHILDREN_ASKED = 500


def side_studies(truths: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw what small studies would find that convert one estimand into another.

    Parameters
    ----------
    truths : DataFrame
        The truth table of the country.
    rng : numpy Generator
        Stream of random numbers.

    Returns
    -------
    DataFrame
        One row per quantity: ``quantity``, ``value``, ``std_error`` and ``note``.
    """
    whole = truths[truths["domain"] == "all"].set_index(["id", "form"])["value"]
    told = _share(TIES_ASKED, float(whole["transmission", "any"]), rng)
    outside = float(whole["outside_12m_count", "any"])
    counted = outside * (1 + OUTSIDE_ERROR * rng.standard_normal())
    recent = _share(FILES_READ, float(whole["five_year_sexual_share_last_year", "sexual"]), rng)
    sexual = _share(CHILDREN_ASKED, float(whole["national_12m_share_sexual", "sexual"]), rng)
    found = {
        "transmission": (
            *told,
            f"share reported by adults of {TIES_ASKED} ties to trafficked children",
        ),
        "children_outside_households": (
            float(np.rint(counted)),
            OUTSIDE_ERROR * outside,
            "trafficked children counted outside households in the 12 months",
        ),
        "share_last_year": (
            *recent,
            f"share exploited in the last 12 months, of {FILES_READ} cases of sexual exploitation",
        ),
        "share_sexual": (
            *sexual,
            f"share of the sexual form, of {CHILDREN_ASKED} children trafficked in the 12 months",
        ),
    }
    rows = [(name, *row[:2], f"{row[2]} (synthetic)") for name, row in found.items()]
    return pd.DataFrame(rows, columns=["quantity", "value", "std_error", "note"])


def _share(asked: int, truth: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw a share found among so many, with the standard error that the study would print.

    Where all or none are found, that is the error of one more found and one more not found.
    """
    found = int(rng.binomial(asked, truth))
    p, n = (found / asked, asked) if 0 < found < asked else ((found + 1) / (asked + 2), asked + 2)
    return p, float((p * (1 - p) / n) ** 0.5)
