"""What the direct estimators share: outcomes read from a survey, citations and examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import check_rows, one_of
from ..evaluate import Domains
from ..facts import persons, whole_by_domain
from ..frames import names_of
from ..registry import Example
from ..survey import Survey

__all__ = [
    "BINDER",
    "SARNDAL",
    "answering",
    "check_yes_no",
    "example_with",
    "incomplete",
    "outcomes",
]

Array = NDArray[Any]
REPORTED = "reported as cases"  # by informants, who are the rows
SARNDAL = "Sarndal, Swensson and Wretman (1992) doi:10.1007/978-1-4612-4378-6"
BINDER = "Binder (1983) doi:10.2307/1402588"


def example() -> Example:
    rng = np.random.default_rng(20)
    psu = np.repeat(np.arange(12), 5)
    data = {
        "psu": psu,
        "stratum": psu // 4,
        "w": rng.integers(1, 6, psu.size).astype(float),
        "y": rng.gamma(2.0, 3.0, psu.size) + 0.3 * psu,
        "x": rng.gamma(3.0, 2.0, psu.size),
        "case": (rng.random(psu.size) < 0.3).astype(float),
        "sex": np.where(rng.random(psu.size) < 0.5, "F", "M"),
    }
    return Example(data, _survey)


def _survey(data: Any) -> Survey:
    return Survey(data, weights="w", strata="stratum", psu="psu")


def example_with(**arguments: Any) -> Callable[[], Example]:
    """Return a maker of the example of an estimator called with some arguments."""

    def made() -> Example:
        plain = example()
        return Example(plain.data, plain.sample, arguments)

    return made


def outcomes(
    survey: Survey,
    names: str | Sequence[str],
    missing: str,
    domains: Domains,
    *,
    linear: bool = False,
) -> tuple[list[str], list[Array], Array | None, Array]:
    """Return names, values with 0 at missing, who answered (None: all) and the counts missing.

    `linear` tells that values are only added up, for which means of cells do.
    """
    one_of("missing", missing, ["error", "drop"])
    columns = names_of("outcome", names)
    if not columns:
        raise ValueError("outcome must name a column: found none. Write the name of one.")
    y = [survey.table.numeric(c, "outcome", linear=linear) for c in columns]
    if all(survey.table.is_finite(c, "outcome", linear=linear) for c in columns):
        return columns, y, None, np.zeros((len(columns), domains.count), dtype=int)
    inside = domains.take_part(survey)
    gone = np.isnan(np.stack(y))
    for name, row in zip(columns, y, strict=True):
        check_rows("outcome", f"finite in {name!r}", row, np.isinf(row), "Correct them.")
    lost = gone & inside
    if lost.any() and missing == "error":
        k = int(np.argmax(lost.any(axis=1)))
        more = _denominator(survey, columns[k])
        raise incomplete("outcome", columns[k], lost[k], inside, more, survey.copies)
    kept = ~gone.any(axis=0)
    count = whole_by_domain(domains, persons(survey, inside & ~kept))
    y = [np.where(kept, row, 0.0) for row in y]
    return columns, y, kept.astype(float), np.tile(count, (len(columns), 1))


def _denominator(survey: Survey, name: str) -> str:
    """Say how to leave out rows that the definition of an outcome does not concern."""
    coded = survey.coded.get(name)
    if coded is None or not coded.where:
        return ""
    return f" Its definition is of rows with where={coded.where!r}: pass that for the others."


def incomplete(
    argument: str,
    name: str,
    lost: Array,
    inside: Array,
    more: str = "",
    copies: Array | None = None,
) -> ValueError:
    """Return the error of a column that is missing in rows that take part.

    `copies` are the persons that each row stands for, where rows are cells of a file.
    """
    gone, all_of = (
        int(rows.sum() if copies is None else copies[rows].sum()) for rows in (lost, inside)
    )
    first = f" (first: row {int(np.flatnonzero(lost)[0])})" if copies is None else ""
    return ValueError(
        f"{argument} must be complete: {name!r} is missing in {gone:,} of {all_of:,} rows with "
        f"weight{first}. Pass "
        f"missing='drop' to leave these rows out, with their count in the result.{more}"
    )


def answering(y: list[Array], answered: Array | None) -> Array:
    """Return 1 for the rows that answered (None: all of them)."""
    return np.ones(y[0].size) if answered is None else answered


def check_yes_no(argument: str, name: str, column: Array, used: Array) -> None:
    """Raise unless the answers of the rows that are used are 1 for yes and 0 for no."""
    bad = used & ~np.isin(column, (0.0, 1.0))
    check_rows(argument, f"0 or 1 in {name!r}", column, bad, "Code yes as 1 and no as 0.")
