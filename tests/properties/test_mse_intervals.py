"""Public intervals of lists: the rules agree with each other, and few failures are said."""

from __future__ import annotations

import numpy as np
import pytest

import prevalence as pv
from prevalence.mse.histories import all_histories

COUNTS = [60, 74, 48, 21, 9, 12, 4]


def lists() -> pv.Lists:
    return pv.Lists.from_counts(all_histories(3), COUNTS, ["A", "B", "C"])


def test_bca_percentile_and_jackknife_of_one_procedure() -> None:
    found = {
        rule: pv.mse.stepwise(lists(), interval=rule, replicates=300, rng=1)
        for rule in ("bca", "percentile", "jackknife")
    }
    assert len({float(e) for e in found.values()}) == 1
    for rule, e in found.items():
        low, high = e.interval()[0]
        assert sum(COUNTS) <= low < float(e) < high, rule
    assert found["bca"].std_error == found["percentile"].std_error
    for level in (0.5, 0.9):
        assert (found["bca"].interval(level)[0] != found["percentile"].interval(level)[0]).all()
    assert "about" in found["bca"].provenance["variance"]
    assert found["jackknife"].provenance["variance"].startswith("jackknife")


def test_bca_stays_with_a_count_that_is_multiplied() -> None:
    e = pv.mse.stepwise(lists(), replicates=100, rng=1)
    assert (2 * e).interval() == pytest.approx(2 * e.interval(), rel=1e-12)


def test_tables_of_the_model_and_of_histories_are_both_bootstraps() -> None:
    model = pv.mse.stepwise(lists(), resamples="model", replicates=200, rng=1)
    histories = pv.mse.stepwise(lists(), replicates=200, rng=1)
    assert model.provenance["variance"].startswith("parametric bootstrap")
    assert float(model) == float(histories)
    # Standard errors over 200 draws are known to about 5 % each, and the laws are alike.
    assert model.std_error == pytest.approx(histories.std_error, rel=0.5)


def test_few_failures_are_left_out_and_counted() -> None:
    given = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [50, 40, 5], ["A", "B"])
    with pytest.warns(pv.PrevalenceWarning, match=r"\d of 500 bootstrap replicates failed"):
        e = pv.mse.stepwise(given, replicates=500, rng=1)
    assert np.isfinite(e.interval()).all()


def test_limits_at_the_extreme_replicate_are_said() -> None:
    e = pv.mse.stepwise(lists(), replicates=20, rng=1)
    assert any("smallest of 20 replicates" in text for text in e.warnings)
    assert any("largest of 20 replicates" in text for text in e.warnings)
    many = pv.mse.stepwise(lists(), replicates=2000, rng=1, interval="percentile")
    assert not any("replicates" in text for text in many.warnings)


def test_influence_is_the_estimate_without_a_person() -> None:
    frame = pv.mse.influence(lists()).to_frame()
    assert frame["share"].sum() == pytest.approx(1)
    assert frame["change"].abs().is_monotonic_decreasing
    row = frame.iloc[0]
    fewer = np.array(COUNTS, dtype=float)
    history = row[["A", "B", "C"]].to_numpy(dtype=int)
    fewer[(all_histories(3) == history).all(axis=1)] -= 1
    alone = pv.mse.stepwise(pv.Lists.from_counts(all_histories(3), fewer), replicates=0)
    assert row["without_one"] == pytest.approx(float(alone), rel=1e-9)
    given = pv.mse.influence(lists(), pairs=[("A", "B")])
    assert given.model == "A and B"
    assert not given.to_frame()["other_model"].any()
    assert "histories" in repr(given)
