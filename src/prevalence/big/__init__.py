"""Files larger than memory: one pass merges their rows into cells, which make an ordinary `Survey`.

A cell holds the persons of one primary unit with the same values of the columns that are kept. An
estimator is a function of sums of ``z * w``: where z is the same for all persons of a cell, or is
only added up, the cell's sums are all that it needs, and every number is that of the whole file.
"""

from __future__ import annotations

from .cells import Reader, from_parquet

__all__ = ["Reader", "from_parquet"]
