"""Definitions as TOML and JSON, and the digest of what they say."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import nearest, shown
from .definition import Definition
from .indicator import Indicator
from .rules import DEEPEST, AllOf, AnyOf, AtLeast, Not, Rule, too_deep

__all__ = ["digest", "from_text", "to_dict", "to_text"]

FORMAT = 1
ANY = "any"  # age
COUNT = ("at_least", "indicators", "strength", "domain", "distinct_domains")


# ---------------------------------------------------------------------- to plain values
def to_dict(d: Definition) -> dict[str, Any]:
    """Return the content as plain mappings, lists, text and numbers; what is empty is left out."""
    codes = d.missing_codes
    out = {
        "format": FORMAT,
        "name": d.name,
        "version": d.version,
        "unit": d.unit,
        "denominator": d.denominator or None,
        "age": ANY if d.age is None else list(d.age),
        "age_column": d.age_column,
        "eligible": d.eligible,
        "window": d.window,
        "windows": list(d.windows),
        "missing": d.missing,
        "missing_codes": {name: list(found) for name, found in codes.items()}
        if isinstance(codes, dict)
        else (None if codes is None else list(codes)),
        "rule": _rule_out(d.rule),
        "child_override": None if d.child_override is None else _rule_out(d.child_override),
        "holes": dict(d.holes) or None,
        "indicators": {name: _indicator_out(i) for name, i in d.indicators.items()},
    }
    return {key: value for key, value in out.items() if value is not None}


def _indicator_out(indicator: Indicator) -> dict[str, Any]:
    expr = indicator.expr
    out = {
        "domain": indicator.domain or None,
        "strength": indicator.strength or None,
        "expr": expr if isinstance(expr, str) else dict(expr),
        "asked": indicator.asked,
        "not_asked": indicator.not_asked,
        "labels": dict(indicator.labels) or None,
    }
    return {key: value for key, value in out.items() if value is not None}


def _rule_out(rule: Rule) -> Any:
    if isinstance(rule, str):
        return rule
    if isinstance(rule, Not):
        return {"not": _rule_out(rule.part)}
    if isinstance(rule, AtLeast):
        out: dict[str, Any] = {"at_least": rule.k}
        for name in ("indicators", "strength", "domain"):
            if getattr(rule, name) is not None:
                out[name] = list(getattr(rule, name))
        return {**out, "distinct_domains": True} if rule.distinct_domains else out
    word = "any" if isinstance(rule, AnyOf) else "all"
    return {word: [_rule_out(part) for part in rule.parts]}


def digest(d: Definition) -> str:
    """Return a digest of the content, whatever the order of keys and of the parts of a rule."""
    content = to_dict(d)
    for name in ("rule", "child_override"):
        if name in content:
            content[name] = _in_one_order(content[name])
    return hashlib.sha256(_canonical(content).encode()).hexdigest()[:16]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _in_one_order(rule: Any) -> Any:
    """Return a rule with its parts and lists, whose order means nothing, in one order."""
    if not isinstance(rule, dict):
        return rule
    return {
        key: sorted(map(_in_one_order, value), key=_canonical)
        if isinstance(value, list)
        else _in_one_order(value)
        for key, value in rule.items()
    }


# ---------------------------------------------------------------------- from plain values
def from_dict(content: Mapping[str, Any]) -> Definition:
    """Return the definition that plain values describe."""
    given = dict(content)
    written = given.pop("format", FORMAT)
    if written != FORMAT:
        raise ValueError(
            f"format must be {FORMAT}: found {shown(written)}. Read the file with the version of "
            "the library that wrote it."
        )
    fields = list(Definition.__dataclass_fields__)
    _check_keys("a definition", given, fields, ("name", "version", "indicators", "rule"))
    indicators = _table("indicators", given["indicators"])
    given["indicators"] = {name: _indicator_in(name, i) for name, i in indicators.items()}
    given["rule"] = _rule_in(given["rule"])
    if "child_override" in given:
        given["child_override"] = _rule_in(given["child_override"])
    if given.get("age") == ANY:
        given["age"] = None
    name, version = given.pop("name"), given.pop("version")
    return Definition(name, version, **given)


def _indicator_in(name: str, content: Any) -> Indicator:
    given = dict(_table(f"indicators.{name}", content))
    _check_keys(f"indicator {name!r}", given, list(Indicator.__dataclass_fields__), ("expr",))
    return Indicator(given.pop("expr"), **given)


def _rule_in(content: Any, level: int = 1) -> Rule:
    if isinstance(content, str):
        return content
    if level > DEEPEST:
        raise too_deep("a rule")
    given = dict(_table("rule", content))
    kinds = [key for key in ("any", "all", "not", "at_least") if key in given]
    if len(kinds) != 1:
        raise ValueError(
            f"a rule must have one of any, all, not, at_least: found {list(given)}. Write for "
            'example { any = ["threats", { at_least = 2 }] }.'
        )
    kind = kinds[0]
    _check_keys("a rule", given, COUNT if kind == "at_least" else (kind,), ())
    if kind == "at_least":
        return AtLeast(given.pop("at_least"), given.pop("indicators", None), **given)
    if kind == "not":
        return Not(_rule_in(given["not"], level + 1))
    if not isinstance(given[kind], list):
        raise TypeError(
            f"parts of {kind!r} must be a list: found {shown(given[kind])}. Put them in brackets."
        )
    parts = [_rule_in(part, level + 1) for part in given[kind]]
    return AnyOf(*parts) if kind == "any" else AllOf(*parts)


def _table(place: str, content: Any) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise TypeError(f"{place} must be a table: found {shown(content)}. Write keys and values.")
    return content


def _check_keys(what: str, given: Mapping[str, Any], known: Any, needed: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise ValueError(
                f"{what} must have known keys: {key!r} is none."
                f"{nearest(key, known) or ' Leave it out.'}"
            )
    for key in needed:
        if key not in given:
            raise ValueError(f"{what} must have {key!r}: found {list(given)}. Add it.")


# ---------------------------------------------------------------------- text and files
def to_text(d: Definition, kind: str, path: str | Path | None) -> str:
    """Return a definition as text and write it where a path is given."""
    content = to_dict(d)
    if kind == "toml":
        text = _toml(content)
    else:
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    if path is not None:
        Path(path).write_bytes(text.encode())
    return text


def from_text(source: str | Path, kind: str) -> Definition:
    """Read a definition from a file or from the text itself."""
    text = str(source)
    if isinstance(source, Path) or not ("\n" in text or text.lstrip().startswith("{")):
        text = Path(source).read_bytes().decode("utf-8-sig")
    try:
        content = tomllib.loads(text) if kind == "toml" else json.loads(text)
    except ValueError as error:
        raise ValueError(
            f"a definition must be written in {kind.upper()}: {error}. Correct the text."
        ) from None
    except RecursionError:
        raise ValueError(
            "a definition must not be nested as deeply as this text is. Correct the text."
        ) from None
    return from_dict(_table("a definition", content))


def _toml(content: Mapping[str, Any]) -> str:
    """Write plain values as TOML: a section for each indicator, a rule over several lines."""
    lines, sections = [], []
    for key, value in content.items():
        if key == "indicators":
            for name, indicator in value.items():
                sections.append(f"\n[indicators.{_key(name)}]")
                sections += [f"{_key(k)} = {_inline(v)}" for k, v in indicator.items()]
        elif key in ("holes", "missing_codes") and isinstance(value, dict):
            sections.append(f"\n[{key}]")
            sections += [f"{_key(k)} = {_inline(v)}" for k, v in value.items()]
        else:
            lines.append(f"{_key(key)} = {_inline(value)}")
    return "\n".join([*lines, *sections]) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_inline(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)  # numbers and truths are written alike


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _string(name)
