"""Work cut into shards for a queue: each a file of its own, put together to the bits of one run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .arguments import explained
from .errors import shown, warn, whole
from .parallel import run
from .storage import damage, decode, encode, existing, parts_of, target_of, write_whole, zipped

__all__ = ["Shard", "combine", "run_shard"]

Array = NDArray[Any]
Item = TypeVar("Item")
FORMAT, VERSION = "prevalence shard", 1
INSIDE = "shard.json"


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Shard:
    """Results of some items of a piece of work, made by `prevalence.run_shard`.

    Parameters
    ----------
    results : list
        What the function returned for items ``shard``, ``shard + of``, ... in order.
    shard, of : int
        Which shard of how many, from 0.
    items : int
        Number of items of the whole work.
    work : str
        Name of the function and digest of all items, by which foreign shards are told.
    versions : str
        Versions of this library and of NumPy.

    References
    ----------
    ECMA-404 (2017). The JSON Data Interchange Syntax, 2nd edition. (standard)

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.run_shard(abs, [-1, -2, -3], 0, of=2)
    <Shard 0 of 2: 2 of 3 results>
    """

    results: list[Any]
    shard: int
    of: int
    items: int
    work: str
    versions: str

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the shard to one file of JSON and arrays, without pickle.

        Parameters
        ----------
        path : str or Path
            The file; a missing folder is made.
        overwrite : bool
            Whether a file of that name may be replaced.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        FileExistsError, IsADirectoryError, NotADirectoryError
            When the file exists, or the path is a folder or lies in a file.
        TypeError
            When a result is neither a number, a text, an array nor a list or mapping of those.

        Examples
        --------
        >>> import tempfile
        >>> import prevalence as pv
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pv.run_shard(abs, [-1, -2], 0, of=1).save(f"{folder}/0.shard")
        ...     pv.combine([path])
        [1, 2]
        """
        target = target_of(path, overwrite=overwrite, option="overwrite=True")
        arrays: dict[str, Array] = {}
        content = {
            "format": FORMAT,
            "version": VERSION,
            **{name: getattr(self, name) for name in ("shard", "of", "items", "work", "versions")},
            "results": encode(_plain(self.results), "results", arrays),
        }
        return write_whole(target, zipped(json.dumps(content, allow_nan=False), arrays, INSIDE))

    def __repr__(self) -> str:
        return f"<Shard {self.shard} of {self.of}: {len(self.results):,} of {self.items:,} results>"


@explained
def run_shard(
    function: Callable[[Item], Any],
    items: Iterable[Item],
    shard: int,
    *,
    of: int,
    path: str | Path | None = None,
    n_jobs: int | None = None,
) -> Shard:
    """Run a function on every `of`-th item: the part of a study that one job of a queue takes.

    Parameters
    ----------
    function : callable
        Of one item, with everything random drawn from it; returns numbers, texts, arrays, and lists,
        tuples or mappings of those.
    items : iterable
        All items of the work, the same in every shard: seeds, or tuples that hold one.
    shard : int
        Which shard, from 0 to ``of - 1``.
    of : int
        Number of shards.
    path : str or Path, optional
        File that the shard is written to.
    n_jobs : int, optional
        Workers of joblib within the shard; None follows `joblib.parallel_config`.

    Returns
    -------
    Shard
        Results of items ``shard``, ``shard + of``, ...; `combine` puts all shards together.

    Raises
    ------
    ValueError, TypeError
        When there is no such shard, or items or results cannot be written without pickle.
    FileExistsError
        When the file exists: a shard that was run is not run again.

    Notes
    -----
    Assumes that the function depends on its item alone. It fails (other bits) where the function draws
    from a generator of its own, or machines have processors or versions that round differently.

    References
    ----------
    ECMA-404 (2017). The JSON Data Interchange Syntax, 2nd edition. (standard)

    Examples
    --------
    >>> import numpy as np
    >>> import prevalence as pv
    >>> def one(seed):
    ...     return float(np.random.default_rng(seed).normal())
    >>> shards = [pv.run_shard(one, range(5), k, of=2) for k in range(2)]
    >>> pv.combine(shards) == [one(seed) for seed in range(5)]
    True
    """
    count = whole("of", of, 1, "Give the number of shards.")
    place = whole("shard", shard, 0, "Number shards from 0.")
    if place >= count:
        raise ValueError(
            f"shard must be from 0 to {count - 1} of {count}: found {place}. Number shards from 0."
        )
    if path is not None:
        target_of(path, overwrite=False, option="another path")
    every = list(items)
    work = _name_of(function, every)
    mine = every[place::count]
    made = Shard(run(function, mine, n_jobs=n_jobs), place, count, len(every), work, _versions())
    if path is not None:
        made.save(path)
    return made


