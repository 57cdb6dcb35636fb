"""Population sizes by stratum from one log-linear model, also where a list does not operate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import explained
from ...captures import MISSING
from ...errors import nearest, note, shown
from ...estimate import Estimate
from ...frames import names_of
from ...lists import Lists
from ...registry import estimator
from ..assemble import BFH, SKIPS, assemble, example, require_overlap
from ..composite import CompositeFit, composite_fit
from ..histories import IntArray
from ..near import spread
from ..terms import dependence, in_words, is_group, terms_of, together
from ..trust.stated import covered
from .design import (
    Observed,
    Strata,
    StrataDesign,
    Term,
    impossible,
    observed,
    strata_design,
    table_counts,
    told_strata,
    wanted_cells,
)

__all__ = ["stratified"]

Array = NDArray[Any]
ZWANE = "Zwane, van der Pal-de Bruin and van der Heijden (2004) doi:10.1002/sim.1818"


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=ZWANE,
    example=example(pairs=[("list 1", "list 2")]),
    skips=SKIPS,
)
@explained
def stratified(
    lists: Lists,
    *,
    pairs: Sequence[Sequence[str]] = (),
    by_stratum: Sequence[Any] | Mapping[Any, Any] | None = None,
) -> Estimate:
    """Estimate the population size and that of each stratum by one log-linear model, ``sum mu``.

    The table is strata by histories, dark cells included; the counts observed are Poisson with
    means that sum some of its cells. Each stratum has its own size; a term of a list or a group of
    lists is either shared by all strata or differs between them. The dark figure of a stratum is
    the sum over all cells of persons on no list that operates there.

    Parameters
    ----------
    lists : Lists
        Case lists with `strata`; lists that do not operate in a stratum are declared by
        ``lists.declare(absent={...})``. With `.bootstrap(...)` the standard errors are its.
    pairs : list of groups of str
        Lists that depend on each other within a stratum; ``[]`` is independence.
    by_stratum : list of str and groups of str, or mapping to columns of `strata`, optional
        Lists, and pairs of `pairs`, whose term differs by stratum; a mapping names the columns of
        the strata by which it differs. By default every list differs and no pair does.

    Returns
    -------
    Estimate
        All strata, then one row per stratum, with their covariance; the interval is log-normal on
        the number not seen.

    Raises
    ------
    KeyError, ValueError
        When a list or column is unknown, a term is given without those inside it, a list that is
        declared absent has persons, or the model has no estimate.

    Notes
    -----
    Assumes, within each stratum, what `loglinear` assumes, and that every shared term is the same
    in all strata. A list that is absent tells something there only through shared terms: it fails
    where they differ, and the data of that stratum cannot show it. Persons
    with a missing label stay in: whether a label is missing may depend on the lists a person is
    on, not on the label.

    References
    ----------
    Zwane, E. N., van der Pal-de Bruin, K. and van der Heijden, P. G. M. (2004). The
    multiple-record systems estimator when registrations refer to different but overlapping
    populations. Statistics in Medicine 23, 2267-2281. doi:10.1002/sim.1818

    Examples
    --------
    >>> import prevalence as pv
    >>> rows = {"A": [1, 0, 1] * 2, "B": [0, 1, 1] * 2, "sex": ["f"] * 3 + ["m"] * 3}
    >>> lists = pv.Lists(
    ...     {**rows, "n": [40, 30, 10, 20, 20, 8]}, ["A", "B"], counts="n", strata="sex"
    ... )
    >>> pv.mse.stratified(lists).value.round(6).tolist()
    [298.0, 200.0, 98.0]
    """
    require_overlap(lists)
    terms = terms_of(lists, pairs)
    asked = Asked(lists, told_strata(lists.strata, lists.names, lists.declared.absent, MISSING))
    levels = _levels(lists, asked.strata, terms, by_stratum)
    fit = asked.fit(terms, levels, asked.counts[..., None])
    if not (fit.converged[0] and fit.identified[0]):
        raise ValueError(
            f"pairs and by_stratum must give a model with an estimate: with {len(pairs)} pairs "
            f"{_why(fit)}. Let fewer terms differ by stratum, leave out a pair that shares few "
            "persons, or merge two strata."
        )
    draws = lists.stratum_draws()
    return assemble(
        lists,
        fit.total[:, 0],
        covariance=fit.covariance[..., 0],
        method="mse.stratified",
        identifies=dependence(
            lists, terms, " within each stratum" if len(lists.strata) > 1 else ""
        ),
        assumptions=_assumptions(lists, asked.strata, terms, levels),
        citations=[BFH, ZWANE],
        replicated=None if draws is None else asked.fit(terms, levels, draws).total,
        seen=asked.seen(),
        span=asked.span(terms, levels),
        said=asked.said,
        labels=_labels(lists, asked.strata),
        label_names=lists.strata_names if len(asked.strata.labels) > 1 else (),
        handled=covered(lists, terms),
    )


class Asked:
    """The incomplete table of some lists, to be fitted by several models."""

    def __init__(self, lists: Lists, strata: Strata) -> None:
        self.lists, self.strata = lists, strata
        self.counts = lists.stratum_counts()
        self.rows: Observed = observed(strata, self.counts)
        self.wanted = wanted_cells(strata)
        self.said: list[str] = []
        self.captured = np.stack([self._sizes(label) for label in strata.labels], axis=1)
        self._check()

    def _sizes(self, label: tuple[str, ...]) -> Array:
        column = self.counts[:, list(self.lists.strata).index(label)]
        return np.asarray(self.lists.histories.T @ column)

    def _check(self) -> None:
        wrong = impossible(self.rows, self.counts)
        if wrong.any():
            first = ", ".join(self.lists.strata[int(np.flatnonzero(wrong)[0])])
            raise ValueError(
                f"absent lists must have nobody: {int(wrong.sum()):,} persons are on a list that is "
                f"declared not to operate in their stratum (first: {first}). Correct the "
                "declaration or the stratum."
            )
        for s, label in enumerate(self.strata.labels):
            for j in np.flatnonzero(self.strata.operating[s] & (self.captured[:, s] == 0)).tolist():
                note(
                    self.said,
                    f"{self.lists.names[j]} has nobody in {', '.join(label) or 'the data'}: its rate "
                    "there is taken as 0. If it does not operate there, say so by "
                    "lists.declare(absent=...).",
                )

    def design(self, terms: Sequence[Term], levels: Mapping[Term, IntArray]) -> StrataDesign:
        """Return the design of all lists and `terms`."""
        lists = [(j,) for j in range(len(self.lists.names))]
        return strata_design(self.strata, [*lists, *terms], levels, self.captured)

    def fit(
        self, terms: Sequence[Term], levels: Mapping[Term, IntArray], counts: Array
    ) -> CompositeFit:
        """Return the fit of a model to counts (C, G, B)."""
        matrix = self.design(terms, levels).matrix
        return composite_fit(
            matrix, self.rows.collapse, table_counts(self.rows, counts), self.wanted
        )

    def seen(self) -> Array:
        """Return the persons seen, in all and known to be of each stratum."""
        each = [
            self.counts[:, list(self.lists.strata).index(label)].sum()
            for label in self.strata.labels
        ]
        return np.array([self.lists.seen, *each] if len(each) > 1 else [self.lists.seen])

    def span(
        self, terms: list[Term], levels: Mapping[Term, IntArray]
    ) -> tuple[float, float] | None:
        """Return the range of the total over models near by, within 6 BIC units of the best."""
        if any(len(term) > 2 for term in terms):
            return None
        here = np.arange(len(self.strata.labels))
        found = [self.fit(terms, levels, self.counts[..., None])]
        for pair in combinations(range(len(self.lists.names)), 2):
            fewer = {key: value for key, value in levels.items() if key != pair}
            changed = [t for t in terms if t != pair] if pair in terms else [*terms, pair]
            found.append(self.fit(changed, fewer, self.counts[..., None]))
        for term in [(j,) for j in range(len(self.lists.names))] if len(here) > 1 else []:
            inside = any(set(term) < set(key) for key in levels)
            if term in levels and not inside:
                other = {key: value for key, value in levels.items() if key != term}
                found.append(self.fit(terms, other, self.counts[..., None]))
            elif term not in levels:
                found.append(self.fit(terms, {**levels, term: here}, self.counts[..., None]))
        return spread([fit.total[0, 0] for fit in found], [fit.bic[0] for fit in found])


def _why(fit: CompositeFit) -> str:
    if not fit.identified[0]:
        return "some terms or sizes are not identified by what is observed"
    return "no finite maximum was reached"


def _levels(
    lists: Lists, strata: Strata, terms: Sequence[Term], given: Any
) -> dict[Term, IntArray]:
    """Return the level of each stratum for the terms that differ between strata."""
    if given is None:
        given = list(lists.names)
    if isinstance(given, str):
        raise TypeError(
            f"by_stratum must be a list or a mapping: found the text {given!r}. Write [{given!r}]."
        )
    if not isinstance(given, Iterable):
        raise TypeError(
            f"by_stratum must be a list or a mapping: found {shown(given)}. Write ['police'], or [] "
            "where no term differs."
        )
    chosen: dict[Term, IntArray] = {}
    columns: dict[Term, set[str]] = {}
    for entry in given:
        if not isinstance(entry, str) and not is_group(entry):
            raise ValueError(
                f"by_stratum must name lists and groups of lists: found {shown(entry)}. Write "
                "['police', ('police', 'shelter')]."
            )
        names = (entry,) if isinstance(entry, str) else tuple(entry)
        term = tuple(sorted(lists.index(name) for name in names))
        if len(term) > 1 and term not in terms:
            raise ValueError(
                f"by_stratum must name lists, or groups that are in pairs: {' and '.join(names)} is "
                "not. Add it to pairs."
            )
        by = given[entry] if isinstance(given, Mapping) else lists.strata_names
        columns[term] = set(_columns(lists, by))
        chosen[term] = _codes(lists, strata, columns[term])
    for term in chosen:
        parts = [part for k in range(1, len(term)) for part in combinations(term, k)]
        lacking = [p for p in parts if not columns[term] <= columns.get(p, set())]
        if lacking and columns[term]:
            said, part = (together(lists, group) for group in (term, lacking[0]))
            raise ValueError(
                f"by_stratum must hold what is inside a group: {said} differs by stratum and {part} "
                "does not. Add it."
            )
    return chosen


def _columns(lists: Lists, given: Any) -> list[str]:
    names = names_of("by_stratum", given)
    for name in names:
        if name not in lists.strata_names:
            raise KeyError(
                f"by_stratum must name columns of strata: {name!r} is not one."
                f"{nearest(name, lists.strata_names)}"
            )
    return names


def _codes(lists: Lists, strata: Strata, columns: set[str]) -> IntArray:
    """Number the strata by their labels in some columns."""
    used = [i for i, name in enumerate(lists.strata_names) if name in columns]
    keys = [tuple(label[i] for i in used) for label in strata.labels]
    order = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    return np.array([order[key] for key in keys], dtype=np.int64)


def _assumptions(
    lists: Lists, strata: Strata, terms: Sequence[Term], levels: Mapping[Term, IntArray]
) -> list[str]:
    """Say what is shared, what is borrowed where a list is absent, and what labels are missing."""
    said = []
    every = [*((j,) for j in range(len(lists.names))), *terms]
    shared = [t for t in every if t not in levels] if len(strata.labels) > 1 else []
    if shared:
        said.append(f"The terms of {in_words(lists, shared)} are the same in all strata.")
    for s, label in enumerate(strata.labels):
        gone = np.flatnonzero(~strata.operating[s])
        if gone.size:
            borrowed = in_words(lists, [t for t in terms if t not in levels])
            said.append(
                f"{together(lists, gone)} does not operate in {', '.join(label)}: what is "
                f"borrowed there from the other strata is "
                f"{borrowed or 'no dependence between lists'}; the data of that stratum "
                "alone cannot contradict it."
            )
    untold = [i for i, label in enumerate(lists.strata) if MISSING in label]
    if untold:
        persons = int(lists.stratum_counts()[:, untold].sum())
        said.append(
            f"Whether a label is missing ({persons:,} persons) depends on the lists a person is "
            "on, not on the label."
        )
    said.append("Within a stratum everyone is equally likely to be on a list.")
    return said


def _labels(lists: Lists, strata: Strata) -> tuple[tuple[str, ...], ...]:
    if len(strata.labels) == 1:
        return ((),)
    used = {x for label in strata.labels for x in label}
    every = next(word for word in ("all", "total", "all strata") if word not in used)
    return ((every,) * len(lists.strata_names), *strata.labels)
