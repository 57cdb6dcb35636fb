"""Every figure in English and French, readable in grey, narrow and wide: one visual language."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import matplotlib.colors
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

import prevalence as pv
from prevalence import plot
from prevalence.plot.canvas import SYNTHETIC
from prevalence.words import language
from prevalence.words.french import FIGURES
from prevalence.words.french_tables import REMARKS, TABLES

from . import test_plot, test_plot_lists, test_plot_network
from .test_plot import artist
from .test_presentation import survey

FRENCH = language("fr")
SOURCES = sorted(Path(plot.__file__).parent.glob("*.py"))
DATA = {"hidden", "lists", "network", "survey", "all"}  # names in the data drawn here
NO_WORDS = {  # for the drawing and the columns, which nobody reads
    "offset points", "axes fraction", "upper left", "adjustment limits", "coverage mc error",
    "as claimed", " to ",
}  # fmt: skip


def fit(**how: Any) -> pv.Estimate:
    rng = np.random.default_rng(4)
    rows = {"case": rng.integers(0, 2, 80), "sex": ["F", "M"] * 40, "age": rng.integers(5, 18, 80)}
    return pv.direct.regression(pv.Survey(rows), "case", ["sex", "age"], family="binomial", **how)


def covered() -> pd.DataFrame:
    found = {"estimate": ["wald", "logit", "log"], "coverage": [0.88, 0.955, 1.0]}
    return pd.DataFrame({**found, "coverage mc error": [0.01, 0.0066, 0.0], "samples": 1000})


def shares() -> pd.DataFrame:
    rows = {"definition": ["A", "A", "B"], "window": ["12m", "lifetime", "12m"]}
    limits = {"conf_low": [0.01, 0.05, 0.02], "conf_high": [0.03, 0.09, 0.06]}
    return pd.DataFrame({**rows, "estimate": [0.02, 0.07, 0.04], **limits})


@cache
def sensitivity() -> Any:
    signs = {name: pv.Indicator(f"{name} == 1") for name in ("xa", "xb")}
    d = pv.Definition("A", "1", indicators=signs, rule=pv.AtLeast(1))
    rows = {"age": [9, 12, 15, 16] * 20, "xa": [1, 1, 0, 0] * 20, "xb": [0, 0, 1, 0] * 20}
    return d.sensitivity(pv.Survey(rows))


@cache
def regions() -> Any:
    """A fit with the table that the figure of regions reads, without the chains behind it."""
    table = pd.DataFrame({
        "region": ["A", "B"], "reports": [40.0, np.nan], "raw": [0.02, np.nan],
        "raw_low": [0.015, np.nan], "raw_high": [0.026, np.nan], "estimate": [0.018, 0.011],
        "conf_low": [0.014, 0.006], "conf_high": [0.023, 0.017], "national": 0.014,
        "flag": ["", "suppressed: fewer than 5 reports"],
    })  # fmt: skip
    fitted = object.__new__(pv.nsum.Posterior)
    object.__setattr__(fitted, "hidden", ("xc",))
    object.__setattr__(fitted, "shrinkage", lambda *_, **__: table)
    return fitted


def what_if() -> Any:
    told = pv.validated(correct=6, tested=100)
    false = (0.0, 0.01, 0.08)
    return pv.misclassification.what_if(told, sensitivity=(0.5, 0.7, 0.9), false_report=false)


def by_town() -> pv.Estimate:
    return pv.direct.prevalence(survey(), "trafficked", by="town")


def overlap() -> Any:
    rows: dict[str, Any] = {"pa": [1, 0, 1, 1], "pb": [0, 1, 1, 1], "pc": [1, 1, 0, 1]}
    rows |= {"n": [3000, 20, 9, 3], "by": ["", "", "pa", ""], "to": ["", "", "", "pb"]}
    given = pv.Lists(rows, ["pa", "pb", "pc"], counts="n", referred_by={"pb": "by", "pc": "to"})
    return given.declare(referral=[("pc", "pa")])


def ladder_rows() -> pd.DataFrame:
    table = test_plot.rows(name=["xa", "xb", "xc"])
    more = table.assign(name=["xd", "xe", "xf"], kind="estimate", flag=["suppressed", "", ""])
    return pd.concat([table, more.assign(conf_low=np.nan, conf_high=np.nan)])


DRAWN: dict[str, Callable[..., Axes]] = {
    "ladder": lambda **how: plot.ladder(ladder_rows(), published=(20, 60), **how),
    "shares": lambda **how: plot.ladder(
        test_plot.rows(unit="proportion", estimate=[-0.02, 0.03, 0.1], conf_low=-0.04,
                       conf_high=0.2, truth=0.05, kind="estimate"), **how
    ),
    "domains": lambda **how: plot.domains(by_town(), truth=[0.05] * 4, **how),
    "forest": lambda **how: plot.forest(np.exp(fit()), unit="odds ratio", truth={"age": 1.0}, **how),
    "coefficients": lambda **how: plot.forest(fit(), **how),
    "coverage": lambda **how: plot.coverage(covered(), **how),
    "weight_flow": lambda **how: plot.weight_flow(survey().trim(3).weight_flow(), **how),
    "overlap": lambda **how: plot.overlap(overlap(), truth=9000, **how),
    "definitions": lambda **how: plot.definitions(shares(), truth={"12m": 0.03}, **how),
    "definition_changes": lambda **how: plot.definition_changes(sensitivity(), **how),
    "tornado": lambda **how: plot.tornado(what_if(), **how),
    "regions": lambda **how: plot.regions(regions(), truth={"A": 0.017, "B": 0.012}, **how),
    "models": lambda **how: plot.models(
        test_plot_lists.report(), truth=900, published=(500, 700), **how
    ),
    "dark_figure": lambda **how: plot.sensitivity(
        test_plot_lists.report(), truth=900, published=1200, **how
    ),
    "odds_ratio": lambda **how: plot.sensitivity(
        pv.mse.sensitivity(test_plot_lists.lists()), **how
    ),
    "reliability": lambda **how: plot.reliability(
        test_plot_lists.report(), truth=900, published=(500, 700), **how
    ),
    "referral_bracket": lambda **how: plot.referral_bracket(
        pv.mse.referral_bracket(test_plot_lists.lists()), truth=900, published=700, **how
    ),
    **test_plot_network.DRAWN,
}  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore:.*know nobody in any known group")


@cache
def drawn(name: str, lang: str, width: float = 7.2) -> Axes:
    ax = Figure(figsize=(width, 6.0), layout="constrained").add_subplot()
    return DRAWN[name](ax=ax, lang=lang, synthetic=True)


def test_every_figure_is_drawn_here() -> None:
    public = set(plot.__all__) - {"describe"}
    assert public <= {*DRAWN, "sensitivity"}


# ------------------------------------------------------------------ languages
def english_words() -> set[str]:
    """Words of the tables that are English alone, as text of a French figure must not hold."""
    both = {**FIGURES, **TABLES, **REMARKS}

    def of(texts: Iterator[str]) -> set[str]:
        plain = (re.sub(r"\{[^}]*\}", " ", text.replace("\u00a0", " ")) for text in texts)
        return {w for text in plain for w in re.findall(r"[^\W\d_]+", text.casefold())}

    return {w for w in of(iter(both)) - of(iter(both.values())) if len(w) > 2}


def test_a_french_figure_has_no_english_word_nor_english_number() -> None:
    english = english_words() - DATA
    for name in DRAWN:
        ax = drawn(name, "fr")
        figure = ax.get_figure(root=True)
        assert figure is not None
        texts = [t.get_text() for t in figure.findobj(Text) if isinstance(t, Text)]
        for text in (*texts, plot.describe(ax)):
            left = set(re.findall(r"[^\W\d_]+", text.casefold())) & english
            assert not left, f"{name}: {left} in {text!r}"
            assert not re.search(r"\d\.\d", text), f"{name}: {text}"
        assert FRENCH(SYNTHETIC) in plot.describe(ax)


@pytest.mark.parametrize("name", DRAWN)
def test_both_languages_show_the_same_numbers(name: str) -> None:
    def numbers(lang: str) -> list[float]:
        said = plot.describe(drawn(name, lang))
        if lang == "fr":
            said = said.replace("\u202f", "").replace(",", ".")
        else:
            said = re.sub(r"(?<=\d),(?=\d{3})", "", said)
        return sorted(float(x) for x in re.findall(r"\d+(?:\.\d+)?", said))

    assert numbers("en") == numbers("fr")


def strings(path: Path) -> Iterator[str]:
    """Yield the strings of a module but its docstrings, messages of errors and f-strings."""
    tree, skip = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Raise, ast.JoinedStr)):
            skip |= {id(part) for part in ast.walk(node)}
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
            first = node.body[0] if node.body else None
            skip |= {id(first.value)} if isinstance(first, ast.Expr) else set()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            parts = (x.value for x in ast.walk(node.args[0]) if isinstance(x, ast.Constant))
            yield from (value for value in parts if isinstance(value, str))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skip:
            yield node.value


def test_every_string_that_a_figure_writes_has_a_french_one() -> None:
    lacking = {
        text
        for path in SOURCES
        for text in strings(path)
        if re.search(r"[a-z]{2,}[ ,]|\{|\w \w", text) and text not in {**FIGURES, **TABLES}
    }
    assert lacking <= NO_WORDS
    used = {text for path in SOURCES for text in strings(path)}
    assert set(FIGURES) <= used, "words that no figure says"


def test_words_have_the_same_places_in_both_languages() -> None:
    def places(text: str) -> list[str]:
        return sorted(f"{name}:{spec}" for _, name, spec, _ in Formatter().parse(text) if name)

    for english, french in {**FIGURES, **TABLES}.items():
        assert places(english) == places(french), english
    for english, french in REMARKS.items():
        assert re.findall(r"[#*]", english) == re.findall(r"[#*]", french), english


def test_remarks_numbers_and_what_is_not_known() -> None:
    said = FRENCH.known("suppressed: fewer than 1,000 cases; cv above 30 %")
    assert said == "masqué\u00a0: moins de 1\u202f000 cas\u202f; cv supérieur à 30\u202f%"
    assert FRENCH.known("Saint Mary; Hanover") == "Saint Mary; Hanover"
    assert FRENCH.number("1,234.5 %") == "1\u202f234,5\u202f%"
    assert FRENCH("mean {mean:,.0f}", mean=1234.4) == "moyenne 1\u202f234"
    assert FRENCH.shown(0.0123, 0.01, 0.0156, "proportion") == ("1,2\u202f%", "1,0", "1,6")
    with pytest.raises(ValueError, match="lang must be one of en, fr: found 'de'"):
        plot.ladder(test_plot.rows(), lang="de")


# ------------------------------------------------------------------ grey, sizes
def luminance(colour: Any, alpha: float | None = None) -> float:
    """Return the relative luminance of a colour on white (WCAG 2.2)."""
    red, green, blue, own = matplotlib.colors.to_rgba(colour, alpha)
    parts = np.array([red, green, blue]) * own + (1 - own)
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: float, two: float) -> float:
    low, high = sorted((one, two))
    return (high + 0.05) / (low + 0.05)


def shade(mark: Any) -> float:
    colour = mark.get_color() if hasattr(mark, "get_color") else mark.get_facecolor()
    return luminance(colour, mark.get_alpha())


def look(handle: Any) -> tuple[Any, ...]:
    """Return what tells a mark of a legend from others without its colour."""
    if not hasattr(handle, "get_marker"):
        return ("patch", handle.get_hatch(), handle.get_alpha() is None)
    filled = matplotlib.colors.to_hex(handle.get_markerfacecolor()) != "#ffffff"
    line = handle.get_linewidth() > 0 and handle.get_linestyle()
    return (handle.get_marker(), filled, line)


@pytest.mark.parametrize("name", DRAWN)
def test_marks_are_told_apart_in_grey(name: str) -> None:
    figure = drawn(name, "en").get_figure(root=True)
    assert figure is not None
    for ax in figure.axes:
        legend = ax.get_legend()
        handles = legend.legend_handles if legend else []
        for k, one in enumerate(handles):
            for two in handles[:k]:
                same = look(one) == look(two)
                assert not same or contrast(shade(one), shade(two)) >= 3, (name, look(one))


@pytest.mark.parametrize("name", DRAWN)
def test_words_are_large_and_dark_enough(name: str) -> None:
    figure = drawn(name, "en").get_figure(root=True)
    assert figure is not None
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        if text.get_text().strip():
            assert float(text.get_fontsize()) >= 9
            assert contrast(luminance(text.get_color()), 1.0) >= 4.5, text.get_text()


@pytest.mark.proof
@pytest.mark.parametrize("name", DRAWN)
def test_words_are_inside_the_figure(name: str) -> None:
    for lang in ("en", "fr"):
        for width in (7.2, 3.7):
            figure = drawn(name, lang, width).get_figure(root=True)
            assert figure is not None
            figure.draw_without_rendering()
            ticks = {id(t) for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for t in axis.get_ticklabels()}  # fmt: skip
            for text in figure.findobj(Text):
                assert isinstance(text, Text)
                if not text.get_text().strip() or id(text) in ticks:
                    continue
                room, box = text.get_window_extent(), figure.bbox
                inside = room.x0 >= box.x0 - 2 and room.x1 <= box.x1 + 2  # two pixels: antialiasing
                assert inside, (lang, width, text.get_text(), room.x0, room.x1)


# ------------------------------------------------------------------ forest
def test_a_forest_compares_with_no_effect() -> None:
    model = fit()
    ax = plot.forest(model)
    rows = model.to_frame().iloc[1:]  # without the intercept
    for y, (low, high) in enumerate(zip(rows["conf_low"], rows["conf_high"], strict=True)):
        np.testing.assert_array_equal(artist(ax, f"interval-{y}").get_xdata(), [low, high])
        face = artist(ax, f"value-{y}").get_markerfacecolor()
        assert (face == "white") == (low <= 0 <= high)  # a hollow mark: the interval holds 0
    assert artist(ax, "none").get_segments()[0][0][0] == 0
    ratios = plot.forest(np.exp(model), unit="odds ratio", truth={"age": 1.1})
    assert ratios.get_xscale() == "log"
    assert artist(ratios, "none").get_segments()[0][0][0] == 1
    np.testing.assert_allclose(artist(ratios, "truth-1").get_xdata(), [1.1])
    assert plot.describe(ratios).startswith("Intervals against 1 (odds ratio): sex = M ")
    assert "truth 1.1" in plot.describe(ratios)
    everything = plot.forest(model, leave_out=())
    assert "(intercept)" in plot.describe(everything)


def test_a_forest_of_differences_of_shares_in_points() -> None:
    survey = pv.Survey({"strict": [1, 0, 0, 0] * 10, "wide": [1, 1, 0, 0] * 10})
    both = {name: pv.direct.prevalence(survey, name).describe(outcome="case") for name in ("strict", "wide")}  # fmt: skip
    table = pv.compare(both).differences()
    ax = plot.forest(table, unit="percentage points")
    np.testing.assert_allclose(artist(ax, "value-0").get_xdata(), [-25])
    assert "strict - wide -25 (" in plot.describe(ax)
    hidden = plot.forest(table.assign(flag="suppressed: fewer than 5 cases"))
    assert artist(hidden, "value-0") is None
    assert "strict - wide suppressed" in plot.describe(hidden)
    alone = plot.forest(table.assign(conf_low=np.nan, conf_high=np.nan))
    assert "no interval" in plot.describe(alone)


def test_a_forest_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="unit must be one of coefficient"):
        plot.forest(fit(), unit="hazard")
    with pytest.raises(ValueError, match="found one at or below 0"):
        plot.forest(fit(), unit="odds ratio", leave_out=())
    with pytest.raises(ValueError, match="'height' is none of sex = M, age"):
        plot.forest(fit(), truth={"height": 1.0})
    with pytest.raises(ValueError, match="must have a row to draw"):
        plot.forest(fit(), leave_out=("(intercept)", "sex = M", "age"))
    with pytest.raises(KeyError, match="'conf_low' is missing"):
        plot.forest(pd.DataFrame({"name": ["a"], "estimate": [1.0]}))


# ------------------------------------------------------------------ coverage
def test_coverage_is_shown_with_its_monte_carlo_error() -> None:
    ax = plot.coverage(covered())
    np.testing.assert_allclose(artist(ax, "error-0").get_xdata(), [88 - 1.96, 88 + 1.96], atol=1e-3)
    np.testing.assert_allclose(artist(ax, "coverage-1").get_xdata(), [95.5])
    marks = [artist(ax, f"coverage-{y}").get_marker() for y in range(3)]
    assert marks == ["v", "o", "^"]  # less often, not told from it, more often
    # all of 1,000 held: Wilson's limit n / (n + z^2), with z = 1.96 to three digits
    low = artist(ax, "error-2").get_xdata()[0]
    np.testing.assert_allclose(low, 100 * 1000 / (1000 + 1.96**2), rtol=1e-5)
    assert artist(ax, "claimed").get_segments()[0][0][0] == 95
    assert "in 1,000 samples" in plot.describe(ax)
    assert "wald 88.0 % (86.0 to 90.0)" in plot.describe(ax)
    less = plot.coverage(covered().drop(columns="samples"), level=0.9)
    assert plot.describe(less).startswith("Coverage of 90 % intervals, with its")
    committed = plot.coverage(pv.datasets.coverage("jamaica"))
    assert "prevalence by parish" in plot.describe(committed)


def test_coverage_says_what_is_wrong() -> None:
    with pytest.raises(KeyError, match="'coverage mc error' is missing"):
        plot.coverage(covered().drop(columns="coverage mc error"))
    with pytest.raises(ValueError, match=r"found 95\. Write 0\.95"):
        plot.coverage(covered().assign(coverage=95.0))
    with pytest.raises(ValueError, match="found none"):
        plot.coverage(covered().head(0))
