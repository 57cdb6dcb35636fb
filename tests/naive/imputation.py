"""Rubin's rules by loops over imputations and pairs of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def rubin(values: Sequence[Array], covariances: Sequence[Array]) -> tuple[Array, Array, Array]:
    """Return the mean, T and (1 + 1/M) B, entry by entry."""
    m, p = len(values), len(values[0])
    mean = np.array([sum(float(q[i]) for q in values) / m for i in range(p)])
    total, added = np.zeros((p, p)), np.zeros((p, p))
    for i in range(p):
        for j in range(p):
            between = sum((q[i] - mean[i]) * (q[j] - mean[j]) for q in values) / (m - 1)
            added[i, j] = (1 + 1 / m) * between
            total[i, j] = sum(float(u[i, j]) for u in covariances) / m + added[i, j]
    return mean, total, added


def barnard_rubin(within: float, added: float, m: int, complete: float) -> float:
    """Return the degrees of freedom from U, (1 + 1/M) B, M and those of the complete data."""
    share = added / (within + added)
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    return 1 / (share**2 / (m - 1) + 1 / observed)


def mitools(within: float, between: float, m: int, complete: float) -> float:
    """Return what mitools 2.4 takes for it: the observed part has B without its (1 + 1/M)."""
    share = (1 + 1 / m) * between / (within + (1 + 1 / m) * between)
    observed = (complete + 1) / (complete + 3) * complete * within / (within + between)
    return 1 / (share**2 / (m - 1) + 1 / observed)
