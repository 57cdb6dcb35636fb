"""Sheets of a workbook, or CSV files, as columns of distinct values; nothing is known of them yet."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import warn
from .packed import UNPACKED, check_packed, check_sizes

__all__ = ["Column", "Sheet", "read_sheets"]

Array = NDArray[Any]
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OTHERS = {b"<stata_dta>": "read_stata", b"$FL2": "read_spss", b"$FL3": "read_spss"}
BLANKS = {"", "n/a", "N/A"}
SPACES = re.compile(r"[\s\u200b\ufeff]+")


@dataclass(frozen=True)
class Column:
    """One column: a code for each row, -1 where blank, and the distinct values behind the codes."""

    codes: Array
    distinct: tuple[Any, ...]

    def mapped(self, convert: Callable[[Any], Any], missing: Any, dtype: Any = object) -> Array:
        """Return a value a row: each distinct one converted once, `missing` where blank."""
        table = np.empty(len(self.distinct) + 1, dtype=dtype)
        table[:-1] = [convert(value) for value in self.distinct]
        table[-1] = missing
        return np.asarray(table[self.codes])

    @property
    def blank(self) -> Array:
        """Which rows are blank."""
        return np.asarray(self.codes < 0)

    def rows(self, chosen: Array) -> Column:
        """Return some of the rows."""
        return Column(self.codes[chosen], self.distinct)


@dataclass(frozen=True)
class Sheet:
    """One sheet or file: its name, its headers in order, and a column under each."""

    name: str
    header: tuple[str, ...]
    columns: tuple[Column, ...]
    n: int


def tidy(text: str) -> str:
    """Return text with every run of white space as one space, none at the ends."""
    return SPACES.sub(" ", text).strip()


def column(values: Sequence[Any]) -> Column:
    """Code a column: text without spaces at its ends, blank where nothing or n/a is written."""
    raw = np.empty(len(values), dtype=object)
    raw[:] = values
    codes, found = pd.factorize(raw)
    clean = [_clean(value) for value in found]
    kept = list(dict.fromkeys(value for value in clean if value is not None))
    place = {value: i for i, value in enumerate(kept)}
    table = np.array([-1 if value is None else place[value] for value in clean] + [-1])
    return Column(table[codes], tuple(kept))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        value = value.strip().strip("\ufeff\u200b\xa0")
        return None if value in BLANKS else value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def read_sheets(path: str | Path, argument: str, notes: list[str]) -> list[Sheet]:
    """Read the sheets of a workbook, the CSV files of a folder or a zip, or one CSV file."""
    place = Path(path)
    if not place.exists():
        raise FileNotFoundError(
            f"{argument} must be a file or folder that exists: {place.name!r} does not. Check the "
            "path."
        )
    if place.is_dir():
        return [
            _csv(file.read_bytes(), file.stem, argument, notes)
            for file in _csv_files(place, argument)
        ]
    head = _head(place)
    if head.startswith(OLE):
        return _old_workbook(place, argument, notes)
    if head.startswith(b"PK"):
        return _zipped(place, argument, notes)
    if not head.strip():
        raise ValueError(f"{argument} must hold data: {place.name!r} is empty. Export it anew.")
    other = next((reader for start, reader in OTHERS.items() if head.startswith(start)), None)
    if other:
        raise ValueError(
            f"{argument} must be XLSX or CSV: {place.name!r} is a file for pv.{other}. Read it with "
            "that."
        )
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"<", b"{"):
        what = "a web page or XML" if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<" else "JSON"
        raise ValueError(
            f"{argument} must be XLSX or CSV: {place.name!r} holds {what}. Export it anew as XLSX "
            "or CSV."
        )
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable(place, argument)
    return [_csv(place.read_bytes(), place.stem, argument, notes)]


def _head(place: Path) -> bytes:
    with place.open("rb") as file:
        return file.read(2048)


def _csv_files(folder: Path, argument: str) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".csv")
    if not files:
        raise ValueError(
            f"{argument} must hold CSV files: the folder {folder.name!r} holds none. Give the folder "
            "into which the export was unpacked."
        )
    return files


def _unreadable(place: Path, argument: str) -> ValueError:
    return ValueError(
        f"{argument} must be a readable XLSX, CSV or zip of CSV: {place.name!r} is none. It may be "
        "cut off or encrypted; export it anew, decrypted."
    )


def _encrypted(place: Path, argument: str) -> ValueError:
    return ValueError(
        f"{argument} must not be encrypted: {place.name!r} is protected with a password. Save it "
        "without one, or decrypt it with the program that made it."
    )


def _old_workbook(place: Path, argument: str, notes: list[str]) -> list[Sheet]:
    """Read a workbook of the old kind, or say that it is the shell of an encrypted new one."""
    if "EncryptedPackage".encode("utf-16-le") in place.read_bytes():
        raise _encrypted(place, argument)
    return _workbook(place, argument, notes)


def _zipped(place: Path, argument: str, notes: list[str]) -> list[Sheet]:
    """Read what is in a zip: a workbook, or CSV files."""
    try:
        with zipfile.ZipFile(place) as archive:
            names = [info for info in archive.infolist() if not info.is_dir()]
            if any(info.flag_bits & 1 for info in names):
                raise _encrypted(place, argument)
            tables = [info for info in names if info.filename.lower().endswith(".csv")]
            inside = {info.filename for info in names}
            if {"xl/workbook.xml", "xl/workbook.bin", "content.xml"} & inside:
                for said in check_packed(place, argument):
                    warn(said)
                return _workbook(place, argument, notes)
            check_sizes(tables, place, argument)
            texts = [(Path(info.filename).stem, archive.read(info)) for info in tables]
    except UNPACKED:
        raise _unreadable(place, argument) from None
    if not texts:
        raise ValueError(
            f"{argument} must be XLSX, CSV or zip of CSV: {place.name!r} is a zip without CSV. "
            "Export it anew as XLSX or CSV."
        )
    return [_csv(text, name, argument, notes) for name, text in texts]


def _workbook(place: Path, argument: str, notes: list[str]) -> list[Sheet]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise ImportError(
            f"{argument} is a workbook, and reading one needs python-calamine: it is not "
            'installed. Install it with pip install "prevalence[io]", or export CSV.'
        ) from None
    try:
        book = CalamineWorkbook.from_path(str(place))
        sheets = [(name, book.get_sheet_by_name(name).to_python()) for name in book.sheet_names]
    except (CalamineError, ValueError, *UNPACKED):
        raise _unreadable(place, argument) from None
    return [_sheet(name, rows, argument, notes) for name, rows in sheets if rows]


def _csv(data: bytes, name: str, argument: str, notes: list[str]) -> Sheet:
    """Read a CSV file of whatever separator and encoding."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
            notes.append(f"{name!r} is not UTF-8 and was read as Windows-1252.")
    first = text[: text.find("\n")] if "\n" in text else text
    unquoted = re.sub(r'"[^"]*"', "", first)
    mark = max(",;\t|", key=unquoted.count)
    csv.field_size_limit(2**27)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error:
        raise ValueError(
            f"{argument} must be readable as CSV: {name!r} is not. Export it anew."
        ) from None
    return _sheet(name, [row for row in rows if row], argument, notes)


