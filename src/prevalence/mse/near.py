"""Models that fit about as well as another: the range of what they say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .histories import IntArray

CLOSE = 6.0  # units of BIC: posterior odds of about 20 to 1


def close(bic: npt.ArrayLike) -> IntArray:
    """Return which models are within `CLOSE` of the least BIC, best first."""
    known = np.asarray(bic, dtype=np.float64)
    known = np.where(np.isfinite(known), known, np.inf)
    order = np.argsort(known, kind="stable")
    last = known[order[0]] + CLOSE
    return np.asarray([row for row in order if known[row] <= last < np.inf], dtype=np.int64)


def spread(total: npt.ArrayLike, bic: npt.ArrayLike) -> tuple[float, float] | None:
    """Return the range of the sizes over models that fit about as well as the best of them."""
    near = np.asarray(total, dtype=np.float64)[close(bic)]
    return (float(near.min()), float(near.max())) if near.size else None
