"""How counts of people known are written down: heaped, cut off, in words, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from prevalence.errors import nearest
from prevalence.simulate.shared import Floats, Ints, check_chances

__all__ = ["BINS", "CODES", "Questionnaire"]

#: What may be ticked in a question in bins, with its smallest and largest number.
BINS: dict[str, tuple[float, float]] = {
    "none": (0, 0),
    "1": (1, 1),
    "2 to 4": (2, 4),
    "5 to 9": (5, 9),
    "10 or more": (10, np.inf),
}
#: Code of a respondent who does not know; a question left out is blank.
CODES: dict[float, str] = {998: "don't know"}


@dataclass(frozen=True)
class Questionnaire:
    """What happens to a count between the respondent's network and the table."""

    heaping: float = 0.0
    top_code: int | None = None
    missing: float = 0.0
    dont_know: float = 0.0
    yes_no: Sequence[str] = ()
    binned: Sequence[str] = ()

    def check(self, columns: Sequence[str]) -> None:
        """Raise ValueError or KeyError when it cannot be carried out."""
        check_chances(
            {"heaping": self.heaping, "missing + dont_know": self.missing + self.dont_know}
        )
        check_chances({"missing": self.missing, "dont_know": self.dont_know})
        if self.top_code is not None and self.top_code < 1:
            raise ValueError(
                f"top_code must be at least 1: found {self.top_code}. Give the largest number that "
                "is written down."
            )
        for argument, named in (("yes_no", self.yes_no), ("binned", self.binned)):
            for name in named:
                if name not in columns:
                    raise KeyError(
                        f"{argument} must name columns of answers: {name!r} is not one."
                        f"{nearest(name, columns)}"
                    )
        both = sorted(set(self.yes_no) & set(self.binned))
        if both:
            raise ValueError(
                f"yes_no and binned must name different columns: {both[0]!r} is in both. Leave one."
            )

    def written(self, counts: dict[str, Ints], rng: np.random.Generator) -> dict[str, Any]:
        """Return the columns of the table; nothing is drawn for what does not happen."""
        out: dict[str, Any] = {}
        for name, true in counts.items():
            y = heaped(true, self.heaping, rng) if self.heaping else true
            if self.top_code is not None and name not in self.binned:
                y = np.minimum(y, self.top_code)
            if name in self.yes_no:
                y = np.minimum(y, 1)
            out[name] = self._ticked(y, name in self.binned, rng)
        return out

    def _ticked(self, y: Ints, binned: bool, rng: np.random.Generator) -> Any:
        lost = self.missing + self.dont_know
        at = rng.random(y.size) if lost else np.ones(y.size)
        if not binned and not lost:
            return y
        if not binned:
            values: Floats = np.where(at < self.dont_know, min(CODES), y.astype(float))
            return np.where((at >= self.dont_know) & (at < lost), np.nan, values)
        edges = np.array([low for low, _ in BINS.values()])
        words = np.array(list(BINS), dtype=object)[np.searchsorted(edges, y, side="right") - 1]
        words[at < self.dont_know] = f"{min(CODES):g}"
        words[(at >= self.dont_know) & (at < lost)] = None
        return pd.Series(words, dtype=object)


def heaped(counts: Ints, share: float, rng: np.random.Generator) -> Ints:
    """Round a share of the answers of 3 and above to a multiple of 5, above 15 of 10."""
    step = np.where(counts < 16, 5, 10)
    rounded = (counts + step // 2) // step * step
    rounds = (counts >= 3) & (rng.random(counts.size) < share)
    return np.where(rounds, rounded, counts)
