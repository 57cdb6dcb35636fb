"""Design-based tests of rows of an estimate and of two means; `Test`, what every test returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..errors import nearest
from ..estimate import Estimate
from ..survey import Survey
from .regression import regression

__all__ = ["Test", "t_test", "wald_test"]

Array = NDArray[Any]
WALD = "Korn and Graubard (1990) doi:10.1080/00031305.1990.10475737"


@explained
@dataclass(frozen=True)
class Test:
    """A design-based test: its statistic, the distribution it is held against, and the p-value.

    Parameters
    ----------
    statistic : float
        The statistic, of the kind in `kind`.
    df : float
        Degrees of freedom: of a t, of a chi-square, or of the numerator of an F.
    ddf : float, optional
        Degrees of freedom of the denominator of an F.
    p_value : float
        Probability, were the hypothesis true, of a statistic at least as far from it.
    method : str
        What was done.
    hypothesis : str
        What is tested, in words.
    kind : {"F", "t", "X-squared"}
        The distribution, or that of a weighted sum of chi-squares.
    n : int, optional
        Rows that took part.
    missing : int
        Rows left out since they miss a value.
    design_effects : tuple of float
        Generalised design effects of a table, the eigenvalues of Rao and Scott.
    estimate : Estimate, optional
        What was tested, such as a difference of means.
    citations : tuple of str
        The papers.

    References
    ----------
    Rao, J. N. K. and Scott, A. J. (1984). On chi-squared tests for multiway contingency tables
    with cell proportions estimated from survey data. Annals of Statistics 12, 46-60.
    doi:10.1214/aos/1176346391

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"hours": [2.0, 4.0, 5.0, 9.0, 8.0, 6.0], "sex": ["F", "F", "F", "M", "M", "M"]}
    >>> test = pv.direct.t_test(pv.Survey(rows), "hours", "sex")
    >>> round(test.statistic, 3), test.df, round(test.p_value, 4)
    (3.586, 4.0, 0.0231)
    >>> print(test.sentence())
    Hypothesis: the mean of hours is the same whether sex = M or not. Design-based t-test: t =
    3.586 on 4 degrees of freedom, p = 0.0231, 6 rows.
    """

    __test__ = False  # not a class of tests for pytest

    statistic: float
    df: float
    ddf: float | None
    p_value: float
    method: str
    hypothesis: str = ""
    kind: str = "F"
    n: int | None = None
    missing: int = 0
    design_effects: tuple[float, ...] = ()
    estimate: Estimate | None = None
    citations: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return the test as one sentence to print.

        Returns
        -------
        str
            The hypothesis, the statistic with its degrees of freedom, and the p-value.
        """
        rows = "" if self.n is None else f", {self.n:,} rows"
        left = f", {self.missing:,} left out" if self.missing else ""
        return (
            f"Hypothesis: {self.hypothesis}. {self.method[0].upper()}{self.method[1:]}: {self.kind} = {self.statistic:.4g} on "
            f"{self._freedom()} degrees of freedom, {_p(self.p_value)}{rows}{left}."
        )

    def _freedom(self) -> str:
        return f"{self.df:.4g}" if self.ddf is None else f"{self.df:.4g} and {self.ddf:.4g}"

    def __repr__(self) -> str:
        return (
            f"<Test: {self.method}; {self.kind} = {self.statistic:.4g}, df = {self._freedom()}, "
            f"{_p(self.p_value)}>"
        )


def _p(p: float) -> str:
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.4f}"


@explained
def wald_test(
    estimate: Estimate,
    rows: str | int | Sequence[str | int] | None = None,
    null: float | Sequence[float] = 0.0,
    *,
    adjusted: bool = False,
) -> Test:
    """Test that several rows of an estimate have given values, by ``F = d' V^-1 d / q``.

    Parameters
    ----------
    estimate : Estimate
        Coefficients of a regression, means of domains, or any other rows.
    rows : str, int or list of those, optional
        Outcomes, domains or positions; the name of a category takes all of its levels. All rows
        without it.
    null : float or list of float
        The values under the hypothesis.
    adjusted : bool
        Whether F is multiplied by ``(df - q + 1) / df`` and held against ``df - q + 1``, as Stata
        does, in place of df.

    Returns
    -------
    Test
        F with q and the estimate's degrees of freedom (for a regression those of the residuals).

    Raises
    ------
    KeyError, ValueError
        When a row does not exist, rows depend linearly on each other, or no degrees of freedom are
        left.

    Notes
    -----
    Assumes a normal distribution of the estimates and a stable covariance matrix: it fails (rejects
    too often) when q is not small against the degrees of freedom.

    References
    ----------
    Korn, E. L. and Graubard, B. I. (1990). Simultaneous testing of regression coefficients with
    complex survey data: use of Bonferroni t statistics. The American Statistician 44, 270-276.
    doi:10.1080/00031305.1990.10475737

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"hours": [2.0, 4.0, 5.0, 9.0, 8.0, 6.0], "age": [5.0, 7, 9, 11, 13, 15]}
    >>> fit = pv.direct.regression(pv.Survey(rows), "hours", "age")
    >>> pv.direct.wald_test(fit, "age")
    <Test: design-based Wald test; F = 6.393, df = 1 and 4, p = 0.0648>
    """
    from scipy.special import chdtrc, fdtrc

    if not isinstance(estimate, Estimate):
        raise TypeError(
            f"estimate must be an Estimate: found {type(estimate).__name__}. Pass what an estimator "
            "returned."
        )
    at = _rows(estimate, rows)
    names = [_name(estimate, i) for i in at]
    part = estimate.take(np.array(at))
    given = np.asarray(null, dtype=float)
    if given.ndim and given.shape != part.value.shape:
        raise ValueError(
            f"null must be one number, or one per row: found {given.size} for {len(part)} rows "
            f"({', '.join(names[:6])}). Give as many, or one."
        )
    values = np.broadcast_to(given, part.value.shape)
    q, df = len(at), float(part.df.min())
    distance = part.value - values
    quadratic = float(distance @ solved(part.covariance, distance, names))
    ddf = df - q + 1 if adjusted and np.isfinite(df) else df
    if not ddf > 0:
        raise ValueError(
            f"rows must be fewer than the degrees of freedom: found {q} for {df:g}. Test fewer rows."
        )
    statistic = quadratic / q * (ddf / df if np.isfinite(df) else 1.0)
    p = chdtrc(q, quadratic) if np.isinf(ddf) else fdtrc(q, ddf, statistic)
    wanted = ", ".join(f"{x:g}" for x in dict.fromkeys(values.tolist()))
    return Test(
        statistic,
        float(q),
        ddf,
        float(p),
        "adjusted design-based Wald test" if adjusted else "design-based Wald test",
        f"{', '.join(names)} {'is' if q == 1 else 'are'} {wanted}",
        estimate=part,
        citations=(WALD, *part.citations),
    )


