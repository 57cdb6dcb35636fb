"""Prevalence from reports by others, such as parents for children, who err in two ways."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..arguments import explained
from ..errors import number
from ..estimate import Estimate
from ..registry import Example, estimator
from .rogan_gladen import ROGAN_GLADEN, ZERO_AT, example, rogan_gladen

__all__ = ["proxy"]

ABOUT_INSTRUMENT = ("The specificity is", "The sensitivity is", "Sensitivity and specificity are")

#: What is said of a specificity, of the false reports that it is one minus.
FALSE_REPORTS = {"variance from specificity": "variance from false reports"}


def _example() -> Example:
    from ..known import validated

    screened = example()
    rates = {
        "sensitivity": validated(correct=26, tested=40, name="children in work"),
        "false_report": validated(correct=3, tested=150, name="other children"),
    }
    return replace(screened, arguments=rates)


@estimator(unit="proportion", smooth=True, degree=0, citation=ROGAN_GLADEN, example=_example)
@explained
def proxy(
    apparent: Estimate,
    *,
    sensitivity: Estimate | float,
    false_report: Estimate | float,
    interval: str = "auto",
) -> Estimate:
    """Estimate a prevalence from reports by others, ``(p - f) / (s - f)``.

    Of true cases the proxies report a share s, of others a share f: the Rogan-Gladen estimator with
    specificity ``1 - f``, and its variance ``(V(p) + x^2 V(s) + (1 - x)^2 V(f)) / (s - f)^2``.

    Parameters
    ----------
    apparent : Estimate
        Share p reported by the proxies, as of `prevalence.direct.prevalence`, one row per domain.
    sensitivity : Estimate or float
        Share s of true cases that proxies report, as a validation study found it
        (`prevalence.validated`), or any estimate of one row or of the same rows; a number is taken
        as known.
    false_report : Estimate or float
        Share f of others whom proxies report as cases: those reported over those tested.
    interval : str
        One of the rules of `rogan_gladen`.

    Returns
    -------
    Estimate
        The rows of `apparent`, corrected; a value below 0 stays so and is said. Facts as of
        `rogan_gladen`; ``zero_at_false_report`` is the false reports at which it would be 0.

    Raises
    ------
    ValueError, TypeError
        When a rate is not a share, s is not above f, rows do not match, or `apparent` is no
        proportion.

    Notes
    -----
    Reports of parents were below those of the children in some studies, and equal in a randomised
    one: no direction can be taken for granted, so both rates are asked for, without a default.
    Assumes that the rates are those of the proxies surveyed and the same in every domain unless
    given by row; it fails where a validation study had other proxies, or where proxies of cases are
    missing from the survey. `what_if` shows the estimate over ranges of the two rates.

    References
    ----------
    Rogan, W. J. and Gladen, B. (1978). Estimating prevalence from the results of a screening test.
    American Journal of Epidemiology 107, 71-76. doi:10.1093/oxfordjournals.aje.a112510

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"parent_says": [1] * 60 + [0] * 940})
    >>> e = pv.misclassification.proxy(
    ...     pv.direct.prevalence(survey, "parent_says"),
    ...     sensitivity=pv.validated(correct=32, tested=50),
    ...     false_report=pv.validated(correct=3, tested=200),
    ... )
    >>> e.value.round(4), e.std_error.round(4)
    (array([0.072]), array([0.0192]))
    """
    _check(sensitivity, false_report)
    found = rogan_gladen(
        apparent,
        sensitivity=sensitivity,
        specificity=complement(false_report),
        interval=interval,
    )
    words = {FALSE_REPORTS.get(name, name): told for name, told in found.provenance.items()}
    if words.pop(ZERO_AT, ""):
        words["the estimate would be 0 at false reports of"] = f"{apparent.value[0]:.4g}"
    kept = (a for a in found.assumptions if not a.startswith(ABOUT_INSTRUMENT))
    return replace(
        found,
        method="misclassification.proxy",
        facts={**found.facts, "zero_at_false_report": apparent.value},
        assumptions=(
            *kept,
            _taken("Proxies report {} of true cases", sensitivity),
            _taken("Proxies report {} of others as cases", false_report),
            "Both rates are those of the proxies surveyed.",
        ),
        provenance={**words, "cases": "reported by proxies"},
    )


def complement(rate: Estimate | float) -> Estimate | float:
    """Return one minus a share, with the sample that it was estimated from."""
    if not isinstance(rate, Estimate):
        return 1 - number("false_report", rate)
    if rate.maps:
        return 1 - rate
    facts = dict(rate.facts)
    if {"n", "cases"} <= set(facts):
        facts["cases"] = np.asarray(facts["n"]) - np.asarray(facts["cases"])
    return replace(
        rate,
        value=1 - rate.value,
        blocks=tuple(block.scaled(-np.ones(len(rate))) for block in rate.blocks),
        facts=facts,
    )


def _check(sensitivity: Estimate | float, false_report: Estimate | float) -> None:
    s, f = _values("sensitivity", sensitivity), _values("false_report", false_report)
    if s.size == f.size or 1 in (s.size, f.size):
        bad = ~(s > f)
        if bad.any():
            s, f = np.broadcast_arrays(s, f)
            i = int(np.argmax(bad))
            raise ValueError(
                f"sensitivity must be above false_report: found {s[i]:g} and {f[i]:g} in "
                f"{int(bad.sum())} of {bad.size} rows. Proxies who report others as often as cases "
                "tell nothing: check which is which."
            )


def _values(argument: str, rate: Estimate | float) -> np.ndarray[Any, Any]:
    value = rate.value if isinstance(rate, Estimate) else np.array([number(argument, rate)])
    bad = ~((value >= 0) & (value <= 1))
    if bad.any():
        raise ValueError(
            f"{argument} must be a share between 0 and 1: found {value[bad][0]:g}. Write 0.05 for 5 %."
        )
    return value


def _taken(words: str, rate: Estimate | float) -> str:
    values = rate.value if isinstance(rate, Estimate) else np.array([float(rate)])
    shown = ", ".join(f"{x:.4g}" for x in dict.fromkeys(values.tolist()))
    known = not isinstance(rate, Estimate)
    return words.format(shown) + (", taken as known." if known else ", estimated.")
