"""Every estimator of lists: order of lists and rows, strata merged, copies of everyone, resamples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.mse.histories import all_histories
from prevalence.registry import registered

Array = NDArray[Any]
NAMES = "abcd"
Call = Callable[[pv.Lists], pv.Estimate]
# Iterations stop a little earlier or later when sums are made in another order.
ROUNDING = 1e-6
pytestmark = [
    pytest.mark.filterwarnings("ignore:only .* persons are on two lists"),
    pytest.mark.filterwarnings("ignore:all .* persons of . are on . too"),
    pytest.mark.filterwarnings("ignore:fewer persons are captured once"),
    pytest.mark.filterwarnings("ignore:the normal law of visibility has variance 0"),
    pytest.mark.filterwarnings("ignore:Delta-dominated"),
    pytest.mark.filterwarnings("ignore:15 of 30 rows repeat a history"),
    pytest.mark.filterwarnings("ignore:the errors of linkage do not fit"),
    pytest.mark.filterwarnings("ignore:the standard error rests on about"),
    pytest.mark.filterwarnings("ignore:the estimate of .* is below the .* persons on any"),
    pytest.mark.filterwarnings("ignore:.* replicates failed and are left out"),
]


def mse(name: str, **how: Any) -> Call:
    function = getattr(pv.mse, name)
    return lambda lists: function(lists, **how)


def referred(**how: Any) -> Call:
    def call(lists: pv.Lists) -> pv.Estimate:
        return pv.mse.referral_aware(lists.declare(referral=[("a", "b"), ("c", "b")]), **how)

    return call


AB = ("a", "b")
CALLS: dict[str, Call] = {
    "chapman": mse("chapman", between=AB),
    "lincoln_petersen": mse("lincoln_petersen", between=AB),
    "lower_bound": mse("lower_bound"),
    "loglinear": mse("loglinear", pairs=[AB]),
    "loglinear, triple": mse("loglinear", pairs=[AB, ("a", "c"), ("b", "c"), ("a", "b", "c")]),
    "stepwise": mse("stepwise", replicates=0),
    "select": mse("select", replicates=0),
    "closed": mse("closed"),
    "closed, Mh": mse("closed", model="Mh"),
    "closed, Mth darroch": mse("closed", model="Mth", heterogeneity="darroch"),
    "closed, Mh normal": mse("closed", model="Mh", heterogeneity="normal"),
    "one_inflation": mse("one_inflation", mechanism="before"),
    "one_inflation, after": mse("one_inflation", mechanism="after", law="equal"),
    "one_inflation, duplicates": mse("one_inflation", mechanism="duplicates"),
    "decomposable": mse("decomposable", saturated=False, rng=1),
    "huggins": mse("huggins", covariates=[]),
    "doubly_robust": mse("doubly_robust", covariates=[], among=AB, folds=1, clamp=1e-4, rng=1),
    "linked": mse("linked", missed={"a": 0.1, "b": 0.05}, pairs=[("a", "c")]),
    "linked_pair": mse("linked_pair", between=AB, true_links=(47, 50), linked_matches=(45, 60)),
    "stratified": mse("stratified", pairs=[AB]),
    "referral_aware": referred(),
    "referral_aware, merged": referred(method="merged"),
    "over_linkages": lambda lists: pv.mse.over_linkages([lists, lists], using=pv.mse.loglinear),
}
# A draw of the sampler visits lists in their order: other lists first, other draws.
DRAWN = {"latent_class", "thresholded"}
ROUNDED = {"chapman", "lower_bound", "stepwise", "select", "decomposable", "linked", "linked_pair"}
SEEDS = [pytest.param(seed, marks=[] if seed < 1 else pytest.mark.proof) for seed in range(12)]


def drawn(seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng([5, seed])
    on = rng.random((int(rng.choice([400, 2500])), 4)) < rng.uniform(0.08, 0.45, 4)
    on[:, 1] |= on[:, 0] & (rng.random(len(on)) < 0.2)
    histories = all_histories(4)
    return histories, np.array([(on == h.astype(bool)).all(axis=1).sum() for h in histories], float)


def made(histories: Array, counts: Array, names: str = NAMES) -> pv.Lists:
    return pv.Lists.from_counts(histories, counts, list(names))


def asked(call: Call, lists: pv.Lists) -> pv.Estimate | str:
    """Return the estimate, or the kind of refusal: both must be the same."""
    try:
        return call(lists)
    except (ValueError, pv.ConvergenceError) as error:
        return f"{type(error).__name__}: {str(error).partition(':')[0]}"


def same(one: pv.Estimate | str, two: pv.Estimate | str) -> None:
    if isinstance(one, str) or isinstance(two, str):
        assert one == two
        return
    np.testing.assert_allclose(one.value, two.value, rtol=ROUNDING)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=ROUNDING)
    np.testing.assert_allclose(one.interval(), two.interval(), rtol=10 * ROUNDING)


def test_every_estimator_of_lists_is_here() -> None:
    every = {name.removeprefix("mse.") for name in registered() if name.startswith("mse.")}
    assert every == {name.partition(",")[0] for name in CALLS} | DRAWN


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CALLS)
def test_the_order_of_lists_and_rows_changes_nothing(name: str, seed: int) -> None:
    histories, counts = drawn(seed)
    rng = np.random.default_rng(seed)
    order, rows = rng.permutation(4), rng.permutation(15)
    base = asked(CALLS[name], made(histories, counts))
    turned = made(histories[rows][:, order], counts[rows], "".join(NAMES[j] for j in order))
    same(base, asked(CALLS[name], turned))
    first = np.floor(counts / 3)
    split = made(np.vstack([histories, histories]), np.r_[first, counts - first])
    same(base, asked(CALLS[name], split))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", [n for n in CALLS if n.partition(",")[0] not in ROUNDED])
def test_seven_of_everyone_are_seven_times_as_many(name: str, seed: int) -> None:
    histories, counts = drawn(seed)
    one = asked(CALLS[name], made(histories, counts))
    seven = asked(CALLS[name], made(histories, 7 * counts))
    if isinstance(one, str) or isinstance(seven, str):
        assert one == seven
        return
    np.testing.assert_allclose(seven.value, 7 * one.value, rtol=ROUNDING)
    np.testing.assert_allclose(seven.std_error**2, 7 * one.std_error**2, rtol=10 * ROUNDING)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", [n for n in CALLS if n not in ("linked", "linked_pair", "decomposable", "over_linkages")])  # fmt: skip
def test_a_resample_has_the_estimate_of_its_own_table(name: str, seed: int) -> None:
    histories, counts = drawn(seed)
    lists = made(histories, counts).bootstrap(16, rng=seed)
    assert lists.scheme is not None
    found = asked(CALLS[name], lists)
    if isinstance(found, str):
        assert any(word in found for word in ("must", "needs"))
        return
    draws = found.constants["draws"]
    for column in range(0, 16, 5):
        alone = asked(CALLS[name], made(histories, lists.scheme.factors[:, column]))
        if not isinstance(alone, str):
            np.testing.assert_allclose(draws[:, column], alone.value, rtol=ROUNDING)
    low, high = found.interval(0.5).T
    assert (low <= found.value).all()
    assert (found.value <= high).all()
    assert (low >= found.constants["floor"] - 1e-9).all() or "duplicates" in name


def test_singletons_as_expected_are_no_excess_in_any_batch() -> None:
    # m1 = (35 104 + 35 17 + 104 17) / 23 = 261 = 140 + 44 + 77: rounding must not decide.
    counts = np.array([140.0, 44, 77, 35, 104, 17, 23])
    fit = pv.mse.one_inflation
    lists = pv.Lists.from_counts(all_histories(3), counts)
    assert float(fit(lists, mechanism="before")) == pytest.approx(
        440 + 158.2609 / 23 * 17, rel=1e-4
    )


@pytest.mark.parametrize("name", ["stratified", "doubly_robust", "huggins", "loglinear"])
def test_strata_of_the_same_rates_add_up_to_the_whole(name: str) -> None:
    histories, counts = drawn(3)
    doubled = np.vstack([histories, histories])
    data: dict[str, Any] = {n: doubled[:, j] for j, n in enumerate(NAMES)}
    data |= {"n": np.r_[counts, 2 * counts], "sex": ["f"] * 15 + ["m"] * 15}
    lists = pv.Lists(data, list(NAMES), counts="n", strata="sex")
    whole = CALLS[name](made(histories, 3 * counts))
    apart = CALLS[name](lists)
    assert apart.value[0] == pytest.approx(whole.value[0], rel=ROUNDING)
    if name == "stratified":
        np.testing.assert_allclose(apart.value, whole.value[0] * np.array([1, 1 / 3, 2 / 3]))
    parts = [float(CALLS[name](lists.in_stratum(label)).value[0]) for label in ("f", "m")]
    assert sum(parts) == pytest.approx(whole.value[0], rel=ROUNDING)
