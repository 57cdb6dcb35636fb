"""What the estimators of sensitive questions share: citations, examples, and what each row rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blocks import Block
from ..direct.shares import ROUNDING, without_df, without_spread
from ..errors import note
from ..evaluate import Domains, Result, blank_rows
from ..facts import units_with
from ..registry import Example
from ..survey import Survey

__all__ = [
    "BLAIR_IMAI",
    "answers_with",
    "few_units",
    "lists_with",
    "outside",
    "p_values",
    "refuted",
    "taken",
    "without_untold",
]

Array = NDArray[Any]
REFUTED = 0.05  # p-value, times the number of domains, below which an assumption is refuted
BLAIR_IMAI = "Blair and Imai (2012) doi:10.1093/pan/mpr048"


def few_units(survey: Survey, domains: Domains, groups: Sequence[Array]) -> Array:
    """Tell in which domains one of several groups lies in fewer than two primary units.

    The mean of such a group has no spread to be seen. A census needs none.
    """
    scheme = survey.scheme or survey.design
    if not np.any(scheme.coefficients):
        return np.zeros(domains.count, dtype=bool)
    inside = domains.take_part(survey)
    units = [units_with(survey, domains, np.flatnonzero((g != 0) & inside)) for g in groups]
    return np.asarray(np.min(units, axis=0) < 2)


def without_untold(
    survey: Survey, result: Result, domains: Domains, groups: Sequence[Array], said: list[str]
) -> Result:
    """Blank what the sample does not tell: of domains with `few_units`, or without spread."""
    few = np.tile(few_units(survey, domains, groups), len(result.value))
    few &= np.isfinite(result.block.std_error)
    if few.any():
        note(
            said,
            f"{int(few.sum()):,} of {few.size:,} estimates have a group of respondents in one primary "
            "unit alone, which cannot tell its standard error: they are nan. Use larger domains.",
        )
        result = replace(result, block=blank_rows(result.block, few))
    result = without_spread(survey, domains, result, said, ROUNDING)
    said += without_df(result)
    return result


def outside(
    value: Array, domains: Domains, what: str, limits: tuple[float, float], why: str
) -> list[str]:
    """Warn of values outside what the design allows; `why` says what may be behind it."""
    low, high = limits
    with np.errstate(invalid="ignore"):
        bad = (value < low - 1e-12) | (value > high + 1e-12)
    if not bad.any():
        return []
    first = int(np.argmax(bad))
    label = ", ".join(domains.labels[first])
    said: list[str] = []
    note(
        said,
        f"{what} must lie between {low:.4g} and {high:.4g}: {int(bad.sum()):,} of {bad.size:,} "
        f"{'does' if bad.sum() == 1 else 'do'} not (first: {f'{label}, ' if label else ''}"
        f"{value[first]:.4g}). {why}",
    )
    return said


def taken(result: Result, k: int) -> Result:
    """Return one of the values of a result, by domain."""
    domains = result.sums.n_domains
    at = np.arange(domains) + k * domains
    targets = tuple(block.take(at) for block in result.targets)
    return replace(
        result, value=result.value[k : k + 1], block=result.block.take(at), targets=targets
    )


def p_values(distance: Array, block: Block) -> Array:
    """Return the two-sided p-values of distances that should be 0, by t; nan without a df."""
    from scipy.special import stdtr

    with np.errstate(all="ignore"):
        t = distance / block.std_error
    df = np.where(block.df > 0, block.df, np.nan)
    return np.asarray(2 * stdtr(df, -np.abs(t)))


def refuted(distance: Array, block: Block, domains: Domains, what: str) -> list[str]:
    """Warn where distances are not the 0 they should be, by p-values times the domains."""
    p = p_values(distance, block)
    with np.errstate(invalid="ignore"):
        bad = p * domains.count < REFUTED
    if not bad.any():
        return []
    first = int(np.nanargmin(p))
    label = ", ".join(domains.labels[first])
    said: list[str] = []
    note(
        said,
        f"{what} ({int(bad.sum()):,} of {domains.count:,} domains; first: "
        f"{f'{label}, ' if label else ''}{distance[first]:+.3f}, p = {p[first]:.2g}). Do not rest "
        "on this estimate alone.",
    )
    return said


def example() -> Example:
    rng = np.random.default_rng(31)
    psu = np.repeat(np.arange(12), 15)
    trait = rng.random(psu.size) < 0.5
    short, other = rng.binomial(3, 0.2, psu.size), rng.binomial(3, 0.2, psu.size)
    treated = rng.random(psu.size) < 0.5
    device = rng.random(psu.size)
    data = {
        "psu": psu,
        "stratum": psu // 4,
        "w": rng.integers(1, 5, psu.size).astype(float),
        "count": (short + (trait & treated)).astype(float),
        "other": (other + (trait & ~treated)).astype(float),
        "treated": treated.astype(float),
        "direct": (trait & (rng.random(psu.size) < 0.6)).astype(float),
        "forced": np.where(device < 0.1, 1.0, np.where(device > 0.85, 0.0, trait)),
        "box": np.where(rng.random(psu.size) < 0.5, "first", "second"),
    }
    asked = device < np.where(data["box"] == "first", 0.75, 0.25)
    data["unrelated"] = np.where(asked, trait, rng.random(psu.size) < 0.4).astype(float)
    return Example(data, _survey)


def _survey(data: Any) -> Survey:
    return Survey(data, weights="w", strata="stratum", psu="psu")


def _made(arguments: dict[str, Any]) -> Callable[[], Example]:
    def made() -> Example:
        plain = example()
        return Example(plain.data, plain.sample, arguments)

    return made


def lists_with(**arguments: Any) -> Callable[[], Example]:
    """Return a maker of the example of an estimator of lists called with some arguments."""
    return _made({"treatment": "treated", "items": 3, **arguments})


def answers_with(**arguments: Any) -> Callable[[], Example]:
    """Return a maker of the example of an estimator of randomised answers."""
    return _made(arguments)
