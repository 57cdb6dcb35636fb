"""Two phases of sampling against loops over pairs of rows, and over every possible sample."""

from __future__ import annotations

import itertools
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import designs

Array = NDArray[Any]


def sample(seed: int = 6) -> dict[str, Array]:
    """Ninety first-phase rows in 3 strata and 18 clusters, of which 40 are drawn in 3 groups."""
    rng = np.random.default_rng(seed)
    psu, group = np.repeat(np.arange(18), 5), rng.integers(0, 3, 90)
    drawn = np.zeros(90)
    for g, size in enumerate((8, 12, 20)):
        drawn[rng.choice(np.flatnonzero(group == g), size, replace=False)] = 1
    stratum = psu // 6
    y = rng.gamma(2, 3, 90) + group + 0.4 * (psu % 5)
    return {
        "stratum": stratum,
        "psu": psu,
        "clusters": np.array([10.0, 40.0, 25.0])[stratum],
        "rows": np.array([60.0, 90.0, 300.0])[stratum],
        "all": np.full(90, 500.0),
        "endless": np.full(90, np.inf),
        "w": rng.uniform(1, 6, 90),
        "group": group,
        "drawn": drawn,
        "y": np.where(drawn == 1, y, np.nan),  # what is asked in the second phase alone
        "x": rng.normal(5, 1, 90),
        "d": rng.integers(0, 2, 90),
        "chance": rng.uniform(0.2, 1.0, 90),
    }


DATA = sample()
ONE = np.zeros(90, dtype=int)
ROW = np.arange(90)
FIRST: dict[str, tuple[dict[str, Any], Array, Array, Array]] = {
    "simple": ({"fpc": "all"}, ONE, ROW, np.full(90, 90 / 500)),
    "stratified": (
        {"fpc": "rows", "strata": "stratum"},
        DATA["stratum"],
        ROW,
        30 / DATA["rows"],
    ),
    "clusters": (
        {"fpc": "clusters", "strata": "stratum", "psu": "psu"},
        DATA["stratum"],
        DATA["psu"],
        6 / DATA["clusters"],
    ),
    "no fpc": (
        {"weights": "w", "strata": "stratum", "psu": "psu"},
        DATA["stratum"],
        DATA["psu"],
        np.zeros(90),
    ),
    "infinite": (
        {"weights": "w", "strata": "stratum", "psu": "psu", "fpc": "endless"},
        DATA["stratum"],
        DATA["psu"],
        np.zeros(90),
    ),
}


@pytest.mark.parametrize("first", list(FIRST))
@pytest.mark.parametrize("second", ["simple", "strata", "probability"])
def test_both_phases_equal_loops_over_pairs(first: str, second: str) -> None:
    how, stratum, psu, fraction = FIRST[first]
    phase: dict[str, Any] = {"strata": "group"} if second == "strata" else {}
    phase = {"probability": "chance"} if second == "probability" else phase
    made = pv.Survey(DATA, **how).second_phase("drawn", **phase)
    drawn = np.flatnonzero(DATA["drawn"] == 1)
    if second == "probability":
        chance = DATA["chance"][drawn]
        joint = np.outer(chance, chance)
    else:
        group = DATA["group"] if second == "strata" else ONE
        total = {g: int((group == g).sum()) for g in np.unique(group)}
        chance, joint = designs.second_phase_pairs(group[drawn], total)
    form = designs.cluster_form(stratum, psu, fraction)[np.ix_(drawn, drawn)]
    w = made.final_weights[drawn]
    np.testing.assert_allclose(
        w, (pv.Survey(DATA, **how).final_weights[drawn]) / chance, rtol=1e-13
    )
    y, inside = DATA["y"][drawn], (DATA["d"][drawn] == 1).astype(float)
    total_y = pv.direct.total(made, "y")
    assert total_y.std_error[0] ** 2 == pytest.approx(
        designs.two_phases(w * y, form, chance, joint), rel=1e-11
    )
    domain = pv.direct.mean(made, "y", by="d")["1"]
    score = w * inside * (y - (w * inside) @ y / (w @ inside)) / (w @ inside)
    assert domain.std_error[0] ** 2 == pytest.approx(
        designs.two_phases(score, form, chance, joint), rel=1e-11
    )
    assert total_y.facts["n"][0] == 40
    assert domain.df[0] == len({(stratum[i], psu[i]) for i in drawn if DATA["d"][i] == 1}) - len(
        {stratum[i] for i in drawn if DATA["d"][i] == 1}
    )
    assert len(set(made.design.labels)) == made.design.coefficients.size


