"""Simulated lists of a referral mechanism: traits that make visible, and the audit of records."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import prevalence as pv
from prevalence import datasets, reproduce
from prevalence.coverage import coverage

CAPTURE = {"a": 0.3, "b": 0.4}
NOTHING: tuple[dict[str, dict[str, float]] | None, ...] = (None, {})


def test_an_effect_is_on_the_odds_of_every_list() -> None:
    made = pv.simulate.lists(
        9_000, referral={}, capture=CAPTURE, effects={"age_band": {"15-17": 1.0}}, rng=4
    )
    listed = made.cases.groupby("age_band")[list(CAPTURE)].sum() / 3_000
    # Binomial standard errors of a share of 3,000 are at most .0091, and those of the number in a
    # band add .006: four of them are below .045.
    assert listed.loc["5-11"].to_numpy() == pytest.approx([0.3, 0.4], abs=0.045)
    assert listed.loc["15-17"].to_numpy() == pytest.approx([0.538, 0.644], abs=0.045)


def test_without_effects_the_same_seed_gives_the_same_lists() -> None:
    plain, none = (pv.simulate.lists(500, effects=e, rng=3) for e in NOTHING)
    pd.testing.assert_frame_equal(plain.captures, none.captures)


@pytest.mark.parametrize(
    ("effects", "words"),
    [
        ({"age": {"15-17": 1.0}}, "effects must name a trait and its labels: 1 of 'age'"),
        ({"sex": {"woman": 1.0}}, "first: 'woman'"),
    ],
)
def test_effects_name_a_trait_and_its_labels(
    effects: dict[str, dict[str, float]], words: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        pv.simulate.lists(100, effects=effects, rng=1)


def test_records_belong_to_the_captures_row_by_row() -> None:
    made = pv.simulate.lists(2_000, false_positives=0.3, missed_links=0.1, false_links=0.1, rng=1)
    keys = ["case_id", "list"]
    pd.testing.assert_frame_equal(made.records[keys], made.captures[keys])
    assert not made.records.isna().to_numpy().any()
    false = made.records[~made.records["true_case"]]
    assert set(false["list"]) >= {"registry"}
    assert (false["person"] >= made.truth).all()


def test_an_audit_of_right_links_finds_nothing() -> None:
    audit = pv.simulate.lists(2_000, rng=1).audit()
    assert all(cut == 0 < checked for cut, checked in audit["missed"].values())
    assert all(false == 0 < checked for false, checked in audit["joins"].values())


def test_an_audit_undoes_errors_of_linkage() -> None:
    made = pv.simulate.lists(
        4_000, referral={}, capture={"a": 0.3, "b": 0.3, "c": 0.3}, missed_links=0.1, rng=2
    )
    lists = pv.Lists.from_captures(made.captures, person="case_id", list="list")
    audited = pv.mse.linked(lists, draws=10, rng=1, **made.audit())
    assert float(pv.mse.loglinear(lists)) > 4_250
    assert float(audited) == pytest.approx(4_000, abs=3 * float(audited.std_error[0]))


def test_an_audit_keeps_to_the_records_that_are_used() -> None:
    made = pv.simulate.lists(6_000, false_positives=0.3, false_links=0.05, rng=1)
    everyone, cases = made.audit(), made.audit(made.records["true_case"])
    assert cases["missed"]["registry"][1] <= everyone["missed"]["registry"][1]
    assert cases["joins"] != everyone["joins"]


def test_a_list_whose_audited_records_were_all_cut_off_is_refused() -> None:
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [40, 30, 10], ["A", "B"])
    with pytest.raises(ValueError, match="of 3 records checked all were cut off"):
        pv.mse.linked(lists, missed={"A": (3, 3)}, rng=1)


@pytest.fixture
def small_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which a test writes the cells of a study without data."""
    source = tmp_path / "study.py"
    monkeypatch.setitem(datasets.STUDIES, "study", datasets.Study("A study"))
    monkeypatch.setattr(datasets, "source", lambda _: source)
    return source


def test_coverage_tells_what_misleads_from_what_claims_to_hold(small_study: Path) -> None:
    small_study.write_text(
        """# %% Parameters {"tags": ["parameters"]}
seed = 1

# %% Lists
import prevalence as pv
made = pv.simulate.lists(1_200, rng=seed)
lists = pv.Lists.from_captures(
    made.captures, person="case_id", list="list", referred_by="referred_by"
)
checked = pv.compare({"declared": pv.mse.loglinear(lists, pairs=lists.referral_pairs())},
                     truth={"declared": [1_200]})
misled = pv.compare({"ignored": pv.mse.loglinear(lists)}, truth={"ignored": [1_200]})
"""
    )
    table = coverage("study", range(1, 5), n_jobs=1).set_index("estimate")
    assert table["claims"].to_dict() == {"declared": True, "ignored": False}
    assert table.loc["ignored", "coverage"] == 0
    assert (table["5 %"] < table["median"]).all()
    assert (table["median"] < table["95 %"]).all()


def test_a_filter_of_warnings_holds_in_the_cells_after_it(small_study: Path) -> None:
    said = "warnings.warn('thin', pv.PrevalenceWarning)"
    silent = "warnings.simplefilter('ignore', pv.PrevalenceWarning)"
    cells = ["import warnings\nimport prevalence as pv", said, said, silent, said]
    small_study.write_text("".join(f"# %% A\n{cell}\n" for cell in cells))
    told = [len(cell.warned) for cell in reproduce.run("study").said]
    assert told == [0, 1, 1, 0, 0]
