"""The test of a list experiment for a design effect: no kind of respondent may be below 0."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..engine import Weights
from ..estimate import Estimate
from ..evaluate import FLAT, Domains, Result, blank_rows, by_chance, evaluate
from ..facts import row_facts
from ..survey import Survey
from .asked import BLAIR_IMAI, few_units
from .counts import OneList, checked_list, read_columns
from .difference import length
from .orthants import chi_bar_weights, distance

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DesignTest", "list_design_test"]

Array = NDArray[Any]
ANDREWS = "Andrews and Soares (2010)"
MOST = 7  # inequalities at once: the orthant probabilities of eight take a hundred times as long
SINGULAR = 1e-10  # least eigenvalue of the correlations of the shares


@explained
@dataclass(frozen=True)
class DesignTest:
    """Shares of kinds of respondents in a list experiment, and the test that none is below 0.

    Parameters
    ----------
    estimate : Estimate
        Joint shares, of those with the trait first: to how many other items, 0 to J, they say yes.
    statistic : tuple of two float
        Least distance of the shares from what is possible, of those with and without the trait.
    p_values : tuple of two float
        The p-value of either.
    p_value : float
        The smaller one times two, at most 1 (Bonferroni).
    items : int
        Items of the short list, J.

    References
    ----------
    Blair, G. and Imai, K. (2012). Statistical analysis of list experiments. Political Analysis 20,
    47-77. doi:10.1093/pan/mpr048

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"y": [0, 1, 2, 2, 0, 1, 1, 2] * 5, "long": [1, 1, 1, 1, 0, 0, 0, 0] * 5}
    >>> test = pv.sensitive.list_design_test(pv.Survey(rows), "y", treatment="long", items=3)
    >>> test.p_value
    1.0
    >>> print(test.sentence())
    That the sensitive item does not change the answers to the others is not contradicted (p =
    1.0000, Bonferroni over two sets of inequalities; the lowest share is 0.0 %, trait, 0
    others).
    >>> test.to_frame().shape
    (8, 4)
    """

    estimate: Estimate
    statistic: tuple[float, float]
    p_values: tuple[float, float]
    p_value: float
    items: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per kind of respondent.

        Returns
        -------
        pandas.DataFrame
            Columns others (items said yes to besides the sensitive one), trait, share and
            std_error.
        """
        import pandas as pd

        others = np.arange(self.items + 1)
        return pd.DataFrame(
            {
                "others": np.tile(others, 2),
                "trait": np.repeat([1, 0], others.size),
                "share": self.estimate.value,
                "std_error": self.estimate.std_error,
            }
        )

    def sentence(self) -> str:
        """Return the test as one sentence to print.

        Returns
        -------
        str
            What is tested, the lowest share, and the p-value.
        """
        low = int(np.argmin(self.estimate.value))
        verdict = "is contradicted" if self.p_value < 0.05 else "is not contradicted"
        return (
            f"That the sensitive item does not change the answers to the others {verdict} "
            f"({_p(self.p_value)}, Bonferroni over two sets of inequalities; the lowest share is "
            f"{100 * self.estimate.value[low]:.1f} %, {self.estimate.outcomes[low]})."
        )

    def __repr__(self) -> str:
        return (
            f"<DesignTest: no design effect; {_p(self.p_value)}; lowest share "
            f"{self.estimate.value.min():.4f}>"
        )


def _p(p: float) -> str:
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.4f}"


@explained
def list_design_test(
    survey: Survey,
    count: str,
    *,
    treatment: str,
    items: int | None = None,
    where: str | None = None,
    missing: str = "error",
    selection: bool = True,
) -> DesignTest:
    """Test that the sensitive item does not change the answers to the other items of a list.

    With F_t the weighted distribution of counts of list t (1 is the long one), the share with the
    trait that says yes to y other items is ``F_0(y) - F_1(y)``, that without it
    ``F_1(y) - F_0(y - 1)``: none can be below 0.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    count : str
        Column of how many items apply to the respondent.
    treatment : str
        Column of 1 for the long list (with the sensitive item) and 0 for the short one.
    items : int, optional
        Items of the short list, J. Without it, the fewest that the counts allow.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with rows that miss the count or the treatment; dropped rows are counted.
    selection : bool
        Whether shares more than ``sqrt(log n)`` standard errors above 0 count as above it, which
        makes the test more powerful (generalised moment selection); else all may be 0.

    Returns
    -------
    DesignTest
        The shares with their joint uncertainty, and the p-value.

    Raises
    ------
    ValueError, TypeError, KeyError
        As for `list_difference`; when the design has fewer degrees of freedom than the inequalities
        tested, when a list lies in one primary unit, or with more than 7 inequalities near 0.

    Notes
    -----
    The statistic of each set is the distance ``min (s - m)' V^-1 (s - m)`` over m >= 0, V being the
    design's covariance. Where all shares are 0 it follows a chi-bar-square law, the mixture over k
    of chi-squares on k degrees of freedom with the probabilities that k inequalities bind; here
    each is an F on the design's degrees of freedom, and the probabilities are computed, not
    simulated. Not to reject is no proof: it fails to see design effects that leave all shares above 0.

    References
    ----------
    Blair, G. and Imai, K. (2012). Statistical analysis of list experiments. Political Analysis 20,
    47-77. doi:10.1093/pan/mpr048

    Andrews, D. W. K. and Soares, G. (2010). Inference for parameters defined by moment inequalities
    using generalized moment selection. Econometrica 78, 119-157. doi:10.3982/ECTA7502

    Examples
    --------
    Ten who were read the long list say 0, none of the short one: some took items away.

    >>> import prevalence as pv
    >>> rows = {"y": [0] * 10 + [2] * 30 + [1, 2] * 20, "long": [1] * 40 + [0] * 40}
    >>> pv.sensitive.list_design_test(pv.Survey(rows), "y", treatment="long", items=3)
    <DesignTest: no design effect; p = 0.0005; lowest share -0.2500>
    """
    domains = domains_of(survey, (), where)
    named = [("count", count), ("treatment", treatment)]
    (y, t), kept, lost = read_columns(survey, named, missing, domains)
    asked = checked_list(y, t, kept, items, names=(count, treatment))
    _enough_units(survey, domains, asked)
    j = asked.items
    result = _shares(survey, domains, asked)
    if not (result.block.std_error > FLAT).any():
        raise ValueError(
            f"count must vary between units: it does not in {int(kept.sum()):,} rows. There is "
            "nothing to test; check the column."
        )
    kinds = [f"trait, {k} others" for k in range(j + 1)] + [
        f"no trait, {k} others" for k in range(j + 1)
    ]
    estimate = assemble(
        survey,
        result,
        domains,
        outcomes=kinds,
        unit="difference",
        method="sensitive.list_design_test",
        interval="wald",
        citations=[BLAIR_IMAI, ANDREWS],
        facts=row_facts(result, np.tile(lost, (len(kinds), 1))),
        assumptions=length(asked),
    )
    near = np.sqrt(np.log(kept.sum())) if selection else np.inf
    # the last share with the trait and the first without it are of one list alone: never below 0
    sets = np.arange(j), np.arange(j + 2, 2 * j + 2)
    tests = [_set_test(estimate.take(rows), near) for rows in sets]
    (first, p), (second, r) = tests
    shown = _without_nobody(survey, result, estimate)
    return DesignTest(shown, (first, second), (p, r), min(1.0, 2 * min(p, r)), j)


