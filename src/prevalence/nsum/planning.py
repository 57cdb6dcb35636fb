"""How precise a scale-up study will be, and how many respondents it needs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..arguments import explained
from ..errors import number, warn
from ..estimate import Estimate
from ..groups import Group

__all__ = ["Plan", "precision", "sample_size"]

Array = NDArray[Any]
Adjustment = float | Estimate
Known = (
    float
    | Estimate
    | Sequence[float | Estimate]
    | Mapping[str, float | Estimate | Group]
    | pd.Series
)
FEW = 10  # expected reports below which the delta method is not relied upon


@explained
@dataclass(frozen=True, repr=False)
class Plan:
    """What a scale-up study of a given number of respondents is expected to tell.

    Parameters
    ----------
    n : int
        Respondents.
    cv : float
        Coefficient of variation of the estimated size: its standard error over its value.
    sampling_cv : float
        The part of it that more respondents make smaller.
    floor : float
        The part that no number of respondents removes: uncertain adjustments and known sizes.
    reports : float
        Expected number of hidden people reported by all respondents.
    none : float
        Expected share of respondents who report none.
    size : float
        Size of the hidden group that the plan is for.
    assumptions : tuple of str
        What was taken as given, in words.

    Examples
    --------
    >>> import prevalence as pv
    >>> plan = pv.nsum.precision(1_000, degree=180, known=200_000, size=5_000, population=2.8e6)
    >>> round(plan.cv, 4)
    0.0565
    >>> print(plan.sentence())
    With 1,000 respondents a hidden group of 5,000 is estimated with a coefficient of variation
    of 5.6 % (with adjustments and known sizes taken as exact): 321 reports are expected, and
    72.5 % of respondents report none.
    >>> plan.to_frame().shape
    (1, 7)
    """

    n: int
    cv: float
    sampling_cv: float
    floor: float
    reports: float
    none: float
    size: float
    assumptions: tuple[str, ...] = field(default=(), repr=False)

    def sentence(self) -> str:
        """Return what the plan says, in one sentence.

        Returns
        -------
        str
            With the part of the error that stays at any number of respondents, if there is one.
        """
        stays = (
            f"{_percent(self.floor)} however many are asked, since adjustments or known sizes are "
            "uncertain"
            if self.floor
            else "with adjustments and known sizes taken as exact"
        )
        return (
            f"With {self.n:,} respondents a hidden group of {self.size:,.0f} is estimated with a "
            f"coefficient of variation of {_percent(self.cv)} ({stays}): {self.reports:,.0f} reports are "
            f"expected, and {_percent(self.none)} of respondents report none."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the plan as a table of one row.

        Returns
        -------
        pandas.DataFrame
            Columns n, cv, sampling_cv, floor, reports, none and size.
        """
        names = ("n", "cv", "sampling_cv", "floor", "reports", "none", "size")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})

    def __repr__(self) -> str:
        return (
            f"<Plan: {self.n:,} respondents for a hidden group of {self.size:,.0f}; coefficient of "
            f"variation {_percent(self.cv)} (at least {_percent(self.floor)} at any number); "
            f"{self.reports:,.0f} reports expected>"
        )


