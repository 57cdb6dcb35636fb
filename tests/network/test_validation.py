"""Known groups held out, recall error and the scaled-down condition, against slow versions."""

from __future__ import annotations

from math import exp, log
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import validation as naive
from tests.naive import variance
from tests.naive.validation import KNOWN

Array = NDArray[Any]
RULES = ("ratio-of-sums", "mean-of-ratios")
# What is said of answers and of means of ratios is tested where it is said.
SOME_LEFT_OUT = "ignore:.*mean of ratios leaves out"
pytestmark = pytest.mark.filterwarnings("ignore:.*know nobody in any known group")


def survey(data: dict[str, Array]) -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu")


def validated(data: dict[str, Array], **how: Any) -> pv.nsum.Validation:
    return pv.nsum.validate(survey(data), **{"known": KNOWN, "missing": "complete", **how})


def asked(data: dict[str, Array], hidden: Any = "hidden", **how: Any) -> pv.Answers:
    return pv.Answers(survey(data), **{"known": KNOWN, "hidden": hidden, **how})


# ------------------------------------------------------------------ values
@pytest.mark.filterwarnings(SOME_LEFT_OUT)
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("degree", RULES)
@pytest.mark.parametrize("size", RULES)
def test_sizes_held_out_are_the_naive_ones(degree: str, size: str, missing: bool) -> None:
    data = naive.respondents(1)
    data = naive.some_missing(data) if missing else data
    found = validated(data, degree=degree, size=size)
    wanted = naive.held_out(data, data["w"], KNOWN, degree_rule=degree, size_rule=size)
    np.testing.assert_allclose(found.estimate.value, wanted, rtol=1e-12)  # sums of 80 rows
    sizes = np.array(list(KNOWN.values()))
    np.testing.assert_allclose(found.ratio.value, wanted / sizes, rtol=1e-12)
    assert found.rmse == pytest.approx(np.sqrt(np.mean((wanted - sizes) ** 2)))
    assert found.mae == pytest.approx(np.abs(wanted - sizes).mean())
    assert found.are == pytest.approx((np.abs(wanted - sizes) / sizes).mean())


def test_degrees_by_summation_and_a_condition() -> None:
    data = naive.respondents(2)
    found = validated(data, degree=["family", "others"], population=100_000, where="age >= 40")
    w = np.where(data["age"] >= 40, data["w"], 0)
    ties = w @ (data["family"] + data["others"]) / 100_000
    np.testing.assert_allclose(
        found.estimate.value, [w @ data[name] / ties for name in KNOWN], rtol=1e-12
    )
    assert (found.influences == 0).all(axis=None)  # known groups do not enter these degrees
    one = validated(data, known={"police": 900}, degree=["family", "others"], population=100_000)
    assert len(one.groups) == 1


def test_respondents_left_out_are_counted_row_by_row() -> None:
    data = naive.some_missing(naive.respondents(3))
    found = validated(data).to_frame()
    for name, n in zip(found["group"], found["missing"], strict=True):
        others = [data[k] for k in KNOWN if k != name]
        gone = np.isnan(data[name]) | np.isnan(others).all(axis=0)
        assert n == gone.sum()
    assert gone.any()


# ------------------------------------------------------------------ variances
@pytest.mark.filterwarnings(SOME_LEFT_OUT)
@pytest.mark.parametrize("degree", RULES)
@pytest.mark.parametrize("size", RULES)
def test_standard_errors_are_linearised_through_the_degrees(degree: str, size: str) -> None:
    data = naive.some_missing(naive.respondents(4))
    rules = {"degree_rule": degree, "size_rule": size}
    psus, h, slopes = np.unique(data["psu"]), 1e-4, []
    for j in psus:
        inside = data["psu"] == j
        up, down = (
            naive.held_out(data, np.where(inside, data["w"] * s, data["w"]), KNOWN, **rules)
            for s in (1 + h, 1 - h)
        )
        slopes.append((up - down) / (2 * h))
    found = validated(data, degree=degree, size=size).estimate
    z, total = np.array(slopes), np.zeros((5, 5))
    for half in (z[:5], z[5:]):
        away = half - half.mean(axis=0)
        total += 5 / 4 * away.T @ away
    # Central differences: the step squared, 1e-8, and rounding over the step.
    np.testing.assert_allclose(found.covariance, total, rtol=1e-5, atol=1e-6 * total.max())


