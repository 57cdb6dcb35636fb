"""The synthetic country: one population behind every table, the committed files, and its estimates' expected values."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from prevalence.simulate import (
    Country,
    Parameters,
    answers,
    household_survey,
    jamaica,
    known_groups,
    lists,
    parish_frame,
)
from prevalence.simulate.country.sample import INDICATORS

FORMS = ["labour", "domestic", "sexual"]
LISTS = ["police", "registry", "child_agency", "court", "ngo"]
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def country() -> Country:
    return jamaica()


def value(truth: pd.DataFrame, name: str, form: str = "any", domain: str = "all") -> float:
    rows = truth[(truth["id"] == name) & (truth["form"] == form) & (truth["domain"] == domain)]
    assert len(rows) == 1
    return float(rows["value"].iloc[0])


# One population


def test_the_roster_and_the_register_are_the_same_children(country: Country) -> None:
    found = country.children[country.children["trafficked"] == 1]
    register = country.trafficked[country.trafficked["last_12_months"] == 1].set_index("child_id")
    same = register.loc[found["child_id"]]
    for column in ("form", "sex", "age", "parish"):
        assert same[column].tolist() == found[column].tolist()
    others = set(country.children["child_id"]) - set(found["child_id"])
    assert not others & set(register.index)


def test_adults_know_children_of_the_register_and_not_their_own(country: Country) -> None:
    register = country.trafficked.set_index("child_id")
    known = register.loc[country.ties["child_id"]]
    assert known["last_12_months"].eq(1).all()
    assert set(known["place"]) == {"household", "institution", "street", "employer"}
    homes = country.adults.set_index("adult_id")["household_id"]
    pairs = country.ties.assign(household_id=homes.loc[country.ties["adult_id"]].to_numpy())
    assert pairs.merge(country.children, on=["household_id", "child_id"]).empty
    assert not country.ties.duplicated(["adult_id", "child_id"]).any()


def test_counts_of_adults_are_their_reported_ties(country: Country) -> None:
    told = country.ties[country.ties["reported"] == 1].merge(country.trafficked, on="child_id")
    counts = pd.crosstab(told["adult_id"], told["form"])
    asked = country.adults.set_index("adult_id")
    for form in FORMS:
        answered = asked[f"n_children_{form}"].dropna()
        expected = counts[form].reindex(answered.index, fill_value=0)
        assert answered.eq(expected).all()
    groups = [f"n_{group}" for group in country.known_groups["group"]]
    missing = asked[[*groups, *(f"n_children_{form}" for form in FORMS)]].isna().sum(axis=1)
    assert missing.max() == 1
    assert 0.004 < missing.mean() < 0.02


def test_the_lists_are_of_children_trafficked_for_sexual_exploitation(country: Country) -> None:
    listed = country.trafficked[country.trafficked["case_id"] != ""]
    assert set(listed["case_id"]) == set(country.cases["case_id"])
    assert listed["five_year_sexual"].eq(1).all()
    both = country.cases.merge(listed, on="case_id")
    assert both["sex_x"].eq(both["sex_y"]).all()
    assert both["parish_group"].eq(both["county"]).all()
    assert country.trafficked["five_year_sexual"].sum() == 1_200
    recent = country.trafficked["last_12_months"] == 1
    sexual = country.trafficked["form"] == "sexual"
    assert country.trafficked.loc[recent & sexual, "five_year_sexual"].eq(1).all()
    assert country.trafficked["age"].between(5, 22).all()
    assert country.trafficked.loc[recent, "age"].le(17).all()


def test_captures_and_cases_agree_and_referrals_come_later(country: Country) -> None:
    captures = country.captures
    wide = pd.crosstab(captures["case_id"], captures["list"])[LISTS]
    listed = country.cases.set_index("case_id").loc[wide.index, LISTS]
    np.testing.assert_array_equal(wide, listed)
    assert captures["date"].between("2019-01-01", "2023-12-31").all()
    sent = captures[captures["referred_by"] != ""]
    sent = sent.merge(captures, left_on=["case_id", "referred_by"], right_on=["case_id", "list"])
    assert (sent["date_x"] >= sent["date_y"]).all()
    pairs = set(zip(sent["list_y"], sent["list_x"], strict=True))
    assert pairs == {("registry", "police"), ("police", "child_agency")}


def test_side_studies_carry_the_lists_to_all_children(country: Country) -> None:
    """The two shares convert the lists' number into the network's, exactly so with the true ones."""
    truth, side = country.truth, country.side_studies.set_index("quantity")
    last_year = value(truth, "five_year_sexual_share_last_year", "sexual")
    sexual = value(truth, "national_12m_share_sexual", "sexual")
    listed = value(truth, "five_year_sexual_count", "sexual")
    converted = listed * last_year / sexual
    assert converted == pytest.approx(value(truth, "national_12m_count"), rel=1e-12)  # rounding
    for name, share, asked in (("share_last_year", last_year, 150), ("share_sexual", sexual, 500)):
        found, error = float(side["value"][name]), float(side["std_error"][name])
        assert error == pytest.approx((found * (1 - found) / asked) ** 0.5)
        assert abs(found - share) < 4 * error  # four standard errors: one draw in 16,000 is farther
    assert side["note"].str.endswith("(synthetic)").all()


def test_a_side_study_that_finds_nobody_has_an_error() -> None:
    from prevalence.simulate.country.side_studies import _share

    value, error = _share(100, 0.0, np.random.default_rng(1))
    assert value == pytest.approx(1 / 102)
    assert error > 0


# Truth, margins and design


def test_truth_adds_up_and_equals_the_register_and_the_margins(country: Country) -> None:
    truth, margins, register = country.truth, country.margins, country.trafficked
    recent = register[register["last_12_months"] == 1]
    inside = recent["place"] == "household"
    assert value(truth, "household_12m_count") == inside.sum()
    assert value(truth, "outside_12m_count") == (~inside).sum() == 1_200
    assert value(truth, "national_12m_count") == len(recent)
    for form in FORMS:
        assert value(truth, "national_12m_count", form) == (recent["form"] == form).sum()
    assert not truth.duplicated(["id", "form", "by", "domain"]).any()
    assert not truth.isna().any(axis=None)
    children = margins[margins["population"] != "households"]
    size = value(truth, "children_in_households")
    assert children.groupby("margin")["count"].sum().eq(size).all()
    for parish in country.frame["parish"]:
        number = children.query("margin == 'parish' and parish == @parish")["count"].iloc[0]
        found = value(truth, "household_12m_count", domain=parish)
        assert value(truth, "household_12m_prevalence", domain=parish) == found / number
    chance = recent["form"].map({"labour": 0.8, "domestic": 0.6, "sexual": 0.3})
    assert value(truth, "transmission") == pytest.approx(chance.mean())


def test_base_weights_add_up_to_the_dwellings_of_each_parish(country: Country) -> None:
    selected = country.households
    assert selected["ed"].nunique() == 299
    assert selected.groupby("ed").size().eq(20).all()
    assert selected.groupby("ed")["network"].sum().eq(16).all()
    dwellings = country.margins.query("population == 'households'").set_index("parish")["count"]
    weights = selected.groupby("parish")["base_weight"].sum()
    np.testing.assert_allclose(weights, dwellings.loc[weights.index], rtol=1e-12)
    visited = selected[selected["responded"] == 1]
    roster = country.children.groupby("household_id").size()
    roster = roster.reindex(visited["household_id"], fill_value=0)
    assert (roster.to_numpy() == visited["n_children"].to_numpy()).all()
    assert selected.loc[selected["responded"] == 0, "n_children"].isna().all()
    one = country.children.groupby("household_id")["one_per_household"].sum()
    assert one.eq(1).all()
    asked = visited.loc[visited["network"] == 1, "household_id"]
    assert country.adults["household_id"].tolist() == asked.tolist()


def test_indicators_separate_trafficked_children_from_the_others(country: Country) -> None:
    children = country.children
    yes = children.groupby("trafficked")[list(INDICATORS[:6])].mean()
    shares = yes.to_numpy(dtype=np.float64)  # others first, then trafficked children
    assert np.all((shares[1] > 0.65) & (shares[1] < 1))
    assert np.all(shares[0] < 0.02)
    score = children[list(INDICATORS)].sum(axis=1)
    coded = score >= 3
    assert (coded & (children["trafficked"] == 1)).sum() >= 0.9 * children["trafficked"].sum()
    assert (coded & (children["trafficked"] == 0)).sum() <= 3


def test_public_figures_and_what_is_marked_assumed(country: Country) -> None:
    frame = parish_frame()
    pd.testing.assert_frame_equal(country.frame, frame)
    assert frame["population"].sum() == 2_697_983  # census 2011
    assert frame["dwellings"].sum() == 853_660  # census 2011
    assert frame["enumeration_districts_assumed"].sum() == 6_612
    groups = known_groups()
    assert set(groups["status"]) == {"public", "assumed"}
    assert groups.loc[groups["status"] == "public", "year"].notna().all()
    assert groups["alters"].value_counts().to_dict() == {"persons": 9, "children": 7}


# Seeds and files


def test_the_same_seed_gives_the_same_country_and_survey_in_five_seconds(country: Country) -> None:
    survey = household_survey()
    for name in ("households", "children", "margins"):
        pd.testing.assert_frame_equal(getattr(survey, name), getattr(country, name))
    count = len(survey.truth)
    pd.testing.assert_frame_equal(survey.truth, country.truth.iloc[:count])
    start = time.process_time()
    again = jamaica(country.seed)
    assert time.process_time() - start < 5
    pd.testing.assert_frame_equal(again.adults, country.adults)
    pd.testing.assert_frame_equal(again.captures, country.captures)
    assert household_survey(1).truth["value"].iloc[0] != survey.truth["value"].iloc[0]


def test_the_committed_files_are_those_of_the_default_seed(
    country: Country, root: Path, tmp_path: Path
) -> None:
    folder = root / "data" / "synthetic" / "jamaica"
    written = country.write(tmp_path)
    assert {f"{name}.csv" for name in ("frame", "households", "children", "adults")} < set(written)
    for name in written:
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes(), name
    assert {path.name for path in folder.iterdir()} == {*written, "DATA_CARD.md", "questionnaire"}
    assert sum(path.stat().st_size for path in folder.rglob("*.*")) < 10_000_000
    card = (folder / "DATA_CARD.md").read_text(encoding="utf-8")
    assert "no row is a real person" in card.lower()
    for name in written:
        rows = len(pd.read_csv(folder / name))
        assert f"| `{name}` | {rows:,} |" in card, f"{name} has {rows} rows"


# Expected values, with their Monte Carlo error


def weighted(country: Country) -> tuple[pd.Series[float], pd.DataFrame]:
    """Weight of each household within its parish, and the same for its children."""
    selected = country.households
    rate = selected.groupby("parish")["responded"].transform("mean")
    weight = (selected["base_weight"] / rate).set_axis(selected["household_id"])
    children = country.children
    return weight, children.assign(w=weight.loc[children["household_id"]].to_numpy())


def estimates(seed: int) -> tuple[float, float, float, float]:
    """Return survey prevalence, network total and its form by adults' groups, over their truths."""
    country = jamaica(seed)
    weight, children = weighted(country)
    survey = np.average(children["trafficked"], weights=children["w"])
    adults = country.adults.dropna()
    w = weight.loc[adults["household_id"]].to_numpy() * adults["n_adults"].to_numpy()
    hidden = w @ adults["n_children_trafficked"].to_numpy()
    ratios = []
    for alters in ("children", "persons"):
        groups = country.known_groups[country.known_groups["alters"] == alters]
        degree = w @ adults[[f"n_{name}" for name in groups["group"]]].sum(axis=1).to_numpy()
        count = groups["size"].sum() * hidden / degree / value(country.truth, "transmission")
        ratios.append(float(count / value(country.truth, "national_12m_count")))
    direct = float(survey / value(country.truth, "household_12m_prevalence"))
    return direct, ratios[0], ratios[1], float(len(country.cases))


