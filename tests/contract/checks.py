"""What every registered estimator promises, each promise as one function of its entry.

`CONTRACTS` is the list. `applies` says for an entry and a contract why it cannot be asked for, or
None: the one place where that is decided, for the tests and for the page of evidence. Reasons come
from the entry's own `skips` (and its example's), or follow from the kind of its sample.
"""

from __future__ import annotations

import copy
import inspect
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

import prevalence as pv
from prevalence.registry import Entry, Example

Array = NDArray[Any]
SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "References", "Examples")
# The same sums in another order, and a few hundred operations after them.
ROUNDING = 1e-10


class Contract(NamedTuple):
    """One promise in words, the function that checks it, and what it needs of a sample."""

    promise: str
    check: Callable[[Entry], None]
    needs: Callable[[Entry], str | None] | None = None


def applies(entry: Entry, contract: str) -> str | None:
    """Return why a contract cannot be asked of an entry, or None where it is."""
    told = {**entry.skips, **entry.example().skips}
    needs = CONTRACTS[contract].needs
    return told.get(contract) or (needs(entry) if needs else None)


def drawn(example: Example, data: Any) -> Any:
    """Return the sample: where the estimator is given an estimate, that which it is of."""
    return (example.own or example.sample)(data)


def call(entry: Entry, example: Example, data: Any) -> pv.Estimate:
    return estimated(entry, example, drawn(example, data))


def estimated(entry: Entry, example: Example, sample: Any, **more: Any) -> pv.Estimate:
    return entry.function(example.through(sample), **{**example.arguments, **more})


def sample_of(entry: Entry) -> Any:
    example = entry.example()
    return drawn(example, example.data)


@contextmanager
def expected(*messages: str) -> Iterator[None]:
    """Let warnings pass that a check itself brings about: rows without weight are told, say."""
    with warnings.catch_warnings():
        for message in messages:
            warnings.filterwarnings("ignore", message, pv.PrevalenceWarning)
        yield


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


# What a contract needs of a sample


def resampled(entry: Entry) -> str | None:
    if hasattr(sample_of(entry), "bootstrap"):
        return None
    return "its sample has no replicates of its own"


def linearised(entry: Entry) -> str | None:
    if not entry.smooth:
        return "it is declared not smooth: it has replicates or draws, and no linearised variance"
    if not hasattr(sample_of(entry), "design"):
        return "its sample has no linearised variance"
    return None


def seeded(entry: Entry) -> str | None:
    draws = "rng" in inspect.signature(entry.function).parameters
    if draws or hasattr(sample_of(entry), "bootstrap"):
        return None
    return "nothing in it is drawn at random"


# The contracts


def replicate_columns(entry: Entry) -> None:
    example = entry.example()
    sample = drawn(example, example.data)
    made = sample.bootstrap(8, rng=1)
    found = estimated(entry, example, made)
    deviations = own_columns(found, made)
    weights = np.asarray(example.data[example.weight], dtype=float)
    for r in range(8):
        column = made.scheme.factors[:, r]
        if hasattr(sample, "design"):
            data = with_weights(example, weights * column[sample.design.psu_of_unit[sample.unit]])
        else:  # capture histories: the columns are their numbers of persons
            lists = {name: made.histories[:, j] for j, name in enumerate(made.names)}
            data = {**lists, example.weight: column}
        with expected("weights are zero in"):
            wanted = call(entry, example, data).value
        # Two paths to one sum, and a few hundred operations after it.
        np.testing.assert_allclose(found.value + deviations[:, r], wanted, rtol=1e-9)


def repeated_row(entry: Entry) -> None:
    example = entry.example()
    weights = np.asarray(example.data[example.weight])
    assert (weights == np.round(weights)).all(), "the example has integer weights for this"
    data = subset(example.data, np.repeat(np.arange(weights.size), weights.astype(int)))
    data[example.weight] = np.ones(data[example.weight].size)
    same(call(entry, example, example.data), call(entry, example, data))


def zero_weight(entry: Entry) -> None:
    example = entry.example()
    weights = np.array(example.data[example.weight], dtype=float)
    unit = np.asarray(example.data[example.unit])
    first = np.unique(unit, return_index=True)[1]
    shared = [row for row in first if (unit == unit[row]).sum() > 1]
    gone = np.array((shared or first.tolist())[1::3])
    weights[gone] = 0
    kept = np.setdiff1d(np.arange(weights.size), gone)
    with expected(
        "weights are zero in",
        "all .* persons of list . are on list",
        "the estimate of .* is below the .* persons on any of the lists",
    ):
        same(
            call(entry, example, with_weights(example, weights)),
            call(entry, example, subset(example.data, kept)),
        )


def shuffled(example: Example) -> dict[str, Array]:
    order = np.random.default_rng(1).permutation(len(example.data[example.weight]))
    return subset(example.data, order)


def shuffled_rows(entry: Entry) -> None:
    example = entry.example()
    same(call(entry, example, example.data), call(entry, example, shuffled(example)))


