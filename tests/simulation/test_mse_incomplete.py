"""Incomplete tables where the truth is known: absent lists, missing labels, errors of linkage."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.composite import composite_fit
from prevalence.mse.histories import all_histories, cell_codes
from prevalence.mse.linkage.forms import audited, ding_fienberg
from prevalence.mse.linkage.link_errors import cut_records
from prevalence.mse.linkage.linked import ClusterModel
from prevalence.mse.strata.design import (
    observed,
    strata_design,
    table_counts,
    told_strata,
    wanted_cells,
)

Array = NDArray[Any]
RATIO = 0.06  # of a standard deviation of 1,000 runs: two and a half of its standard errors


def full(lists: int) -> Array:
    return np.vstack([np.zeros((1, lists), dtype=int), all_histories(lists)])


def shares(chances: Any, odds: float) -> Array:
    """Probabilities of the histories of lists, dark first, the first two with an odds ratio."""
    table, p = full(len(chances)), np.array(chances)
    weight = np.where(table == 1, p, 1 - p).prod(axis=1)
    weight = weight * np.where(table[:, 0] * table[:, 1], odds, 1.0)
    return np.asarray(weight / weight.sum())


def absent(odds: float, runs: int, seed: int) -> Any:
    """3,000 and 2,000 persons; lists 1 and 2 dependent (4 and `odds`), list 3 absent from b."""
    rng = np.random.default_rng(seed)
    first = rng.multinomial(3000, shares((0.25, 0.2, 0.15), 4), size=runs)[:, 1:]
    second = rng.multinomial(2000, shares((0.2, 0.25, 0.2), odds), size=runs)
    without = np.zeros((runs, 7))
    for code, column in zip(cell_codes(full(3)) & 3, second.T, strict=True):
        at = np.flatnonzero(cell_codes(all_histories(3)) == code)
        without[:, at] += column[:, None] if at.size else 0
    counts = np.stack([first, without], axis=2).transpose(1, 2, 0).astype(float)
    strata = told_strata([("a",), ("b",)], ["A", "B", "C"], {("b",): ("C",)}, "?")
    seen = observed(strata, counts.mean(axis=2))
    levels = {(j,): np.arange(2, dtype=np.int64) for j in range(3)}
    captured = np.tensordot(all_histories(3).T, counts.mean(axis=2), 1)
    design = strata_design(strata, [(0,), (1,), (2,), (0, 1)], levels, captured).matrix
    return composite_fit(design, seen.collapse, table_counts(seen, counts), wanted_cells(strata))


def test_a_borrowed_term_repairs_a_stratum_where_a_list_is_absent() -> None:
    found = absent(4, 1000, 1)
    assert found.converged.all()
    error = found.total.std(axis=1) / np.sqrt(1000)
    # The maximum is biased upwards by under one in a hundred at these sizes.
    assert (np.abs(np.median(found.total, axis=1) / [5000, 3000, 2000] - 1) < 0.01).all()
    assert (error < 10).all()
    ratio = np.sqrt((found.std_error**2).mean(axis=1)) / found.total.std(axis=1)
    assert (np.abs(ratio - 1) < RATIO).all()


def test_a_borrowed_term_that_is_wrong_is_wrong_by_half() -> None:
    found = absent(2, 400, 2)
    assert np.median(found.total[2]) > 2700  # 2,000 persons, odds ratio 2 and not 4


def test_missing_labels_keep_strata_unbiased() -> None:
    rng, runs = np.random.default_rng(3), 1000
    first = rng.multinomial(3000, shares((0.25, 0.2, 0.15), 1), size=runs)[:, 1:].T
    second = rng.multinomial(2000, shares((0.1, 0.3, 0.2), 1), size=runs)[:, 1:].T
    lost = 0.1 + 0.2 * all_histories(3)[:, [0]]  # the first list often does not write the label
    hidden = [rng.binomial(x, lost) for x in (first, second)]
    counts = np.stack([first - hidden[0], second - hidden[1], sum(hidden)], axis=1).astype(float)
    strata = told_strata([("a",), ("b",), ("?",)], ["A", "B", "C"], {}, "?")
    seen = observed(strata, counts.mean(axis=2))
    levels = {(j,): np.arange(2, dtype=np.int64) for j in range(3)}
    design = strata_design(strata, [(0,), (1,), (2,)], levels, np.ones((3, 2))).matrix
    found = composite_fit(design, seen.collapse, table_counts(seen, counts), wanted_cells(strata))
    assert (np.abs(found.total.mean(axis=1) / [5000, 3000, 2000] - 1) < 0.01).all()
    ratio = np.sqrt((found.std_error**2).mean(axis=1)) / found.total.std(axis=1)
    assert (np.abs(ratio - 1) < RATIO).all()


def split(counts: Array, errors: Array, rng: np.random.Generator) -> Array:
    """Clusters (C, runs) of persons (C, runs) whose records are cut off."""
    lists = len(errors)
    codes = cell_codes(all_histories(lists)).tolist()
    out = np.zeros(counts.shape)
    for w, code in enumerate(codes):
        members = [j for j in range(lists) if code >> j & 1]
        if len(members) == 1:
            out[w] += counts[w]
            continue
        cuts = [c for c in range(code + 1) if c & code == c]
        chance = [
            np.prod([errors[j] if c >> j & 1 else 1 - errors[j] for j in members]) for c in cuts
        ]
        fallen = rng.multinomial(counts[w].astype(int), chance)
        for c, number in zip(cuts, fallen.T, strict=True):
            for cluster in [1 << j for j in members if c >> j & 1] + [code & ~c]:
                if cluster:
                    out[codes.index(cluster)] += number
    return out


def test_cut_records_are_undone_with_the_variance_that_persons_make() -> None:
    rng, errors = np.random.default_rng(7), np.array([0.05, 0.10, 0.15, 0.08])
    chance = shares((0.25, 0.2, 0.2, 0.15), math.e)
    persons = rng.multinomial(4000, chance, size=1000).T.astype(float)
    clusters = split(persons[1:], errors, rng)
    model = ClusterModel(pv.Lists.from_counts(all_histories(4), clusters[:, 0]), [(0, 1)])
    made = cut_records(errors[:, None])
    collapse = np.hstack([np.zeros((15, 1)), made.mean[..., 0]])
    found = composite_fit(model.design, collapse, clusters, np.ones(16))
    naive = composite_fit(model.design, np.eye(16)[1:], clusters, np.ones(16))
    spread = found.total.std()
    assert abs(found.total.mean() - 4000) < 4000 * 0.005
    assert naive.total.mean() > 4900  # without the correction a quarter too many
    mean = 4000 * chance
    variance = model.variance(mean, np.zeros(6, bool), made.second[..., 0], collapse, np.zeros(15))
    assert abs(np.sqrt(variance) / spread - 1) < RATIO
    of_clusters = np.sqrt((found.std_error**2).mean())
    assert of_clusters < np.sqrt(variance)


def linkage(form: str, chances: tuple[float, float], same: bool, runs: int) -> tuple[Array, Array]:
    """Sizes and their standard errors by one of the two-list forms, truth 5,000."""
    rng = np.random.default_rng(11)
    out = []
    for _ in range(runs):
        both, n1, n2 = _caught(rng, chances)
        true = rng.binomial(both, 0.85)
        rate = {"audit": 0.06, "first": 0.02, "any": 0.02}[form]
        false = rng.binomial(n1 - (true if form == "any" else both), rate)
        matches = rng.hypergeometric(true, both - true, 150) if same else rng.binomial(150, 0.85)
        audit: dict[str, Any] = {"linked_matches": (matches, 150), "same_file": same}
        if form == "audit":
            checked = (rng.hypergeometric(true, false, 200), 200)
            size = audited(n1, n2, true + false, true_links=checked, **audit)
        else:
            others = (rng.binomial(200, rate), 200)
            relinked = form == "any"
            size = ding_fienberg(
                n1, n2, true + false, linked_others=others, relinked=relinked, **audit
            )
        out.append((size.total, size.variance))
    total, variance = np.array(out).T
    return total, np.sqrt(variance)


def _caught(rng: np.random.Generator, chances: tuple[float, float]) -> tuple[int, int, int]:
    p, q = chances
    cells = rng.multinomial(5000, [p * q, p * (1 - q), (1 - p) * q, (1 - p) * (1 - q)])
    return int(cells[0]), int(cells[0] + cells[1]), int(cells[0] + cells[2])


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("form", ["audit", "first", "any"])
def test_two_lists_linked_with_errors(form: str, same: bool) -> None:
    for chances in ((0.3, 0.2), (0.1, 0.6)):
        total, error = linkage(form, chances, same, 4000)
        # A median of 4,000 runs with a standard deviation of up to 420 of 5,000.
        assert abs(np.median(total) / 5000 - 1) < 4 * 1.25 * 420 / 5000 / np.sqrt(4000)
        assert abs(np.sqrt((error**2).mean()) / total.std() - 1) < RATIO
