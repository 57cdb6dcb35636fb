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
# # A national household survey of child trafficking, on synthetic data
#
# **What is asked.** What share of the children of 5 to 17 living in households was trafficked in
# the last 12 months, and how many children is that? For the country, for its parishes, and with
# the children whom no household survey can find.
#
# **What is synthetic.** Every row. The country resembles Jamaica in its parishes and their census
# figures of 2011, which carry their source, and in nothing else: districts, children, answers and
# prevalence are assumed. No row is a real person and no estimate here is a statistic of Jamaica.
# It is a survey *like* the nationwide ones that are commissioned; it repeats none of them, since
# their protocols are not published. Because the country is synthetic, the truth is known, and each
# estimate stands beside it.
#
# **What design.** Fourteen parishes are strata. About 300 enumeration districts are drawn in them
# with probability proportional to their dwellings, 20 dwellings in each by simple random sampling,
# and all children of a dwelling are asked about. The weights undo the selection, then the
# nonresponse, then what is left of the difference to the census.

# %% Setting up
import numpy as np
import pandas as pd

import prevalence as pv
from prevalence.disclosure import protect, protect_overlaps

# %% Parameters: what a reader may set anew {"tags": ["parameters"]}
data = pv.datasets.folder("jamaica")
seed = 2026
replicates = 200


# %% Reading the files
def read(name: str) -> pd.DataFrame:
    return pd.read_csv(data / f"{name}.csv", dtype={"ed": str})


frame, households, census = read("frame"), read("households"), read("margins")
children = read("children").merge(households[["household_id", "n_children"]], on="household_id")
children["county"] = children["parish"].map(frame.set_index("parish")["county"])
children["sexual"] = (children["form"] == "sexual") * 1

# %% [markdown]
# ## The frame
#
# A sample is drawn from a list. Here it is the census: dwellings by parish are public, with their
# source in the file. How many enumeration districts a parish has, and how urban it is, is assumed,
# and the names of those columns say so. A real study takes both from the statistical office.

# %% What is public and what is assumed
print(frame["source"].unique()[0])
named = {"enumeration_districts_assumed": "EDs (assumed)", "urban_share_assumed": "urban (assumed)"}
frame.rename(columns=named)[["parish", "county", "dwellings", "year", *named.values()]]

# %% [markdown]
# ## The selection
#
# Districts go to parishes by the square root of their dwellings, at least 12 to each. That is a
# compromise: shares by size would leave small parishes with two or three districts, equal shares
# would waste interviews on them. The price is unequal weights, which the next section shows.
# Fewer households answer in towns; that is the common pattern, and the rates here are assumed.

# %% What was drawn, and who answered
drawn = households.groupby("parish", sort=False).agg(
    districts=("ed", "nunique"), dwellings=("household_id", "size"), response=("responded", "mean")
)
drawn["children"] = children["parish"].value_counts()
in_frame = frame.set_index("parish")["enumeration_districts_assumed"]
drawn["of all districts"] = drawn["districts"] / in_frame
drawn.round(3)

# %% [markdown]
# ## Weights, one factor at a time
#
# `from_selection` takes the record of what was done, not a column of finished weights, so that
# each factor can be checked. One district says it all: the chance with which it was drawn, the
# dwellings on its fresh list, the dwellings selected.

# %% The weight of one dwelling, by hand
one_dwelling = households.iloc[0]
by_hand = 1 / one_dwelling["ed_probability"] * one_dwelling["listed"] / one_dwelling["selected"]
selected = pv.Survey.from_selection(
    households, ea_probability="ed_probability", listed="listed", selected="selected",
    strata="parish", psu="ed",
)  # fmt: skip
print(f"by hand {by_hand:.4f}, from the selection {selected.final_weights[0]:.4f}")

# %% [markdown]
# Households that did not answer are stood in for by those of their parish: response differs
# between town and country, and a parish is mostly one or the other. The children inherit the
# weight of their household. Last, raking makes the children add up to the census, parish by sex
# and age group. Every step stays in the recipe, and standard errors go through all of them.


# %% The recipe
def margins(counts: pd.DataFrame) -> dict:
    of_children = counts[counts["population"].str.startswith("children")].set_index("margin")
    cells, ages = of_children.loc["parish x sex"], of_children.loc["age_group"]
    by_sex = cells.set_index(["parish", "sex"])["count"].astype(float)
    by_age = ages.set_index("age_group")["count"].astype(float)
    return {("parish", "sex"): by_sex.to_dict(), "age_group": by_age.to_dict()}


