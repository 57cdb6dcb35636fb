"""An estimate goes into one file and comes back the same."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import prevalence as pv
from prevalence import storage

from .test_presentation import survey


def estimates() -> dict[str, pv.Estimate]:
    s = survey()
    share = pv.direct.prevalence(s, "trafficked", by="town")
    lists = pv.Lists.from_counts([[1, 0], [0, 1], [1, 1]], [60, 50, 20], ["police", "shelter"])
    return {
        "share": share,
        "count": share.count(pv.uncertain(5e5, std_error=1e4, name="population")),
        "mean": pv.direct.mean(s.jackknife(), "hours"),
        "bootstrap": pv.direct.mean(s.bootstrap(50, rng=1), ["hours", "w"]),
        "known": pv.uncertain(0.6, 0.4, 0.8, kind="beta", name="tau"),
        "mapped": np.log(pv.direct.mean(s, "hours") * 2.0 + 1.0),
        "lists": pv.mse.chapman(lists, between=("police", "shelter")),
    }


@pytest.mark.parametrize("name", list(estimates()))
def test_what_comes_back_is_the_same(name: str, tmp_path: Path) -> None:
    e = estimates()[name]
    again = pv.load(e.save(tmp_path / "e.estimate"))
    np.testing.assert_array_equal(again.value, e.value)
    np.testing.assert_array_equal(again.std_error, e.std_error)
    np.testing.assert_array_equal(again.df, e.df)
    np.testing.assert_array_equal(again.interval(0.9), e.interval(0.9))
    np.testing.assert_allclose(again.covariance, e.covariance, rtol=1e-13)
    pd.testing.assert_frame_equal(again.to_frame(), e.to_frame())
    assert again.explain() == e.explain()
    for field in (
        "labels",
        "label_names",
        "outcomes",
        "unit",
        "estimand",
        "method",
        "warnings",
        "assumptions",
        "citations",
        "provenance",
        "interval_rule",
    ):
        assert getattr(again, field) == getattr(e, field)


def test_a_loaded_estimate_still_has_its_covariance(tmp_path: Path) -> None:
    s = survey()
    one, two = pv.direct.mean(s, "hours"), pv.direct.prevalence(s, "trafficked")
    two = replace(two, estimand=None)
    again = pv.load(replace(one, estimand=None).save(tmp_path / "one"))
    live = replace(one, estimand=None) - two
    np.testing.assert_allclose((again - two).std_error, live.std_error, rtol=1e-12)
    assert float((again - replace(one, estimand=None)).std_error[0]) < 1e-12


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    e = estimates()["share"]
    assert e.save(tmp_path / "a").read_bytes() == e.save(tmp_path / "b").read_bytes()
    with zipfile.ZipFile(tmp_path / "a") as archive:
        assert archive.namelist() == ["estimate.json", "arrays.npz"]


def test_odd_facts_survive(tmp_path: Path) -> None:
    e = replace(
        estimates()["known"],
        provenance={"a": (1, 2.5), "b": [None, True], "c": float("inf"), "array": {"x": "é"}},
        facts={"words": np.array(["a"], dtype=object), "k": np.array(3.0)},
    )
    again = pv.load(e.save(tmp_path / "e"))
    assert again.provenance == e.provenance
    assert again.facts["words"].tolist() == ["a"]
    with pytest.raises(TypeError, match="must hold numbers, texts"):
        replace(e, provenance={"x": object()}).save(tmp_path / "f")
    assert not (tmp_path / "f").exists()


def test_refusals_when_saving(tmp_path: Path) -> None:
    e = estimates()["known"]
    path = e.save(tmp_path / "new" / "e")
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        e.save(path)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        e.save(tmp_path)
    with pytest.raises(NotADirectoryError, match="is a file"):
        e.save(path / "below")
    assert path.read_bytes() == before
    storage.save(e, path, overwrite=True)
    assert [p.name for p in path.parent.iterdir()] == ["e"]


def test_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        estimates()["known"].save(tmp_path / "e")
    assert list(tmp_path.iterdir()) == []


def rewritten(path: Path, **changes: object) -> Path:
    """Write an estimate's file anew with parts of its JSON changed."""
    with zipfile.ZipFile(path) as archive:
        content = json.loads(archive.read("estimate.json"))
        arrays = archive.read("arrays.npz")
    out = path.with_name("changed")
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("estimate.json", json.dumps(content | changes))
        archive.writestr("arrays.npz", arrays)
    return out


