"""Sphinx: the API pages come from the public names, and the notebooks are shown as they were executed."""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import re
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import prevalence

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
GENERATED = HERE / "_generated"

project = "prevalence"
author = "The prevalence authors"
project_copyright = "2026, The prevalence authors"
version = release = prevalence.__version__

sys.path.insert(0, str(HERE / "_extensions"))  # formulas, references, groups of the API, prompts
from api_groups import pages

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "mathml",
    "prompts",
    "references",
]
html_math_renderer = "mathml"
exclude_patterns = ["_build"]
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = f"prevalence {version}"
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["page.css"]
html_js_files = ["page.js"]
html_sidebars = {"index": []}
html_theme_options = {
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 7,
    "navbar_persistent": ["search-button"],
    "footer_end": [],
}

myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # `make notebooks` executes them
autosummary_generate = True
autodoc_typehints = "none"
default_role = "py:obj"  # a name in single backticks is linked where it leads somewhere
numpydoc_class_members_toctree = False
numpydoc_show_class_members = False  # an extension of ours lists them
suppress_warnings = ["myst.header", "myst.xref_missing", "mystnb.unknown_mime_type"]


def figures(path: Path) -> None:
    """Execute a page, and save the axes that its lines name as figures of these names.

    The tests execute the same lines and compare what they print. A page may write files.
    """
    import matplotlib as mpl
    from matplotlib.axes import Axes

    text, page = path.read_text(encoding="utf-8"), path.stem
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    made: dict[str, object] = {}
    with (
        tempfile.TemporaryDirectory() as empty,
        contextlib.chdir(empty),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        for line in doctest.DocTestParser().get_examples("\n".join(blocks)):
            with contextlib.suppress(*([Exception] if line.exc_msg else [])):  # shown on the page
                exec(compile(line.source, page, "exec"), made)
    mpl.rcParams["svg.hashsalt"] = page
    for name, thing in made.items():
        if isinstance(thing, Axes):
            target = GENERATED / f"{page}-{name}.svg"
            thing.get_figure(root=True).savefig(target, metadata={"Date": None})


def described(notebook: Path, target: Path) -> None:
    """Copy a notebook; give its pictures' alternative texts where the pages read them."""
    held = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in held["cells"]:
        for output in cell.get("outputs", ()):
            if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
                cell["metadata"]["mystnb"] = {"image": {"alt": alt}}
    target.write_text(json.dumps(held), encoding="utf-8")


shutil.rmtree(GENERATED, ignore_errors=True)
GENERATED.mkdir()
for name, text in pages().items():
    (GENERATED / name).write_text(text, encoding="utf-8")
for page in ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"):
    shutil.copy(ROOT / page, GENERATED / page.lower())
for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
    described(notebook, GENERATED / notebook.name)
for path in sorted(HERE.glob("*/*.md")):
    if "/_generated/" in path.read_text(encoding="utf-8"):
        figures(path)
