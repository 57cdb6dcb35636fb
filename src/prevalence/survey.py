"""`Survey`: a sample with its design, its weighting recipe and its variance scheme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from . import recipes
from .arguments import explained
from .design import SINGLE_PSU, Design, make_design
from .drawn import Drawn
from .errors import check_rows, check_words, listening, one_of, shown, warn
from .estimand import Coded, words_of
from .frames import Table, names_of, read
from .merged import Merged, refuse
from .pps import unequal_of
from .replication import Replicates
from .selection import Factors
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
    definition_hash: str = ""
    excludes: str = ""


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Survey(Drawn):
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
    not those that were drawn; with fewer than some 30 primary units intervals may hold the truth a
    few times in a hundred less often than they say (docs, sensitive-coverage). With `pps`, z the weighted sums of n units and c their probabilities,
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
    >>> pv.direct.mean(survey.describe(window="last week"), "y").estimand.window
    'last week'
    >>> survey.jackknife().replicate_columns(slice(0, 2)).shape
    (4, 2)
    >>> pv.direct.mean(survey.jackknife().linearised(), "y").std_error.round(4)
    array([0.2222])
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
    factors: Factors = field(default=(), init=False)
    steps: tuple[Step | Attach, ...] = field(default=(), init=False)
    scheme: Replicates | None = field(default=None, init=False)
    about: About = field(default_factory=About, init=False)
    coded: Mapping[str, Coded] = field(default_factory=dict, init=False)  # by outcome column
    notes: tuple[str, ...] = field(default=(), init=False)  # said of every estimate
    merged: Merged | None = field(default=None, init=False)  # where rows are cells of a file

    def __post_init__(self) -> None:
        with listening() as heard:
            self._make()
        object.__setattr__(self, "notes", tuple(dict.fromkeys(heard)))

    def _make(self) -> None:
        one_of("single_psu", self.single_psu, SINGLE_PSU)
        one_of("missing", self.missing, ["error", "drop"])
        table = read(self.data)
        _check_single(strata=self.strata, psu=self.psu)
        names, counts = _declared(self.psu, self.stages, self.fpc)
        fpc = [table.numeric(c, "fpc") for c in counts]
        base = _base(table, self.weights, self.missing)
        labelled = {c: ("psu" if len(names) == 1 else "stages") for c in names}
        labelled |= {self.strata: "strata"} if self.strata else {}
        coded = {c: table.factor(c, argument) for c, argument in labelled.items()}
        for c in labelled:
            table.similar(c, labelled[c], coded[c][1])
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
            unequal=unequal_of(self.pps, self.joint, self.pps_variance, bool(fpc)),
        )
        if self.weights is None and fpc:
            base = recipes.weights_of_design(design, unit)
        made = {"table": table, "base": base, "unit": unit, "design": design}
        for name, value in made.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "data", None)
        object.__setattr__(self, "joint", None)

    def describe(self, **words: Any) -> Self:
        """Return the survey with words for its rows, units, population, window and limits.

        Parameters
        ----------
        **words : str or Definition
            Any of rows, psus, population, window, denominator, definition and excludes; a
            `Definition` stands for its name, version and hash, its window and its denominator.

        Returns
        -------
        Survey
            The same numbers; estimates carry the words.

        Raises
        ------
        TypeError
            When a word is unknown, or not one text.
        """
        words = words_of(words)
        check_words("describe", words, About.__dataclass_fields__)
        return self._replace(about=replace(self.about, **words))

    def classify(
        self, definition: Any, *, window: str | None = None, contradictions: str = "error"
    ) -> Self:
        """Return the survey with a column that tells who is a case by a definition.

        Parameters
        ----------
        definition : Definition
            Indicators and rules; see `Definition.classify` for the audit of what they found.
        window : str, optional
            Window of the outcome, in place of the definition's own.
        contradictions : {"error", "keep", "imply"}
            Where an answer is yes within a window and no in a wider one, as in
            `Definition.classify`.

        Returns
        -------
        Survey
            The same rows with the column ``definition.outcome(window)`` of 1, 0 and missing (with
            bounds, two columns ending in ``_low`` and ``_high`` too). Estimates of it carry the
            definition's name, version and hash; its denominator is ``where=definition.where``.

        Raises
        ------
        ValueError, TypeError, KeyError
            As `Definition.classify`.

        Examples
        --------
        >>> import prevalence as pv
        >>> threat = pv.Indicator("q1 == 1", domain="violence", strength="strong")
        >>> definition = pv.Definition(
        ...     "Threatened", "1", indicators={"threat": threat}, rule=pv.AnyOf("threat")
        ... )
        >>> survey = pv.Survey({"age": [9, 12, 30], "q1": [1, 0, 1]}).classify(definition)
        >>> name = definition.outcome()
        >>> pv.direct.prevalence(survey, name, where=definition.where).value
        array([0.5])
        """
        refuse(self.merged, "classify")
        classify = getattr(definition, "classify", None)
        if classify is None or isinstance(definition, type):
            raise TypeError(
                f"definition must be a Definition: found {shown(definition)}. Make one with "
                "pv.Definition(...) or pv.Definition.from_toml(path)."
            )
        found: Self = classify(self, window=window, contradictions=contradictions).survey
        return found

    def _with_columns(self, columns: Mapping[str, Array], coded: Mapping[str, Coded]) -> Self:
        """Return the survey with more columns, and what they were coded by."""
        table = Table({**self.table.columns, **columns}, self.n)
        new = self._replace(table=table, coded={**self.coded, **coded})
        new.__dict__["chain"] = self.chain
        return new

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

        refuse(self.merged, "influence")
        return influence(self, theta, by=by, where=where)

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        variance = "linearised" if self.scheme is None else self.scheme.words
        steps = ", ".join(step.name for step in self.steps) or "base weights only"
        strata = len(self.design.stratum_labels)
        units = (
            f", {self.design.stages[0].parent.size:,} {self.about.psus}, {strata:,} "
            f"{'stratum' if strata == 1 else 'strata'}"
        )
        told = self.scheme is None or not self.scheme.given or self.psu or self.stages
        cells = "" if self.merged is None else f" in {self.n:,} cells"
        rows = self.n if self.merged is None else self.merged.rows
        return (
            f"<Survey: {rows:,} {self.about.rows}{cells}{units if told else ''}; weights: {steps}; "
            f"variance: {variance}>"
        )


def _check_single(**named: Any) -> None:
    """Check that each argument is the name of one column, or None."""
    for argument, name in named.items():
        if name is not None and not isinstance(name, str):
            raise TypeError(
                f"{argument} must be the name of one column: found {type(name).__name__}. Cross "
                "columns into one, or name the units of several stages in stages=[...]."
            )


def _declared(
    psu: str | None, stages: Sequence[str] | None, fpc: str | Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """Return the columns of the units and of their populations, by stage."""
    if stages and psu:
        raise ValueError(
            f"psu and stages must not both be given: found {psu!r} and {list(stages)}. Name the "
            "units of all stages, the primary ones first, in stages=[...]."
        )
    names = names_of("stages", stages or ()) or ([psu] if psu else [])
    counts = [fpc] if isinstance(fpc, str) else list(fpc or [])
    if len(counts) > max(1, len(names)):
        raise ValueError(
            f"fpc must have at most one column per stage: found {len(counts)} for "
            f"{max(1, len(names))}. Name the units of all stages in stages=[...]."
        )
    return names, counts


def require_survey(survey: object) -> None:
    """Raise TypeError for anything but a `Survey`."""
    if not isinstance(survey, Survey):
        raise TypeError(
            f"survey must be a Survey: found {type(survey).__name__}. Make one with pv.Survey(data, "
            "weights=...)."
        )


def _base(table: Table, weights: str | None, missing: str) -> Array:
    """Return the base weights, checked."""
    if weights is None:
        return np.ones(table.n)
    w = table.numeric(weights, "weights")
    gone = np.isnan(w)
    if missing == "drop" and gone.any():
        warn(
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
        warn(
            f"weights are zero in {int(zero.sum()):,} of {w.size:,} rows (first: row "
            f"{int(np.flatnonzero(zero)[0])}): they keep their place in the design and enter no "
            "estimate. Give a weight to those that stand for somebody."
        )
    return w
