"""Alters that respondents report: read, checked, and counted per member of groups of known size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers
from ..errors import check_rows, nothing_named
from ..estimate import Estimate
from ..evaluate import Domains, Result
from ..facts import relative
from ..groups import MOST
from ..items import read_item
from ..merged import refuse
from ..survey import Survey
from .degrees import refuse_missing
from .reports import psus_with_reports

__all__: list[str] = []

Array = NDArray[Any]


def survey_of(argument: str, sample: Answers | Survey) -> Survey:
    """Return the survey of a sample."""
    if isinstance(sample, Answers):
        return sample.survey
    if not isinstance(sample, Survey):
        raise TypeError(
            f"{argument} must be a Survey or Answers: found {type(sample).__name__}. Make one with "
            "pv.Survey(data, weights=...)."
        )
    refuse(sample.merged, "answers about others")
    return sample


def counts_of(
    sample: Answers | Survey, columns: Sequence[str], argument: str, said: list[str]
) -> Array:
    """Return the numbers in some columns, or groups of answers, by row; nan where missing."""
    if not columns:
        raise nothing_named(argument)
    survey = survey_of("sample", sample)
    how: Any = {"codes": {}}
    if isinstance(sample, Answers):
        how = {"codes": sample.codes, "fractional": sample.fractional}
    out = np.empty((len(columns), survey.n))
    for k, column in enumerate(columns):
        if isinstance(sample, Answers) and (column in sample.known or column in sample.hidden):
            out[k] = sample.counts([column])[0]
            continue
        out[k] = read_item(survey.table, column, argument, said=said, **how).counts
    return out


def answered(argument: str, names: Sequence[str], y: Array, inside: Array, missing: str) -> Array:
    """Return which answers there are; missing ones of rows inside are an error unless asked otherwise."""
    gone = np.isnan(y)
    if missing == "error":
        refuse_missing(argument, names, gone, inside)
    return ~gone


def deviation(size: Estimate, rows: int) -> Estimate:
    """Return 0 with the uncertainty of a number, in so many rows."""
    centred = replace(size - float(size), estimand=None, unit="known")
    return centred.take(np.zeros(rows, dtype=int))


def times(e: Estimate, factor: Estimate | float | None, *, divide: bool = False) -> Estimate:
    """Multiply or divide by a factor that takes on the estimand of the estimate."""
    if factor is None:
        return e
    plain = replace(factor, estimand=None) if isinstance(factor, Estimate) else float(factor)
    return e / plain if divide else e * plain


def as_before(out: Estimate, e: Estimate, rule: str, one_report: Array | None = None) -> Estimate:
    """Return adjusted numbers with the labels, facts and words of the estimate they come from.

    What few reports take from its degrees of freedom counts by their share of the variance.
    """
    constants = {} if one_report is None else {"one_report": one_report}
    if "excess" in e.constants:
        with np.errstate(all="ignore"):
            relative = (e.std_error / e.value) / (out.std_error / out.value)
            constants["excess"] = e.constants["excess"] * np.nan_to_num(relative**4)
    return replace(
        out,
        unit=e.unit,
        estimand=e.estimand,
        interval_rule=rule,
        constants=constants,
        maps=(),
        facts=e.facts,
        labels=e.labels,
        outcomes=e.outcomes,
        provenance=e.provenance,
        method=e.method,
    )


def report_facts(
    survey: Survey, result: Result, domains: Domains, y: Array, used: Array
) -> dict[str, Array]:
    """Return rows, missing rows, reports and primary units with reports, outcome by outcome."""
    inside = domains.take_part(survey)
    return {
        "n": (used & inside).sum(axis=1),
        "missing": (~used & inside).sum(axis=1),
        "psus": np.tile(result.psus, len(y)),
        "cases": np.where(used & inside, y, 0.0).sum(axis=1).round().astype(int),
        "psus_with_cases": psus_with_reports(survey, domains, np.where(used, y, 0.0)),
    }


def mean_weight(w: Array) -> float:
    """Return the weight of one report, ``sum w^2 / sum w``: the mean times Kish's design effect."""
    top, v = float(np.abs(w).max()), relative(w)
    return float(top * (v @ v / v.sum()))


def positive(argument: str, value: float, what: str) -> float:
    """Check that a number is positive and finite."""
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{argument} must be a positive number: found {value:g}. Give {what}.")
    if value > MOST:
        raise ValueError(
            f"{argument} must be a number of people: found {value:g}, more than there are. Give {what}."
        )
    return value


def share(argument: str, value: float, what: str) -> float:
    """Check that a number is above 0 and at most 1."""
    if not 0 < value <= 1:
        raise ValueError(
            f"{argument} must be above 0 and at most 1: found {value:g}. It is {what}."
        )
    return value


def check_at_most(argument: str, y: Array, limit: Array, rule: str, remedy: str) -> None:
    """Raise where a count is above another one of the same row."""
    with np.errstate(invalid="ignore"):
        check_rows(argument, rule, y, np.asarray(y > limit), remedy)