def test_survey_and_network_estimate_their_own_truth() -> None:
    # Over 200 seeds the survey's ratio to its truth has mean 0.992 and sd 0.158; over 60 seeds the
    # network's has mean 1.000 and sd 0.043, and 0.80 with groups of adults: the chosen child mixing.
    runs = 4
    direct, network, mixed, cases = np.mean([estimates(seed) for seed in range(runs)], axis=0)
    assert direct == pytest.approx(1, abs=4 * 0.158 / runs**0.5)
    assert network == pytest.approx(1, abs=4 * 0.043 / runs**0.5)
    assert mixed == pytest.approx(0.8, abs=4 * 0.031 / runs**0.5)
    assert cases == pytest.approx(223, abs=4 * 15 / runs**0.5)


def independence(sizes: Floats, observed: int) -> float:
    """Population size under independent lists, by bisection of n = N (1 - prod(1 - n_j / N))."""
    low, high = float(observed), 1e6
    for _ in range(60):
        middle = (low + high) / 2
        expected = middle * (1 - np.prod(1 - sizes / middle))
        low, high = (low, middle) if expected > observed else (middle, high)
    return low


def list_study(runs: int, **settings: Any) -> Mapping[str, float]:
    rows = []
    for seed in range(runs):
        simulated = lists(1_200, rng=seed, **settings)
        table: Floats = np.asarray(simulated.cases[LISTS], dtype=np.float64)
        own = simulated.captures[simulated.captures["referred_by"] == ""]
        sizes = np.asarray(own.groupby("list").size(), dtype=np.float64)
        rows.append(
            (
                len(table),
                (table.sum(axis=1) == 1).mean(),
                independence(table.sum(axis=0), len(table)),
                independence(sizes, own["case_id"].nunique()),
            )
        )
    observed, single, naive, removed = np.array(rows).T
    return {
        "observed": float(observed.mean()),
        "single": float(single.mean()),
        "naive": float(np.median(naive)),
        "removed": float(np.median(removed)),
    }


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"referral": {}}, (223, 0.927, 1_184, 1_184)),
        ({"referral": {}, "visibility_sd": 1.0}, (285, 0.819, 659, 659)),
        ({}, (223, None, 365, 1_184)),
        ({"visibility_sd": 0.7}, (None, None, 382, 839)),
    ],
    ids=["independent", "visibility", "referral", "both"],
)
def test_lists_have_the_expected_overlap(
    settings: dict[str, Any], expected: tuple[float | None, ...]
) -> None:
    # Expected values are means and medians of 300 runs; spreads are those of one run.
    runs = 40
    study = list_study(runs, **settings)
    spread = {"observed": 15, "single": 0.02, "naive": 300, "removed": 300}
    if not settings.get("referral", True) and "visibility_sd" in settings:
        spread |= {"naive": 80, "removed": 80}
    elif "referral" not in settings:
        spread |= {"naive": 38, "removed": 300 if not settings else 130}
    for name, wanted in zip(study, expected, strict=True):
        if wanted is not None:
            error = 1.25 * spread[name] * (1 / runs + 1 / 300) ** 0.5
            assert study[name] == pytest.approx(wanted, abs=4 * error), name


