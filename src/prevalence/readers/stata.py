"""Stata files: value labels, extended missing values with their labels, dates, accents, svyset."""

from __future__ import annotations

import codecs
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..arguments import explained
from ..errors import note, shown
from ..microdata import Microdata
from .coded import as_codes, blank_texts, coded
from .opened import DAMAGE, check_encoding, check_kind, damaged, existing
from .svyset import svyset

__all__ = ["read_stata"]

Array = NDArray[Any]
STATA = "a Stata file"
DAYS = ("%td", "%-td", "%tc", "%-tc", "%tw", "%tm", "%tq", "%th", "%d", "%-d")
UNICODE = 118  # the first format whose texts are UTF-8
FIRST_MISSING = 2_147_483_621  # "." among the codes of value labels; .a to .z follow


@explained
def read_stata(
    path: str | Path,
    *,
    missing_codes: Any = None,
    encoding: str | None = None,
    language: str = "en",
) -> Microdata:
    """Tables of a Stata file, with labels and the reason of every missing value.

    Parameters
    ----------
    path : str or Path
        A .dta file, of any version from 4 to 18.
    missing_codes : mapping or sequence, optional
        Codes of numbers or texts that are no values, with their reasons, beside those that the file
        tells: for all columns, ``{98: "don't know"}``, or one, ``{"age": {98: "don't know"}}``.
        With ``{}`` numbers such as 98 and 99 are values and nothing is said.
    encoding : str, optional
        Encoding of texts in files before Stata 14, such as "mac_roman"; by default UTF-8 where all
        texts are that, else Windows-1252. Later files are UTF-8.
    language : str
        Language of the labels.

    Returns
    -------
    Microdata
        One table, named as the file. Extended missing values (.a to .z) are nan, with their label
        as the reason; so are codes whose label says "don't know", "refused" and the like.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        When there is no such file, or the path is a folder.
    ValueError
        When the file is of another kind, or cut off.
    KeyError, TypeError
        When missing codes are declared for a column that is not there, or are no codes.

    Warns
    -----
    PrevalenceWarning
        When numbers without labels hold 97, 98 or 99 apart from their other values, or a date
        cannot be read as one.

    Notes
    -----
    What `svyset` declared is in `notes`, with the call that makes the `Survey`. Assumes that labels
    which say that there is no answer ("Don't know", "Ne sait pas", "Refused") mark codes that are no
    values: to keep one as an answer, change its label.

    References
    ----------
    StataCorp. Description of .dta file format 118. In the help of Stata, "help dta". (manual)

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import prevalence as pv
    >>> rows = pd.DataFrame({"work": [1, 2, 9], "age": [12, 15, 9]})
    >>> answers = {"work": {1: "Yes", 2: "No", 9: "Don't know"}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows.to_stata(f"{folder}/child.dta", value_labels=answers, write_index=False)
    ...     m = pv.read_stata(f"{folder}/child.dta")
    >>> m["child"]["work"].tolist(), m.reasons()["work"].tolist()
    ([1.0, 2.0, nan], ['', '', "Don't know"])
    """
    check_encoding(encoding)
    source = existing(path)
    check_kind(source, STATA)
    said: list[str] = []
    try:
        frame, labels, by_set, sets, formats, unicode = _raw(source)
    except DAMAGE as problem:
        raise damaged(source, STATA, problem) from problem
    decode = str if unicode else _decoder(_texts(frame, labels, by_set), encoding)
    frame.columns = pd.Index([decode(str(name)) for name in frame.columns])
    names = list(frame.columns)
    codes, missing = _codes(dict(zip(names, sets, strict=True)), by_set, decode)
    dates = [n for n, f in zip(names, formats, strict=True) if f.startswith(DAYS)]
    why: dict[str, Array] = {}
    for place, name in enumerate(names):
        column, reasons = _column(frame.iloc[:, place], missing.get(name, {}), decode)
        if name in dates:
            column = _dates(column, formats[place], name, said)
        frame[name] = column
        if reasons is not None:
            why[name] = reasons
    declared = svyset(source, names)
    return coded(
        source.stem,
        frame,
        labels={name: decode(labels[key]) for name, key in zip(names, labels, strict=True)},
        codes=codes,
        missing=missing,
        dates=dates,
        why=why,
        missing_codes=missing_codes,
        language=language,
        notes=[*said, *declared],
    )


def _raw(
    source: Path,
) -> tuple[pd.DataFrame, dict[str, str], dict[str, dict[Any, str]], list[str], list[str], bool]:
    """Return values as stored, labels of columns and codes, label sets, formats, whether UTF-8."""
    from pandas.io import stata

    made: Any = stata.StataReader(source)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with made as reader:
            frame = reader.read(
                convert_dates=False, convert_categoricals=False, convert_missing=True
            )
            labels, by_set = reader.variable_labels(), reader.value_labels()
            sets, formats = list(reader._lbllist), list(reader._fmtlist)
            release = int(reader._format_version)
    latin = any(issubclass(w.category, UnicodeWarning) for w in caught)
    return frame, labels, by_set, sets, formats, release >= UNICODE and not latin


