"""Messages that say which argument, which rule, what was found, and what to do."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["ConvergenceError", "DisclosureError", "PrevalenceWarning"]


Verb = TypeVar("Verb", bound=Callable[..., Any])
EDGE = 1e-9  # a level nearer to 0 or 1 is lost in rounding
_LISTENERS: ContextVar[tuple[list[str], ...]] = ContextVar("listeners", default=())


class PrevalenceWarning(UserWarning):
    """A result stands, but the reader must know something about it."""


class ConvergenceError(RuntimeError):
    """An iteration did not reach its solution; the message names the worst equation."""


class DisclosureError(ValueError):
    """Publishing this would risk telling who is in the data."""


def warn(message: str) -> None:
    """Issue a `PrevalenceWarning` that points at the first line outside the library."""
    for heard in _LISTENERS.get():
        heard.append(message)
    level, frame = 1, inspect.currentframe()
    while frame is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, PrevalenceWarning, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] in (__package__, "functools")  # which calls cached properties


def note(messages: list[str], message: str) -> None:
    """Warn, and keep the message for the result."""
    warn(message)
    messages.append(message)


@contextmanager
def listening() -> Iterator[list[str]]:
    """Collect what `warn` says meanwhile; it is issued all the same."""
    heard: list[str] = []
    token = _LISTENERS.set((*_LISTENERS.get(), heard))
    try:
        yield heard
    finally:
        _LISTENERS.reset(token)


def keeps(verb: Verb) -> Verb:
    """Make a verb that returns a new sample keep in its `notes` what was said on the way."""

    @wraps(verb)
    def told(*args: Any, **how: Any) -> Any:
        with listening() as heard:
            made = verb(*args, **how)
        if heard:
            object.__setattr__(made, "notes", tuple(dict.fromkeys([*made.notes, *heard])))
        return made

    return cast("Verb", told)


def nearest(name: object, choices: Iterable[object]) -> str:
    """Return a hint with the closest of the names that exist, or an empty string."""
    names = [str(choice) for choice in choices]
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    if close:
        return f" Did you mean {close[0]!r}?"
    if 0 < len(names) <= 12:
        return f" There are: {', '.join(names)}."
    return ""


def one_of(argument: str, value: object, choices: Sequence[str]) -> str:
    """Check that an option is one of its allowed words and return it."""
    if isinstance(value, str) and value in choices:
        return value
    hint = nearest(value, choices)
    hint = hint if hint.startswith(" Did") else " Write one of them."
    raise ValueError(f"{argument} must be one of {', '.join(choices)}: found {value!r}.{hint}")


def check_words(argument: str, words: Mapping[str, str], allowed: Iterable[str]) -> None:
    """Check keyword arguments that are free words: their names, and that each is one text."""
    known = list(allowed)
    for word, text in words.items():
        if word not in known:
            raise TypeError(
                f"{argument} takes {', '.join(known)}: found {word!r}.{nearest(word, known)}"
            )
        if not isinstance(text, str):
            raise TypeError(
                f"{word} must be one text: found {type(text).__name__}. Write several things in one, "
                "as in 'children in institutions and on the street'."
            )


def level_in_range(level: float) -> float:
    """Check a confidence level and return it."""
    if isinstance(level, (int, float)) and EDGE <= level <= 1 - EDGE:
        return float(level)
    percent = isinstance(level, (int, float)) and 1 < level < 100
    hint = f" Write {level / 100:g}." if percent else " Write for example 0.95."
    raise ValueError(f"level must lie between 0 and 1: found {level!r}.{hint}")


def number(argument: str, value: object) -> float:
    """Return one number; text is not taken for a number."""
    try:
        if not isinstance(value, (str, bytes)):
            return float(value)  # type: ignore[arg-type]  # what has no float raises TypeError
    except TypeError:
        pass
    raise TypeError(
        f"{argument} must be a number: found {shown(value)}. Write one, without quotes, or an "
        "estimate of one row."
    )


def whole(argument: str, value: object, least: int, advice: str) -> int:
    """Return a whole number of at least `least`; `advice` is what to do, a sentence."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least:
        return int(value)
    raise ValueError(
        f"{argument} must be a whole number of at least {least:,}: found {shown(value)}. {advice}"
    )


def nothing_named(argument: str) -> ValueError:
    """Return the error for an argument that names no column."""
    return ValueError(f"{argument} must name a column: found none. Write the name of one.")


def no_column(argument: str, name: object, hint: str) -> KeyError:
    """Return the error for a name that no column has."""
    return KeyError(f"{argument} must be a column of the data: {name!r} is not.{hint}")


def sequence(argument: str, value: object, remedy: str) -> list[object]:
    """Return what several things are given in, as a list; one text is not taken for several."""
    if (
        isinstance(value, Iterable)
        and not isinstance(value, (str, bytes))
        and getattr(value, "ndim", 1) != 0
    ):
        return list(value)
    raise TypeError(f"{argument} must be a list: found {shown(value)}. {remedy}")


def mapping(argument: str, value: object, remedy: str) -> dict[object, object]:
    """Return a mapping as one of our own."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{argument} must be a mapping: found {shown(value)}. {remedy}")


def text(argument: str, value: object, remedy: str) -> str:
    """Return one text."""
    if isinstance(value, str):
        return value
    raise TypeError(f"{argument} must be a text: found {shown(value)}. {remedy}")


def shown(value: object) -> str:
    """Return a value as a message shows it: on one line."""
    text = repr(value)
    if "\n" not in text and len(text) <= 80:
        return text
    rows = f" of {len(value)} rows" if isinstance(value, Sized) else ""
    return f"{type(value).__name__}{rows}"


def generator(rng: int | np.random.Generator | None) -> np.random.Generator:
    """Return a random generator from a seed, a generator or None."""
    if rng is None or isinstance(rng, (int, np.integer, np.random.Generator)):
        if isinstance(rng, (int, np.integer)) and rng < 0:
            raise ValueError(
                f"rng must be a seed of at least 0: found {rng}. Pass for example rng=1."
            )
        return np.random.default_rng(rng)
    raise TypeError(
        f"rng must be an integer seed, a numpy Generator or None: found {type(rng).__name__}. "
        "Pass for example rng=1."
    )


def check_rows(
    argument: str, rule: str, values: NDArray[np.float64], bad: NDArray[np.bool_], remedy: str
) -> None:
    """Raise with the count and the first offending row if any row breaks a rule on numbers."""
    count = int(bad.sum())
    if count:
        first = int(np.flatnonzero(bad)[0])
        verb = "is" if count == 1 else "are"
        raise ValueError(
            f"{argument} must be {rule}: {count:,} of {bad.size:,} rows {verb} not "
            f"(first: row {first}, {values[first]:g}). {remedy}"
        )
