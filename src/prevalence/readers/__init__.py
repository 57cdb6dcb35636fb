"""Files of the field: KoBo, ODK and SurveyCTO exports, Stata, SPSS and case-data standards."""

from __future__ import annotations

from .htcds import read_htcds
from .kobo import read_kobo
from .spss import read_spss
from .stata import read_stata

__all__ = ["read_htcds", "read_kobo", "read_spss", "read_stata"]
