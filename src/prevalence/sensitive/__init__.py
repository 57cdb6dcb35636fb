"""Questions people will not answer: list experiments and randomised response."""

from __future__ import annotations

__all__: list[str] = []
