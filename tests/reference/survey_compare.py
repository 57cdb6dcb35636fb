"""How our answers are held against the survey reference: fields, tolerances and what is left out.

Tolerances are relative, and closer than the 1e-10 and 1e-8 that ``../shared/oracle/survey/README.md``
suggests for estimates and standard errors: closed forms differ by rounding alone (1e-11 seen), also
in intervals, statistics and p-values. Where R iterates it stops earlier: in calibration (1e-9), in
the logit limits of a share (1e-8, under replicates 1e-7), in generalised linear models and the
search of a saddlepoint (1e-7); its likelihood limits are interpolated (1e-3). Limits are relative
to the larger of the two, covariances to the two standard errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.agreement import Within

__all__ = ["NOT_TOLD", "answers", "comparisons", "differences"]

Array = NDArray[Any]
CLOSED = Within("closed forms: rounding", 1e-10)
CALIBRATED = Within("R's calibration stops earlier", 1e-9)
LOGIT = Within("R's logit limits stop earlier", 1e-8)
MODELLED = Within("R's glm, or its search of a saddlepoint, stops earlier", 1e-7)
INTERPOLATED = Within("R interpolates its likelihood limits", 1e-3)
ROUNDING = 1e-14  # of the estimate: what is left of a standard error that is exactly zero
WORDS = {"class", "names", "keys", "method", "error", "file"}
ITERATED = {
    re.compile(r".*/glm.*|r.*/ciprop_logit"): MODELLED,
    re.compile(r".*/ciprop_.*(logit|likelihood)"): LOGIT,
    re.compile(
        r"(c1_rake|c1_raking|c1_lin_bnd|c1_logit|c1_sinh|c1_rake_as_cal|r1_jk1_rake)/.*"
    ): CALIBRATED,
}
BY = r".*/(by|by_.*|lonely_.*_svyby)"

# Fields of the reference that an answer need not have: pattern of keys, field, reason.
NOT_TOLD = [
    (r".*", "ci_normal", "normal limits: ours are Student's"),
    (BY, "df", "the design's df: ours are the domains'"),
    (BY, "ci_t", "limits on the design's df: ours are on the domains'"),
    (r".*/\w+_factor|.*/by_prop", "ci_t", "symmetric limits: ours are those of shares"),
    (r".*/contrast(_nonlin)?", "ci_t", "symmetric limits: ours are carried through the map"),
    (r".*/glm.*", "df_design", "told by the survey, not by the model"),
    (r".*/glm.*", "dispersion", "not told: the variances do not need it"),
    (r".*/glm.*", "deviance", "not told: the design's tests are Wald's"),
]


def answers(value: Any) -> dict[str, Any]:
    """Return the fields of a stored value that hold numbers."""
    if not isinstance(value, Mapping):
        return {"array": value}
    found: dict[str, Any] = {}
    for name, item in value.items():
        if name in WORDS or item is None:
            continue
        if name == "by_variable":
            found |= next(iter(item.values()))
        elif name in ("statistic", "parameter", "estimate", "sums") and isinstance(item, Mapping):
            found[name] = list(item.values())
        elif isinstance(item, Mapping) and set(item) == {"low", "high"}:
            found[name] = np.stack([numbers(item["low"]), numbers(item["high"])], axis=1)
        else:
            found[name] = item
    return {name: item for name, item in found.items() if np.size(item)}


def numbers(item: Any) -> Array:
    """Return a stored item as an array, null as nan."""
    return np.array(item, dtype=float)


def tolerance(key: str, field: str) -> Within:
    """Return the relative tolerance of a field of a result, with its reason."""
    if key.endswith("likelihood") and field == "ci":
        return INTERPOLATED
    if key.endswith("saddlepoint") and field == "p_value":
        return MODELLED
    if key.endswith("glm_gauss") and field == "estimate":
        return CLOSED
    return next((limit for keys, limit in ITERATED.items() if keys.fullmatch(key)), CLOSED)


def allowed(key: str, field: str, theirs: Array, told: Mapping[str, Any]) -> Within:
    """Return how far a field may be from the reference's: relative, and the rounding of zeros."""
    within = tolerance(key, field)
    limit = within.relative
    far = limit * np.abs(theirs) + (ROUNDING if field == "cv" else 0.0)
    if field == "vcov":
        errors = np.sqrt(np.abs(np.diag(theirs)))
        floor = ROUNDING * np.abs(numbers(told["estimate"])).ravel()
        far = limit * np.outer(errors, errors) + np.outer(floor, floor)
    elif field in ("ci", "ci_t", "conf_int") and theirs.shape[-1] == 2:
        size = np.abs(theirs).max(axis=-1, keepdims=True)
        far = np.broadcast_to(limit * size, theirs.shape)
    elif field == "se" and "estimate" in told:
        far = limit * np.abs(theirs) + ROUNDING * np.abs(numbers(told["estimate"])).ravel()
    return within._replace(absolute=far)


def comparisons(
    key: str, value: Any, ours: Mapping[str, Any]
) -> Iterator[tuple[str, Array, Array, Within]]:
    """Give each field that we tell: its name, our numbers, theirs, and how far they may be apart."""
    told = answers(value)
    for field, item in told.items():
        if field not in ours:
            continue
        theirs, mine = numbers(item), numbers(ours[field])
        if field != "vcov":
            theirs = np.atleast_1d(theirs)
            mine = mine.reshape(theirs.shape) if mine.size == theirs.size else np.atleast_1d(mine)
        if field.startswith("df") and theirs.size == 1:
            theirs = np.broadcast_to(theirs, mine.shape)
        yield field, mine, theirs, allowed(key, field, theirs, told)


def differences(key: str, value: Any, ours: Mapping[str, Any]) -> list[str]:
    """Return in words where our answer differs from a stored value, or lacks a field of it."""
    found = [
        f"{field}: not told"
        for field in answers(value)
        if field not in ours
        and not any(f == field and re.fullmatch(p, key) for p, f, _ in NOT_TOLD)
    ]
    for field, mine, theirs, within in comparisons(key, value, ours):
        if mine.shape != theirs.shape:
            found.append(f"{field}: shape {mine.shape} for {theirs.shape}")
            continue
        gap = np.abs(mine - theirs)
        far = ~(gap <= within.absolute) & ~(np.isnan(mine) & np.isnan(theirs))
        if far.any():
            at = np.unravel_index(np.argmax(np.where(far, gap, -1)), far.shape)
            found.append(f"{field}{[int(k) for k in at]}: {mine[at]:.12g} for {theirs[at]:.12g}")
    return found