def shuffled_rows_of_replicates(entry: Entry) -> None:
    example = entry.example()
    samples = [drawn(example, data) for data in (example.data, shuffled(example))]
    schemes: dict[str, dict[str, Any]] = {
        "jackknife": {},
        "bootstrap": {"rng": 3, "replicates": 12},
    }
    for scheme, how in schemes.items():
        if hasattr(samples[0], scheme):  # Lists have a bootstrap alone
            one, two = (estimated(entry, example, getattr(s, scheme)(**how)) for s in samples)
            same(one, two, 1e-8)  # a standard error is a root: twice the digits go


def homogeneity(entry: Entry) -> None:
    assert entry.degree is not None, "skips must say why none is declared"
    example, degree = entry.example(), entry.degree
    weights = np.asarray(example.data[example.weight])
    base = call(entry, example, example.data)
    for factor in (2, 1_000):
        moved = call(entry, example, with_weights(example, factor * weights))
        scale = float(factor) ** degree
        np.testing.assert_allclose(moved.value, base.value * scale, rtol=ROUNDING)
        if isinstance(drawn(example, example.data), pv.Survey):  # lists gain persons, not weight
            np.testing.assert_allclose(moved.std_error, base.std_error * scale, rtol=1e-8)


def central_difference(entry: Entry) -> None:
    example = entry.example()
    sample = drawn(example, example.data)
    found = estimated(entry, example, sample)
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


def inputs_unchanged(entry: Entry) -> None:
    example = entry.example()
    for frame in (dict, pd.DataFrame):
        data: Any = frame({k: np.array(v) for k, v in example.data.items()})
        before, arguments = copy.deepcopy(data), copy.deepcopy(dict(example.arguments))
        sample = drawn(example, data)
        first = estimated(entry, example, sample)
        estimated(entry, example, sample).interval()
        for column in before:
            np.testing.assert_array_equal(np.asarray(data[column]), np.asarray(before[column]))
        assert list(data) == list(before)
        assert alike(dict(example.arguments), arguments)
        again = entry.function(example.through(drawn(example, before)), **arguments)
        np.testing.assert_array_equal(first.value, again.value)


def read_only_columns(entry: Entry) -> None:
    example, data = entry.example(), {}
    for key, column in example.data.items():
        wide = np.repeat(np.asarray(column), 2)
        wide.setflags(write=False)
        data[key] = wide[::2]
    same(call(entry, example, example.data), call(entry, example, data), 0)


def same_call(entry: Entry) -> None:
    example = entry.example()
    sample = drawn(example, example.data)
    same(estimated(entry, example, sample), estimated(entry, example, sample), 0)


def same_seed(entry: Entry) -> None:
    example = entry.example()
    sample = drawn(example, example.data)
    if "rng" in inspect.signature(entry.function).parameters:
        seeds = (7, np.int64(7), np.random.default_rng(7))
        one, *others = (estimated(entry, example, sample, rng=seed) for seed in seeds)
        for other in others:
            same(one, other, 0)
    if hasattr(sample, "bootstrap"):
        one, two = (estimated(entry, example, sample.bootstrap(10, rng=5)) for _ in range(2))
        same(one, two, 0)


def frames_agree(entry: Entry) -> None:
    example = entry.example()
    base = call(entry, example, {k: np.asarray(v) for k, v in example.data.items()})
    plain = {k: np.asarray(v).tolist() for k, v in example.data.items()}
    for data in (
        plain,
        pd.DataFrame(plain),
        pl.DataFrame(plain),
        pl.DataFrame(plain).to_arrow(),
        pd.DataFrame(plain).convert_dtypes(),
    ):
        same(base, call(entry, example, data), 0)


def docstring(entry: Entry) -> None:
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


def result(entry: Entry) -> None:
    example = entry.example()
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


CONTRACTS = {
    "replicate columns": Contract(
        "the value under each column of replicate weights is the value with those weights",
        replicate_columns,
        resampled,
    ),
    "repeated row": Contract(
        "a weight of 3 is the same as three rows in the same unit", repeated_row
    ),
    "zero weight": Contract("a row without weight is the same as no row", zero_weight),
    "shuffled rows": Contract("the order of rows changes nothing", shuffled_rows),
    "shuffled rows of replicates": Contract(
        "the order of rows changes nothing under a jackknife or bootstrap",
        shuffled_rows_of_replicates,
        resampled,
    ),
    "homogeneity": Contract(
        "weights times 2 and times 1,000 change value and standard error as `degree` declares",
        homogeneity,
    ),
    "central difference": Contract(
        "the influence of every sampled unit, by the complex step, is the change of the value when "
        "its weights move a little",
        central_difference,
        linearised,
    ),
    "inputs unchanged": Contract("data and arguments are as before the call", inputs_unchanged),
    "read-only columns": Contract(
        "columns that are read-only or strided are read", read_only_columns
    ),
    "same call": Contract("the same call gives the same numbers to the last bit", same_call),
    "same seed": Contract(
        "the same `rng`, as a seed or a generator, gives the same numbers to the last bit",
        same_seed,
        seeded,
    ),
    "frames agree": Contract(
        "a mapping of lists, pandas, polars and Arrow tables give the same numbers", frames_agree
    ),
    "docstring": Contract(
        "sections in order, every parameter, a DOI, an example that runs", docstring
    ),
    "result": Contract(
        "its unit, method, citation and estimand; an interval around the value", result
    ),
}
