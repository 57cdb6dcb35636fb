"""How a sample was drawn, as verbs: from the record of its selection, at venues, in two phases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, cast

import numpy as np

from . import selection, two_phase
from .arguments import explained
from .errors import keeps, warn
from .frames import Table, names_of, read
from .merged import refuse
from .resampled import Resampled

__all__ = ["Drawn"]


@explained
class Drawn(Resampled):
    """Rows whose base weights tell how they were drawn."""

    @classmethod
    @keeps
    def from_selection(
        cls,
        data: Any,
        *,
        ea_probability: str,
        segments: str | None = None,
        listed: str | None = None,
        selected: str | None = None,
        strata: str | None = None,
        psu: str | None = None,
        **design: Any,
    ) -> Self:
        """Return the survey whose base weights come from the record of how areas were sampled.

        Parameters
        ----------
        data : pandas, polars or pyarrow table, or mapping
            One row per respondent, with the columns of the selection file.
        ea_probability : str
            Column of the inclusion probability of the area, above 0 and at most 1.
        segments : str, optional
            Segments of equal chance into which the area was cut, of which one was taken.
        listed, selected : str, optional
            Households listed and selected (not: interviewed) in the area, or in its segment.
        strata, psu : str, optional
            As for `Survey`; the columns above must be constant within `psu`, the area.
        **design : Any
            The other arguments of `Survey` except weights.

        Returns
        -------
        Survey
            Base weights ``(1 / P) x segments x listed / selected``, each factor a row of
            `weight_flow`. It fails (biased) where a count is of interviewed households instead:
            adjust for nonresponse afterwards.

        References
        ----------
        Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling.
        Springer. doi:10.1007/978-1-4612-4378-6

        Examples
        --------
        >>> import prevalence as pv
        >>> rows = {
        ...     "ea": ["a", "a", "b"],
        ...     "p": [0.1, 0.1, 0.2],
        ...     "listed": [60, 60, 50],
        ...     "chosen": [20, 20, 25],
        ... }
        >>> survey = pv.Survey.from_selection(
        ...     rows, ea_probability="p", listed="listed", selected="chosen", psu="ea"
        ... )
        >>> survey.final_weights
        array([30., 30., 10.])
        """
        table = read(data)
        factors = selection.area_factors(
            table, ea_probability, segments, listed, selected, _units(strata, psu, design)
        )
        if psu is None and "stages" not in design:
            warn(
                "psu should name the area: without it each row counts as one, and standard errors are "
                "too small where several rows lie in one area."
            )
        return cls._selected(table, factors, strata=strata, psu=psu, **design)

    @classmethod
    @keeps
    def from_venues(
        cls,
        data: Any,
        *,
        probability: str,
        visits: str,
        counted: str | None = None,
        intercepted: str | None = None,
        strata: str | None = None,
        psu: str | None = None,
        **design: Any,
    ) -> Self:
        """Return the survey of a time-location sample, weighted to those who attend the venues.

        Parameters
        ----------
        data : pandas, polars or pyarrow table, or mapping
            One row per respondent.
        probability : str
            Column of the inclusion probability of the venue-day-time, above 0 and at most 1.
        visits : str
            Venue-day-times of the frame that the respondent attended in its period.
        counted, intercepted : str, optional
            Eligible people counted and interviewed at the venue-day-time.
        strata, psu : str, optional
            As for `Survey`; `psu` names the venue-day-time.
        **design : Any
            The other arguments of `Survey` except weights.

        Returns
        -------
        Survey
            Base weights ``(1 / P) x (counted / intercepted) x (1 / visits)``: the attendances met
            are weighted up and shared over the attendances of each person. Totals are of people who
            attend at least once: it says nothing of others, and fails (biased) where visits are
            misreported or taken over another period than the frame's.

        References
        ----------
        Lavallee, P. (2007). Indirect Sampling. Springer. doi:10.1007/978-0-387-70782-2

        Examples
        --------
        >>> import prevalence as pv
        >>> rows = {
        ...     "vdt": ["bar", "bar", "park"],
        ...     "p": [0.1, 0.1, 0.2],
        ...     "seen": [40, 40, 10],
        ...     "met": [2, 2, 1],
        ...     "times": [1, 4, 2],
        ... }
        >>> survey = pv.Survey.from_venues(
        ...     rows, probability="p", counted="seen", intercepted="met", visits="times", psu="vdt"
        ... )
        >>> survey.final_weights
        array([200.,  50.,  25.])
        """
        table = read(data)
        factors = selection.venue_factors(
            table, probability, counted, intercepted, visits, _units(strata, psu, design)
        )
        if psu is None and "stages" not in design:
            warn(
                "psu should name the venue-day-time: without it each row counts as one, and standard "
                "errors are too small where several people were met at one."
            )
        return cls._selected(table, factors, strata=strata, psu=psu, **design)

    @classmethod
    def from_parquet(
        cls,
        path: Any,
        *,
        weights: str,
        columns: str | Sequence[str] = (),
        amounts: str | Sequence[str] = (),
        conditions: Mapping[str, str] | None = None,
        replicates: str | Sequence[str] = (),
        engine: str = "auto",
        memory: str = "1GB",
        threads: int = 1,
        most: int = 5_000_000,
        **design: Any,
    ) -> Self:
        """Return the survey of a file larger than memory: its rows merged into cells in one pass.

        Parameters
        ----------
        path : str, Path or list of those
            Parquet file, several, or a folder of them.
        weights : str
            Column of base weights.
        columns : str or list of str
            Columns whose values are kept: outcomes of 0 and 1, labels, and what `by` and `where` name.
        amounts : str or list of str
            Columns of numbers that are only added up: for totals, means and ratios.
        conditions : mapping of str to str
            New columns of 1 and 0 by their conditions on rows, as in ``{"teen": "age >= 12"}``;
            missing where a condition is not known.
        replicates : str or list of str
            Columns of replicate weights, or their prefix; declare them with `replicate_weights`.
        engine : {"auto", "duckdb", "pyarrow"}
            What reads the file: DuckDB where it is installed.
        memory : str
            What DuckDB may use, beyond which it spills to disk.
        threads : int
            Threads of DuckDB. With more than one, sums may differ in their last digits each time.
        most : int
            Largest number of cells.
        **design : Any
            ``psu`` or ``stages``, ``strata``, ``fpc`` and the other arguments of `Survey`.

        Returns
        -------
        Survey
            One row for each cell: primary unit (and stratum, later stages) by values of `columns` and
            `conditions`, with the sum of weights. Totals, means, ratios, prevalences, shares of levels and
            any `estimate` have the numbers of the whole file, by linearisation and replicates, after
            calibration too; what needs persons one by one is refused.

        Raises
        ------
        ValueError, TypeError, KeyError, FileNotFoundError
            When a weight, an amount or the design is missing or infinite, a weight is negative, a
            column is unknown or of the wrong kind, or there are more than `most` cells. With their
            count in the file.

        Notes
        -----
        Exact, but for rounding (1e-10), since ``sum z w`` over a cell is ``z sum w`` where all its
        persons have one z, and ``mean(z) sum w`` where z is an amount. It fails (too many cells) with
        columns of many values: turn them into conditions. Two readings of a file are one sample to
        arithmetic of estimates; a file and rows in memory are so with ``source=`` alone. With
        replicates, `replicate_weights` must be given ``df``.

        References
        ----------
        Binder, D. A. (1983). On the variances of asymptotically normal estimators from complex
        surveys. International Statistical Review 51, 279-292. doi:10.2307/1402588

        Examples
        --------
        >>> import tempfile
        >>> import pandas as pd
        >>> import prevalence as pv
        >>> rows = pd.DataFrame(
        ...     {"ea": [1, 1, 2, 2, 3, 3], "case": [1, 0, 0, 0, 1, 1], "age": [9, 12, 16, 7, 13, 8]}
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     rows.assign(w=10.0).to_parquet(f"{folder}/rows.parquet")
        ...     survey = pv.Survey.from_parquet(
        ...         f"{folder}/rows.parquet",
        ...         weights="w",
        ...         psu="ea",
        ...         columns="case",
        ...         amounts="age",
        ...         conditions={"teen": "age >= 12"},
        ...     )
        >>> teens = pv.direct.prevalence(survey, "case", where="teen == 1")
        >>> teens.value.round(4), teens.facts["cases"]
        (array([0.3333]), array([1]))
        >>> pv.direct.mean(survey, "age").value.round(4)
        array([10.8333])
        """
        from .big import Reader, from_parquet

        survey = from_parquet(
            path,
            weights=weights,
            columns=columns,
            amounts=amounts,
            conditions=conditions,
            replicates=replicates,
            reader=Reader(engine, memory, threads, most),
            design=design,
        )
        return cast("Self", survey)

    @classmethod
    def _selected(cls, table: Table, factors: selection.Factors, **design: Any) -> Self:
        if "weights" in design:
            raise TypeError(
                "weights are made from the selection: found weights= too. Leave it out, or use "
                "Survey(...)."
            )
        make: Callable[..., Self] = cls
        made = make(selection.with_weights(table, factors), weights=selection.BASE, **design)
        return made._replace(factors=factors)

    @keeps
    def second_phase(
        self,
        selected: str,
        *,
        strata: str | Sequence[str] | None = None,
        probability: str | None = None,
    ) -> Self:
        """Return the survey of the rows that were drawn from these rows for a second phase.

        Parameters
        ----------
        selected : str
            Column of 1 (drawn for the second phase) and 0; the others stay, with weight 0.
        strata : str or list of str, optional
            Columns whose crossing makes the second-phase strata; rows were drawn from each by
            simple random sampling. By default all rows are one.
        probability : str, optional
            In place of strata, the probability of each row, drawn independently of the others.

        Returns
        -------
        Survey
            Weights times rows over drawn rows of the stratum, or one over the probability. The
            variance is that of both phases, unbiased for totals. Replicates are refused.

        Raises
        ------
        ValueError
            After a weighting step or with replicates; where a second-phase stratum has fewer than
            two drawn rows and not all of its own; or where the first phase was drawn with `pps`.

        Notes
        -----
        With u the doubly weighted influence by row, S the form of the first phase and c the
        probabilities of the second, it is ``sum_ij S_ij (c_i c_j / c_ij) u_i u_j`` plus the
        second-phase variance of u given the first. It equals R's ``twophase(method="full")``; its
        "simple" and "approx" leave the factor before u_i u_j out or approximate it. Degrees of
        freedom are first-phase units less strata, over drawn rows. It fails where few were drawn
        from few clusters. An estimate that is negative is
        nan: with 15 clusters and second-phase strata, that of a total far from 0 is so in one of
        seven samples. Means, or totals after calibration, are not.

        References
        ----------
        Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling,
        chapter 9. Springer. doi:10.1007/978-1-4612-4378-6

        Examples
        --------
        >>> import prevalence as pv
        >>> rows = {"size": [1, 2, 3, 4, 5, 6], "drawn": [1, 0, 1, 0, 1, 1]}
        >>> survey = pv.Survey(rows).second_phase("drawn")
        >>> survey.final_weights
        array([1.5, 0. , 1.5, 0. , 1.5, 1.5])
        """
        refuse(self.merged, "second_phase")
        if self.steps or self.scheme is not None:
            found = self.steps[0].name if self.steps else "replicates"
            raise ValueError(
                f"second_phase must come directly on the base weights: found {found} before it. Call "
                "it first, and the weighting steps after it."
            )
        if strata is not None and probability is not None:
            raise ValueError(
                "strata and probability must not both be given: found both. Strata are of simple "
                "random sampling, probability of independent draws."
            )
        inclusion = None if probability is None else self.table.numeric(probability, "probability")
        drawn = two_phase.check_selection(self.table.numeric(selected, "selected"), inclusion)
        group, names = None, []
        if strata is not None:
            group, labels = self.table.codes(names_of("strata", strata), "strata")
            names = [", ".join(label) for label in labels]
        design, factor = two_phase.second_phase(
            self.design, self.unit, drawn, group, inclusion, names
        )
        earlier = self.factors or (("first phase", self.base),)
        return self._replace(
            base=self.base * factor,
            unit=np.arange(self.n),
            design=design,
            factors=(*earlier, ("second phase", factor)),
        )


def _units(
    strata: str | None, psu: str | None, design: dict[str, Any]
) -> tuple[str | None, str | None]:
    """Return the columns of the strata and of the primary units, by whatever argument."""
    return strata, psu or next(iter(names_of("stages", design.get("stages") or ())), None)
