"""Readers of data as they were collected."""

from .kobo import read_kobo

__all__ = ["read_kobo"]
