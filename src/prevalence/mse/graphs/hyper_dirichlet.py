"""The hyper-Dirichlet model of capture histories: likelihood of (graph, unseen persons) in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..histories import FloatArray, IntArray, cell_codes
from .chordal import ChordalGraphs

PRIORS = ("1/N", "1/missing", "uniform")
STIRLING = 32.0  # from here on four terms of Stirling's series are exact to rounding


def log_gamma_ratio(x: FloatArray, above: FloatArray, below: FloatArray) -> FloatArray:
    """``log Gamma(x + above) - log Gamma(x + below)`` without cancellation, at any size of x."""
    from scipy.special import gammaln

    z, w, gap = x + above, x + below, above - below
    ratio = np.log1p(np.maximum(gap / w, -0.5))
    far = z < w / 2
    if far.any():
        ratio = np.where(far, np.log(z / w), ratio)
    series = (z - 0.5) * ratio + gap * (np.log(w) - 1) + _stirling(z) - _stirling(w)
    small = np.minimum(z, w) < STIRLING
    out: FloatArray = series
    if small.any():
        z, w = np.broadcast_arrays(z, w)
        out[small] = gammaln(z[small]) - gammaln(w[small])
    return out


def _stirling(z: FloatArray) -> FloatArray:
    inverse = 1 / z
    square = inverse * inverse
    out: FloatArray = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) * inverse
    return out


@dataclass(frozen=True, eq=False)
class GraphLikelihood:
    """Log density of (graph, number unseen), up to a constant of the data.

    For a clique or separator c of k lists, with y the counts of the 2**k histories on c alone and
    ``a = delta 2**(L - k)``, the Dirichlet integral is
    ``Gamma(A) / Gamma(N + A) prod Gamma(y + a) / Gamma(a)``, ``A = 2**L delta``. A graph has the
    product over its cliques divided by that over its separators, times the multinomial coefficient
    of N and the prior.

    Attributes
    ----------
    sign : ndarray, shape (graphs, sets)
        1 for cliques, minus the multiplicity for separators.
    constant, above : ndarray, shape (sets, 1)
        What of a set does not depend on the number unseen, and what is added to that number in its
        empty cell.
    seen, total : float
        Persons seen, and A.
    prior : str
        One of `PRIORS`.
    tail : ndarray, shape (graphs,)
        The density falls as ``N**-tail``: the posterior is proper when all exceed 1.
    """

    sign: FloatArray
    constant: FloatArray
    above: FloatArray
    seen: float
    total: float
    prior: str
    tail: FloatArray

    def __call__(self, unseen: FloatArray, rows: IntArray | slice = slice(None)) -> FloatArray:
        """Log density, shape (graphs of rows, unseen)."""
        beyond = np.array(self.seen + self.total)
        sets = self.constant + log_gamma_ratio(unseen, self.above, beyond)
        coefficient = log_gamma_ratio(unseen, np.array(self.seen + 1), np.array(1.0))
        power = {"1/N": unseen + self.seen, "1/missing": unseen, "uniform": np.ones_like(unseen)}
        out: FloatArray = self.sign[rows] @ sets + coefficient - np.log(power[self.prior])
        return out


def graph_likelihood(
    graphs: ChordalGraphs, histories: IntArray, counts: FloatArray, delta: float, prior: str
) -> GraphLikelihood:
    """Prepare the density of (graph, number unseen) for one table (C,) of counts."""
    from scipy.special import gammaln

    lists = histories.shape[1]
    codes, seen, total = cell_codes(histories), float(counts.sum()), delta * 2.0**lists
    masks = np.arange(1, 1 << lists)
    constant, outside, weight = (np.empty((len(masks), 1)) for _ in range(3))
    for row, mask in enumerate(masks):
        margin = np.bincount(codes & mask, counts, minlength=1 << lists)
        inside = margin[(np.arange(1 << lists) & ~mask) == 0]
        a = total / len(inside)
        cells = gammaln(inside[1:] + a).sum() - len(inside) * gammaln(a)
        constant[row], outside[row], weight[row] = cells + gammaln(total), inside[0], a
    sign = graphs.sign.astype(np.float64)
    caught = seen - outside + total - weight
    tail = (sign @ caught)[:, 0] - seen + (prior != "uniform")
    return GraphLikelihood(sign, constant, outside + weight, seen, total, prior, tail)
