"""Estimates in files: one zip of JSON and arrays, without pickle, the same bytes every time."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import secrets
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .blocks import Block, Columns
from .chain import plain
from .errors import shown
from .estimand import Estimand
from .estimate import Estimate
from .intervals import RULES

__all__ = ["damage", "decode", "encode", "existing", "load", "parts_of", "save", "zipped"]

Array = NDArray[Any]
FORMAT, VERSION = "prevalence estimate", 1
MOMENT = (1980, 1, 1, 0, 0, 0)
WRITTEN = dt.datetime(2024, 2, 16)  # the only time in an office file, in place of that of writing
LARGEST = 8_000_000_000  # bytes that a file may unfold to
WORDS = ("unit", "method", "interval_rule")
LISTS = ("label_names", "outcomes", "assumptions", "warnings", "citations")
MAPPINGS = ("constants", "facts", "provenance")


# ---------------------------------------------------------------------- where files go
def target_of(path: str | Path, *, overwrite: bool, option: str) -> Path:
    """Check that a file may be written at `path`; `option` is what allows replacing one."""
    if not isinstance(path, (str, PathLike)):
        raise TypeError(
            f"path must be a path: found {shown(path)}. Write for example 'build/report.html'."
        )
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(
            f"path must be a file: {target.name!r} is a folder. Name a file inside it."
        )
    blocked = [folder for folder in target.parents if folder.exists() and not folder.is_dir()]
    if blocked:
        raise NotADirectoryError(
            f"path must lie in a folder: {blocked[0].name!r} is a file. Choose another folder."
        )
    if target.exists() and not overwrite:
        raise FileExistsError(
            f"path must be a new file: {target.name!r} exists. Choose another name, or pass {option}."
        )
    return target


@contextmanager
def part_of(target: Path) -> Iterator[Path]:
    """Give a file to write to that takes the place of `target` when, and only if, all went well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.part{target.suffix}")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def write_whole(target: Path, content: bytes) -> Path:
    """Write a file in one piece: a reader sees the old file or the new one, never a part."""
    with part_of(target) as part:
        part.write_bytes(content)
    return target


def timeless(content: bytes) -> bytes:
    """Return the same workbook or document of an office program without the time of writing."""
    moment = WRITTEN.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(held, "w") as new:
        for name in sorted(old.namelist()):
            part = old.read(name)
            if name == "docProps/core.xml":
                start = part.index(b">", part.index(b"<dcterms:modified")) + 1
                part = part[:start] + moment + part[part.index(b"</dcterms:modified") :]
            info = zipfile.ZipInfo(name, date_time=WRITTEN.timetuple()[:6])
            info.external_attr = 0o644 << 16
            info.create_system = 3
            new.writestr(info, part, zipfile.ZIP_DEFLATED, 9)
    return held.getvalue()


