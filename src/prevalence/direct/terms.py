"""The columns of a regression: numbers, treatment contrasts of categories, interactions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import check_rows, nearest, one_of
from ..evaluate import Domains
from ..frames import Table, names_of
from ..survey import Survey
from .outcomes import incomplete

__all__ = ["INTERCEPT", "Terms", "check_weights", "read_terms"]

Array = NDArray[Any]
INTERCEPT = "(intercept)"


@dataclass(frozen=True, eq=False)
class Variable:
    """One predictor on the rows that take part: a number, or codes of levels."""

    name: str
    values: Array
    levels: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of its columns, of every level of a category."""
        if self.levels:
            return tuple(f"{self.name} = {level}" for level in self.levels)
        return (self.name,)

    @property
    def contrasts(self) -> tuple[str, ...]:
        """Names of what is told of it: a category's levels against the first."""
        return self.labels[1:] if self.levels else self.labels

    def columns(self) -> list[Array]:
        """Return its columns: the number itself, or an indicator of each level."""
        if self.levels:
            return [(self.values == k).astype(float) for k in range(len(self.levels))]
        return [self.values]

    def constant(self, level: int) -> list[Array]:
        """Return its columns were every row of one level."""
        n = self.values.size
        return [np.full(n, float(k == level)) for k in range(len(self.levels))]


@dataclass(frozen=True, eq=False)
class Terms:
    """The terms of a regression over the rows that take part."""

    variables: dict[str, Variable]
    terms: tuple[tuple[str, ...], ...]
    intercept: bool
    y: Array
    rows: Array | None  # positions of the rows that take part, None for all
    domains: Domains
    missing: int

    @property
    def names(self) -> list[str]:
        """Name of every coefficient."""
        out = [INTERCEPT] if self.intercept else []
        of = {name: variable.labels for name, variable in self.variables.items()}
        for term in self.terms:
            out += [":".join(parts) for parts in product(*self._used(term, of))]
        return out

    def _used(self, term: tuple[str, ...], of: Mapping[str, Sequence[Any]]) -> list[Sequence[Any]]:
        """Return the columns of a term's parts: a category leaves out its first level.

        Without an intercept the first category keeps it, so that every level has its own.
        """
        kept = None
        if not self.intercept:
            whole = [name for (name,) in (t for t in self.terms if len(t) == 1)]
            kept = next((name for name in whole if self.variables[name].levels), None)
        return [
            of[name] if not self.variables[name].levels or term == (kept,) else of[name][1:]
            for name in term
        ]

    def matrix(self, **columns: list[Array]) -> Array:
        """Return the design matrix (rows, p), with the columns of some variables replaced."""
        of = {name: variable.columns() for name, variable in self.variables.items()}
        return self._built({**of, **columns})

    def derivative(self, name: str) -> Array:
        """Return the derivative of the design matrix in a number."""
        ones = np.ones(self.y.size)
        of = {n: v.columns() for n, v in self.variables.items()} | {name: [ones]}
        return self._built(of, only=name)

    def _built(self, of: dict[str, list[Array]], only: str | None = None) -> Array:
        n = self.y.size
        out = [np.full(n, float(only is None))] if self.intercept else []
        for term in self.terms:
            for parts in product(*self._used(term, of)):
                inside = only is None or only in term
                out.append(reduce(np.multiply, parts) if inside else np.zeros(n))
        return np.stack(out, axis=1)

    def spread(self, columns: Array, n: int) -> list[Array]:
        """Return columns (rows that take part, k) as rows over the whole table, zero elsewhere."""
        if self.rows is None:
            return list(np.ascontiguousarray(columns.T))
        out = np.zeros((columns.shape[1], n))
        out[:, self.rows] = columns.T
        return list(out)


