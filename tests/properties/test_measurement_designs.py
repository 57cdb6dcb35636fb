"""Measurement estimators on random designs against variances written out stratum by stratum.

The influence of each row is a numerical derivative of the slow estimate by its weight; nothing of
the engine is used. The same designs agree with R survey 4.1.1 to 1e-12 (`tests/crosscheck`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import sensitive as naive

Array = NDArray[Any]
DERIVATIVE = 2e-6  # of central differences of 1e-4 of a weight
MISC = pv.misclassification
LIST: dict[str, Any] = {"treatment": "long", "items": 3}
KUK: dict[str, Any] = {"design": "kuk", "p": (0.8, 0.25)}


def sample(seed: int) -> pd.DataFrame:
    """Some rows in a few units of a few strata, with zero weights and known numbers of units."""
    rng = np.random.default_rng(seed)
    units = [(h, 10 * h + j) for h in range(rng.integers(1, 4)) for j in range(rng.integers(3, 6))]
    place = np.repeat(np.arange(len(units)), rng.integers(4, 9, len(units)))
    stratum, psu = np.array(units)[place].T
    n = place.size
    trait, long = rng.random(n) < 0.4, rng.random(n) < 0.5
    screen = rng.random(n) < np.where(trait, 0.8, 0.2)
    weight = rng.uniform(1, 5, n) * (rng.random(n) > 0.1)
    own = rng.poisson(3, n)
    return pd.DataFrame(
        {
            "stratum": stratum,
            "psu": psu,
            "units": 7 + stratum,
            "w": weight,
            "g": rng.choice(["a", "b"], n),
            "long": long.astype(float),
            "y": rng.binomial(3, 0.4, n) + (trait & long).astype(float),
            "z": rng.binomial(3, 0.5, n) + (trait & ~long).astype(float),
            "direct": (trait & (rng.random(n) < 0.5)).astype(float),
            "red": (rng.random(n) < np.where(trait, 0.8, 0.25)).astype(float),
            "screen": screen.astype(float),
            "gold": np.where(rng.random(n) < np.where(screen, 0.8, 0.5), trait, np.nan),
            "own": own.astype(float),
            "cases": rng.binomial(own, 0.2).astype(float),
        }
    )


def listed(d: pd.DataFrame, w: Array) -> float:
    return naive.difference(d["y"].to_numpy(), d["long"].to_numpy(), w)


def doubled(d: pd.DataFrame, w: Array) -> float:
    return naive.double(d["y"].to_numpy(), d["z"].to_numpy(), d["long"].to_numpy(), w)


def combined(d: pd.DataFrame, w: Array) -> float:
    return naive.combined(d["y"].to_numpy(), d["long"].to_numpy(), d["direct"].to_numpy(), w)


def reds(d: pd.DataFrame, w: Array) -> float:
    return (float(np.average(d["red"], weights=w)) - 0.25) / 0.55


def told(d: pd.DataFrame, w: Array) -> float:
    return float((w * d["cases"]).sum() / (w * d["own"]).sum())


ESTIMATORS: dict[str, tuple[Callable[[pd.DataFrame, Array], float], Callable[..., pv.Estimate]]] = {
    "list": (listed, lambda s, **k: pv.sensitive.list_difference(s, "y", **LIST, **k)),
    "two lists": (doubled, lambda s, **k: pv.sensitive.double_list(s, ("y", "z"), **LIST, **k)),
    "list and direct": (
        combined,
        lambda s, **k: pv.sensitive.list_combined(s, "y", direct="direct", **LIST, **k),
    ),
    "kuk": (reds, lambda s, **k: pv.sensitive.randomized_response(s, "red", **KUK, **k)),
    "children": (told, lambda s, **k: pv.direct.neighbourhood(s, "cases", "own", **k)),
}


def survey(d: pd.DataFrame, fpc: bool) -> pv.Survey:
    how: dict[str, Any] = {"fpc": "units"} if fpc else {}
    return pv.Survey(d, weights="w", strata="stratum", psu="psu", **how)


def design_error(d: pd.DataFrame, z: Array, fpc: bool) -> float:
    """Return the standard error of a sum of z: totals of units about the mean of their stratum."""
    variance = 0.0
    for _, rows in d.assign(z=z).groupby("stratum"):
        totals = rows.groupby("psu")["z"].sum().to_numpy()
        m, left = totals.size, 1 - totals.size / rows["units"].iloc[0] if fpc else 1.0
        variance += left * m / (m - 1) * float(((totals - totals.mean()) ** 2).sum())
    return float(np.sqrt(variance))


def influence(theta: Callable[[pd.DataFrame, Array], float], d: pd.DataFrame, w: Array) -> Array:
    """Return the weight of each row times the derivative of an estimate by it."""
    out, step = np.zeros(w.size), 1e-4
    for i in np.flatnonzero(w):
        up, down = w.copy(), w.copy()
        up[i] *= 1 + step
        down[i] *= 1 - step
        out[i] = (theta(d, up) - theta(d, down)) / (2 * step)
    return out


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("seed", range(3))
def test_estimates_and_errors_are_those_of_the_written_out_design(seed: int, name: str) -> None:
    d = sample(seed)
    slow, fast = ESTIMATORS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)  # chance, in samples this small
        e = fast(survey(d, bool(seed % 2)), by="g")
    for k, label in enumerate(e.labels):
        w = np.where(d["g"] == label[0], d["w"], 0.0)
        assert e.value[k] == pytest.approx(slow(d, w), abs=1e-12)
        error = design_error(d, influence(slow, d, w), bool(seed % 2))
        assert e.std_error[k] == pytest.approx(error, rel=DERIVATIVE)


@pytest.mark.parametrize("seed", range(4))
def test_rogan_gladen_adds_the_three_variances(seed: int) -> None:
    d = sample(seed)
    rates: dict[str, Any] = {
        "sensitivity": pv.validated(correct=33, tested=41),
        "specificity": pv.validated(correct=480, tested=500),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        e = MISC.rogan_gladen(pv.direct.prevalence(survey(d, False), "screen"), **rates)
    p, (se, sp) = np.average(d["screen"], weights=d["w"]), (33 / 41, 480 / 500)
    x = (p + sp - 1) / (se + sp - 1)
    z = (d["w"] * (d["screen"] - p) / d["w"].sum()).to_numpy()
    variance = design_error(d, z, False) ** 2
    variance += x**2 * se * (1 - se) / 41 + (1 - x) ** 2 * sp * (1 - sp) / 500
    assert e.value[0] == pytest.approx(x, rel=1e-12)
    assert e.std_error[0] == pytest.approx(np.sqrt(variance) / (se + sp - 1), rel=1e-10)


@pytest.mark.parametrize("form", ["double-expansion", "reweighted"])
@pytest.mark.parametrize("seed", range(3))
def test_a_validation_subsample_by_its_two_phases(seed: int, form: str) -> None:
    d = sample(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        s = survey(d, False)
        e = MISC.validation_subsample(s, screen="screen", gold="gold", form=form)
    w, seen = d["w"].to_numpy(), d["gold"].notna().to_numpy() & (d["w"] > 0).to_numpy()
    case, size = d["gold"].fillna(0).to_numpy(), np.where(w > 0, 1.0 if form[0] == "d" else w, 0.0)
    group = [d["screen"] == k for k in (0, 1)]
    grown = sum(np.where(rows, size[rows].sum() / size[rows & seen].sum(), 0.0) for rows in group)
    full = w * grown * seen
    value = (full * case).sum() / full.sum()
    u = (case - value) / full.sum() * (w if form[0] == "d" else 1.0)
    mean = sum(np.where(r, np.average(u[r & seen], weights=size[r & seen]), 0.0) for r in group)
    z = size * (mean + seen * grown * (u - mean))
    assert e.value[0] == pytest.approx(value, rel=1e-12)
    assert e.std_error[0] == pytest.approx(design_error(d, z, False), rel=1e-9)


# ---------------------------------------------------------------------- random calls
def calls(rng: np.random.Generator, s: pv.Survey) -> dict[str, Callable[[], Any]]:
    def one(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    more: dict[str, Any] = one({}, {"by": "g"}, {"where": "g == 'a'"}, {"by": ["g", "direct"]})
    arm = {"treatment": one("long", "long", "red", "y"), "items": one(3, None, 4, 1)}
    rates = (0.8, 0.97, 1.0, pv.validated(correct=9, tested=10), pv.validated(correct=4, tested=4))
    items = ["red", "screen", "direct", "long"][: int(rng.integers(2, 5))]
    plain = {k: v for k, v in more.items() if k == "where"}
    return {
        "list": lambda: pv.sensitive.list_difference(s, "y", **arm, **more),
        "two lists": lambda: pv.sensitive.double_list(s, ("y", "z"), **arm, **more),
        "combined": lambda: pv.sensitive.list_combined(s, "y", direct="direct", **arm, **more),
        "placebos": lambda: (
            pv.sensitive.list_placebos(s, "y", direct="direct", **arm, **more).estimate
        ),
        "regression": lambda: pv.sensitive.list_regression(
            s, "y", one("own", [], "g"), method=one("ml", "nls", "linear"), **arm, **plain
        ),
        "masked": lambda: pv.sensitive.randomized_response(
            s, "red", design="unrelated", p=one((0.8, 0.3), (0.5, 0.5)), group="screen", **more
        ),
        "screen": lambda: MISC.rogan_gladen(
            pv.direct.prevalence(s, "screen", **more),
            sensitivity=one(*rates),
            specificity=one(*rates),
            interval=one("auto", "delta", "lang-reiczigel", "melding", "bayes"),
        ),
        "classes": lambda: MISC.latent_class(s, items, rng=1, starts=2, **more),
        "validation": lambda: MISC.validation_subsample(s, screen="screen", gold="gold", **more),
        "children": lambda: pv.direct.neighbourhood(s, "cases", "own", **more),
    }


def judged(e: pv.Estimate) -> None:
    """Check that nothing is missing without a word, and that no standard error is 0."""
    limits = e.interval()
    said = [w for w in e.warnings if not w.startswith("weights are zero")]
    assert said or np.isfinite(e.value).all()
    assert said or np.isfinite(limits).all()
    assert not (np.isfinite(e.value) & (e.std_error <= 1e-12)).any()
    assert not (limits[:, 0] > limits[:, 1]).any()
    assert len(e.to_frame()) == len(e)


@pytest.mark.parametrize("seed", range(12))
def test_random_calls_end_in_a_result_or_in_words(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d = sample(int(rng.integers(1_000)))
    d = d.head(int(rng.integers(5, len(d)))) if rng.random() < 0.5 else d
    d[rng.choice(["red", "direct", "cases", "own"])] = float(rng.integers(2))
    kept = d.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        s = pv.Survey(d, weights="w", psu=["psu", None][int(rng.integers(2))])
        s = s.jackknife() if rng.random() < 0.3 else s
    for call in calls(rng, s).values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pv.PrevalenceWarning)
            try:
                e = call()
            except (ValueError, TypeError, pv.ConvergenceError) as error:
                assert type(error) in (ValueError, TypeError, pv.ConvergenceError)  # noqa: PT017
                assert str(error).endswith(".")  # noqa: PT017
            else:
                judged(e)
    pd.testing.assert_frame_equal(d, kept)
