# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Real data: published tables, published estimates, and what their intervals hide
#
# **What is asked.** Three well-known studies estimated how many people are on no list: potential
# victims of trafficking in the United Kingdom and in New Orleans, and killings in Kosovo. A fourth
# asked a national sample in Rwanda about the people they know. What does this library find in the
# same data, and what stands behind the printed intervals?
#
# **What is real.** The counts. They are typed below from the papers, which print them. No row is a
# person: a table of lists says how many persons were on which lists, and nothing else. The Rwanda
# survey is not part of this library; the notebook reads it from a folder that you give.
#
# **No truth is known here.** Nobody knows how many people were missed. Instead of a truth the figures
# have a line at the *published* number. That a number is published, or that two programs agree on it,
# does not make it right. None of the tables says who referred whom.

# %% Setting up
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd

import prevalence as pv

# %% Parameters: what a reader may set anew {"tags": ["parameters"]}
rwanda = None  # folder with rwanda_survey.csv and rwanda_known.csv: see "The Rwanda survey"
replicates = 1000
seed = 1

# %% [markdown]
# ## The tables
#
# UK: local authorities (LA), non-government organisations (NG), police forces (PF), government
# organisations (GO), the general public (GP) and the National Crime Agency (NCA). New Orleans: eight
# lists, A to H in the papers. Kosovo: exhumations (EXH), the American Bar Association
# (ABA), the Organization for Security and Co-operation in Europe (OSCE) and Human Rights Watch (HRW).
#
# Counts from Silverman (2020) [doi:10.1111/rssa.12505](https://doi.org/10.1111/rssa.12505); New Orleans
# also from Chan, Silverman and Vincent (2021)
# [doi:10.1080/01621459.2019.1708748](https://doi.org/10.1080/01621459.2019.1708748); the UK first in
# Bales, Hesketh and Silverman (2015)
# [doi:10.1111/j.1740-9713.2015.00824.x](https://doi.org/10.1111/j.1740-9713.2015.00824.x).


# %% The counts, typed from the papers
def typed(names: str, cells: str, **words: str) -> pv.Lists:
    """Return lists from text such as "LA 54, LA NG 15": the lists of a cell, and its count."""
    counts = {tuple(cell.split()[:-1]): int(cell.split()[-1]) for cell in cells.split(",")}
    on = np.array([[name in cell for name in names.split()] for cell in counts], dtype=int)
    excludes = "People whom none of the lists can see are not included."
    lists = pv.Lists.from_counts(on, list(counts.values()), names.split())
    return lists.describe(excludes=excludes, **words)


# %% Who was on which lists
uk6 = typed(
    "LA NG PF GO GP NCA",
    "LA 54, NG 463, PF 907, GO 695, GP 316, NCA 57, LA NG 15, LA PF 19, LA GO 3, NG PF 56, "
    "NG GO 19, NG GP 1, NG NCA 3, PF GO 69, PF GP 10, PF NCA 31, GO GP 8, GO NCA 6, GP NCA 1, "
    "LA NG PF 1, LA NG GO 1, NG PF GO 4, NG PF NCA 3, PF GO NCA 1, LA NG PF GO 1",
    outcome="potential victim", population="people in the United Kingdom", window="2013",
)  # fmt: skip
orleans8 = typed(
    "A B C D E F G H",
    "A 25, B 5, C 70, D 33, E 6, F 6, G 6, H 21, A C 1, A D 2, A E 1, B F 1, C D 1, C E 1, C G 1, "
    "D E 2, E H 1, A C G 1, A D E 1",
    outcome="potential victim", population="people in New Orleans", window="the study's years",
)  # fmt: skip
kosovo = typed(
    "EXH ABA OSCE HRW",
    "EXH 1131, ABA 845, OSCE 936, HRW 306, EXH ABA 177, EXH OSCE 228, EXH HRW 106, ABA OSCE 217, "
    "ABA HRW 31, OSCE HRW 123, EXH ABA OSCE 181, EXH ABA HRW 18, EXH OSCE HRW 42, "
    "ABA OSCE HRW 32, EXH ABA OSCE HRW 27",
    outcome="killed", population="people in Kosovo", window="1999",
)  # fmt: skip
uk5 = uk6.merge(["PF", "NCA"], name="PFNCA")
orleans5 = orleans8.merge(["B", "E", "F", "G"], name="BEFG")
tables = {"UK": uk6, "New Orleans": orleans8, "Kosovo": kosovo}
for name, lists in tables.items():
    print(f"{name}: {lists!r}")

