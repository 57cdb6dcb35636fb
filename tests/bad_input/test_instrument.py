"""One row per bad input of a corrected share: which message comes back, nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, refused, replaced, rows, survey

Ask = Callable[[Any], Any]


def corrected(**how: Any) -> Ask:
    """Ask for the corrected share of `case`, rates of .9 and .95 unless told otherwise."""
    given: dict[str, Any] = {"sensitivity": 0.9, "specificity": 0.95, **how}

    def ask(data: Any) -> Any:
        by = given.get("by", ())
        apparent = pv.direct.prevalence(survey(data), "case", by=by)
        rates = {name: x(data) if callable(x) else x for name, x in given.items() if name != "by"}
        return pv.misclassification.rogan_gladen(apparent, **rates)

    return ask


def of(make: Callable[[Any], Any]) -> Ask:
    return lambda data: pv.misclassification.rogan_gladen(
        make(data), sensitivity=0.9, specificity=0.95
    )


def by_sex(data: Any) -> pv.Estimate:
    return pv.direct.prevalence(survey(data), "case", by="sex")


CASES = {
    "rates that tell nothing": Bad(
        rows(),
        corrected(sensitivity=0.4, specificity=0.6),
        ValueError,
        r"sensitivity \+ specificity must be above 1: found 0.4 \+ 0.6 in 1 of 1 rows\. An instr",
    ),
    "validated rates that tell nothing": Bad(
        rows(),
        corrected(
            sensitivity=pv.validated(correct=3, tested=10),
            specificity=pv.validated(correct=40, tested=100),
            by="sex",
        ),
        ValueError,
        r"found 0.3 \+ 0.4 in 2 of 2 rows\. .* check which is which",
    ),
    "a rate in per cent": Bad(
        rows(),
        corrected(specificity=95),
        ValueError,
        r"specificity must be a share between 0 and 1: found 95\. Write 0.95 for 95 %",
    ),
    "a rate below 0": Bad(rows(), corrected(sensitivity=-0.1), ValueError, "found -0.1"),
    "a rate that is missing": Bad(rows(), corrected(sensitivity=np.nan), ValueError, "found nan"),
    "a rate as text": Bad(
        rows(),
        corrected(sensitivity="0.9"),
        TypeError,
        "sensitivity must be a number: found '0.9'.",
    ),
    "no true cases in the validation sample": Bad(
        rows(),
        corrected(sensitivity=pv.validated(correct=1, tested=2) * np.nan),
        ValueError,
        r"found nan\. .* a validation sample without anyone of a kind tells none",
    ),
    "nobody tested": Bad(
        rows(),
        lambda data: corrected(sensitivity=pv.validated(correct=0, tested=0 * len(data)))(data),
        ValueError,
        "tested must be a whole number of at least 1: found 0",
    ),
    "rates of other rows": Bad(
        rows(),
        corrected(specificity=by_sex),
        ValueError,
        r"specificity must be an estimate of one row or of the same rows as apparent: found one of "
        r"2 rows for 1\. Choose its row",
    ),
    "rates of other domains": Bad(
        rows(),
        corrected(specificity=by_sex, by="region"),
        ValueError,
        r"found one of 2 rows for 2\.",
    ),
    "a mean": Bad(
        rows(),
        of(lambda data: pv.direct.mean(survey(data), "age")),
        ValueError,
        r"apparent must be a proportion between 0 and 1: found 10.* in 1 rows\.",
    ),
    "a count": Bad(
        rows(),
        of(lambda data: pv.direct.prevalence(survey(data), "case").count(1_000)),
        ValueError,
        "apparent must be a proportion between 0 and 1",
    ),
    "a ratio": Bad(
        rows(),
        of(lambda data: pv.direct.ratio(survey(data), "case", "age")),
        ValueError,
        r"apparent must be a proportion between 0 and 1: found a ratio\. Pass the share",
    ),
    "a number": Bad(
        rows(),
        of(lambda data: data["w"][0] / 40),
        TypeError,
        r"apparent must be an Estimate of a share: found float64\. Pass what",
    ),
    "a survey": Bad(rows(), of(survey), TypeError, "found Survey"),
    "an unknown interval": Bad(
        rows(),
        corrected(interval="meld"),
        ValueError,
        r"interval must be one of auto, delta, .*: found 'meld'\. Did you mean 'melding'\?",
    ),
    "a share of 0 without its sample": Bad(
        replaced(case=np.zeros(12)),
        lambda data: pv.misclassification.rogan_gladen(
            pv.direct.prevalence(survey(data), "case") + 0.0,
            sensitivity=0.9,
            specificity=pv.validated(correct=50, tested=50),
        ),
        ValueError,
        r"shares of 0 or 1 must come with their sample size: 1 of 1 rows have none",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_bad_input_is_refused_with_the_reason(case: Bad) -> None:
    refused(case)


@pytest.mark.filterwarnings("ignore:the corrected share is below 0")
def test_validation_samples_that_leave_it_open_whether_the_instrument_tells_anything() -> None:
    apparent = pv.direct.prevalence(survey(rows()), "case")
    with pytest.warns(pv.PrevalenceWarning, match=r"leave it possible that .*1\.1 with a standard"):
        found = pv.misclassification.rogan_gladen(
            apparent,
            sensitivity=pv.validated(correct=6, tested=10),
            specificity=pv.validated(correct=10, tested=20),
        )
    assert any("leave it possible" in text for text in found.warnings)
    assert np.isfinite(found.interval()).all()


@pytest.mark.filterwarnings("ignore:1 of 2 domains have no estimate", "ignore:weights are zero in")
def test_a_domain_without_rows_has_no_limits_and_the_others_keep_theirs() -> None:
    data = replaced(w=np.where(rows()["sex"] == "F", 0.0, rows()["w"]))
    both = {
        "sensitivity": pv.validated(correct=45, tested=50),
        "specificity": pv.validated(correct=95, tested=100),
    }
    for interval in ("auto", "delta", "lang-reiczigel", "melding", "melding-poisson", "bayes"):
        found = pv.misclassification.rogan_gladen(by_sex(data), interval=interval, **both)
        limits = found.interval()
        assert np.isnan(limits[0]).all()
        assert np.isfinite(limits[1]).all()
        assert "not known" not in found.explain()
