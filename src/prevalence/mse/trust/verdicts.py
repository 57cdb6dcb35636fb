"""Two verdicts on an estimate of lists: what the data contradict, and what declared facts forbid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import generator
from ..histories import FloatArray, IntArray, list_pairs
from ..loglinear import LoglinearFit, loglinear_fit
from ..stepwise import poisson_tail
from .consistency import internal_consistency

LEVEL = 0.05  # of all tests of the data together: how often a model that holds is contradicted
Terms = Sequence[tuple[int, ...]]


@dataclass(frozen=True)
class Verdict:
    """A grade with its reasons.

    Parameters
    ----------
    warns : bool
        Whether the estimate should not be believed as it stands.
    grade : str
        The verdict in words.
    reasons : tuple of str
        Why.
    """

    warns: bool
    grade: str
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.grade}{': ' if self.reasons else ''}{'; '.join(self.reasons)}"


@dataclass(frozen=True)
class Check:
    """One test of a model: its statistic, its Monte Carlo p-value, the lists that stand out, df."""

    name: str
    statistic: float
    p_value: float
    lists: tuple[int, ...] = ()
    df: int = 0


def data_checks(
    histories: IntArray,
    counts: FloatArray,
    terms: Terms,
    *,
    simulations: int = 399,
    rng: int | np.random.Generator | None = None,
) -> list[Check]:
    """Test a log-linear model by its fit, by the pairs it leaves out and by its own lists.

    The p-values are ``(1 + #{T* >= T}) / (1 + simulations)`` with the statistics T* of tables drawn
    from the fitted model and fitted again: exact for a known model, near enough for a fitted one
    however sparse the table.

    Parameters
    ----------
    histories : ndarray of int, shape (C, L)
    counts : ndarray, shape (C,)
    terms : sequence of tuples of int
        Interactions of the model.
    simulations : int
        Tables drawn.
    rng : int, Generator or None
        Seed or generator.

    Returns
    -------
    list of Check
        Fit (where the model leaves degrees of freedom), pairs (where it leaves any out), and lists
        (where there are three or more).
    """
    fit = loglinear_fit(histories, counts, terms)
    drawn = (
        generator(rng)
        .poisson(np.broadcast_to(fit.fitted, (len(counts), simulations)))
        .astype(float)
    )
    again = loglinear_fit(histories, drawn, terms)
    out = []
    kept = int((fit.fitted[:, 0] > 0).sum() - (~fit.boundary[:, 0]).sum())
    if kept > 0:
        out.append(_check("fit", fit.deviance, again.deviance, df=kept))
    pairs = [tuple(sorted(p)) for p in list_pairs(histories.shape[1])]
    outside = [p for p in pairs if p not in {tuple(sorted(t)) for t in terms}]
    if outside and kept > 0:
        design = np.stack([histories[:, p].all(axis=1) for p in outside], axis=1).astype(float)
        here, there = (_surprise(design, x, f) for x, f in ((counts[:, None], fit), (drawn, again)))
        worst = outside[int(np.argmax(here[:, 0]))]
        out.append(_check("pairs", here.max(axis=0), there.max(axis=0), worst))
    if histories.shape[1] > 2:
        both = np.column_stack([counts, drawn])
        z, simulated = np.split(np.abs(internal_consistency(histories, both, terms).z), [1], axis=1)
        if np.isfinite(z).any():
            worst_list = int(np.nanargmax(z[:, 0]))
            blank = np.where(np.isfinite(simulated), simulated, 0.0)
            out.append(_check("lists", np.nanmax(z, axis=0), blank.max(axis=0), (worst_list,)))
    return out


def _surprise(design: FloatArray, counts: FloatArray, fit: LoglinearFit) -> FloatArray:
    """Return minus the log of the smaller Poisson tail of each pair's overlap."""
    expected = np.where(np.isfinite(fit.fitted), fit.fitted, 0.0)
    tail = poisson_tail(design.T @ counts, design.T @ expected)
    return np.asarray(-np.log(np.maximum(tail, 1e-300)))


def _check(
    name: str, here: FloatArray, simulated: FloatArray, lists: tuple[int, ...] = (), df: int = 0
) -> Check:
    known = simulated[np.isfinite(simulated)]
    statistic = float(np.asarray(here).reshape(-1)[0])
    # Equal statistics of sparse tables differ by rounding alone.
    beyond = int((known >= statistic * (1 - 1e-9)).sum())
    return Check(name, statistic, (1 + beyond) / (1 + known.size), lists, df)


def data_verdict(checks: Sequence[Check], names: Sequence[str]) -> Verdict:
    """Return what the data contradict, all tests together at five in a hundred (Bonferroni)."""
    reasons = []
    for check in checks:
        if check.p_value > LEVEL / len(checks):
            continue
        found, p_value = " and ".join(names[i] for i in check.lists), f"p {check.p_value:.3f}"
        said = {
            "fit": f"the table does not fit (deviance on {check.df} df, {p_value})",
            "pairs": f"the overlap of {found} is not explained ({p_value})",
            "lists": f"the other lists get the number of members of {found} wrong ({p_value})",
        }
        reasons.append(said[check.name])
    if reasons:
        return Verdict(True, "contradicted by these data", tuple(reasons))
    if not checks:
        return Verdict(False, "cannot be contradicted by these data", ("nothing is left to test",))
    return Verdict(False, "not contradicted by these data")