# ---------------------------------------------------------------------- writing
def save(estimate: Estimate, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write an estimate with its joint uncertainty to one file.

    Parameters
    ----------
    estimate : Estimate
        What to write.
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
        When a fact or a remark is neither a number, a text, nor a list or mapping of those.

    Notes
    -----
    Assumes that the columns of the design fit in memory: they are written out, one number for
    each estimate and sampled unit. The file holds labels of sampled units: treat it like the data.

    References
    ----------
    ECMA-404 (2017). The JSON Data Interchange Syntax, 2nd edition. (standard)

    Examples
    --------
    >>> import tempfile
    >>> import prevalence as pv
    >>> survey = pv.Survey({"y": [1.0, 3.0], "w": [10.0, 30.0]}, weights="w")
    >>> mean = pv.direct.mean(survey, "y")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = mean.save(f"{folder}/mean.estimate")
    ...     pv.load(path).value
    array([2.5])
    """
    target = target_of(path, overwrite=overwrite, option="overwrite=True")
    arrays: dict[str, Array] = {}
    content = json.dumps(
        _described(estimate, arrays), indent=1, ensure_ascii=False, allow_nan=False
    )
    return write_whole(target, zipped(content, arrays))


def _described(e: Estimate, arrays: dict[str, Array]) -> dict[str, Any]:
    blocks = []
    for i, block in enumerate(e.blocks):
        done = block.finished()
        arrays[f"block{i}_columns"] = done.columns()
        arrays[f"block{i}_coefficients"] = np.asarray(done.scheme.coefficients, dtype=float)
        arrays[f"block{i}_df"] = np.asarray(done.df, dtype=float)
        blocks.append(
            {"source": done.source, "kind": done.scheme.kind, "labels": list(done.scheme.labels)}
        )
    arrays["value"] = e.value
    about = e.estimand
    return {
        "format": FORMAT,
        "version": VERSION,
        "blocks": blocks,
        "labels": [list(label) for label in e.labels],
        "estimand": None if about is None else {n: getattr(about, n) for n in _parts()},
        "maps": [[name, encode(constant, f"map{i}", arrays)] for i, (name, constant) in enumerate(e.maps)],
        **{name: getattr(e, name) for name in WORDS},
        **{name: list(getattr(e, name)) for name in LISTS},
        **{name: encode(dict(getattr(e, name)), name, arrays) for name in MAPPINGS},
    }  # fmt: skip


def _parts() -> list[str]:
    return list(Estimand.__dataclass_fields__)


def encode(x: Any, name: str, arrays: dict[str, Array]) -> Any:
    """Return JSON in which every object is a tag: array, tuple, mapping or a float like nan."""
    if isinstance(x, np.ndarray):
        kept = x.astype(str) if x.dtype == object else x
        if kept.dtype.kind not in "biufU":
            raise TypeError(_unknown(name, x.dtype))
        arrays[name] = kept
        return {"array": name}
    if isinstance(x, np.generic):
        x = x.item()
    if isinstance(x, float) and not math.isfinite(x):
        return {"float": str(x)}
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    if isinstance(x, (list, tuple)):
        parts = [encode(v, f"{name}.{i}", arrays) for i, v in enumerate(x)]
        return {"tuple": parts} if isinstance(x, tuple) else parts
    if isinstance(x, Mapping) and all(isinstance(key, str) for key in x):
        return {"mapping": {key: encode(v, f"{name}.{key}", arrays) for key, v in x.items()}}
    raise TypeError(_unknown(name, type(x).__name__))


def _unknown(name: str, kind: object) -> str:
    return (
        f"{name} must hold numbers, texts, and lists or mappings of those to be saved: found "
        f"{kind}. Convert it, or leave it out."
    )


def zipped(content: str, arrays: Mapping[str, Array], name: str = "estimate.json") -> bytes:
    """Return a file of JSON and arrays, the same bytes every time."""
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for key in sorted(arrays):
            one = io.BytesIO()
            np.lib.format.write_array(one, np.array(arrays[key], order="C"), allow_pickle=False)
            archive.writestr(_entry(f"{key}.npy", zipfile.ZIP_STORED), one.getvalue())
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr(_entry(name, zipfile.ZIP_DEFLATED), content.encode())
        archive.writestr(_entry("arrays.npz", zipfile.ZIP_DEFLATED), inner.getvalue())
    return outer.getvalue()


def _entry(name: str, compression: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, MOMENT)
    info.compress_type, info.create_system, info.external_attr = compression, 3, 0o644 << 16
    return info


# ---------------------------------------------------------------------- reading
def load(path: str | Path) -> Estimate:
    """Read an estimate that `Estimate.save` wrote; nothing in the file is executed.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Estimate
        The same numbers and words; its columns still align with estimates of the same design.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        When there is no such file, or the path is a folder.
    ValueError
        When the file is not an estimate, is damaged, or was written in another format version.

    Notes
    -----
    Assumes that the file is whole; a changed file is noticed by the check sums of its parts.

    References
    ----------
    ECMA-404 (2017). The JSON Data Interchange Syntax, 2nd edition. (standard)

    Examples
    --------
    >>> import tempfile
    >>> import prevalence as pv
    >>> rate = pv.uncertain(0.6, 0.4, 0.8, kind="beta", name="transmission")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = pv.load(rate.save(f"{folder}/rate.estimate"))
    >>> bool((again.interval(0.9) == rate.interval(0.9)).all())
    True
    """
    source = existing(path)
    with damage(source):
        content, arrays = parts_of(source)
        wrote = content["version"]
        if content["format"] != FORMAT:
            raise KeyError("format")
    if wrote != VERSION:
        raise ValueError(
            f"path must hold format version {VERSION}: {source.name!r} has version {wrote!r}. "
            "Read it with the release of prevalence that wrote it."
        )
    with damage(source):
        return _rebuilt(content, arrays)


def existing(path: str | Path) -> Path:
    """Return the path of a file that is there."""
    source = Path(path)
    if source.is_dir():
        raise IsADirectoryError(
            f"path must be a file: {source.name!r} is a folder. Name the file inside it."
        )
    if not source.exists():
        raise FileNotFoundError(
            f"path must be a file that exists: there is no {source.name!r}. Check its name."
        )
    return source


@contextmanager
def damage(
    source: Path, by: str = "Estimate.save", remedy: str = "Save the estimate again."
) -> Iterator[None]:
    """Turn whatever a strange file causes into one message."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        LookupError,
        TypeError,
        ValueError,
        EOFError,
    ) as problem:
        raise ValueError(
            f"path must be a file written by {by}: {source.name!r} is not, or is damaged "
            f"({type(problem).__name__}). {remedy}"
        ) from problem


