"""The items of the reporting checklists: their names, what they ask, and where it is found."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from . import study_facts as facts
from .study_facts import Study


class Item(NamedTuple):
    """One item: its name, what to report, and what the objects of a study say of it."""

    name: str
    asks: str
    find: Callable[[Study], str]


def _nothing(_: Study) -> str:
    return ""


FIRST = (
    Item("definition", "Who counts as a case: the definition, with the digest of its coded rule.", facts.definitions),
    Item("window", "The time that the estimate refers to.", partial(facts.of_estimand, part="window")),
    Item("population", "Whom the estimate speaks for: ages, places.", facts.population),
    Item("not included", "Who could not be reached, and is not in the estimate.", partial(facts.of_estimand, part="excludes")),
)  # fmt: skip
LAST = (
    Item("estimates", "Each estimate with its interval.", facts.numbers),
    Item("numbers behind", "Rows, cases and primary units that each estimate rests on.", facts.behind),
    Item("intervals", "By which rule intervals are made.", facts.intervals),
    Item("estimators", "The estimator of each, with its source.", facts.methods),
    Item("assumptions", "What is assumed and cannot be tested here.", facts.assumed),
    Item("warnings", "What the computation warned of.", facts.warned),
    Item("small cells", "How small cells are protected.", facts.protection),
    Item("software", "Software with versions.", facts.software),
    Item("data and code", "Where data and code are, with their digests; or why they cannot be shared.", _nothing),
    Item("ethics", "Which board approved it; what was done for those asked, and for a child found in danger.", facts.nobody_asked),
    Item("funding", "Who paid, and what part they had.", _nothing),
)  # fmt: skip
SAMPLE = (
    Item("fieldwork", "Dates and places of the interviews.", facts.nobody_asked),
    Item("frame", "The list that the sample was drawn from, its age, and what it leaves out.", _nothing),
    Item("design", "Strata, stages and units of the sample.", partial(facts.made, key="design")),
    Item("response", "How many were selected, eligible and answered.", _nothing),
)  # fmt: skip

SURVEY = (
    *FIRST,
    *SAMPLE,
    Item("selection", "Who was selected in the household: all, or one, and how.", lambda s: facts.steps(s, "attach")),
    Item("questions", "The questions as worded, their languages, and how they were tested.", _nothing),
    Item("respondent", "Who answered: the child, a parent, another; and who was present.", _nothing),
    Item("weights", "Base weights and every step after them, in order.", partial(facts.made, key="weights")),
    Item("nonresponse", "How those who did not answer were made up for.", lambda s: facts.steps(s, "nonresponse")),
    Item("calibration", "The totals that weights were raked or calibrated to.", lambda s: facts.steps(s, "rake", "poststratify", "calibrate")),
    Item("sources of totals", "Where these totals come from, and their year.", _nothing),
    Item("weights at the end", "How unequal the weights are after each step.", facts.weights_after),
    Item("variance", "How the variance follows the design and the weighting.", partial(facts.made, key="variance")),
    Item("missing outcomes", "How many rows lack the outcome, and what was done.", facts.missing),
    Item("errors of the instrument", "How far answers are wrong, or what is assumed of it.", lambda s: facts.assuming(s, "measured", "sensitivity", "specificity", "false")),
    Item("domains", "Which parts of the population are told of, and which are too small.", facts.by_domain),
    *LAST,
)  # fmt: skip
SCALE_UP = (
    *FIRST,
    *SAMPLE,
    Item("weights", "Weights of the respondents, step by step.", partial(facts.made, key="weights")),
    Item("tie", "What it is to know somebody, word for word.", facts.tie),
    Item("alters", "Whom respondents count: adults or children, alive, in which area.", facts.alters),
    Item("questions", "The questions on known and hidden groups as worded, in their order.", _nothing),
    Item("known groups", "The groups of known size that scale the estimate.", facts.known_groups),
    Item("sources of sizes", "Source and year of every known size.", facts.known_sources),
    Item("degrees", "How the numbers of people known were estimated.", partial(facts.made, key="degrees")),
    Item("held out", "How well each known group comes back from the others.", facts.held_out),
    Item("transmission", "The share of ties that respondents know of and tell, with its uncertainty.", partial(facts.adjustments, part="transmission")),
    Item("source of transmission", "How the transmission was measured, on whom.", _nothing),
    Item("degree ratio", "How many people know hidden people, against others.", partial(facts.adjustments, part="degree ratio")),
    Item("false reports", "The share of reports that are true.", partial(facts.adjustments, part="precision")),
    Item("barrier and recall", "Who knows more of a group than chance; what is forgotten.", lambda s: facts.assuming(s, "barrier", "recall")),
    Item("variance", "How the variance follows the design; not the binomial formula alone.", partial(facts.made, key="variance")),
    Item("convergence", "Of a fitted model: chains, draws, R-hat and effective draws.", facts.converged),
    *LAST,
)  # fmt: skip
LISTS = (
    *FIRST,
    Item("lists", "The lists by name, and who keeps them.", facts.list_names),
    Item("inclusion", "What brings a person on each list, and since when.", _nothing),
    Item("persons", "How many persons are on the lists, and on one only.", partial(facts.made, key="design")),
    Item("linkage", "By what records of one person were found, and the links missed and false.", lambda s: facts.made(s, "versions of the linkage")),
    Item("false cases", "How it was checked that entries are cases.", _nothing),
    Item("referral", "Which lists send cases to which, and what of that is recorded.", facts.referrals),
    Item("overlap", "How many are on each combination of lists, small numbers protected.", facts.overlap),
    Item("identified by", "The assumption that makes the unseen estimable, and the declared facts.", facts.identified),
    Item("choice of the model", "Which models were tried, and how one was chosen.", lambda s: facts.made(s, "model") or facts.made(s, "models")),
    Item("other models", "What models that fit about as well would give.", facts.models),
    Item("variance", "Whether the choice of the model is in the interval.", partial(facts.made, key="variance")),
    Item("reliability", "Whether the data, and the declared facts, support the estimate.", facts.tested),
    Item("without a list", "What the estimate is when each list is left out.", facts.leave_one_out),
    Item("floor", "Whether it is read as a floor.", facts.floors),
    *LAST,
)  # fmt: skip

#: The items of each kind of study.
ITEMS: dict[str, tuple[Item, ...]] = {"survey": SURVEY, "scale-up": SCALE_UP, "lists": LISTS}
