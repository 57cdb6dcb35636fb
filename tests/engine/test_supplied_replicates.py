"""Replicate weights that came with the data, and weights written for other programs."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from prevalence.replication import rank
from tests.agreement import Within, agrees, told
from tests.naive import replicates as naive
from tests.naive import samples

Array = NDArray[Any]
DATA = samples.households(11)
W, PSU = DATA["w"], DATA["psu"]
FRACTION = np.array([0.1, 0.4, 0.75])[DATA["stratum"]]


def survey(**how: Any) -> pv.Survey:
    return pv.Survey({**DATA, "f": FRACTION}, weights="w", strata="stratum", psu="psu", **how)


def columns_of(made: pv.Survey) -> Array:
    assert made.scheme is not None
    return W[:, None] * made.scheme.factors[PSU]


def supplied(columns: Array, combined: bool = True, **how: Any) -> pv.Survey:
    values = columns if combined else columns / W[:, None]
    table = {**DATA, **{f"rep{r + 1}": c for r, c in enumerate(values.T)}}
    return pv.Survey(table, weights="w").replicate_weights("rep", combined=combined, **how)


JACK = survey().jackknife()
SCALES: Any = JACK.scheme.scale  # type: ignore[union-attr]  # it was just made


@pytest.mark.parametrize("combined", [True, False])
@pytest.mark.parametrize("mse", [True, False])
def test_given_columns_equal_the_scheme_they_came_from(combined: bool, mse: bool) -> None:
    own = survey().jackknife(mse=mse)
    made = supplied(columns_of(own), combined, scale=1, rscales=SCALES, mse=mse)
    hows: tuple[dict[str, Any], ...] = (
        {},
        {"by": "sex"},
        {"where": "age == 1"},
        {"by": ["sex", "age"], "where": "age > 0"},
    )
    for how in hows:
        one, two = (pv.direct.mean(s, ["hours", "income"], **how) for s in (own, made))
        np.testing.assert_allclose(one.value, two.value, rtol=1e-12)
        np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-9)
    assert (one.facts["n"] == two.facts["n"]).all()


def test_given_columns_equal_loops_over_them() -> None:
    rng = np.random.default_rng(3)
    columns = W[:, None] * rng.uniform(0.5, 1.5, (W.size, 7))
    y = DATA["hours"]
    wanted = naive.covariance(W, columns, np.array(0.3), lambda w: np.array([y @ w / w.sum()]))
    made = supplied(columns, scale=0.3)
    np.testing.assert_allclose(pv.direct.mean(made, "hours").covariance, wanted, rtol=1e-9)


def test_steps_are_redone_in_given_columns_and_attached_rows_follow() -> None:
    totals = samples.as_totals(samples.targets(DATA["age"], W, (0.8, 1.0, 1.2), 2_000.0))
    given = supplied(columns_of(JACK), scale=1, rscales=SCALES)
    children = samples.children_of(DATA)
    recipes: tuple[Callable[[pv.Survey], pv.Survey], ...] = (
        lambda s: s.poststratify("age", totals).trim(upper=45.0),
        lambda s: s.attach(children, on="id"),
        lambda s: s.poststratify("age", totals).attach(children, on="id"),
    )
    for recipe, name in zip(recipes, ("hours", "work", "work"), strict=True):
        one, two = (pv.direct.mean(recipe(s), name) for s in (JACK, given))
        np.testing.assert_allclose(one.std_error, two.std_error, rtol=1e-9)
    with pytest.raises(ValueError, match=r"declared before the weighting steps: 1 come first"):
        given.poststratify("age", totals).replicate_weights("rep", scale=1)


def test_primary_units_that_are_not_declared_are_not_told() -> None:
    made = supplied(columns_of(JACK), scale=1, rscales=SCALES)
    found = pv.direct.prevalence(made, "case")
    row = found.to_frame().iloc[0]
    assert pd.isna(row["psus"])
    assert pd.isna(row["psus_with_cases"])
    assert "not told" in found.provenance["design"]
    assert "primary units" not in found.sentence()
    table = {**DATA, **{f"rep{r + 1}": c for r, c in enumerate(columns_of(JACK).T)}}
    told = pv.Survey(table, weights="w", strata="stratum", psu="psu")
    told = told.replicate_weights("rep", scale=1, rscales=SCALES)
    assert pv.direct.mean(told, "hours").facts["psus"][0] == 18


def test_degrees_of_freedom_are_the_rank_less_one_and_no_more_in_a_domain() -> None:
    made = supplied(columns_of(JACK), scale=1, rscales=SCALES)
    whole = pv.direct.mean(made, "hours")
    assert whole.df[0] == 15 == np.linalg.matrix_rank(columns_of(JACK)) - 1
    by = pv.direct.mean(made, "hours", by="stratum")
    for h in range(3):
        wanted = np.linalg.matrix_rank(columns_of(JACK)[DATA["stratum"] == h]) - 1
        assert by.df[h] == wanted == 5
    assert pv.direct.mean(supplied(columns_of(JACK), scale=1, df=4), "hours").df[0] == 4
    noise = np.random.default_rng(1).normal(size=(300, 5))
    table = np.c_[noise, noise @ np.ones((5, 3))]
    assert rank(table, np.arange(300)) == 5
    assert rank(table, np.arange(3)) == 3
    assert rank(table, np.arange(0)) == 0


def test_a_prefix_names_columns_in_the_order_of_their_numbers() -> None:
    columns = columns_of(JACK)
    names = [f"rep{r + 1}" for r in range(18)]
    order = sorted(names)  # rep1, rep10, rep11, ...: as a file may hold them
    table = {**DATA, **{n: columns[:, names.index(n)] for n in order}}
    made = pv.Survey(table, weights="w").replicate_weights("rep", scale=1, rscales=SCALES)
    listed = pv.Survey(table, weights="w").replicate_weights(names, scale=1, rscales=SCALES)
    one, two = (pv.direct.mean(s, "hours") for s in (made, listed))
    assert one.std_error[0] == two.std_error[0]
    np.testing.assert_allclose(one.std_error, pv.direct.mean(JACK, "hours").std_error, rtol=1e-12)
    assert (one - two).std_error[0] == 0


def test_a_replicate_that_empties_a_domain_is_left_out_only_where_that_is_right() -> None:
    here = PSU < 2
    drawn = columns_of(survey().bootstrap(60, rng=4))
    drawn = drawn[:, drawn[here].any(axis=0)]
    drawn[here, 0] = 0.0
    count = drawn.shape[1]
    assert count > 40
    table = {**DATA, "few": here.astype(int), **{f"r{k + 1}": c for k, c in enumerate(drawn.T)}}
    base = pv.Survey(table, weights="w")
    bootstrap = base.replicate_weights("r", scale=1 / count)
    with pytest.warns(pv.PrevalenceWarning, match=f"1 of {count} replicates failed and are left"):
        found = pv.direct.mean(bootstrap, "hours", by="few")["1"]
    y, w = DATA["hours"][here], drawn[here, 1:]
    squares = (y @ w / w.sum(axis=0) - found.value[0]) ** 2
    assert found.std_error[0] == pytest.approx(np.sqrt(squares.mean()), rel=1e-10)
    jackknife = base.replicate_weights("r", scale=(count - 1) / count)
    with pytest.warns(pv.PrevalenceWarning, match=r"no standard error: 1 replicates failed"):
        found = pv.direct.mean(jackknife, "hours", by="few")
    assert np.isnan(found["1"].std_error[0])
    assert found["0"].std_error[0] > 0


# Written for other programs


def reread(path: Path, coefficients: Array, centre: bool) -> tuple[float, float]:
    """Compute a mean and its standard error from a file of weights alone."""
    table = pd.read_stata(path) if path.suffix == ".dta" else pd.read_csv(path)
    w = table["weight"].to_numpy()
    columns = table.filter(regex="^replicate_").to_numpy()
    y = DATA["hours"]
    means = y @ columns / columns.sum(axis=0)
    full = float(y @ w / w.sum())
    return full, float(np.sqrt(coefficients @ (means - (full if centre else means.mean())) ** 2))


@pytest.mark.parametrize("suffix", ["csv", "dta"])
@pytest.mark.parametrize("steps", [True, False])
@pytest.mark.parametrize("scheme", ["jackknife", "bootstrap"])
def test_exported_replicates_give_the_same_answer(
    tmp_path: Path, suffix: str, steps: bool, scheme: str
) -> None:
    made = getattr(survey(fpc="f"), scheme)(
        **({"replicates": 30, "rng": 1} if scheme == "bootstrap" else {})
    )
    if steps:
        made = made.poststratify("age", samples.as_totals(np.array([700.0, 800.0, 500.0])))
    written = made.export_weights(tmp_path / f"weights.{suffix}")
    assert made.scheme is not None
    value, error = reread(Path(os.fspath(written)), made.scheme.scale, centre=True)
    found = pv.direct.mean(made, "hours")
    assert value == pytest.approx(found.value[0], rel=1e-12)
    assert error == pytest.approx(found.std_error[0], rel=1e-10)
    assert "combined.weights=TRUE, mse=TRUE" in written.r
    weights = "bsrweight(replicate_*)" if scheme == "bootstrap" else "jkrweight(replicate_*, multi"
    assert weights in written.stata
    assert written.stata.endswith("mse dof(15)")


def test_exported_designs_hold_codes_and_no_names(tmp_path: Path) -> None:
    names = np.array([f"village {j}" for j in PSU])
    data = {**DATA, "psu": names, "f": FRACTION, "g": np.full(W.size, 0.5)}
    made = pv.Survey(
        data,
        weights="w",
        strata="stratum",
        stages=["psu", "id"],
        fpc=["f", "g"],
        single_psu="adjust",
    )
    written = made.export_weights(tmp_path / "w.csv")
    text = written.path.read_text(encoding="utf-8")
    assert "village" not in text
    table = pd.read_csv(written)
    assert list(table) == [
        "row",
        "stratum",
        "psu",
        "fpc_1",
        "stage_2",
        "fpc_2",
        "base_weight",
        "weight",
    ]
    assert table["psu"].nunique() == 18
    np.testing.assert_array_equal(table["fpc_1"], FRACTION)
    assert written.stata == (
        "svyset psu [pweight=weight], strata(stratum) fpc(fpc_1) || stage_2, fpc(fpc_2) "
        "vce(linearized) singleunit(centered)"
    )
    assert written.r == (
        'options(survey.lonely.psu="adjust"); svydesign(ids=~psu + stage_2, strata=~stratum, '
        'weights=~weight, fpc=~fpc_1 + fpc_2, data=read.csv("w.csv"))'
    )
    assert not written.notes
    raked = made.poststratify("age", samples.as_totals(np.array([700.0, 800.0, 500.0])))
    assert "not in the variance" in raked.export_weights(tmp_path / "raked.csv").notes[0]


def test_lines_without_unequal_probabilities_say_so(tmp_path: Path) -> None:
    data = {**DATA, "chance": np.linspace(0.2, 0.8, 18)[PSU]}
    made = pv.Survey(data, weights="w", strata="stratum", psu="psu", fpc="chance", pps="brewer")
    written = made.export_weights(tmp_path / "w.csv")
    assert "fpc" not in written.r + written.stata + ",".join(pd.read_csv(written).columns.tolist())
    assert "as drawn with replacement" in written.notes[0]
    drawn = made.bootstrap(40, rng=1, kind="generalised")
    value, error = reread(drawn.export_weights(tmp_path / "drawn.csv").path, _scale(drawn), True)
    assert value == pytest.approx(pv.direct.mean(made, "hours").value[0], rel=1e-12)
    assert error == pytest.approx(pv.direct.mean(drawn, "hours").std_error[0], rel=1e-10)


def _scale(made: pv.Survey) -> Array:
    assert made.scheme is not None
    return made.scheme.scale


def test_stata_lines_name_the_method(tmp_path: Path) -> None:
    keep = np.isin(PSU % 6, (1, 4))
    data = {name: column[keep] for name, column in DATA.items()}
    pairs = pv.Survey(data, weights="w", strata="stratum", psu="psu")
    path = tmp_path / "w.dta"
    again = partial(pv.Survey.export_weights, path=path, overwrite=True)
    assert " brrweight(replicate_*) vce(brr) mse dof(3)" in pairs.brr().export_weights(path).stata
    assert " fay(0.3) vce(brr) dof(3)" in again(pairs.brr(fay=0.3, mse=False)).stata
    assert "haven::read_dta" in again(pairs).r
    shifted = again(pairs.bootstrap(40, rng=1, kind="generalised"))
    assert re.search(
        r"jkrweight\(replicate_\*, multiplier\(0\.\d+\)\) vce\(jackknife\)", shifted.stata
    )


def test_failed_replicates_are_not_exported(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    psu = np.repeat(np.arange(14), 4)
    data = {"psu": psu, "w": rng.uniform(1, 3, psu.size), "few": (psu < 4).astype(int)}
    made = pv.Survey(data, weights="w", psu="psu")
    after = made.bootstrap(400, rng=2).poststratify("few", {0: 90.0, 1: 30.0})
    with pytest.warns(pv.PrevalenceWarning, match=r"\d+ of 400 replicates, .* not exported"):
        written = after.export_weights(tmp_path / "w.csv")
    count = pd.read_csv(written).filter(regex="^replicate_").shape[1]
    assert 380 < count < 400
    assert f"rep(1, {count})" in written.r
    alone = {**data, "few": (psu < 1).astype(int)}
    lost = pv.Survey(alone, weights="w", psu="psu").jackknife()
    with pytest.raises(ValueError, match=r"steps failed in 1 of 14 \(first: replicate 1\)"):
        lost.poststratify("few", {0: 90.0, 1: 30.0}).export_weights(tmp_path / "lost.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["w.csv"]


# The reference


VALUES = Within("closed forms: rounding of the factors stored", 1e-10)
ERRORS = Within("as above, squared and summed over replicates", 1e-8)
GIVEN = (
    "r1_jk1", "r1_jk1_fpc_mse", "rs_jkn", "rs_jkn_mse", "rh_jkn", "rh2_brr", "rh2_fay", "rh2_jkn",
    "rh_boot", "r1_boot_canty", "rh_mrb",
)  # fmt: skip


def reference(path: Path, name: str) -> tuple[pv.Survey, dict[str, Any], bool]:
    folder = path / "survey"
    expected = told(folder / "expected.json")
    about = expected["designs"][name]
    frame = pd.read_csv(folder / about["data"])
    if about["data"] == "hh.csv":
        frame = frame[frame["stratum"] != "F"].reset_index(drop=True)
    rep = about["rep"]
    columns = pd.read_csv(folder / rep["file"])
    wide = pd.concat([frame, columns], axis=1)
    household = about["data"].startswith("hh")
    made = pv.Survey(wide, weights="w" if household else "pw").replicate_weights(
        columns.columns.tolist(),
        scale=rep["scale"],
        rscales=rep["rscales"],
        combined=False,
        mse=rep["mse"],
    )
    results = {k.split("/")[1]: v for k, v in expected["results"].items() if v["design"] == name}
    return made, {**results, "degf": about["degf"]}, household


# A rare outcome has no case at all in some regions.
CONSTANT = pytest.mark.filterwarnings("ignore:.*does not vary")


@CONSTANT
@pytest.mark.parametrize("name", GIVEN)
def test_given_replicates_equal_the_reference(oracle: Path, name: str) -> None:
    made, results, household = reference(oracle, name)
    means = ["cl", "fcl", "ct", "hours"] if household else ["api00", "ell"]
    totals = ["cl", "fcl", "hours"] if household else ["api.stu"]
    ratio = ("hours", "cl") if household else ("api00", "api99")
    found = {
        "mean": pv.direct.mean(made, means),
        "total": pv.direct.total(made, totals),
        "ratio": pv.direct.ratio(made, *ratio),
    }
    if name != "rh_boot":
        found["by"] = pv.direct.mean(
            made, ["cl", "fcl"] if household else "api00", by="region" if household else "stype"
        )
    for key, e in found.items():
        value = results[key]["value"]
        estimate, se = (np.array(value[k], float).ravel() for k in ("estimate", "se"))
        agrees(e.value, estimate, VALUES, case=value["estimate"])
        agrees(e.std_error, se, ERRORS, case=value["se"])
        if key != "by":
            assert (e.df == results["degf"]).all()
    assert made.scheme is not None
    assert made.scheme.df == results["degf"]


@CONSTANT
def test_a_replicate_that_the_reference_drops_is_left_out_and_made_up_for(oracle: Path) -> None:
    # R leaves one of 40 replicates out for the region that it empties, and divides by 39 + 1 still.
    made, results, _ = reference(oracle, "rh_boot")
    with pytest.warns(pv.PrevalenceWarning, match="1 of 40 replicates failed and are left out"):
        found = pv.direct.mean(made, ["cl", "fcl"], by="region")
    value = results["by"]["value"]
    agrees(found.value, np.ravel(value["estimate"]), VALUES, case=value["estimate"])
    se = np.where(np.array(found.labels).ravel() == "R1", np.sqrt(39 / 40), 1.0) * found.std_error
    theirs = np.array(value["se"], float).ravel()
    agrees(se, theirs, ERRORS, case=value["se"], explained=True)
