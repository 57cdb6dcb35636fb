"""Case data by the HTCDS: lists, who referred whom, what is known of persons, and what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence.readers.htcds_fields import CONTROLS

QUIET = pytest.mark.filterwarnings(r"ignore:[\d,]+ of [\d,]+ cases (have no date|lie|were|are not)")


def cases(**other: Any) -> dict[str, Any]:
    """Seven cases of six persons in two organisations, by the standard's names."""
    return {
        "key": ["a", "a", "b", "c", "d", "e", "f"],
        "org": ["Police", "Shelter", "Police", "Shelter", "Shelter", "Police", "Police"],
        "prs_Gender": ["Feminine", "", "Masculine", "Unknown", "Feminine", "", "Feminine"],
        "prs_Birthdate": ["2010-05-01", "", "2015-01-31", "2008-07-07", "", "2012-12-12", ""],
        "vic_TypeOfExploitation": [
            "ForcedLabour",
            "SexualExploitation; Forced labour",
            "Forced labour",
            "ForcedBegging Servitude",
            "Other",
            "",
            "ForcedLabour",
        ],
        "vic_MethodsOfControl": [
            "DebtBondage;Threats",
            "",
            "Threats",
            "",
            "Physical abuse",
            "",
            "",
        ],
        "vic_TraffickingStatus": ["ActualVictimOfTrafficking"] * 5
        + ["Not a victim of trafficking", ""],
        "cas_ReferringOrganisation": ["", "police", "", "", "Embassy", "", ""],
        "cas_IncomingReferralDate": ["", "2022-03-02", "", "2022-05-09", "2021-12-31", "", ""],
        **other,
    }


def read(data: Any, **how: Any) -> pv.Lists:
    return pv.read_htcds(data, **{"person": "key", "lists": "org", **how})


def test_the_standard_has_seventeen_methods_of_control() -> None:
    assert len(set(CONTROLS)) == 17


def test_cases_become_lists_with_senders_and_what_is_known() -> None:
    with pytest.warns(pv.PrevalenceWarning, match="1 of 7 cases were found to be no victims"):
        found = read(cases())
    assert found.sizes == {"Police": 3, "Shelter": 3}
    assert (found.seen, found.overlap) == (5, 1)
    # the list is spelled otherwise by the sender; an embassy is no list
    assert found.referrals == (("Embassy", "Shelter", 1), ("Police", "Shelter", 1))
    kinds = found.patterns
    assert kinds.senders[:, 1].sum() == 1  # police, bit 0, once
    assert kinds.unknown.sum() == 1  # a date of referral and no sender
    known = kinds.covariates
    assert sorted(x for x in known["form"]) == [
        "ForcedBegging; Servitude",
        "ForcedLabour",
        "ForcedLabour",
        "ForcedLabour; SexualExploitation",
        "Other",
    ]
    assert np.nansum(known["MethodsOfControlThreats"]) == 2
    assert np.isnan(known["MethodsOfControlThreats"]).sum() == 2  # nothing is told of them
    assert sorted(map(str, known["age_group"])) == ["12-14", "5-11", "None", "None", "None"]
    assert any("do not have: Citizenship" in note for note in found.notes)


@QUIET
def test_a_window_needs_dates_that_own_cases_have_too() -> None:
    opened = [
        "2022-01-05",
        "2022-03-02",
        "2021-11-11",
        "2022-05-09",
        "2022-12-31",
        "2022-02-02",
        "",
    ]
    data = cases(opened=opened)
    found = read(data, window=("2022-01", "2022-12"), date="opened", undated="drop")
    assert found.window == ("2022-01", "2022-12")
    assert found.sizes == {"Police": 1, "Shelter": 3}
    assert "1 of 6 cases lie outside the window: left out." in found.notes
    assert "1 of 6 cases have no date: left out." in found.notes
    kept = read(data, window=("2022-01", "2022-12"), date="opened", undated="keep")
    assert kept.sizes == {"Police": 2, "Shelter": 3}


