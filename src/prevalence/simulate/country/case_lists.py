"""Simulated case lists with what nobody knows of real ones: whose each record is in truth."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ...arguments import explained
from ...errors import shown

__all__ = ["CaseLists"]


@explained
@dataclass(frozen=True)
class CaseLists:
    """Case lists with their truth.

    Parameters
    ----------
    captures : DataFrame
        One row per case and list: ``case_id``, ``list``, ``date``, ``referred_by`` (empty, or the
        list that sent the case), ``sex``, ``age_band``, ``parish_group``.
    cases : DataFrame
        One row per case: ``case_id``, ``sex``, ``age_band``, ``parish_group`` and one 0/1 column
        per list.
    truth : int
        True number of children in the population of the lists.
    records : DataFrame
        Row by row for `captures`, what the lists do not know: ``person`` (whose record it is),
        ``cut`` (it was not linked to that person) and ``true_case`` (False for an allegation).

    Examples
    --------
    >>> from prevalence.simulate import lists
    >>> simulated = lists(1_200, rng=1)
    >>> sorted(simulated.captures["referred_by"].unique())
    ['', 'police', 'registry']
    """

    captures: pd.DataFrame
    cases: pd.DataFrame
    truth: int
    records: pd.DataFrame

    def audit(self, kept: pd.Series | None = None) -> dict[str, Any]:
        """Check the link of every record by hand, as nobody but a simulation can.

        Parameters
        ----------
        kept : Series of bool, optional
            By row of `captures`, the records that are used, such as ``records["true_case"]``; all
            by default.

        Returns
        -------
        dict
            ``missed``: by list, of the records of persons with several, how many were cut off, and
            how many there are. ``joins``: by pair of lists, of the cases on just these two, how
            many are of two persons, and how many there are. Both are arguments of
            `prevalence.mse.linked`.

        Raises
        ------
        TypeError
            When `kept` is not a Series of True and False with the rows of `captures`.

        Examples
        --------
        >>> from prevalence.simulate import lists
        >>> audit = lists(6_000, referral={}, missed_links=0.05, rng=1).audit()
        >>> audit["missed"]["registry"]
        (5, 60)
        """
        if kept is not None and (
            not isinstance(kept, pd.Series)
            or kept.dtype != np.bool_
            or not kept.index.equals(self.records.index)
        ):
            raise TypeError(
                f"kept must be a Series of True and False with the {len(self.records):,} rows of captures: "
                f"found {shown(kept)}. Write for example kept=lists.records['true_case']."
            )
        records = self.records if kept is None else self.records[kept]
        shared = records[records.groupby("person")["person"].transform("size") > 1]
        missed = {
            str(name): (int(part["cut"].sum()), len(part))
            for name, part in shared.groupby("list", sort=False)
        }
        together = records.groupby("case_id").agg(
            lists=("list", lambda names: tuple(sorted(names))), persons=("person", "nunique")
        )
        joins = {}
        for pair in combinations(sorted(records["list"].unique()), 2):
            on_both = together.loc[[names == pair for names in together["lists"]], "persons"]
            if len(on_both):
                joins[(pair[0],), (pair[1],)] = (int((on_both > 1).sum()), len(on_both))
        return {"missed": missed, "joins": joins}
