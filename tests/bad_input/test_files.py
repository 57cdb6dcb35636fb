"""Bad files of Stata, SPSS and case data, and imputations that cannot be combined."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

import prevalence as pv
from tests.bad_input.cases import Bad, refused, rows, survey
from tests.test_htcds import cases


def file(name: str, content: bytes, ask: Callable[[Path], Any]) -> Callable[[Any], Any]:
    """Ask for a file with some content."""

    def run(_: Any) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(content)
            return ask(path)

    return run


def written(kind: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        frame = pd.DataFrame({"work": [1.0, 2.0, 1.0], "name": ["a", "b", "c"]})
        if kind == "dta":
            frame.to_stata(path, write_index=False)
        else:
            pyreadstat.write_sav(frame, str(path))
        return path.read_bytes()


STATA, SPSS = written("dta"), written("sav")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


def htcds(**how: Any) -> Callable[[Any], Any]:
    return lambda data: pv.read_htcds(data, **{"person": "key", "lists": "org", **how})


FILES = {
    "no file": Bad(
        {}, lambda _: pv.read_stata("none.dta"), FileNotFoundError, "there is no 'none.dta'"
    ),
    "a folder": Bad(
        {}, lambda _: pv.read_spss("."), IsADirectoryError, "is a folder. Name the file"
    ),
    "a number": Bad({}, lambda _: pv.read_stata(3), TypeError, "name of a file: found int"),  # type: ignore[arg-type]  # what is refused
    "SPSS for Stata": Bad(
        {},
        file("x.dta", SPSS, pv.read_stata),
        ValueError,
        r"must be a Stata file: 'x.dta' is an SPSS file. Read it with pv.read_spss\.",
    ),
    "Stata for SPSS": Bad(
        {},
        file("x.sav", STATA, pv.read_spss),
        ValueError,
        r"must be an SPSS file: 'x.sav' is a Stata file. Read it with pv.read_stata\.",
    ),
    "an encrypted workbook": Bad(
        {}, file("x.dta", OLE, pv.read_stata), ValueError, "or an encrypted one. Take off"
    ),
    "an encrypted SPSS file": Bad(
        {},
        file("x.sav", b"\x1c\0\0\0\0\0\0\0ENCRYPTEDSAV" + b"\0" * 600, pv.read_spss),
        ValueError,
        "is an encrypted SPSS file. Save it without a password",
    ),
    "an empty file": Bad({}, file("x.dta", b"", pv.read_stata), ValueError, "'x.dta' is empty"),
    "a text": Bad({}, file("x.sav", b"a,b\n1,2\n", pv.read_spss), ValueError, "is of another kind"),
    "half of a Stata file": Bad(
        {},
        file("x.dta", STATA[: len(STATA) // 2], pv.read_stata),
        ValueError,
        "must be a Stata file that can be read: 'x.dta' is cut off or damaged",
    ),
    "half of an SPSS file": Bad(
        {},
        file("x.sav", SPSS[: len(SPSS) // 2], pv.read_spss),
        ValueError,
        "must be an SPSS file that can be read: 'x.sav' is cut off or damaged",
    ),
    "codes of no column": Bad(
        {},
        file("x.dta", STATA, lambda p: pv.read_stata(p, missing_codes={"wrok": {9: "refused"}})),
        KeyError,
        "missing_codes must name columns of the file: 'wrok' is not. Did you mean 'work'?",
    ),
    "one code": Bad(
        {},
        file("x.dta", STATA, lambda p: pv.read_stata(p, missing_codes=9)),
        TypeError,
        "must be codes with their reasons: found 9. Write",
    ),
    "a list for a code": Bad(
        {},
        file("x.dta", STATA, lambda p: pv.read_stata(p, missing_codes=[98, [99]])),
        TypeError,
        r"^missing_codes must be codes: found \[99\] among them\. Write for example \[98, 99\]",
    ),
    "an unknown encoding": Bad(
        {},
        file("x.sav", SPSS, lambda p: pv.read_spss(p, encoding="klingon")),
        ValueError,
        "encoding must be one that is known: found 'klingon'",
    ),
}
CASES = {
    "a case without an organisation": Bad(
        cases(org=["Police", "", "Police", "", "Shelter", "Police", "Police"]),
        htcds(),
        ValueError,
        r"lists must be known for every case: 2 of 7 rows are blank \(first: row 1\)\. Name the",
    ),
    "a case without a person": Bad(
        cases(key=["a", None, "b", "c", "d", "e", "f"]),
        htcds(),
        ValueError,
        r"person must be known for every case: 1 of 7 rows are blank \(first: row 1\)",
    ),
    "no fields of the standard": Bad(
        {"key": ["a", "b"], "org": ["x", "y"]},
        htcds(),
        KeyError,
        r"must have fields of the standard, such as Gender .* none among 2 columns",
    ),
    "no column of persons": Bad(
        cases(), htcds(person="kye"), KeyError, "person must be a column .* 'kye' is not"
    ),
    "no column of lists": Bad(
        cases(),
        htcds(lists=None),
        ValueError,
        "lists must name the column with the organisation .* found none. Name it, or pass",
    ),
    "a field that is none": Bad(
        cases(), htcds(columns={"Sex": "org"}), KeyError, "fields of the standard: 'Sex' is not one"
    ),
    "dates of another form": Bad(
        cases(cas_IncomingReferralDate=["", "02/03/2022", "", "soon", "", "", ""]),
        htcds(),
        ValueError,
        r"IncomingReferralDate must hold dates such as 2023-12-31: 2 of 7 rows cannot be read "
        r"\(first: row 1, of the form '99/99/9999'\)\. Write them so",
    ),
    "a day that does not exist": Bad(
        cases(prs_Birthdate=["2023-02-30"] + [""] * 6),
        htcds(),
        ValueError,
        r"Birthdate must hold dates .* 1 of 7 rows cannot be read \(first: row 0",
    ),
    "no date in a window": Bad(
        cases(vic_TraffickingStatus=[""] * 7),
        htcds(window=("2022-01", "2022-12")),
        ValueError,
        r"needs the date of every case: 4 of 7 have none \(first: row 0\)\. Name a column",
    ),
    "a window without cases": Bad(
        cases(vic_TraffickingStatus=[""] * 7, opened=["2020-01-01"] * 7),
        htcds(date="opened", window=("2022-01", "2022-12")),
        ValueError,
        "window must hold captures: none of 7",
    ),
    "a box neither ticked nor not": Bad(
        cases(vic_MethodsOfControlThreats=["yes", "perhaps", "", "", "", "", ""]),
        htcds(),
        ValueError,
        r"MethodsOfControlThreats must be yes or no: 1 of 7 rows are neither \(first: row 1",
    ),
    "an unknown covariate": Bad(
        cases(vic_TraffickingStatus=[""] * 7),
        htcds(covariates="height"),
        KeyError,
        "'height' is not. There are: sex, age_group, form, MethodsOfControl",
    ),
    "one organisation": Bad(
        cases(org=["Police"] * 7, vic_TraffickingStatus=[""] * 7),
        htcds(covariates="sex"),
        ValueError,
        "lists must be two or more columns",
    ),
    "ages that fall": Bad(
        cases(), htcds(age_groups=(5, 0)), ValueError, "must be rising whole years"
    ),
    "rows of several lengths": Bad(
        {},
        file("x.csv", b"key,org,Gender\na,b,F\na,b,F,M\n", htcds()),
        ValueError,
        r"as many cells in a row as in its header: 1 of 2 rows of 'x' have more \(first: row 1\)",
    ),
    "a Stata file for a table": Bad(
        {}, file("x.csv", STATA, htcds()), ValueError, "'x.csv' is a Stata file"
    ),
    "a zip that is no workbook": Bad(
        {},
        file("x.xlsx", b"PK\x03\x04" + b"\0" * 99, htcds()),
        ValueError,
        "a readable XLSX, CSV or zip of CSV: 'x.xlsx' is none",
    ),
    "two columns of one name": Bad(
        {},
        file("x.csv", b"key,org,org\na,b,c\n", htcds()),
        ValueError,
        "columns of different names: 'org' stands 2 times in 'x.csv'",
    ),
}


def share(data: Any, **how: Any) -> pv.Estimate:
    return pv.direct.mean(survey(data), "case", **how)


IMPUTED = {
    "one imputation": Bad(
        rows(),
        lambda d: pv.combine_imputations([share(d)]),
        ValueError,
        "must be two or more, one per imputation: found 1. The variance",
    ),
    "an estimate alone": Bad(
        rows(),
        lambda d: pv.combine_imputations(share(d, by="sex")),  # type: ignore[arg-type]  # what is refused
        TypeError,
        "must be a list: found one Estimate of 2 rows. Give one estimate per imputation",
    ),
    "numbers": Bad(
        rows(),
        lambda d: pv.combine_imputations([share(d), 0.2]),  # type: ignore[list-item]  # what is refused
        TypeError,
        "must be of type Estimate: number 1 is float. Pass",
    ),
    "other rows": Bad(
        rows(),
        lambda d: pv.combine_imputations([share(d, by="sex"), share(d)]),
        ValueError,
        "must have the same rows: number 1 has 1 that are not those of the first, 2. Use",
    ),
    "other quantities": Bad(
        rows(),
        lambda d: pv.combine_imputations([share(d), share(d).describe(window="2022")]),
        ValueError,
        r"of one quantity: the first and number 1 differ in window \(not given / 2022\)",
    ),
    "other replicates": Bad(
        rows(),
        lambda d: pv.combine_imputations(
            [pv.direct.mean(survey(d).bootstrap(20, rng=k), "age") for k in range(3)]
        ),
        ValueError,
        "must have the same kind of variance to be combined",
    ),
    "degrees of freedom of nobody": Bad(
        rows(),
        lambda d: pv.combine_imputations([share(d)] * 3, "student"),
        ValueError,
        "df must be one of barnard-rubin, rubin: found 'student'",
    ),
}


@pytest.mark.filterwarnings("ignore:1 of 7 cases were found to be no victims")
@pytest.mark.parametrize("name", [*FILES, *CASES, *IMPUTED])
def test_bad_files_and_imputations_are_named(name: str) -> None:
    refused({**FILES, **CASES, **IMPUTED}[name])


def test_a_package_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "x.sav"
    path.write_bytes(SPSS)
    real = importlib.import_module

    def absent(name: str, package: str | None = None) -> Any:
        if name == "pyreadstat":
            raise ModuleNotFoundError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(
        ImportError, match=r"read_spss needs the package pyreadstat: .* \"prevalence\[io\]\""
    ):
        pv.read_spss(path)
