"""Sphinx extension: what a session prints is marked as output, tracebacks too, so that code is copied without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pygments.lexers import PythonConsoleLexer
from pygments.token import Generic


class SessionLexer(PythonConsoleLexer):
    """A Python session in which a traceback is output, up to the next prompt."""

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        printed = False
        for at, kind, words in super().get_tokens_unprocessed(text):
            if kind in (Generic.Prompt, Generic.Traceback):
                printed = kind is Generic.Traceback
            yield at, Generic.Output if printed else kind, words


def setup(app: Any) -> dict[str, bool]:
    """Take this lexer for sessions."""
    app.add_lexer("pycon", SessionLexer)
    return {"parallel_read_safe": True}
