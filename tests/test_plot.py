"""Figures: what their artists show, and the sentence that says it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

import prevalence as pv
from prevalence import plot
from prevalence.plot.canvas import SYNTHETIC
from prevalence.plot.drawing import Drawing

from .test_presentation import survey


def rows(**changes: Any) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "name": ["survey", "network", "lists"],
            "domain": "all",
            "estimate": [9400.0, 10_200.0, 900.0],
            "conf_low": [6900.0, 8200.0, 700.0],
            "conf_high": [12_500.0, 12_700.0, 1300.0],
            "unit": "count",
            "kind": ["estimate", "estimate", "floor"],
            "truth": [8554.0, 9754.0, np.nan],
            "flag": "",
        }
    )
    return frame.assign(**changes)


def artist(ax: Axes, gid: str) -> Any:
    return next((x for x in ax.findobj() if x.get_gid() == gid), None)


def words(ax: Axes) -> str:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return " | ".join(t.get_text() for t in figure.findobj(Text) if isinstance(t, Text))


def lists() -> SimpleNamespace:
    histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    return SimpleNamespace(
        histories=np.array(histories),
        counts=[60, 41, 30, 17, 4, 2, 0],
        names=["police", "registry", "ngo"],
    )


def every() -> dict[str, Axes]:
    e = pv.direct.prevalence(survey(), "trafficked", by="town")
    return {
        "ladder": plot.ladder(rows(), synthetic=True),
        "domains": plot.domains(e, synthetic=True),
        "overlap": plot.overlap(lists(), synthetic=True),
        "weights": plot.weight_flow(survey().trim(3).weight_flow(), synthetic=True),
    }


def test_the_ladder_draws_intervals_truths_and_floors() -> None:
    ax = plot.ladder(rows())
    np.testing.assert_array_equal(artist(ax, "interval-0").get_xdata(), [6900, 12_500])
    np.testing.assert_array_equal(artist(ax, "value-1").get_xdata(), [10_200])
    np.testing.assert_array_equal(artist(ax, "truth-0").get_xdata(), [8554])
    assert artist(ax, "truth-2") is None
    assert artist(ax, "interval-2") is None  # a floor has an arrow in place of a whisker
    arrow = artist(ax, "floor-2")
    assert arrow.xyann[0] == 700
    assert arrow.xy[0] == ax.get_xlim()[1]
    assert artist(ax, "value-2").get_marker() != artist(ax, "value-1").get_marker()
    assert "lists at least 700 (estimate 900)" in plot.describe(ax)


def test_a_suppressed_row_has_no_number() -> None:
    hidden = rows(
        estimate=[np.nan, 10_200.0, 900.0], flag=["suppressed: fewer than 5 cases", "", ""]
    )
    ax = plot.ladder(hidden)
    assert artist(ax, "value-0") is None
    assert artist(ax, "truth-0") is None
    assert "8,550" not in plot.describe(ax)
    assert "survey suppressed" in plot.describe(ax)


def test_ladder_of_a_comparison_and_of_given_truth() -> None:
    e = pv.direct.prevalence(survey(), "trafficked")
    ax = pv.compare({"survey": e}, truth={"survey": 0.04}).plot()
    assert "truth 4.0 %" in plot.describe(ax)
    np.testing.assert_allclose(artist(ax, "value-0").get_xdata(), 100 * e.value)
    with pytest.raises(ValueError, match="one unit in one figure"):
        plot.ladder(rows(unit=["count", "proportion", "count"]))
    with pytest.raises(ValueError, match="must have a row"):
        plot.ladder(rows().head(0))


def test_domains_are_in_order_and_small_ones_out() -> None:
    e = pv.direct.prevalence(survey(), "trafficked", by="town")
    ax = plot.domains(e, truth=[0.05] * 4)
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert set(labels[-2:]) >= {"town 3"}  # without a case, and the one that protects it
    shown = [float(artist(ax, f"value-{y}").get_xdata()[0]) for y in range(2)]
    assert shown == sorted(shown, reverse=True)
    assert artist(ax, "value-2") is None
    assert "suppressed" in plot.describe(ax)
    open_ax = plot.domains(e, disclosure="off: synthetic data")
    assert artist(open_ax, "value-3") is not None


def bars(ax: Axes) -> list[float]:
    """Heights of the bars upward: those of lists, and the stripes, lie below the line."""
    return [p.get_height() for p in ax.patches if p.get_y() == 0]  # type: ignore[attr-defined]


def test_overlap_pools_small_combinations() -> None:
    ax = plot.overlap(lists())
    assert bars(ax) == [60, 41, 30, 17, 6]
    np.testing.assert_array_equal(artist(ax, "cell-3").get_xdata(), [3, 3])
    assert "police and registry 17" in plot.describe(ax)
    assert "2 others together 6" in plot.describe(ax)
    alone = plot.overlap(lists(), minimum=1)
    assert bars(alone)[-1] == 2
    tiny = SimpleNamespace(histories=[[1, 0], [0, 1], [1, 1]], counts=[30, 20, 2], names=["a", "b"])
    assert bars(plot.overlap(tiny)) == [30, 22]
    with pytest.raises(ValueError, match="one row per count"):
        plot.overlap(SimpleNamespace(histories=[[1, 0]], counts=[1, 2], names=["a", "b"]))


def test_overlap_gives_lists_their_sizes_and_no_way_to_small_cells() -> None:
    ax = plot.overlap(lists())  # police 81, registry 62, ngo 36: less the bars shown is 4, 6, 2
    assert "police about 80; registry about 60; ngo about 40" in plot.describe(ax)
    widths = [artist(ax, f"size-{j}").get_width() for j in range(3)]
    np.testing.assert_allclose(np.array(widths) / widths[0], [1, 60 / 80, 40 / 80])
    whole = plot.overlap(lists(), minimum=1)
    assert "police 81; registry 60; ngo 36" in plot.describe(whole)
    assert "about" not in plot.describe(whole)


def test_overlap_draws_who_sent_whom() -> None:
    rows: dict[str, Any] = {"police": [1, 0, 1, 1], "home": [0, 1, 1, 1], "court": [1, 1, 0, 1]}
    rows |= {"n": [30, 20, 9, 3], "by": ["", "", "police", ""], "to": ["", "", "", "home"]}
    given = pv.Lists(
        rows, ["police", "home", "court"], counts="n", referred_by={"home": "by", "court": "to"}
    ).declare(referral=[("court", "police")])
    ax = plot.overlap(given)
    said = plot.describe(ax)
    assert "Referrals: police to home 9; home to court fewer than 5; court to police." in said
    arrow = artist(ax, "referral-0")
    assert arrow.xyann[1] > arrow.xy[1]  # from the first row down to the second
    assert {"9", "<5"} <= set(words(ax).split(" | "))
    assert "sends, as declared" in words(ax)


def test_overlap_has_room_for_what_it_draws() -> None:
    from prevalence.mse.histories import all_histories

    many = SimpleNamespace(
        histories=all_histories(6),
        counts=np.full(63, 150),
        names=[f"long name {j}" for j in range(6)],
    )
    ax = plot.overlap(many)
    assert bars(ax)[-1] == pytest.approx(1.1 * 150)  # the others together, cut off
    assert "cut off" in words(ax)
    narrow = plot.overlap(lists(), ax=Figure(figsize=(3.7, 3)).add_subplot())
    assert artist(narrow, "size-0") is None  # the number alone


def test_weight_flow_shows_range_and_mean() -> None:
    flow = survey().trim(1.2).weight_flow()
    ax = plot.weight_flow(flow)
    np.testing.assert_allclose(
        artist(ax, "range-1").get_xdata(), flow[["min", "max"]].to_numpy()[1]
    )
    np.testing.assert_allclose(
        artist(ax, "mean-0").get_xdata(), flow["sum"].iloc[0] / flow["n"].iloc[0]
    )
    with pytest.raises(KeyError, match="'kish_deff' is missing"):
        plot.weight_flow(flow.drop(columns="kish_deff"))


def test_every_figure_says_that_it_is_synthetic_in_words_large_enough() -> None:
    for name, ax in every().items():
        assert SYNTHETIC in words(ax), name
        assert plot.describe(ax).endswith(f"{SYNTHETIC}."), name
        figure = ax.get_figure(root=True)
        assert figure is not None
        sizes = [
            t.get_fontsize() for t in figure.findobj(Text) if isinstance(t, Text) and t.get_text()
        ]
        assert min(map(float, sizes)) >= 9, name


def test_axes_in_axes_out_and_no_global_state() -> None:
    import matplotlib.pyplot as plt

    figure = Figure()
    ax = figure.add_subplot()
    assert plot.ladder(rows(), ax=ax) is ax
    every()
    assert plt.get_fignums() == []


def test_a_figure_tells_a_notebook_what_it_shows() -> None:
    ax = plot.ladder(rows(), synthetic=True)
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Drawing)
    data, metadata = figure._repr_mimebundle_(include=None, exclude=None)
    assert data == {}
    assert metadata == {"image/png": {"alt": plot.describe(ax)}}


def test_labels_are_never_read_as_formulas() -> None:
    ax = plot.ladder(rows(name=["$\\frac{1}", "<b>", "a" * 200]))
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
