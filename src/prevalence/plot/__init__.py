"""Figures: intervals always drawn, no colour alone, small cells kept out, one plain sentence each."""

from __future__ import annotations

from .canvas import describe
from .estimates import domains, ladder
from .lists import overlap
from .shrinkage import regions
from .weights import weight_flow

__all__ = ["describe", "domains", "ladder", "overlap", "regions", "weight_flow"]