@explained
def precision(
    n: int,
    *,
    degree: float,
    known: Known,
    size: float,
    population: float,
    deff: float = 1.0,
    overdispersion: float = 1.0,
    known_overdispersion: float | Sequence[float] = 1.0,
    degree_cv: float = 0.0,
    transmission: Adjustment = 1.0,
    degree_ratio: Adjustment = 1.0,
    frame_ratio: Adjustment = 1.0,
    precision: Adjustment = 1.0,
) -> Plan:
    """Plan the coefficient of variation of a scale-up estimate from n respondents.

    ``CV^2 = deff / n (omega_h / (d q) + omega_A N / (d A)) + floor^2``, where ``d q`` is the mean
    number of hidden people that a respondent reports, ``q = size / N x transmission x degree ratio
    x frame ratio / precision``, and ``d A / N`` the mean number known in the known groups.

    Parameters
    ----------
    n : int
        Respondents.
    degree : float
        Mean number of people (or children) known, d.
    known : float, list or mapping
        Sizes of the known groups, whose total is A: numbers or uncertain ones, or `nsum.Group`. One
        number is the total.
    size : float
        Size of the hidden group to plan for.
    population : float
        Number of people that degrees refer to, N.
    deff : float
        Design effect of the estimate: that of the answers less the estimate's share of the degrees.
    overdispersion : float
        Variance over mean of the number of hidden people reported, given the degree, omega_h: 1 is
        Poisson, and a barrier makes it larger.
    known_overdispersion : float or list of float
        The same for the known groups, omega_A: one number, or one per group, which are averaged by
        size.
    degree_cv : float
        Coefficient of variation of the degrees. It changes the share who report none, not the CV.
    transmission, degree_ratio, frame_ratio, precision : float or Estimate
        Adjustments as in `scale_up`; uncertain ones by `prevalence.uncertain` make the floor.

    Returns
    -------
    Plan
        The coefficient of variation, its floor, and the expected reports.

    Raises
    ------
    ValueError, TypeError
        When a number is not positive, an overdispersion or design effect is below what is possible,
        or a group is larger than the population.

    Notes
    -----
    Delta method for the ratio of sums of ``y`` (hidden, given the degree ``d_i``: mean ``d_i q``,
    variance ``omega_h d_i q``) to ``x`` (known; mean ``d_i A / N``, variance ``omega_A d_i A / N``).
    ``y / E y - x / E x`` has mean 0 at every degree, so that how degrees differ does not enter, and
    its variance is ``omega_h / (d q) + omega_A / (d A / N)``. The number of known groups enters
    through A alone. The share who report none is that of negative binomial answers over gamma
    distributed degrees. It fails where few reports are expected (it warns below 10), and it says
    nothing of bias: a wrong transmission rate is in no coefficient of variation.

    References
    ----------
    Killworth, P. D., McCarty, C., Bernard, H. R., Shelley, G. A. and Johnsen, E. C. (1998).
    Estimation of seroprevalence, rape, and homelessness in the United States using a social
    network approach. Evaluation Review 22, 289-308. doi:10.1177/0193841X9802200205

    Examples
    --------
    >>> import prevalence as pv
    >>> plan = pv.nsum.precision(
    ...     1_500,
    ...     degree=180,
    ...     known=[20_000] * 10,
    ...     size=5_000,
    ...     population=2_800_000,
    ...     deff=2,
    ...     transmission=pv.uncertain(0.6, 0.4, 0.8, kind="beta"),
    ... )
    >>> print(plan.sentence())
    With 1,500 respondents a hidden group of 5,000 is estimated with a coefficient of variation of \
19.1 % (17.2 % however many are asked, since adjustments or known sizes are uncertain): 289 \
reports are expected, and 82.5 % of respondents report none.
    """
    setting = _setting(
        *(degree, known, size, population, deff, overdispersion, known_overdispersion, degree_cv),
        {
            "transmission": transmission,
            "degree_ratio": degree_ratio,
            "frame_ratio": frame_ratio,
            "precision": precision,
        },
    )
    respondents = _in_range("n", n, least=1)
    if respondents != int(respondents):
        raise ValueError(f"n must be a whole number: found {respondents:g}. Round it.")
    return setting.plan(int(respondents))


