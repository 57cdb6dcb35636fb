"""`Chance`: what one call is given. Its number and the seed decide all of it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .wild import LABELS

__all__ = ["Call", "Chance", "pooled"]

T = TypeVar("T")
EXPECTED = (ValueError, TypeError, KeyError, RuntimeError)
POOL = 40


class Call(NamedTuple):
    """One call: the object whose member is called, positional arguments and keywords."""

    owned: Any
    args: list[Any]
    keywords: dict[str, Any]


class Chance:
    """Random choices, and objects out of pools that every call can draw from."""

    def __init__(self, rng: np.random.Generator, folder: Path, seed: int = 0) -> None:
        self.rng, self.folder, self.seed = rng, folder, seed

    def pick(self, *options: Any) -> Any:
        """Return one of the options."""
        return options[int(self.rng.integers(len(options)))]

    def some(self, options: Sequence[T], least: int = 1) -> list[T]:
        """Return some of the options in random order."""
        n = int(self.rng.integers(least, len(options) + 1))
        return [options[k] for k in self.rng.permutation(len(options))[:n]]

    def yes(self, share: float = 0.5) -> bool:
        """Return whether it happens."""
        return bool(self.rng.random() < share)

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        return int(self.rng.integers(low, high + 1))

    def real(self, low: float, high: float) -> float:
        """Return a number between `low` and `high`."""
        return float(self.rng.uniform(low, high))

    def label(self) -> str:
        """Return a label of any script, with marks that mean something elsewhere."""
        return str(self.pick(*LABELS))

    def maybe(self, share: float = 0.35, /, **makers: Any) -> dict[str, Any]:
        """Return some of the keywords; a function is called for its value."""
        return {
            name: made() if callable(made) else made
            for name, made in makers.items()
            if self.yes(share)
        }

    def path(self, *suffixes: str) -> Path:
        """Return a new place in the folder of the run, sometimes with a strange name."""
        word = self.pick("a", "b", "été", "a b")
        return self.folder / f"{word}{self.whole(0, 10**9)}{self.pick(*suffixes)}"

    def of(self, maker: Callable[[Chance], Any], size: int | None = None) -> Any:
        """Return one of the objects that a maker made, each from a seed of its own."""
        return pooled(maker, int(self.rng.integers(size or POOL)), self.seed, self.folder)


@cache
def pooled(maker: Callable[[Chance], Any], number: int, seed: int, folder: Path) -> Any:
    """Return the object of a number; where what was drawn is refused, the next that is not."""
    name = zlib.crc32(f"{maker.__module__}.{maker.__name__}".encode())
    for attempt in range(50):
        source = np.random.SeedSequence(seed, spawn_key=(name, number, attempt))
        try:
            return maker(Chance(np.random.default_rng(source), folder, seed))
        except EXPECTED as error:
            refused = error
    raise RuntimeError(f"{maker.__name__} makes nothing: {refused}")
