"""One piece of work has the same bits alone, in processes, in threads and on a Dask cluster."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

import prevalence as pv
from prevalence.parallel import run

PAGE = Path(__file__).resolve().parent.parent / "docs" / "how-to" / "cluster.md"


def whole_study(seed: int) -> bytes:
    """Draw clusters, weight them, estimate with a bootstrap, and return all bits of the result."""
    import numpy as np

    import prevalence as pv

    data_seed, bootstrap = np.random.SeedSequence(seed).spawn(2)
    rng = np.random.default_rng(data_seed)
    share = rng.beta(0.3, 9.7, 40)
    area = np.repeat(np.arange(40), 15)
    data = {
        "area": area,
        "case": (rng.random(600) < share[area]) * 1,
        "sex": np.where(rng.random(600) < 0.5, "F", "M"),
    }
    survey = pv.Survey(data, psu="area").bootstrap(50, rng=np.random.default_rng(bootstrap))
    survey = survey.rake({"sex": {"F": 5_000, "M": 5_000}})
    found = pv.direct.prevalence(survey, "case", by="sex")
    return bytes(found.value.tobytes() + found.covariance.tobytes() + found.interval().tobytes())


SEEDS = range(1, 7)


@pytest.fixture(scope="module")
def alone() -> list[bytes]:
    return [whole_study(seed) for seed in SEEDS]


@pytest.mark.parametrize("backend", ["sequential", "loky", "threading", "multiprocessing"])
def test_a_study_has_the_same_bits_on_every_backend(alone: list[bytes], backend: str) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert run(whole_study, SEEDS) == alone


@pytest.mark.parametrize("n_jobs", [None, 1, 2, 3, -1])
def test_a_study_has_the_same_bits_on_any_number_of_workers(
    alone: list[bytes], n_jobs: int | None
) -> None:
    assert run(whole_study, SEEDS, n_jobs=n_jobs) == alone


CLUSTER = """
import hashlib, pickle, sys
import joblib
from dask.distributed import Client, LocalCluster
from tests.test_parallel import SEEDS, whole_study
from prevalence.parallel import run
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1",
                      dashboard_address=None) as cluster, Client(cluster):
        with joblib.parallel_config(backend="dask"):
            found = run(whole_study, SEEDS)
    sys.stdout.write("found " + hashlib.sha256(b"".join(found)).hexdigest())
