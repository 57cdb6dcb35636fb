"""Every registered estimator meets every contract that `checks.applies` finds it can be asked for."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import pytest

import prevalence as pv
from prevalence.registry import registered
from tests.contract.checks import CONTRACTS, applies

ENTRIES = registered(variants=True)
ASKED = [(c, name) for name, entry in ENTRIES.items() for c in CONTRACTS if not applies(entry, c)]
DECLARED = [
    (c, n) for n, entry in ENTRIES.items() for c in {**entry.skips, **entry.example().skips}
]
# Modules whose public functions return an `Estimate` without an estimator of their own.
NOT_ESTIMATORS = (
    "algebra",
    "custom",
    "draws",
    "estimate",
    "imputation",
    "known",
    "registry",
    "simulate",
    "storage",
    "survey",
    "simulate",
    "synthesis",
)


@pytest.mark.parametrize(("contract", "name"), ASKED)
def test_contracts_are_met(contract: str, name: str) -> None:
    CONTRACTS[contract].check(ENTRIES[name])


@pytest.mark.parametrize(("contract", "name"), DECLARED)
def test_what_is_declared_away_has_a_reason_and_would_fail(contract: str, name: str) -> None:
    entry = ENTRIES[name]
    assert contract in CONTRACTS
    assert len(applies(entry, contract) or "") > 20
    with pytest.raises((AssertionError, ValueError, AttributeError, Warning)):
        CONTRACTS[contract].check(entry)


# Nothing is left unregistered


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(pv.__path__, "prevalence."):
        parts = found.name.split(".")[1:]
        if parts[0] not in NOT_ESTIMATORS and parts[-1] != "__main__":
            yield importlib.import_module(found.name)


def unregistered(module: ModuleType, known: set[Callable[..., Any]]) -> list[str]:
    """Return the public functions of a module that return an estimate and are not registered."""
    return [
        f"{module.__name__}.{name}"
        for name in getattr(module, "__all__", ())
        if isinstance(getattr(module, name), FunctionType)
        and re.search(r"\bEstimate\b", str(getattr(module, name).__annotations__.get("return")))
        and getattr(module, name) not in known
    ]


def test_every_public_function_that_returns_an_estimate_is_registered() -> None:
    known: set[Callable[..., Any]] = {entry.function for entry in ENTRIES.values()}
    assert ENTRIES
    missing = [name for module in modules() for name in unregistered(module, known)]
    assert not missing, f"decorate with @estimator: {missing}"


def test_an_unregistered_estimator_would_be_found() -> None:
    known: set[Callable[..., Any]] = {entry.function for entry in ENTRIES.values()}
    new = ModuleType("prevalence.new_family")

    def forgotten(sample: Any) -> pv.Estimate:
        return pv.direct.mean(sample, "y")

    def helper(sample: Any) -> float:
        return float(forgotten(sample))

    known_one = next(iter(ENTRIES.values())).function
    for name, function in {"forgotten": forgotten, "helper": helper, "held": known_one}.items():
        setattr(new, name, function)
    new.__dict__["__all__"] = ["forgotten", "helper", "held"]
    assert unregistered(new, known) == ["prevalence.new_family.forgotten"]