@pytest.mark.filterwarnings(
    "ignore:a mean of ratios leaves out", "ignore:mean of ratios leaves out"
)
@pytest.mark.parametrize("size", RULES)
def test_one_report_counts_as_in_scale_up(size: str) -> None:
    data = naive.respondents(3)
    found = validated(data, size=size).estimate
    for k, name in enumerate(KNOWN):
        others = {other: people for other, people in KNOWN.items() if other != name}
        alone = pv.nsum.scale_up(survey(data), name, known=others, transmission=1, size=size)
        wanted = alone.constants["one_report"][0]
        assert found.constants["one_report"][k] == pytest.approx(wanted, rel=1e-12)


def test_every_variance_scheme_gives_the_same_points_jointly() -> None:
    data = naive.respondents(5)
    linear = validated(data)
    made = survey(data).jackknife()
    found = pv.nsum.validate(made, known=KNOWN)
    wanted = variance.jackknife(
        data["w"], data["stratum"], data["psu"], lambda w: naive.held_out(data, w, KNOWN)
    )
    np.testing.assert_allclose(found.estimate.value, linear.estimate.value, rtol=1e-12)
    np.testing.assert_allclose(found.estimate.covariance, wanted, rtol=1e-9)
    boot = pv.nsum.validate(survey(data).bootstrap(400, rng=1), known=KNOWN)
    # 400 replicates tell a standard error to 3.5 %, and the jackknife differs by a few per cent.
    np.testing.assert_allclose(boot.estimate.std_error, found.estimate.std_error, rtol=0.25)
    assert len(found.estimate.columns) == 1


@pytest.mark.filterwarnings(SOME_LEFT_OUT)
@pytest.mark.parametrize("degree", RULES)
@pytest.mark.parametrize("size", RULES)
def test_uncertain_sizes_enter_estimates_ratios_and_z(degree: str, size: str) -> None:
    data = naive.some_missing(naive.respondents(6))
    errors = {"police": 90.0, "teachers": 900.0}
    known = {k: pv.uncertain(v, std_error=errors[k], name=k) if k in errors else v
             for k, v in KNOWN.items()}  # fmt: skip
    rules = {"degree_rule": degree, "size_rule": size}
    plain = validated(data, degree=degree, size=size)
    found = validated(data, degree=degree, size=size, known=known)
    np.testing.assert_allclose(found.estimate.value, plain.estimate.value, rtol=1e-12)
    more = np.zeros((2, len(KNOWN)))
    for name, error in errors.items():
        h = 1e-4 * KNOWN[name]
        ends = [{**KNOWN, name: KNOWN[name] + s} for s in (h, -h)]
        values = [naive.held_out(data, data["w"], ends[s], **rules) for s in (0, 1)]
        ratios = [v / np.array(list(e.values())) for v, e in zip(values, ends, strict=True)]
        for row, (one, two) in enumerate((values, ratios)):
            more[row] += (error * (one - two) / (2 * h)) ** 2
    # Central differences in the sizes: the step squared, 1e-8.
    for e, was, extra in zip(
        (found.estimate, found.ratio), (plain.estimate, plain.ratio), more, strict=True
    ):
        np.testing.assert_allclose(e.std_error**2, was.std_error**2 + extra, rtol=1e-6)
    np.testing.assert_allclose(
        found.z, np.log(found.ratio.value) * found.ratio.value / found.ratio.std_error, rtol=1e-12
    )
    assert (np.abs(found.z) < np.abs(plain.z)).all()


def test_z_is_as_large_for_half_as_for_twice_the_size() -> None:
    data = naive.respondents(7)
    plain = validated(data)
    for factor in (2.0, 0.5):
        moved = {**KNOWN, "police": float(plain.estimate.value[0]) * factor}
        z = validated(data, known=moved).z[0]
        cv = plain.estimate.std_error[0] / plain.estimate.value[0]
        assert z == pytest.approx(-log(factor) / cv, rel=1e-9)