def test_wrong_links_and_allegations_move_the_estimate_as_they_must() -> None:
    runs = 25
    right = list_study(runs, referral={})["naive"]
    assert list_study(runs, referral={}, missed_links=0.5)["naive"] > 2 * right
    assert list_study(runs, referral={}, false_links=0.1)["naive"] < 0.8 * right
    allegations = list_study(runs, referral={}, false_positives=0.3)
    assert allegations["observed"] == pytest.approx(270, abs=4 * 17 / runs**0.5)


def network_study(runs: int, **settings: Any) -> tuple[float, float, float, float]:
    """Bias, relative standard error, and coverage with and without division by transmission."""
    rows = []
    for seed in range(runs):
        made = answers(rng=seed, **settings)
        w = made.adults["weight"].to_numpy()
        y = made.adults["n_children_trafficked"].to_numpy()
        d = made.adults[list(made.known)].sum(axis=1).to_numpy() / sum(made.known.values())
        d = d * made.children  # children known
        share = (w @ y) / (w @ d)
        true = made.trafficked / made.children
        cluster = np.bincount(made.adults["cluster"], w * (y - share * d)) / (w @ d)
        error = 1.96 * np.sqrt(cluster.var(ddof=1) * cluster.size)
        adjusted = share / made.transmission
        rows.append(
            (
                adjusted / true,
                abs(adjusted - true) < error / made.transmission,
                abs(share - true) < error,
            )
        )
    ratio, covered, naive = np.array(rows, dtype=np.float64).T
    rse = float(ratio.std(ddof=1) / ratio.mean())
    return float(ratio.mean() - 1), rse, float(covered.mean()), float(naive.mean())


