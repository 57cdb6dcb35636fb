"""Every replicate scheme against slow versions, against linearisation, and with its fractions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.hadamard import hadamard
from tests.naive import replicates as naive
from tests.naive import samples, variance

Array = NDArray[Any]
DATA = samples.households(11)
W, STRATUM, PSU = DATA["w"], DATA["stratum"], DATA["psu"]
FRACTION = np.array([0.1, 0.4, 0.75])
ONE = np.ones(W.size)
TABLE = np.stack([DATA["hours"], DATA["income"]])


def statistic(w: Array) -> Array:
    return np.concatenate([TABLE @ w / w.sum(), TABLE @ w])


def covariance(made: pv.Survey) -> Array:
    return made.estimate(lambda w: np.concatenate([TABLE @ w / (ONE @ w), TABLE @ w])).covariance


def survey(data: Any = DATA, *, fpc: bool = True) -> pv.Survey:
    data = {**data, "f": FRACTION[data["stratum"]]}
    return pv.Survey(
        data, weights="w", strata="stratum", psu="psu", fpc="f" if fpc else None, source="one"
    )


def staged(seed: int = 5) -> dict[str, Array]:
    """Two strata of primary units with a few second-stage units each, of two rows."""
    rng = np.random.default_rng(seed)
    rows = []
    for h, n in enumerate((4, 5, 2)):
        for j in range(n):
            for k in range(int(rng.integers(2, 5))):
                rows += [
                    (h, f"{h}.{j}", f"{h}.{j}.{k}", (0.3, 0.6, 1.0)[h], (0.2, 0.5, 0.9)[j % 3])
                ] * 2
    stratum, psu, inner, f, g = (np.array(column) for column in zip(*rows, strict=True))
    n = stratum.size
    y, w = rng.gamma(2.0, 2.0, n), rng.uniform(1, 3, n)
    return {"stratum": stratum, "psu": psu, "inner": inner, "f": f, "g": g, "y": y, "w": w}


STAGED = staged()


def two_stage(data: Any = STAGED) -> pv.Survey:
    stages: dict[str, Any] = {"stages": ["psu", "inner"], "fpc": ["f", "g"]}
    return pv.Survey(data, weights="w", strata="stratum", source="two", **stages)


def total(made: pv.Survey, name: str = "y") -> float:
    return float(pv.direct.total(made, name).std_error[0])


# Jackknife


@pytest.mark.parametrize("mse", [True, False])
@pytest.mark.parametrize("groups", [2, 4, 9])
def test_delete_a_group_equals_loops_over_its_groups(groups: int, mse: bool) -> None:
    made = survey().jackknife(groups=groups, rng=1, mse=mse)
    assert made.scheme is not None
    group = np.argmin(made.scheme.factors, axis=1)
    counts = np.bincount(group, minlength=groups)
    assert counts.max() - counts.min() <= 1
    factors = naive.delete_group(STRATUM[::6], group, groups, FRACTION)
    scale = np.full(groups, (groups - 1) / groups)
    columns = W[:, None] * factors[PSU]
    wanted = naive.covariance(W, columns, scale, statistic, mse=mse)
    np.testing.assert_allclose(covariance(made), wanted, rtol=1e-8)
    assert made.scheme.factors.min() >= 0
    assert pv.direct.mean(made, "hours").df[0] == min(groups - 1, 15)


@pytest.mark.parametrize("groups", [4, 10])  # 6 units a stratum: fewer and more groups than that
def test_delete_a_group_is_unbiased_for_the_variance_of_a_total(groups: int) -> None:
    made = survey()
    exact = total(made, "hours") ** 2
    found = np.array(
        [total(made.jackknife(groups=groups, rng=k), "hours") ** 2 for k in range(150)]
    )
    error = found.std() / np.sqrt(found.size)
    assert abs(found.mean() - exact) < 4 * error
    assert error < 0.06 * exact


def test_a_jackknife_deletes_the_units_of_later_stages_too() -> None:
    few = two_stage({**STAGED, "f": np.full(STAGED["f"].size, 0.1)})  # later stages weigh little
    np.testing.assert_allclose(total(few.jackknife()), total(few), rtol=1e-12)
    made = two_stage().jackknife()
    np.testing.assert_allclose(total(made), total(two_stage()), rtol=1e-12)
    y, w = STAGED["y"], STAGED["w"]
    parts = list(
        naive.delete_each(
            STAGED["stratum"],
            [STAGED["psu"], STAGED["inner"]],
            [STAGED["f"], STAGED["g"]],
        )
    )
    columns = w[:, None] * np.stack([factor for factor, _ in parts], axis=1)
    scale = np.array([c for _, c in parts])
    wanted = naive.covariance(w, columns, scale, lambda v: np.array([y @ v / v.sum()]))
    found = pv.direct.mean(made, "y").covariance
    np.testing.assert_allclose(found, wanted, rtol=1e-9)


# Balanced repeated replication


def test_hadamard_matrices_have_orthogonal_balanced_columns() -> None:
    orders = set()
    for least in range(1, 101):
        h = hadamard(least)
        orders.add(len(h))
        assert len(h) >= least
        np.testing.assert_array_equal(h @ h.T, len(h) * np.eye(len(h)))
        np.testing.assert_array_equal(np.abs(h), 1)
        np.testing.assert_array_equal(h[:, 0], 1)
    assert {2, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48} <= orders


def pairs(strata: int = 3) -> dict[str, Array]:
    keep = np.isin(PSU % 6, (1, 4))
    data = {name: column[keep] for name, column in DATA.items()}
    data["stratum"] = np.unique(data["psu"] // 6, return_inverse=True)[1]
    return data if strata == 3 else {k: v[data["stratum"] < strata] for k, v in data.items()}


@pytest.mark.parametrize("fay", [0.0, 0.3, 0.5])
@pytest.mark.parametrize("fpc", [True, False])
def test_balanced_replication_is_exact_for_totals_and_equals_explicit_half_samples(
    fay: float, fpc: bool
) -> None:
    data = pairs()
    made = survey(data, fpc=fpc)
    balanced = made.brr(fay=fay)
    np.testing.assert_allclose(total(balanced, "hours"), total(made, "hours"), rtol=1e-12)
    h, w, psu = hadamard(4), data["w"], data["psu"]
    factor = np.ones((w.size, 4))
    for k in range(3):
        first, second = sorted(set(psu[data["stratum"] == k].tolist()), key=str)
        spread = (1 - fay) * np.sqrt(1 - (FRACTION[k] if fpc else 0.0)) * h[:, k + 1]
        factor[psu == first], factor[psu == second] = 1 + spread, 1 - spread
    y, scale = data["hours"], 1 / (4 * (1 - fay) ** 2)
    columns, ratio = w[:, None] * factor, lambda v: np.array([y @ v / v.sum()])
    wanted = naive.covariance(w, columns, np.array(scale), ratio)
    np.testing.assert_allclose(pv.direct.mean(balanced, "hours").covariance, wanted, rtol=1e-9)


def test_a_half_sample_that_empties_a_domain_leaves_no_standard_error() -> None:
    data = pairs()
    data["here"] = np.isin(data["psu"], (1, 7)).astype(int)
    with pytest.warns(
        pv.PrevalenceWarning, match=r"1 estimates have no standard error: 1 replicates failed"
    ):
        found = pv.direct.mean(survey(data, fpc=False).brr(), "hours", by="here")
    assert np.isnan(found["1"].std_error[0])
    assert found["0"].std_error[0] > 0
    assert (pv.direct.mean(survey(data).brr(fay=0.3), "hours", by="here").std_error > 0).all()


# Bootstraps


@pytest.mark.parametrize(
    ("inside", "columns", "differ"),
    [
        # m = 3 keeps one of three: 6 x 2 x 3 x 2 x 2 columns, all as likely. Halves inside units
        # that are not kept make no difference: 30 columns differ.
        ({0: 2, 1: 3, 2: 2, 3: 2}, 144, 30),
        # A unit alone inside its own is certain: 6 x 2 x 3 x 2 columns, and 23 differ.
        ({0: 2, 1: 3, 2: 1, 3: 2}, 72, 23),
    ],
)
def test_preston_draws_from_the_enumerated_columns_whose_variance_is_exact(
    inside: dict[int, int], columns: int, differ: int
) -> None:
    psu = np.repeat(list(inside), list(inside.values()))
    rng = np.random.default_rng(5)
    y, n = rng.gamma(2.0, 2.0, psu.size), psu.size
    data = {"psu": psu, "unit": np.arange(n), "f": np.full(n, 0.4), "g": np.full(n, 0.5), "y": y}
    made = pv.Survey(data, stages=["psu", "unit"], fpc=["f", "g"], single_psu="certainty")
    possible = np.stack(naive.preston_columns(inside, 0.4, 0.5), axis=1)
    assert possible.shape == (n, columns)
    np.testing.assert_allclose(possible.mean(axis=1), 1, rtol=1e-12)
    w = made.final_weights
    exact = (((w * y) @ (possible - 1)) ** 2).mean()
    np.testing.assert_allclose(exact, total(made) ** 2, rtol=1e-12)
    drawn = made.bootstrap(300, rng=1, kind="preston").scheme
    assert drawn is not None
    found = {tuple(np.round(column, 9)) for column in drawn.factors.T}
    assert found == {tuple(np.round(column, 9)) for column in possible.T}
    assert len(found) == differ


@pytest.mark.parametrize(
    ("kind", "stages"),
    [("rao-wu", 1), ("preston", 1), ("preston", 2), ("generalised", 1), ("generalised", 2)],
)
def test_bootstraps_converge_to_the_linearised_variance_with_every_fraction(
    kind: str, stages: int
) -> None:
    made, name = (survey(), "hours") if stages == 1 else (two_stage(), "y")
    exact = total(made, name) ** 2
    found = pv.direct.total(made.bootstrap(20_000, rng=7, kind=kind), name)
    ((columns, c),) = found.columns.values()
    squares = columns[0] ** 2 * c * c.size
    error = squares.std() / np.sqrt(c.size)
    assert abs(squares.mean() - exact) < 4 * error
    assert error < 0.015 * exact
    drawn = made.bootstrap(50, rng=7, kind=kind).scheme
    assert drawn is not None
    assert drawn.factors.min() >= 0


@pytest.mark.parametrize("stages", [1, 2])
def test_the_generalised_bootstrap_has_the_covariance_of_the_quadratic_form(stages: int) -> None:
    made = survey() if stages == 1 else two_stage()
    drawn = made.bootstrap(80, rng=2, kind="generalised").scheme
    assert drawn is not None
    units = made.design.n_units
    assert drawn.factors.shape == (units, 80)
    first = np.unique(made.unit, return_index=True)[1]
    if stages == 1:
        labels, fractions = [PSU[first]], [FRACTION[STRATUM][first]]
        stratum = STRATUM[first]
    else:
        labels = [STAGED[name][first] for name in ("psu", "inner")]
        fractions, stratum = [STAGED[name][first] for name in ("f", "g")], STAGED["stratum"][first]
    for z in np.random.default_rng(6).normal(size=(40, units)):
        wanted = variance.multistage(z, stratum, labels, fractions)
        assert drawn.scale @ (z @ (drawn.factors - 1)) ** 2 == pytest.approx(wanted, rel=1e-11)


def test_the_generalised_bootstrap_has_no_rank_to_spare_at_as_many_replicates_as_it_needs() -> None:
    made = pv.Survey({"y": [1.0, 2, 3, 6, 4, 2]})  # deviations of six rows have five dimensions
    exact = pv.direct.mean(made, "y").std_error[0]
    for replicates in (4, 5, 6):
        again = made.bootstrap(replicates, kind="generalised", rng=1)
        assert 0.2 < pv.direct.mean(again, "y").std_error[0] / exact < 3
    many = pv.Survey(
        {"y": np.random.default_rng(2).normal(size=1_001)}
    )  # more than a form may have
    found = pv.direct.mean(many.bootstrap(400, kind="generalised", rng=1), "y").std_error[0]
    # Draws are not made exact for so many: four standard errors of 1 / sqrt(2 R) are allowed.
    assert found == pytest.approx(pv.direct.mean(many, "y").std_error[0], rel=4 / np.sqrt(800))


@pytest.mark.parametrize("rule", ["certainty", "adjust", "average"])
def test_the_generalised_bootstrap_keeps_the_rule_for_single_units(rule: str) -> None:
    keep = (STRATUM > 0) | (PSU == 0)
    data = {name: column[keep] for name, column in DATA.items()}
    made = pv.Survey(data, weights="w", strata="stratum", psu="psu", single_psu=rule)
    drawn = made.bootstrap(40, rng=3, kind="generalised")
    np.testing.assert_allclose(total(drawn, "hours"), total(made, "hours"), rtol=1e-12)


def test_a_generalised_bootstrap_of_many_units_needs_no_table_of_their_pairs() -> None:
    data = {"y": np.arange(1_100.0), "half": np.full(1_100, 0.5)}
    drawn = pv.Survey(data, fpc="half").bootstrap(3, rng=1, kind="generalised")
    assert pv.direct.mean(drawn, "y").std_error[0] > 0


@pytest.mark.parametrize("method", ["brewer", "overton", "hartley-rao", "joint"])
def test_the_generalised_bootstrap_is_exact_for_unequal_probabilities(method: str) -> None:
    chance = np.linspace(0.2, 0.7, 18)
    how: dict[str, Any] = {}
    if method == "joint":  # Poisson's pairs, shrunk: as in a sample of fixed size
        joint = 0.9 * np.outer(chance, chance)
        across = np.not_equal.outer(STRATUM[::6], STRATUM[::6])
        joint[across] = np.outer(chance, chance)[across]
        how["joint"] = joint + np.diag(chance - np.diag(joint))
    data = {**DATA, "chance": chance[PSU]}
    made = pv.Survey(
        data, weights="w", strata="stratum", psu="psu", fpc="chance", pps=method, **how
    )
    drawn = made.bootstrap(30, rng=1, kind="generalised")
    np.testing.assert_allclose(total(drawn, "hours"), total(made, "hours"), rtol=1e-10)
    order = np.random.default_rng(4).permutation(W.size)
    if method != "joint":  # whose table is in the order of the units
        mixed = pv.Survey(
            {name: column[order] for name, column in data.items()},
            weights="w", strata="stratum", psu="psu", fpc="chance", pps=method, source="same",
        )  # fmt: skip
        again = pv.direct.mean(mixed.bootstrap(10, rng=1, kind="generalised"), "hours")
        first = pv.direct.mean(made.bootstrap(10, rng=1, kind="generalised"), "hours")
        np.testing.assert_allclose(again.std_error, first.std_error, rtol=1e-9)


SCHEMES: dict[str, Callable[[pv.Survey], pv.Survey]] = {
    "groups": lambda s: s.jackknife(groups=4, rng=2),
    "rao-wu": lambda s: s.bootstrap(12, rng=2),
    "generalised": lambda s: s.bootstrap(12, rng=2, kind="generalised"),
    "whitened": lambda s: s.bootstrap(60, rng=2, kind="generalised"),
    "preston": lambda s: s.bootstrap(12, rng=2, kind="preston"),
    "units": lambda s: s.jackknife(),
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_draws_do_not_depend_on_the_order_of_rows(scheme: str) -> None:
    staged_only = scheme in ("preston", "units")
    data: dict[str, Array] = STAGED if staged_only else DATA
    order = np.random.default_rng(4).permutation(data["w"].size)
    mixed = {name: column[order] for name, column in data.items()}
    make = two_stage if staged_only else survey
    name = "y" if staged_only else "hours"
    one, two = (pv.direct.mean(SCHEMES[scheme](make(d)), name) for d in (data, mixed))
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-9)
    assert one.blocks[0].scheme.kind == two.blocks[0].scheme.kind


def test_finest_factors_are_columns_of_weights_through_steps_and_attached_rows() -> None:
    made = two_stage().bootstrap(10, rng=1, kind="preston")
    plain = pv.direct.mean(made, "y", by="stratum")
    dense = pv.direct.mean(made.trim(upper=1e9), "y", by="stratum")
    np.testing.assert_allclose(plain.covariance, dense.covariance, rtol=1e-9)


# How many replicates are enough


def test_the_simulation_error_is_the_spread_of_standard_errors_over_seeds() -> None:
    made = survey()
    runs = [pv.direct.mean(made.bootstrap(80, rng=k), ["hours", "income"]) for k in range(150)]
    errors = np.array([e.std_error for e in runs])
    spread = errors.std(axis=0, ddof=1) / errors.mean(axis=0)
    told = np.mean([e.simulation_error() for e in runs], axis=0)
    # The spread of 150 standard errors has itself a coefficient of variation of 1 / sqrt(300).
    assert (np.abs(spread / told - 1) < 4 / np.sqrt(300)).all()
    normal = 1 / np.sqrt(2 * 80)
    assert (np.abs(told / normal - 1) < 0.25).all()


def test_replicates_needed_reach_the_error_asked_for() -> None:
    made = survey()
    pilot = pv.direct.mean(made.bootstrap(2_000, rng=1), ["hours", "income"])
    needed = pv.replicates_needed(pilot, cv=0.03)
    assert needed == int(np.ceil(2_000 * (pilot.simulation_error().max() / 0.03) ** 2))
    assert pv.replicates_needed(pilot) == pv.replicates_needed(pilot, cv=0.05) < needed
    assert 300 < needed < 900  # 1 / (2 cv^2) = 556 for normal replicates
    reached = pv.direct.mean(made.bootstrap(needed, rng=2), ["hours", "income"]).simulation_error()
    assert 0.024 < reached.max() < 0.036
    combined = pilot["hours"] * pv.uncertain(2.0, 1.5, 2.5, name="factor")
    assert 0 < combined.simulation_error()[0] < pilot["hours"].simulation_error()[0]
