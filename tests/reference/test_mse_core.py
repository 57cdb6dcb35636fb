"""Multiple-systems estimation against R: Rcapture 1.4-4 and SparseMSE 2.0.1 (R 4.2.2).

The tables are third-party data and are read in place; the calls stand in the README beside them.
"""

from __future__ import annotations

import csv
import gzip
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from prevalence.intervals import dark_figure
from prevalence.mse.closed import chao_lower_bound, chapman, lincoln_petersen
from prevalence.mse.histories import bootstrap_counts, capture_frequencies, list_pairs
from prevalence.mse.loglinear import LoglinearFit, loglinear_fit
from prevalence.mse.stepwise import stepwise_fit
from tests.agreement import EXACTLY, Within, agrees, told
from tests.naive import mse as naive

Array = NDArray[Any]

# Newton squares the error of R's last step but one: 2.3e-8 at worst, in 1000 sparse resamples.
TOTAL = Within("R's glm stops when the deviance changes by 1e-8 relatively", 1e-6)
EXACT = Within("rounding of the 15 digits stored", 1e-12)
SQUARES = Within("a variance that is a difference of squares 100 times as large", 1e-10)
AIC = Within("likelihoods are flat at the maximum where R's glm stops", 1e-10)
# 6e-5 at worst. `test_standard_errors_differ_by_one_step_of_glm` shows it.
STD_ERROR = Within("R's covariance is of the weights that its last step began with", 1e-4)
FLAT = Within("the deviance is flat at its least; a saturated model's is rounding", 1e-9, 1e-9)
BOUNDARY = Within("R's very small rates at a boundary reach the likelihood as its rule stops", 1e-8)

BOOTSTRAPPED = ["uk5", "uk6", "kosovo", "neworleans5_185"]
BOUNDED = [*BOOTSTRAPPED, "neworleans8_185", "neworleans8_186", "neworleans5_186"]
SETS = [*BOUNDED, "artificial3"]


def table(oracle: Path, name: str) -> tuple[Array, Array]:
    rows = np.genfromtxt(oracle / "mse" / f"{name}.csv", delimiter=",", skip_header=1)
    return rows[:, :-1].astype(np.int64), rows[:, -1]


def expected(oracle: Path, name: str) -> dict[str, Any]:
    return dict(told(oracle / "mse" / "expected.json")[name])


def rows_of(path: Path) -> list[dict[str, str]]:
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    return list(csv.DictReader(text.splitlines()))


# Closed forms


@pytest.mark.parametrize("name", SETS)
def test_two_lists(oracle: Path, name: str) -> None:
    for pair in expected(oracle, name).get("pairs", []):
        size = pair["n1"], pair["n2"], pair["m2"]
        total, variance = chapman(*size)
        agrees(float(total), pair["chapman"], EXACT)
        agrees(float(variance), pair["chapman_var"], EXACT)
        plain, _ = lincoln_petersen(*size)
        if pair["m2"]:
            agrees(float(plain), pair["lincoln_petersen"], EXACT)
        else:
            assert np.isinf(plain)


@pytest.mark.parametrize("name", BOUNDED)
def test_chao_lower_bound(oracle: Path, name: str) -> None:
    reference = expected(oracle, name)["closedp_bc"]["Mh Chao"]
    histories, counts = table(oracle, name)
    frequencies = capture_frequencies(histories, counts)
    total, variance = chao_lower_bound(
        counts.sum(), frequencies[0], frequencies[1], lists=histories.shape[1]
    )
    agrees(total, [reference["abundance"]], EXACT)
    agrees(np.sqrt(variance), [reference["stderr"]], SQUARES)


