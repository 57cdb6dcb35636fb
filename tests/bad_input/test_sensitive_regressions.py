"""One row per bad input of regressions of hidden answers and of latent classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, refused
from tests.test_latent_class import ITEMS
from tests.test_latent_class import people as indicated
from tests.test_sensitive_regressions import people, sample


def given(**columns: Any) -> dict[str, Any]:
    return {**people(), **columns}


def spoiled(data: dict[str, Any], name: str, rows: Any, value: float) -> dict[str, Any]:
    column = np.array(data[name], dtype=float)
    column[rows] = value
    return {**data, name: column}


def listed(predictors: Any = "x", **how: Any) -> Callable[[Any], Any]:
    asked = {"treatment": "long", "items": 3, **how}
    return lambda data: pv.sensitive.list_regression(sample(data), "count", predictors, **asked)


def share(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.sensitive.list_prevalence(
        sample(data), "count", [], treatment="long", items=3, **how
    )


def masked(predictors: Any = "x", **how: Any) -> Callable[[Any], Any]:
    asked = how or {"design": "forced", "p_yes": 0.1, "p_no": 0.15}
    return lambda data: pv.sensitive.randomized_response_regression(
        sample(data), "said", predictors, **asked
    )


def classes(items: Any = None, **how: Any) -> Callable[[Any], Any]:
    def ask(data: Any) -> Any:
        survey = pv.Survey(data, weights="w", psu="psu")
        return pv.misclassification.latent_class(survey, items or ITEMS, rng=1, **how)

    return ask


LONG = people()["long"] == 1
NOBODY = given(count=np.random.default_rng(8).binomial(3, 0.4, 400) - 0.0)
NOBODY["count"][LONG] = np.maximum(NOBODY["count"][LONG] - (np.arange(LONG.sum()) % 5 == 0), 0)
EVERYBODY = given(count=np.random.default_rng(9).binomial(3, 0.3, 400) + people()["long"])
EVERYBODY["count"][LONG] += (EVERYBODY["count"][LONG] < 4) & (np.arange(LONG.sum()) % 3 == 0)
SEPARATED = given(group=np.where(people()["x"] > 0.6, "b", "a"))
SEPARATED["count"] = np.where(SEPARATED["group"] == "b", people()["long"], 0.0) + (
    np.random.default_rng(3).binomial(2, 0.5, 400)
)
NEVER = indicated()
NEVER["y1"] = NEVER["y1"] * NEVER["y0"]
TWINS = {**indicated(), "y1": indicated()["y0"], "y2": indicated()["y0"], "y3": indicated()["y0"]}

CASES: dict[str, Bad] = {
    "more than the list": Bad(
        spoiled(people(), "count", np.flatnonzero(~LONG)[:2], 4.0),
        listed(),
        ValueError,
        r"count must be at most 3, the items of the short list",
    ),
    "more than the long list": Bad(
        spoiled(people(), "count", np.flatnonzero(LONG)[:1], 5.0),
        listed(),
        ValueError,
        r"count must be at most 4, the items of the long list",
    ),
    "treatment coded 1 and 2": Bad(
        given(long=people()["long"] + 1), listed(), ValueError, "treatment must be 0 or 1"
    ),
    "a missing treatment": Bad(
        spoiled(people(), "long", [7], np.nan),
        listed(),
        ValueError,
        r"treatment must be complete: 'long' is missing in 1 of 400 rows .*row 7",
    ),
    "a missing predictor": Bad(
        spoiled(people(), "x", [7], np.nan),
        listed(),
        ValueError,
        r"predictors must be complete: 'x' is missing in 1 of 400 rows .*row 7",
    ),
    "an unknown predictor": Bad(people(), listed("agee"), KeyError, "agee"),
    "an unknown method": Bad(people(), listed(method="em"), ValueError, "method must be one of ml"),
    "a predictor that is the same among the treated": Bad(
        given(x=np.where(LONG, 1.0, people()["x"])),
        listed(),
        ValueError,
        r"'x' is the same in all \d+ rows that were read the long list",
    ),
    "a predictor that is the same among controls": Bad(
        given(x=np.where(LONG, people()["x"], 1.0)),
        listed(method="nls"),
        ValueError,
        r"'x' is the same in all \d+ rows that were read the short list",
    ),
    "hiding by least squares": Bad(
        people(),
        listed(method="nls", ceiling=0.2),
        ValueError,
        r"ceiling must be 0 with method='nls'",
    ),
    "everybody hides": Bad(people(), listed(floor=1.0), ValueError, "floor must be below 1"),
    "hiding beyond a share": Bad(
        people(), listed(floor=20), ValueError, r"floor must lie between 0 and 1: .* Write 0\.2"
    ),
    "two models by least squares": Bad(
        people(),
        listed(method="linear", constrained=False),
        ValueError,
        r"constrained=False must go with method='ml'",
    ),
    "negative weights": Bad(
        people(),
        lambda data: pv.sensitive.list_regression(
            sample(data).calibrate({"x": 6_000.0}), "count", [], treatment="long"
        ),
        ValueError,
        "weights must be positive in a regression",
    ),
    "a share that goes to 0": Bad(
        NOBODY,
        share(),
        pv.ConvergenceError,
        r"it keeps improving as the share with the trait goes to 0 \(.* differ by -0\.\d+\)\. .*"
        r"list_difference has an estimate",
    ),
    "a share that goes to 0 by least squares": Bad(
        NOBODY, share(method="nls"), pv.ConvergenceError, "least squares .* goes to 0"
    ),
    "a share that goes to 1": Bad(
        EVERYBODY, share(method="nls"), pv.ConvergenceError, "least squares .* goes to 1"
    ),
    "a group that separates the trait": Bad(
        SEPARATED,
        lambda data: pv.sensitive.list_regression(
            sample(data), "count", "group", treatment="long", method="nls"
        ),
        pv.ConvergenceError,
        r"coefficient of .*'group = b' grows without end",
    ),
    "an answer of 2": Bad(
        spoiled(people(), "said", [3], 2.0),
        masked(),
        ValueError,
        r"answer must be 0 or 1 in 'said': 1 of 400 rows .*row 3",
    ),
    "a device that tells nothing": Bad(
        people(), masked(design="warner", p=0.5), ValueError, "p must make the answers depend"
    ),
    "groups asked alike": Bad(
        people(),
        masked(design="unrelated", p=(0.7, 0.7), group="sex"),
        ValueError,
        "p must differ between the groups",
    ),
    "fewer answers than the device makes": Bad(
        given(said=(np.arange(400) % 20 == 0).astype(float)),
        masked([], design="forced", p_yes=0.3, p_no=0.1),
        pv.ConvergenceError,
        r"as the share with the trait goes to 0 \(the answers of 1 give a share of -0\.",
    ),
    "two items": Bad(
        indicated(), classes(["y0", "y1"]), ValueError, "items must name at least three"
    ),
    "an item named twice": Bad(
        indicated(), classes(["y0", "y1", "y1"]), ValueError, "items must name each column once"
    ),
    "an item of three values": Bad(
        spoiled(indicated(), "y2", [4], 3.0),
        classes(),
        ValueError,
        r"items must be 0 or 1 in 'y2': 1 of 900 rows .*row 4",
    ),
    "an item nobody affirms": Bad(
        {**indicated(), "y2": np.zeros(900)}, classes(), ValueError, r"items must vary: 'y2' is 0"
    ),
    "a missing item": Bad(
        spoiled(indicated(), "y2", [4], np.nan),
        classes(),
        ValueError,
        "items must be complete: 'y2' is missing in 1 of 900",
    ),
    "no starts": Bad(indicated(), classes(starts=0), ValueError, "starts must be a whole number"),
    "an item that only another brings": Bad(
        NEVER,
        classes(),
        pv.ConvergenceError,
        r"must have a maximum of the likelihood within: .* goes to [01]",
    ),
    "one question four times": Bad(
        TWINS, classes(), pv.ConvergenceError, "must have a maximum of the likelihood within"
    ),
    "dependence of three items": Bad(
        indicated(),
        lambda data: pv.misclassification.local_dependence(
            pv.Survey(data, weights="w"), ITEMS[:3], rng=1
        ),
        ValueError,
        "items must be at least 4 to show dependence",
    ),
}


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.filterwarnings("ignore:.* weights are negative after calibrate")
def test_is_refused(name: str) -> None:
    refused(CASES[name])
