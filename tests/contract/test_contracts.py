"""What every registered estimator promises, checked through its public call without naming any.

An estimator meets the contracts that its sample can be asked for; one that does not apply is named
in its `skips` with the reason.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.registry import Entry, Example, registered

Array = NDArray[Any]
CONTRACTS = (
    "replicate columns",
    "repeated row",
    "zero weight",
    "shuffled rows",
    "homogeneity",
    "central difference",
    "inputs unchanged",
    "same seed",
    "frames agree",
    "docstring",
)
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "References", "Examples")
ENTRIES = registered(variants=True)
# Modules whose public functions return an `Estimate` without estimating from a sample.
NOT_ESTIMATORS = (
    "algebra",
    "custom",
    "draws",
    "estimate",
    "imputation",
    "known",
    "registry",
    "storage",
    "survey",
    "synthesis",
)
# The same sums in another order, and a few hundred operations after them.
ROUNDING = 1e-10


def meets(contract: str) -> pytest.MarkDecorator:
    names = [name for name, entry in ENTRIES.items() if contract not in entry.skips]
    return pytest.mark.parametrize("name", names)


def call(entry: Entry, example: Example, data: Any) -> pv.Estimate:
    return entry.function(example.sample(data), **example.arguments)


def same(one: pv.Estimate, two: pv.Estimate, tolerance: float = ROUNDING) -> None:
    assert one.labels == two.labels
    np.testing.assert_allclose(one.value, two.value, rtol=tolerance)
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=tolerance)


def alike(one: Any, two: Any) -> bool:
    """Tell whether an argument is as its copy was, down to the numbers it holds."""
    if isinstance(one, dict):
        return list(one) == list(two) and all(alike(one[key], two[key]) for key in one)
    if isinstance(one, pv.Survey):
        columns = ({n: s.table.raw(n, n) for n in s.table.names} for s in (one, two))
        return alike(*columns) and alike(one.final_weights, two.final_weights)
    if isinstance(one, pv.Estimate):
        return alike(one.value, two.value) and alike(one.std_error, two.std_error)
    a, b = np.asarray(one), np.asarray(two)
    return bool(np.all((a == b) | ((a != a) & (b != b))))  # nan differs from itself


def own_columns(found: pv.Estimate, sample: Any) -> Array:
    """Return the columns that come from the sample: an argument may bring a source of its own."""
    if len(found.columns) == 1:
        ((columns, _),) = found.columns.values()
        return columns
    return found.columns[sample.design.source][0]


def subset(data: Any, rows: Array) -> dict[str, Array]:
    return {name: np.asarray(column)[rows] for name, column in data.items()}


def with_weights(example: Example, weights: Array) -> dict[str, Any]:
    return {**example.data, example.weight: weights}


# The contracts


@meets("replicate columns")
@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_values_under_replicate_columns_are_values_under_those_weights(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    sample = example.sample(example.data)
    if not hasattr(sample, "bootstrap"):
        pytest.skip("the sample has no replicates")
    made = sample.bootstrap(8, rng=1)
    found = entry.function(made, **example.arguments)
    deviations = own_columns(found, made)
    weights = np.asarray(example.data[example.weight], dtype=float)
    for r in range(8):
        column = made.scheme.factors[:, r]
        if hasattr(sample, "design"):
            data = with_weights(example, weights * column[sample.design.psu_of_unit[sample.unit]])
        else:  # capture histories: the columns are their numbers of persons
            lists = {name: made.histories[:, j] for j, name in enumerate(made.names)}
            data = {**lists, example.weight: column}
        wanted = call(entry, example, data).value
        np.testing.assert_allclose(found.value + deviations[:, r], wanted, rtol=1e-9)


@meets("repeated row")
def test_an_integer_weight_is_a_repeated_row(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    weights = np.asarray(example.data[example.weight])
    assert (weights == np.round(weights)).all(), "the example has integer weights for this"
    data = subset(example.data, np.repeat(np.arange(weights.size), weights.astype(int)))
    data[example.weight] = np.ones(data[example.weight].size)
    same(call(entry, example, example.data), call(entry, example, data))


@meets("zero weight")
@pytest.mark.filterwarnings("ignore:weights are zero in")
@pytest.mark.filterwarnings("ignore:all .* persons of list . are on list")
@pytest.mark.filterwarnings("ignore:the estimate of .* is below the .* persons on any of the lists")
def test_a_zero_weight_is_a_deleted_row(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    weights = np.array(example.data[example.weight], dtype=float)
    unit = np.asarray(example.data[example.unit])
    first = np.unique(unit, return_index=True)[1]
    shared = [row for row in first if (unit == unit[row]).sum() > 1]
    gone = np.array((shared or first.tolist())[1::3])
    weights[gone] = 0
    kept = np.setdiff1d(np.arange(weights.size), gone)
    same(
        call(entry, example, with_weights(example, weights)),
        call(entry, example, subset(example.data, kept)),
    )


@meets("shuffled rows")
def test_shuffled_rows_change_nothing(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    order = np.random.default_rng(1).permutation(len(example.data[example.weight]))
    same(call(entry, example, example.data), call(entry, example, subset(example.data, order)))


@meets("shuffled rows")
def test_shuffled_rows_change_nothing_under_replicates(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    order = np.random.default_rng(1).permutation(len(example.data[example.weight]))
    samples = [example.sample(data) for data in (example.data, subset(example.data, order))]
    for scheme in ("jackknife", "bootstrap"):
        if all(hasattr(sample, scheme) for sample in samples):
            how = {"rng": 3, "replicates": 12} if scheme == "bootstrap" else {}
            one, two = (
                entry.function(getattr(s, scheme)(**how), **example.arguments) for s in samples
            )
            same(one, two, 1e-8)


@pytest.mark.parametrize("name", [n for n, entry in ENTRIES.items() if entry.degree is not None])
def test_values_scale_with_the_weights_as_declared(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    assert "homogeneity" not in entry.skips, "declare degree=None instead"
    weights = np.asarray(example.data[example.weight])
    base = call(entry, example, example.data).value
    for factor in (2, 1_000):
        moved = call(entry, example, with_weights(example, factor * weights)).value
        np.testing.assert_allclose(
            moved, base * float(factor) ** (entry.degree or 0), rtol=ROUNDING
        )


@meets("central difference")
def test_influence_is_the_central_difference_in_the_weights_of_a_unit(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    sample = example.sample(example.data)
    if not (entry.smooth and hasattr(sample, "design")):
        pytest.skip("the sample has no linearised variance")
    found = entry.function(sample, **example.arguments)
    columns = own_columns(found, sample)
    weights = np.asarray(example.data[example.weight], dtype=float)
    psu, h = sample.design.psu_of_unit[sample.unit], 1e-5
    influence = np.empty((len(found), int(psu.max()) + 1))
    for j in range(influence.shape[1]):
        up, down = (
            call(entry, example, with_weights(example, np.where(psu == j, weights * s, weights)))
            for s in (1 + h, 1 - h)
        )
        influence[:, j] = (up.value - down.value) / (2 * h)
    stratum = sample.design.stratum_of_psu
    for k in np.unique(stratum):
        influence[:, stratum == k] -= influence[:, stratum == k].mean(axis=1, keepdims=True)
    # The step's square, 1e-10, and rounding of values over the step, 1e-11, against columns that
    # are a tenth to a hundredth of the value.
    size = np.abs(influence).max(axis=1, keepdims=True)
    assert (np.abs(columns - influence) / size).max() < 1e-6


@meets("inputs unchanged")
def test_inputs_are_left_alone(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    for frame in (dict, pd.DataFrame):
        data: Any = frame({k: np.array(v) for k, v in example.data.items()})
        before, arguments = copy.deepcopy(data), copy.deepcopy(dict(example.arguments))
        sample = example.sample(data)
        first = entry.function(sample, **example.arguments)
        entry.function(sample, **example.arguments).interval()
        for column in before:
            np.testing.assert_array_equal(np.asarray(data[column]), np.asarray(before[column]))
        assert list(data) == list(before)
        assert alike(dict(example.arguments), arguments)
        np.testing.assert_array_equal(
            first.value, entry.function(example.sample(before), **arguments).value
        )


@meets("inputs unchanged")
def test_read_only_and_strided_columns_are_read(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    data = {}
    for key, column in example.data.items():
        wide = np.repeat(np.asarray(column), 2)
        wide.setflags(write=False)
        data[key] = wide[::2]
    same(call(entry, example, example.data), call(entry, example, data), 0)


@meets("same seed")
def test_a_call_repeated_gives_the_same_numbers(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    sample = example.sample(example.data)
    one, two = (entry.function(sample, **example.arguments) for _ in range(2))
    same(one, two, 0)
    if hasattr(sample, "bootstrap"):
        one, two = (
            entry.function(sample.bootstrap(10, rng=5), **example.arguments) for _ in range(2)
        )
        same(one, two, 0)


@meets("frames agree")
def test_pandas_polars_and_mappings_agree(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    base = call(entry, example, {k: np.asarray(v) for k, v in example.data.items()})
    plain = {k: np.asarray(v).tolist() for k, v in example.data.items()}
    for data in (
        plain,
        pd.DataFrame(plain),
        pl.DataFrame(plain),
        pd.DataFrame(plain).convert_dtypes(),
    ):
        same(base, call(entry, example, data), 0)


@meets("docstring")
def test_the_docstring_is_complete(name: str) -> None:
    entry = ENTRIES[name]
    text = inspect.getdoc(entry.function)
    assert text is not None
    found = {title: text.find(f"\n{title}\n{'-' * len(title)}\n") for title in SECTIONS}
    assert -1 not in found.values(), f"missing: {[t for t, at in found.items() if at < 0]}"
    assert list(found.values()) == sorted(found.values()), "sections in numpydoc's order"
    assert re.search(r"doi:10\.\d{4,}/\S+", text[found["References"] : found["Examples"]])
    assert ">>> " in text[found["Examples"] :]
    for parameter in inspect.signature(entry.function).parameters:
        assert re.search(
            rf"^{parameter}(, \w+)* :|^\w+(, \w+)*, {parameter}(, \w+)* :", text, re.MULTILINE
        ), f"{parameter} is not described"
    assert re.search(r"\(\d{4}\)", entry.citation)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_result_says_what_it_is(name: str) -> None:
    entry, example = ENTRIES[name], ENTRIES[name].example()
    found = call(entry, example, example.data)
    assert isinstance(found, pv.Estimate)
    assert found.unit == entry.unit
    assert found.method
    assert found.citations
    assert found.estimand is not None
    assert len(found.outcomes) == len(found.labels) == len(found) == found.std_error.size
    limits = found.interval(0.9)
    assert limits.shape == (len(found), 2)
    assert (limits[:, 0] <= found.value).all()
    assert (found.value <= limits[:, 1]).all()


@pytest.mark.parametrize("name", ENTRIES)
def test_skips_name_a_contract_and_a_reason(name: str) -> None:
    for contract, reason in ENTRIES[name].skips.items():
        assert contract in CONTRACTS
        assert len(reason) > 20


# Nothing is left unregistered


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(pv.__path__, "prevalence."):
        parts = found.name.split(".")[1:]
        if parts[0] not in NOT_ESTIMATORS and parts[-1] != "__main__":
            yield importlib.import_module(found.name)


def unregistered(module: ModuleType, known: set[Callable[..., Any]]) -> list[str]:
    """Return the public functions of a module that return an estimate and are not registered."""
    return [
        f"{module.__name__}.{name}"
        for name in getattr(module, "__all__", ())
        if isinstance(getattr(module, name), FunctionType)
        and re.search(r"\bEstimate\b", str(getattr(module, name).__annotations__.get("return")))
        and getattr(module, name) not in known
    ]


def test_every_public_function_that_returns_an_estimate_is_registered() -> None:
    known: set[Callable[..., Any]] = {entry.function for entry in ENTRIES.values()}
    assert ENTRIES
    missing = [name for module in modules() for name in unregistered(module, known)]
    assert not missing, f"decorate with @estimator: {missing}"


def test_an_unregistered_estimator_would_be_found() -> None:
    known: set[Callable[..., Any]] = {entry.function for entry in ENTRIES.values()}
    new = ModuleType("prevalence.new_family")

    def forgotten(sample: Any) -> pv.Estimate:
        return pv.direct.mean(sample, "y")

    def helper(sample: Any) -> float:
        return float(forgotten(sample))

    known_one = next(iter(ENTRIES.values())).function
    for name, function in {"forgotten": forgotten, "helper": helper, "held": known_one}.items():
        setattr(new, name, function)
    new.__dict__["__all__"] = ["forgotten", "helper", "held"]
    assert unregistered(new, known) == ["prevalence.new_family.forgotten"]
