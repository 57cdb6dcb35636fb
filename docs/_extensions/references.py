"""Links of DOIs and of names below the package, and a table of the methods of each class."""

from __future__ import annotations

import inspect
import re
from typing import Any

from sphinx.util.nodes import make_refnode

BASES = (RuntimeError, ValueError, UserWarning)


def linked(lines: list[str]) -> list[str]:
    """Return the lines of a docstring with the DOIs of its references as links."""
    out, inside = [], False
    for line in lines:
        if line.strip() == "References":
            inside = True
        elif line.strip() == "Examples":
            inside = False
        shown = r"`doi:\1 <https://doi.org/\1>`__"
        out.append(re.sub(r"doi:(10\.\d{4,}/\S+\w)", shown, line) if inside else line)
    return out


def methods(thing: type) -> list[str]:
    """Return the public methods of a class that come from its package."""
    skipped = {name for base in BASES for name in dir(base)}
    return [
        name
        for name, member in inspect.getmembers(thing, inspect.isroutine)
        if not name.startswith("_") and name not in skipped and member.__doc__
    ]


def link(*given: Any) -> None:
    """Link the DOIs of a docstring: the last of what Sphinx gives are its lines."""
    given[-1][:] = linked(given[-1])


def add_methods(*given: Any) -> None:
    """Add a table of its methods to the text of a class, once numpydoc has made that."""
    _, what, name, thing, _, lines = given
    if what == "class" and (own := methods(thing)):
        short = name.rpartition(".")[2]
        rows = [f"   ~{short}.{each}" for each in own]
        lines += ["", ".. rubric:: Methods", "", ".. autosummary::", "   :nosignatures:", "", *rows]


def from_the_top(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Link a name such as `Lists` or `nsum.fit` that stands directly below the package."""
    if node.get("refdomain") != "py":
        return None
    target = f"prevalence.{node['reftarget']}"
    found = env.get_domain("py").objects.get(target)
    if found is None:
        return None
    return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, content, target)


def setup(app: Any) -> dict[str, bool]:
    """Link before numpydoc reads the docstring, add after it."""
    app.connect("autodoc-process-docstring", link, priority=400)
    app.connect("autodoc-process-docstring", add_methods, priority=600)
    app.connect("missing-reference", from_the_top)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
