"""Draws for ArviZ, whichever of its two generations is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["to_arviz"]

Array = NDArray[Any]


def to_arviz(
    draws: Mapping[str, Array],
    groups: tuple[str, ...],
    hidden: tuple[str, ...],
    regions: tuple[str, ...],
) -> Any:
    """Return the group ``posterior`` as ArviZ has it: InferenceData before version 1, then DataTree."""
    try:
        import arviz
    except ImportError as problem:
        raise ImportError(
            "to_arviz needs ArviZ: it is not installed. Install it with `pip install arviz`."
        ) from problem
    coords: dict[str, Any] = {"group": list(groups), "hidden": list(hidden)}
    if regions:
        coords["region"] = list(regions)
    dims = {name: _dims(name, array.shape[2:], coords) for name, array in draws.items()}
    coords["respondent"] = np.arange(draws["log_degree"].shape[2])
    held = {name: np.asarray(array) for name, array in draws.items()}
    if int(arviz.__version__.split(".")[0]) >= 1:
        return arviz.from_dict({"posterior": held}, coords=coords, dims=dims)
    return arviz.from_dict(posterior=held, coords=coords, dims=dims)


def _dims(name: str, shape: tuple[int, ...], coords: Mapping[str, Any]) -> list[str]:
    """Return the name of each axis after chain and draw, by its length."""
    if name == "log_degree":
        return ["respondent"]
    axes = {len(labels): axis for axis, labels in reversed(list(coords.items()))}
    found = [axes.get(size, f"{name}_{i}") for i, size in enumerate(shape)]
    return [axis if axis not in found[:i] else f"{axis}_{i}" for i, axis in enumerate(found)]