words = {
    "rows": "children", "psus": "districts", "window": "the 12 months before interview",
    "population": "children 5 to 17 living in households",
    "definition": "classified by the synthetic study's own indicators",
    "excludes": "Children in institutions, on the street or at employers are not included.",
}  # fmt: skip
answering = selected.nonresponse("responded", within="parish")
by_response = answering.attach(children, on="household_id").describe(**words)
kids = by_response.rake(margins(census)).describe(**words)
weight_flow = kids.weight_flow()
weight_flow[["step", "n", "sum", "kish_deff", "min", "max"]].round(3)

# %% [markdown]
# Read it from the top. The sum of the base weights is the number of dwellings of the frame. After
# nonresponse the sum is the same and the weights vary more. From the step "attach" on, rows are
# children. Raking brings their sum to the census; `kish_deff` is the loss of precision that
# unequal weights alone can cause.

# %% Figure: weight flow {"tags": ["figure"]}
pv.plot.weight_flow(weight_flow, synthetic=True).figure

# %% [markdown]
# ## What each step does to the answer
#
# Four estimates of one share, from the same answers, and three of the number of children. The
# unweighted one takes the sample for the country. Base weights undo the selection. The share hardly
# moves, because selection and response have little to do with the outcome *in this country*; no
# real study can know that. The number of children moves much: base weights lose every child of a
# household that did not answer. Which of the three lies nearest to the truth in *one* sample is
# luck; twenty samples, further down, tell which is right.

# %% Unweighted, base weights, nonresponse, raked
truths = pv.datasets.truth(data).set_index(["id", "form", "domain"])["value"]


def true(name: str, labels: tuple = (), form: str = "any") -> list[float]:
    domains = [label[0] for label in labels if label] or ["all"]
    return [float(truths.loc[name, form, domain]) for domain in domains]


plain = pv.Survey(households, strata="parish", psu="ed").attach(children, on="household_id")
by_base = selected.attach(children, on="household_id").describe(**words)
versions = {
    "unweighted": plain.describe(**words), "base weights": by_base,
    "and nonresponse": by_response, "and raked": kids,
}  # fmt: skip
shares = pv.compare(
    {name: pv.direct.prevalence(version, "trafficked") for name, version in versions.items()},
    truth=dict.fromkeys(versions, true("household_12m_prevalence")),
)
shares.to_frame()[["name", "estimate", "std_error", "conf_low", "conf_high", "truth"]].round(5)

# %% The number of children
weighted = {name: version for name, version in versions.items() if name != "unweighted"}
totals = pv.compare(
    {name: pv.direct.total(version, "trafficked") for name, version in weighted.items()},
    truth=dict.fromkeys(weighted, true("household_12m_count")),
)
totals.to_frame()[["name", "estimate", "std_error", "conf_low", "conf_high", "truth"]].round()

# %% [markdown]
# All estimates are of one sample. The difference of two therefore has their covariance, and its
# standard error is much smaller than either's: it tells whether a step matters.

# %% Differences between the steps, in children
steps = totals.differences()
steps[["difference", "estimate", "std_error", "conf_low", "conf_high"]].round()

# %% Figure: the number of children at each step {"tags": ["figure"]}
pv.plot.ladder(totals, synthetic=True).figure

# %% [markdown]
# ## What counts as a case
#
# The questionnaire of the same survey, as it comes from the field, with three written definitions.
# A asks for deceptive recruitment, work for others and two strong signs; B for work for others and
# signs of three domains; C for any of these. Three windows: ever, the last 12 months, now. The
# cut-offs were chosen for this study and follow no official document.

# %% Three definitions, three windows {"tags": ["slow"]}
folder = data / "questionnaire"
codes = {name: {99: "don't know"} for name in ("hours", "n_neighbour_children")}
export = pv.read_kobo(folder / "export.xlsx", form=folder / "form.xlsx", missing_codes=codes)
roster = export.link("child", "Synthetic study", ["household_id", "parish"])
visits = pv.Survey(export["Synthetic study"], weights="base_weight", strata="parish", psu="ed")
asked = visits.nonresponse("responded", within="parish").attach(roster, on="household_id")
asked = asked.describe(rows="children", psus="districts")
strict, medium, broad = (
    pv.Definition.from_toml(folder / f"definition-{letter}.toml") for letter in "abc"
)
definitions = strict.compare(asked, [medium, broad])
by_window = pd.read_csv(folder / "truth.csv").set_index("window")["share"]
table = definitions.to_frame().assign(truth=lambda rows: rows["window"].map(by_window))
table[["definition", "window", "n", "cases", "estimate", "conf_low", "conf_high", "truth"]].round(4)

