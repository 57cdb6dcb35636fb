"""Estimators of `evidence.coverage.sensitive_coverage` for screens, reports about others and imputations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import prevalence as pv

from .measured_samples import CHILDREN, POPULATION, Screened, reports_of

__all__ = ["IMPUTED", "REPORTS", "SUBSAMPLES", "screens"]

By = str | tuple[()]
Estimator = Callable[[pv.Survey, By], pv.Estimate]


# ---------------------------------------------------------------------- instruments
def _rates(survey: pv.Survey, cell: Screened) -> dict[str, pv.Estimate]:
    """Return the sensitivity and the specificity that the validation study of a sample found."""
    found, cleared = (int(survey.table.raw(x, x)[0]) for x in ("found", "cleared"))
    return {
        "sensitivity": pv.validated(correct=found, tested=cell.cases),
        "specificity": pv.validated(correct=cleared, tested=cell.others),
    }


def _corrected(cell: Screened, *, known: bool, **how: Any) -> Estimator:
    def found(survey: pv.Survey, by: By) -> pv.Estimate:
        rates: dict[str, Any] = dict(_rates(survey, cell))
        if known:
            rates = {name: float(rate) for name, rate in rates.items()}
        apparent = pv.direct.prevalence(survey, "screen", by=by)
        return pv.misclassification.rogan_gladen(apparent, **rates, **how)

    return found


def screens(cell: Screened) -> dict[str, Estimator]:
    """Return estimators from a screen, by what they make of the validation study."""
    return {
        "screened positive": lambda survey, by: pv.direct.prevalence(survey, "screen", by=by),
        "rogan_gladen": _corrected(cell, known=False),
        "rogan_gladen, rates as known": _corrected(cell, known=True),
    }


def _subsample(form: str) -> Estimator:
    def found(survey: pv.Survey, by: By) -> pv.Estimate:
        return pv.misclassification.validation_subsample(
            survey, screen="screen", gold="gold", form=form, by=by
        )

    return found


SUBSAMPLES = {
    f"validation_subsample, {form}": _subsample(form) for form in ("double-expansion", "reweighted")
}


# ---------------------------------------------------------------------- reports about others
def _multiplicity(survey: pv.Survey, by: By) -> pv.Estimate:
    names = [name for name in survey.table.names if name.startswith("could_") or name == "home"]
    reports = reports_of({name: np.asarray(survey.table.raw(name, name)) for name in names})
    number = pv.direct.multiplicity(survey, reports, on="home", reporters="could", by=by)
    return number / (CHILDREN * POPULATION)


REPORTS: dict[str, Estimator] = {
    "multiplicity, over all children": _multiplicity,
    "neighbourhood": lambda survey, by: pv.direct.neighbourhood(survey, "cases", "children", by=by),
}


# ---------------------------------------------------------------------- imputations
def _imputed(model: str, times: int = 10) -> Estimator:
    def found(survey: pv.Survey, by: By) -> pv.Estimate:
        names = [f"{model} {k}" for k in range(times)]
        one_each = [pv.direct.prevalence(survey, name, by=by) for name in names]
        return pv.combine_imputations(
            [replace(e, outcomes=("answered",) * len(e)).describe(outcome="") for e in one_each]
        )

    return found


IMPUTED: dict[str, Estimator] = {
    "combine_imputations": _imputed("clusters"),
    "combine_imputations, model without clusters": _imputed("no clusters"),
    "combine_imputations, model without the predictor": _imputed("no predictor"),
    "one imputation as data": lambda survey, by: pv.direct.prevalence(survey, "clusters 0", by=by),
    "those who answered": lambda survey, by: pv.direct.prevalence(
        survey, "answered", by=by, missing="drop"
    ),
}
