"""Strata through the public call, truth known: classes that lists see differently."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]
NAMES = ["police", "home", "school"]


def persons(seed: int) -> dict[str, Any]:
    """4,500 persons of two classes and three regions; the home sees no one in the south."""
    rng = np.random.default_rng(seed)
    girl = np.repeat([True, False], [3000, 1500])
    region = rng.choice(np.array(["north", "south", "west"], dtype=object), girl.size)
    chance = np.where(girl[:, None], [0.35, 0.25, 0.2], [0.15, 0.3, 0.35])
    on = rng.random(chance.shape) < chance
    on[:, 1] |= on[:, 0] & (rng.random(girl.size) < 0.2)  # the police refer to the home
    on[region == "south", 2] = False
    region[rng.random(girl.size) < 0.1 + 0.1 * on[:, 0]] = None
    seen = on.any(axis=1)
    return {
        **{name: on[seen, j].astype(int) for j, name in enumerate(NAMES)},
        "sex": np.where(girl, "girl", "boy")[seen],
        "region": region[seen],
    }


def lists(seed: int) -> pv.Lists:
    made = pv.Lists(persons(seed), NAMES, strata=["sex", "region"])
    return made.declare(absent={(sex, "south"): ["school"] for sex in ("girl", "boy")})


@pytest.mark.parametrize("runs", [5, pytest.param(60, marks=pytest.mark.proof)])
def test_totals_and_strata_are_near_the_truth_with_labels_missing_and_a_list_absent(
    runs: int,
) -> None:
    pairs = [("police", "home")]
    by = {"police": ["sex"], "home": ["sex"], "school": ["sex"]}
    found = [pv.mse.stratified(lists(seed), pairs=pairs, by_stratum=by) for seed in range(runs)]
    value = np.array([estimate.value for estimate in found])
    error = np.array([estimate.std_error for estimate in found])
    south = found[0].labels.index(("girl", "south"))
    girls = [i for i, label in enumerate(found[0].labels) if label[0] == "girl"]
    for rows, truth in (([0], 4500), (girls, 3000), ([south], 1000)):
        total = value[:, rows].sum(axis=1)
        # Four standard errors of a mean, and a bias of a hundredth.
        slack = 4 * total.std(ddof=1) / np.sqrt(runs) + 0.01 * truth
        assert abs(total.mean() - truth) < slack
    inside = np.abs(value[:, 0] - 4500) < 1.96 * error[:, 0]
    assert inside.mean() > 0.95 - 4 * np.sqrt(0.95 * 0.05 / runs)


def test_what_is_borrowed_and_what_is_missing_is_said() -> None:
    found = pv.mse.stratified(lists(1), pairs=[("police", "home")])
    said = found.explain()
    assert "The terms of police and home are the same in all strata." in said
    assert "school does not operate in girl, south: what is borrowed there" in said
    assert "persons) depends on the lists a person is on, not on the label" in said
    assert found.labels[0] == ("all", "all")
    assert "(missing)" not in {x for label in found.labels for x in label}


def test_a_bootstrap_gives_the_standard_errors_of_the_model() -> None:
    pairs, by = [("police", "home")], ["police", "home", "school"]
    model = pv.mse.stratified(lists(2), pairs=pairs, by_stratum=by)
    drawn = pv.mse.stratified(lists(2).bootstrap(200, rng=1), pairs=pairs, by_stratum=by)
    np.testing.assert_allclose(drawn.value, model.value, rtol=1e-12)
    # 200 replicates: one in twenty, and tails that the model's variance does not have.
    np.testing.assert_allclose(drawn.std_error, model.std_error, rtol=0.3)
