"""An estimate in words, as a table and as text: what a reader sees of it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .estimand import Estimand
from .estimate import Estimate
from .intervals import PROPORTION_RULES, WORDS
from .reliability import flags
from .rounding import shown

__all__ = ["explain", "frame", "html", "sentence", "text"]

Array = NDArray[Any]
COLUMNS = (
    "outcome", "domain", "n", "missing", "cases", "psus", "psus_with_cases", "estimate",
    "std_error", "conf_low", "conf_high", "cv", "deff", "deff_source", "n_eff", "df", "interval",
    "flag", "definition",
)  # fmt: skip
BESIDE = ("identified_by", "models_low", "models_high", "declared_facts")  # of what is assumed
WIDTH, SHOWN_ROWS = 80, 20
CLOSE_MODELS = "models that fit about as well"


# ---------------------------------------------------------------------- the table
def frame(e: Estimate, level: float) -> pd.DataFrame:
    """Return one row per outcome and domain, with what a reader needs to judge it."""
    p = len(e)
    limits = e.interval(level)
    with np.errstate(all="ignore"):
        cv = np.where(e.value != 0, e.std_error / np.abs(e.value), np.nan)
    columns: dict[str, Any] = {
        "outcome": pd.array(list(e.outcomes), dtype="object"),
        "domain": pd.array([", ".join(label) or "all" for label in e.labels], dtype="object"),
        **{name: _whole_numbers(e, name) for name in ("n", "missing", "cases", "psus")},
        "psus_with_cases": _whole_numbers(e, "psus_with_cases"),
        "estimate": e.value,
        "std_error": e.std_error,
        "conf_low": limits[:, 0],
        "conf_high": limits[:, 1],
        "cv": cv,
        "deff": _numbers(e, "deff"),
        "deff_source": pd.array(_words(e, "deff_source"), dtype="object"),
        "n_eff": _numbers(e, "n_eff"),
        "df": np.broadcast_to(np.asarray(e.df, dtype=float), (p,)),
        "interval": e.interval_rule,
        "definition": _definitions(e),
    }
    columns["flag"] = flags(e, columns, limits if level == 0.95 else e.interval(0.95))
    names = [*COLUMNS, *(BESIDE if "identified by" in e.provenance else ())]
    low, high = e.provenance.get("range") or (np.nan, np.nan)
    first = np.arange(p) == 0  # the whole; ranges of its parts are not known
    columns |= {
        "identified_by": str(e.provenance.get("identified by", "")),
        "models_low": np.where(first, low, np.nan),
        "models_high": np.where(first, high, np.nan),
        "declared_facts": str(e.provenance.get("declared facts", "")),
    }
    return pd.DataFrame({name: columns[name] for name in names}, index=pd.RangeIndex(p))


def _definitions(e: Estimate) -> list[str]:
    """Return the definition of every row: those of a joint estimate may differ."""
    all_rows = e.estimand.definition if e.estimand else ""
    known = e.provenance.get("definitions", {})
    return [known.get(outcome, all_rows) for outcome in e.outcomes]


def _numbers(e: Estimate, name: str) -> Array:
    fact = e.facts.get(name)
    found = np.full(len(e), np.nan) if fact is None else np.asarray(fact, dtype=float)
    return np.broadcast_to(found, (len(e),))


def _whole_numbers(e: Estimate, name: str) -> Any:
    found = pd.Series(_numbers(e, name), dtype="Float64")
    whole = bool((found.isna() | (found == found.round())).all())
    return found.astype("Int64").array if whole else found.array


def _words(e: Estimate, name: str) -> list[Any]:
    fact = e.facts.get(name)
    if fact is None:
        return [pd.NA] * len(e)
    return [str(x) for x in np.broadcast_to(np.asarray(fact, dtype=object), (len(e),))]


# ---------------------------------------------------------------------- numbers and their intervals
def headlines(e: Estimate, table: pd.DataFrame, level: float = 0.95) -> list[tuple[str, str]]:
    """Return the number and its interval in words, of every row of an estimate's table.

    The number of a floor is its lower limit: "at least" is not said of a middle. That of a share
    without a case is its one-sided upper limit: "at most".
    """
    out, interval = [], f"{100 * level:g} % {_kind(e)}"
    rows = zip(
        table["estimate"], table["conf_low"], table["conf_high"], _ceilings(e, level), strict=True
    )
    for value, low, high, ceiling in rows:
        if np.isfinite(value) and np.isfinite(ceiling):
            number = shown(ceiling, 0.0, ceiling, e.unit)[0]
            kind = "" if _kind(e) == "interval" else f" {_kind(e)}"
            out.append((f"at most {number}", f"one-sided {100 * level:g} %{kind}"))
            continue
        number, below, above = shown(*_possible(e, value, low, high), unit=e.unit)
        words = (
            f"{interval} {below} to {above}" if np.isfinite([low, high]).any() else "no interval"
        )
        if is_floor(e) and np.isfinite([value, low]).all():
            kind = "lower bound" if is_bound(e) else "estimate"
            number, words = f"at least about {below}", f"{kind} {number}, {words}"
        out.append((number, words))
    return out


def _possible(e: Estimate, value: float, low: float, high: float) -> tuple[float, float, float]:
    """Return numbers as a sentence shows them: a corrected share or count is none below 0."""
    if not e.method.startswith("misclassification.") or e.unit not in ("proportion", "count"):
        return value, low, high
    top = 1.0 if e.unit == "proportion" else np.inf
    value, low, high = np.clip([value, low, high], 0.0, top).tolist()
    return value, low, high


def _kind(e: Estimate) -> str:
    """Name the interval; a posterior one holds what its model takes for granted."""
    if e.interval_rule != "posterior":
        return "interval"
    model = e.provenance.get("model")
    return f"posterior interval of the {model} model" if model else "posterior interval"


def _ceilings(e: Estimate, level: float) -> Array:
    """Return one-sided upper limits of shares and counts of a survey without a case, else nan.

    A posterior without a report is what its prior and the sample leave open: an upper limit too.
    """
    told = "deff" if e.interval_rule in PROPORTION_RULES else "one_report"
    none = (e.value == 0) & (told in e.constants)
    if e.interval_rule == "posterior":
        none = _numbers(e, "cases") == 0
    if not none.any() or level <= 0.5 or e.unit not in ("proportion", "count"):
        return np.full(len(e), np.nan)
    return np.where(none, e.at_most(level), np.nan)


# ---------------------------------------------------------------------- the sentence
def sentence(e: Estimate, level: float) -> str:
    """Return the sentence to print, one line per row."""
    return "\n".join(sentences(e, frame(e, level), level))


def sentences(
    e: Estimate, table: pd.DataFrame, level: float = 0.95, *, full: bool = True
) -> list[str]:
    """Return the sentence of every row of an estimate's table, which may be protected.

    Without `full` it is the claim alone, for a page that names the excluded groups beside it.
    """
    about = e.estimand or Estimand()
    heads = headlines(e, table, level)
    said = [_sentence(e, about, table.iloc[i], heads[i]) for i in range(len(e))]
    return [_one_line(" ".join(parts if full else parts[:1])) for parts in said]


def _sentence(
    e: Estimate, about: Estimand, row: pd.Series[Any], head: tuple[str, str]
) -> list[str]:
    domain = _domain(e, str(row["domain"]))
    domain = f"as seen in {domain}" if domain and e.provenance.get("seen") else domain
    if not np.isfinite(row["estimate"]):
        why = str(row["flag"]) if str(row["flag"]).startswith("suppressed") else "no estimate"
        return [f"{_capital(domain + why)}."]
    inside = "; ".join(x for x in (head[1], _sample(e, row)) if x)
    number = f"{head[0]} ({inside})" if inside else head[0]
    outcome = outcome_of(e, str(row["outcome"]))
    first = _capital(domain + _claim(e, about, number, outcome)) + _window(about.window) + "."
    more = []
    if about.excludes:
        more.append(excluded(about))
    if e.unit == "proportion" and outcome:
        more.append(f"Outcome: {outcome}.")
    if row["definition"]:
        more.append(f"Definition: {str(row['definition']).rstrip('.')}.")
    if adjusted(e):
        more.append(f"Adjusted by: {adjusted(e)}.")
    return [first, *more]


def _domain(e: Estimate, domain: str) -> str:
    label = domain.split(", ")
    if domain == "all":
        return ""
    if len(label) == len(e.label_names):
        named = zip(e.label_names, label, strict=True)
        return ", ".join(_of_domain(plain_name(name), part) for name, part in named) + ": "
    return f"{domain}: "


def _of_domain(name: str, label: str) -> str:
    """Return a label under its name, which is not said twice: "region 2", but "sex F"."""
    return label if label.casefold().startswith(f"{name.casefold()} ") else f"{name} {label}"


def _claim(e: Estimate, about: Estimand, number: str, outcome: str) -> str:
    """Return who or what is estimated at which number; a floor begins with its assumption."""
    people = about.population or about.denominator
    guess = number if number.startswith("at most") else f"an estimated {number}"
    if is_floor(e):
        beside = f" ({other_models(e)})" if other_models(e) else ""
        guess = f"assuming {_assumption(e)}{beside}, {number}"
    if e.unit == "proportion":
        return f"{guess} of {people or 'the population sampled'}"
    if e.unit == "count":
        plain = outcome in ("", "persons", people)
        with_outcome = "" if plain else f' with the outcome "{outcome}"'
        return f"{guess} {people or 'persons'}{with_outcome}"
    if e.unit == "known":
        return f"{outcome or 'the quantity'} is taken to be {number}"
    among = f" among {people}" if people else ""
    if e.unit == "variance" and (pair := re.fullmatch(r"cov\((.+), (.+)\)", outcome)):
        return f'the covariance of "{pair[1]}" and "{pair[2]}" is estimated at {number}{among}'
    return f"the {_quantity(e.unit, outcome)} is estimated at {number}{among}"


def _quantity(unit: str, outcome: str) -> str:
    """Return what a number is, as in 'mean of "hours"'; a rate or ratio by its own name."""
    if unit == "count" and outcome == "persons":
        return "number of persons"
    if unit == "ratio" and re.search(r"\b(ratio|rate)\b", outcome):
        return outcome
    return f'{unit} of "{outcome}"' if outcome else unit


def is_floor(e: Estimate) -> bool:
    """Tell whether the estimate is a lower bound under its assumption."""
    return bool(e.provenance.get("floor"))


def is_bound(e: Estimate) -> bool:
    """Tell whether the method itself gives a lower bound and no estimate."""
    return bool(e.provenance.get("lower bound"))


def floor_said(e: Estimate) -> str:
    """Say how a floor is read."""
    if is_bound(e):
        return "A lower bound of the number, itself uncertain: at least its lower limit, if its assumption holds"
    return "Read as a floor: at least its lower limit, if its assumption holds"


def _assumption(e: Estimate) -> str:
    floor = e.provenance.get("floor")
    given = floor if isinstance(floor, str) else (e.assumptions or ("what its method assumes",))[0]
    found = given.strip().rstrip(".").removeprefix("Assuming ").removeprefix("assuming ")
    acronym = found[1:2].isupper()
    return found if acronym else found[:1].lower() + found[1:]


def other_models(e: Estimate) -> str:
    """Say how far the estimate moves over models that fit about as well, or what stands for them."""
    span = e.provenance.get("range")
    if span is None or not np.isfinite(span).all():
        return str(e.provenance.get("no range", ""))
    _, low, high = shown(float(e.value[0]), float(span[0]), float(span[1]), e.unit)
    given = f"{e.provenance.get('range of', CLOSE_MODELS)} give {low} to {high}"
    return f"in all, {given}" if len(e) > 1 else given


def _sample(e: Estimate, row: pd.Series[Any]) -> str:
    said = e.provenance
    n, cases, psus = row["n"], row["cases"], row["psus"]
    if not pd.isna(n) and not pd.isna(cases) and n == cases:
        return f"{n:,} {said.get('rows', 'cases')}"
    parts = []
    if not pd.isna(cases):
        word = said.get("cases", "case" if cases == 1 else "cases")
        parts.append(f"{'no' if cases == 0 else f'{cases:,}'} {word}")
    if not pd.isna(n):
        parts.append(f"{'among ' if parts else ''}{n:,} {said.get('rows', 'rows')}")
        if not pd.isna(psus) and psus != n:
            parts.append(f"in {psus:,} {said.get('psus', 'primary units')}")
    return " ".join(parts)


def _window(window: str) -> str:
    if not window:
        return ""
    if re.match(r"(in|from|between|during|over|since|within|at|on|before|after)\b", window):
        return f", {window}"
    if re.match(r"\S+ to \S+$", window):
        return f", from {window}"
    return f", in the {window}" if re.match(r"(\d+ \D|last |past )", window) else f", in {window}"


def excluded(about: Estimand) -> str:
    """Say as a sentence whom the estimate leaves out."""
    words = _capital(about.excludes.strip().rstrip("."))
    return f"{words}." if "included" in words else f"{words} are not included."


def outcome_of(e: Estimate, column: str) -> str:
    """Return what a row estimates: the estimand's outcome, or with several outcomes the column's."""
    named = e.estimand.outcome if e.estimand and len(set(e.outcomes)) == 1 else ""
    return plain_name(named or column)


def plain_name(name: str) -> str:
    """Return a column's name as words."""
    return name.replace("_", " ").strip()


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _one_line(words: str) -> str:
    return " ".join(words.split())


