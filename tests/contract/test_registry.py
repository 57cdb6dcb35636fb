"""The list of estimators itself: what is registered is what is found."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import prevalence as pv
from prevalence import registry
from prevalence.errors import nearest, warn


def example() -> Any:
    return None


@pytest.fixture
def entry() -> Iterator[registry.Entry]:
    def made() -> pv.Estimate:
        return pv.uncertain(1.0, std_error=0.1)

    made.__module__ = "prevalence.direct.made"
    keep = registry.estimator(
        unit="count",
        smooth=True,
        degree=1,
        citation="none",
        example=example,
        skips={"contract": "reason"},
        variants={"rule": example},
    )
    assert keep(made) is made
    yield registry._ENTRIES["direct.made"]
    del registry._ENTRIES["direct.made"]


def test_a_registered_function_is_found_by_its_family_and_name(entry: registry.Entry) -> None:
    assert registry.registered()["direct.made"] is entry
    assert (entry.name, entry.unit, entry.smooth, entry.degree) == ("direct.made", "count", True, 1)
    assert (entry.citation, entry.example) == ("none", example)
    assert entry.skips == {"contract": "reason"}
    assert list(entry.variants) == ["rule"]


def test_every_other_rule_is_an_entry_of_its_own(entry: registry.Entry) -> None:
    found = registry.registered(variants=True)
    assert set(registry.registered()) < set(found)
    rule = found["direct.made, rule"]
    assert rule.name == "direct.made, rule"
    assert rule.example is entry.variants["rule"]
    assert rule.function is entry.function
    assert all(name == one.name for name, one in found.items())
    assert list(registry.registered()) == sorted(registry.registered())


def test_a_warning_points_at_the_line_of_the_caller_through_cached_properties() -> None:
    names: dict[str, Any] = {"__name__": "prevalence.made", "warn": warn}
    exec("def told(self):\n    warn('something')\n    return 1", names)  # noqa: S102

    class Has:
        told = functools.cached_property(names["told"])

    Has.told.__set_name__(Has, "told")
    with warnings.catch_warnings(record=True) as got:
        warnings.simplefilter("always")
        assert Has().told == 1
    assert [w.filename for w in got] == [__file__]


def test_the_nearest_name_or_all_of_a_few_are_told() -> None:
    assert nearest("hous", ["hours", "age"]) == " Did you mean 'hours'?"
    assert nearest("x", ["hours", "age"]) == " There are: hours, age."
    assert nearest("x", [f"column_{i}" for i in range(12)]).count("column") == 12
    assert nearest("x", [f"column_{i}" for i in range(13)]) == ""
    assert nearest("x", []) == ""
