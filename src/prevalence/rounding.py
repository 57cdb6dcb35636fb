"""Numbers as text: an estimate and its limits rounded together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["shown"]

Array = NDArray[Any]


def shown(value: float, low: float, high: float, unit: str) -> tuple[str, str, str]:
    """Round an estimate and its limits together; shares become per cent, with their sign.

    Counts are rounded to three significant digits of the largest number, but at least two of the
    estimate, others so that the estimate has two and the limits can be told apart.
    """
    numbers = np.array([value, low, high], dtype=float) * (100 if unit == "proportion" else 1)
    known = np.abs(numbers[np.isfinite(numbers)])
    top = float(known.max()) if known.size else 0.0
    if unit in ("count", "total") and (unit == "count" or top >= 100):
        step = 10.0 ** max(min(_magnitude(top) - 2, _least(numbers[0])), 0)
        texts = [f"{round(x / step) * step:,.0f}" if np.isfinite(x) else "-" for x in numbers]
    else:
        digits = _decimals(numbers, top, 1 if unit == "proportion" else 0)
        texts = [_decimal(x, digits) for x in numbers]
    sign = " %" if unit == "proportion" and np.isfinite(value) else ""
    return texts[0] + sign, texts[1], texts[2]


def _magnitude(x: float) -> int:
    return int(np.floor(np.log10(abs(x)))) if np.isfinite(x) and x != 0 else 0


def _least(value: float) -> float:
    """Return the power of ten that leaves an estimate two digits; none is needed of 0."""
    return _magnitude(value) - 1 if np.isfinite(value) and value != 0 else np.inf


def _decimal(x: float, digits: int) -> str:
    if not np.isfinite(x):
        return "-"
    text = "0" if x == 0 else f"{x:,.{digits}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def _decimals(numbers: Array, top: float, least: int) -> int:
    """Return the decimals that show two digits of the estimate, a lower limit and the width."""
    value, low, high = numbers
    digits = 1 - _magnitude(value if np.isfinite(value) and value != 0 else top)
    wanted = max(least, digits, -_magnitude(low), -_magnitude(high - low))
    return min(wanted, max(digits, least) + 2)
