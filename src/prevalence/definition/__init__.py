"""`Definition`: from coded answers to who is a case."""

from __future__ import annotations

__all__: list[str] = []
