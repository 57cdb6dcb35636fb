"""A whole study before the field: one population with its truth, a design, and its samples."""

from __future__ import annotations
