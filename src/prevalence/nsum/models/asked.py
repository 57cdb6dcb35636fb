"""What a model is fitted to: answers as intervals, known sizes, and how long to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

__all__ = ["Asked"]

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