# %% Figure: definitions and windows {"tags": ["figure", "slow"]}
definitions.plot(truth=by_window.to_dict(), synthetic=True).figure

# %% [markdown]
# The definition moves the answer by a factor; the weights moved it by a few per cent. An interval
# says nothing about that: it is the same error in every sample. Since the country is synthetic, the
# cases that each definition finds can be held against the children who are cases.

# %% What each definition finds and misses {"tags": ["slow"]}
real = children.set_index("child_id")["trafficked"].reindex(roster["child_id"]).to_numpy() == 1
found = {
    d.name: np.asarray(d.classify(roster, window="12m").data[d.outcome("12m")]) == 1
    for d in (strict, medium, broad)
}
quality = pd.DataFrame(
    {
        name: {
            "found": (case & real).sum(), "missed": (~case & real).sum(),
            "false cases": (case & ~real).sum(),
            "sensitivity": case[real].mean(), "specificity": (~case)[~real].mean(),
        }
        for name, case in found.items()
    }
).T  # fmt: skip
quality.round(4)

# %% Which children two definitions share, as it would be published {"tags": ["slow"]}
overlaps = protect_overlaps(definitions.overlaps.query("window == '12m'"))
overlaps.round(4)

# %% [markdown]
# The broad definition loses nobody and its specificity looks high. That is not enough: almost all
# children are not exploited, and a false "yes" once in a few hundred answers makes more cases than
# there are true ones. `pv.misclassification` corrects for it where a validation study gives both
# rates. From here on the outcome is the study's own classification, without error. That is
# assumed; a real study cannot assume it.

# %% [markdown]
# ## Rare events
#
# The estimate, as a sentence and as the row that a reviewer expects.

# %% The direct estimate
share = pv.direct.prevalence(kids, "trafficked")
by_sex = pv.direct.prevalence(kids, "trafficked", by="sex")
by_age = pv.direct.prevalence(kids, "trafficked", by="age_group")
by_parish = pv.direct.prevalence(kids, "trafficked", by="parish")
print(share.sentence())
reviewer = pd.concat([share.to_frame(), by_sex.to_frame(), by_age.to_frame()])
reviewer[["domain", "n", "cases", "estimate", "conf_low", "conf_high", "deff", "flag"]].round(4)

# %% [markdown]
# With many cases all rules for an interval agree. With few they do not. Below, the same rules for
# all forms, for one rare form, and for the parish with the fewest cases. Without a case a textbook
# Wald interval has no width and a logit interval does not exist; here every rule then takes its
# limits from a borrowed design effect, and says so in `deff_source`. A lower Wald limit below zero
# is nonsense that the rule produces.

# %% Four rules for an interval {"tags": ["slow"]}
RULES = ("auto", "logit", "wald", "korn-graubard")
fewest = by_parish.labels[int(np.argmin(by_parish.facts["cases"]))][0]
looks = {
    "all forms": ("trafficked", None),
    "sexual form": ("sexual", None),
    fewest: ("trafficked", f"parish == '{fewest}'"),
}
rules = pd.concat(
    pv.direct.prevalence(kids, outcome, where=where, interval=rule, deff=lend).to_frame().assign(of=name)
    for name, (outcome, where) in looks.items()
    for rule in RULES
    for lend in (None if name == "all forms" else share,)
)
(
    rules.assign(**{"low %": 100 * rules["conf_low"], "high %": 100 * rules["conf_high"]})
    .set_index(["of", "interval"])[["n", "cases", "low %", "high %", "deff", "deff_source"]]
    .round(2)
)

# %% [markdown]
# Where there is no case, the honest sentence is "at most". The rule of three (3 divided by the
# number of children) says nearly the same for a simple random sample; a clustered sample knows less,
# and its limit is divided by the effective number.

# %% No case: at most so many {"tags": ["slow"]}
in_parish = pv.direct.prevalence(kids, "trafficked", where=f"parish == '{fewest}'", deff=share)
row = in_parish.to_frame().iloc[0]
print(in_parish.sentence())
print(f"3 / n: {3 / row['n']:.2%}   3 / effective n: {3 / row['n_eff']:.2%}")
