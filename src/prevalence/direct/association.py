"""Tests of association in a table of two categories, by Rao and Scott and by Wald."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import domains_of
from ..engine import STEP, Theta
from ..errors import one_of
from ..evaluate import evaluate
from ..survey import Survey
from .hypotheses import WALD, Test, solved
from .quadratic import exact_tail, saddlepoint_tail
from .terms import read_terms

__all__ = ["chi_square"]

Array = NDArray[Any]
RAO_SCOTT = "Rao and Scott (1984) doi:10.1214/aos/1176346391"
METHODS = {
    "F": "Pearson's X-squared with Rao-Scott's second-order correction",
    "chi-square": "Pearson's X-squared with Rao-Scott's first-order correction",
    "lincom": "Pearson's X-squared against its weighted sum of chi-squares",
    "saddlepoint": "Pearson's X-squared against its weighted sum of chi-squares, by saddlepoint",
    "wald": "design-based Wald test of association",
    "adjusted-wald": "adjusted design-based Wald test of association",
}


@explained
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
    With X2 Pearson's statistic of the weighted shares and d the generalised design effects, F is
    ``X2 / sum d`` on ``(sum d)^2 / sum d^2`` degrees of freedom, and so many times the design's;
    the first-order chi-square is ``X2 / mean d``.

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
    one_of("statistic", statistic, list(METHODS))
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

    def _evaluated(self, theta: Theta) -> tuple[Array, Array, float, int]:
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
        if not v.any():
            raise ValueError(
                "the table must have a sampling variance: found none, as in a census, where two "
                "columns are independent or are not. Leave out fpc= to test what made the population."
            )
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
        f = float(distance @ solved(v, distance, names)) / self.q
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
    step = STEP * totals.sum()
    moved = totals + 1j * step * np.eye(totals.size)
    t = np.concatenate([totals[None].astype(complex), moved]).reshape(-1, *shape)
    of_row, of_column = t.sum(axis=2, keepdims=True), t.sum(axis=1, keepdims=True)
    apart = (t - of_row * of_column / of_row.sum(axis=1, keepdims=True))[:, 1:, 1:]
    flat = apart.reshape(totals.size + 1, -1)
    return flat[0].real, flat[1:].imag.T / step


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
