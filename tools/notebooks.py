"""Build the executed notebooks: ``notebooks/*.py`` (py:percent) to ``notebooks/*.ipynb``.

Two builds with the same library versions give the same bytes: no timings, no temporary files' names, and cell ids that come
from the cells' text.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

from prevalence import datasets

PLACE = re.compile(r"^\S*ipykernel_\d+[/\\]\d+\.py:(\d+): ", re.MULTILINE)  # of a warning
NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def build(source: Path, target: Path, *, timeout: int = 600) -> None:
    """Execute one py:percent file and write it as a notebook."""
    notebook = jupytext.read(source)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(source.parent)}},
    )
    with tempfile.TemporaryDirectory() as folder:
        manager = client.create_kernel_manager()
        if os.name != "nt":  # sockets that no other user of the computer can reach
            manager.transport, manager.ip = "ipc", str(Path(folder) / "kernel")
        client.execute()
    for position, cell in enumerate(notebook.cells):
        text = f"{position}:{cell['source']}"
        cell["id"] = hashlib.sha256(text.encode()).hexdigest()[:8]
        if "outputs" in cell:
            cell["outputs"] = _in_order(cell["outputs"])
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}  # without the interpreter's version
    nbformat.write(notebook, target)


def _in_order(outputs: list[Any]) -> list[Any]:
    """Return what a cell put out: first what it printed, then what it warned of.

    The two come from the kernel apart, in either order and in any number of pieces.
    """
    streams: dict[str, Any] = {}
    for output in outputs:
        if output["output_type"] == "stream":
            text = PLACE.sub(r"line \1: ", output["text"])
            if output["name"] in streams:
                streams[output["name"]]["text"] += text
            else:
                streams[output["name"]] = {**output, "text": text}
    printed = [nbformat.from_dict(streams[name]) for name in sorted(streams, reverse=True)]
    return [*printed, *(output for output in outputs if output["output_type"] != "stream")]


def main(arguments: list[str] | None = None) -> int:
    """Build the named notebooks, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="such as jamaica; all when none is given")
    parser.add_argument("--into", type=Path, default=NOTEBOOKS, help="the folder to write to")
    options = parser.parse_args(arguments)
    names = options.names or list(datasets.studies())
    for name in names:
        target = options.into / f"{name}.ipynb"
        build(NOTEBOOKS / f"{name}.py", target)
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
