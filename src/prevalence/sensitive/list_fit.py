"""Regressions of a list experiment fitted to the weights of a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..direct.models import check_count, coordinates
from ..errors import ConvergenceError
from ..vglm import Maximum, curvature, maximise, score_rows
from .fits import Design, Fitted, runs_away
from .list_likelihood import list_likelihood
from .list_moments import TwoStep

__all__ = ["ListModel", "fitted_list"]

Array = NDArray[Any]
WITHIN = 0.02, 0.9  # of a share a climb starts from
OTHER_STARTS = 0.05, 0.5  # shares beside that of the difference of means
APART = 0.5  # log-odds between control items of both kinds of persons at the start
TIED = 1e-7  # of log-likelihoods


@dataclass(frozen=True)
class ListModel:
    """What a regression of a list experiment is told: the method and what it assumes."""

    method: str
    constrained: bool = True
    floor: float = 0.0
    ceiling: float = 0.0

    @property
    def parts(self) -> list[str]:
        """Names of the groups of coefficients, in the order in which they are solved."""
        if self.method == "ml" and not self.constrained:
            return ["control, Z = 0", "control, Z = 1", "sensitive"]
        return ["control", "sensitive"]


def fitted_list(design: Design, y: Array, treated: Array, items: int, model: ListModel) -> Fitted:
    """Fit a regression of counts of the rows that take part to the weights of the sample."""
    for arm, rows in (("were read the long list", treated), ("were read the short list", ~treated)):
        if arm.endswith("long list") or model.method != "ml":
            check_count(design.x[rows], f" that {arm}")
            coordinates(design.x[rows], design.weights[rows], design.terms.names, f"that {arm}")
    if model.method == "ml":
        return _by_likelihood(design, y, treated, items, model)
    return _by_moments(design, y, treated, items, model)


def _lifted(design: Design, model: ListModel) -> tuple[Array, list[str]]:
    """Return the way from coordinates to coefficients, the sensitive ones first, and names."""
    parts, p = model.parts, design.q.shape[1]
    lift = np.zeros((len(parts) * p, len(parts) * p))
    order = [len(parts) - 1, *range(len(parts) - 1)]
    for row, part in enumerate(order):
        lift[row * p : (row + 1) * p, part * p : (part + 1) * p] = design.back
    return lift, [f"{parts[part]}: {name}" for part in order for name in design.terms.names]


def _first(design: Design, y: Array, treated: Array, items: int) -> tuple[float, float]:
    """Return shares to start from: of the control items and of the sensitive one."""
    control = design.averaged(y, ~treated)
    added = design.averaged(y, treated) - control
    low, high = WITHIN
    return float(np.clip(control / items, low, high)), float(np.clip(added, low, high))


def _by_moments(design: Design, y: Array, treated: Array, items: int, model: ListModel) -> Fitted:
    straight = model.method == "linear"
    steps = TwoStep(y, treated, design.q, items, straight)
    first = [design.level(share) for share in _first(design, y, treated, items)]
    start = np.zeros(2 * design.q.shape[1]) if straight else np.concatenate(first)
    found = steps.solve(design.weights[:, None], start)
    solved = found.at[:, 0]
    if not np.isfinite(solved).all():
        raise ConvergenceError(_none("least squares", design, found.last[:, 0], y, treated))
    rows, observed, expected = steps.equations(solved, design.weights)
    lift, names = _lifted(design, model)
    return Fitted(
        design,
        names,
        lift,
        solved,
        np.linalg.inv(observed),
        rows,
        lambda weights: steps.solve(weights, solved),
        _sandwich(design, rows, expected, treated if straight else None),
        straight,
    )


def _sandwich(design: Design, rows: Array, expected: Array, treated: Array | None) -> Array:
    """Return the variance of moment estimates of independent rows (Imai 2011).

    Least squares of a linear model (`treated` given) has its residuals divided by 1 minus their
    leverage, as in HC3.
    """
    meat = design.weights[:, None] * rows
    if treated is not None:
        leverage = np.empty(len(meat))
        for arm in (treated, ~treated):
            x, w = design.q[arm], design.weights[arm]
            inverse = np.linalg.inv((x.T * w) @ x)
            leverage[arm] = w * np.einsum("ij,jk,ik->i", x, inverse, x)
        meat = meat / np.maximum(1 - leverage, 1e-12)[:, None]
    bread = np.linalg.inv(expected)
    return np.asarray(bread @ (meat.T @ meat) @ bread.T)


def _by_likelihood(
    design: Design, y: Array, treated: Array, items: int, model: ListModel
) -> Fitted:
    likelihood = list_likelihood(
        y,
        treated,
        items,
        constrained=model.constrained,
        floor=model.floor,
        ceiling=model.ceiling,
    )
    designs = [design.q] * len(model.parts)
    starts = _starts(design, y, treated, items, len(model.parts))
    w = design.weights[:, None]
    found = maximise(likelihood, designs, np.repeat(w, starts.shape[1], axis=1), starts)
    solved, value = _best(found, design, y, treated)
    terms = likelihood(_predictors(design, solved, len(model.parts)), np.zeros(1, dtype=int))
    inverse = np.linalg.inv(-curvature(terms.bend, designs, w)[:, :, 0])
    lift, names = _lifted(design, model)
    return Fitted(
        design,
        names,
        lift,
        solved,
        inverse,
        score_rows(terms.slope, designs),
        lambda weights: maximise(likelihood, designs, weights, solved),
        inverse,
        log_likelihood=value,
    )


def _predictors(design: Design, solved: Array, parts: int) -> list[Array]:
    return [(design.q @ part)[:, None] for part in np.split(solved, parts)]


def _starts(design: Design, y: Array, treated: Array, items: int, parts: int) -> Array:
    """Return where climbs begin (coordinates, starts): least squares, then flat ones."""
    control, added = _first(design, y, treated, items)
    flat = [(design.level(control), design.level(share)) for share in (added, *OTHER_STARTS)]
    w = design.weights[:, None]
    squares = TwoStep(y, treated, design.q, items, straight=False)
    found = squares.solve(w, np.concatenate(flat[0])).at[:, 0]
    if np.isfinite(found).all():
        flat[0] = (found[: design.q.shape[1]], found[design.q.shape[1] :])
    apart = design.level(1 / (1 + np.exp(-APART)))
    out = [np.concatenate([g] * (parts - 1) + [d]) for g, d in flat]
    if parts == 3:
        out += [np.concatenate([g - s * apart, g + s * apart, d]) for g, d in flat for s in (1, -1)]
    return np.stack(out, axis=1)


def _best(found: Maximum, design: Design, y: Array, treated: Array) -> tuple[Array, float]:
    """Return the highest maximum, or say where the likelihood grows without reaching one."""
    value = np.where(np.isnan(found.value), -np.inf, found.value)
    within = np.isfinite(found.at).all(axis=0)
    high = np.flatnonzero(within & (value >= value.max() - TIED))
    if not high.size:
        last = found.last[:, int(np.argmax(value))]
        raise ConvergenceError(_none("likelihood", design, last, y, treated))
    return found.at[:, high[0]], float(value[high[0]])


def _none(what: str, design: Design, last: Array, y: Array, treated: Array) -> str:
    gap = design.averaged(y, treated) - design.averaged(y, ~treated)
    where = runs_away(design, last) or "as coefficients of the control items grow without end"
    return (
        f"the {what} of the list experiment must have an optimum: it keeps improving {where} (the mean "
        f"counts of both lists differ by {gap:.3g}). Leave out predictors or join categories; without any, "
        "list_difference has an estimate and its interval whatever the data."
    )
