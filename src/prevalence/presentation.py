"""An estimate as a table and in words: what a reader sees of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .estimand import SEVERAL, Estimand, window_words
from .estimate import Estimate
from .headline import facts_of, headlines, is_bound, is_floor
from .intervals import WORDS
from .reliability import flags
from .rounding import shown

__all__ = ["explain", "frame", "sentence", "sentences"]

Array = NDArray[Any]
COLUMNS = (
    "outcome", "domain", "n", "missing", "cases", "psus", "psus_with_cases", "estimate",
    "std_error", "conf_low", "conf_high", "cv", "deff", "deff_source", "n_eff", "df", "interval",
    "flag", "definition",
)  # fmt: skip
BESIDE = ("identified_by", "models_low", "models_high", "declared_facts")  # of what is assumed
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
        "deff": facts_of(e, "deff"),
        "deff_source": pd.array(_words(e, "deff_source"), dtype="object"),
        "n_eff": facts_of(e, "n_eff"),
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
    return [estimand_of(e, outcome).definition for outcome in e.outcomes]


def estimand_of(e: Estimate, outcome: str) -> Estimand:
    """Return what the rows of an outcome estimate: those of a joint estimate may differ."""
    about = e.estimand or Estimand()
    return replace(about, **e.provenance.get("estimands", {}).get(outcome, {}))


def _whole_numbers(e: Estimate, name: str) -> Any:
    found = pd.Series(facts_of(e, name), dtype="Float64")
    whole = bool((found.isna() | (found == found.round())).all())
    return found.astype("Int64").array if whole else found.array


def _words(e: Estimate, name: str) -> list[Any]:
    fact = e.facts.get(name)
    if fact is None:
        return [pd.NA] * len(e)
    return [str(x) for x in np.broadcast_to(np.asarray(fact, dtype=object), (len(e),))]


# ---------------------------------------------------------------------- the sentence
def sentence(e: Estimate, level: float) -> str:
    """Return the sentence to print, one line per row."""
    return "\n".join(sentences(e, frame(e, level), level))


def sentences(
    e: Estimate, table: pd.DataFrame, level: float = 0.95, *, full: bool = True
) -> list[str]:
    """Return the sentence of every row of an estimate's table, which may be protected.

    Without `full` it is the claim, and what it is of where rows differ in that: for a page that
    names the excluded groups and the definition beside it.
    """
    heads, several = headlines(e, table, level), len(set(e.outcomes)) > 1
    rows = [_sentence(e, table.iloc[i], heads[i]) for i in range(len(e))]
    said = [
        [row.claim, row.excluded, *row.of, row.adjusted]
        if full
        else [row.claim, *(row.of if several else ())]
        for row in rows
    ]
    return [one_line(" ".join(parts)) for parts in said]


class Sentence(NamedTuple):
    """The parts of a sentence: the claim, who is left out, of what it is, what adjusted it."""

    claim: str
    excluded: str = ""
    of: tuple[str, ...] = ()
    adjusted: str = ""


def _sentence(e: Estimate, row: pd.Series[Any], head: tuple[str, str]) -> Sentence:
    about = estimand_of(e, str(row["outcome"]))
    domain = _domain(e, str(row["domain"]))
    domain = f"as seen in {domain}" if domain and e.provenance.get("seen") else domain
    if not np.isfinite(row["estimate"]):
        why = str(row["flag"]) if str(row["flag"]).startswith("suppressed") else "no estimate"
        return Sentence(f"{_capital(domain + why)}.")
    inside = "; ".join(x for x in (head[1], _sample(e, row)) if x)
    number = f"{head[0]} ({inside})" if inside else head[0]
    outcome = outcome_of(e, str(row["outcome"]))
    of = []
    if e.unit == "proportion" and outcome and not _named_by(about, outcome):
        of.append(f"Outcome: {outcome}.")
    if row["definition"]:
        of.append(f"Definition: {str(row['definition']).rstrip('.')}.")
    return Sentence(
        _capital(domain + _claim(e, about, number, str(row["outcome"])))
        + _window(about.window)
        + ".",
        excluded(about) if about.excludes else "",
        tuple(of),
        f"Adjusted by: {adjusted(e)}." if adjusted(e) else "",
    )


def _named_by(about: Estimand, outcome: str) -> bool:
    """Tell whether an outcome's name is that of its definition, version and window again."""
    name = about.definition.replace(", version ", " v")
    plain = [
        re.sub(r"[\W_]+", " ", words.casefold()).strip()
        for words in (outcome, name, f"{name} {about.window}")
    ]
    return bool(about.definition) and plain[0] in plain[1:]


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


def _claim(e: Estimate, about: Estimand, number: str, column: str) -> str:
    """Return who or what is estimated at which number; a floor begins with its assumption."""
    outcome = outcome_of(e, column)
    people = e.provenance.get("people", {}).get(column) or about.population or about.denominator
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
    if e.method == "validated":
        return f"the validated share{_quoted(outcome)} is taken to be {number}"
    if e.unit == "known":
        return f"{outcome or 'the quantity'} is taken to be {number}"
    among = f" among {people}" if people else ""
    if e.unit == "variance" and (pair := re.fullmatch(r"cov\((.+), (.+)\)", outcome)):
        return f'the covariance of "{pair[1]}" and "{pair[2]}" is estimated at {number}{among}'
    return f"the {quantity(e.unit, outcome)} is estimated at {number}{among}"


