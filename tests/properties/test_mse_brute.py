"""Estimators of lists against other people's fitters on random tables: statsmodels, scipy, sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.histories import all_histories

Array = NDArray[Any]
NAMES = "abcde"
pytestmark = [
    pytest.mark.filterwarnings("ignore:only .* persons are on two lists"),
    pytest.mark.filterwarnings("ignore:all .* persons of . are on . too"),
    pytest.mark.filterwarnings("ignore:.* lists hold nobody"),
    pytest.mark.filterwarnings("ignore:. has nobody in"),
    pytest.mark.filterwarnings("ignore:the standard error rests on about"),
    pytest.mark.filterwarnings("ignore:Delta-dominated posterior"),
    pytest.mark.filterwarnings("ignore:.* of the estimate comes from persons whose chance is held"),
]
FEW = [pytest.param(seed, marks=[] if seed < 2 else pytest.mark.proof) for seed in range(30)]
# Both sides iterate: scipy's simplex of derivatives stops at 1e-6 of the coefficients.
SCIPY = 2e-5


def drawn(seed: int, lists: int | None = None) -> tuple[Array, Array]:
    """Return a random table, sparse or rich, sometimes with a dependence."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(3, 6)) if lists is None else lists
    on = rng.random((int(rng.choice([200, 800, 4000])), size)) < rng.uniform(0.04, 0.5, size)
    if seed % 3 == 0:
        on[:, 1] |= on[:, 0] & (rng.random(len(on)) < 0.4)
    histories = all_histories(size)
    counts = [(on == row.astype(bool)).all(axis=1).sum() for row in histories]
    return histories, np.array(counts, dtype=float)


def made(histories: Array, counts: Array) -> pv.Lists:
    return pv.Lists.from_counts(histories, counts, list(NAMES[: histories.shape[1]]))


def regression(design: Array, counts: Array, *, peer: bool) -> tuple[float, float]:
    """Dark figure and standard error of the size: Poisson regression, intercept first."""
    b = np.linalg.lstsq(design, np.log(counts + 0.5), rcond=None)[0]
    for _ in range(200):
        mean = np.exp(np.minimum(design @ b, 50))
        b = b + np.linalg.solve((design.T * mean) @ design, design.T @ (counts - mean))
    variance = np.linalg.inv((design.T * np.exp(design @ b)) @ design)
    if peer:
        import statsmodels.api as sm

        fit = sm.GLM(counts, design, family=sm.families.Poisson()).fit(tol=1e-13, maxiter=300)
        b, variance = fit.params, fit.cov_params()
    dark = float(np.exp(b[0]))
    return dark, float(np.sqrt(dark + dark**2 * variance[0, 0]))


def design_of(histories: Array, terms: Sequence[Sequence[int]]) -> Array:
    columns = [histories[:, list(t)].all(axis=1) for t in terms]
    return np.column_stack([np.ones(len(histories)), histories, *columns]).astype(float)


@pytest.mark.parametrize("seed", FEW)
def test_loglinear_models_are_poisson_regressions_without_empty_margins(seed: int) -> None:
    histories, counts = drawn(seed)
    rng = np.random.default_rng(seed)
    every = list(combinations(range(histories.shape[1]), 2))
    terms = [t for t in every if rng.random() < 0.3]
    empty = [t for t in terms if counts @ histories[:, list(t)].all(axis=1) == 0]
    kept = ~np.any([histories[:, list(t)].all(axis=1) for t in [*empty, ()] if t], axis=0)
    kept = np.broadcast_to(kept, (len(counts),))
    pairs = [tuple(NAMES[i] for i in t) for t in terms]
    block = design_of(histories, [t for t in terms if t not in empty])[kept]
    try:
        found = pv.mse.loglinear(made(histories, counts), pairs=pairs)
    except ValueError:
        singular = np.linalg.matrix_rank(block) < block.shape[1]
        assert singular or (counts[kept] == 0).any()  # only then is there no maximum
        return
    dark, error_of = regression(block, counts[kept], peer=seed > 1)
    assert float(found) == pytest.approx(counts.sum() + dark, rel=1e-7)
    assert float(found.std_error[0]) == pytest.approx(error_of, rel=1e-6)


