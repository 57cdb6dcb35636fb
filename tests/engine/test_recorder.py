"""What the recorder accepts in place of weights, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.engine import newton
from tests.agreement import Within, agrees, told
from tests.naive import samples
from tests.naive import weighting as naive

Array = NDArray[Any]
DATA = samples.households(3)
N = DATA["w"].size
ONE = np.ones(N)
X = np.c_[ONE, DATA["income"], DATA["sex"]]
Y = DATA["case"]


def survey(*, clustered: bool = False) -> pv.Survey:
    strata, psu = ("stratum", "psu") if clustered else (None, None)
    return pv.Survey(DATA, weights="w", strata=strata, psu=psu)


def expit(eta: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-eta)))


def logistic(w: Any) -> Array:
    """Weighted logistic regression of case on income and sex, through the one primitive."""

    def score(b: Array) -> Array:
        return np.asarray(X.T * (Y - expit((X.T * b).sum(axis=0))))

    def information(b: Array) -> Array:
        p = expit((X.T * b).sum(axis=0))
        return np.asarray(X.T[:, None] * X.T * (p * (1 - p)))

    return pv.root(w, score, information, np.zeros(3))


def columns_of(estimate: pv.Estimate) -> Array:
    ((columns, _),) = estimate.columns.values()
    return columns


# Roots


@pytest.mark.parametrize("domains", [1, 3])
def test_the_derivative_of_a_root_is_that_of_the_equation_solved_anew(domains: int) -> None:
    by: tuple[str, ...] = ("region",) if domains > 1 else ()
    found = survey().estimate(logistic, by=by)
    columns = columns_of(found).reshape(3, domains, N)
    for d in range(domains):
        inside = np.ones(N) if domains == 1 else (DATA["region"] == d).astype(float)

        def solved(w: Array, inside: Array = inside) -> Array:
            return naive.logistic(w * naive.along_rows(inside, w), X, Y)

        derivative = naive.derivative(solved, DATA["w"])
        influence = DATA["w"] * derivative
        wanted = influence - influence.mean(axis=1, keepdims=True)
        size = np.abs(wanted).max(axis=1, keepdims=True)
        # Both are exact to rounding (2e-15 seen), times the condition of a 3 x 3 solve.
        assert (np.abs(columns[:, d] - wanted) / size).max() < 1e-13
        values = found.value.reshape(3, domains)[:, d]
        np.testing.assert_allclose(values, solved(DATA["w"])[:, 0], rtol=1e-12)
        # Central differences lose half of the digits; they need no complex arithmetic at all.
        central = naive.central_difference(solved, DATA["w"])
        assert (np.abs(central - derivative) / np.abs(derivative).max(axis=1)[:, None]).max() < 1e-7


@pytest.mark.parametrize("design", ["dstrat", "dclus1", "dclus2"])
def test_a_weighted_logistic_regression_has_the_standard_errors_of_r(
    design: str, oracle: Path
) -> None:
    how: dict[str, dict[str, Any]] = {
        "dstrat": {"weights": "pw", "strata": "stype", "fpc": "fpc"},
        "dclus1": {"weights": "pw", "psu": "dnum", "fpc": "fpc"},
        "dclus2": {"stages": ["dnum", "snum"], "fpc": ["fpc1", "fpc2"]},
    }
    file = {"dstrat": "apistrat.csv", "dclus1": "apiclus1.csv", "dclus2": "apiclus2.csv"}[design]
    frame = pd.read_csv(oracle / "survey" / file)
    made = pv.Survey(frame, **how[design])
    results = told(oracle / "survey" / "expected.json")["results"]
    wanted = results[f"{design}/glm_logit"]["value"]
    x = np.c_[np.ones(len(frame)), frame[["ell", "meals", "mobility"]].to_numpy(dtype=float)].T
    y = (frame["sch.wide"] == "Yes").to_numpy(dtype=float)

    def theta(w: Any) -> Array:
        def mean(b: Array) -> Array:
            return expit((x * b).sum(axis=0))

        return pv.root(
            w,
            lambda b: x * (y - mean(b)),
            lambda b: x[:, None] * x * (mean(b) * (1 - mean(b))),
            np.zeros(4),
        )

    found = made.estimate(theta)
    stops = Within("R stops at a change of 1e-14 in the deviance: 1e-9 in b", 1e-8, 1e-10)
    agrees(found.value, wanted["estimate"], stops)
    agrees(found.std_error, wanted["se"], stops._replace(absolute=0.0))
    agrees(found.covariance, wanted["vcov"], stops._replace(relative=1e-7, absolute=1e-12))


@pytest.mark.parametrize("scheme", ["linearised", "jackknife"])
def test_a_domain_without_a_root_is_nan_and_the_others_stand(scheme: str) -> None:
    # In the third region every household is a case, so that its fit has no maximum.
    data = {**DATA, "case": np.where(DATA["region"] == 2, 1.0, Y)}
    y = data["case"]

    def theta(w: Any) -> Array:
        def mean(b: Array) -> Array:
            return expit(np.clip((X.T * b).sum(axis=0), -300, 300))

        return pv.root(
            w,
            lambda b: X.T * (y - mean(b)),
            lambda b: X.T[:, None] * X.T * (mean(b) * (1 - mean(b))),
            np.zeros(3),
        )

    made = getattr(pv.Survey(data, weights="w", strata="stratum", psu="psu"), scheme)()
    with pytest.warns(pv.PrevalenceWarning, match="1 of 3 domains have no estimate"):
        found = made.estimate(theta, by="region")
    whole = getattr(survey(clustered=True), scheme)().estimate(logistic, by="region")
    for attribute in ("value", "std_error"):
        table = getattr(found, attribute).reshape(3, 3)
        assert np.isnan(table[:, 2]).all()
        np.testing.assert_allclose(
            table[:, :2], getattr(whole, attribute).reshape(3, 3)[:, :2], rtol=1e-9
        )


def test_a_root_in_domains_under_replicates_equals_separate_fits() -> None:
    made = survey(clustered=True).jackknife()
    found = made.estimate(logistic, by="region")
    assert made.scheme is not None
    deviations = columns_of(found).reshape(3, 3, -1)
    for d in range(3):
        inside = (DATA["region"] == d).astype(float)
        columns = (DATA["w"] * inside)[:, None] * made.scheme.factors[DATA["psu"]]
        wanted = naive.logistic(columns, X, Y) - naive.logistic(DATA["w"] * inside, X, Y)
        np.testing.assert_allclose(deviations[:, d], wanted, rtol=1e-9, atol=1e-10)


def test_a_root_that_does_not_exist_is_an_error_that_says_so() -> None:
    separated = (DATA["income"] > np.median(DATA["income"])).astype(float)

    def theta(w: Any) -> Array:
        def mean(b: Array) -> Array:
            return expit(np.clip((X.T * b).sum(axis=0), -700, 700))

        return pv.root(
            w,
            lambda b: X.T * (separated - mean(b)),
            lambda b: X.T[:, None] * X.T * (mean(b) * (1 - mean(b))),
            np.zeros(3),
        )

    with pytest.raises(pv.ConvergenceError, match=r"root must be found .* separated classes"):
        survey().estimate(theta)


def test_two_roots_of_one_estimator_are_those_of_each_alone() -> None:
    def mean(w: Any) -> Array:
        y = DATA["hours"]
        return pv.root(w, lambda b: y - b, lambda _: np.ones((1, 1, N)), np.zeros(1))

    found = survey(clustered=True).estimate(lambda w: np.concatenate([mean(w), logistic(w)]))
    parts = [survey(clustered=True).estimate(theta) for theta in (mean, logistic)]
    for name in ("value", "std_error"):
        wanted = np.concatenate([getattr(e, name) for e in parts])
        np.testing.assert_allclose(getattr(found, name), wanted, rtol=1e-12)


def test_steps_that_never_settle_reach_no_root() -> None:
    """The root of exp(-b) lies at infinity: every step is 1, and makes the score smaller."""
    found = newton(lambda b: np.exp(-b), lambda b: np.diag(np.exp(-b)), np.zeros(2))
    assert np.isnan(found).all()
    assert found.shape == (2,)


# Solve


def test_solve_gives_nan_for_singular_and_unfinished_columns_only() -> None:
    rng = np.random.default_rng(1)
    matrix, right = rng.normal(size=(3, 3, 5)), rng.normal(size=(3, 5))
    matrix[2, :, 1] = matrix[0, :, 1] + matrix[1, :, 1]
    matrix[0, 0, 3] = np.nan
    right[1, 4] = np.inf
    found = pv.solve(matrix, right)
    assert np.isnan(found[:, [1, 3, 4]]).all()
    for c in (0, 2):
        np.testing.assert_allclose(found[:, c], np.linalg.solve(matrix[:, :, c], right[:, c]))


def test_solve_carries_a_complex_step() -> None:
    rng = np.random.default_rng(2)
    a, b, da = rng.normal(size=(2, 2)), rng.normal(size=2), rng.normal(size=(2, 2))
    moved = pv.solve((a + 1e-50j * da)[..., None], b[:, None])[:, 0]
    inverse = np.linalg.inv(a)
    np.testing.assert_allclose(moved.imag / 1e-50, -inverse @ da @ inverse @ b, rtol=1e-13)


def test_solve_is_not_misled_by_the_scale_of_a_system() -> None:
    tiny = 1e-200 * np.array([[2.0, 1.0], [1.0, 3.0]])[..., None]
    np.testing.assert_allclose(pv.solve(tiny, 1e-200 * np.array([[3.0], [4.0]])), [[1.0], [1.0]])


# What z may be


def iterated(w: Any) -> Array:
    """A logistic fit inside the estimator: every z depends on the weights."""
    x, b = DATA["income"] - 3.0, np.zeros(1)
    for _ in range(8):
        p = expit(x * b[0])
        b = b + ((x * (Y - p)) @ w) / ((x * x * p * (1 - p)) @ w)
    return np.asarray(b)


def test_a_fit_inside_the_estimator_is_refused() -> None:
    # Differentiating its last step alone would give other standard errors, silently.
    with pytest.raises(TypeError, match=r"must not depend on the weights.*pv\.root"):
        survey().estimate(iterated)


def test_refusals_name_the_rule() -> None:
    made = survey()
    other, fewer = iter([ONE, 2 * ONE]), iter([[Y, ONE], [Y]])
    cases: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
        (lambda w: (Y * (Y @ w)[0]) @ w, TypeError, "must not depend on the weights"),
        (lambda w: next(other) @ w, TypeError, "must not depend on the weights"),
        (lambda w: next(fewer) @ w, TypeError, "must not depend on the weights"),
        (lambda w: (Y[:-1]) @ w, ValueError, r"one entry per row.*shape \(107,\) for 108 rows"),
        (lambda w: 3.0 @ w, ValueError, "one entry per row"),
        (lambda w: np.asarray(w).sum(), TypeError, "nothing else: found a conversion"),
        (lambda w: np.sum(Y * w), TypeError, "unsupported operand|nothing else"),
        (lambda _: np.array([1.0]), ValueError, r"must use the weights.*`z @ w`"),
        (lambda w: (Y @ w).sum(), ValueError, "one value per column"),
        (lambda w: (1j * Y) @ w, TypeError, "must not depend on the weights"),
    ]
    for theta, kind, message in cases:
        with pytest.raises(kind, match=message):
            made.estimate(theta)


@pytest.mark.parametrize(
    "theta",
    [
        lambda w: np.abs(Y @ w) / (ONE @ w),
        lambda w: np.real(Y @ w) / (ONE @ w),
        lambda w: np.conj(Y @ w) / (ONE @ w),
        lambda w: np.sqrt(np.abs(Y @ w)),
        lambda w: np.maximum(np.real(Y @ w), 1.0),
    ],
)
def test_functions_that_lose_the_derivative_are_refused(theta: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="smooth"):
        survey().estimate(theta)


def test_where_and_the_listed_functions_are_differentiated() -> None:
    def theta(w: Any) -> Array:
        a, b = DATA["hours"] @ w, ONE @ w
        return np.stack(
            [
                np.exp(np.log(a / b)),
                np.sqrt((a / b) ** 2),
                np.where(b > 0, a / b, 0.0),
                2 * a / b - 1 * (a - 0.0) / b,
            ]
        )

    made = survey(clustered=True)
    found, plain = made.estimate(theta), pv.direct.mean(made, "hours")
    np.testing.assert_allclose(found.value, plain.value[0], rtol=1e-14)
    np.testing.assert_allclose(found.std_error, plain.std_error[0], rtol=1e-13)


@pytest.mark.parametrize("centre", [0.0, 1e-16])
def test_an_estimate_of_zero_is_not_mistaken_for_a_changing_function(centre: float) -> None:
    # Complex and real division may round differently, which near zero is no small relative change.
    rng = np.random.default_rng(4)
    made = survey()
    for _ in range(20):
        y = rng.normal(size=N)
        mean = float(pv.direct.mean(pv.Survey({**DATA, "y": y}, weights="w"), "y").value[0])

        def theta(w: Any, y: Array = y, mean: float = mean) -> Array:
            return np.asarray((y @ w) / (ONE @ w) - mean - centre)

        found = made.estimate(theta)
        assert abs(found.value[0]) < 1e-15
        assert found.std_error[0] > 0.05


def test_z_may_be_integer_boolean_or_a_matrix() -> None:
    made = survey(clustered=True)
    whole = made.estimate(lambda w: np.stack([Y, DATA["sex"]]) @ w)
    np.testing.assert_array_equal(
        whole.value, made.estimate(lambda w: np.stack([Y == 1, DATA["sex"] == 1]) @ w).value
    )
    cube = made.estimate(lambda w: np.ones((2, 3, N)) @ w)
    assert cube.value.shape == (6,)
    with pytest.raises(TypeError, match="to_numpy"):
        made.estimate(lambda w: pd.Series(Y) @ w)


def test_values_of_rows_outside_do_not_matter_even_if_missing() -> None:
    y = np.where(DATA["sex"] == 1, Y, np.nan)
    made = survey(clustered=True)
    found = made.estimate(lambda w: (y @ w) / (ONE @ w), where="sex == 1")
    wanted = made.estimate(lambda w: (Y @ w) / (ONE @ w), where="sex == 1")
    assert found.value == wanted.value
    assert found.std_error == wanted.std_error
