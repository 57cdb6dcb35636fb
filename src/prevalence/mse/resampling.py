"""Bootstrap and jackknife of a whole procedure, and what they say of an interval's ends.

A procedure is a function from tables of counts, one a column, to population sizes: (C, B) to (B,)
or (rows, B). The data, every deletion and every resample go through it in one batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import generator
from ..intervals import RULES, bca_levels
from .histories import BoolArray, FloatArray, IntArray, as_columns

Procedure = Callable[[FloatArray], FloatArray]
LEVEL = 0.95  # at which the ends of an interval are examined
AGAIN = 200  # resamples of the replicates: an error of 5 % of the standard error of a limit


@dataclass(frozen=True, eq=False)
class Jackknife:
    """Estimates without one person, once for each history that somebody has.

    Attributes
    ----------
    cells : ndarray of int, shape (K,)
        Rows of the table with a positive count.
    persons : ndarray, shape (K,)
        Persons with that history: deleting any of them gives the same estimate.
    without : ndarray, shape (rows, K)
        Estimates without one of them; nan where none exists.
    """

    cells: IntArray
    persons: FloatArray
    without: FloatArray

    @property
    def failed(self) -> BoolArray:
        """Histories without an estimate once one of their persons is left out."""
        missing: BoolArray = np.asarray(~np.isfinite(self.without).all(axis=0))
        return missing

    @property
    def differences(self) -> FloatArray:
        """Mean of the deletions less each of them, (rows, K); 0 for those that failed."""
        kept = np.isfinite(self.without)
        weights = np.where(kept, self.persons, 0.0)
        filled = np.where(kept, self.without, 0.0)
        mean = (weights * filled).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
        found: FloatArray = np.where(kept, mean[:, None] - filled, 0.0)
        return found

    @property
    def acceleration(self) -> FloatArray:
        """``sum N_w d^3 / (6 (sum N_w d^2)^1.5)``, (rows,); 0 where no deletion changes anything."""
        difference = self.differences
        squares = (self.persons * difference**2).sum(axis=1)
        cubes = (self.persons * difference**3).sum(axis=1)
        some = squares > 0
        return np.where(some, cubes / (6 * np.where(some, squares, 1.0) ** 1.5), 0.0)

    @property
    def std_error(self) -> FloatArray:
        """``sqrt((n - 1) / n sum N_w d^2)``, (rows,)."""
        n = self.persons.sum()
        variance = (n - 1) / n * (self.persons * self.differences**2).sum(axis=1)
        root: FloatArray = np.sqrt(np.where(self.failed.any(), np.nan, variance))
        return root


def _limits(values: FloatArray, upto: IntArray, levels: FloatArray) -> FloatArray:
    """Quantiles (type 8) of sorted values of which `upto` counts how many there are, cumulated."""
    size = int(upto[-1])
    place = np.clip((size + 1 / 3) * levels + 1 / 3, 1, size)
    low = np.floor(place)
    first, second = (values[np.searchsorted(upto, x)] for x in (low, np.minimum(low + 1, size)))
    between: FloatArray = first + (place - low) * (second - first)
    return between


@dataclass(frozen=True, eq=False)
class Resampled:
    """A procedure on the data, without each person, and on resamples of the data.

    Attributes
    ----------
    value : ndarray, shape (rows,)
    draws : ndarray, shape (rows, R)
        One column a resample; nan where no model fits.
    jackknife : Jackknife
    """

    value: FloatArray
    draws: FloatArray
    jackknife: Jackknife

    @property
    def failed(self) -> int:
        """Resamples in which no model fits; they are left out."""
        return int((~np.isfinite(self.draws)).any(axis=0).sum())

    @property
    def constants(self) -> dict[str, FloatArray]:
        """What the interval rules ``bca`` and ``percentile`` are given."""
        return {
            "value": self.value,
            "draws": self.draws,
            "acceleration": self.jackknife.acceleration,
        }

    @property
    def bias(self) -> FloatArray:
        """``z0``: normal quantile of the share of replicates below the value; may be infinite."""
        from scipy.special import ndtri

        z0: FloatArray = ndtri(np.array([_below(d, v) for d, v in self._rows()]))
        return z0

    def interval(self, rule: str = "bca", level: float = LEVEL) -> FloatArray:
        """Limits by ``bca`` or ``percentile``, (rows, 2)."""
        infinite = np.full(len(self.value), np.inf)
        limits: FloatArray = RULES[rule](self.constants, infinite, level)
        return limits

    def levels(self, rule: str = "bca", level: float = LEVEL) -> FloatArray:
        """Levels of the replicates at which the limits are read, (rows, 2)."""
        plain = np.array([(1 - level) / 2, (1 + level) / 2])
        if rule != "bca":
            return np.tile(plain, (len(self.value), 1))
        a = self.jackknife.acceleration
        return np.array(
            [bca_levels(_below(d, v), a[i], level) for i, (d, v) in enumerate(self._rows())]
        )

    def monte_carlo_error(self, rule: str = "bca", level: float = LEVEL) -> FloatArray:
        """Standard error of each limit over other draws of the replicates, (rows, 2).

        The replicates are resampled, `AGAIN` times and always alike, and the limits read anew: the
        share of replicates below the value, which moves the levels of ``bca``, is another each time,
        and so are the quantiles, also where replicates lie in clusters. A limit at the extreme
        replicate (`at_extreme`) has a larger error than any of the replicates can tell.
        """
        out = np.full((len(self.value), 2), np.nan)
        random = np.random.default_rng(0)
        for row, (draws, value) in enumerate(self._rows()):
            kept = np.sort(draws[np.isfinite(draws)])
            if kept.size < 2:
                continue
            times = random.multinomial(kept.size, np.full(kept.size, 1 / kept.size), size=AGAIN)
            upto = times.cumsum(axis=1)
            least = int(np.searchsorted(kept, value))
            below = upto[:, least - 1] / kept.size if least else np.zeros(AGAIN)
            at = bca_levels(below, self.jackknife.acceleration[row], level)
            if rule != "bca":
                at[:] = self.levels(rule, level)[row]
            limits = [_limits(kept, count, levels) for count, levels in zip(upto, at, strict=True)]
            out[row] = np.std(limits, axis=0, ddof=1)
        return out

    def at_extreme(self, rule: str = "bca", level: float = LEVEL) -> BoolArray:
        """Whether each limit is at the extreme replicate or between it and its neighbour."""
        count = np.isfinite(self.draws).sum(axis=1)[:, None]
        position = (count + 1 / 3) * self.levels(rule, level) + 1 / 3  # of type 8, from 1
        low, high = position[:, 0] < 2, position[:, 1] > count[:, 0] - 1
        return np.stack([low, high], axis=1)

    def warnings(self, rule: str = "bca", level: float = LEVEL) -> list[str]:
        """What must be said of the interval: failures, extreme ends, an infinite correction."""
        said = []
        total = self.draws.shape[1]
        if rule == "bca" and np.isinf(self.bias).any():
            said.append(
                f"all of {total:,} replicates lie on one side of the estimate: the bias correction "
                "is infinite, and the interval is of plain percentiles."
            )
        for end, extreme in zip(("lower", "upper"), self.at_extreme(rule, level).T, strict=True):
            if extreme.any():
                which = "smallest" if end == "lower" else "largest"
                said.append(
                    f"the {end} limit at {100 * level:g} % is at or beside the {which} of {total:,} "
                    "replicates: other draws would move it. Take more replicates."
                )
        if rule == "bca" and self.jackknife.failed.any():
            lost = self.jackknife.failed
            said.append(
                f"no model fits without one person of {int(lost.sum())} of {lost.size} histories "
                f"(first: row {int(self.jackknife.cells[lost][0])}): the acceleration rests on the "
                "others."
            )
        return said

    def _rows(self) -> list[tuple[FloatArray, float]]:
        return [(d[np.isfinite(d)], float(v)) for d, v in zip(self.draws, self.value, strict=True)]


def _below(draws: FloatArray, value: float) -> float:
    return float((draws < value).mean()) if draws.size else float("nan")


def deletions(counts: FloatArray) -> tuple[IntArray, FloatArray]:
    """Rows with persons, and the tables (C, K) that lack one person of each."""
    cells = np.flatnonzero(counts > 0)
    tables = np.repeat(counts[:, None], cells.size, axis=1)
    tables[cells, np.arange(cells.size)] -= 1
    return cells, tables


def resample(
    procedure: Procedure, counts: npt.ArrayLike, draws: npt.ArrayLike | None = None
) -> Resampled:
    """Put a table, its deletions and its resamples through a procedure in one batch.

    Parameters
    ----------
    procedure : callable
        From tables (C, B) to population sizes (B,) or (rows, B), nan where no model fits; it
        repeats every choice of a model.
    counts : array_like, shape (C,)
        Persons with each history.
    draws : array_like, shape (C, R), optional
        Resamples of the table; without them only the jackknife is made.

    Returns
    -------
    Resampled

    References
    ----------
    Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American Statistical
    Association 82, 171-185. https://doi.org/10.1080/01621459.1987.10478410

    Chan, L., Silverman, B. W. and Vincent, K. (2021). Multiple systems estimation for sparse
    capture data: inferential challenges when there are nonoverlapping lists. Journal of the
    American Statistical Association 116, 1297-1306. https://doi.org/10.1080/01621459.2019.1708748

    Examples
    --------
    >>> found = resample(lambda n: n[0] * n[1] / n[2] + n.sum(axis=0), [40, 30, 10])
    >>> found.value.tolist(), found.jackknife.std_error.round(1).tolist()
    ([200.0], [49.4])
    """
    column = as_columns(counts)[:, 0]
    cells, deleted = deletions(column)
    tables = [column[:, None], deleted]
    if draws is not None:
        tables.append(as_columns(draws))
    found = np.atleast_2d(procedure(np.concatenate(tables, axis=1)))
    value, without, replicated = np.split(found, [1, 1 + cells.size], axis=1)
    return Resampled(value[:, 0], replicated, Jackknife(cells, column[cells], without))


def parametric_counts(
    fitted: npt.ArrayLike,
    dark: float,
    replicates: int,
    rng: int | np.random.Generator | None = None,
) -> FloatArray:
    """Tables drawn from a fitted model: of N persons some are seen, with histories as fitted.

    ``n ~ Binomial(N, n / N)`` persons are seen, and their histories are multinomial in proportion
    to the fitted means; together a multinomial over the histories and the dark cell.

    Parameters
    ----------
    fitted : array_like, shape (C,)
        Fitted mean of every history.
    dark : float
        Dark figure.
    replicates : int
    rng : int, Generator or None

    Returns
    -------
    ndarray of float, shape (C, replicates)

    Examples
    --------
    >>> parametric_counts([40, 30, 10], 120, 3, rng=1).sum(axis=0).tolist()
    [82.0, 69.0, 77.0]
    """
    means = as_columns(fitted)[:, 0]
    total = means.sum() + dark
    if not (np.isfinite(total) and dark >= 0 and total >= 1):
        raise ValueError(
            f"dark must be a finite number of persons: got {dark}. Fit a model that has an estimate."
        )
    shares = np.append(means, dark) / total
    drawn = generator(rng).multinomial(round(total), shares, size=replicates)
    return drawn[:, :-1].T.astype(np.float64)
