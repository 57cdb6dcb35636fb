"""French words of figures, by the English ones; values stand in braces."""

from __future__ import annotations

FIGURES: dict[str, str] = {}
