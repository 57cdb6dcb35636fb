"""From estimates to a `Table`: the columns that a reviewer expects, and what must stand below."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from ..disclosure import NEXT_STEP, ROUND_TO, is_suppressed
from ..errors import level_in_range
from ..estimand import window_words
from ..estimate import Estimate
from ..headline import is_floor
from ..presentation import (
    adjusted,
    estimand_of,
    other_models,
    outcome_of,
    plain_name,
    quantity,
    window_of,
)
from ..rounding import shown
from ..words import Words
from .french import words_of
from .page import EXAMPLE, Compared, Page, page_of, title_of
from .table import Column, Table

NOTHING = "–"
NOT_INCLUDED = re.compile(r",? (?:are|is) not included\.?$")
TAKEN = {
    "outcome", "n", "cases", "estimate", "lower limit", "upper limit", "unit", "cv",
    "design effect", "truth", "interval holds truth", "remarks",
}  # fmt: skip
ROWS = "Rows that rest on fewer than 25 rows, 5 cases or 3 primary units are suppressed, and rows that would tell them by subtraction."


def table_of_estimates(
    comparison: Compared,
    *,
    alone: bool,
    per: int | None,
    lang: str,
    level: float,
    disclosure: str,
    synthetic: bool,
) -> Table:
    """Return estimates as a table: protected first, then rounded, then put into words."""
    say = words_of(lang)
    page = page_of(comparison, disclosure, synthetic, level_in_range(level))
    rows = _joined(page)
    scale = _scale(per, rows["unit"])
    return Table(
        caption=_caption(page, say, alone=alone),
        columns=tuple(_columns(page, rows, say, alone, scale, level)),
        notes=tuple(dict.fromkeys(_notes(page, rows, say, alone, scale))),
        muted=tuple(is_suppressed(rows).tolist()),
        lang=lang,
    )


def _joined(page: Page) -> pd.DataFrame:
    """Return all rows with their truth, in the order of the estimates."""
    keys = ["name", "outcome", "domain"]
    known = page.rows.drop_duplicates(keys)[[*keys, "truth", "covers"]]
    every = [table for table in page.tables.values() if len(table)]
    return pd.concat(every, ignore_index=True).merge(known, on=keys, how="left")


def _scale(per: int | None, units: pd.Series[Any]) -> int | None:
    if per is None:
        return None
    if isinstance(per, bool) or not isinstance(per, (int, np.integer)) or per < 2:
        raise ValueError(
            f"per must be a whole number of at least 2: found {per!r}. Write for example per=1000."
        )
    if not (units == "proportion").any():
        raise ValueError(
            f"per is for shares: found {', '.join(units.unique())} only. Leave it out, or give a "
            "prevalence."
        )
    return int(per)


# ---------------------------------------------------------------------- columns
def _columns(
    page: Page, rows: pd.DataFrame, say: Words, alone: bool, per: int | None, level: float
) -> Iterator[Column]:
    estimates = page.comparison.estimates
    if not alone:
        yield Column(say("method"), [title_of(name) for name in rows["name"]])
    outcomes = [
        outcome_of(estimates[str(name)], str(outcome))
        for name, outcome in zip(rows["name"], rows["outcome"], strict=True)
    ]
    if len(set(outcomes)) > 1:
        yield Column(say("outcome"), outcomes)
    domains = [say("all") if domain == "all" else str(domain) for domain in rows["domain"]]
    if alone or set(rows["domain"]) != {"all"}:
        yield Column(_of_domains(page, say, alone), domains)
    for name in ("n", "cases"):
        yield _counts(say(name), rows[name], say)
    yield from _estimates(page, rows, say, per, level)
    yield Column(
        "cv", [_text(100 * x, "{:.0f} %", say) for x in rows["cv"]], _rounded(rows["cv"], 3)
    )
    deff = rows["deff"]
    if deff.notna().any():
        yield Column(
            say("design effect"), [_text(x, "{:.2f}", say) for x in deff], _rounded(deff, 2)
        )
    if rows["truth"].notna().any():
        yield from _truths(rows, say, per)
    yield Column(say("remarks"), [say.known(str(flag)) for flag in rows["flag"]])


def _of_domains(page: Page, say: Words, alone: bool) -> str:
    names = next(iter(page.comparison.estimates.values())).label_names if alone else ()
    name = plain_name(names[0]) if len(names) == 1 else ""
    return name if name and name not in TAKEN | {say(head) for head in TAKEN} else say("domain")


def _counts(head: str, counts: pd.Series[Any], say: Words) -> Column:
    texts = [NOTHING if pd.isna(x) else say.number(f"{int(x):,}") for x in counts]
    return Column(head, texts, [None if pd.isna(x) else int(x) for x in counts])


def _estimates(
    page: Page, rows: pd.DataFrame, say: Words, per: int | None, level: float
) -> Iterator[Column]:
    numbers = [
        _shown(value, low, high, str(unit), per)
        for value, low, high, unit in zip(
            *(rows[name] for name in ("estimate", "conf_low", "conf_high", "unit")), strict=True
        )
    ]
    printed = []
    for (value, low, _), unit, name in zip(numbers, rows["unit"], rows["name"], strict=True):
        text = _with_unit(say.number(value), unit, per, say)
        if is_floor(page.comparison.estimates[name]) and value != NOTHING:
            text = say("{number} (floor: {low})", number=text, low=say.number(low))
        printed.append(text)
    limits = [
        NOTHING if value == NOTHING else say("{low} to {high}", low=say.number(low), high=say.number(high))
        for value, low, high in numbers
    ]  # fmt: skip
    yield Column(say("estimate"), printed, [_value(n[0]) for n in numbers])
    yield Column(say("{level:g} % interval", level=100 * level), limits, [], data=False)
    for which, head in ((1, "lower limit"), (2, "upper limit")):
        texts = [n[which] for n in numbers]
        yield Column(say(head), texts, [_value(x) for x in texts], shown=False)
    units = [_unit(unit, per, say) for unit in rows["unit"]]
    yield Column(say("unit"), units, shown=False)


def _shown(
    value: float, low: float, high: float, unit: str, per: int | None
) -> tuple[str, str, str]:
    """Return an estimate and its limits as English text, without a sign."""
    if not np.isfinite(value):
        return NOTHING, NOTHING, NOTHING
    if unit == "proportion" and per:
        return shown(per * value, per * low, per * high, "rate")
    text, below, above = shown(value, low, high, unit)
    return text.removesuffix(" %"), below, above


def _value(text: str) -> Decimal | None:
    """Return a number that is text as one that keeps its decimals."""
    return None if text in (NOTHING, "-") else Decimal(text.replace(",", ""))


def _with_unit(text: str, unit: str, per: int | None, say: Words) -> str:
    if unit != "proportion" or text == NOTHING:
        return text
    return (
        say("{number} per {per:,}", number=text, per=per) if per else say("{number} %", number=text)
    )


def _unit(unit: str, per: int | None, say: Words) -> str:
    if unit == "proportion":
        return say.known(f"per {per:,}") if per else say("per cent")
    return say("number of people") if unit == "count" else say.known(unit)


def _truths(rows: pd.DataFrame, say: Words, per: int | None) -> Iterator[Column]:
    texts = [
        NOTHING if pd.isna(x) else _shown(float(x), np.nan, np.nan, unit, per)[0]
        for x, unit in zip(rows["truth"], rows["unit"], strict=True)
    ]
    signed = [
        _with_unit(say.number(text), unit, per, say)
        for text, unit in zip(texts, rows["unit"], strict=True)
    ]
    yield Column(say("truth"), signed, [_value(text) for text in texts])
    held = [NOTHING if pd.isna(x) else say("yes") if x else say("no") for x in rows["covers"]]
    yield Column(say("interval holds truth"), held)


def _text(x: float, form: str, say: Words) -> str:
    return NOTHING if pd.isna(x) or not np.isfinite(x) else say.number(form.format(x))


def _rounded(numbers: pd.Series[Any], digits: int) -> list[Decimal | None]:
    return [
        None if pd.isna(x) or not np.isfinite(x) else Decimal(f"{float(x):.{digits}f}")
        for x in numbers
    ]


# ---------------------------------------------------------------------- words
def _caption(page: Page, say: Words, *, alone: bool) -> str:
    if not alone:
        return say("Estimates")
    e = next(iter(page.comparison.estimates.values()))
    names = dict.fromkeys(outcome_of(e, outcome) for outcome in e.outcomes)
    what = quantity(e.unit, ", ".join(names)) if say.lang == "en" else _french(e, names, say)
    what = what[:1].upper() + what[1:]
    by = ", ".join(map(plain_name, e.label_names))
    return say("{what}, by {by}", what=what, by=by) if by else what


def _french(e: Estimate, names: dict[str, None], say: Words) -> str:
    return f"{say.known(e.unit)}\u00a0: {', '.join(names)}" if any(names) else say.known(e.unit)


def _notes(
    page: Page, rows: pd.DataFrame, say: Words, alone: bool, per: int | None
) -> Iterator[str]:
    if page.synthetic:
        yield say("Synthetic data: no real person, no real country.")
    if per:
        yield say("Shares are per {per:,}.", per=per)
    if (rows["unit"] == "count").any() and page.protected:
        yield say("Numbers of people are rounded to the nearest {to:g}.", to=ROUND_TO)
    yield from _protection(page, rows, say)
    said: dict[str, list[str]] = {}
    for name, e in page.comparison.estimates.items():
        lines = list(_of(e, say, page.protected))
        if alone:
            yield from lines
        else:
            said.setdefault(" ".join(lines), []).append(title_of(name))
    for text, names in said.items():
        yield say("{name}: {text}", name="; ".join(names), text=text)


def _protection(page: Page, rows: pd.DataFrame, say: Words) -> Iterator[str]:
    if not page.protected:
        reason = page.disclosure.strip()
        yield say("Small cells are shown: protection was switched {reason}.", reason=reason)
        return
    yield say(ROWS)
    count = int(is_suppressed(rows).sum())
    if count:
        yield say(NEXT_STEP, count=count, rows=len(rows))


def _window(window: str, say: Words) -> str:
    known = window_words(window)
    if known and say.lang != "en":
        return say.known(known.label)
    return window_of(window) if say.lang == "en" else window


def _adjustments(e: Estimate, say: Words) -> Iterator[str]:
    limits = e.provenance.get("adjustment limits", {})
    for name, value in e.provenance["adjustments"].items():
        text = f"{say.known(plain_name(name))} {say.number(f'{value:.3g}')}"
        if name in limits:
            low, high = (say.number(f"{x:.3g}") for x in limits[name])
            text += f" ({say('{low} to {high}', low=low, high=high)})"
        yield text


def _of(e: Estimate, say: Words, protected: bool) -> Iterator[str]:
    """Yield what stands below the rows of one estimate."""
    for outcome in dict.fromkeys(e.outcomes):
        about = estimand_of(e, outcome)
        parts: dict[str, str] = {
            "Population: {text}.": about.population or about.denominator,
            "Window: {text}.": _window(about.window, say),
            "Not included: {text}.": NOT_INCLUDED.sub("", about.excludes),
        }
        for form, text in parts.items():
            if text:
                yield say(form, text=text.rstrip("."))
        definition = about.definition.rstrip(".")
        if definition and about.definition_hash:
            yield say("Definition: {text} (hash {digest}).", text=definition, digest=about.definition_hash)  # fmt: skip
        elif definition:
            yield say("Definition: {text}.", text=definition)
    if e.method:
        yield say("Method: {text}.", text=e.method)
    if adjusted(e):
        yield say("Adjusted by: {text}.", text=", ".join(_adjustments(e, say)))
    if is_floor(e):
        yield say("Read as a floor: at least the lower limit, if its assumption holds.")
        if other_models(e):
            yield f"{other_models(e)[:1].upper()}{other_models(e)[1:]}."
    yield from (say("Assumed: {text}", text=text) for text in e.assumptions)
    warned = [EXAMPLE.sub("", text) if protected else text for text in e.warnings]
    yield from (say("Warning: {text}", text=text) for text in warned)
