"""Rows that stand for many: what the cells of a file keep of the persons in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Merged", "refuse"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Merged:
    """Of every cell: persons with weight, how unequal their weights are, and their spread.

    `inequality` is ``sum w^2 / (sum w)^2``, and `within` has the weighted covariance of two amounts.
    A weighting step that treats the persons of a cell alike changes neither.
    """

    rows: int  # of the file
    persons: Array
    inequality: Array
    within: Mapping[tuple[str, str], Array]

    def spread(
        self, names: Sequence[str], over: str = "", ratio: Array | None = None
    ) -> Array | None:
        """Return the variances (outcomes, cells) of y within cells, None where nothing varies there.

        `names` are the outcomes. With `over`, the column x, they are those of ``y - ratio x``, with
        one ratio by outcome and cell (or for all cells).
        """
        if not self.within:
            return None
        out = np.zeros((len(names), self.persons.size))
        for k, name in enumerate(names):
            out[k] = self._pair(name, name)
            if ratio is not None:
                r = ratio[k]
                out[k] += r * (r * self._pair(over, over) - 2 * self._pair(name, over))
        return out

    def _pair(self, one: str, two: str) -> Array | float:
        found = self.within.get((one, two))
        return self.within.get((two, one), 0.0) if found is None else found


def refuse(merged: Merged | None, what: str) -> None:
    """Refuse what needs the persons one by one, where rows are the cells of a file."""
    if merged is not None:
        raise ValueError(
            f"survey must have one row for each person for {what}: found {merged.persons.size:,} "
            f"cells of {merged.rows:,} rows of a file. Read the columns that it needs into memory, "
            "as pv.Survey(...), or a sample of the rows."
        )
