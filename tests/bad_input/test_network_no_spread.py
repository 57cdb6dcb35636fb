"""Network scale-up where the sample cannot tell an error: never 0, never infinite, never unsaid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.bad_input.cases import Bad, refused

Array = NDArray[Any]
GONE = np.nan


def rows() -> dict[str, Any]:
    """Eight respondents in four primary units; all who answered about `hidden` in a are in unit 0."""
    return {
        "w": np.array([1.0, 2, 1, 1, 3, 1, 1, 2]),
        "ea": np.repeat(np.arange(4), 2),
        "key": np.arange(8),
        "area": np.array(list("aaaabbbb")),
        "hidden": np.array([1.0, 2, GONE, GONE, 1, 0, 2, 1]),
        "none": np.zeros(8),
        "police": np.array([3.0, 2, 4, 3, 2, 1, 2, 5]),
        "nurses": np.array([4.0, 4, 1, 3, 2, 2, 3, 4]),
    }


KNOWN = {"police": 100}


def survey(data: Any, **how: Any) -> pv.Survey:
    return pv.Survey(data, **{"weights": "w", "psu": "ea", **how})


def sizes(made: pv.Survey, **how: Any) -> pv.Estimate:
    given = {"known": KNOWN, "transmission": 1, "missing": "complete", **how}
    return pv.nsum.scale_up(made, given.pop("hidden", "hidden"), **given)


ALONE = "rest on one primary unit, or on units that all tell the same"


@pytest.mark.parametrize("size", ["ratio-of-sums", "mean-of-ratios"])
def test_one_unit_that_answered_tells_no_error_though_its_domain_has_two(size: str) -> None:
    with pytest.warns(pv.PrevalenceWarning, match=f"1 of 2 estimates {ALONE}"):
        found = sizes(survey(rows()), by="area", size=size)
    assert np.isfinite(found.value).all()
    assert np.isnan(found.std_error).tolist() == [True, False]
    assert np.isnan(found.interval()[0]).all()
    assert any(ALONE in text for text in found.warnings)


def degree(data: Any) -> pv.Estimate:
    made = survey({**data, "police": data["police"] + 0 * data["hidden"]})
    return pv.nsum.degree(made, known=KNOWN, population=1e5, by="area", missing="complete")


def transmission(data: Any) -> pv.Estimate:
    made = survey({**data, "aware": np.minimum(data["hidden"], 1)})
    how: dict[str, Any] = {"aware": "aware", "known": "police", "by": "area"}
    return pv.nsum.game_of_contacts(made, missing="complete", **how)


def ratio(data: Any) -> pv.Estimate:
    visits = {"police": [1, 2, 3], "ea": [0, 0, 1], "w": [1.0, 1.0, 0.0]}
    with pytest.warns(pv.PrevalenceWarning, match="weights are zero"):
        hidden = pv.Survey(visits, weights="w", psu="ea", source="visits")
    return pv.nsum.degree_ratio(hidden, survey(data, source="frame"), known=KNOWN)


def rates(data: Any) -> pv.Estimate:
    alters = {"key": [0, 1, 4], "area": ["a", "a", "b"]}
    nurses = data["nurses"] + 0 * data["hidden"]
    made = survey({**data, "nurses": nurses})
    how: dict[str, Any] = {"known": {"nurses": 50}, "frame_size": 700}
    return pv.nsum.network_rates(made, alters, on="key", by="area", missing="complete", **how)


@pytest.mark.parametrize("ask", [degree, transmission, ratio, rates])
def test_every_ratio_of_counts_says_that_one_unit_cannot_tell(
    ask: Callable[[Any], pv.Estimate],
) -> None:
    with pytest.warns(pv.PrevalenceWarning, match="one primary unit"):
        found = ask(rows())
    assert found.value[0] > 0
    assert np.isnan(found.std_error[0])


def test_held_out_groups_of_one_unit_have_no_error() -> None:
    data = rows()
    data["police"][2:] = GONE
    with pytest.warns(pv.PrevalenceWarning, match=f"2 of 2 estimates {ALONE}"):
        found = pv.nsum.validate(
            survey(data), known={"police": 100, "nurses": 80}, missing="complete"
        )
    assert np.isnan(found.estimate.std_error).all()
    assert np.isnan(found.z).all()
    assert "ratios from" in repr(found)


def test_units_that_all_tell_the_same_have_no_error_but_a_census_has_one_of_0() -> None:
    data = {**rows(), "hidden": 2 * rows()["police"], "all": np.full(8, 4.0)}
    with pytest.warns(pv.PrevalenceWarning, match=f"1 of 1 estimates {ALONE}"):
        assert np.isnan(sizes(survey(data)).std_error).all()
    assert sizes(survey(data, fpc="all")).std_error.tolist() == [0.0]


def test_an_answer_of_one_unit_in_given_replicates_is_no_error_of_0() -> None:
    factors = np.random.default_rng(1).gamma(5, 0.2, (8, 6))
    columns = {f"rep{r}": rows()["w"] * factors[:, r] for r in range(6)}
    data = {**rows(), **columns, "hidden": np.array([1.0, *[GONE] * 7])}
    made = pv.Survey(data, weights="w").replicate_weights("rep", scale=1 / 6)
    with pytest.warns(pv.PrevalenceWarning, match=ALONE):
        assert np.isnan(sizes(made).std_error).all()


def test_no_degrees_of_freedom_are_told() -> None:
    data = {**rows(), "hidden": rows()["nurses"] - 1}
    made = survey(data, strata="ea", single_psu="adjust")
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 estimates have no degrees of freedom"):
        found = sizes(made)
    assert found.std_error[0] > 0
    assert np.isnan(found.interval()).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e200, 1e300])
def test_upper_limits_of_none_do_not_depend_on_the_scale_of_the_weights(scale: float) -> None:
    groups = {"none": 50, "police": 100, "nurses": 80}

    def limits(data: Any) -> list[Array]:
        made = survey(data)
        how: dict[str, Any] = {"hidden": "none", "missing": "error"}
        found = [sizes(made, size=size, **how) for size in ("ratio-of-sums", "mean-of-ratios")]
        found += [pv.nsum.degree(made, known={"none": 50}, population=1e5)]
        return [e.interval() for e in [*found, pv.nsum.validate(made, known=groups).estimate]]

    said = "nobody (reported knowing anyone|knows anyone)|know nobody in any known group"
    with pytest.warns(pv.PrevalenceWarning, match=said):
        moved, plain = limits({**rows(), "w": scale * rows()["w"]}), limits(rows())
    for one, two in zip(moved, plain, strict=True):
        assert np.isfinite(one).all()
        np.testing.assert_allclose(one, two, rtol=1e-9)


@pytest.mark.filterwarnings("ignore:.*of 8 respondents know nobody")
@pytest.mark.filterwarnings("ignore:mean of ratios leaves out")
def test_reports_of_respondents_without_ties_alone_are_an_upper_limit() -> None:
    data = {**rows(), "hidden": np.zeros(8)}
    data["hidden"][0], data["police"][0] = 3, 0
    with pytest.warns(pv.PrevalenceWarning, match="nobody of a degree above 0 reported knowing"):
        found = sizes(survey(data), size="mean-of-ratios")
    assert found.value.tolist() == [0.0]
    assert np.isnan(found.std_error).all()
    assert 0 < found.interval()[0, 1] < np.inf


def test_percentiles_of_few_replicates_are_told() -> None:
    data = {**rows(), "hidden": rows()["nurses"] - 1}
    made, how = survey(data).bootstrap(20, rng=1), {"propagate": "draws", "rng": 2}
    tau = pv.uncertain(0.6, 0.4, 0.8, kind="beta")
    with pytest.warns(pv.PrevalenceWarning, match="percentile limits rest on 20 bootstrap"):
        found = sizes(made, transmission=tau, **how)
    assert any("percentile limits" in text for text in found.warnings)


def test_a_blend_of_nothing_has_an_upper_limit_and_one_of_opposites_no_error() -> None:
    data = rows()
    with pytest.warns(pv.PrevalenceWarning, match="nobody reported knowing anyone"):
        one, two = (
            sizes(survey(data), hidden="none", known={name: size}, missing="error")
            for name, size in (("police", 100), ("nurses", 80))
        )
    both = pv.nsum.blend(one, two, 0.25)
    limits = 0.25 * one.interval() + 0.75 * two.interval()
    np.testing.assert_allclose(both.interval(), limits, rtol=1e-12)
    data = {**data, "ea": np.repeat([0, 1], 4), "up": np.repeat([1.0, 2], 4)}
    data |= {"down": 3 - data["up"], "police": np.full(8, 2.0), "w": np.ones(8)}
    one, two = (sizes(survey(data), hidden=name) for name in ("up", "down"))
    with pytest.warns(pv.PrevalenceWarning, match="balance each other in every unit in 1 of 1"):
        both = pv.nsum.blend(one, two)
    assert np.isnan(both.std_error).all()


@pytest.mark.filterwarnings("ignore:a mean of ratios leaves out")
def test_a_group_that_comes_back_as_none_is_told_though_somebody_knows_it() -> None:
    data = rows()
    data["police"][:] = [0, 2, 3, 1, 2, 1, 2, 5]
    data["other"] = np.array([2.0, *[0] * 7])
    data["nurses"][0] = 0
    known = {"police": 100, "nurses": 80, "other": 20}
    with pytest.warns(
        pv.PrevalenceWarning, match=r"1 of 3 held-out groups come back as 0.*'other'"
    ):
        found = pv.nsum.validate(survey(data), known=known, size="mean-of-ratios")
    assert found.estimate.interval()[2, 1] > 0


# ------------------------------------------------------------------ numbers that no people can have
def changed(name: str, value: float) -> dict[str, Any]:
    data = rows()
    data[name][1] = value
    return data


HUGE = {
    "an answer": Bad(
        changed("police", 1e15),
        lambda data: sizes(survey(data)),
        ValueError,
        r"known must be numbers of people known in 'police': 1 of 8 rows is not \(first: row 1, 1e\+15",
    ),
    "a report": Bad(
        changed("hidden", 1e300),
        lambda data: sizes(survey(data)),
        ValueError,
        r"hidden must be numbers of people known in 'hidden': 1 of 8 rows is not",
    ),
    "a size": Bad(
        rows(),
        lambda data: sizes(survey(data), known={"police": 1e300}),
        ValueError,
        r"known must hold sizes in people: 'police' has 1e\+300, more than there are\. Give the number",
    ),
    "a population": Bad(
        rows(),
        lambda data: sizes(survey(data), population=1e300),
        ValueError,
        r"population must be a number of people: found 1e\+300, more than there are\. Give the number",
    ),
    "a frame": Bad(
        {**rows(), "w": np.full(8, 1e300)},
        lambda data: pv.nsum.generalized(
            survey(data), survey(rows()), "none", aware={"police": 100}, frame_size=8e300
        ),
        ValueError,
        r"frame_size must be a number of people: found 8e\+300, more than there are\. Give the number",
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_numbers_beyond_people_are_refused(name: str) -> None:
    refused(HUGE[name])


def test_one_code_for_missing_is_told_where_it_stands_apart() -> None:
    with pytest.warns(
        pv.PrevalenceWarning, match=r"'police' holds 1 answer of 97, .* it in codes="
    ):
        sizes(survey(changed("police", 99)))
    data = {**rows(), "police": np.array([99.0, 60, 4, 3, 2, 1, 2, 5])}
    assert not any("codes" in text for text in sizes(survey(data)).warnings)


@pytest.mark.filterwarnings("ignore:the weight of least variance is outside")
def test_a_recomputed_blend_counts_no_unit_that_is_certain() -> None:
    data = {**rows(), "hidden": rows()["nurses"] - 1, "stratum": np.repeat([0, 0, 0, 1], 2)}
    made = survey(data, strata="stratum", single_psu="certainty")
    one, two = (sizes(made, known={name: size}) for name, size in (("police", 100), ("nurses", 80)))
    both = pv.nsum.blend(one, two, "recomputed")
    assert both.std_error[0] > 0
    assert np.isfinite(both.interval()).all()


@pytest.mark.filterwarnings("ignore:.*rest on one primary unit")
def test_a_group_that_nobody_answered_about_beside_one_with_reports() -> None:
    data = {**rows(), "gone": np.full(8, GONE)}
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 domains have no estimate"):
        found = sizes(survey(data), hidden=["hidden", "gone"])
    assert np.isfinite(found.interval()[0]).all()
    assert np.isnan(found.value).tolist() == [False, True]