@pytest.mark.parametrize("seed", FEW)
@pytest.mark.parametrize("kind", ["poisson", "darroch", "gamma"])
def test_closed_models_are_poisson_regressions(seed: int, kind: str) -> None:
    histories, counts = drawn(seed)
    k = histories.sum(axis=1)
    h = {"poisson": 2.0**k - 1, "darroch": k**2 / 2, "gamma": np.log(3.5) - np.log(3.5 + k)}[kind]
    try:
        found = pv.mse.closed(made(histories, counts), model="Mh", heterogeneity=kind)
    except ValueError:
        assert (np.bincount(k, counts)[1:] == 0).any()
        return
    dark, error_of = regression(np.column_stack([np.ones(len(k)), k, h]), counts, peer=seed > 1)
    assert float(found) == pytest.approx(counts.sum() + dark, rel=1e-6)
    assert float(found.std_error[0]) == pytest.approx(error_of, rel=1e-5)


def climbed(value: Callable[[Array], float], start: Array) -> Array:
    """Return the maximum of a log-likelihood by scipy alone."""
    from scipy import optimize

    minimize: Any = optimize.minimize
    x = minimize(lambda b: -value(b), start, method="BFGS").x
    x = minimize(lambda b: -value(b), x, method="Nelder-Mead", options={"maxiter": 20_000}).x
    return np.asarray(minimize(lambda b: -value(b), x, method="BFGS").x)


def poisson(counts: Array, means: Array) -> float:
    safe = np.maximum(means, 1e-300)
    return float((counts * np.log(safe) - means).sum())


@pytest.mark.parametrize("seed", FEW)
def test_a_list_absent_in_a_stratum_is_summed_over(seed: int) -> None:
    histories = all_histories(3)
    rng = np.random.default_rng(seed)
    full = np.vstack([np.zeros(3, dtype=int), histories])
    rates = rng.uniform(0.15, 0.4, (2, 3))
    odds = rng.uniform(1, 4)
    table = []
    for s in range(2):
        weight = np.prod(np.where(full == 1, rates[s], 1 - rates[s]), axis=1)
        weight *= np.where(full[:, :2].all(axis=1), odds, 1.0)
        table.append(rng.multinomial(900, weight / weight.sum()).astype(float))
    there, gone = table
    seen = np.zeros(8)
    for row, n in zip(full, gone, strict=True):  # list c does not operate in the second stratum
        seen[np.flatnonzero((full == [row[0], row[1], 0]).all(axis=1))[0]] += n
    data = {
        **{n: np.r_[full[1:, j], full[1:, j]] for j, n in enumerate("abc")},
        "n": np.r_[there[1:], seen[1:]],
        "s": ["x"] * 7 + ["y"] * 7,
    }
    lists = pv.Lists(data, list("abc"), counts="n", strata="s").declare(absent={"y": ["c"]})
    found = pv.mse.stratified(lists, pairs=[("a", "b")])
    design = design_of(full, [(0, 1)])

    def means(b: Array) -> tuple[Array, Array]:
        x = np.exp(design @ np.r_[b[:4], b[6]])
        y = np.exp(design[:, [0, 1, 2, 4]] @ np.r_[b[4], b[5], b[7], b[6]])[full[:, 2] == 0]
        return x, y

    short = full[:, 2] == 0
    observed = np.r_[there[1:], seen[short][1:]]
    start = np.r_[5.0, -1, -1, -1, 5.0, -1, 0.5, -1]
    best = climbed(lambda b: poisson(observed, np.r_[means(b)[0][1:], means(b)[1][1:]]), start)
    x, y = means(best)
    wanted = [x.sum() + y.sum(), x.sum(), y.sum()]
    np.testing.assert_allclose(found.value, wanted, rtol=SCIPY * 10)  # 8 flat directions


