"""A table as a Word document and as a workbook; the same table gives the same bytes."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..storage import WRITTEN, timeless

if TYPE_CHECKING:
    from .table import Table

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
LOCALES = {"en": "en-GB", "fr": "fr-FR"}
GREATEST_WIDTH = 60  # characters of a column
LONGEST_TITLE = 255  # characters that a document may have
LANDSCAPE = 7  # columns from which a document lies on its side


# ---------------------------------------------------------------------- a workbook
def workbook(table: Table) -> bytes:
    """Return a workbook: caption, heads, numbers as numbers, notes."""
    try:
        from openpyxl import Workbook
        from openpyxl.styles import Alignment, Font
    except ImportError as problem:
        raise _missing("openpyxl", "a workbook") from problem

    book = Workbook()
    book.properties.title, book.properties.created = _safe(table.caption), WRITTEN
    book.properties.language = LOCALES[table.lang]
    sheet = book.active
    sheet.title = "Tableau" if table.lang == "fr" else "Table"
    columns = [column for column in table.columns if column.data]
    _put(sheet.cell(1, 1), table.caption)
    sheet.cell(1, 1).font = Font(bold=True)
    for j, column in enumerate(columns, 1):
        _put(sheet.cell(2, j), column.head)
        sheet.cell(2, j).font = Font(bold=True)
        sheet.cell(2, j).alignment = Alignment(horizontal="right" if column.right else "left")
        held = column.texts if column.values is None else column.values
        for i, value in enumerate(held, 3):
            _put(sheet.cell(i, j), value)
        sheet.column_dimensions[sheet.cell(2, j).column_letter].width = _width(column)
    for i, note in enumerate(table.notes, 4 + len(table.rows)):
        _put(sheet.cell(i, 1), note)
    sheet.freeze_panes = "B3"
    held_bytes = io.BytesIO()
    book.save(held_bytes)
    return timeless(held_bytes.getvalue())


def _put(cell: Any, value: str | int | Decimal | None) -> None:
    """Write a number as one with its decimals, and a text as a text, which is never a formula."""
    if isinstance(value, str):
        cell.value = _safe(value)
        cell.data_type = "s"
    elif isinstance(value, Decimal):
        decimals = -int(value.as_tuple().exponent)
        cell.value = float(value)
        cell.number_format = "#,##0" + ("." + "0" * decimals if decimals else "")
    elif value is not None:
        cell.value = value
        cell.number_format = "#,##0"


def _width(column: Any) -> float:
    longest = max(len(str(x)) for x in [column.head, *column.texts])
    return float(min(longest, GREATEST_WIDTH) + 2)


# ---------------------------------------------------------------------- a document
def document(table: Table) -> bytes:
    """Return a Word document on A4 with one table, its head repeated on every page."""
    try:
        from docx import Document
        from docx.enum.section import WD_ORIENTATION
        from docx.shared import Mm
    except ImportError as problem:
        raise _missing("python-docx", "a Word document") from problem

    made = Document()
    about = made.core_properties
    about.title, about.language = _safe(table.caption)[:LONGEST_TITLE], LOCALES[table.lang]
    about.author = about.comments = ""
    about.created = about.modified = WRITTEN
    _language(made, LOCALES[table.lang])
    page = made.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    if len(table.heads) >= LANDSCAPE:
        page.orientation = WD_ORIENTATION.LANDSCAPE
        page.page_width, page.page_height = Mm(297), Mm(210)
    page.left_margin = page.right_margin = Mm(18)
    made.add_paragraph(_safe(table.caption), style="Caption")
    _grid(made, table)
    for note in table.notes:
        _small(made.add_paragraph(_safe(note)))
    held = io.BytesIO()
    made.save(held)
    return timeless(held.getvalue())


def _grid(made: Any, table: Table) -> None:
    grid = made.add_table(rows=1, cols=len(table.heads), style="Table Grid")
    grid.autofit = True
    _describe(grid, table.caption)
    _fill(grid.rows[0], table.heads, table.right, bold=True)
    _mark(grid.rows[0], "w:tblHeader")
    for row in table.rows:
        _fill(grid.add_row(), row, table.right)
    for row in grid.rows:
        _mark(row, "w:cantSplit")


def _fill(row: Any, texts: Any, right: list[bool], *, bold: bool = False) -> None:
    for cell, text, to_the_right in zip(row.cells, texts, right, strict=True):
        paragraph = cell.paragraphs[0]
        paragraph.add_run(_safe(text)).bold = bold
        paragraph.alignment = 2 if to_the_right else 0
        _small(paragraph)


def _small(paragraph: Any) -> None:
    from docx.shared import Pt

    paragraph.paragraph_format.space_after = Pt(2)
    for run in paragraph.runs:
        run.font.size = Pt(9)


def _mark(row: Any, name: str) -> None:
    """Set a property of a row that has no name of its own in python-docx."""
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement(name))


def _describe(grid: Any, caption: str) -> None:
    """Give the table the text that a reader of the screen is told."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    described = OxmlElement("w:tblDescription")
    described.set(qn("w:val"), _safe(caption))
    grid._tbl.tblPr.append(described)


def _language(made: Any, locale: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = made.styles["Normal"].element.get_or_add_rPr()
    spoken = OxmlElement("w:lang")
    spoken.set(qn("w:val"), locale)
    properties.append(spoken)


def _missing(library: str, what: str) -> ImportError:
    return ImportError(
        f'{what} needs {library}: it is not installed. Install it with pip install "prevalence[io]".'
    )


def _safe(text: str) -> str:
    """Return a text without the control characters that no such file may hold."""
    return CONTROL.sub("", text)
