"""Prevalence, sensitivity and false positives of several indicators without a gold standard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arguments import explained
from ..custom import assemble, domains_of
from ..direct.outcomes import check_yes_no, incomplete
from ..direct.terms import check_weights
from ..errors import ConvergenceError, generator, note, one_of, whole
from ..estimate import Estimate
from ..evaluate import Domains, Result, evaluate, members
from ..frames import names_of
from ..intervals import t_quantile
from ..registry import Example, estimator
from ..survey import Survey
from .class_fit import ClassFit, ClassFits, fitted_classes

__all__ = ["latent_class", "local_dependence"]

Array = NDArray[Any]
GOODMAN = "Goodman (1974) doi:10.1093/biomet/61.2.215"
PATTERSON = "Patterson, Dayton and Graubard (2002)"
STARTS = 20
MOST_ITEMS = 20
REFUTED = 0.05  # of the pairs together


@dataclass(frozen=True, eq=False)
class Read:
    """Items read and checked, with the fit of every domain."""

    names: list[str]
    domains: Domains
    lost: Array
    fits: ClassFits
    said: tuple[str, ...]


#: Whom the shares of answers are of, which are not of the population.
SHARES_OF = {"sensitivity: ": "cases", "false positive: ": "those who are no cases"}


def _example() -> Example:
    rng = np.random.default_rng(6)
    psu = np.repeat(np.arange(12), 60)
    case = rng.random(psu.size) < 0.4
    data: dict[str, Any] = {
        "psu": psu,
        "stratum": psu // 6,
        "w": rng.integers(1, 4, psu.size).astype(float),
    }
    for k, (yes, no) in enumerate(((0.75, 0.1), (0.7, 0.15), (0.7, 0.1), (0.72, 0.2))):
        data[f"y{k}"] = (rng.random(psu.size) < np.where(case, yes, no)).astype(float)
    return Example(data, _survey, {"items": ["y0", "y1", "y2", "y3"], "rng": 1})


def _survey(data: Any) -> Survey:
    return Survey(data, weights="w", strata="stratum", psu="psu")


def _three() -> Example:
    plain = _example()
    return Example(plain.data, plain.sample, {"items": ["y0", "y1", "y2"], "rng": 1})


VARIANTS: dict[str, Callable[[], Example]] = {"three items": _three}


@estimator(
    unit="proportion",
    smooth=True,
    degree=0,
    citation=GOODMAN,
    example=_example,
    variants=VARIANTS,
)
@explained
def latent_class(
    survey: Survey,
    items: Sequence[str],
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    starts: int = STARTS,
    rng: int | np.random.Generator | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate the prevalence of a trait that several items indicate, and how well each does.

    Two classes in which items are answered independently: ``P(y) = pi prod a_k^y_k (1 - a_k)^(1 -
    y_k) + (1 - pi) prod b_k^y_k (1 - b_k)^(1 - y_k)``, by maximum pseudo-likelihood.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    items : list of str
        At least three 0/1 columns, 1 where the indicator is there.
    by : str or list of str
        Columns whose crossing makes the domains, each with a model of its own.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    starts : int
        How many points the climb starts from; the highest maximum counts.
    rng : int or Generator, optional
        Seed of the starts. The result does not depend on it where they all reach the same maximum.
    missing : {"error", "drop"}
        What to do with rows that miss an item; dropped rows are counted.

    Returns
    -------
    Estimate
        Rows ``"prevalence"``, ``"sensitivity: y1"``, ..., ``"false positive: y1"``, ..., by domain.
        Class 1, the cases, is the one with the higher mean share of yes.
        ``facts["model_std_error"]`` are standard errors from the information, which know no design;
        ``provenance`` has the log-likelihood and the pairs of `local_dependence`.

    Raises
    ------
    ValueError, TypeError, KeyError
        With fewer than three items, items that are not 0/1, that all answer alike, or miss values.
    ConvergenceError
        When there is no maximum within: a share goes to 0 or 1, or the classes cannot be told apart.

    Notes
    -----
    The variance is the design's, exact through all weighting steps; replicates are fitted again
    and keep a share of 0 or 1 where the sample itself has none. Three items are just enough, and then nothing tests the model. Assumes that items are
    independent within a class: it fails, without a sign with three items, where two of them
    repeat one question or share a reason to be concealed. The class is what the items have in
    common, which need not be the legal definition.

    References
    ----------
    Goodman, L. A. (1974). Exploratory latent structure analysis using both identifiable and
    unidentifiable models. Biometrika 61, 215-231. doi:10.1093/biomet/61.2.215

    Patterson, B. H., Dayton, C. M. and Graubard, B. I. (2002). Latent class analysis of complex
    sample survey data. Journal of the American Statistical Association 97, 721-741.
    (DOI not checked)

    Examples
    --------
    >>> import prevalence as pv
    >>> counts = {"111": 70, "110": 20, "101": 20, "011": 20, "100": 30, "010": 30, "001": 30}
    >>> counts["000"] = 280
    >>> answers = [list(map(int, p)) for p, n in counts.items() for _ in range(n)]
    >>> rows = {f"y{k}": [a[k] for a in answers] for k in range(3)}
    >>> e = pv.misclassification.latent_class(pv.Survey(rows), list(rows), rng=1)
    >>> e.outcomes[:2], e.value[:2].round(3)
    (('prevalence', 'sensitivity: y0'), array([0.275, 0.798]))
    """
    read = _read(survey, items, by, where, starts, rng, missing)
    result = evaluate(survey, lambda w: w.regression(read.fits), read.domains.whole())
    k = len(read.names)
    names = ["prevalence"]
    names += [
        f"{what}: {name}" for what in ("sensitivity", "false positive") for name in read.names
    ]
    said: list[str] = []
    pairs = _dependent(read, result, 2 * k + 1, said)
    _check_order(read, said)
    out = _told(
        survey, read, _taken(survey, read, result, 0, 2 * k + 1), names, "latent_class", said
    )
    likelihood = [None if fit is None else fit.log_likelihood for fit in read.fits.fits]
    return replace(
        out,
        provenance={
            **out.provenance,
            "people": {
                name: people
                for name in names
                for kind, people in SHARES_OF.items()
                if name.startswith(kind)
            },
            "log_likelihood": likelihood[0] if len(likelihood) == 1 else likelihood,
            "local_dependence": pairs,
        },
    )


