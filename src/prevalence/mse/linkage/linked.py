"""Population sizes from lists whose records were linked with errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import explained
from ...errors import generator, note, number, shown, whole
from ...estimate import Estimate
from ...lists import Lists
from ...registry import estimator
from ..assemble import BFH, EQUAL, SKIPS, assemble, example, require_overlap
from ..composite import composite_fit
from ..histories import FloatArray, cell_codes, cell_places
from ..terms import dependence, terms_of, together
from ..trust.stated import covered
from .link_errors import (
    REDRAWN,
    Clusters,
    cut_records,
    each_cut,
    join_offset,
    share,
    split_errors,
    unsplit,
    with_errors,
)

__all__ = ["linked"]

MAPPED = {
    "missed": "{'police': (3, 60)}",
    "joins": "{(('police',), ('shelter',)): (3, 50)}",
}
Array = NDArray[Any]
TUOTO = "Di Consiglio and Tuoto (2018) Journal of Official Statistics 34, 889-908"


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=TUOTO,
    example=example(missed={"list 1": (3, 60)}, draws=5, rng=1),
    skips=SKIPS | REDRAWN,
)
@explained
def linked(
    lists: Lists,
    *,
    pairs: Sequence[Sequence[str]] = (),
    missed: Mapping[str, Any] | None = None,
    splits: Sequence[tuple[Sequence[Sequence[str]], int]] = (),
    joins: Mapping[Any, Any] | None = None,
    draws: int = 200,
    rng: int | np.random.Generator | None = None,
) -> Estimate:
    """Estimate the population size by a log-linear model of lists linked with errors, ``sum mu``.

    The record of list j is cut off from its person's others with probability e_j, and the records
    not cut off stay together; a person with history w then leaves ``A[v, w]`` clusters with history
    v. The clusters counted are Poisson with means ``A mu`` plus what false joins move, and ``mu``,
    the persons by history, follow a log-linear model.

    Parameters
    ----------
    lists : Lists
        The clusters of records as they were linked; with `.bootstrap(...)` the standard error is
        the bootstrap's, each replicate with its own draw of the audit.
    pairs : list of groups of str
        Lists that depend on each other; ``[]`` is independence.
    missed : mapping of str to float or (cut, checked), optional
        By list, the probability that a record is cut off: known, or of `checked` records of persons
        with several, how many were cut off. Lists not named lose no link.
    splits : list of (clusters, persons), optional
        In place of `missed`, what became of audited persons: clusters of lists, and how many
        persons fell into them, as ``([("police",), ("shelter", "school")], 4)``.
    joins : mapping of (group, group) to float or (false, checked), optional
        False joins of a cluster of the first lists with one of the second: how many there are, or of
        `checked` clusters with the history of both, how many are of two persons.
    draws : int
        Draws of the audit's errors from their posterior (Jeffreys' prior).
    rng : int, numpy Generator or None
        Seed of the draws.

    Returns
    -------
    Estimate
        One row, persons; variance of the model averaged over draws of the errors, plus that of the
        estimates between draws; the interval is log-normal on the number not seen.

    Raises
    ------
    KeyError, TypeError, ValueError
        When a list is unknown, an audit is not (some, of how many), joined groups share a list, or
        the model has no estimate.

    Notes
    -----
    Assumes what `loglinear` assumes of the lists, that records are cut off independently of each
    other, and that the audit is a random sample. Without errors it is `loglinear`. It fails where
    hard links are also left out of the audit, and where a list holds a person twice.

    References
    ----------
    Di Consiglio, L. and Tuoto, T. (2018). Population size estimation and linkage errors: the
    multiple lists case. Journal of Official Statistics 34, 889-908. (DOI not checked)

    Bishop, Y. M. M., Fienberg, S. E. and Holland, P. W. (1975). Discrete Multivariate Analysis:
    Theory and Practice. MIT Press. doi:10.1007/978-0-387-72806-3

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> round(float(pv.mse.linked(lists, missed={"A": 0.2})), 6)
    160.0
    """
    require_overlap(lists)
    whole("draws", draws, 2, "Leave it out for 200.")
    terms = terms_of(lists, pairs)
    audit = _record_audit(lists, missed, splits, joins)
    draw = generator(rng)
    model = ClusterModel(lists, terms)
    errors, moved = cut_records(audit.expected()), audit.joined(lists.counts, None)
    plain = model.fit(errors, lists.counts[:, None], moved)
    if not np.isfinite(plain.total).all():
        raise ValueError(
            f"pairs, missed and joins must give a model with an estimate: with {len(terms)} terms no "
            "identified maximum was reached. Leave out a pair, or check the numbers of false joins."
        )
    said: list[str] = []
    _tell_negative(lists, audit.expected(), audit.joined(lists.counts, None), said)
    drawn = _over_draws(lists, model, audit, draws if audit.uncertain else 1, draw)
    good = np.isfinite(drawn.total)
    if not good.any():
        raise ValueError(
            f"missed and joins must leave an estimate: none of {good.size} draws of the errors has "
            "one. Audit more records."
        )
    if not good.all():
        note(said, f"{int((~good).sum())} of {good.size} draws of the errors have no estimate.")
    between = float(drawn.total[good].var(ddof=1)) if good.sum() > 1 else 0.0
    estimate = assemble(
        lists,
        float(plain.total[0]),
        float(np.sqrt(drawn.variance[good].mean() + between)),
        method="mse.linked",
        identifies=dependence(lists, terms),
        assumptions=[
            EQUAL,
            "Records are cut off from their person independently, as often as in the audit.",
        ],
        citations=[BFH, TUOTO],
        replicated=drawn.replicated,
        seen=min(float(plain.persons[0]), float(plain.total[0])),
        said=said,
        handled=["links", *covered(lists, terms)],
    )
    return with_errors(estimate, "linked with no other errors than those of the audit")


@dataclass(frozen=True, eq=False)
class OverDraws:
    """Totals and variances (D,) by draw of the errors, and the replicates shared out over draws."""

    total: FloatArray
    variance: FloatArray
    replicated: FloatArray | None


def _over_draws(
    lists: Lists, model: ClusterModel, audit: RecordAudit, draws: int, rng: np.random.Generator
) -> OverDraws:
    """Fit under each draw of the errors, or once where they are known."""
    errors = audit.errors(draws, rng) if audit.uncertain else audit.expected()
    total, variance = np.empty(draws), np.empty(draws)
    factors = None if lists.scheme is None else lists.scheme.factors
    replicated = None if factors is None else np.full((1, factors.shape[1]), np.nan)
    for d, clusters in enumerate(each_cut(errors)):
        moved = audit.joined(lists.counts, rng if audit.uncertain else None)
        counts, mine = lists.counts[:, None], slice(d, None, draws)
        if factors is not None:
            counts = np.hstack([counts, factors[:, mine]])
        fit = model.fit(clusters, counts, moved)
        total[d], variance[d] = fit.total[0], fit.variance
        if replicated is not None:
            replicated[0, mine] = fit.total[1:]
    return OverDraws(total, variance, replicated)


@dataclass(frozen=True, eq=False)
class RecordAudit:
    """What an audit tells of record errors and false joins; shares as (some, of how many)."""

    lists: int
    missed: Mapping[int, float | tuple[float, float]]
    splits: Sequence[tuple[Sequence[tuple[int, ...]], float]]
    joins: Mapping[tuple[tuple[int, ...], tuple[int, ...]], float | tuple[float, float]]

    @property
    def uncertain(self) -> bool:
        """Whether anything was estimated from a sample."""
        values = [*self.missed.values(), *self.joins.values()]
        return bool(self.splits) or any(isinstance(v, tuple) for v in values)

    def expected(self) -> FloatArray:
        """Record errors (L, 1) at the audit's means."""
        if self.splits:
            drawn = self.errors(2000, np.random.default_rng(0))
            mean: FloatArray = drawn.mean(axis=1, keepdims=True)
            return mean
        out = np.zeros((self.lists, 1))
        for j, value in self.missed.items():
            out[j] = value[0] / value[1] if isinstance(value, tuple) else value
        return out

    def errors(self, draws: int, rng: np.random.Generator) -> FloatArray:
        """Draws of the record errors, (L, draws)."""
        if self.splits:
            return split_errors(self.splits, self.lists, draws, rng)
        out = np.repeat(self.expected(), draws, axis=1)
        for j, value in self.missed.items():
            if isinstance(value, tuple):
                out[j] = rng.beta(value[0] + 0.5, value[1] - value[0] + 0.5, draws)
        return out

    def joined(self, counts: Array, rng: np.random.Generator | None) -> FloatArray:
        """What false joins add to the expected counts; drawn where a generator is given."""
        places = cell_places(self.lists)
        numbers = {}
        for key, value in self.joins.items():
            if isinstance(value, tuple):
                false, checked = value
                rate = false / checked
                if rng is not None:
                    rate = rng.beta(false + 0.5, checked - false + 0.5)
                history = sum(1 << j for group in key for j in group)
                numbers[key] = rate * float(counts[places[history]])
            else:
                numbers[key] = value
        return join_offset(numbers, self.lists)


