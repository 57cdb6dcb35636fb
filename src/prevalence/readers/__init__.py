"""Files of the field: KoBo, ODK and SurveyCTO exports, Stata, SPSS and case-data standards."""

from __future__ import annotations

__all__: list[str] = []
