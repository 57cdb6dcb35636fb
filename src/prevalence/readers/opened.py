"""What a file is before it is read: its kind by its first bytes, and the package that reads it."""

from __future__ import annotations

import codecs
import importlib
import struct
from pathlib import Path
from types import ModuleType
from typing import Any

from ..storage import check_existing
from .packed import UNPACKED

__all__: list[str] = []

READERS = {
    "a Stata file": "Read it with pv.read_stata.",
    "an SPSS file": "Read it with pv.read_spss.",
    "an SPSS portable file": "Save it as .sav in SPSS or PSPP.",
    "an encrypted SPSS file": "Save it without a password.",
    "a zip archive or an Excel workbook": "Read a form's export with pv.read_kobo, or unpack it.",
    "an old Excel workbook, or an encrypted one": "Take off its password, and save it anew.",
    "a web page": "Download the file itself.",
}
# What packages that read a format raise where bytes of a file are not what they were.
DAMAGE = (
    *UNPACKED,
    ArithmeticError,
    AttributeError,
    MemoryError,
    TypeError,
    ValueError,
    struct.error,
)
OLD_STATA = range(102, 116)  # first byte of formats before 117


def existing(path: Any) -> Path:
    """Return a path to a file that is there."""
    try:
        source = Path(path)
    except TypeError:
        raise TypeError(
            f"path must be the name of a file: found {type(path).__name__}. Pass a str or a Path."
        ) from None
    check_existing(source)
    return source


def check_kind(source: Path, wanted: str) -> None:
    """Raise if the first bytes of a file tell another kind than the one wanted."""
    with source.open("rb") as file:
        start = file.read(512)
    found = kind_of(start)
    if found == wanted:
        return
    raise ValueError(
        f"path must be {wanted}: {source.name!r} is {found or 'of another kind'}. "
        f"{READERS.get(found, 'Check which file it is, and export it anew.')}"
    )


def kind_of(start: bytes) -> str:
    """Return what a file is by its first bytes, "" where they do not tell."""
    if not start:
        return "empty"
    if start.startswith(b"<stata_dta>") or (
        start[0] in OLD_STATA and start[1:2] in (b"\x01", b"\x02") and start[2:3] == b"\x01"
    ):
        return "a Stata file"
    if start[:4] in (b"$FL2", b"$FL3"):
        return "an SPSS file"
    if b"SPSS PORT FILE" in start[:400]:
        return "an SPSS portable file"
    if b"ENCRYPTEDSAV" in start[:64]:
        return "an encrypted SPSS file"
    if start.startswith(b"PK"):
        return "a zip archive or an Excel workbook"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return "an old Excel workbook, or an encrypted one"
    if start.lstrip()[:5].lower() in (b"<html", b"<!doc"):
        return "a web page"
    return ""


def check_encoding(encoding: str | None) -> None:
    """Raise if there is no encoding of this name."""
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError:
        raise ValueError(
            f"encoding must be one that is known: found {encoding!r}. Write 'cp1252', 'mac_roman' "
            "or 'utf-8'."
        ) from None


def package(name: str, function: str) -> ModuleType:
    """Return an optional package, or say how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ImportError(
            f"{function} needs the package {name}: it is not installed. Install it with "
            'pip install "prevalence[io]".'
        ) from None


def damaged(source: Path, wanted: str, problem: Exception) -> ValueError:
    """Return the error for a file that begins as it should and cannot be read."""
    return ValueError(
        f"path must be {wanted} that can be read: {source.name!r} is cut off or damaged "
        f"({type(problem).__name__}). Copy or export it anew."
    )
