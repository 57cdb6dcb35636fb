"""A table as text: Markdown, LaTeX, HTML and plain, every text escaped."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .table import Table

MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$])")
LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "\u00a0": "~", "\u202f": r"\,", "–": "--",
    "∞": r"$\infty$",
}  # fmt: skip
WIDEST = 34  # characters of a column that LaTeX does not break


def markdown(table: Table) -> str:
    """Return a pipe table, with caption and notes as paragraphs."""
    heads = [_for_markdown(head) for head in table.heads]
    lines = [f"**{_for_markdown(table.caption)}**", ""]
    lines += [_piped(heads), _piped(["---:" if right else "---" for right in table.right])]
    lines += [_piped([_for_markdown(cell) for cell in row]) for row in table.rows]
    for note in table.notes:
        lines += ["", _for_markdown(note)]
    return "\n".join(lines) + "\n"


def _piped(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _for_markdown(text: str) -> str:
    """Escape what Markdown reads as a mark; a number followed by a point would begin a list."""
    plain = MARKDOWN.sub(r"\\\1", _one_line(text)).replace("&", "&amp;")
    return re.sub(r"^(\s*\d+)([.)] )", r"\1\\\2", re.sub(r"^([-+=])", r"\\\1", plain))


def latex(table: Table) -> str:
    """Return a table environment; long columns break their lines."""
    wide = [
        not right and max(map(len, [head, *cells])) > WIDEST
        for head, right, cells in zip(
            table.heads, table.right, zip(*table.rows, strict=True), strict=True
        )
    ]
    share = 0.5 / max(sum(wide), 1)
    kinds = [
        rf"p{{{share:.2f}\linewidth}}" if broken else "r" if right else "l"
        for broken, right in zip(wide, table.right, strict=True)
    ]
    lines = [
        r"\begin{table}",
        r"\centering",
        r"\small",
        rf"\caption{{{_for_latex(table.caption)}}}",
    ]
    lines += [rf"\begin{{tabular}}{{{''.join(kinds)}}}", r"\toprule"]
    lines += [_ended(table.heads), r"\midrule", *map(_ended, table.rows)]
    lines += [r"\bottomrule", r"\end{tabular}"]
    lines += [rf"\par\medskip\footnotesize\raggedright {_for_latex(n)}" for n in table.notes]
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _ended(cells: list[str] | tuple[str, ...]) -> str:
    line = " & ".join(_for_latex(cell) for cell in cells)
    return rf"{'{}' if line.startswith('[') else ''}{line} \\"


def _for_latex(text: str) -> str:
    return "".join(LATEX.get(letter, letter) for letter in _one_line(text))


def html(table: Table) -> str:
    """Return a table with its caption inside, heads of rows and columns, and notes below."""
    heads = "".join(
        f'<th scope="col"{_side(right)}>{escape(head)}</th>'
        for head, right in zip(table.heads, table.right, strict=True)
    )
    body = "".join(f"<tr>{_cells(row, table.right)}</tr>" for row in table.rows)
    notes = "".join(f"<p>{escape(_one_line(note))}</p>" for note in table.notes)
    return (
        f'<div lang="{escape(table.lang)}"><table><caption>{escape(table.caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{notes}</div>"
    )


def _cells(row: tuple[str, ...], right: list[bool]) -> str:
    first, *rest = row
    cells = [f'<th scope="row"{_side(False)}>{escape(first)}</th>']
    cells += [f"<td{_side(r)}>{escape(c)}</td>" for c, r in zip(rest, right[1:], strict=True)]
    return "".join(cells)


def _side(right: bool) -> str:
    return f' style="text-align: {"right" if right else "left"}"'


def plain(table: Table) -> str:
    """Return aligned text, as a console shows it."""
    columns = list(zip(table.heads, *table.rows, strict=True))
    widths = [max(map(len, column)) for column in columns]

    def line(cells: list[str] | tuple[str, ...]) -> str:
        placed: list[Callable[[int], str]] = [
            cell.rjust if right else cell.ljust
            for cell, right in zip(cells, table.right, strict=True)
        ]
        return "  ".join(put(width) for put, width in zip(placed, widths, strict=True)).rstrip()

    return "\n".join([table.caption, line(table.heads), *map(line, table.rows), *table.notes])


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n\t\f\v]+", " ", text).strip()
