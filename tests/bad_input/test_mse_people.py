"""Lists with covariates: what is refused, with the text of the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, refused


def persons(**more: Any) -> dict[str, Any]:
    rng = np.random.default_rng(4)
    on = np.array([[1, 0], [0, 1], [1, 1]])[np.arange(60) % 3]
    age = np.round(rng.normal(15, 3, 60))
    sex = np.array(["F", "M"])[np.arange(60) // 3 % 2]
    return {"police": on[:, 0], "shelter": on[:, 1], "age": age, "sex": sex, **more}


def lists(data: Any, *covariates: str) -> pv.Lists:
    return pv.Lists(data, ["police", "shelter"], covariates=covariates or ["age", "sex"])


def robust(*covariates: str, **how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.mse.doubly_robust(lists(data, *covariates), **how)


def huggins(*covariates: str, **how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.mse.huggins(lists(data, *covariates), **how)


def missing() -> dict[str, Any]:
    age = persons()["age"].astype(float)
    age[[3, 7]] = np.nan
    return persons(age=age)


def three(data: Any) -> pv.Lists:
    return pv.Lists({**data, "school": np.roll(data["police"], 1)}, ["police", "shelter", "school"])


CASES = {
    "no covariates": Bad(
        persons(),
        lambda d: pv.mse.huggins(pv.Lists(d, ["police", "shelter"])),
        ValueError,
        r"covariates must be known of the persons: these lists have none\. Read them with",
    ),
    "unknown covariate": Bad(
        persons(),
        robust(covariates=["agee"]),
        KeyError,
        r"covariates must be those of the lists: 'agee' is not one\. Did you mean 'age'\?",
    ),
    "covariate named twice": Bad(
        persons(), robust(covariates=["age", "age"]), ValueError, r"covariates must be named once"
    ),
    "missing covariate": Bad(
        missing(),
        huggins(),
        ValueError,
        r"covariates must be known for every person: 'age' is missing for 2 of 60\. Give them a",
    ),
    "constant covariate": Bad(
        persons(age=np.full(60, 12.0)),
        huggins(),
        ValueError,
        r"covariates must differ between persons: one of age, sex is the same .*Leave it out",
    ),
    "repeated covariate": Bad(
        persons(twice=2 * persons()["age"]),
        robust("age", "twice"),
        ValueError,
        r"covariates must not repeat one another: of age, twice one follows .*Leave it out",
    ),
    "unknown group": Bad(
        persons(), huggins(by="sexx"), KeyError, r"by must be a covariate or stratum of the lists"
    ),
    "unknown model": Bad(
        persons(), huggins(model="Mx"), ValueError, r"model must be one of M0, Mt"
    ),
    "unknown slopes": Bad(
        persons(), huggins(slopes="x"), ValueError, r"slopes must be one of list"
    ),
    "lists without an order": Bad(
        persons(),
        huggins(model="Mb"),
        ValueError,
        r"model 'Mb' needs lists in an order of time: found ordered=False\. Lists of cases",
    ),
    "separated persons": Bad(
        persons(age=persons()["police"] * 1.0 + persons()["shelter"] * 0.5),
        huggins("age"),
        ValueError,
        r"model must have a maximum of its likelihood: with 4 coefficients for 60 persons .*Leave out",
    ),
    "unknown list": Bad(
        persons(), robust(among=["police", "shelterr"]), KeyError, r"'shelterr' is not one"
    ),
    "one list": Bad(
        persons(),
        robust(among=["police"]),
        ValueError,
        r"among must be two or more different lists",
    ),
    "unknown method": Bad(
        persons(), robust(method="x"), ValueError, r"method must be one of one-step"
    ),
    "unknown learner": Bad(
        persons(),
        robust(nuisance="forest"),
        ValueError,
        r"nuisance must be one of logit, quadratic",
    ),
    "no folds": Bad(
        persons(),
        robust(folds=0),
        ValueError,
        r"folds must be a whole number between 1 and half of the persons: found 0 for 60 persons",
    ),
    "clamp of one": Bad(
        persons(), robust(clamp=1), ValueError, r"clamp must lie between 0 and 0\.5"
    ),
    "negative odds ratio": Bad(
        persons(),
        robust(odds_ratio=-1),
        ValueError,
        r"odds_ratio must be positive, within 1e-06 and 1,000,000: found -1\. Write 1",
    ),
    "empty history": Bad(
        persons(),
        lambda d: pv.mse.doubly_robust(three(d), covariates=[]),
        ValueError,
        r"among must be lists of which every history is seen: nobody is on \w+.* and on no other list",
    ),
    "chances of another shape": Bad(
        persons(),
        robust(nuisance=lambda *parts: np.ones((len(parts[3]), 2))),
        ValueError,
        r"nuisance must return one row per person and one column per history: found \(\d+, 2\) for",
    ),
    "chances above one": Bad(
        persons(),
        robust(nuisance=lambda *parts: np.ones((len(parts[3]), 3))),
        ValueError,
        r"nuisance must return chances: 0 rows have one that is negative .*, \d+ add to more than 1",
    ),
    "an estimate below what is seen": Bad(
        persons(),
        robust(nuisance=lambda *parts: np.tile([0.45, 0.45, 0.1], (len(parts[3]), 1)), folds=1),
        ValueError,
        r"the estimate must exceed the number seen: found .* for 60 persons.*Use method='tmle'",
    ),
    "no lists": Bad(
        persons(),
        pv.mse.doubly_robust,
        TypeError,
        r"lists must be a Lists: found dict",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_refused(name: str) -> None:
    refused(CASES[name])


def test_heavy_tails_are_said() -> None:
    rng = np.random.default_rng(2)
    x = np.concatenate([rng.normal(size=400), [6.0] * 8])
    on = np.array([[1, 0], [0, 1], [1, 1]])[rng.choice(3, 408, p=[0.4, 0.3, 0.3])]
    on[400:] = [[1, 0], [0, 1]] * 4
    data = pv.Lists({"a": on[:, 0], "b": on[:, 1], "x": x}, ["a", "b"], covariates="x")

    def rare(*parts: Any) -> Any:
        at = parts[3]
        q = np.tile([0.3, 0.4, 0.3], (len(at), 1))
        q[at[:, 0] > 5] = [0.499, 0.499, 0.002]
        return q

    with pytest.warns(pv.PrevalenceWarning) as caught:
        found = pv.mse.doubly_robust(data, nuisance=rare, rng=1)
    said = " ".join(found.warnings)
    assert "of the estimate comes from persons whose chance is held at the clamp of 0.005" in said
    assert "the standard error rests on about 8 persons: tails are heavy" in said
    assert len(caught) == 2


def test_small_chances_are_said() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=4000)
    p = 1 / (1 + np.exp(3 - 1.5 * x))
    on = (rng.random((4000, 2)) < p[:, None]).astype(int)
    some = on.any(axis=1)
    columns = {"a": on[some, 0], "b": on[some, 1], "x": x[some]}
    data = pv.Lists(columns, ["a", "b"], covariates="x")
    with pytest.warns(pv.PrevalenceWarning, match=r"persons have a chance below 5 % to be on any"):
        pv.mse.huggins(data)
