"""Unequal probabilities without replacement against loops over pairs, enumeration, and R."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import designs, variance

Array = NDArray[Any]
FORMS = ("yates-grundy", "horvitz-thompson")
WAYS = [("brewer", FORMS[0]), *((m, f) for m in ("overton", "hartley-rao") for f in FORMS)]


def sample(seed: int = 5) -> dict[str, Array]:
    """Three strata of 5, 7 and 4 primary units, with 2 to 5 of many households in each."""
    rng = np.random.default_rng(seed)
    stratum = np.repeat([0, 1, 2], [5, 7, 4])
    chance, inside = rng.uniform(0.08, 0.62, 16), rng.integers(8, 30, 16)
    taken = rng.integers(2, 6, 16)
    psu = np.repeat(np.arange(16), taken)
    return {
        "stratum": stratum[psu],
        "psu": psu,
        "household": np.arange(psu.size),
        "chance": chance[psu],
        "inside": inside[psu].astype(float),
        "w": 1 / chance[psu] * (inside / taken)[psu],
        "y": rng.gamma(2, 3, psu.size) + 2 * chance[psu],
        "x": rng.normal(5, 1, psu.size),
        "d": rng.integers(0, 2, psu.size),
    }


DATA = sample()
OF_PSU = np.unique(DATA["psu"], return_index=True)[1]
CHANCE, STRATUM = DATA["chance"][OF_PSU], DATA["stratum"][OF_PSU]


def sums(z: Array) -> Array:
    return np.bincount(DATA["psu"], weights=z)


def scores(kind: str) -> Array:
    y, x, w = DATA["y"], DATA["x"], DATA["w"]
    if kind == "total":
        return np.asarray(w * y)
    if kind == "ratio":
        return np.asarray(w * (y - (w @ y) / (w @ x) * x) / (w @ x))
    inside = DATA["d"] == 1 if kind == "domain" else np.ones(y.size)
    return np.asarray(w * inside * (y - (w * inside) @ y / (w @ inside)) / (w @ inside))


def estimates(made: pv.Survey) -> dict[str, pv.Estimate]:
    return {
        "total": pv.direct.total(made, "y"),
        "mean": pv.direct.mean(made, "y"),
        "ratio": pv.direct.ratio(made, "y", "x"),
        "domain": pv.direct.mean(made, "y", where="d == 1"),
    }


@pytest.mark.parametrize(("method", "form"), WAYS)
@pytest.mark.parametrize("shuffled", [False, True])
def test_forms_equal_loops_over_pairs(method: str, form: str, shuffled: bool) -> None:
    order = np.arange(DATA["w"].size)
    if shuffled:
        np.random.default_rng(3).shuffle(order)
    data = {name: column[order] for name, column in DATA.items()}
    made = pv.Survey(
        data, weights="w", strata="stratum", psu="psu", fpc="chance", pps=method, pps_variance=form
    )
    for kind, found in estimates(made).items():
        wanted = designs.unequal(sums(scores(kind)), STRATUM, CHANCE, method, form)
        # Uncentred squares lose the digits that z has in common: 1e-15 seen centred, 1e-14 not.
        assert found.std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-12)
    assert made.design.df == 13
    assert len(set(made.design.labels)) == made.design.coefficients.size


@pytest.mark.parametrize(("method", "form"), WAYS)
def test_later_stages_add_their_variance_times_the_probability(method: str, form: str) -> None:
    made = pv.Survey(
        DATA,
        strata="stratum",
        stages=["psu", "household"],
        fpc=["chance", "inside"],
        pps=method,
        pps_variance=form,
    )
    np.testing.assert_allclose(made.final_weights, DATA["w"], rtol=1e-14)
    z = scores("total")
    fraction = np.bincount(DATA["psu"])[DATA["psu"]] / DATA["inside"]
    wanted = designs.unequal(sums(z), STRATUM, CHANCE, method, form) + sum(
        CHANCE[j]
        * variance.within(z, np.flatnonzero(DATA["psu"] == j), [DATA["household"]], [fraction])
        for j in range(16)
    )
    found = pv.direct.total(made, "y")
    assert found.std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-12)


def test_unequal_probabilities_are_told() -> None:
    made = pv.Survey(DATA, strata="stratum", psu="psu", fpc="chance", pps="brewer")
    wanted = "16 primary units in 3 strata, drawn with unequal probabilities without replacement"
    assert wanted in pv.direct.mean(made, "y").explain()


def test_weights_without_a_column_are_one_over_the_probability() -> None:
    made = pv.Survey(DATA, strata="stratum", psu="psu", fpc="chance", pps="brewer")
    np.testing.assert_allclose(made.final_weights, 1 / DATA["chance"], rtol=1e-15)


def test_equal_probabilities_give_simple_random_sampling() -> None:
    rng = np.random.default_rng(1)
    data = {"y": rng.gamma(2, 3, 12), "f": np.full(12, 0.3), "w": np.full(12, 1 / 0.3)}
    wanted = pv.direct.total(pv.Survey(data, weights="w", fpc="f"), "y").std_error
    for method, form in WAYS:
        made = pv.Survey(data, fpc="f", pps=method, pps_variance=form)
        np.testing.assert_allclose(pv.direct.total(made, "y").std_error, wanted, rtol=1e-12)


@pytest.mark.filterwarnings(
    "ignore:the total of .* has a standard error of 0"
)  # in some of all samples
@pytest.mark.parametrize("form", FORMS)
def test_given_joint_probabilities_are_unbiased_over_all_samples(form: str) -> None:
    rng = np.random.default_rng(2)
    y, group = rng.gamma(2, 3, 7), np.array([0, 1, 0, 0, 1, 1, 0])
    samples, joint = designs.conditional_poisson(rng.uniform(0.3, 1.6, 7), 4)
    chance, total, squared, estimated = np.diag(joint), 0.0, 0.0, 0.0
    for chosen, p in samples:
        s = np.array(chosen)
        made = pv.Survey(
            {"y": y[s], "p": chance[s], "g": group[s]},
            fpc="p",
            pps="joint",
            joint=joint[np.ix_(s, s)],
            pps_variance=form,
        )
        ((block),) = pv.direct.total(made, "y").blocks
        columns = block.columns()[0]
        found = float((columns**2 * block.scheme.coefficients).sum())
        wanted = designs.of_pairs(y[s] / chance[s], joint[np.ix_(s, s)], form)
        assert found == pytest.approx(wanted, rel=1e-10, abs=1e-10)
        value = float(pv.direct.total(made, "y").value[0])
        total, squared, estimated = total + p * value, squared + p * value**2, estimated + p * found
    assert total == pytest.approx(y.sum(), rel=1e-12)
    assert estimated == pytest.approx(squared - total**2, rel=1e-10)  # exact, over 35 samples


def test_joint_probabilities_by_stratum_in_any_order_of_rows() -> None:
    joint = np.outer(CHANCE, CHANCE)
    for h in range(3):
        at = np.flatnonzero(h == STRATUM)
        joint[np.ix_(at, at)] = designs.pairs("overton", CHANCE[at])
    order = np.random.default_rng(3).permutation(DATA["w"].size)
    data = {name: column[order] for name, column in DATA.items()}
    seen = list(dict.fromkeys(data["psu"].tolist()))
    how: dict[str, Any] = {"weights": "w", "strata": "stratum", "psu": "psu", "fpc": "chance"}
    for form in FORMS:
        given = pv.Survey(
            data, **how, pps="joint", joint=joint[np.ix_(seen, seen)], pps_variance=form
        )
        same = pv.Survey(DATA, **how, pps="overton", pps_variance=form)
        for kind, found in estimates(given).items():
            np.testing.assert_allclose(found.std_error, estimates(same)[kind].std_error, rtol=1e-10)


def test_units_drawn_with_certainty_add_what_is_inside_them_alone() -> None:
    keep = DATA["stratum"] > 0
    chance = np.where(DATA["stratum"] == 1, 1.0, DATA["chance"])
    data = {name: column[keep] for name, column in {**DATA, "chance": chance}.items()}
    z = (DATA["w"] * DATA["y"])[keep]
    for method, form in WAYS:
        how: dict[str, Any] = {"strata": "stratum", "pps": method, "pps_variance": form}
        made = pv.Survey(
            data, weights="w", stages=["psu", "household"], fpc=["chance", "inside"], **how
        )
        fraction = np.bincount(data["psu"])[data["psu"]] / data["inside"]
        sure = data["stratum"] == 1
        inside = sum(
            (1.0 if (sure & (data["psu"] == j)).any() else CHANCE[j])
            * variance.within(z, np.flatnonzero(data["psu"] == j), [data["household"]], [fraction])
            for j in np.unique(data["psu"])
        )
        last = STRATUM == 2
        across = designs.unequal(
            sums(scores("total"))[last], STRATUM[last], CHANCE[last], method, form
        )
        found = pv.direct.total(made, "y")
        assert found.std_error[0] == pytest.approx(np.sqrt(across + inside), rel=1e-12)


def test_a_stratum_that_mixes_certain_and_other_units_is_remarked_on() -> None:
    data = {"y": [1.0, 2.0, 4.0], "p": [1.0, 0.4, 0.5]}
    with pytest.warns(
        pv.PrevalenceWarning, match="certainty should have a stratum of their own: 1"
    ):
        pv.Survey(data, fpc="p", pps="brewer")


@pytest.mark.filterwarnings("ignore:primary units drawn with certainty should have a stratum")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sure", [[0], [5, 7], [5, 6, 7, 8, 9, 10, 11]])
def test_certain_units_of_given_joint_probabilities(sure: list[int], form: str) -> None:
    """Alone in their stratum, among others of it, and a stratum of nothing else."""
    keep = (DATA["stratum"] > 0) | np.isin(DATA["psu"], sure)
    chance = np.where(np.isin(np.arange(16), sure), 1.0, CHANCE)
    data = {name: column[keep] for name, column in DATA.items()}
    data |= {"p": chance[data["psu"]], "w": 1 / chance[data["psu"]]}
    units = np.unique(data["psu"])
    joint = np.outer(chance, chance)
    for h in range(3):
        others = np.flatnonzero((h == STRATUM) & (chance < 1) & np.isin(np.arange(16), units))
        joint[np.ix_(others, others)] = designs.pairs("overton", chance[others])
    np.fill_diagonal(joint, chance)
    z = np.bincount(data["psu"], weights=data["w"] * data["y"], minlength=16)
    strata = [units[STRATUM[units] == h] for h in range(3)]
    wanted = sum(designs.of_pairs(z[at], joint[np.ix_(at, at)], form) for at in strata if at.size)
    how: dict[str, Any] = {"weights": "w", "strata": "stratum", "psu": "psu", "fpc": "p"}
    how |= {"pps": "joint", "joint": joint[np.ix_(units, units)], "pps_variance": form}
    found = pv.direct.total(pv.Survey(data, **how), "y")
    assert found.std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-10)
    data["y"] = data["y"] + 100.0 * np.isin(data["psu"], sure)
    more = pv.direct.total(pv.Survey(data, **how), "y")
    assert more.std_error[0] == pytest.approx(found.std_error[0], rel=1e-9)


@pytest.mark.parametrize("method", ["brewer", "overton", "hartley-rao"])
def test_a_stratum_of_one_unit_drawn_with_certainty_needs_no_rule(method: str) -> None:
    """It has no variance between units; with `average` it does not lend its stratum one either."""
    keep = (DATA["stratum"] > 0) | (DATA["psu"] == 0)
    sure = np.where(DATA["psu"] == 0, 1.0, DATA["chance"])
    data = {name: column[keep] for name, column in {**DATA, "chance": sure}.items()}
    how: dict[str, Any] = {"weights": "w", "strata": "stratum", "psu": "psu", "fpc": "chance"}
    found = pv.direct.total(pv.Survey(data, **how, pps=method), "y")
    rest = STRATUM > 0
    wanted = designs.unequal(
        sums(scores("total"))[rest], STRATUM[rest], CHANCE[rest], method, FORMS[0]
    )
    assert found.std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-12)
    if method == "brewer":
        average = pv.Survey(data, **how, pps=method, single_psu="average")
        assert pv.direct.total(average, "y").std_error[0] == pytest.approx(found.std_error[0])


@pytest.mark.parametrize("rule", ["certainty", "remove", "adjust", "average"])
def test_single_units_follow_the_rule(rule: str) -> None:
    keep = (DATA["stratum"] > 0) | (DATA["psu"] == 0)
    data = {name: column[keep] for name, column in DATA.items()}
    how: dict[str, Any] = {"weights": "w", "strata": "stratum", "psu": "psu", "fpc": "chance"}
    with pytest.raises(ValueError, match=r"1 of 3 strata have one \(first: '0'\)"):
        pv.Survey(data, **how, pps="brewer")
    z = np.bincount(data["psu"], weights=data["w"] * data["y"])
    units = np.unique(data["psu"])
    rest = units > 0
    others = designs.unequal(
        z[units][rest], STRATUM[units][rest], CHANCE[units][rest], "brewer", FORMS[0]
    )
    wanted = {
        "adjust": others + (1 - CHANCE[0]) * (z[0] - z[units].mean()) ** 2,
        "average": others * 3 / 2,
    }.get(rule, others)
    found = pv.direct.total(pv.Survey(data, **how, pps="brewer", single_psu=rule), "y")
    assert found.std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-12)
    for method in ("overton", "hartley-rao"):
        how |= {"pps": method, "single_psu": rule, "pps_variance": "horvitz-thompson"}
        if rule in ("adjust", "average"):
            with pytest.raises(ValueError, match=f"'remove' with pps='{method}': found '{rule}'"):
                pv.Survey(data, **how)
        else:
            made = pv.direct.total(pv.Survey(data, **how), "y")
            at = units[rest]
            wanted_se = designs.unequal(z[at], STRATUM[at], CHANCE[at], method, FORMS[1])
            assert made.std_error[0] == pytest.approx(np.sqrt(wanted_se), rel=1e-12)


def test_a_negative_variance_is_nan_and_said_so() -> None:
    joint = np.array([[0.5, 0.1], [0.1, 0.5]])
    made = pv.Survey(
        {"y": [5.0, 5.0], "p": [0.5, 0.5]},
        fpc="p",
        pps="joint",
        joint=joint,
        pps_variance="horvitz-thompson",
    )
    found = pv.direct.total(made, "y")
    assert designs.of_pairs(np.array([10.0, 10.0]), joint, "horvitz-thompson") < 0
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 variance estimates are negative"):
        assert np.isnan(found.std_error).all()


@pytest.mark.parametrize(("method", "form"), [*WAYS, ("joint", FORMS[1])])
def test_estimates_are_saved_read_and_combined(method: str, form: str, tmp_path: Path) -> None:
    joint = None
    if method == "joint":
        joint = np.outer(CHANCE, CHANCE)
        for h in range(3):
            at = np.flatnonzero(h == STRATUM)
            joint[np.ix_(at, at)] = designs.pairs("hartley-rao", CHANCE[at])
    made = pv.Survey(
        DATA, strata="stratum", psu="psu", fpc="chance", pps=method, joint=joint, pps_variance=form
    )
    found = pv.direct.mean(made, "y", by="d")
    again, other = (pv.load(found.save(tmp_path / name)) for name in ("a", "b"))
    np.testing.assert_allclose(again.covariance, found.covariance, rtol=1e-13)
    np.testing.assert_allclose((again - other).std_error, 0, atol=1e-12)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(found)).std_error, found.std_error)  # noqa: S301
    asked: list[Callable[[], pv.Survey]] = [made.jackknife, lambda: made.bootstrap(10, rng=1)]
    for ask in asked:
        with pytest.raises(
            ValueError, match="replicates must resample primary units drawn with eq"
        ):
            ask()
