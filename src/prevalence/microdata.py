"""Tables of a study as they were collected: values, labels, why a value is missing, and their links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .arguments import explained
from .errors import nearest, one_of, shown
from .missing_codes import BLANK, Code, as_missing, is_code

__all__ = ["Link", "Microdata", "Variable"]

Array = NDArray[Any]
Kind = Literal["number", "text", "choice", "multiple", "date", "other"]
KINDS = ("number", "text", "choice", "multiple", "date", "other")


@explained
@dataclass(frozen=True)
class Variable:
    """What is known of one column: its kind, labels, codes and missing codes.

    Parameters
    ----------
    name : str
        Name of the column.
    table : str
        Table it is in.
    kind : {"number", "text", "choice", "multiple", "date", "other"}
        What it holds; "multiple" is text of several codes with a space between them.
    labels : Mapping[str, str]
        Its label in each language.
    codes : Mapping[code, Mapping[str, str]]
        The label of each code in each language, in the order of the questionnaire.
    missing : Mapping[code, str]
        Codes that are no values, and what each says ("refused", "don't know").
    relevant : str
        Condition under which it was asked, as it was written; "" without one.

    Examples
    --------
    >>> import prevalence as pv
    >>> work = pv.Variable("work", "child", "choice", codes={"yes": {"en": "Yes"}})
    >>> work.codes["yes"]["en"]
    'Yes'
    """

    name: str
    table: str
    kind: Kind
    labels: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[Code, Mapping[str, str]] = field(default_factory=dict)
    missing: Mapping[Code, str] = field(default_factory=dict)
    relevant: str = ""

    def __post_init__(self) -> None:
        one_of("kind", self.kind, KINDS)


@dataclass(frozen=True)
class Link:
    """How the rows of a table find their parent's row: `key` here is `parent_key` there.

    Parameters
    ----------
    key : str
        Column of the child table.
    parent : str
        Name of the parent table.
    parent_key : str
        Column of the parent table, different in each of its rows.
    """

    key: str
    parent: str
    parent_key: str


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Microdata(Mapping[str, pd.DataFrame]):
    """Tables of a study with their labels, why values are missing, and how tables are linked.

    A mapping from names of tables to data frames in which codes for missing answers are nan. What
    each stood for is in `reasons`.

    Parameters
    ----------
    tables : Mapping[str, pandas.DataFrame]
        Tables by name, missing codes already nan.
    variables : Mapping[tuple[str, str], Variable]
        What is known of each column, by (table, name).
    why : Mapping[tuple[str, str], array of str]
        Why values are missing, by (table, name): one text a row, "" where there is a value. A
        column that is not here is blank where it is nan.
    links : Mapping[str, Link]
        How each child table finds its parent.
    languages : Sequence[str]
        Languages of the labels, the first one the default; those of the variables unless given.
    notes : Sequence[str]
        What was said while reading.

    Raises
    ------
    ValueError
        If a child row has no parent row, or a key of a parent stands twice.

    Examples
    --------
    >>> import pandas as pd
    >>> import prevalence as pv
    >>> work = pv.Variable(
    ...     "work",
    ...     "child",
    ...     "choice",
    ...     labels={"en": "Worked last week?"},
    ...     codes={1: {"en": "Yes"}, 0: {"en": "No"}, 98: {"en": "Don't know"}},
    ...     missing={98: "don't know"},
    ... )
    >>> m = pv.Microdata.from_codes({"child": pd.DataFrame({"work": [1, 0, 98]})}, [work])
    >>> m["child"]["work"].tolist()
    [1.0, 0.0, nan]
    >>> m.reasons()["work"].tolist()
    ['', '', "don't know"]
    >>> m.labelled()["work"].tolist()
    ['Yes', 'No', nan]
    >>> m.label("work"), m.codes("work")
    ('Worked last week?', {1: 'Yes', 0: 'No', 98: "Don't know"})
    >>> m.codebook()[["variable", "kind", "missing"]].values.tolist()
    [['work', 'choice', "98 = don't know"]]

    Two tables, linked:

    >>> from prevalence.microdata import Link
    >>> home = pd.DataFrame({"key": [7, 9], "area": ["north", "south"]})
    >>> child = pd.DataFrame({"home": [9, 7, 9]})
    >>> m = pv.Microdata.from_codes(
    ...     {"home": home, "child": child}, [], links={"child": Link("home", "home", "key")}
    ... )
    >>> m.parent_rows("child"), m.link("child", "home", ["area"])["area"].tolist()
    (array([1, 0, 1]), ['south', 'north', 'south'])
    """

    tables: Mapping[str, pd.DataFrame]
    variables: Mapping[tuple[str, str], Variable] = field(default_factory=dict)
    why: Mapping[tuple[str, str], Array] = field(default_factory=dict)
    links: Mapping[str, Link] = field(default_factory=dict)
    languages: Sequence[str] = ()
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("tables", "variables", "why", "links"):
            object.__setattr__(self, name, dict(getattr(self, name)))
        languages = self.languages or _languages(self.variables.values())
        object.__setattr__(self, "languages", tuple(languages))
        object.__setattr__(self, "notes", tuple(self.notes))
        for child in self.links:
            self.parent_rows(child)

    @classmethod
    def from_codes(
        cls,
        tables: Mapping[str, pd.DataFrame],
        variables: Sequence[Variable],
        *,
        why: Mapping[tuple[str, str], Array] | None = None,
        links: Mapping[str, Link] | None = None,
        languages: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> Microdata:
        """Return tables whose missing codes have become nan, each with its reason.

        Parameters
        ----------
        tables : Mapping[str, pandas.DataFrame]
            Tables as they were read, with their codes.
        variables : Sequence[Variable]
            What is known of the columns; `missing` says which codes are no values.
        why : Mapping[tuple[str, str], array of str], optional
            Reasons that are known already.
        links : Mapping[str, Link], optional
            How each child table finds its parent.
        languages : Sequence[str]
            Languages of the labels, the first one the default.
        notes : Sequence[str]
            What was said while reading.

        Returns
        -------
        Microdata
            The same rows.

        Raises
        ------
        KeyError
            When a variable is of a table that is not there.
        """
        reasons = dict(why or {})
        known = {(v.table, v.name): v for v in variables}
        clean = {name: frame.copy(deep=False) for name, frame in tables.items()}
        homeless = [v for v in variables if v.table not in clean]
        if homeless:
            raise KeyError(
                f"variables must be of the tables given: {len(homeless)} of {len(variables)} are of none "
                f"(first: {homeless[0].name!r} of {homeless[0].table!r})."
                f"{nearest(homeless[0].table, clean)} Leave them out, or give their tables."
            )
        for (table, name), variable in known.items():
            if not variable.missing or name not in clean[table]:
                continue
            column, found = as_missing(clean[table][name], variable.missing)
            clean[table][name] = column
            before = reasons.get((table, name))
            if before is not None:
                found = np.where(found == BLANK, before, found)
            if found.any():
                reasons[table, name] = found
        return cls(clean, known, reasons, links or {}, languages, notes)

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[self._table(table)].copy(deep=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def __contains__(self, table: object) -> bool:
        return table in self.tables

    def __repr__(self) -> str:
        parts = []
        for name, frame in self.tables.items():
            link = f", in {self.links[name].parent}" if name in self.links else ""
            parts.append(f"{name} ({len(frame):,} rows, {frame.shape[1]:,} columns{link})")
        languages = f"; labels in {', '.join(self.languages)}" if self.languages else ""
        return f"Microdata: {'; '.join(parts)}{languages}"

    @property
    def data(self) -> pd.DataFrame:
        """Return the only table.

        Returns
        -------
        pandas.DataFrame
            Its rows.

        Raises
        ------
        ValueError
            If there are several tables, with their names.
        """
        return self[self._table(None)]

    def reasons(self, table: str | None = None) -> pd.DataFrame:
        """Return why values are missing, in the shape of a table.

        Parameters
        ----------
        table : str, optional
            Name of the table; the only one if there is one.

        Returns
        -------
        pandas.DataFrame
            "" where there is a value; else "refused", "don't know", "not asked", the label of the
            code, or "blank" where nothing was written.
        """
        table = self._table(table)
        frame = self.tables[table]
        columns = {name: self._reason(table, str(name), frame[name]) for name in frame.columns}
        return pd.DataFrame(columns, index=frame.index)

    def label(self, name: str, lang: str = "", *, table: str | None = None) -> str:
        """Return the label of a column, or its name if it has none in this language.

        Parameters
        ----------
        name : str
            Name of the column.
        lang : str
            Language, the first one unless given.
        table : str, optional
            Its table, where several have a column of this name.

        Returns
        -------
        str
            The label.
        """
        variable = self._variable(name, table)
        return variable.labels.get(self._language(lang)) or variable.name

    def codes(self, name: str, lang: str = "", *, table: str | None = None) -> dict[Code, str]:
        """Return the label of each code of a column, in the order of the questionnaire.

        Parameters
        ----------
        name : str
            Name of the column.
        lang : str
            Language, the first one unless given.
        table : str, optional
            Its table, where several have a column of this name.

        Returns
        -------
        dict
            Labels by code; the code as text where it has no label in this language.
        """
        lang, variable = self._language(lang), self._variable(name, table)
        return {code: labels.get(lang) or str(code) for code, labels in variable.codes.items()}

    def labelled(self, table: str | None = None, lang: str = "") -> pd.DataFrame:
        """Return a table with codes replaced by their labels, as ordered categories.

        Parameters
        ----------
        table : str, optional
            Name of the table; the only one if there is one.
        lang : str
            Language, the first one unless given.

        Returns
        -------
        pandas.DataFrame
            Columns of kind "choice" as ordered categories; others as they are. Codes of one label
            are told apart by the code in brackets; a code without label is its own.
        """
        table = self._table(table)
        frame = self.tables[table].copy(deep=False)
        for name in frame.columns:
            variable = self.variables.get((table, str(name)))
            if variable is None or variable.kind != "choice" or not variable.codes:
                continue
            labels = _distinct(self.codes(variable.name, lang, table=table))
            order = {code: text for code, text in labels.items() if code not in variable.missing}
            values = frame[name].dropna()
            extra = [code for code in pd.unique(values) if code not in order]
            order |= _distinct({code: str(code) for code in extra})
            places = pd.Index(list(order)).get_indexer(pd.Index(frame[name]))
            categories = pd.CategoricalDtype(list(order.values()), ordered=True)
            kept = pd.Categorical.from_codes(places, dtype=categories)
            frame[name] = pd.Series(kept, index=frame.index)
        return frame

    def codebook(self, table: str | None = None) -> pd.DataFrame:
        """Return one row a column: kind, labels, codes, missing codes, condition.

        Parameters
        ----------
        table : str, optional
            Name of a table; all of them unless given.

        Returns
        -------
        pandas.DataFrame
            Columns table, variable, kind, one label for each language, codes, missing, relevant.
        """
        wanted = list(self.tables) if table is None else [self._table(table)]
        rows = []
        for name in wanted:
            for column in map(str, self.tables[name].columns):
                known = self.variables.get((name, column)) or Variable(column, name, "other")
                labels = {f"label {lang}": known.labels.get(lang, "") for lang in self.languages}
                lang = self.languages[0] if self.languages else ""
                codes = (f"{code} = {text.get(lang, '')}" for code, text in known.codes.items())
                missing = (f"{code} = {reason}" for code, reason in known.missing.items())
                rows.append(
                    {"table": name, "variable": column, "kind": known.kind}
                    | labels
                    | {"codes": "; ".join(codes), "missing": "; ".join(missing)}
                    | {"relevant": known.relevant}
                )
        return pd.DataFrame(rows)

    def link(self, child: str, parent: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the rows of a child table with the columns of their parent's row.

        Parameters
        ----------
        child : str
            Name of the child table.
        parent : str
            Name of its parent, or of a parent further up.
        columns : Sequence[str], optional
            Columns of the parent to take; all of them unless given. One that the child has too is
            named "parent/column".

        Returns
        -------
        pandas.DataFrame
            As many rows as the child table has, in its order.

        Raises
        ------
        ValueError
            If the one is not a parent of the other.
        """
        child, parent = self._table(child), self._table(parent)
        rows, at = np.arange(len(self.tables[child])), child
        while at != parent:
            if at not in self.links:
                raise ValueError(
                    f"parent must be a table that {child!r} is in: {parent!r} is not. "
                    "See .links for how tables are linked."
                )
            rows = self.parent_rows(at)[rows]
            at = self.links[at].parent
        out, source = self.tables[child].copy(deep=False), self.tables[parent]
        names = list(source.columns) if columns is None else list(columns)
        for name in names:
            if name not in source:
                raise KeyError(
                    f"columns must be columns of {parent!r}: {name!r} is not."
                    f"{nearest(name, source.columns)}"
                )
        taken = {f"{parent}/{name}" if name in out else name: source[name] for name in names}
        added = pd.DataFrame(
            {name: column.array.take(rows) for name, column in taken.items()}, index=out.index
        )
        return pd.concat([out, added], axis=1)

    def parent_rows(self, child: str) -> Array:
        """Return the row of its parent for each row of a child table.

        Parameters
        ----------
        child : str
            Name of the child table.

        Returns
        -------
        array of int
            Positions in the parent table.
        """
        if not is_code(child) or child not in self.links:
            raise KeyError(
                f"child must be a table with a link: {shown(child)} has none."
                f"{nearest(child, self.links) or ' No table has one.'}"
            )
        link = self.links[child]
        keys = pd.Index(self.tables[self._table(link.parent)][link.parent_key])
        if not keys.is_unique:
            twice = int(keys.duplicated().sum())
            raise ValueError(
                f"keys of a table must differ: {twice:,} of {len(keys):,} rows of "
                f"{link.parent!r} have a key in {link.parent_key!r} that stands above them (first: "
                f"row {int(np.flatnonzero(keys.duplicated())[0])}). Drop the rows that are there "
                "twice, or give each its own key."
            )
        own = self.tables[self._table(child)][link.key]
        rows = np.asarray(keys.get_indexer(pd.Index(own)))
        gone = (rows < 0) | own.isna().to_numpy()
        if gone.any():
            raise ValueError(
                f"every row of {child!r} must have its row in {link.parent!r}: {int(gone.sum()):,} "
                f"of {len(own):,} have none (first: row {int(np.flatnonzero(gone)[0])}). Export "
                "the tables anew in one go, or drop these rows."
            )
        return rows

    def _table(self, name: str | None) -> str:
        if name is None and len(self.tables) == 1:
            return next(iter(self.tables))
        if name is None:
            raise ValueError(
                f"a table must be named where there are several: {', '.join(self.tables)}. Take "
                f'one, as in m["{next(iter(self.tables), "table")}"], or link two with .link.'
            )
        if name not in self.tables:
            raise KeyError(f"there is no table {name!r}.{nearest(name, self.tables)}")
        return name

    def _variable(self, name: str, table: str | None) -> Variable:
        wanted = list(self.tables) if table is None else [self._table(table)]
        found = [place for place in wanted if name in self.tables[place].columns]
        if not found:
            names = [str(n) for place in wanted for n in self.tables[place].columns]
            raise KeyError(f"there is no column {name!r}.{nearest(name, names)}")
        if len(found) > 1:
            raise ValueError(
                f"name must be a column of one table: {name!r} is in {', '.join(found)}. Say "
                f"which, as in table={found[0]!r}."
            )
        known = self.variables.get((found[0], name))
        return known or Variable(name, found[0], "other")

    def _language(self, lang: str) -> str:
        if not lang or not self.languages:
            return self.languages[0] if self.languages else lang
        return one_of("lang", lang, self.languages)

    def _reason(self, table: str, name: str, column: pd.Series[Any]) -> Array:
        gone = column.isna().to_numpy()
        known = self.why.get((table, name))
        if known is None:
            return np.where(gone, BLANK, "").astype(object)
        return np.where(gone, np.where(known == "", BLANK, known), "").astype(object)


def _languages(variables: Iterable[Variable]) -> list[str]:
    """Return the languages of the labels of variables and codes, as they first appear."""
    found: dict[str, None] = {}
    for variable in variables:
        for labels in (variable.labels, *variable.codes.values()):
            found.update(dict.fromkeys(labels))
    return list(found)


def _distinct(labels: dict[Code, str]) -> dict[Code, str]:
    """Tell labels that stand twice apart by their codes."""
    texts = list(labels.values())
    return {
        code: f"{text} ({code})" if texts.count(text) > 1 else text for code, text in labels.items()
    }