@estimator(
    unit="difference",
    smooth=True,
    degree=0,
    citation=GOODMAN,
    example=_example,
)
@explained
def local_dependence(
    survey: Survey,
    items: Sequence[str],
    *,
    by: str | Sequence[str] = (),
    where: str | None = None,
    starts: int = STARTS,
    rng: int | np.random.Generator | None = None,
    missing: str = "error",
) -> Estimate:
    """Estimate what each pair of items has in common beyond the two classes of `latent_class`.

    ``P(y_j = y_k = 1) - (pi a_j a_k + (1 - pi) b_j b_k)``: 0 for independent items.

    Parameters
    ----------
    survey : Survey
        The sample, with its weights and design.
    items : list of str
        At least four 0/1 columns: three leave nothing to see.
    by : str or list of str
        Columns whose crossing makes the domains, each with a model of its own.
    where : str, optional
        Condition on rows; the others stay in the design with zero weight.
    starts : int
        How many points the climb starts from.
    rng : int or Generator, optional
        Seed of the starts.
    missing : {"error", "drop"}
        What to do with rows that miss an item; dropped rows are counted.

    Returns
    -------
    Estimate
        A row per pair and domain, a difference of shares.

    Raises
    ------
    ValueError, TypeError, KeyError, ConvergenceError
        As `latent_class` does, and with three items.

    Notes
    -----
    The variance takes in that the classes are estimated. A pair well above 0 repeats one question,
    or a third class is there. Assumes a large sample for its normal law; it fails to see a
    dependence that two other classes can imitate.

    References
    ----------
    Goodman, L. A. (1974). Exploratory latent structure analysis using both identifiable and
    unidentifiable models. Biometrika 61, 215-231. doi:10.1093/biomet/61.2.215

    Examples
    --------
    >>> import prevalence as pv
    >>> answers = [[1, 1, 1, 1]] * 60 + [[0, 0, 0, 0]] * 200
    >>> for k in range(4):
    ...     answers += [[int(j == k) for j in range(4)]] * 20 + [
    ...         [int(j != k) for j in range(4)]
    ...     ] * 15
    >>> rows = {f"y{k}": [a[k] for a in answers] for k in range(4)}
    >>> e = pv.misclassification.local_dependence(pv.Survey(rows), list(rows), rng=1)
    >>> e.outcomes[0], len(e), bool((abs(e.value) < 0.01).all())
    ('y0 & y1', 6, True)
    """
    read = _read(survey, items, by, where, starts, rng, missing)
    if len(read.names) == 3:
        raise ValueError(
            "items must be at least 4 to show dependence: found 3, which two classes fit exactly. "
            "Add an item."
        )
    result = evaluate(survey, lambda w: w.regression(read.fits), read.domains.whole())
    first = 2 * len(read.names) + 1
    taken = _taken(survey, read, result, first, read.fits.outcomes)
    return _told(survey, read, taken, _pairs(read.names), "local_dependence", [])


