"""`pv.Answers`: what is read, what is kept apart, what is said, and how fast."""

from __future__ import annotations

import pickle
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.naive import answers as naive

Array = NDArray[Any]
INF = np.inf
NOBODY = pytest.mark.filterwarnings("ignore:.* know nobody in any known group")
BINS = {"none": (0, 0), "1 to 5": (1, 5), "more": (6, INF)}
KNOWN = {"police": 2_000, "nurses": 3_000}


def rows() -> dict[str, list[Any]]:
    return {
        "w": [1.0, 2, 3, 1, 2, 1],
        "police": [2, 1, 98, 4, None, 0],
        "nurses": [1, 3, 1, 30, 45, 2],
        "any": [1, 0, 1, None, 99, 0],
        "binned": ["none", "more", "1 to 5", None, "98", "1 to 5"],
        "hidden": [1, 0, None, 2, 0, 98],
    }


ASKED: dict[str, Any] = {
    "known": {**KNOWN, "any": 900, "binned": 1_500},
    "hidden": {"forced labour": "hidden"},
    "codes": {98: "don't know", 99: "refused"},
    "yes_no": ["any"],
    "bins": {"binned": BINS},
    "top_code": {"nurses": 30},
}


def made(data: Any = None, **how: Any) -> pv.Answers:
    return pv.Answers(pv.Survey(rows() if data is None else data, weights="w"), **{**ASKED, **how})


def as_floats(name: str) -> list[Any]:
    return [np.nan if x is None else float(x) for x in rows()[name]]


