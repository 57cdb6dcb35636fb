"""`GraphPosterior`: the exact posterior of the population size over decomposable graphs of lists."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike

from ...arguments import explained
from ...errors import level_in_range
from ...lists import Lists
from ..histories import FloatArray
from .chordal import ChordalGraphs
from .hyper_dirichlet import GraphLikelihood
from .lattice import Lattice

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GraphPosterior"]

MOVED, ENDED = 1.3, 2.0  # factors by which median and upper limit may move over delta
CLOSE = 3.0  # half of 6 BIC units: graphs of exp(-3) times the largest weight fit about as well


@dataclass(frozen=True)
class SweepRow:
    """What one prior weight gives: median and 95 % interval, evidence, share of the saturated graph."""

    delta: float
    median: float
    low: float
    high: float
    log_evidence: float
    saturated: float


@explained
@dataclass(frozen=True, eq=False, repr=False)
class GraphPosterior:
    """Posterior of the population size over decomposable graphs, made by `mse.graph_posterior`.

    Parameters
    ----------
    lists : Lists
        The case lists.
    delta : float
        Prior weight of a history: the prior is worth ``2**L delta`` persons.
    prior : str
        Prior of the population size, ``"1/N"``, ``"1/missing"`` or ``"uniform"``.
    saturated : bool
        Whether the graph that joins all lists is among them.
    largest : int or None
        Largest number of persons on no list that the prior allows.
    weights : ndarray
        Posterior probability of every graph, in the order of the enumeration.
    sweep : tuple of SweepRow
        The same posterior at other prior weights.
    enumeration : ChordalGraphs
        The graphs: pairs joined, cliques and separators.
    likelihood : GraphLikelihood
        Log density of (graph, number unseen).
    unseen : Lattice
        Distribution of the number unseen.

    Notes
    -----
    Assumes that within a graph lists not joined are independent given those between them, and that
    all persons are equally likely to be on a list. It fails where lists depend in a way that the
    persons seen cannot show, and where the prior weight decides: see `sweep`.

    References
    ----------
    Madigan, D. and York, J. C. (1997). Bayesian methods for estimation of the size of a closed
    population. Biometrika 84, 19-31. doi:10.1093/biomet/84.1.19

    Examples
    --------
    >>> import prevalence as pv
    >>> lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    >>> posterior = pv.mse.graph_posterior(lists, saturated=False)
    >>> posterior.quantile([0.025, 0.5, 0.975])
    array([132., 193., 334.])
    >>> posterior.interval(0.9), [round(end) for end in posterior.span()]
    ((139.0, 302.0), [193, 193])
    >>> posterior.to_frame()[["delta", "median"]].values.tolist()
    [[0.0625, 199.0], [0.25, 193.0], [0.5, 187.0], [1.0, 176.0]]
    >>> print(posterior.sweep_in_words())
    delta 0.0625: 199 (134 to 354); delta 0.25: 193 (132 to 334); delta 0.5: 187 (129 to 313);
    delta 1: 176 (125 to 280)
    """

    lists: Lists
    delta: float
    prior: str
    saturated: bool
    largest: int | None
    weights: FloatArray
    sweep: tuple[SweepRow, ...]
    enumeration: ChordalGraphs
    likelihood: GraphLikelihood
    unseen: Lattice

    @overload
    def quantile(self, level: float) -> float: ...

    @overload
    def quantile(self, level: ArrayLike) -> Any: ...

    def quantile(self, level: ArrayLike) -> Any:
        """Return the smallest population size with at least this probability up to it.

        Parameters
        ----------
        level : float or array of float
            Probabilities between 0 and 1.

        Returns
        -------
        float or ndarray
            Whole numbers of persons, exact.

        Raises
        ------
        ValueError
            When a level does not lie between 0 and 1.
        """
        wanted = np.asarray(level, dtype=float)
        for one in (wanted.min(initial=0.5), wanted.max(initial=0.5)):  # nan is both
            level_in_range(float(one))
        found = self.lists.seen + self.unseen.quantile(wanted.reshape(-1)).reshape(wanted.shape)
        return float(found) if wanted.ndim == 0 else found

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the central posterior interval.

        Parameters
        ----------
        level : float
            Probability of the interval.

        Returns
        -------
        tuple of float
            Lower and upper limit, whole numbers of persons.
        """
        tail = (1 - level_in_range(level)) / 2
        low, high = self.quantile([tail, 1 - tail])
        return float(low), float(high)

    @property
    def median(self) -> float:
        """Posterior median of the population size."""
        return self.quantile(0.5)

    @property
    def mode(self) -> float:
        """Most probable population size."""
        return self.lists.seen + self.unseen.mode()

    @cached_property
    def tail(self) -> float:
        """Exponent t of the tail, ``N ** -t``: no mean up to 2, no variance up to 3."""
        return float(self.likelihood.tail.min())

    @property
    def mean(self) -> float:
        """Posterior mean; infinite where the tail has none and `largest` does not end it."""
        if self.largest is None and self.tail <= 2:
            return float(np.inf)
        return self.lists.seen + self.unseen.moment(lambda x: x)

    @property
    def std_error(self) -> float:
        """Posterior standard deviation; infinite where the tail has none."""
        if self.largest is None and self.tail <= 3:
            return float(np.inf)
        centre = self.unseen.moment(lambda x: x)
        return float(np.sqrt(self.unseen.moment(lambda x: (x - centre) ** 2)))

    @property
    def beyond(self) -> float:
        """Posterior probability of the largest number unseen that was looked at."""
        last = self.unseen.pieces[-1]
        return float(last.each()[-1]) if last.count <= 2**16 else float(last.values.min())

    @cached_property
    def graphs(self) -> pd.DataFrame:
        """Graphs by falling weight: weight, cliques by names of lists, and the graph in words."""
        import pandas as pd

        order = np.argsort(-self.weights, kind="stable")
        names = self.lists.names
        cliques = [
            tuple(tuple(names[i] for i in clique) for clique in self.enumeration.cliques(int(g)))
            for g in order
        ]
        words = ["".join(f"[{', '.join(clique)}]" for clique in graph) for graph in cliques]
        return pd.DataFrame({"weight": self.weights[order], "cliques": cliques, "graph": words})

    @property
    def pairs(self) -> pd.DataFrame:
        """Posterior probability that two lists are joined, for every pair."""
        import pandas as pd

        first, second = zip(*combinations(self.lists.names, 2), strict=True)
        joined = self.weights @ self.enumeration.edges
        return pd.DataFrame({"list": first, "other": second, "probability": joined})

    def to_frame(self) -> pd.DataFrame:
        """Return the posterior at every prior weight of the sweep.

        Returns
        -------
        pandas.DataFrame
            One row a prior weight: delta, prior_persons (``2**L delta``), median, low, high (95 %
            interval), log_evidence (log probability of the data, up to one constant), saturated
            (weight of the graph that joins all lists) and chosen.
        """
        import pandas as pd

        frame = pd.DataFrame([vars(row) for row in self.sweep])
        frame.insert(1, "prior_persons", frame["delta"] * 2 ** len(self.lists.names))
        return frame.assign(chosen=frame["delta"] == self.delta)

    @property
    def delta_dominated(self) -> bool:
        """Whether another prior weight of the sweep gives another answer.

        So it is when a median of the sweep lies outside the 95 % interval or differs from the
        median by a factor of 1.3, or an upper limit by a factor of 2.
        """
        return bool(self._far(self.sweep))

    def _far(self, rows: tuple[SweepRow, ...]) -> list[SweepRow]:
        low, high = self.interval()
        middle = self.median
        return [
            row
            for row in rows
            if not low <= row.median <= high
            or not 1 / MOVED < row.median / middle < MOVED
            or not 1 / ENDED < row.high / high < ENDED
        ]

    @property
    def verdict(self) -> str:
        """What the sweep says of the prior weight, in one sentence."""
        spread = sorted(row.median for row in self.sweep)
        said = f"{_people(self.median)} at delta = {self.delta:.4g}, {_people(spread[0])} to "
        said += f"{_people(spread[-1])} over delta {self.sweep[0].delta:.3g} to {self.sweep[-1].delta:.3g}"
        if not self.delta_dominated:
            return f"The prior weight hardly matters: the posterior median is {said}."
        unit = 2.0 ** -len(self.lists.names)
        weak = tuple(row for row in self.sweep if row.delta <= 4 * unit)
        least = (
            "Even priors worth 1/4 to 4 persons move it so"
            if self._far(weak)
            else "Priors worth 1/4 to 4 persons agree; heavier ones, which suppose that each list "
            "catches half of everyone, do not"
        )
        return f"Delta-dominated posterior: its median is {said}. {least}."

    def sweep_in_words(self) -> str:
        """Return the sweep on one line.

        Returns
        -------
        str
            Median and 95 % interval at every prior weight.
        """
        return "; ".join(
            f"delta {row.delta:.4g}: {_people(row.median)} ({_people(row.low)} to {_people(row.high)})"
            for row in self.sweep
        )

    def span(self) -> tuple[float, float]:
        """Return the range of posterior medians over the graphs that fit about as well as the best.

        Returns
        -------
        tuple of float
            Smallest and largest median of the graphs of at least exp(-3) times the largest weight,
            which is within 6 BIC units; to about a thousandth.
        """
        rows = np.flatnonzero(self.weights >= self.weights.max() * np.exp(-CLOSE))
        ends = self.unseen.quantile(np.array([1e-4, 1 - 1e-4]))
        grid = np.geomspace(ends[0], max(ends[1], ends[0] + 1), 2000)
        density = self.likelihood(grid, rows) + np.log(grid)
        share = np.exp(density - density.max(axis=1, keepdims=True)).cumsum(axis=1)
        at = (share < share[:, -1:] / 2).sum(axis=1)
        return float(self.lists.seen + grid[at.min()]), float(self.lists.seen + grid[at.max()])

    def __repr__(self) -> str:
        low, high = self.interval()
        best = self.graphs.iloc[0]
        return (
            f"<GraphPosterior: {self.lists.seen:,} persons on {len(self.lists.names)} lists, "
            f"{self.weights.size:,} decomposable graphs>\n"
            f"median {_people(self.median)}, 95 % interval {_people(low)} to {_people(high)} at "
            f"delta = {self.delta:.4g}, prior {self.prior}\n"
            f"graph of largest weight ({best['weight']:.2f}): {best['graph']}\n"
            f"{self.sweep_in_words()}\n{self.verdict}"
        )


def _people(x: float) -> str:
    return f"{x:,.0f}" if np.isfinite(x) else "no end"
