#!/usr/bin/env -S uv run --script
# /// script
# requires-python = ">=3.11"
# dependencies = ["nox>=2025.2.9"]
# ///
"""The same tests on every supported Python, and on the oldest versions that pyproject.toml allows."""

from __future__ import annotations

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Run the tests with the locked versions."""
    session.install("--require-hashes", "-r", "requirements.lock")
    session.install("--no-deps", "--no-build-isolation", "-e", ".")
    session.run(
        "pytest", "-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *session.posargs
    )


@nox.session(python="3.11", venv_backend="uv", default=False)
def oldest(session: nox.Session) -> None:
    """Run the tests with the oldest versions of the required libraries."""
    groups = ["--group", "test", "--group", "build", "--extra", "notebooks"]
    session.install("--resolution", "lowest-direct", "-e", ".", *groups)
    # Old libraries call what their newer neighbours have deprecated.
    old = ["-W", "ignore::DeprecationWarning"]
    session.run(
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "--no-loadscope-reorder",
        *old,
        *session.posargs,
    )


@nox.session(default=False)
def check(session: nox.Session) -> None:
    """Lint, types, docstrings, spelling, workflows and the review of the repository."""
    session.install("--require-hashes", "-r", "requirements.lock")
    session.install("--no-deps", "--no-build-isolation", "-e", ".")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("python", "tools/docstrings.py")
    session.run("codespell")
    session.run("zizmor", "-q", "--offline", "--no-progress", ".github")
    session.run("repo-review", ".")


if __name__ == "__main__":
    nox.main()
