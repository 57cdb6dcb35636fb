"""An imperfect instrument: screened prevalence corrected for sensitivity and specificity."""

from __future__ import annotations

__all__: list[str] = []
