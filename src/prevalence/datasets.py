"""The synthetic studies that come with the library: their files, and the truth about them."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arguments import explained
from .errors import nearest, text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["coverage", "folder", "margins", "provenance", "studies", "true_values", "truth"]

#: Libraries whose version may change a number or a figure.
LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "matplotlib")


@dataclass(frozen=True)
class Study:
    """One study: what it is, and the folder of data that it reads, if any."""

    title: str
    data: str = ""


#: In the order in which they are read.
STUDIES = {
    "household_survey": Study("A national household survey, Jamaica-like", "jamaica"),
    "referral_lists": Study("Lists of a National Referral Mechanism"),
    "children_known": Study("Asking people about children they know"),
    "formative_research": Study("Formative research, Côte d'Ivoire-like", "cote_divoire"),
    "jamaica": Study("Putting it together: a national study, Jamaica-like", "jamaica"),
    "real_data": Study("Real data: published surveys and lists"),
}
DATA = ("jamaica", "cote_divoire")


@explained
def studies() -> dict[str, str]:
    """Return the names of the studies with a line on each, in the order in which they are read.

    Returns
    -------
    dict of str to str
        What each study is, by name. All data are synthetic, but for published tables.

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.datasets.studies()["jamaica"]
    'Putting it together: a national study, Jamaica-like'
    """
    return {name: study.title for name, study in STUDIES.items()}


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


@explained
def folder(name: str) -> Path:
    """Return the folder with the files of a synthetic country.

    Parameters
    ----------
    name : str
        ``"jamaica"`` or ``"cote_divoire"``.

    Returns
    -------
    pathlib.Path
        Folder of CSV files; ``DATA_CARD.md`` in it says what is public and what is assumed.

    Raises
    ------
    KeyError
        When there is no such folder.

    Examples
    --------
    >>> import prevalence as pv
    >>> (pv.datasets.folder("jamaica") / "children.csv").is_file()
    True
    """
    if name not in DATA:
        raise KeyError(
            f"name must be a synthetic country that comes with the library: {name!r} is not."
            f"{nearest(name, DATA)}"
        )
    return _place("data") / name


@explained
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

    Raises
    ------
    FileNotFoundError, TypeError
        When it is no folder with a truth.

    Examples
    --------
    >>> import prevalence as pv
    >>> values = pv.datasets.truth(pv.datasets.folder("jamaica"))
    >>> int(values.set_index("id").loc["five_year_sexual_count", "value"])
    1200
    """
    return _read(folder, "truth")


@explained
def true_values(
    truth: str | Path | pd.DataFrame,
    name: str,
    labels: Sequence[tuple[str, ...]] = (),
    *,
    form: str | None = None,
) -> list[float]:
    """Return what is true of one estimand, in the order of an estimate's domains.

    Parameters
    ----------
    truth : path or pandas.DataFrame
        Folder of a synthetic study, or its table of true values.
    name : str
        The estimand: an ``id`` of the table.
    labels : sequence of tuple of str
        ``labels`` of an estimate by domain; by default the whole population.
    form : str, optional
        The form of trafficking; by default all forms together, where they are told apart.

    Returns
    -------
    list of float
        One value, or one per domain.

    Raises
    ------
    KeyError
        When the table has no such estimand, form or domain.

    Examples
    --------
    >>> import prevalence as pv
    >>> data = pv.datasets.folder("jamaica")
    >>> pv.datasets.true_values(data, "household_12m_count")
    [8554.0]
    >>> pv.datasets.true_values(data, "household_12m_count", [("Hanover",), ("Portland",)])
    [264.0, 214.0]
    """
    import pandas as pd

    name = text("name", name, "Write the id of an estimand.")
    if form is not None:
        form = text("form", form, "Write a form of trafficking as the table has it.")
    table = truth if isinstance(truth, pd.DataFrame) else _read(truth, "truth")
    lacks = [column for column in ("id", "form", "domain", "value") if column not in table]
    if lacks:
        raise KeyError(
            f"truth must be a table of true values: column {lacks[0]!r} is missing. Pass what "
            "datasets.truth returns unchanged."
        )
    rows = table[table["id"] == name]
    if form is not None or rows["domain"].duplicated().any():
        rows = rows[rows["form"] == (form or "any")]
    if not len(rows):
        raise KeyError(
            f"name must be an estimand of the table: {name!r}{f' of form {form!r}' if form else ''} "
            f"is none.{nearest(name, sorted(set(table['id'])))}"
        )
    values = rows.set_index("domain")["value"]
    domains = [label[0] for label in labels if label] or ["all"]
    lacking = [domain for domain in domains if domain not in values]
    if lacking:
        raise KeyError(
            f"labels must be domains of {name!r}: {len(lacking)} of {len(domains)} are not (first: "
            f"{lacking[0]!r}).{nearest(lacking[0], values.index)}"
        )
    return [float(values[domain]) for domain in domains]


