"""Multiple imputation: estimates of completed data sets combined by Rubin's rules, columns kept."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .algebra import POSITIVE, agreed_words
from .arguments import explained
from .blocks import Block, Columns, add_blocks
from .chain import plain
from .errors import note, one_of, text
from .estimand import Estimand
from .estimate import Estimate
from .intervals import PROPORTION_RULES

__all__ = ["combine_imputations"]

Array = NDArray[Any]
RULES_OF_DF = ("barnard-rubin", "rubin")
KIND = "imputations"
# Others rest on replicates or draws.
KEPT_RULES = (*PROPORTION_RULES, "log", "moment", "dark-figure")
COUNTED = ("n", "missing", "cases", "psus", "psus_with_cases")
ROUNDING = 1e-13  # eigenvalues of a correlation matrix below it are rounding
SOURCES = (
    "Rubin (1987) doi:10.1002/9780470316696",
    "Barnard and Rubin (1999) doi:10.1093/biomet/86.4.948",
)
ASSUMED = (
    "Values are missing at random given what imputed them, and the imputations are proper: drawn "
    "from their predictive distribution by a model that knows strata, clusters and weights."
)


@explained
def combine_imputations(
    estimates: Sequence[Estimate], df: str = "barnard-rubin", *, name: str = ""
) -> Estimate:
    """Mean of one estimate over multiply imputed data sets, with Rubin's variance.

    ``T = U + (1 + 1/M) B``, with U the mean of the M covariance matrices (design-based, or of
    replicates) and B the covariance matrix of the M estimates. With ``l = (1 + 1/M) B / T`` and nu
    the degrees of freedom of the design, Rubin's degrees of freedom are ``(M - 1) / l**2`` and
    those of Barnard and Rubin ``1 / (l**2 / (M - 1) + 1 / d)`` with
    ``d = nu (nu + 1) / (nu + 3) (1 - l)``.

    Parameters
    ----------
    estimates : sequence of Estimate
        The same estimate from each completed data set, two or more.
    df : {"barnard-rubin", "rubin"}
        Degrees of freedom. Rubin's takes those of the design as infinite, and so is too large
        where primary units are few.
    name : str
        Name of the set of imputations. Two results of one name were made from the same completed
        data sets: what they share between imputations is then part of their covariance. Without
        it each result is a set of its own.

    Returns
    -------
    Estimate
        The same rows. Facts tell the `missing_information`, and design effects hold the variance
        between imputations too. The columns of the design are kept, so that the result has its
        covariance with other estimates of the survey.

    Raises
    ------
    ValueError
        When there are fewer than two estimates, or their rows, units, estimands or kinds of
        variance differ.
    TypeError
        When something is not an `Estimate`.

    Warns
    -----
    PrevalenceWarning
        When the estimates share no source (the covariance with others of the survey is lost), when
        a row has no value in some imputation, and when an interval rule cannot be kept.

    Notes
    -----
    Assumes that values are missing at random given what imputed them and that imputations are
    proper. It fails, mostly too short, where the imputation model left out strata, clusters or a
    predictor of the analysis, or where one completed data set was copied. Combine proportions
    first and make counts of the result.

    References
    ----------
    Rubin, D. B. (1987). Multiple Imputation for Nonresponse in Surveys. Wiley.
    doi:10.1002/9780470316696

    Barnard, J. and Rubin, D. B. (1999). Small-sample degrees of freedom with multiple imputation.
    Biometrika 86, 948-955. doi:10.1093/biomet/86.4.948

    Examples
    --------
    >>> import prevalence as pv
    >>> completed = [[1, 0, 0, 1, 0, 0], [1, 0, 0, 1, 1, 0], [1, 0, 0, 1, 0, 0]]
    >>> ea = ["a", "b", "c", "d", "e", "f"]
    >>> surveys = [pv.Survey({"case": case, "ea": ea}, psu="ea") for case in completed]
    >>> shares = [pv.direct.prevalence(survey, "case") for survey in surveys]
    >>> combined = pv.combine_imputations(shares)
    >>> combined.value.round(4), combined.std_error.round(4), combined.df.round(1)
    (array([0.3889]), array([0.2422]), array([2.8]))
    """
    one_of("df", df, RULES_OF_DF)
    text("name", name, "Write a short name, or leave it out.")
    given = _checked(estimates)
    said: list[str] = []
    values = np.array([e.value for e in given])
    told = _told(given, values, said)
    mean = values.mean(axis=0)
    within = _within(given, told)
    between = values - mean
    total, parts = _total(within, between)
    free = _degrees(df, len(given), parts, np.min([e.df for e in given], axis=0))
    blocks = _blocks(given, told, within, between, name, free, parts)
    rule, constants = _interval(given, mean, parts["within"], total, said)
    return replace(
        given[0],
        value=mean,
        blocks=blocks,
        interval_rule=rule,
        constants=constants,
        maps=(),
        facts=_facts(given, parts, total, free),
        provenance=_provenance(given),
        assumptions=_once(given, "assumptions", ASSUMED),
        warnings=_once(given, "warnings", *said),
        citations=_once(given, "citations", *SOURCES),
    )


# ---------------------------------------------------------------------- what is given
def _checked(estimates: Any) -> list[Estimate]:
    """Return the estimates, of one quantity and in the same rows."""
    if isinstance(estimates, Mapping) or not isinstance(estimates, Iterable):
        one = f"one Estimate of {len(estimates)} rows" if isinstance(estimates, Estimate) else ""
        raise TypeError(
            f"estimates must be a list: found {one or type(estimates).__name__}. Give one estimate "
            "per imputation."
        )
    given: list[Any] = list(estimates)
    for i, e in enumerate(given):
        if not isinstance(e, Estimate):
            raise TypeError(
                f"estimates must be of type Estimate: number {i} is {type(e).__name__}. Pass what "
                "an estimator returned for each completed data set."
            )
    if len(given) < 2:
        raise ValueError(
            f"estimates must be two or more, one per imputation: found {len(given)}. The variance "
            "between imputations cannot be told from one; impute at least 5 times."
        )
    first = given[0]
    for i, e in enumerate(given):
        if e.labels != first.labels or e.outcomes != first.outcomes:
            raise ValueError(
                f"estimates must have the same rows: number {i} has {len(e)} that are not those of "
                f"the first, {len(first)}. Use the same outcomes and domains in every imputation, "
                "and name the categories of a domain, so that an empty one keeps its row."
            )
        differing = (first.estimand or Estimand()).differing(e.estimand or Estimand())
        if first.unit != e.unit:
            differing.append(f"unit ({first.unit} / {e.unit})")
        if differing:
            raise ValueError(
                f"estimates must be of one quantity: the first and number {i} differ in "
                f"{'; '.join(differing)}. Make the same estimate from every completed data set."
            )
    return given


def _told(given: Sequence[Estimate], values: Array, said: list[str]) -> Array:
    """Return which standard errors are known (imputations, rows), and say what is not."""
    told = np.isfinite([e.std_error for e in given])
    lost = ~np.isfinite(values).all(axis=0)
    if lost.any():
        note(
            said,
            f"{int(lost.sum()):,} of {lost.size:,} rows have no value in some imputation, and so "
            "none when combined. Use larger domains, or impute within them.",
        )
    some = told.any(axis=0) & ~told.all(axis=0) & ~lost
    if some.any():
        note(
            said,
            f"{int(some.sum()):,} of {some.size:,} rows have no standard error in some imputation "
            "(such as a share of 0): the mean of the others is taken for it. Use larger domains.",
        )
    sources = set.intersection(*({b.source for b in e.blocks} for e in given))
    if not sources and any(e.blocks for e in given):
        note(
            said,
            "the imputations share no source: each counts as a sample of its own, and the "
            "covariance of the result with other estimates of the survey is lost. Name the primary "
            "units (psu=), or give every completed Survey the same source=.",
        )
    return told


# ---------------------------------------------------------------------- Rubin's rules
def _within(given: Sequence[Estimate], told: Array) -> Array:
    """Return the mean covariance matrix; a row's is over the imputations that tell its own."""
    out = np.zeros((told.shape[1],) * 2)
    for e, known in zip(given, told, strict=True):
        with np.errstate(invalid="ignore"):
            covariance = e.covariance
        out += np.where(known[:, None] & known, covariance, 0.0)
    scale = _scale(told)
    return out / len(given) * scale[:, None] * scale


