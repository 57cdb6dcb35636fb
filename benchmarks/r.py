"""R in a process of its own that waits for tasks, so that its packages are timed in turn with ours."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from .machine import r_versions
from .table import Peer
from .timing import Spent

PRELUDE = r"""
part <- commandArgs(TRUE)
given <- file(part[1], "rb")
size <- as.numeric(part[-1])
take <- function(rows, columns) matrix(readBin(given, "double", rows * columns), rows)
memory <- function(key) {
  lines <- tryCatch(readLines("/proc/self/status"), error = function(e) character())
  line <- grep(key, lines, value = TRUE)
  if (length(line)) as.numeric(gsub("[^0-9]", "", line)) / 1024 else NA
}
tasks <- list()
"""
LOOP = r"""
input <- file("stdin")
open(input)
cat("ready\n")
while (length(name <- readLines(input, 1)) == 1) {
  invisible(gc())
  try(cat("5", file = "/proc/self/clear_refs"), silent = TRUE)
  before <- memory("VmRSS")
  spent <- system.time(found <- tasks[[name]]())
  cat("\n@@", sum(spent[c("user.self", "sys.self")]), spent[["elapsed"]], memory("VmHWM") - before,
      sprintf("%.17g", found), "\n")
}
"""


class Session:
    """A running R with data and tasks: ``session.task(name)`` is a call that can be timed."""

    def __init__(self, code: str, matrices: Sequence[Any], sizes: Sequence[int] = ()) -> None:
        self._folder = tempfile.TemporaryDirectory()
        place = Path(self._folder.name)
        script, given = place / "tasks.R", place / "given"
        script.write_text(PRELUDE + code + LOOP, encoding="utf-8")
        with given.open("wb") as file:
            for matrix in matrices:
                file.write(np.asarray(matrix, dtype="<f8").tobytes(order="F"))
        self._errors = (place / "errors").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [str(shutil.which("Rscript")), str(script), str(given), *map(str, sizes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
        )  # fmt: skip
        self._read("ready")

    def task(self, name: str) -> Callable[[], Spent]:
        """Return a call that runs a task in R and returns what it took there and what it found."""
        return lambda: self._run(name)

    def _run(self, name: str) -> Spent:
        assert self._process.stdin is not None
        self._process.stdin.write(name + "\n")
        self._process.stdin.flush()
        cpu, wall, peak, *found = (_number(word) for word in self._read("@@").split()[1:])
        return Spent(cpu, wall, np.array(found), peak)

    def _read(self, start: str) -> str:
        """Return the next line that R tells with this start; what its packages print is passed over."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(start):
                return line
        self._errors.seek(0)
        raise RuntimeError(f"R ended before it told {start!r}:\n{self._errors.read()[-2_000:]}")

    def close(self) -> None:
        """End R, and remove its files."""
        self._process.communicate()
        self._errors.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def has(*packages: str) -> bool:
    """Return whether R is installed with these packages ("R" for R itself)."""
    return set(packages) <= set(r_versions())


def optional(
    package: str,
    code: str,
    matrices: Sequence[Any],
    sizes: Sequence[int],
    *,
    recorded: tuple[str, float] | None = None,
    note: str = "",
    **how: Any,
) -> list[Peer]:
    """Return a package of R that is rarely installed: it runs where it is, else its figure stands.

    `code` makes ``tasks$run``; `recorded` is the version and the CPU seconds of another run.
    """
    if has(package):

        def call() -> Spent:
            try:
                with Session(code, matrices, sizes) as session:
                    return session.task("run")()
            except RuntimeError as error:
                return Spent(float("nan"), float("nan"), _said(str(error)))

        return [Peer(f"R {package}", r_versions()[package], call, **how)]
    if recorded is None:
        return []
    return [Peer(f"R {package}", recorded[0], recorded=recorded[1], bar=how.get("bar"), note=note)]


def _said(words: str) -> str:
    """Return the line in which R says what is wrong, else its last."""
    lines = words.splitlines()
    return next((line for line in lines if line.startswith("Error")), lines[-1])


def _number(word: str) -> float:
    return float("nan") if word in ("NA", "NaN") else float(word)
