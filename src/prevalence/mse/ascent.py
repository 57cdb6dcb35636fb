"""Newton's method with halving, for many columns at once: the one loop of every likelihood here."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from .histories import BoolArray, FloatArray


class Ahead(NamedTuple):
    """The next step (P, b) of each column, whether it is the last, and whether there is none."""

    step: FloatArray
    last: BoolArray
    lost: BoolArray | bool = False


class Likelihood(Protocol):
    """What is climbed: the columns that are still on their way."""

    def value(self, at: FloatArray, /) -> FloatArray:
        """Log-likelihoods (b,) at coefficients (P, b)."""
        ...

    def ahead(self, at: FloatArray, better: BoolArray, /) -> Ahead:
        """Steps from where `value` was asked last; those of columns not `better` are not taken."""
        ...

    def keep(self, stay: BoolArray, /) -> None:
        """Go on with some of the columns."""
        ...


def ascend(
    likelihood: Likelihood, start: FloatArray, passes: int, slack: float
) -> tuple[FloatArray, BoolArray]:
    """Climb from `start` (P, B): the coefficients, and which columns took a last step.

    A step that lowers the likelihood by more than the share `slack` of it is halved.
    """
    result, arrived = start.copy(), np.zeros(start.shape[1], dtype=bool)
    live = np.arange(start.shape[1])
    base, step, best = start, np.zeros(start.shape), np.full(live.size, -np.inf)
    for _ in range(passes):
        if not live.size:
            break
        trial = base + step
        value = likelihood.value(trial)
        better = value >= best - slack * (1 + np.abs(best))
        ahead = likelihood.ahead(trial, better)
        done = better & ahead.last
        base, best = np.where(better, trial, base), np.where(better, value, best)
        step = np.where(better, ahead.step, step / 2)
        result[:, live] = base + np.where(done, step, 0.0)
        arrived[live[done]] = True
        stay = ~done & ~(better & ahead.lost)
        if not stay.all():
            live, base, step, best = live[stay], base[:, stay], step[:, stay], best[stay]
            likelihood.keep(stay)
    return result, arrived
