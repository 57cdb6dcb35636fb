"""What modelled shares share: predictors of the rows kept, degrees of freedom, domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..direct.shares import without_spread
from ..direct.terms import Terms, read_terms
from ..errors import note
from ..estimate import Estimate
from ..evaluate import Domains, Result, evaluate, members
from ..survey import Survey
from .fits import Design, Fitted, Shares

__all__ = ["fewer_degrees", "read_predictors", "share_result"]

Array = NDArray[Any]


def read_predictors(
    survey: Survey,
    predictors: str | Sequence[str],
    domains: Domains,
    kept: Array,
    missing: str,
    **how: Any,
) -> tuple[Terms, Domains, Array]:
    """Read predictors of the rows kept; return them, the domains without losses, and the losses."""
    inside = domains.take_part(survey)
    here = domains if bool((kept > 0)[inside].all()) else narrowed(domains, kept)
    terms = read_terms(survey, None, predictors, here.whole(), missing, **how)
    if terms.missing:
        with_all = np.zeros(survey.n)
        with_all[slice(None) if terms.rows is None else terms.rows] = 1.0
        here = narrowed(here, with_all)
    left = here.take_part(survey)
    gone = domains.of_rows(survey.n)[inside & ~left]
    return terms, here, np.bincount(gone, minlength=domains.count)


def narrowed(domains: Domains, kept: Array) -> Domains:
    """Return domains without the rows that are not kept."""
    if domains.code is None and kept.all():
        return domains
    code = np.zeros(kept.size, dtype=np.intp) if domains.code is None else domains.code
    return replace(domains, code=np.where(kept > 0, code, -1))


def share_result(survey: Survey, fitted: Fitted, domains: Domains) -> tuple[Result, Shares]:
    """Evaluate the mean modelled share of every domain: one row of one joint estimate each."""
    terms = fitted.design.terms
    code = None
    if domains.code is not None:
        code = domains.code if terms.rows is None else domains.code[terms.rows]
    shares = Shares(fitted, code, domains.count)
    result = evaluate(survey, lambda w: w.regression(shares), domains.whole())
    sums = domains.sums(survey)
    n = np.bincount(sums.pair_domain, weights=sums.counts, minlength=domains.count)
    psus = members(survey.design, sums)[0].astype(float)
    psus = psus if np.isfinite(result.psus).all() else np.full(domains.count, np.nan)
    return replace(result, value=result.value.T, sums=sums, n=n, psus=psus), shares


def fewer_degrees(
    survey: Survey, domains: Domains, result: Result, design: Design, said: list[str]
) -> Result:
    """Take the predictors from the degrees of freedom, and say where none, or no spread, is left."""
    df = result.block.df + 1 - design.q.shape[1]
    if (df < 1).any():
        note(
            said,
            f"{design.q.shape[1]} predictors leave no degrees of freedom of the design's "
            f"{result.block.df[0]:g}: there is no interval. Leave out predictors.",
        )
    largest = float(np.max(np.abs(result.value), initial=0.0, where=np.isfinite(result.value)))
    result = without_spread(survey, domains, result, said, 1e-14 * largest)
    return replace(result, block=replace(result.block, df=np.maximum(df, 0.0)))


def with_likelihood(e: Estimate, fitted: Fitted) -> Estimate:
    """Return an estimate with its log-likelihood among what is told of it."""
    if not np.isfinite(fitted.log_likelihood):
        return e
    return replace(e, provenance={**e.provenance, "log_likelihood": fitted.log_likelihood})