@QUIET
@pytest.mark.parametrize("window", [("2022-01", "2022-13"), ("2022-01-00", "2022-02-32")])
def test_a_window_of_no_month_or_day_is_refused(window: tuple[str, str]) -> None:
    opened = ["2022-01-05"] * 7
    with pytest.raises(ValueError, match="window must be two dates, months or years: found"):
        read(cases(opened=opened), window=window, date="opened")


@QUIET
def test_fields_are_found_under_the_prefix_of_any_table() -> None:
    data = cases()
    data["exp_TypeOfExploitation"] = data.pop("vic_TypeOfExploitation")
    data["cas_TraffickingStatus"] = data.pop("vic_TraffickingStatus")
    data["Trafficked_Status"] = ["no field"] * 7  # a longer word is no prefix
    assert read(data).patterns.covariates.keys() == read(cases()).patterns.covariates.keys()
    assert read(data).sizes == read(cases()).sizes


@QUIET
def test_one_export_per_organisation_and_other_names() -> None:
    police = {"id": ["a", "b"], "sexe": ["F", "M"], "cas_ReferringOrganisation": ["", ""]}
    shelter = pd.DataFrame(
        {"id": ["a", "c"], "sexe": ["F", "M"], "ReferringOrganisation": ["Police", ""]}
    )
    found = pv.read_htcds(
        {"Police": police, "Shelter": shelter},
        person="id",
        columns={"Gender": "sexe"},
        strata="sex",
    )
    assert found.sizes == {"Police": 2, "Shelter": 2}
    assert found.strata == (("F",), ("M",))
    assert found.referrals == (("Police", "Shelter", 1),)


@QUIET
@pytest.mark.parametrize("kind", ["csv", "semicolons", "xlsx", "labels"])
def test_files_are_read_as_frames_are(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame(cases())
    path = tmp_path / ("cases.csv" if kind in ("csv", "semicolons") else "cases.xlsx")
    if kind == "csv":
        frame.to_csv(path, index=False, encoding="utf-8-sig")
    elif kind == "semicolons":
        frame.to_csv(path, index=False, sep=";", encoding="cp1252")
    else:
        if kind == "labels":  # the standard's workbooks hide the names above a row of labels
            labels = {
                str(name): str(name).removeprefix("prs_").removeprefix("vic_") for name in frame
            }
            frame = pd.concat([pd.DataFrame([labels]), frame], ignore_index=True)
        for name in ("prs_Birthdate", "cas_IncomingReferralDate"):
            real = pd.to_datetime(frame[name], errors="coerce", format="%Y-%m-%d")
            frame[name] = [
                d.to_pydatetime() if pd.notna(d) else frame[name][i] for i, d in enumerate(real)
            ]
        frame.to_excel(path, index=False)
    one, two = read(path), read(cases())
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    assert one.referrals == two.referrals
    assert sorted(map(str, one.patterns.covariates["age_group"])) == sorted(
        map(str, two.patterns.covariates["age_group"])
    )


@QUIET
def test_decided_victims_alone() -> None:
    assert read(cases(), victims="actual").sizes == {"Police": 2, "Shelter": 3}


@QUIET
def test_boxes_of_control_and_words_of_it_are_united_by_person() -> None:
    data = cases(vic_MethodsOfControlThreats=[False, True, "", "no", "1", "", ""])
    known = read(data).patterns.covariates["MethodsOfControlThreats"]
    assert np.nansum(known) == 3
    assert (known == 0).sum() == 1


@QUIET
def test_other_patterns_of_dates() -> None:
    data = cases(
        cas_IncomingReferralDate=["", "02/03/2022", "", "09/05/2022", "31/12/2021", "", ""]
    )
    del data["prs_Birthdate"]
    found = read(data, dates="%d/%m/%Y", window=("2022", "2022"), undated="keep")
    assert found.sizes == {"Police": 3, "Shelter": 2}


def test_rows_with_fewer_cells_are_filled_with_blanks_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text("key,org,Gender\na,Police,F\na,Shelter\nb,Police,M\n", encoding="utf-8")
    with pytest.warns(pv.PrevalenceWarning) as said:
        found = read(path)
    assert found.sizes == {"Police": 2, "Shelter": 1}
    assert "1 of 3 rows of 'cases' have fewer cells than the header (first: row 1)" in str(
        said[0].message
    )
