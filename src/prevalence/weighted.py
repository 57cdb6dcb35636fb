"""The weighting recipe of a sample: base weights and an ordered tuple of steps, as verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from . import margins as build
from . import recipes, response
from .arguments import explained
from .chain import Chain
from .design import Design
from .errors import keeps, one_of
from .frames import Table, read
from .merged import Merged, refuse
from .weighting import Attach, Step

if TYPE_CHECKING:
    import pandas as pd

    from .estimate import Estimate

__all__ = ["Weighted"]

Array = NDArray[Any]


@explained
class Weighted:
    """Rows with base weights and weighting steps; every verb returns a new sample."""

    table: Table
    base: Array
    unit: Array
    design: Design
    factors: tuple[tuple[str, Array], ...]
    steps: tuple[Step | Attach, ...]
    notes: tuple[str, ...]
    merged: Merged | None
    __dataclass_fields__: Any

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.table.n

    @cached_property
    def chain(self) -> Chain:
        """The recipe seen from the units."""
        return Chain(self.base, self.unit, self.design.n_units, self.steps)

    @property
    def final_weights(self) -> Array:
        """Weights of the rows after every step, in the user's order."""
        return self.chain.weights.copy()

    @property
    def copies(self) -> Array | None:
        """Persons that each row stands for; None where each is one."""
        return None if self.merged is None else self.merged.persons

    def _replace(self, **changes: Any) -> Self:
        new = object.__new__(type(self))
        for name in self.__dataclass_fields__:
            object.__setattr__(new, name, changes.get(name, getattr(self, name)))
        return new

    def _step(self, step: Step, *, ordered: bool = True) -> Self:
        if ordered:
            recipes.check_order(self.steps, step)
        new = self._replace(steps=(*self.steps, step))
        # The weights are made at once, so that a step that fails does so here.
        new.__dict__["chain"] = self.chain.followed_by(step)
        recipes.warn_of_negative(step, self.chain.weights, new.chain.weights)
        recipes.warn_of_gap(step, new.chain.weights)
        return new

    @keeps
    def eligibility(self, known: str, *, within: Sequence[str] | str = ()) -> Self:
        """Return the survey with rows of known eligibility carrying the unknown of their class.

        Parameters
        ----------
        known : str
            Column of 1 (eligible or not, it is known) and 0 (not known).
        within : str or list of str
            Columns whose crossing makes the classes; by default one class.

        Returns
        -------
        Survey
            Weights are ``w k S / K`` (k is 1 or 0; S and K sum w over class and known rows): the
            unknown are taken to be eligible as often as the known of their class. It fails (biased)
            where they are not, as when empty houses are never reached.

        References
        ----------
        Valliant, R., Dever, J. A. and Kreuter, F. (2018). Practical Tools for Designing and
        Weighting Survey Samples, 2nd ed. Springer. doi:10.1007/978-3-319-93632-1

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"known": [1, 1, 0], "eligible": [1, 0, 0], "answered": [1, 0, 0]})
        >>> survey.eligibility("known").final_weights
        array([1.5, 1.5, 0. ])
        """
        return self._step(response.eligibility(self.table, known, within))

    @keeps
    def nonresponse(
        self,
        responded: str | None,
        *,
        within: Sequence[str] | str = (),
        eligible: str | None = None,
        propensity: Sequence[str] | str = (),
        refusals: str | Mapping[Any, float] | None = None,
    ) -> Self:
        """Return the survey with respondents carrying the weight of those who did not answer.

        Parameters
        ----------
        responded : str or None
            Column of 1 (answered) and 0 (did not); None with `refusals`.
        within : str or list of str
            Columns whose crossing makes the classes, each with a respondent; by default one class.
        eligible : str, optional
            Column of 1 and 0: rows of 0 neither carry nor are carried, and keep their weight.
        propensity : list of str, optional
            In place of classes, predictors of a logistic response propensity: numbers as they are,
            text by class.
        refusals : str or mapping, optional
            Numbers of refusals that have no rows: by class, or a column that is constant in it.

        Returns
        -------
        Survey
            Weights are ``w r S / R`` (r is 1 or 0; S and R sum w over class and respondents);
            with a propensity ``w r / p(x)``, p the weighted maximum-likelihood fit, which enters
            the variance; with m rows and c refusals in a class, ``w (m + c) / m``.

        Raises
        ------
        ConvergenceError
            When the propensity has no maximum, as where all of a class answered.

        Notes
        -----
        It fails (biased) where, within a class or given x, cases answer more or less often than
        others, and (unstable) where p is near zero. It warns where the classes let one primary unit
        carry a whole stratum, whose part of the variance is then missing. The factor of refusals is exact in every
        variance for classes inside one primary unit; for others it is held constant, which leaves
        the variation of the counts out.

        References
        ----------
        Kim, J. K. and Kim, J. J. (2007). Nonresponse weighting adjustment using estimated response
        probability. Canadian Journal of Statistics 35, 501-514. (DOI not checked)

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"answered": [1, 1, 0, 1], "area": ["n", "n", "n", "s"]})
        >>> survey.nonresponse("answered", within="area").final_weights
        array([1.5, 1.5, 0. , 1. ])
        >>> survey.nonresponse(None, within="area", refusals={"n": 3, "s": 1}).final_weights
        array([2., 2., 2., 2.])
        """
        step = response.nonresponse(
            self.table, self.chain.weights, responded, within, eligible, propensity, refusals
        )
        made = self._step(step)
        recipes.warn_of_lone_units(self.design, self.unit, step, self.chain.weights)
        return made

    @keeps
    def poststratify(
        self,
        margin: str | Sequence[str],
        totals: Mapping[Any, float | Estimate],
        *,
        partial: bool = False,
        where: str | None = None,
    ) -> Self:
        """Return the survey whose weights add up to known totals of the (crossed) categories.

        Parameters
        ----------
        margin : str or list of str
            Column, or columns to cross.
        totals : mapping
            Total of each category, or tuple of categories, in the data; none may be left out. A
            total that is an estimate (`prevalence.uncertain`) brings its own uncertainty.
        partial : bool
            Leave out categories that no row has, with a warning, in place of an error.
        where : str, optional
            Condition of the rows that the totals count, as ``"eligible == 1"``; others keep their
            weight.

        Returns
        -------
        Survey
            The same rows, weights times ``T / S``: the category's total over its sum of weights. It
            fails (unstable) with few rows in a category.

        References
        ----------
        Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling.
        Springer. doi:10.1007/978-1-4612-4378-6

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"sex": ["F", "F", "M"]})
        >>> survey.poststratify("sex", {"F": 60, "M": 40}).final_weights
        array([30., 30., 40.])
        """
        step = build.poststratify(self.table, self.chain.weights, margin, totals, partial, where)
        return self._step(step)

    @keeps
    def rake(
        self,
        margins: Mapping[Any, Mapping[Any, float | Estimate]],
        *,
        rescale: bool = False,
        residuals: str = "exact",
        where: str | None = None,
        on_fail: str = "error",
    ) -> Self:
        """Return the survey raked to several margins.

        Parameters
        ----------
        margins : mapping
            Totals by category of each column, or tuple of columns; none may be left out. A total
            that is an estimate brings its own uncertainty.
        rescale : bool
            Scale all margins to the total of the first, where they differ (otherwise an error).
        residuals : {"exact", "initial", "sweep"}
            Linearised with the final weights; with those before the step, as R's ``calibrate``; or
            by sweeping unweighted margins ten times, as R's ``rake``.
        where : str, optional
            As for `poststratify`.
        on_fail : {"error", "warn"}
            What to do when the margins cannot be met; with a warning the closest weights stand.

        Returns
        -------
        Survey
            The same rows with weights ``w exp(x'l)``: x indicates the categories, and l meets the
            margins. Numbers among them are taken as known without error. It fails (unstable) with
            few rows in a category, and corrects nothing within one.

        References
        ----------
        Deville, J.-C. and Sarndal, C.-E. (1992). Calibration estimators in survey sampling. JASA
        87, 376-382. doi:10.1080/01621459.1992.10475217

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"sex": ["F", "F", "M", "M"], "area": ["n", "s", "n", "s"]})
        >>> raked = survey.rake({"sex": {"F": 60, "M": 40}, "area": {"n": 30, "s": 70}})
        >>> raked.final_weights.round(6)
        array([18., 42., 12., 28.])
        """
        step = build.rake(
            self.table,
            self.chain.weights,
            margins,
            rescale=rescale,
            residuals=residuals,
            where=where,
            on_fail=on_fail,
        )
        return self._step(step)

    @keeps
    def calibrate(
        self,
        totals: Mapping[Any, Any],
        *,
        distance: str = "linear",
        bounds: tuple[float, float] | None = None,
        constant: str | None = None,
        residuals: str = "exact",
        where: str | None = None,
        on_fail: str = "error",
    ) -> Self:
        """Return the survey calibrated to totals of numbers, or of the categories of a mapping.

        Parameters
        ----------
        totals : mapping of str to float or mapping
            Total of a column of numbers, or of each category of a column or tuple of columns; no
            constant is added. A total that is an estimate brings its own uncertainty.
        distance : {"linear", "raking", "logit", "sinh"}
            F(u): ``1 + u`` (weights may be negative); ``exp(u)``; with A = (U-L)/((1-L)(U-1)),
            ``(L(U-1) + U(1-L)e^(Au)) / (U-1 + (1-L)e^(Au))``; or, with s = asinh 2u,
            ``(s + sqrt(s^2 + 4)) / 2``, which is always positive. Its u grows as e to the ratio of the
            weights, so that it may fail beyond a ratio of 15, where u has no digits left: use raking.
        bounds : tuple of float, optional
            Limits (L, U) of the ratio of new to old weights, L < 1 < U: needed for logit; the
            other functions are cut off at them.
        constant : str, optional
            Column of clusters, such as households, whose rows keep one weight: x is their mean.
        residuals : {"exact", "initial"}
            As for `rake`.
        where, on_fail : str
            As for `rake`.

        Returns
        -------
        Survey
            The same rows with weights ``w F(x'l)``, whose sums of x are the totals.

        Raises
        ------
        ConvergenceError
            When no weights meet the totals, within the bounds if there are some.

        Notes
        -----
        Columns determined by those before them change nothing and are named in a warning. Weights
        at a bound are held there in the linearised variance. It fails (unstable) with many totals
        for few rows.

        References
        ----------
        Deville, J.-C. and Sarndal, C.-E. (1992). Calibration estimators in survey sampling. JASA
        87, 376-382. doi:10.1080/01621459.1992.10475217

        Examples
        --------
        >>> import prevalence as pv
        >>> pv.Survey({"size": [1, 2, 3]}).calibrate({"size": 13}).final_weights.round(3)
        array([1.5, 2. , 2.5])
        """
        step = build.calibrate(
            self.table,
            self.chain.weights,
            totals,
            distance=distance,
            bounds=bounds,
            constant=constant,
            residuals=residuals,
            where=where,
            on_fail=on_fail,
        )
        return self._step(step)

    @keeps
    def trim(
        self,
        max_ratio: float | None = None,
        *,
        lower: float | None = None,
        upper: float | None = None,
        strict: bool = False,
        then: str | None = None,
        residuals: str = "exact",
    ) -> Self:
        """Return the survey with weights capped and the excess spread over the others.

        Parameters
        ----------
        max_ratio : float, optional
            Upper cap as a multiple of the median positive weight.
        lower, upper : float, optional
            Caps in units of the weight; `upper` in place of `max_ratio`.
        strict : bool
            Repeat until all lie within the caps; spreading once may lift some over them.
        then : {None, "calibrate"}
            Do the last calibration again, as a step of its own: trimming opens a gap in its
            margins, which `weight_flow` shows. Its weights may leave the caps a little.
        residuals : {"exact", "initial"}
            Linearised through the spreading, or, as in R's survey, with the ratio of trimmed to
            untrimmed weights taken as known.

        Returns
        -------
        Survey
            Weights are ``min(w, c)`` with c the cap, and the others share the excess equally, also
            rows that a `where=` of earlier steps left out; caps are constants in the variance. It
            fails (biased) where large weights go with the outcome, or where much goes to such
            rows: pass ``then="calibrate"``. A weight equal to the cap but for rounding is one of the
            others. A replicate whose mean weight is over the cap has none: all its rows share the
            excess.

        References
        ----------
        Potter, F. J. (1990). A study of procedures to identify and trim extreme sampling weights.
        Proceedings of the Section on Survey Research Methods, American Statistical Association.
        (no DOI)

        Examples
        --------
        >>> import prevalence as pv
        >>> pv.Survey({"w": [10, 10, 10, 40]}, weights="w").trim(2.5).final_weights
        array([15., 15., 15., 25.])
        """
        refuse(self.merged, "trim")
        if then is not None:
            one_of("then", then, ["calibrate"])
            again = recipes.last_calibration(self.steps)
        step = recipes.trim(self.chain.weights, max_ratio, lower, upper, strict, residuals)
        trimmed = self._step(step)
        return trimmed if then is None else trimmed._step(again, ordered=False)

    @keeps
    def attach(
        self,
        data: Any,
        *,
        on: str,
        select: str = "all",
        one: str | None = None,
        links: str | None = None,
    ) -> Self:
        """Return a survey over rows that belong to these rows, with the same sampled units.

        Parameters
        ----------
        data : pandas, polars or pyarrow table, or mapping
            Rows to attach, such as persons of households. Only its columns go on: merge into it
            what you need of these rows, such as a region to estimate by.
        on : str
            Key column in both: one present row per key, and one for each attached row.
        select, one : {"all"}, str
            All rows of a key are in the data, or one out of as many as the column `one` counts.
        links : str, optional
            Column of the number L of units of the frame that could have led to the person, sampled
            or not; one reached through several sampled units has a row for each.

        Returns
        -------
        Survey
            The attached rows with their key's weight, with `one` times the count: chances within a
            key are equal. With `links` the weight is shared, ``w / L``: a person's rows together
            weigh ``sum w_j / L`` over the sampled units j linked to it. Estimates from both surveys
            have their covariance.

        Notes
        -----
        The weight share is unbiased for persons with a link, whatever the links are; it fails
        (biased) where L is misreported, and leaves out those whom no unit of the frame is linked to.

        References
        ----------
        Sirken, M. G. (1970). Household surveys with multiplicity. JASA 65, 257-266.
        (DOI not checked)

        Lavallee, P. (2007). Indirect Sampling. Springer. doi:10.1007/978-0-387-70782-2

        Examples
        --------
        >>> import prevalence as pv
        >>> children = {"id": ["a", "b"], "eligible": [1, 3]}
        >>> pv.Survey({"id": ["a", "b"]}).attach(children, on="id", one="eligible").final_weights
        array([1., 3.])

        A child whom both of two sisters report is shared between them:

        >>> reports = {"id": ["a", "b"], "child": ["x", "x"], "sisters": [2, 2]}
        >>> pv.Survey({"id": ["a", "b"]}).attach(reports, on="id", links="sisters").final_weights
        array([0.5, 0.5])
        """
        refuse(self.merged, "attach")
        one_of("select", select, ["all"])
        table = read(data)
        step = recipes.attach(self.table, table, on, one, links)
        table = replace(table, above=self.table.above.union(self.table.names))
        return self._replace(table=table, steps=(*self.steps, step), coded={})

    def weight_flow(self) -> pd.DataFrame:
        """Return n, sum, CV, Kish deff, range and worst margin gap of the weights by step.

        Returns
        -------
        pandas.DataFrame
            One row per factor of the base weights where they are known (`Survey.from_selection`),
            and per step, over positive weights; Kish's deff is 1 + cv**2, the gap the largest
            relative distance of a margin from its target after all steps so far.

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"sex": ["F", "F", "M"]}).poststratify("sex", {"F": 60, "M": 40})
        >>> survey.weight_flow()[["step", "n", "sum"]].values.tolist()
        [['base weights', 3, 3.0], ['poststratify on sex', 3, 100.0]]
        """
        refuse(self.merged, "weight_flow")
        return recipes.weight_flow(self.base, self.steps, self.factors)
