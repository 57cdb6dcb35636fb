"""From the blocks of an estimate to its standard errors, covariance and intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arguments import explained
from .blocks import MAX_COVARIANCE, Block
from .errors import level_in_range
from .intervals import RULES
from .replication import simulation_error

__all__ = ["Uncertainty"]

Array = NDArray[Any]
MANY_DF = 1e9  # a t with more is the normal distribution
MAPS: dict[str, Callable[[Any, Any], Any]] = {
    "multiply": lambda x, c: x * c,
    "add": lambda x, c: x + c,
    "exp": lambda x, _: np.exp(x),
    "log": lambda x, _: np.log(x),
    "sqrt": lambda x, _: np.sqrt(x),
    "divide into": lambda x, c: c / x,
    "power": lambda x, c: x**c,
}


@explained
class Uncertainty:
    """Values with blocks of uncertainty and a rule for their intervals."""

    value: Array
    blocks: tuple[Block, ...]
    interval_rule: str
    constants: Mapping[str, Array]
    maps: tuple[tuple[str, Any], ...]

    @cached_property
    def _variances(self) -> Array:
        return np.array([block.variance for block in self.blocks]).reshape(-1, self.value.size)

    @cached_property
    def std_error(self) -> Array:
        """Standard errors, one per row."""
        parts = [block.std_error for block in self.blocks]
        out = np.hypot.reduce(parts, axis=0) if parts else np.full(self.value.size, np.nan)
        out[~np.isfinite(self.value)] = np.nan
        out.setflags(write=False)
        return out

    @cached_property
    def df(self) -> Array:
        """Degrees of freedom: the design's, or Satterthwaite's over sources."""
        if len(self.blocks) == 1:
            return self.blocks[0].df
        v = self._variances
        with np.errstate(all="ignore"):
            parts = [
                np.where(b.df > 0, x**2 / b.df, np.inf) for b, x in zip(self.blocks, v, strict=True)
            ]
            parts = [np.where(x > 0, part, 0.0) for part, x in zip(parts, v, strict=True)]
            out = (
                v.sum(axis=0) ** 2 / np.sum(parts, axis=0)
                if self.blocks
                else np.zeros(self.value.size)
            )
        fewest = np.min([b.df for b in self.blocks], axis=0) if self.blocks else np.inf
        out = np.where(out > MANY_DF, np.inf, out)
        return np.where(np.isnan(out), fewest, out)  # nothing varies: what tells least decides

    @property
    def covariance(self) -> Array:
        """Covariance matrix of the rows, made on demand."""
        if self.value.size > MAX_COVARIANCE:
            raise ValueError(
                f"a covariance matrix must have at most {MAX_COVARIANCE:,} rows: found "
                f"{self.value.size:,}. Choose rows first, or use the columns."
            )
        return np.asarray(sum(block.covariance() for block in self.blocks))

    @property
    def columns(self) -> dict[str, tuple[Array, Array]]:
        """Columns (rows, columns) and their coefficients by source: V = columns * c @ columns.T."""
        return {b.source: (b.columns(), b.scheme.coefficients) for b in self.blocks}

    def interval(self, level: float = 0.95) -> Array:
        """Return the lower and upper limits of every row, shape (rows, 2).

        Parameters
        ----------
        level : float
            Probability of the interval, between 0 and 1.

        Returns
        -------
        ndarray of shape (rows, 2)
            Limits in the unit of the estimate; nan where there is no degree of freedom.

        Raises
        ------
        ValueError
            When the level does not lie between 0 and 1.

        Notes
        -----
        The rule is the estimator's; `explain` names it. Plain numbers added or multiplied carry the
        limits along; other arithmetic has symmetric limits, or log-symmetric ones for a positive
        ratio, count or total. They fail (too short) where the estimate is biased or units are few.

        Examples
        --------
        >>> import prevalence as pv
        >>> e = pv.direct.prevalence(pv.Survey({"case": [1, 0, 0, 0] * 10}), "case")
        >>> e.interval().round(3)
        array([[0.136, 0.401]])
        """
        return self._limits(self.interval_rule, level_in_range(level))

    def _limits(self, rule: str, level: float) -> Array:
        constants = {"value": self.value, "std_error": self.std_error, **self.constants}
        limits = RULES[rule](constants, self.df, level)
        for name, constant in self.maps:
            shaped = constant if np.ndim(constant) == 0 else np.asarray(constant)[:, None]
            with np.errstate(divide="ignore"):
                limits = MAPS[name](limits, shaped)
        limits = np.sort(limits, axis=-1)
        upper = np.isnan(limits[:, 1]) & (limits[:, 0] > self.value)  # alone, and sorted first
        limits[upper] = limits[upper, ::-1]
        return limits

    def at_most(self, level: float = 0.95) -> Array:
        """Return one-sided upper limits: each row's quantity is at most this.

        Parameters
        ----------
        level : float
            Probability of one limit, above 0.5 and below 1.

        Returns
        -------
        ndarray of shape (rows,)
            Upper limits of the two-sided interval at ``2 level - 1``: 0.95 takes that at 0.9. With
            ``auto`` the tail is that of Clopper and Pearson on the same effective sample size, which
            holds at every share: without a case it is about 3 / n_eff, the rule of three.

        Raises
        ------
        ValueError
            When the level does not lie between 0.5 and 1.

        Notes
        -----
        Assumes, as the interval does, that the design effect in use is not below half the truth. It
        may lie above the two-sided limit of `interval`, whose lower tail is empty without a case.

        References
        ----------
        Hanley, J. A. and Lippman-Hand, A. (1983). If nothing goes wrong, is everything all right?
        JAMA 249, 1743-1745. doi:10.1001/jama.1983.03330370053031

        Examples
        --------
        >>> import prevalence as pv
        >>> e = pv.direct.prevalence(pv.Survey({"case": [0] * 300}), "case")
        >>> e.at_most().round(4)
        array([0.0099])
        """
        if not (isinstance(level, (int, float)) and 0.5 < level < 1):
            raise ValueError(
                f"level of a one-sided limit must lie between 0.5 and 1: found {level!r}. Write 0.95."
            )
        rule = "beta" if self.interval_rule == "auto" else self.interval_rule
        return np.asarray(self._limits(rule, 2 * level - 1)[:, 1])

    def simulation_error(self) -> Array:
        """Return the coefficient of variation of each bootstrap standard error over its draws.

        Returns
        -------
        ndarray of shape (rows,)
            How far the standard error would move with other draws, relative to itself: half of
            ``sd(E) / (mean(E) sqrt(R))``, with E the squared deviations of R replicates; near
            ``1 / sqrt(2 R)`` where replicates are normal. Other sources count as known.

        Raises
        ------
        ValueError
            When no source of the estimate is a bootstrap.

        Notes
        -----
        It takes replicates as independent draws, and so is an upper limit for generalised
        bootstraps, whose draws are balanced. `prevalence.replicates_needed` turns it into a number
        of replicates. It fails (too small) with few replicates of a rare outcome.

        References
        ----------
        Beaumont, J.-F. and Patak, Z. (2012). On the generalized bootstrap for sample surveys with
        special attention to Poisson sampling. International Statistical Review 80, 127-148.
        doi:10.1111/j.1751-5823.2011.00166.x

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"y": [1, 2, 3, 6, 4, 2]}).bootstrap(200, rng=1)
        >>> pv.direct.mean(survey, "y").simulation_error().round(3)
        array([0.05])
        """
        drawn = [b for b in self.blocks if "bootstrap" in b.scheme.kind]
        if not drawn:
            raise ValueError(
                "simulation_error needs a bootstrap: the variance of this estimate is "
                f"{', '.join(b.scheme.kind.split(' draw')[0] for b in self.blocks) or 'not known'}. "
                "Call .bootstrap(1000, rng=1) on the sample first."
            )
        errors = [simulation_error(b.columns(), b.scheme.coefficients)[1] for b in drawn]
        with np.errstate(all="ignore"):
            return np.asarray(np.sqrt(np.sum(np.square(errors), axis=0)) / (2 * self.std_error**2))