def test_two_stages_and_a_second_phase() -> None:
    data = {**DATA, "row": ROW, "inside": np.full(90, 25.0)}
    how: dict[str, Any] = {"strata": "stratum", "stages": ["psu", "row"]}
    made = pv.Survey(data, **how, fpc=["clusters", "inside"]).second_phase("drawn", strata="group")
    drawn = np.flatnonzero(DATA["drawn"] == 1)
    f = 6 / DATA["clusters"]
    form = designs.cluster_form(DATA["stratum"], DATA["psu"], f)
    form += f[:, None] * designs.cluster_form(DATA["psu"], ROW, np.full(90, 5 / 25))
    group = DATA["group"]
    chance, joint = designs.second_phase_pairs(
        group[drawn], {g: int((group == g).sum()) for g in range(3)}
    )
    u = made.final_weights[drawn] * DATA["y"][drawn]
    wanted = designs.two_phases(u, form[np.ix_(drawn, drawn)], chance, joint)
    assert pv.direct.total(made, "y").std_error[0] ** 2 == pytest.approx(wanted, rel=1e-11)


def test_a_second_phase_of_all_rows_changes_nothing() -> None:
    data = {**DATA, "drawn": np.ones(90)}
    how = FIRST["clusters"][0]
    one, two = pv.Survey(data, **how), pv.Survey(data, **how).second_phase("drawn", strata="group")
    a, b = (pv.direct.mean(made, "x", by="d") for made in (one, two))
    np.testing.assert_allclose(b.value, a.value, rtol=1e-14)
    np.testing.assert_allclose(b.covariance, a.covariance, rtol=1e-11, atol=1e-14)


def variance_of(made: pv.Survey) -> tuple[float, float]:
    """Return the total and its variance estimate, which may be negative in a single sample."""
    found = pv.direct.total(made, "y")
    (block,) = found.blocks
    columns = block.columns()[0]
    return float(found.value[0]), float((columns**2 * block.scheme.coefficients).sum())


@pytest.mark.filterwarnings(
    "ignore:the total of .* has a standard error of 0"
)  # in some of all samples
@pytest.mark.parametrize("second", ["strata", "probability"])
def test_the_variance_is_unbiased_over_every_sample_of_clusters(second: str) -> None:
    """Three of four clusters of rows, then rows of two groups: all 4 x 45 (or 4 x 64) samples."""
    rng = np.random.default_rng(9)
    size = 3 if second == "strata" else 2
    psu, group = np.repeat(np.arange(4), size), np.tile([0, 0, 1][:size], 4)
    y, chance = rng.gamma(2, 3, 4 * size) + 3 * group, rng.uniform(0.3, 0.9, 4 * size)
    mean = squared = estimated = 0.0
    for clusters in itertools.combinations(range(4), 3):
        rows = np.flatnonzero(np.isin(psu, clusters))
        if second == "strata":
            drawn = list(designs.draws_within(rows, group, {0: 2, 1: 2}))
            weight = [1 / len(drawn)] * len(drawn)
        else:
            drawn = [list(s) for k in range(1, 7) for s in itertools.combinations(rows.tolist(), k)]
            inside = [np.isin(rows, s) for s in drawn]
            weight = [float(np.where(i, chance[rows], 1 - chance[rows]).prod()) for i in inside]
        for chosen, p in zip(drawn, weight, strict=True):
            data = {
                "y": y[rows],
                "psu": psu[rows],
                "n": np.full(rows.size, 4.0),
                "g": group[rows],
                "c": chance[rows],
                "s": np.isin(rows, chosen).astype(float),
            }
            phase = {"strata": "g"} if second == "strata" else {"probability": "c"}
            made = pv.Survey(data, psu="psu", fpc="n").second_phase("s", **phase)
            value, v = variance_of(made)
            mean, squared, estimated = (
                mean + p * value / 4,
                squared + p * value**2 / 4,
                estimated + p * v / 4,
            )
    assert mean == pytest.approx(y.sum(), rel=1e-12)
    assert estimated == pytest.approx(squared - mean**2, rel=1e-10)  # exact: no sampling error


