"""Checks of what is handed to a report or a checklist beside its estimates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ..errors import mapping, nearest, sequence, text
from ..estimate import Estimate

PARTS = (
    "name", "lead", "wrong", "excluded", "conclude", "weight_flow", "lists", "answers", "checklist",
    "rerun", "hashes",
)  # fmt: skip
TEXTS, SENTENCES, MAPPINGS = ("name", "lead", "rerun"), ("wrong", "excluded", "conclude"), ("checklist", "hashes")  # fmt: skip


def check_compared(comparison: object, *, alone: bool = False) -> None:
    """Refuse what is no comparison, nor an estimate where one may stand alone."""
    if hasattr(comparison, "estimates") or (alone and isinstance(comparison, Estimate)):
        return
    raise TypeError(
        f"comparison must be what pv.compare returns{' or an Estimate' if alone else ''}: found "
        f'{type(comparison).__name__}. Write pv.compare({{"survey": estimate}}).'
    )


def notes_of(study: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the parts of `study`, each of its kind."""
    if study is None or isinstance(study, str):
        return {"name": study} if study else {}
    notes = {str(key): part for key, part in mapping("study", study, "Name a study, or give parts.").items()}  # fmt: skip
    for key, part in notes.items():
        if key not in PARTS:
            raise KeyError(
                f"study must hold parts that a page has: {key!r} is not.{nearest(key, PARTS)}"
            )
        if key in TEXTS:
            text(f"study[{key!r}]", part, "Write a sentence.")
        if key in SENTENCES:
            for said in sequence(f"study[{key!r}]", part, "Write one sentence or more in a list."):
                text(f"study[{key!r}]", said, "Write sentences.")
        if key in MAPPINGS:
            notes[key] = mapping(f"study[{key!r}]", part, "Write what by its name.")
    check_flow(notes.get("weight_flow"))
    check_kind("answers", notes.get("answers"))
    if "lists" in notes and not hasattr(notes["lists"], "names"):
        raise TypeError(
            f"study['lists'] must be Lists: found {type(notes['lists']).__name__}. Pass what pv.Lists "
            "makes."
        )
    return notes


def check_kind(argument: str, given: object) -> None:
    """Refuse what is not of the class that an argument takes."""
    from ..answers import Answers
    from ..lists import Lists
    from ..mse import Reliability
    from ..nsum import Posterior, Validation

    kinds: dict[str, tuple[type, str]] = {
        "answers": (Answers, "pv.Answers"),
        "lists": (Lists, "pv.Lists"),
        "reliability": (Reliability, "pv.mse.reliability"),
        "posterior": (Posterior, "pv.nsum.fit"),
        "validation": (Validation, "pv.nsum.validate"),
    }
    kind, made = kinds[argument]
    if given is not None and not isinstance(given, kind):
        raise TypeError(
            f"{argument} must be what {made} returns: found {type(given).__name__}. Pass that, or "
            "leave it out."
        )


def check_flow(flow: object) -> None:
    """Refuse what is no table of weighting steps."""
    if flow is None or (isinstance(flow, pd.DataFrame) and "step" in flow and len(flow)):
        return
    found = "a table without steps" if isinstance(flow, pd.DataFrame) else type(flow).__name__
    raise TypeError(
        f"weight_flow must be what Survey.weight_flow returns: found {found}. Pass that table "
        "unchanged, or leave it out."
    )


def table_given(argument: str, given: Any) -> pd.DataFrame | None:
    """Return a table or a list of mappings as a table."""
    if given is None or isinstance(given, pd.DataFrame):
        return given
    rows = sequence(argument, given, "Pass a DataFrame, or a list of mappings.")
    if not all(isinstance(row, Mapping) for row in rows):
        raise TypeError(
            f"{argument} must hold mappings: {sum(not isinstance(r, Mapping) for r in rows)} of "
            f"{len(rows)} are none. Pass a DataFrame, or a list of mappings."
        )
    return pd.DataFrame(rows)
