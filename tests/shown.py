"""Estimates of many kinds, and all that a reader is shown of them: `python -m tests.shown` writes it anew."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

import prevalence as pv

FILE = Path(__file__).parent / "reference" / "shown.txt"


def survey(seed: int = 3, rows: int = 360, rate: float = 0.06) -> pv.Survey:
    """Return rows in 36 districts of 3 regions; nobody of the last town is a case."""
    rng = np.random.default_rng(seed)
    district = np.arange(rows) * 36 // rows
    town = rng.integers(0, 12, rows)
    data = {
        "w": rng.integers(80, 200, rows).astype(float),
        "district": district,
        "region": district // 12,
        "town": [f"town {t}" for t in town],
        "sex": np.array(["girl", "boy"])[rng.integers(0, 2, rows)],
        "case": ((rng.random(rows) < rate) & (town < 11)).astype(int),
        "hours": rng.gamma(2.0, 4.0, rows),
        "owed": rng.gamma(1.0, 90.0, rows),
    }
    made = pv.Survey(data, weights="w", strata="region", psu="district", source="shown")
    return made.describe(
        rows="children",
        psus="districts",
        population="children 5 to 17 living in households",
        window="12 months before interview",
        excludes="children in institutions, on the street or at employers",
    )


def lists() -> pv.Lists:
    """Return three lists of a stable size."""
    histories = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]]
    names = ["police", "home", "clinic"]
    return pv.Lists.from_counts(histories, [63, 44, 81, 11, 17, 9, 4], names)


def product() -> pv.Estimate:
    rate = pv.uncertain(0.6, 0.4, 0.8, kind="beta", name="reported share")
    return pv.direct.total(survey(), "case") / rate


def bridged() -> pv.Estimate:
    share = pv.direct.prevalence(survey(), "case")
    factor = pv.uncertain(1.1, std_error=0.05, name="age bridge")
    return share.bridge(factor, reason="Ages 5 to 17 to 0 to 17.", population="children 0 to 17")


def scaled_up() -> pv.Estimate:
    rng = np.random.default_rng(8)
    data = {
        "police": rng.poisson(3, 60) + 1,
        "nurses": rng.poisson(5, 60),
        "working": rng.poisson(0.4, 60),
    }
    answers = pv.Answers(
        pv.Survey(data, source="shown"),
        known={"police": 900, "nurses": 1_500},
        hidden={"working children": "working"},
        alters="children",
        tie="they know by name",
        window="last 12 months",
        population=80_000,
    )
    rate = pv.uncertain(0.7, 0.5, 0.9, kind="beta", name="transmission rate")
    return pv.nsum.scale_up(answers, transmission=rate)


def imputed() -> pv.Estimate:
    return pv.combine_imputations(
        [pv.direct.prevalence(survey(seed), "case") for seed in (3, 4, 5)], name="shown"
    )


def regression() -> pv.Estimate:
    return pv.direct.regression(survey(), "case", ["hours", "sex"], family="binomial")


def difference() -> pv.Estimate:
    hours = pv.direct.mean(survey(), "hours", by="sex")
    return hours["girl"] - hours["boy"]


def of_domains() -> pv.Estimate:
    shares = pv.direct.prevalence(survey(rate=0.3), "case", by="sex")
    return shares["girl"] / shares["boy"]


MADE: dict[str, Callable[[], pv.Estimate]] = {
    "a share": lambda: pv.direct.prevalence(survey(), "case"),
    "shares of towns": lambda: pv.direct.prevalence(survey(), "case", by="town"),
    "shares of two columns": lambda: pv.direct.prevalence(survey(), "case", by=["sex", "region"]),
    "a common share": lambda: pv.direct.prevalence(survey(rate=0.4), "case"),
    "a share of a few": lambda: pv.direct.prevalence(survey(rows=72), "case", by="sex"),
    "a number": lambda: pv.direct.total(survey(), "case"),
    "numbers": lambda: pv.direct.counts(survey(), "case", by="sex"),
    "two means": lambda: pv.direct.mean(survey(), ["hours", "owed"], by="sex"),
    "a ratio": lambda: pv.direct.ratio(survey(), "owed", "hours"),
    "a median": lambda: pv.direct.quantile(survey(), "owed", 0.5),
    "a share by the jackknife": lambda: pv.direct.prevalence(survey().jackknife(), "case"),
    "a share by a bootstrap": lambda: pv.direct.prevalence(survey().bootstrap(60, rng=1), "case"),
    "a raked share": lambda: pv.direct.prevalence(
        survey().rake({"sex": {"girl": 21_000, "boy": 22_000}}).trim(4), "case"
    ),
    "a share of a known population": lambda: pv.direct.prevalence(survey(), "case").count(40_000),
    "a number of an uncertain population": lambda: pv.direct.prevalence(survey(), "case").count(
        pv.uncertain(40_000, std_error=900, name="children")
    ),
    "a number over an uncertain share": product,
    "a share of other children": bridged,
    "a difference": difference,
    "a ratio of domains": of_domains,
    "a logarithm": lambda: np.log(pv.direct.mean(survey(), "hours")),
    "a known share": lambda: pv.uncertain(0.6, 0.4, 0.8, kind="beta", name="reported share"),
    "a validated share": lambda: pv.validated(correct=45, tested=50, name="sensitivity"),
    "a validated share of all": lambda: pv.validated(correct=50, tested=50, name="specificity"),
    "a regression": regression,
    "combined imputations": imputed,
    "a scale-up": scaled_up,
    "two lists": lambda: pv.mse.chapman(lists(), between=("police", "home")),
    "three lists": lambda: pv.mse.loglinear(lists(), pairs=[]),
    "a share of lists": lambda: pv.direct.prevalence(survey(), "case").count(
        pv.mse.loglinear(lists(), pairs=[])
    ),
}


def page(e: pv.Estimate) -> str:
    """Return everything shown of an estimate, one field a line where it is a table."""
    table = e.to_frame()
    rows = [
        f"{name}: {', '.join(f'{x:.4g}' if isinstance(x, float) else str(x) for x in column)}"
        for name, column in table.items()
    ]
    html = re.sub(r"(</tr>|</p>|<details>)", r"\1\n", e._repr_html_())
    parts = [repr(e), e.sentence(), e.sentence(0.8), e.explain(), "\n".join(rows), html]
    return "\n\n".join(parts)


def every() -> dict[str, str]:
    """Return the pages by name."""
    out = {}
    for name, make in MADE.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pv.PrevalenceWarning)  # shown with the estimate
            made = make()
        out[name] = page(replace(made))
    return out


def written() -> dict[str, str]:
    """Return the pages of the file."""
    text = FILE.read_text("utf-8")
    found = re.split(r"^=== (.*) ===\n", text, flags=re.MULTILINE)[1:]
    return {name: body.rstrip("\n") for name, body in zip(found[::2], found[1::2], strict=True)}


if __name__ == "__main__":
    pages = every().items()
    FILE.write_text("\n".join(f"=== {name} ===\n{body}\n" for name, body in pages), "utf-8")