# %% [markdown]
# Before any model: how much do the lists know of each other? Nearly everybody is on one list only.
# What can be learnt about people on no list comes from those on two, and in New Orleans they are few.

# %% Figure: overlap of the UK lists {"tags": ["figure"]}
pv.plot.overlap(uk6).figure

# %% What was published
source = {
    "BHS": "Bales, Hesketh and Silverman (2015)",
    "CSV": "Chan, Silverman and Vincent (2021)",
    "BBSDA": "Ball, Betts, Scheuren, Dudukovich and Asher (2002)",
}
published_figures = pd.DataFrame(
    [
        ("UK, six lists, steps", np.nan, 10_000, 13_000, source["BHS"]),
        ("New Orleans, eight lists, independent", 997, 644, 1_618, source["CSV"]),
        ("New Orleans, eight lists, steps", 1_184, 717, 1_657, source["CSV"]),
        ("New Orleans, five lists, steps", 1_034, 589, 1_703, source["CSV"]),
        ("Kosovo, four lists", 10_356, np.nan, np.nan, source["BBSDA"]),
    ],
    columns=["estimate of", "published", "low", "high", "source"],
)
published_figures

# %% [markdown]
# ## The United Kingdom: which model?
#
# The published interval, 10,000 to 13,000, is that of the model that forward steps choose, as if it had
# been given. When each resample of the data chooses anew, the interval is wider; when the choice is by
# BIC among all models of pairs, wider again and elsewhere. The library reads all of these as floors and
# draws floors with an arrow; here both ends are drawn, to stand beside what papers print.

