"""The table of bad inputs, row by row: what stands with a warning, and what is right as it is."""

from __future__ import annotations

import copy
import decimal
import re
import time
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

import prevalence as pv
from tests.bad_input.cases import few, labelled, mean, prevalence, replaced, rows, survey, unchanged
from tests.bad_input.test_survey import CASES as FURTHER
from tests.bad_input.test_survey_refused import BAD

ROWS = [*range(1, 29), 43, 44]


class Said(NamedTuple):
    """What stands with a warning: the call, the words, and what the rows of the result must be."""

    ask: Callable[[], pv.Estimate]
    message: str
    value: float
    std_error: float


ONE = pv.direct.mean(survey(rows()), "age")
MEAN, SE = float(ONE.value[0]), float(ONE.std_error[0])
SPACED = labelled("region", "A ", "a")
NOBODY = replaced(w=np.where(rows()["sex"] == "F", 0.0, rows()["w"]))
MEN = pv.direct.mean(survey(rows()), "age", where="sex == 'M'")


def by_sex(data: Any, sex: str) -> pv.Estimate:
    found = pv.direct.mean(survey(data), "age", by="sex")
    assert found.labels == (("F",), ("M",))
    return found[sex]


WARNED = {
    "01 missing weight, dropped": Said(
        lambda: pv.direct.mean(
            survey(
                {**NOBODY, "w": np.where(NOBODY["w"] == 0, np.nan, NOBODY["w"])}, missing="drop"
            ),
            "age",
        ),
        r"weights are missing in 6 of 12 rows \(first: row 0\), which count as zero",
        float(MEN.value[0]),
        float(MEN.std_error[0]),
    ),
    "04 zero weights": Said(
        lambda: mean(NOBODY),
        r"weights are zero in 6 of 12 rows \(first: row 0\): they keep their place in the design",
        float(MEN.value[0]),
        float(MEN.std_error[0]),
    ),
    "08 strata with stray space": Said(
        lambda: mean(SPACED), r"strata should .* 'A ' and 'a' differ only in case, spaces", MEAN, SE
    ),
    "08 ids with stray space": Said(
        lambda: mean(labelled("ea", "e1", "e2", "e3", "E1 ", "e4", "e5")),
        r"psu should spell each label one way: in 'ea' 'e1' and 'E1 ' differ",
        MEAN,
        SE,
    ),
    "08 ids in two forms of one letter": Said(
        lambda: mean(labelled("ea", "\u00e9", "b", "c", "e\u0301", "d", "f")),
        "differ only in case, spaces or forms of letters",
        MEAN,
        SE,
    ),
    "08 domains with stray space": Said(
        lambda: pv.direct.mean(survey(replaced(sex=["F", "F "] * 6)), "age", by="sex")["F "],
        r"by should spell each label one way: in 'sex' 'F' and 'F ' differ",
        float(MEN.value[0]),
        float(MEN.std_error[0]),
    ),
    "15 one row on request": Said(
        lambda: pv.direct.mean(survey(few(1), single_psu="certainty"), "age"),
        "the sample tells no standard error: every stratum has one primary unit",
        5.0,
        np.nan,
    ),
    "12 one unit on request": Said(
        lambda: pv.direct.mean(survey(few(2), single_psu="adjust"), "age"),
        "the sample tells no standard error",
        7.4,
        np.nan,
    ),
    "19 constant outcome": Said(
        lambda: pv.direct.mean(survey(replaced(same=np.full(12, 0.1))), "same"),
        "'same' does not vary between units in the sample: its standard error is 0",
        0.1,
        0.0,
    ),
    "19 constant ratio": Said(
        lambda: pv.direct.ratio(survey(rows()), "age", "age"), "'age / age' does not vary", 1.0, 0.0
    ),
    "21 empty domain": Said(
        lambda: by_sex(NOBODY, "F"), "1 of 2 domains have no estimate", np.nan, np.nan
    ),
    "21 full domain beside it": Said(
        lambda: by_sex(NOBODY, "M"), "1 of 2 domains", float(MEN.value[0]), float(MEN.std_error[0])
    ),
    "22 unused categories": Said(
        lambda: by_sex(
            pd.DataFrame(rows()).assign(sex=pd.Categorical(rows()["sex"], ["X", "F", "M"])), "M"
        ),
        r"by leaves out categories without rows: 1 of 3 in 'sex' \(first: 'X'\)",
        float(MEN.value[0]),
        float(MEN.std_error[0]),
    ),
    "22 unused categories in polars": Said(
        lambda: by_sex(
            pl.DataFrame(rows()).with_columns(pl.col("sex").cast(pl.Enum(["F", "X", "M"]))), "M"
        ),
        r"by leaves out categories without rows: 1 of 3 in 'sex' \(first: 'X'\)",
        float(MEN.value[0]),
        float(MEN.std_error[0]),
    ),
}