@explained
def sample_size(
    cv: float,
    *,
    degree: float,
    known: Known,
    size: float,
    population: float,
    deff: float = 1.0,
    overdispersion: float = 1.0,
    known_overdispersion: float | Sequence[float] = 1.0,
    degree_cv: float = 0.0,
    transmission: Adjustment = 1.0,
    degree_ratio: Adjustment = 1.0,
    frame_ratio: Adjustment = 1.0,
    precision: Adjustment = 1.0,
) -> Plan:
    """Plan the number of respondents that gives a scale-up estimate a coefficient of variation.

    ``n = deff (omega_h / (d q) + omega_A N / (d A)) / (CV^2 - floor^2)``, rounded up; the symbols
    are those of `precision`.

    Parameters
    ----------
    cv : float
        Coefficient of variation wanted, as 0.15 for 15 %.
    degree : float
        Mean number of people (or children) known, d.
    known : float, list or mapping
        Sizes of the known groups, whose total is A; one number is the total.
    size : float
        Size of the hidden group to plan for.
    population : float
        Number of people that degrees refer to, N.
    deff : float
        Design effect of the estimate.
    overdispersion : float
        Variance over mean of the number of hidden people reported, given the degree.
    known_overdispersion : float or list of float
        The same for the known groups.
    degree_cv : float
        Coefficient of variation of the degrees.
    transmission, degree_ratio, frame_ratio, precision : float or Estimate
        Adjustments as in `scale_up`; uncertain ones by `prevalence.uncertain` make the floor.

    Returns
    -------
    Plan
        With the number of respondents `n` and what they are expected to tell.

    Raises
    ------
    ValueError, TypeError
        When the coefficient of variation is not above the floor that uncertain adjustments and
        known sizes make: no number of respondents reaches it.

    Notes
    -----
    The inverse of `precision`, with its assumptions; it fails where that does, and no number of
    respondents brings the coefficient of variation below the floor. It plans respondents, not
    interviews: divide by the response rate that is expected.

    References
    ----------
    Killworth, P. D., McCarty, C., Bernard, H. R., Shelley, G. A. and Johnsen, E. C. (1998).
    Estimation of seroprevalence, rape, and homelessness in the United States using a social
    network approach. Evaluation Review 22, 289-308. doi:10.1177/0193841X9802200205

    Examples
    --------
    >>> import prevalence as pv
    >>> plan = pv.nsum.sample_size(
    ...     0.1, degree=180, known=200_000, size=5_000, population=2_800_000, deff=2
    ... )
    >>> plan.n
    638
    """
    setting = _setting(
        *(degree, known, size, population, deff, overdispersion, known_overdispersion, degree_cv),
        {
            "transmission": transmission,
            "degree_ratio": degree_ratio,
            "frame_ratio": frame_ratio,
            "precision": precision,
        },
    )
    wanted = _in_range("cv", cv, above=0, most=10)
    if wanted <= setting.floor:
        raise ValueError(
            f"cv must be above {setting.floor:.3g}, which uncertain adjustments and known sizes "
            f"leave at any number of respondents: found {wanted:g}. Ask for less, or learn more of "
            "them first (the transmission rate above all)."
        )
    unit = setting.unit / (wanted**2 - setting.floor**2)
    return setting.plan(max(math.ceil(unit * (1 - 1e-12)), 1))


# ---------------------------------------------------------------------- pieces
@dataclass(frozen=True)
class _Setting:
    """A study without its number of respondents: variance of one of them, and the floor."""

    reports: float  # hidden people that a respondent reports in the mean
    unit: float  # n times the squared coefficient of variation from sampling
    floor: float
    none: float
    size: float
    assumptions: tuple[str, ...]

    def plan(self, n: int) -> Plan:
        sampling = math.sqrt(self.unit / n)
        expected = n * self.reports
        if expected < FEW:
            warn(
                f"a plan should expect {FEW} reports or more: {n:,} respondents are expected to make "
                f"{expected:.2g}, and the coefficient of variation is a guess. Ask more respondents, "
                "or a wider question."
            )
        return Plan(
            n=n,
            cv=math.hypot(sampling, self.floor),
            sampling_cv=sampling,
            floor=self.floor,
            reports=expected,
            none=self.none,
            size=self.size,
            assumptions=self.assumptions,
        )


