"""Network scale-up against slow, obvious versions of it: values, variances and what they warn of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.agreement import EXACTLY, Within, agrees, told
from tests.naive import network, samples, variance
from tests.naive.network import KNOWN

Array = NDArray[Any]
# Made-up respondents often know nobody; what is said of them has tests of its own.
pytestmark = pytest.mark.filterwarnings("ignore:.*know nobody in any known group")


def survey(data: dict[str, Array]) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


def estimate(data: dict[str, Array], **how: Any) -> pv.Estimate:
    arguments = {"hidden": "hidden", "known": KNOWN, "transmission": 1, "missing": "complete"}
    return pv.nsum.scale_up(survey(data), **{**arguments, **how})


# ------------------------------------------------------------------ value and variance
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_value_and_standard_error_are_the_naive_ones(seed: int) -> None:
    data = network.respondents(seed)
    found = estimate(data, transmission=0.7)
    assert float(found) == pytest.approx(
        network.scale_up(data, data["w"], "hidden", KNOWN, 0.7), rel=1e-12
    )
    z = network.scores(data, data["w"], "hidden", KNOWN, 0.7)
    assert found.std_error[0] == pytest.approx(network.linearised(data, z), rel=1e-10)
    assert found.df[0] == 12
    assert found.unit == "count"


def test_domains_are_zero_weights_and_a_condition_is_a_domain() -> None:
    data = network.respondents(4)
    by_region, older = estimate(data, by="region"), estimate(data, where="age >= 40")
    cases = [(by_region[r], data["region"] == r) for r in ("east", "west")]
    for found, inside in [*cases, (older, data["age"] >= 40)]:
        w = np.where(inside, data["w"], 0.0)
        assert float(found) == pytest.approx(network.scale_up(data, w, "hidden", KNOWN), rel=1e-12)
        z = network.scores(data, w, "hidden", KNOWN)
        assert found.std_error[0] == pytest.approx(network.linearised(data, z), rel=1e-10)
        used = ~np.isnan(data["hidden"]) & ~np.isnan([data[k] for k in KNOWN]).all(axis=0)
        assert found.facts["n"][0] == (inside & used).sum()
        assert found.facts["missing"][0] == (inside & ~used).sum()
        reported = np.where(inside & used, np.nan_to_num(data["hidden"]), 0)
        assert found.facts["cases"][0] == reported.sum()
        assert found.facts["psus_with_cases"][0] == np.unique(data["psu"][reported > 0]).size
    # Both: the condition within each domain.
    crossed = estimate(data, by="region", where="age >= 40")["east"]
    w = np.where((data["region"] == "east") & (data["age"] >= 40), data["w"], 0.0)
    assert float(crossed) == pytest.approx(network.scale_up(data, w, "hidden", KNOWN), rel=1e-12)


def test_several_groups_are_one_joint_estimate() -> None:
    data = network.complete(network.respondents(5))
    found = estimate(data, hidden=["hidden", "other"], by="region", missing="error")
    assert found.outcomes == ("hidden", "hidden", "other", "other")
    for k, (name, region) in enumerate(
        (h, r) for h in ("hidden", "other") for r in ("east", "west")
    ):
        w = np.where(data["region"] == region, data["w"], 0.0)
        assert found.value[k] == pytest.approx(network.scale_up(data, w, name, KNOWN), rel=1e-12)
    z = [network.scores(data, data["w"], name, KNOWN) for name in ("hidden", "other")]
    whole = estimate(data, hidden=["hidden", "other"], missing="error")
    wanted = (
        network.linearised(data, z[0] + z[1]) ** 2 - network.linearised(data, z[0] - z[1]) ** 2
    ) / 4
    assert whole.covariance[0, 1] == pytest.approx(wanted, rel=1e-9)


def test_jackknife_columns_delete_one_primary_unit() -> None:
    data = network.respondents(6)
    found = pv.nsum.scale_up(
        survey(data).jackknife(), "hidden", known=KNOWN, transmission=0.8, missing="complete"
    )
    ((columns, coefficients),) = found.columns.values()
    values, scale = network.delete_one(data, data["w"], "hidden", KNOWN, 0.8)
    np.testing.assert_allclose(columns[0], values - float(found), rtol=1e-9)
    np.testing.assert_allclose(coefficients, scale, rtol=1e-15)
    assert found.std_error[0] ** 2 == pytest.approx(
        (scale * (values - float(found)) ** 2).sum(), rel=1e-10
    )


DIGITS = Within("closed forms: 15 digits are stored", 1e-10)


@pytest.mark.filterwarnings("ignore:.*look like codes for missing")  # answers top-coded at 95
@pytest.mark.parametrize("group", ["sex.workers", "clients", "msm", "idu"])
@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_stored_factors_of_a_rescaled_bootstrap(oracle: Path, group: str) -> None:
    """surveybootstrap's 500 rescaled replicates of the Rwanda survey; 15 digits stored."""
    folder = oracle / "nsum"
    frame = pd.read_csv(folder / "rwanda_survey.csv")
    sizes = pd.read_csv(folder / "rwanda_known.csv").set_index("known.popn")["size"]
    known = {str(name): float(size) for name, size in sizes.items()}
    stored = pd.read_csv(folder / "rescaled_boot_factors_by_psu.csv")
    cases = told(folder / "expected_closed.json")["cases"]
    expected = cases[f"rescaled_boot_{group}"]["value"]
    factors = frame[["region", "cluster"]].merge(stored, how="left").iloc[:, 2:].to_numpy(float)
    w = frame["indweight"].to_numpy(float)
    for k, wanted in enumerate(expected["first10"]):
        made = pv.Survey(
            frame.assign(moved=w * factors[:, k]), weights="moved", psu="cluster", strata="region",
            nest=True,
        )  # fmt: skip
        found = pv.nsum.scale_up(made, group, known=known, transmission=1, missing="complete")
        agrees(float(found), wanted, DIGITS)
    # The sums of each unit suffice for all 500; a row's own sums are those of the naive version.
    data = {name: frame[name].to_numpy() for name in [group, *known]}
    own = np.array([network.one(data, i, group, known) for i in range(len(frame))])
    sums = (w[:, None] * factors).T @ own
    values = sums[:, 0] / sums[:, 1]
    agrees(values.size, expected["replicates"], EXACTLY)
    agrees(values.mean(), expected["mean"], DIGITS)
    agrees(values.std(ddof=1), expected["se"], DIGITS)
    limits = [expected["q025"], expected["q975"]]
    agrees(np.quantile(values, [0.025, 0.975]), limits, DIGITS)