@dataclass(frozen=True, eq=False)
class ClusterFit:
    """Totals (B,), the variance of the first, and the persons seen that the fit expects (B,)."""

    total: FloatArray
    variance: float
    persons: FloatArray


class ClusterModel:
    """A log-linear model of persons, to be fitted to clusters under several sets of errors."""

    def __init__(self, lists: Lists, terms: Sequence[tuple[int, ...]]) -> None:
        histories = np.vstack([np.zeros((1, len(lists.names)), dtype=np.int64), lists.histories])
        columns = [(), *((j,) for j in range(len(lists.names))), *terms]
        self.design = np.stack([histories[:, list(t)].all(axis=1) for t in columns], 1).astype(
            float
        )

    def fit(self, clusters: Clusters, counts: FloatArray, moved: FloatArray) -> ClusterFit:
        """Fit columns of counts under one set of errors; the variance is that of the first."""
        cells = len(counts)
        collapse = np.hstack([np.zeros((cells, 1)), clusters.mean[..., 0]])
        fit = composite_fit(self.design, collapse, counts, np.ones(cells + 1), offset=moved)
        variance = self.variance(
            fit.fitted[:, 0], fit.boundary[:, 0], clusters.second[..., 0], collapse, moved
        )
        return ClusterFit(fit.total[0], variance, fit.fitted[1:].sum(axis=0))

    def variance(
        self,
        means: FloatArray,
        boundary: Array,
        second: FloatArray,
        collapse: FloatArray,
        moved: FloatArray,
    ) -> float:
        """``g' I^-1 (D' E^-1 S E^-1 D) I^-1 g - N`` with S the covariance that persons make.

        Clusters of one person are not independent: Poisson variances of clusters alone are too
        small (by a tenth where one record in ten is cut off).
        """
        if not np.isfinite(means).all():
            return float("nan")
        design = self.design[:, ~boundary]
        expected = collapse @ means + moved
        rows = expected > 0
        slopes = (collapse @ (means[:, None] * design))[rows] / expected[rows, None]
        spread = np.einsum("vuw,w->vu", second, means[1:])
        spread += np.diag(np.maximum(expected - np.diag(spread), 0.0))
        information = slopes.T @ (expected[rows, None] * slopes)
        weights = slopes @ np.linalg.solve(information, means @ design)
        return float(weights @ spread[np.ix_(rows, rows)] @ weights - means.sum())


