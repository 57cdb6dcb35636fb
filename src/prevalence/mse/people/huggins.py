"""Population sizes from capture probabilities that depend on covariates of each person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...arguments import explained
from ...errors import note, one_of
from ...estimate import Estimate
from ...lists import Lists
from ...registry import estimator
from ..assemble import SKIPS, assemble, example
from ..near import spread
from .conditional import ConditionalFit, conditional_fit, design
from .records import People, listed, people

__all__ = ["huggins"]

Array = NDArray[Any]
HUGGINS = "Huggins (1989) doi:10.1093/biomet/76.1.133"
ALHO = "Alho (1990) doi:10.2307/2532083"
MODELS = ("M0", "Mt", "Mh", "Mth", "Mb", "Mbh", "Mtb", "Mtbh")
SMALL = 0.05  # a chance to be on any list below which a person stands for twenty or more


@estimator(
    unit="count",
    smooth=True,
    degree=1,
    citation=HUGGINS,
    example=example(covariates=()),
    skips=SKIPS,
)
@explained
def huggins(
    lists: Lists,
    *,
    covariates: Sequence[str] | str | None = None,
    model: str = "Mth",
    slopes: str = "list",
    ordered: bool = False,
    by: str | None = None,
) -> Estimate:
    """Estimate the population size from capture probabilities that depend on covariates.

    List j has person i with chance p_ij, logistic in the covariates. The coefficients maximise the
    likelihood of the histories given that each is not empty, and ``N = sum 1 / pi_i`` over the
    persons seen, ``pi_i = 1 - prod_j (1 - p_ij)``, with
    ``Var = sum (1 - pi_i) / pi_i^2 + D' I^-1 D``, D the derivative of N and I the information.

    Parameters
    ----------
    lists : Lists
        The case lists, with covariates; with `.bootstrap(...)` the standard error is the
        bootstrap's.
    covariates : list of str, optional
        Covariates (or strata) that the chances depend on; by default all of `lists.covariates`.
    model : str
        M with t where each list has a constant of its own, h where chances depend on the
        covariates, b where they change once a person is on a list: "M0", "Mt", "Mh", "Mth", "Mb",
        "Mbh", "Mtb" or "Mtbh".
    slopes : str
        "list": every list has its own slopes; "common": one for all lists.
    ordered : bool
        That the lists are in an order of time; models with b need it.
    by : str, optional
        A covariate or stratum: one row for each of its values.

    Returns
    -------
    Estimate
        Persons, one row or one for each value of `by`; the interval is log-normal on the number not
        seen.

    Raises
    ------
    KeyError, ValueError
        When a covariate is unknown, missing for a person, or repeats another; when lists share
        nobody; when the likelihood has no maximum inside, or model or slopes is no known word.

    Warns
    -----
    PrevalenceWarning
        When persons with a chance below 5 % to be on any list carry part of the estimate.

    Notes
    -----
    Assumes that, given the covariates, the lists catch a person independently, and that chances are
    logistic. It fails (too low) where a cause of being seen is not among the covariates, and under
    referral. A person with a small chance stands for many: the estimate is then extrapolation. The
    range is over models that leave out slopes or constants, within 6 units of BIC. "M0", "Mt", "Mb"
    and "Mtb" take no covariates.

    References
    ----------
    Huggins, R. M. (1989). On the statistical analysis of capture experiments. Biometrika 76,
    133-140. doi:10.1093/biomet/76.1.133

    Alho, J. M. (1990). Logistic regression in capture-recapture models. Biometrics 46, 623-635.
    doi:10.2307/2532083

    Yee, T. W., Stoklosa, J. and Huggins, R. M. (2015). The VGAM package for capture-recapture data
    using the conditional likelihood. Journal of Statistical Software 65(5).
    doi:10.18637/jss.v065.i05

    Examples
    --------
    >>> import prevalence as pv
    >>> cases = {
    ...     "police": [1, 0, 1] * 2,
    ...     "shelter": [0, 1, 1] * 2,
    ...     "n": [40, 30, 10, 20, 20, 20],
    ...     "sex": ["F"] * 3 + ["M"] * 3,
    ... }
    >>> lists = pv.Lists(cases, ["police", "shelter"], counts="n", covariates="sex")
    >>> pv.mse.huggins(lists, by="sex").value.round(6)
    array([200.,  80.])
    """
    one_of("model", model, MODELS)
    one_of("slopes", slopes, ("list", "common"))
    if "b" in model and not ordered:
        raise ValueError(
            f"model {model!r} needs lists in an order of time: found ordered=False. Lists of cases "
            "have none; for trapping occasions write ordered=True."
        )
    who = people(lists, covariates if "h" in model else (), by)
    how = {"time": "t" in model, "each": slopes == "list", "behaviour": "b" in model}
    found = _fitted(who, who.count, how)
    if not found.converged:
        raise ValueError(
            "model must have a maximum of its likelihood: with "
            f"{found.coefficients.size} coefficients for {lists.seen:,} persons it has none inside, or "
            "not one alone. Leave out covariates, write slopes='common', or merge lists."
        )
    value, covariance = found.totals(who.count, who.group, len(who.labels))
    said: list[str] = []
    _say_small(said, found.seen, who.count)
    return assemble(
        lists,
        value,
        method="mse.huggins",
        identifies=_identifies(who, lists, model),
        citations=[HUGGINS, ALHO],
        assumptions=[_words(who, how)],
        covariance=covariance,
        replicated=_replicated(who, how, found),
        seen=np.bincount(who.group, who.count),
        span=_span(who, how, found) if by is None else None,
        said=said,
        labels=who.labels,
        label_names=() if by is None else (by,),
        provenance={"log likelihood": found.log_likelihood},
    )


def _fitted(
    who: People, count: Array, how: dict[str, bool], start: Array | None = None
) -> ConditionalFit:
    rows, unseen = design(who.on, who.scaled(who.count), **how)
    return conditional_fit(who.on, rows, unseen, count, start)


def _replicated(who: People, how: dict[str, bool], found: ConditionalFit) -> Array | None:
    """Return the sizes (groups, R) in every resample, nan where there is no maximum."""
    if who.draws is None:
        return None
    rows, unseen = design(who.on, who.scaled(who.count), **how)
    out = np.full((len(who.labels), who.draws.shape[1]), np.nan)
    for r in range(out.shape[1]):
        count = who.draws[:, r]
        fit = conditional_fit(who.on, rows, unseen, count, found.coefficients)
        if fit.converged:
            out[:, r] = fit.totals(count, who.group, len(who.labels))[0]
    return out


def _span(who: People, how: dict[str, bool], found: ConditionalFit) -> tuple[float, float] | None:
    """Return the range of sizes over simpler models within 6 units of BIC of the best."""
    fits = [found]
    blank = np.zeros((len(who.count), 0))
    for time, x, each in [
        (t, x, e) for t in (0, 1) for x in (blank, who.scaled(who.count)) for e in (0, 1)
    ]:
        if x.shape[1] or not each:
            rows = design(who.on, x, time=bool(time), each=bool(each), behaviour=how["behaviour"])
            fits.append(conditional_fit(who.on, *rows, who.count))
    kept = [f for f in fits if f.converged]
    seen = who.count.sum()
    bic = [np.log(seen) * f.coefficients.size - 2 * f.log_likelihood for f in kept]
    return spread([who.count @ (1 / f.seen) for f in kept], bic)


def _say_small(said: list[str], seen: Array, count: Array) -> None:
    small = (seen < SMALL) & (count > 0)
    if small.any():
        share = count[small] @ (1 / seen[small]) / (count @ (1 / seen))
        note(
            said,
            f"{int(count[small].sum()):,} of {int(count.sum()):,} persons have a chance below "
            f"{100 * SMALL:.0f} % to be on any list (least {seen[small].min():.2g}) and carry {100 * share:.0f} % of "
            "the estimate: it is extrapolation there.",
        )


def _identifies(who: People, lists: Lists, model: str) -> str:
    start = who.given or "For every person alike, "
    if "b" in model:
        return f"{start}being on one list changes the chance of all later ones alike."
    return f"{start}{listed(lists.names)} catch independently."


def _words(who: People, how: dict[str, bool]) -> str:
    if not who.covariates:
        return "Everyone is equally likely to be on a list."
    slopes = "slopes of its own for each list" if how["each"] else "one slope for all lists"
    return f"Chances are logistic in {listed(who.covariates)}, with {slopes}."
