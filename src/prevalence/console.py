"""An estimate as it is printed: aligned text in the console, a table in a notebook."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from .estimate import Estimate
from .headline import is_bound, is_floor
from .presentation import (
    adjusted,
    beside,
    cut,
    explain,
    floor_said,
    frame,
    names_of,
    one_line,
    plain_name,
    quantity,
)

__all__ = ["html", "table_html", "text"]

WIDTH, SHOWN_ROWS = 80, 20


# ---------------------------------------------------------------------- the console
def text(e: Estimate) -> str:
    """Return aligned text of at most 80 columns."""
    table = frame(e, 0.95)
    kind = "Lower bound" if is_bound(e) else "Estimate"
    lines = [cut(f"<{kind}: {quantity(e.unit, names_of(e)).replace(chr(34), '')}>", WIDTH)]
    first = _row_names(e, table)
    head = ["", "estimate", "std_error", "95 % interval", "", "df", "n"]
    body = [
        [label, *(_number(x) for x in row[:4]), _number(row[4], 4), _number(row[5], 12)]
        for label, row in zip(first, _numeric(table), strict=True)
    ]
    lines += _aligned(head, body[:SHOWN_ROWS])
    if len(body) > SHOWN_ROWS:
        lines.append(f"... {len(body) - SHOWN_ROWS:,} more rows in to_frame()")
    lines += [wrapped for line in _notes(e, table) for wrapped in _wrap(line)]
    return "\n".join(lines)


def _row_names(e: Estimate, table: pd.DataFrame) -> list[str]:
    """Return what each row of a printed estimate is; "all" is said only where nothing else is."""
    if len(set(e.outcomes)) == 1:
        return [cut(str(domain), 22) for domain in table["domain"]]
    named = zip(table["outcome"], table["domain"], strict=True)
    whole = [str(o) if d == "all" else f"{o}: {d}" for o, d in named]
    names = [cut(name, 28) for name in whole]
    same = Counter(names)
    return [  # names that begin alike are told apart by their ends
        short if same[short] == 1 or len(name) <= 28 else f"{name[:8]}...{name[-17:]}"
        for name, short in zip(whole, names, strict=True)
    ]


def _numeric(table: pd.DataFrame) -> list[list[float]]:
    names = ["estimate", "std_error", "conf_low", "conf_high", "df", "n"]
    columns = [table[c].astype("Float64").to_numpy(dtype=float, na_value=np.nan) for c in names]
    return [list(row) for row in zip(*columns, strict=True)]


def _number(x: float, digits: int = 4) -> str:
    if np.isnan(x):
        return "-"
    if np.isinf(x):
        return "inf"
    if abs(x) >= 1000 or x == round(x):
        return f"{x:,.0f}" if abs(x) < 1e9 else f"{x:.3g}"
    return f"{x:.{min(digits, 6)}g}"


def _aligned(head: list[str], body: list[list[str]]) -> list[str]:
    widths = [max(len(row[j]) for row in [head, *body]) for j in range(len(head))]
    widths[3] = max(len(row[3]) for row in body)
    spare = max(len(head[3]) - (widths[3] + 2 + widths[4]), 0)
    widths[4] += spare
    left = [head[0].ljust(widths[0]), head[1].rjust(widths[1]), head[2].rjust(widths[2])]
    right = [
        head[3].rjust(widths[3] + 2 + widths[4]),
        *(h.rjust(w) for h, w in zip(head[5:], widths[5:], strict=True)),
    ]
    rows = ["  ".join([*left, *right])]
    for row in body:
        cells = [
            row[0].ljust(widths[0]),
            *(x.rjust(w) for x, w in zip(row[1:], widths[1:], strict=True)),
        ]
        rows.append("  ".join(cells))
    return [row.rstrip() for row in rows]


def _notes(e: Estimate, table: pd.DataFrame) -> Iterable[str]:
    how = [e.method or "arithmetic", f"interval: {e.interval_rule}"]
    if e.provenance.get("variance"):
        how.insert(1, f"variance: {e.provenance['variance']}")
    yield "Method: " + "; ".join(how)
    if adjusted(e):
        yield f"Adjustments: {adjusted(e)}"
    said = pd.Series([f for row in table["flag"] for f in row.split("; ") if f], dtype="object")
    if said.size:
        counted = said.value_counts(sort=False).items()
        yield "Flags: " + "; ".join(
            str(flag) if len(e) == 1 else f"{flag} ({count} of {len(e)} rows)"
            for flag, count in counted
        )
    if is_floor(e):
        yield floor_said(e)
    yield from beside(e)
    for warning in e.warnings:
        yield f"Warning: {warning}"


def _wrap(line: str) -> list[str]:
    return textwrap.wrap(one_line(line), WIDTH, subsequent_indent="  ") or [""]


# ---------------------------------------------------------------------- the notebook
def html(e: Estimate) -> str:
    """Return a table with what was done folded below it: no script, nothing from a network."""
    table = frame(e, 0.95)
    several = len(set(e.outcomes)) > 1
    heads = [
        *(["outcome"] if several else []),
        "domain",
        "estimate",
        "std_error",
        "95 % interval",
        "df",
        "n",
        "flag",
    ]
    rows = []
    for (value, error, low, high, df, n), r in zip(
        _numeric(table.head(SHOWN_ROWS)), table.head(SHOWN_ROWS).itertuples(), strict=True
    ):
        cells = [str(r.outcome)] if several else []
        cells += [str(r.domain), _number(value), _number(error)]
        cells += [f"{_number(low)} to {_number(high)}", _number(df), _number(n), str(r.flag)]
        rows.append("<tr>" + "".join(_cell(c, j, several) for j, c in enumerate(cells)) + "</tr>")
    names = names_of(e)
    more = len(table) - SHOWN_ROWS
    after = f"<p>{more:,} more rows in <code>to_frame()</code></p>" if more > 0 else ""
    warned = "".join(f"<p><strong>Warning:</strong> {escape(w)}</p>" for w in e.warnings)
    how = f"<p>Adjusted by: {escape(adjusted(e))}</p>" if adjusted(e) else ""
    told = "".join(f"<p>{escape(line)}</p>" for line in explain(e).splitlines())
    lines = [*([floor_said(e)] if is_floor(e) else []), *beside(e)]
    open_ = "".join(f"<p>{escape(one_line(line))}</p>" for line in lines)
    kind = "Lower bound" if is_bound(e) else "Estimate"
    return (
        f"<div><p><strong>{kind}: {escape(quantity(e.unit, names).replace(chr(34), ''))}"
        f"</strong></p><table><thead><tr>{''.join(f'<th>{escape(h)}</th>' for h in heads)}</tr>"
        f"</thead><tbody>{''.join(rows)}</tbody></table>{after}{how}{open_}{warned}"
        f"<details><summary>What was done</summary>{told}</details></div>"
    )


def _cell(content: str, j: int, several: bool) -> str:
    words = j <= int(several)
    align = "left" if words else "right"
    return f'<td style="text-align: {align}">{escape(content)}</td>'


def table_html(caption: str, table: pd.DataFrame) -> str:
    """Return a table for a notebook under its caption, every text escaped, nothing for missing."""
    heads = "".join(f"<th>{escape(plain_name(str(name)))}</th>" for name in table.columns)
    rows = "".join(
        f"<tr>{''.join(_cell(_in_table(x), 1 - isinstance(x, str), False) for x in row)}</tr>"
        for row in table.itertuples(index=False, name=None)
    )
    return (
        f"<div><p><strong>{escape(caption)}</strong></p><table><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _in_table(x: Any) -> str:
    if isinstance(x, str):
        return x
    if isinstance(x, (bool, np.bool_)):
        return "yes" if x else "no"
    return "" if pd.isna(x) else _number(float(x), 3)
