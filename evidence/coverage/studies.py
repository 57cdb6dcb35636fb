"""Whole studies, from the draw to the combined number, against the truth: ``python -m evidence.coverage.studies``.

Every cell is one `prevalence.simulate.study`: a finite population of 240,000 children in 2,000
clusters whose numbers of trafficked children, of ties and of reports are known. It is sampled 2,000
times: clusters, households, who takes part, adults' answers, case lists. Weights are made (base,
nonresponse, raking), the survey, the network and the lists are estimated, and estimates are combined.
In the cells of `DESIGNS` and `DECLARED` every assumption holds; in those of `VIOLATIONS` one fails on
purpose, and the rows are of the estimators that rest on it. With its 2,000 samples the study writes
`docs/evidence/studies.csv`, of which the page shows two parts; ``quick`` draws 100 and writes nothing.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pandas as pd

import prevalence as pv
from evidence.claims import DOCS, Claim, put
from prevalence.simulate import Fieldwork, Population, Rehearsal

SAMPLES, QUICK, SEED = 2_000, 100, 20_261_230
LEAST, MOST = 93.0, 97.0  # of the coverage of a nominal 95 % interval, in per cent
MC = 2.0  # Monte Carlo errors that a coverage may lie outside
FEW = 40  # clusters, up to which the jackknife is taken too: it costs as many estimates
MANY = 100  # cases expected in the survey, from which on every interval is held to 93 to 97 %
PREVALENCES = (0.002, 0.02, 0.2)
CHILDREN, CLUSTERS, CENSUS_ERROR = 240_000, 2_000, 0.05
COMMAND = "python -m evidence.coverage.studies"
DESIGNS: dict[str, dict[str, Any]] = {
    "two stages, PPS": {},
    "stratum 1 oversampled": {
        "selection": "srs",
        "oversample": 3.0,
        "nonresponse_by": "stratum",
        "margins": ["sex", "age_group", "stratum"],
    },
    "few clusters": {"sampled_clusters": 24, "households": 25, "strata": 2},
    "one child a household": {"one_per_household": True},
}
#: One assumption that fails: the arguments, and the estimators that rest on it.
VIOLATIONS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "adults report 60 %, taken for all": (
        {"transmission": 0.6, "ignoring": ["transmission"]},
        ("network", "combined"),
    ),
    "30 % of ties missing, taken for none": (
        {"barrier": 0.3, "ignoring": ["barrier"]},
        ("network", "combined"),
    ),
    "large groups recalled in part": ({"recall": 0.2}, ("network", "combined")),
    "lists depend, odds ratio 3": ({"dependence": 3.0, "ignoring": ["dependence"]}, ("lists",)),
    "children unequally visible": ({"heterogeneity": 1.0}, ("lists",)),
    "30 % referred, not declared": ({"referral": 0.3, "ignoring": ["referral"]}, ("lists",)),
    "10 % of links missed": ({"linkage_error": 0.1}, ("lists",)),
    "households with a case refuse": ({"nonresponse_by": "case"}, ("survey", "combined")),
    "refusals by stratum, ignored": (
        {"nonresponse_by": "stratum", "nonresponse": 0.4, "strata_ratio": 5.0}
        | {"margins": [], "ignoring": ["nonresponse"]},
        ("survey", "combined"),
    ),
}
#: The same dependence and referral, declared: the model has the pair.
DECLARED: dict[str, dict[str, Any]] = {
    "lists depend, declared": {"dependence": 3.0, "estimators": ["lists"]},
    "referral, declared": {"referral": 0.3, "estimators": ["lists"]},
}
#: Chains that do not rest on the cases of the survey, and those whose limits are made for few cases.
NO_SURVEY = ("network", "network, jackknife", "lists")
FOR_FEW = ("survey, share", "survey, share, jackknife", "share x uncertain census")
HELD, RARE = "93 to 97", "at least 93"
NAMED: dict[str, Any] = {
    "outcome": "trafficked children",
    "population": "children",
    "window": "",
    "denominator": "",
}


@dataclass(frozen=True)
class Cell:
    """One population and design; `estimators` are the rehearsal's own, or the chains."""

    name: str
    prevalence: float
    holds: bool = True
    asked: dict[str, Any] = field(default_factory=dict)
    chains: bool = True

    def rehearsal(self, number: int) -> Rehearsal:
        """Return the population and design of the cell."""
        return pv.simulate.study(
            self.prevalence,
            children=CHILDREN,
            clusters=CLUSTERS,
            census_error=CENSUS_ERROR,
            rng=SEED + number,
            **self.asked,
        )


