"""The UK 2013 case lists, five lists (../shared/oracle/mse), through the public functions.

Reference: SparseMSE 2.0.1 and Rcapture. Tolerances: 1e-6 relative where the reference's fit is
iterative, 1e-9 for closed forms (15 digits stored).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from tests.agreement import Within, agrees, told

pytestmark = pytest.mark.filterwarnings("ignore:only .* are on two lists")
ITERATED = Within("R's glm stops when the deviance changes by 1e-8 relatively", 1e-6)
CLOSED = Within("closed forms: rounding of the 15 digits stored", 1e-9)


def _table(oracle: Path) -> tuple[list[str], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    frame = pd.read_csv(oracle / "mse" / "uk5.csv")
    names = [c for c in frame.columns if c != "count"]
    return names, frame[names].to_numpy(), frame["count"].to_numpy(float)


def _lists(oracle: Path) -> pv.Lists:
    names, histories, counts = _table(oracle)
    return pv.Lists.from_counts(histories, counts, names)


def _expected(oracle: Path) -> dict[str, Any]:
    return dict(told(oracle / "mse" / "expected.json")["uk5"])


def test_stepwise_point(oracle: Path) -> None:
    e = pv.mse.stepwise(_lists(oracle), threshold=0.02, replicates=0)
    source = "R SparseMSE 2.0.1"
    agrees(float(e), 11312.9902894352, ITERATED, case="uk5 > stepwise 0.02", source=source)
    assert e.provenance["floor"] is True


def test_stored_resampled_tables_one_by_one(oracle: Path) -> None:
    names, histories, counts = _table(oracle)
    path = oracle / "mse" / "uk5_stepwise_bootreps.csv.gz"
    stored = pd.read_csv(path).to_numpy(float)
    assert len(stored) == 1000
    for row in stored[::20]:  # all 1,000 are compared as one batch in test_mse_core.py
        resampled = np.zeros_like(counts)
        resampled[counts > 0] = row[1:]
        lists = pv.Lists.from_counts(histories, resampled, names)
        agrees(
            float(pv.mse.stepwise(lists, replicates=0)), row[0], ITERATED, case=f"mse/{path.name}"
        )


def test_bootstrap_repeats_the_selection(oracle: Path) -> None:
    """Our own 1,000 resamples have the stored ones' quantiles within 4 Monte Carlo errors."""
    path = oracle / "mse" / "uk5_stepwise_bootreps.csv.gz"
    stored = pd.read_csv(path).to_numpy(float)[:, 0]
    e = pv.mse.stepwise(_lists(oracle), rng=1)
    draws = np.asarray(e.constants["draws"])[0]
    for q in (0.1, 0.25, 0.5, 0.75, 0.9):
        at = np.quantile(stored, q)
        assert abs(np.mean(draws <= at) - np.mean(stored <= at)) < 4 * np.sqrt(
            2 * q * (1 - q) / 1000
        )


def test_two_lists_and_the_lower_bound(oracle: Path) -> None:
    lists, expected = _lists(oracle), _expected(oracle)
    for pair in expected["pairs"]:
        if pair["m2"] == 0:
            with pytest.raises(ValueError, match="lists must overlap"):
                pv.mse.chapman(lists, between=tuple(pair["lists"]))
            continue
        e = pv.mse.chapman(lists, between=tuple(pair["lists"]))
        agrees(float(e), pair["chapman"], CLOSED)
        agrees(e.std_error[0] ** 2, pair["chapman_var"], CLOSED)
    bound, reference = pv.mse.lower_bound(lists), expected["closedp_bc"]["Mh Chao"]
    agrees(float(bound), reference["abundance"], CLOSED)
    agrees(bound.std_error[0], reference["stderr"], CLOSED)


def test_loglinear_independence_and_best_bic(oracle: Path) -> None:
    lists, expected = _lists(oracle), _expected(oracle)
    names = lists.names
    main, best = expected["closedp_t"]["Mt"], expected["profile_ci_best_bic"]
    pairs = [
        (names[int(p[0]) - 1], names[int(p[1]) - 1]) for p in best["mX"].strip("[]").split(",")
    ]
    for e, reference in (
        (pv.mse.loglinear(lists), main),
        (pv.mse.loglinear(lists, pairs=pairs), best["results"]),
    ):
        agrees(float(e), reference["abundance"], ITERATED)
        agrees(e.std_error[0], reference["stderr"], ITERATED)
