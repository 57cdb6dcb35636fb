"""The likelihood of answers known to lie in an interval, at a cost of the answers that are not zero.

The number y of members of group k whom respondent i knows is negative binomial with mean
``mu = exp(a_i + b_k)`` and ratio of variance to mean ``w_k = 1 + v_k``:

    log P(y) = -mu log(1 + v) / v + sum_{j < y} log(mu + j v) - y log(1 + v) - log y!

(the Poisson law as v -> 0). An answer is an interval [low, high]: an exact count [y, y], a yes [1, inf),
a bin [5, 10], a count capped at 30 [30, inf), nothing [0, inf).

* The first term is a product of exp(a_i) and a factor of the group: summed over all cells by two
  matrix-vector products, from which the few cells without it are taken away.
* The factor of j = 0 is ``a_i + b_k`` for every answer above zero: counts of rows and effects.
* The sum over j > 0 is taken for the answers above one, sorted so that step j works on a prefix.
* A bin is P(low) times a sum of positive ratios of neighbouring probabilities: no differences.
* What remains are survival functions: in closed form from 1, incomplete beta functions elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.intp]

STEPS = 48  # counts above this continue by Stirling's series, which is exact to 1e-13 from here on
FACTORS = 24  # factors multiplied before a logarithm is taken: their product stays below 1e308
WIDEST = 40  # bins wider than this are differences of incomplete beta functions
POISSON = 1e-7  # the incomplete beta function is taken no nearer than this to the Poisson limit


class Cells:
    """Answers laid out for a sampler: which cells need work, and the sums over rows and columns.

    Several data sets of the same shape can be laid side by side (`fits`): respondent i of data set f is
    row ``f n + i``, and effect e is ``f E + e``. Without regions an effect is a group; with regions, a
    group marked in `regional` has one effect for each region.

    Parameters
    ----------
    low, high : ndarray, (n, K) or (fits, n, K)
        Smallest and largest count that each answer allows.
    weights : ndarray (n,), optional
        Factors of the rows' log-likelihoods.
    regions : ndarray of int (n,), optional
        Region of each row, from 0.
    regional : ndarray of bool (K,), optional
        Groups with an effect for each region.

    Attributes
    ----------
    rows, effects, groups : ndarray of int
        Row, effect and group of each cell that needs work.
    group_of_effect : ndarray of int
        Group of each effect, over all data sets.
    counts : ndarray (groups,)
        Weighted sum of the lower limits of the closed answers of each group.
    positive_rows, positive_effects : ndarray (rows, 1) and (effects, 1)
        Weighted number of the closed answers above zero.
    weights : ndarray (rows,)
        Factors of the rows' log-likelihoods.
    yes_or_no : ndarray of bool (groups, 1)
        Groups of which it is known only who knows nobody: no answer tells a number above zero.
    """

    def __init__(
        self,
        low: Array,
        high: Array,
        weights: Array | None = None,
        *,
        regions: Index | None = None,
        regional: NDArray[np.bool_] | None = None,
    ) -> None:
        low, high = (np.asarray(limit, dtype=float) for limit in (low, high))
        if low.ndim == 2:
            low, high = low[None], high[None]
        self.fits, self.n, self.k = low.shape
        region = np.zeros(self.n, dtype=np.intp) if regions is None else regions
        self.regions = int(region.max(initial=0)) + 1
        split = np.zeros(self.k, dtype=bool) if regional is None else regional
        first, per_group = self._number_effects(split)
        places = np.where(split, region[:, None], 0) + first  # (n, K): effect of each cell of a fit
        shift = np.arange(self.fits)[:, None, None]
        self._effect = (places + shift * len(per_group)).reshape(-1)
        self._row = np.repeat(np.arange(self.fits * self.n), self.k)
        self._group = (np.arange(self.k) + shift * self.k + 0 * places).reshape(-1)
        self.group_of_effect = (per_group + np.arange(self.fits)[:, None] * self.k).reshape(-1)
        row_weights = np.ones(self.n) if weights is None else np.asarray(weights, dtype=float)
        self.weights = np.tile(row_weights, self.fits)
        self._lay_out(low.reshape(-1), high.reshape(-1))
        self._expose(low.reshape(-1), high.reshape(-1), region, split[per_group], per_group, first)

    def _number_effects(self, split: NDArray[np.bool_]) -> tuple[Index, Index]:
        sizes = np.where(split, self.regions, 1)
        first = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        return first, np.repeat(np.arange(self.k), sizes)

    def _lay_out(self, low: Array, high: Array) -> None:
        """Order the cells that need work: counts and bins by decreasing count, then open intervals."""
        closed = np.isfinite(high) & (high - low <= WIDEST)
        counted = np.flatnonzero(closed & ((low > 1) | (high > low)))
        counted = counted[np.argsort(-low[counted], kind="stable")]
        yes = np.flatnonzero(~closed & (low == 1) & np.isinf(high))
        areas = np.flatnonzero(~closed & ((low > 1) | np.isfinite(high)))
        order = np.concatenate([counted, yes, areas])
        self.rows, self.effects = self._row[order], self._effect[order]
        self.groups = self._group[order]
        ends = np.cumsum([counted.size, yes.size, areas.size])
        self._yes, self._areas = slice(ends[0], ends[1]), slice(ends[1], ends[2])
        self._low, self._high = low[areas][:, None], high[areas][:, None]
        starts = low[counted]
        self._prefix = _prefixes(np.minimum(starts, STEPS) - 1)
        self._large = int((starts > STEPS).sum())
        self._start = starts[: self._large][:, None]
        self._counted = int(counted.size)
        width = high[counted] - starts
        bins = np.argsort(-width, kind="stable")
        self._bins = bins[: int((width > 0).sum())]
        self._bin_start = starts[self._bins][:, None]
        self._bin_prefix = _prefixes(width[self._bins])
        weights = self.weights[self.rows]
        self._sum_rows = _sums(self.rows, weights, self.fits * self.n)
        self._sum_effects = _sums(self.effects, weights, len(self.group_of_effect))
        self._sum_groups = _sums(self.groups, weights, self.fits * self.k)
        self._count(low, closed & (low > 0))
        told = np.concatenate([self._group[closed & (low > 0)], self._group[counted]])
        numbers = np.bincount(
            np.concatenate([told, self._group[areas]]), minlength=self.counts.size
        )
        self.yes_or_no = numbers[:, None] == 0

    def _count(self, low: Array, positive: NDArray[np.bool_]) -> None:
        """Sum what the closed answers above zero add whatever the parameters are."""
        weights = self.weights[self._row] * positive

        def total(place: Index, values: Array, size: int) -> Array:
            return np.bincount(place, values, size).astype(float)

        self.counts = total(self._group, weights * low, self.fits * self.k)
        self.positive_rows = total(self._row, weights, self.fits * self.n)[:, None]
        effects = len(self.group_of_effect)
        self.positive_effects = total(self._effect, weights, effects)[:, None]

    def _expose(
        self,
        low: Array,
        high: Array,
        region: Index,
        split: NDArray[np.bool_],
        per_group: Index,
        first: Index,
    ) -> None:
        """Prepare the sums of the first term: all cells of a block, less those that lack it."""
        from scipy import sparse

        block = (np.arange(self.fits)[:, None] * self.regions + region).reshape(-1)
        self._block = block
        self._sum_blocks = _sums(block, self.weights, self.fits * self.regions)
        own = np.arange(len(per_group)) - first[per_group]
        seen = ~split[None, :] | (own[None, :] == np.arange(self.regions)[:, None])
        self._seen = sparse.block_diag([sparse.csr_array(seen.astype(float))] * self.fits, "csr")
        self._seen_transposed = self._seen.T.tocsr()
        lacking = np.flatnonzero(~(np.isfinite(high) & (high - low <= WIDEST)))
        rows, effects = self._row[lacking], self._effect[lacking]
        shape = (self.fits * self.n, len(self.group_of_effect))
        holes = sparse.csr_array((self.weights[rows], (rows, effects)), shape=shape)
        self._holes = holes if lacking.size else None
        self._holes_transposed = holes.T.tocsr() if lacking.size else None

    def exposed_rows(self, factor: Array) -> Array:
        """Return for each row the weighted sum of a factor of the effects, over closed answers."""
        total = self.weights[:, None] * (self._seen @ factor)[self._block]
        return np.asarray(total if self._holes is None else total - self._holes @ factor)

    def exposed_effects(self, factor: Array) -> Array:
        """Return for each effect the weighted sum of a factor of the rows, over closed answers."""
        total = self._seen_transposed @ (self._sum_blocks @ factor)
        return np.asarray(
            total if self._holes_transposed is None else total - self._holes_transposed @ factor
        )

    def by_row(self, values: Array) -> Array:
        """Return the weighted sums over the cells of each row."""
        return np.asarray(self._sum_rows @ values)

    def by_effect(self, values: Array) -> Array:
        """Return the weighted sums over the cells of each effect."""
        return np.asarray(self._sum_effects @ values)

    def by_group(self, values: Array) -> Array:
        """Return the weighted sums over the cells of each group."""
        return np.asarray(self._sum_groups @ values)

    def terms(self, mu: Array, v: Array) -> Array:
        """Return what each cell adds to the sums of closed answers.

        Parameters
        ----------
        mu, v : ndarray (cells, chains)
            Mean, and ratio of variance to mean less one.

        Returns
        -------
        ndarray (cells, chains)
            Of closed answers without ``-mu log(1 + v) / v + log mu - low log(1 + v) - log low!`` (for
            low = 0 without log mu); of the others their log probability. Infinite or nan where the
            numbers overflow.
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            value = np.empty(mu.shape)
            value[: self._counted] = self._counted_terms(mu[: self._counted], v[: self._counted])
            if self._bins.size:
                value[self._bins] += self._bin_terms(mu[self._bins], v[self._bins])
            if self._yes.stop > self._yes.start:
                value[self._yes] = np.log(-np.expm1(-mu[self._yes] * rate(v[self._yes])))
            if self._areas.stop > self._areas.start:
                value[self._areas] = _log_area(
                    self._low, self._high, mu[self._areas], v[self._areas]
                )
            return value

    def _counted_terms(self, mu: Array, v: Array) -> Array:
        """Return sum_{0 < j < low} log(mu + j v), whose factors are multiplied a few at a time."""
        value = np.zeros(mu.shape)
        if not self._prefix.size:
            return value
        first = self._prefix[0]
        v = v[:first]
        factor = mu[:first] + v
        product = factor.copy()
        for step, stop in enumerate(self._prefix[1:].tolist(), start=1):
            if step % FACTORS == 0:
                value[:stop] += np.log(product[:stop])
                product[:stop] = 1
            np.add(factor[:stop], v[:stop], out=factor[:stop])
            np.multiply(product[:stop], factor[:stop], out=product[:stop])
        value[:first] += np.log(product)
        if self._large:
            value[: self._large] += _tail(self._start, mu[: self._large], v[: self._large])
        return value

    def _bin_terms(self, mu: Array, v: Array) -> Array:
        """Return log of 1 + P(low + 1) / P(low) + ... + P(high) / P(low)."""
        ratio, total = np.ones(mu.shape), np.ones(mu.shape)
        for step, stop in enumerate(self._bin_prefix.tolist()):
            j = self._bin_start[:stop] + step
            ratio[:stop] *= (mu[:stop] + j * v[:stop]) / ((j + 1) * (1 + v[:stop]))
            total[:stop] += ratio[:stop]
        return np.asarray(np.log(total))