def test_lognormal_interval_by_hand() -> None:
    # n = 100, N = 300, se = 50: C = exp(1.959964 sqrt(log(1 + 1/16))) = 1.62029, to these digits.
    constants = {
        "value": np.array([300.0]),
        "std_error": np.array([50.0]),
        "seen": np.array([100.0]),
    }
    lower, upper = dark_figure(constants, np.array([np.inf]), 0.95)[0]
    assert float(lower) == pytest.approx(100 + 200 / 1.62029, abs=0.01)
    assert float(upper) == pytest.approx(100 + 200 * 1.62029, abs=0.01)


# Every model of a table


def models_of(rows: list[dict[str, str]]) -> tuple[list[tuple[int, ...]], Array]:
    """Terms of all models, and which model (column) has which term, from R's generators."""
    members = []
    for row in rows:
        generators = [[int(c) - 1 for c in g] for g in row["model"].strip("[]").split(",")]
        members.append(
            {s for g in generators for k in range(2, len(g) + 1) for s in combinations(g, k)}
        )
    terms = sorted(set().union(*members), key=lambda term: (len(term), term))
    return terms, np.array([[term in member for member in members] for term in terms])


def comparable(fit: LoglinearFit) -> Array:
    """R fits boundary terms by a very small rate and models without a maximum by where it stops."""
    return np.asarray((fit.code == 0) & ~fit.boundary.any(axis=0))


@pytest.mark.parametrize(
    ("name", "models", "compared"),
    [
        ("artificial3_closedpMS_order2.csv", 8, 1),
        ("artificial3_closedpMS_all.csv", 8, 1),
        ("kosovo_closedpMS_order2.csv", 64, 64),
        ("kosovo_closedpMS_all.csv", 113, 113),
        ("neworleans5_185_closedpMS_order2.csv", 1024, 128),
        ("neworleans5_186_closedpMS_order2.csv", 1024, 128),
        ("uk5_closedpMS_order2.csv", 1024, 512),
        ("uk5_closedpMS_all.csv.gz", 6893, 904),
    ],
)
def test_all_hierarchical_models(oracle: Path, name: str, models: int, compared: int) -> None:
    rows = rows_of(oracle / "mse" / name)
    terms, included = models_of(rows)
    fit = loglinear_fit(*table(oracle, name.partition("_closedpMS")[0]), terms, included=included)
    reference = {
        key: np.array([float(row[key]) for row in rows]) for key in rows[0] if key != "model"
    }
    same = comparable(fit)
    assert (len(rows), int(same.sum())) == (models, compared)
    where = f"mse/{name}"
    agrees(fit.total[same], reference["abundance"][same], TOTAL, case=(where, "abundance"))
    agrees(fit.std_error[same], reference["stderr"][same], STD_ERROR, case=(where, "stderr"))
    # Likelihoods are flat at the maximum; a saturated model's deviance is rounding only.
    agrees(fit.deviance[same], reference["deviance"][same], FLAT, case=(where, "deviance"))
    # At a boundary R's very small rates reach the same likelihood to its stopping rule, and its
    # penalty counts them as the extended estimate does.
    finite = fit.code == 0
    for ours, theirs in ((fit.aic, "AIC"), (fit.bic, "BIC")):
        agrees(ours[same], reference[theirs][same], EXACT, case=(where, theirs))
        agrees(ours[finite], reference[theirs][finite], BOUNDARY, case=(where, theirs))


def test_standard_errors_differ_by_one_step_of_glm(oracle: Path) -> None:
    rows = rows_of(oracle / "mse" / "kosovo_closedpMS_order2.csv")
    histories, counts = table(oracle, "kosovo")
    terms, included = models_of(rows)
    for row, member in zip(rows, included.T, strict=True):
        found = naive.fit(
            histories, counts, [t for t, use in zip(terms, member, strict=True) if use]
        )
        assert isinstance(found, naive.NaiveFit)
        # With R's stopping rule and weights its standard error comes out to rounding.
        assert found.std_error_r == pytest.approx(float(row["stderr"]), rel=1e-9)


