"""Rescaling the draws of a scale-up model, which knows degrees and sizes only up to a factor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...errors import one_of, warn

Array = NDArray[np.float64]

RULES = ("all", "weighted", "weighted_sq", "overdispersed")
REMEDY = "Give the group's size, or take another group."


def rescale(
    log_degree: Array,
    log_prevalence: Array,
    *,
    sizes: Array,
    population: float,
    rule: str = "all",
    correlation: Array | None = None,
    names: Sequence[Sequence[int]] = (),
) -> tuple[Array, Array]:
    """Degrees and prevalences on the scale of the known groups, draw by draw.

    A model whose mean answer is ``exp(delta_i + rho_k)`` leaves a common factor open. With
    ``r_k = exp(rho_k) / (N_k / N)`` over the known groups k:

    * ``"all"``: ``C = log mean_k r_k``; ``delta + C`` and ``rho - C``.
    * ``"weighted"``: degrees as in ``"all"``; group j gets its own
      ``C_j = log(sum_k u_k r_k / sum_k u_k)`` over the known groups other than j, with
      ``u_k = max(correlation_jk, 0)``, so that groups whose errors resemble those of j count most.
      ``"weighted_sq"`` takes the squares of ``u_k``.
    * ``"overdispersed"``: with the groups G1, G2 and B2 (names) and
      ``c(G) = log(sum_G exp(rho_k) / sum_G N_k / N)``: ``C = c(G1)``, or
      ``C = c(G1) + (c(B2) - c(G2)) / 2``, which lifts the degrees for popular names that are
      under-recalled.

    Parameters
    ----------
    log_degree : ndarray, (..., n)
        Draws of ``delta_i``.
    log_prevalence : ndarray, (..., K)
        Draws of ``rho_k``, known and hidden groups.
    sizes : ndarray, (K,)
        Sizes ``N_k`` of the known groups; nan for hidden ones.
    population : float
        Size N of the population.
    rule : {"all", "weighted", "weighted_sq", "overdispersed"}
        See above.
    correlation : ndarray, (..., K, K), optional
        Correlation of the groups' errors, as one matrix or draw by draw; its diagonal is not used.
    names : sequence of sequences of int
        For ``"overdispersed"``: the positions of the groups in G1, or in G1, G2 and B2.

    Returns
    -------
    log_degree, log_prevalence : ndarray
        New arrays of the same shapes; the exponential of the second is ``N_k / N``.

    Raises
    ------
    ValueError
        If no size is known or one is not positive, or what the rule needs is missing or of another
        shape.

    Warns
    -----
    PrevalenceWarning
        If a group has no positive correlation with a known group: it is rescaled by ``"all"``.

    Notes
    -----
    Every rule assumes that the known groups it leans on are reported without transmission or barrier
    error on average. The weighted rules lean on few groups when correlations are noisy: compare them
    with ``"all"`` before trusting them.

    References
    ----------
    Laga, I., Bao, L. and Niu, X. (2023). A correlated network scale-up model: finding the connection
    between subpopulations. Journal of the American Statistical Association.
    doi:10.1080/01621459.2023.2165929

    Zheng, T., Salganik, M. J. and Gelman, A. (2006). How many people do you know in prison? Journal
    of the American Statistical Association, 101(474), 409-423. doi:10.1198/016214505000001168

    Examples
    --------
    >>> import numpy as np
    >>> from prevalence.nsum.models.scaling import rescale
    >>> degree, prevalence = rescale(
    ...     np.array([[4.0, 5.0]]),
    ...     np.array([[-5.0, -4.0, -7.0]]),
    ...     sizes=np.array([1_000.0, 3_000.0, np.nan]),
    ...     population=100_000,
    ... )
    >>> np.exp(prevalence).round(5)
    array([[0.01049, 0.02852, 0.00142]])
    """
    one_of("scaling", rule, RULES)
    log_prevalence = np.asarray(log_prevalence, dtype=float)
    shares = shares_of(sizes, population, log_prevalence.shape[-1])
    if rule == "overdispersed":
        shift = _by_names(log_prevalence, shares, names)[..., None]
        return raised(log_degree, shift), log_prevalence - shift
    known = np.flatnonzero(np.isfinite(shares))
    relative = np.log(shares[known])
    shift = _log_mean(log_prevalence[..., known] - relative)[..., None]
    if rule == "all":
        return raised(log_degree, shift), log_prevalence - shift
    weights = _weights(correlation, known, shares.size, power=2 if rule == "weighted_sq" else 1)
    ratios = log_prevalence[..., known] - relative
    own = _weighted_log_mean(ratios, weights, shift)
    return raised(log_degree, shift), log_prevalence - own


def raised(log_degree: Array, shift: Array) -> Array:
    """Return log degrees plus a shift, in the precision in which they are kept."""
    kept = np.asarray(log_degree)
    return np.asarray(kept + shift.astype(kept.dtype if kept.dtype.kind == "f" else float))


def level_of(log_prevalence: Array, shares: Array, places: NDArray[np.intp]) -> Array:
    """Return the log of some groups' total prevalence over their total share of the population."""
    drawn = _log_mean(log_prevalence[..., places]) + np.log(places.size)
    return np.asarray(drawn - np.log(shares[places].sum()))