@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_factors_as_weights_are_the_naive_replicates() -> None:
    data = network.respondents(7)
    rng = np.random.default_rng(8)
    factors = (
        rng.multinomial(4, np.full(5, 0.2), (3, 24)).transpose(0, 2, 1).reshape(15, 24) * 5 / 4
    )
    rows = factors[data["psu"]]
    wanted = network.rescaled(data, data["w"], "hidden", KNOWN, rows)
    for column, value in zip(rows.T, wanted, strict=True):
        found = estimate({**data, "w": data["w"] * column})
        assert float(found) == pytest.approx(value, rel=1e-12)


# ------------------------------------------------------------------ sources beside the sample
ERRORS = {"police": 90.0, "nurses": 260.0, "teachers": 140.0}
UNCERTAIN = {k: pv.uncertain(size, std_error=ERRORS[k]) for k, size in KNOWN.items()}


def extra(found: pv.Estimate, known_exactly: pv.Estimate) -> Array:
    np.testing.assert_allclose(found.value, known_exactly.value, rtol=1e-12)
    return np.asarray(found.std_error**2 - known_exactly.std_error**2)


def test_uncertain_sizes_of_known_groups_without_missing_answers() -> None:
    data = network.complete(network.respondents(9))
    exact = estimate(data, missing="error")
    found = estimate(data, missing="error", known=UNCERTAIN)
    wanted = (float(exact) / sum(KNOWN.values())) ** 2 * sum(s**2 for s in ERRORS.values())
    assert extra(found, exact)[0] == pytest.approx(wanted, rel=1e-9)
    assert any("stated uncertainty" in said for said in found.assumptions)
    one = estimate(data, missing="error", known={**KNOWN, "nurses": UNCERTAIN["nurses"]})
    assert extra(one, exact)[0] == pytest.approx(
        (float(exact) / sum(KNOWN.values()) * ERRORS["nurses"]) ** 2, rel=1e-9
    )


