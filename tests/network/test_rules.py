"""The rules of degrees and sizes against slow versions of them, and what is said of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import network
from tests.naive.network import KNOWN, PEOPLE, RULES

Array = NDArray[Any]
SUMS, RATIOS = RULES
# Made-up respondents often know nobody; what is said of them is tested below.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*know nobody in any known group"),
    pytest.mark.filterwarnings("ignore:.*report more hidden people than they know"),
    pytest.mark.filterwarnings("ignore:mean of ratios leaves out"),
    pytest.mark.filterwarnings("ignore:the two size rules differ"),
]
RELATIONS = ["family", "friends"]


def respondents(seed: int) -> dict[str, Array]:
    data = network.respondents(seed)
    rng = np.random.default_rng(seed + 100)
    ties = 1 + np.nan_to_num(data["police"]) + np.nan_to_num(data["nurses"])
    data |= {name: rng.poisson(5 * ties).astype(float) for name in RELATIONS}
    data["family"][[5, 17]] = np.nan
    return data


def survey(data: dict[str, Array]) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


def estimate(data: dict[str, Array], hidden: Any = "hidden", **how: Any) -> pv.Estimate:
    given = {"known": KNOWN, "transmission": 1, "missing": "complete", "population": PEOPLE}
    return pv.nsum.scale_up(survey(data), hidden, **{**given, **how})


CROSSED = [(d, s) for d in (SUMS, RATIOS, RELATIONS) for s in RULES]


# ------------------------------------------------------------------ values and variances
@pytest.mark.parametrize(("degree", "size"), CROSSED)
def test_value_and_linearised_error_of_every_rule(degree: Any, size: str) -> None:
    data = respondents(1)
    found = estimate(data, degree=degree, size=size)

    def value(w: Array) -> float:
        return network.size_of(data, w, "hidden", KNOWN, degree, size)

    assert float(found) == pytest.approx(value(data["w"]), rel=1e-12)
    # A central difference with a relative step of 1e-4 has an error of about its square.
    wanted = network.linearised(data, network.slopes_of(value, data["w"]))
    assert found.std_error[0] == pytest.approx(wanted, rel=1e-6)
    low, high = found.interval()[0]
    assert low > 0
    assert low * high == pytest.approx(float(found) ** 2, rel=1e-9)


@pytest.mark.parametrize(("degree", "size"), CROSSED)
def test_domains_are_zero_weights_under_every_rule(degree: Any, size: str) -> None:
    data = respondents(2)
    found = estimate(data, ["hidden", "other"], by="region", degree=degree, size=size)
    for name in ("hidden", "other"):
        for region in ("east", "west"):
            w = np.where(data["region"] == region, data["w"], 0.0)
            wanted = network.size_of(data, w, name, KNOWN, degree, size)
            assert float(found[name, region]) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("size", RULES)
@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_every_replicate_scheme_under_every_size_rule(size: str) -> None:
    data = respondents(3)
    base = survey(data)
    linearised = estimate(data, size=size)
    for made in (
        base.jackknife(),
        base.jackknife(groups=7, rng=1),
        base.bootstrap(40, rng=2),
        base.bootstrap(40, rng=2, kind="preston"),
        base.bootstrap(40, rng=2, kind="generalised"),
    ):
        answers = pv.Answers(made, known=KNOWN, hidden=["hidden", "other"], population=PEOPLE)
        found = pv.nsum.scale_up(answers, transmission=1, size=size, missing="complete")
        ((columns, scale),) = found.columns.values()
        factors = made.scheme.factors[data["psu"]] if made.scheme is not None else np.ones((1, 1))
        for k, name in enumerate(("hidden", "other")):
            values = [
                network.size_of(data, data["w"] * f, name, KNOWN, size=size) for f in factors.T
            ]
            np.testing.assert_allclose(found.value[k] + columns[k], values, rtol=1e-9)
            spread = np.sqrt((scale * (np.array(values) - found.value[k]) ** 2).sum())
            assert found.std_error[k] == pytest.approx(spread, rel=1e-9)
    assert 0.5 < found.std_error[0] / linearised.std_error[0] < 2


def test_pairs_of_units_may_be_balanced() -> None:
    data = respondents(4)
    data["stratum"], data["psu"] = data["psu"] // 2, data["psu"]
    kept = data["psu"] < 14
    data = {name: x[kept] for name, x in data.items()}
    found = pv.nsum.scale_up(
        survey(data).brr(), "hidden", known=KNOWN, transmission=1, missing="complete"
    )
    plain = estimate(data)
    assert float(found) == pytest.approx(float(plain), rel=1e-12)
    assert 0.5 < found.std_error[0] / plain.std_error[0] < 2


@pytest.mark.parametrize(("degree", "size"), [(d, s) for d in RULES for s in RULES])
@pytest.mark.parametrize("by", [(), "region"])
def test_uncertain_known_sizes_under_every_rule(degree: str, size: str, by: Any) -> None:
    data = respondents(5)
    data["nurses"][data["region"] == "east"] = np.nan  # the regions rest on different groups
    errors = {"police": 90.0, "nurses": 260.0, "teachers": 140.0}
    given = {k: pv.nsum.Group(size=x, std_error=errors[k]) for k, x in KNOWN.items()}
    how: dict[str, Any] = {"degree": degree, "size": size, "by": by}
    found = estimate(data, ["hidden", "other"], known=given, **how)
    exact = estimate(data, ["hidden", "other"], **how)
    wanted = np.zeros((len(found), len(found)))
    for name, people in KNOWN.items():
        h = 1e-4 * people
        up, down = (
            estimate(data, ["hidden", "other"], **how, known={**KNOWN, name: people + s}).value
            for s in (h, -h)
        )
        slope = (up - down) / (2 * h) * errors[name]
        wanted += np.outer(slope, slope)
    np.testing.assert_allclose(found.value, exact.value, rtol=1e-12)
    extra = found.covariance - exact.covariance
    np.testing.assert_allclose(extra, wanted, rtol=1e-5, atol=1e-6 * np.abs(wanted).max())


def test_missing_answers_are_missing_item_by_item() -> None:
    data = respondents(6)
    joint, alone = estimate(data, ["hidden", "other"]), estimate(data, "other")
    assert np.isnan(data["hidden"]).any()
    assert joint["other"].value[0] == alone.value[0]  # a missing answer about one leaves the other
    gone = np.isnan([data[name] for name in KNOWN]).all(axis=0)
    assert joint.facts["missing"].tolist() == [
        int((gone | np.isnan(data[name])).sum()) for name in ("hidden", "other")
    ]
    assert (joint.facts["n"] + joint.facts["missing"]).tolist() == [gone.size] * 2


# ------------------------------------------------------------------ degrees
@pytest.mark.parametrize("degree", [SUMS, RATIOS, RELATIONS])
def test_mean_degrees_by_domain(degree: Any) -> None:
    data = respondents(7)
    how: dict[str, Any] = {"known": KNOWN, "degree": degree, "population": PEOPLE}
    found = pv.nsum.degree(survey(data), by="region", missing="complete", **how)
    for region in ("east", "west"):
        w = np.where(data["region"] == region, data["w"], 0.0)
        row = found[region]

        def value(v: Array) -> float:
            return network.mean_degree(data, v, KNOWN, degree)

        assert float(row) == pytest.approx(value(w), rel=1e-12)
        wanted = network.linearised(data, network.slopes_of(value, w))
        assert row.std_error[0] == pytest.approx(wanted, rel=1e-6)
    assert found.unit == "mean"
    assert found.facts["n"].sum() + found.facts["missing"].sum() == data["w"].size
    answers = pv.Answers(survey(data), known=KNOWN, hidden=(), population=PEOPLE)
    each = [network.degree_of(data, i, KNOWN, degree) for i in range(data["w"].size)]
    wanted_each = [np.nan if d is None else d for d in each]
    np.testing.assert_allclose(answers.degrees(degree), wanted_each, rtol=1e-12)
    np.testing.assert_allclose(  # of the same answers, with another population
        answers.degrees(degree, 2 * PEOPLE),
        np.array(wanted_each) * (1 if degree is RELATIONS else 2),
        rtol=1e-12,
    )


def test_uncertain_sizes_enter_mean_degrees() -> None:
    data = respondents(8)
    exact: dict[str, Any] = {"known": KNOWN, "population": PEOPLE, "missing": "complete"}
    for degree in RULES:
        given = {**KNOWN, "police": pv.uncertain(2_000, std_error=150)}
        found = pv.nsum.degree(survey(data), **{**exact, "known": given}, degree=degree)
        plain = pv.nsum.degree(survey(data), **exact, degree=degree)
        up, down = (
            float(
                pv.nsum.degree(
                    survey(data),
                    **{**exact, "known": {**KNOWN, "police": 2_000 + h}},
                    degree=degree,
                )
            )
            for h in (0.2, -0.2)
        )
        wanted = ((up - down) / 0.4 * 150) ** 2
        extra = found.std_error[0] ** 2 - plain.std_error[0] ** 2
        assert extra == pytest.approx(wanted, rel=1e-5)


def test_nobody_known_is_no_mean_degree_of_zero_without_error() -> None:
    data = network.complete(respondents(9))
    for name in KNOWN:
        data[name] *= data["region"] == "west"
    with pytest.warns(pv.PrevalenceWarning, match="nobody knows anyone in 1 of 2 rows"):
        found = pv.nsum.degree(survey(data), known=KNOWN, population=PEOPLE, by="region")
    assert float(found["east"]) == 0
    assert np.isnan(found["east"].std_error[0])
    w = data["w"][data["region"] == "east"]
    one = PEOPLE / sum(KNOWN.values()) * (w**2).sum() / w.sum() ** 2
    np.testing.assert_allclose(found["east"].interval(), [[0, -np.log(0.025) * one]], rtol=1e-10)


# ------------------------------------------------------------------ what is said
def test_respondents_of_degree_zero_are_counted_and_told() -> None:
    data = network.complete(respondents(10))
    for name in KNOWN:
        data[name][[2, 40]] = 0
        data[name][data["police"] + data["nurses"] + data["teachers"] == 0] = 0
    data["hidden"][2] = 3
    zero = np.sum([data[name] for name in KNOWN], axis=0) == 0
    first = int(np.flatnonzero(zero)[0])
    lost = data["hidden"][zero].sum()
    with pytest.warns(
        pv.PrevalenceWarning,
        match=rf"mean of ratios leaves out {zero.sum()} of 105 respondents whose degree is 0 "
        rf"\(first: row {first}\), and with them {lost:.0f} of {data['hidden'].sum():.0f} hidden",
    ):
        found = estimate(data, size=RATIOS, missing="error")
    assert found.facts["zero_degree"].tolist() == [zero.sum()]
    assert found.facts["n"].tolist() == [105 - zero.sum()]
    kept = estimate(data, missing="error")
    assert kept.facts["zero_degree"].tolist() == [zero.sum()]
    assert kept.facts["n"].tolist() == [105]


def test_reports_above_the_degree_are_counted_and_told() -> None:
    data = network.complete(respondents(11))
    data["hidden"][[7, 30]] = data["family"][[7, 30]] + data["friends"][[7, 30]] + 1
    degrees = data["family"] + data["friends"]
    above = (data["hidden"] > degrees) | (data["other"] > degrees)
    first = int(np.flatnonzero(data["hidden"] > degrees)[0])
    with pytest.warns(
        pv.PrevalenceWarning,
        match=rf"{above.sum()} of 105 respondents report more hidden people than they know at all by "
        rf"their degree \(first: 'hidden' in row {first}\), {(above & (degrees == 0)).sum()} of them with "
        "a degree of 0",
    ):
        found = estimate(data, ["hidden", "other"], degree=RELATIONS, known=None, missing="error")
    assert any("report more hidden people" in text for text in found.warnings)


def test_rows_by_domain_say_that_they_are_the_whole_group_as_seen_there() -> None:
    data = network.complete(respondents(11))
    whole, seen = estimate(data), estimate(data, by="region")
    assert seen.sentence().startswith("As seen in region east: an estimated ")
    assert any("rows do not add up" in text for text in seen.assumptions)
    assert not any("add up" in text for text in whole.assumptions)
    assert "as seen" not in whole.sentence().lower()
    # Shares of the ties, and not the respondents' rows, put the rows together to the whole.
    ties = [data["w"][inside] @ sum(data[k][inside] for k in KNOWN)
            for inside in (data["region"] == "east", data["region"] == "west")]  # fmt: skip
    assert float(whole) == pytest.approx(seen.value @ np.array(ties) / sum(ties), rel=1e-12)


def test_answers_at_a_top_code_are_named() -> None:
    data = network.complete(respondents(12))
    answers = pv.Answers(
        survey(data), known=KNOWN, hidden="hidden", top_code={"police": 3, "teachers": 2}
    )
    found = pv.nsum.scale_up(answers, transmission=1)
    capped = {**data, "police": np.minimum(data["police"], 3)}
    capped["teachers"] = np.minimum(data["teachers"], 2)
    wanted = network.size_of(capped, data["w"], "hidden", KNOWN)
    assert float(found) == pytest.approx(wanted, rel=1e-12)
    counts = [(data["police"] >= 3).sum(), (data["teachers"] >= 2).sum()]
    said = f"police ({counts[0]} at 3), teachers ({counts[1]} at 2)"
    assert any(said in text for text in found.assumptions)


def gathered(seed: int, *, apart: bool) -> dict[str, Array]:
    """Respondents whose hidden acquaintances go with their degree, or with nothing (apart)."""
    rng = np.random.default_rng(seed)
    psu = np.repeat(np.arange(30), 20)
    ties = rng.gamma(2.0, 150.0, psu.size)
    share = np.full(psu.size, 200.0) if apart else ties
    return {
        "psu": psu,
        "stratum": psu // 10,
        "w": np.ones(psu.size),
        "hidden": 1.0 * rng.poisson(0.004 * share),
        "police": 1.0 + rng.poisson(0.2 * ties),
    }


@pytest.mark.filterwarnings("error:the two size rules differ")
def test_size_rules_that_differ_beyond_chance_are_told_and_noise_is_not() -> None:
    how: dict[str, Any] = {"known": {"police": 20_000}, "missing": "error"}
    for seed in range(20):
        estimate(gathered(seed, apart=False), **how)
        few = {name: x[:60] for name, x in gathered(seed, apart=True).items()}
        estimate(few, **how)  # sixty respondents cannot tell
    with pytest.warns(
        pv.PrevalenceWarning,
        match=r"two size rules differ by more than 25 % .* in 1 of 1 rows \(first: 'hidden', ratio",
    ):
        found = estimate(gathered(1, apart=True), **how)
    other = estimate(gathered(1, apart=False), size=RATIOS, **how)
    assert other.facts["other_size"][0] == pytest.approx(
        float(estimate(gathered(1, apart=False), **how)), rel=1e-12
    )
    assert "mean of ratios gives" in found.explain()


@pytest.mark.parametrize("size", RULES)
def test_the_binomial_standard_error_stands_beside_the_one_of_the_design(size: str) -> None:
    data = respondents(13)
    found = estimate(data, size=size, transmission=0.5)
    degrees = [network.degree_of(data, i, KNOWN, SUMS) for i in range(data["w"].size)]
    d = np.array([x for x, y in zip(degrees, data["hidden"], strict=True) if x and not np.isnan(y)])
    p = found.facts["basic"][0] / PEOPLE
    spread = 1 / d.sum() if size == SUMS else (1 / d).sum() / d.size**2
    wanted = PEOPLE * np.sqrt(p * (1 - p) * spread) / 0.5
    assert found.facts["model_std_error"][0] == pytest.approx(wanted, rel=1e-12)
    share = wanted / found.std_error[0]
    assert f"gives {share:.2f} times the standard error of the design" in found.explain()
    # Without the size of the population it is the limit for a small share.
    bare = estimate(data, size=size, transmission=0.5, population=None)
    assert bare.facts["model_std_error"][0] == pytest.approx(wanted / np.sqrt(1 - p), rel=1e-12)


@pytest.mark.parametrize("size", RULES)
def test_no_report_has_the_upper_limit_of_no_event(size: str) -> None:
    data = network.complete(respondents(14))
    data["police"] += 1
    data["hidden"] *= data["region"] == "west"
    for propagate in ("delta", "draws"):
        with pytest.warns(pv.PrevalenceWarning, match="nobody reported"):
            found = estimate(
                data,
                by="region",
                size=size,
                transmission=pv.uncertain(0.5, 0.3, 0.7, kind="beta"),
                missing="error",
                propagate=propagate,
                rng=1,
            )
        east, inside = found["east"], data["region"] == "east"
        assert float(east) == 0
        assert np.isnan(east.std_error[0])
        w = data["w"][inside]
        ties = np.array(
            [
                (network.degree_of(data, i, KNOWN, SUMS) or 0) / PEOPLE
                for i in np.flatnonzero(inside).tolist()
            ]
        )
        one = (w**2).sum() / w.sum() / (w * ties).sum()
        if size == RATIOS:
            one = (w**2 / ties).sum() / w.sum() ** 2
        # beside what clusters add, of which tests/test_network_few.py has the formula
        poisson = -np.log(0.025) * one / 0.5
        assert poisson <= east.interval()[0, 1] < 3 * poisson
        assert "at most" in found.sentence()


def test_mean_degrees_by_summation_need_no_population() -> None:
    data = respondents(15)
    how: dict[str, Any] = {"degree": RELATIONS, "missing": "complete"}
    found = pv.nsum.degree(survey(data), **how)
    np.testing.assert_allclose(
        found.value, pv.nsum.degree(survey(data), population=PEOPLE, **how).value, rtol=1e-12
    )