"""


@pytest.mark.slow
def test_a_study_has_the_same_bits_on_a_dask_cluster(alone: list[bytes]) -> None:
    """Start two worker processes on this computer, in a process of their own."""
    import hashlib

    done = subprocess.run(
        [sys.executable, "-c", CLUSTER],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=PAGE.parents[2],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    wanted = hashlib.sha256(b"".join(alone)).hexdigest()
    assert f"found {wanted}" in done.stdout, done.stderr[-2000:]


def test_processes_have_one_thread_of_linear_algebra_each() -> None:
    def threads(name: str) -> str | None:
        return os.environ.get(name)

    names = ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"]
    assert run(threads, names, n_jobs=2) == ["1", "1", "1"]
    with joblib.parallel_config(backend="loky", n_jobs=2, inner_max_num_threads=2):
        assert run(threads, names) == ["2", "2", "2"]


def test_arrays_arrive_on_memory_of_their_own() -> None:
    """Dask hands over buffers at any place; where they are not aligned, last bits differ."""
    from prevalence.parallel import _Carried

    buffers: list[pickle.PickleBuffer] = []
    sent = np.arange(30.0).reshape(5, 6).T
    content = pickle.dumps(_Carried((abs, sent), True), 5, buffer_callback=buffers.append)
    odd = [memoryview(b"-" + bytes(buffer.raw()))[1:] for buffer in buffers]
    _, arrived = pickle.loads(content, buffers=odd).value  # noqa: S301 - our own
    assert arrived.flags.aligned
    assert arrived.strides == sent.strides
    np.testing.assert_array_equal(arrived, sent)


def test_work_inside_a_worker_is_not_cut_again() -> None:
    def inner(_: int) -> list[str]:
        return run(lambda _: threading.current_thread().name, range(3))

    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert [len(set(names)) for names in run(inner, range(4))] == [1, 1, 1, 1]


@pytest.mark.parametrize("n_jobs", [0, 1.5, "2", True])
def test_a_number_of_workers_that_there_is_not(n_jobs: Any) -> None:
    with pytest.raises(ValueError, match="n_jobs must be a whole number other than 0: found"):
        run(abs, [1], n_jobs=n_jobs)


def test_resamples_of_a_choice_have_the_same_bits_on_any_number_of_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from prevalence.mse.choice import selection

    monkeypatch.setattr(selection, "ROOM", 400)  # several blocks of a small table
    histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4], ["A", "B", "C"])
    found = [pv.mse.select(lists, replicates=200, rng=1, n_jobs=n) for n in (None, 1, 2)]
    for other in found[1:]:
        assert other.interval().tobytes() == found[0].interval().tobytes()
        assert other.covariance.tobytes() == found[0].covariance.tobytes()


def scale_up(seed: Any, **more: Any) -> Any:
    rng = np.random.default_rng(7)
    degree = rng.lognormal(5.5, 0.5, 50)
    data = {"police": 1 + rng.poisson(degree * 0.05), "hidden": rng.poisson(degree * 0.01)}
    how: dict[str, Any] = {"known": {"police": 3_000}, "population": 1e5, "model": "random-degree"}
    how |= {"chains": 2, "draws": 60, "warmup": 60, **more}
    return pv.nsum.fit(pv.Survey(data), "hidden", rng=np.random.default_rng(seed), **how)


def test_chains_of_several_fits_join() -> None:
    one, two, three = (scale_up(seed) for seed in np.random.SeedSequence(1).spawn(3))
    joined = one.join(two, three)
    assert joined.shape == (6, 60)
    for name, draws in joined.draws.items():
        np.testing.assert_array_equal(draws[2:4], two.draws[name])
    assert joined.source not in (one.source, two.source)
    assert len(joined.diagnostics()) == len(one.diagnostics())
    size = joined.size(transmission=1, unconverged=True) if joined.converged else None
    assert size is None or size.value[0] > 0
    with pytest.raises(ValueError, match="1 of 3 fits repeat those of another"):
        one.join(two, one)
    with pytest.raises(ValueError, match="as many draws in each chain"):
        one.join(scale_up(5, draws=50))
    with pytest.raises(ValueError, match="population differs"):
        one.join(scale_up(5, population=2e5))


def test_chains_of_latent_classes_join() -> None:
    histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    lists = pv.Lists.from_counts(histories, [60, 74, 48, 21, 9, 12, 4], ["A", "B", "C"])

    def fit(seed: int, **more: Any) -> Any:
        how = {"classes": 1, "chains": 2, "levels": 2, "warmup": 20, "draws": 160, **more}
        return pv.mse.latent_class_fit(lists, rng=seed, **how)

    joined = fit(1).join(fit(2))
    assert joined.draws["classes"].shape == (4, 160)
    assert joined.words["variance"].startswith("640 posterior draws (4 chains of 160")
    with pytest.raises(ValueError, match="same lists with the same classes and prior"):
        fit(1).join(fit(2, classes=2))


def page_blocks() -> list[tuple[str, str]]:
    page = PAGE.read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


@pytest.mark.proof
def test_the_lines_for_processes_on_the_page_give_the_numbers_of_the_loop() -> None:
    blocks = page_blocks()
    first = next(text for kind, text in blocks if kind == "python")
    loky = next(text for kind, text in blocks if kind == "text" and "loky" in text)
    names: dict[str, Any] = {}
    lines = [line[4:] for line in first.splitlines() if line[:4] in (">>> ", "... ")]
    exec("\n".join(lines), names)  # noqa: S102 - the page of this repository
    exec(loky.replace("n_jobs=-1", "n_jobs=2").replace("1001", "41"), names)  # noqa: S102 - the same
    assert len(names["alone"]) == 40
    assert names["processes"] == names["alone"]
