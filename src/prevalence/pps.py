"""Unequal probabilities without replacement: quadratic forms in the totals of primary units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import one_of, warn
from .stages import Stage, group_sums, refuse_single, without_single

__all__ = ["METHODS", "VARIANCES", "Unequal"]

Array = NDArray[Any]
METHODS = ("brewer", "overton", "hartley-rao", "joint")
VARIANCES = ("yates-grundy", "horvitz-thompson")
MAX_JOINT = 3_000  # primary units of a stratum, whose matrix is decomposed


@dataclass(frozen=True, eq=False)
class UnequalStage(Stage):
    """First stage with inclusion probabilities that differ, as squares with one coefficient each.

    With z the sums of the units, t their total and p that of probability times z in a stratum,
    the form is ``sum d z^2 - a (t - r p)^2 + a r^2 p^2``; of centred z the latter two vanish.
    """

    probability: Array = field(kw_only=True)
    diagonal: Array = field(kw_only=True)  # d, by unit
    pair: tuple[Array, Array] | None = field(kw_only=True)  # a and r, by stratum

    @property
    def is_centred(self) -> bool:
        return self.pair is None

    @property
    def unit_fraction(self) -> Array:
        return self.probability

    @property
    def coefficients(self) -> Array:
        if self.pair is None:
            return self.diagonal
        a, ratio = self.pair
        return np.concatenate([self.diagonal, -a, a * ratio**2])

    def columns(self, influence: Array) -> Array:
        if self.pair is None:
            return super().columns(influence)
        z = self.sums(influence)
        t = group_sums(z, self.parent, self.n.size)
        p = group_sums(z * self.probability, self.parent, self.n.size)
        return np.concatenate([z, t - self.pair[1] * p, p], axis=1)

    def names(self, units: list[str], groups: Sequence[str]) -> list[str]:
        if self.pair is None:
            return units
        return [*units, *(f"total:{g}" for g in groups), *(f"expected:{g}" for g in groups)]


@dataclass(frozen=True, eq=False)
class JointStage(Stage):
    """First stage with given joint probabilities: an orthogonal rotation of the unit sums."""

    probability: Array = field(kw_only=True)
    values: Array = field(kw_only=True)  # eigenvalues, by unit
    rotations: tuple[tuple[Array, Array], ...] = field(kw_only=True)  # units, vectors by stratum

    @property
    def is_centred(self) -> bool:
        return False

    @property
    def unit_fraction(self) -> Array:
        return self.probability

    @property
    def coefficients(self) -> Array:
        return self.values

    def columns(self, influence: Array) -> Array:
        z = self.sums(influence)
        out = np.empty(z.shape)
        for units, vectors in self.rotations:
            out[:, units] = z[:, units] @ vectors
        return out

    def names(self, units: list[str], groups: Sequence[str]) -> list[str]:
        del groups
        return [f"joint:{name}" for name in units]


@dataclass(frozen=True, eq=False)
class Unequal:
    """How the variance of a sample with unequal probabilities is estimated."""

    method: str
    variance: str
    joint: Array | None = None

    def stage(
        self,
        unit: Array,
        parent: Array,
        probability: Array,
        single_psu: str,
        where: tuple[list[str], Array],
    ) -> Stage:
        """Build the first stage; `where` names the strata and the first row of each unit."""
        strata, first_row = where
        n = np.bincount(parent)
        single = (n == 1) & (group_sums(1 - probability[None], parent, n.size)[0] > 0)
        self._check_single(single, single_psu, strata)
        _remark_on_certainty(probability, parent, n)
        mean = np.bincount(parent, weights=probability) / n
        common = (unit, parent, n, mean, np.zeros(n.size), single, single_psu == "adjust")
        if self.method == "joint":
            rank = np.argsort(np.argsort(first_row))
            values, rotations = self._decomposed(rank, parent, probability, single)
            return JointStage(*common, probability=probability, values=values, rotations=rotations)
        diagonal, pair = self._form(parent, probability, n, single, single_psu)
        return UnequalStage(*common, probability=probability, diagonal=diagonal, pair=pair)

    def _check_single(self, single: Array, single_psu: str, strata: list[str]) -> None:
        if not single.any():
            return
        if single_psu == "error":
            refuse_single(single, strata, 1)
        if self.method != "brewer" and single_psu in ("adjust", "average"):
            raise ValueError(
                f"single_psu must be 'certainty' or 'remove' with pps={self.method!r}: found "
                f"{single_psu!r} and {int(single.sum())} strata of one unit. Collapse strata."
            )

    def _form(
        self, parent: Array, probability: Array, n: Array, single: Array, single_psu: str
    ) -> tuple[Array, tuple[Array, Array] | None]:
        """Return the coefficients of the squares and, uncentred, of the totals by stratum."""
        less = np.maximum(n - 1, 1)
        keep = without_single(np.ones(n.size), single, single_psu)
        if self.method == "brewer":
            return keep[parent] * (1 - probability) * (n / less)[parent], None
        total = np.bincount(parent, weights=probability)
        if self.method == "overton":
            a, b = np.ones(n.size), np.full(n.size, 0.5)
        else:
            a, b = 1 + total / n, np.ones(n.size)
        # Entries off the diagonal are (b (chance_i + chance_j) - a) / (n - 1).
        if self.variance == "horvitz-thompson":
            diagonal = 1 - probability + (a[parent] - 2 * b[parent] * probability) / less[parent]
            return keep[parent] * diagonal, (keep * a / less, b / a)
        others = (n - 2)[parent] * probability + total[parent]
        row = (b[parent] * others - (a * (n - 1))[parent]) / less[parent]
        diagonal = (a[parent] - 2 * b[parent] * probability) / less[parent] - row
        return keep[parent] * diagonal, None

    def _decomposed(
        self, rank: Array, parent: Array, probability: Array, single: Array
    ) -> tuple[Array, tuple[tuple[Array, Array], ...]]:
        joint = _checked_joint(self.joint, rank, probability)
        _check_across(joint, parent, probability)
        values, rotations = np.zeros(probability.size), []
        for h in range(single.size):
            units = np.flatnonzero(parent == h)
            if units.size > MAX_JOINT:
                raise ValueError(
                    f"joint must have strata of at most {MAX_JOINT:,} primary units: one has "
                    f"{units.size:,}. Use pps='overton' or 'hartley-rao'."
                )
            pi = probability[units]
            matrix = 1 - np.outer(pi, pi) / joint[np.ix_(units, units)]
            if self.variance == "yates-grundy":
                _check_fixed_size(matrix, pi)
                matrix -= np.diag(matrix.sum(axis=1))
            found, vectors = np.linalg.eigh(matrix)
            values[units] = 0.0 if single[h] else found
            rotations.append((units, vectors))
        return values, tuple(rotations)


def _remark_on_certainty(probability: Array, parent: Array, n: Array) -> None:
    certain = np.bincount(parent, weights=probability == 1)
    mixed = int(((certain > 0) & (certain < n)).sum())
    if mixed:
        warn(
            f"primary units drawn with certainty should have a stratum of their own: {mixed:,} "
            "strata mix them with others, whose variance formula counts them as drawn by chance."
        )


def _checked_joint(joint: Array | None, rank: Array, probability: Array) -> Array:
    """Return joint probabilities in the order of the units."""
    found = np.asarray(joint, dtype=float)
    if found.shape != (probability.size, probability.size):
        raise ValueError(
            f"joint must be a table of {probability.size:,} x {probability.size:,} primary units: found shape "
            f"{found.shape}. Give one row and column per primary unit, in order of appearance."
        )
    found = found[np.ix_(rank, rank)]
    gap = np.abs(np.diag(found) - probability)
    if not (gap <= 1e-6 * probability).all():
        raise ValueError(
            "joint must have the inclusion probabilities of `fpc` on its diagonal: "
            f"{int((~(gap <= 1e-6 * probability)).sum()):,} of {probability.size:,} differ. Put units in order "
            "of their first row."
        )
    low = np.minimum.outer(probability, probability)
    bad = ~((found > 0) & (found <= low * (1 + 1e-6)) & (np.abs(found - found.T) <= 1e-9))
    if bad.any():
        i, j = (int(k) for k in np.argwhere(bad)[0])
        raise ValueError(
            "joint must be symmetric, above 0 and at most either probability: "
            f"{int(bad.sum()):,} entries are not (first: {found[i, j]:g} between units of "
            f"probability {probability[i]:g} and {probability[j]:g}). Pairs that cannot be drawn together "
            "have no unbiased variance: use pps='brewer'."
        )
    return np.asarray(found)


def _check_fixed_size(matrix: Array, probability: Array) -> None:
    """Refuse independent draws, whose number is not fixed: the form would be zero."""
    apart = matrix - np.diag(np.diag(matrix))
    if probability.size > 1 and (probability < 1).any() and not (np.abs(apart) > 1e-9).any():
        raise ValueError(
            "joint must be of samples of a fixed size for pps_variance='yates-grundy': found "
            "independent draws, for which it is zero. Pass pps_variance='horvitz-thompson'."
        )


def _check_across(joint: Array, parent: Array, probability: Array) -> None:
    across = parent[:, None] != parent[None, :]
    product = np.outer(probability, probability)
    bad = across & (np.abs(joint - product) > 1e-6 * product)
    if bad.any():
        raise ValueError(
            "joint must be the product of the probabilities across strata, which are drawn apart: "
            f"{int(bad.sum()) // 2:,} pairs are not. Correct joint or strata=."
        )


def unequal_of(pps: str | None, joint: Any, variance: str, has_fpc: bool) -> Unequal | None:
    """Check the arguments of sampling with unequal probabilities."""
    one_of("pps_variance", variance, VARIANCES)
    if (pps == "joint") != (joint is not None):
        raise ValueError(
            f"joint must be given with pps='joint' and only with it: found pps={pps!r} and "
            f"{'a' if joint is not None else 'no'} joint. Give the joint probabilities and pps='joint'."
        )
    if pps is None:
        return None
    one_of("pps", pps, METHODS)
    if not has_fpc:
        raise ValueError(
            f"fpc must hold the inclusion probabilities of the primary units with pps={pps!r}: "
            "found none. Name their column."
        )
    if pps == "brewer" and variance != VARIANCES[0]:
        raise ValueError(
            f"pps_variance must be left out with pps='brewer': found {variance!r}. Brewer's variance "
            "has one form; use pps='overton', 'hartley-rao' or 'joint'."
        )
    return Unequal(pps, variance, joint)
