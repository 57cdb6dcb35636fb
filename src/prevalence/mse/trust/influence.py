"""How much an estimate rests on each capture history: the jackknife, history by history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...arguments import explained
from ...errors import number
from ...lists import Lists
from ..assemble import require_overlap
from ..histories import FloatArray, IntArray
from ..loglinear import loglinear_fit
from ..resampling import Resampled, resample
from ..stepwise import stepwise_fit
from ..terms import chosen, in_words, terms_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Influence", "influence"]


@explained
@dataclass(frozen=True, eq=False)
class Influence:
    """The estimate without one person of each history, as `prevalence.mse.influence` returns it.

    Parameters
    ----------
    names : tuple of str
        The lists.
    histories : ndarray of int, shape (K, L)
        Histories that somebody has.
    persons : ndarray, shape (K,)
        Persons with each history.
    estimate : float
        From all persons.
    without : ndarray, shape (K,)
        Without one person of the history; nan where no model fits.
    models : tuple of str
        Pairs of lists in the model chosen without that person.
    model : str
        Pairs in the model chosen from all persons.
    share : ndarray, shape (K,)
        Share of the jackknife variance that the persons of this history make.
    std_error, acceleration : float
        The jackknife's standard error, and the acceleration of BCa intervals.

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> found = pv.mse.influence(lists)
    >>> round(found.std_error, 1), found.model
    (49.4, 'none')
    >>> found.to_frame().shape
    (3, 7)
    """

    names: tuple[str, ...]
    histories: IntArray
    persons: FloatArray
    estimate: float
    without: FloatArray
    models: tuple[str, ...]
    model: str
    share: FloatArray
    std_error: float
    acceleration: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row a history, the most influential first.

        Returns
        -------
        pandas.DataFrame
            A column of 0 and 1 for each list, persons, without_one, change, share and
            other_model, whether another model is chosen without one of these persons.
        """
        import pandas as pd

        frame = pd.DataFrame(self.histories, columns=list(self.names)).assign(
            persons=self.persons.astype(int),
            without_one=self.without,
            change=self.without - self.estimate,
            share=self.share,
            other_model=[model != self.model for model in self.models],
        )
        order = np.argsort(-np.abs(frame["change"].fillna(np.inf).to_numpy()), kind="stable")
        return frame.iloc[order].reset_index(drop=True)

    def __repr__(self) -> str:
        others = sum(model != self.model for model in self.models)
        head = (
            f"<Influence: {self.estimate:,.0f} persons estimated; {others} of {self.persons.size} "
            "histories change the model when one of their persons is left out>"
        )
        return f"{head}\n{self.to_frame().head(10).to_string(index=False)}"


@explained
def influence(
    lists: Lists, *, pairs: Sequence[Sequence[str]] | None = None, threshold: float = 0.02
) -> Influence:
    """Estimate the population size without one person of each history: what it rests on.

    The persons of one history are alike, so that each history needs one deletion. With ``N_w``
    persons and ``d_w`` the mean of the deletions less the one of ``w``, a history's share of the
    jackknife variance is ``N_w d_w^2 / sum N_v d_v^2``.

    Parameters
    ----------
    lists : Lists
        The case lists.
    pairs : list of groups of str, optional
        A log-linear model as in `loglinear`; without it the model is chosen anew in each deletion,
        as in `stepwise`.
    threshold : float
        Largest probability at which a pair enters the chosen model.

    Returns
    -------
    Influence
        A table: `to_frame()`.

    Raises
    ------
    ValueError
        When the lists do not overlap or the model has no estimate.

    Notes
    -----
    Takes persons as independent of each other. A deletion that makes an overlap empty or lets
    another model win shows as a jump: the interval of such data depends on single persons. It fails
    (says too little) where two persons have to go before a model changes.

    References
    ----------
    Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical
    Association 82, 171-185. doi:10.1080/01621459.1987.10478410

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> pv.mse.influence(lists).to_frame()[["persons", "change", "share"]].round(2)
       persons  change  share
    0       10   12.33   0.87
    1       30   -5.00   0.09
    2       40   -4.00   0.04
    """
    require_overlap(lists)
    number("threshold", threshold)
    models: list[str] = []

    def procedure(counts: FloatArray) -> FloatArray:
        if pairs is not None:
            terms = terms_of(lists, pairs)
            models.extend([in_words(lists, terms) or "none"] * counts.shape[1])
            return loglinear_fit(lists.histories, counts, terms).total
        found = stepwise_fit(lists.histories, counts, threshold=threshold)
        models.extend(in_words(lists, chosen(found.pairs, c)) or "none" for c in found.selected.T)
        return found.total

    return _table(lists, resample(procedure, lists.counts), models)


def _table(lists: Lists, found: Resampled, models: list[str]) -> Influence:
    if not np.isfinite(found.value[0]):
        raise ValueError(
            "lists must have an estimate: no maximum of the likelihood exists, or the terms are not "
            "identifiable. Leave out pairs or empty lists, or merge two lists."
        )
    jackknife = found.jackknife
    weight = jackknife.persons * jackknife.differences[0] ** 2
    known = np.isfinite(jackknife.without[0])
    total = weight.sum()
    share = np.where(known, weight / total if total > 0 else 0.0, np.nan)
    return Influence(
        names=tuple(lists.names),
        histories=lists.histories[jackknife.cells],
        persons=jackknife.persons,
        estimate=float(found.value[0]),
        without=jackknife.without[0],
        models=tuple(models[1 : 1 + jackknife.cells.size]),
        model=models[0],
        share=share,
        std_error=float(jackknife.std_error[0]),
        acceleration=float(jackknife.acceleration[0]),
    )