FRAMES: dict[str, Callable[[], Any]] = {
    "dict": rows,
    "pandas": lambda: pd.DataFrame(rows()),
    "pandas, nullable": lambda: pd.DataFrame(rows()).convert_dtypes(),
    "pandas, categorical": lambda: pd.DataFrame(rows()).assign(
        binned=pd.Categorical(rows()["binned"])
    ),
    "pandas, int8": lambda: pd.DataFrame(rows()).astype({"nurses": "int8", "police": "Int8"}),
    "pandas, another index": lambda: pd.DataFrame(rows(), index=[9, 9, 7, 6, 5, 4]),
    "polars": lambda: pl.DataFrame(rows(), strict=False),
    "polars, categorical": lambda: pl.DataFrame(rows()).with_columns(
        pl.col("binned").cast(pl.Categorical)
    ),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_every_frame_gives_the_intervals_of_the_naive_reading(kind: str) -> None:
    answers = made(FRAMES[kind]())
    forms: dict[str, dict[str, Any]] = {
        "police": {},
        "nurses": {"top_code": 30},
        "any": {"yes_no": True},
        "binned": {"bins": BINS},
        "forced labour": {},
    }
    low, high = answers.bounds(list(forms))
    for k, (name, form) in enumerate(forms.items()):
        column = rows()[answers.group(name).column or name]
        wanted = [naive.interval(x, codes=(98, 99, "98"), **form) for x in column]
        np.testing.assert_array_equal(np.c_[low[:, k], high[:, k]], wanted, err_msg=name)


def test_counts_are_exact_or_at_the_cap_and_missing_is_nan() -> None:
    counts = made().counts(["police", "nurses", "forced labour"])
    wanted = [[2, 1, np.nan, 4, np.nan, 0], [1, 3, 1, 30, 30, 2], [1, 0, np.nan, 2, 0, np.nan]]
    np.testing.assert_array_equal(counts, wanted)
    np.testing.assert_array_equal(made().counts("police"), wanted[:1])
    assert made().counts([]).shape == (0, 6)


@pytest.mark.parametrize(("name", "kind"), [("any", "yes or no"), ("binned", "binned")])
def test_there_is_no_count_of_what_was_asked_otherwise(name: str, kind: str) -> None:
    with pytest.raises(ValueError, match=f"{name!r} was asked as {kind}. Use pv.nsum.fit"):
        made().counts([name])


def test_reasons_for_missing_are_kept_apart_item_by_item() -> None:
    items = made().items
    assert items["police"].reasons == {"don't know": 1, "blank": 1}
    assert items["any"].reasons == {"refused": 1, "blank": 1}
    assert items["binned"].reasons == {"don't know": 1, "blank": 1}
    assert items["nurses"].reasons == {}
    np.testing.assert_array_equal(items["police"].lost["blank"], [4])
    one = made(codes={98: "no answer", 99: "no answer"}).items["any"]
    assert one.reasons == {"no answer": 1, "blank": 1}
    assert made(codes={98: "blank", 99: "refused"}).items["police"].reasons == {"blank": 2}


def test_codes_may_be_negative_or_below_a_cap() -> None:
    data = {**rows(), "police": [2, 1, -9, 4, None, 0]}
    asked = made(data, codes={-9: "refused", 98: "don't know", 99: "refused"}, top_code=30)
    assert asked.items["police"].reasons == {"refused": 1, "blank": 1}
    assert asked.items["police"].kind == "top-coded"
    assert asked.items["any"].kind == "yes or no"
    assert asked.items["any"].cap == INF


def test_one_top_code_is_for_every_column_of_counts() -> None:
    low, high = made(top_code=3).bounds(["police", "nurses"])
    np.testing.assert_array_equal(low[:, 1], [1, 3, 1, 3, 3, 2])
    np.testing.assert_array_equal(high[:, 1], [1, INF, 1, INF, INF, 2])


def test_sizes_are_those_of_the_names_in_their_order() -> None:
    answers = made()
    np.testing.assert_array_equal(answers.sizes(), [2_000, 3_000, 900, 1_500])
    np.testing.assert_array_equal(answers.sizes(["binned", "police"]), [1_500, 2_000])
    assert answers.sizes([]).shape == (0,)
    assert answers.sizes("police").tolist() == [2_000]
    with pytest.raises(KeyError, match="names must be known groups: 'forced labour' is not"):
        answers.sizes(["forced labour"])


def test_an_uncertain_size_is_the_same_quantity_wherever_it_is_used() -> None:
    group = {"police": pv.nsum.Group(size=2_000, std_error=100), "nurses": 3_000}
    how: dict[str, Any] = {"yes_no": [], "bins": {}}
    one, two = (made(known=group, **how).known["police"].size for _ in range(2))
    assert (one - two).std_error[0] == 0
    other = {"police": pv.nsum.Group(size=2_500, std_error=100), "nurses": 3_000}
    three = made(known=other, **how).known["police"].size
    assert (one - three).std_error[0] == pytest.approx(100 * 2**0.5)
    exact = {"police": pv.nsum.Group(size=2_000, std_error=0), "nurses": 3_000}
    assert made(known=exact, **how).known["police"].size == 2_000


def test_a_table_of_groups_and_a_mapping_are_the_same() -> None:
    table = {
        "group": ["the police", "nurses"],
        "column": ["police", None],
        "size": [2_000, 3_000],
        "std_error": [100.0, None],
        "source": ["annual report", ""],
        "year": [2023, None],
    }
    wanted = {
        "the police": pv.nsum.Group(
            column="police", size=2_000, std_error=100, source="annual report", year=2023
        ),
        "nurses": 3_000,
    }
    want = made(known=wanted, yes_no=[], bins={}).known
    for known in (table, pd.DataFrame(table), pl.DataFrame(table)):
        found = made(known=known, yes_no=[], bins={}).known
        for name, group in want.items():
            assert float(found[name].size) == float(group.size)
            assert [found[name].column, found[name].year] == [group.column, group.year]
            assert [found[name].source, found[name].alters] == [group.source, group.alters]


# ---------------------------------------------------------------------- verbs
def test_groups_left_out_take_what_was_said_of_them_along() -> None:
    known = {"police": pv.nsum.Group(size=2_000, year=2019), "nurses": 3_000, "none": 500}
    known["nurses"] = pv.nsum.Group(size=3_000, year=2023)
    with pytest.warns(pv.PrevalenceWarning) as caught:
        answers = made({**rows(), "none": [0] * 6}, known=known, yes_no=[], bins={})
    assert len(caught) == 2
    assert [("2019, 2023" in note, "'none'" in note) for note in answers.notes] == [
        (True, False),
        (False, True),
    ]
    fewer = answers.without("none")
    assert list(fewer.known) == ["police", "nurses"]
    assert len(fewer.notes) == 1
    (told,) = answers.without("none", "nurses").notes  # row 5 knows nurses alone
    assert told.startswith("1 of 6 respondents know nobody in any known group (first: row 5)")
    assert list(answers.known) == ["police", "nurses", "none"]
    with pytest.raises(
        KeyError, match=r"names must be known groups: 'polise' is not. Did you mean"
    ):
        answers.without("polise")
    with pytest.raises(ValueError, match="known must leave a group: found none"):
        answers.without("none", "nurses", "police")


def test_the_same_rows_with_another_scheme_and_no_others() -> None:
    answers = made()
    again = answers.on(answers.survey.jackknife())
    assert again.survey.scheme is not None
    assert again.items is answers.items
    with pytest.raises(ValueError, match="survey must have the rows of these answers"):
        answers.on(pv.Survey(rows(), weights="w"))
    with pytest.raises(TypeError, match="survey must be a Survey: found dict"):
        answers.on(rows())  # type: ignore[arg-type]


def test_a_column_known_and_hidden_is_said_and_kept() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="'police' is given as known and as hidden"):
        answers = made(hidden={"police": "police"})
    np.testing.assert_array_equal(answers.counts(["police"])[0][:2], [2, 1])


