"""One call after another: drawn, perhaps spoiled, made, and judged."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from prevalence import PrevalenceWarning

from . import chance as chances
from .chance import Call, Chance
from .entries import ENTRIES
from .mark import mark
from .outcome import documented, kind_of, silent
from .surface import SURFACE, Callee
from .wild import spoiled

__all__ = ["ROUNDS", "Outcome", "batch", "bounded", "schedule", "tried"]

SPOILED = 0.4
MEMORY = 8 * 2**30  # of addresses, of which libraries reserve some 3 * 2**30
ROUNDS = 500  # of every function in the long run
#: What is drawn from a file or a clock where it is left out or None: kept as it is.
KEPT = {"rng"}


@dataclass(frozen=True)
class Outcome:
    """What came of one call: `kind` is "result", the kind of a documented error, or the fault."""

    number: int
    name: str
    kind: str
    fault: str
    said: str
    seconds: float


def schedule(calls: int) -> list[str]:
    """Return whom each call is of: functions `ROUNDS` times first, then all in turn.

    Of fewer calls than the long run has, each has its share.
    """
    rounds = ROUNDS * calls // 100_000
    functions = [name for name, callee in SURFACE.items() if callee.kind == "function"]
    others = [name for name in SURFACE if name not in functions]
    names = functions * rounds
    short = max(calls - len(names), 0)
    return [*names, *(others * (short // len(others) + 1))[:short]][:calls]


def tried(number: int, name: str, seed: int, folder: Path, *, raising: bool = False) -> Outcome:
    """Make one call; its number, name and seed decide everything in it.

    With `raising` its error is raised, to be looked at.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
    callee, r = SURFACE[name], Chance(rng, folder, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrevalenceWarning)  # they are of what a call is given
        try:
            made = drawn(name, r)
        except Exception as error:  # a fault of what makes the arguments, or of ours
            if raising:
                raise
            said = f"{type(error).__name__}: {error}"
            return Outcome(number, name, "", "its arguments could not be made", said[:600], 0.0)
    owned, args, keywords = spoil(callee, made, rng) if rng.random() < SPOILED else made
    if raising:
        print(owned, args, keywords, sep="\n")
        callee.call(owned, tuple(args), keywords)
    return judged(callee, number, Call(owned, args, keywords))


def bounded() -> None:
    """Let a call that takes all memory end in an error, where the system can hold it to that."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def batch(job: tuple[list[tuple[int, str]], int, str]) -> list[Outcome]:
    """Make some calls, in a folder of their own."""
    calls, seed, folder = job
    home = Path(folder)
    home.mkdir()
    os.chdir(home)
    return [tried(number, name, seed, home.parent) for number, name in calls]


def drawn(name: str, r: Chance) -> Call:
    """Return a call; where what it is drawn from is refused, the next."""
    for _ in range(20):
        try:
            return ENTRIES[name](r)
        except chances.EXPECTED as error:
            refused = error
    raise RuntimeError(f"no call of {name} can be drawn: {refused}")


def spoil(callee: Callee, made: Call, rng: np.random.Generator) -> Call:
    """Return the call with one argument, or one that was left out, spoiled."""
    args, keywords = list(made.args), dict(made.keywords)
    left = [name for name in optional(callee, made) if name not in KEPT]
    places: list[Any] = [*range(len(args)), *(name for name in keywords if name not in KEPT)]
    if places and (not left or rng.random() < 0.75):
        place = places[rng.integers(len(places))]
        if isinstance(place, int):
            args[place] = spoiled(args[place], rng)
        else:
            keywords[place] = spoiled(keywords[place], rng)
    elif left:
        name = left[rng.integers(len(left))]
        keywords[name] = spoiled(callee.parameters[name].default, rng)
    return Call(made.owned, args, keywords)


def optional(callee: Callee, made: Call) -> list[str]:
    """Return the parameters that a call leaves out."""
    named = [
        p for p in callee.parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    return [p.name for p in named[len(made.args) :] if p.name not in made.keywords]


@contextlib.contextmanager
def listened() -> Iterator[tuple[list[warnings.WarningMessage], io.StringIO]]:
    """Catch warnings and whatever is printed."""
    printed = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as warned,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        warnings.simplefilter("always")
        yield warned, printed


def judged(callee: Callee, number: int, made: Call) -> Outcome:
    """Make a call and say what came of it."""
    given = [made.owned, *made.args, *made.keywords.values()]
    before = [mark(thing) for thing in given]
    fault = kind = said = ""
    result: Any = None
    began = time.process_time()
    with listened() as (warned, printed):
        try:
            result = callee.call(made.owned, tuple(made.args), made.keywords)
            kind = "result"
        except Exception as error:  # noqa: BLE001  # any exception is what is looked for
            kind, said = kind_of(error), f"{type(error).__name__}: {error}"
            fault = documented(error)
    spent = time.process_time() - began
    close(result)
    if not fault and kind == "result" and callee.kind != "class":
        fault, said = read(result, warned, given, getattr(callee.thing, "__doc__", None) or "")
    if not fault:
        fault, said = aftermath(given, before, warned, printed.getvalue(), said)
    return Outcome(number, callee.name, kind, fault, said[:600], spent)


def read(result: Any, warned: Any, given: list[Any], documentation: str) -> tuple[str, str]:
    """Return the fault of a result, and how it is printed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrevalenceWarning)
        try:
            fault = silent(result, warned, given, documentation)
        except Exception as error:  # noqa: BLE001  # whatever reading it raises is its fault
            return "a result that cannot be read", f"{type(error).__name__}: {error}"
        return fault, " | ".join(repr(result).splitlines())[:300] if fault else ""


def aftermath(
    given: list[Any], before: list[bytes], warned: Any, printed: str, said: str
) -> tuple[str, str]:
    """Return what a call left behind that it should not."""
    others = [each for each in warned if not issubclass(each.category, PrevalenceWarning)]
    if others:
        return (
            "another warning",
            f"{others[0].category.__name__}: {others[0].message} ({others[0].filename}:{others[0].lineno})",
        )
    if printed:
        return "printed", printed
    if [mark(thing) for thing in given] != before:
        changed = [type(t).__name__ for t, old in zip(given, before, strict=True) if mark(t) != old]
        return "changed what it was given", ", ".join(changed)
    return "", said


def close(result: Any) -> None:
    """Close the figures that a call opened."""
    del result
    plots = sys.modules.get("matplotlib.pyplot")
    if plots is not None:
        plots.close("all")