def _rows(estimate: Estimate, rows: str | int | Sequence[str | int] | None) -> list[int]:
    if rows is None:
        return list(range(len(estimate)))
    out: list[int] = []
    for row in [rows] if isinstance(rows, (str, int)) else rows:
        if isinstance(row, (int, np.integer)):
            if not -len(estimate) <= row < len(estimate):
                raise ValueError(
                    f"rows must be positions below the number of rows, {len(estimate):,}: found "
                    f"{row}. Count from 0, or name outcomes."
                )
            out.append(range(len(estimate))[row])
            continue
        found = [
            i
            for i, (label, outcome) in enumerate(
                zip(estimate.labels, estimate.outcomes, strict=True)
            )
            if row == outcome or row in label or _term(outcome) == row
        ]
        if not found:
            known = dict.fromkeys([*estimate.outcomes, *map(_term, estimate.outcomes)])
            raise KeyError(
                f"rows must be some of the estimate's: {row!r} is not.{nearest(row, known)}"
            )
        out += found
    return list(dict.fromkeys(out))


def _term(outcome: str) -> str:
    """Return the predictors that a coefficient belongs to."""
    return ":".join(part.split(" = ")[0] for part in outcome.split(":"))


def _name(estimate: Estimate, i: int) -> str:
    return " ".join(filter(None, [estimate.outcomes[i], *estimate.labels[i]]))


def solved(covariance: Array, distance: Array, names: list[str]) -> Array:
    """Return the inverse covariance times a distance, or say which rows make it singular."""
    size = np.sqrt(np.diag(covariance))
    if not (np.isfinite(size) & (size > 0)).all():
        bad = int(np.argmax(~(np.isfinite(size) & (size > 0))))
        raise ValueError(
            f"rows must have a standard error above 0: {names[bad]!r} has {size[bad]:g}. Leave it "
            "out."
        )
    scaled = covariance / np.outer(size, size)
    if np.linalg.cond(scaled) > 1e12:
        raise ValueError(
            f"rows must not depend on each other: the covariance of {', '.join(names[:6])} is "
            "singular. Leave one out, as of shares that add up to 1, or test fewer rows than "
            "there are primary units."
        )
    return np.asarray(np.linalg.solve(scaled, distance / size) / size)


@explained
def t_test(
    survey: Survey,
    outcome: str,
    group: str,
    *,
    where: str | None = None,
    missing: str = "error",
) -> Test:
    """Test that the population means of two groups are equal.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str
        Numeric column.
    group : str
        Column of two values; the difference is the second minus the first in their order.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with rows that miss a value; dropped rows are counted.

    Returns
    -------
    Test
        The t, with the design's degrees of freedom minus 1; `estimate` is the difference of the means.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the group has not two values, or a column is missing values or unknown.

    Notes
    -----
    ``t = (m_2 - m_1) / SE``: both groups come from one sample, and their covariance enters. Assumes
    enough primary units for a normal difference; it fails where a group lies in one or two of them.

    References
    ----------
    Lumley, T. (2010). Complex Surveys: A Guide to Analysis Using R. Wiley.
    doi:10.1002/9780470580066

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"hours": [2.0, 4.0, 5.0, 9.0, 8.0, 6.0], "sex": ["F", "F", "F", "M", "M", "M"]}
    >>> pv.direct.t_test(pv.Survey(rows), "hours", "sex").estimate.value.round(6)
    array([4.])
    """
    from scipy.special import stdtr

    fit = regression(survey, outcome, group, categorical=group, where=where, missing=missing)
    if len(fit) != 2:
        raise ValueError(
            f"group must have two values: {group!r} has {len(fit)} in the rows that take part. "
            "Choose two with `where`, or use regression and wald_test."
        )
    slope = fit.take(np.array([1])).describe(outcome=f"mean {outcome} by {group}")
    slope = replace(slope, unit="difference")
    se, df = float(slope.std_error[0]), float(slope.df[0])
    if not (se > 0 and df > 0):
        raise ValueError(
            f"outcome must vary within groups, in more than two primary units: the difference of "
            f"{outcome!r} has standard error {se:g} and {df:g} degrees of freedom. Check the group."
        )
    t = float(slope.value[0]) / se
    return Test(
        t,
        df,
        None,
        float(2 * stdtr(df, -abs(t))),
        "design-based t-test",
        f"the mean of {outcome} is the same whether {slope.outcomes[0]} or not",
        kind="t",
        n=int(fit.facts["n"][0]),
        missing=int(fit.facts["missing"][0]),
        estimate=slope,
        citations=fit.citations,
    )