def shares_of(sizes: Array, population: float, count: int) -> Array:
    """Return the known prevalences, nan for hidden groups."""
    sizes = np.asarray(sizes, dtype=float)
    if sizes.shape != (count,):
        raise ValueError(
            f"sizes must have one number for each of the {count} groups: found an array of shape "
            f"{sizes.shape}. Write nan for hidden groups."
        )
    bad = np.flatnonzero((sizes <= 0) | np.isinf(sizes))
    if bad.size or np.isnan(sizes).all():
        found = f"{bad.size} are not (first: {sizes[bad[0]]:g})" if bad.size else "none is given"
        raise ValueError(
            f"sizes must be positive for at least one known group: {found}. Give known sizes."
        )
    if not (np.isfinite(population) and population >= np.nanmax(sizes)):
        raise ValueError(
            f"population must be at least as large as each known group: found {population:g}, and a "
            f"group of {np.nanmax(sizes):g}. Correct one of them."
        )
    return sizes / population


def _log_mean(values: Array) -> Array:
    top = values.max(axis=-1, keepdims=True)
    return np.asarray(np.log(np.exp(values - top).mean(axis=-1)) + top[..., 0])


def _weights(
    correlation: Array | None, known: NDArray[np.intp], count: int, *, power: int
) -> Array:
    """Return the weight (..., groups, known groups) of each known group for each group."""
    if correlation is None or np.shape(correlation)[-2:] != (count, count):
        found = "none" if correlation is None else f"an array of shape {np.shape(correlation)}"
        raise ValueError(
            f"correlation must be a matrix of the {count} groups for the weighted rules: found "
            f"{found}. Fit the correlated model, or write scaling='all'."
        )
    weights = np.maximum(np.asarray(correlation, dtype=float)[..., known], 0.0) ** power
    weights[..., known, np.arange(known.size)] = 0.0
    return np.asarray(weights)


def _weighted_log_mean(ratios: Array, weights: Array, shift: Array) -> Array:
    """Return each group's own shift; the common one where no weight is positive."""
    total = weights.sum(axis=-1)
    none = total <= 0
    if none.any():
        groups = np.flatnonzero(none.reshape(-1, none.shape[-1]).any(axis=0))
        warn(
            "weighted scaling needs a known group whose correlation with the group is positive: "
            f"{none.mean():.1%} of the cases have none (groups at positions "
            f"{', '.join(map(str, groups))}). They are rescaled over all known groups."
        )
    top = ratios.max(axis=-1, keepdims=True)
    means = np.einsum("...jk,...k->...j", weights, np.exp(ratios - top))
    safe = np.where(none, 1.0, means / np.where(none, 1.0, total))
    return np.where(none, shift, np.log(safe) + top)


def _by_names(log_prevalence: Array, shares: Array, names: Sequence[Sequence[int]]) -> Array:
    """Return the shift that Zheng, Salganik and Gelman take from groups of names."""
    if len(names) not in (1, 3) or not all(len(group) for group in names):
        raise ValueError(
            "names must hold the positions of the groups in G1, or in G1, G2 and B2: found "
            f"{len(names)} sets{'' if len(names) not in (1, 3) else ', one of them empty'}. "
            "Write for example names=[[0, 1]]."
        )
    constants = []
    for group in names:
        places = np.asarray(group, dtype=int)
        if places.min() < 0 or places.max() >= shares.size or np.isnan(shares[places]).any():
            raise ValueError(
                f"names must be positions of known groups: found {[int(i) for i in places]}. {REMEDY}"
            )
        constants.append(level_of(log_prevalence, shares, places))
    if len(constants) == 1:
        return np.asarray(constants[0])
    return np.asarray(constants[0] + (constants[2] - constants[1]) / 2)
