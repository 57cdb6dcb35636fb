"""What came of a call: a result that stands, an error of ours that says what to do, or neither."""

from __future__ import annotations

import builtins
import dis
import re
import traceback
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import prevalence as pv

__all__ = ["documented", "silent"]

OURS = str(Path(pv.__file__).parent)
RAISE = dis.opmap["RAISE_VARARGS"]
KINDS = (
    ValueError, TypeError, KeyError, IndexError, pv.ConvergenceError, pv.DisclosureError,
    OSError, ImportError,
)  # fmt: skip
RULE = re.compile(
    r"\b(must|needs?|cannot|takes?|holds? no|has no|have no|no |none|not|without|only|found|"
    r"differ|already|did not|too|fewer|at least)\b"
)
LIMITS = ("estimate", "value", "std_error", "conf_low", "conf_high", "low", "high", "ratio")
WHEN = re.compile(r"\b(nan|infinite|inf|missing)\b")
SAID = (
    "flag",
    "flags",
    "note",
    "notes",
    "says",
    "advice",
    "why",
    "reason",
    "warning",
    "warnings",
    "method",
)


def documented(error: BaseException) -> str:
    """Return why an error is not one of ours that says what to do, or an empty text."""
    if not isinstance(error, KINDS):
        return "another exception"
    last = list(traceback.walk_tb(error.__traceback__))[-1][0]
    code, place = last.f_code, error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if not code.co_filename.startswith(OURS):
        return "raised outside the library"
    if place is None or code.co_code[place.tb_lasti] != RAISE:
        return "not raised by a check"
    message = str(error.args[0]) if error.args else ""
    if not RULE.search(message) or len(message.split()) < 6 or "\n\n" in message:
        return "a message without a rule"
    return ""


def silent(
    result: Any,
    warned: Iterable[warnings.WarningMessage],
    given: Iterable[Any],
    documentation: str,
) -> str:
    """Return the number of a result that is none, or has no spread, and that nothing speaks of.

    Words are a warning of ours, those that the result or an object given keeps, a flag in its row,
    or the documentation where it says when a number is infinite or missing.
    """
    if any(issubclass(each.category, pv.PrevalenceWarning) for each in warned):
        return ""
    if any(map(warns, given)):
        return ""
    if WHEN.search(documentation) and not isinstance(result, (pv.Estimate, pd.DataFrame)):
        return ""
    if isinstance(result, pv.Estimate):
        return "" if result.warnings else _estimate(result)
    if isinstance(result, pd.DataFrame):
        return _frame(result, [each for each in given if isinstance(each, pd.DataFrame)])
    if isinstance(result, (float, np.floating)):
        return "" if np.isfinite(result) else f"a number that is {result}"
    if isinstance(result, tuple):
        return next((said for part in result if (said := silent(part, (), (), ""))), "")
    if isinstance(result, np.ndarray) and result.dtype.kind == "f":
        return "" if np.isfinite(result).all() else "an array with values that are no numbers"
    return ""


def warns(given: Any) -> bool:
    """Return whether an object keeps words of warning, itself or in its estimate, or flags rows."""
    if isinstance(given, pv.Comparison):
        return any(map(warns, given.estimates.values()))
    made = given if isinstance(given, pv.Estimate) else getattr(given, "estimate", None)
    if getattr(given, "warnings", ()) or getattr(made, "warnings", ()):
        return True
    return isinstance(made, pv.Estimate) and bool((made.to_frame()["flag"] != "").any())


def _estimate(made: pv.Estimate) -> str:
    """Return the first number of a row without a flag that is none, or has no spread."""
    row = (made.to_frame()["flag"] == "").to_numpy()
    if not np.isfinite(made.value[row]).all():
        return "an estimate that is no number"
    if not np.isfinite(made.std_error[row]).all():
        return "a standard error that is no number"
    sampled = any(np.any(block.scheme.coefficients) for block in made.blocks)  # no census
    if sampled and (made.std_error == 0).any():
        return "a standard error of 0"
    return "" if np.isfinite(made.interval()[row]).all() else "a limit that is no number"


def _frame(made: pd.DataFrame, given: list[pd.DataFrame]) -> str:
    told = [made[name].astype(str).str.len() > 0 for name in made.columns if name in SAID]
    if "code" in made:  # why a model has no estimate, as a number
        told.append(made["code"] != 0)
    unsaid = ~np.any(told, axis=0) if told else np.ones(len(made), dtype=bool)
    for name in made.columns:
        bare = any(name in each and each[name].isna().any() for each in given)  # as it came
        number = name in LIMITS and made[name].dtype.kind == "f" and not bare
        if number and not np.isfinite(made[name].to_numpy()[unsaid]).all():
            return f"a table whose {name} is no number"
    return ""


def kind_of(error: BaseException) -> str:
    """Return the name of the kind of an error: Python's, or ours."""
    return next(
        each.__name__
        for each in type(error).__mro__
        if hasattr(builtins, each.__name__) or each.__module__.startswith("prevalence")
    )