def quantity(unit: str, outcome: str) -> str:
    """Return what a number is, as in 'mean of "hours"'; a rate or ratio by its own name."""
    if unit == "count" and outcome == "persons":
        return "number of persons"
    if unit == "ratio" and re.search(r"\b(ratio|rate)\b", outcome):
        return outcome
    if unit == "known":
        return f"known quantity{_quoted(outcome)}"
    return f'{unit} of "{outcome}"' if outcome else unit


def _quoted(name: str) -> str:
    return f' "{name}"' if name else ""


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
    first = found if acronym else found[:1].lower() + found[1:]
    bridges = [text[:1].lower() + text[1:] for text in e.assumptions if text.startswith("Bridge (")]
    return "; ".join([first, *(text.strip().rstrip(".") for text in bridges)])


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
    if e.method == "validated":
        said = {"rows": "tested", "cases": "classified rightly"}
    n, cases, psus = row["n"], row["cases"], row["psus"]
    if not pd.isna(n) and not pd.isna(cases) and n == cases:
        return f"{n:,} {said.get('rows', 'cases')}"
    parts = []
    if not pd.isna(cases):
        word = said.get("cases", "case" if cases == 1 else "cases")
        nobody = "none" if word.split()[0].endswith("ed") else "no"  # none screened, no cases
        parts.append(f"{nobody if cases == 0 else f'{cases:,}'} {word}")
    if not pd.isna(n):
        parts.append(f"{'among ' if parts else ''}{n:,} {said.get('rows', 'rows')}")
        if not pd.isna(psus) and psus != n:
            parts.append(f"in {psus:,} {said.get('psus', 'primary units')}")
    return " ".join(parts)


def _window(window: str) -> str:
    return f", {window_of(window)}" if window else ""


def window_of(window: str) -> str:
    """Return windows as the end of a sentence."""
    return _listed([_time(part) for part in window.split("; ")], most=9) if window else ""


def _time(window: str) -> str:
    if known := window_words(window):
        return known.said
    if re.match(r"(in|from|between|during|over|since|within|at|on|before|after)\b", window):
        return window
    if re.match(r"\S+ to \S+$", window):
        return f"from {window}"
    return f"in the {window}" if re.match(r"(\d{1,3} \D|last |past )", window) else f"in {window}"


def _listed(names: Sequence[str], most: int = 4) -> str:
    """Return names as a list in words, the last of many counted."""
    if len(names) > most:
        names = [*names[: most - 1], f"{len(names) - most + 1:,} more"]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""


def excluded(about: Estimand) -> str:
    """Say as a sentence whom the estimate leaves out."""
    words = _capital(about.excludes.strip().rstrip("."))
    return f"{words}." if "included" in words else f"{words} are not included."


def outcome_of(e: Estimate, column: str) -> str:
    """Return what a row estimates: the estimand's outcome, or with several outcomes the column's.

    A row of a joint estimate by itself has its own name; so has a coefficient, whose estimand is
    that of its regression.
    """
    alone = len(set(e.outcomes)) == 1 and e.unit != "coefficient"
    named = e.estimand.outcome if e.estimand and alone else ""
    named = "" if named == SEVERAL else named
    renamed = named not in ("", column)  # by describe(), so no longer the name of a column
    hidden = not renamed and e.unit in ("proportion", "count")
    behind = e.provenance.get("outcome in", "") if hidden else ""
    return f"{behind} {plain_name(named or column)}".strip()


def names_of(e: Estimate, most: int = 4) -> str:
    """Return the outcomes of an estimate as one text."""
    return _listed(list(dict.fromkeys(outcome_of(e, x) for x in e.outcomes if x)), most)


def plain_name(name: str) -> str:
    """Return a column's name as words."""
    return name.replace("_", " ").strip()


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def one_line(words: str) -> str:
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
    return "\n".join(one_line(line) for line in lines)


def _what(e: Estimate) -> str:
    about = e.estimand or Estimand()
    people = about.population or about.denominator
    verb = "states" if e.unit == "known" else "estimates"
    what = f"This {verb} the {quantity(e.unit, names_of(e) or 'the outcome')}"
    windows = (estimand_of(e, outcome).window for outcome in e.outcomes)
    what += (f" among {people}" if people else "") + _window("; ".join(dict.fromkeys(windows)))
    what += f", by {', '.join(map(plain_name, e.label_names))}" if e.label_names else ""
    what += f" ({len(e)} rows)" if len(e) > 1 else ""
    what += f", with the method {e.method}." if e.method else "."
    if hashes := definitions_of(e):
        said = [f"{text.rstrip('.')}{f' (hash {x})' if x else ''}" for text, x in hashes.items()]
        what += f" Definition{'s' if len(said) > 1 else ''}: {_listed(said)}."
    if about.excludes:
        what += f" {excluded(about)}"
    if is_floor(e):
        what += f" {floor_said(e)}."
    return what


def definitions_of(e: Estimate) -> dict[str, str]:
    """Return the definitions of an estimate, in words, with the hash of each."""
    rows = [estimand_of(e, outcome) for outcome in dict.fromkeys(e.outcomes)]
    return {about.definition: about.definition_hash for about in rows if about.definition}


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
        sources = Counter(_source(block.source) for block in e.blocks)
        names = ", ".join(f"{x} ({k} times)" if k > 1 else x for x, k in sources.items())
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
        "outcome in",
    }
    lines += [
        f"{_capital(plain_name(str(key)))}: {f'{value:,.6g}' if isinstance(value, float) else value}."
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


def cut(words: str, width: int) -> str:
    """Shorten a label on one line."""
    words = one_line(words)
    return words if len(words) <= width else words[: width - 3] + "..."
