"""What is known of the synthetic studies: truths in the order of domains, census margins."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import prevalence as pv

DATA = pv.datasets.folder("jamaica")


def test_true_values_stand_in_the_order_of_the_domains() -> None:
    table = pv.datasets.truth(DATA).set_index(["id", "form", "domain"])["value"]
    found = pv.datasets.true_values(DATA, "household_12m_prevalence", [("boy",), ("girl",)])
    assert found == [table["household_12m_prevalence", "any", x] for x in ("boy", "girl")]
    assert pv.datasets.true_values(DATA, "five_year_sexual_count") == [1200.0]  # one form alone
    sexual = pv.datasets.true_values(pv.datasets.truth(DATA), "household_12m_count", form="sexual")
    assert sexual == [table["household_12m_count", "sexual", "all"]]
    assert pv.datasets.true_values(DATA, "national_12m_count", [()]) == (
        pv.datasets.true_values(DATA, "national_12m_count")
    )


def test_what_has_no_true_value_is_named() -> None:
    with pytest.raises(KeyError, match="household_12m_count"):
        pv.datasets.true_values(DATA, "household_12m_counts")
    with pytest.raises(KeyError, match="of form 'debt' is none"):
        pv.datasets.true_values(DATA, "household_12m_count", form="debt")
    with pytest.raises(
        TypeError, match=r"name must be a text: found 12\. Write the id of an estimand"
    ):
        pv.datasets.true_values(DATA, 12)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"form must be a text: found \('debt',\)\. Write a form"):
        pv.datasets.true_values(DATA, "household_12m_count", form=("debt",))  # type: ignore[arg-type]
    with pytest.raises(KeyError, match=r"1 of 2 are not .*'Portlend'.*Portland"):
        pv.datasets.true_values(DATA, "household_12m_count", [("Hanover",), ("Portlend",)])


def test_margins_are_those_that_rake_takes() -> None:
    census = pv.datasets.margins(DATA, ("parish", "sex"), "age_group")
    table = pd.read_csv(DATA / "margins.csv")
    rows = table[(table["margin"] == "parish x sex") & table["population"].str.startswith("child")]
    assert list(census[("parish", "sex")].values()) == rows["count"].tolist()
    assert census == pv.datasets.margins(table, ("parish", "sex"), "age_group")
    assert sum(census["age_group"].values()) == sum(census[("parish", "sex")].values())
    children = pd.read_csv(DATA / "children.csv")
    assert pv.Survey(children).rake(census).final_weights.sum() == pytest.approx(
        sum(census["age_group"].values()),
        rel=1e-9,  # raking stops at this
    )
    with pytest.raises(KeyError, match="parish x age is none"):
        pv.datasets.margins(DATA, ("parish", "age"))


@pytest.mark.parametrize("name", pv.datasets.DATA)
def test_a_data_card_counts_the_rows_and_tells_the_truths_of_its_files(name: str) -> None:
    folder = pv.datasets.folder(name)
    card = (folder / "DATA_CARD.md").read_text(encoding="utf-8")
    files = re.findall(r"^\| `(\w+\.csv)` \| ([\d,]+) \|", card, re.MULTILINE)
    counted = {file: int(rows.replace(",", "")) for file, rows in files}
    assert counted == {file.name: len(pd.read_csv(file)) for file in Path(folder).glob("*.csv")}
    told = re.findall(r"^\|[^|]*\| ((?:`\w+`(?:, )?)+) \| ([^|]*) \|", card, re.MULTILINE)
    assert len(told) >= 7
    for names, values in told:
        for truth, text in zip(re.findall(r"\w+", names), values.split(", "), strict=True):
            (true,) = pv.datasets.true_values(folder, truth)
            shown = text.replace(",", "").removesuffix(" %")
            scale = 100 if text.endswith("%") else 1
            digits = len(shown.partition(".")[2])
            assert float(shown) == round(true * scale, digits), truth
