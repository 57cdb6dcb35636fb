"""The list of estimators: a decorated function is tested, documented and counted by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec

from .estimate import Estimate

__all__ = ["Entry", "Example", "estimator", "registered"]

P = ParamSpec("P")


def _itself(sample: Any) -> Any:
    return sample


@dataclass(frozen=True)
class Example:
    """Arguments for one call: columns of data, how a sample is made of them, and the rest.

    `sample` makes what the estimator is given. Where that is an estimate, `own` makes the sample
    that it is of, and `through` the estimate of that. `weight` and `unit` name the columns of
    weights and sampled units in `data`. `skips` are contracts that this example does not meet
    beside those of its entry.
    """

    data: Mapping[str, Any]
    sample: Callable[[Any], Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    weight: str = "w"
    unit: str = "psu"
    own: Callable[[Any], Any] | None = None
    through: Callable[[Any], Any] = _itself
    skips: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One registered estimator.

    `smooth` tells whether it may be linearised, `degree` its homogeneity in the weights (None
    where there is none to state), `skips` the contracts it does not meet, each with the reason.
    `variants` are examples of its other rules, by name.
    """

    function: Callable[..., Estimate]
    name: str
    unit: str
    smooth: bool
    degree: int | None
    citation: str
    example: Callable[[], Example]
    skips: Mapping[str, str]
    variants: Mapping[str, Callable[[], Example]] = field(default_factory=dict)


_ENTRIES: dict[str, Entry] = {}


def estimator(
    *,
    unit: str,
    smooth: bool,
    degree: int | None,
    citation: str,
    example: Callable[[], Example],
    skips: Mapping[str, str] | None = None,
    variants: Mapping[str, Callable[[], Example]] | None = None,
) -> Callable[[Callable[P, Estimate]], Callable[P, Estimate]]:
    """Register a public function that returns an `Estimate`."""

    def register(function: Callable[P, Estimate]) -> Callable[P, Estimate]:
        family = function.__module__.removeprefix("prevalence.").split(".")[0]
        name = f"{family}.{function.__name__}"
        _ENTRIES[name] = Entry(
            function,
            name,
            unit,
            smooth,
            degree,
            citation,
            example,
            dict(skips or {}),
            dict(variants or {}),
        )
        return function

    return register


def registered(*, variants: bool = False) -> dict[str, Entry]:
    """Return the registered estimators of every family by name, with entries for other rules too."""
    # importing a family registers its estimators
    from . import direct, misclassification, mse, nsum, sensitive  # noqa: F401

    out = dict(sorted(_ENTRIES.items()))
    for entry in list(out.values()) if variants else []:
        for rule, example in entry.variants.items():
            name = f"{entry.name}, {rule}"
            out[name] = replace(entry, name=name, example=example)
    return out