# %% UK: one table, several estimates
chosen_pairs = [
    ("LA", "NG"), ("LA", "PF"), ("NG", "GO"), ("NG", "GP"), ("PF", "GP"), ("PF", "NCA"), ("GO", "GP"),
]  # fmt: skip
again = {"replicates": replicates, "rng": seed}
fewer = {"replicates": replicates // 5, "rng": seed}  # BIC tries every model in each resample
uk = {
    "the published model, as given": pv.mse.loglinear(uk6, pairs=chosen_pairs),
    "steps, choice repeated": pv.mse.stepwise(uk6, **again),
    "five lists, steps repeated": pv.mse.stepwise(uk5, **again),
    "five lists, BIC repeated": pv.mse.select(uk5, **fewer),
    "five lists, averaged over graphs": pv.mse.decomposable(uk5),
    "six lists, all independent": pv.mse.loglinear(uk6),
    "lower bound of Chao": pv.mse.lower_bound(uk6),
}
uk_table = pv.compare(uk, side_by_side=True).to_frame()
columns = ["name", "estimate", "conf_low", "conf_high"]
uk_table[columns].round(0)

# %% Figure: the UK, beside what was published {"tags": ["figure"]}
pv.plot.ladder(uk_table, both_ends=True, published=(10_000, 13_000)).figure

# %% [markdown]
# Every model of pairs of the five lists follows. A mark is one model; those near the top fit best. Two
# groups cannot be told apart by the data, and one of them says twice the other. The bound of Chao, a
# floor where people differ in visibility and lists depend on each other in no other way, lies above the
# number of the published model: other assumptions, another floor.

# %% UK: every model of pairs
models = pv.mse.models(uk5)
print(textwrap.fill(str(models), 96))
close = models.to_frame().query("bic < bic.min() + 6")
close[["estimate", "bic"]].describe().loc[["count", "min", "50%", "max"]].round(0)

# %% Figure: models of the UK table {"tags": ["figure"]}
pv.plot.models(models, published=(10_000, 13_000)).figure

# %% [markdown]
# ## What the library prints instead
#
# The report starts with what identifies the number, and says "at least". Then: how far the number moves
# over models that fit about as well, over the people on no list, over the dependence of one pair, over
# lists left out. Nothing is known of referral, linkage, false entries and unequal visibility.

# %% UK: what the number rests on {"tags": ["slow"]}
reliability = pv.mse.reliability(uk5, simulations=49, rng=seed)
print(reliability)

# %% Figure: what the UK number rests on {"tags": ["figure"]}
pv.plot.reliability(reliability, published=(10_000, 13_000)).figure

# %% [markdown]
# ## New Orleans: how few persons carry it
#
# Points agree with the published ones to the last digit; limits depend on the draws. The lower limit of
# the five lists is the least of all resamples: there is nothing below it to read a limit from.

# %% New Orleans: published and here
orleans = {
    "eight lists, independent": pv.mse.loglinear(orleans8),
    "eight lists, steps repeated": pv.mse.stepwise(orleans8, **again),
    "five lists, steps repeated": pv.mse.stepwise(orleans5, **again),
    "five lists, BIC repeated": pv.mse.select(orleans5, **fewer),
    "five lists, averaged over graphs": pv.mse.decomposable(orleans5),
}
orleans_table = pv.compare(orleans, side_by_side=True).to_frame()
print(textwrap.fill(orleans["five lists, steps repeated"].warnings[-1], 96))
orleans_table[columns].round(0)

# %% Figure: New Orleans, beside what was published {"tags": ["figure"]}
pv.plot.ladder(orleans_table, both_ends=True, published=1_034).figure

# %% [markdown]
# Each row below is one kind of person: the lists that they are on. Without one such person the estimate
# moves by the change printed. A study that hangs on single persons hangs on single linkage decisions.

# %% New Orleans: single persons
influence = pv.mse.influence(orleans5).to_frame()
influence["on"] = [" ".join(n for n in orleans5.names if row[n]) for _, row in influence.iterrows()]
influence.loc[influence["change"].abs() > 20, ["on", "persons", "without_one", "change"]].round(0)

# %% [markdown]
# ## Kosovo: which method?
#
# No list is sparse here, and still the estimate doubles from one rule to another. BIC prefers a model
# that gives the published number, and has two others within a unit of it that say a quarter and three
# quarters more. No rule of choice settles that: who passed records to whom would.

# %% Kosovo: one table, several rules
killed = {
    "independent lists": pv.mse.loglinear(kosovo),
    "steps, choice repeated": pv.mse.stepwise(kosovo, **again),
    "BIC, choice repeated": pv.mse.select(kosovo, order=3, **again),
    "averaged over graphs": pv.mse.decomposable(kosovo),
    "lower bound of Chao": pv.mse.lower_bound(kosovo),
}
kosovo_table = pv.compare(killed, side_by_side=True).to_frame()
kosovo_models = pv.mse.models(kosovo, order=3)
print(textwrap.fill(str(kosovo_models), 96))
kosovo_table[columns].round(0)

# %% Kosovo: the best models
kosovo_models.to_frame()[["model", "estimate", "bic"]].head(3).round(1)

# %% Figure: Kosovo, beside what was published {"tags": ["figure"]}
pv.plot.ladder(kosovo_table, both_ends=True, published=10_356).figure

# %% [markdown]
# ## The Rwanda survey
#
# In 2011 a national household survey in Rwanda asked 4 groups at risk of HIV to be counted through the
# people that respondents know (Feehan, Umubyeyi, Mahy, Hladik and Salganik 2016, *American Journal of
# Epidemiology* 183(8), [PMC4832053](https://pmc.ncbi.nlm.nih.gov/articles/PMC4832053/)). 2,406 answers
# come with the R package networkreporting as `example.survey`, the sizes of the known groups as
# `example.knownpop.dat`. They are not part of this library. To have them, in R:
#
# ```r
# install.packages("networkreporting")   # version 0.1.1, MIT licence
# library(networkreporting)
# write.csv(example.survey, "rwanda_survey.csv", row.names = FALSE)
# write.csv(example.knownpop.dat, "rwanda_known.csv", row.names = FALSE)
# ```
#
# and here `rwanda = "the folder"`, or `python -m prevalence reproduce real_data --set
# rwanda="'the folder'"`. Computed are then the known groups, each from the others; the four hidden
# groups with design-based intervals, beside the interval of simple random sampling; and what an
# assumed transmission rate does. Respondents report about persons of all ages, not about children.


# %% What is computed from the Rwanda survey
def from_rwanda(folder: str) -> tuple[pv.Answers, pv.nsum.Validation, pd.DataFrame]:
    rows = pd.read_csv(Path(folder) / "rwanda_survey.csv")
    known = pd.read_csv(Path(folder) / "rwanda_known.csv")
    survey = pv.Survey(rows, weights="indweight", strata="region", psu="cluster", nest=True)
    answers = pv.Answers(
        survey,
        known=dict(zip(known["known.popn"], known["size"].astype(float), strict=True)),
        hidden=["sex.workers", "msm", "idu", "clients"],
        population=10_718_378,  # of Rwanda, as in the package's own examples
    )
    sizes = pv.nsum.scale_up(answers, transmission=1, missing="complete")
    tau = pv.uncertain(0.7, 0.5, 0.9, kind="beta", name="transmission")  # assumed
    lower = pv.nsum.scale_up(answers, transmission=tau, missing="complete").to_frame()
    table = sizes.to_frame()[["outcome", "cases", "estimate", "conf_low", "conf_high", "flag"]]
    table["assumed_transmission_0.7"] = lower["estimate"].to_numpy()
    return answers, pv.nsum.validate(answers, missing="complete"), table


if rwanda is None:
    print("No folder given (rwanda = None): nothing of the Rwanda survey is computed.")
else:
    rwanda_answers, rwanda_known, rwanda_sizes = from_rwanda(rwanda)
    print(rwanda_known.to_frame()[["group", "size", "estimate", "ratio"]].round(2).to_string())
    print(rwanda_sizes.round(0).to_string())

# %% [markdown]
# Known groups that come back two, five or ten times too large, and others at half their size, say that
# the sampling error printed with a hidden group is the smaller part of its error.

# %% Figure: known groups of the Rwanda survey {"tags": ["figure"]}
pv.plot.known_groups(rwanda_known).figure if rwanda else None

# %% [markdown]
# ## Side by side
#
# The published studies by one rule: forward steps, with the choice repeated in every resample. They are
# estimates of different things, and floors; nothing is subtracted.

# %% Three studies by one rule
comparison = pv.compare(
    {
        "UK, six lists": uk["steps, choice repeated"],
        "New Orleans, five lists": orleans["five lists, steps repeated"],
        "Kosovo, four lists": killed["steps, choice repeated"],
    },
    side_by_side=True,
)
columns = ["name", "estimate", "conf_low", "conf_high", "kind"]
comparison.to_frame()[columns].round(0)

# %% The table a reviewer expects
expected = pd.concat([e.to_frame() for e in comparison.estimates.values()], ignore_index=True)
expected.insert(0, "study", list(comparison.estimates))
expected[["study", "n", "estimate", "conf_low", "conf_high", "models_low", "models_high"]].round(0)

# %% What the report shows
published = comparison
page = {
    "title": "Published tables of lists, estimated again",
    "study": {
        "name": "real_data",
        "lead": "Counts are typed from published tables. No truth is known for any of them.",
        "lists": uk5,
    },
    "reliability": reliability,
    "synthetic": False,
}

# %% [markdown]
# ## What would make this wrong
#
# 1. **Referral.** Police tell the National Crime Agency, NGOs tell the police. Where one list feeds
#    another, estimates that take them as independent are too low; a model of pairs repairs only the
#    pairs that it holds.
# 2. **Lists that exclude each other**: who is in a shelter of one organisation is in no other. Too high.
# 3. **People whom no list can see.** Too low by all of them, in every model.
# 4. **Unequal visibility.** Some are easy to see for every list. Too low.
# 5. **Links missed** between records of one person: too high. **False links**: too low. In New Orleans
#    one person less on two lists moves the estimate by up to a seventh.
# 6. **Entries that are no victim** ("potential victims"): too high, and by more than their number, since
#    most of them are on one list only.
# 7. **The rule by which the model was chosen.** In the UK table a factor of two, in either direction.
# 8. **A typing error in the table.** The paper on New Orleans contradicts itself in one cell, and the
#    estimate with 186 persons is another one: check the total against the text.
# 9. **In Rwanda**, sizes of known groups of another year, and a transmission rate below 1: too low by
#    that rate. A known group that is well known by name but not by membership pulls in either direction.

# %% The numbers that a rerun must repeat {"tags": ["results"]}
results = {
    "UK": uk_table.select_dtypes("number"),
    "UK, close models": close[["estimate", "bic"]].reset_index(drop=True),
    "UK, without a list": reliability.without,
    "New Orleans": orleans_table.select_dtypes("number"),
    "New Orleans, single persons": influence[["persons", "without_one", "change"]],
    "Kosovo": kosovo_table.select_dtypes("number"),
    "Kosovo, best models": kosovo_models.to_frame()[["estimate", "bic"]].head(10),
    "comparison": comparison,
    "published": published_figures.select_dtypes("number"),
}
len(results)

# %% What this was made with {"tags": ["environment"]}
pv.datasets.provenance({name: lists.to_frame() for name, lists in tables.items()})
