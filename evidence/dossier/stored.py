"""The stored results of peers in ``../shared/oracle``: which there are, their calls and versions.

`cases` lists all of them, so that one that no test compares cannot be passed over: `UNCOMPARED`
says which those are, and why.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ..claims import ROOT

__all__ = ["ORACLE", "Stored", "cases", "source_and_call", "uncompared"]

ORACLE = ROOT.parent / "shared" / "oracle"
Place = tuple[str, ...]


class Stored(NamedTuple):
    """One stored result: where it is, who computed it, by which call, and how many numbers it has."""

    place: Place
    source: str
    call: str
    values: int


# Pattern of "file > case", and why no test compares it; "waits" for what the library has not yet.
UNCOMPARED = {
    "rds/*": "waits: samples by recruitment are not built yet",
    "frontier/expected_sae.json *": "waits: estimates for small areas are not built yet",
    "frontier/expected_pool.json *": "waits: pooling of several studies is not built yet",
    "frontier/expected_plan.json > inputs": "the question of the other cases, no result",
    "frontier/expected_plan.json *": "waits: of planning, only samples for a difference of rounds "
    "and designs of sensitive questions are built",
    "mse/uk5_lcmcr.json": "the peer's chains have not converged (R-hat 1.5): ours are refused there, "
    "as a test of `test_mse_latent` shows",
    "mse/* > freq_of_captures": "a count of the table itself",
}
SKIPPED = ("provenance", "status", "version", "n_lists", "n_observed", "freq_of_captures")


@cache
def content(name: str) -> Any:
    """Return a stored file."""
    return json.loads((ORACLE / name).read_text(encoding="utf-8"))


def count(item: Any) -> int:
    """Return how many numbers a stored item holds."""
    if isinstance(item, dict):
        return sum(count(part) for part in item.values())
    if isinstance(item, list):
        return sum(count(part) for part in item)
    return int(isinstance(item, int | float) and not isinstance(item, bool))


def cases() -> Iterator[Stored]:
    """Give every stored result."""
    for path in sorted(ORACLE.rglob("*")):
        name = f"{path.parent.name}/{path.name}"
        if path.suffix == ".json" and name != "nsum/curitiba_params.json":
            yield from in_json(name)
        elif path.parent.name == "mse" and path.stem.count("_") and path.suffix != ".json":
            yield from in_table(path, name)
    yield from in_table(ORACLE / "survey" / "cascade_hhA.csv", "survey/cascade_hhA.csv")


def in_json(name: str) -> Iterator[Stored]:
    """Give the results of one file."""
    told = content(name)
    room = name.split("/", maxsplit=1)[0]
    if name == "survey/expected.json":
        places: list[tuple[str, ...]] = [(name, "results", key) for key in told["results"]]
    elif room == "nsum":
        places = [(name, "cases", key) for key in told["cases"]]
    elif name == "mse/expected.json":
        tables = {key: value for key, value in told.items() if key not in SKIPPED}
        places = [(name, k, part) for k, v in tables.items() for part in v if part not in SKIPPED]
    elif room == "mse" and name != "mse/expected_msepackage.json":
        places = [(name,)]
    else:
        places = [(name, key) for key in told if key not in SKIPPED]
    for place in places:
        source, call = source_and_call(place)
        yield Stored(place, source, call, count(item_at(place)))


def in_table(path: Path, name: str) -> Iterator[Stored]:
    """Give one table of results as one case."""
    if any(word in path.name for word in ("_closedpMS_", "_checkident", "_bootreps", "cascade")):
        source, call = source_and_call((name,))
        yield Stored((name,), source, call, 0)


def item_at(place: Place) -> Any:
    """Return the stored item at a place, as far as the place leads."""
    item = content(place[0])
    for key in place[1:]:
        if isinstance(item, dict) and key in item:
            item = item[key]
        elif isinstance(item, list) and key.isdigit() and int(key) < len(item):
            item = item[int(key)]
        else:
            break
    return item


def source_and_call(place: Place) -> tuple[str, str]:
    """Return who computed the result at a place, with versions, and by which call."""
    name = place[0]
    room = name.split("/")[0]
    if room == "survey":
        return survey(place)
    if room == "nsum":
        return scale_up(place)
    if room == "mse":
        return lists(place)
    found = item_at(place[:2])
    packages = content(name).get("provenance", {}).get("packages") or found.get("package")
    return words(packages), str(found.get("call") or "")


def survey(place: Place) -> tuple[str, str]:
    """Return the call of R survey with that of its design."""
    told = content("survey/expected.json")
    source = f"R survey {told['about']['survey']}"
    result = told["results"].get(place[2]) if len(place) > 2 else None
    if result is None:
        return source, "generate.R beside the file"
    design = told["designs"].get(result["design"], {}).get("r", "")
    return source, f"{result['r']}  [{result['design']} = {design}]"


def scale_up(place: Place) -> tuple[str, str]:
    """Return packages and call of a scale-up result."""
    made = content(place[0])["provenance"]
    packages = made.get("packages") or {k: made[k] for k in ("NSUM", "rstan") if k in made}
    case = content(place[0])["cases"].get(place[2], {}) if len(place) > 2 else {}
    call = case.get("call") or case.get("model") or f"{made.get('y') or made.get('data')}"
    return words(packages) or "R sampler of the model", str(call)


def lists(place: Place) -> tuple[str, str]:
    """Return package and call of a result on lists."""
    name = place[0]
    made = content("mse/expected.json")["provenance"]
    if name == "mse/expected_msepackage.json":
        call = item_at(place[:2]).get("call", "") if len(place) > 1 else ""
        return f"R MultipleSystemsEstimation {content(name)['version']}", call
    stem = name.removeprefix("mse/").partition(".")[0]
    if name.endswith(".json") and name != "mse/expected.json":
        told = content(name)
        package = "LCMCR" if "lcmcr" in stem else "SparseMSE"
        return f"R {package} {told[package]}", told["call"]
    part = place[2] if len(place) > 2 else stem.partition("_")[2]
    for key, package in PACKAGES.items():
        if key in part or key in stem:
            pattern = CALLS.get(key, key)
            return f"R {package} {made.get(package, '')}".strip(), made["calls"].get(pattern, "")
    return "R", ""


PACKAGES = {
    "pairs": "arithmetic",
    "closedp_t": "Rcapture",
    "closedp_bc": "Rcapture",
    "profile_ci": "Rcapture",
    "bootreps": "SparseMSE",
    "checkident": "SparseMSE",
    "stepwise": "SparseMSE",
    "dga": "dga",
    "closedpMS": "Rcapture",
}
CALLS = {
    "profile_ci": "profile_ci_*",
    "bootreps": "*_stepwise_boot.json",
    "checkident": "checkident csv",
    "closedpMS": "closedpMS_order2",
}


def words(packages: Any) -> str:
    """Return packages with their versions in words."""
    if not packages:
        return "R, own code"
    return "R " + ", ".join(f"{name} {version}" for name, version in packages.items())


def uncompared(place: Place) -> str | None:
    """Return why no test compares a stored result, if that is stated."""
    text = " > ".join(place)
    for pattern, why in UNCOMPARED.items():
        if fnmatch.fnmatchcase(text, pattern):
            return why
    return None
