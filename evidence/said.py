"""A plugin of pytest that writes down every error and warning that a test expects and sees.

``pytest -p evidence.said`` with the environment variable `PREVALENCE_SAID` naming a folder writes one
file for each process: the test, the class and the text of the message, and the lines of the package
that the error came through. Nothing else changes.
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from _pytest.raises import RaisesExc
from _pytest.recwarn import WarningsChecker

import prevalence

FOLDER = "PREVALENCE_SAID"
PACKAGE = Path(prevalence.__file__).parent
SEEN: list[dict[str, Any]] = []


class Said(NamedTuple):
    """One message: the test that saw it, its class and text, and the lines it came through."""

    test: str
    kind: str
    text: str
    lines: tuple[tuple[str, int], ...]


def pytest_configure() -> None:
    """Listen to `pytest.raises` and `pytest.warns`."""
    _listen(RaisesExc, lambda _, error: [error] if error is not None else [])
    _listen(WarningsChecker, lambda recorder, _: [one.message for one in recorder.list])


def pytest_sessionfinish() -> None:
    """Write what this process heard."""
    folder = os.environ.get(FOLDER)
    if folder:
        path = Path(folder) / f"{os.getpid()}.said.json"
        path.write_text(json.dumps(SEEN), encoding="utf-8")


def gathered(folder: Path) -> Iterator[Said]:
    """Yield what all processes heard."""
    for path in sorted(folder.glob("*.said.json")):
        for one in json.loads(path.read_text(encoding="utf-8")):
            yield Said(one["test"], one["kind"], one["text"], tuple(map(tuple, one["lines"])))


def _listen(manager: type, messages: Any) -> None:
    original = manager.__exit__  # type: ignore[attr-defined]  # both are context managers

    def leave(self: Any, kind: Any, error: Any, trace: Any) -> Any:
        for message in messages(self, error):
            SEEN.append(_described(message))
        return original(self, kind, error, trace)

    manager.__exit__ = leave  # type: ignore[attr-defined]


def _described(message: BaseException) -> dict[str, Any]:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    frames = traceback.extract_tb(message.__traceback__)
    lines = [_place(Path(f.filename), f.lineno or 0) for f in frames]
    text = str(message.args[0]) if message.args else str(message)
    return {
        "test": test,
        "kind": type(message).__name__,
        "text": text,
        "lines": [line for line in lines if line],
    }


def _place(path: Path, line: int) -> tuple[str, int] | None:
    if PACKAGE not in path.parents:
        return None
    return path.relative_to(PACKAGE).as_posix(), line
