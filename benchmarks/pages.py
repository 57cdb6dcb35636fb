"""The page for those who come from svy, executed with svy and samplics: ``python -m benchmarks.pages``.

Every line of the page runs in one session, those of the peers and ours, and must print what the
page says. `make bench` does it first.
"""

from __future__ import annotations

import doctest
import re
import sys
import warnings
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "coming-from" / "svy.md"
BLOCK = re.compile(r"^```python(?: svy)?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def failures() -> int:
    """Execute the page and return how many of its lines print something else."""
    text = PAGE.read_text(encoding="utf-8")
    lines = "\n".join(BLOCK.findall(text))
    test = doctest.DocTestParser().get_doctest(lines, {}, PAGE.name, str(PAGE), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # samplics says that it is archived
        runner.run(test)
    print(f"{PAGE.name}: {runner.tries} lines, {runner.failures} print something else")
    return runner.failures


if __name__ == "__main__":
    sys.exit(1 if failures() else 0)