def test_units_of_hidden_and_known_groups_are_compared() -> None:
    children = {name: pv.nsum.Group(size=size, alters="children") for name, size in KNOWN.items()}
    how: dict[str, Any] = {"yes_no": [], "bins": {}}
    assert made(known=children, alters="children", **how).notes == ()
    with pytest.warns(
        pv.PrevalenceWarning, match="of children and 1 of 2 known .* 'nurses', of per"
    ):
        made(
            known={**children, "nurses": pv.nsum.Group(size=3_000, alters="persons")},
            alters="children",
            **how,
        )
    hidden = {"forced labour": pv.nsum.Group(column="hidden", alters="children")}
    assert made(known=children, hidden=hidden, **how).notes == ()
    assert made(known=children, hidden=[], **how).notes == ()


def test_answers_are_pickled_and_equal_afterwards() -> None:
    answers = made(known={**KNOWN, "any": pv.uncertain(900, std_error=50)}, bins={})
    again = pickle.loads(pickle.dumps(answers))  # noqa: S301 - made on this line
    assert repr(again) == repr(answers)
    np.testing.assert_array_equal(again.counts(["police"]), answers.counts(["police"]))
    assert again.notes == answers.notes


def test_the_data_are_not_changed() -> None:
    data = pd.DataFrame(rows())
    before = data.copy(deep=True)
    answers = made(data)
    answers.counts(["police"])[:] = 0
    low, _ = answers.bounds(["police"])
    low[:] = 0
    pd.testing.assert_frame_equal(data, before)
    np.testing.assert_array_equal(made(data).counts(["nurses"])[0], [1, 3, 1, 30, 30, 2])
    np.testing.assert_array_equal(answers.counts(["nurses"])[0], [1, 3, 1, 30, 30, 2])


def test_what_it_is_is_said_in_one_line() -> None:
    assert repr(made()) == (
        "<Answers: 6 rows about 4 known groups and 1 hidden group of persons; 8 answers missing>"
    )


