"""Messages of answers about people known that only unusual input brings about, one row each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

import prevalence as pv
from prevalence.nsum import alter_counts, pseudo_posterior
from prevalence.nsum.fitting import _weights
from prevalence.nsum.models.asked import Asked
from prevalence.nsum.models.scaling import rescale
from tests.bad_input.test_network_fit import fit, rows
from tests.bad_input.test_network_validation import adjusted
from tests.bad_input.test_network_validation import answers as validated

Ask = Callable[[], Any]


def answers(**changes: Any) -> pv.Answers:
    data = {**rows(), **changes}
    known = {"police": 2_000, "nurses": 3_000}
    return pv.Answers(pv.Survey(data, weights="w"), known=known, hidden="hidden")


def negative() -> pv.Survey:
    """A survey that a calibration gives weights below 0."""
    data = {**rows(), "x": np.arange(12.0)}
    return pv.Survey(data, weights="w").calibrate({"x": 0.1 * float(rows()["w"] @ data["x"])})


def draws() -> pv.Estimate:
    """A blend of two estimates with bootstrap columns."""
    survey = pv.Survey(rows(), weights="w").bootstrap(20, rng=1)
    how: dict[str, Any] = {"known": {"police": 2_000}, "transmission": 1}
    one, two = (
        pv.nsum.scale_up(s, "hidden", **how)
        for s in (survey, pv.Survey(rows(), weights="w", source="other").bootstrap(20, rng=2))
    )
    return pv.nsum.blend(one, two, weight="recomputed")


REFUSED: dict[str, tuple[Ask, type[Exception], str]] = {
    "a group that is not asked": (
        lambda: answers().group("polce"),
        KeyError, "group must be one of the answers': 'polce' is not. Did you mean 'police'",
    ),
    "half a case": (
        lambda: answers().summary(minimum_cases=1.5),  # type: ignore[arg-type]
        ValueError, "minimum_cases must be a whole number of at least 0: found 1.5",
    ),
    "a heap at half a person": (
        lambda: answers().heaping(points=cast(Any, [2.5])),
        ValueError, "points must be whole numbers of at least 1: found 2.5",
    ),
    "a multiple below 0": (
        lambda: answers().dont_know(transmission=1, multiples=(-1,)),
        ValueError, "multiples must be at least 0: found -1",
    ),
    "half a class": (
        lambda: answers().dont_know(transmission=1, classes=0),
        ValueError, "classes must be a whole number of at least 1 and at most the .* respondents: found 0",
    ),
    "a hidden group that nobody reported": (
        lambda: answers(hidden=np.zeros(12)).dont_know(transmission=1),
        ValueError, "hidden must hold groups that somebody reported: nobody reported 'hidden'",
    ),
    "a hidden group that is not asked": (
        lambda: answers().dont_know("hiden", transmission=1),
        KeyError, "hidden must name hidden groups: 'hiden' is not one. Did you mean 'hidden'",
    ),
    "a blend that is recomputed in draws": (
        draws, ValueError, "weight='recomputed' needs a jackknife or the linearised variance: found",
    ),
    "alters of a sample that knows nobody": (
        lambda: pv.nsum.degree_ratio(
            answers(police=np.zeros(12), nurses=np.zeros(12)), answers()
        ),
        ValueError, "known must hold an alter: respondents of a sample know nobody",
    ),
    "weights below 0 in a fit": (
        lambda: _weights(negative(), np.arange(12)),
        ValueError, "weights must be positive for weights='pseudo': . of 12 are not",
    ),
    "ranges of answers to the barrier model": (
        lambda: pseudo_posterior.check(
            "barrier",
            Asked(
                low=np.ones((3, 2)), high=np.full((3, 2), 4.0), sizes=np.array([10.0, np.nan]),
                population=1e5, weights=None, covariates=None, regions=None, chains=1, draws=1,
                warmup=1,
            ),
        ),
        ValueError, "weights='pseudo' with model='barrier' must have exact counts: 6 answers to 2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore::prevalence.PrevalenceWarning")
def test_it_is_refused_in_words(name: str) -> None:
    ask, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        ask()


def test_a_fit_without_a_hidden_group_has_no_hidden_size() -> None:
    made = fit(hidden=[], draws=600, model="random-degree")(rows())
    with pytest.raises(ValueError, match="hidden must name a group: the fit has no hidden group"):
        made.size(transmission=1)


def test_draws_above_the_population_are_told() -> None:
    made = fit(draws=600, model="random-degree")(rows())
    with pytest.warns(pv.PrevalenceWarning, match="% of the draws are above the population"):
        made.size(transmission=0.0005)


@pytest.mark.filterwarnings("ignore:the recall line should not be extended")
def test_a_line_that_hardly_rises_is_told() -> None:
    ask = adjusted(known={"police": 300, "nurses": 2_000, "priests": 500})
    with pytest.warns(pv.PrevalenceWarning, match="the slope of the recall line is 0.12 with a"):
        ask(validated())


def test_codes_among_reports_by_hidden_people_are_told() -> None:
    told: list[str] = []
    data = {**rows(), "aware": np.array([1.0, 98, 99, 2, 1, 0, 98, 1, 2, 3, 1, 1])}
    with pytest.warns(pv.PrevalenceWarning, match="'aware' holds 3 answers of 97, 98, 99, 998"):
        alter_counts.counts_of(pv.Survey(data), ["aware"], "aware", told)
    assert len(told) == 1


def test_groups_that_no_known_group_rises_with_are_told() -> None:
    given: dict[str, Any] = {
        "sizes": np.array([100.0, np.nan]),
        "population": 1e4,
        "rule": "weighted",
    }
    with pytest.warns(pv.PrevalenceWarning, match="100.0% of the cases have none .groups at pos"):
        rescale(np.zeros((2, 3)), np.full((2, 2), -4.0), correlation=-np.eye(2), **given)


def test_estimators_of_a_rehearsal_are_a_list() -> None:
    with pytest.raises(TypeError, match=r"estimators must be a list: found 3\. Name any of"):
        pv.simulate.study(0.1, estimators=cast(Any, 3))
