"""No number of people on no list is shown alone: what stands beside that of every estimator."""

from __future__ import annotations

import pickle
import re
import warnings
from functools import cache
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.mse.histories import all_histories, list_pairs
from prevalence.mse.loglinear import loglinear_fit
from prevalence.mse.trust.beside import close_fits, drawn_error
from prevalence.presentation import floor_said
from prevalence.registry import registered

NAMES = [name for name in registered(variants=True) if name.startswith("mse.")]
BOUNDS = {"mse.lower_bound", "mse.closed, Mh", "mse.closed, Mth", "mse.one_inflation, bound"}


@cache
def estimate(name: str) -> pv.Estimate:
    entry = registered(variants=True)[name]
    example = entry.example()
    with warnings.catch_warnings():  # what the examples of few replicates warn of is not at issue
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        return entry.function(example.sample(example.data), **example.arguments)


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_beside_every_number(name: str) -> None:
    e = estimate(name)
    told = e.provenance
    low, high = told["range"]
    assert 0 < low <= high < np.inf
    printed, shown = one_line(repr(e)), unescape(e._repr_html_())
    assert told["identified by"] in printed
    assert told["identified by"] in shown
    assert f"Assumed: {e.assumptions[0]}" in e.explain()
    for text in (printed, shown, one_line(e.explain())):
        assert " give " in text  # the range over models, or what stands for it
        assert told["declared facts"] in text
        assert floor_said(e) in text
        assert all(one_line(warning) in text for warning in e.warnings)
    assert one_line(e.sentence()).lower().startswith("assuming ")
    assert " give " in e.sentence()
    assert "at least about" in e.sentence()
    if e.interval_rule in ("percentile", "bca", "posterior"):
        assert re.search(r"95 % limits|not drawn", printed)  # the Monte Carlo error
    row = e.to_frame().iloc[0]
    assert row["identified_by"] == told["identified by"]
    assert (row["models_low"], row["models_high"]) == (low, high)
    assert row["declared_facts"] == told["declared facts"]


@pytest.mark.parametrize("name", NAMES)
def test_a_lower_bound_is_called_one_and_nothing_else_is(name: str) -> None:
    e = estimate(name)
    assert repr(e).startswith("<Lower bound: " if name in BOUNDS else "<Estimate: ")
    assert ("lower bound" in e.provenance["identified by"]) == (name in BOUNDS)
    assert ("(lower bound " in e.sentence()) == (name in BOUNDS)


@pytest.mark.parametrize("name", NAMES)
def test_every_estimate_of_lists_comes_back_from_its_file(name: str, tmp_path: Path) -> None:
    e = estimate(name)
    for again in (pv.load(e.save(tmp_path / "e.estimate")), pickle.loads(pickle.dumps(e))):  # noqa: S301
        pd.testing.assert_frame_equal(again.to_frame(), e.to_frame())
        assert repr(again) == repr(e)
        assert again.explain() == e.explain()
        assert again.sentence() == e.sentence()


LISTS = pv.Lists.from_counts(
    all_histories(3), [60, 74, 48, 21, 9, 12, 4], ["police", "shelter", "school"]
)


def test_two_lists_have_odds_ratios_in_place_of_models() -> None:
    two = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    e = pv.mse.lincoln_petersen(two, between=("A", "B"))
    assert e.provenance["range"] == (140.0, 320.0)  # 80 seen and 120 times 1/2 or 2
    assert "Odds ratios of A and B from 1/2 to 2 give 140 to 320" in repr(e)


def test_percentiles_say_how_far_other_draws_would_move_them() -> None:
    e = pv.mse.chapman(LISTS.bootstrap(400, rng=1), between=("police", "shelter"))
    moved = [
        pv.mse.chapman(LISTS.bootstrap(400, rng=seed), between=("police", "shelter")).interval()[0]
        for seed in range(2, 42)
    ]
    said = [
        float(x) for x in e.provenance["variance"].rstrip(")").split("about ")[1].split(" and ")
    ]
    # 40 bootstraps know a standard deviation to 11 %, and one bootstrap its own error to about 30 %.
    np.testing.assert_allclose(said, np.std(moved, axis=0, ddof=1), rtol=0.8)


def test_limits_of_draws_know_their_error() -> None:
    draws = np.random.default_rng(1).normal(1000, 100, 100_000)
    said = drawn_error(draws, 400)
    assert said.endswith("(400 effective draws)")
    # The error of a 2.5 % quantile of a normal law is 2.67 standard deviations over root n; that of
    # the upper and of the lower step differ by curvature, some 10 % at 400 draws.
    ends = [float(x) for x in re.findall(r"[\d.]+", said.partition("about")[2])[:2]]
    np.testing.assert_allclose(ends, 2.67 * 100 / 20, rtol=0.2)


