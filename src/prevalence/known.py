"""Quantities known with uncertainty: they enter estimates as a source of their own."""

from __future__ import annotations

import secrets

import numpy as np

from .arguments import explained
from .blocks import Block, Columns
from .chain import plain
from .errors import level_in_range, number, one_of, text, whole
from .estimate import Estimate
from .intervals import t_quantile

__all__ = ["uncertain", "validated"]

RULE_OF = {"normal": "wald", "lognormal": "log", "beta": "beta-distribution"}


@explained
def uncertain(
    value: float,
    low: float | None = None,
    high: float | None = None,
    *,
    std_error: float | None = None,
    kind: str = "normal",
    level: float = 0.95,
    name: str = "",
) -> Estimate:
    """Return a number known with uncertainty, to be used in arithmetic and as an adjustment.

    Its standard error is given, or is that of the distribution of the given kind with mean
    `value` whose central interval at `level` is as wide as ``high - low`` (for ``lognormal``: as
    wide as log high - log low on the log scale).

    Parameters
    ----------
    value : float
        The best value, in the units of the quantity.
    low, high : float, optional
        Limits of the central interval at `level`.
    std_error : float, optional
        Standard error, instead of limits.
    kind : {"normal", "lognormal", "beta"}
        The distribution; ``beta`` is for shares between 0 and 1.
    level : float
        Probability of the interval.
    name : str
        Name of the source. Two numbers of one name are the same quantity (fully correlated);
        without a name each call is a source of its own.

    Returns
    -------
    Estimate
        One row, with infinite degrees of freedom.

    Raises
    ------
    ValueError
        When the limits do not enclose the value, a share does not lie between 0 and 1, or
        anything is not finite.

    Notes
    -----
    Assumes that the uncertainty is independent of all data. It fails as a summary where the
    knowledge is strongly skewed: its standard error alone enters the delta method.

    References
    ----------
    O'Hagan, A. et al. (2006). Uncertain Judgements: Eliciting Experts' Probabilities. Wiley.
    doi:10.1002/0470033312

    Examples
    --------
    >>> import prevalence as pv
    >>> rate = pv.uncertain(0.6, 0.4, 0.8, kind="beta")
    >>> round(float(rate.std_error[0]), 3)
    0.103
    """
    one_of("kind", kind, ["normal", "lognormal", "beta"])
    level, value = level_in_range(level), number("value", value)
    name = text("name", name, "Write for example name='transmission'.")
    spread = _std_error(value, low, high, std_error, kind, level)
    rule, constants = RULE_OF[kind], {}
    if kind == "beta":
        size = value * (1 - value) / spread**2 - 1
        constants = {"a": np.array([value * size]), "b": np.array([(1 - value) * size])}
    return Estimate(
        np.array([value]),
        (_own_block(spread, name),),
        outcomes=(name,),
        unit="known",
        method="uncertain",
        interval_rule=rule,
        constants=constants,
    )


@explained
def validated(*, correct: int, tested: int, name: str = "") -> Estimate:
    """Return a sensitivity or a specificity as a validation study found it, ``correct / tested``.

    Parameters
    ----------
    correct : int
        People whom the instrument classified rightly: true cases it found, for a sensitivity;
        others it cleared, for a specificity.
    tested : int
        True cases (others) in the validation study.
    name : str
        Name of the source. Two numbers of one name are the same quantity (fully correlated);
        without a name each call is a study of its own.

    Returns
    -------
    Estimate
        One row, with infinite degrees of freedom and the limits of Clopper and Pearson. The
        standard error is ``sqrt(p (1 - p) / tested)``; where all or none were classified rightly,
        which has no spread to tell one from, that of ``(correct + 1) / (tested + 2)``.

    Raises
    ------
    ValueError, TypeError
        When a number is no whole number, nobody was tested, or more were right than tested.

    Notes
    -----
    Assumes that those tested are like those of the survey: a simple random sample of true cases, or
    of others, each judged by itself. It fails (too certain) where the validation study was clustered
    or chose clear cases, in which an instrument does better than in the field.

    References
    ----------
    Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated
    in the case of the binomial. Biometrika 26, 404-413. doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> import prevalence as pv
    >>> specificity = pv.validated(correct=480, tested=489)
    >>> specificity.interval().round(3)
    array([[0.965, 0.992]])
    """
    name = text("name", name, "Write for example name='specificity'.")
    tested = whole("tested", tested, 1, "Give the people whose state was known.")
    correct = whole("correct", correct, 0, "Give those classified rightly.")
    if correct > tested:
        raise ValueError(
            f"correct must be at most tested: found {correct:,} of {tested:,}. Correct the counts."
        )
    p, n = correct / tested, float(tested)
    said: tuple[str, ...] = ()
    if correct in {0, tested}:
        p, n = (correct + 1) / (tested + 2), tested + 2.0
        label = (
            f"{'All' if correct else 'None'} of {tested:,} tested were classified rightly: the "
            "standard error is that of one more right and one more wrong."
        )
        said = (label,)
    return Estimate(
        np.array([correct / tested]),
        (_own_block(float(np.sqrt(p * (1 - p) / n)), name),),
        outcomes=(name,),
        unit="known",
        method="validated",
        interval_rule="clopper-pearson",
        constants={"n": np.array([float(tested)]), "deff": np.ones(1)},
        facts={"n": np.array([tested]), "cases": np.array([correct])},
        warnings=said,
    )


