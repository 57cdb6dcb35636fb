"""Prevalence of hidden populations: surveys, network scale-up and multiple-systems estimation."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_MODULES = (
    "datasets",
    "direct",
    "disclosure",
    "misclassification",
    "mse",
    "nsum",
    "plan",
    "plot",
    "sensitive",
    "simulate",
)
_NAMES = {
    "AllOf": "definition",
    "Answers": "answers",
    "AnyOf": "definition",
    "AtLeast": "definition",
    "Checklist": "reporting",
    "Comparison": "synthesis",
    "ConvergenceError": "errors",
    "Definition": "definition",
    "DisclosureError": "errors",
    "Estimand": "estimand",
    "Estimate": "estimate",
    "Indicator": "definition",
    "Lists": "lists",
    "Microdata": "microdata",
    "Not": "definition",
    "PrevalenceWarning": "errors",
    "Shard": "shards",
    "Survey": "survey",
    "Table": "reporting",
    "Variable": "microdata",
    "checklist": "reporting",
    "combine": "shards",
    "combine_imputations": "imputation",
    "compare": "synthesis",
    "linkage_keys": "linkage",
    "load": "storage",
    "read_htcds": "readers",
    "read_kobo": "readers",
    "read_spss": "readers",
    "read_stata": "readers",
    "replicates_needed": "enough",
    "report": "reporting",
    "root": "engine",
    "run_shard": "shards",
    "solve": "engine",
    "uncertain": "known",
    "validated": "known",
}

if TYPE_CHECKING:
    from . import (
        datasets,
        direct,
        disclosure,
        misclassification,
        mse,
        nsum,
        plan,
        plot,
        sensitive,
        simulate,
    )
    from .answers import Answers
    from .definition import AllOf, AnyOf, AtLeast, Definition, Indicator, Not
    from .engine import root, solve
    from .enough import replicates_needed
    from .errors import ConvergenceError, DisclosureError, PrevalenceWarning
    from .estimand import Estimand
    from .estimate import Estimate
    from .imputation import combine_imputations
    from .known import uncertain, validated
    from .linkage import linkage_keys
    from .lists import Lists
    from .microdata import Microdata, Variable
    from .readers import read_htcds, read_kobo, read_spss, read_stata
    from .reporting import Checklist, Table, checklist, report
    from .shards import Shard, combine, run_shard
    from .storage import load
    from .survey import Survey
    from .synthesis import Comparison, compare

__all__ = [
    "AllOf",
    "Answers",
    "AnyOf",
    "AtLeast",
    "Checklist",
    "Comparison",
    "ConvergenceError",
    "Definition",
    "DisclosureError",
    "Estimand",
    "Estimate",
    "Indicator",
    "Lists",
    "Microdata",
    "Not",
    "PrevalenceWarning",
    "Shard",
    "Survey",
    "Table",
    "Variable",
    "__version__",
    "checklist",
    "combine",
    "combine_imputations",
    "compare",
    "datasets",
    "direct",
    "disclosure",
    "linkage_keys",
    "load",
    "misclassification",
    "mse",
    "nsum",
    "plan",
    "plot",
    "read_htcds",
    "read_kobo",
    "read_spss",
    "read_stata",
    "replicates_needed",
    "report",
    "root",
    "run_shard",
    "sensitive",
    "simulate",
    "solve",
    "uncertain",
    "validated",
]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        value = getattr(importlib.import_module(f".{_NAMES[name]}", __name__), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