@pytest.mark.parametrize(
    ("settings", "bias", "rse", "coverage"),
    [
        ({"prevalence": 0.002}, 0, 0.101, 0.95),
        ({}, 0, 0.070, 0.95),
        ({"prevalence": 0.05}, 0, 0.050, 0.95),
        ({"area_sd": 1.0}, 0, 0.116, 0.93),
        ({"barrier_sd": 1.0}, 0, 0.078, 0.91),
        ({"recall": 0.15}, 0.09, 0.070, 0.75),
        ({"n_adults": 1_500, "clusters": 75}, 0, 0.086, 0.93),
    ],
    ids=["rare", "base", "common", "clustered", "barriers", "recall", "half"],
)
def test_answers_have_the_expected_error(
    settings: dict[str, Any], bias: float, rse: float, coverage: float
) -> None:
    runs = 70
    found = network_study(runs, **settings)
    assert found[0] == pytest.approx(bias, abs=4 * rse * (1 / runs + 1 / 200) ** 0.5)
    assert found[1] == pytest.approx(rse, rel=4 * (1 / (2 * runs) + 1 / 400) ** 0.5)
    spread = (coverage * (1 - coverage)) ** 0.5
    assert found[2] == pytest.approx(coverage, abs=4 * spread * (1 / runs + 1 / 200) ** 0.5)
    assert found[3] <= 0.03