@explained
def combine(shards: Sequence[Shard | str | Path]) -> list[Any]:
    """Put shards together: the results of all items, in their order, as one run returns them.

    Parameters
    ----------
    shards : list of Shard, str or Path
        All shards of one piece of work, or their files, in any order.

    Returns
    -------
    list
        One result for each item, with the same bits as ``[function(item) for item in items]``.

    Raises
    ------
    ValueError
        When a shard is missing, comes twice, is of other work or another cut, or its file is damaged.
    TypeError, FileNotFoundError
        When something else is given than shards, or a file is not there.

    Notes
    -----
    It warns where shards come from different versions of this library or of NumPy, whose draws may
    differ.

    References
    ----------
    ECMA-404 (2017). The JSON Data Interchange Syntax, 2nd edition. (standard)

    Examples
    --------
    >>> import tempfile
    >>> import prevalence as pv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [f"{folder}/{k}.shard" for k in range(3)]
    ...     for k in (2, 0, 1):
    ...         _ = pv.run_shard(abs, [-5, -6, -7, -8], k, of=3, path=paths[k])
    ...     pv.combine(paths)
    [5, 6, 7, 8]
    """
    if isinstance(shards, (str, Path, Shard)) or not list(shards):
        raise ValueError(
            f"shards must be a list of shards or files: found {shown(shards)}. Give all of them."
        )
    held = [one if isinstance(one, Shard) else _read(one) for one in shards]
    first = held[0]
    for one in held:
        if (one.work, one.of, one.items) != (first.work, first.of, first.items):
            raise ValueError(
                f"shards must be of one piece of work: shard {one.shard} is of {_words(one)}, and "
                f"shard {first.shard} of {_words(first)}. Leave out the foreign ones."
            )
    places = [one.shard for one in held]
    twice = [place for place in places if places.count(place) > 1]
    if twice:
        raise ValueError(
            f"shards must come once each: shard {twice[0]} comes {places.count(twice[0])} times. Give "
            "each file once."
        )
    missing = sorted(set(range(first.of)) - set(places))
    if missing:
        raise ValueError(
            f"shards must all be there: {len(missing)} of {first.of} are missing (first: shard "
            f"{missing[0]}). Run them, or give their files."
        )
    if len({one.versions for one in held}) > 1:
        found = sorted({one.versions for one in held})
        warn(
            f"shards were made with {len(found)} sets of versions ({'; '.join(found)}): draws may "
            "differ between them. Run all with one."
        )
    out: list[Any] = [None] * first.items
    for one in held:
        out[one.shard :: one.of] = one.results
    return out


def _words(shard: Shard) -> str:
    function, digest = shard.work.rsplit(" ", 1)
    return f"{function} on {shard.items:,} items ({digest}), cut into {shard.of}"


def _versions() -> str:
    from . import __version__

    return f"prevalence {__version__}, NumPy {np.__version__}"


def _name_of(function: Callable[..., Any], items: list[Any]) -> str:
    """Return the name of a function and a digest of its items."""
    bare: Any = function
    fixed: list[Any] = []
    while hasattr(bare, "func"):  # a partial function: what it fixes belongs to the work
        fixed.append([list(bare.args), dict(bare.keywords)])
        bare = bare.func
    name = getattr(bare, "__qualname__", type(bare).__qualname__)
    arrays: dict[str, Array] = {}
    told = json.dumps(encode(_plain([fixed, items]), "items", arrays), allow_nan=False)
    mixed = hashlib.sha256(told.encode())
    for key in sorted(arrays):
        mixed.update(f"{key}{arrays[key].dtype.str}{arrays[key].shape}".encode())
        mixed.update(np.ascontiguousarray(arrays[key]).tobytes())
    return f"{name} {mixed.hexdigest()[:16]}"


def _plain(value: Any) -> Any:
    """Return a value with ranges as lists; arrays of objects are refused, as they need pickle."""
    if isinstance(value, range):
        return list(value)
    if isinstance(value, np.ndarray) and value.dtype.kind not in "biufU":
        raise TypeError(
            f"items and results must be numbers, texts, arrays of those, and lists or mappings: found "
            f"an array of {value.dtype}. Convert it, or leave it out."
        )
    if isinstance(value, (list, tuple)):
        return type(value)([_plain(part) for part in value])
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value


def _read(path: Any) -> Shard:
    if not isinstance(path, (str, Path)):
        raise TypeError(
            f"shards must be shards or paths of their files: found {shown(path)}. Pass what "
            "pv.run_shard returned, or its path."
        )
    source = existing(path)
    with damage(source, "run_shard", "Run that shard again."):
        content, arrays = parts_of(source, INSIDE)
        if content["format"] != FORMAT or content["version"] != VERSION:
            raise KeyError("format")
        place, count, items = (int(content[name]) for name in ("shard", "of", "items"))
        results = decode(content["results"], arrays)
        if len(results) != len(range(place, items, count)):
            raise ValueError("results")
        return Shard(results, place, count, items, str(content["work"]), str(content["versions"]))
