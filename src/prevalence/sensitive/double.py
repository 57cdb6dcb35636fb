"""Double list experiments: everyone is read a long and a short list, and both differences count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..engine import Weights
from ..errors import sequence
from ..estimate import Estimate
from ..evaluate import Domains, Result, evaluate
from ..facts import row_facts
from ..registry import estimator
from ..survey import Survey
from .asked import BLAIR_IMAI, lists_with, outside, refuted, taken, without_untold
from .counts import OneList, checked_list, read_columns
from .difference import BY_CHANCE, NO_EFFECT, NO_LIARS, gap, length, parts, read_to

__all__ = ["double_list"]

Array = NDArray[Any]
DROITCOUR = "Droitcour, Caspar, Hubbard, Parsley, Visscher and Ezzati (1991)"


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=DROITCOUR,
    example=lists_with(counts=("count", "other")),
)
@explained
def double_list(
    survey: Survey,
    counts: Sequence[str],
    *,
    treatment: str | Sequence[str],
    items: int | Sequence[int] | None = None,
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the share with a sensitive trait from two lists, each long for half of the people.

    ``(d_1 + d_2) / 2``, d_k being the difference of mean counts between the long and the short
    version of list k.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    counts : tuple of two str
        Columns of how many items apply, of the first and the second list.
    treatment : str or tuple of two str
        Column of 1 for those whose first list has the sensitive item, and the second not, and 0 for
        the others; or one such column for each list.
    items : int or tuple of two int, optional
        Items of the short lists, J. Without it, the fewest that the counts allow.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with rows that miss a count or the treatment; dropped rows are counted.

    Returns
    -------
    Estimate
        One row per domain, a proportion, which may be below 0 or above 1. Facts: ``first`` and
        ``second``, the differences of the two lists, with ``first_variance``, ``second_variance``
        and their ``lists_covariance``.

    Raises
    ------
    ValueError, TypeError, KeyError
        As for `list_difference`, or when counts are not two columns.

    Notes
    -----
    The variance is ``(V_1 + V_2 + 2 C) / 4``: the same people answer both lists, and C is negative
    where counts go together within a person, positive where clusters differ; it is never left out.
    Assumes of each list what `list_difference` does, and fails where that does. Two lists that
    differ by more than chance contradict that, which is said.

    References
    ----------
    Droitcour, J., Caspar, R. A., Hubbard, M. L., Parsley, T. L., Visscher, W. and Ezzati, T. M.
    (1991). The item count technique as a method of indirect questioning. In Measurement Errors in
    Surveys, 185-210. Wiley. doi:10.1002/9781118150382.ch11

    Blair, G. and Imai, K. (2012). Statistical analysis of list experiments. Political Analysis 20,
    47-77. doi:10.1093/pan/mpr048

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"a": [2, 1, 2, 1, 0, 1], "b": [1, 2, 1, 2, 1, 1], "first": [1, 0, 1, 0, 1, 0]}
    >>> survey = pv.Survey(rows)
    >>> pv.sensitive.double_list(survey, ("a", "b"), treatment="first", items=3).value.round(4)
    array([0.5])
    """
    domains = domains_of(survey, by, where)
    asked, names, lost = _two_lists(survey, counts, treatment, items, missing, domains)
    rows = [parts(one) for one in asked]

    def theta(w: Weights) -> Array:
        one, two = (gap(row @ w) for row in rows)
        return np.stack([(one + two) / 2, one, two, one - two])

    found = evaluate(survey, theta, domains)
    groups = [group for one in asked for group in (one.long, one.short)]
    said: list[str] = []
    result = without_untold(survey, taken(found, 0), domains, groups, said)
    said += outside(result.value[0], domains, "a mean of two differences", (0, 1), BY_CHANCE)
    apart = "the two lists differ by more than chance: one of them has a design effect"
    said += refuted(found.value[3], taken(found, 3).block, domains, apart)
    return assemble(
        survey,
        result,
        domains,
        words={"outcome in": "sensitive item in"},
        outcomes=[" and ".join(names)],
        unit="proportion",
        method="sensitive.double_list",
        interval="wald",
        citations=[DROITCOUR, BLAIR_IMAI],
        facts={
            **row_facts(result, lost[None]),
            **read_to(survey, domains, asked[0]),
            **_of_lists(found, domains.count),
        },
        assumptions=[NO_EFFECT, NO_LIARS, *length(asked[0])],
        warnings=said,
    )


def _two_lists(
    survey: Survey,
    counts: Sequence[str],
    treatment: str | Sequence[str],
    items: int | Sequence[int] | None,
    missing: str,
    domains: Domains,
) -> tuple[list[OneList], list[str], Array]:
    """Read both lists of the rows that answer all of it; return also names and counts missing."""
    names = _two("counts", counts, "Name the columns of both lists, as in ('first', 'second').")
    one = isinstance(treatment, str)
    treated: list[Any] = [treatment]
    if not one:
        treated = _two("treatment", treatment, "Name one column, or two.")
    both: list[Any] = [items, items]
    if items is not None and np.ndim(items) != 0:
        both = _two("items", items, "Give J, or J of each list.")
    named = [("counts", name) for name in names] + [("treatment", name) for name in treated]
    (a, b, *t), kept, lost = read_columns(survey, named, missing, domains)
    first = checked_list(a, t[0], kept, both[0], names=(names[0], treated[0]))
    other = kept * (1 - t[0]) if one else t[1]
    second = checked_list(b, other, kept, both[1], names=(names[1], treated[-1]))
    return [first, second], names, lost


def _two(argument: str, value: Any, remedy: str) -> list[Any]:
    found = sequence(argument, value, remedy)
    if len(found) != 2:
        raise ValueError(f"{argument} must be two: found {len(found)}. {remedy}")
    return found


def _of_lists(found: Result, count: int) -> dict[str, Array]:
    """Return the differences of both lists with their variances and covariance, by domain."""
    first, second = (found.block.take(np.arange(count) + k * count) for k in (1, 2))
    scale = found.block.scheme.coefficients
    covariance = np.einsum("ij,ij,j->i", first.columns(), second.columns(), scale)
    return {
        "first": found.value[1],
        "second": found.value[2],
        "first_variance": first.variance,
        "second_variance": second.variance,
        "lists_covariance": covariance,
    }
