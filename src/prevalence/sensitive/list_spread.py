"""Whether counts of the short list spread as items answered independently with one probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import note
from ..evaluate import Domains, evaluate
from ..glm import expit
from ..survey import Survey
from .counts import OneList
from .fits import Fitted

__all__ = ["Spread", "spread_of"]

Array = NDArray[Any]
SURE = 3.0  # standard errors of a deviation that is said: one sample in 400 by chance


@dataclass(frozen=True, eq=False)
class Spread:
    """Squared deviations of counts from their model, and what it says of them; 0 on other rows."""

    seen: Array
    expected: Array

    def tell(self, survey: Survey, domains: Domains, said: list[str]) -> dict[str, str]:
        """Return the ratio in words, and say where it is not 1 by more than chance.

        The standard error takes the fitted model as known, which makes it a little too large.
        """
        rows = [self.seen, self.expected]
        given = survey.scheme is not None and survey.scheme.given
        whole = domains.whole()
        sample = survey if given else survey.linearised()
        found = evaluate(sample, lambda w: (rows[0] @ w) / (rows[1] @ w), whole)
        ratio, error = float(found.value[0, 0]), float(found.block.std_error[0])
        if abs(ratio - 1) > SURE * error:
            way = "high" if ratio > 1 else "low, or has no maximum,"
            note(
                said,
                f"the counts of the short list spread {ratio:.2f} times as much as method='ml' takes "
                f"for granted (standard error {error:.2f}): its items do not have one probability, "
                f"each by itself. The share with the trait is then too {way}: use method='nls', or "
                "list_difference.",
            )
        return {"spread of the short list's counts over the model's": f"{ratio:.2f}"}


def spread_of(fitted: Fitted, asked: OneList, rows: Any) -> Spread:
    """Return the spread of the counts of the short list about a fitted constrained model."""
    design = fitted.design
    mean = expit(design.q @ fitted.solved[: design.q.shape[1]])
    short = asked.short[rows]
    deviations = short * (asked.count[rows] - asked.items * mean) ** 2
    expected = short * asked.items * mean * (1 - mean)
    seen, told = np.zeros(design.n), np.zeros(design.n)
    seen[rows], told[rows] = deviations, expected
    return Spread(seen, told)