# ------------------------------------------------------------------ influence and trimming
@pytest.mark.filterwarnings(SOME_LEFT_OUT)
@pytest.mark.parametrize("degree", RULES)
@pytest.mark.parametrize("size", RULES)
def test_influence_is_the_change_of_the_hidden_size(degree: str, size: str) -> None:
    data = naive.some_missing(naive.respondents(8))
    found = pv.nsum.validate(asked(data), degree=degree, size=size, missing="complete")
    rules = {"degree_rule": degree, "size_rule": size}
    wanted = naive.influence(data, data["w"], "hidden", KNOWN, **rules)
    np.testing.assert_allclose(found.influences["hidden"], wanted, rtol=1e-10)
    np.testing.assert_allclose(found.to_frame()["influence"], wanted, rtol=1e-10)


def test_a_group_both_hidden_and_known_is_left_out_of_its_own_denominator() -> None:
    data = naive.respondents(9)
    with pytest.warns(pv.PrevalenceWarning, match="'police' is given as known and as hidden"):
        answers = asked(data, ["hidden", "police"])
    found = pv.nsum.validate(answers)
    wanted = naive.influence(data, data["w"], "police", KNOWN)
    np.testing.assert_allclose(found.influences["police"], wanted, rtol=1e-10, atol=1e-12)
    assert found.influences["police"].iloc[0] == 0
    wanted = naive.influence(data, data["w"], "hidden", KNOWN)  # scaled by all, beside it
    np.testing.assert_allclose(found.influences["hidden"], wanted, rtol=1e-10, atol=1e-12)
    assert list(found.influences) == ["hidden", "police"]
    # Its own row is what scale-up gives without it among the known groups.
    rest = {k: v for k, v in KNOWN.items() if k != "police"}
    e = pv.nsum.scale_up(survey(data), "police", known=rest, transmission=1)
    assert found.estimate.value[0] == pytest.approx(float(e), rel=1e-12)
    assert found.estimate.std_error[0] == pytest.approx(e.std_error[0], rel=1e-10)
    # Of several hidden groups the table has the change farthest from 0.
    farthest = found.influences.abs().max(axis=1).to_numpy()
    np.testing.assert_allclose(found.to_frame()["influence"].abs(), farthest)


def test_without_hidden_groups_the_influence_is_on_the_scale_of_all_sizes() -> None:
    data = naive.respondents(10)
    ties = validated(data).influences["ties"]
    complete = pv.nsum.validate(asked(data)).influences["hidden"]
    np.testing.assert_allclose(ties, complete, rtol=1e-12)


def test_influence_says_what_it_cannot_compute() -> None:
    data = {**naive.respondents(11)}
    data["hidden"] = np.zeros_like(data["hidden"])
    data["any"] = (data["anna"] > 0).astype(float)
    answers = asked(data, ["hidden", "any"], yes_no=["any"])
    with pytest.warns(pv.PrevalenceWarning) as caught:
        found = pv.nsum.validate(answers)
    said = " ".join(str(w.message) for w in caught)
    assert "influence on 'hidden' is not known for 5 of 5" in said
    assert "influence on 'any' is not computed: it was asked as yes or no" in said
    assert list(found.influences) == ["hidden"]
    assert found.influences["hidden"].isna().all()
    assert any("is not known for 5 of 5" in text for text in found.warnings)