def clusters_by_hand(errors: Array, histories: Array) -> Array:
    """Expected clusters of each history that a person leaves: every set of cut records in turn."""
    place = {tuple(row): i for i, row in enumerate(histories.tolist())}
    out = np.zeros((len(histories), len(histories)))
    for w, row in enumerate(histories):
        members = np.flatnonzero(row)
        for cut in product([0, 1], repeat=members.size):
            if members.size == 1 and cut[0]:
                continue
            chance = np.prod(
                [errors[j] if c else 1 - errors[j] for j, c in zip(members, cut, strict=True)]
            )
            if members.size == 1:
                chance = 1.0
            parts = [[j] for j, c in zip(members, cut, strict=True) if c]
            rest = [j for j, c in zip(members, cut, strict=True) if not c]
            for part in [*parts, *([rest] if rest else [])]:
                history = np.zeros(len(row), dtype=int)
                history[part] = 1
                out[place[tuple(history.tolist())], w] += chance
    return out


@pytest.mark.parametrize("seed", FEW)
def test_missed_links_are_the_maximum_over_clusters_by_hand(seed: int) -> None:
    histories, counts = drawn(3 * seed + 1, 3)
    errors = np.random.default_rng(seed).uniform(0.02, 0.25, 3)
    missed = dict(zip("abc", errors.tolist(), strict=True))
    found = pv.mse.linked(made(histories, counts), missed=missed)
    split = clusters_by_hand(errors, histories)
    design = design_of(histories, [])
    start = np.r_[np.log(counts.sum()), -1.0, -1.0, -1.0]
    best = climbed(lambda b: poisson(counts, split @ np.exp(design @ b)), start)
    wanted = np.exp(best[0]) + np.exp(design @ best).sum()
    assert float(found) == pytest.approx(wanted, rel=SCIPY)


@pytest.mark.parametrize("seed", FEW)
def test_huggins_is_the_maximum_of_the_conditional_likelihood(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=900)
    p = 1 / (1 + np.exp(-(rng.normal(-1, 0.4, 3) + np.outer(x, rng.normal(0.5, 0.4, 3)))))
    on = (rng.random((900, 3)) < p).astype(int)
    on, x = on[on.any(axis=1)], x[on.any(axis=1)]
    lists = pv.Lists(
        {**{n: on[:, j] for j, n in enumerate("abc")}, "x": x}, list("abc"), covariates="x"
    )
    found = pv.mse.huggins(lists)

    def chances(b: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(-(b[:3] + np.outer(x, b[3:])))))

    def value(b: Array) -> float:
        p = np.clip(chances(b), 1e-12, 1 - 1e-12)
        seen = 1 - np.prod(1 - p, axis=1)
        return float((np.where(on == 1, np.log(p), np.log(1 - p)).sum(axis=1) - np.log(seen)).sum())

    best = climbed(value, np.r_[-1.0, -1, -1, 0, 0, 0])
    seen = 1 - np.prod(1 - chances(best), axis=1)
    assert float(found) == pytest.approx((1 / seen).sum(), rel=SCIPY * 10)  # six coefficients


@pytest.mark.parametrize("seed", FEW)
def test_doubly_robust_without_covariates_is_the_product_of_counts(seed: int) -> None:
    histories, counts = drawn(seed)
    rng = np.random.default_rng(seed)
    among = np.sort(rng.permutation(histories.shape[1])[: int(rng.integers(2, 4))])
    outside = np.delete(histories, among, axis=1).any(axis=1)
    inside = ~outside & histories[:, among].any(axis=1)
    names = [NAMES[j] for j in among]

    def ask() -> pv.Estimate:
        lists = made(histories, counts)
        return pv.mse.doubly_robust(lists, covariates=[], among=names, folds=1, clamp=1e-6, rng=1)

    if (counts[inside] == 0).any():
        with pytest.raises(ValueError, match="every history is seen"):
            ask()
        return
    sign = np.where(histories[inside].sum(axis=1) % 2, 1, -1)
    ratio = np.exp(sign @ np.log(counts[inside] / counts.sum()))
    assert float(ask()) == pytest.approx(counts.sum() * (1 + ratio), rel=1e-6)


