"""Design-based tests: of coefficients, of two means, and of association in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..custom import domains_of
from ..errors import nearest, one_of
from ..estimate import Estimate
from ..evaluate import evaluate
from ..survey import Survey
from .quadratic import exact_tail, saddlepoint_tail
from .regression import regression
from .terms import read_terms

__all__ = ["Test", "chi_square", "t_test", "wald_test"]

Array = NDArray[Any]
STATISTICS = ("F", "chi-square", "wald", "adjusted-wald", "lincom", "saddlepoint")
WALD = "Korn and Graubard (1990) doi:10.1080/00031305.1990.10475737"
RAO_SCOTT = "Rao and Scott (1984) doi:10.1214/aos/1176346391"


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
    Assumes a normal distribution of the estimates and a stable covariance matrix: it rejects too
    often when q is not small against the degrees of freedom.

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

    at = _rows(estimate, rows)
    names = [_name(estimate, i) for i in at]
    part = estimate.take(np.array(at))
    values = np.broadcast_to(np.asarray(null, dtype=float), part.value.shape)
    q, df = len(at), float(part.df.min())
    distance = part.value - values
    quadratic = float(distance @ _solved(part.covariance, distance, names))
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


def _solved(covariance: Array, distance: Array, names: list[str]) -> Array:
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
    Both groups come from one sample, and their covariance enters. Assumes enough primary units for
    a normal difference; it fails where a group lies in one or two of them.

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
    slope = fit.take(np.array([1])).describe(outcome=f"difference in mean {outcome}")
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


def chi_square(
    survey: Survey,
    row: str,
    column: str,
    *,
    statistic: str = "F",
    where: str | None = None,
    missing: str = "error",
) -> Test:
    """Test that two categories are independent in the population, by Rao and Scott.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    row, column : str
        Columns of labels.
    statistic : {"F", "chi-square", "wald", "adjusted-wald", "lincom", "saddlepoint"}
        ``"F"``: Pearson's X-squared with the second-order correction. ``"chi-square"``: with the
        first-order one. ``"lincom"``: against the exact distribution of a weighted sum of
        chi-squares over that of the design's degrees of freedom, by numerical inversion;
        ``"saddlepoint"`` approximates it as R does, with whole degrees of freedom. ``"wald"``: of
        the differences to independence; ``"adjusted-wald"``: with df - q + 1.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with rows that miss a value; dropped rows are counted.

    Returns
    -------
    Test
        The statistic and its p-value. For chi-square, lincom and saddlepoint the statistic is
        Pearson's X-squared itself, of which the p-value allows for the design.

    Raises
    ------
    ValueError, TypeError, KeyError
        When a category has one value, or a column is missing values or unknown.

    Notes
    -----
    Assumes cells that are not nearly empty. The Wald forms fail with few primary units for the
    cells; prefer F. The saddlepoint approximation gives p-values that are too large by a tenth to
    a half where there are few primary units: ``"lincom"`` is exact.

    References
    ----------
    Rao, J. N. K. and Scott, A. J. (1984). On chi-squared tests for multiway contingency tables
    with cell proportions estimated from survey data. Annals of Statistics 12, 46-60.
    doi:10.1214/aos/1176346391

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"works": ["no"] * 6 + ["yes"] * 6, "sex": ["F", "F", "F", "F", "M", "M"] * 2}
    >>> rows["sex"][0] = "M"
    >>> pv.direct.chi_square(pv.Survey(rows), "works", "sex")
    <Test: Pearson's X-squared with Rao-Scott's second-order correction; F = 0.3143, df = 1 and 11, p = 0.5863>
    """
    one_of("statistic", statistic, STATISTICS)
    table = _Table(survey, row, column, where, missing)
    return table.wald(statistic) if "wald" in statistic else table.pearson(statistic)


class _Table:
    """The cells of a two-way table, as indicators over the rows."""

    def __init__(self, survey: Survey, row: str, column: str, where: str | None, missing: str):
        if row == column:
            raise ValueError(
                f"column must be another one than row: found {row!r} twice. Name two columns."
            )
        terms = read_terms(
            survey,
            None,
            [row, column],
            domains_of(survey, (), where),
            missing,
            categorical=[row, column],
        )
        first, second = (terms.variables[name] for name in (row, column))
        self.shape = len(first.levels), len(second.levels)
        cell = first.values * self.shape[1] + second.values
        indicators = (cell[:, None] == np.arange(self.shape[0] * self.shape[1])).astype(float)
        self.cells = terms.spread(indicators, survey.n)
        self.survey, self.domains, self.missing = survey, terms.domains, terms.missing
        self.hypothesis = f"{row} and {column} are independent"
        self.q = (self.shape[0] - 1) * (self.shape[1] - 1)

    def _evaluated(self, theta: Any) -> tuple[Array, Array, float, int]:
        result = evaluate(self.survey, theta, self.domains)
        covariance = result.block.covariance()
        for target in result.targets:
            covariance = covariance + target.covariance()
        df = float(result.block.df[0])
        if not df > 0:
            raise ValueError(
                "the table must have more than one primary unit in some stratum: found no degrees "
                "of freedom. Widen `where`."
            )
        return result.value[:, 0], covariance, df, int(result.n[0])

    def pearson(self, statistic: str) -> Test:
        """Return Pearson's statistic with a correction for the design."""
        from scipy.special import chdtrc, fdtrc

        cells = self.cells
        total = [np.sum(cells, axis=0)]
        p, v, nu, n = self._evaluated(lambda w: (cells @ w) / (total @ w))
        observed = p.reshape(self.shape)
        expected = np.outer(observed.sum(axis=1), observed.sum(axis=0))
        x2 = float(n * ((observed - expected) ** 2 / expected).sum())
        effects = _design_effects(p, v, n, self.shape)
        size = float((effects.sum()) ** 2 / (effects**2).sum())
        if statistic == "F":
            f = x2 / float(effects.sum())
            return self._test(f, size, size * nu, fdtrc(size, size * nu, f), statistic, n, effects)
        if statistic == "chi-square":
            p_value = chdtrc(self.q, x2 / effects.mean())
        elif statistic == "lincom":
            p_value = exact_tail(x2, effects, size * nu)
        else:
            p_value = saddlepoint_tail(x2, effects, size * nu)
        ddf = None if statistic == "chi-square" else size * nu
        return self._test(x2, float(self.q), ddf, p_value, statistic, n, effects)

    def wald(self, statistic: str) -> Test:
        """Return the Wald statistic of the cells' differences to independence."""
        from scipy.special import fdtrc

        cells = self.cells
        totals, v, nu, n = self._evaluated(lambda w: cells @ w)
        distance, slope = _to_independence(totals, self.shape)
        v = slope @ v @ slope.T
        names = [f"cell {i + 1}" for i in range(self.q)]
        f = float(distance @ _solved(v, distance, names)) / self.q
        ddf = nu
        if statistic == "adjusted-wald":
            ddf = nu - self.q + 1
            f *= ddf / nu
        if not ddf > 0:
            raise ValueError(
                f"the table must have fewer cells than degrees of freedom for {statistic!r}: found "
                f"{self.q} differences for {nu:g}. Use statistic='F'."
            )
        return self._test(f, float(self.q), ddf, fdtrc(self.q, ddf, f), statistic, n, None)

    def _test(
        self,
        value: float,
        df: float,
        ddf: float | None,
        p_value: Any,
        statistic: str,
        n: int,
        effects: Array | None,
    ) -> Test:
        return Test(
            value,
            df,
            ddf,
            float(p_value),
            METHODS[statistic],
            self.hypothesis,
            kind="X-squared" if statistic in ("chi-square", "lincom", "saddlepoint") else "F",
            n=n,
            missing=self.missing,
            design_effects=() if effects is None else tuple(effects.tolist()),
            citations=(RAO_SCOTT,) if effects is not None else (WALD,),
        )


