"""What is told of each row beside the estimate: counts, design effects, where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .evaluate import Domains, Result, units_known
from .frames import distinct
from .survey import Survey

__all__ = [
    "LateFacts",
    "LazyFacts",
    "binomial_deff",
    "by_domain",
    "case_facts",
    "design_effects",
    "own",
    "per_person",
    "persons",
    "relative",
    "row_facts",
    "units_with",
    "whole_by_domain",
]

Array = NDArray[Any]


def relative(w: Array) -> Array:
    """Return weights over the largest of them, so that their squares are within floats."""
    top = np.abs(w).max(initial=0.0)
    return np.asarray(w / top) if top > 0 else w


class LateFacts(Mapping[str, Array]):
    """Facts of the rows, some of which (`names`) are computed when first asked for."""

    def __init__(
        self,
        ready: Mapping[str, Array],
        names: Sequence[str],
        compute: Callable[[], Mapping[str, Array]],
    ):
        self._ready, self._names, self._compute = dict(ready), tuple(names), compute
        self._order = tuple(dict.fromkeys([*self._ready, *self._names]))

    def __getitem__(self, name: str) -> Array:
        if name not in self._ready and name in self._names:
            self._ready |= self._compute()
        return self._ready[name]

    def __contains__(self, name: object) -> bool:
        return name in self._order

    def __iter__(self) -> Iterator[str]:
        return iter(self._order)

    def __len__(self) -> int:
        return len(self._order)

    def __reduce__(self) -> tuple[type[dict[str, Array]], tuple[dict[str, Array]]]:
        return dict, (dict(self),)  # computed before it travels


class LazyFacts(LateFacts):
    """Facts of the rows, of which the design effects are computed when first asked for."""

    def __init__(self, ready: Mapping[str, Array], deff: Callable[[], Array]):
        super().__init__(ready, ("deff", "deff_source"), lambda: own(deff()))


def own(deff: Array) -> dict[str, Array]:
    """Return design effects of rows that rest on their own data."""
    return {"deff": deff, "deff_source": np.where(np.isfinite(deff), "own", "none")}


def by_domain(domains: Domains, v: Array) -> Array:
    """Sum row values by domain."""
    if domains.code is None:
        return np.array([v.sum()])
    inside = domains.code >= 0
    if inside.all():
        return np.asarray(np.bincount(domains.code, weights=v, minlength=domains.count))
    return np.asarray(np.bincount(domains.code[inside], v[inside], domains.count))


def whole_by_domain(domains: Domains, v: Array) -> Array:
    """Sum counts by domain to whole numbers."""
    return np.rint(by_domain(domains, v)).astype(int)


def persons(survey: Survey, which: Array) -> Array:
    """Return how many persons each of the chosen rows stands for, 0 for the others."""
    found = which.astype(float)
    return found if survey.copies is None else found * survey.copies


def _counted(survey: Survey, code: Array, rows: Array, count: int) -> Array:
    """Count the persons of some rows by code."""
    if survey.copies is None:
        return np.bincount(code, minlength=count)
    return np.rint(np.bincount(code, survey.copies[rows], count)).astype(int)


def row_facts(result: Result, lost: Array, *, outside: bool = False) -> dict[str, Array]:
    """Return the rows that take part and those missing (outcomes, domains), row by row.

    `outside` tells that the missing rows lie in no domain of the result.
    """
    return {
        "n": np.tile(result.n if outside else result.n - lost[0], len(lost)),
        "missing": lost.reshape(-1),
        "psus": np.tile(result.psus, len(lost)),
    }


def design_effects(
    survey: Survey,
    domains: Domains,
    y: Sequence[Array],
    errors: Array,
    answered: Array | None,
    within: Array | None = None,
) -> Array:
    """Return V / V_srs, V_srs that of a simple random sample of as many rows of the domain.

    `errors` are standard errors (outcomes, domains) on the scale of the mean of `y`: those of a
    total over the size of its domain. The sample of V_srs is drawn without replacement. `within` is
    the variance of the persons that one row stands for, (outcomes, rows).
    """
    w = survey.chain.weights if answered is None else survey.chain.weights * answered
    people = by_domain(domains, w)
    n = by_domain(domains, persons(survey, w != 0))
    code = 0 if domains.code is None else domains.code
    out = []
    for k, (row, error) in enumerate(zip(y, errors, strict=True)):
        with np.errstate(all="ignore"):
            share = w / people[code]  # squares of weights far from 1 stay in range
            centred = row - by_domain(domains, share * row)[code]
            squares = centred * centred if within is None else centred * centred + within[k]
            spread = by_domain(domains, share * squares)
            srs = spread / (n - 1) * np.where(people > n, 1 - n / people, 1.0)
            out.append(np.where(srs > 0, error**2 / srs, np.nan))
    return np.concatenate(out)


def per_person(survey: Survey, domains: Domains, answered: Array | None, result: Result) -> Array:
    """Return the standard errors of totals (outcomes, domains) over the sizes of their domains."""
    w = survey.chain.weights if answered is None else survey.chain.weights * answered
    errors = result.block.std_error.reshape(result.value.shape)
    with np.errstate(all="ignore"):
        return np.asarray(errors / by_domain(domains, w))


def binomial_deff(result: Result, n: Array) -> Array:
    """Return n V / (p (1 - p)) of a proportion: n over it is the effective sample size."""
    p, variance = result.value.reshape(-1), result.block.std_error**2
    with np.errstate(all="ignore"):
        return np.where((p > 0) & (p < 1), n * variance / (p * (1 - p)), np.nan)


def case_facts(survey: Survey, domains: Domains, y: Array) -> dict[str, Array]:
    """Cases, and primary units with cases, by domain."""
    rows = np.flatnonzero((y == 1) & domains.take_part(survey))
    code = domains.of_rows(survey.n)[rows]
    return {
        "cases": _counted(survey, code, rows, domains.count),
        "psus_with_cases": units_with(survey, domains, rows),
    }


def units_with(survey: Survey, domains: Domains, rows: Array) -> Array:
    """Count the primary units that some rows of domains lie in; nan where units are not told."""
    if not units_known(survey):
        return np.full(domains.count, np.nan)
    psus = survey.design.stages[0].parent.size
    psu = survey.design.psu_of_unit[survey.chain.unit[rows]].astype(np.int64)
    pairs, _ = distinct(
        domains.of_rows(survey.n)[rows].astype(np.int64) * psus + psu, domains.count * psus
    )
    return np.bincount(pairs // psus, minlength=domains.count)
