"""Independent pieces of work on one core, many cores or many computers, with the same bits.

Each item carries its own seed, results come back in the order of the items, and how the items are
cut never depends on the number of workers.
"""

from __future__ import annotations

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

    `n_jobs` None follows `joblib.parallel_config`, and without one is this process alone. Processes
    that joblib starts have one thread of linear algebra each.
    """
    if n_jobs is not None and (
        not isinstance(n_jobs, int) or isinstance(n_jobs, bool) or not n_jobs
    ):
        raise ValueError(
            f"n_jobs must be a whole number other than 0: found {shown(n_jobs)}. Write 2 for two "
            "workers, -1 for all cores, or None to follow joblib.parallel_config."
        )
    if n_jobs in (None, 1) and "joblib" not in sys.modules:  # nobody has configured workers
        return [function(item) for item in items]
    from joblib import Parallel, delayed

    with _one_thread():
        found = Parallel(n_jobs=n_jobs)(delayed(function)(item) for item in items)
    return list(found)


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
