"""Figures: intervals always drawn, no colour alone, small cells kept out, one plain sentence each."""

from __future__ import annotations

from .answers import adjustments, degrees
from .by_definition import definition_changes, definitions
from .canvas import describe
from .estimates import domains, ladder
from .lists import overlap
from .multiverse import models, sensitivity
from .network import known_groups, recall
from .rests_on import referral_bracket, reliability
from .shrinkage import regions
from .tornado import tornado
from .weights import weight_flow

__all__ = [
    "adjustments",
    "definition_changes",
    "definitions",
    "degrees",
    "describe",
    "domains",
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