def _record_audit(
    lists: Lists, missed: Mapping[str, Any] | None, splits: Sequence[Any], joins: Any
) -> RecordAudit:
    _check_kinds(missed, splits, joins)
    if missed and splits:
        raise ValueError(
            f"missed or splits must be given, not both: found {len(missed)} lists and {len(splits)} "
            "kinds of audited persons. Keep one of them."
        )
    errors = {
        lists.index(k): _known_or_audited("missed", v, 1.0) for k, v in (missed or {}).items()
    }
    kinds = []
    for entry in splits:
        two = isinstance(entry, Sequence) and len(entry) == 2 and _are_groups(entry[0])
        if not two or not 0 <= number("splits", entry[1]) < np.inf:
            raise ValueError(
                f"splits must be pairs of clusters and persons: found {shown(entry)}. Write "
                "([('police',), ('shelter', 'school')], 4)."
            )
        clusters = [_group(lists, "splits", group) for group in entry[0]]
        _check_apart("splits", clusters)
        kinds.append((clusters, float(entry[1])))
    found = {}
    for key, value in (joins or {}).items():
        if not _are_groups(key) or len(key) != 2:
            raise ValueError(
                f"joins must name two groups of lists: found {shown(key)}. Write "
                "{(('police',), ('shelter',)): (3, 50)}."
            )
        groups = [_group(lists, "joins", group) for group in key]
        _check_apart("joins", groups)
        found[groups[0], groups[1]] = _known_or_audited("joins", value, np.inf)
        _check_joins(lists, groups, found[groups[0], groups[1]])
    return RecordAudit(len(lists.names), errors, kinds, found)


