"""Several outcomes of one survey in one estimate: each with its own denominator, with their covariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..blocks import Block, add_blocks
from ..estimand import SEVERAL, Coded, Estimand, by_row
from ..estimate import Estimate
from ..frames import Table
from ..merged import refuse
from ..survey import Survey, require_survey

if TYPE_CHECKING:
    from .definition import Definition

__all__ = ["told", "unclassified"]

Array = NDArray[Any]
SAME = 1e-12  # of a difference of two shares of the same rows: rounding alone


def unclassified(survey: Survey, definition: Definition, windows: Sequence[str | None]) -> Survey:
    """Return the survey without the outcomes of a definition that it was classified by before."""
    require_survey(survey)
    refuse(survey.merged, "a definition")
    names = [definition.outcome(window) for window in windows]
    old = {
        name + end
        for name in names
        for end in ("", "_low", "_high")
        if name in survey.coded and survey.coded[name].definition_hash == definition.hash
    }
    if not old:
        return survey
    kept = {name: column for name, column in survey.table.columns.items() if name not in old}
    coded = {name: about for name, about in survey.coded.items() if name not in old}
    return survey._replace(table=Table(kept, survey.n), coded=coded)


def share(survey: Survey, outcome: str, y: Array, about: Coded) -> Estimate:
    """Estimate the share of one outcome in its own denominator, leaving out what is not known."""
    from ..direct import prevalence

    with_it = survey._with_columns({outcome: y}, {outcome: about})
    return prevalence(with_it, outcome, where=about.where or None, missing="drop")


def stacked(estimates: Sequence[Estimate]) -> Estimate:
    """Put estimates of one row each under one another, with the covariance of their sources."""
    rows = len(estimates)
    blocks: tuple[Block, ...] = ()
    for k, e in enumerate(estimates):
        place = np.zeros((rows, 1))
        place[k] = 1.0
        blocks = add_blocks(blocks, tuple(block.combine(_sparse(place)) for block in e.blocks))
    first = estimates[0]
    outcomes = tuple(e.outcomes[0] for e in estimates)
    estimands = [e.estimand or Estimand() for e in estimates]
    return replace(
        first,
        value=np.concatenate([e.value for e in estimates]),
        blocks=blocks,
        labels=tuple(e.labels[0] for e in estimates),
        outcomes=outcomes,
        estimand=reduce(_both, estimands),
        constants=_together([e.constants for e in estimates]),
        facts=_together([e.facts for e in estimates]),
        warnings=tuple(dict.fromkeys(text for e in estimates for text in e.warnings)),
        provenance={**first.provenance, **by_row(dict(zip(outcomes, estimands, strict=True)))},
    )


def paired(e: Estimate, left: Sequence[int], right: Sequence[int]) -> Estimate:
    """Return differences between rows of one estimate, with their covariance."""
    return e.take(np.asarray(left)) - e.take(np.asarray(right))


def told(difference: Estimate, level: float) -> tuple[Array, Array]:
    """Return standard errors and limits of differences; nan where no row makes a difference."""
    error, limits = difference.std_error.copy(), difference.interval(level).copy()
    none = (np.abs(difference.value) < SAME) & ~(error > SAME)
    error[none], limits[none] = np.nan, np.nan
    return error, limits


def _sparse(matrix: Array) -> Any:
    from scipy.sparse import csr_array

    return csr_array(matrix)


def _together(each: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Put facts of rows under one another; those that every row has."""
    names = [name for name in each[0] if all(name in facts for facts in each)]
    return {name: np.concatenate([np.atleast_1d(facts[name]) for facts in each]) for name in names}


def _both(one: Estimand, two: Estimand) -> Estimand:
    """Return what two estimands have in common, with the words of both where they differ."""

    def words(name: str) -> str:
        a, b = getattr(one, name), getattr(two, name)
        if name == "outcome":
            return str(a) if a == b else SEVERAL
        parts = dict.fromkeys(part for text in (a, b) for part in text.split("; ") if part)
        return "; ".join(parts)

    return Estimand(**{name: words(name) for name in Estimand.__dataclass_fields__})
