"""What a model is fitted to: answers as intervals, known sizes, and how long to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import check_rows

__all__ = ["Asked", "answered", "check_intervals", "middle", "scaled_weights"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class Asked:
    """What a sampler is asked: answers as intervals, sizes (nan where hidden), and how long to draw."""

    low: Array
    high: Array
    sizes: Array
    population: float
    weights: Array | None
    covariates: Array | None
    regions: tuple[Array, tuple[str, ...], Array] | None  # code, labels, populations
    chains: int
    draws: int
    warmup: int


def check_intervals(low: Array, high: Array, sizes: Array | None = None) -> None:
    """Refuse limits of answers that are no counts in order, or not of the same groups as the sizes."""
    fits = low.shape == high.shape and low.ndim >= 2 and low.size
    if not fits or (sizes is not None and sizes.shape != low.shape[-1:]):
        shapes = " and ".join(str(x.shape) for x in (low, high, sizes) if x is not None)
        raise ValueError(
            "low and high must have a row for each respondent and a column for each group, and sizes "
            f"a number for each group: found shapes {shapes}. Take them from the same answers."
        )
    bad = ~((low >= 0) & (low <= high) & np.isfinite(low))
    bad |= (low != np.floor(low)) | (high != np.floor(high))
    if bad.any():
        first = tuple(int(place) for place in np.argwhere(bad)[0])
        raise ValueError(
            f"answers must be counts with 0 <= low <= high: {int(bad.sum()):,} of {bad.size:,} are not "
            f"(first: row {first[-2]}, group {first[-1]}, {low[first]:g} to {high[first]:g}). Correct "
            "them, or write 0 to infinity for a missing answer."
        )


def scaled_weights(weights: Array | None, n: int) -> Array:
    """Return weights that sum to n."""
    if weights is None:
        return np.ones(n)
    weights = np.asarray(weights, dtype=float)
    if weights.shape != (n,):
        raise ValueError(
            f"weights must have one number for each of the {n} respondents: found an array of shape "
            f"{weights.shape}. Take them from the same rows."
        )
    bad = ~((weights > 0) & np.isfinite(weights))
    check_rows("weights", "positive", weights, bad, "Leave these rows out of the fit.")
    return np.asarray(weights * (n / weights.sum()))


def answered(low: Array, high: Array) -> NDArray[np.bool_]:
    """Tell which answers say anything: a missing one allows every count."""
    return np.asarray((low > 0) | np.isfinite(high))


def middle(low: Array, high: Array) -> Array:
    """Return the middle of each interval, the lower end of one without an upper, 0 if missing."""
    top = np.isfinite(high)
    return np.where(top, (low + np.where(top, high, 0.0)) / 2, low)