@explained
def margins(
    census: str | Path | pd.DataFrame, *names: str | tuple[str, ...]
) -> dict[Any, dict[Any, float]]:
    """Return census counts of children as `Survey.rake` takes them.

    Parameters
    ----------
    census : path or pandas.DataFrame
        Folder of a synthetic study, or its table ``margins``.
    *names : str or tuple of str
        The margins, such as ``"age_group"``, or ``("parish", "sex")`` for a crossed one.

    Returns
    -------
    dict
        By margin, the number of children in each of its categories.

    Raises
    ------
    KeyError
        When the table has no such margin.

    Examples
    --------
    >>> import prevalence as pv
    >>> census = pv.datasets.margins(pv.datasets.folder("jamaica"), ("parish", "sex"), "age_group")
    >>> census["age_group"]
    {'12-14': 130266.0, '15-17': 130114.0, '5-11': 304431.0}
    """
    import pandas as pd

    table = census if isinstance(census, pd.DataFrame) else _read(census, "margins")
    table = table[table["population"].str.startswith("children")]
    out = {}
    for name in names:
        keys = [name] if isinstance(name, str) else list(name)
        margin = " x ".join(keys)
        rows = table[table["margin"] == margin]
        if not len(rows):
            raise KeyError(
                f"names must be margins of the table: {margin} is none."
                f"{nearest(margin, sorted(set(table['margin'])))}"
            )
        labels = rows[keys[0]] if len(keys) == 1 else zip(*(rows[k] for k in keys), strict=True)
        out[name] = dict(zip(labels, rows["count"].astype(float), strict=True))
    return out


def _read(folder: str | Path, name: str) -> pd.DataFrame:
    import pandas as pd

    path = _folder("folder", folder) / f"{name}.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"folder must be that of a synthetic study: {path.parent.name!r} holds no {path.name}. Write "
            'pv.datasets.folder("jamaica").'
        )
    return pd.read_csv(path)


def source(study: str) -> Path:
    """Return the notebook's source of a study."""
    return _place("notebooks") / f"{check(study)}.py"


@explained
def coverage(study: str) -> pd.DataFrame:
    """Return how often the intervals of a study hold the truth when its data are drawn anew.

    Parameters
    ----------
    study : str
        Name of the study.

    Returns
    -------
    pandas.DataFrame
        One row per estimate, with Monte Carlo errors; made by ``python -m prevalence coverage``.

    Raises
    ------
    KeyError
        When there is no such study.
    FileNotFoundError
        When no table was made for it.

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.datasets.coverage("jamaica")["coverage"].between(0.9, 1).all()
    np.True_
    """
    import pandas as pd

    path = coverage_path(study)
    if not path.is_file():
        raise FileNotFoundError(
            f"study must have a coverage table: {study!r} has none. Make one: python -m prevalence "
            f"coverage {study}."
        )
    return pd.read_csv(path)


def coverage_path(study: str) -> Path:
    """Return the file of the committed coverage table."""
    return source(study).with_suffix(".coverage.csv")


@explained
def provenance(data: str | Path | Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return what a result was made with: versions of the libraries and the hash of the data.

    Parameters
    ----------
    data : path or mapping of str to pandas.DataFrame, optional
        Folder of CSV files, or tables by name.

    Returns
    -------
    pandas.DataFrame
        Columns what and value.

    Raises
    ------
    FileNotFoundError, TypeError
        When the folder holds no CSV file, or something is no table.

    Examples
    --------
    >>> import prevalence as pv
    >>> pv.datasets.provenance(pv.datasets.folder("jamaica"))["what"].tolist()[-1]
    'data (sha256)'
    """
    import pandas as pd

    from . import __version__

    rows = {"python": platform.python_version(), "prevalence": __version__}
    rows |= {name: metadata.version(name) for name in LIBRARIES}
    if data is not None:
        rows["data (sha256)"] = digest(data)
    return pd.DataFrame({"what": list(rows), "value": list(rows.values())})


def digest(data: str | Path | Mapping[str, Any]) -> str:
    """Return the sha256 of the CSV files in a folder, or of tables, by name."""
    seen = hashlib.sha256()
    if isinstance(data, Mapping):
        for name in sorted(data):
            if not hasattr(data[name], "to_csv"):
                raise TypeError(
                    f"data must map names to tables: {name!r} is {type(data[name]).__name__}. Pass "
                    "DataFrames by name, or a folder."
                )
            text = data[name].to_csv(index=False, float_format="%.10g", lineterminator="\n")
            seen.update(name.encode() + text.encode())
    else:
        folder = _folder("data", data)
        files = sorted(folder.glob("*.csv"))
        if not files:
            raise FileNotFoundError(
                f"data must be a folder of CSV files: {folder.name!r} holds none. Correct the path."
            )
        for file in files:
            seen.update(file.name.encode() + file.read_bytes())
    return seen.hexdigest()


def _folder(argument: str, path: object) -> Path:
    if isinstance(path, (str, PathLike)):
        return Path(path)
    raise TypeError(
        f"{argument} must be a folder: found {type(path).__name__}. Write for example "
        'pv.datasets.folder("jamaica").'
    )


def study_digest(study: str) -> str:
    """Return the sha256 of the files that a study reads, or of none."""
    name = STUDIES[check(study)].data
    return digest(folder(name)) if name else ""
