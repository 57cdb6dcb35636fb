"""Definitions: from coded answers to who counts as a case, versioned, with bounds and an audit."""

from __future__ import annotations

from .classified import Classified
from .definition import Definition
from .indicator import Indicator
from .rules import AllOf, AnyOf, AtLeast, Not

__all__ = ["AllOf", "AnyOf", "AtLeast", "Classified", "Definition", "Indicator", "Not"]
