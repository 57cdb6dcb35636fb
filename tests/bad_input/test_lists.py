"""Lists and what is estimated from them: what is refused, with the text of the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.bad_input.cases import Bad, refused

Array = NDArray[Any]


def persons() -> dict[str, Any]:
    return {"police": np.array([1, 1, 0, 0, 1]), "shelter": np.array([0, 1, 1, 1, 0])}


def with_value(row: int, value: Any) -> dict[str, Any]:
    column = persons()["shelter"].astype(object if isinstance(value, str) else float)
    column[row] = value
    return {**persons(), "shelter": column}


def lists(data: Any) -> pv.Lists:
    return pv.Lists(data, ["police", "shelter"])


def made(data: Any, names: Any, **how: Any) -> pv.Lists:
    return pv.Lists(data, names, **how)


def verb(word: str, /, *given: Any, **how: Any) -> Callable[[Any], Any]:
    return lambda data: getattr(lists(data), word)(*given, **how)


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
CASES = {
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
    "histories of unequal length": Bad(
        ([[1, 0], [0, 1, 1], [1]], [3, 2, 1]),
        lambda d: pv.Lists.from_counts(*d),
        ValueError,
        r"histories must be of equal length: 2 of 3 rows are not as long as the first, 2 \(first: "
        r"row 1, 3\)\. Give one 0 or 1 per list",
    ),
    "names that are a number": counted(
        np.array([3, 2, 1]), names=3, kind=TypeError, message="names must be a list: found 3. Name"
    ),
    "lists that are a number": Bad(
        persons(), lambda d: made(d, 3), TypeError, "names must be a list: found 3. Write"
    ),
    "senders that are a word": Bad(
        persons(),
        lambda d: made(d, ["police", "shelter"], referred_by="police"),
        TypeError,
        "referred_by must be a mapping: found 'police'. Write",
    ),
    "a window that is a number": Bad(
        captures(),
        captured(date="on", window=2020),
        ValueError,
        "window must be two dates, months or years: found 2020",
    ),
    "a merged list named by a number": Bad(
        persons(),
        verb("merge", ["police", "shelter"], name=3),
        TypeError,
        "name must be a text: found 3. Write name='justice'",
    ),
    "merged lists that are a number": Bad(
        persons(),
        verb("merge", 3, name="any"),
        TypeError,
        "names must be a list: found 3. Write",
    ),
    "a stratum that is a number": Bad(
        persons(), verb("in_stratum", 3), KeyError, "must be those of a stratum: '3' is"
    ),
    "shares of reports in a list": Bad(
        persons(),
        verb("declare", reports=["police"]),
        TypeError,
        r"reports must be a mapping: found \['police'\]. Write",
    ),
    "absent lists without a stratum": Bad(
        persons(),
        verb("declare", absent="police"),
        TypeError,
        "absent must be a mapping: found 'police'. Write",
    ),
    "a referral that is a number": Bad(
        persons(),
        verb("declare", referral=[3]),
        ValueError,
        "referral must be pairs of a sending and a receiving list: found 3. Write",
    ),
    "an unknown sender": Bad(
        captures(), captured(referred_by="Id"), KeyError, "referred_by must be a column of the data"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused(name: str) -> None:
    refused(CASES[name])


def test_the_good_rows_are_good() -> None:
    assert np.isfinite(pv.mse.loglinear(lists(persons())).std_error).all()
    assert captured(date="on", window=("2020", "2022"))(captures()).seen == 3


def test_the_remedy_of_captures_outside_the_window_works() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="1 of 4 captures lie outside the window"):
        assert captured(date="on", window=("2020-01", "2021-12"))(captures()).seen == 2


def test_repeated_histories_are_added_up_and_told() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="1 of 4 rows repeat a history: their counts are"):
        found = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1], [1, 0]], [4, 3, 2, 5])
    assert found.sizes == {"list 1": 11, "list 2": 5}
    assert any("repeat a history" in text for text in pv.mse.loglinear(found).warnings)


def test_strata_of_captures_may_be_categories_or_of_mixed_kinds() -> None:
    data = pd.DataFrame(captures()).assign(sex=pd.Categorical(["girl", "girl", "boy", "girl"]))
    found = pv.Lists.from_captures(data, person="id", list="by", strata="sex")
    assert found.in_stratum("girl").seen == 2
    data["sex"] = pd.Categorical(["girl", "boy", "boy", "girl"])
    with pytest.warns(
        pv.PrevalenceWarning, match="1 of 3 persons have more than one value of 'sex'"
    ):
        pv.Lists.from_captures(data, person="id", list="by", strata="sex")


def test_a_stratum_is_that_of_its_labels_in_their_order() -> None:
    rows = {"police": [1, 1, 0], "home": [0, 1, 1], "own": ["yes", "no", "no"]}
    rows |= {"kin": ["no", "yes", "yes"]}
    found = pv.Lists(rows, ["police", "home"], strata=["own", "kin"])
    assert found.in_stratum("yes", "no").seen == 1
    assert found.in_stratum("no", "yes").seen == 2
    assert found.in_stratum("yes").seen == 3