def _scale(told: Array) -> Array:
    """Return sqrt(M / m) for a row whose standard error m of M imputations tell, nan for none."""
    count = told.sum(axis=0)
    with np.errstate(divide="ignore"):
        return np.where(count > 0, np.sqrt(len(told) / count), np.nan)


def _total(within: Array, between: Array) -> tuple[Array, dict[str, Array]]:
    """Return the total variance of the rows and its parts: within and (1 + 1/M) between."""
    m = len(between)
    parts = {
        "within": np.diag(within).copy(),
        "between": (1 + 1 / m) * np.square(between).sum(axis=0) / (m - 1),
    }
    return parts["within"] + parts["between"], parts


def _degrees(rule: str, m: int, parts: Mapping[str, Array], design: Array) -> dict[str, Array]:
    """Return the degrees of freedom of the parts within imputations, and what they are made of."""
    total = parts["within"] + parts["between"]
    with np.errstate(all="ignore"):
        share = np.where(total > 0, parts["between"] / total, 0.0)
        rubin = (m - 1) / share**2
        observed = np.where(
            np.isinf(design), np.inf, design * (design + 1) / (design + 3) * (1 - share)
        )
    if rule == "rubin":
        observed = np.full(share.shape, np.inf)
    return {"rubin": rubin, "observed": observed, "share": share, "design": design}


