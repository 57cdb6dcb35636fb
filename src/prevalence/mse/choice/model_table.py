"""The table of all log-linear models of some lists, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arguments import explained
from ...errors import number, one_of, shown, whole
from ...lists import Lists
from ..assemble import require_overlap
from ..histories import BoolArray, FloatArray, IntArray, Term
from ..loglinear import LoglinearFit, loglinear_fit
from ..near import CLOSE
from .hierarchies import MOST, brackets, degree_two, hierarchical_models, interactions, neighbours

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ModelTable", "models"]

CRITERIA, PENALTIES, RANKINGS = ("bic", "aic"), ("persons", "cells"), ("bic", "degree-2")


@explained
@dataclass(frozen=True, eq=False, repr=False)
class ModelTable:
    """All hierarchical log-linear models of some lists, best first; those without an estimate last.

    Parameters
    ----------
    names : tuple of str
        The lists.
    terms : tuple of frozenset of int
        Terms beyond the main effects.
    included : ndarray of bool, of shape (T, M)
        Which of them each model has.
    total, std_error : ndarray of shape (M,)
        Population size and the model's own standard error; nan where there is no estimate.
    value : ndarray of shape (M,)
        The criterion; nan where there is no estimate.
    parameters, boundary, code : ndarray of int, of shape (M,)
        Parameters, those at the boundary included; how many of them are there because no person is
        on all of their lists; 0 where the estimate exists, 1 for no maximum, 2 for terms that are
        not identifiable, 3 for both.
    criterion : str
        "bic" or "aic".

    See Also
    --------
    models : Make the table.

    Notes
    -----
    The weight of a model is ``exp(-difference / 2)`` over its sum: roughly its posterior
    probability if all models were equally likely before. Models that all miss a dependence are all
    wrong, however narrow their range.

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4])
    >>> table = pv.mse.models(lists)
    >>> len(table), table.best
    (8, '[list 1][list 2][list 3]')
    >>> table.label(0), [round(end) for end in table.range()]
    ('[list 1][list 2][list 3]', [462, 526])
    >>> table.degree_two()[:3]
    array([0, 1, 2])
    """

    names: tuple[str, ...]
    terms: tuple[Term, ...]
    included: BoolArray
    total: FloatArray
    std_error: FloatArray
    value: FloatArray
    parameters: IntArray
    boundary: IntArray
    code: IntArray
    criterion: str

    def __len__(self) -> int:
        return int(self.included.shape[1])

    def __repr__(self) -> str:
        fine = len(self) - self.excluded
        text = f"<ModelTable: {fine:,} of {len(self):,} models have an estimate"
        if not fine:
            return text + ">"
        low, high = self.range()
        return (
            f"{text}; best {self.best}: {self.total[0]:,.0f}; within {CLOSE:g} units "
            f"{low:,.0f} to {high:,.0f}>"
        )

    @property
    def excluded(self) -> int:
        """Models without an extended maximum likelihood estimate, or not identifiable."""
        return int((~self._fine).sum())

    @property
    def best(self) -> str:
        """The first model, by its generators."""
        return self.label(0)

    @property
    def _fine(self) -> BoolArray:
        fine: BoolArray = np.isfinite(self.value)
        return fine

    def label(self, row: int) -> str:
        """Return the name of a model by its generators.

        Parameters
        ----------
        row : int
            Its place in the table, from 0.

        Returns
        -------
        str
            Such as ``[police,shelter][school]``.
        """
        place = whole("row", row, 0, "Give a place in the table, from 0.")
        if place >= len(self):
            raise ValueError(
                f"row must be a place in the table of {len(self):,} models: found {place:,}. The last "
                f"is {len(self) - 1:,}."
            )
        return brackets(self.terms, self.included[:, place], self.names)

    def range(self, within: float = CLOSE) -> tuple[float, float]:
        """Return the smallest and largest population size over models that fit about as well.

        Parameters
        ----------
        within : float
            Largest difference of the criterion from the best model's.

        Returns
        -------
        tuple of float
            Both ends; nan where no model has an estimate.
        """
        if not self._fine.any():
            return float("nan"), float("nan")
        if not number("within", within) >= 0:
            raise ValueError(
                f"within must be 0 or more: found {shown(within)}. Give a difference of the criterion, "
                "such as 6."
            )
        near = self.total[self._fine & (self.value <= self.value[0] + within)]
        return float(near.min()), float(near.max())

    def degree_two(self) -> IntArray:
        """Return the rows in the order of the best rank among each model and its neighbours.

        Returns
        -------
        ndarray of int
            Rows of the models that have an estimate. Neighbours differ by one term.
        """
        return degree_two(np.flatnonzero(self._fine), neighbours(self.terms, self.included))

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a frame.

        Returns
        -------
        pandas.DataFrame
            The columns are model, estimate, std_error, parameters, the criterion under its name, difference from
            the best, weight, boundary (terms that no person has) and code.

        Examples
        --------
        >>> import prevalence as pv
        >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
        >>> pv.mse.models(lists).to_frame()[["model", "estimate", "weight"]].round(
        ...     6
        ... ).values.tolist()
        [['[A][B]', 200.0, 1.0]]
        """
        import pandas as pd

        difference = self.value - self.value[0]
        weight = np.where(self._fine, np.exp(-np.nan_to_num(difference) / 2), 0.0)
        return pd.DataFrame(
            {
                "model": [self.label(row) for row in range(len(self))],
                "estimate": self.total,
                "std_error": self.std_error,
                "parameters": self.parameters,
                self.criterion: self.value,
                "difference": difference,
                "weight": weight / max(weight.sum(), 1e-300),
                "boundary": self.boundary,
                "code": self.code,
            }
        )


