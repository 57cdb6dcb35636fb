"""The share of true cases behind the share that an imperfect instrument calls cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..algebra import agreed_words
from ..arguments import explained
from ..blocks import Block, add_blocks
from ..errors import note, number, one_of, shown
from ..estimate import Estimate
from ..imperfect import corrected
from ..registry import Example, estimator

__all__ = ["rogan_gladen"]

Array = NDArray[Any]
ROGAN_GLADEN = "Rogan and Gladen (1978)"
RULES = {  # what the caller writes: the rule, and its paper
    "auto": ("rogan-gladen", ""),
    "delta": ("delta", ""),
    "lang-reiczigel": (
        "lang-reiczigel",
        "Lang and Reiczigel (2014) doi:10.1016/j.prevetmed.2013.09.015",
    ),
    "melding": ("melding", "Bayer, Fay and Graubard (2023) doi:10.48550/arXiv.2205.13494"),
    "melding-poisson": (
        "melding-poisson",
        "Bayer, Fay and Graubard (2023) doi:10.48550/arXiv.2205.13494",
    ),
    "bayes": ("instrument-bayes", "Gelman and Carpenter (2020) doi:10.1101/2020.05.22.20108944"),
}
AS_MEASURED = "The outcome is taken as measured without error"
ZERO_AT = "the estimate would be 0 at a specificity of"
LIKELY = 1.96  # standard errors within which sensitivity + specificity of 1 is said


class Rate(NamedTuple):
    """A sensitivity or specificity on the rows of the estimate: None is known exactly."""

    name: str
    value: Array
    estimate: Estimate | None


def example() -> Example:
    from ..direct import prevalence
    from ..known import validated
    from ..survey import Survey

    rng = np.random.default_rng(5)
    psu = np.repeat(np.arange(10), 8)
    data = {
        "w": rng.integers(1, 4, 80).astype(float),
        "psu": psu,
        "stratum": psu // 5,
        "screen": (rng.random(80) < 0.3).astype(float),
    }

    def asked(rows: Any) -> Survey:
        return Survey(rows, weights="w", strata="stratum", psu="psu", source="screen")

    def screened(survey: Survey) -> Estimate:
        return prevalence(survey, "screen", deff=1.5)

    rates = {
        "sensitivity": validated(correct=33, tested=41, name="cases"),
        "specificity": validated(correct=480, tested=500, name="others"),
    }
    return Example(data, lambda d: screened(asked(d)), rates, own=asked, through=screened)


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=ROGAN_GLADEN,
    example=example,
)
@explained
def rogan_gladen(
    apparent: Estimate,
    *,
    sensitivity: Estimate | float,
    specificity: Estimate | float,
    interval: str = "auto",
) -> Estimate:
    """Estimate the share of true cases, ``(p + Sp - 1) / (Se + Sp - 1)``, from those screened positive.

    Its variance is ``(V(p) + x^2 V(Se) + (1 - x)^2 V(Sp)) / (Se + Sp - 1)^2`` with x the estimate:
    by the delta method, block by block.

    Parameters
    ----------
    apparent : Estimate
        Share p that the instrument calls cases, as of `prevalence.direct.prevalence`, one row per
        domain; of a simple count, `prevalence.validated`.
    sensitivity, specificity : Estimate or float
        Share of true cases that the instrument finds, and of others that it clears: from a
        validation study (`prevalence.validated`), or any estimate of one row or of the same rows. A
        number is taken as known.
    interval : {"auto", "delta", "lang-reiczigel", "melding", "melding-poisson", "bayes"}
        The rule of the interval, see the Notes.

    Returns
    -------
    Estimate
        The rows of `apparent`, corrected. A value below 0 stays so and is said; sentences show 0.
        The facts hold the apparent share, the part of the variance that comes from sensitivity and
        specificity, and the specificity at which the estimate would be 0.

    Raises
    ------
    ValueError, TypeError
        When sensitivity and specificity do not add up to more than 1, one is not a share, rows do
        not match, or `apparent` is no proportion.

    Notes
    -----
    Assumes that sensitivity and specificity are those of the people surveyed, the same in every
    domain unless given by row, and that errors do not depend on anything else. It fails where a
    validation study chose clear cases, and with a rare outcome wherever 1 - Sp is as large as p.

    ``auto``: quantiles of the corrected share, 0 below and 1 above, with p, Se and Sp betas of prior
    0.6, on effective sample sizes: in simulations it covers 94 % or more and is narrower than melding
    (docs, instrument). Where the share is more likely below 0 than above, its upper limit goes over
    to that of ``bayes``, so that it never ends at 0. ``delta`` is symmetric, and covers too little where the outcome is rare.
    ``lang-reiczigel`` adds a positive and a negative to each sample. ``melding`` takes Clopper and
    Pearson's distributions that move each limit outwards, on Korn and Graubard's effective sample
    size; ``melding-poisson`` those of Poisson counts. ``bayes`` has uniform priors. Where both rates
    are known, ``auto`` is the interval of the apparent share carried along. A row without positives
    has no standard error; its interval rests on the design effect that the direct estimate borrows.

    References
    ----------
    Rogan, W. J. and Gladen, B. (1978). Estimating prevalence from the results of a screening test.
    American Journal of Epidemiology 107, 71-76. doi:10.1093/oxfordjournals.aje.a112510

    Lang, Z. and Reiczigel, J. (2014). Confidence limits for prevalence of disease adjusted for
    estimated sensitivity and specificity. Preventive Veterinary Medicine 113, 13-22.
    doi:10.1016/j.prevetmed.2013.09.015

    Bayer, D. M., Fay, M. P. and Graubard, B. I. (2023). Confidence intervals for prevalence
    estimates from complex surveys with imperfect assays. doi:10.48550/arXiv.2205.13494

    Gelman, A. and Carpenter, B. (2020). Bayesian analysis of tests with unknown specificity and
    sensitivity. doi:10.1101/2020.05.22.20108944

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"screen": [1] * 50 + [0] * 3280})
    >>> e = pv.misclassification.rogan_gladen(
    ...     pv.direct.prevalence(survey, "screen"),
    ...     sensitivity=pv.validated(correct=103, tested=122),
    ...     specificity=pv.validated(correct=399, tested=401),
    ... )
    >>> e.value.round(4), e.std_error.round(4), e.interval().round(4)
    (array([0.0119]), array([0.0049]), array([[0.    , 0.0193]]))
    """
    rule, paper = RULES[one_of("interval", interval, list(RULES))]
    _check_apparent(apparent)
    rates = [
        _rate("sensitivity", sensitivity, apparent),
        _rate("specificity", specificity, apparent),
    ]
    said: list[str] = []
    _check_informative(rates, said)
    known = all(rate.estimate is None for rate in rates)
    out = _mapped(apparent, rates) if known else _combined(apparent, rates)
    _check_negative(out.value, said)
    if not (known and interval == "auto"):
        if _shared(apparent, rates) and interval == "auto":
            rule = "delta"
            note(
                said,
                "apparent, sensitivity and specificity share a source, which the default interval "
                "takes as independent: the interval is the delta method's, with their covariance.",
            )
        out = replace(
            out, interval_rule=rule, maps=(), constants=_constants(apparent, rates, out.value)
        )
    return _described(out, apparent, rates, said, paper)


# ---------------------------------------------------------------------- what is given
def _check_apparent(e: object) -> None:
    if not isinstance(e, Estimate):
        raise TypeError(
            f"apparent must be an Estimate of a share: found {type(e).__name__}. Pass what "
            "pv.direct.prevalence returned, or pv.validated(correct=positives, tested=n)."
        )
    bad = np.isfinite(e.value) & ~((e.value >= 0) & (e.value <= 1))
    if e.unit not in ("proportion", "known") or bad.any():
        found = f"a {e.unit}" if not bad.any() else f"{e.value[bad][0]:g} in {int(bad.sum())} rows"
        raise ValueError(
            f"apparent must be a proportion between 0 and 1: found {found}. Pass the share screened "
            "positive, as pv.direct.prevalence estimates it."
        )


def _rate(name: str, given: Estimate | float, apparent: Estimate) -> Rate:
    """Return a rate on the rows of the apparent share."""
    if not isinstance(given, Estimate):
        value = np.full(len(apparent), _known(name, given))
        return _within(Rate(name, value, None))
    if len(given) == 1:
        e = given.take(np.zeros(len(apparent), dtype=int)) if len(apparent) != 1 else given
    elif len(given) == len(apparent) and given.labels == apparent.labels:
        e = given
    else:
        raise ValueError(
            f"{name} must be an estimate of one row or of the same rows as apparent: found one of "
            f"{len(given)} rows for {len(apparent)}. Choose its row, as in e['Kingston']."
        )
    flat = (e.std_error == 0).all()
    return _within(Rate(name, e.value, None if flat else e))


def _known(name: str, given: object) -> float:
    if isinstance(given, (tuple, list)):
        raise TypeError(
            f"{name} must be a number or an Estimate: found {shown(given)}. Counts of a validation "
            "study are pv.validated(correct=..., tested=...)."
        )
    return number(name, given)


def _within(rate: Rate) -> Rate:
    bad = ~((rate.value >= 0) & (rate.value <= 1))  # nan is no share either
    if bad.any():
        raise ValueError(
            f"{rate.name} must be a share between 0 and 1: found {rate.value[bad][0]:g}. Write 0.95 "
            "for 95 %; a validation sample without anyone of a kind tells none."
        )
    return rate


def _check_informative(rates: list[Rate], said: list[str]) -> None:
    se, sp = rates
    j = se.value + sp.value - 1
    bad = ~(j > 0)
    if bad.any():
        i = int(np.argmax(bad))
        raise ValueError(
            "sensitivity + specificity must be above 1: found "
            f"{se.value[i]:g} + {sp.value[i]:g} in {int(bad.sum())} of {j.size} rows. An instrument "
            "that calls others cases as often as cases tells nothing: check which is which."
        )
    error = np.hypot(
        *(np.zeros(j.size) if r.estimate is None else r.estimate.std_error for r in rates)
    )
    weak = j < LIKELY * error
    if weak.any():
        i = int(np.argmax(weak))
        note(
            said,
            "the validation samples leave it possible that sensitivity + specificity is 1 or less: "
            f"{se.value[i] + sp.value[i]:.3g} with a standard error of {error[i]:.2g}. The corrected "
            "share may then be anything: validate on more people.",
        )


def _check_negative(value: Array, said: list[str]) -> None:
    outside = {"below 0": value < 0, "above 1": value > 1}
    for words, rows in outside.items():
        if rows.any():
            i = int(np.argmax(rows))
            note(
                said,
                f"the corrected share is {words} in {int(rows.sum())} of {rows.size} rows (first: "
                f"row {i}, {value[i]:.4g}): the instrument's error rates make up more than was "
                f"observed. It is kept as it is; sentences show {'0' if words[0] == 'b' else '1'}.",
            )


def _shared(apparent: Estimate, rates: list[Rate]) -> bool:
    """Tell whether two of the three come from one source."""
    sources = [
        block.source
        for e in (apparent, *(rate.estimate for rate in rates))
        if e is not None
        for block in e.blocks
    ]
    return len(set(sources)) < len(sources)


# ---------------------------------------------------------------------- the estimate
def _slopes(apparent: Estimate, rates: list[Rate]) -> tuple[Array, list[tuple[Estimate, Array]]]:
    """Return the corrected share and its slopes in all that is uncertain."""
    se, sp = rates
    j = se.value + sp.value - 1
    value = corrected(apparent.value, se.value, sp.value)
    parts = [(apparent, 1 / j)]
    for rate, slope in ((se, -value / j), (sp, (1 - value) / j)):
        if rate.estimate is not None:
            parts.append((rate.estimate, slope))
    return value, parts


def _combined(apparent: Estimate, rates: list[Rate]) -> Estimate:
    value, parts = _slopes(apparent, rates)
    blocks: tuple[Block, ...] = ()
    for e, slope in parts:
        blocks = add_blocks(blocks, tuple(block.scaled(slope) for block in e.blocks))
    return replace(apparent, value=value, blocks=blocks)


def _mapped(apparent: Estimate, rates: list[Rate]) -> Estimate:
    """Return the estimate under known rates, to which the apparent interval is carried."""
    se, sp = rates
    return (apparent + (sp.value - 1)) / (se.value + sp.value - 1)


def _constants(apparent: Estimate, rates: list[Rate], value: Array) -> dict[str, Array]:
    """Return what the interval rules need: the three shares with their sample sizes."""
    n, deff = _size(apparent)
    out = {
        "apparent": apparent.value,
        "apparent_error": apparent.std_error,
        "apparent_df": np.broadcast_to(np.asarray(apparent.df, dtype=float), value.shape),
        "n": n,
        "deff": deff,
    }
    for rate in rates:
        size, df = np.full(value.size, np.inf), np.full(value.size, np.inf)
        if rate.estimate is not None:
            tested, effect = _size(rate.estimate)
            size, df = tested / effect, np.asarray(rate.estimate.df, dtype=float)
        out |= {rate.name: rate.value, f"{rate.name}_n": size, f"{rate.name}_df": df}
    return {name: np.array(x, dtype=float) for name, x in out.items()}


def _size(e: Estimate) -> tuple[Array, Array]:
    """Return n and the design effect of a share; without them those of its standard error."""
    p, size = e.value, len(e)
    if {"n", "deff"} <= set(e.constants) and not e.maps:
        n, deff = (np.broadcast_to(np.asarray(e.constants[x], float), size) for x in ("n", "deff"))
        return n, deff
    with np.errstate(all="ignore"):
        own = p * (1 - p) / e.std_error**2
    bare = ~(own > 0)
    if bare.any():
        raise ValueError(
            f"shares of 0 or 1 must come with their sample size: {int(bare.sum())} of {size} rows have "
            "none. Pass what pv.direct.prevalence or pv.validated returned."
        )
    return own, np.ones(size)


# ---------------------------------------------------------------------- what is said of it
def _described(
    out: Estimate, apparent: Estimate, rates: list[Rate], said: list[str], paper: str
) -> Estimate:
    given = [rate.estimate for rate in rates if rate.estimate is not None]
    merged = (apparent, *given)
    facts, words = _parts(apparent, rates)
    return replace(
        out,
        unit="proportion",
        estimand=apparent.estimand,
        labels=apparent.labels,
        label_names=apparent.label_names,
        outcomes=apparent.outcomes,
        method="misclassification.rogan_gladen",
        facts={**apparent.facts, **facts},
        assumptions=(
            *(x for x in apparent.assumptions if not x.startswith(AS_MEASURED)),
            *(_taken(rate) for rate in rates),
            "Sensitivity and specificity are those of the people surveyed.",
        ),
        warnings=tuple(dict.fromkeys((*(w for e in merged for w in e.warnings), *said))),
        citations=tuple(
            dict.fromkeys((*apparent.citations, ROGAN_GLADEN, *([paper] if paper else [])))
        ),
        provenance={
            **agreed_words(*merged),
            "cases": "screened positive",
            **words,
        },
    )


def _taken(rate: Rate) -> str:
    shown = ", ".join(f"{x:.4g}" for x in dict.fromkeys(rate.value.tolist()))
    if rate.estimate is None:
        return f"The {rate.name} is taken as known: {shown}."
    counts = [rate.estimate.facts.get(name) for name in ("cases", "n")]
    told = ""
    if rate.estimate.method == "validated" and all(c is not None for c in counts):
        told = " ({:,} of {:,})".format(*(int(np.asarray(c)[0]) for c in counts))
    return f"The {rate.name} is estimated at {shown}{told}."


def _parts(apparent: Estimate, rates: list[Rate]) -> tuple[dict[str, Array], Mapping[str, str]]:
    """Return how much of the variance comes from each rate, and where the estimate would be 0."""
    _, parts = _slopes(apparent, rates)
    variances = {id(e): (slope * e.std_error) ** 2 for e, slope in parts}
    total = np.sum(list(variances.values()), axis=0)
    facts = {"apparent": apparent.value, "zero_at_specificity": 1 - apparent.value}
    words: dict[str, str] = {}
    for rate in rates:
        own = variances.get(id(rate.estimate), np.zeros(total.size))
        with np.errstate(all="ignore"):
            share = np.where(total > 0, own / total, np.where(np.isnan(total), np.nan, 0.0))
        facts[f"variance_share_{rate.name}"] = share
        if rate.estimate is not None and np.isfinite(share).any():
            words[f"variance from {rate.name}"] = _range(100 * share, "{:.0f} %")
    if len(apparent) == 1:  # of several, the smallest may be of few cases: see the facts
        words[ZERO_AT] = f"{1 - apparent.value[0]:.4g}"
    return facts, words


def _range(x: Array, form: str) -> str:
    """Write one number, or the smallest and the largest of several."""
    some = x[np.isfinite(x)]
    if not some.size:
        return "not known"
    low, high = (form.format(y) for y in (some.min(), some.max()))
    return low if low == high else f"{low} to {high}"
