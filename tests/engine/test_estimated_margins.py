"""Margins that are estimates are a source of their own, through every later step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv

ROWS: dict[str, Any] = {
    "psu": np.repeat(np.arange(12), 5),
    "w": np.tile([1.0, 2.0, 1.5, 1.0, 3.0], 12),
    "sex": np.tile(["F", "M", "F", "F", "M"], 12),
    "area": np.repeat(["n", "s", "s"], 20),
    "size": np.random.default_rng(3).gamma(3.0, 2.0, 60),
    "y": np.random.default_rng(4).gamma(2.0, 3.0, 60),
}
TOTALS = np.array([60.0, 50.0, 35.0, 75.0])
ERRORS = np.array([4.0, 3.0, 0.0, 0.0])


def poststratified(t: Any) -> pv.Survey:
    base = pv.Survey(ROWS, weights="w", psu="psu")
    return base.poststratify("sex", {"F": t[0], "M": t[1]})


def calibrated_then_trimmed(t: Any) -> pv.Survey:
    base = pv.Survey(ROWS, weights="w", psu="psu")
    linear = base.calibrate({"sex": {"F": t[0], "M": t[1]}, "size": 700.0})
    return linear.trim(upper=4.0)


def poststratified_then_raked(t: Any) -> pv.Survey:
    return poststratified(t).rake({"area": {"n": 35.0, "s": 75.0}})


def bounded(distance: str) -> Callable[[Any], pv.Survey]:
    def made(t: Any) -> pv.Survey:
        base = pv.Survey(ROWS, weights="w", psu="psu")
        totals = {"sex": {"F": t[0], "M": t[1]}, "size": 700.0}
        return base.calibrate(totals, distance=distance, bounds=(0.6, 2.0))

    return made


def trimmed_and_calibrated_again(t: Any) -> pv.Survey:
    return poststratified(t).trim(upper=4.0, then="calibrate")


@pytest.mark.filterwarnings("ignore:weighting steps should go")
@pytest.mark.parametrize(
    "made",
    [
        poststratified,
        calibrated_then_trimmed,
        poststratified_then_raked,
        trimmed_and_calibrated_again,
        *(bounded(name) for name in ("linear", "raking", "logit", "sinh")),
    ],
)
@pytest.mark.parametrize("estimator", [pv.direct.mean, pv.direct.total])
def test_the_error_of_margins_is_their_derivative_times_their_error(
    made: Callable[[Any], pv.Survey], estimator: Callable[..., pv.Estimate]
) -> None:
    known = made(TOTALS)
    uncertain = [
        pv.uncertain(t, std_error=e) if e else t for t, e in zip(TOTALS, ERRORS, strict=True)
    ]
    e = estimator(made(uncertain), ["y", "size"], by="area")
    plain = estimator(known, ["y", "size"], by="area")
    np.testing.assert_allclose(e.value, plain.value, rtol=1e-12)
    extra = np.zeros(len(e))
    for k in np.flatnonzero(ERRORS):
        h = 1e-4 * TOTALS[k]  # central difference: error h^2, about 1e-8 relative
        ends = [
            estimator(made(TOTALS + s * h * (np.arange(4) == k)), ["y", "size"], by="area").value
            for s in (1, -1)
        ]
        extra += ((ends[0] - ends[1]) / (2 * h) * ERRORS[k]) ** 2
    np.testing.assert_allclose(e.std_error**2 - plain.std_error**2, extra, rtol=1e-5, atol=1e-9)


def test_replicates_add_the_same_error() -> None:
    total = pv.uncertain(60.0, std_error=4.0, name="women")
    linear, known = poststratified([total, 50.0]), poststratified(TOTALS)
    gain = [
        pv.direct.mean(a, "y").std_error ** 2 - pv.direct.mean(b, "y").std_error ** 2
        for a, b in ((linear, known), (linear.jackknife(), known.jackknife()))
    ]
    np.testing.assert_allclose(gain[0], gain[1], rtol=1e-9)


def test_one_margin_in_two_surveys_is_one_source() -> None:
    total = pv.uncertain(60.0, std_error=4.0, name="women")
    one, two = (
        pv.direct.total(
            pv.Survey(
                {**ROWS, "y": ROWS["y"] + shift}, weights="w", psu="psu", source=name
            ).poststratify("sex", {"F": total, "M": 50.0}),
            "y",
        )
        for name, shift in (("one", 0.0), ("two", 1.0))
    )
    together = (one - two).std_error ** 2
    assert together[0] < one.std_error[0] ** 2 + two.std_error[0] ** 2
