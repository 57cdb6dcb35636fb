"""Words and numbers of figures and tables in the languages that the library speaks."""

from __future__ import annotations

from .spoken import LANGUAGES, Words, language

__all__ = ["LANGUAGES", "Words", "language"]
