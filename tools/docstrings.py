"""Check the docstrings of every public name: numpydoc's rules, and the house's.

Public is what ``prevalence.__all__`` names, what the ``__all__`` of a module named there names, and the methods and
properties of public classes. The house's rules:

* PV01: a statistical function shows its formula.
* PV02: it says when it fails.
* PV03: it has a reference.
* PV04: a reference has a DOI or an address, or the reason why it has none: "(book)", "(no DOI)".
* PV05: a function or class has an example; a method has one, or is used in that of its class or of a function that
  returns it. `EXTRAS` names the methods that need a library which the tests do without.

Statistical are the functions of the families of estimators and the modules of `STATISTICAL`.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import prevalence

LEFT_TO_THE_WRITER = {
    *("GL01", "GL02", "GL03"),  # where the text begins and ends
    *("ES01", "SA01"),  # an extended summary, "See Also"
    *("SS05", "SS06"),  # a summary names the estimand ("Prevalence of ..."), it gives no order
    "EX01",  # PV05
}
STATISTICAL = {
    *("direct", "nsum", "mse", "misclassification", "sensitive"),
    *("weighted", "resampled", "drawn"),  # the verbs of a survey
    *("enough", "imputation", "known", "plan"),
}
EXTRAS = {"to_arviz"}
TOLD = ("Summary", "Extended Summary", "Returns", "Notes")
OPERATOR = r"\S (=|/|\+|-|\*|\*\*|x|>=) \S|\w/\w|\w\^|\bsum |\w [A-Z]\(|\bexp\(|\bmin\("
MEMBERS = (FunctionType, property, classmethod, staticmethod)


@dataclass(frozen=True)
class Public:
    """One public object: its path, itself, and the class it is a member of, if any."""

    path: str
    thing: Any
    owner: type | None = None

    @property
    def function(self) -> FunctionType | None:
        """The function of a public function or method, None for others."""
        inner = getattr(self.thing, "__func__", self.thing)
        return inner if isinstance(inner, FunctionType) else None

    @property
    def statistical(self) -> bool:
        """Whether it estimates, weights or says how uncertain something is."""
        made = self.function
        if made is None:
            return False
        verb = self.owner is prevalence.Survey and made.__annotations__["return"] == "Self"
        return (verb or self.owner is None) and made.__module__.split(".")[1] in STATISTICAL


def public_names(module: ModuleType) -> Iterator[Public]:
    """Yield each public object."""
    for name in module.__all__:
        thing = getattr(module, name)
        if isinstance(thing, ModuleType):
            yield from public_names(thing)
        elif inspect.isclass(thing):
            path = f"{thing.__module__}.{thing.__qualname__}"
            yield Public(path, thing)
            for member, value in own_members(thing).items():
                yield Public(f"{path}.{member}", value, thing)
        elif isinstance(thing, FunctionType):
            yield Public(f"{thing.__module__}.{thing.__qualname__}", thing)


def own_members(thing: type) -> dict[str, Any]:
    """Return the public methods and properties that a class has from this package."""
    ours = [c for c in reversed(thing.__mro__) if c.__module__.startswith("prevalence.")]
    return {
        name: member
        for cls in ours
        for name, member in vars(cls).items()
        if not name.startswith("_") and isinstance(member, MEMBERS)
    }


def text(thing: object) -> str:
    """Return the docstring of an object without its indent."""
    return inspect.getdoc(thing) or ""


def statistical_errors(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield the rules that the docstring of a statistical function breaks."""
    parts = NumpyDocString(docstring)
    told = " ".join(line for part in TOLD for line in lines_of(parts[part]))
    formulas = re.findall(r"``([^`]+)``", told)
    if not any(re.search(OPERATOR, formula) for formula in formulas):
        yield "PV01", "No formula: write it in the summary or the notes as ``sum w y / sum w``"
    if not re.search(r"\bfails?\b", told):
        yield "PV02", 'Does not say when it fails: "It fails where ..."'
    if not parts["References"]:
        yield "PV03", "No reference"


def lines_of(part: list[Any]) -> Iterator[str]:
    """Yield the lines of a section, of Returns the descriptions."""
    for line in part:
        yield from line.desc if hasattr(line, "desc") else [line]


def reference_errors(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield a finding for each reference without a DOI, an address or the reason why."""
    for entry in re.split(r"\n\s*\n", "\n".join(NumpyDocString(docstring)["References"])):
        given = re.search(
            r"doi:10\.\d{4,}/\S|https?://|\((book|census|manual|standard|no DOI|DOI not checked)\)",
            entry,
        )
        if entry.strip() and not given:
            yield (
                "PV04",
                f"A reference has neither DOI nor address nor reason: {entry.strip()[:60]}",
            )


def example_errors(public: Public) -> Iterator[tuple[str, str]]:
    """Yield a finding where neither the docstring nor that of its class has an example."""
    if isinstance(public.thing, property) or ">>>" in text(public.thing):
        return
    if inspect.isclass(public.thing) and issubclass(public.thing, BaseException):
        return
    name = public.path.rpartition(".")[2]
    used = re.compile(rf"(>>>|\.\.\.) .*\.{name}\(")
    if name not in EXTRAS and not any(used.search(text(shown)) for shown in shown_with(public)):
        yield "PV05", "No example"


def shown_with(public: Public) -> list[object]:
    """Return the classes of a method, and the public functions that return one of it."""
    if public.owner is None:
        return []
    made = [
        each.thing
        for each in public_names(prevalence)
        if each.owner is None
        and each.function is not None
        and each.function.__annotations__.get("return") == public.owner.__name__
    ]
    return [*public.owner.__mro__, *made]


def house_errors(public: Public) -> Iterator[tuple[str, str]]:
    """Yield the house's rules that a docstring breaks."""
    if public.statistical:
        yield from statistical_errors(text(public.thing))
    yield from reference_errors(text(public.thing))
    yield from example_errors(public)


def findings() -> list[str]:
    """Return one line for each rule that a public docstring breaks."""
    lines = []
    for path, public in sorted({each.path: each for each in public_names(prevalence)}.items()):
        report = validate(path)
        errors = [(code, what) for code, what in report["errors"] if code not in LEFT_TO_THE_WRITER]
        lines += [
            f"{report['file']}:{report['file_line']}: {path}: {code} {message}"
            for code, message in (*errors, *house_errors(public))
        ]
    return lines


if __name__ == "__main__":
    sys.exit("\n".join(findings()) or None)
