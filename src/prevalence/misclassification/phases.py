"""The two phases of a validation study, read from columns and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import check_rows, note, nothing_named, one_of
from ..evaluate import Domains
from ..facts import relative
from ..frames import Table, names_of
from ..merged import refuse
from ..survey import Survey, require_survey
from ..weighting import Subsample

__all__ = ["FORMS", "Phases", "second_phase_of", "unseen", "unseen_variance"]

Array = NDArray[Any]
FORMS = ("double-expansion", "reweighted")


@dataclass(frozen=True, eq=False)
class Phases:
    """Who was screened with which result, and on whom of them the gold standard was seen."""

    code: Array  # screen stratum of the rows; 0 where the row is not screened
    labels: tuple[str, ...]
    screened: Array
    validated: Array
    gold: Array  # 0 where not validated
    lost: Array  # rows with weight that are not screened, or were drawn without a result

    def expanded(self, survey: Survey, form: str) -> Survey:
        """Return the survey of validated rows, which carry the screened of their stratum."""
        step = Subsample(
            self.code,
            self.labels,
            self.validated.astype(float),
            self.screened.astype(float),
            form == "reweighted",
            f"validation subsample, {form}",
        )
        return survey._step(step, ordered=False)

    def counts(self) -> tuple[Array, Array, Array]:
        """Return screened rows, validated rows and cases among these, by screen stratum."""
        rows = (self.screened, self.validated, self.validated & (self.gold == 1))
        k = len(self.labels)
        screened, validated, cases = (np.bincount(self.code[r], minlength=k) for r in rows)
        return screened, validated, cases


def second_phase_of(
    survey: Survey, screen: str | Sequence[str], gold: str, selected: str | None, missing: str
) -> Phases:
    """Read who was screened and who validated, and check one against the other."""
    one_of("missing", missing, ["error", "drop"])
    require_survey(survey)
    refuse(survey.merged, "a second phase")
    names = names_of("screen", screen)
    if not names:
        raise nothing_named("screen")
    weighted = survey.chain.weights != 0
    raw = [survey.table.raw(name, "screen") for name in names]
    known = ~np.any([np.asarray(pd.isna(column)) for column in raw], axis=0)
    result = survey.table.numeric(gold, "gold")
    seen = ~np.isnan(result)
    remedy = "Code cases as 1, and leave it missing where it was not looked for."
    check_rows("gold", "0 or 1", result, seen & ~np.isin(result, (0.0, 1.0)), remedy)
    drawn = _drawn(survey, selected, gold, seen)
    _check_subset(names, weighted & drawn & ~known, weighted & drawn)
    _check_complete("screen", names[0], weighted & ~known, weighted, missing)
    _check_complete("gold", gold, weighted & drawn & ~seen, weighted & drawn, missing)
    screened = weighted & known
    validated = screened & drawn & seen
    code, labels = _strata(names, raw, screened)
    found = Phases(
        code,
        labels,
        screened,
        validated,
        np.where(validated, result, 0.0),
        weighted & (~known | (drawn & ~seen)),
    )
    _check_strata(names, found)
    return found


def _drawn(survey: Survey, selected: str | None, gold: str, seen: Array) -> Array:
    """Return who was drawn for the second phase: by a column, or those with a gold standard."""
    if selected is None:
        return seen
    column = survey.table.numeric(selected, "selected")
    remedy = "Code rows drawn for validation as 1 and the others as 0."
    check_rows("selected", "0 or 1", column, ~np.isin(column, (0.0, 1.0)), remedy)
    outside = seen & (column == 0)
    if outside.any():
        raise ValueError(
            f"gold must be seen on selected rows alone: {gold!r} is given in {int(outside.sum()):,} of "
            f"{int((column == 0).sum()):,} rows that {selected!r} has as not drawn (first: row "
            f"{int(np.flatnonzero(outside)[0])}). Correct either, or leave selected= out to take "
            "every row with a gold standard as drawn."
        )
    return np.asarray(column == 1)


def _check_subset(names: list[str], bad: Array, drawn: Array) -> None:
    if bad.any():
        raise ValueError(
            f"validated rows must be among the screened: {int(bad.sum()):,} of {int(drawn.sum()):,} have "
            f"no {' x '.join(names)} (first: row {int(np.flatnonzero(bad)[0])}). Enter the screen's "
            "result, or make the gold standard missing there."
        )


def _check_complete(argument: str, name: str, bad: Array, among: Array, missing: str) -> None:
    if bad.any() and missing == "error":
        what = "rows with weight" if argument == "screen" else "rows drawn for validation"
        then = (
            "leave these rows out of both phases"
            if argument == "screen"
            else "take them as not drawn, as if at random within their screen stratum"
        )
        raise ValueError(
            f"{argument} must be complete: {name!r} is missing in {int(bad.sum()):,} of "
            f"{int(among.sum()):,} {what} (first: row {int(np.flatnonzero(bad)[0])}). Pass "
            f"missing='drop' to {then}, with their count in the result."
        )


def _strata(names: list[str], raw: list[Any], screened: Array) -> tuple[Array, tuple[str, ...]]:
    """Return the screen stratum of each row, and the names of the strata."""
    if not screened.any():
        raise ValueError(
            f"screen must be known in some rows: {' x '.join(names)} is missing in every row with "
            "weight. Check it."
        )
    held = {name: column[screened] for name, column in zip(names, raw, strict=True)}
    found, labels = Table(held, int(screened.sum())).codes(names, "screen")
    code = np.zeros(screened.size, dtype=np.intp)
    code[screened] = found
    return code, tuple(", ".join(label) for label in labels)


def _check_strata(names: list[str], phases: Phases) -> None:
    screened, validated, _ = phases.counts()
    none = validated == 0
    if none.any():
        k = int(np.flatnonzero(none)[0])
        raise ValueError(
            f"every screen stratum must hold a validated row: {int(none.sum())} of {none.size} do not "
            f"(first: {' x '.join(names)} = {phases.labels[k]!r}, {screened[k]:,} rows). Merge strata, "
            "or validate some of its rows."
        )


def unseen(phases: Phases) -> list[str]:
    """Say what the second phase cannot tell: strata of one validated row, strata without a case."""
    screened, validated, cases = phases.counts()
    part = validated < screened
    said: list[str] = []
    one = part & (validated == 1)
    if one.any():
        k = int(np.flatnonzero(one)[0])
        note(
            said,
            f"{int(one.sum())} of {one.size} screen strata have one validated row (first: "
            f"{phases.labels[k]!r}, of {screened[k]:,}): the standard error leaves out how its rows "
            "differ. Merge strata, or validate more rows.",
        )
    none = part & (cases == 0)
    if none.any():
        k = int(np.flatnonzero(none)[0])
        most = 1 - 0.05 ** (1 / validated[k])
        share = screened[k] / screened.sum()
        note(
            said,
            f"{int(none.sum())} of {none.size} screen strata have no case among their validated rows "
            f"(first: {phases.labels[k]!r}, {validated[k]:,} of {screened[k]:,}): the standard error "
            f"takes their share as 0. It may be up to {100 * most:.2g} % (one-sided 95 % limit of "
            f"equally weighted rows), which adds up to {100 * most * share:.2g} points to the prevalence.",
        )
    return said


def unseen_variance(expanded: Survey, phases: Phases, domains: Domains) -> Array:
    """Return by how much Jeffreys' variance of the shares of the strata is above the plain one.

    With x cases among m validated rows of a stratum (effective numbers, in the domain) of weight
    share W it adds up ``W^2 ((x + 1/2) (m - x + 1/2) / ((m + 1)^2 (m + 2)) - x (m - x) / m^3)``:
    about ``W^2 / (2 m^2)`` where no case was seen, whose plain variance is 0.
    """
    strata = len(phases.labels)
    inside = phases.validated & (domains.of_rows(expanded.n) >= 0)
    w = relative(expanded.chain.weights[inside])
    key = domains.of_rows(expanded.n)[inside] * strata + phases.code[inside]

    def sums(v: Array) -> Array:
        flat = np.bincount(key, weights=v, minlength=domains.count * strata)
        return flat.reshape(domains.count, strata)

    size, cases = sums(w), sums(w * phases.gold[inside])
    screened, validated, _ = phases.counts()
    with np.errstate(all="ignore"):
        m = size**2 / sums(w * w)
        x = m * cases / size
        jeffreys = (x + 0.5) * (m - x + 0.5) / ((m + 1) ** 2 * (m + 2))
        more = (size / size.sum(axis=1, keepdims=True)) ** 2 * (jeffreys - x * (m - x) / m**3)
    drawn = (validated < screened) & (size > 0)
    return np.asarray(np.where(drawn, np.maximum(more, 0.0), 0.0).sum(axis=1))
