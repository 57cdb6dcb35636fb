"""The public names in groups, by what one wants to do: the pages of the API reference are made of this.

A public name that stands in no group comes last on the page of its module.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace

import prevalence

__all__ = ["PARTS", "Group", "Part", "complete", "pages", "public"]


@dataclass(frozen=True)
class Group:
    """A heading, one sentence, and names below ``prevalence``."""

    title: str
    about: str
    names: str


@dataclass(frozen=True)
class Part:
    """A page of the reference."""

    name: str
    title: str
    about: str
    groups: tuple[Group, ...]


PARTS = (
    Part(
        "data",
        "Data, definitions, weights",
        "Files in, who counts as a case, and a sample with its design and weights.",
        (
            Group(
                "The sample",
                "Rows, design, weighting recipe and variance scheme; every estimate starts here.",
                "Survey uncertain validated",
            ),
            Group(
                "Files",
                "Exports and survey files, with labels and why a value is missing.",
                "read_kobo read_stata read_spss read_htcds Microdata Variable",
            ),
            Group(
                "Who is a case",
                "A definition is indicators and a rule, coded once, with a hash.",
                "Definition Indicator AllOf AnyOf AtLeast Not",
            ),
            Group(
                "Answers and lists",
                "What network scale-up and multiple-systems estimation take.",
                "Answers Lists linkage_keys",
            ),
        ),
    ),
    Part(
        "direct",
        "Household surveys",
        "Estimates from the people who were drawn: `pv.direct`.",
        (
            Group(
                "Shares and totals",
                "By domain, with the variance of the design.",
                "direct.prevalence direct.proportions direct.mean direct.total direct.ratio "
                "direct.counts direct.variance direct.quantile direct.standardised",
            ),
            Group(
                "Reports about others",
                "What an informant tells of children elsewhere.",
                "direct.multiplicity direct.neighbourhood",
            ),
            Group(
                "Models and tests",
                "With design-based variances.",
                "direct.regression direct.marginal_effects direct.chi_square direct.t_test "
                "direct.wald_test direct.Test",
            ),
        ),
    ),
    Part(
        "errs",
        "Instruments that err, questions people will not answer",
        "A screen that is wrong at times, a proxy, a validation study: `pv.misclassification`. A list "
        "experiment or a masked answer: `pv.sensitive`.",
        (
            Group(
                "Screens, proxies and validation",
                "What is true behind what was recorded.",
                "misclassification.rogan_gladen misclassification.validation_subsample "
                "misclassification.proxy misclassification.what_if misclassification.WhatIf",
            ),
            Group(
                "Several items",
                "One trait behind several questions.",
                "misclassification.latent_class misclassification.local_dependence",
            ),
            Group(
                "List experiments",
                "Counts of items, one of them sensitive.",
                "sensitive.list_difference sensitive.double_list sensitive.list_combined "
                "sensitive.list_regression sensitive.list_prevalence sensitive.list_design_test "
                "sensitive.DesignTest sensitive.list_placebos sensitive.Placebos",
            ),
            Group(
                "Randomised response",
                "Answers that a device masks.",
                "sensitive.randomized_response sensitive.randomized_response_regression "
                "sensitive.relative_variance",
            ),
        ),
    ),
    Part(
        "nsum",
        "Network scale-up",
        "From the people whom respondents know to the size of a hidden group: `pv.nsum`.",
        (
            Group(
                "Sizes",
                "The scale-up estimators and their averages.",
                "nsum.scale_up nsum.generalized nsum.network_rates nsum.blend nsum.recall_adjusted",
            ),
            Group(
                "Degrees and adjustments",
                "How many people a respondent knows, and what the plain estimator leaves out.",
                "nsum.degree nsum.degree_ratio nsum.game_of_contacts nsum.sensitivity",
            ),
            Group(
                "Known groups",
                "What is asked about, and whether it comes back.",
                "nsum.Group nsum.validate nsum.Validation nsum.Recall nsum.recalled_size "
                "nsum.scaled_down nsum.ScaledDown",
            ),
            Group("Models", "Bayesian models of the numbers known.", "nsum.fit nsum.Posterior"),
            Group(
                "Planning",
                "How many respondents.",
                "nsum.sample_size nsum.precision nsum.Plan",
            ),
        ),
    ),
    Part(
        "mse",
        "Lists",
        "How many people are on none of several overlapping lists: `pv.mse`.",
        (
            Group(
                "Two lists, and bounds",
                "The simplest, and what they are at least.",
                "mse.chapman mse.lincoln_petersen mse.lower_bound mse.one_inflation mse.closed",
            ),
            Group(
                "Log-linear models",
                "One model, the best of many, or an average.",
                "mse.loglinear mse.select mse.stepwise mse.models mse.ModelTable mse.thresholded "
                "mse.vary_ntop mse.NtopTable mse.stratified",
            ),
            Group(
                "Bayesian models",
                "Over graphs of lists, or unseen classes of persons.",
                "mse.decomposable mse.graph_posterior mse.GraphPosterior mse.latent_class "
                "mse.latent_class_fit mse.LatentClassFit",
            ),
            Group(
                "Covariates",
                "Chances of being listed that differ between persons.",
                "mse.huggins mse.doubly_robust mse.doubly_robust_pairs mse.Pairs",
            ),
            Group(
                "Referral and linkage",
                "Lists that send persons to each other, and records joined with errors.",
                "mse.referral_aware mse.referral_bracket mse.ReferralBracket mse.linked "
                "mse.linked_pair mse.over_linkages",
            ),
            Group(
                "What an estimate rests on",
                "Before it is believed.",
                "mse.reliability mse.Reliability mse.sensitivity mse.Sensitivity mse.influence "
                "mse.Influence",
            ),
        ),
    ),
    Part(
        "results",
        "Results, comparisons, reports",
        "One class holds every estimate; estimates of one quantity are compared with their covariance.",
        (
            Group("Estimates", "Values with their uncertainty.", "Estimate Estimand load"),
            Group(
                "Comparing and combining",
                "Several methods side by side; several imputations in one.",
                "compare Comparison combine_imputations",
            ),
            Group(
                "Reports",
                "Tables, a page for a reader, and what such a page must hold.",
                "report Table checklist Checklist",
            ),
            Group(
                "An estimator of your own",
                "Pieces for functions of the weights, see `Survey.estimate`.",
                "root solve",
            ),
            Group(
                "Planning",
                "How large, and how many replicates.",
                "plan.sample_size plan.two_rounds replicates_needed",
            ),
            Group(
                "Errors",
                "What is raised or warned of, besides Python's own.",
                "ConvergenceError DisclosureError PrevalenceWarning",
            ),
        ),
    ),
    Part(
        "plot",
        "Figures",
        "Intervals always drawn, readable in grey, in English or French, small cells kept out: `pv.plot`.",
        (
            Group(
                "Estimates",
                "Beside each other and beside the truth.",
                "plot.ladder plot.forest plot.domains plot.tornado plot.coverage plot.weight_flow "
                "plot.describe",
            ),
            Group(
                "Definitions",
                "What a definition changes.",
                "plot.definitions plot.definition_changes",
            ),
            Group(
                "Network scale-up",
                "Answers, known groups, adjustments.",
                "plot.degrees plot.known_groups plot.recall plot.adjustments plot.regions",
            ),
            Group(
                "Lists",
                "Overlaps, models, what an estimate rests on.",
                "plot.overlap plot.models plot.sensitivity plot.referral_bracket plot.reliability",
            ),
        ),
    ),
    Part(
        "synthetic",
        "Synthetic data",
        "Populations whose truth is known: `pv.datasets` are files that come with the library, "
        "`pv.simulate` makes new ones.",
        (
            Group(
                "Files",
                "The data of the tutorials.",
                "datasets.studies datasets.folder datasets.truth datasets.coverage "
                "datasets.provenance",
            ),
            Group(
                "Countries",
                "A household survey, its frame and its truth.",
                "simulate.jamaica simulate.Country simulate.Parameters simulate.household_survey "
                "simulate.HouseholdSurvey simulate.interviews simulate.Interviews "
                "simulate.parish_frame simulate.cote_divoire simulate.CoteDivoire "
                "simulate.CocoaParameters simulate.city simulate.City simulate.CityParameters",
            ),
            Group(
                "Answers and lists",
                "Stand-alone populations.",
                "simulate.answers simulate.SimulatedAnswers simulate.known_groups simulate.lists "
                "simulate.CaseLists",
            ),
        ),
    ),
)

HEAD = """# API

