"""Errors of linkage person by person: slow and obvious."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def expected_clusters(errors: Array, history: tuple[int, ...], seen: tuple[int, ...]) -> float:
    """Expected clusters `seen` of a person on the lists `history`, from the closed form."""
    if not set(seen) <= set(history):
        return 0.0
    if len(history) == 1:
        return 1.0
    others = [k for k in history if k not in seen]
    if len(seen) > 1:
        return float(np.prod([1 - errors[k] for k in seen]) * np.prod([errors[k] for k in others]))
    (j,) = seen
    return float(errors[j] + (1 - errors[j]) * np.prod([errors[k] for k in others]))


def clusters(histories: Array, errors: Array, rng: np.random.Generator) -> dict[Any, int]:
    """Clusters that persons leave, each record cut off by its own chance."""
    found: dict[Any, int] = {}
    for history in histories:
        records = [j for j, on in enumerate(history) if on]
        cut = [j for j in records if len(records) > 1 and rng.random() < errors[j]]
        together = tuple(j for j in records if j not in cut)
        for cluster in [(j,) for j in cut] + ([together] if together else []):
            found[cluster] = found.get(cluster, 0) + 1
    return found


def subsets(lists: int) -> list[tuple[int, ...]]:
    return [
        tuple(j for j in range(lists) if on[j]) for on in product((0, 1), repeat=lists) if any(on)
    ]