def test_trimming_takes_out_the_worst_group_and_estimates_anew() -> None:
    data = naive.respondents(12)
    data["priests"] = data["priests"] * 20 + 1
    found = validated(data)
    for low, high in ((0.5, 2.0), (0.6, 1.6)):
        trimmed = found.trimmed(low, high)
        assert list(trimmed.kept) == naive.recursive(data, data["w"], KNOWN, low, high)
        wanted = naive.held_out(data, data["w"], KNOWN, trimmed.kept)
        np.testing.assert_allclose(trimmed.estimate.value, wanted, rtol=1e-12)
        assert list(trimmed.answers.known) == list(trimmed.kept)
        assert set(trimmed.kept) | set(trimmed.removed) == set(KNOWN)
        table = trimmed.to_frame().set_index("group")
        assert table.index[table["kept"]].tolist() == list(trimmed.kept)
        assert (table["influence"][~table["kept"]] == 0).all()
        inside = trimmed.ratio.value[table["kept"].to_numpy()]
        assert ((inside >= low) & (inside <= high)).all()
        assert trimmed.rmse < found.rmse
    # One wrong yardstick makes right groups look wrong: at once they would leave with it.
    assert found.trimmed().removed == ("priests",)
    assert found.trimmed(recursive=False).removed == ("teachers", "priests", "anna")
    assert found.trimmed(0, 1e6).removed == ()
    assert found.trimmed(0.5, 2).trimmed(0.6, 1.6).kept == found.trimmed(0.6, 1.6).kept


def test_a_known_group_that_nobody_knows_has_an_upper_limit_and_no_standard_error() -> None:
    data = naive.respondents(13)
    data["priests"] = np.zeros_like(data["priests"])
    with pytest.warns(pv.PrevalenceWarning, match="nobody knows anyone in the known group"):
        found = validated(data)
    row = found.to_frame().set_index("group").loc["priests"]
    assert row["estimate"] == 0
    assert np.isnan(row["std_error"])
    assert np.isnan(row["z"])
    assert row["ratio_low"] == 0
    assert 0 < row["ratio_high"] < np.inf
    with pytest.warns(pv.PrevalenceWarning, match="recall is fitted without 1 known groups"):
        assert "priests" not in found.recall().groups
    assert "priests" in found.trimmed(0.2, 5).removed


def test_mean_of_ratios_says_whom_it_leaves_out() -> None:
    data = naive.respondents(14)
    for name in KNOWN:
        data[name][:5] = 0
    with pytest.warns(pv.PrevalenceWarning) as caught:
        validated(data, size="mean-of-ratios")
    assert any("leaves out respondents whose degree is 0" in str(w.message) for w in caught)


# ------------------------------------------------------------------ recall
def test_the_recall_line_and_the_adjusted_size_are_the_naive_ones() -> None:
    data = naive.respondents(15)
    estimates = naive.held_out(data, data["w"], KNOWN)
    sizes = np.array(list(KNOWN.values()))
    basic = naive.size_of(data, data["w"], "hidden", KNOWN)
    size, error, a, s = naive.recall_adjusted(estimates, sizes, basic)
    line = validated(data).recall()
    assert (line.intercept, line.slope) == pytest.approx((a, s), rel=1e-10)
    e = pv.nsum.recall_adjusted(asked(data), transmission=1)
    assert float(e) == pytest.approx(size, rel=1e-10)
    assert e.std_error[0] == pytest.approx(size * error, rel=1e-9)
    assert e.df[0] == len(KNOWN) - 2
    t = 3.182446305284263  # Student's, 3 degrees of freedom, 0.975
    np.testing.assert_allclose(
        e.interval()[0], [size * exp(-t * error), size * exp(t * error)], rtol=1e-9
    )
    half = pv.nsum.recall_adjusted(asked(data), transmission=0.5, degree_ratio=0.8, precision=0.9)
    assert float(half) == pytest.approx(size * 0.9 / 0.5 / 0.8, rel=1e-10)
    tau = pv.uncertain(0.5, std_error=0.1)
    both = pv.nsum.recall_adjusted(asked(data), transmission=tau)
    assert (both.std_error[0] / float(both)) ** 2 == pytest.approx(error**2 + 0.04, rel=1e-9)


