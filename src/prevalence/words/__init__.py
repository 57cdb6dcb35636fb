"""Words and numbers of figures and tables in the languages that the library speaks."""

from __future__ import annotations

from .spoken import ENGLISH, LANGUAGES, Words, language

__all__ = ["ENGLISH", "LANGUAGES", "Words", "language"]
