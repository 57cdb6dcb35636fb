"""A mark of anything that is given to a call: two marks differ where the thing was changed."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["mark"]

PLAIN = frozenset([str, bytes, int, float, complex, bool, type(None)])


def mark(thing: object) -> bytes:
    """Return a digest of all values in a thing, objects of this library with all their fields."""
    digest = hashlib.blake2b(digest_size=16)
    _add(thing, digest.update, {}, 0)
    return digest.digest()


def _add(thing: Any, add: Any, seen: dict[int, Any], depth: int) -> None:
    if isinstance(thing, (str, bytes, int, float, complex, type(None), np.generic)):
        add(repr(thing).encode())
        return
    if id(thing) in seen or depth > 12:
        return
    seen[id(thing)] = thing  # kept, so that no other gets its number
    add(type(thing).__name__.encode())
    if isinstance(thing, (list, tuple)) and PLAIN.issuperset(map(type, thing)):
        add(repr(tuple(thing)).encode())
        return
    for part in _parts(thing):
        if isinstance(part, bytes):
            add(part)
        else:
            _add(part, add, seen, depth + 1)


def _parts(thing: Any) -> Any:
    if isinstance(thing, np.ndarray):
        plain = not thing.dtype.hasobject
        return [
            f"{thing.dtype}{thing.shape}".encode(),
            thing.tobytes() if plain else thing.tolist(),
        ]
    if isinstance(thing, pd.DataFrame):
        columns = [thing.iloc[:, k] for k in range(thing.shape[1])]
        return [list(thing.columns), thing.index.to_numpy(), *columns]
    if isinstance(thing, (pd.Series, pd.Index)):
        return [str(thing.dtype), thing.to_numpy()]
    if isinstance(thing, Mapping) and not dataclasses.is_dataclass(thing):
        return [part for pair in thing.items() for part in pair]
    if isinstance(thing, (list, tuple)):
        return [f"{len(thing)}".encode(), *thing]
    if type(thing).__module__.startswith("polars"):
        return [str(thing.schema), thing.to_dict(as_series=False)]
    if type(thing).__module__.startswith("pyarrow"):
        return [thing.to_pydict()]
    return _fields(thing)


def _fields(thing: Any) -> list[Any]:
    """Return the fields of an object of this library; what it has computed since is none.

    The weights that a function of the weights is given record what is asked of them, and nothing else.
    """
    if (
        type(thing).__name__ == "Recorder"
        or not type(thing).__module__.startswith("prevalence")
        or not hasattr(thing, "__dict__")
    ):
        return []
    kind: Any = type(thing)
    kept = computed(kind)
    told = [pair for pair in vars(thing).items() if not pair[0].startswith("_")]
    return [part for name, value in told if name not in kept for part in (name, value)]


@cache
def computed(kind: type) -> frozenset[str]:
    """Return the names of a class that are computed once and kept, with those of read columns."""
    return frozenset(["kept"]) | frozenset(
        name
        for each in kind.__mro__
        for name, member in vars(each).items()
        if isinstance(member, cached_property)
    )
