"""Defects of other packages for network scale-up that we do not share, one test for each.

Found by running them (networkscaleup 0.1-2 and its port 0.0.11, networkreporting 0.1.1,
surveybootstrap 0.0.3 and 0.2.1) or by reading them (hiddenmeta 0.3.2); what they do is in each
test's first line.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.nsum.models.lognormal import Priors, read_reports, start
from prevalence.nsum.models.lognormal_moves import Moves
from tests.naive import network
from tests.naive.network import KNOWN, PEOPLE

Array = NDArray[Any]
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*know nobody in any known group"),
    pytest.mark.filterwarnings("ignore:the two size rules differ"),
    pytest.mark.filterwarnings("ignore:.*report more hidden people than they know"),
]


def survey(data: dict[str, Array], **how: Any) -> pv.Survey:
    return pv.Survey(data, **{"weights": "w", "strata": "stratum", "psu": "psu", **how})


def estimate(made: pv.Survey, **how: Any) -> pv.Estimate:
    given = {"known": KNOWN, "transmission": 1, "missing": "complete", **how}
    return pv.nsum.scale_up(made, "hidden", **given)


def shuffled(data: dict[str, Array], seed: int) -> dict[str, Array]:
    order = np.random.default_rng(seed).permutation(data["w"].size)
    return {name: column[order] for name, column in data.items()}


# ------------------------------------------------------------------ surveybootstrap and hiddenmeta
@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_surveybootstrap_multiplies_factors_by_the_weights_of_other_rows() -> None:
    """Its factors are stacked by stratum, its weights in file order: here strata are interleaved."""
    data = shuffled(network.respondents(1), 2)
    assert (np.diff(data["stratum"]) != 0).sum() > 50
    made = survey(data).bootstrap(25, rng=3)
    assert made.scheme is not None
    found = estimate(made)
    ((columns, _),) = found.columns.values()
    of_row = made.scheme.factors[made.design.psu_of_unit[made.unit]]
    wanted = network.rescaled(data, data["w"], "hidden", KNOWN, of_row)
    np.testing.assert_allclose(columns[0] + float(found), wanted, rtol=1e-10)
    # The file of replicate weights is in the order of the rows too.
    exported = made.replicate_columns(slice(0, 25))
    np.testing.assert_allclose(exported, data["w"][:, None] * of_row, rtol=1e-12)


def test_hiddenmeta_loses_the_clustering_of_rows_that_are_not_sorted() -> None:
    """It leaves the index of the resampled rows out, which makes standard errors too small."""
    data = network.respondents(4)
    moved = shuffled(data, 5)
    one, two = (estimate(survey(d).bootstrap(200, rng=6)) for d in (data, moved))
    np.testing.assert_allclose(two.value, one.value, rtol=1e-12)
    np.testing.assert_allclose(two.std_error, one.std_error, rtol=1e-10)
    z = network.scores(data, data["w"], "hidden", KNOWN)
    by_unit = network.linearised(data, z)
    # A bootstrap of 200 draws has a standard error of a standard error of 1 / sqrt(400), 5 %; four.
    assert two.std_error[0] == pytest.approx(by_unit, rel=0.2)


@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_surveybootstrap_gives_nan_in_a_stratum_of_one_unit() -> None:
    """0 times 1 / 0 makes its factor, and every estimate of the replicate, nan."""
    data = network.respondents(7)
    data["stratum"] = np.where(data["psu"] == 0, 9, data["stratum"])
    with pytest.raises(ValueError, match="single_psu"):
        survey(data).bootstrap(20, rng=1)
    made = survey(data, single_psu="certainty").bootstrap(20, rng=1)
    assert made.scheme is not None
    factors = made.scheme.factors
    assert np.isfinite(factors).all()
    alone = np.flatnonzero((factors == 1).all(axis=1))
    assert alone.size == 1  # the unit of that stratum stays as it is
    assert np.isfinite(estimate(made).std_error).all()


# ------------------------------------------------------------------ networkscaleup
def test_killworth_stops_when_called_with_its_defaults() -> None:
    """Its default `model` is a vector of two that is never matched, an error in R 4.2."""
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(pv.nsum.scale_up).parameters.items()
    }
    assert defaults["size"] == defaults["degree"] == "ratio-of-sums"
    data = network.respondents(8)
    made = pv.Answers(survey(network.complete(data)), known=KNOWN, hidden="hidden")
    assert float(pv.nsum.scale_up(made, transmission=1)) > 0


def test_killworth_stops_with_one_known_group() -> None:
    """One column loses its dimension, and `rowSums` stops."""
    data = network.complete(network.respondents(9))
    data["police"] += 1
    found = estimate(survey(data), known={"police": 2_000}, missing="error")
    wanted = 2_000 * (data["w"] @ data["hidden"]) / (data["w"] @ data["police"])
    assert float(found) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("size", ["ratio-of-sums", "mean-of-ratios"])
@pytest.mark.filterwarnings("ignore:mean of ratios leaves out")
def test_killworth_gives_na_or_stops_at_a_missing_answer(size: str) -> None:
    """One missing answer makes all of its sizes NA (MLE) or stops it (PIMLE)."""
    data = network.respondents(10)
    assert np.isnan(data["police"]).any()
    found = estimate(survey(data), size=size)
    wanted = network.size_of(data, data["w"], "hidden", KNOWN, size=size)
    assert float(found) == pytest.approx(wanted, rel=1e-12)
    with pytest.raises(ValueError, match="answers must be complete: 'hidden' is missing in"):
        estimate(survey(data), size=size, missing="error")


def test_killworth_leaves_out_respondents_of_degree_zero_without_a_word() -> None:
    """Its mean of ratios drops them from the mean, and does not say so."""
    data = network.complete(network.respondents(11))
    zero = np.sum([data[name] for name in KNOWN], axis=0) == 0
    assert zero.any()
    with pytest.warns(pv.PrevalenceWarning, match=f"mean of ratios leaves out {zero.sum()} of 105"):
        found = estimate(survey(data), size="mean-of-ratios", missing="error")
    assert found.facts["zero_degree"].tolist() == [zero.sum()]


def test_its_port_prints_and_ours_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    """`killworth` of the port prints 72 lines of its own workings for five columns."""
    estimate(survey(network.respondents(12)))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == ""


def test_its_port_changes_what_it_is_given() -> None:
    """`scaling` of the port writes into the caller's matrix; here sizes and answers stay."""
    data, known = network.respondents(13), dict(KNOWN)
    before = {name: column.copy() for name, column in data.items()}
    estimate(survey(data), known=known, size="ratio-of-sums")
    for name, column in before.items():
        np.testing.assert_array_equal(data[name], column)
    assert known == KNOWN