def test_a_hundred_thousand_respondents_and_forty_groups_take_no_time_and_little_room() -> None:
    """Within ten copies of the table, and in one fresh column held once for both limits."""
    n, k = 100_000, 40
    rng = np.random.default_rng(1)
    data = {f"g{j}": rng.poisson(2.0, n) for j in range(k)}
    survey = pv.Survey(data)
    begin = time.process_time()
    sum(column.astype(float) for column in data.values())
    copied = time.process_time() - begin
    begin = time.process_time()
    answers = pv.Answers(
        survey, known=dict.fromkeys(list(data)[:-1], 1_000), hidden=f"g{k - 1}", population=1e6
    )
    taken = time.process_time() - begin
    assert taken < 10 * copied + 0.5
    items = answers.items.values()
    assert all(item.low is item.high for item in items)


@NOBODY
def test_binned_columns_are_read_by_category() -> None:
    n = 100_000
    rng = np.random.default_rng(1)
    words = np.array([*BINS, "98"], dtype=object)
    data = {f"g{j}": words[rng.integers(0, 4, n)] for j in range(5)}
    begin = time.process_time()
    answers = pv.Answers(
        pv.Survey(data),
        known=dict.fromkeys(data, 1_000),
        hidden=[],
        bins=dict.fromkeys(data, BINS),
        codes={98: "don't know"},
    )
    assert time.process_time() - begin < 2
    assert answers.items["g0"].reasons["don't know"] == int((data["g0"] == "98").sum())


# ---------------------------------------------------------------------- looking at them
def clustered(seed: int = 1) -> pv.Answers:
    rng = np.random.default_rng(seed)
    n = 400
    degree = rng.gamma(2.0, 60.0, n)
    data = {
        "w": rng.gamma(4.0, 5.0, n),
        "ea": np.arange(n) // 10,
        "police": rng.poisson(0.03 * degree).astype(float),
        "nurses": rng.poisson(0.05 * degree).astype(float),
        "hidden": rng.poisson(0.01 * degree).astype(float),
    }
    for name in ("police", "nurses"):
        rounds = rng.random(n) < 0.6
        data[name] = np.where(rounds, 5 * np.round(data[name] / 5), data[name])
    data["hidden"][rng.random(n) < 0.15] = 98
    data["police"][rng.random(n) < 0.05] = np.nan
    data["police"][0] = data["nurses"][0] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some know nobody
        return pv.Answers(
            pv.Survey(data, weights="w", psu="ea"),
            known={"police": 3_000, "nurses": 5_000},
            hidden={"forced labour": "hidden"},
            codes={98: "don't know"},
            population=100_000,
        )


def test_the_summary_counts_what_the_columns_hold() -> None:
    answers = clustered()
    table: Any = answers.summary(disclosure="off: a test").set_index("group")
    y = answers.counts(["police", "nurses", "forced labour"])
    np.testing.assert_array_equal(table["answered"], np.isfinite(y).sum(axis=1))
    np.testing.assert_array_equal(table["missing"], np.isnan(y).sum(axis=1))
    np.testing.assert_array_equal(table["zeros"], (y == 0).sum(axis=1))
    np.testing.assert_allclose(table["mean"].astype(float), np.nanmean(y, axis=1))
    np.testing.assert_array_equal(table["max"].astype(float), np.nanmax(y, axis=1))
    large = y[1][y[1] >= 5]
    assert table.loc["nurses", "at_fives"] == pytest.approx(np.mean(large % 5 == 0))
    assert table["missing: don't know"].tolist() == [0, 0, table.loc["forced labour", "missing"]]
    assert table["role"].tolist() == ["known", "known", "hidden"]
    assert table["size"].tolist()[:2] == [3_000, 5_000]
    assert pd.isna(table.loc["forced labour", "size"])
    assert table["alters"].tolist() == ["persons"] * 3


