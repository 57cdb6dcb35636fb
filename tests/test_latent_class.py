"""Two latent classes: the slow model, design variance, domains, dependence of pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.misclassification.two_classes import TwoClasses, patterns_of
from tests.naive import hidden

Array = NDArray[Any]
ITEMS = ["y0", "y1", "y2", "y3"]


def people(n: int = 900, psus: int = 30, seed: int = 2, twin: float = 0.0) -> dict[str, Any]:
    """Four items of two classes, the last a copy of the first in a share `twin` of rows."""
    rng = np.random.default_rng(seed)
    case = rng.random(n) < 0.35
    data: dict[str, Any] = {
        "psu": np.arange(n) % psus,
        "w": rng.gamma(4.0, 0.25, n),
        "sex": np.where(rng.random(n) < 0.5, "F", "M"),
    }
    for name, (yes, no) in zip(
        ITEMS, ((0.8, 0.1), (0.7, 0.15), (0.75, 0.1), (0.7, 0.2)), strict=True
    ):
        data[name] = (rng.random(n) < np.where(case, yes, no)).astype(float)
    data["y3"] = np.where(rng.random(n) < twin, data["y0"], data["y3"])
    return data


def sample(data: dict[str, Any]) -> pv.Survey:
    return pv.Survey(data, weights="w", psu="psu")


def fit(survey: pv.Survey, items: list[str] | None = None, **how: Any) -> pv.Estimate:
    return pv.misclassification.latent_class(survey, items or ITEMS, rng=1, **how)


def test_the_maximum_is_that_of_the_slow_em() -> None:
    data = people(250)
    y, w = np.stack([data[name] for name in ITEMS], axis=1), data["w"]
    found = fit(sample(data))
    share, one, none = hidden.class_em(y, w, 300)
    # the EM gains a factor of about 0.9 a step: 300 steps leave 1e-8
    np.testing.assert_allclose(found.value, [share, *one, *none], atol=1e-6)
    level = hidden.class_log_likelihood(
        y, w / w.mean(), found.value[0], found.value[1:5], found.value[5:]
    )
    assert found.provenance["log_likelihood"] == pytest.approx(level, rel=1e-12)


def test_derivatives_are_those_of_the_slow_likelihood() -> None:
    data = people(80)
    y, w = np.stack([data[name] for name in ITEMS], axis=1), data["w"]
    patterns, pattern = patterns_of(y)
    np.testing.assert_array_equal(patterns[pattern], y)
    model = TwoClasses(patterns)
    counts = np.bincount(pattern, w, len(patterns))[:, None]
    b = np.linspace(-1.2, 0.9, 9)

    def slow(at: Array) -> float:
        p = hidden.expit(at)
        return hidden.class_log_likelihood(y, w, p[0], p[1:5], p[5:])

    value, score, curve = model.see(b[:, None], counts)
    assert value[0] == pytest.approx(slow(b), rel=1e-12)
    # central differences of step 1e-5
    np.testing.assert_allclose(score[:, 0], hidden.gradient(slow, b), atol=1e-6)
    moved = hidden.gradient(lambda at: float(model.see(at[:, None], counts)[1][:, 0] @ b), b)
    np.testing.assert_allclose(curve[:, :, 0] @ b, moved, atol=1e-6)
    pairs, both, slope = model.pairs(b)
    for row in range(len(pairs)):
        moved = hidden.gradient(lambda at, row=row: model.pairs(at)[1][row], b)
        np.testing.assert_allclose(slope[row], moved, atol=1e-9)
    assert ((both > 0) & (both < 1)).all()


def test_errors_of_linearisation_and_jackknife_agree() -> None:
    survey = sample(people(2_400, 80))
    one, two = fit(survey), fit(survey.jackknife())
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=0.05)
    pairs = [
        pv.misclassification.local_dependence(s, ITEMS, rng=1) for s in (survey, survey.jackknife())
    ]
    np.testing.assert_allclose(pairs[0].value, pairs[1].value, rtol=1e-12)
    np.testing.assert_allclose(pairs[0].std_error, pairs[1].std_error, rtol=0.05)


def test_each_domain_has_its_own_model() -> None:
    data = people(1_500)
    found = fit(sample(data), by="sex")
    for k, sex in enumerate(("F", "M")):
        inside = {name: column[data["sex"] == sex] for name, column in data.items()}
        alone = fit(sample(inside))
        np.testing.assert_allclose(found.value[k::2], alone.value, rtol=1e-8)
        np.testing.assert_allclose(found.std_error[k::2], alone.std_error, rtol=1e-8)
    assert found.outcomes[:3] == ("prevalence", "prevalence", "sensitivity: y0")
    assert found.covariance[0, 1] != 0


def test_seeds_and_order_of_items_change_nothing() -> None:
    survey = sample(people())
    one = fit(survey)
    two = pv.misclassification.latent_class(survey, ITEMS[::-1], rng=77, starts=5)
    np.testing.assert_allclose(one.value[0], two.value[0], rtol=1e-8)
    np.testing.assert_allclose(one.value[1:5], two.value[1:5][::-1], rtol=1e-8)


def test_three_items_fit_exactly_and_show_no_dependence() -> None:
    found = fit(sample(people()), ITEMS[:3])
    assert len(found) == 7
    assert found.provenance["local_dependence"] == {}


def test_a_repeated_question_is_seen() -> None:
    survey = sample(people(3_000, 60, twin=0.4))
    with pytest.warns(pv.PrevalenceWarning, match="two classes do not explain"):
        found = fit(survey)
    assert max(abs(z) for z in found.provenance["local_dependence"].values()) > 4


def test_an_item_that_cases_affirm_less_often_is_named() -> None:
    data = people()
    data["y2"] = 1 - data["y2"]
    with pytest.warns(pv.PrevalenceWarning, match="cases affirm 'y2' less often"):
        fit(sample(data))


def test_missing_items_are_left_out_and_counted() -> None:
    data = people()
    data["y1"] = np.where(np.arange(900) < 7, np.nan, data["y1"])
    found = fit(sample(data), missing="drop")
    wanted = fit(sample({name: column[7:] for name, column in data.items()}))
    np.testing.assert_allclose(found.value, wanted.value, rtol=1e-9)
    assert set(found.facts["missing"]) == {7}


def test_a_domain_without_a_maximum_has_no_estimate() -> None:
    data = people(1_500)
    small = np.flatnonzero(data["sex"] == "M")[:25]
    data["sex"][small] = "X"
    for name in ITEMS:  # one item is always yes among the few who affirm any
        data[name][small] = (np.arange(25) % 5 == 0).astype(float)
    data["y3"][small[1::5]] = 1.0
    with (
        pytest.warns(pv.PrevalenceWarning, match="1 of 3 domains have no estimate"),
        pytest.warns(pv.PrevalenceWarning, match="likelihood within in X"),
    ):
        found = fit(sample(data), by="sex")
    assert np.isnan(found.value[2::3]).all()
    assert np.isfinite(found.value[0::3]).all()


@pytest.mark.proof
def test_dependence_is_found_by_chance_as_often_as_it_should() -> None:
    """Families of pairs are refuted in 5 of 100 samples at most: 150 samples, seed 1."""
    import warnings

    found = 0
    for seed in range(150):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            fit(sample(people(900, 30, seed=1_000 + seed)))
        found += any("do not explain" in str(w.message) for w in said)
    # 5 % of 150, and two standard errors of 1.8 points
    assert found / 150 < 0.05 + 2 * 0.018
