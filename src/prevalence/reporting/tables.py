"""The tables of the page: every cell is text when it leaves this module."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..disclosure import is_suppressed, next_step
from ..estimand import Estimand
from ..estimate import Estimate
from ..headline import is_floor
from ..presentation import (
    definitions_of,
    estimand_of,
    names_of,
    outcome_of,
    plain_name,
    window_of,
)
from ..rounding import shown
from .page import Page, title_of

SHOWN_ROWS = 20
NOTHING = "–"
RIGHT = ("n", "cases", "estimate", "95 % interval", "cv", "deff", "df", "truth")


def table_of(
    caption: str,
    frame: pd.DataFrame,
    *,
    passed: bool = False,
    muted: Sequence[bool] = (),
    note: str = "",
) -> dict[str, Any]:
    """Return a frame as a caption, heads and rows of text."""
    right = [pd.api.types.is_numeric_dtype(frame[c]) and frame[c].dtype != bool for c in frame]
    dim = list(muted) or [False] * len(frame)
    return {
        "caption": caption,
        "note": note,
        "heads": [
            {"name": plain_name(str(c)), "right": r} for c, r in zip(frame, right, strict=True)
        ],
        "rows": [
            {"cells": [_cell(x, passed) for x in row], "muted": dim[i]}
            for i, row in enumerate(frame.itertuples(index=False, name=None))
        ],
    }


def checks_table(checks: pd.DataFrame) -> dict[str, Any]:
    """Return checks as a table; those of intervals without their numbers, which are not protected."""
    if not {"name", "covers"} <= set(checks.columns):
        return table_of("Checks", checks, passed=True)
    held = checks[checks["covers"].notna()].groupby("name", sort=False)["covers"]
    groups = {name: part.astype(bool) for name, part in held}
    counted = pd.DataFrame(
        {"estimates": name, "intervals": part.size, "hold their truth": int(part.sum())}
        for name, part in groups.items()
    )
    return table_of("Intervals against the truth of this one country", counted)


def _cell(x: Any, passed: bool = False) -> str:
    if isinstance(x, str):
        return x
    if pd.isna(x):
        return NOTHING
    if isinstance(x, (bool, np.bool_)):
        return ("PASS" if x else "FAIL") if passed else ("yes" if x else "no")
    if isinstance(x, (int, np.integer)):
        return f"{x:,}"
    if isinstance(x, (float, np.floating)):
        return _decimal(float(x))
    return str(x)


def _decimal(x: float) -> str:
    if np.isinf(x):
        return "∞" if x > 0 else "-∞"
    digits = 3 if abs(x) < 1 else 2 if abs(x) < 1000 else 0
    return f"{x:,.{digits}f}".removesuffix(".00")


def _whole(x: float) -> str:
    return f"{x:,.0f}" if np.isfinite(x) else _cell(x)


def estimate_tables(page: Page) -> list[dict[str, Any]]:
    """Return the estimates of whole populations, then those by domain."""
    whole = [t[t["domain"] == "all"] for t in page.tables.values()]
    made = [_estimates(page, pd.concat(whole, ignore_index=True), "All methods", domains=False)]
    for name, table in page.tables.items():
        rows = table[table["domain"] != "all"]
        if len(rows):
            made.append(_estimates(page, rows.reset_index(drop=True), title_of(name), domains=True))
    return [table for table in made if table["rows"]]


def _estimates(page: Page, table: pd.DataFrame, caption: str, *, domains: bool) -> dict[str, Any]:
    keys = ["name", "outcome", "domain"]
    known = page.rows.drop_duplicates(keys)[[*keys, "truth", "covers"]]
    joined = table.merge(known, on=keys, how="left")
    rows = []
    for r in joined.to_dict("records"):
        number, low, high = shown(r["estimate"], r["conf_low"], r["conf_high"], r["unit"])
        floor = is_floor(page.comparison.estimates[r["name"]])
        hidden = np.isnan(r["estimate"])
        rows.append({
            ("domain" if domains else "method"): r["domain"] if domains else title_of(r["name"]),
            "outcome": outcome_of(page.comparison.estimates[r["name"]], r["outcome"]), "n": _cell(r["n"]), "cases": _cell(r["cases"]),
            "estimate": NOTHING if hidden else f"{number} (floor: {low})" if floor else number,
            "95 % interval": NOTHING if hidden else f"{low} to {high}",
            "cv": NOTHING if np.isnan(r["cv"]) else f"{100 * r['cv']:.0f} %",
            "deff": NOTHING if pd.isna(r["deff"]) else f"{r['deff']:.2f}",
            "df": _whole(r["df"]),
            "truth": NOTHING if pd.isna(r["truth"]) else shown(r["truth"], np.nan, np.nan, r["unit"])[0],
            "interval holds it": _cell(r["covers"]), "remarks": r["flag"],
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    if len(frame) and joined["deff"].isna().all():
        frame = frame.drop(columns="deff")
    if len(frame) and joined["truth"].isna().all():
        frame = frame.drop(columns=["truth", "interval holds it"])
    outcomes = list(dict.fromkeys(row["outcome"] for row in rows))
    if len(outcomes) == 1:
        frame = frame.drop(columns="outcome")
        caption += f". Outcome: {outcomes[0]}." if outcomes[0] else "."
    hidden = is_suppressed(joined)
    note = next_step(int(hidden.sum()), len(hidden))
    out = table_of(caption, frame, muted=hidden.tolist(), note=note)
    for head in out["heads"]:
        head["right"] = head["name"] in RIGHT
    return out


def estimand_table(page: Page) -> dict[str, Any]:
    """Return what each method estimates."""
    rows = []
    for name, e, outcome in _estimated(page):
        about = e.estimand or Estimand() if outcome is None else estimand_of(e, outcome)
        outcomes = names_of(e) if outcome is None else outcome_of(e, outcome)
        rows.append({
            "method": title_of(name), "outcome": outcomes,
            "definition": about.definition, "window": window_of(about.window),
            "population": about.population or about.denominator, "not included": about.excludes,
            "unit": e.unit, "kind": "floor" if is_floor(e) else "estimate",
        })  # fmt: skip
    table = pd.DataFrame(rows).replace("", "not given")
    return table_of(
        "One row per method, definition and window. Numbers compare only where all of this agrees.",
        table,
    )


def _estimated(page: Page) -> Iterator[tuple[str, Estimate, str | None]]:
    """Yield the estimates, those of several definitions or windows outcome by outcome."""
    for name, e in page.comparison.estimates.items():
        of_rows = e.provenance.get("estimands", {})
        each = [x for x in dict.fromkeys(e.outcomes) if x in of_rows][:SHOWN_ROWS]
        if each:
            yield from ((name, e, outcome) for outcome in each)
        else:
            yield name, e, None


def versions(page: Page, hashes: Mapping[str, str]) -> dict[str, Any]:
    """Return versions of the software and hashes of definitions and data."""
    from .. import __version__

    said = {
        "prevalence": __version__, "Python": platform.python_version(), "numpy": np.__version__,
        "pandas": pd.__version__,
    }  # fmt: skip
    coded: dict[tuple[str, str], list[str]] = {}
    for name, e in page.comparison.estimates.items():
        for definition, digest in definitions_of(e).items():
            if digest:
                coded.setdefault((definition, digest), []).append(plain_name(name))
    for (definition, digest), names in coded.items():
        said[f"definition {definition} (of {', '.join(names)})"] = digest
    said |= {str(what): str(value) for what, value in hashes.items()}
    return table_of(
        "Versions and hashes", pd.DataFrame(said.items(), columns=["what", "version or hash"])
    )
