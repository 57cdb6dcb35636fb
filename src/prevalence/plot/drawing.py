"""A figure that a notebook shows by itself, without the global state of pyplot."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

__all__ = ["Drawing"]

DPI = 110


class Drawing(Figure):
    """A figure of matplotlib with its picture for notebooks; the same figure gives the same bytes."""

    def _repr_png_(self) -> bytes:
        held = io.BytesIO()
        self.savefig(held, format="png", dpi=DPI, metadata={"Software": None})
        return held.getvalue()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        """Return nothing to show beside the picture, and the alternative text of the picture."""
        said = " ".join(filter(None, (str(ax.get_label()) for ax in self.axes)))
        return {}, {"image/png": {"alt": said}} if said else {}
