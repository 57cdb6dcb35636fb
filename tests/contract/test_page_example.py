"""The estimator that the page on new estimators writes keeps what every registered one promises."""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence import registry
from tests.contract.checks import CONTRACTS, applies

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "new-estimator.md"
NAME = "direct.prevalence_ratio"
MODULE, REFERENCE = re.findall(
    r"^```python long\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the page's module, registered while a test runs."""
    made = ModuleType("prevalence.direct.relative")
    made.__package__ = "prevalence.direct"
    monkeypatch.setattr(registry, "_ENTRIES", dict(registry._ENTRIES))
    monkeypatch.setitem(sys.modules, made.__name__, made)
    exec(compile(MODULE, PAGE.name, "exec"), made.__dict__)  # noqa: S102 - the page of this repository
    function = made.__dict__["prevalence_ratio"]
    monkeypatch.setattr(pv.direct, "prevalence_ratio", function, raising=False)
    return made


@pytest.mark.usefixtures("module")
def test_it_keeps_every_promise() -> None:
    entry = registry.registered()[NAME]
    for name, contract in CONTRACTS.items():
        assert applies(entry, name) is None
        contract.check(entry)


def test_its_example_prints_what_it_says(module: ModuleType) -> None:
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder().find(module, module.__name__, globs={}):
        runner.run(test)
    assert runner.tries == 3
    assert not runner.failures


@pytest.mark.usefixtures("module")
def test_its_reference_row_is_met() -> None:
    names: dict[str, Any] = {"np": np, "pv": pv}
    exec(REFERENCE, names)  # noqa: S102 - the page of this repository
    names["test_prevalence_ratio_is_that_of_r"]()


def test_a_group_without_a_case_has_no_estimate(module: ModuleType) -> None:
    data = {"case": [1, 0, 0, 0], "away": [1, 1, 0, 0]}
    with pytest.warns(pv.PrevalenceWarning, match="1 of 1 domains have no estimate"):
        found = module.prevalence_ratio(pv.Survey(data), "case", trait="away")
    assert np.isnan(found.value).all()