`import prevalence as pv`. Every function says what it estimates, by which formula, when it fails and where it comes
from, and has an example that is run by the tests.

"""


def public() -> list[str]:
    """Return every public name below ``prevalence``."""
    out = []
    for name in prevalence.__all__:
        thing = getattr(prevalence, name)
        if inspect.ismodule(thing):
            out += [f"{name}.{inner}" for inner in thing.__all__]
        elif not name.startswith("_"):
            out.append(name)
    return out


def complete(parts: tuple[Part, ...] = PARTS) -> list[Part]:
    """Return the parts with the names that no group has, each on the page of its module."""
    named = {name: part for part in parts for each in part.groups for name in each.names.split()}
    home = {name.rpartition(".")[0]: part for name, part in named.items()}
    rest: dict[str, list[str]] = {}
    for name in public():
        if name not in named:
            part = home.get(name.rpartition(".")[0], parts[0])
            rest.setdefault(part.name, []).append(name)
    more = {name: Group("More", "In no group yet.", " ".join(rest[name])) for name in rest}
    return [
        replace(part, groups=(*part.groups, more[part.name])) if part.name in more else part
        for part in parts
    ]


def group(part: Group) -> str:
    """Return one group: heading, sentence, table of names."""
    names = "\n".join(f"   {name}" for name in part.names.split())
    return (
        f"## {part.title}\n\n{part.about}\n\n```{{eval-rst}}\n.. currentmodule:: prevalence\n\n"
        f".. autosummary::\n   :toctree: api\n   :nosignatures:\n\n{names}\n```\n"
    )


def pages() -> dict[str, str]:
    """Return the pages of the reference in Markdown, by file name."""
    rows = "\n".join(f"| [{part.title}](api-{part.name}.md) | {part.about} |" for part in PARTS)
    tree = "\n".join(f"api-{part.name}" for part in PARTS)
    index = f"{HEAD}| | |\n|---|---|\n{rows}\n\n```{{toctree}}\n:hidden:\n\n{tree}\n```\n"
    made = {
        f"api-{part.name}.md": "\n".join(
            [f"# {part.title}\n\n{part.about}\n", *map(group, part.groups)]
        )
        for part in complete()
    }
    return {"api.md": index, **made}