@pytest.mark.parametrize("where", [None, "age >= 40"])
def test_uncertain_sizes_with_missing_answers_domain_by_domain(where: str | None) -> None:
    data = network.respondents(10)
    data["nurses"][data["region"] == "east"] = np.nan  # the regions rest on different groups
    how: dict[str, Any] = {"by": "region", "where": where}
    exact, wanted = estimate(data, **how), np.zeros(2)
    for name, size in KNOWN.items():
        h = 1e-4 * size
        up = estimate(data, **how, known={**KNOWN, name: size + h})
        down = estimate(data, **how, known={**KNOWN, name: size - h})
        wanted += ((up.value - down.value) / (2 * h) * ERRORS[name]) ** 2
    # A central difference with a step of 1e-4 has an error of about its square.
    np.testing.assert_allclose(
        extra(estimate(data, **how, known=UNCERTAIN), exact), wanted, rtol=1e-6
    )


def test_uncertain_sizes_are_shared_by_groups_and_domains() -> None:
    data = network.complete(network.respondents(9))
    found = estimate(data, missing="error", known=UNCERTAIN, hidden=["hidden", "other"])
    exact = estimate(data, missing="error", hidden=["hidden", "other"])
    share = sum(s**2 for s in ERRORS.values()) / sum(KNOWN.values()) ** 2
    np.testing.assert_allclose(
        found.covariance - exact.covariance, share * np.outer(exact.value, exact.value), rtol=1e-8
    )


def test_uncertain_transmission_by_the_delta_method() -> None:
    data = network.respondents(11)
    tau = pv.uncertain(0.6, 0.4, 0.8, kind="beta")
    found, basic = estimate(data, transmission=tau), estimate(data)
    assert float(found) == pytest.approx(float(basic) / 0.6, rel=1e-12)
    wanted = basic.std_error**2 / 0.6**2 + (basic.value / 0.6**2) ** 2 * tau.std_error**2
    assert found.std_error[0] ** 2 == pytest.approx(wanted[0], rel=1e-10)
    # All three sources at once: the sample, the sizes and the rate.
    every = estimate(data, transmission=tau, known=UNCERTAIN)
    sizes = extra(estimate(data, known=UNCERTAIN), basic) / 0.6**2
    assert every.std_error[0] ** 2 == pytest.approx((wanted + sizes)[0], rel=1e-9)
    assert len(every.columns) == 5
    # The limits are log-symmetric with Satterthwaite's degrees of freedom.
    low, high = every.interval()[0]
    assert low * high == pytest.approx(float(every) ** 2, rel=1e-9)
    parts = basic.std_error**2 / 0.6**2
    assert every.df[0] == pytest.approx((every.std_error**4 / (parts**2 / basic.df))[0], rel=1e-9)


# ------------------------------------------------------------------ what is said
def test_no_report_has_an_upper_limit_and_no_standard_error() -> None:
    data = network.complete(network.respondents(12))
    data["hidden"] *= data["region"] == "west"
    with pytest.warns(pv.PrevalenceWarning, match=r"nobody reported .* 'hidden' \(1 rows"):
        found = estimate(data, by="region", transmission=0.5, missing="error")
    east, inside = found["east"], data["region"] == "east"
    assert float(east) == 0
    assert np.isnan(east.std_error[0])
    # One report by a respondent of average weight, times Kish's design effect and -log(0.025).
    w = data["w"][inside]
    ties = sum(
        network.one(data, i, "hidden", KNOWN)[1] * data["w"][i]
        for i in np.flatnonzero(inside).tolist()
    )
    one_report = (w**2).sum() / w.sum() / ties / 0.5
    # and a design effect of clusters of their own (tests/test_network_few.py).
    assert east.interval()[0, 1] >= -np.log(0.025) * one_report
    assert east.interval()[0, 1] < -np.log(0.025) * one_report * 3
    assert east.interval(0.8)[0, 1] < east.interval(0.99)[0, 1]
    assert any("nobody reported" in said for said in found.warnings)
    assert np.isfinite(found["west"].std_error[0])
    # With uncertain adjustments there is still none, and the limit is that of a gamma-Poisson count.
    with pytest.warns(pv.PrevalenceWarning, match="nobody reported"):
        more = estimate(
            data, by="region", known=UNCERTAIN, transmission=pv.uncertain(0.5, 0.3, 0.7)
        )
    assert np.isnan(more["east"].std_error[0])
    v = (pv.uncertain(0.5, 0.3, 0.7).std_error[0] / 0.5) ** 2
    wider = (0.025**-v - 1) / v / -np.log(0.025)
    np.testing.assert_allclose(more["east"].interval(), east.interval() * wider, rtol=1e-10)