@explained
def models(
    lists: Lists, *, order: int = 2, criterion: str = "bic", penalty: str = "persons"
) -> ModelTable:
    """Estimate the population size by every hierarchical log-linear model of the lists.

    Each model has all main effects and a set of terms that holds every term inside a term,
    fitted by extended maximum likelihood; ``BIC = k log(n) - 2 log L`` with k its parameters.

    Parameters
    ----------
    lists : Lists
        The case lists, at most six.
    order : int
        Largest number of lists in a term. The term of all lists is never in: it and the number of
        persons on no list cannot be told apart.
    criterion : {"bic", "aic"}
        What models are ranked by.
    penalty : {"persons", "cells"}
        n in the BIC: the persons seen or the number of capture histories.

    Returns
    -------
    ModelTable
        Best first, with `to_frame()` and the range over models that fit about as well.

    Raises
    ------
    ValueError
        When the lists do not overlap, an option is not one of its words, or there are more than
        40,000 models.

    Notes
    -----
    Terms whose lists share nobody are at the boundary and count as parameters. Models without an
    extended maximum, or whose terms are not identifiable, have no estimate and come last. All
    models assume that persons are equally likely to be on a list; where that fails, all are wrong
    together. With few overlaps many models fit about as well and their sizes lie far apart.

    References
    ----------
    Silverman, B. W., Chan, L. and Vincent, K. (2024). Bootstrapping multiple systems estimates to
    account for model selection. Statistics and Computing 34, 44. doi:10.1007/s11222-023-10346-9

    Chan, L., Silverman, B. W. and Vincent, K. (2021). Multiple systems estimation for sparse
    capture data. Journal of the American Statistical Association 116, 1297-1306.
    doi:10.1080/01621459.2019.1708748

    Examples
    --------
    >>> import prevalence as pv
    >>> histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4], ["A", "B", "C"])
    >>> pv.mse.models(lists).to_frame()[["model", "estimate"]].round(1).head(3).values.tolist()
    [['[A][B][C]', 476.0], ['[A,B][C]', 525.6], ['[A,C][B]', 462.0]]
    """
    require_overlap(lists)
    one_of("criterion", criterion, CRITERIA)
    one_of("penalty", penalty, PENALTIES)
    terms, included = enumerated(len(lists.names), order)
    if included is None:
        raise ValueError(
            f"order must leave at most {MOST:,} models to list: {order} with {len(lists.names)} "
            "lists leaves more. Choose a smaller order, merge lists, or use pv.mse.select, which "
            "then searches downhill."
        )
    fit = loglinear_fit(lists.histories, lists.counts, terms, included=included)
    return made(lists, terms, included, fit, criterion, penalty)


def enumerated(lists: int, order: object) -> tuple[tuple[Term, ...], BoolArray | None]:
    """Terms up to an order and all models of them, or None where they are too many."""
    advice = "Write 2 for pairs of lists, 1 for independence."
    terms = interactions(lists, whole("order", order, 1, advice))
    return terms, hierarchical_models(terms)


def per_parameter(criterion: str, penalty: str, persons: FloatArray, histories: int) -> FloatArray:
    """Penalty of one parameter for tables of so many persons, (B,)."""
    if criterion == "aic":
        return np.full(np.shape(persons), 2.0)
    if penalty == "cells":
        return np.full(np.shape(persons), np.log(histories))
    logarithm: FloatArray = np.log(np.maximum(persons, 1))
    return logarithm


def made(
    lists: Lists,
    terms: tuple[Term, ...],
    included: BoolArray,
    fit: LoglinearFit,
    criterion: str,
    penalty: str,
) -> ModelTable:
    """Put fitted models in order."""
    cost = per_parameter(criterion, penalty, np.array([lists.seen]), len(lists.counts))
    value = fit.parameters * cost - 2 * fit.log_likelihood
    rows = np.argsort(np.where(np.isfinite(value), value, np.inf), kind="stable")
    return ModelTable(
        names=tuple(lists.names),
        terms=terms,
        included=included[:, rows],
        total=fit.total[rows],
        std_error=fit.std_error[rows],
        value=value[rows],
        parameters=fit.parameters[rows],
        boundary=fit.boundary[:, rows].sum(axis=0),
        code=np.where(np.isfinite(value) | (fit.code > 0), fit.code, 1)[rows],
        criterion=criterion,
    )
