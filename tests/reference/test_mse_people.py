"""Lists with covariates against slow versions, general optimisers and closed forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.people import robust
from prevalence.mse.people.multinomial import fit, probabilities
from prevalence.mse.people.records import people
from tests.agreement import Within, agrees
from tests.naive import mse_people as naive

Array = NDArray[Any]
CONSTANTS, SLOPES = (-0.6, -0.4, -0.9), np.array([[0.5, -0.3, 0.4], [0.2, 0.4, -0.2]])


def lists_of(on: Array, x: Array, **more: Any) -> pv.Lists:
    names = [f"list {j + 1}" for j in range(on.shape[1])]
    columns = {name: on[:, j] for j, name in enumerate(names)}
    known = {f"x{k + 1}": x[:, k] for k in range(x.shape[1])}
    return pv.Lists({**columns, **known, **more}, names, covariates=[*known, *more])


def drawn(size: int, lists: int, seed: int = 1) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return naive.population(rng, size, CONSTANTS[:lists], SLOPES[:, :lists])


@pytest.mark.parametrize(
    ("model", "slopes"), [("Mt", "common"), ("Mth", "list"), ("Mh", "common"), ("Mtbh", "common")]
)
def test_huggins_is_the_maximum_that_a_general_optimiser_finds(model: str, slopes: str) -> None:
    on, x = drawn(40, 3)
    found = pv.mse.huggins(lists_of(on, x), model=model, slopes=slopes, ordered=True)
    value, std_error = naive.huggins(
        on, x if "h" in model else x[:, :0], model=model, slopes=slopes
    )
    # Nelder-Mead's tolerance in the coefficients, and second differences with a step of 1e-4.
    np.testing.assert_allclose(found.value, value, rtol=1e-6)
    np.testing.assert_allclose(found.std_error, std_error, rtol=1e-4)


OTIS = "Huggins likelihood of the deer mice of Otis et al. (1978), by a general optimiser"
MICE = [
    ("M0", 38.4713036, 0.7203920),
    ("Mt", 38.4026029, 0.6634947),
    ("Mh", 39.8507285, 1.7174357),
    ("Mth", 39.6634357, 1.6120511),
    ("Mb", 42.2557034, 3.7542573),
    ("Mbh", 47.1448434, 7.1758096),
]


@pytest.fixture(scope="module")
def mice(oracle: Path) -> pv.Lists:
    """Return the 38 deer mice, read in place beside the reference values."""
    names = [f"y{j}" for j in range(1, 7)]
    table = pd.read_csv(oracle.parent / "datasets" / "mse" / "deermice.csv")
    return pv.Lists(table, names, covariates=["sex", "age", "weight"])


@pytest.mark.parametrize(("model", "estimate", "std_error"), MICE)
def test_deer_mice(mice: pv.Lists, model: str, estimate: float, std_error: float) -> None:
    """The 38 deer mice of Otis et al. (1978): values that the general optimiser confirms below."""
    found = pv.mse.huggins(mice, model=model, slopes="common", ordered=True)
    digits = Within("the digits printed", 2e-7)
    both, case = [*found.value, *found.std_error], f"38 deer mice, {model}: size and its error"
    agrees(both, [estimate, std_error], digits, case=case, source=OTIS)


@pytest.mark.proof
@pytest.mark.parametrize(("model", "estimate", "std_error"), MICE)
def test_the_general_optimiser_finds_the_same_deer_mice(
    mice: pv.Lists, model: str, estimate: float, std_error: float
) -> None:
    kinds = people(mice, None, None)
    on, x = (np.repeat(a, kinds.count.astype(int), axis=0) for a in (kinds.on, kinds.x))
    x = (x - x.mean(axis=0)) / x.std(axis=0)  # sizes do not depend on the units
    found = naive.huggins(on, x if "h" in model else x[:, :0], model=model, slopes="common")
    # Nelder-Mead's tolerance in the coefficients, and second differences with a step of 1e-4.
    np.testing.assert_allclose(found, [estimate, std_error], rtol=1e-6)


def test_two_lists_without_covariates_are_lincoln_petersen() -> None:
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    exact = (50 * 40 / 10, (50 * 40 * 40 * 30 / 10**3) ** 0.5)
    for found in (
        pv.mse.huggins(lists, covariates=[]),
        pv.mse.doubly_robust(lists, covariates=[], folds=1),
        pv.mse.doubly_robust(lists, covariates=[], folds=1, method="plug-in"),
        pv.mse.doubly_robust(lists, covariates=[], folds=1, method="tmle"),
    ):
        np.testing.assert_allclose([*found.value, *found.std_error], exact, rtol=1e-9)  # rounding


def test_categories_are_strata_of_their_own() -> None:
    """With a constant for each list in each class, sizes are those of the classes one by one."""
    on, x = drawn(900, 3)
    sex = np.where(x[:, 0] > 0, "F", "M")
    lists = lists_of(on, x[:, :0], sex=sex)
    found = pv.mse.huggins(lists, by="sex")
    for i, label in enumerate(("F", "M")):
        one = pv.mse.loglinear(
            pv.Lists(pd.DataFrame(on[sex == label]).add_prefix("l"), ["l0", "l1", "l2"])
        )
        # Two Newton fits, each to 1e-8 in its score; the same multinomial standard error.
        np.testing.assert_allclose(found.value[i], one.value[0], rtol=1e-7)
        np.testing.assert_allclose(found.std_error[i], one.std_error[0], rtol=1e-6)
    np.testing.assert_allclose(found.value.sum(), float(pv.mse.huggins(lists)), rtol=1e-9)


def test_the_multinomial_logit_is_the_maximum_of_its_likelihood() -> None:
    on, x = drawn(150, 2)
    category = on @ [1, 2] - 1
    z = np.c_[np.ones(len(x)), x]
    for ridge in (0.0, 1.0):
        b = fit(z, category, np.ones(len(x)), 3, ridge=ridge, start=np.zeros((3, 3)))
        if ridge:  # the penalty is on slopes against the commonest history, here not the first
            base = int(np.argmax(np.bincount(category)))
            order = np.array([base, *(c for c in range(3) if c != base)])
            wanted = naive.multinomial(z, np.argsort(order)[category], ridge)[:, np.argsort(order)]
        else:
            wanted = naive.multinomial(z, category, ridge)
        # BFGS stops at a gradient of 1e-8 taken by differences.
        np.testing.assert_allclose(probabilities(z, b), wanted, atol=1e-5)


def test_many_lists_are_two_lists_term_by_term() -> None:
    on, x = drawn(80, 2)
    p = 1 / (1 + np.exp(-(np.array(CONSTANTS[:2]) + x @ SLOPES[:, :2])))
    q = [naive.histories_given_seen(row) for row in p]
    margins = np.array([(c[1, 0] + c[1, 1], c[0, 1] + c[1, 1], c[1, 1]) for c in q]).T
    wanted = naive.two_lists(on, *margins)
    _, slow = naive.many_lists(on, q, [0, 1])
    fast = summands_of(on, q, [0, 1])
    np.testing.assert_allclose(slow, wanted, rtol=1e-12)  # rounding
    np.testing.assert_allclose(fast.one_step, wanted, rtol=1e-12)


def summands_of(on: Array, q: Any, among: list[int], odds_ratio: float = 1.0) -> robust.Summands:
    history, codes, sign = robust.supported(on, np.array(among))
    rows = np.zeros((codes.size, on.shape[1]), dtype=int)
    rows[:, among] = (codes[:, None] >> np.arange(len(among))) & 1
    chances = np.array([[c[tuple(y)] for y in rows.tolist()] for c in q])
    return robust.summands(chances, history, sign, clamp=1e-4, odds_ratio=odds_ratio)


@pytest.mark.parametrize("among", [[0, 1], [0, 2], [0, 1, 2]])
def test_summands_are_those_of_the_slow_version(among: list[int]) -> None:
    on, x = drawn(80, 3)
    p = 1 / (1 + np.exp(-(np.array(CONSTANTS) + x @ SLOPES)))
    q = [naive.histories_given_seen(row) for row in p]
    plug_in, one_step = naive.many_lists(on, q, among, odds_ratio=2.0)
    found = summands_of(on, q, among, 2.0)
    np.testing.assert_allclose(found.plug_in, plug_in, rtol=1e-10)  # logarithms summed
    np.testing.assert_allclose(found.one_step, one_step, rtol=1e-10)


@pytest.mark.parametrize("among", [[0, 1], [1, 2], [0, 1, 2]])
def test_the_mean_person_is_right_by_quadrature_and_errors_are_of_second_order(
    among: list[int],
) -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    p = 1 / (1 + np.exp(-(np.array(CONSTANTS) + nodes[:, None] * SLOPES[0])))
    q = [naive.histories_given_seen(row) for row in p]
    seen = np.array([1 - naive.chance([0, 0, 0], row) for row in p])
    truth = 1 / (weights @ seen)  # 1 / psi
    errors: dict[float, list[float]] = {}
    bend = np.cos(np.arange(7.0))  # each history is wrong in its own way
    for d in (0.0, 0.1, 0.05):
        wrong = [
            {y: c * np.exp(d * b) for b, (y, c) in zip(bend, row.items(), strict=True)} for row in q
        ]
        mean = np.zeros((2, nodes.size))
        for y in q[0]:
            found = summands_of(np.tile(y, (nodes.size, 1)), wrong, among)
            share = np.array([row[y] for row in q])
            mean += share * np.array([found.plug_in, found.one_step])
        errors[d] = list(mean @ (weights * seen) * truth - truth)
    assert np.abs(errors[0.0]).max() < 1e-12  # rounding
    plug_in, one_step = (np.array([errors[0.1][k], errors[0.05][k]]) for k in (0, 1))
    # A Taylor series in d: half of d halves the first order and quarters the second.
    np.testing.assert_allclose(plug_in[1] / plug_in[0], 0.5, atol=0.03)
    np.testing.assert_allclose(one_step[1] / one_step[0], 0.25, atol=0.02)


def test_targeted_chances_make_plug_in_and_one_step_agree() -> None:
    on, x = drawn(2000, 3)
    lists = lists_of(on, x)
    one, two = (
        pv.mse.doubly_robust(lists, among=["list 1", "list 2"], method=m, rng=1)
        for m in ("one-step", "tmle")
    )
    # They differ by second-order terms alone, small beside the standard error.
    assert abs(float(one) - float(two)) < 0.5 * one.std_error[0]
    history, _, sign = robust.supported(on, np.array([0, 1]))
    q = np.full((len(on), 3), [0.3, 0.3, 0.1])  # far from the shares
    how: dict[str, Any] = {"clamp": 0.005, "odds_ratio": 1.0}
    moved = robust.targeted(q, history, np.ones(len(on)), sign, **how)
    found = robust.summands(moved, history, sign, **how)
    error = np.sqrt(len(on)) * found.one_step.std()
    # It stops within 1e-4 standard errors.
    assert abs(found.plug_in.sum() - found.one_step.sum()) < 2e-4 * error


def test_the_unseen_are_proportional_to_the_odds_ratio() -> None:
    on, x = drawn(1500, 2)
    lists = lists_of(on, x)
    one, two = (
        float(pv.mse.doubly_robust(lists, odds_ratio=d, rng=1)) - lists.seen for d in (1.0, 2.0)
    )
    np.testing.assert_allclose(two, 2 * one, rtol=1e-12)  # rounding


def test_rows_by_group_add_up_and_their_variances_too() -> None:
    on, x = drawn(1500, 2)
    lists = lists_of(on, x, sex=np.where(x[:, 0] > 0, "F", "M"))
    how: dict[str, Any] = {"covariates": ["x1", "x2"], "rng": 1}
    rows, whole = pv.mse.doubly_robust(lists, by="sex", **how), pv.mse.doubly_robust(lists, **how)
    assert rows.labels == (("F",), ("M",))
    np.testing.assert_allclose(rows.value.sum(), whole.value[0], rtol=1e-12)  # rounding
    # n Var(v) + N (N / n - 1) is sum v^2 - N in every group: variances add exactly.
    np.testing.assert_allclose((rows.std_error**2).sum(), whole.std_error[0] ** 2, rtol=1e-9)


def test_pairs_say_what_each_rests_on() -> None:
    on, x = drawn(1500, 3)
    pairs = pv.mse.doubly_robust_pairs(lists_of(on, x), rng=1)
    frame = pairs.to_frame()
    assert frame[["first", "second"]].to_numpy().tolist() == [
        ["list 1", "list 2"],
        ["list 1", "list 3"],
        ["list 2", "list 3"],
    ]
    one = pv.mse.doubly_robust(lists_of(on, x), among=["list 1", "list 3"], rng=1)
    low, high = one.interval()[0]
    row = frame.iloc[1]
    np.testing.assert_allclose(
        row[["estimate", "std_error", "conf_low", "conf_high"]].to_numpy(float),
        [float(one), one.std_error[0], low, high],
        rtol=1e-12,
    )
    assert "Given x1 and x2, among persons on none of the other lists:" in repr(pairs)


def test_replicates_repeat_the_whole_procedure_with_covariates() -> None:
    on, x = drawn(250, 2)
    sex = np.where(x[:, 0] > 0, "F", "M")
    lists = lists_of(on, x[:, :0], sex=sex).bootstrap(20, rng=3)
    kinds, draws = lists.patterns, lists.pattern_draws
    assert draws is not None
    for ask in (pv.mse.huggins, lambda given: pv.mse.doubly_robust(given, rng=5)):
        found = ask(lists)
        for r in (0, 7):
            rows = {name: kinds.on[:, j] for j, name in enumerate(lists.names)}
            data = {**rows, "sex": kinds.covariates["sex"], "n": draws[:, r]}
            one = ask(pv.Lists(data, lists.names, counts="n", covariates="sex"))
            # Newton from another start, to the square of 1e-8.
            np.testing.assert_allclose(found.constants["draws"][0, r], float(one), rtol=1e-8)
        assert found.interval_rule == "percentile"
