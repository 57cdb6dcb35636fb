"""One comparison with a reference value: it is checked, and written down for the dossier.

`agrees` fails where our value is farther from the reference than `Within` allows; `differs` fails
where a stated difference is none. Both put one row into the folder that ``PREVALENCE_DOSSIER``
names, so that docs/evidence/dossier.csv, which ``python -m evidence.dossier`` makes of these rows,
holds what the tests compare and nothing else. Values that `told` reads know their own place in a
file of reference values: the place leads to the peer's call and version.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXACTLY", "Within", "agrees", "differs", "left", "told"]

Array = NDArray[Any]
Place = tuple[str, ...]
Source = str | tuple[str, str]


class Within(NamedTuple):
    """How far our value may be from the reference: the larger of both, and why so far."""

    why: str
    relative: float = 0.0
    absolute: Any = 0.0


EXACTLY = Within("a whole number, a word or a set: equal")


# ------------------------------------------------------------------ values that know their place
class ToldFloat(float):
    """A stored number with decimals."""

    place: Place


class ToldInt(int):
    """A stored whole number."""

    place: Place


class ToldText(str):
    """A stored word."""

    place: Place


class ToldList(list[Any]):
    """A stored list."""

    place: Place


class ToldDict(dict[str, Any]):
    """A stored object."""

    place: Place


@cache
def told(path: Path) -> Any:
    """Return a JSON file of reference values; every number, word, list and object knows its place."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return placed(content, (f"{path.parent.name}/{path.name}",))


def placed(item: Any, place: Place) -> Any:
    """Return a stored item with its place; null and logical values have none."""
    made: Any
    if isinstance(item, dict):
        made = ToldDict({name: placed(part, (*place, name)) for name, part in item.items()})
    elif isinstance(item, list):
        made = ToldList([placed(part, (*place, str(k))) for k, part in enumerate(item)])
    elif isinstance(item, bool) or item is None:
        return item
    else:
        made = {float: ToldFloat, int: ToldInt, str: ToldText}[type(item)](item)
    made.place = place
    return made


def place_of(item: Any) -> Place:
    """Return the place of a stored item, or what the places of its parts have in common."""
    if isinstance(item, str) and not isinstance(item, ToldText):
        return (item,)
    own = getattr(item, "place", None)
    if own is not None:
        return tuple(own)
    if isinstance(item, Mapping):
        item = list(item.values())
    if isinstance(item, tuple) and all(type(part) is str for part in item):
        return item
    if isinstance(item, list | tuple):
        places = [place for place in map(place_of, item) if place]
        if not places or len(places) == 1:
            return places[0] if places else ()
        same = [len(set(words)) == 1 for words in zip(*places, strict=False)]
        depth = same.index(False) if False in same else len(same)
        rest = dict.fromkeys(place[depth] for place in places if len(place) > depth)
        return (*places[0][:depth], ", ".join(rest))
    return ()


# ------------------------------------------------------------------ comparisons
def agrees(
    found: Any,
    wanted: Any,
    within: Within,
    *,
    case: Any = None,
    source: Source = "",
    explained: bool = False,
) -> None:
    """Assert that our value is the reference's within a stated distance, and write it down.

    `case` is the stored item that the reference rests on, where `wanted` was worked out from it,
    or a word for what is compared; `source` is that of a value typed in a test, with its call.
    `explained`: `found` is the peer's own rule, written out in the test, where ours is another.
    """
    row = compared(found, wanted, within)
    if explained:
        row["status"] = "explained"
    note(row | about(wanted if case is None else case, source))
    assert row["share"] <= 1, (
        f"{row['ours']} for {row['theirs']} differs by {row['absolute']:.3g}, "
        f"{row['share']:.3g} times what is allowed: {row['tolerance']} ({within.why})"
    )


def differs(found: Any, wanted: Any, why: str, *, case: Any = None, source: Source = "") -> None:
    """Assert that our value is not the reference's, for a stated reason, and write it down."""
    row = compared(found, wanted, Within(why, 1e-9))
    row |= {"status": "stated difference", "tolerance": "", "share": ""}
    note(row | about(wanted if case is None else case, source))
    assert row["ours"] != row["theirs"], f"{found!r} is what the reference says"


def left(why: str, *, case: Any, values: int = 1) -> None:
    """Write down a stored value, or as many as `values`, that is not compared, with the reason."""
    empty = dict.fromkeys(("theirs", "ours", "absolute", "relative", "tolerance", "share"), "")
    note({"why": why, "status": "not compared", "values": values, **empty} | about(case, ""))


def compared(found: Any, wanted: Any, within: Within) -> dict[str, Any]:
    """Return the largest difference of two values, by what is allowed for each number of them."""
    fixed = {"why": within.why, "status": "agrees"}
    if not numeric(wanted):
        same = found == wanted
        return fixed | {
            "values": 1,
            "theirs": in_words(wanted),
            "ours": in_words(found),
            "absolute": 0.0 if same else float("inf"),
            "relative": 0.0 if same else float("inf"),
            "tolerance": "equal",
            "share": 0.0 if same else float("inf"),
        }
    theirs, ours = (np.asarray(item, dtype=float) for item in (wanted, found))
    assert ours.size == theirs.size, f"{ours.shape} values for {theirs.shape}"
    theirs, ours = theirs.ravel(), ours.ravel()
    absolute = np.broadcast_to(np.asarray(within.absolute, dtype=float).ravel(), theirs.shape)
    allowed = np.maximum(within.relative * np.abs(theirs), absolute)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.where((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)), 0, ours - theirs)
        share = np.where(gap == 0, 0.0, np.abs(gap) / allowed)
        relative = np.where(gap == 0, 0.0, np.abs(gap / theirs))
    share = np.where(np.isnan(share), np.inf, share)
    at = int(np.argmax(share)) if share.any() else 0
    far, limit = float(absolute[at]), within.relative * float(abs(theirs[at]))
    binding = f"{within.relative:.3g} relative" if far <= 1.01 * limit else f"{far:.3g} absolute"
    return fixed | {
        "values": theirs.size,
        "theirs": f"{theirs[at]:.15g}",
        "ours": f"{ours[at]:.15g}",
        "absolute": float(abs(gap[at])),
        "relative": float(relative[at]),
        "tolerance": binding if allowed.any() else "equal",
        "share": float(share[at]),
    }


def numeric(item: Any) -> bool:
    """Return whether a value is a number or holds numbers alone."""
    try:
        return np.size(item) > 0 and np.asarray(item).dtype.kind in "fiub"
    except ValueError:  # lists of unequal length
        return False


def in_words(item: Any) -> str:
    """Return a set or a list of words as one line, the same in every run."""
    if isinstance(item, set | frozenset):
        return "{" + ", ".join(sorted(in_words(part) for part in item)) + "}"
    if isinstance(item, list | tuple):
        return "[" + ", ".join(in_words(part) for part in item) + "]"
    return str(item)


# ------------------------------------------------------------------ what is written down
def about(case: Any, source: Source) -> dict[str, Any]:
    """Return where a reference value is from."""
    place = place_of(case)
    source, call = (source, "") if isinstance(source, str) else source
    assert place or source, "say where the reference value is from: case= or source="
    return {"place": list(place), "source": source, "call": call}


def note(row: dict[str, Any]) -> None:
    """Append one row to this process's file, where a dossier is being made."""
    folder = os.environ.get("PREVALENCE_DOSSIER")
    if folder:
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"test": test, **row}) + "\n")
