"""`Table`: a table of estimates to paste into a paper, a page, a document or a workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ..arguments import explained
from ..storage import target_of, write_whole
from . import markup

__all__ = ["Column", "Table"]


class Column(NamedTuple):
    """One column: its head, its cells as they are shown, and as numbers where they are some."""

    head: str
    texts: Sequence[str]
    values: Sequence[int | Decimal | None] | None = None  # None: the texts are the values
    shown: bool = True  # in the printed forms; the others are for frames and workbooks
    data: bool = True  # in frames and workbooks

    @property
    def right(self) -> bool:
        """Whether it stands to the right, as numbers do."""
        return self.values is not None


@explained
@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """A table as it is published: small cells protected, numbers rounded, notes below.

    Made by `Estimate.table`, `Comparison.table` and `checklist`.

    Parameters
    ----------
    caption : str
        What it shows.
    columns : tuple of Column
        Its columns.
    notes : tuple of str
        What a reader must know of it, one sentence or more each.
    muted : tuple of bool
        Rows that are suppressed.
    lang : str
        Language of its words, ``"en"`` or ``"fr"``.

    Examples
    --------
    >>> import prevalence as pv
    >>> survey = pv.Survey({"case": [1, 0, 0, 0] * 50})
    >>> table = pv.direct.prevalence(survey, "case").table()
    >>> print(table.to_markdown().splitlines()[4])
    | all | 200 | 50 | 25.0 % | 19.4 to 31.4 | 12 % | 1.01 |  |
    >>> "tabular" in table.to_latex(), "<table" in table.to_html()
    (True, True)
    >>> table.to_frame().shape
    (1, 10)
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     book = table.to_excel(f"{folder}/cases.xlsx")
    ...     page = table.to_word(f"{folder}/cases.docx")
    """

    caption: str
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()
    muted: tuple[bool, ...] = ()
    lang: str = "en"

    # ------------------------------------------------------------------ parts
    @property
    def heads(self) -> list[str]:
        """The heads of the columns that are printed."""
        return [column.head for column in self.columns if column.shown]

    @property
    def right(self) -> list[bool]:
        """Which of the printed columns stand to the right."""
        return [column.right for column in self.columns if column.shown]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The rows as they are printed: every cell a text."""
        return list(zip(*(c.texts for c in self.columns if c.shown), strict=True))

    # ------------------------------------------------------------------ forms
    def to_frame(self) -> pd.DataFrame:
        """Return the table as a pandas DataFrame, with its numbers as rounded for print.

        Returns
        -------
        pandas.DataFrame
            One column for each limit and one for the unit; suppressed numbers are missing.
        """
        return pd.DataFrame({c.head: _data(c) for c in self.columns if c.data})

    def to_markdown(self) -> str:
        """Return the table in Markdown, its notes below it.

        Returns
        -------
        str
            A pipe table, every text escaped.
        """
        return markup.markdown(self)

    def to_latex(self) -> str:
        """Return the table in LaTeX; its rules are those of the package booktabs.

        Returns
        -------
        str
            A ``table`` environment with caption and notes, every text escaped.
        """
        return markup.latex(self)

    def to_html(self) -> str:
        """Return the table in HTML, as a notebook shows it.

        Returns
        -------
        str
            A ``table`` with its caption, heads of rows and columns, and notes; every text escaped.
        """
        return markup.html(self)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __repr__(self) -> str:
        return markup.plain(self)

    # ------------------------------------------------------------------ files
    def to_excel(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the table to a workbook: numbers as numbers, the limits in columns of their own.

        Parameters
        ----------
        path : str or Path
            The file, which ends in .xlsx; a missing folder is made.
        overwrite : bool
            Whether a file of that name may be replaced.

        Returns
        -------
        Path
            The file: caption in row 1, heads in row 2, notes below the table.

        Raises
        ------
        FileExistsError, IsADirectoryError, NotADirectoryError
            When the file exists, or the path is a folder or lies in a file.
        ValueError
            When the path does not end in .xlsx.
        ImportError
            Without openpyxl, which the extra ``[io]`` installs.
        """
        from .office import workbook

        target = _target(path, ".xlsx", overwrite)
        return write_whole(target, workbook(self))

    def to_word(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write the table to a Word document on A4, with its caption and notes.

        Parameters
        ----------
        path : str or Path
            The file, which ends in .docx; a missing folder is made.
        overwrite : bool
            Whether a file of that name may be replaced.

        Returns
        -------
        Path
            The file: one table, whose head is repeated on every page.

        Raises
        ------
        FileExistsError, IsADirectoryError, NotADirectoryError
            When the file exists, or the path is a folder or lies in a file.
        ValueError
            When the path does not end in .docx.
        ImportError
            Without python-docx, which the extra ``[io]`` installs.
        """
        from .office import document

        target = _target(path, ".docx", overwrite)
        return write_whole(target, document(self))


def _data(column: Column) -> pd.Series[Any]:
    if column.values is None:
        return pd.Series(list(column.texts), dtype="object")
    numbers = [float(x) if isinstance(x, Decimal) else x for x in column.values]
    return pd.Series(numbers).convert_dtypes()


def _target(path: str | Path, ending: str, overwrite: bool) -> Path:
    target = target_of(path, overwrite=overwrite, option="overwrite=True")
    if target.suffix.lower() != ending:
        raise ValueError(
            f"path must end in {ending}: found {target.name!r}. Name the kind of file by its ending."
        )
    return target