def _pairs(names: list[str]) -> list[str]:
    return [f"{a} & {b}" for i, a in enumerate(names) for b in names[i + 1 :]]


def _read(
    survey: Survey,
    items: Sequence[str],
    by: str | Sequence[str],
    where: str | None,
    starts: int,
    rng: int | np.random.Generator | None,
    missing: str,
) -> Read:
    domains = domains_of(survey, by, where)
    names = _names(items)
    columns, inside = _answered(survey, names, missing, domains)
    check_weights(survey.chain.weights, inside)
    gone = domains.of_rows(survey.n)[domains.take_part(survey) & ~inside]
    lost = np.bincount(gone, minlength=domains.count)
    if gone.size:
        domains = replace(domains, code=np.where(inside, domains.of_rows(survey.n), -1))
    rows = np.flatnonzero(inside)
    how = whole("starts", starts, 1, "Give for example 20."), generator(rng)
    y = np.stack([column[rows] for column in columns], axis=1)
    fits, said = _fits(y, names, survey.chain.weights[rows], domains, rows, how)
    k = len(names)
    count = 2 * k + 1 + (k * (k - 1) // 2 if k > 3 else 0)
    return Read(names, domains, lost, ClassFits(fits, survey.n, rows, count), said)


def _names(items: Sequence[str]) -> list[str]:
    """Return the names of the items, enough of them and not too many."""
    names = names_of("items", items)
    if len(names) < 3:
        raise ValueError(
            f"items must name at least three columns: found {', '.join(map(repr, names))}. "
            "Two classes are not told apart by fewer."
        )
    if len(names) > MOST_ITEMS:
        raise ValueError(
            f"items must be at most {MOST_ITEMS}: found {len(names)}. Choose those that indicate most."
        )
    return names


def _answered(
    survey: Survey, names: list[str], missing: str, domains: Domains
) -> tuple[list[Array], Array]:
    """Return the items and which rows that take part answer all of them."""
    one_of("missing", missing, ["error", "drop"])
    columns = [survey.table.numeric(name, "items") for name in names]
    inside = domains.take_part(survey)
    kept = inside & ~np.isnan(columns).any(axis=0)
    for name, column in zip(names, columns, strict=True):
        gone = inside & np.isnan(column)
        if gone.any() and missing == "error":
            raise incomplete("items", name, gone, inside)
        check_yes_no("items", name, column, kept)
        _check_varies(name, column[kept])
    if not kept.any():
        raise ValueError(
            f"items must all be answered in some rows: each of {int(inside.sum()):,} that take part "
            "misses one. Leave out the items that few were asked."
        )
    return columns, kept


def _check_varies(name: str, column: Array) -> None:
    if column.size and (column == column[0]).all():
        raise ValueError(
            f"items must vary: {name!r} is {column[0]:g} in all {column.size:,} rows that take part. "
            "Leave it out."
        )


def _fits(
    y: Array,
    names: list[str],
    weights: Array,
    domains: Domains,
    rows: Array,
    how: tuple[int, np.random.Generator],
) -> tuple[list[ClassFit | None], tuple[str, ...]]:
    """Fit every domain; where there are several, one without a maximum has no estimate."""
    if domains.count == 1:
        return [fitted_classes(y, names, weights, np.arange(len(y)), how, "")], ()
    code = domains.of_rows(0 if domains.code is None else domains.code.size)[rows]
    fits: list[ClassFit | None] = []
    said: list[str] = []
    for d in range(domains.count):
        here = np.flatnonzero(code == d)
        where = f" in {', '.join(domains.labels[d])}"
        try:
            found = (
                fitted_classes(y[here], names, weights[here], here, how, where)
                if here.size
                else None
            )
        except ConvergenceError as error:
            note(said, str(error))
            found = None
        fits.append(found)
    if not any(fits):
        first = f": {said[0]}" if said else ", as no domain has rows."
        raise ConvergenceError(f"two classes must fit in some domain: found none{first}")
    return fits, tuple(said)


def _taken(survey: Survey, read: Read, result: Result, first: int, last: int) -> Result:
    """Return some outcomes of all domains, shaped (outcomes, domains)."""
    count = read.domains.count
    rows = np.arange(first * count, last * count)
    block, sums = result.block.take(rows), read.domains.sums(survey)
    n = np.bincount(sums.pair_domain, weights=sums.counts, minlength=count)
    psus, df = members(survey.design, sums)
    known = np.isfinite(result.psus).all()
    block = replace(block, df=np.minimum(block.df, np.tile(df, last - first)))
    return replace(
        result,
        value=result.value.reshape(-1, count)[first:last],
        block=block,
        sums=sums,
        n=n,
        psus=psus.astype(float) if known else np.full(count, np.nan),
    )


def _told(
    survey: Survey, read: Read, result: Result, names: list[str], method: str, said: list[str]
) -> Estimate:
    shares = method == "latent_class"
    facts = {
        "n": np.tile(result.n, len(names)),
        "missing": np.tile(read.lost, len(names)),
        "psus": np.tile(result.psus, len(names)),
    }
    if shares:
        none = np.full(len(names), np.nan)
        errors = [none if fit is None else fit.model_std_error for fit in read.fits.fits]
        facts["model_std_error"] = np.stack(errors, axis=1).reshape(-1)
    return assemble(
        survey,
        result,
        read.domains,
        outcomes=names,
        unit="proportion" if shares else "difference",
        method=f"misclassification.{method}",
        interval="logit" if shares else "wald",
        citations=[GOODMAN, PATTERSON],
        facts=facts,
        assumptions=[
            "There are two classes, in each of which the items are answered independently.",
            "Cases are the class with the higher mean share of yes.",
        ],
        warnings=[*read.said, *said],
    )


def _dependent(read: Read, result: Result, first: int, said: list[str]) -> dict[str, float]:
    """Return z of the pairs of items, and say which have more in common than two classes."""
    names, count = _pairs(read.names), read.domains.count
    if read.fits.outcomes == first:
        return {}
    rows = np.arange(first * count, read.fits.outcomes * count)
    block = result.block.take(rows)
    with np.errstate(all="ignore"):
        z = (result.value.reshape(-1)[rows] / block.std_error).reshape(-1, count)
        limit = t_quantile(block.df, 1 - REFUTED / z.size).reshape(-1, count)
    pairs, domains = np.nonzero(np.abs(z) > limit)
    if pairs.size:
        shown = ", ".join(
            f"{names[k]} (z = {z[k, d]:.1f})" for k, d in zip(pairs, domains, strict=True)
        )
        note(
            said,
            f"two classes do not explain what items have in common: {shown}. Leave out one of a pair "
            "that repeats a question: prevalence and sensitivity rest on items that are independent.",
        )
    worst = np.nanargmax(np.where(np.isfinite(z), np.abs(z), -1), axis=1)
    return {name: float(z[k, worst[k]]) for k, name in enumerate(names)}


def _check_order(read: Read, said: list[str]) -> None:
    """Say which items cases affirm less often than others, which makes the label of cases doubtful."""
    odd: list[str] = []
    for fit in read.fits.fits:
        if fit is not None:
            _, one, none = fit.model.split(fit.b)
            odd += [
                n for n, a, b in zip(read.names, one.tolist(), none.tolist(), strict=True) if a < b
            ]
    if odd:
        shown = ", ".join(repr(name) for name in dict.fromkeys(odd))
        note(
            said,
            f"cases affirm {shown} less often than the others do: check how it is coded, and which "
            "class is the cases.",
        )
