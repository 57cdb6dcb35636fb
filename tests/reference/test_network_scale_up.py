"""Closed forms of network scale-up against R: networkscaleup, NSUM, networkreporting and survey.

The calls and versions are stored with the values (../shared/oracle/nsum). Tolerances: 15 digits are
stored, so values are met to 1e-10; standard errors of R survey to 1e-10 too.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.agreement import EXACTLY, Within, agrees, differs, told

Array = NDArray[Any]
# Answers top-coded at 95, a tenth of respondents who know nobody in a known group, and groups known
# by the well connected more than degrees tell.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*look like codes for missing"),
    pytest.mark.filterwarnings("ignore:.*know nobody in any known group"),
    pytest.mark.filterwarnings("ignore:the two size rules differ"),
    pytest.mark.filterwarnings("ignore:.*report more hidden people than they know"),
]
GROUPS = ["sex.workers", "clients", "idu"]
EVERY = ["sex.workers", "msm", "idu", "clients"]
RWANDA = 10_718_378
EXACT = Within("closed forms: rounding of the 15 digits stored", 1e-10)


@cache
def _cases(oracle: Path) -> dict[str, Any]:
    return dict(told(oracle / "nsum" / "expected_closed.json")["cases"])


@cache
def _rwanda(oracle: Path) -> tuple[pd.DataFrame, dict[str, float]]:
    known = pd.read_csv(oracle / "nsum" / "rwanda_known.csv")
    sizes = dict(zip(known["known.popn"], known["size"].astype(float), strict=True))
    return pd.read_csv(oracle / "nsum" / "rwanda_survey.csv"), sizes


def _survey(frame: pd.DataFrame) -> pv.Survey:
    return pv.Survey(frame, weights="indweight", strata="region", psu="cluster", nest=True)


def _answers(oracle: Path, *, weighted: bool = True, **how: Any) -> pv.Answers:
    frame, known = _rwanda(oracle)
    survey = _survey(frame)
    if not weighted:
        survey = pv.Survey(frame, strata="region", psu="cluster", nest=True)
    return pv.Answers(survey, known=known, hidden=EVERY, population=RWANDA, **how)


# ------------------------------------------------------------------ networkscaleup and NSUM
@pytest.mark.parametrize(("model", "size"), [("MLE", "ratio-of-sums"), ("PIMLE", "mean-of-ratios")])
@pytest.mark.filterwarnings("ignore:mean of ratios leaves out 2 of 100")
def test_killworth_of_networkscaleup(oracle: Path, model: str, size: str) -> None:
    expected = _cases(oracle)[f"killworth_example_{model}"]["value"]
    frame = pd.read_csv(oracle / "nsum" / "nsu_example.csv")
    known = dict(zip(expected["known_columns"], expected["known_sizes"], strict=True))
    answers = pv.Answers(
        pv.Survey(frame),
        known=known,
        hidden=expected["unknown_columns"],
        population=expected["N"],
    )
    found = pv.nsum.scale_up(answers, transmission=1, size=size)
    agrees(found.value, expected["sizes"], EXACT)
    agrees(answers.degrees(), expected["degrees"], EXACT)


def test_killworth_of_nsum_and_its_start_values(oracle: Path) -> None:
    cases = _cases(oracle)
    about = told(oracle / "nsum" / "curitiba_params.json")
    survey = pv.Survey(pd.read_csv(oracle / "nsum" / "curitiba_sim.csv"))
    answers = pv.Answers(
        survey, known=about["known"], hidden="heavy.drug.user", population=about["N"]
    )
    found = float(pv.nsum.scale_up(answers, transmission=1))
    start = cases["NSUM_killworth_start_curitiba"]["value"]
    agrees(found, cases["NSUM_killworth_curitiba"]["value"], EXACT)
    agrees(found, start["NK.start"], EXACT)
    degrees = answers.degrees()
    agrees(degrees[:10], start["d_start_first10"], EXACT)
    logs = np.log(degrees[degrees > 0])
    agrees(logs.mean(), start["mu.start"], EXACT)
    agrees(logs.std(), start["sigma.start"], EXACT)


# ------------------------------------------------------------------ networkreporting: degrees
def test_degrees_skip_what_was_not_answered(oracle: Path) -> None:
    expected = _cases(oracle)["kp_degree_complete.obs"]["value"]
    found = _answers(oracle).degrees()
    agrees(found.mean(), expected["mean"], EXACT)
    agrees(found.sum(), expected["sum"], EXACT)
    agrees(found[:20], expected["first20"], EXACT)
    agrees(np.quantile(found, [0, 0.25, 0.5, 0.75, 1]), expected["quantiles"], EXACT)


def test_degrees_of_those_who_answered_every_question(oracle: Path) -> None:
    expected = _cases(oracle)["kp_degree_ignore"]["value"]
    answers = _answers(oracle)
    complete = ~np.isnan(answers.counts(list(answers.known))).any(axis=0)
    agrees((~complete).sum(), expected["n_na"], EXACTLY)
    agrees(answers.degrees()[complete].mean(), expected["mean_nonmissing"], EXACT)


@pytest.mark.parametrize("by", [["sex"], ["region"], ["region", "sex"]])
def test_mean_degrees_by_cell(oracle: Path, by: list[str]) -> None:
    table = _cases(oracle)[f"kp_estimator_by_{'_'.join(by)}"]["value"]["table"]
    frame, known = _rwanda(oracle)
    whole = frame[frame[list(known)].notna().all(axis=1)]
    found = pv.nsum.degree(_survey(whole), known=known, population=RWANDA, by=by)
    for k, labels in enumerate(zip(*(table[name] for name in by), strict=True)):
        row = found[labels]
        agrees(float(row), table["dbar.Fcell.F"][k], EXACT)
        agrees(row.facts["n"][0], table["num.obs.y.kp"][k], EXACTLY)
        weight, per_person = table["wgt.total.y.kp"][k], table["sum.y.kp.over.kptot"][k]
        agrees(float(row) * weight / RWANDA, per_person, EXACT)


def test_degrees_of_answers_truncated_at_a_cap(oracle: Path) -> None:
    frame, known = _rwanda(oracle)
    whole = frame[frame[list(known)].notna().all(axis=1)]
    answers = pv.Answers(
        _survey(whole), known=known, hidden=(), population=RWANDA, top_code=dict.fromkeys(known, 30)
    )
    expected = _cases(oracle)["topcode_kp_degree_sum"]["value"]
    agrees(answers.degrees().sum(), expected, EXACT)
    said = pv.nsum.degree(answers).assumptions
    assert any("top code" in text and "at 30)" in text for text in said)


# ------------------------------------------------------------------ networkreporting: sizes
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("group", EVERY)
def test_sizes_of_networkreporting(oracle: Path, group: str, weighted: bool) -> None:
    cases = _cases(oracle)
    name = f"nsum_{group}_{'weighted' if weighted else 'unweighted'}"
    answers = _answers(oracle, weighted=weighted)
    basic = pv.nsum.scale_up(answers, group, transmission=1, missing="complete")
    adjusted = pv.nsum.scale_up(
        answers, group, transmission=0.8, degree_ratio=0.7, missing="complete"
    )
    w, d = answers.survey.chain.weights, answers.degrees()
    reports = w @ np.nan_to_num(answers.counts([group])[0])
    flat = _answers(oracle, weighted=False)
    bare = pv.nsum.scale_up(flat, group, transmission=1, missing="complete")
    for found, factor, case in [
        (basic, 1.0, cases[f"{name}_basic"]["value"]),
        (adjusted, 0.56, cases[f"{name}_adjusted"]["value"]),
    ]:
        agrees(float(found), case["estimate"], EXACT)
        agrees(reports / factor, case["tot.connections"], EXACT)
        agrees(w @ d, case["sum.d.hat"], EXACT)
        # Its standard error divides by weighted degrees, ours by those of the respondents: they are
        # the same without weights, and its second one is that.
        p = float(basic) / RWANDA
        its_own = RWANDA * np.sqrt(p * (1 - p) / (w @ d))
        agrees(its_own, case["killworth.se"], EXACT, explained=True)
        agrees(bare.facts["model_std_error"][0], case["killworth.se.wgtdenom"], EXACT)
        ours = RWANDA * np.sqrt(p * (1 - p) / d.sum()) / factor
        assert found.facts["model_std_error"][0] == pytest.approx(ours, rel=EXACT.relative)


# ------------------------------------------------------------------ survey: design variance
def test_rwanda_linearised_and_jackknife(oracle: Path) -> None:
    frame, known = _rwanda(oracle)
    cases = _cases(oracle)
    e = pv.nsum.scale_up(_survey(frame), GROUPS, known=known, transmission=1, missing="complete")
    j = pv.nsum.scale_up(
        _survey(frame).jackknife(mse=False), GROUPS, known=known, transmission=1, missing="complete"
    )
    for k, group in enumerate(GROUPS):
        expected = cases[f"svyratio_{group}"]["value"]
        agrees(e.value[k], expected["size"], EXACT)
        agrees(e.value[k] / RWANDA, expected["ratio"], EXACT)
        agrees(e.std_error[k], expected["se_linear_size"], EXACT)
        agrees(j.std_error[k], expected["se_JKn_size"], EXACT)
        agrees(e.df[k], expected["df"], EXACTLY)
    assert np.round(e.value).tolist() == [32217, 33154, 574]
    assert np.round(e.std_error).tolist() == [3204, 3860, 252]


def test_rwanda_by_region(oracle: Path) -> None:
    frame, known = _rwanda(oracle)
    expected = _cases(oracle)["svyratio_by_region_idu"]["value"]
    with pytest.warns(pv.PrevalenceWarning, match="nobody reported knowing anyone in 'idu'"):
        e = pv.nsum.scale_up(
            _survey(frame), "idu", known=known, transmission=1, missing="complete", by="region"
        )
    for region, share, error in zip(
        expected["region"], expected["prevalence"], expected["se"], strict=True
    ):
        row = e[region]
        agrees(float(row), share * RWANDA, EXACT, case=share)
        if share > 0:  # without a report the reference prints a standard error of 0, we print none
            agrees(row.std_error[0], error * RWANDA, EXACT, case=error)
        else:
            assert np.isnan(row.std_error[0])
            differs(
                row.std_error[0], error, "without a report R prints an error of 0, ours is missing"
            )
            assert row.interval()[0, 1] > 0


# ------------------------------------------------------------------ surveybootstrap
def test_stored_factors_of_a_rescaled_bootstrap(oracle: Path) -> None:
    """surveybootstrap's 500 rescaled replicates, as replicate weights that came with the data."""
    frame, known = _rwanda(oracle)
    stored = pd.read_csv(oracle / "nsum" / "rescaled_boot_factors_by_psu.csv")
    factors = frame[["region", "cluster"]].merge(stored, how="left").iloc[:, 2:].to_numpy(float)
    names = [f"rep{r}" for r in range(factors.shape[1])]
    columns = pd.DataFrame(frame["indweight"].to_numpy()[:, None] * factors, columns=names)
    made = _survey(pd.concat([frame, columns], axis=1)).replicate_weights(
        names, scale=1 / (len(names) - 1), mse=False
    )
    found = pv.nsum.scale_up(made, EVERY, known=known, transmission=1, missing="complete")
    ((deviations, _),) = found.columns.values()
    assert deviations.shape == (4, 500)
    for k, group in enumerate(EVERY):
        expected = _cases(oracle)[f"rescaled_boot_{group}"]["value"]
        values = deviations[k] + expected["mean"]  # deviations are from the replicates' mean
        agrees(found.value[k], expected["estimate"], EXACT)
        agrees(found.std_error[k], expected["se"], EXACT)
        agrees(values[:10], expected["first10"], EXACT)
        agrees(np.quantile(values, [0.025, 0.975]), [expected["q025"], expected["q975"]], EXACT)
