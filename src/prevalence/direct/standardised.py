"""Direct standardisation: means as they would be with the composition of a standard population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..engine import Weights
from ..errors import nearest, note, number
from ..estimate import Estimate
from ..evaluate import Domains, evaluate
from ..facts import row_facts
from ..frames import category, names_of
from ..registry import estimator
from ..survey import Survey
from .means import settle
from .outcomes import SARNDAL, answering, example_with, outcomes

__all__ = ["standardised"]

Array = NDArray[Any]


@estimator(
    unit="mean",
    smooth=True,
    degree=0,
    citation=SARNDAL,
    example=example_with(
        outcome=["y", "x"], over="sex", population={"F": 55.0, "M": 45.0}, by="stratum"
    ),
)
@explained
def standardised(
    survey: Survey,
    outcome: str | Sequence[str],
    *,
    over: str | Sequence[str],
    population: Mapping[Any, float],
    by: str | Sequence[str] = (),
    where: str | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate means standardised to a population, ``sum_c P_c (sum w y in c) / (sum w in c)``.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    outcome : str or list of str
        Numeric columns, 0 and 1 for a prevalence; a list gives one joint estimate.
    over : str or list of str
        Columns whose crossing makes the cells c, such as age group and sex.
    population : mapping
        Cell to its number in the standard population; the keys are tuples with several columns.
        P_c are its shares.
    by : str or list of str
        Columns whose crossing makes the domains.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    missing : {"error", "drop"}
        What to do with a missing outcome; dropped rows are counted.

    Returns
    -------
    Estimate
        One row per outcome and domain, in the units of the outcome. A domain without a row in a
        cell has no estimate, with a warning that names both.

    Raises
    ------
    ValueError, TypeError, KeyError
        When rows lie in a cell that the population lacks, numbers of the population are negative
        or all zero, no domain has rows in all cells, or the outcome is missing.

    Notes
    -----
    The standard population is taken as known; a cell of number 0 leaves the estimate. The variance
    is exact for this function of the weights, and is that of R's ``svystandardize`` followed by
    ``svymean`` in the same domains. It adds up cells as if each had several rows: a cell of one
    row adds nothing, with a warning. Assumes that weights are comparable within cells. It fails
    (unstable) where a domain has few rows in a cell that weighs much in the standard population.

    References
    ----------
    Sarndal, C.-E., Swensson, B. and Wretman, J. (1992). Model Assisted Survey Sampling. Springer.
    doi:10.1007/978-1-4612-4378-6

    Examples
    --------
    >>> import prevalence as pv
    >>> data = {"age": ["5-11", "5-11", "12-17", "12-17"], "ill": [0, 1, 1, 1]}
    >>> survey = pv.Survey(data)
    >>> young = {"5-11": 3000, "12-17": 1000}
    >>> pv.direct.standardised(survey, "ill", over="age", population=young).value
    array([0.625])
    """
    domains = domains_of(survey, by, where)
    names, y, answered, lost = outcomes(survey, outcome, missing, domains)
    columns = names_of("over", over)
    cells = domains_of(survey, columns, where)
    share = _shares(cells, population, columns)
    ones = answering(y, answered)
    inside = [(cells.code == c) * ones for c in np.flatnonzero(share)]
    weight = share[share > 0]
    parts = [row * cell for row in y for cell in inside]
    said = _thin(survey, domains, cells, np.flatnonzero(share), ones)

    def theta(w: Weights) -> Array:
        sums = (parts @ w).reshape(len(y), len(inside), -1)
        return np.asanyarray((weight[:, None] * (sums / (inside @ w))).sum(axis=1))

    result, flat = settle(evaluate(survey, theta, domains), names)
    return assemble(
        survey,
        replace(result, warnings=(*result.warnings, *said, *flat)),
        domains,
        outcomes=names,
        unit="mean",
        method="direct.standardised",
        interval="wald",
        citations=[SARNDAL],
        facts=row_facts(result, lost),
        assumptions=[f"The standard population of {', '.join(columns)} is known."],
    )


def _shares(cells: Domains, population: Mapping[Any, float], columns: list[str]) -> Array:
    """Return the population's share of every cell of the sample, after checking both."""
    if not columns:
        raise ValueError("over must name columns: found none. Write those that make the cells.")
    if not isinstance(population, Mapping) or not population:
        raise TypeError(
            f"population must map cells to numbers: found {type(population).__name__}. Write for "
            "example {'F': 520, 'M': 480}."
        )
    given = {category(key): number("population", size) for key, size in population.items()}
    wrong = [key for key, size in given.items() if not (np.isfinite(size) and size >= 0)]
    if wrong or not sum(given.values()) > 0:
        which = f"{_shown(wrong[0])} has {given[wrong[0]]:g}" if wrong else "all are 0"
        raise ValueError(
            f"population must be numbers of 0 or more: {which}. Give the size of every cell."
        )
    lacking = [label for label in cells.labels if label not in given]
    if lacking:
        raise ValueError(
            f"population must have every cell of the sample: {len(lacking)} of {len(cells.labels)} "
            f"are missing (first: {_shown(lacking[0])})."
            f"{nearest(_shown(lacking[0]), map(_shown, given))} Add them, with 0 to leave them out."
        )
    absent = [key for key in given if key not in cells.labels and given[key] > 0]
    if absent:
        raise ValueError(
            f"population must have cells with rows: {len(absent)} of {len(given)} have none (first: "
            f"{_shown(absent[0])}). Merge it with another cell, or give it 0."
        )
    size = np.array([given[label] for label in cells.labels])
    return np.asarray(size / size.sum())


def _shown(label: tuple[str, ...]) -> str:
    return ", ".join(label)


def _thin(survey: Survey, domains: Domains, cells: Domains, used: Array, ones: Array) -> list[str]:
    """Say which cells of which domain have no row, or one; refuse if no domain has them all."""
    code, cell = domains.of_rows(survey.n), cells.of_rows(survey.n)
    rows = domains.take_part(survey) & (ones > 0) & np.isin(cell, used)
    key = code[rows] * cells.count + cell[rows]
    found = np.bincount(key, minlength=domains.count * cells.count)
    table = found.reshape(domains.count, cells.count)[:, used]
    said: list[str] = []
    for few, words in ((0, "no row, and their domain no estimate"),
                       (1, "one row, which adds nothing to the standard error")):  # fmt: skip
        thin = np.argwhere((table == few) & (table.sum(axis=1, keepdims=True) > 0))
        if not thin.size:
            continue
        d, c = thin[0]
        where = f"{_shown(cells.labels[used[c]])} in {_shown(domains.labels[d]) or 'the sample'}"
        if few == 0 and (table == 0).any(axis=1).all():
            raise ValueError(
                f"over must have rows in every cell of some domain: {len(thin)} cells have none "
                f"(first: {where}). Use coarser cells or domains."
            )
        note(said, f"{len(thin)} of {table.size} cells have {words} (first: {where}).")
    return said