def test_refusals_when_loading(tmp_path: Path) -> None:
    path = estimates()["share"].save(tmp_path / "e")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        pv.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no 'x'"):
        pv.load(tmp_path / "x")
    with pytest.raises(ValueError, match="version 1: 'changed' has version 99"):
        pv.load(rewritten(path, version=99))
    for change in (
        {"format": "other"},
        {"interval_rule": "import os"},
        {"labels": 3},
        {"facts": {"array": "no"}},
    ):
        with pytest.raises(ValueError, match="is not, or is damaged"):
            pv.load(rewritten(path, **change))


def test_strange_files_have_one_message(tmp_path: Path) -> None:
    whole = estimates()["share"].save(tmp_path / "e").read_bytes()
    objects = io.BytesIO()
    np.savez(objects, value=np.array([print], dtype=object))
    pickled = io.BytesIO()
    with zipfile.ZipFile(pickled, "w") as archive:
        archive.writestr("estimate.json", json.dumps({"format": storage.FORMAT, "version": 1}))
        archive.writestr("arrays.npz", objects.getvalue())
    for content in (b"", b"text", whole[: len(whole) // 2], pickled.getvalue()):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(ValueError, match="is not, or is damaged"):
            pv.load(tmp_path / "bad")


def test_entries_carry_no_moment_and_are_read_by_everyone(tmp_path: Path) -> None:
    path = tmp_path / "one.npz"
    pv.uncertain(2.0, std_error=0.1, name="x").save(path)
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    assert [e.filename for e in entries] == ["estimate.json", "arrays.npz"]
    for entry in entries:
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert (entry.create_system, entry.external_attr >> 16) == (3, 0o644)
        assert entry.compress_type == zipfile.ZIP_DEFLATED


def test_a_file_that_unfolds_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pv.uncertain(2.0, std_error=0.1, name="x").save(tmp_path / "e")
    with zipfile.ZipFile(path) as archive:
        content, arrays = archive.read("estimate.json"), archive.read("arrays.npz")
    inside = io.BytesIO(arrays)
    with zipfile.ZipFile(inside, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.npy", bytes(100_000))
    grown = tmp_path / "grown"
    with zipfile.ZipFile(grown, "w") as archive:
        archive.writestr("estimate.json", content)
        archive.writestr("arrays.npz", inside.getvalue())
    for largest, refused in ((50_000, [grown]), (1_000, [path, grown])):
        monkeypatch.setattr(storage, "LARGEST", largest)
        for one in (path, grown):
            if one in refused:
                with pytest.raises(ValueError, match="is not, or is damaged"):
                    pv.load(one)
            else:
                assert pv.load(one).value == [2.0]


def test_values_of_every_kind_come_back_as_they_were() -> None:
    given = {
        "numbers": [1, 2.5, True, None, "é"],
        "tuples": ((1, (2,)), ()),
        "odd": [float("inf"), -float("inf")],
        "single": np.float32(1.5),
        "arrays": {"a": np.arange(3), "b": [np.array(["x"])]},
        "empty": {},
    }
    arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {}
    told = json.loads(json.dumps(storage.encode(given, "x", arrays), allow_nan=False))
    assert sorted(arrays) == ["x.arrays.a", "x.arrays.b.0"]
    again = storage.decode(told, arrays)
    for name in ("numbers", "tuples", "odd", "single", "empty"):
        assert again[name] == given[name]
    assert again["arrays"]["a"].tolist() == [0, 1, 2]
    assert again["arrays"]["b"][0].tolist() == ["x"]
    assert type(again["single"]) is float
    assert np.isnan(storage.decode(storage.encode(float("nan"), "x", {}), {}))
    with pytest.raises(KeyError, match="other"):
        storage.decode({"other": 1}, {})
    for wrong in ({1: 2}, {"a"}, np.array([1j]), 1j):
        with pytest.raises(TypeError, match=r"^x must hold numbers, texts, and lists or mappings"):
            storage.encode(wrong, "x", {})
