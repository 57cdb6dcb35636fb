"""One row per bad input of networks, lists, comparisons and files: which message comes back.

What is given is unchanged afterwards.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
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


# ------------------------------------------------------------------ network
def answers() -> dict[str, Any]:
    """Twelve respondents in six primary units."""
    return {
        "w": np.array([2.0, 3.0, 1.0, 4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 5.0, 1.0, 2.0]),
        "ea": np.repeat(np.arange(6), 2),
        "region": np.array(["N"] * 6 + ["S"] * 6),
        "hidden": np.array([1.0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1, 0]),
        "police": np.array([3.0, 1, 2, 4, 0, 1, 2, 2, 1, 0, 3, 1]),
        "nurses": np.array([5.0, 2, 1, 6, 2, 3, 3, 1, 0, 2, 4, 2]),
    }


def asked(name: str, row: int, value: Any) -> dict[str, Any]:
    column = answers()[name].astype(object if isinstance(value, str) else float)
    column[row] = value
    return {**answers(), name: column}


def network(**how: Any) -> Callable[[Any], Any]:
    arguments = {"hidden": "hidden", "known": {"police": 2_000, "nurses": 3_000}, "transmission": 1}
    return lambda data: pv.nsum.scale_up(
        pv.Survey(data, weights="w", psu="ea"), **{**arguments, **how}
    )


NETWORK = {
    "transmission left out": Bad(
        answers(),
        network(transmission=None),
        ValueError,
        r"transmission must be given: found none\. Pass the share .*transmission=1 assumes",
    ),
    **{
        f"transmission {value}": Bad(
            answers(),
            network(transmission=value),
            ValueError,
            rf"transmission must be above 0 and at most 1: found {value:g}\. It is the share",
        )
        for value in (0, -0.5, 1.2, float("nan"))
    },
    "uncertain transmission above one": Bad(
        answers(),
        network(transmission=pv.uncertain(1.2, std_error=0.1)),
        ValueError,
        r"transmission must be above 0 and at most 1: found 1\.2",
    ),
    "transmission as text": Bad(
        answers(),
        network(transmission="0.6"),
        TypeError,
        r"transmission must be a number: found '0\.6'\. Write one, without quotes",
    ),
    "no known group": Bad(
        answers(), network(known={}), ValueError, r"known must map columns to sizes .* found none\."
    ),
    "known groups without sizes": Bad(
        answers(), network(known=["police"]), ValueError, r"known must map .* found list\."
    ),
    "known group of size 0": Bad(
        answers(),
        network(known={"police": 0}),
        ValueError,
        r"known must hold positive sizes: 'police' has 0\. Give the number of people",
    ),
    "size as text": Bad(
        answers(),
        network(known={"police": "2,000"}),
        TypeError,
        r"known\['police'\] must be a number: found '2,000'\. Write one",
    ),
    "known group larger than the population": Bad(
        answers(),
        network(population=2_500),
        ValueError,
        r"known groups must be smaller than the population: 'nurses' has 3,000 of 2,500\. Check",
    ),
    "unknown known group": Bad(
        answers(),
        network(known={"nurse": 3_000}),
        KeyError,
        "known must be a column of the data: 'nurse' is not. Did you mean 'nurses'",
    ),
    "no hidden group": Bad(
        answers(), network(hidden=[]), ValueError, "hidden must name a column: found none. Write"
    ),
    "negative answer": Bad(
        asked("police", 3, -1),
        network(),
        ValueError,
        r"known must be numbers of at least 0 in 'police': 1 of 12 rows is not \(first: row 3, -1\)",
    ),
    "infinite answer": Bad(
        asked("hidden", 2, np.inf),
        network(),
        ValueError,
        r"hidden must be numbers of at least 0 in 'hidden': 1 of 12 rows is not \(first: row 2, inf",
    ),
    "text answer": Bad(
        asked("hidden", 5, "many"),
        network(),
        TypeError,
        r"hidden must be numbers: column 'hidden' holds text \(first: row 5\)\. Code it",
    ),
    "missing hidden answer": Bad(
        asked("hidden", 5, np.nan),
        network(),
        ValueError,
        r"answers must be complete: 'hidden' is missing in 1 of 12 rows with weight \(first: row 5\)"
        r"\. Pass missing='complete'",
    ),
    "missing known answer": Bad(
        pd.DataFrame(asked("nurses", 11, np.nan)),
        network(),
        ValueError,
        r"answers must be complete: 'nurses' is missing in 1 of 12 rows .*row 11",
    ),
    "unknown domain": Bad(
        answers(), network(by="regoin"), KeyError, "by must be a column .*Did you mean 'region'"
    ),
}


# ------------------------------------------------------------------ lists
def persons() -> dict[str, Any]:
    return {"police": np.array([1, 1, 0, 0, 1]), "shelter": np.array([0, 1, 1, 1, 0])}


def with_value(row: int, value: Any) -> dict[str, Any]:
    column = persons()["shelter"].astype(object if isinstance(value, str) else float)
    column[row] = value
    return {**persons(), "shelter": column}


def lists(data: Any) -> pv.Lists:
    return pv.Lists(data, ["police", "shelter"])


def counted(counts: Any, histories: Any = ((1, 0), (0, 1), (1, 1)), **how: Any) -> Bad:
    return Bad(
        {"histories": np.array(histories), "counts": counts},
        lambda d: pv.Lists.from_counts(d["histories"], d["counts"], **how),
        how.pop("kind", ValueError),
        how.pop("message"),
    )


def captures() -> dict[str, Any]:
    return {
        "id": np.array(["a", "a", "b", "c"]),
        "by": np.array(["police", "home", "police", "home"]),
        "on": np.array(["2020-01-01", "2021-05-05", "2020-12-31", "2022-02-02"]),
    }


def captured(**how: Any) -> Callable[[Any], Any]:
    return lambda d: pv.Lists.from_captures(d, **{"person": "id", "list": "by", **how})


APART = {"police": np.array([1, 1, 0, 0]), "shelter": np.array([0, 0, 1, 1])}
LISTS = {
    "no overlap": Bad(
        APART,
        lambda d: pv.mse.loglinear(lists(d)),
        ValueError,
        r"lists must overlap: none of 4 persons is on two of police, shelter, so .*Widen the window",
    ),
    "no overlap of the steps": Bad(
        APART, lambda d: pv.mse.stepwise(lists(d)), ValueError, "lists must overlap: none of 4"
    ),
    "no overlap of two": Bad(
        APART,
        lambda d: pv.mse.chapman(lists(d), between=("police", "shelter")),
        ValueError,
        r"lists must overlap: nobody is on both police \(2\) and shelter \(2\)",
    ),
    "a list that is 2": Bad(
        with_value(3, 2),
        lists,
        ValueError,
        r"lists must be 0 or 1 in 'shelter': 1 of 5 rows is not \(first: row 3, 2\)\. Code them so",
    ),
    "a list that is missing": Bad(
        with_value(3, np.nan), lists, ValueError, r"0 or 1 in 'shelter': 1 of 5 .*row 3, nan"
    ),
    "a list that is text": Bad(
        with_value(3, "yes"), lists, TypeError, "lists must be numbers: column 'shelter' holds text"
    ),
    "a row on no list": Bad(
        with_value(2, 0),
        lists,
        ValueError,
        r"lists must hold every row: 1 of 5 rows are on none \(first: row 2\)\. Drop them; persons",
    ),
    "one list": Bad(
        persons(),
        lambda d: pv.Lists(d, ["police"]),
        ValueError,
        r"lists must be two or more columns of different names: found 1 \(police\)",
    ),
    "a list twice": Bad(
        persons(),
        lambda d: pv.Lists(d, ["police", "police"]),
        ValueError,
        r"columns of different names: found 2 \(police, police\)\. Name each list once",
    ),
    "unknown list": Bad(
        persons(),
        lambda d: pv.Lists(d, ["police", "sheltr"]),
        KeyError,
        "lists must be a column of the data: 'sheltr' is not. Did you mean 'shelter'",
    ),
    "unknown list of a pair": Bad(
        persons(),
        lambda d: pv.mse.loglinear(lists(d), pairs=[("police", "sheltr")]),
        KeyError,
        "lists must be named as in the data: 'sheltr' is not one. Did you mean 'shelter'",
    ),
    "a pair of one list": Bad(
        persons(),
        lambda d: pv.mse.chapman(lists(d), between=("police", "police")),
        ValueError,
        r"between must be two different lists: found \('police', 'police'\)\. Write",
    ),
    "a pair that is text": Bad(
        persons(),
        lambda d: pv.mse.loglinear(lists(d), pairs=("police", "shelter")),
        ValueError,
        r"pairs must be groups of different lists: found 'police'\. Write \[\('police', 'shelter'\)",
    ),
    "a model without an estimate": Bad(
        persons(),
        lambda d: pv.mse.loglinear(lists(d), pairs=[("police", "shelter")]),
        ValueError,
        "pairs must give a model with an estimate: with 1 terms .* Leave out a pair",
    ),
    "threshold of 2": Bad(
        persons(),
        lambda d: pv.mse.stepwise(lists(d), threshold=2),
        ValueError,
        r"threshold must lie between 0 and 1: found 2\. Use 0\.02",
    ),
    "replicates below zero": Bad(
        persons(),
        lambda d: pv.mse.stepwise(lists(d), replicates=-5),
        ValueError,
        "replicates must be a whole number of at least 2: found -5",
    ),
    "one replicate of lists": Bad(
        persons(), lambda d: lists(d).bootstrap(1), ValueError, "at least 2: found 1. Pass"
    ),
    "unknown word": Bad(
        persons(),
        lambda d: lists(d).describe(windw="2023"),
        TypeError,
        "describe takes .*: found 'windw'. Did you mean 'window'",
    ),
    "negative count": counted(
        np.array([3.0, -2, 1]),
        message=r"counts must be whole numbers of at least 0: 1 of 3 rows is not .*row 1, -2\)",
    ),
    "fractional count": counted(
        np.array([3.0, 2, 1.5]), message=r"counts must be whole numbers .*row 2, 1\.5\)\. Correct"
    ),
    "missing count": counted(np.array([3.0, np.nan, 1]), message=r"whole numbers .*row 1, nan"),
    "text count": counted(
        np.array(["3", "2", "1"]), kind=TypeError, message="counts must be numbers: .*holds text"
    ),
    "counts of zero": counted(np.zeros(3), message="lists must have cases: found zero"),
    "a count on no list": counted(
        np.array([3, 2]), ((1, 1), (0, 0)), message=r"must hold every row: 1 of 2 .*first: row 1"
    ),
    "a history of 2": counted(
        np.array([3, 2]), ((1, 1), (0, 2)), message=r"0 or 1 in 'list 2': 1 of 2 .*row 1, 2\)"
    ),
    "one history too many": counted(
        np.array([3, 2]), message=r"one row per count .* found shapes \(3, 2\) and \(2,\)"
    ),
    "one name too few": counted(
        np.array([3, 2, 1]), names=["a"], message=r"names must be one per list: found 1 for 2 lists"
    ),
    "a window without dates": Bad(
        captures(), captured(window=("2020", "2021")), ValueError, "window needs date=: found no"
    ),
    "a window without captures": Bad(
        captures(),
        captured(date="on", window=("2010", "2011")),
        ValueError,
        "window must hold captures: none of 4 lies between 2010 and 2011",
    ),
    "a window of one date": Bad(
        captures(),
        captured(date="on", window="2020"),
        ValueError,
        "window must be two dates, months or years: found '2020'. Write",
    ),
    "a window in another form": Bad(
        captures(),
        captured(date="on", window=("01/2020", "12/2021")),
        ValueError,
        r"window must be two dates, months or years: found \('01/2020', '12/2021'\)",
    ),
    "dates in another form": Bad(
        {**captures(), "on": np.array(["2020-01-01", "5/5/2021", "2020/12/31", "2022-02-02"])},
        captured(date="on", window=("2020-01", "2021-12")),
        ValueError,
        r"date must hold ISO dates, .*: 2 of 4 rows do not \(first: row 1, '5/5/2021'\)\. Write",
    ),
    "years for a window of months": Bad(
        {**captures(), "on": np.array([2020, 2021, 2020, 2022])},
        captured(date="on", window=("2020-01", "2021-12")),
        ValueError,
        r"as exact as the window: 4 of 4 rows do not \(first: row 0, '2020'\)",
    ),
    "a missing date": Bad(
        {**captures(), "on": np.array(["2020-01-01", None, "2020-12-31", "2022"], dtype=object)},
        captured(date="on", window=("2020", "2021")),
        ValueError,
        r"date must be complete: column 'on' is missing in 1 of 4 rows \(first: row 1\)",
    ),
    "captures of one list": Bad(
        {**captures(), "by": np.array(["police"] * 4)},
        captured(),
        ValueError,
        r"lists must be two or more columns of different names: found 1 \(police\)",
    ),
    "an unknown sender": Bad(
        captures(), captured(referred_by="Id"), KeyError, "referred_by must be a column of the data"
    ),
}


# ------------------------------------------------------------------ estimates
def shares() -> dict[str, Any]:
    return {"case": np.array([1, 0, 0, 0] * 6), "sex": np.array(["F", "M"] * 12)}


def share(data: Any, **how: Any) -> pv.Estimate:
    return pv.direct.prevalence(pv.Survey(data), "case", **how)


def both(data: Any) -> dict[str, Any]:
    return {"one": share(data), "two": share(data).describe(window="2022")}


ESTIMATES = {
    "limits that do not enclose": Bad(
        {},
        lambda _: pv.uncertain(0.6, 0.8, 0.4),
        ValueError,
        r"low and high must enclose value: found 0\.8, 0\.6, 0\.4\. Give the limits",
    ),
    "limits and a standard error": Bad(
        {},
        lambda _: pv.uncertain(5, 4, 6, std_error=1),
        ValueError,
        "std_error must be a number of at least 0, given without low and high",
    ),
    "negative standard error": Bad(
        {}, lambda _: pv.uncertain(5, std_error=-1), ValueError, "at least 0, .*found -1"
    ),
    "a share of 1.2": Bad(
        {},
        lambda _: pv.uncertain(1.2, 1, 1.4, kind="beta"),
        ValueError,
        "value must lie between 0 and 1 for kind='beta': found 1.2",
    ),
    "a share without uncertainty": Bad(
        {},
        lambda _: pv.uncertain(0.5, std_error=0, kind="beta"),
        ValueError,
        "std_error must be above 0 and below .* for kind='beta': found 0. Write a plain number",
    ),
    "a share with too little uncertainty": Bad(
        {},
        lambda _: pv.uncertain(0.5, 0.5 - 1e-9, 0.5 + 1e-9, kind="beta"),
        ValueError,
        "low and high must lie further apart for kind='beta'",
    ),
    "a factor of zero": Bad(
        {},
        lambda _: pv.uncertain(2, 0, 4, kind="lognormal"),
        ValueError,
        "low must be positive for kind='lognormal': found 0",
    ),
    "a known number as text": Bad(
        {},
        lambda _: pv.uncertain(cast(Any, "5"), 4, 6),
        TypeError,
        "value must be a number: found '5'",
    ),
    "level of an interval": Bad(
        shares(), lambda d: share(d).interval(95), ValueError, r"found 95\. Write 0\.95"
    ),
    "level of a table": Bad(
        shares(), lambda d: pv.compare({"a": share(d)}).to_frame(95), ValueError, r"Write 0\.95"
    ),
    "no estimate": Bad(
        shares(),
        lambda d: pv.compare({"a": share(d), "b": 0.2}),  # type: ignore[dict-item]  # on purpose
        TypeError,
        "estimates must be of type Estimate: 'b' is float. Pass what an estimator returned",
    ),
    "nothing to compare": Bad(
        {}, lambda _: pv.compare({}), ValueError, "estimates must map names .*: found none"
    ),
    "comparison of different estimands": Bad(
        shares(),
        lambda d: pv.compare(both(d)),
        ValueError,
        r"'one' and 'two' differ in window \(not given / 2022\)\. Convert one with \.bridge",
    ),
    "difference of different estimands": Bad(
        shares(),
        lambda d: both(d)["one"] - both(d)["two"],
        ValueError,
        r"must not be added or subtracted: they differ in window \(not given / 2022\)\. Convert",
    ),
    "a share less a count": Bad(
        shares(),
        lambda d: share(d) - share(d).count(1_000),
        ValueError,
        r"must be of one unit to be added or subtracted: found a count and a proportion\. Convert",
    ),
    "an estimate and text": Bad(
        shares(),
        lambda d: share(d) * "2",
        TypeError,
        "must be combined with numbers or estimates: found str. Convert",
    ),
    "an estimate and nothing": Bad(
        shares(), lambda d: share(d) + None, TypeError, "numbers or estimates: found NoneType"
    ),
    "unknown domain key": Bad(
        shares(),
        lambda d: share(d, by="sex")["Female"],
        KeyError,
        "domain must be one of the estimate's: 'Female' is not. There are: F, M, case",
    ),
    "several rows as one number": Bad(
        shares(),
        lambda d: float(share(d, by="sex")),
        TypeError,
        r"needs an estimate of one row: found 2\. Choose one",
    ),
    "count of a mean": Bad(
        shares(),
        lambda d: pv.direct.mean(pv.Survey(d), "case").count(100),
        ValueError,
        "count needs a proportion: this estimate is a mean. Use it as it is",
    ),
    **{
        f"population of {size}": Bad(
            shares(),
            lambda d, size=size: share(d).count(size),  # type: ignore[misc]  # one size per row
            ValueError,
            "population must be a positive number: found .* Give the number of people",
        )
        for size in (0, -5, float("nan"), float("inf"))
    },
    "a bridge without a reason": Bad(
        shares(),
        lambda d: share(d).bridge(2.0, reason=""),
        ValueError,
        "reason must say why the bridge holds: found an empty text. Write one sentence",
    ),
    "a bridge to an unknown part": Bad(
        shares(),
        lambda d: share(d).bridge(2.0, reason="So.", windw="2023"),
        TypeError,
        "found 'windw'. Did you mean 'window'",
    ),
    "unknown study": Bad(
        {},
        lambda _: pv.datasets.folder("jamaca"),
        KeyError,
        "study must be one of those that come with the library: 'jamaca' is not. Did you mean",
    ),
}
CASES = {**NETWORK, **LISTS, **ESTIMATES}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_its_reason(name: str) -> None:
    case = CASES[name]
    data = copy.deepcopy(case.data)
    with pytest.raises(case.kind, match=case.message) as caught:
        case.ask(data)
    assert type(caught.value) is case.kind
    assert list(data) == list(case.data)
    for column in case.data:
        np.testing.assert_array_equal(np.asarray(data[column]), np.asarray(case.data[column]))
    message = str(caught.value)
    assert "  " not in message
    assert not message.endswith(" ")


def test_the_good_rows_are_good() -> None:
    assert np.isfinite(network()(answers()).std_error).all()
    assert np.isfinite(pv.mse.loglinear(lists(persons())).std_error).all()
    assert captured(date="on", window=("2020", "2022"))(captures()).seen == 3
    assert len(pv.compare(both(shares()), side_by_side=True).to_frame()) == 2


@pytest.mark.filterwarnings("ignore:weights are zero in")
def test_the_remedies_in_the_messages_work() -> None:
    data = asked("nurses", 11, np.nan)
    found = network(missing="complete")(data)
    assert found.facts["n"][0] == 12
    assert network(missing="complete")(asked("hidden", 5, np.nan)).facts["missing"][0] == 1
    # A missing answer of a row without weight, or outside the domain, needs no remedy.
    outside = {**data, "w": np.where(np.arange(12) == 11, 0.0, data["w"])}
    assert np.isfinite(float(network()(outside)))
    assert np.isfinite(float(network(where="region == 'N'")(data)))
    with pytest.warns(pv.PrevalenceWarning, match="1 of 4 captures lie outside the window"):
        assert captured(date="on", window=("2020-01", "2021-12"))(captures()).seen == 2


# ------------------------------------------------------------------ files
def test_estimates_are_not_saved_to_a_folder(tmp_path: Path) -> None:
    with pytest.raises(
        IsADirectoryError, match=r"path must be a file: .* is a folder\. Name a file"
    ):
        share(shares()).save(tmp_path)
    with pytest.raises(IsADirectoryError, match=r"path must be a file: .* is a folder\. Name"):
        pv.load(tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_no_saved_estimate_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"written by Estimate\.save: 'table\.csv' is not"):
        pv.load(path)
    with pytest.raises(FileNotFoundError, match=r"file that exists: there is no 'tabel\.csv'"):
        pv.load(tmp_path / "tabel.csv")
    assert path.read_text(encoding="utf-8") == "a,b\n1,2\n"


def test_a_report_is_not_written_to_a_folder(tmp_path: Path) -> None:
    result = pv.compare({"survey": share(shares())})
    with pytest.raises(
        IsADirectoryError, match=r"path must be a file: .* is a folder\. Name a file"
    ):
        pv.report(result, path=tmp_path)
    assert not list(tmp_path.iterdir())