def test_thin_lists_and_terms_at_the_boundary_are_said() -> None:
    counts = np.array([60, 74, 48, 50, 21, 0, 9, 0, 12, 0, 0, 0, 0, 0, 0])
    four = pv.Lists.from_counts(all_histories(4), counts, ["a", "b", "c", "d"])
    shared = four.overlaps().set_index(["first", "second"])["both"]
    first, second = shared.index[shared == 0][0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        e = pv.mse.loglinear(four, pairs=[(first, second)])
    assert any("groups of three lists does each pair share persons" in w for w in e.warnings)
    assert any(w.startswith("terms at the boundary") for w in e.warnings)
    assert pv.mse.loglinear(LISTS).warnings == ()


@pytest.mark.parametrize("seed", [1, 2])
def test_models_of_six_lists_near_the_best_are_all_found(seed: int) -> None:
    rng = np.random.default_rng(seed)
    histories = all_histories(6)
    odds = 3.0 ** (histories[:, 0] * histories[:, 1] + histories[:, 2] * histories[:, 4])
    means = 4000 * odds * np.prod(np.where(histories, 0.06, 0.94), axis=1)
    lists = pv.Lists.from_counts(histories, rng.poisson(means))
    models, _, bic = close_fits(lists)
    assert (np.diff(bic) >= 0).all()
    assert bic[-1] <= bic[0] + 6
    # Every step of one pair from a model found is found, or further off.
    pairs = list_pairs(6)
    included = np.array([[tuple(sorted(p)) in model for model in models] for p in pairs])
    steps = (included[:, :, None] ^ np.eye(len(pairs), dtype=bool)[:, None, :]).reshape(
        len(pairs), -1
    )
    fit = loglinear_fit(lists.histories, lists.counts, pairs, included=steps)
    known = {m.tobytes() for m in included.T}
    near = np.nan_to_num(fit.bic, nan=np.inf) <= bic[0] + 6
    assert {m.tobytes() for m in steps.T[near]} <= known


def test_lists_and_reports_of_them_survive_a_pickle() -> None:
    rows = {"a": [1, 0, 1], "b": [0, 1, 1], "by": ["", "", "a"], "sex": ["f", "m", "f"]}
    lists = pv.Lists(
        {**rows, "n": [40, 30, 10]}, ["a", "b"], counts="n", strata="sex", referred_by={"b": "by"}
    )
    drawn = lists.declare(missed_links=0.05).bootstrap(20, rng=1)
    again = pickle.loads(pickle.dumps(drawn))  # noqa: S301
    assert again.source == drawn.source
    assert again.referral_edges() == [("a", "b")]
    assert again.declared == drawn.declared
    np.testing.assert_array_equal(again.pattern_draws, drawn.pattern_draws)
    one, two = (pv.mse.chapman(x, between=("a", "b")) for x in (drawn, again))
    assert float((one - two).std_error[0]) == 0.0  # the same draws, not only the same law
    report = pv.mse.reliability(LISTS, simulations=19)
    copy = pickle.loads(pickle.dumps(report))  # noqa: S301
    assert repr(copy) == repr(report)
    pd.testing.assert_frame_equal(copy.to_frame(), report.to_frame())
    for made in (pv.mse.sensitivity(LISTS), pv.mse.models(LISTS)):
        assert repr(pickle.loads(pickle.dumps(made))) == repr(made)  # noqa: S301


def test_a_place_in_the_table_of_models_is_a_number_from_0() -> None:
    table = pv.mse.models(LISTS)
    assert table.label(0) == table.best
    for row in ("0", -1, 0.5):
        with pytest.raises(
            ValueError, match=r"^row must be .* Give a place in the table, from 0\.$"
        ):
            table.label(row)  # type: ignore[arg-type]


def test_what_is_made_of_a_floor() -> None:
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    size = pv.mse.chapman(lists, between=("A", "B"))
    assert (size * pv.uncertain(0.5, std_error=0.1)).provenance["floor"]
    assert "floor" not in (size / size).provenance  # a quotient of two floors bounds nothing
    share = pv.direct.prevalence(pv.Survey({"case": [1, 0, 0, 0] * 10}), "case")
    made = share.count(size).provenance  # a share of a floor is a floor, by the same assumption
    assert made["floor"]
    assert made["identified by"] == size.provenance["identified by"]