def test_the_summary_leaves_out_what_few_respondents_gave() -> None:
    data = {"police": [1] * 30 + [7], "hidden": [0] * 28 + [1, 2, 3]}
    answers = pv.Answers(pv.Survey(data), known={"police": 900}, hidden="hidden")
    table: Any = answers.summary().set_index("group")
    assert pd.isna(table.loc["police", "max"])  # one respondent's answer
    assert table.loc["police", "mean"] == pytest.approx(37 / 31)
    assert table.loc["hidden", ["zeros", "mean", "max"]].isna().all()
    assert table.loc["hidden", "flag"] == "suppressed: fewer than 5 respondents know any"
    shown: Any = answers.summary(disclosure="off: checked by the data team").set_index("group")
    assert shown.loc["hidden", ["zeros", "mean", "max"]].tolist() == [28, 6 / 31, 3]
    with pytest.raises(ValueError, match="disclosure must be 'on', or 'off:' with the reason"):
        answers.summary(disclosure="off")


def test_heaping_is_counted_against_the_neighbours() -> None:
    answers = clustered()
    table: Any = answers.heaping(disclosure="off: a test")
    columns = {name: answers.counts([name])[0].tolist() for name in ("police", "nurses")}
    columns["forced labour"] = answers.counts(["forced labour"])[0].tolist()
    for row in table.itertuples():
        chosen = list(columns.values()) if row.group == "all groups" else [columns[row.group]]
        below, at, above = naive.near(chosen, row.point)
        assert [row.below, row.at, row.above, row.neighbours] == [below, at, above, below + above]
        assert row.p_value == pytest.approx(naive.third_or_more(at, below + at + above), rel=1e-9)
        if below + above:
            assert row.ratio == pytest.approx(2 * at / (below + above))
    assert set(table["group"]) <= {"all groups", *columns}


def test_heaping_leaves_out_what_few_respondents_gave() -> None:
    y = [9] * 7 + [10] * 40 + [11] * 2 + [20] * 3 + [1] * 30
    answers = pv.Answers(pv.Survey({"police": y}), known={"police": 900}, hidden=[])
    table: Any = answers.heaping("police").query("group == 'police'").set_index("point")
    assert table.loc[10, ["at", "neighbours"]].tolist() == [40, 9]
    assert table.loc[10, ["below", "above"]].isna().all()
    assert table.loc[20, ["at", "neighbours", "ratio", "p_value"]].isna().all()


@NOBODY
def test_heaping_stops_below_a_top_code() -> None:
    y = [9] * 6 + [10] * 20 + [11] * 6 + [15] * 30
    survey = pv.Survey({"police": y})
    answers = pv.Answers(survey, known={"police": 900}, hidden=[], top_code=15)
    assert answers.heaping()["point"].tolist() == [10, 10]
    with pytest.raises(ValueError, match="names must hold groups asked as counts: none of 1 is"):
        pv.Answers(
            pv.Survey({"any": [0, 1]}), known={"any": 900}, hidden=[], yes_no=["any"]
        ).heaping()


@NOBODY
def test_the_example_survey_heaps_at_ten_as_reported(oracle: Any) -> None:
    """Over its 30 questions: 9 is answered 32 times, 10 322 times and 11 4 times."""
    data = pd.read_csv(oracle / "nsum" / "rwanda_survey.csv")
    sizes = pd.read_csv(oracle / "nsum" / "rwanda_known.csv")
    known = dict(zip(sizes["known.popn"], sizes["size"], strict=True))
    hidden = [name for name in data.columns[6:] if name not in known]
    answers = pv.Answers(
        pv.Survey(data, weights="indweight"), known=known, hidden=hidden, top_code=95
    )
    table: Any = answers.heaping(disclosure="off: published data")
    told: Any = table[table["group"] == "all groups"].set_index("point")
    assert told.loc[10, ["below", "at", "above"]].tolist() == [32, 322, 4]
    assert told.loc[20, ["below", "at", "above"]].tolist() == [3, 93, 3]
    assert told.loc[10, "p_value"] < 1e-100
    capped: Any = answers.summary(disclosure="off: published data")["at_cap"]
    assert capped.sum() == 41
    assert answers.summary()["missing"].sum() == 2


