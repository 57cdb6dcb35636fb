"""Figures of network scale-up: what their artists show, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

import prevalence as pv
from prevalence import plot
from prevalence.plot.canvas import SYNTHETIC
from tests.naive import validation as naive
from tests.naive.validation import KNOWN

from .test_plot import artist, words

pytestmark = pytest.mark.filterwarnings("ignore:.*know nobody in any known group")


def answers(seed: int = 1, **how: Any) -> pv.Answers:
    data = naive.respondents(seed)
    survey = pv.Survey(data, weights="w", strata="stratum", psu="psu")
    return pv.Answers(survey, **{"known": KNOWN, "hidden": "hidden", "population": 50_000, **how})


def validation(seed: int = 1) -> pv.nsum.Validation:
    return pv.nsum.validate(answers(seed))


def hidden(**how: Any) -> pv.Estimate:
    arguments = {"transmission": pv.uncertain(0.6, 0.4, 0.8, kind="beta"), **how}
    return pv.nsum.scale_up(answers(), **arguments)


DRAWN: dict[str, Callable[..., Axes]] = {
    "known_groups": lambda **how: plot.known_groups(validation().trimmed(0.7, 1.4), **how),
    "recall": lambda **how: plot.recall(validation(), **how),
    "degrees": lambda **how: plot.degrees(answers(), truth=120, **how),
    "adjustments": lambda **how: plot.adjustments(hidden(degree_ratio=0.8), **how),
}


@pytest.mark.parametrize("name", DRAWN)
def test_axes_in_axes_out_said_in_words_and_synthetic(name: str) -> None:
    import matplotlib.pyplot as plt

    figure = Figure(figsize=(9, 5), layout="constrained")
    ax = figure.add_subplot()
    assert DRAWN[name](ax=ax) is ax
    assert SYNTHETIC not in words(ax)
    said = plot.describe(ax)
    assert said.endswith(".")
    assert "nan" not in said
    drawn = DRAWN[name](synthetic=True)
    assert SYNTHETIC in words(drawn).replace("\n", " ")
    assert plot.describe(drawn) == f"{said} {SYNTHETIC}."
    own = drawn.get_figure(root=True)
    assert own is not None
    own.draw_without_rendering()
    sizes = [t.get_fontsize() for t in own.findobj(Text) if isinstance(t, Text) and t.get_text()]
    assert min(map(float, sizes)) >= 9
    assert plt.get_fignums() == []


def test_known_groups_are_in_order_of_size_with_their_intervals() -> None:
    found = validation().trimmed(0.7, 1.4)
    assert found.removed  # something to tell apart
    ax = plot.known_groups(found)
    table = found.to_frame().sort_values("size", ascending=False).reset_index(drop=True)
    assert [t.get_text() for t in ax.get_yticklabels()] == table["group"].tolist()
    for y, row in table.iterrows():
        np.testing.assert_allclose(
            artist(ax, f"interval-{y}").get_xdata(), [row["ratio_low"], row["ratio_high"]]
        )
        mark = artist(ax, f"ratio-{y}")
        np.testing.assert_allclose(mark.get_xdata(), [row["ratio"]])
        assert mark.get_marker() == ("o" if row["kept"] else "s")  # not told by colour alone
    assert ax.get_xscale() == "log"
    assert "trimmed" in plot.describe(ax)
    assert f"{KNOWN['teachers']:,.0f}" in words(ax)
    wide = plot.known_groups(found, level=0.5)
    one, two = (artist(a, "interval-0").get_xdata() for a in (ax, wide))
    assert one[1] - one[0] > two[1] - two[0]


def test_a_group_that_nobody_knows_has_an_arrow() -> None:
    data = naive.respondents(2)
    data["priests"] = np.zeros_like(data["priests"])
    with pytest.warns(pv.PrevalenceWarning, match="nobody knows anyone in the known group"):
        found = pv.nsum.validate(pv.Survey(data, weights="w"), known=KNOWN)
    ax = plot.known_groups(found)
    assert artist(ax, "none-4").get_marker() == "<"
    assert artist(ax, "ratio-4") is None
    assert artist(ax, "interval-4") is None


def test_recall_shows_groups_line_and_band() -> None:
    found = validation()
    fit = found.recall()
    ax = plot.recall(found)
    groups, line = artist(ax, "groups"), artist(ax, "recall")
    np.testing.assert_allclose(groups.get_xdata(), list(KNOWN.values()))
    np.testing.assert_allclose(groups.get_ydata(), found.estimate.value)
    np.testing.assert_allclose(line.get_ydata(), fit.left_of(line.get_xdata()))
    np.testing.assert_allclose(
        artist(ax, "identity").get_ydata(), artist(ax, "identity").get_xdata()
    )
    bars = np.array([s[:, 1] for s in artist(ax, "intervals").get_segments()])
    np.testing.assert_allclose(bars, found.estimate.interval())
    assert artist(ax, "band") is not None
    assert f"{10**fit.slope:.1f} times" in plot.describe(ax)
    names = {t.get_text() for t in ax.texts}
    assert {"teachers", "priests"} <= names  # the largest and the smallest are named
    with pytest.warns(pv.PrevalenceWarning, match="threshold of the recall curve"):
        curve = plot.recall(validation(18), form="curve")
    assert "towards the square root above" in plot.describe(curve)


def test_degrees_are_weighted_and_numbers_counted() -> None:
    asked = answers()
    ax = plot.degrees(asked, minimum=2)
    d, w = asked.degrees(), asked.survey.chain.weights
    shares = [patch.get_height() for patch in ax.patches]  # type: ignore[attr-defined]  # bars
    assert sum(shares) == pytest.approx(100)
    np.testing.assert_allclose(artist(ax, "mean").get_xdata(), (w @ d) / w.sum())
    figure = ax.get_figure(root=True)
    assert figure is not None
    beside = figure.axes[1]
    counts = asked.counts(list(KNOWN)).ravel()
    for gid in ("numbers", "rounded"):
        mark = artist(beside, gid)
        for number, often in zip(mark.get_xdata(), mark.get_ydata(), strict=True):
            assert often == (counts == number).sum() >= 2
            assert (number % 5 == 0) == (gid == "rounded")
    drawn = np.r_[artist(beside, "numbers").get_xdata(), artist(beside, "rounded").get_xdata()]
    rare = [k for k in range(1, 31) if (counts == k).sum() == 1]
    assert not set(rare) & set(drawn)
    assert f"mean {(w @ d) / w.sum():,.0f}" in plot.describe(ax)
    heaped = ((counts > 0) & (counts % 5 == 0)).sum()
    assert f"{heaped:,} are 5" in plot.describe(ax)


def test_degrees_in_axes_that_are_in_no_grid() -> None:
    figure = Figure()
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    plot.degrees(answers(), ax=ax)
    left, right = figure.axes
    assert left.get_position().x1 < right.get_position().x0
    assert right.get_position().x1 == pytest.approx(0.9)


def test_adjustments_show_the_size_at_every_rate_and_ratio() -> None:
    e = hidden(degree_ratio=0.8)
    ax = plot.adjustments(e)
    point = artist(ax, "point")
    assert (point.get_xdata()[0], point.get_ydata()[0]) == (0.6, 0.8)
    low, high = artist(ax, "interval-transmission").get_xdata()
    np.testing.assert_allclose([low, high], [0.4, 0.8], atol=0.01)  # a beta is not quite centred
    assert artist(ax, "interval-degree_ratio") is None
    (lines,) = [c for c in ax.collections if type(c).__name__ == "QuadContourSet" and not c.filled]  # type: ignore[attr-defined]
    value = float(e) * 0.6 * 0.8
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):  # type: ignore[attr-defined]
        vertices = np.asarray(path.vertices)
        # Contours are straight between the points of a grid of 121 x 121.
        np.testing.assert_allclose(value / vertices.prod(axis=1), level, rtol=2e-3)
    assert "at 0.6 and 0.8" in plot.describe(ax)
    wide = plot.adjustments(hidden(transmission=0.1, degree_ratio=2.0))
    assert wide.get_xlim()[0] < 0.1
    assert wide.get_ylim()[1] > 2.0


def test_labels_are_never_read_as_formulas() -> None:
    data = {"$\\frac{1}": [1.0, 2, 3], "<b>": [2.0, 1, 2], "a" * 90: [5.0, 3, 6]}
    known = dict(zip(data, [100, 150, 400], strict=True))
    found = pv.nsum.validate(pv.Survey(data), known=known)
    for ax in (plot.known_groups(found), plot.recall(found)):
        figure = ax.get_figure(root=True)
        assert figure is not None
        figure.draw_without_rendering()
