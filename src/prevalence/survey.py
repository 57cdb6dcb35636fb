"""`Survey`: a sample with its design, its weighting recipe and its variance scheme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from . import recipes, selection, two_phase
from .design import SINGLE_PSU, Design, make_design
from .errors import check_rows, check_words, one_of, warn
from .frames import Table, read
from .pps import METHODS, VARIANCES, Unequal
from .replication import Replicates
from .resampled import Resampled
from .weighting import Attach, Step

if TYPE_CHECKING:
    from .engine import Theta
    from .estimate import Estimate

__all__ = ["About", "Survey"]

Array = NDArray[Any]


@dataclass(frozen=True)
class About:
    """What the rows are, in words, for sentences and reports."""

    rows: str = "rows"
    psus: str = "primary units"
    population: str = ""
    window: str = ""
    denominator: str = ""
    definition: str = ""
    excludes: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Survey(Resampled):
    """A probability sample: rows, design, weighting recipe and variance scheme; never changed.

    Parameters
    ----------
    data : pandas, polars or pyarrow table, or mapping
        One row per respondent.
    weights : str, optional
        Column of base weights; without it, one over the sampling fractions in `fpc`, or one.
    strata, psu : str, optional
        Columns of the strata and of the primary sampling units (each row is one without it).
    stages : list of str, optional
        Columns of the units of all stages, in place of `psu`.
    fpc : str or list of str, optional
        Population counts or sampling fractions, by stage; a count may be inf (no correction).
    nest : bool
        Whether identifiers of primary units start anew in each stratum.
    single_psu : {"error", "certainty", "remove", "adjust", "average"}
        What to do with a stratum that has one primary unit. A domain with members in one unit of a
        stratum is no such case: the other units count as zeros.
    pps : {"brewer", "overton", "hartley-rao", "joint"}, optional
        Unequal probabilities without replacement: the first of `fpc` holds the inclusion
        probabilities of the primary units, and the word says how those of pairs are taken.
    joint : array of shape (primary units, primary units), optional
        For "joint", their joint inclusion probabilities, in order of appearance in the rows.
    pps_variance : {"yates-grundy", "horvitz-thompson"}
        Form of the variance; Brewer's has one form alone.
    source : str, optional
        Name of the design; the rounds of one panel share it and so have their covariance. Without
        it, surveys with the same labels and base weights count as one: name independent ones.
    missing : {"error", "drop"}
        What to do with a missing base weight: with "drop" it is zero, with a warning that counts.

    Raises
    ------
    ValueError, TypeError, KeyError
        When a column is unknown, weights are missing, negative, infinite or all zero, a stratum
        has one primary unit, or an identifier lies in two strata. Methods raise them too, for a
        column that is unknown, incomplete or of the wrong kind, or for what their text excludes.
    ConvergenceError
        When a weighting step has no solution: a propensity where all answered, or margins out of
        reach, of which the worst is named.

    Notes
    -----
    Variances assume that primary units are drawn with replacement, or without and with equal
    probabilities where `fpc` is given. They fail (too small) where the sampled units declared are
    not those that were drawn. With `pps`, z the weighted sums of n units and c their probabilities,
    by stratum: Brewer's is ``sum (1-c) n/(n-1) (z - mean z)^2``; else, with
    ``D_ij = 1 - c_i c_j / c_ij``, ``sum_ij D_ij z_i z_j`` (Horvitz-Thompson, which may be negative
    and is then nan) or ``-1/2 sum_ij D_ij (z_i - z_j)^2``. Overton's ``1 - D_ij`` is
    ``(n - (c_i + c_j)/2) / (n-1)``, Hartley and Rao's ``(n - c_i - c_j + sum c / n) / (n-1)``.

    References
    ----------
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Hartley, H. O. and Rao, J. N. K. (1962). Sampling with unequal probabilities and without
    replacement. Annals of Mathematical Statistics 33, 350-374. doi:10.1214/aoms/1177704564

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"y": [1, 0, 1, 1], "w": [1, 1, 2, 2], "ea": ["a", "a", "b", "b"]}
    >>> survey = pv.Survey(rows, weights="w", psu="ea")
    >>> round(float(pv.direct.mean(survey, "y").std_error[0]), 4)
    0.2222
    """

    data: Any
    weights: str | None = field(default=None, kw_only=True)
    strata: str | None = field(default=None, kw_only=True)
    psu: str | None = field(default=None, kw_only=True)
    stages: Sequence[str] | None = field(default=None, kw_only=True)
    fpc: str | Sequence[str] | None = field(default=None, kw_only=True)
    nest: bool = field(default=False, kw_only=True)
    single_psu: str = field(default="error", kw_only=True)
    pps: str | None = field(default=None, kw_only=True)
    joint: Any = field(default=None, kw_only=True)
    pps_variance: str = field(default="yates-grundy", kw_only=True)
    source: str | None = field(default=None, kw_only=True)
    missing: str = field(default="error", kw_only=True)
    table: Table = field(init=False)
    base: Array = field(init=False)
    unit: Array = field(init=False)
    design: Design = field(init=False)
    factors: selection.Factors = field(default=(), init=False)
    steps: tuple[Step | Attach, ...] = field(default=(), init=False)
    scheme: Replicates | None = field(default=None, init=False)
    about: About = field(default_factory=About, init=False)
    notes: tuple[str, ...] = field(default=(), init=False)  # said of every estimate

    def __post_init__(self) -> None:
        one_of("single_psu", self.single_psu, SINGLE_PSU)
        one_of("missing", self.missing, ["error", "drop"])
        table = read(self.data)
        if self.stages and self.psu:
            raise ValueError(
                f"psu and stages must not both be given: found {self.psu!r} and {list(self.stages)}. "
                "Name the units of all stages, the primary ones first, in stages=[...]."
            )
        names = list(self.stages) if self.stages else ([self.psu] if self.psu else [])
        counts = [self.fpc] if isinstance(self.fpc, str) else list(self.fpc or [])
        if len(counts) > max(1, len(names)):
            raise ValueError(
                f"fpc must have at most one column per stage: found {len(counts)} for "
                f"{max(1, len(names))}. Name the units of all stages in stages=[...]."
            )
        fpc = [table.numeric(c, "fpc") for c in counts]
        base, notes = _base(table, self.weights, self.missing)
        labelled = {c: ("psu" if len(names) == 1 else "stages") for c in names}
        labelled |= {self.strata: "strata"} if self.strata else {}
        coded = {c: table.factor(c, argument) for c, argument in labelled.items()}
        said = [table.similar(c, labelled[c], coded[c][1]) for c in labelled]
        design, unit = make_design(
            coded[self.strata] if self.strata else None,
            [coded[c] for c in names],
            fpc,
            names=names or [""],
            nest=self.nest,
            single_psu=self.single_psu,
            weights=base,
            source=self.source,
            content="" if names else f":{table.digest()}",
            unequal=_unequal(self.pps, self.joint, self.pps_variance, bool(fpc)),
        )
        if self.weights is None and fpc:
            base = recipes.weights_of_design(design, unit)
        made = {"table": table, "base": base, "unit": unit, "design": design}
        made["notes"] = tuple(notes + [text for text in said if text])
        for name, value in made.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "data", None)
        object.__setattr__(self, "joint", None)

    @classmethod
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
            table, ea_probability, segments, listed, selected, (strata, psu)
        )
        return cls._selected(table, factors, strata=strata, psu=psu, **design)

    @classmethod
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
            are weighted up and shared over the chances of each person. Totals are of people who
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
            table, probability, counted, intercepted, visits, (strata, psu)
        )
        if psu is None and "stages" not in design:
            warn(
                "psu should name the venue-day-time: without it each row counts as one, and standard "
                "errors are too small where several people were met at one."
            )
        return cls._selected(table, factors, strata=strata, psu=psu, **design)

    @classmethod
    def _selected(cls, table: Table, factors: selection.Factors, **design: Any) -> Self:
        if "weights" in design:
            raise TypeError(
                "weights are made from the selection: found weights= too. Leave it out, or use "
                "Survey(...)."
            )
        made = cls(selection.with_weights(table, factors), weights=selection.BASE, **design)
        return made._replace(factors=factors)

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
            In place of strata, the chance of each row, drawn independently of the others.

        Returns
        -------
        Survey
            Weights times rows over drawn rows of the stratum, or one over the chance. The variance
            is that of both phases, unbiased for totals. Replicates are refused.

        Raises
        ------
        ValueError
            After a weighting step or with replicates; where a second-phase stratum has fewer than
            two drawn rows and not all of its own; or where the first phase was drawn with `pps`.

        Notes
        -----
        With u the doubly weighted influence by row, S the form of the first phase and c the
        chances of the second, it is ``sum_ij S_ij (c_i c_j / c_ij) u_i u_j`` plus the second-phase
        variance of u given the first. It equals R's ``twophase(method="full")``; its "simple" and
        "approx" leave the factor before u_i u_j out or approximate it. Degrees of freedom are
        first-phase units less strata, over drawn rows. An estimate that is negative is nan.

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
        chance = None if probability is None else self.table.numeric(probability, "probability")
        drawn = two_phase.check_selection(self.table.numeric(selected, "selected"), chance)
        group, names = None, []
        if strata is not None:
            columns = [strata] if isinstance(strata, str) else list(strata)
            group, labels = self.table.codes(columns, "strata")
            names = [", ".join(label) for label in labels]
        design, factor = two_phase.second_phase(self.design, self.unit, drawn, group, chance, names)
        earlier = self.factors or (("first phase", self.base),)
        return self._replace(
            base=self.base * factor,
            unit=np.arange(self.n),
            design=design,
            factors=(*earlier, ("second phase", factor)),
        )

    def describe(self, **words: str) -> Self:
        """Return the survey with words for its rows, units, population, window and limits.

        Parameters
        ----------
        **words : str
            Any of rows, psus, population, window, denominator, definition and excludes.

        Returns
        -------
        Survey
            The same numbers; estimates carry the words.
        """
        check_words("describe", words, About.__dataclass_fields__)
        return self._replace(about=replace(self.about, **words))

    def estimate(
        self,
        theta: Theta,
        *,
        unit: str = "mean",
        by: str | Sequence[str] = (),
        where: str | None = None,
        smooth: bool = True,
        outcome: str = "",
    ) -> Estimate:
        """Estimate any function of the weights, with its variance in every domain.

        Parameters
        ----------
        theta : callable
            Function of w, which answers ``z @ w``; if smooth, of ``@ + - * / **`` exp log sqrt.
        unit : str
            Kind of value, such as ``"ratio"``.
        by, where : str or list of str, str
            Columns whose crossing makes the domains; condition that rows meet, as ``"age >= 12"``.
        smooth : bool
            Whether theta can be differentiated; if not, bootstrap replicates are needed.
        outcome : str
            Name of what is estimated.

        Returns
        -------
        Estimate
            One row per value and domain. Without replicates the influence of a unit is the exact
            derivative, through every weighting step (Binder 1983, doi:10.2307/1402588).

        Examples
        --------
        >>> import numpy as np
        >>> import prevalence as pv
        >>> y, one = np.array([1.0, 2.0, 3.0, 6.0]), np.ones(4)
        >>> pv.Survey({"y": y}).estimate(lambda w: (y @ w) / (one @ w)).value
        array([3.])
        """
        from .custom import estimate

        return estimate(self, theta, unit=unit, by=by, where=where, smooth=smooth, outcome=outcome)

    def influence(
        self, theta: Theta, *, by: str | Sequence[str] = (), where: str | None = None
    ) -> Array:
        """Return what every row adds to an estimate: its weight times the derivative in it.

        Parameters
        ----------
        theta : callable
            Smooth function of w, as in `estimate`.
        by, where : str or list of str, str
            Columns whose crossing makes the domains; condition that rows meet, as ``"age >= 12"``.

        Returns
        -------
        ndarray of shape (values x domains, rows)
            Influence through every weighting step, rows in the order of `estimate`. The sums of a
            row over primary units make the linearised variance. After `attach`, columns are the
            rows of the table that the design was declared on.

        Raises
        ------
        ValueError, TypeError
            When theta is not smooth, or there are more than 5,000 values or too many numbers.

        Notes
        -----
        It finds the respondents that an estimate rests on, by position in the table, without any
        identifier of theirs: look at rows with the largest absolute values for errors of entry
        and extreme weights. It is the first derivative: it fails as a forecast of what happens
        when a row that dominates is left out.

        Examples
        --------
        >>> import numpy as np
        >>> import prevalence as pv
        >>> y, one = np.array([1.0, 2.0, 3.0, 6.0]), np.ones(4)
        >>> pv.Survey({"y": y}).influence(lambda w: (y @ w) / (one @ w))
        array([[-0.5 , -0.25,  0.  ,  0.75]])
        """
        from .custom import influence

        return influence(self, theta, by=by, where=where)

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        variance = "linearised" if self.scheme is None else self.scheme.kind.split(" draw")[0]
        steps = ", ".join(step.name for step in self.steps) or "base weights only"
        return (
            f"<Survey: {self.n:,} {self.about.rows}, {self.design.stages[0].parent.size:,} "
            f"{self.about.psus}, {len(self.design.stratum_labels):,} strata; weights: {steps}; "
            f"variance: {variance}>"
        )


def _unequal(pps: str | None, joint: Any, variance: str, has_fpc: bool) -> Unequal | None:
    """Check the arguments of sampling with unequal probabilities."""
    one_of("pps_variance", variance, VARIANCES)
    if (pps == "joint") != (joint is not None):
        raise ValueError(
            f"joint must be given with pps='joint' and only with it: found pps={pps!r} and "
            f"{'a' if joint is not None else 'no'} joint. Give the joint probabilities and pps='joint'."
        )
    if pps is None:
        return None
    one_of("pps", pps, METHODS)
    if not has_fpc:
        raise ValueError(
            f"fpc must hold the inclusion probabilities of the primary units with pps={pps!r}: "
            "found none. Name their column."
        )
    if pps == "brewer" and variance != VARIANCES[0]:
        raise ValueError(
            f"pps_variance must be left out with pps='brewer': found {variance!r}. Brewer's variance "
            "has one form; use pps='overton', 'hartley-rao' or 'joint'."
        )
    return Unequal(pps, variance, joint)


def _base(table: Table, weights: str | None, missing: str) -> tuple[Array, list[str]]:
    """Return the base weights, checked, and what must be said of them."""
    if weights is None:
        return np.ones(table.n), []
    w, said = table.numeric(weights, "weights"), []
    gone = np.isnan(w)
    if missing == "drop" and gone.any():
        said.append(
            f"weights are missing in {int(gone.sum()):,} of {w.size:,} rows (first: row "
            f"{int(np.flatnonzero(gone)[0])}), which count as zero: the rows stand for nobody."
        )
        w = np.where(gone, 0.0, w)
    remedy = "Fill them in, or pass missing='drop' to count these rows as zero."
    check_rows("weights", "given", w, np.isnan(w), remedy)
    check_rows("weights", "finite", w, np.isinf(w), "Correct them.")
    check_rows("weights", "positive", w, w < 0, "Drop or correct them.")
    if not (w > 0).any():
        raise ValueError(
            f"weights must be positive: all {w.size:,} rows are zero. Name the column of weights."
        )
    zero = (w == 0) & ~gone
    if zero.any():
        said.append(
            f"weights are zero in {int(zero.sum()):,} of {w.size:,} rows (first: row "
            f"{int(np.flatnonzero(zero)[0])}): they keep their place in the design and enter no "
            "estimate. Give a weight to those that stand for somebody."
        )
    for text in said:
        warn(text)
    return w, said
