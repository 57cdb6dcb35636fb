"""Closed forms of network scale-up on random odd inputs: a sane estimate, or an error that says why."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import prevalence as pv

SIZES = {"police": 900.0, "nurses": 2_500.0, "priests": 140.0}
RULES = ["ratio-of-sums", "mean-of-ratios"]


def table(rng: np.random.Generator) -> Any:
    """Answers of few or many, in one unit or more, with odd columns, in any container."""
    n = int(rng.choice([1, 3, 6, 12, 30]))
    psu = np.arange(n) % int(rng.choice([1, 2, 3, 10]))
    data: dict[str, Any] = {"psu": psu, "stratum": psu % 2, "w": rng.gamma(2, 10, n)}
    if rng.random() < 0.3:
        data["w"] *= rng.choice([0, 1], n) if rng.random() < 0.5 else rng.choice([1e-300, 1e300])
    ties = rng.gamma(2, 30, n)
    for name, mean in {
        "hidden": 0.02,
        "other": 0.01,
        **{k: x / 5e4 for k, x in SIZES.items()},
    }.items():
        y = rng.poisson(ties * mean).astype(float)
        odd = rng.random()
        if odd < 0.15:
            y[rng.random(n) < 0.4] = np.nan
        elif odd < 0.3:
            y[:] = rng.choice([np.nan, 0, 0, 2])
        elif odd < 0.36:
            y[rng.integers(n)] = rng.choice([-1, 0.5, 99, 1e300, np.inf])
        data[name] = y
    data["area"] = np.array(["a", "b", None], dtype=object)[rng.choice(3, n, p=[0.6, 0.38, 0.02])]
    data["age"] = rng.integers(10, 70, n)
    data["friends"] = rng.poisson(ties)
    frame = pd.DataFrame(data)
    made = [
        data,
        frame,
        frame.convert_dtypes(),
        pl.DataFrame({k: np.asarray(v).tolist() for k, v in data.items()}),
        frame.astype({"police": "category"}),
    ]
    return made[int(rng.choice(5, p=[0.3, 0.3, 0.15, 0.15, 0.1]))]


def size(rng: np.random.Generator, value: float) -> Any:
    made = [value, np.float32(value), pv.uncertain(value, std_error=value / 9, name="census")]
    made += [
        pv.nsum.Group(size=value, std_error=value / 9, year=int(rng.integers(2019, 2022))),
        0,
        1e300,
    ]
    return made[int(rng.choice(6, p=[0.5, 0.2, 0.15, 0.1, 0.03, 0.02]))]


def asked(rng: np.random.Generator) -> pv.Estimate:
    """One random call; half of them through `Answers`."""
    how: dict[str, Any] = {"strata": "stratum"} if rng.random() < 0.4 else {}
    if rng.random() < 0.4:
        how["single_psu"] = str(rng.choice(["certainty", "adjust", "average"]))
    survey = pv.Survey(table(rng), weights="w", psu="psu", **how)
    scheme = rng.random()
    survey = survey.jackknife() if scheme < 0.15 else survey
    survey = survey.bootstrap(30, rng=1) if scheme > 0.85 else survey
    known = {name: size(rng, x) for name, x in SIZES.items() if rng.random() < 0.8}
    hidden = [["hidden"], ["hidden", "other"], ["police"]][int(rng.choice(3, p=[0.4, 0.5, 0.1]))]
    through = rng.random() < 0.5
    sample = pv.Answers(survey, known=known, hidden=hidden, population=1e5) if through else survey
    groups = {} if through else {"known": known, "population": 1e5}
    degree: Any = [*RULES, ["friends"]][int(rng.integers(3))]
    where = [None, "age >= 40", "area == 'a'"][int(rng.choice(3, p=[0.7, 0.2, 0.1]))]
    given = {**groups, "degree": degree, "where": where, "missing": "complete"}
    by: Any = "area" if rng.random() < 0.4 else ()
    kind = rng.random()
    if kind < 0.2:
        return pv.nsum.degree(sample, by=by, **given)
    if kind < 0.4:
        found = pv.nsum.validate(sample, size=str(rng.choice(RULES)), **given)
        found.to_frame(), repr(found)
        return found.estimate
    tau = [1, pv.uncertain(0.6, 0.4, 0.8, kind="beta"), 0, 2][
        int(rng.choice(4, p=[0.5, 0.46, 0.02, 0.02]))
    ]
    given |= {"transmission": tau, "size": str(rng.choice(RULES)), "by": by, "rng": 1}
    given |= {"propagate": str(rng.choice(["delta", "draws"], p=[0.8, 0.2]))}
    return pv.nsum.scale_up(sample, None if through else hidden, **given)


def check_sane(e: pv.Estimate) -> None:
    """No infinity, no error of 0, nothing missing unsaid, an interval around every value."""
    value, error, (low, high) = e.value, e.std_error, e.interval().T
    told = np.isfinite(value)
    assert not np.isinf(np.r_[value, error, low]).any()
    assert (value[told] >= 0).all()
    assert not (error[told] <= 1e-11 * value[told]).any()
    assert e.warnings or np.isfinite(np.r_[value, error, low, high]).all()
    assert np.isfinite(high[value == 0]).all()
    between = told & np.isfinite(low)
    assert (low[between] <= value[between] * (1 + 1e-9)).all()
    percentiles = any("percentile limits rest on" in text for text in e.warnings)
    assert percentiles or (high[between] >= value[between] * (1 - 1e-9)).all()
    assert len(e.to_frame()) == len(e)
    assert e.sentence()
    assert repr(e)


def outcome(seed: int) -> str:
    """Return what came of a random call: fine, or the kind of a refusal with its four parts."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        try:
            e = asked(np.random.default_rng(seed))
        except (ValueError, TypeError, KeyError, pv.ConvergenceError) as refusal:
            text = str(refusal).strip("'\"")
            assert " must " in text, (seed, text)
            assert ":" in text, (seed, text)
            assert text.endswith("."), (seed, text)
            return type(refusal).__name__
        check_sane(e)
    return "fine"


def test_a_random_call_ends_well() -> None:
    found = [outcome(seed) for seed in range(30)]
    assert found.count("fine") >= 8


@pytest.mark.proof
def test_many_random_calls_end_well() -> None:
    found = [outcome(seed) for seed in range(100, 1_600)]
    assert found.count("fine") > 400