def _to_independence(totals: Array, shape: tuple[int, int]) -> tuple[Array, Array]:
    """Return the differences of cell totals to independence, and their derivatives (q, cells)."""
    step = 1e-50 * totals.sum()
    moved = totals + 1j * step * np.eye(totals.size)
    t = np.concatenate([totals[None].astype(complex), moved]).reshape(-1, *shape)
    of_row, of_column = t.sum(axis=2, keepdims=True), t.sum(axis=1, keepdims=True)
    apart = (t - of_row * of_column / of_row.sum(axis=1, keepdims=True))[:, 1:, 1:]
    flat = apart.reshape(totals.size + 1, -1)
    return flat[0].real, flat[1:].imag.T / step


METHODS = {
    "F": "Pearson's X-squared with Rao-Scott's second-order correction",
    "chi-square": "Pearson's X-squared with Rao-Scott's first-order correction",
    "lincom": "Pearson's X-squared against its weighted sum of chi-squares",
    "saddlepoint": "Pearson's X-squared against its weighted sum of chi-squares, by saddlepoint",
    "wald": "design-based Wald test of association",
    "adjusted-wald": "adjusted design-based Wald test of association",
}


def _design_effects(p: Array, v: Array, n: int, shape: tuple[int, int]) -> Array:
    """Return the generalised design effects: eigenvalues of the variance of the interactions.

    On the log scale the interactions are contrasts C of ``log p``, whose variance under simple
    random sampling is ``C' D^-1 C / n`` and under the design ``C' D^-1 V D^-1 C``.
    """
    contrasts = np.kron(_contrasts(shape[0]), _contrasts(shape[1]))
    inverse = np.where(p > 0, 1 / np.where(p > 0, p, 1.0), 0.0)
    scaled = contrasts * inverse[:, None]
    simple = contrasts.T @ scaled / n
    if np.linalg.cond(simple) > 1e12:
        raise ValueError(
            f"the table must not have whole parts empty: {int((p == 0).sum())} of {p.size} cells "
            "are, and interactions cannot be told. Join categories."
        )
    effects = np.linalg.eigvals(np.linalg.solve(simple, scaled.T @ v @ scaled)).real
    if not effects.max() > 1e-12:
        raise ValueError(
            f"the table must have interactions that vary between primary units: {int((p == 0).sum())} "
            f"of {p.size} cells are empty and all design effects are 0. Join categories, or widen "
            "`where`."
        )
    return np.sort(np.maximum(effects, 0.0))[::-1]


def _contrasts(levels: int) -> Array:
    """Return levels - 1 columns that add up to 0."""
    return np.asarray(np.eye(levels)[:, 1:] - np.eye(levels)[:, :1])