# ---------------------------------------------------------------------- columns
def _blocks(
    given: Sequence[Estimate],
    told: Array,
    within: Array,
    between: Array,
    name: str,
    free: Mapping[str, Array],
    parts: Mapping[str, Array],
) -> tuple[Block, ...]:
    """Return the mean columns by source, what they leave of the mean variance, and B.

    The variance between imputations has M - 1 degrees of freedom; those within are scaled so that
    Satterthwaite's rule over all blocks gives the degrees of freedom asked for.
    """
    m, p = between.shape
    scale = _scale(told)
    kept: tuple[Block, ...] = ()
    for e, known in zip(given, told, strict=True):
        kept = add_blocks(kept, tuple(_filled(b, known, scale / m) for b in e.blocks))
    token = name or secrets.token_hex(8)
    rest = _remainder(within, kept, free["design"])
    kept = _slowed((*kept, *rest), parts, free)
    labels = tuple(str(i + 1) for i in range(m))
    scheme = Columns(f"{KIND}:{token}", KIND, np.full(m, (1 + 1 / m) / (m - 1)), labels)
    own = np.where(free["share"] > 0, m - 1.0, np.maximum(free["observed"], m - 1.0))
    return (*kept, Block(plain(between.T.copy()), scheme, np.broadcast_to(own, (p,)).copy()))


def _filled(block: Block, known: Array, scale: Array) -> Block:
    """Return a block's columns times a factor, 0 where its standard error is not known."""
    s = block.scheme
    columns = np.where(known[:, None], block.columns(), 0.0) * scale[:, None]
    fixed = Columns(s.source, s.kind, s.coefficients, s.labels)
    return Block(plain(columns), fixed, np.asarray(block.df, dtype=float))


def _remainder(within: Array, kept: Sequence[Block], df: Array) -> tuple[Block, ...]:
    """Return what the variance of the mean columns lacks of the mean variance, as columns."""
    rest = within - sum((b.covariance() for b in kept), np.zeros_like(within))
    size = np.sqrt(np.diag(within))
    used = np.flatnonzero(np.isfinite(size) & (size > 0))
    if not used.size:
        return ()
    unit = size[used]
    roots, vectors = np.linalg.eigh(rest[np.ix_(used, used)] / unit[:, None] / unit)
    some = np.abs(roots) > ROUNDING
    if not some.any():
        return ()
    columns = np.zeros((size.size, int(some.sum())))
    columns[used] = vectors[:, some] * unit[:, None]
    columns[np.isnan(size)] = np.nan
    once = secrets.token_hex(8)
    labels = tuple(f"{once}:{i}" for i in range(columns.shape[1]))
    scheme = Columns(f"completed:{once}", KIND, roots[some], labels)
    return (Block(plain(columns), scheme, df.copy()),)


