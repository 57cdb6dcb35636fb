"""Steps for unknown eligibility and nonresponse, built from columns and checked first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import check_rows, nearest, number
from .frames import Table, category, names_of
from .weighting import ClassResponse, Propensity, Refusals, Step

__all__: list[str] = []

Array = NDArray[Any]
Counts = str | Mapping[Any, float]
_ONE_OF_TWO = (
    "nonresponse takes responded or refusals: found {}. Name the column of 1 and 0, or, where those "
    "who refused have no row, give their counts in refusals=."
)


def _zero_one(table: Table, name: str, argument: str, remedy: str) -> Array:
    r = table.numeric(name, argument)
    check_rows(argument, "0 or 1", r, ~np.isin(r, (0.0, 1.0)), remedy)
    return r


def _classes(table: Table, within: Sequence[str] | str) -> tuple[Array, tuple[str, ...], str]:
    """Return codes and labels of the classes, and what to call them."""
    columns = names_of("within", within)
    code, labels = table.codes(columns, "within")
    names = tuple(", ".join(label) or "all rows" for label in labels)
    return code, names, f" within {' x '.join(columns)}" if columns else ""


def eligibility(table: Table, known: str, within: Sequence[str] | str) -> Step:
    """Build a step by which rows of known eligibility carry the unknown ones of their class."""
    code, names, what = _classes(table, within)
    r = _zero_one(table, known, "known", "Code known eligibility as 1 and unknown as 0.")
    holder = "eligibility classes must hold a row of known eligibility each"
    return ClassResponse(code, names, r, np.ones(table.n), f"eligibility{what}", 0, holder)


def nonresponse(
    table: Table,
    w: Array,
    responded: str | None,
    within: Sequence[str] | str,
    eligible: str | None,
    propensity: Sequence[str] | str,
    refusals: Counts | None,
) -> Step:
    """Build a response step: by class, by counts of refusals or by propensity."""
    predictors = names_of("propensity", propensity)
    if responded is not None and refusals is not None:
        raise ValueError(_ONE_OF_TWO.format("both"))
    counted = np.ones(table.n)
    if eligible is not None:
        remedy = "Code the eligible as 1 and the ineligible as 0."
        counted = _zero_one(table, eligible, "eligible", remedy)
    if predictors and (within or refusals is not None):
        raise ValueError(
            f"propensity must stand alone: found it with {'within' if within else 'refusals'}. Put "
            "the columns of the classes among the predictors."
        )
    if refusals is not None:
        return _refusals(table, w, within, counted, refusals)
    if responded is None:
        raise ValueError(_ONE_OF_TWO.format("neither"))
    remedy = "Code response as 1 and nonresponse as 0."
    r = _zero_one(table, responded, "responded", remedy) * counted
    if predictors:
        return Propensity(
            _predictors(table, predictors), r, counted, f"nonresponse by {', '.join(predictors)}"
        )
    code, names, what = _classes(table, within)
    return ClassResponse(code, names, r, counted, f"nonresponse{what}")


def _predictors(table: Table, names: Sequence[str]) -> Array:
    """Return a constant and the predictors: numbers as they are, text by class."""
    columns = [np.ones(table.n)]
    for name in names:
        try:
            x = table.numeric(name, "propensity")
        except TypeError:
            code, labels = table.codes([name], "propensity")
            columns += [(code == j).astype(float) for j in range(1, len(labels))]
            continue
        check_rows("propensity", f"complete in {name!r}", x, np.isnan(x), "Fill it in.")
        columns.append(x)
    return np.stack(columns, axis=1)


def _refusals(
    table: Table, w: Array, within: Sequence[str] | str, counted: Array, refusals: Counts
) -> Step:
    """Build a step by counts of refusals in each class."""
    code, names, what = _classes(table, within)
    used = (w != 0) & (counted > 0)
    rows = np.bincount(code, weights=used, minlength=len(names))
    if isinstance(refusals, str):
        refused = _counts_of_column(table, refusals, code, names, used)
    else:
        refused = _counts_of_mapping(refusals, names, rows)
    bad = ~(np.isfinite(refused) & (refused >= 0)) & (rows > 0)
    if bad.any():
        c = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"refusals must be counts of at least 0: {int(bad.sum())} of {len(names)} classes have "
            f"none (first: {names[c]}, {refused[c]:g}). Correct them."
        )
    factor = (rows + np.where(rows > 0, refused, 0.0)) / np.maximum(rows, 1.0)
    return Refusals(
        np.where(counted > 0, factor[code], 1.0), f"nonresponse by counts of refusals{what}"
    )


def _counts_of_column(
    table: Table, name: str, code: Array, names: Sequence[str], used: Array
) -> Array:
    values = table.numeric(name, "refusals")
    check_rows("refusals", "given", values, np.isnan(values) & used, "Fill them in.")
    out = np.zeros(len(names))
    out[code[used]] = values[used]
    differs = used & (values != out[code])
    if differs.any():
        row = int(np.flatnonzero(differs)[0])
        raise ValueError(
            f"refusals must be one number in each class: {name!r} has {values[row]:g} and "
            f"{out[code[row]]:g} in class {names[code[row]]!r} (row {row}). Name the columns of the "
            "classes in within=."
        )
    return out


def _counts_of_mapping(refusals: Mapping[Any, float], names: Sequence[str], rows: Array) -> Array:
    if not isinstance(refusals, Mapping):
        raise TypeError(
            f"refusals must map classes to counts, or name a column: found {type(refusals).__name__}. "
            'Write for example {"north": 3, "south": 0}.'
        )
    given = {", ".join(category(k)): number("refusals", v) for k, v in refusals.items()}
    for name in given:
        if name not in names or not rows[names.index(name)]:
            raise ValueError(
                f"refusals must be of classes with a responding row: {name!r} has none."
                f"{nearest(name, names)} Merge it with another class."
            )
    for name, here in zip(names, rows, strict=True):
        if here and name not in given:
            raise ValueError(
                f"refusals must cover every class: {name!r} has no count."
                f"{nearest(name, list(given))} Give its count, or 0."
            )
    return np.array([given.get(name, 0.0) for name in names])
