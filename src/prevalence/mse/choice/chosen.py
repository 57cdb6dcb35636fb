"""How a table of counts comes to its model: which models compete, in which order, by what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...errors import one_of, whole
from ...lists import Lists
from ..assemble import require_overlap
from ..histories import BoolArray, FloatArray, Term
from ..loglinear import loglinear_fit
from ..model import Model, build_model
from .downhill import Descent, descend
from .hierarchies import movable
from .model_table import (
    CRITERIA,
    PENALTIES,
    RANKINGS,
    ModelTable,
    enumerated,
    made,
    per_parameter,
)
from .selection import Candidates, Winners, cheapest


@dataclass(frozen=True, eq=False)
class Choice:
    """How a table of counts becomes a model: which models compete, in which order, by what."""

    lists: Lists
    terms: tuple[Term, ...]
    included: BoolArray | None
    criterion: str
    penalty: str
    ranking: str
    ntop: int | None
    order: int
    n_jobs: int | None = None

    @cached_property
    def model(self) -> Model:
        """The design of all terms."""
        return build_model(self.lists.histories, self.terms)

    @cached_property
    def table(self) -> ModelTable:
        """All models, best first; by downhill search, the one found and its neighbours."""
        included = self.included
        if included is None:
            found = self.descend(self.lists.counts[:, None]).included
            beside = np.eye(len(self.terms), dtype=bool)[:, movable(self.terms, found)[:, 0]]
            included = np.concatenate([found, found ^ beside], axis=1)
        fit = loglinear_fit(self.lists.histories, self.lists.counts, self.terms, included=included)
        return made(self.lists, self.terms, included, fit, self.criterion, self.penalty)

    @cached_property
    def candidates(self) -> Candidates:
        """Models in the order of their ranks; those without an estimate last, if all compete."""
        ranked = np.flatnonzero(np.isfinite(self.table.value))
        if self.ranking == "degree-2":
            ranked = self.table.degree_two()
        others = np.setdiff1d(np.arange(len(self.table)), ranked)
        rows = np.concatenate([ranked, others]) if self.ntop is None else ranked[: self.ntop]
        return Candidates.warm(self.model, self.table.included[:, rows], self.lists.counts)

    def cost(self, counts: FloatArray) -> FloatArray:
        """Penalty of one parameter on each table."""
        return per_parameter(self.criterion, self.penalty, counts.sum(axis=0), len(counts))

    def winners(self, counts: FloatArray) -> Winners:
        """Best model of each table, whatever the number of those that compete."""
        return cheapest(self.candidates, counts, self.cost(counts), self.n_jobs)

    def descend(self, counts: FloatArray) -> Descent:
        """Search downhill on each table."""
        return descend(self.model, self.terms, counts, self.cost(counts))

    def total(self, counts: FloatArray) -> FloatArray:
        """Population size of each table by its own best model, (B,)."""
        if self.included is None:
            return self.descend(counts).total
        return self.winners(counts).best()[1]


def require_model(table: ModelTable) -> None:
    """Raise where no model has an estimate."""
    if table.excluded == len(table):
        raise ValueError(
            f"lists must have a model with an estimate: none of {len(table):,} has one. Leave out "
            "empty lists, or merge two lists."
        )


def choice(
    lists: Lists,
    order: int,
    ntop: int | None,
    ranking: str,
    criterion: str,
    penalty: str,
    n_jobs: int | None = None,
) -> Choice:
    """Check the options and return the choice."""
    require_overlap(lists)
    one_of("criterion", criterion, CRITERIA)
    one_of("penalty", penalty, PENALTIES)
    one_of("ranking", ranking, RANKINGS)
    terms, included = enumerated(len(lists.names), order)
    if ntop is not None:
        whole("ntop", ntop, 1, "Write 60 for the 60 best models, None for all.")
    if included is None and (ntop is not None or ranking != "bic"):
        raise ValueError(
            f"ntop and ranking need all models to be fitted: order {order} with "
            f"{len(lists.names)} lists leaves too many. Choose a smaller order, or leave both out "
            "for a downhill search."
        )
    return Choice(lists, terms, included, criterion, penalty, ranking, ntop, order, n_jobs)
