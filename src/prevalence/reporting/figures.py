"""The figures of the page: inline SVG, once for wide and once for narrow windows."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from .. import plot
from ..disclosure import is_suppressed
from ..plot import canvas
from ..plot.estimates import domains_of
from ..words import ENGLISH
from .page import Page, title_of
from .tables import table_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, NARROW = 6.3, 3.7  # inches
OF_UNIT = {"count": "Numbers of people", "proportion": "Shares"}


def ladders(page: Page) -> list[dict[str, Any]]:
    """Return the ladders of the whole populations, one for each unit, that of most rows first.

    The first is the one of the brief; of as many rows, it is that of numbers of people.
    """
    whole = page.rows[page.rows["domain"] == "all"]
    rows = whole if len(whole) else page.rows
    caption = "Estimates with 95 % intervals"
    caption += ", against what is true." if rows["truth"].notna().any() else "."
    if page.comparison.side_by_side:
        caption += " Each row estimates a quantity of its own: compare it with its own truth only."

    def drawn(part: pd.DataFrame, width: float) -> Axes:
        ax = canvas.axes(None, width, canvas.height(len(part), width))
        return plot.ladder(part, ax=ax, synthetic=page.synthetic)

    parts = [part for _, part in rows.groupby("unit", sort=False)]
    parts.sort(key=lambda part: (-len(part), part["unit"].iloc[0] != "count"))
    return [
        {"name": OF_UNIT.get(str(p["unit"].iloc[0]), "Ratios")}
        | figure_of(page, caption, drawn(p, WIDE), drawn(p, NARROW))
        for p in parts
    ]


def shows_domains(page: Page, name: str) -> bool:
    """Tell whether an estimate has a domain that may be shown."""
    table = page.tables[name]
    return bool((table["domain"] != "all").any() and not is_suppressed(table).all())


def by_domain(page: Page, name: str) -> dict[str, Any]:
    """Return the figure of one estimate's domains."""
    keys = ["name", "outcome", "domain"]
    known = page.rows.drop_duplicates(keys)[[*keys, "truth"]]
    table = page.tables[name].merge(known, on=keys, how="left")
    unit = page.comparison.estimates[name].unit

    def drawn(width: float) -> Axes:
        ax = canvas.axes(None, width, 0.9 + 0.3 * len(table))
        return domains_of(table, unit, ax, synthetic=page.synthetic, say=ENGLISH)

    caption = "In the order of the estimates, which is not a ranking: the intervals overlap."
    return {"name": title_of(name), **figure_of(page, caption, drawn(WIDE), drawn(NARROW))}


def weights(page: Page, flow: pd.DataFrame) -> dict[str, Any]:
    """Return figure and table of the weighting steps."""

    def drawn(width: float) -> Axes:
        ax = canvas.axes(None, width, canvas.height(len(flow), width))
        return plot.weight_flow(flow, ax, synthetic=page.synthetic)

    caption = "Weights after each step; the design effect is what unequal weights alone cost."
    figure = figure_of(page, caption, drawn(WIDE), drawn(NARROW))
    return {"figure": figure, "table": table_of("Weights after each step", flow)}


def figure_of(page: Page, caption: str, wide: Axes, narrow: Axes) -> dict[str, Any]:
    """Return a figure for wide and for narrow windows, with its caption."""
    page.figures += 1
    return {
        "caption": caption,
        "wide": _svg(wide, f"f{page.figures}w"),
        "narrow": _svg(narrow, f"f{page.figures}n"),
    }


def _svg(ax: Axes, name: str) -> Any:
    """Return a figure as inline SVG: text as text, ids of its own, nothing to fetch, an alt text."""
    from markupsafe import Markup, escape
    from matplotlib import rc_context

    buffer, figure = io.StringIO(), cast("Figure", ax.get_figure(root=True))
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    raw = buffer.getvalue()
    raw = raw[raw.index("<svg") :]
    raw = re.sub(r"<metadata>.*?</metadata>", "", raw, flags=re.DOTALL)
    raw = re.sub(r"<style[^>]*>.*?</style>", "", raw, count=1, flags=re.DOTALL)
    raw = re.sub(r"<!--.*?-->\s*", "", raw, flags=re.DOTALL)
    raw = re.sub(r'\bid="', f'id="{name}-', raw)
    raw = re.sub(r'xlink:href="#', f'href="#{name}-', raw)
    raw = raw.replace("url(#", f"url(#{name}-")
    raw = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, 'Segoe UI', Roboto, Arial, sans-serif", raw)
    box = cast("re.Match[str]", re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', raw))
    size = f"max-width: {float(box[1]) * 4 / 3:.0f}px"
    alt = escape(plot.describe(ax))
    head = f'<svg {box[0]} role="img" aria-label="{alt}" style="{size}">'
    return Markup(head + raw[raw.index(">", raw.index("<svg")) + 1 :])  # noqa: S704  (made here, labels escaped)
