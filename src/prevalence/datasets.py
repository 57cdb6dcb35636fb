"""The synthetic studies that come with the library: their files, and the truth about them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["folder", "studies", "truth"]

STUDIES = {"jamaica": "A national study of child trafficking, Jamaica-like, on synthetic data"}


def studies() -> dict[str, str]:
    """Return the names of the studies with a line on each.

    Returns
    -------
    dict of str to str
        What each study is, by name; all are synthetic.

    Examples
    --------
    >>> import prevalence as pv
    >>> list(pv.datasets.studies())
    ['jamaica']
    """
    return dict(STUDIES)


def _place(kind: str) -> Path:
    """Return where studies lie: in the installed package, or at the top of the clone."""
    package = Path(__file__).parent
    installed = package / "_studies" / kind
    if installed.is_dir():
        return installed
    return package.parents[1] / {"data": "data/synthetic", "notebooks": "notebooks"}[kind]


def check(study: str) -> str:
    """Return the name of a study that exists."""
    if study not in STUDIES:
        raise KeyError(
            f"study must be one of those that come with the library: {study!r} is not."
            f"{nearest(study, STUDIES)}"
        )
    return study


def folder(study: str) -> Path:
    """Return the folder with the files of a study.

    Parameters
    ----------
    study : str
        Name of the study.

    Returns
    -------
    pathlib.Path
        Folder of CSV files; ``DATA_CARD.md`` in it says what is public and what is assumed.

    Raises
    ------
    KeyError
        When there is no such study.

    Examples
    --------
    >>> import prevalence as pv
    >>> (pv.datasets.folder("jamaica") / "children.csv").is_file()
    True
    """
    return _place("data") / check(study)


def truth(folder: str | Path) -> pd.DataFrame:
    """Return the true values behind a folder of synthetic data, one row per estimand.

    Parameters
    ----------
    folder : path
        Folder of a synthetic study.

    Returns
    -------
    pandas.DataFrame
        Columns id, outcome, form, window, denominator, by, domain, value, unit and note.

    Examples
    --------
    >>> import prevalence as pv
    >>> values = pv.datasets.truth(pv.datasets.folder("jamaica"))
    >>> int(values.set_index("id").loc["five_year_sexual_count", "value"])
    1200
    """
    import pandas as pd

    return pd.read_csv(Path(folder) / "truth.csv")


def source(study: str) -> Path:
    """Return the notebook's source of a study."""
    return _place("notebooks") / f"{check(study)}.py"


def digest(path: str | Path) -> str:
    """Return the sha256 of the CSV files in a folder, by name."""
    seen = hashlib.sha256()
    for file in sorted(Path(path).glob("*.csv")):
        seen.update(file.name.encode() + file.read_bytes())
    return seen.hexdigest()
