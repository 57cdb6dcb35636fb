"""What small studies beside the survey found: quantities known with their standard error."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["side_studies"]

TIES_ASKED = 300
OUTSIDE_ERROR = 0.10


def side_studies(truths: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a validation of transmission and a count of children outside households.

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
    whole = truths[(truths["form"] == "any") & (truths["domain"] == "all")].set_index("id")["value"]
    told = rng.binomial(TIES_ASKED, float(whole["transmission"])) / TIES_ASKED
    outside = float(whole["outside_12m_count"])
    counted = outside * (1 + OUTSIDE_ERROR * rng.standard_normal())
    return pd.DataFrame(
        {
            "quantity": ["transmission", "children_outside_households"],
            "value": [told, float(np.rint(counted))],
            "std_error": [(told * (1 - told) / TIES_ASKED) ** 0.5, OUTSIDE_ERROR * outside],
            "note": [
                f"share reported by adults of {TIES_ASKED} ties to trafficked children (synthetic)",
                "trafficked children counted outside households in the 12 months (synthetic)",
            ],
        }
    )
