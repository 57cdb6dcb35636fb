"""SPSS files: value labels, user-missing codes and ranges with their labels, dates, accents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..arguments import explained
from ..microdata import Microdata
from ..missing_codes import as_missing
from .coded import as_codes, blank_texts, coded
from .opened import check_encoding, check_kind, damaged, existing, package

__all__ = ["read_spss"]

Array = NDArray[Any]
SPSS = "an SPSS file"
DATES = ("DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR", "DATETIME", "YMDHMS")
EPOCH = np.datetime64("1582-10-14", "ms")
LAST = 3e11  # seconds after it, about the year 11,000


@explained
def read_spss(
    path: str | Path,
    *,
    missing_codes: Any = None,
    encoding: str | None = None,
    language: str = "en",
) -> Microdata:
    """Tables of an SPSS file, with labels and the reason of every missing value.

    Parameters
    ----------
    path : str or Path
        A .sav or .zsav file.
    missing_codes : mapping or sequence, optional
        Codes of numbers or texts that are no values, with their reasons, beside those that the file
        declares: for all columns, ``{98: "don't know"}``, or one, ``{"age": {98: "don't know"}}``.
        With ``{}`` numbers such as 98 and 99 are values and nothing is said.
    encoding : str, optional
        Encoding of texts, such as "cp1252", where the file tells none or a wrong one.
    language : str
        Language of the labels.

    Returns
    -------
    Microdata
        One table, named as the file. User-missing codes and ranges are nan, with the label of the
        code as the reason; so are codes whose label says "don't know", "refused" and the like.

    Raises
    ------
    ImportError
        When pyreadstat is not installed.
    FileNotFoundError, IsADirectoryError
        When there is no such file, or the path is a folder.
    ValueError
        When the file is of another kind, cut off or encrypted.
    KeyError, TypeError
        When missing codes are declared for a column that is not there, or are no codes.

    Warns
    -----
    PrevalenceWarning
        When numbers without labels hold 97, 98 or 99 apart from their other values.

    Notes
    -----
    Times of day and durations are numbers of seconds. A weight that is on in SPSS is not read: name
    it when the `Survey` is made. Assumes that labels which say that there is no answer ("Don't
    know", "Ne sait pas", "Refused") mark codes that are no values: to keep one as an answer, change
    its label.

    References
    ----------
    GNU PSPP Developers. System file format. In PSPP Developers Guide, appendix B. (manual)

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import pyreadstat
    >>> import prevalence as pv
    >>> rows = pd.DataFrame({"work": [1.0, 2.0, 99.0]})
    >>> labels = {"work": {1: "Oui", 2: "Non", 99: "Refus"}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pyreadstat.write_sav(
    ...         rows,
    ...         f"{folder}/child.sav",
    ...         variable_value_labels=labels,
    ...         missing_ranges={"work": [99]},
    ...     )
    ...     m = pv.read_spss(f"{folder}/child.sav", language="fr")
    >>> m["child"]["work"].tolist(), m.reasons()["work"].tolist()
    ([1.0, 2.0, nan], ['', '', 'Refus'])
    """
    check_encoding(encoding)
    source = existing(path)
    check_kind(source, SPSS)
    frame, about = _raw(source, encoding)
    codes = {name: as_codes(labels) for name, labels in about.variable_value_labels.items()}
    dates = [
        n
        for n, f in about.original_variable_types.items()
        if (f or "").rstrip("0123456789.") in DATES
    ]
    missing = {
        name: _missing(frame[name], ranges, codes.get(name, {}))
        for name, ranges in about.missing_ranges.items()
    }
    why: dict[str, Array] = {}
    for name in frame.columns:
        if name in dates:
            column, why[name] = as_missing(frame[name], missing.get(name, {}))
            frame[name] = _dates(column)
        elif frame[name].dtype.kind not in "biuf":
            frame[name] = blank_texts(frame[name].astype(object))
    labels = {name: text or "" for name, text in about.column_names_to_labels.items()}
    return coded(
        source.stem,
        frame,
        labels=labels,
        codes=codes,
        missing=missing,
        dates=dates,
        why=why,
        missing_codes=missing_codes,
        language=language,
        notes=(),
    )


def _raw(source: Path, encoding: str | None) -> tuple[pd.DataFrame, Any]:
    """Return values as stored and what the file says of them."""
    pyreadstat = package("pyreadstat", "read_spss")
    try:
        frame, about = pyreadstat.read_sav(
            str(source), encoding=encoding, user_missing=True, disable_datetime_conversion=True
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeDecodeError) as problem:
        raise damaged(source, SPSS, problem) from problem
    strange = [name for name in frame.columns if not isinstance(name, str)]
    if strange or not frame.columns.is_unique:
        raise damaged(source, SPSS, ValueError("names"))
    return frame, about


def _missing(
    column: pd.Series[Any], ranges: Sequence[Mapping[str, Any]], labels: Mapping[Any, str]
) -> dict[Any, str]:
    """Return the codes of a column that are declared missing: those that stand there or have labels."""
    numeric = column.dtype.kind in "biuf"
    held = [x for x in pd.unique(column.dropna()) if numeric or isinstance(x, str)]
    candidates = as_codes({**dict.fromkeys(held, ""), **labels})
    out = {}
    for code in candidates:
        if isinstance(code, str) == numeric:
            continue
        inside = any(
            _trimmed(r["lo"]) <= code <= _trimmed(r["hi"])
            for r in ranges
            if isinstance(r["lo"], str) != numeric
        )
        if inside:
            out[code] = labels.get(code) or f"code {code}"
    return out


def _trimmed(limit: Any) -> Any:
    return limit.rstrip() if isinstance(limit, str) else limit


def _dates(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return seconds since the epoch of SPSS as dates."""
    seconds = column.to_numpy(dtype=float)
    use = np.isfinite(seconds) & (np.abs(seconds) < LAST)
    at = np.full(seconds.size, np.datetime64("NaT", "ms"), dtype="datetime64[ms]")
    at[use] = EPOCH + np.round(seconds[use] * 1000).astype("timedelta64[ms]")
    return pd.Series(at, index=column.index)