@pytest.mark.parametrize("name", ["artificial3", "uk5", "neworleans5_185"])
def test_existence_and_identifiability(oracle: Path, name: str) -> None:
    rows = rows_of(oracle / "mse" / f"{name}_checkident.csv")
    histories, counts = table(oracle, name)
    pairs = list_pairs(histories.shape[1])
    words = ["".join(str(i + 1) for i in sorted(pair)) for pair in pairs]
    included = np.array([[word in row["pairs"].split() for row in rows] for word in words])
    fit = loglinear_fit(histories, counts, pairs, included=included)
    where = f"mse/{name}_checkident.csv"
    agrees(fit.code, [int(row["ierr"]) for row in rows], EXACTLY, case=where)
    assert np.isnan(fit.total[fit.code > 0]).all()


# Stepwise selection


@pytest.mark.parametrize("name", SETS)
def test_stepwise_points_and_traces(oracle: Path, name: str) -> None:
    lists = (oracle / "mse" / f"{name}.csv").read_text().splitlines()[0].split(",")[:-1]
    histories, counts = table(oracle, name)
    for reference in expected(oracle, name).get("stepwise", []):
        if reference.get("estimate") is None:
            continue
        found = stepwise_fit(histories, counts, threshold=reference["pthresh"])
        agrees(found.total, [reference["estimate"]], TOTAL)
        # R adds 2 for every empty overlap in the model, as the count of parameters does here.
        agrees(found.fit.aic, [reference["aic"]], AIC)
        order = np.argsort(found.step[:, 0])[(found.step[:, 0] == 0).sum() :]
        trace = [":".join(lists[i] for i in sorted(found.pairs[row])) for row in order]
        present = [
            word
            for word, row in zip(trace, order, strict=True)
            if not found.fit.boundary[1 + len(lists) + row, 0]
        ]
        agrees(present, reference["terms"][1 + len(lists) :], EXACTLY, case=reference["terms"])


def replicates(oracle: Path, name: str) -> tuple[Array, Array, Array]:
    histories, counts = table(oracle, name)
    path = oracle / "mse" / f"{name}_stepwise_bootreps.csv.gz"
    stored = np.genfromtxt(gzip.decompress(path.read_bytes()).decode().splitlines(), delimiter=",")
    columns = np.zeros((len(counts), len(stored) - 1))
    columns[counts > 0] = stored[1:, 1:].T
    return histories, columns, stored[1:, 0]


@pytest.mark.parametrize("name", BOOTSTRAPPED)
def test_every_stored_resample(oracle: Path, name: str) -> None:
    histories, columns, reference = replicates(oracle, name)
    assert columns.shape[1] == 1000
    where = f"mse/{name}_stepwise_bootreps.csv.gz"
    agrees(stepwise_fit(histories, columns).total, reference, TOTAL, case=where)


@pytest.mark.parametrize("name", BOOTSTRAPPED)
def test_jackknife_rows(oracle: Path, name: str) -> None:
    histories, counts = table(oracle, name)
    stored = told(oracle / "mse" / f"{name}_stepwise_boot.json")
    seen = np.flatnonzero(counts > 0)
    columns = np.repeat(counts[:, None], seen.size, axis=1)
    columns[seen, np.arange(seen.size)] -= 1
    found = stepwise_fit(histories, columns)
    agrees(found.total, stored["jackknife_rows"], TOTAL)


def test_eight_lists_in_one_batch(oracle: Path) -> None:
    histories, counts = table(oracle, "neworleans8_185")
    columns = bootstrap_counts(counts, 20, rng=5)
    together = stepwise_fit(histories, columns)
    b = 10  # the slow version takes a second for one
    alone, pairs = naive.stepwise(histories, columns[:, b], 0.02)
    # Both converge past 1e-9; sparse tables multiply it by the condition of the dark figure.
    assert together.total[b] == pytest.approx(alone, rel=1e-7)
    chosen = {
        tuple(sorted(p)) for p, u in zip(together.pairs, together.selected[:, b], strict=True) if u
    }
    assert chosen == set(pairs)
