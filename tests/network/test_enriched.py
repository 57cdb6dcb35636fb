"""Enriched network data: the generalised scale-up, transmission, degree ratio, rates and blends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import enriched as naive

Array = NDArray[Any]
# The same sums in another order.
CLOSE = 1e-11
AWARE = {f"{name}_aware": size for name, size in naive.SIZES.items()}


def survey(data: Any, source: str = "frame") -> pv.Survey:
    return pv.Survey(data, weights="w", strata="stratum", psu="psu", source=source)


def tied(data: Any) -> dict[str, Array]:
    """Complete answers of people who all know a police officer and a nurse."""
    full = complete(data)
    return {**full, "police": full["police"] + 1, "nurses": full["nurses"] + 1}


def complete(data: Any) -> dict[str, Array]:
    """The same answers, with 1 for what is missing."""
    return {k: np.nan_to_num(v, nan=1.0) if v.dtype.kind == "f" else v for k, v in data.items()}


@pytest.fixture(scope="module")
def frame() -> dict[str, Array]:
    return naive.respondents(1)


@pytest.fixture(scope="module")
def visits() -> dict[str, Array]:
    return naive.respondents(2, n=32, ties=0.4)


def generalised(frame: Any, visits: Any, **how: Any) -> pv.Estimate:
    size = float(np.sum(frame["w"]))
    arguments = {"aware": AWARE, "frame_size": size, "missing": "complete", **how}
    return pv.nsum.generalized(survey(frame), survey(visits, "visits"), "hidden", **arguments)


# Against the slow versions


def test_generalised_is_reports_over_visibility(frame: Any, visits: Any) -> None:
    found = generalised(frame, visits, precision=0.8)
    seen = frame["w"].sum() * naive.mean_per_member(visits, visits["w"], "_aware")
    np.testing.assert_allclose(
        found.value, [0.8 * naive.reports(frame, frame["w"]) / seen], rtol=CLOSE
    )


def test_each_sample_brings_its_own_variance(frame: Any, visits: Any) -> None:
    size = float(frame["w"].sum())
    found = pv.nsum.generalized(
        survey(frame).jackknife(),
        survey(visits, "visits").jackknife(),
        "hidden",
        aware=AWARE,
        frame_size=size,
        missing="complete",
    )
    seen = naive.mean_per_member(visits, visits["w"], "_aware")
    first = naive.delete_one(frame, frame["w"], lambda w: naive.reports(frame, w) / seen / size)
    mean = naive.delete_one(
        visits, visits["w"], lambda w: naive.mean_per_member(visits, w, "_aware")
    )
    second = mean / seen * found.value[0]
    assert set(found.columns) == {"frame", "visits"}
    np.testing.assert_allclose(found.std_error, [np.hypot(first, second)], rtol=1e-10)


def test_a_scheme_of_each_sample_stands_for_its_own_part(frame: Any, visits: Any) -> None:
    linear = generalised(frame, visits)
    size = float(frame["w"].sum())
    mixed = pv.nsum.generalized(
        survey(frame).bootstrap(4_000, rng=1),
        survey(visits, "visits"),
        "hidden",
        aware=AWARE,
        frame_size=size,
        missing="complete",
    )
    # A bootstrap standard error of 4,000 draws has a Monte Carlo error of one percent.
    np.testing.assert_allclose(mixed.std_error, linear.std_error, rtol=0.04)
    assert len(mixed.blocks) == 2


def test_relative_weights_of_the_hidden_sample_are_enough(frame: Any, visits: Any) -> None:
    one = generalised(frame, visits)
    two = generalised(frame, {**visits, "w": visits["w"] / 1e6})
    np.testing.assert_allclose(one.value, two.value, rtol=CLOSE)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=CLOSE)


def test_transmission_is_aware_over_known(visits: Any) -> None:
    tau = pv.nsum.game_of_contacts(
        survey(visits), aware=list(AWARE), known=list(naive.SIZES), missing="complete"
    )
    np.testing.assert_allclose(tau.value, [naive.transmission(visits, visits["w"])], rtol=CLOSE)
    jackknifed = pv.nsum.game_of_contacts(
        survey(visits).jackknife(), aware=AWARE, known=naive.SIZES, missing="complete"
    )
    wanted = naive.delete_one(visits, visits["w"], lambda w: naive.transmission(visits, w))
    np.testing.assert_allclose(jackknifed.std_error, [wanted], rtol=1e-10)
    assert 0 < tau.interval()[0, 0] < tau.value[0] < tau.interval()[0, 1] < 1


def test_transmission_by_domain(visits: Any) -> None:
    tau = pv.nsum.game_of_contacts(
        survey(visits), aware=AWARE, known=naive.SIZES, missing="complete", by="sex"
    )
    for sex in ("F", "M"):
        w = np.where(visits["sex"] == sex, visits["w"], 0.0)
        np.testing.assert_allclose(float(tau[sex]), naive.transmission(visits, w), rtol=CLOSE)


def test_degree_ratio_is_of_the_same_groups(frame: Any, visits: Any) -> None:
    delta = pv.nsum.degree_ratio(
        survey(visits, "visits"), survey(frame), known=naive.SIZES, missing="complete"
    )
    wanted = naive.mean_per_member(visits, visits["w"]) / naive.mean_per_member(frame, frame["w"])
    np.testing.assert_allclose(delta.value, [wanted], rtol=CLOSE)
    answers = [
        pv.Answers(s, known=naive.SIZES, hidden=())
        for s in (survey(visits, "visits"), survey(frame))
    ]
    again = pv.nsum.degree_ratio(answers[0], answers[1], missing="complete")
    np.testing.assert_array_equal(again.value, delta.value)
    np.testing.assert_array_equal(again.std_error, delta.std_error)


# The identity of section "adjustments"


def test_the_adjusted_estimator_with_factors_of_the_same_groups_is_the_generalised_one() -> None:
    frame, visits = complete(naive.respondents(3)), complete(naive.respondents(4, n=32))
    visits |= {f"{n}_aware": np.minimum(visits[f"{n}_aware"], visits[n]) for n in naive.SIZES}
    frame["w"] = np.full(48, 20.0)  # the reports' total and mean then vary alike
    ours, theirs = survey(frame), survey(visits, "visits")
    tau = pv.nsum.game_of_contacts(theirs, aware=AWARE, known=naive.SIZES)
    delta = pv.nsum.degree_ratio(theirs, ours, known=naive.SIZES)
    adjusted = pv.nsum.scale_up(
        ours, "hidden", known=naive.SIZES, transmission=tau, degree_ratio=delta
    )
    whole = pv.nsum.generalized(ours, theirs, "hidden", aware=AWARE, frame_size=960)
    np.testing.assert_allclose(adjusted.value, whole.value, rtol=CLOSE)
    np.testing.assert_allclose(adjusted.std_error, whole.std_error, rtol=1e-9)


# Sizes known with uncertainty, and other adjustments


@pytest.mark.parametrize("which", ["police_aware", "frame_size", "precision", "in_frame"])
def test_uncertain_numbers_move_the_estimate_by_their_derivative(
    frame: Any, visits: Any, which: str
) -> None:
    size = float(frame["w"].sum())
    values: dict[str, Any] = {
        "police_aware": 300.0,
        "frame_size": size,
        "precision": 0.7,
        "in_frame": 0.6,
    }

    def at(given: Any) -> pv.Estimate:
        now = {**values, which: given}
        aware = {**AWARE, "police_aware": now.pop("police_aware")}
        whole = {"population": 2 * size} if which == "in_frame" else {"in_frame": None}
        return generalised(frame, visits, **{**now, **whole, "aware": aware})

    x, h = values[which], 1e-4 * values[which]
    slope = (at(x + h).value - at(x - h).value) / (2 * h)
    found = at(pv.uncertain(x, std_error=0.01 * x, name="this"))
    np.testing.assert_allclose(found.value, at(x).value, rtol=CLOSE)
    # The step's square, 1e-8, and the curvature of a ratio.
    np.testing.assert_allclose(
        np.abs(found.columns["known:this"][0][0]), np.abs(slope * 0.01 * x), rtol=1e-6
    )


def test_alters_of_unknown_membership_need_their_share_in_the_frame(
    frame: Any, visits: Any
) -> None:
    size = float(frame["w"].sum())
    counted = generalised(frame, visits)
    whole = generalised(frame, visits, population=2 * size, in_frame=0.5)
    np.testing.assert_allclose(whole.value, counted.value, rtol=CLOSE)
    assert any("aware alters are in the frame" in said for said in whole.assumptions)


def test_hidden_groups_have_the_visibility_of_their_own_respondents(
    frame: Any, visits: Any
) -> None:
    groups = {"girls": "hidden", "boys": pv.nsum.Group(column="teachers")}
    size = float(frame["w"].sum())
    both = pv.nsum.generalized(
        survey(frame),
        survey(visits, "visits"),
        groups,
        aware=AWARE,
        frame_size=size,
        missing="complete",
        hidden_where={"girls": "sex == 'F'", "boys": "sex == 'M'"},
    )
    girls = generalised(frame, visits, hidden_where="sex == 'F'")
    assert both.outcomes == ("girls", "boys")
    np.testing.assert_allclose(both.value[0], girls.value[0], rtol=CLOSE)
    np.testing.assert_allclose(both.std_error[0], girls.std_error[0], rtol=CLOSE)
    assert both.covariance[0, 1] != 0


def test_answers_serve_as_samples(frame: Any, visits: Any) -> None:
    ours = pv.Answers(survey(frame), known=naive.SIZES, hidden="hidden")
    theirs = pv.Answers(survey(visits, "visits"), known=naive.SIZES, hidden=())
    found = pv.nsum.generalized(
        ours, theirs, aware=AWARE, frame_size=float(frame["w"].sum()), missing="complete"
    )
    np.testing.assert_array_equal(found.value, generalised(frame, visits).value)


# What there is nothing to tell from


def visibility_variance(frame: Any, visits: Any) -> float:
    """Relative variance of the mean visibility: that of the estimate less that of the reports."""
    said = {**frame, "hidden": np.nan_to_num(frame["hidden"])}
    e, total = generalised(said, visits), pv.direct.total(survey(said), "hidden")
    parts = [(float(x.std_error[0]) / float(x.value[0])) ** 2 for x in (e, total)]
    return parts[0] - parts[1]


def test_nobody_reported_gives_an_upper_limit(frame: Any, visits: Any) -> None:
    none = {**frame, "hidden": np.zeros(48)}
    with pytest.warns(pv.PrevalenceWarning, match="nobody reported knowing anyone in 'hidden'"):
        found = generalised(none, visits)
    assert found.value[0] == 0
    assert np.isnan(found.std_error[0])
    one = generalised({**frame, "hidden": np.r_[1.0, np.zeros(47)]}, visits).value[0]
    # 3.7 reports at the mean weight; the row that reported has one of its own.
    mean = one / frame["w"][0] * (frame["w"] @ frame["w"]) / frame["w"].sum()
    # A correlation of 0.1 within the clusters, whose size counts their weights: 1 + 0.1 (size - 1).
    total = np.bincount(frame["psu"], frame["w"])
    deff = 1 + 0.1 * ((total @ total) / (frame["w"] @ frame["w"]) - 1)
    # How visible a hidden person is has an error of its own: the count of a gamma-Poisson.
    v = visibility_variance(frame, visits)
    count = (0.025**-v - 1) / v
    assert 3.688879 < count < 4.5
    np.testing.assert_allclose(found.interval()[0], [0, count * mean * deff], rtol=1e-6)
    assert "an assumed correlation of reports within clusters of 0.1" in found.explain()


def test_all_aware_has_no_standard_error(visits: Any) -> None:
    with pytest.warns(pv.PrevalenceWarning, match="all or none of the alters are aware"):
        tau = pv.nsum.game_of_contacts(
            survey(visits), aware=["nurses"], known=["nurses"], missing="complete"
        )
    assert tau.value[0] == 1
    assert np.isnan(tau.std_error[0])
    assert 0.8 < tau.interval()[0, 0] < tau.interval()[0, 1] == 1


def test_weights_a_little_off_are_said(frame: Any, visits: Any) -> None:
    with pytest.warns(pv.PrevalenceWarning, match="weights must be expansion weights"):
        found = generalised(frame, visits, frame_size=1.3 * frame["w"].sum())
    assert any("expansion weights" in said for said in found.warnings)


def test_samples_that_count_as_one_are_said(frame: Any) -> None:
    one, two = (pv.Survey(frame, weights="w", strata="stratum", psu="psu") for _ in range(2))
    size = float(frame["w"].sum())
    with pytest.warns(pv.PrevalenceWarning, match="must have names of their own"):
        pv.nsum.generalized(one, two, "hidden", aware=AWARE, frame_size=size, missing="complete")


# Rates by the traits of alters


def test_rates_of_cells_of_respondents(frame: Any) -> None:
    alters = naive.reported_alters(frame, 5)
    how: dict[str, Any] = {"on": "id", "by": ["sex", "age"], "known": naive.SIZES}
    found = pv.nsum.network_rates(
        survey(frame).jackknife(), alters, frame_size=5e4, missing="complete", **how
    )
    assert found.label_names == ("sex", "age")
    for row, (sex, age) in enumerate(found.labels):
        cell = {"sex": sex, "age": age}

        def one(w: Array, cell: dict[str, str] = cell) -> float:
            return naive.rate(frame, w, alters, cell, ["sex", "age"], 5e4, True)

        np.testing.assert_allclose(found.value[row], one(frame["w"]), rtol=CLOSE)
        wanted = naive.delete_one(frame, frame["w"], one)
        np.testing.assert_allclose(found.std_error[row], wanted, rtol=1e-9)


@pytest.mark.parametrize("match", [[], ["sex"], ["sex", "age"]])
def test_rates_of_children_by_the_numbers_of_children(frame: Any, match: list[str]) -> None:
    alters = naive.reported_alters(frame, 6)
    children = {("F", "15-34"): 900.0, ("M", "15-34"): 1_100.0, ("M", "35+"): 700.0}
    with pytest.warns(pv.PrevalenceWarning, match="cells without respondents or size are left out"):
        found = pv.nsum.network_rates(
            survey(frame),
            alters,
            on="id",
            by=["sex", "age"],
            match=match,
            known=naive.SIZES,
            cell_sizes=children,
            missing="complete",
        )
    for row, ((sex, age), people) in enumerate(children.items()):
        cell = {"sex": sex, "age": age}
        wanted = naive.rate(frame, frame["w"], alters, cell, match, people, False)
        np.testing.assert_allclose(found.value[row], wanted, rtol=CLOSE)


def test_children_by_cell_are_scaled_up_by_known_groups_of_children(frame: Any) -> None:
    full = complete(frame)
    alters = {**naive.reported_alters(full, 7), "n": np.full(90, 2.0)}
    rates = pv.nsum.network_rates(
        survey(full),
        alters,
        on="id",
        by="sex",
        match=[],
        known=naive.SIZES,
        cell_sizes={"F": 1.0, "M": 1.0},
        count="n",
    )
    for sex in ("F", "M"):
        mine = [2.0 * ((alters["id"] == i) & (alters["sex"] == sex)).sum() for i in full["id"]]
        size = pv.nsum.scale_up(
            survey({**full, "y": np.array(mine)}), "y", known=naive.SIZES, transmission=1
        )
        np.testing.assert_allclose(float(rates[sex]), float(size), rtol=CLOSE)
        np.testing.assert_allclose(rates[sex].std_error, size.std_error, rtol=CLOSE)


@pytest.mark.parametrize("which", ["frame", "cell", "known"])
def test_uncertain_numbers_of_people_enter_rates(frame: Any, which: str) -> None:
    alters = naive.reported_alters(frame, 8)
    people = {"F": 900.0, "M": 800.0}

    def at(given: Any) -> pv.Estimate:
        known = {**naive.SIZES, "police": given} if which == "known" else naive.SIZES
        cells = {**people, "F": given} if which == "cell" else people
        sized = {"frame_size": given if which == "frame" else 5e4}
        how: dict[str, Any] = {"cell_sizes": cells} if which == "cell" else sized
        return pv.nsum.network_rates(
            survey(frame), alters, on="id", by="sex", known=known, missing="complete", **how
        )

    x = {"frame": 5e4, "cell": 900.0, "known": 300.0}[which]
    h = 1e-4 * x
    slope = (at(x + h).value - at(x - h).value) / (2 * h)
    found = at(pv.uncertain(x, std_error=0.01 * x, name="this"))
    np.testing.assert_allclose(found.value, at(x).value, rtol=CLOSE)
    # The step's square, 1e-8, and the curvature of a ratio; one rate does not move at all.
    np.testing.assert_allclose(
        np.abs(found.columns["known:this"][0][:, 0]),
        np.abs(slope * 0.01 * x),
        rtol=1e-6,
        atol=1e-15,
    )


def test_a_cell_without_a_report_has_an_upper_limit(frame: Any) -> None:
    alters = {"id": frame["id"][[0, 3, 9]], "sex": ["F", "F", "F"]}
    with pytest.warns(pv.PrevalenceWarning, match="nobody reported an alter in 1 of 2 cells"):
        found = pv.nsum.network_rates(
            survey(frame),
            alters,
            on="id",
            by="sex",
            known=naive.SIZES,
            frame_size=5e4,
            missing="complete",
        )
    assert found["M"].value[0] == 0
    assert np.isnan(found["M"].std_error[0])
    assert found["M"].interval()[0, 1] > 0


# Two tie definitions


def sizes(frame: Any) -> tuple[pv.Estimate, pv.Estimate]:
    full = tied(frame)
    sample = survey(full)
    return (
        pv.nsum.scale_up(sample, "hidden", known={"police": 300}, transmission=1),
        pv.nsum.scale_up(sample, "teachers", known={"nurses": 900}, transmission=1),
    )


def test_a_blend_has_least_variance(frame: Any) -> None:
    one, two = sizes(frame)
    found = pv.nsum.blend(one, two)
    (x, c), (y, _) = one.columns["frame"], two.columns["frame"]
    weight, value, variance = naive.blended(x[0], y[0], c, float(one), float(two))
    assert 0 < weight < 1
    np.testing.assert_allclose(found.value, [value], rtol=CLOSE)
    np.testing.assert_allclose(found.std_error, [variance**0.5], rtol=1e-9)
    for other in (0.0, weight - 0.1, weight + 0.1, 1.0):
        assert pv.nsum.blend(one, two, weight=other).std_error[0] > found.std_error[0]
    np.testing.assert_array_equal(pv.nsum.blend(one, two, weight=1).value, one.value)
    np.testing.assert_allclose(pv.nsum.blend(two, one).value, found.value, rtol=CLOSE)


def test_a_weight_beyond_the_two_is_cut_and_said() -> None:
    base = pv.uncertain(100, std_error=10, name="base")
    noisy = base * 1.5 + pv.uncertain(-50, std_error=1, name="other")
    with pytest.warns(pv.PrevalenceWarning, match="outside 0 to 1 in 1 of 1 rows"):
        found = pv.nsum.blend(base, noisy)
    np.testing.assert_array_equal(found.value, base.value)
    np.testing.assert_allclose(found.std_error, base.std_error, rtol=CLOSE)


def test_a_recomputed_weight_is_found_without_each_unit(frame: Any) -> None:
    full = tied(frame)
    sample = survey(full).jackknife()
    one, two = (
        pv.nsum.scale_up(sample, y, known=known, transmission=1)
        for y, known in (("hidden", {"police": 300}), ("teachers", {"nurses": 900}))
    )
    found = pv.nsum.blend(one, two, weight="recomputed")
    (x, c), (y, _) = one.columns["frame"], two.columns["frame"]
    value = naive.blended(x[0], y[0], c, float(one), float(two))[1]
    total = 0.0
    for j in range(c.size):
        rest = np.arange(c.size) != j
        a = naive.blended(x[0][rest], y[0][rest], c[rest], float(one), float(two))[0]
        total += c[j] * (a * (float(one) + x[0][j]) + (1 - a) * (float(two) + y[0][j]) - value) ** 2
    np.testing.assert_allclose(found.value, [value], rtol=CLOSE)
    np.testing.assert_allclose(found.std_error, [total**0.5], rtol=1e-9)


def test_a_recomputed_weight_brings_the_linearised_variance_near_the_jackknife(frame: Any) -> None:
    pairs = []
    for sample in (survey(tied(frame)), survey(tied(frame)).jackknife()):
        one = pv.nsum.scale_up(sample, "hidden", known={"police": 300}, transmission=1)
        two = pv.nsum.scale_up(sample, "teachers", known={"nurses": 900}, transmission=1)
        pairs.append(pv.nsum.blend(one, two, weight="recomputed").std_error[0])
    assert abs(pairs[0] / pairs[1] - 1) < 0.1  # eight units: terms of one over their number