@pytest.mark.parametrize("name", WARNED)
def test_what_stands_with_a_warning_keeps_it(name: str) -> None:
    case = WARNED[name]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = case.ask()
    texts = [str(w.message) for w in caught if w.category is pv.PrevalenceWarning]
    assert len(texts) == len(caught)
    assert any(re.search(case.message, text) for text in texts)
    assert any(re.search(case.message, text) for text in found.warnings)
    np.testing.assert_allclose(found.value, case.value, rtol=1e-13)
    np.testing.assert_allclose(found.std_error, case.std_error, rtol=1e-12)
    if case.std_error == 0:  # exactly, not a rounding error
        assert found.std_error[0] == 0
    if np.isnan(case.std_error):
        assert np.isnan(found.interval()).all()


def spread(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same numbers with gaps between them in memory."""
    out = np.zeros(2 * array.size, dtype=array.dtype)[::2]
    out[:] = array
    assert not out.flags.contiguous
    return out


def locked(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    out = array.copy()
    out.setflags(write=False)
    return out


def fortran() -> pd.DataFrame:
    block = np.asfortranarray(np.stack([rows()["w"], rows()["age"]], axis=1))
    return pd.DataFrame(block, columns=["w", "age"]).assign(
        region=rows()["region"], ea=rows()["ea"]
    )


def every(change: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: change(column) for name, column in rows().items()}


def swapped(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.astype(array.dtype.newbyteorder())


PANDAS = pd.DataFrame(rows())
ORDER = np.random.default_rng(1).permutation(12)
RIGHT: dict[str, Any] = {
    "06 weights of 1e-300": replaced(w=rows()["w"] * 1e-300),
    "06 weights of 1e300": replaced(w=rows()["w"] * 1e300),
    "07 labels of several scripts": labelled("ea", "Ω", "東", "é", "naïve", "š", "🙂"),
    "07 numbers and text": labelled("ea", 1, "a", 2, "b", 3, "c"),
    "07 labels by name, not by place": labelled("ea", "f", "b", "c", "e", "d", "a"),
    "09 whole floats": replaced(ea=rows()["ea"].astype(float)),
    "09 one label in three spellings": replaced(
        ea=np.array([1.0, 1, "2", 2.0, 3, "3", 4, 4.0, "5", 5, np.float32(6), "6"], dtype=object)
    ),
    "09 whole decimals": replaced(ea=[decimal.Decimal(int(x)) for x in rows()["ea"]]),
    "09 floats beyond whole numbers": replaced(ea=rows()["ea"] * 1e300 + 1e300),
    "23 rows permuted": {name: column[ORDER] for name, column in rows().items()},
    "23 strata unsorted": labelled("region", "S", "N"),
    "24 numbers as names": PANDAS.assign(w=rows()["w"]).rename(columns={"key": 7}),
    "26 read-only": every(locked),
    "26 not contiguous": every(spread),
    "26 in reverse": every(lambda x: x[::-1].copy()[::-1]),
    "26 Fortran": fortran(),
    "26 of the other byte order": every(swapped),
    "26 of the other byte order in pandas": pd.DataFrame(
        {name: swapped(column) for name, column in rows().items() if column.dtype.kind in "fi"}
    ).assign(region=rows()["region"]),
    "27 float32": replaced(w=rows()["w"].astype("f4"), age=rows()["age"].astype("f4")),
    "27 int8": replaced(w=rows()["w"].astype("i1"), age=rows()["age"].astype("i1")),
    "27 decimals": replaced(age=[decimal.Decimal(int(x)) for x in rows()["age"]]),
    "27 nullable of pandas": PANDAS.convert_dtypes(),
    "27 objects of pandas": PANDAS.astype(object),
    "27 a series without a frame": {name: pd.Series(column) for name, column in rows().items()},
    # Made in the test: polars starts threads, which a process that only collects should not.
    "27 columns of polars": lambda: {name: pl.Series(column) for name, column in rows().items()},
    "27 polars": lambda: pl.DataFrame(rows()),
    "27 decimals of polars": lambda: pl.DataFrame(rows()).with_columns(
        pl.col("age").cast(pl.Decimal(9, 2))
    ),
    "27 masked": every(lambda x: np.ma.MaskedArray(x, mask=np.zeros(12, dtype=bool))),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_only_unusual_has_the_right_answer(name: str) -> None:
    given = RIGHT[name]
    data = given() if callable(given) else given
    before = copy.deepcopy(data)
    found = mean(data)
    unchanged(before, data)
    np.testing.assert_allclose(found.value, MEAN, rtol=1e-12)
    np.testing.assert_allclose(found.std_error, SE, rtol=1e-12)
    assert found.df[0] == 4
    assert not found.warnings


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_06_totals_of_extreme_weights_keep_their_standard_error(scale: float) -> None:
    one, data = survey(rows()), replaced(w=rows()["w"] * scale)
    for made, wanted in ((survey(data), one), (survey(data).jackknife(), one.jackknife())):
        found, plain = pv.direct.total(made, "age"), pv.direct.total(wanted, "age")
        np.testing.assert_allclose(found.value / scale, plain.value, rtol=1e-13)
        np.testing.assert_allclose(found.std_error / scale, plain.std_error, rtol=1e-12)
        np.testing.assert_allclose(found.interval() / scale, plain.interval(), rtol=1e-12)
    share = pv.direct.prevalence(survey(data), "case")
    np.testing.assert_allclose(share.interval(), prevalence(rows()).interval(), rtol=1e-12)
    for name in ("deff", "n_eff"):
        np.testing.assert_allclose(share.facts[name], prevalence(rows()).facts[name], rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1e300])
def test_17_extreme_outcomes_keep_their_standard_error(scale: float) -> None:
    found = mean(replaced(age=rows()["age"] * scale))
    np.testing.assert_allclose(found.value / scale, MEAN, rtol=1e-13)
    np.testing.assert_allclose(found.std_error / scale, SE, rtol=1e-12)


@pytest.mark.parametrize("rule", ["certainty", "remove", "adjust", "average"])
def test_10_rules_for_a_stratum_of_one_unit(rule: str) -> None:
    lonely = replaced(region=np.array(["N"] * 10 + ["S"] * 2))
    found = pv.direct.mean(survey(lonely, single_psu=rule), "age")
    assert found.std_error[0] > 0
    assert np.isfinite(found.interval()).all()


def test_a_census_has_the_standard_error_zero_with_every_scheme() -> None:
    census = replaced(f=np.ones(12))
    for scheme in (pv.Survey.linearised, pv.Survey.jackknife):
        found = pv.direct.mean(scheme(survey(census, fpc="f")), "age")
        assert found.value[0] == pytest.approx(MEAN, rel=1e-14)
        assert found.std_error[0] == 0
        assert not found.warnings


def test_a_jackknife_without_a_denominator_has_no_standard_error() -> None:
    data = replaced(only=np.where(rows()["ea"] == 2, 1.0, 0.0))
    with pytest.warns(
        pv.PrevalenceWarning, match="no jackknife standard error: 1 replicates failed"
    ):
        found = pv.direct.ratio(survey(data).jackknife(), "age", "only")
    assert np.isfinite(found.value).all()
    assert np.isnan(found.std_error).all()


def test_16_a_dropped_answer_keeps_its_unit_in_the_design() -> None:
    data = replaced(age=np.where(rows()["ea"] == 1, np.nan, rows()["age"]))
    found = pv.direct.mean(survey(data), "age", missing="drop")
    assert found.facts["missing"][0] == 2
    assert found.facts["n"][0] == 10
    kept = pv.direct.mean(survey(rows()), "age", where="ea != 1")  # a domain, not a smaller sample
    np.testing.assert_allclose(found.value, kept.value, rtol=1e-14)
    np.testing.assert_allclose(found.std_error, kept.std_error, rtol=1e-13)


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("interval", ["auto", "korn-graubard"])
def test_20_a_share_of_zero_or_one_has_an_interval(value: float, interval: str) -> None:
    data = replaced(case=np.full(12, value))
    for by in ((), "sex"):
        found = pv.direct.prevalence(survey(data), "case", by=by, interval=interval)
        width = np.diff(found.interval(), axis=1)[:, 0]
        assert (found.value == value).all()
        assert ((width > 0.1) & (width < 1)).all()
        assert np.isnan(found.std_error).all()  # the sample tells none: not "0"


def test_a_domain_with_no_case_has_an_interval() -> None:
    data = replaced(case=np.where(rows()["sex"] == "F", 0.0, rows()["case"]))
    none, some = pv.direct.prevalence(survey(data), "case", by="sex").interval()
    assert none[0] == 0 < none[1] < 1
    assert 0 < some[0] < some[1] < 1


def test_22_declared_order_is_kept() -> None:
    for data in (
        PANDAS.assign(sex=pd.Categorical(rows()["sex"], ["M", "F"])),
        pl.DataFrame(rows()).with_columns(pl.col("sex").cast(pl.Enum(["M", "F"]))),
    ):
        found = pv.direct.mean(survey(data), "age", by="sex")
        assert found.labels == (("M",), ("F",))
        assert found["M"].value[0] == pytest.approx(float(MEN.value[0]), rel=1e-14)


def test_27_small_integers_do_not_wrap() -> None:
    many = {name: np.tile(column, 30) for name, column in rows().items()}
    many |= {"ea": np.arange(360) // 2, "region": np.repeat(["N", "S"], 180)}
    for kind in ("i1", "u1", "?", "f2"):
        found = pv.direct.total(survey({**many, "case": many["case"].astype(kind)}), "case")
        assert found.value[0] == (many["w"] * many["case"]).sum()
        with_weights = survey({**many, "w": many["w"].astype("i1" if kind == "?" else kind)})
        assert pv.direct.total(with_weights, "age").value[0] == (many["w"] * many["age"]).sum()


@pytest.mark.parametrize("missing", [None, pd.NA, np.nan, decimal.Decimal("nan"), pd.NaT])
def test_27_every_kind_of_missing_is_missing(missing: Any) -> None:
    column = rows()["age"].astype(object)
    column[5] = missing
    with pytest.raises(ValueError, match=r"'age' is missing in 1 of 12 rows .*row 5"):
        mean(replaced(age=column))
    found = pv.direct.mean(survey(replaced(age=column)), "age", missing="drop")
    assert found.facts["missing"][0] == 1


def grown(n: int, strata: int) -> dict[str, Any]:
    """Rows of two primary units a stratum, in file order."""
    rng = np.random.default_rng(1)
    unit = np.arange(n) // (n // (2 * strata))
    return {"w": rng.uniform(1, 9, n), "y": rng.normal(5, 1, n), "ea": unit, "region": unit // 2}


def test_43_a_hundred_thousand_strata() -> None:
    data = grown(200_000, 100_000)
    found = pv.direct.mean(survey(data), "y")
    z = data["w"] * (data["y"] - found.value[0]) / data["w"].sum()
    assert found.std_error[0] == pytest.approx(np.sqrt(((z[::2] - z[1::2]) ** 2).sum()), rel=1e-12)
    assert found.df[0] == 100_000


@pytest.mark.proof
@pytest.mark.parametrize("rows_a_stratum", [2, 2_000])
def test_43_ten_million_rows_cost_ten_times_a_million(rows_a_stratum: int) -> None:
    # Time by row grows as tables leave the processor's caches (15 to 22 times are seen, more while
    # another process uses the same memory); rows times units or times strata would be 100 times.
    seconds = []
    for n in (1_000_000, 10_000_000):
        data = grown(n, n // rows_a_stratum)
        began = time.process_time()
        found = pv.direct.mean(survey(data), "y")
        assert found.std_error[0] > 0
        seconds.append(time.process_time() - began)
    assert seconds[1] / seconds[0] < 40


@pytest.mark.proof
def test_43_memory_is_a_few_times_the_columns_used() -> None:
    data = grown(2_000_000, 1_000)
    columns = sum(column.nbytes for column in data.values())
    tracemalloc.start()
    found = pv.direct.mean(survey(data), "y")
    assert found.std_error[0] > 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * columns  # one copy of a mapping, codes, and one product at a time


def test_every_row_of_the_table_has_its_test() -> None:
    names = [*BAD, *WARNED, *RIGHT, *FURTHER, *(name.removeprefix("test_") for name in globals())]
    told = {int(name[:2]) for name in names if name[:2].isdigit()}
    assert told == set(ROWS)