# ---------------------------------------------------------------------- what was done
def explain(e: Estimate) -> str:
    """Say in plain sentences what was done with what."""
    lines = [_what(e), *made_of(e), WORDS[e.interval_rule]]
    if e.maps:
        lines.append("The limits were then carried through the same arithmetic as the estimate.")
    lines += [f"Assumed: {x}" for x in e.assumptions]
    lines += [f"Warning: {x}" for x in e.warnings]
    if e.citations:
        lines.append(f"Sources: {'; '.join(e.citations)}.")
    return "\n".join(_one_line(line) for line in lines)


def _what(e: Estimate) -> str:
    about = e.estimand or Estimand()
    names = ", ".join(dict.fromkeys(outcome_of(e, x) for x in e.outcomes if x)) or "the outcome"
    people = about.population or about.denominator
    what = f"This estimates the {_quantity(e.unit, names)}"
    what += (f" among {people}" if people else "") + _window(about.window)
    what += f", by {', '.join(map(plain_name, e.label_names))}" if e.label_names else ""
    what += f" ({len(e)} rows)" if len(e) > 1 else ""
    what += f", with the method {e.method}." if e.method else "."
    if about.definition:
        digest = f" (hash {about.definition_hash})" if about.definition_hash else ""
        what += f" Definition: {about.definition.rstrip('.')}{digest}."
    if about.excludes:
        what += f" {excluded(about)}"
    if is_floor(e):
        what += f" {floor_said(e)}."
    return what


