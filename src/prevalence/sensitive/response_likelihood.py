"""The likelihood of answers through a randomising device: yes with probability ``a + b pi``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..glm import expit
from ..vglm import RowTerms

__all__ = ["ResponseLikelihood", "UnrelatedLikelihood"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ResponseLikelihood:
    """Log-likelihood of 0/1 answers, ``P(1) = a + b expit(eta)``."""

    y: Array  # (rows, 1), 0 or 1
    a: float
    b: float

    def __call__(self, eta: Sequence[Array], columns: Array) -> RowTerms:
        """Return values and derivatives of the rows."""
        del columns  # every column of weights has the same answers
        p, q = expit(eta[0]), expit(-eta[0])
        yes = self.y == 1
        # without cancellation where a share is near 0 or 1
        mu = np.where(yes, self.a * q + (self.a + self.b) * p, 0.0)
        mu = np.where(yes, mu, (1 - self.a) * q + (1 - self.a - self.b) * p)
        first = np.where(yes, self.b, -self.b) * p * q / mu
        return RowTerms(np.log(mu), [first], {(0, 0): first * (q - p) - first**2})


@dataclass(frozen=True, eq=False)
class UnrelatedLikelihood:
    """Two groups asked with different chances: ``P(1) = asked expit(eta) + (1 - asked) q``.

    The share q of yes to the unrelated question is unknown; its log-odds is the first predictor.
    With `random_answers` that share of people answers by a fair coin.
    """

    y: Array  # (rows, 1), 0 or 1
    asked: Array  # (rows, 1)
    random_answers: float

    def __call__(self, eta: Sequence[Array], columns: Array) -> RowTerms:
        """Return values and derivatives of the rows."""
        del columns
        honest = 1 - self.random_answers
        q, p = expit(eta[0]), expit(eta[1])
        sign = np.where(self.y == 1, 1.0, -1.0)
        yes = honest * (self.asked * p + (1 - self.asked) * q) + self.random_answers / 2
        mu = np.where(self.y == 1, yes, 1 - yes)
        of_q = sign * honest * (1 - self.asked) * q * (1 - q) / mu
        of_p = sign * honest * self.asked * p * (1 - p) / mu
        bend = {
            (0, 0): of_q * (1 - 2 * q) - of_q**2,
            (0, 1): -of_q * of_p,
            (1, 1): of_p * (1 - 2 * p) - of_p**2,
        }
        return RowTerms(np.log(mu), [of_q, of_p], bend)
