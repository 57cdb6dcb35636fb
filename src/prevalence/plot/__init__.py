"""Figures: intervals always drawn, no colour alone, small cells kept out, one plain sentence each."""

from __future__ import annotations

from .answers import adjustments, degrees
from .by_definition import definition_changes, definitions
from .canvas import describe
from .covered import coverage
from .estimates import domains, ladder
from .forest import forest
from .lists import overlap
from .multiverse import models, sensitivity
from .network import known_groups, recall
from .rests_on import referral_bracket, reliability
from .shrinkage import regions
from .tornado import tornado
from .weights import weight_flow

__all__ = [
    "adjustments",
    "coverage",
    "definition_changes",
    "definitions",
    "degrees",
    "describe",
    "domains",
    "forest",
    "known_groups",
    "ladder",
    "models",
    "overlap",
    "recall",
    "referral_bracket",
    "regions",
    "reliability",
    "sensitivity",
    "tornado",
    "weight_flow",
]