def made_of(e: Estimate) -> list[str]:
    """Return sentences on the design, the weights and the variance."""
    said = e.provenance
    lines = []
    if said.get("design"):
        rows = said.get("rows", "rows")
        named = "" if rows == "rows" else f"; the rows are {rows}"
        lines.append(f"Design: {said['design']}{named}.")
    weights = said.get("weights")
    if weights:
        steps = [weights] if isinstance(weights, str) else [str(step) for step in weights]
        lines.append(f"Weights: {', then '.join(steps)}.")
    if said.get("variance"):
        lines.append(f"Variance: {said['variance']}.")
    if adjusted(e):
        lines.append(f"Adjustments: {adjusted(e)}.")
    if len(e.blocks) > 1:
        names = ", ".join(_source(block.source) for block in e.blocks)
        lines.append(f"The uncertainty adds up over {len(e.blocks)} sources: {names}.")
    if other_models(e):
        lines.append(f"{_capital(other_models(e))}.")
    told = {
        "range of",
        "no range",
        "lower bound",
        "design",
        "rows",
        "psus",
        "cases",
        "weights",
        "variance",
        "floor",
        "seen",
        "identified by",
    }
    lines += [
        f"{_capital(plain_name(str(key)))}: {value}."
        for key, value in said.items()
        if key not in told and isinstance(value, (str, int, float)) and value != ""
    ]
    return lines