def rate(v: Array) -> Array:
    """Return ``log(1 + v) / v``: minus the log probability of a zero, for a mean of one."""
    return np.asarray(np.log1p(v) / v)


def _prefixes(lengths: Array) -> Index:
    """Return how many of the decreasing lengths exceed 0, 1, 2, ..."""
    longest = int(lengths.max(initial=0))
    return np.searchsorted(-lengths, -np.arange(longest), side="left").astype(np.intp)


def _sums(place: Index, weights: Array, size: int) -> Any:
    """Return the sparse matrix that sums weighted values by place."""
    from scipy import sparse

    return sparse.csr_array((weights, (place, np.arange(place.size))), shape=(size, place.size))


def _tail(y: Array, mu: Array, v: Array) -> Array:
    """Return sum_{STEPS <= j < y} log(mu + j v): a difference of log gamma functions by Stirling."""
    low, high = mu / v + STEPS, mu / v + y
    steps = y - STEPS
    series = (1 / high - 1 / low) / 12 - (high**-3 - low**-3) / 360
    return np.asarray(
        (low - 0.5) * np.log1p(steps / low) + steps * np.log(mu + y * v) - steps + series
    )


def _log_area(low: Array, high: Array, mu: Array, v: Array) -> Array:
    """Return log P(low <= y <= high), from whichever tail is the smaller."""
    from scipy.special import betainc

    v = np.maximum(v, POISSON)
    size, share = mu / v, v / (1 + v)
    above = np.where(low > 0, betainc(np.maximum(low, 1), size, share), 1.0)
    beyond = np.where(
        np.isinf(high), 0.0, betainc(np.where(np.isinf(high), 1, high + 1), size, share)
    )
    below = np.where(low > 0, betainc(size, np.maximum(low, 1), 1 - share), 0.0)
    upto = np.where(
        np.isinf(high), 1.0, betainc(size, np.where(np.isinf(high), 1, high + 1), 1 - share)
    )
    return np.asarray(np.log(np.where(above > 0.5, upto - below, above - beyond)))