# ------------------------------------------------------------------ networkreporting
def test_the_binomial_error_of_networkreporting_shrinks_with_expansion_weights() -> None:
    """It divides by weighted degrees, so that weights times 1,000 make it 32 times smaller."""
    data = network.respondents(14)
    one = estimate(survey(data), population=PEOPLE)
    two = estimate(survey({**data, "w": 1_000 * data["w"]}), population=PEOPLE)
    np.testing.assert_allclose(
        one.facts["model_std_error"], two.facts["model_std_error"], rtol=1e-12
    )
    np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-10)


def test_networkreporting_makes_a_degree_na_when_an_answer_is_missing() -> None:
    """Its `missing="ignore"` makes the whole degree NA; here each answered group counts."""
    data = network.respondents(15)
    made = pv.Answers(survey(data), known=KNOWN, hidden=(), population=PEOPLE)
    some = np.isnan([data[name] for name in KNOWN])
    degrees = made.degrees()
    np.testing.assert_array_equal(np.isnan(degrees), some.all(axis=0))
    assert (some.any(axis=0) & ~some.all(axis=0)).any()


def test_adjustments_of_networkreporting_have_no_uncertainty() -> None:
    """Its degree ratio and transmission rate are constants, and its standard error ignores them."""
    data = network.respondents(16)
    fixed = estimate(survey(data), transmission=0.8, degree_ratio=0.7)
    found = estimate(
        survey(data),
        transmission=pv.uncertain(0.8, 0.6, 0.95, kind="beta"),
        degree_ratio=pv.uncertain(0.7, std_error=0.1, kind="lognormal"),
    )
    assert float(found) == pytest.approx(float(fixed), rel=1e-12)
    assert found.std_error[0] > fixed.std_error[0]
    basic = estimate(survey(data))
    assert fixed.std_error[0] == pytest.approx(basic.std_error[0] / 0.56, rel=1e-12)