def adjusted(e: Estimate) -> str:
    """Say by what a network scale-up estimate was adjusted, also where it is 1."""
    limits = e.provenance.get("adjustment limits", {})
    return ", ".join(
        f"{plain_name(name)} {value:.3g}"
        + ("{:.3g} to {:.3g}".format(*limits[name]).join((" (", ")")) if name in limits else "")
        for name, value in e.provenance.get("adjustments", {}).items()
    )


def _source(name: str) -> str:
    kind, _, rest = name.partition(":")
    if not re.fullmatch(r"[0-9a-f]{12,}", rest or kind):
        return rest or kind
    named = {
        "known": "a known quantity",
        "draws": "the posterior draws",
        "recall": "the recall line of the known groups",
        "imputations": "the values imputed",
        "completed": "what differs within the completed data sets",
    }
    return named.get(kind, "the survey design")


# ---------------------------------------------------------------------- the console
def text(e: Estimate) -> str:
    """Return aligned text of at most 80 columns."""
    table = frame(e, 0.95)
    names = ", ".join(dict.fromkeys(outcome_of(e, x) for x in e.outcomes if x))
    kind = "Lower bound" if is_bound(e) else "Estimate"
    lines = [cut(f"<{kind}: {_quantity(e.unit, names).replace(chr(34), '')}>", WIDTH)]
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
    return [cut(str(o) if d == "all" else f"{o}: {d}", 28) for o, d in named]