def test_outliers_are_rows_and_never_answers() -> None:
    rng = np.random.default_rng(1)
    n = 200
    data = {name: rng.poisson(6.0, n) for name in ("police", "nurses", "teachers", "twins")}
    data["hidden"] = rng.poisson(0.3, n)
    for name in ("police", "nurses", "teachers", "twins"):
        data[name][5] = 400  # knows everybody, and gives one answer throughout
    data["police"][17] = 150
    data["hidden"][40] = 900
    groups = dict.fromkeys(("police", "nurses", "teachers", "twins"), 1_000)
    answers = pv.Answers(pv.Survey(data), known=groups, hidden="hidden", population=100_000)
    table: Any = answers.outliers()
    found = {(row.check, row.row) for row in table.itertuples()}
    assert ("extreme degree", 5) in found
    assert ("same answer throughout", 5) in found
    assert ("one answer dominates", 17) in found
    assert ("hidden above degree", 40) in found
    assert table.columns.tolist() == ["row", "check", "group", "measure"]
    assert (table["check"] == "hidden above degree").sum() == 1
    dominated: Any = table[table["check"] == "one answer dominates"].set_index("row")
    assert dominated.loc[17, "group"] == "police"
    assert (
        answers.outliers(spread=50, at_least=10_000)["check"]
        .isin(["same answer throughout", "hidden above degree"])
        .all()
    )
    with pytest.raises(ValueError, match="spread must be above 0: found 0"):
        answers.outliers(spread=0)


def test_respondents_without_any_known_answer_are_found() -> None:
    table: Any = clustered().outliers()
    assert table.loc[table["check"] == "no known group answered", "row"].tolist() == [0]


@pytest.mark.filterwarnings("ignore:.* report more hidden people than they know")
def test_what_is_not_known_is_taken_as_none_as_the_others_and_as_more() -> None:
    answers = clustered()
    table: Any = answers.dont_know(transmission=0.5, multiples=(0, 1, 3)).set_index("rule")
    y = answers.counts(["forced labour"])[0]
    degree = answers.degrees() / 100_000
    kept = np.isfinite(degree)
    w = np.asarray(answers.survey.chain.weights)
    for m, rule in ((0, "none (0 x the ratio)"), (1, "1 x the ratio"), (3, "3 x the ratio")):
        wanted = naive.filled(y[kept].tolist(), degree[kept].tolist(), w[kept].tolist(), m) / 0.5
        assert table.loc[rule, "estimate"] == pytest.approx(wanted, rel=1e-12)
    with_all = pv.nsum.scale_up(answers, transmission=0.5, missing="complete")
    assert table.loc["1 x the ratio", "estimate"] == pytest.approx(with_all.value[0], rel=1e-12)
    assert table.loc["1 x the ratio", "std_error"] == pytest.approx(with_all.std_error[0], rel=1e-9)
    low, high = with_all.interval()[0]
    assert table.loc["1 x the ratio", ["conf_low", "conf_high"]].tolist() == pytest.approx(
        [low, high], rel=1e-9
    )
    assert (table["missing"] == table["missing"].iloc[0]).all()
    assert table.loc["mean by class of degree", "estimate"] == pytest.approx(
        with_all.value[0], rel=0.1
    )


def test_the_mean_by_class_of_degree_is_the_mean_of_those_in_it() -> None:
    answers = clustered(3)
    found: Any = answers.dont_know(transmission=1, classes=2).set_index("rule")
    y, degree = answers.counts(["forced labour"])[0], answers.degrees()
    w = np.asarray(answers.survey.chain.weights)
    kept = np.isfinite(degree)
    y, degree, w = y[kept], degree[kept], w[kept]
    told = np.isfinite(y)
    above = degree >= np.median(degree[told])
    total = 0.0
    for group in (above, ~above):
        mean = np.average(y[group & told], weights=w[group & told])
        total += (w * np.where(told, y, mean))[group].sum()
    wanted = total / (w @ degree) * 100_000
    assert found.loc["mean by class of degree", "estimate"] == pytest.approx(wanted, rel=1e-12)
