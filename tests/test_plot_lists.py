"""Figures of estimates of lists: models, odds ratios, what an estimate rests on, referral."""

from __future__ import annotations

from functools import cache
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

from .test_plot import artist, words

ROWS = {"police": [1, 0, 0, 1, 1, 1, 0, 1], "home": [0, 1, 0, 1, 1, 0, 1, 1]}
ROWS |= {"court": [0, 0, 1, 0, 0, 1, 1, 1], "n": [90, 70, 60, 31, 9, 12, 9, 6]}
SENT = {"sent": ["", "", "", "police", "", "", "", "police"]}


@cache
def lists() -> pv.Lists:
    names = ["police", "home", "court"]
    return pv.Lists({**ROWS, **SENT}, names, counts="n", referred_by={"home": "sent"})


@cache
def report() -> pv.mse.Reliability:
    return pv.mse.reliability(lists(), simulations=19)


def narrow() -> Axes:
    return Figure(figsize=(3.7, 4), layout="constrained").add_subplot()


def every(**given: Any) -> dict[str, Axes]:
    ax = given.pop("ax", lambda: None)
    return {
        "models": plot.models(report(), ax=ax(), **given),
        "dark figure": plot.sensitivity(report(), ax=ax(), **given),
        "odds ratio": plot.sensitivity(pv.mse.sensitivity(lists()), ax=ax(), **given),
        "reliability": plot.reliability(report(), ax=ax(), **given),
        "referral": plot.referral_bracket(pv.mse.referral_bracket(lists()), ax=ax(), **given),
    }


def test_models_are_drawn_where_their_size_and_their_bic_are() -> None:
    frame = pd.DataFrame(
        {
            "model": ["a", "b", "c", "d", "e"],
            "estimate": [500.0, 700.0, np.nan, 300.0, 900.0],
            "bic": [104.0, 100.0, 99.0, 107.0, 190.0],
            "boundary": [0, 0, 0, 1, 0],
        }
    )
    ax = plot.models(frame)
    assert artist(ax, "best").get_xydata().tolist() == [[700, 0]]
    assert artist(ax, "inner").get_xydata().tolist() == [[700, 0], [500, 4]]  # e is too far
    assert artist(ax, "boundary").get_xydata().tolist() == [[300, 7]]
    assert artist(ax, "range").get_xdata().tolist() == [500, 700]  # those within 6 alone
    assert "2 of 4 models are within 6 BIC units of the best and give 500 to 700" in plot.describe(
        ax
    )
    with pytest.raises(KeyError, match="estimate and bic"):
        plot.models(frame[["model", "bic"]])
    with pytest.raises(ValueError, match="none of 1 has one"):
        plot.models(frame.iloc[[2]])


def test_odds_ratios_go_through_the_estimate_at_one() -> None:
    ax = plot.sensitivity(report())
    size = float(report().estimate)
    for k in range(3):
        line = artist(ax, f"line-{k}")
        at = dict(zip(line.get_xdata(), line.get_ydata(), strict=True))
        assert at[1.0] == size
        assert set(at) == {0.25, 0.5, 1.0, 2.0, 4.0}
    assert artist(ax, "seen").get_ydata()[0] == lists().seen
    known = pv.mse.sensitivity(lists(), pair=("police", "court"))
    drawn = plot.sensitivity(known)
    np.testing.assert_array_equal(artist(drawn, "line-0").get_ydata(), known.total)
    assert artist(drawn, "interval") is not None
    assert f"{lists().seen} persons were seen" in plot.describe(drawn)


def test_the_reliability_figure_shows_what_the_report_says() -> None:
    ax, found = plot.reliability(report()), report()
    low, _ = found.estimate.interval()[0]
    arrow = artist(ax, "floor-0")  # at least its lower limit, open above
    assert arrow.xyann[0] == low
    assert arrow.xy[0] == ax.get_xlim()[1]
    np.testing.assert_array_equal(artist(ax, "models-1").get_xdata(), found.models["estimate"])
    assert artist(ax, "range-2").get_xdata().tolist() == [
        found.dark["estimate"].min(), found.dark["estimate"].max(),
    ]  # fmt: skip
    said = plot.describe(ax)
    assert f"at least {low:,.0f}" in said
    assert f"From the data: {found.data}" in said
    assert f"From declared facts: {found.facts}" in said
    assert "Data: not contradicted by these data" in words(ax)
    assert "Facts: not identified by these data alone" in words(ax)
    assert all(f"without {name}" in words(ax) for name in lists().names)


