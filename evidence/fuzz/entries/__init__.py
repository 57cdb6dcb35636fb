"""For each public callable, how a valid call of it is drawn: one function, by its name."""

from __future__ import annotations

from collections.abc import Callable

from evidence.fuzz.chance import Call, Chance
from evidence.fuzz.surface import SURFACE, Callee

from . import (
    definitions,
    files,
    large,
    lists,
    measured,
    network,
    plots,
    rehearsed,
    results,
    simulated,
    surveys,
)
from .shared import HOLDERS

__all__ = ["ENTRIES"]

Entry = Callable[[Chance], Call]


def itself(callee: Callee) -> Entry | None:
    """Return the entry of what needs nothing but its object: properties, `to_frame()`."""
    holder = HOLDERS.get(callee.name.rpartition(".")[0])
    needs = [
        p for p in callee.parameters.values() if p.default is p.empty and p.kind < p.KEYWORD_ONLY
    ]
    if holder is None or any(p.kind is not p.VAR_POSITIONAL for p in needs):
        return None
    return lambda r: Call(holder(r), [], {})


def entries() -> dict[str, Entry]:
    """Return the entries of every public callable that has one."""
    made: dict[str, Entry] = {}
    rooms = (
        surveys,
        measured,
        definitions,
        network,
        lists,
        results,
        plots,
        files,
        simulated,
        rehearsed,
        large,
    )
    for name, callee in SURFACE.items():
        own = [room.ENTRIES[name] for room in rooms if name in room.ENTRIES]
        entry = own[0] if own else itself(callee)
        if entry is not None:
            made[name] = entry
    return made


ENTRIES = entries()
