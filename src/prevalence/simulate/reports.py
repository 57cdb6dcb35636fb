"""Reports about trafficked children: how many an adult names, by form, true and false ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from prevalence.simulate.shared import Floats, Ints, check_chances

__all__ = ["HIDDEN", "check_forms", "column_of", "counts", "overall", "reports"]

#: Column of the trafficked children that an adult reports.
HIDDEN = "n_children_trafficked"
ROUNDING = 1e-9  # shares typed as decimals, added up


def column_of(form: str) -> str:
    """Return the column with the reported children of a form."""
    return f"n_children_{form}"


def check_forms(forms: Mapping[str, tuple[float, float]]) -> None:
    """Raise ValueError unless forms have shares that add up to 1 and chances of a report."""
    for form, (share, chance) in forms.items():
        check_chances({f"share of {form}": share, f"transmission of {form}": chance})
    total = sum(share for share, _ in forms.values())
    if forms and abs(total - 1) > ROUNDING:
        raise ValueError(
            f"forms must share out all trafficked children: their shares add up to {total:g}, not "
            "1. Give each form its share, and the last one the rest."
        )


def overall(forms: Mapping[str, tuple[float, float]], transmission: float) -> float:
    """Return the chance that a known child is reported, over all forms."""
    return sum(share * chance for share, chance in forms.values()) if forms else transmission


def counts(mean: Floats, overdispersion: float, rng: np.random.Generator) -> Ints:
    """Draw counts with this mean and this variance over mean."""
    if overdispersion > 1:
        mean = rng.gamma(mean / (overdispersion - 1), overdispersion - 1)
    return rng.poisson(mean)


def reports(
    mean: Floats, precision: float, overdispersion: float, rng: np.random.Generator
) -> Ints:
    """Draw reports with this mean of true ones; of all, a share of `precision` is true."""
    drawn = counts(mean, overdispersion, rng)
    if precision < 1:
        drawn = drawn + counts(mean * (1 / precision - 1), overdispersion, rng)
    return drawn