def _own_block(std_error: float, name: str) -> Block:
    """Return the uncertainty of one number that is a source of its own."""
    label = name or secrets.token_hex(8)
    scheme = Columns(f"known:{label}", "known", np.ones(1), (label,))
    return Block(plain(np.array([[std_error]])), scheme, np.array([np.inf]))


def _std_error(
    value: float,
    low: float | None,
    high: float | None,
    given: float | None,
    kind: str,
    level: float,
) -> float:
    if not all(np.isfinite(one) for one in (value, low, high) if one is not None):
        raise ValueError(
            f"value, low and high must be finite: found {value!r}, {low!r}, {high!r}. Write what "
            "is known as numbers."
        )
    if kind == "beta" and not 0 < value < 1:
        hint = f"Write {value / 100:g}." if 1 < value < 100 else "Choose another kind."
        raise ValueError(f"value must lie between 0 and 1 for kind='beta': found {value:g}. {hint}")
    if kind == "lognormal" and not value > 0:
        raise ValueError(
            f"value must be positive for kind='lognormal': found {value:g}. Correct it, or pass "
            "kind='normal'."
        )
    if given is not None:
        if low is not None or high is not None or not (np.isfinite(given) and given >= 0):
            raise ValueError(
                f"std_error must be a number of at least 0, given without low and high: found "
                f"{given!r}. Give one of the two."
            )
        spread = float(given)
    elif low is None or high is None or not low <= value <= high or low == high:
        raise ValueError(
            f"low and high must enclose value: found {low!r}, {value!r}, {high!r}. Give the limits "
            "of the central interval, or std_error=."
        )
    else:
        z = float(t_quantile(np.array(np.inf), level))
        if kind == "lognormal":
            if low <= 0:
                raise ValueError(
                    f"low must be positive for kind='lognormal': found {low:g}. Correct it, or pass "
                    "kind='normal'."
                )
            spread = value * float(np.log(high / low)) / (2 * z)
        elif kind == "beta":
            spread = _beta_spread(value, high - low, level)
        else:
            spread = (high - low) / (2 * z)
    if kind == "beta" and not 0 < spread**2 < value * (1 - value):
        raise ValueError(
            "std_error must be above 0 and below sqrt(value (1 - value)) for kind='beta': found "
            f"{spread:g}. Write a plain number for what is known, or narrow the interval."
        )
    return spread


def _beta_spread(value: float, width: float, level: float) -> float:
    """Return the standard error of the beta with this mean whose central interval is so wide."""
    from scipy.optimize import brentq
    from scipy.special import betaincinv

    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    top = np.sqrt(value * (1 - value))

    def excess(log_size: float) -> float:
        size = np.exp(log_size)
        limits = betaincinv(value * size, (1 - value) * size, tails)
        return float(limits[1] - limits[0] - width)

    if excess(np.log(2.0)) < 0:
        raise ValueError(
            f"low and high must lie closer together for kind='beta' with value {value:g}: found a "
            f"width of {width:g}. Narrow the interval."
        )
    if excess(np.log(1e12)) > 0:
        raise ValueError(
            f"low and high must lie further apart for kind='beta': found a width of {width:g}. "
            "Write a plain number for what is known."
        )
    size = float(np.exp(brentq(excess, np.log(2.0), np.log(1e12), xtol=1e-13)))
    return float(top / np.sqrt(size + 1))
