"""Independent pieces of work on one core, many cores or many computers, with the same bits.

Each item carries its own seed, results come back in the order of the items, and how the items are
cut never depends on the number of workers.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from .errors import shown

__all__ = ["run"]

Item = TypeVar("Item")
Found = TypeVar("Found")


def run(
    function: Callable[[Item], Found], items: Iterable[Item], *, n_jobs: int | None = None
) -> list[Found]:
    """Return ``[function(item) for item in items]``, on the workers that joblib has.

    `n_jobs` None follows `joblib.parallel_config`; without one, and inside a worker, it is a loop.
    Processes that joblib starts have one thread of linear algebra each.
    """
    whole = isinstance(n_jobs, int) and not isinstance(n_jobs, bool)
    if n_jobs is not None and not (whole and n_jobs):
        raise ValueError(
            f"n_jobs must be a whole number other than 0: found {shown(n_jobs)}. Write 2 for two "
            "workers, -1 for all cores, or None to follow joblib.parallel_config."
        )
    if n_jobs == 1 or (n_jobs is None and not _configured()):
        return [function(item) for item in items]
    from joblib import Parallel, delayed
    from joblib.parallel import get_active_backend

    carried = type(get_active_backend()[0]).__name__ == "DaskDistributedBackend"
    with _one_thread():
        calls = (delayed(_call)(_Carried((function, item), carried)) for item in items)
        found = Parallel(n_jobs=n_jobs)(calls)
    return [one.value for one in found]


class _Carried:
    """Something on its way between processes, as bytes where Dask carries it.

    Dask puts the arrays that it carries wherever they fit; on memory that is not aligned NumPy adds
    in another order, and the last bits differ. What arrives as bytes gets memory of its own.
    """

    def __init__(self, value: Any, as_bytes: bool):
        self.value, self.as_bytes = value, as_bytes

    def __reduce__(self) -> tuple[Callable[..., _Carried], tuple[Any, ...]]:
        if not self.as_bytes:
            return _Carried, (self.value, False)
        import cloudpickle  # what Dask itself requires

        return _arrived, (cloudpickle.dumps(self.value),)


def _arrived(content: bytes) -> _Carried:
    value = pickle.loads(content)  # noqa: S301 - between processes of one run, never from a file
    return _Carried(value, as_bytes=True)


def _call(carried: _Carried) -> _Carried:
    """Run one call, in which nothing is cut further."""
    from joblib import parallel_config

    function, item = carried.value
    with parallel_config(backend="sequential"):
        return _Carried(function(item), carried.as_bytes)


def _configured() -> bool:
    """Tell whether somebody asked for workers, and this is not the work of one of them."""
    if "joblib" not in sys.modules:
        return False
    from joblib.parallel import get_active_backend

    return type(get_active_backend()[0]).__name__ != "SequentialBackend"


def _one_thread() -> AbstractContextManager[Any]:
    """Hold the linear algebra of processes to one thread, where nothing else was asked for."""
    from joblib import parallel_config
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    asked = getattr(backend, "inner_max_num_threads", None)
    if type(backend).__name__ != "LokyBackend" or asked is not None:
        return nullcontext()
    limited: AbstractContextManager[Any] = parallel_config(backend="loky", inner_max_num_threads=1)
    return limited
