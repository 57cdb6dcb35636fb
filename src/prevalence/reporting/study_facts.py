"""What a study's objects say of it, in the words of a reporting checklist."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..disclosure import ROUND_TO, fewer, is_suppressed, switched_on
from ..estimand import Estimand
from ..estimate import Estimate
from ..headline import headlines, is_floor
from ..intervals import WORDS
from ..presentation import adjusted, definitions_of, estimand_of, plain_name, window_of
from .page import EXAMPLE, title_of

if TYPE_CHECKING:
    from ..answers import Answers
    from ..lists import Lists
    from ..mse import Reliability
    from ..nsum import Posterior, Validation


@dataclass(frozen=True)
class Study:
    """Estimates of one family with what else is known of how they came about."""

    estimates: Mapping[str, Estimate]
    answers: Answers | None = None
    validation: Validation | None = None
    posterior: Posterior | None = None
    lists: Lists | None = None
    reliability: Reliability | None = None
    weight_flow: pd.DataFrame | None = None
    synthetic: bool = False
    disclosure: str = "on"
    tables: Mapping[int, pd.DataFrame] = field(default_factory=dict)

    def table(self, e: Estimate) -> pd.DataFrame:
        """Return the table of an estimate as it may be published."""
        return self.tables[id(e)]

    @property
    def asked(self) -> Answers | None:
        """The answers, given or behind the validation."""
        return self.answers or (self.validation.asked if self.validation else None)


def each(study: Study, words: Mapping[str, str]) -> str:
    """Return texts of estimates, those that are equal once with all their names."""
    found: dict[str, list[str]] = {}
    for name, said in words.items():
        if said:
            found.setdefault(said.strip().rstrip("."), []).append(title_of(name))
    if len(found) == 1 and len(words) == len(next(iter(found.values()))):
        return next(iter(found))
    one = len(study.estimates) == 1
    return ". ".join(
        said if one else f"{'; '.join(names)}: {said}" for said, names in found.items()
    )


def _estimands(e: Estimate) -> Iterator[Estimand]:
    yield from (estimand_of(e, outcome) for outcome in dict.fromkeys(e.outcomes))


def of_estimand(study: Study, part: str) -> str:
    """Return a part of what each estimate is of."""
    words = {}
    for name, e in study.estimates.items():
        parts = dict.fromkeys(str(getattr(about, part)) for about in _estimands(e))
        said = [window_of(x) if part == "window" else x for x in parts if x]
        words[name] = "; ".join(said)
    return each(study, words)


def definitions(study: Study) -> str:
    """Return the definitions with the hash of each."""
    words = {
        name: "; ".join(
            f"{d.rstrip('.')} ({f'digest {h}' if h else 'no digest: not coded by a Definition'})"
            for d, h in definitions_of(e).items()
        )
        for name, e in study.estimates.items()
    }
    return each(study, words)


def population(study: Study) -> str:
    """Return whom each estimate speaks for."""
    words = {
        name: "; ".join(dict.fromkeys(a.population or a.denominator for a in _estimands(e)))
        for name, e in study.estimates.items()
    }
    return each(study, words)


def numbers(study: Study) -> str:
    """Return each estimate of the whole with its interval, protected, and the numbers behind it."""
    said = []
    for name, e in study.estimates.items():
        table = study.table(e)
        hidden = is_suppressed(table)
        if "all" not in set(table["domain"]):
            by = ", ".join(map(plain_name, e.label_names))
            said.append(f"{title_of(name) or 'Estimates'}: {len(e)} rows, by {by}, in the tables")
        for i in np.flatnonzero((table["domain"] == "all").to_numpy()):
            head = "suppressed" if hidden[i] else " (".join(headlines(e, table)[i]) + ")"
            said.append(f"{title_of(name)}: {head}" if name else head)
    return "; ".join(said)


def behind(study: Study) -> str:
    """Return rows, cases and primary units that each estimate of the whole rests on."""
    words = {}
    for name, e in study.estimates.items():
        table = study.table(e)
        row = table[table["domain"] == "all"].head(1)
        if not len(row):
            words[name] = "Row by row in the tables"
            continue
        told = {"n": "n", "cases": "cases", "psus": "primary units"}
        told |= {key: str(e.provenance[key]) for key in ("cases", "psus") if key in e.provenance}
        parts = [
            f"{word} {int(row[column].iloc[0]):,}"
            for column, word in told.items()
            if not pd.isna(row[column].iloc[0])
        ]
        words[name] = ", ".join(parts)
    return each(study, words)


def made(study: Study, key: str) -> str:
    """Return a remark of the estimates on how they were made."""
    words = {}
    for name, e in study.estimates.items():
        said = e.provenance.get(key, "")
        words[name] = said if isinstance(said, str) else ", then ".join(map(str, said))
    return each(study, words)


def steps(study: Study, *starts: str) -> str:
    """Return the weighting steps that begin with some words."""
    words = {}
    for name, e in study.estimates.items():
        said = e.provenance.get("weights", ())
        every = [said] if isinstance(said, str) else [str(step) for step in said]
        words[name] = ", then ".join(step for step in every if step.startswith(starts))
    return each(study, words)


def intervals(study: Study) -> str:
    """Return by which rule the limits are made."""
    return each(study, {name: WORDS[e.interval_rule] for name, e in study.estimates.items()})


def methods(study: Study) -> str:
    """Return the estimators with their sources."""
    words = {
        name: f"{e.method} ({'; '.join(e.citations)})" if e.citations else e.method
        for name, e in study.estimates.items()
    }
    return each(study, words)


def assumed(study: Study) -> str:
    """Return what the estimates assume."""
    return each(study, {name: " ".join(e.assumptions) for name, e in study.estimates.items()})


def assuming(study: Study, *words: str) -> str:
    """Return the assumptions that are about some words."""
    found = [
        text
        for e in study.estimates.values()
        for text in e.assumptions
        if any(word in text for word in words)
    ]
    return " ".join(dict.fromkeys(found))


def warned(study: Study) -> str:
    """Return what was warned of, or that nothing was."""
    words = {
        name: " ".join(EXAMPLE.sub("", text) for text in e.warnings)
        for name, e in study.estimates.items()
    }
    return each(study, words) or "No warning was given"


def adjustments(study: Study, part: str = "") -> str:
    """Return the adjustments of scale-up estimates, or one of them."""
    words = {}
    for name, e in study.estimates.items():
        every = [text for text in adjusted(e).split(", ") if text]
        words[name] = ", ".join(x for x in every if x.startswith(part))
    return each(study, words)


def floors(study: Study) -> str:
    """Return which estimates are floors."""
    names = [title_of(name) for name, e in study.estimates.items() if is_floor(e)]
    if len(names) == len(study.estimates):
        return "Read as a floor: at least the lower limit, if the assumption holds"
    return f"Floors: {'; '.join(names)}" if names else ""


def missing(study: Study) -> str:
    """Return how many rows had no outcome."""
    words = {}
    for name, e in study.estimates.items():
        table = study.table(e)
        lost = table.loc[table["domain"] == "all", "missing"].dropna()
        words[name] = f"{int(lost.iloc[0]):,} rows without the outcome" if len(lost) else ""
    return each(study, words)


def by_domain(study: Study) -> str:
    """Return by what the estimates are broken down, and how many rows are suppressed."""
    said = []
    for e in study.estimates.values():
        if e.label_names:
            hidden = int(is_suppressed(study.table(e)).sum())
            by = ", ".join(map(plain_name, e.label_names))
            said.append(f"by {by}, {hidden} of {len(e)} rows suppressed")
    return "; ".join(dict.fromkeys(said)) or "No domains"


def weights_after(study: Study) -> str:
    """Return what the weights are after the last step."""
    flow = study.weight_flow
    if flow is None:
        return ""
    last = flow.iloc[-1]
    effect = next((c for c in flow.columns if "deff" in str(c)), None)
    told = "" if effect is None else f"; design effect of unequal weights {float(last[effect]):.2f}"
    return f"{len(flow)} steps are shown with their weights{told}"


def software(_: Study) -> str:
    """Return the software with its version."""
    from .. import __version__

    return f"prevalence {__version__}, Python {platform.python_version()}, numpy {np.__version__}"


def protection(study: Study) -> str:
    """Return how small cells are protected in what is published."""
    if not switched_on(study.disclosure):
        return f"Protection was switched {study.disclosure.strip()}"
    return (
        f"Fewer than 25 rows, 5 cases or 3 primary units are suppressed, with complements; numbers of "
        f"people are to the nearest {ROUND_TO}"
    )


def nobody_asked(study: Study) -> str:
    """Return that data are synthetic, where they are."""
    return "Synthetic data: nobody was asked or recorded" if study.synthetic else ""


# ---------------------------------------------------------------------- scale-up
def alters(study: Study) -> str:
    """Return whom respondents were asked about."""
    return made(study, "alters")


def tie(study: Study) -> str:
    """Return what it is to know somebody."""
    return (study.asked.tie if study.asked else "") or made(study, "tie")


def known_groups(study: Study) -> str:
    """Return the known groups with their sizes, sources and years."""
    if study.asked is None:
        return made(study, "degrees")
    said = []
    for name, group in study.asked.known.items():
        size = group.size if group.size is not None else np.nan
        source = ", ".join(str(x) for x in (group.source, group.year) if x)
        said.append(f"{plain_name(name)} {float(size):,.0f}{f' ({source})' if source else ''}")
    return f"{len(said)} known groups: {'; '.join(said)}"


def known_sources(study: Study) -> str:
    """Return that all sizes have a source and year, or which have not."""
    if study.asked is None or not study.asked.known:
        return ""
    groups = study.asked.known
    without = [name for name, group in groups.items() if not (group.source and group.year)]
    return "" if without else f"All {len(groups)} sizes have a source and a year, named above"


def held_out(study: Study) -> str:
    """Return how well known groups come back from the others."""
    if study.validation is None:
        return ""
    v = study.validation
    removed = (
        f"; left out of the scale: {', '.join(map(plain_name, v.removed))}" if v.removed else ""
    )
    return (
        f"{len(v.ratio)} known groups were held out one at a time: those kept are "
        f"{100 * v.are:.0f} % off on average{removed}"
    )


def converged(study: Study) -> str:
    """Return whether the chains of a model have converged, or that no model is sampled."""
    said = made(study, "convergence")
    if study.posterior is not None:
        state = "have converged" if study.posterior.converged else "have NOT converged"
        return f"The chains of the {study.posterior.model} model {state}. {said}".strip()
    return said or "No model is sampled: the variance is the design's"


# ---------------------------------------------------------------------- lists
def list_names(study: Study) -> str:
    """Return the lists by name."""
    if study.lists is None:
        return ""
    names = [plain_name(name) for name in study.lists.names]
    return f"{len(names)} lists: {', '.join(names)}"


def overlap(study: Study) -> str:
    """Return how many persons are on several lists."""
    if study.lists is None:
        return ""
    return (
        f"{fewer(study.lists.seen)} persons, {fewer(study.lists.overlap)} of them on two lists or "
        "more; each combination is on the page of pv.report"
    )


def referrals(study: Study) -> str:
    """Return between which lists referral is recorded, or which dependence is taken for granted."""
    pairs = study.lists.referral_pairs() if study.lists is not None else ()
    said = "; ".join(" and ".join(map(plain_name, pair)) for pair in pairs)
    return f"Recorded between {said}" if said else ""


def identified(study: Study) -> str:
    """Return the assumption that identifies each estimate, and the declared facts."""
    words = {
        name: "; ".join(
            str(e.provenance[key]) for key in ("identified by", "declared facts") if key in e.provenance
        )
        for name, e in study.estimates.items()
    }  # fmt: skip
    return each(study, words)


def models(study: Study) -> str:
    """Return the range over other models that fit about as well."""
    from ..presentation import other_models

    return each(study, {name: other_models(e) for name, e in study.estimates.items()})


def tested(study: Study) -> str:
    """Return the verdicts of a report of reliability."""
    report = study.reliability
    if report is None:
        return ""
    return f"From the data: {report.data}. From declared facts: {report.facts}"


def leave_one_out(study: Study) -> str:
    """Return that each list was left out in turn."""
    if study.reliability is None or not len(study.reliability.without):
        return ""
    return (
        f"Each of {len(study.reliability.without)} lists was left out in turn (reliability report)"
    )