def parts_of(source: Path, name: str = "estimate.json") -> tuple[dict[str, Any], dict[str, Array]]:
    """Read the JSON and the arrays of a file."""
    with zipfile.ZipFile(source) as archive:
        _check_size(archive)
        content = json.loads(archive.read(name).decode())
        inner = archive.read("arrays.npz")
    with zipfile.ZipFile(io.BytesIO(inner)) as archive:
        _check_size(archive)
    with np.load(io.BytesIO(inner), allow_pickle=False) as arrays:
        return content, {name: arrays[name] for name in arrays.files}


def _check_size(archive: zipfile.ZipFile) -> None:
    if sum(info.file_size for info in archive.infolist()) > LARGEST:
        raise zipfile.BadZipFile("unfolds to more than an estimate holds")


def _rebuilt(content: Mapping[str, Any], arrays: Mapping[str, Array]) -> Estimate:
    if content["interval_rule"] not in RULES:
        raise KeyError("interval_rule")
    blocks = []
    for i, said in enumerate(content["blocks"]):
        columns = Columns(
            said["source"], said["kind"], arrays[f"block{i}_coefficients"], tuple(said["labels"])
        )
        blocks.append(Block(plain(arrays[f"block{i}_columns"]), columns, arrays[f"block{i}_df"]))
    about = content["estimand"]
    rest: dict[str, Any] = {name: content[name] for name in WORDS}
    rest |= {name: tuple(content[name]) for name in LISTS}
    rest |= {name: decode(content[name], arrays) for name in MAPPINGS}
    return Estimate(
        arrays["value"],
        tuple(blocks),
        labels=tuple(tuple(label) for label in content["labels"]),
        estimand=None if about is None else Estimand(**about),
        maps=tuple((name, decode(constant, arrays)) for name, constant in content["maps"]),
        **rest,
    )


def decode(x: Any, arrays: Mapping[str, Array]) -> Any:
    """Return what `encode` made JSON of."""
    if isinstance(x, list):
        return [decode(v, arrays) for v in x]
    if not isinstance(x, dict):
        return x
    ((tag, inside),) = x.items()
    if tag == "array":
        return arrays[inside]
    if tag == "float":
        return float(inside)
    if tag == "tuple":
        return tuple(decode(v, arrays) for v in inside)
    if tag == "mapping":
        return {key: decode(v, arrays) for key, v in inside.items()}
    raise KeyError(tag)
