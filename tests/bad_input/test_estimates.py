"""Comparing, bridging and saving estimates: what is refused, with the text of the message."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

import prevalence as pv
from tests.bad_input.cases import Bad, refused

Array = NDArray[Any]


def shares() -> dict[str, Any]:
    return {"case": np.array([1, 0, 0, 0] * 6), "sex": np.array(["F", "M"] * 12)}


def share(data: Any, **how: Any) -> pv.Estimate:
    return pv.direct.prevalence(pv.Survey(data), "case", **how)


def both(data: Any) -> dict[str, Any]:
    return {"one": share(data), "two": share(data).describe(window="2022")}


CASES = {
    "limits that do not enclose": Bad(
        {},
        lambda _: pv.uncertain(0.6, 0.8, 0.4),
        ValueError,
        r"low and high must enclose value: found 0\.8, 0\.6, 0\.4\. Give the limits",
    ),
    "an infinite number": Bad(
        {},
        lambda _: pv.uncertain(float("inf"), std_error=1),
        ValueError,
        "value, low and high must be finite: found inf, None, None",
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
    "a share of none": Bad(
        {},
        lambda _: pv.uncertain(0, std_error=0.1, kind="beta"),
        ValueError,
        "value must lie between 0 and 1 for kind='beta': found 0. Choose another kind",
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
        "name must be a synthetic country that comes with the library: 'jamaca' is not. Did you mean",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused(name: str) -> None:
    refused(CASES[name])


def test_the_good_rows_are_good() -> None:
    assert len(pv.compare(both(shares()), side_by_side=True).to_frame()) == 2


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
