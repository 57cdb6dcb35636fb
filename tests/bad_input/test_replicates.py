"""One row per bad input of replicates and exported weights: which message comes back."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv

Array = NDArray[Any]


class Bad(NamedTuple):
    """What is given, what is asked of it, and the kind and text of the error."""

    data: Any
    ask: Callable[[Any], Any]
    kind: type[Exception]
    message: str


def rows() -> dict[str, Any]:
    """Twelve rows in six primary units of two strata, with three columns of factors."""
    rng = np.random.default_rng(1)
    return {
        "w": np.array([20.0, 30, 10, 40, 20, 20, 30, 10, 20, 50, 10, 20]),
        "region": np.array(["N"] * 6 + ["S"] * 6),
        "ea": np.repeat(np.arange(6), 2),
        "sex": np.array(["F", "M"] * 6),
        "y": np.array([5.0, 9, 12, 17, 8, 7, 14, 15, 6, 11, 10, 13]),
        "half": np.full(12, 0.5),
        **{f"rep{r}": rng.uniform(0.5, 1.5, 12) for r in (1, 2, 3)},
    }


def changed(name: str, row: int, value: float) -> dict[str, Any]:
    column = rows()[name].copy()
    column[row] = value
    return {**rows(), name: column}


def survey(data: Any, **how: Any) -> pv.Survey:
    return pv.Survey(data, **{"weights": "w", "strata": "region", "psu": "ea", **how})


def staged(data: Any) -> pv.Survey:
    stages = {"psu": None, "stages": ["ea", "sex"], "fpc": ["half", "half"]}
    return survey(data, **stages)


def given(columns: Any = "rep", **how: Any) -> Callable[[Any], Any]:
    arguments = {"scale": 1 / 3, "combined": False, **how}
    return lambda data: survey(data).replicate_weights(columns, **arguments)


def estimated(made: pv.Survey) -> pv.Estimate:
    return pv.direct.mean(made, "y")


PLAIN = {k: v for k, v in rows().items() if not k.startswith("rep")}
BAD = {
    "groups of one": Bad(
        rows(),
        lambda d: survey(d).jackknife(groups=1),
        ValueError,
        r"groups must be a whole number from 2 to the number of primary units, 6: found 1\. Pass",
    ),
    "more groups than units": Bad(
        rows(),
        lambda d: survey(d).jackknife(groups=7),
        ValueError,
        r"from 2 to the number of primary units, 6: found 7\. Pass for example groups=6",
    ),
    "groups with later stages": Bad(
        rows(),
        lambda d: staged(d).jackknife(groups=2),
        ValueError,
        r"must leave no stage out.*sampling fractions at later stages\. Use \.bootstrap\(1000, rng=1,",
    ),
    "rao-wu with later stages": Bad(
        rows(),
        lambda d: staged(d).bootstrap(10),
        ValueError,
        r"a Rao-Wu bootstrap must leave no stage out.*kind='preston'",
    ),
    "brr with later stages": Bad(
        rows(), lambda d: staged(d).brr(), ValueError, r"replication must leave no stage out"
    ),
    "brr of three units": Bad(
        rows(),
        lambda d: survey(d).brr(),
        ValueError,
        r"two primary units in every stratum: 2 of 2 strata have another number \(first: N with 3\)",
    ),
    "fay of one": Bad(
        rows(), lambda d: survey(d).brr(fay=1), ValueError, r"fay must be a number from 0 to below 1"
    ),
    "an unknown kind": Bad(
        rows(),
        lambda d: survey(d).bootstrap(10, kind="prestom"),
        ValueError,
        r"kind must be one of rao-wu, preston, generalised: found 'prestom'\. Did you mean 'preston'",
    ),
    "one replicate": Bad(
        rows(),
        lambda d: survey(d).bootstrap(1, kind="preston"),
        ValueError,
        r"replicates must be a whole number of at least 2: found 1\. Pass",
    ),
    "simulation error of a jackknife": Bad(
        rows(),
        lambda d: estimated(survey(d).jackknife()).simulation_error(),
        ValueError,
        r"simulation_error needs a bootstrap: .* is jackknife mse=True\. Call \.bootstrap\(1000",
    ),
    "a cv of 5": Bad(
        rows(),
        lambda d: pv.replicates_needed(estimated(survey(d).bootstrap(20, rng=1)), cv=5),
        ValueError,
        r"cv must lie between 0 and 1: found 5\. Write 0\.05 for 5 %",
    ),
    "a cv of 1": Bad(
        rows(),
        lambda d: pv.replicates_needed(estimated(survey(d).bootstrap(20, rng=1)), cv=1),
        ValueError,
        r"cv must lie between 0 and 1: found 1\. Write 0\.05 for 5 %",
    ),
    "a prefix without columns": Bad(
        PLAIN,
        given(),
        KeyError,
        r"a prefix such as 'rep' of rep1, rep2, \.\.\.: 'rep' begins 0 numbered columns",
    ),
    "a prefix with a gap": Bad(
        {k: v for k, v in rows().items() if k != "rep2"},
        given(),
        KeyError,
        r"numbered without gaps: 1 are not in the data \(first: rep2\)\. Name the columns",
    ),
    "an unknown column": Bad(
        rows(), given(["rep1", "rop2"]), KeyError, r"'rop2' is not\. Did you mean 'rep2'"
    ),
    "a column twice": Bad(
        rows(), given(["rep1", "rep1"]), ValueError, r"two or more different columns: found 2, 1 of"
    ),
    "too few rscales": Bad(
        rows(),
        given(rscales=[1, 1]),
        ValueError,
        r"rscales must hold one number per replicate: found 2 for 3 columns\. Give as many",
    ),
    "negative rscales": Bad(
        rows(),
        given(rscales=[1, -1, 1]),
        ValueError,
        r"rscales must be finite and not negative: 1 of 3 rows is not \(first: row 1, -1\)",
    ),
    "a scale of zero": Bad(
        rows(), given(scale=0), ValueError, r"scale must be a positive number: found 0\. The docum"
    ),
    "a scale in words": Bad(rows(), given(scale="1/3"), TypeError, r"scale must be a number"),
    "a missing replicate weight": Bad(
        changed("rep2", 3, np.nan),
        given(),
        ValueError,
        r"replicate weight 'rep2' must be given: 1 of 12 rows is not \(first: row 3, nan\)\. Fill",
    ),
    "an infinite replicate weight": Bad(
        changed("rep2", 3, np.inf), given(), ValueError, r"'rep2' must be finite: 1 of 12 rows"
    ),
    "text for replicate weights": Bad(
        rows(), given(["rep1", "sex"]), TypeError, r"columns must be numbers: column 'sex' holds text"
    ),
    "factors for weights": Bad(
        rows(),
        given(combined=True),
        ValueError,
        r"add up to about the sum of the weights, 280: .* If the columns are factors, pass combined=F",
    ),
    "weights for factors": Bad(
        {**rows(), **{f"rep{r}": rows()["w"] * rows()[f"rep{r}"] for r in (1, 2, 3)}},
        given(),
        ValueError,
        r"factors times weights must add up.*If the columns are final weights, pass combined=True",
    ),
    "replicate weight without a weight": Bad(
        {**changed("w", 0, 0.0), **{f"rep{r}": rows()["w"] * rows()[f"rep{r}"] for r in (1, 2, 3)}},
        given(combined=True),
        ValueError,
        r"'rep1' must be 0 where the weight is 0: 1 of 12 rows is not \(first: row 0",
    ),
    "no degrees of freedom": Bad(
        rows(), given(df=0), ValueError, r"df must be a positive number: found 0\. Give the degrees"
    ),
    "columns without replicates": Bad(
        rows(),
        lambda d: survey(d).replicate_columns(slice(0, 1)),
        ValueError,
        r"replicate_columns needs replicates: the survey has none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_what_is_bad_is_refused_with_a_remedy(name: str) -> None:
    bad = BAD[name]
    before = copy.deepcopy(bad.data)
    with pytest.raises(bad.kind, match=bad.message):
        bad.ask(bad.data)
    for column in before:
        np.testing.assert_array_equal(bad.data[column], before[column])


@pytest.mark.parametrize("name", ["w.txt", "w"])
def test_weights_are_exported_as_csv_or_dta(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"path must end in \.csv or \.dta: found 'w"):
        survey(rows()).export_weights(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_negative_replicate_weights_are_said() -> None:
    with pytest.warns(pv.PrevalenceWarning, match=r"1 replicate weights are negative, in 1 of 3"):
        made = cast(pv.Survey, given()(changed("rep2", 3, -0.1)))
    assert estimated(made).std_error[0] > 0


def test_unequal_chances_and_forms_that_may_be_negative_are_refused() -> None:
    from dataclasses import replace

    made = survey(rows())
    first = made.design.stages[0]

    def odd(factor: float) -> pv.Survey:
        stage = replace(first, coefficient=first.coefficient * factor)
        return made._replace(design=replace(made.design, stages=(stage,)))

    for ask in (pv.Survey.jackknife, pv.Survey.bootstrap, pv.Survey.brr):
        with pytest.raises(ValueError, match="drawn with equal chances"):
            ask(odd(1.5))
    with pytest.raises(ValueError, match="a variance that cannot be negative: the form"):
        odd(-1.0).bootstrap(10, kind="generalised")
    wider = odd(1.5).bootstrap(40, rng=1, kind="generalised")
    np.testing.assert_allclose(
        pv.direct.total(wider, "y").std_error,
        np.sqrt(1.5) * pv.direct.total(made, "y").std_error,
        rtol=1e-10,
    )