def _setting(
    degree: float,
    known: Known,
    size: float,
    population: float,
    deff: float,
    overdispersion: float,
    known_overdispersion: float | Sequence[float],
    degree_cv: float,
    adjustments: Mapping[str, Adjustment],
) -> _Setting:
    people = _in_range("population", population, above=0)
    mean_degree = _in_range("degree", degree, above=0)
    hidden = _in_range("size", size, above=0, most=people, what="the population")
    groups = _groups(known)
    sizes = np.array([number("known", group) for group in groups])
    total = _total(sizes, people)
    effect = _in_range("deff", deff, above=0)
    omega = _in_range("overdispersion", overdispersion, least=1)
    spread = _in_range("degree_cv", degree_cv, least=0)
    for name in ("transmission", "precision"):
        _in_range(name, adjustments[name], above=0, most=1)
    for name in ("degree_ratio", "frame_ratio"):
        _in_range(name, adjustments[name], above=0)
    values = {name: float(value) for name, value in adjustments.items()}
    rate = values["transmission"] * values["degree_ratio"] * values["frame_ratio"]
    reports = mean_degree * hidden / people * rate / values["precision"]
    ties = mean_degree * total / people
    unit = effect * (omega / reports + _averaged(known_overdispersion, sizes) / ties)
    said = [f"{name.replace('_', ' ')} {value:.3g}" for name, value in values.items()]
    return _Setting(
        reports,
        unit,
        _floor(groups, adjustments),
        _share_of_none(reports, omega, spread),
        hidden,
        (
            f"Adjustments: {', '.join(said)}.",
            f"{mean_degree:,.3g} people known in the mean, {ties:.3g} of them in known groups.",
            f"Design effect {effect:.3g}; variance over mean of reports given the degree {omega:.3g}.",
        ),
    )


def _groups(known: Known) -> list[float | Estimate]:
    given: Any = known
    if isinstance(given, (Mapping, pd.Series)):
        found: list[Any] = [size for _, size in given.items()]
    else:
        found = list(given) if isinstance(given, (list, tuple)) or np.ndim(given) else [given]
    if not found:
        raise ValueError("known must hold sizes of groups: found none. Write at least one.")
    return [_of_group(group) if isinstance(group, Group) else group for group in found]


def _of_group(group: Group) -> float | Estimate:
    from ..known import uncertain

    if group.size is None:
        raise ValueError("known must hold sizes of groups: found one without. Give its size.")
    if group.std_error is None or isinstance(group.size, Estimate):
        return group.size
    return uncertain(float(group.size), std_error=group.std_error)


def _total(sizes: Array, population: float) -> float:
    bad = ~(np.isfinite(sizes) & (sizes > 0) & (sizes <= population))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"known must hold sizes above 0 and at most the population: {int(bad.sum())} of "
            f"{bad.size} are not (first: {sizes[first]:,.0f} of {population:,.0f}). Give numbers of "
            "people."
        )
    return float(sizes.sum())


def _averaged(overdispersion: float | Sequence[float], sizes: Array) -> float:
    """Return the mean of the groups' overdispersions by size: that of their sum."""
    given = np.atleast_1d(np.asarray(overdispersion, dtype=float))
    if given.size not in (1, sizes.size):
        raise ValueError(
            f"known_overdispersion must be one number or one per known group: found {given.size} "
            f"for {sizes.size}. Give {sizes.size}."
        )
    for value in given.tolist():
        _in_range("known_overdispersion", value, least=1)
    return float(np.average(np.broadcast_to(given, sizes.shape), weights=sizes))


def _floor(groups: list[float | Estimate], adjustments: Mapping[str, Adjustment]) -> float:
    """Return the coefficient of variation of what does not depend on the respondents."""
    total: Any = sum(groups[1:], start=groups[0])
    factor: Any = total * adjustments["precision"]
    for name in ("transmission", "degree_ratio", "frame_ratio"):
        factor = factor / adjustments[name]
    if not isinstance(factor, Estimate):
        return 0.0
    return float(factor.std_error[0] / abs(factor.value[0]))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _share_of_none(mean: float, omega: float, degree_cv: float) -> float:
    """Return the chance of no report: negative binomial given the degree, gamma over degrees."""
    rate = mean * (math.log(omega) / (omega - 1) if omega > 1 + 1e-12 else 1.0)
    if degree_cv < 1e-6:
        return math.exp(-rate)
    return math.exp(-math.log1p(rate * degree_cv**2) / degree_cv**2)


def _in_range(
    argument: str,
    value: object,
    *,
    above: float | None = None,
    least: float | None = None,
    most: float = math.inf,
    what: str = "",
) -> float:
    given = number(argument, value)
    enough = given > above if above is not None else given >= (least or 0)
    if enough and given <= most and math.isfinite(given):
        return given
    rule = f"above {above:g}" if above is not None else f"at least {least:g}"
    if math.isfinite(most):
        rule += f" and at most {what or format(most, 'g')}"
    raise ValueError(f"{argument} must be {rule}: found {given:g}. Correct it.")