@pytest.mark.parametrize("seed", FEW)
def test_the_graph_posterior_is_a_sum_over_graphs_and_sizes(seed: int) -> None:
    from scipy.special import gammaln

    histories, counts = drawn(3 * seed + 2, 3)
    counts = np.minimum(counts, 60)
    delta, n = 2.0**-3, counts.sum()
    unseen = np.arange(1, 60_001.0)
    full = np.vstack([np.zeros(3, dtype=int), histories])

    def piece(group: tuple[int, ...]) -> Array:
        a = delta * 2.0 ** (3 - len(group))
        out = np.zeros(unseen.size)
        for cell in product([0, 1], repeat=len(group)):
            y = counts[(full[1:, list(group)] == cell).all(axis=1)].sum()
            here = unseen if not any(cell) else 0.0
            out += gammaln(y + here + a) - gammaln(a)
        return np.asarray(out + gammaln(8 * delta) - gammaln(n + unseen + 8 * delta))

    pairs = list(combinations(range(3), 2))
    logs = [sum(piece((j,)) for j in range(3))]
    logs += [piece(p) + piece(tuple(set(range(3)) - set(p))) for p in pairs]
    for p, q in combinations(pairs, 2):
        (shared,) = set(p) & set(q)
        logs.append(piece(p) + piece(q) - piece((shared,)))
    prior = gammaln(n + unseen + 1) - gammaln(unseen + 1) - np.log(n + unseen)
    table = np.array(logs) + prior
    weight = np.exp(table - table.max()).sum(axis=0)
    below = np.cumsum(weight) / weight.sum()
    found = pv.mse.decomposable(made(histories, counts), saturated=False, rng=1)
    low, high = found.interval()[0]
    # Whole numbers: the first at which the sum reaches a level; the tail beyond 60,000 is tiny.
    for level, value in ((0.5, float(found)), (0.025, low), (0.975, high)):
        if unseen[np.searchsorted(below, 0.999)] < 20_000:
            assert abs(n + unseen[np.searchsorted(below, level)] - value) <= 1


@pytest.mark.proof
@pytest.mark.parametrize("name", ["australia", "hiv", "korea", "lesbian", "western"])
def test_all_models_of_pairs_of_other_peoples_tables_are_poisson_regressions(
    oracle: Path, name: str
) -> None:
    import pandas as pd

    data = pd.read_csv(oracle.parent / "datasets" / "mse" / f"{name}.csv")
    names = [str(column) for column in data if column != "count"]
    lists = pv.Lists(data, names, counts="count")
    table = pv.mse.models(lists)
    histories, counts = lists.histories, lists.counts
    for row in np.flatnonzero(table.code == 0)[:80]:
        terms = [
            tuple(t) for t, use in zip(table.terms, table.included[:, row], strict=True) if use
        ]
        empty = [t for t in terms if counts @ histories[:, list(t)].all(axis=1) == 0]
        kept = ~np.array([histories[:, list(t)].all(axis=1) for t in empty]).any(axis=0)
        kept = np.broadcast_to(kept, counts.shape)
        design = design_of(histories, [t for t in terms if t not in empty])[kept]
        dark, error = regression(design, counts[kept], peer=True)
        assert table.total[row] == pytest.approx(lists.seen + dark, rel=1e-6)
        assert table.std_error[row] == pytest.approx(error, rel=1e-5)