def test_the_validation_table_of_networkreporting_forgets_the_weights_of_degrees() -> None:
    """Its `d.hat.sum` is unweighted beside a weighted estimate: here all of a row is weighted."""
    data = network.complete(network.respondents(17))
    data["w"] = np.random.default_rng(18).integers(1, 4, data["w"].size).astype(float)
    times = data["w"].astype(int)
    rows = {name: np.repeat(column, times) for name, column in data.items()}
    one = pv.nsum.validate(survey(data), known=KNOWN)
    two = pv.nsum.validate(survey({**rows, "w": np.ones(times.sum())}), known=KNOWN)
    for name in ("estimate", "std_error", "ratio", "z", "influence"):
        np.testing.assert_allclose(one.to_frame()[name], two.to_frame()[name], rtol=1e-10)
    assert one.rmse == pytest.approx(two.rmse, rel=1e-12)


# ------------------------------------------------------------------ networkscaleup with Stan
def test_stan_programs_change_the_prior_of_the_levels_with_a_covariate() -> None:
    """Flat without covariates, proper with them: one `Priors` means one prior here, either way."""
    rng = np.random.default_rng(19)
    y, x, z = (
        rng.poisson(3.0, (12, 4)).astype(float),
        rng.normal(size=(12, 4)),
        rng.normal(size=(12, 2)),
    )
    priors, drawn = Priors(level_sd=0.5, spread_scale=0.3), []
    for covariates in ((None, None), (x, z)):
        data = read_reports(y, y, None, *covariates)
        state = start(data, 50, correlated=False, rng=np.random.default_rng(20))
        state.slopes[:, 0] = np.linspace(-1, 1, 4)
        state.mu[:], state.sigma[:] = 0.2, 0.7
        moves = Moves(data=data, priors=priors, state=state, rng=np.random.default_rng(21))
        for _ in range(5):
            moves.levels()
        drawn.append((state.mu, state.sigma))
    for plain, with_covariates in zip(*drawn, strict=True):
        np.testing.assert_array_equal(plain, with_covariates)


def test_stan_programs_want_a_covariate_of_another_shape_than_their_help_says() -> None:
    """The help asks for x by hidden group, the code for x by group: ours asks for what it takes."""
    y = np.random.default_rng(22).poisson(3.0, (12, 4)).astype(float)
    with pytest.raises(
        ValueError, match=r"group_covariate must .*each of the 4 groups: .*\(12, 1\)"
    ):
        read_reports(y, y, None, np.ones((12, 1)))


# ------------------------------------------------------------------ the list
ELSEWHERE = {
    "NSUM 1.0 counts the prior of tau once a respondent": (
        "network/test_random_degree.py",
        "test_sampling_transmission_gives_what_division_gives",
    ),
    "NSUM 1.0 counts it, short form: draws of tau keep its prior": (
        "network/test_posterior.py",
        "test_each_adjustment_divides_by_draws_of_its_own_distribution",
    ),
    "NSUM 1.0 swallows the documented name of an argument": (
        "network/test_random_degree.py",
        "test_nsum_swallows_an_argument_it_does_not_know",
    ),
    "NSUM 1.0 stops with nan in the barrier model": (
        "network/test_random_degree.py",
        "test_nsum_barrier_stops_with_nan_at_default_settings",
    ),
    "networkscaleup draws mu and sigma of degrees from wrong conditionals": (
        "network/test_random_degree.py",
        "test_mu_and_sigma_have_the_conditionals_of_their_model",
    ),
    "networkscaleup overdispersed: wrong conditionals and no prior of omega": (
        "reference/test_network_overdispersed.py",
        "test_rwanda",
    ),
    "networkscaleup overdispersed: s^2 / 2 for s^2 / n": (
        "reference/test_network_overdispersed.py",
        "test_weighted_means_and_squares_of_log_degrees_have_exact_conditionals",
    ),
    "networkscaleup and its port index weighted_sq twice": (
        "reference/test_network_scaling.py",
        "test_weighted_rules_equal_a_loop",
    ),
    "networkscaleup has nan where no correlation is positive": (
        "reference/test_network_scaling.py",
        "test_without_a_positive_correlation_all_known_groups_count",
    ),
    "its port does not rescale with name groups, or stops": (
        "reference/test_network_scaling.py",
        "test_name_groups_do_rescale",
    ),
    "its port overwrites the correlation matrix it is given": (
        "reference/test_network_scaling.py",
        "test_inputs_stay_as_they_were",
    ),
    "its port counts draws otherwise than R: draws are those kept, of each chain": (
        "network/test_random_degree.py",
        "test_shapes_names_and_the_same_seed",
    ),
}


@pytest.mark.parametrize("defect", ELSEWHERE)
def test_defects_of_samplers_are_tested_beside_them(defect: str, root: Path) -> None:
    path, name = ELSEWHERE[defect]
    assert f"def {name}(" in (root / "tests" / path).read_text(encoding="utf-8")