def test_hidden_groups_share_the_error_of_the_line() -> None:
    data = naive.respondents(16)
    data["second"] = np.random.default_rng(1).poisson(data["hidden"] * 2 + 0.1).astype(float)
    e = pv.nsum.recall_adjusted(asked(data, ["hidden", "second"]), transmission=1)
    recall = validated(data).recall()
    x = np.c_[np.ones(5), recall.log_size]
    at = np.c_[np.ones(2), np.log(e.value)]
    shared = at @ np.linalg.inv(x.T @ x) @ at.T
    wanted = recall.residual_variance / recall.slope**2 * (np.eye(2) + shared)
    np.testing.assert_allclose(e.covariance / np.outer(e.value, e.value), wanted, rtol=1e-9)
    alone = pv.nsum.recall_adjusted(asked(data, ["hidden"]), transmission=1)
    one, two = (x.describe(outcome="hidden") for x in (e["hidden"], alone))
    assert (one - two).std_error[0] == pytest.approx(0, abs=1e-9 * float(alone))


def test_the_curve_is_the_printed_form_and_its_slopes() -> None:
    for size in (300.0, 1_000.0, 4_000.0, 90_000.0):
        for c2 in (0.5, 1.0, 3.0):
            assert pv.nsum.recalled_size(size, 1_000, c2) == pytest.approx(
                naive.recalled(size, 1_000, c2), rel=1e-12
            )
    kinked = pv.nsum.recalled_size([500.0, 9_000.0], 1_000, float("inf"))
    np.testing.assert_allclose(kinked, [500, 3_000], rtol=1e-12)
    slopes = []
    for size in (1_000.0, 10_000.0, 1_000_000.0):
        two = np.log(pv.nsum.recalled_size([size * 0.9999999, size * 1.0000001], 1_000))
        slopes.append((two[1] - two[0]) / 2e-7)
    assert slopes[1:] == pytest.approx([0.55, 0.5005], abs=1e-6)


def test_the_curve_is_found_again_and_undone() -> None:
    sizes = np.geomspace(300, 80_000, 12)
    data = naive.respondents(17)
    validation = validated(data)
    truth = np.exp(0.4) * pv.nsum.recalled_size(sizes, 2_000.0, 2.0)
    answers = pv.Answers(
        pv.Survey({f"g{k}": np.ones(4) for k in range(12)}),
        known={f"g{k}": size for k, size in enumerate(sizes)}, hidden=(),
    )  # fmt: skip
    from dataclasses import replace

    made = replace(
        validation, asked=answers, kept=tuple(answers.known),
        estimate=replace(validation.estimate.take(np.zeros(12, dtype=int)), value=truth),
    )  # fmt: skip
    curve = made.recall("curve", shape=2.0)
    # A golden section ends within the square root of the precision of its sums.
    assert (curve.threshold, curve.intercept) == pytest.approx((2_000, 0.4), rel=1e-6)
    np.testing.assert_allclose(curve.adjusted(truth), sizes, rtol=1e-6)
    np.testing.assert_allclose(curve.left_of(sizes), truth, rtol=1e-6)
    free = made.recall("curve", shape=None)
    assert free.df == 12 - 3
    assert free.residual_variance < made.recall().residual_variance
    swept = curve.sweep((0.5, 2.0, float("inf")))
    assert swept.loc[swept["shape"] == 2.0, "residual_sd"].item() < 1e-6
    assert swept["form"].tolist() == ["line", "curve", "curve", "curve"]
    assert swept["residual_sd"].iloc[0] == pytest.approx(
        np.sqrt(made.recall().residual_variance), rel=1e-9
    )


def test_a_threshold_below_all_groups_is_told() -> None:
    data = naive.respondents(18)
    with pytest.warns(pv.PrevalenceWarning, match="threshold of the recall curve comes to"):
        curve = validated(data).recall("curve")
    assert curve.warnings
    assert curve.form == "curve"
    np.testing.assert_allclose(curve.adjusted(curve.left_of([500.0, 5_000.0])), [500, 5_000])


def test_the_band_of_the_line_is_that_of_a_new_group() -> None:
    recall = validated(naive.respondents(19)).recall()
    low, high = recall.band([2_000.0])[0]
    spread = float(recall.prediction_error([2_000.0])[0]) * recall.slope
    assert log(high / low) / 2 == pytest.approx(3.182446305284263 * spread, rel=1e-9)
    assert low * high == pytest.approx(recall.left_of([2_000.0])[0] ** 2, rel=1e-9)
    frame = recall.to_frame()
    assert frame["residual"].sum() == pytest.approx(0, abs=1e-9)