@pytest.mark.filterwarnings("ignore:the two size rules differ")
@pytest.mark.parametrize("code", [97, 98, 99, 998, 999])
def test_answers_that_look_like_codes_for_missing_are_told(code: int) -> None:
    data = network.complete(network.respondents(13))
    data["police"][[3, 8]] = code
    with pytest.warns(pv.PrevalenceWarning, match="'police' holds 2 answers of 97, 98, 99, 998 or"):
        estimate(data, missing="error")
    data["police"][[3, 8]] = 96
    estimate(data, missing="error")


def test_what_is_assumed_is_printed() -> None:
    found = estimate(network.respondents(14), transmission=1)
    assert (
        "Respondents report all of their ties to hidden people, a share of 1 (transmission), taken as known."
        in (found.assumptions)
    )
    assert "transmission" in found.explain()
    assert found.provenance["cases"] == "reports"


# ------------------------------------------------------------------ with direct estimates
HOUSEHOLDS = samples.households(31)
CHILDREN = samples.children_of(HOUSEHOLDS, 32)
ADULTS: dict[str, Array] = {
    "id": HOUSEHOLDS["id"][::-1].copy(),
    "eligible": np.random.default_rng(5).integers(1, 4, HOUSEHOLDS["id"].size),
    **{
        name: np.random.default_rng(k).poisson(np.exp(a + 0.08 * HOUSEHOLDS["hours"][::-1])) * 1.0
        for k, (name, a) in enumerate({"known": 0.5, "hidden": -1.5}.items())
    },
}


def naive_pair(w: Array) -> Array:
    """Network size and the share of children who work, from the weights of households."""
    adults, kids = w[ADULTS["id"]] * ADULTS["eligible"], w[CHILDREN["row"]]
    size = 5_000 * (ADULTS["hidden"] @ adults) / (ADULTS["known"] @ adults)
    return np.array([size, 40_000 * (CHILDREN["case"] @ kids) / kids.sum()])


def pair(made: pv.Survey) -> tuple[pv.Estimate, pv.Estimate]:
    adults = made.attach(ADULTS, on="id", one="eligible")
    network_size = pv.nsum.scale_up(adults, "hidden", known={"known": 5_000}, transmission=1)
    direct = pv.direct.prevalence(made.attach(CHILDREN, on="id"), "case").count(40_000)
    return network_size.describe(outcome="case"), direct


def test_network_and_direct_estimates_of_one_sample_have_their_covariance() -> None:
    made = pv.Survey(HOUSEHOLDS, weights="w", strata="stratum", psu="psu")
    wanted = variance.jackknife(
        HOUSEHOLDS["w"], HOUSEHOLDS["stratum"], HOUSEHOLDS["psu"], naive_pair
    )
    one, two = pair(made.jackknife())
    np.testing.assert_allclose([float(one), float(two)], naive_pair(HOUSEHOLDS["w"]), rtol=1e-12)
    difference = one - two
    assert difference.std_error[0] ** 2 == pytest.approx(
        wanted[0, 0] + wanted[1, 1] - 2 * wanted[0, 1], rel=1e-9
    )
    # Linearised: the derivative of each, by central differences in the weight of a household.
    w, slopes = HOUSEHOLDS["w"], []
    for i in range(w.size):
        h = 1e-4 * w[i] * (np.arange(w.size) == i)
        slopes.append((naive_pair(w + h) - naive_pair(w - h)) / 2e-4)
    z = np.array(slopes) @ [1.0, -1.0]
    exact = variance.multistage(z, HOUSEHOLDS["stratum"], [HOUSEHOLDS["psu"]], [None])
    one, two = pair(made)
    assert (one - two).std_error[0] ** 2 == pytest.approx(exact, rel=1e-6)
    assert abs(wanted[0, 1]) > 0.1 * np.sqrt(wanted[0, 0] * wanted[1, 1]), "no covariance to test"
