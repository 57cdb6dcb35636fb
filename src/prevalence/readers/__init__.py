"""Files of the field: KoBo, ODK and SurveyCTO exports, Stata, SPSS and case-data standards."""

from __future__ import annotations

from .kobo import read_kobo

__all__ = ["read_kobo"]