def test_adjusted_sizes_beyond_the_known_groups_are_warned_of() -> None:
    data = naive.respondents(20)
    data["rare"] = (np.arange(data["w"].size) % 20 == 3).astype(float)
    data["common"] = data["teachers"] * 4
    for name, text in (("rare", "below the smallest"), ("common", "above the largest")):
        with pytest.warns(pv.PrevalenceWarning) as caught:
            e = pv.nsum.recall_adjusted(asked(data, name), transmission=1)
        assert any(f"should not be extended {text} known group" in str(w.message) for w in caught)
        assert any(text in said for said in e.warnings)


# ------------------------------------------------------------------ profile
PEOPLE = {("f", "young"): 300.0, ("f", "old"): 220.0, ("m", "young"): 310.0, ("m", "old"): 170.0}
GROUPS = {
    "anna": {("f", "young"): 60.0, ("f", "old"): 140.0},
    "peter": {("m", "young"): 80.0, ("m", "old"): 90.0},
    "police": {("m", "young"): 50.0, ("f", "young"): 20.0, ("m", "old"): 10.0},
}


def test_the_index_of_dissimilarity_and_what_each_group_does_to_it() -> None:
    more = {"mia": {("f", "young"): 70.0}}
    found = pv.nsum.scaled_down(GROUPS, PEOPLE, candidates=more)
    pool = {c: sum(g.get(c, 0.0) for g in GROUPS.values()) for c in PEOPLE}
    assert found.dissimilarity == pytest.approx(naive.dissimilarity(pool, PEOPLE), rel=1e-12)
    table = found.groups().set_index("group")
    for name, group in {**GROUPS, **more}.items():
        sign = -1 if name in GROUPS else 1
        moved = {c: pool[c] + sign * group.get(c, 0.0) for c in PEOPLE}
        index = naive.dissimilarity(moved, PEOPLE)
        assert table.loc[name, "pooled"] == pytest.approx(index, rel=1e-12)
        better = index < found.dissimilarity
        words = ("leave", "keep") if name in GROUPS else ("add", "skip")
        assert table.loc[name, "advice"] == words[0 if better else 1]
    assert table.loc["mia", "advice"] == "add"
    frame = found.to_frame()
    assert frame["cell"].tolist() == ["f, young", "f, old", "m, young", "m, old"]
    assert np.abs(frame["difference"]).sum() / 2 == pytest.approx(found.dissimilarity)
    same = pv.nsum.scaled_down({"all": {c: n / 10 for c, n in PEOPLE.items()}}, PEOPLE)
    assert same.dissimilarity == pytest.approx(0, abs=1e-15)
    as_tables = pv.nsum.scaled_down(
        pd.DataFrame({k: {", ".join(c): g.get(c, 0.0) for c in PEOPLE} for k, g in GROUPS.items()}),
        pd.Series({", ".join(c): n for c, n in PEOPLE.items()}),
    )
    assert as_tables.dissimilarity == pytest.approx(found.dissimilarity, rel=1e-12)


def test_the_profile_test_holds_its_level_when_groups_are_drawn_at_random() -> None:
    """5 % of 600 studies, give or take 1.8 (two Monte Carlo errors), and the test is a little
    conservative with its Satterthwaite degrees of freedom."""
    rng, rejected = np.random.default_rng(5), 0
    target = np.array([0.3, 0.25, 0.25, 0.2])
    people = dict(zip("abcd", 1_000 * target, strict=True))
    for _ in range(600):
        drawn = {
            f"g{k}": dict(zip("abcd", 500 * rng.dirichlet(8 * target), strict=True))
            for k in range(15)
        }
        rejected += pv.nsum.scaled_down(drawn, people).test().p_value < 0.05
    assert 0.02 < rejected / 600 < 0.07
    far = {f"g{k}": {"a": 90.0 + k, "b": 5.0, "c": 3.0, "d": 2.0 + k % 3} for k in range(15)}
    test = pv.nsum.scaled_down(far, people).test()
    assert test.p_value < 1e-4
    assert "Hypothesis: the known groups together" in test.sentence()