def cells() -> list[Cell]:
    """Return every cell in the order of the tables."""
    made = [Cell(name, p, asked=asked) for name, asked in DESIGNS.items() for p in PREVALENCES]
    made += [Cell(name, 0.02, asked=asked, chains=False) for name, asked in DECLARED.items()]
    made += [
        Cell(name, 0.02, False, asked | {"estimators": estimators}, chains=False)
        for name, (asked, estimators) in VIOLATIONS.items()
    ]
    return made


def chain(population: Population, sample: Fieldwork) -> pv.Comparison:
    """Estimate one sample in every way, beside the truths; what does not exist is left out."""
    made: dict[str, pv.Estimate] = {}
    for name, estimate in makers(population.children, sample):
        try:
            made[name] = estimate()
        except ValueError:
            continue
    share, strata = population.prevalence, population.strata["prevalence"].tolist()
    truths = {"survey, share": share, "survey, share, jackknife": share, "network / survey": 1.0}
    truths["first less last stratum"] = strata[0] - strata[-1]
    truths["first over last stratum"] = strata[0] / strata[-1]
    known = {name: truths.get(name, population.cases) for name in made}
    return pv.compare(made, truth=known, side_by_side=True)


def makers(people: int, sample: Fieldwork) -> Iterator[tuple[str, Callable[[], pv.Estimate]]]:
    """Yield the chains of one sample by name."""
    share = pv.direct.prevalence(sample.children, "trafficked")
    by = pv.direct.prevalence(sample.children, "trafficked", by="stratum")
    survey, network = counted(share, people), scaled(sample)
    lists = listed(sample)
    yield "survey, share", lambda: share
    yield "survey, total", lambda: pv.direct.total(sample.children, "trafficked")
    yield "share x uncertain census", lambda: counted(share, sample.population)
    yield "network", lambda: network
    yield "lists", lambda: lists
    yield "mean of survey and network", lambda: (survey + network) / 2
    yield "mean of survey and lists", lambda: (survey + lists) / 2
    yield "network / survey", lambda: network / survey
    yield "first less last stratum", lambda: by[0] - by[len(by) - 1]
    yield "first over last stratum", lambda: by[0] / by[len(by) - 1]
    if sample.parameters.sampled_clusters <= FEW:
        again = replace(sample, parameters=replace(sample.parameters, variance="jackknife"))
        yield "survey, share, jackknife", lambda: pv.direct.prevalence(again.children, "trafficked")
        yield "network, jackknife", lambda: scaled(again)


def counted(share: pv.Estimate, people: float | pv.Estimate) -> pv.Estimate:
    """Return a share as a number of children."""
    return share.count(people).describe(**NAMED)


def scaled(sample: Fieldwork) -> pv.Estimate:
    """Return the number of children by scale-up, with the transmission that is true."""
    rate = sample.parameters.transmission
    return pv.nsum.scale_up(sample.answers, transmission=rate).describe(**NAMED)


def listed(sample: Fieldwork) -> pv.Estimate:
    """Return the number of children by a log-linear model of lists that do not depend."""
    return pv.mse.loglinear(sample.lists).describe(**NAMED)


def lines(cell: Cell, number: int, samples: int) -> pd.DataFrame:
    """Return one line per estimator of a cell; its seeds depend on nothing else."""
    rehearsal = cell.rehearsal(number)
    own = partial(chain, rehearsal.population) if cell.chains else None
    found = rehearsal.run(samples=samples, estimate=own, rng=SEED + 1_000 + number, n_jobs=2)
    table = pd.DataFrame(
        {
            "cell": cell.name,
            "design": cell.name if cell.name in DESIGNS else next(iter(DESIGNS)),
            "prevalence": 100 * cell.prevalence,
            "estimator": found["estimator"],
            "holds": "yes" if cell.holds else "no",
            "samples": samples,
            "none": 100 * found["none"],
            "cases": rehearsal.expected.cases,
        }
    )
    shares = {"bias": "bias", "rmse": "rmse", "coverage": "coverage"}
    for name, column in (shares | {"left": "too_low", "right": "too_high"}).items():
        table[name] = 100 * found[column]
        table[f"{name} mc"] = 100 * found[f"{column}_mc"]
    table["se_ratio"], table["se_ratio mc"] = found["se_ratio"], found["se_ratio_mc"]
    return judged(table)


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """Add what is asked of each line's coverage, and whether it is met."""
    rows = table.to_dict("records")
    return table.assign(asked=[asked(row) for row in rows], met=[met(row) for row in rows])