def test_a_bracket_is_shaded_and_a_refused_variant_has_no_number() -> None:
    found = pv.mse.referral_bracket(lists())
    assert found.low is not None
    assert found.high is not None
    ax = plot.referral_bracket(found)
    box = artist(ax, "bracket").get_extents().transformed(ax.transData.inverted())
    np.testing.assert_allclose([box.x0, box.x1], [found.low, found.high])
    assert "needs every referral declared" in words(ax)
    plain = pv.Lists(ROWS, ["police", "home", "court"], counts="n")
    cycle = plain.declare(referral=[("police", "home"), ("home", "police")])
    refused = plot.referral_bracket(pv.mse.referral_bracket(cycle))
    assert artist(refused, "bracket") is None
    assert artist(refused, "value-0") is None
    assert "forced refused" in plot.describe(refused)


def test_every_figure_is_synthetic_where_said_and_large_enough_to_read() -> None:
    for name, ax in every(synthetic=True, ax=narrow).items():
        figure = ax.get_figure(root=True)
        assert figure is not None
        assert SYNTHETIC in " ".join(words(ax).split()), name
        assert plot.describe(ax).endswith(f"{SYNTHETIC}."), name
        sizes = [
            t.get_fontsize() for t in figure.findobj(Text) if isinstance(t, Text) and t.get_text()
        ]
        assert min(map(float, sizes)) >= 9, name


@pytest.mark.parametrize("name", ["models", "dark figure", "odds ratio", "reliability", "referral"])
def test_truth_and_published_are_drawn_where_they_are_and_said(name: str) -> None:
    far = every(truth=9000.0, published=(400, 500))[name]
    upright = name not in ("dark figure", "odds ratio")
    mark = artist(far, "truth-mark")
    assert (mark.get_xdata() if upright else mark.get_ydata())[0] == 9000
    low, high = far.get_xlim() if upright else far.get_ylim()
    assert low < 400
    assert high > 9000
    assert plot.describe(far).endswith("Published: 400 to 500. The truth is 9,000.")
    legend = far.get_legend()
    assert legend is not None
    assert {"published: 400 to 500", "truth 9,000"} <= {t.get_text() for t in legend.get_texts()}


def test_one_published_number_is_a_line_and_limits_have_an_order() -> None:
    ax = plot.models(report(), published=700)
    assert artist(ax, "published").get_xdata()[0] == 700
    assert "truth" not in plot.describe(ax)
    with pytest.raises(ValueError, match=r"published must be .* found 700, 500"):
        plot.models(report(), published=(700, 500))
    with pytest.raises(TypeError, match="truth must be a number"):
        plot.reliability(report(), truth="many")  # type: ignore[arg-type]  # what is refused


def test_ladder_of_floors_with_both_ends_beside_what_was_published() -> None:
    compared = pv.compare({"lists": pv.mse.loglinear(lists())})
    floor, both = plot.ladder(compared), plot.ladder(compared, both_ends=True, published=(300, 420))
    assert "at least" in plot.describe(floor)
    assert "at least" not in plot.describe(both)
    assert artist(both, "interval-0").get_xdata()[1] > artist(both, "interval-0").get_xdata()[0]
    assert plot.describe(both).endswith("Published: 300 to 420.")


def test_overlap_says_how_many_nobody_listed() -> None:
    ax = plot.overlap(lists(), truth=1000)
    unseen = 1000 - int(lists().seen)
    assert plot.describe(ax).endswith(f"Truth: 1,000 people, {unseen} of them on no list.")
    assert f"{unseen} of them" in ax.get_xlabel().replace("\n", " ")
