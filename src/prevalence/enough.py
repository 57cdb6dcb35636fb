"""How many bootstrap replicates are enough: the error that a finite number of draws leaves."""

from __future__ import annotations

import math

import numpy as np

from .arguments import explained
from .errors import number
from .estimate import Estimate

__all__ = ["replicates_needed"]


@explained
def replicates_needed(estimate: Estimate, cv: float = 0.05) -> int:
    """Return how many bootstrap replicates hold the simulation error of a standard error to `cv`.

    Parameters
    ----------
    estimate : Estimate
        An estimate from a bootstrap of R replicates, a few hundred or more. Of several rows the
        most demanding one counts.
    cv : float
        The coefficient of variation that the standard error may have over draws, 0.05 as a rule.

    Returns
    -------
    int
        ``R (e / cv)**2`` rounded up, with e the largest `Estimate.simulation_error`.

    Raises
    ------
    ValueError
        When no source of the estimate is a bootstrap, no row has a standard error, or `cv` does not
        lie between 0 and 1.
    TypeError
        When `cv` is not a number.

    Notes
    -----
    Takes replicates as independent draws: their error falls with one over the square root of their
    number. It fails (too few) for an estimate whose pilot bootstrap has few replicates. A `cv` of
    the variance, as others state it, is twice that of the standard error.

    References
    ----------
    Beaumont, J.-F. and Patak, Z. (2012). On the generalized bootstrap for sample surveys with
    special attention to Poisson sampling. International Statistical Review 80, 127-148.
    doi:10.1111/j.1751-5823.2011.00166.x

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"y": [1, 2, 3, 6, 4, 2]}).bootstrap(500, rng=1)
    >>> pv.replicates_needed(pv.direct.mean(survey, "y"), cv=0.02)
    1159
    """
    wanted = number("cv", cv)
    if not 0 < wanted < 1:
        raise ValueError(f"cv must lie between 0 and 1: found {cv!r}. Write 0.05 for 5 %.")
    error = estimate.simulation_error()
    if not np.isfinite(error).any():
        raise ValueError(
            "replicates_needed must have a standard error to go by: none of "
            f"{error.size:,} rows has one. Choose an outcome that varies."
        )
    held = [b.scheme.coefficients.size for b in estimate.blocks if "bootstrap" in b.scheme.kind]
    return math.ceil(max(held) * (float(np.nanmax(error)) / wanted) ** 2)