# ---------------------------------------------------------------------- values
def _column(
    column: pd.Series[Any], missing: Mapping[Any, str], decode: Any
) -> tuple[pd.Series[Any], Array | None]:
    """Return a column with nan for missing values, and why its extended ones are missing."""
    if column.dtype.kind in "biuf":
        return column, None
    values = column.to_numpy(dtype=object)
    marks = np.array([type(x).__name__ == "StataMissingValue" for x in values], dtype=bool)
    if not marks.any():
        texts = [decode(x) if isinstance(x, str) else x for x in values]
        return blank_texts(pd.Series(texts, index=column.index, dtype=object)), None
    out = np.full(values.size, np.nan)
    out[~marks] = values[~marks].astype(float)
    why = np.full(values.size, "", dtype=object)
    letters = [x.string for x in values[marks]]
    why[marks] = ["" if x == "." else missing.get(x, x) for x in letters]
    return pd.Series(out, index=column.index), why if (why != "").any() else None


def _codes(
    sets: Mapping[str, str], by_set: Mapping[str, Mapping[Any, str]], decode: Any
) -> tuple[dict[str, dict[Any, str]], dict[str, dict[Any, str]]]:
    """Return labels by code of each column, and among them those of extended missing values."""
    codes: dict[str, dict[Any, str]] = {}
    missing: dict[str, dict[Any, str]] = {}
    for name, label_set in sets.items():
        if label_set not in by_set:
            continue
        found = {_letter(code): decode(text) for code, text in by_set[label_set].items()}
        codes[name] = as_codes(found)
        letters = {code: text for code, text in codes[name].items() if isinstance(code, str)}
        if letters:
            missing[name] = letters
    return codes, missing


def _letter(code: Any) -> Any:
    """Return ".a" for the number that stands for it among value labels."""
    step = int(code) - FIRST_MISSING
    return code if step < 0 else ("." if step == 0 else f".{chr(96 + min(step, 26))}")


def _dates(column: pd.Series[Any], form: str, name: str, said: list[str]) -> pd.Series[Any]:
    """Return a column of Stata dates as dates; outside the years that can be told, missing."""
    number = pd.to_numeric(column, errors="coerce")
    kind = form.replace("-", "")[1:].removeprefix("t")[:1]
    whole = number.to_numpy(dtype=float)
    known = np.isfinite(whole)
    months = {"m": 1, "q": 3, "h": 6}
    at = np.full(whole.size, np.datetime64("NaT", "ms"), dtype="datetime64[ms]")
    limit = np.abs(whole) < (9e13 if kind == "c" else 1e6)
    use = known & limit
    if kind in months:
        steps = np.floor(whole[use]).astype(np.int64) * months[kind]
        at[use] = np.datetime64("1960-01", "M") + steps.astype("timedelta64[M]")
    elif kind == "w":
        year, week = np.divmod(np.floor(whole[use]).astype(np.int64), 52)
        start = (np.datetime64("1960", "Y") + year.astype("timedelta64[Y]")).astype("datetime64[D]")
        at[use] = start + (7 * week).astype("timedelta64[D]")
    elif kind == "c":
        at[use] = np.datetime64("1960-01-01", "ms") + whole[use].astype("timedelta64[ms]")
    else:
        days = np.floor(whole[use]).astype("timedelta64[D]")
        at[use] = np.datetime64("1960-01-01", "D") + days
    lost = int((known & ~limit).sum())
    if lost:
        row = int(np.flatnonzero(known & ~limit)[0])
        note(
            said,
            f"dates must lie within a few thousand years: {lost:,} of {whole.size:,} rows of {name!r} "
            f"do not (first: row {row}, {shown(float(whole[row]))}). They are missing; correct them "
            "in the file.",
        )
    return pd.Series(at, index=column.index)


# ---------------------------------------------------------------------- accents
def _decoder(read: Iterable[str], encoding: str | None) -> Callable[[str], str]:
    """Return what turns a text read as Latin-1 into the one that was meant."""
    texts = {x for x in read if not x.isascii()}
    meant = encoding or ("utf-8" if all(_is_utf8(x) for x in texts) else "cp1252")
    tail = "ignore" if meant.lower().startswith("utf") else "replace"  # a character cut in two

    def decode(x: str) -> str:
        return x if x.isascii() else x.encode("latin-1").decode(meant, errors=tail)

    return decode


def _is_utf8(text: str) -> bool:
    """Tell whether a text read as Latin-1 is UTF-8, the last character perhaps cut in two."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text.encode("latin-1"), final=False)
    except UnicodeDecodeError:
        return False
    return True


def _texts(
    frame: pd.DataFrame, labels: Mapping[str, str], by_set: Mapping[str, Mapping[Any, str]]
) -> Iterable[str]:
    """Yield every text of a file."""
    yield from (str(name) for name in frame.columns)
    yield from labels.values()
    for label_set in by_set.values():
        yield from (str(text) for text in label_set.values())
    for column in (frame[name] for name in frame):
        if column.dtype.kind not in "biuf":
            yield from (x for x in column if isinstance(x, str))