def test_weighting_steps_after_the_second_phase_are_linearised() -> None:
    made = pv.Survey(DATA, **FIRST["clusters"][0]).second_phase("drawn", strata="group")
    totals = {0: 220.0, 1: 260.0}
    found = pv.direct.mean(made.poststratify("d", totals), "y")
    w, y, d = made.final_weights, np.nan_to_num(DATA["y"]), DATA["d"]
    g = np.array([totals[k] / w[d == k].sum() for k in (0, 1)])[d]
    final = w * g
    value = final @ y / final.sum()
    residual = (y - np.array([(w * y)[d == k].sum() / w[d == k].sum() for k in (0, 1)])[d]) * g
    by_hand = made.estimate(lambda v: (residual / final.sum()) @ v)
    assert found.value[0] == pytest.approx(value, rel=1e-13)
    assert found.std_error[0] == pytest.approx(by_hand.std_error[0], rel=1e-11)


def test_the_flow_of_weights_has_both_phases() -> None:
    flow = pv.Survey(DATA, **FIRST["clusters"][0]).second_phase("drawn").weight_flow()
    assert flow["step"].tolist() == ["first phase", "second phase", "base weights"]
    assert flow["n"].tolist() == [90, 40, 40]


def test_estimates_are_saved_read_and_combined(tmp_path: Path) -> None:
    first = pv.Survey(DATA, **FIRST["clusters"][0])
    made = first.second_phase("drawn", strata="group")
    found = pv.direct.mean(made, "y", by="d")
    again, other = (pv.load(found.save(tmp_path / name)) for name in ("a", "b"))
    np.testing.assert_allclose(again.covariance, found.covariance, rtol=1e-11)
    np.testing.assert_allclose((again - other).std_error, 0, atol=1e-7)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(found)).std_error, found.std_error)  # noqa: S301
    np.testing.assert_allclose(
        (found["1"] - found["0"]).std_error ** 2,
        [1, -1] @ found.covariance @ [1, -1],
        rtol=1e-10,
    )
    with pytest.raises(ValueError, match="must have the same kind of variance"):
        _ = pv.direct.mean(first, "x") - pv.direct.mean(made, "x")


def test_the_second_phase_is_told() -> None:
    made = pv.Survey(DATA, **FIRST["clusters"][0]).second_phase("drawn", strata="group")
    found = pv.direct.mean(made, "y")
    wanted = "18 primary units in 3 strata, with a second phase of 40 of 90 rows"
    assert found.provenance["design"] == wanted
    assert wanted in found.explain()
    selected = {"ea_probability": "chance", "psu": "psu"}
    data = {**DATA, "chance": np.full(90, 0.25)}
    flow = pv.Survey.from_selection(data, **selected).second_phase("drawn").weight_flow()
    steps = ["1 / probability of the area", "second phase", "base weights"]
    assert flow["step"].tolist() == steps
    assert flow["sum"].tolist() == pytest.approx([360, 360, 360])


def test_attached_rows_follow_the_rows_that_were_drawn() -> None:
    data = {**DATA, "id": ROW}
    made = pv.Survey(data, **FIRST["clusters"][0]).second_phase("drawn", strata="group")
    rows = np.repeat(ROW, 2)
    children = {"id": rows, "work": np.nan_to_num(DATA["y"])[rows]}
    found = pv.direct.total(made.attach(children, on="id"), "work")
    wanted = pv.direct.total(made, "y") * 2
    np.testing.assert_allclose(found.std_error, wanted.std_error, rtol=1e-12)
