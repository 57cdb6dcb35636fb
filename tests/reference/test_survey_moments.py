"""Quantiles, variances and standardised means against R survey, where single results do not tell.

The results of 4.5 are in `test_survey_oracle`; here are two places where R's quantiles depart, and
rows made up for 4.1.1 (R 4.1.2): svystandardize then svyby or svymean, svyquantile and svyvar of a
subset. Limits of quantiles are values of the sample, and so equal; values and standard errors agree
to rounding (1e-12 and 1e-10).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from tests.agreement import Within, agrees, differs
from tests.reference import survey_designs as designs

SOURCE = "R survey 4.1.1 (R 4.1.2)"
STANDARDISED = (SOURCE, "svystandardize, then svyby or svymean")
QUANTILES = (SOURCE, "svyquantile(qrule='hf7', interval.type='xlogit')")
VARIANCE = (SOURCE, "svyvar(~y + w, subset(design, region == 'N'))")
EXACT = Within("closed forms: rounding alone", 1e-12)
ERROR = Within("closed forms: rounding of the digits printed", 1e-10)
MOVED = Within("an error read from limits that are rounded", 1e-8)


def _same_quantiles(e: pv.Estimate, expected: dict[str, Any]) -> None:
    limits = np.c_[expected["ci_low"], expected["ci_high"]]
    agrees(e.value, expected["quantile"], ERROR, case="quantiles", source=QUANTILES)
    agrees(e.interval(), limits, ERROR, case="limits of quantiles", source=QUANTILES)
    agrees(e.std_error, expected["se"], MOVED, case="errors of quantiles", source=QUANTILES)


@pytest.mark.parametrize("name", ["srs", "dstrat", "dclus2"])
def test_a_quantile_below_the_first_step_is_the_smallest_value(oracle: Path, name: str) -> None:
    """R's hf3 gives the second smallest where q is below the share of the smallest.

    It is seen wherever more than 5 % of schools have the value 0.
    """
    d = designs.survey(oracle, name)
    kept = designs.results(oracle)[f"{name}/qrule_hf3"]["value"]["by_variable"]["ell"]
    found = pv.direct.quantile(d, "ell", [0.05, 0.25, 0.5], rule="hf3").value
    assert pv.direct.proportions(d, "ell")["ell = 0"].value[0] > 0.05
    assert (found[0], kept["quantile"][0]) == (0, 1)
    agrees(found[1:], [kept["ci_low"][0], kept["ci_high"][0]], EXACT)
    differs(found[0], kept["quantile"][0], "R gives the second smallest below the first step")


@pytest.mark.parametrize("name", ["srs", "dclus1"])
def test_score_intervals_are_near_the_reference_where_weights_are_equal(
    oracle: Path, name: str
) -> None:
    """R ends its search on either side of a step, and reads it back at a share of rows.

    With equal weights that is a few neighbours off; with unequal ones it is another value, so
    that only these designs can be compared. The exact limits are proved by the slow version.
    """
    d = designs.survey(oracle, name)
    value = designs.results(oracle)[f"{name}/quantile_score"]["value"]
    expected = value["by_variable"]["api00"]
    e = pv.direct.quantile(d, "api00", [0.1, 0.25, 0.5, 0.75, 0.9], interval="score")
    values = np.unique(d.table.numeric("api00", "outcome"))
    theirs = np.c_[expected["ci_low"], expected["ci_high"]]
    places = np.searchsorted(values, e.interval()) - np.searchsorted(values, theirs)
    assert np.abs(places).max() <= 2
    both, why = [expected["ci_low"], expected["ci_high"]], "R ends its search beside a step"
    differs(e.interval().T, np.array(both), why, case=both)


# ---------------------------------------------------------------------- rows made up here
def _rows() -> pv.Survey:
    i = np.arange(48)
    data = {
        "ea": i // 4,
        "stratum": i // 16,
        "w": 1.0 + (i * 7) % 5,
        "y": (i * 37) % 23 + 0.5 * (i // 12),
        "age": np.array(["young", "old", "old"])[i % 3],
        "sex": np.array(["F", "M"])[i * i // 5 % 2],
        "region": np.array(["N", "S"])[i // 2 % 2],
    }
    return pv.Survey(data, weights="w", strata="stratum", psu="ea")


def test_standardised_means() -> None:
    e = pv.direct.standardised(
        _rows(), "y", over="age", population={"young": 100, "old": 300}, by="region"
    )
    values = [13.244565217391305, 11.750940635451505]
    errors = [0.91459711728493898, 0.92174481631381799]
    agrees(e.value, values, EXACT, case="means by region", source=STANDARDISED)
    agrees(e.std_error, errors, ERROR, case="errors of means by region", source=STANDARDISED)
    crossed = {("old", "F"): 10, ("young", "F"): 20, ("old", "M"): 30, ("young", "M"): 40}
    e = pv.direct.standardised(_rows(), "y", over=["age", "sex"], population=crossed)
    agrees(e.value, 12.914519480519481, EXACT, case="mean over age and sex", source=STANDARDISED)
    agrees(e.std_error, 0.90275939742990707, ERROR, case="its error", source=STANDARDISED)


def test_interpolated_quantiles_and_a_covariance_in_a_domain() -> None:
    e = pv.direct.quantile(_rows(), "y", [0.2, 0.5, 0.83], rule="hf7", interval="logit")
    expected = {
        "quantile": [6.20000000000000107, 13.5, 18.62875000000000014],
        "ci_low": [5.06119488075344925, 12.03064691165463884, 16.59090010850177777],
        "ci_high": [9.5, 15.33943410038529009, 20.0],
        "se": [0.98110007391261722, 0.73133450742162487, 0.75350642023503167],
    }
    _same_quantiles(e, expected)
    v = pv.direct.variance(_rows(), ["y", "w"], where="region == 'N'")
    assert v.outcomes == ("y", "cov(y, w)", "cov(w, y)", "w")
    values = [36.65521492561847339, 0.29916988575655445, 0.29916988575655445, 1.64554395769978901]
    errors = [4.78506312992455118, 1.85655869161758003, 1.85655869161758003, 0.13953323856345054]
    agrees(v.value, values, EXACT, case="covariance in a domain", source=VARIANCE)
    agrees(v.std_error, errors, ERROR, case="errors of a covariance in a domain", source=VARIANCE)
