"""Tests of what a list experiment combined with direct answers takes for granted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..direct.outcomes import check_yes_no
from ..direct.shares import ROUNDING, flat
from ..engine import Weights
from ..errors import note
from ..estimate import Estimate
from ..evaluate import Domains, Result, blank_rows, evaluate
from ..facts import row_facts
from ..survey import Survey
from .asked import few_units, p_values, refuted, taken
from .counts import OneList, checked_list, read_columns
from .difference import gap, length, parts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Placebos", "list_placebos"]

Array = NDArray[Any]
ARONOW = "Aronow, Coppock, Crawford and Green (2015)"
TESTS = ("list difference of those who say yes", "effect of the list on the direct answer")
NULLS = (1.0, 0.0)
FAILS = (
    "the list difference of those who say yes directly should be 1 and is off by more than chance",
    "which list was read should not change the direct answer, and does by more than chance",
)


@explained
@dataclass(frozen=True)
class Placebos:
    """Two tests of what a list experiment combined with direct answers takes for granted.

    Parameters
    ----------
    estimate : Estimate
        The list difference of those who say yes directly (1 if all is well) and the effect of the
        list on the direct answer (0), row by row and domain, jointly.
    p_value : array of shape (rows,)
        Two-sided p-values by Student's t with the degrees of freedom of the domain.

    References
    ----------
    Aronow, P. M., Coppock, A., Crawford, F. W. and Green, D. P. (2015). Combining list experiment
    and direct question estimates of sensitive behavior prevalence. Journal of Survey Statistics and
    Methodology 3, 43-66. doi:10.1093/jssam/smu023

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"y": [2, 1, 3, 1, 1, 2, 2, 1] * 4, "long": [1, 0, 1, 1, 0, 0, 1, 0] * 4}
    >>> survey = pv.Survey({**rows, "says": [0, 0, 1, 0, 0, 1, 1, 0] * 4})
    >>> pv.sensitive.list_placebos(survey, "y", treatment="long", direct="says", items=3)
    <Placebos: list difference of those who say yes 0.5 (1 expected, p = 0.0091); effect of the list on the direct answer 0.25 (0 expected, p = 0.1468)>
    >>> tests = pv.sensitive.list_placebos(survey, "y", treatment="long", direct="says", items=3)
    >>> tests.to_frame().shape
    (2, 7)
    """

    estimate: Estimate
    p_value: Array

    def to_frame(self) -> pd.DataFrame:
        """Return one row per test and domain.

        Returns
        -------
        pandas.DataFrame
            Columns test, domain, estimate, std_error, expected, df and p_value.
        """
        import pandas as pd

        e = self.estimate
        expected = np.repeat(NULLS, len(e) // 2)
        return pd.DataFrame(
            {
                "test": list(e.outcomes),
                "domain": [", ".join(label) or "all" for label in e.labels],
                "estimate": e.value,
                "std_error": e.std_error,
                "expected": expected,
                "df": e.df,
                "p_value": self.p_value,
            }
        )

    def __repr__(self) -> str:
        table = self.to_frame()
        if len(table) > 2:
            return f"<Placebos: 2 tests in {len(table) // 2:,} domains; see to_frame()>"
        rows = (
            f"{row.test} {row.estimate:.4g} ({row.expected:.0f} expected, p = {row.p_value:.4f})"
            for row in table.itertuples()
        )
        return f"<Placebos: {'; '.join(rows)}>"


@explained
def list_placebos(
    survey: Survey,
    count: str,
    *,
    treatment: str,
    direct: str,
    items: int | None = None,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Placebos:
    """Test what `list_combined` takes for granted: two quantities whose values are known to be 1 and 0.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    count, treatment, direct : str
        Columns, as in `list_combined`.
    items : int, optional
        Items of the short list, J.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows.
    missing : {"error", "drop"}
        What to do with rows that miss one of the columns.

    Returns
    -------
    Placebos
        The list difference of those who say yes directly, which is 1 without liars and design
        effects, and the difference of the direct answers between the lists, which is 0.

    Raises
    ------
    ValueError, TypeError, KeyError
        As for `list_combined`.

    Notes
    -----
    Each is a difference of two means, ``sum w T y / sum w T - sum w (1 - T) y / sum w (1 - T)``, of
    counts y among those who say yes, and of direct answers y among all; T is 1 for the long list.
    Design-based t-tests; the two are in one joint `Estimate`. They fail to see liars among those
    who say no, of whom nothing is known.

    References
    ----------
    Aronow, P. M., Coppock, A., Crawford, F. W. and Green, D. P. (2015). Combining list experiment
    and direct question estimates of sensitive behavior prevalence. Journal of Survey Statistics and
    Methodology 3, 43-66. doi:10.1093/jssam/smu023

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"y": [2, 1, 3, 1, 1, 2, 2, 1] * 4, "long": [1, 0, 1, 1, 0, 0, 1, 0] * 4}
    >>> survey = pv.Survey({**rows, "says": [0, 0, 1, 0, 0, 1, 1, 0] * 4})
    >>> tests = pv.sensitive.list_placebos(survey, "y", treatment="long", direct="says", items=3)
    >>> tests.p_value.round(4)
    array([0.0091, 0.1468])
    """
    domains = domains_of(survey, by, where)
    asked, z, lost = list_and_direct(survey, count, treatment, direct, items, missing, domains)
    result, p = placebo_tests(survey, asked, z, domains)
    said = _untested(p.reshape(-1))
    estimate = assemble(
        survey,
        result,
        domains,
        outcomes=TESTS,
        unit="difference",
        method="sensitive.list_placebos",
        interval="wald",
        citations=[ARONOW],
        facts=row_facts(result, np.stack([lost, lost])),
        assumptions=length(asked),
        warnings=said,
    )
    return Placebos(estimate, p.reshape(-1))


def _untested(p: Array) -> list[str]:
    """Say which tests there are no p-values of."""
    said: list[str] = []
    none = ~np.isfinite(p)
    if none.any():
        note(
            said,
            f"{int(none.sum()):,} of {p.size:,} placebo tests cannot be made: too few primary units "
            "hold those who say yes, or the answers do not vary between units. Use larger domains.",
        )
    return said


def list_and_direct(
    survey: Survey,
    count: str,
    treatment: str,
    direct: str,
    items: int | None,
    missing: str,
    domains: Domains,
) -> tuple[OneList, Array, Array]:
    """Read the list and the direct answers, 0 in rows that are not kept, and the counts missing."""
    named = [("count", count), ("treatment", treatment), ("direct", direct)]
    (y, t, z), kept, lost = read_columns(survey, named, missing, domains)
    check_yes_no("direct", direct, z, kept > 0)
    return checked_list(y, t, kept, items, names=(count, treatment)), z, lost


def among(asked: OneList, member: Array) -> OneList:
    """Return the list experiment of some of the respondents."""
    return replace(asked, long=asked.long * member, short=asked.short * member)


def placebo_tests(
    survey: Survey, asked: OneList, z: Array, domains: Domains
) -> tuple[Result, Array]:
    """Return both placebo quantities and their p-values, each (2, domains)."""
    yes = among(asked, z)
    rows = [*parts(yes), yes.long, asked.long, yes.short, asked.short]

    def theta(w: Weights) -> Array:
        totals = rows @ w
        return np.stack([gap(totals[:4]), gap(totals[4:])])

    result = evaluate(survey, theta, domains)
    few = np.stack(
        [few_units(survey, domains, [yes.long, yes.short]), np.zeros(domains.count, bool)]
    )
    none = few.reshape(-1) | flat(survey, domains, result, ROUNDING)
    result = replace(result, block=blank_rows(result.block, none))
    distance = result.value - np.array(NULLS)[:, None]
    return result, p_values(distance.reshape(-1), result.block).reshape(distance.shape)


def failures(placebo: Result, domains: Domains) -> list[str]:
    """Warn of placebo tests that fail."""
    return [
        text
        for k in (0, 1)
        for text in refuted(placebo.value[k] - NULLS[k], taken(placebo, k).block, domains, FAILS[k])
    ]


def in_words(placebo: Result, p: Array) -> str:
    """Tell both tests of one domain, or how many fail of several."""
    if p.shape[1] == 1:
        return "; ".join(
            f"{TESTS[k]} {placebo.value[k, 0]:.3f}, {NULLS[k]:.0f} expected (p = {p[k, 0]:.3f})"
            for k in (0, 1)
        )
    with np.errstate(invalid="ignore"):
        below = (p < 0.05).sum(axis=1)
    return "; ".join(
        f"{TESTS[k]}: p below 0.05 in {below[k]:,} of {p.shape[1]:,} domains" for k in (0, 1)
    )