def _check_joins(lists: Lists, groups: Sequence[tuple[int, ...]], value: Any) -> None:
    members = [j for group in groups for j in group]
    there = float(lists.counts[cell_codes(lists.histories) == sum(1 << j for j in members)].sum())
    number_of = value[1] if isinstance(value, tuple) else value
    if number_of > there:
        raise ValueError(
            f"joins must not be more than the clusters there are: found {number_of:g} for "
            f"{together(lists, members)}, which {there:,.0f} have. Correct the "
            "audit."
        )


def _check_kinds(missed: Any, splits: Any, joins: Any) -> None:
    for name, given in (("missed", missed), ("joins", joins)):
        if given is not None and not isinstance(given, Mapping):
            raise TypeError(
                f"{name} must be a mapping: found {shown(given)}. Write {MAPPED[name]}."
            )
    if isinstance(splits, str) or not isinstance(splits, Sequence):
        raise TypeError(
            f"splits must be a list of (clusters, persons): found {shown(splits)}. Write "
            "[([('police',), ('shelter', 'school')], 4)]."
        )


def _are_groups(given: Any) -> bool:
    """Return whether this is a sequence of names and of sequences of names."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        return False
    return all(isinstance(group, (str, Sequence)) for group in given)


def _known_or_audited(argument: str, value: Any, below: float) -> float | tuple[float, float]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        some, checked = share(argument, value, 0)
        if some == checked and below == 1:
            raise ValueError(
                f"{argument} must leave links to tell from: of {checked:g} records checked all were "
                "cut off. Audit more records, or leave the list out."
            )
        return some, checked
    known = number(argument, value)
    if not 0 <= known < below:
        raise ValueError(
            f"{argument} must be at least 0{' and below 1' if below == 1 else ''}: found {known:g}. "
            "Give what was found, or (how many, of how many checked)."
        )
    return known


def _group(lists: Lists, argument: str, names: Any) -> tuple[int, ...]:
    if isinstance(names, str):
        names = (names,)
    if not names:
        raise ValueError(
            f"{argument} must have a list in each cluster: found an empty one. Leave it out."
        )
    return tuple(sorted(lists.index(name) for name in names))


def _check_apart(argument: str, groups: Sequence[tuple[int, ...]]) -> None:
    members = [j for group in groups for j in group]
    if len(set(members)) < len(members):
        raise ValueError(
            f"{argument} must have each list in one cluster only: {len(members) - len(set(members))} "
            "lists are in several. A person is on a list once."
        )


def _tell_negative(
    lists: Lists, model_errors: FloatArray, moved: FloatArray, said: list[str]
) -> None:
    """Warn where the errors would leave histories with clearly fewer than no persons."""
    clusters = cut_records(model_errors).mean[..., 0]
    persons = unsplit(clusters, lists.counts - moved)
    spread = np.sqrt(np.linalg.inv(clusters) ** 2 @ np.maximum(lists.counts, 1.0))
    below = np.flatnonzero(persons < -2 * spread)
    if below.size:
        first = together(lists, np.flatnonzero(lists.histories[below[0]]))
        note(
            said,
            f"the errors of linkage do not fit the lists: {below.size} histories would have fewer "
            f"than no persons (first: {first}, {persons[below[0]]:,.1f}). Check the audit.",
        )