def _numeric(table: pd.DataFrame) -> list[list[float]]:
    names = ["estimate", "std_error", "conf_low", "conf_high", "df", "n"]
    columns = [table[c].astype("Float64").to_numpy(dtype=float, na_value=np.nan) for c in names]
    return [list(row) for row in zip(*columns, strict=True)]


def _number(x: float, digits: int = 4) -> str:
    if np.isnan(x):
        return "-"
    if np.isinf(x):
        return "inf"
    if abs(x) >= 1000 or (x == round(x) and abs(x) < 1000):
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


def beside(e: Estimate) -> Iterable[str]:
    """Yield what must stand beside a number that an assumption identifies, one line each."""
    said = e.provenance
    if said.get("identified by"):
        yield f"Identified by: {said['identified by']}"
    if other_models(e):
        yield _capital(other_models(e))
    if said.get("Monte Carlo error"):
        yield f"Monte Carlo error: {said['Monte Carlo error']}"
    if said.get("declared facts"):
        yield f"From declared facts: {said['declared facts']}"


def _wrap(line: str) -> list[str]:
    return textwrap.wrap(_one_line(line), WIDTH, subsequent_indent="  ") or [""]


def cut(words: str, width: int) -> str:
    """Shorten a label on one line."""
    words = _one_line(words)
    return words if len(words) <= width else words[: width - 3] + "..."


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
    names = ", ".join(dict.fromkeys(outcome_of(e, x) for x in e.outcomes if x))
    more = len(table) - SHOWN_ROWS
    after = f"<p>{more:,} more rows in <code>to_frame()</code></p>" if more > 0 else ""
    warned = "".join(f"<p><strong>Warning:</strong> {escape(w)}</p>" for w in e.warnings)
    how = f"<p>Adjusted by: {escape(adjusted(e))}</p>" if adjusted(e) else ""
    told = "".join(f"<p>{escape(line)}</p>" for line in explain(e).splitlines())
    lines = [*([floor_said(e)] if is_floor(e) else []), *beside(e)]
    open_ = "".join(f"<p>{escape(_one_line(line))}</p>" for line in lines)
    kind = "Lower bound" if is_bound(e) else "Estimate"
    return (
        f"<div><p><strong>{kind}: {escape(_quantity(e.unit, names).replace(chr(34), ''))}"
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
