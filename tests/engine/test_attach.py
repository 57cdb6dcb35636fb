"""Rows of several kinds of one sample: their estimates have their covariance."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import samples, variance

Array = NDArray[Any]
DATA = samples.households(21)
CHILDREN = samples.children_of(DATA, 22)
W, STRATUM, PSU = DATA["w"], DATA["stratum"], DATA["psu"]
ADULTS = {  # every household has one to three adults, one of whom is asked about others
    "id": DATA["id"][::-1].copy(),
    "eligible": np.random.default_rng(5).integers(1, 4, W.size),
    "reports": np.random.default_rng(6).poisson(np.exp(0.1 * DATA["hours"][::-1])).astype(float),
}


def survey(**how: Any) -> pv.Survey:
    return pv.Survey(DATA, weights="w", strata="stratum", psu="psu", **how)


def statistic(w: Array) -> Array:
    """Naive: child total and mean, adult total and mean, from the weights of households."""
    kids = w[CHILDREN["row"]]
    adults = w[ADULTS["id"]] * ADULTS["eligible"]
    return np.array(
        [
            CHILDREN["work"] @ kids,
            CHILDREN["work"] @ kids / kids.sum(),
            ADULTS["reports"] @ adults,
            ADULTS["reports"] @ adults / adults.sum(),
        ]
    )


def both(made: pv.Survey) -> tuple[pv.Survey, pv.Survey]:
    return made.attach(CHILDREN, on="id"), made.attach(ADULTS, on="id", one="eligible")


def estimates(made: pv.Survey) -> list[pv.Estimate]:
    kids, adults = both(made)
    return [
        pv.direct.total(kids, "work").describe(outcome="", population=""),
        pv.direct.mean(kids, "work").describe(outcome="", population=""),
        pv.direct.total(adults, "reports").describe(outcome="", population=""),
        pv.direct.mean(adults, "reports").describe(outcome="", population=""),
    ]


def covariance_of(a: pv.Estimate, b: pv.Estimate) -> float:
    """From the difference: var(a - b) = var a + var b - 2 cov."""
    return float((a.std_error**2 + b.std_error**2 - (a - b).std_error ** 2)[0] / 2)


def test_values_are_those_of_the_rows_with_the_weights_of_their_households() -> None:
    for found, wanted in zip(estimates(survey()), statistic(W), strict=True):
        assert found.value[0] == pytest.approx(wanted, rel=1e-14)


def test_covariance_of_a_child_outcome_and_an_adult_report_equals_the_jackknife() -> None:
    wanted = variance.jackknife(W, STRATUM, PSU, statistic)
    linear, replicated = estimates(survey()), estimates(survey().jackknife())
    # Totals are linear: linearisation and jackknife are one number, up to rounding.
    for made in (linear, replicated):
        assert covariance_of(made[0], made[2]) == pytest.approx(wanted[0, 2], rel=1e-9)
    # Ratios: the library's jackknife is the naive one; linearisation is close to it.
    assert covariance_of(replicated[1], replicated[3]) == pytest.approx(wanted[1, 3], rel=1e-8)
    assert covariance_of(replicated[0], replicated[3]) == pytest.approx(wanted[0, 3], rel=1e-8)
    exact = covariance_of(linear[1], linear[3])
    assert abs(exact - wanted[1, 3]) < 0.1 * np.sqrt(wanted[1, 1] * wanted[3, 3])
    assert abs(wanted[0, 2]) > 0.2 * np.sqrt(wanted[0, 0] * wanted[2, 2]), "no covariance to test"


def test_the_order_of_attached_rows_does_not_matter() -> None:
    order = np.random.default_rng(1).permutation(CHILDREN["id"].size)
    moved = {name: column[order] for name, column in CHILDREN.items()}
    one, two = survey().attach(CHILDREN, on="id"), survey().attach(moved, on="id")
    np.testing.assert_array_equal(two.final_weights, one.final_weights[order])
    a, b = pv.direct.mean(one, "work", by="child_sex"), pv.direct.mean(two, "work", by="child_sex")
    np.testing.assert_allclose(a.covariance, b.covariance, rtol=1e-10)
    assert np.abs((a - b).std_error).max() < 1e-12


def test_units_without_an_attached_row_stay_in_the_design() -> None:
    few = {name: column[PSU[CHILDREN["row"]] % 3 == 0] for name, column in CHILDREN.items()}
    found = pv.direct.total(survey().attach(few, on="id"), "work")
    z = np.bincount(few["row"], weights=W[few["row"]] * few["work"], minlength=W.size)
    wanted = variance.multistage(z, STRATUM, [PSU], [None])
    assert found.std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-12)


def test_a_verb_keeps_the_source() -> None:
    made = survey()
    ages = samples.as_totals(samples.targets(DATA["age"], W, (1.0, 1.1, 0.9), 2_000.0))
    kids = made.poststratify("age", ages).attach(CHILDREN, on="id").trim(upper=90.0)
    assert kids.design is made.design
    assert kids.jackknife().linearised().design.source == made.design.source
    rebuilt = survey()
    assert rebuilt.design is not made.design
    same = pv.direct.total(made, "hours") - pv.direct.total(rebuilt, "hours")
    assert same.std_error[0] == pytest.approx(0, abs=1e-9)


def test_bootstrap_columns_of_both_rows_are_the_same_draws() -> None:
    made = survey()
    one = estimates(made.bootstrap(300, rng=3))
    kids, adults = both(made)
    child = pv.direct.total(kids.bootstrap(300, rng=3), "work").describe(outcome="")
    adult = pv.direct.total(adults.bootstrap(300, rng=3), "reports").describe(outcome="")
    assert covariance_of(one[0], one[2]) == pytest.approx(covariance_of(child, adult), rel=1e-10)


# Weight share


# Four households may report children who live apart; two children have several links.
LINKED = {"x": ["a", "b"], "y": ["b"], "z": ["a", "c", "d"]}
VALUE = {"x": 3.0, "y": 5.0, "z": 11.0}


def share(sampled: tuple[str, ...]) -> pv.Survey:
    """Two of four households, and a row for each child that each of them reports."""
    frame = {"id": list(sampled), "w": [2.0, 2.0], "N": [4.0, 4.0]}
    reports = [(h, child) for h in sampled for child, homes in LINKED.items() if h in homes]
    rows = {
        "id": [h for h, _ in reports],
        "child": [child for _, child in reports],
        "homes": [len(LINKED[child]) for _, child in reports],
        "value": [VALUE[child] for _, child in reports],
    }
    return pv.Survey(frame, weights="w", fpc="N").attach(rows, on="id", links="homes")


@pytest.mark.filterwarnings(
    "ignore:the total of .* has a standard error of 0"
)  # in some of all samples
def test_a_weight_share_and_its_variance_are_unbiased_over_all_samples() -> None:
    samples_of_two = list(itertools.combinations("abcd", 2))
    found = [pv.direct.total(share(sampled), "value") for sampled in samples_of_two]
    totals = np.array([e.value[0] for e in found])
    assert totals.mean() == pytest.approx(sum(VALUE.values()), rel=1e-14)
    variances = np.array([e.std_error[0] ** 2 for e in found])
    assert variances.mean() == pytest.approx(totals.var(), rel=1e-13)


def test_a_child_reached_twice_has_a_row_for_each_and_one_share() -> None:
    made = share(("a", "b"))
    np.testing.assert_allclose(made.final_weights, [1.0, 2 / 3, 1.0, 2.0])
    assert made.weight_flow()["step"].iloc[-1] == "attach all shared over homes by id"


# Rounds of a panel


def rounds(kept: int = 12, *, strata: bool = True) -> tuple[dict[str, Array], dict[str, Array]]:
    """Two rounds: some primary units of the first are kept, the others replaced by new ones."""
    first = samples.households(31)
    second = samples.households(32)
    psu = second["psu"].copy()
    replaced = np.concatenate([np.arange(h * 6 + kept // 3, h * 6 + 6) for h in range(3)])
    second["psu"] = np.where(np.isin(psu, replaced), psu + 100, psu)
    carried = np.isin(psu, np.setdiff1d(np.arange(18), replaced))
    second["hours"] = np.where(
        carried, 0.8 * first["hours"] + 0.2 * second["hours"], second["hours"]
    )
    if not strata:
        first["stratum"] = second["stratum"] = np.zeros(psu.size, dtype=int)
    order = np.random.default_rng(1).permutation(psu.size)
    return first, {name: column[order] for name, column in second.items()}


def panel(data: dict[str, Array], source: str | None = "panel") -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu", source=source)


@pytest.mark.parametrize("strata", [True, False])
def test_rounds_of_a_panel_have_the_covariance_of_the_units_they_keep(strata: bool) -> None:
    data = rounds(strata=strata)
    columns: list[dict[tuple[int, int], float]] = []
    for each in data:
        one = each["w"] / each["w"].sum()
        mean = one @ each["hours"]
        z = one * (each["hours"] - mean)
        found, coefficient = variance.columns(z, each["stratum"], each["psu"])
        keys = dict.fromkeys(zip(each["stratum"].tolist(), each["psu"].tolist(), strict=True))
        columns.append(dict(zip(keys, np.sqrt(coefficient) * found, strict=True)))
    wanted = sum(
        (columns[1].get(key, 0.0) - columns[0].get(key, 0.0)) ** 2
        for key in {*columns[0], *columns[1]}
    )
    before, after = (pv.direct.mean(panel(each), "hours") for each in data)
    change = after - before
    assert change.std_error[0] == pytest.approx(np.sqrt(wanted), rel=1e-12)
    independent = np.hypot(before.std_error[0], after.std_error[0])
    assert change.std_error[0] < 0.95 * independent
    apart = pv.direct.mean(panel(data[1], None), "hours") - pv.direct.mean(
        panel(data[0], None), "hours"
    )
    assert apart.std_error[0] == pytest.approx(independent, rel=1e-12)


def test_jackknife_columns_of_a_panel_align_by_unit_and_not_by_place() -> None:
    data = rounds()
    linear, replicated = (
        pv.direct.total(b, "hours") - pv.direct.total(a, "hours")
        for a, b in (
            [panel(each) for each in data],
            [panel(each).jackknife() for each in data],
        )
    )
    assert replicated.std_error[0] == pytest.approx(linear.std_error[0], rel=1e-9)


def test_bootstraps_of_two_rounds_do_not_align() -> None:
    before, after = (
        pv.direct.total(panel(each).bootstrap(50, rng=1), "hours") for each in rounds()
    )
    with pytest.raises(ValueError, match="the same kind of variance"):
        _ = after - before


def test_later_stages_of_a_panel_align_by_label() -> None:
    # The households of the second round are others, though as many and in the same places.
    first, second = rounds(18)
    made = []
    for number, each in enumerate((first, second)):
        moved = {**each, "f": np.full(W.size, 0.2), "household": each["id"] + 1_000 * number}
        made.append(
            pv.Survey(
                moved,
                weights="w",
                strata="stratum",
                stages=["psu", "household"],
                fpc=["f", "f"],
                source="panel",
            )
        )
    labels = [s.design.labels for s in made]
    assert set(labels[0][:18]) == set(labels[1][:18])
    assert not set(labels[0][18:]) & set(labels[1][18:])


def test_designs_that_differ_in_rows_only_are_not_one_source() -> None:
    # Nothing but positions names the units here, and nothing says that they are the same people.
    one, two = (pv.Survey({"y": np.random.default_rng(seed).normal(size=50)}) for seed in (1, 2))
    difference = pv.direct.mean(one, "y") - pv.direct.mean(two, "y")
    wanted = np.hypot(pv.direct.mean(one, "y").std_error, pv.direct.mean(two, "y").std_error)
    np.testing.assert_allclose(difference.std_error, wanted, rtol=1e-12)
