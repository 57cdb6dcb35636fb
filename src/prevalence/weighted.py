"""The weighting recipe of a sample: base weights and an ordered tuple of steps, as verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from . import recipes
from .chain import Chain
from .design import Design
from .errors import one_of
from .frames import Table, read
from .weighting import Attach, Step

if TYPE_CHECKING:
    import pandas as pd

    from .estimate import Estimate

__all__ = ["Weighted"]

Array = NDArray[Any]


class Weighted:
    """Rows with base weights and weighting steps; every verb returns a new sample."""

    table: Table
    base: Array
    unit: Array
    design: Design
    factors: tuple[tuple[str, Array], ...]
    steps: tuple[Step | Attach, ...]
    __dataclass_fields__: Any

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.table.n

    @cached_property
    def chain(self) -> Chain:
        """The recipe seen from the units."""
        return self._chain()

    def _chain(self) -> Chain:
        return Chain(self.base, self.unit, self.design.n_units, self.steps)

    @property
    def final_weights(self) -> Array:
        """Weights of the rows after every step, in the user's order."""
        return self.chain.weights.copy()

    def _replace(self, **changes: Any) -> Self:
        new = object.__new__(type(self))
        for name in self.__dataclass_fields__:
            object.__setattr__(new, name, changes.get(name, getattr(self, name)))
        return new

    def _step(self, step: Step) -> Self:
        recipes.check_order(self.steps, step)
        new = self._replace(steps=(*self.steps, step))
        new.__dict__["chain"] = new._chain()  # at once, so that a step that fails does so here
        recipes.warn_of_negative(step, self.chain.weights, new.chain.weights)
        return new

    def nonresponse(self, responded: str, *, within: Sequence[str] | str = ()) -> Self:
        """Return the survey with respondents carrying the weight of their response class.

        Parameters
        ----------
        responded : str
            Column of 1 (answered) and 0 (did not).
        within : str or list of str
            Columns whose crossing makes the classes, each with a respondent; by default one class.

        Returns
        -------
        Survey
            Weights are ``w r S / R`` (r is 1 or 0; S and R sum w over class and respondents). It
            fails (biased) where, within a class, cases answer more or less often than others.

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"answered": [1, 1, 0, 1], "area": ["n", "n", "n", "s"]})
        >>> survey.nonresponse("answered", within="area").final_weights
        array([1.5, 1.5, 0. , 1. ])
        """
        return self._step(recipes.nonresponse(self.table, responded, within))

    def propensity(self, responded: str, *, on: Sequence[str]) -> Self:
        """Return the survey with respondents weighted by one over a fitted logistic propensity.

        Parameters
        ----------
        responded : str
            Column of 1 (answered) and 0 (did not).
        on : list of str
            Predictors: numbers as they are, text by class.

        Returns
        -------
        Survey
            Weights are ``w r / p(x)``, p the weighted maximum-likelihood fit, which enters the
            variance. It fails where p is near zero, or where answering depends on more than x.
        """
        return self._step(recipes.propensity(self.table, responded, on))

    def poststratify(
        self, margin: str | Sequence[str], totals: Mapping[Any, float | Estimate]
    ) -> Self:
        """Return the survey whose weights add up to known totals of the (crossed) categories.

        Parameters
        ----------
        margin : str or list of str
            Column, or columns to cross.
        totals : mapping
            Total of each category, or tuple of categories, in the data; none may be left out. A
            total that is an estimate (`prevalence.uncertain`) brings its own uncertainty.

        Returns
        -------
        Survey
            The same rows, weights times ``T / S``: the category's total over its sum of weights. It
            fails (unstable) with few rows in a category.

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"sex": ["F", "F", "M"]})
        >>> survey.poststratify("sex", {"F": 60, "M": 40}).final_weights
        array([30., 30., 40.])
        """
        step = recipes.poststratify(self.table, self.final_weights, margin, totals)
        return self._step(step)

    def rake(
        self,
        margins: Mapping[Any, Mapping[Any, float | Estimate]],
        *,
        rescale: bool = False,
        residuals: str = "exact",
    ) -> Self:
        """Return the survey raked to several margins.

        Parameters
        ----------
        margins : mapping
            Totals by category of each column, or tuple of columns; none may be left out. A total
            that is an estimate brings its own uncertainty.
        rescale : bool
            Scale all margins to the total of the first, where they differ (otherwise an error).
        residuals : {"exact", "initial"}
            Weights that linearise the step: the final ones, or those before it, as in R's survey.

        Returns
        -------
        Survey
            The same rows with weights ``w exp(x'l)``: x indicates the categories, and l meets the
            margins. Numbers among them are taken as known without error.

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"sex": ["F", "F", "M", "M"], "area": ["n", "s", "n", "s"]})
        >>> raked = survey.rake({"sex": {"F": 60, "M": 40}, "area": {"n": 30, "s": 70}})
        >>> raked.final_weights.round(6)
        array([18., 42., 12., 28.])
        """
        step = recipes.rake(self.table, self.final_weights, margins, rescale, residuals)
        return self._step(step)

    def calibrate(
        self,
        totals: Mapping[Any, Any],
        *,
        distance: str = "linear",
        bounds: tuple[float, float] | None = None,
        residuals: str = "exact",
    ) -> Self:
        """Return the survey calibrated to totals of numbers, or of the categories of a mapping.

        Parameters
        ----------
        totals : mapping of str to float or mapping
            Total of a column of numbers, or of each category of a column or tuple of columns; no
            constant is added. A total that is an estimate brings its own uncertainty.
        distance : {"linear", "raking", "logit"}
            F(u): ``1 + u`` (weights may be negative), ``exp(u)``, or, with A = (U-L)/((1-L)(U-1)),
            ``(L(U-1) + U(1-L)e^(Au)) / (U-1 + (1-L)e^(Au))``.
        bounds : tuple of float, optional
            For logit, the limits (L, U) of the ratio of new to old weights, L < 1 < U.
        residuals : {"exact", "initial"}
            As for `rake`.

        Returns
        -------
        Survey
            The same rows with weights ``w F(x'l)``, whose sums of x are the totals.

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
        step = recipes.calibrate(
            self.table, self.final_weights, totals, distance, bounds, residuals
        )
        return self._step(step)

    def trim(
        self,
        max_ratio: float | None = None,
        *,
        lower: float | None = None,
        upper: float | None = None,
        strict: bool = False,
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

        Returns
        -------
        Survey
            The others share the excess equally; caps are constants in the variance. It fails
            (biased) where large weights go with the outcome.

        Examples
        --------
        >>> import prevalence as pv
        >>> pv.Survey({"w": [10, 10, 10, 40]}, weights="w").trim(2.5).final_weights
        array([15., 15., 15., 25.])
        """
        return self._step(recipes.trim(self.final_weights, max_ratio, lower, upper, strict))

    def attach(self, data: Any, *, on: str, select: str = "all", one: str | None = None) -> Self:
        """Return a survey over rows that belong to these rows, with the same sampled units.

        Parameters
        ----------
        data : pandas, polars or pyarrow table, or mapping
            Rows to attach, such as persons of households.
        on : str
            Key column in both: one present row per key, and one for each attached row.
        select, one : {"all"}, str
            All rows of a key are in the data, or one out of as many as the column `one` counts.

        Returns
        -------
        Survey
            The attached rows with their key's weight, with `one` times the count: chances within a
            key are equal. Estimates from both surveys have their covariance.

        Examples
        --------
        >>> import prevalence as pv
        >>> children = {"id": ["a", "b"], "eligible": [1, 3]}
        >>> pv.Survey({"id": ["a", "b"]}).attach(children, on="id", one="eligible").final_weights
        array([1., 3.])
        """
        one_of("select", select, ["all"])
        table = read(data)
        step = recipes.attach(self.table, table, on, one)
        return self._replace(table=table, steps=(*self.steps, step))

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
        return recipes.weight_flow(self.base, self.steps, self.factors)
