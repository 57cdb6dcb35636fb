"""The estimators of a rehearsed study: each from one sample to a number of trafficked children."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prevalence import direct, mse, nsum
from prevalence.estimate import Estimate

from .fieldwork import SYNTHETIC, Fieldwork
from .parameters import Parameters

__all__ = ["OWN", "chosen"]

OWN = "own"  # the name of a single estimate by a function of the user
SAME: dict[str, Any] = {
    "outcome": "trafficked children",
    "population": SYNTHETIC,
    "window": "",
    "denominator": "",
}


def survey(sample: Fieldwork) -> Estimate:
    """Children counted in the survey: weighted share times the number of children."""
    share = direct.prevalence(sample.children, "trafficked")
    return share.count(sample.population).describe(**SAME)


def network(sample: Fieldwork) -> Estimate:
    """Children reported by adults: scale-up with the adjustments that the analysis knows."""
    p = sample.parameters
    found = nsum.scale_up(
        sample.answers,
        transmission=p.transmission if p.handles("transmission") else 1.0,
        degree_ratio=1 - p.barrier if p.handles("barrier") else 1.0,
    )
    return found.describe(**SAME)


def lists(sample: Fieldwork) -> Estimate:
    """Children on case lists: a log-linear model with the pair that is known to depend."""
    p = sample.parameters
    pair = (p.dependence != 1 and p.handles("dependence")) or (
        p.referral > 0 and p.handles("referral")
    )
    found = mse.loglinear(sample.lists, pairs=[sample.lists.names[:2]] if pair else [])
    return found.describe(**SAME)


def combined(sample: Fieldwork) -> Estimate:
    """The mean of survey and network, with the covariance of one sample."""
    return (survey(sample) + network(sample)) / 2


MAKERS: dict[str, Callable[[Fieldwork], Estimate]] = {
    "survey": survey,
    "network": network,
    "lists": lists,
    "combined": combined,
}


def chosen(p: Parameters) -> dict[str, Callable[[Fieldwork], Estimate]]:
    """Return the estimators that were asked for, by name."""
    return {name: MAKERS[name] for name in p.estimators}