def _sheet(name: str, rows: list[list[Any]], argument: str, notes: list[str]) -> Sheet:
    """Return rows as columns, without blank rows, blank columns without header, and HXL tags."""
    if not rows:
        return Sheet(name, (), (), 0)
    header = [tidy(str(cell)) if cell is not None else "" for cell in rows[0]]
    width, longest = len(header), max(map(len, rows))
    if longest > width:
        first = next(i for i, row in enumerate(rows) if len(row) > width)
        over = [row for row in rows if any(map(_filled, row[width:]))]
        if over:
            raise ValueError(
                f"{argument} must have as many cells in a row as in its header: {len(over):,} of "
                f"{len(rows) - 1:,} rows of {name!r} have more (first: row {first - 1}). Correct "
                "the separators or quotes, or export anew."
            )
    body = rows[1:]
    if body and _is_tags(body[0]):
        body = body[1:]
        notes.append(f"{name!r} has a row of HXL tags under its header, which is left out.")
    short = [i for i, row in enumerate(body) if len(row) < width]
    if short:
        notes.append(
            f"{len(short):,} of {len(body):,} rows of {name!r} have fewer cells than the header "
            f"(first: row {short[0]}): those they lack are blank."
        )
        body = [[*row, *[""] * (width - len(row))] for row in body]
    columns = [column(values) for values in zip(*body, strict=False)][:width]
    columns = columns or [Column(np.zeros(0, dtype=np.int64), ()) for _ in header]
    return _filled_only(name, header, columns, len(body), notes)


def _filled_only(
    name: str, header: list[str], columns: list[Column], n: int, notes: list[str]
) -> Sheet:
    """Leave out blank rows, and blank columns without a name."""
    used = np.zeros(n, dtype=bool)
    for one in columns:
        used |= ~one.blank
    if not used.all():
        notes.append(f"{int((~used).sum()):,} of {n:,} rows of {name!r} are blank and left out.")
        columns = [one.rows(used) for one in columns]
    kept = [
        (title or f"column {i}", one)
        for i, (title, one) in enumerate(zip(header, columns, strict=True), 1)
        if title or not one.blank.all()
    ]
    titles, cells = [title for title, _ in kept], [one for _, one in kept]
    return Sheet(name, tuple(titles), tuple(cells), int(used.sum()))


def _filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


def _is_tags(row: Iterable[Any]) -> bool:
    """Tell whether a row is one of HXL tags, such as #adm1+code."""
    cells = [str(cell).strip() for cell in row if _filled(cell)]
    return bool(cells) and all(re.match(r"#\s?[a-zA-Z]", cell) for cell in cells)
