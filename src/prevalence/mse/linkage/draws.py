"""Population size over several versions of a linkage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...arguments import explained
from ...errors import note, shown
from ...estimate import Estimate
from ...lists import Lists
from ...registry import Example, estimator
from ..assemble import SKIPS, assemble, example, require_lists
from ..hierarchical import loglinear
from .link_errors import with_errors

__all__ = ["over_linkages"]

OWN = {"replicate columns": "a bootstrap of one version says nothing of the others"}
RUBIN = "Rubin (1987) doi:10.1002/9780470316696"


def _versions(data: Any) -> tuple[Lists, ...]:
    names = ["list 1", "list 2", "list 3"]
    return Lists(data, names, counts="w"), Lists(data, names[::-1], counts="w")


def _example() -> Example:
    return Example(example()().data, _versions, {"using": loglinear})


@estimator(unit="count", smooth=True, degree=1, citation=RUBIN, example=_example, skips=SKIPS | OWN)
@explained
def over_linkages(versions: Sequence[Lists], *, using: Callable[[Lists], Estimate]) -> Estimate:
    """Estimate the population size over versions of a linkage, ``mean n + exp(mean log n0)``.

    Each version is one draw of which records belong together. The variance is the mean of the
    versions' variances plus ``1 + 1/M`` times the variance of their M estimates.

    Parameters
    ----------
    versions : sequence of Lists
        Two or more linked versions of the same lists, such as draws from a posterior of matches.
    using : callable
        Estimator of one size, as ``lambda lists: pv.mse.loglinear(lists, pairs=[...])``.

    Returns
    -------
    Estimate
        One row, persons; the interval is log-normal on the number not seen.

    Raises
    ------
    TypeError, ValueError
        When there are fewer than two versions, their lists differ, or an estimate has several
        rows.

    Notes
    -----
    Assumes that the versions are draws from what the records tell of who is who, and what the
    estimator assumes of each. It fails where every version makes the same error.

    References
    ----------
    Rubin, D. B. (1987). Multiple Imputation for Nonresponse in Surveys. Wiley.
    doi:10.1002/9780470316696

    Examples
    --------
    >>> import prevalence as pv
    >>> versions = [
    ...     pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40 - d, 30 - d, 10 + d], ["A", "B"])
    ...     for d in (0, 1, 2)
    ... ]
    >>> round(float(pv.mse.over_linkages(versions, using=pv.mse.loglinear)), 1)
    182.0
    """
    chosen = list(versions) if isinstance(versions, Sequence) else [versions]
    for lists in chosen:
        require_lists(lists)
    if len(chosen) < 2:
        raise ValueError(
            f"versions must be two or more linkages: found {len(chosen)}. Use the estimator itself "
            "for one."
        )
    first = chosen[0]
    other = [i for i, lists in enumerate(chosen) if set(lists.names) != set(first.names)]
    if other:
        raise ValueError(
            f"versions must have the same lists: {len(other)} of {len(chosen)} have others (first: "
            f"version {other[0]}). Link the same lists each time."
        )
    found = _estimated(chosen, using)
    total = np.array([float(e) for e in found])
    variance = np.array([float(e.std_error[0]) ** 2 for e in found])
    seen = np.array([float(lists.seen) for lists in chosen])
    dark = total - seen
    if (dark <= 0).any():
        raise ValueError(
            f"using must estimate persons on no list: {int((dark <= 0).sum())} of {len(chosen)} "
            "versions have none. Choose another estimator."
        )
    between = (1 + 1 / total.size) * total.var(ddof=1)
    said: list[str] = []
    for e in found:
        for words in e.warnings:
            if words not in said:
                said.append(words)
    if between > variance.mean():
        note(
            said,
            f"versions of the linkage differ more than chance within one ({between:.4g} against "
            f"{variance.mean():.4g} in variance): who is who decides the size.",
        )
    estimate = assemble(
        first,
        seen.mean() + np.exp(np.log(dark).mean()),
        float(np.sqrt(variance.mean() + between)),
        method=f"mse.over_linkages ({found[0].method})",
        identifies=found[0].assumptions[0],
        assumptions=["The versions are draws from what the records tell of who is who."],
        citations=[*found[0].citations, RUBIN],
        seen=seen.mean(),
        said=said,
        provenance={"versions of the linkage": len(chosen)},
    )
    return with_errors(estimate, "linked rightly in one version or another")


def _estimated(chosen: Sequence[Lists], using: Callable[[Lists], Estimate]) -> list[Estimate]:
    """Return the estimate of each version, one size each."""
    if not callable(using):
        raise TypeError(
            f"using must be an estimator of lists: found {shown(using)}. Write "
            "using=pv.mse.loglinear."
        )
    found = [using(lists) for lists in chosen]
    wrong = [e for e in found if not isinstance(e, Estimate)]
    if wrong:
        raise TypeError(
            f"using must return an Estimate: found {type(wrong[0]).__name__}. Write "
            "using=pv.mse.loglinear, or another estimator of lists."
        )
    many = [e for e in found if len(e) != 1]
    if many:
        raise ValueError(
            f"using must estimate one size: found {len(many[0])} rows. Estimate the total alone."
        )
    return found
