"""Check the docstrings of every public name by the numpydoc rules.

Public is what ``prevalence.__all__`` names, what the ``__all__`` of a module named there names, and the methods and
properties of public classes. Functions and classes must also have an example.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType

from numpydoc.validate import validate

import prevalence

LEFT_TO_THE_WRITER = {
    *("GL01", "GL02", "GL03"),  # where the text begins and ends
    *("ES01", "SA01"),  # an extended summary, "See Also"
    *("SS05", "SS06"),  # a summary names the estimand ("Prevalence of ..."), it gives no order
}


def public_names(module: ModuleType) -> Iterator[tuple[str, bool]]:
    """Yield the path of each public object and whether it must have an example."""
    for name in module.__all__:
        thing = getattr(module, name)
        if isinstance(thing, ModuleType):
            yield from public_names(thing)
        elif inspect.isclass(thing):
            path = f"{thing.__module__}.{thing.__qualname__}"
            yield path, not issubclass(thing, BaseException)
            yield from ((f"{path}.{member}", False) for member in own_members(thing))
        elif isinstance(thing, FunctionType):
            yield f"{thing.__module__}.{thing.__qualname__}", True


def own_members(thing: type) -> list[str]:
    """Return the public methods and properties that a class has from this package."""
    kinds = (FunctionType, property, classmethod, staticmethod)
    ours = [c for c in thing.__mro__ if c.__module__.startswith("prevalence.")]
    return [
        name
        for cls in ours
        for name, member in vars(cls).items()
        if not name.startswith("_") and isinstance(member, kinds)
    ]


def findings() -> list[str]:
    """Return one line for each rule that a public docstring breaks."""
    lines = []
    for path, needs_example in sorted(set(public_names(prevalence))):
        report = validate(path)
        left = LEFT_TO_THE_WRITER if needs_example else LEFT_TO_THE_WRITER | {"EX01"}
        lines += [
            f"{report['file']}:{report['file_line']}: {path}: {code} {message}"
            for code, message in report["errors"]
            if code not in left
        ]
    return lines


if __name__ == "__main__":
    sys.exit("\n".join(findings()) or None)
