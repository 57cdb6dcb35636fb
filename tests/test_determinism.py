"""The committed comparison with another Python is of today's estimators, and a seed repeats itself."""

from __future__ import annotations

import pandas as pd

from evidence import determinism as study
from evidence.claims import CLAIMS, DOCS
from prevalence.registry import registered


def test_the_committed_table_has_every_estimator_and_all_are_met() -> None:
    table = pd.read_csv(DOCS / "determinism.csv")
    assert (table["met"] == "yes").all()
    names = table["estimator"].str.rsplit(", ", n=1).str[0]
    assert set(registered(variants=True)) <= set(names)
    assert (table.loc[table["drawn"] == "no", "difference"] <= study.ROUNDING).all()
    assert (pd.read_csv(CLAIMS / "determinism.csv")["met"] == "yes").all()


def test_differences_are_relative_and_nan_equals_nan_alone() -> None:
    nan = float("nan")
    assert study.relative([1.0, nan, 0.0], [1.0, nan, 0.0]) == 0
    assert study.relative([1.0], [1.0 + 1e-9]) > study.ROUNDING
    assert study.relative([nan], [0.0]) == float("inf")
    assert study.relative([1.0], [1.0, 2.0]) == float("inf")


def test_what_is_drawn_elsewhere_is_held_against_its_spread() -> None:
    one = [[float(k), 5.0] for k in range(12)]
    assert study.apart(one, [[value + 0.5, 5.0] for value, _ in one]) < 1
    assert study.apart(one, [[value + 60, 5.0] for value, _ in one]) > study.FAR
