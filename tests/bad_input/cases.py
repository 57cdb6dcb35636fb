"""Twelve households to spoil, and what each bad input of a survey must be answered with."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

import prevalence as pv


def rows() -> dict[str, Any]:
    """Twelve households in six primary units of two strata."""
    return {
        "w": np.array([2.0, 3.0, 1.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 2.0]),
        "region": np.array(["N"] * 6 + ["S"] * 6),
        "ea": np.repeat(np.arange(6), 2),
        "sex": np.array(["F", "M"] * 6),
        "age": np.array([5.0, 9, 12, 17, 8, 7, 14, 15, 6, 11, 10, 13]),
        "case": np.array([1.0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1]),
        "answered": np.array([1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1]),
        "key": np.arange(12),
    }


def replaced(**columns: Any) -> dict[str, Any]:
    return {**rows(), **columns}


def at(name: str, row: int, value: Any) -> dict[str, Any]:
    column = rows()[name].astype(object if isinstance(value, str) else float)
    column[row] = value
    return replaced(**{name: column})


def survey(data: Any, **how: Any) -> pv.Survey:
    return pv.Survey(data, **{"weights": "w", "strata": "region", "psu": "ea", **how})


def few(count: int) -> dict[str, Any]:
    return {name: column[:count] for name, column in rows().items()}


def labelled(name: str, *labels: Any) -> dict[str, Any]:
    """Rows of six primary units, two rows each, with other labels in one column."""
    column = np.empty(12, dtype=object)
    column[:] = np.repeat(np.array(labels, dtype=object), 12 // len(labels))
    return replaced(**{name: column})


class Bad(NamedTuple):
    """What is given, what is asked of it, and the kind and text of the error."""

    data: Any
    ask: Callable[[Any], Any]
    kind: type[Exception]
    message: str


def mean(data: Any) -> pv.Estimate:
    return pv.direct.mean(survey(data), "age")


def prevalence(data: Any) -> pv.Estimate:
    return pv.direct.prevalence(survey(data), "case")


def where(text: str) -> Callable[[Any], Any]:
    return lambda data: pv.direct.mean(survey(data), "age", where=text)


def unchanged(before: Any, after: Any) -> None:
    if isinstance(before, dict):
        assert list(before) == list(after)
        for name in before:
            np.testing.assert_array_equal(np.asarray(before[name]), np.asarray(after[name]))
    elif isinstance(before, pd.DataFrame):
        pd.testing.assert_frame_equal(before, after)
    elif isinstance(before, pl.DataFrame):
        assert before.equals(after)
    else:
        assert before == after


def refused(case: Bad) -> None:
    """Check the kind and the text of the error, and that what was given is as it was."""
    data = copy.deepcopy(case.data)
    with pytest.raises(case.kind, match=case.message) as caught:
        case.ask(data)
    assert type(caught.value) is case.kind
    unchanged(case.data, data)
    message = str(caught.value)
    assert "  " not in message
    assert not message.endswith(" ")
