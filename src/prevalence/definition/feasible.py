"""Whether a definition can be met at all: its thresholds, and its conditions at their cut-offs."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from ..grammar import Truth, compared, three_valued
from .holes import names_in
from .logic import combined, counted
from .points import points_of
from .rules import AtLeast, Rule, thresholds, walk

if TYPE_CHECKING:
    from .definition import Definition

__all__ = ["check_feasible"]

MOST_POINTS = 20_000  # combinations of answers that are tried for one condition


def check_feasible(d: Definition) -> None:
    """Refuse rules and conditions that no answers meet, or that all answers do."""
    for argument in ("rule", "child_override"):
        rule = getattr(d, argument)
        if rule is not None and not thresholds(rule):
            for part in walk(rule):
                _check_rule(d, part, argument)
    for name, indicator in d.indicators.items():
        for window in indicator.windows or (None,):
            place = f"expr of {name!r}" + (f" at {window!r}" if window else "")
            _check_conditions(d, (indicator.at(window),), place)
            if indicator.asked is not None:
                both = (indicator.at(window), indicator.asked)
                _check_conditions(d, both, f"{place} with asked")
    if d.eligible is not None:
        _check_conditions(d, (d.eligible,), "eligible")


def _check_rule(d: Definition, rule: Rule, argument: str) -> None:
    """Check that indicators, free of each other, can meet a rule and can fail it."""
    unknown = Truth(np.array([False]), np.array([True]))
    result = combined(rule, d.indicators, dict.fromkeys(d.indicators, unknown))
    if result.may[0] and not result.must[0]:
        return
    found = f"{rule!r} "
    if isinstance(rule, AtLeast):
        names = counted(rule, d.indicators)
        domains = len({d.indicators[name].domain for name in names})
        found += f"counts {len(names):,} indicator{'' if len(names) == 1 else 's'}"
        found += f" of {domains:,} domain{'' if domains == 1 else 's'}" * rule.distinct_domains
    else:
        found += "contradicts itself" if result.must[0] <= result.may[0] else ""
    if result.must[0]:
        raise ValueError(
            f"{argument} must be one that answers can fail: {rule!r} always holds. Correct it."
        )
    raise ValueError(
        f"{argument} must be one that answers can meet: {found}. Lower the threshold, or add "
        "indicators."
    )


def _check_conditions(d: Definition, conditions: tuple[str, ...], place: str) -> None:
    """Check conditions on columns that are compared with constants, at all sides of these."""
    if any(names_in(condition) for condition in conditions):
        return
    found = [compared(condition) for condition in conditions]
    points = {column: values for column, values in points_of(d, found).items() if values}
    used = {column for each in found if each for column in each.uses}
    if None in found or used - set(points) or prod(map(len, points.values())) > MOST_POINTS:
        return
    grid = np.array(list(product(*points.values())), dtype=object).T
    columns = {
        column: row if isinstance(row[0], str) else row.astype(float)
        for column, row in zip(points, grid, strict=True)
    }
    met = np.logical_and.reduce([three_valued(text, columns).must for text in conditions])
    shown = " and ".join(repr(condition) for condition in conditions)
    if not met.any():
        raise ValueError(
            f"{place} must be a condition that answers can meet: {shown} cannot be true, with the "
            "declared missing codes left out. Correct it."
        )
    if met.all() and len(conditions) == 1:
        raise ValueError(
            f"{place} must be a condition that answers can fail: {shown} is always true. Correct it."
        )