def asked(row: dict[Any, Any]) -> str:
    """Say what is asked of a line's coverage."""
    if row["holds"] == "no":
        return "nothing: an assumption fails"
    if row["estimator"] in NO_SURVEY or row["cases"] >= MANY:
        return HELD
    return RARE if row["estimator"] in FOR_FEW else "nothing: few cases"


def met(row: dict[Any, Any]) -> str:
    """Tell whether a line's coverage is what is asked, within its Monte Carlo error."""
    bar, slack = asked(row), MC * row["coverage mc"]
    if bar not in (HELD, RARE):
        return ""
    enough = row["coverage"] >= LEAST - slack
    return "yes" if enough and (bar == RARE or row["coverage"] <= MOST + slack) else "NO"


def study(samples: int, names: list[str] | None = None) -> pd.DataFrame:
    """Return the lines of all cells, or of those named."""
    done = []
    for number, cell in enumerate(cells()):
        if names and cell.name not in names:
            continue
        done.append(lines(cell, number, samples))
        print(done[-1][list(SHORT)].round(DIGITS).to_string(index=False), flush=True)
    return pd.concat(done, ignore_index=True)


SHORT = ("cell", "prevalence", "estimator", "bias", "se_ratio", "coverage", "left", "right", "met")
SHOWN = (
    *("cell", "prevalence", "estimator", "samples", "cases", "none", "bias", "rmse"),
    *("se_ratio", "coverage", "coverage mc", "left", "right"),
)
NAMED_HEADS = {
    "bias": "bias %",
    "bias mc": "bias % mc",
    "rmse": "rmse %",
    "rmse mc": "rmse % mc",
}
HEADS = {"prevalence": "%", "bias": "bias %", "rmse": "rmse %", "coverage mc": "±"}
DIGITS = {
    **dict.fromkeys(("bias", "rmse", "bias mc", "rmse mc"), 2),
    **dict.fromkeys(("coverage", "left", "right", "none", "cases", "prevalence"), 1),
    **dict.fromkeys(("coverage mc", "left mc", "right mc"), 2),
    **dict.fromkeys(("se_ratio", "se_ratio mc"), 3),
}


def main(arguments: list[str]) -> int:
    """Run the study, write its tables and claims; ``quick`` or names of cells write nothing."""
    quick = "quick" in arguments
    names = [name for name in arguments if name != "quick"]
    table = study(QUICK if quick else SAMPLES, names).round(DIGITS)
    print(table[table["met"] == "NO"][list(SHORT)].to_string(index=False))
    if quick or names:
        return 0
    return written(table)


def written(table: pd.DataFrame) -> int:
    """Write the tables that the page shows, and the claims."""
    table.rename(columns=NAMED_HEADS).to_csv(DOCS / "studies.csv", index=False)
    for holds, name in (("yes", "studies-hold.csv"), ("no", "studies-violations.csv")):
        part = table[table["holds"] == holds]
        shown = ["met"] if holds == "yes" else []
        part[[*SHOWN, *shown]].rename(columns=HEADS).to_csv(DOCS / name, index=False)
    return put(COMMAND, claims(table))


def claims(table: pd.DataFrame) -> list[Claim]:
    """Return what is promised of the tables."""
    usual, rare = (table[table["asked"] == bar] for bar in (HELD, RARE))
    broken = table[table["holds"] == "no"]
    return [
        _claim("coverage of chains of whole studies whose assumptions hold", "93 to 97 %", usual),
        _claim(f"coverage of shares with fewer than {MANY} cases expected", "at least 93 %", rare),
        Claim(
            "violations of assumptions are shown",
            f"{len(VIOLATIONS)} kinds",
            f"{broken['cell'].nunique()}, coverage {broken['coverage'].min():.0f} to "
            f"{broken['coverage'].max():.0f} %",
            broken["cell"].nunique() == len(VIOLATIONS),
            "studies",
        ),
    ]


def _claim(claim: str, promised: str, part: pd.DataFrame) -> Claim:
    outside = int((part["met"] != "yes").sum())
    found = (
        f"{part['coverage'].min():.1f} to {part['coverage'].max():.1f} % in {len(part)} lines, {outside} "
        f"outside by more than {MC:g} Monte Carlo errors"
    )
    return Claim(claim, promised, found, bool((part["met"] == "yes").all()), "studies")


if __name__ == "__main__":
    warnings.simplefilter("default")
    sys.exit(main(sys.argv[1:]))