def _without_nobody(survey: Survey, result: Result, estimate: Estimate) -> Estimate:
    """Blank standard errors of 0 of kinds that nobody, or everybody, in the sample is of."""
    nobody = by_chance(survey, result, result.block.std_error <= FLAT)
    if not nobody.any():
        return estimate
    text = (
        f"{int(nobody.sum())} of {nobody.size} shares are those of nobody or everybody in the sample, "
        "which cannot tell their standard errors: they are nan."
    )
    blocks = (blank_rows(result.block, nobody), *estimate.blocks[1:])
    return replace(estimate, blocks=blocks, warnings=(*estimate.warnings, text))


def _enough_units(survey: Survey, domains: Domains, asked: OneList) -> None:
    if few_units(survey, domains, [asked.long, asked.short]).any():
        raise ValueError(
            "both lists must be read in two primary units or more: found one. The design cannot tell "
            "the covariance of the shares; use more rows."
        )


def _shares(survey: Survey, domains: Domains, asked: OneList) -> Result:
    """Return the shares of the kinds of respondents, those with the trait first."""
    j = asked.items
    long = [asked.long * (asked.count <= k) for k in range(j + 1)]
    short = [asked.short * (asked.count <= k) for k in range(j + 1)]
    rows = [asked.long, asked.short, *long, *short]

    def theta(w: Weights) -> Array:
        totals = rows @ w
        of_long, of_short = totals[2 : j + 3] / totals[0], totals[j + 3 :] / totals[1]
        with_trait = of_short - of_long
        without = np.concatenate([of_long[:1], of_long[1:] - of_short[:-1]])
        return np.asanyarray(np.concatenate([with_trait, without]))

    return evaluate(survey, theta, domains)


def _set_test(shares: Estimate, near: float) -> tuple[float, float]:
    """Return the distance of some shares from 0 and above, and its p-value."""
    rows = _different(shares)
    x, covariance, df = shares.value[rows], shares.covariance[np.ix_(rows, rows)], shares.df.min()
    size = np.sqrt(np.diag(covariance))
    if df < rows.size or not _regular(covariance / np.outer(size, size)):
        raise ValueError(
            f"the design must have more degrees of freedom than inequalities: found {df:g} for "
            f"{rows.size}, which leaves their covariance singular. Use more primary units, or "
            "replicates with more."
        )
    statistic = distance(x, covariance)
    if statistic == 0:
        return 0.0, 1.0
    chosen = np.flatnonzero(x <= near * size)
    if chosen.size > MOST:
        raise ValueError(
            f"items must leave at most {MOST} shares near 0 to be tested: found {chosen.size}. Pass "
            "selection=True, or test a shorter list."
        )
    return statistic, _tail(statistic, covariance[np.ix_(chosen, chosen)], float(df))


def _different(shares: Estimate) -> Array:
    """Return the rows whose shares vary and are not the same as the row before.

    Where nobody counts to some number, two distributions are equal at it and below it.
    """
    moving = np.flatnonzero(np.diag(shares.covariance) > 0)
    columns = np.concatenate([block.columns() for block in shares.blocks], axis=1)[moving]
    same = [
        np.allclose(one, two, rtol=1e-9, atol=1e-12 * np.abs(one).max())
        for one, two in pairwise(columns)
    ]
    return np.array(moving[[k == 0 or not same[k - 1] for k in range(moving.size)]])


def _regular(correlation: Array) -> bool:
    return not correlation.size or bool(np.linalg.eigvalsh(correlation)[0] > SINGULAR)


def _tail(statistic: float, covariance: Array, df: float) -> float:
    """Return the probability of a larger distance where all shares are 0."""
    from scipy.special import chdtrc, fdtrc

    weights = chi_bar_weights(covariance)
    k = np.arange(1, weights.size)
    beyond = chdtrc(k, statistic) if np.isinf(df) else fdtrc(k, df, statistic / k)
    return float(np.clip(weights[1:] @ beyond, 0.0, 1.0))
