"""`Estimate`: the one result, with its uncertainty by source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from .arguments import explained
from .blocks import Block
from .errors import check_words, nearest, number, shown
from .estimand import Estimand
from .uncertainty import Uncertainty

if TYPE_CHECKING:
    import pandas as pd

    from .reporting import Table

__all__ = ["Estimand", "Estimate"]

Array = NDArray[Any]


@explained
@dataclass(frozen=True, eq=False)
class Estimate(Uncertainty):
    """Estimates with their joint uncertainty, what they estimate and how they were made.

    One row per outcome and domain. Arithmetic aligns columns of the same source, so a difference
    of two estimates from one survey has its covariance; independent sources add up. Estimators
    make these objects; they are not changed afterwards.

    Parameters
    ----------
    value : array of shape (rows,)
        Estimates, in the unit named by `unit`.
    blocks : tuple of Block
        Uncertainty by source: a sample, lists or a number known with uncertainty.
    labels, label_names : tuple of tuples of str, tuple of str
        Domain of each row, empty for the whole sample; columns that make the domains.
    outcomes : tuple of str
        Outcome of each row.
    unit : str
        ``"proportion"``, ``"count"``, ``"mean"``, ``"total"``, ``"ratio"`` or ``"difference"``.
    estimand : Estimand, optional
        What is estimated; None for a number known from elsewhere.
    method : str
        Name of the estimator.
    interval_rule : str
        Rule of `interval`, such as ``"auto"``, ``"logit"``, ``"wald"`` or ``"log"``.
    constants : mapping of str to array
        What the rule needs beside value and standard error, such as n and the design effect.
    maps : tuple
        Monotone maps applied since, through which the limits are carried.
    facts : mapping of str to array
        Facts of the rows: n, missing, cases, psus, psus_with_cases, deff, deff_source, n_eff.
    assumptions, warnings, citations : tuple of str
        What was assumed, what was said while estimating, and the papers.
    provenance : mapping
        How rows, weights and variances were made, in words.

    Attributes
    ----------
    std_error, df : arrays of shape (rows,)
        Standard errors and degrees of freedom; over several sources Satterthwaite's.
    covariance : array of shape (rows, rows)
        Covariance matrix of the rows.

    References
    ----------
    Lumley, T. (2010). Complex Surveys: A Guide to Analysis Using R. Wiley.
    doi:10.1002/9780470580066

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"y": [1, 0, 1, 0], "w": [1.0, 1.0, 2.0, 2.0]}, weights="w")
    >>> mean = pv.direct.mean(survey, "y")
    >>> mean.value
    array([0.5])
    >>> mean.describe(window="last week").take([0]).estimand.window
    'last week'
    >>> print(mean.explain().splitlines()[0])
    This estimates the mean of "y", with the method direct.mean.
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = mean.save(f"{folder}/mean.prevalence")
    ...     again = pv.load(file)
    >>> again.value
    array([0.5])
    """

    value: Array
    blocks: tuple[Block, ...]
    labels: tuple[tuple[str, ...], ...] = ((),)
    label_names: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ("",)
    unit: str = "mean"
    estimand: Estimand | None = None
    method: str = ""
    interval_rule: str = "wald"
    constants: Mapping[str, Array] = field(default_factory=dict)
    maps: tuple[tuple[str, Any], ...] = ()
    facts: Mapping[str, Array] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    __array_priority__ = 1000

    def __post_init__(self) -> None:
        value = np.array(self.value, dtype=float).reshape(-1)
        value.setflags(write=False)
        object.__setattr__(self, "value", value)
        p = value.size
        if len(self.labels) != p and len(self.labels) == 1:
            object.__setattr__(self, "labels", self.labels * p)
        if len(self.outcomes) != p and len(self.outcomes) == 1:
            object.__setattr__(self, "outcomes", self.outcomes * p)

    def __len__(self) -> int:
        return int(self.value.size)

    def __float__(self) -> float:
        if len(self) != 1:
            raise TypeError(
                f"float() needs an estimate of one row: found {len(self)}. Choose one, as in "
                "e['Kingston']."
            )
        return float(self.value[0])

    # ------------------------------------------------------------------ rows
    def __getitem__(self, key: int | str | tuple[str | int, ...]) -> Estimate:
        if isinstance(key, (int, np.integer)):
            if not -len(self) <= key < len(self):
                raise IndexError(
                    f"a row must be one of {len(self)}, from 0: found {key}. Choose another, or name "
                    "a domain."
                )
            return self.take(np.array([range(len(self))[key]]))
        wanted = (key,) if isinstance(key, str) else tuple(str(k) for k in key)
        names = list(zip(self.labels, self.outcomes, strict=True))
        # Codes of two columns may be the same: a domain in full, in its order, is that domain alone.
        exact = [
            i for i, (label, y) in enumerate(names) if wanted in (label, (*label, y), (y, *label))
        ]
        rows = exact or [i for i, (label, y) in enumerate(names) if set(wanted) <= {*label, y}]
        if not rows:
            known = dict.fromkeys([x for label in self.labels for x in label] + list(self.outcomes))
            raise KeyError(
                f"domain must be one of the estimate's: {key!r} is not.{nearest(wanted[0], known)}"
            )
        return self.take(np.array(rows))

    def take(self, rows: Array) -> Estimate:
        """Return some rows, by position.

        Parameters
        ----------
        rows : array of int
            Positions, from 0, in the order wanted; they may repeat.

        Returns
        -------
        Estimate
            Those rows, with their joint uncertainty.
        """
        p, rows = len(self), self._positions(rows)

        def pick(item: Any) -> Any:
            return item[rows] if isinstance(item, np.ndarray) and item.shape[:1] == (p,) else item

        return replace(
            self,
            value=self.value[rows],
            blocks=tuple(block.take(rows) for block in self.blocks),
            labels=tuple(self.labels[i] for i in rows),
            outcomes=tuple(self.outcomes[i] for i in rows),
            constants={k: pick(v) for k, v in self.constants.items()},
            facts={k: pick(v) for k, v in self.facts.items()},
            maps=tuple((name, pick(c)) for name, c in self.maps),
        )

    def _positions(self, rows: Any) -> Array:
        """Return positions of rows, after checking them."""
        at = np.asarray(rows)
        fits = at.ndim == 1 and (at.dtype.kind in "iu" or at.size == 0)
        bad = [] if not fits else [int(k) for k in at if not -len(self) <= k < len(self)]
        if not fits or bad:
            found = f"{bad[0]} for {len(self)} rows" if bad else shown(rows)
            raise ValueError(
                f"rows must be positions of rows, whole numbers from 0: found {found}. Write for "
                "example [0, 2]."
            )
        return at.astype(int)

    def describe(self, **fields: str) -> Self:
        """Return the same numbers with parts of the estimand named anew.

        Parameters
        ----------
        **fields : str
            Parts of the `Estimand`, such as outcome, window or population.

        Returns
        -------
        Estimate
            The same numbers: where the quantity differs too, convert with `bridge`.

        Raises
        ------
        TypeError
            When a word is not a part of the estimand.
        """
        check_words("describe", fields, Estimand.__dataclass_fields__)
        return replace(self, estimand=replace(self.estimand or Estimand(), **fields))

    def bridge(
        self, factor: Estimate | float, *, reason: str, add: bool = False, **to: str
    ) -> Estimate:
        """Convert to another estimand by a factor (or a term to add), with the reason in words.

        Parameters
        ----------
        factor : Estimate or float
            What to multiply by, or with `add` to add; an estimate, such as one made by
            `prevalence.uncertain`, brings its uncertainty.
        reason : str
            Why the conversion holds; it is kept among the assumptions.
        add : bool
            Whether to add in place of multiplying.
        **to : str
            Parts of the estimand that are new, such as ``window="2023"``.

        Returns
        -------
        Estimate
            The converted rows, of the same unit.

        Raises
        ------
        ValueError, TypeError
            When the reason is empty, or a part is not one of the estimand's.

        Notes
        -----
        The variance is the delta method's: with independent x and c that of x c is
        ``c**2 V(x) + x**2 V(c)``. It fails where the factor holds for another population, and where
        both are very uncertain.

        Examples
        --------
        >>> import prevalence as pv
        >>> ever = pv.direct.prevalence(pv.Survey({"case": [1, 0, 0, 0] * 10}), "case")
        >>> recent = ever.bridge(0.5, reason="Half were within the year.", window="last year")
        >>> recent.value, recent.estimand.window
        (array([0.125]), 'last year')
        """
        if not reason:
            raise ValueError(
                "reason must say why the bridge holds: found an empty text. Write one sentence."
            )
        kind = "add" if add else "times"
        by = number("factor", factor)
        said = f"Bridge ({kind} {f'{by:.4g}' if abs(by) < 1e4 else f'{by:,.0f}'}): {reason}"
        moved = self + _known(factor) if add else self * _known(factor)
        out = replace(
            moved,
            estimand=self.estimand,
            unit=self.unit,
            facts=self.facts,
            labels=self.labels,
            outcomes=self.outcomes,
            assumptions=(*moved.assumptions, said),
        )
        return out.describe(**to)

    def count(self, population: Estimate | float) -> Estimate:
        """Return a proportion as a number of people: population times the proportion.

        Parameters
        ----------
        population : Estimate or float
            Number of people that the proportion refers to, known or with its uncertainty.

        Returns
        -------
        Estimate
            The same rows in persons.

        Raises
        ------
        ValueError
            When the estimate is not a proportion, or the population is not a positive number.

        Notes
        -----
        With a number, the limits are those of the proportion times that number. With an estimate
        the interval is the delta method's on the log scale, and fails with few cases. A row without
        a case then has the upper limit of no event, as in `direct.counts`.

        Examples
        --------
        >>> import prevalence as pv
        >>> share = pv.direct.prevalence(pv.Survey({"case": [1, 0, 0, 0] * 10}), "case")
        >>> share.count(1000).interval().round()
        array([[136., 401.]])
        """
        if self.unit != "proportion":
            raise ValueError(
                f"count needs a proportion: this estimate is a {self.unit}. Use it as it is."
            )
        size = number("population", population)
        if not np.isfinite(size) or size <= 0:
            raise ValueError(
                f"population must be a positive number: found {size:g}. Give the number of people "
                "in the population that the proportion refers to."
            )
        constants: Mapping[str, Array] | None = None
        if (
            isinstance(population, Estimate)
            and "deff" in self.constants
            and (self.value == 0).any()
        ):
            constants = {"one_report": size * self.constants["deff"] / self.constants["n"]}
        people = self * _known(population)
        return replace(
            people,
            unit="count",
            interval_rule="log" if constants else people.interval_rule,
            constants=constants or people.constants,
            estimand=self.estimand,
            facts=self.facts,
            labels=self.labels,
            outcomes=self.outcomes,
        )

    def assume_independent(self, reason: str) -> Estimate:
        """Return the same numbers, whose posterior draws may be combined with other estimates.

        Parameters
        ----------
        reason : str
            Why they are independent, such as that the samples are; kept among the assumptions.

        Returns
        -------
        Estimate
            The same rows. Combined with other estimates, their variances add up by the delta method;
            with estimates of the same fit they still pair draw by draw.

        Raises
        ------
        ValueError
            When the estimate has no posterior draws, or the reason is empty.

        Notes
        -----
        Posterior draws have no covariance with columns of a design: even a direct estimate and a
        model of one survey are refused until it is stated. It fails (usually too wide for a
        difference, too narrow for a sum) where both come from the same respondents.

        Examples
        --------
        >>> import prevalence as pv
        >>> known = pv.uncertain(500, std_error=50)
        >>> try:
        ...     known.assume_independent("Other data.")
        ... except ValueError as error:
        ...     print(error)
        assume_independent is for posterior draws: this estimate has none. ...
        """
        from .draws import independent

        return independent(self, reason)

    # ------------------------------------------------------------------ arithmetic
    def __add__(self, other: Any) -> Estimate:
        return _operate(np.add, self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Estimate:
        return _operate(np.subtract, self, other)

    def __rsub__(self, other: Any) -> Estimate:
        return _operate(np.subtract, other, self)

    def __mul__(self, other: Any) -> Estimate:
        return _operate(np.multiply, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Estimate:
        return _operate(np.true_divide, self, other)

    def __rtruediv__(self, other: Any) -> Estimate:
        return _operate(np.true_divide, other, self)

    def __pow__(self, other: Any) -> Estimate:
        return _operate(np.power, self, other)

    def __rpow__(self, other: Any) -> Estimate:
        return _operate(np.power, other, self)

    def __neg__(self) -> Estimate:
        return self * -1.0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            return NotImplemented
        return _operate(ufunc, *inputs)

    # ------------------------------------------------------------------ to read
    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return one row per outcome and domain as a pandas DataFrame.

        Parameters
        ----------
        level : float
            Probability of the interval.

        Returns
        -------
        pandas.DataFrame
            Columns outcome, domain, n, missing, cases, psus, psus_with_cases, estimate, std_error,
            conf_low, conf_high, cv, deff, deff_source, n_eff, df, interval, flag and definition.

        Examples
        --------
        >>> import prevalence as pv
        >>> e = pv.direct.prevalence(pv.Survey({"case": [1, 0, 0, 0] * 10}), "case")
        >>> e.to_frame()[["domain", "n", "cases", "estimate"]].values.tolist()
        [['all', 40, 10, 0.25]]
        """
        from .presentation import frame

        return frame(self, level)

    def explain(self) -> str:
        """Say in words what was done with what.

        Returns
        -------
        str
            Lines on the estimand, design, weights, variance, interval, assumptions and sources.
        """
        from .presentation import explain

        return explain(self)

    def sentence(self, level: float = 0.95) -> str:
        """Return the sentence to print, one line per row.

        Parameters
        ----------
        level : float
            Probability of the interval.

        Returns
        -------
        str
            Estimate, interval, cases and rows, window, definition and whom the sample leaves out.

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"case": [1, 0, 0, 0] * 10}).describe(window="2023")
        >>> print(pv.direct.prevalence(survey, "case").sentence())
        An estimated 25.0 % (95 % interval 13.6 to 40.1; 10 cases among 40 rows) of the population
        sampled, in 2023. Outcome: case.
        """
        from .presentation import sentence

        return sentence(self, level)

    def table(
        self,
        *,
        per: int | None = None,
        lang: str = "en",
        disclosure: str = "on",
        synthetic: bool = False,
        level: float = 0.95,
    ) -> Table:
        """Return the table that a paper or a ministry prints, small cells suppressed.

        Parameters
        ----------
        per : int, optional
            Shares per so many people, such as 1000, in place of per cent.
        lang : {"en", "fr"}
            Language of heads, remarks and notes; names and assumptions stay as given.
        disclosure : str
            ``"on"``, or ``"off:"`` with the reason, which the table then states.
        synthetic : bool
            Whether the data are synthetic: the table says so.
        level : float
            Probability of the interval.

        Returns
        -------
        Table
            Rows with n, cases, estimate, interval, cv, design effect and remarks; `to_markdown`,
            `to_latex`, `to_html`, `to_word` and `to_excel` write it.

        Raises
        ------
        DisclosureError
            When no row can be published.
        ValueError
            When `per` is asked of other than shares, or the language is none of the library's.

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"case": [1, 0, 0, 0] * 50})
        >>> table = pv.direct.prevalence(survey, "case").table(per=1000)
        >>> table.to_frame()[["n", "estimate", "lower limit", "unit"]].values.tolist()
        [[200, 250, 194, 'per 1,000']]
        """
        from .reporting.rows import table_of_estimates
        from .synthesis import Comparison

        return table_of_estimates(
            Comparison({"": self}),
            alone=True,
            per=per,
            lang=lang,
            level=level,
            disclosure=disclosure,
            synthetic=synthetic,
        )

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the estimate to one file (JSON and arrays, no pickle); `prevalence.load` reads it.

        Parameters
        ----------
        path : str or Path
            The file; a missing folder is made.
        overwrite : bool
            Whether a file of that name may be replaced.

        Returns
        -------
        Path
            The file. It holds labels of sampled units: treat it like the data.

        Raises
        ------
        FileExistsError, IsADirectoryError, NotADirectoryError
            When the file exists, or the path is a folder or lies in a file.
        """
        from .storage import save

        return save(self, path, overwrite=overwrite)

    def __repr__(self) -> str:
        from .console import text

        return text(self)

    def _repr_html_(self) -> str:
        from .console import html

        return html(self)


def _known(quantity: Estimate | float) -> Estimate | float:
    """Return a quantity that takes on the estimand of what it is combined with."""
    return replace(quantity, estimand=None) if isinstance(quantity, Estimate) else quantity


def _operate(ufunc: np.ufunc, *inputs: Any) -> Estimate:
    from .algebra import operate

    return operate(ufunc, *inputs)
