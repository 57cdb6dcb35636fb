"""Chains of several fits of one model to the same answers, put side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..convergence import stacked
from ..design import digest
from .convergence import PREVALENCE

if TYPE_CHECKING:
    from .posterior import Posterior

__all__ = ["joined", "name_of"]

SAME = ("model", "known", "hidden", "population", "region_name", "regions", "words")
EQUAL = ("low", "high", "sizes", "region", "region_populations")


def name_of(draws: NDArray[Any]) -> str:
    """Return a name for draws: equal for equal ones, and for no others."""
    return digest(np.ascontiguousarray(draws).reshape(-1).view(np.uint64))


def joined(fit: Posterior, others: Sequence[Posterior]) -> Posterior:
    """Return a fit with the chains of others, checked to be of the same answers and model."""
    for other in others:
        differs = [name for name in SAME if getattr(fit, name) != getattr(other, name)]
        differs += [
            name
            for name in EQUAL
            if not np.array_equal(getattr(fit, name), getattr(other, name), equal_nan=True)
        ]
        if differs:
            raise ValueError(
                f"others must be fits of one model to the same answers: {differs[0]} differs. Join "
                "fits that differ in their seed alone."
            )
    draws = stacked([fit.draws, *(other.draws for other in others)])
    return replace(fit, draws=draws, source=f"draws:{name_of(draws[PREVALENCE])}")