def _slowed(
    kept: Sequence[Block], parts: Mapping[str, Array], free: Mapping[str, Array]
) -> tuple[Block, ...]:
    """Return blocks whose degrees of freedom, by Satterthwaite's rule, make the wanted ones."""
    total = parts["within"] + parts["between"]
    with np.errstate(all="ignore"):
        now = np.sum([np.where(b.variance > 0, b.variance**2 / b.df, 0.0) for b in kept], axis=0)
        wanted = np.where(total > 0, total, np.nan) ** 2 / free["observed"]
        factor = np.where(now > 0, now / wanted, 1.0)
    factor = np.where(np.isnan(factor), 1.0, factor)
    with np.errstate(invalid="ignore"):
        return tuple(Block(b.influence, b.scheme, b.df * factor) for b in kept)


# ---------------------------------------------------------------------- intervals, facts, words
def _interval(
    given: Sequence[Estimate], mean: Array, within: Array, total: Array, said: list[str]
) -> tuple[str, dict[str, Array]]:
    """Return the rule of the interval and its constants, the mean of theirs."""
    rule = given[0].interval_rule
    same = all(e.interval_rule == rule and not e.maps for e in given)
    if same and rule in KEPT_RULES:
        return rule, _constants(given, within, total)
    plain_rule = "log" if given[0].unit in POSITIVE and bool((mean > 0).all()) else "wald"
    if {e.interval_rule for e in given} != {plain_rule}:
        note(
            said,
            f"intervals of the combined estimates are by the rule {plain_rule!r}: those of the "
            f"estimates ({rule!r}, or carried through arithmetic) cannot be averaged. Combine "
            "before other arithmetic where you can.",
        )
    return plain_rule, {}


def _constants(given: Sequence[Estimate], within: Array, total: Array) -> dict[str, Array]:
    names = set.intersection(*({*e.constants} for e in given)) - {"value", "std_error"}
    out = {n: np.mean([np.asarray(e.constants[n], float) for e in given], axis=0) for n in names}
    if "deff" in out:
        out["deff"] = out["deff"] * _inflation(within, total)
    return out


def _inflation(within: Array, total: Array) -> Array:
    """Return T / U; 1 where no imputation tells a variance."""
    with np.errstate(all="ignore"):
        return np.where(within > 0, total / within, 1.0)


def _facts(
    given: Sequence[Estimate],
    parts: Mapping[str, Array],
    total: Array,
    free: Mapping[str, Array],
) -> dict[str, Array]:
    """Return means of the facts; counts of cases to one decimal."""
    out: dict[str, Array] = {}
    for name in set.intersection(*({*e.facts} for e in given)):
        found = [np.asarray(e.facts[name]) for e in given]
        if found[0].dtype.kind in "biuf":
            mean = np.asarray(np.mean(np.array(found, dtype=float), axis=0))
            out[name] = np.round(mean, 1) if name in COUNTED else mean
        else:
            alike = np.all([x == found[0] for x in found], axis=0)
            out[name] = np.where(alike, found[0], "several")
    if "deff" in out:
        out["deff"] = out["deff"] * _inflation(parts["within"], total)
    if {"n", "deff"} <= set(out):
        with np.errstate(all="ignore"):
            out["n_eff"] = out["n"] / out["deff"]
    share = free["share"]
    with np.errstate(all="ignore"):
        out["missing_information"] = share + (1 - share) * 2 / (free["rubin"] + 3)
    return out


def _provenance(given: Sequence[Estimate]) -> dict[str, Any]:
    out = dict(agreed_words(*given))
    counted = [e.facts["cases"] for e in given if "cases" in e.facts]
    if len(counted) == len(given) and not all(np.array_equal(x, counted[0]) for x in counted):
        out["cases"] = "cases on average over imputations"
    if "variance" in out:
        out["variance"] = (
            f"{out['variance']}; within and between {len(given)} imputations (Rubin's rules)"
        )
    return {**out, "imputations": len(given)}


def _once(given: Sequence[Estimate], name: str, *more: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(x for e in given for x in getattr(e, name)), *more]))