def read_terms(
    survey: Survey,
    outcome: str | None,
    predictors: str | Sequence[str],
    domains: Domains,
    missing: str,
    *,
    categorical: Sequence[str] = (),
    intercept: bool = True,
) -> Terms:
    """Read outcome and predictors of the rows that take part, and count the rows lost.

    Without an outcome it is 0, as of a table, whose columns are all categories.
    """
    one_of("missing", missing, ["error", "drop"])
    terms = _parsed(survey.table, predictors)
    if not terms and not intercept:
        raise ValueError(
            "predictors must name a column: found none, and no intercept. Write the name of one."
        )
    inside = domains.take_part(survey)
    names = list(dict.fromkeys(name for term in terms for name in term))
    named = names_of("categorical", categorical)
    for name in named:
        if name not in names:
            raise ValueError(
                f"categorical must name predictors: {name!r} is not one.{nearest(name, names)}"
            )
    raw = {name: _column(survey.table, name, name in named) for name in names}
    gone = {("predictors", name): _missing(values, name) for name, (values, _) in raw.items()}
    y = np.zeros(survey.n)
    if outcome is not None:
        y = survey.table.numeric(outcome, "outcome")
        gone["outcome", outcome] = _missing(y, outcome, "outcome")
    lost = _lost(gone, inside, missing)
    kept = inside & ~np.logical_or.reduce(list(gone.values()))
    if not kept.any():
        raise ValueError(
            f"predictors must leave rows: all {int(inside.sum()):,} rows with weight miss one or "
            "the outcome. Leave out the column with most missing values."
        )
    if outcome is not None:
        check_weights(survey.chain.weights, kept)
    rows = None if kept.all() else np.flatnonzero(kept)
    take = slice(None) if rows is None else rows
    if domains.code is not None or lost:
        domains = Domains(np.where(kept, 0, -1), ((),))
    variables = {name: _variable(survey.table, name, *found, take) for name, found in raw.items()}
    return Terms(variables, terms, intercept, y[take], rows, domains, lost)


def _parsed(table: Table, predictors: str | Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Split interactions, and check that their parts are there and nothing stands twice."""
    given: list[Any] = [predictors] if isinstance(predictors, str) else list(predictors)
    for text in given:
        if not isinstance(text, str):
            table.raw(text, "predictors")
        elif text not in table.columns and re.search(r"[~+*]", text):
            raise ValueError(
                f"predictors must be a list of columns: found a formula, {text!r}. Write each column "
                'on its own, and an interaction as "a:b".'
            )
    terms = tuple(
        (text,) if text in table.columns else tuple(part.strip() for part in text.split(":"))
        for text in given
    )
    held = [frozenset(term) for term in terms]
    for term, text in zip(terms, given, strict=True):
        for name in term:
            table.raw(name, "predictors")
        if len(set(term)) < len(term) or held.count(frozenset(term)) > 1:
            raise ValueError(
                f"predictors must be named once each: {text!r} repeats one. Leave out the repeat; "
                "for a square, put it into a column of the data."
            )
        for size in range(1, len(term)):
            for part in combinations(term, size):
                if frozenset(part) not in held:
                    raise ValueError(
                        f"predictors must name the parts of an interaction: {text!r} stands "
                        f"without {':'.join(part)!r}. Add it."
                    )
    return terms


def _column(table: Table, name: str, named: bool) -> tuple[Array, bool]:
    """Return a number as float64, anything else as it came, and whether it is a category."""
    raw = table.raw(name, "predictors")
    if not (named or hasattr(getattr(raw, "dtype", None), "categories")):
        try:
            return table.numeric(name, "predictors"), False
        except TypeError:
            if getattr(getattr(raw, "dtype", None), "kind", "O") in "mMc":
                raise
    return np.asarray(raw), True


def _missing(values: Array, name: str, argument: str = "predictors") -> Array:
    if values.dtype.kind == "f":
        check_rows(argument, f"finite in {name!r}", values, np.isinf(values), "Correct them.")
        return np.isnan(values)
    import pandas as pd

    return np.asarray(pd.isna(values))


def _lost(gone: dict[tuple[str, str], Array], inside: Array, missing: str) -> int:
    """Return how many rows are lost, or say where they are."""
    lost = int((np.logical_or.reduce(list(gone.values())) & inside).sum())
    if lost and missing == "error":
        argument, name = max(gone, key=lambda key: int((gone[key] & inside).sum()))
        raise incomplete(argument, name, gone[argument, name] & inside, inside)
    return lost


def check_weights(weights: Array, kept: Array) -> None:
    """Check that no row that takes part has a negative weight."""
    bad = kept & (weights < 0)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"weights must be positive in a regression: {int(bad.sum()):,} of {int(kept.sum()):,} "
            f"rows are negative after calibration (first: row {first}, {weights[first]:g}). "
            "Calibrate with bounds or distance='raking', which keep weights positive."
        )


def _variable(table: Table, name: str, values: Array, category: bool, take: Any) -> Variable:
    if not category:
        return Variable(name, values[take])
    raw = table.raw(name, "predictors")
    part = raw.iloc[take] if hasattr(raw, "iloc") else raw[take]
    codes, labels = Table({name: part}, len(part)).codes([name], "predictors")
    if len(labels) < 2:
        raise ValueError(
            f"predictors must vary: {name!r} is {labels[0][0]!r} in all {len(part):,} rows that "
            "take part. Leave it out."
        )
    return Variable(name, codes, tuple(label[0] for label in labels))