# What cannot be simulated


def test_a_country_with_every_list_error_still_links_to_its_children() -> None:
    parameters = Parameters(
        visibility_sd=0.7, missed_links=0.05, false_links=0.03, false_positives=0.3
    )
    country = jamaica(3, parameters=parameters)
    linked = set(country.trafficked["case_id"]) - {""}
    assert linked < set(country.cases["case_id"])
    assert country.parameters is parameters


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prevalence": 0.0}, "chances must be strictly between 0 and 1: 1 of 1 are not"),
        ({"missing_answers": 1.5}, r"first: missing_answers = 1.5"),
        ({"local_ties": 0.8}, r"first: local_ties \+ parish_ties = 1.1"),
        ({"lists": {"police": 2.0}}, r"first: lists\['police'\] = 2"),
        ({"referral": {("school", "police"): 0.1}}, "1 names are no list .first: 'school'"),
        ({"false_positives": 1.0}, "chances must be at least 0 and below 1"),
        ({"transmission": {"labour": 0.5}}, "transmission must name the forms labour, domestic"),
        ({"network_dwellings": 25}, "dwellings must be between network_dwellings and 30"),
    ],
)
def test_parameters_say_what_is_wrong(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Parameters(**settings)


def test_impossible_countries_say_what_to_change() -> None:
    with pytest.raises(ValueError, match=r"five_year_sexual must cover .* Give a larger number"):
        jamaica(1, parameters=Parameters(five_year_sexual=100))
    with pytest.raises(ValueError, match=r"selected twice.* Ask for fewer districts"):
        household_survey(1, parameters=Parameters(minimum_districts=200))
    with pytest.raises(
        ValueError, match="clusters must be between 1 and n_adults: found 20 for 10"
    ):
        answers(10, clusters=20)
    with pytest.raises(ValueError, match="referral must be between lists"):
        lists(100, referral={("police", "school"): 0.5})
