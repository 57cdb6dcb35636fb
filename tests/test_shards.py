"""Shards: the parts of a piece of work in files, and what they are put together to."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.parallel import run


def study(seed: int, size: int = 40) -> dict[str, Any]:
    """Return what a simulated study may return: numbers of all kinds, texts, arrays, nothing."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=size)
    return {
        "estimate": float(y.mean()),
        "draws": y,
        "single": y.astype(np.float32),
        "names": np.array(["a", "bc"]),
        "interval": (float(y.min()), float("inf"), float("nan")),
        "held": bool(y.mean() > 0),
        "flags": [None, "none", seed],
    }


def bits(value: Any) -> Any:
    """Return a value in a form that is equal for equal bits alone."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: bits(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(bits(part) for part in value)
    return np.float64(value).tobytes() if isinstance(value, float) else value


@pytest.mark.parametrize("of", [1, 2, 3, 12])
def test_shards_in_files_give_the_bits_of_one_run(of: int, tmp_path: Path) -> None:
    paths = [tmp_path / f"{k}.shard" for k in range(of)]
    for k in reversed(range(of)):
        made = pv.run_shard(study, range(10), k, of=of, path=paths[k])
        assert repr(made) == f"<Shard {k} of {of}: {len(made.results)} of 10 results>"
    whole = run(study, range(10))
    assert bits(pv.combine(paths)) == bits(whole) == bits([study(k) for k in range(10)])


def test_a_shard_may_use_workers_of_its_own() -> None:
    def local(seed: int) -> float:
        return float(np.random.default_rng(seed).normal())

    shards = [pv.run_shard(local, range(5), k, of=2, n_jobs=2) for k in range(2)]
    assert pv.combine(shards) == [local(k) for k in range(5)]


def test_one_file_has_the_same_bytes_every_time(tmp_path: Path) -> None:
    one, two = (pv.run_shard(study, range(4), 1, of=2, path=tmp_path / n) for n in "ab")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert one.work == two.work


def test_missing_double_and_foreign_shards_are_refused() -> None:
    shards = [pv.run_shard(study, range(6), k, of=3) for k in range(3)]
    with pytest.raises(ValueError, match=r"1 of 3 are missing \(first: shard 1\)"):
        pv.combine([shards[0], shards[2]])
    with pytest.raises(ValueError, match="shard 2 comes 2 times"):
        pv.combine([*shards, shards[2]])
    for other in (
        pv.run_shard(study, range(7), 1, of=3),
        pv.run_shard(study, range(1, 7), 1, of=3),
        pv.run_shard(partial(study, size=41), range(6), 1, of=3),
        pv.run_shard(str, range(6), 1, of=3),
        pv.run_shard(study, range(6), 1, of=2),
    ):
        with pytest.raises(ValueError, match="must be of one piece of work: shard 1 is of"):
            pv.combine([shards[0], other, shards[2]])
    with pytest.raises(ValueError, match="list of shards or files"):
        pv.combine([])
    with pytest.raises(TypeError, match="shards must be shards or paths"):
        pv.combine([3])  # type: ignore[list-item]


def test_what_a_partial_function_fixes_belongs_to_the_work() -> None:
    one, two, other = (
        pv.run_shard(partial(study, size=size), range(4), k, of=2)
        for k, size in ((0, 5), (1, 5), (1, 6))
    )
    whole = run(partial(study, size=5), range(4))
    assert bits(pv.combine([one, two])) == bits(whole)
    assert one.work.startswith("study ")
    with pytest.raises(ValueError, match="must be of one piece of work"):
        pv.combine([one, other])


def test_arrays_among_the_items_tell_work_apart() -> None:
    seeds = [np.array([1, 2]), np.array([3, 4])]
    one = pv.run_shard(np.sum, seeds, 0, of=2)
    two = pv.run_shard(np.sum, [seeds[0], np.array([3, 5])], 1, of=2)
    with pytest.raises(ValueError, match="one piece of work"):
        pv.combine([one, two])
    assert pv.combine([one, pv.run_shard(np.sum, seeds, 1, of=2)]) == [3, 7]


def test_bytes_that_mean_other_numbers_are_other_work() -> None:
    four = np.array([1, 0, 2, 0], dtype=np.int32)
    every = [four, four.view(np.int64), four.reshape(2, 2), four.view(np.uint32)]
    works = {pv.run_shard(bits, [one], 0, of=1).work for one in every}
    assert len(works) == len(every)
    assert {len(work.rsplit(" ", 1)[1]) for work in works} == {16}
    lists = {pv.run_shard(len, [given], 0, of=1).work for given in ([0, 1], (0, 1), [0.0, 1.0])}
    assert len(lists) == 3
    assert (
        pv.run_shard(len, [range(2)], 0, of=1).work in lists
    )  # a range is the list of its numbers


def test_a_shard_says_what_it_holds_and_fits_its_file(tmp_path: Path) -> None:
    made = pv.run_shard(abs, range(-2_000, 0), 1, of=2, path=tmp_path / "a")
    assert repr(made) == "<Shard 1 of 2: 1,000 of 2,000 results>"
    short = dataclasses.replace(made, results=made.results[:-1])
    path = short.save(tmp_path / "b")
    with pytest.raises(ValueError, match=r"'b' is not, or is damaged .* Run that shard again"):
        pv.combine([path, pv.run_shard(abs, range(-2_000, 0), 0, of=2)])


def test_other_versions_are_said() -> None:
    one, two = (pv.run_shard(abs, [1, 2], k, of=2) for k in range(2))
    old = dataclasses.replace(two, versions="prevalence 0.0.9, NumPy 2.0.0")
    with pytest.warns(pv.PrevalenceWarning, match=r"2 sets of versions \(.*NumPy 2.0.0"):
        assert pv.combine([one, old]) == [1, 2]


@pytest.mark.parametrize(
    ("shard", "of", "words"),
    [(2, 2, "from 0 to 1 of 2: found 2"), (-1, 2, "at least 0"), (0, 0, "of must be a whole")],
)
def test_a_shard_that_there_is_not(shard: int, of: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pv.run_shard(abs, [1], shard, of=of)


def test_what_cannot_be_written_without_pickle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="must hold numbers, texts"):
        pv.run_shard(repr, [object()], 0, of=1)
    with pytest.raises(TypeError, match="an array of object"):
        pv.run_shard(lambda _: np.array([None]), [1], 0, of=1, path=tmp_path / "a")
    assert not list(tmp_path.iterdir())


def test_files_are_not_replaced_and_damage_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.shard"
    made = pv.run_shard(abs, [1, 2], 0, of=1, path=path)
    with pytest.raises(FileExistsError, match="exists"):
        pv.run_shard(abs, [1, 2], 0, of=1, path=path)
    made.save(path, overwrite=True)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"written by run_shard: 'a\.shard' is not, or is damaged"):
        pv.combine([path])
    with monkeypatch.context() as later:
        later.setattr("prevalence.shards.VERSION", 2)
        newer = made.save(tmp_path / "newer")
        assert pv.combine([newer]) == [1, 2]
    with pytest.raises(ValueError, match=r"'newer' is not, or is damaged"):
        pv.combine([newer])
    other = pv.uncertain(0.5, 0.4, 0.6, name="rate").save(tmp_path / "b")
    with pytest.raises(ValueError, match="written by run_shard"):
        pv.combine([other])
    with pytest.raises(FileNotFoundError):
        pv.combine([tmp_path / "c"])
