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
from functools import partial

import numpy as np
import pandas as pd

import prevalence as pv

# %% Parameters: what a reader may set anew {"tags": ["parameters"]}
data = pv.datasets.folder("jamaica")
seed = 2026  # of the bootstrap and simulations; that of the data, for other samples of the country
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
MARGINS = ("parish", "sex"), "age_group"
words = {
    "rows": "children", "psus": "districts", "window": "the 12 months before interview",
    "population": "children 5 to 17 living in households",
    "definition": "classified by the synthetic study's own indicators",
    "excludes": "Children in institutions, on the street or at employers are not included.",
}  # fmt: skip
answering = selected.nonresponse("responded", within="parish")
by_response = answering.attach(children, on="household_id").describe(**words)
kids = by_response.rake(pv.datasets.margins(census, *MARGINS)).describe(**words)
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
# luck. That base weights leave out those who did not answer is not.

# %% Unweighted, base weights, nonresponse, raked
true = partial(pv.datasets.true_values, data)
plain = pv.Survey(households, strata="parish", psu="ed").attach(children, on="household_id")
by_base = selected.attach(children, on="household_id").describe(**words)
versions = {
    "unweighted": plain.describe(**words), "base weights": by_base,
    "and nonresponse": by_response, "and raked": kids,
}  # fmt: skip
shares = pv.compare(
    {name: pv.direct.prevalence(version, "trafficked") for name, version in versions.items()},
    truth=true("household_12m_prevalence"),
)
shares.to_frame()[["name", "estimate", "std_error", "conf_low", "conf_high", "truth"]].round(5)

# %% The number of children
weighted = {name: version for name, version in versions.items() if name != "unweighted"}
totals = pv.compare(
    {name: pv.direct.total(version, "trafficked") for name, version in weighted.items()},
    truth=true("household_12m_count"),
)
answered = np.average(households["responded"], weights=households["base_weight"])
print(f"dwellings that answered carry {answered:.1%} of the base weights")
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
overlaps = pv.disclosure.protect_overlaps(definitions.overlaps.query("window == '12m'"))
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
of_parishes = true("household_12m_prevalence", by_parish.labels)
print(share.sentence())
reviewer = pd.concat([e.to_frame() for e in (share, by_sex, by_age)], ignore_index=True)
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
    "all forms": ("trafficked", None, None),
    "sexual form": ("sexual", None, share),
    fewest: ("trafficked", f"parish == '{fewest}'", share),
}
rules = pd.concat(
    pv.direct.prevalence(kids, outcome, where=where, deff=lend, interval=rule)
    .to_frame()
    .assign(of=name)
    for name, (outcome, where, lend) in looks.items()
    for rule in RULES
)
rules["low %"], rules["high %"] = 100 * rules["conf_low"], 100 * rules["conf_high"]
rules.set_index(["of", "interval"])[["n", "cases", "low %", "high %", "deff"]].round(2)

# %% [markdown]
# Where there is no case, the honest sentence is "at most". The rule of three (3 divided by the
# number of children) says nearly the same for a simple random sample; a clustered sample knows less,
# and its limit is divided by the effective number.

# %% No case: at most so many {"tags": ["slow"]}
in_parish = pv.direct.prevalence(kids, "trafficked", where=f"parish == '{fewest}'", deff=share)
row = in_parish.to_frame().iloc[0]
print(in_parish.sentence())
print(f"3 / n: {3 / row['n']:.2%}   3 / effective n: {3 / row['n_eff']:.2%}")

# %% [markdown]
# How often does each rule hold the truth? Outcomes are drawn anew on the rows of this very survey,
# with its districts and weights: a share of 0.3 or 1.5 per cent (assumed), with an intraclass
# correlation of 0.03 in districts (assumed), in the whole sample and in one parish. A textbook
# interval that does not exist without a case cannot hold the truth: it is counted as a miss.

# %% A thousand draws on the same rows {"tags": ["slow"]}
DRAWS, ICC = 1000, 0.03
rng = np.random.default_rng(seed)
district = pd.factorize(children["household_id"].map(households.set_index("household_id")["ed"]))[0]
names = [f"draw {k}" for k in range(DRAWS)]


def simulated(p: float) -> pv.Survey:
    spread = 1 / ICC - 1
    chance = rng.beta(p * spread, (1 - p) * spread, (district.max() + 1, DRAWS))
    cases = pd.DataFrame((rng.random((district.size, DRAWS)) < chance[district]) * 1, columns=names)
    rows = pd.concat([children[["household_id", "parish"]], cases], axis=1)
    return answering.attach(rows, on="household_id")


# %% How often each rule holds {"tags": ["slow"]}
def held(sample: pv.Survey, p: float, where: str | None) -> dict[str, float]:
    out = {}
    for name in ("auto", "auto, ICC given", *RULES[1:]):
        rule, _, given = name.partition(", ")
        icc = ICC if given else None
        e = pv.direct.prevalence(sample, names, where=where, interval=rule, icc=icc)
        low, high = e.interval().T
        exists = (e.value > 0) | (rule in ("auto", "korn-graubard"))
        out |= {"no case": (e.value == 0).mean(), name: ((low <= p) & (p <= high) & exists).mean()}
    return out


places = {"all": None, "Portland": "parish == 'Portland'"}
samples = {p: simulated(p) for p in (0.015, 0.003)}
by_rule = pd.DataFrame(
    {
        f"{name}, {p:.1%}": held(sample, p, where)
        for name, where in places.items()
        for p, sample in samples.items()
    }
)
print(f"Monte Carlo error near 95 %: {(0.95 * 0.05 / DRAWS) ** 0.5:.3f}")
by_rule.round(3)

# %% [markdown]
# In the whole sample at the commoner share the rules differ little. In a parish at the rarer one
# most samples have no case, and a rule that needs one has no answer there. `auto` errs on the wide
# side where nothing is given to borrow; with an intraclass correlation from an earlier survey it
# need not be so wide.
#
# ## Three ways to a standard error
#
# Linearisation differentiates the estimate, weighting steps included. The jackknife leaves out one
# district at a time, the Rao-Wu bootstrap redraws districts within parishes, and both repeat the
# nonresponse adjustment and the raking each time. They agree where the estimate is smooth. They are
# no second opinion: all three see the same districts.

# %% Linearised, jackknife, bootstrap
jackknifed = pv.direct.prevalence(kids.jackknife(), "trafficked")
bootstrapped = pv.direct.prevalence(kids.bootstrap(replicates, rng=seed), "trafficked")
schemes = {"linearised": share, "jackknife": jackknifed, "bootstrap": bootstrapped}
variances = pd.concat([e.to_frame() for e in schemes.values()]).assign(variance=list(schemes))
error = float(bootstrapped.simulation_error()[0])
print(f"error of the bootstrap standard error, from {replicates} replicates: {error:.1%}")
variances.set_index("variance")[["estimate", "std_error", "conf_low", "conf_high", "df"]].round(5)

# %% [markdown]
# ## All children, or one in each household
#
# Many surveys ask about one child of a household, drawn at random, and multiply its weight by the
# number of children. It spares the household and keeps answers apart. It costs precision twice:
# fewer children, and weights as unequal as families are.


# %% The same recipe for another sample
def weigh(homes: pd.DataFrame, roster: pd.DataFrame, counts: pd.DataFrame, one=None) -> pv.Survey:
    drawn = pv.Survey(homes, weights="base_weight", strata="parish", psu="ed")
    answered = drawn.nonresponse("responded", within="parish")
    return answered.attach(roster, on="household_id", one=one).rake(
        pv.datasets.margins(counts, *MARGINS)
    )


chosen = children[children["one_per_household"] == 1].reset_index(drop=True)
one_child = weigh(households, chosen, census, one="n_children").describe(**words)
share_of_one = pv.direct.prevalence(one_child, "trafficked")
kish = pv.compare(
    {"all children": share, "one in each household": share_of_one},
    truth=true("household_12m_prevalence"),
)
versus = pd.concat([share.to_frame(), share_of_one.to_frame()], keys=list(kish.estimates))
versus["weights"] = [s.weight_flow()["kish_deff"].iloc[-1] for s in (kids, one_child)]
versus.droplevel(1)[["n", "cases", "estimate", "std_error", "cv", "deff", "weights"]].round(4)

# %% [markdown]
# `cv` is the standard error over the estimate, `weights` the design effect of unequal weights alone.
# The two estimates share children, so their difference is known better than either.

# %% Figure: all children and one in each household {"tags": ["figure"]}
pv.plot.ladder(kish, synthetic=True).figure

# %% [markdown]
# ## One in twenty misses
#
# A 95 % interval misses its truth in one sample of twenty, and the sample does not say so. Below are
# the countries of the first twenty seeds, each drawn anew and sampled by the same design. No seed
# was chosen: the first one whose interval fails is shown where it stands, among those that hold.


# %% A country and a sample by seed
def drawn_anew(number: int, **changes) -> tuple[pv.Estimate, float]:
    country = pv.simulate.household_survey(number, parameters=pv.simulate.Parameters(**changes))
    sample = weigh(country.households, country.children, country.margins).describe(**words)
    (true_share,) = pv.datasets.true_values(country.truth, "household_12m_prevalence")
    return pv.direct.prevalence(sample, "trafficked"), true_share


# %% Twenty countries {"tags": ["slow"]}
countries = {f"country {k}": drawn_anew(k) for k in range(1, 21)}
twenty = pv.compare(
    {name: estimate for name, (estimate, _) in countries.items()},
    truth={name: value for name, (_, value) in countries.items()},
)
rows = twenty.to_frame()[["name", "estimate", "conf_low", "conf_high", "truth", "covers"]]
print("intervals that hold:", int(rows["covers"].sum()), "of", len(rows))
rows[~rows["covers"].astype(bool)].round(4)

# %% Figure: twenty countries, their intervals and truths {"tags": ["figure", "slow"]}
pv.plot.ladder(twenty, synthetic=True).figure

# %% [markdown]
# ## How precise is a design?
#
# The same country, sampled once more by two other designs: half the districts (at least 12 to a
# parish all the same), and half as many again with fewer dwellings in each. One sample tells a
# standard error with its own luck; the table after next has two hundred of each.

# %% The same country, other designs
fewer, share_true = drawn_anew(seed, districts=150)
more, _ = drawn_anew(seed, districts=450, dwellings=12, network_dwellings=12)
by_design = {
    "300 districts, 20 dwellings": share,
    "the same, one child": share_of_one,
    "150 districts, 20 dwellings": fewer,
    "450 districts, 12 dwellings": more,
}
designs = pv.compare(by_design, truth=share_true)
tables = [e.to_frame().assign(design=name) for name, e in by_design.items()]
pd.concat(tables).set_index("design")[["n", "cases", "psus", "estimate", "cv", "deff"]].round(4)

# %% Figure: four samples of one country {"tags": ["figure"]}
pv.plot.ladder(designs, synthetic=True).figure

# %% [markdown]
# ## Parishes, and what may be published
#
# The sample was spread over fourteen parishes, and so were its few cases. The figure below holds
# back every parish with fewer than 5 cases, or cases from fewer than 3 districts: a small number
# could point to a child, and it carries next to no information. A parish without a case is held back
# with them, since its absence would tell.

# %% By parish, as published {"tags": ["slow"]}
parishes = pv.disclosure.protect(by_parish.to_frame(), unit="proportion")
parishes["flag"] = parishes["flag"].str.split(";").str[0]  # the first of several
limits = {"conf_low": "low", "conf_high": "high"}
columns = ["n", "cases", "estimate", *limits.values(), "flag"]
parishes.rename(columns=limits).set_index("domain")[columns].round(3)

# %% Figure: prevalence by parish {"tags": ["figure", "slow"]}
pv.plot.domains(by_parish, truth=of_parishes, synthetic=True).figure

# %% [markdown]
# The order of the parishes that are left is no ranking: their intervals overlap, and the true shares
# lie close together. They are also a selection. What is shown are the parishes in which the sample
# happened to meet many cases, and so they lie too high, which no interval tells.

# %% Estimate over truth, in the parishes that are shown and in all {"tags": ["slow"]}
over_truth = pd.Series(by_parish.value / np.array(of_parishes))
is_shown = parishes["cases"].notna()
print(f"shown {over_truth[is_shown].mean():.2f}, all {over_truth.mean():.2f}")

# %% [markdown]
# Two ways lead on. Areas can be combined until they can be shown, as below by county; the areas
# should be chosen before the cases are counted. Or a model lends strength between areas, for which
# something must be known about each of them: that is small-area estimation, and no table of direct
# estimates replaces it.
#
# The counties are not published *beside* the parishes. Each table protects its own cells, but the
# two can be subtracted, and what is left over is a small number again. Here the counties are
# published.

# %% By county
by_county = pv.direct.prevalence(kids, "trafficked", by="county")
living = census[census["margin"].eq("parish") & census["population"].str.startswith("children")]
living = living.set_index("parish")["count"]
cases = pd.Series(true("household_12m_count", [(name,) for name in living.index]), living.index)
county = frame.set_index("parish")["county"]
of_counties = cases.groupby(county).sum() / living.groupby(county).sum()
of_counties = [float(of_counties[label[0]]) for label in by_county.labels]
counties = pv.disclosure.protect(by_county.to_frame(), unit="proportion").assign(truth=of_counties)
counties[["domain", "n", "cases", "estimate", "conf_low", "conf_high", "truth"]].round(4)

# %% Cases left when the shown parishes of a county are taken from its total {"tags": ["slow"]}
shown = parishes.groupby(parishes["domain"].map(county))["cases"].sum()
counties.set_index("domain")["cases"] - shown.astype(int)

# %% [markdown]
# ## The children outside households
#
# No household survey meets a child in an institution, on the street or in an employer's compound.
# Silence about them is an estimate of zero. Here a side study counted trafficked children outside
# households, with a standard error; the count is added as a bridge that carries its reason. Where
# nobody counted, a range has to be stated, and its effect shown.

# %% A bridge to all children
side = read("side_studies").set_index("quantity").loc["children_outside_households"]
in_households = share.count(float(living.sum()))
outside = pv.uncertain(
    float(side["value"]), std_error=float(side["std_error"]), name="children outside households"
)
everybody = in_households.bridge(
    outside,
    add=True,
    reason="children counted in institutions, on the street and at employers are added",
    population="children 5 to 17, in households and outside",
    excludes="Children abroad are not included.",
)
print(everybody.sentence())
parts = pd.Series([float(e.std_error[0]) for e in (in_households, outside)]) ** 2
print("share of the variance that the count outside brings:", f"{parts[1] / parts.sum():.1%}")

# %% [markdown]
# The added count is small beside the survey's standard error, in its size and in its uncertainty.
# That is so here. Where institutions hold many children the term decides, and no larger household
# sample would help.

# %% Estimates and their truths
comparison = pv.compare(
    {
        "Survey: children in households": in_households,
        "The same, one child asked": share_of_one.count(float(living.sum())),
        "With children outside": everybody,
    },
    truth={
        "Survey: children in households": true("household_12m_count"),
        "The same, one child asked": true("household_12m_count"),
        "With children outside": true("national_12m_count"),
    },
    side_by_side=True,
)
comparison.to_frame()[["name", "estimate", "conf_low", "conf_high", "truth", "covers"]].round(0)

# %% Figure: estimates and their truths {"tags": ["figure"]}
pv.plot.ladder(comparison, synthetic=True).figure

# %% [markdown]
# ## How often these intervals hold
#
# Every estimate of this notebook that claims to hold a truth; below, the same estimates in two
# hundred countries, each drawn anew with its own sample. The coverage comes with its Monte Carlo
# error, which for domains allows for their coming from the same sample.

# %% Every estimate that claims to hold its truth
national = {
    "share": share,
    "share, logit": pv.direct.prevalence(kids, "trafficked", interval="logit"),
    "share, Wald": pv.direct.prevalence(kids, "trafficked", interval="wald"),
    "share, Korn-Graubard": pv.direct.prevalence(kids, "trafficked", interval="korn-graubard"),
    "share, jackknife": jackknifed,
    "share, bootstrap": bootstrapped,
    "share, without raking": shares.estimates["and nonresponse"],
    "share, one child": share_of_one,
}
claims = {
    "share, 150 districts of 20": (fewer, share_true),
    "share, 450 districts of 12": (more, share_true),
    "number, without raking": (totals.estimates["and nonresponse"], true("household_12m_count")),
    "number": (in_households, true("household_12m_count")),
    "number, with outside": (everybody, true("national_12m_count")),
    "share by sex": (by_sex, true("household_12m_prevalence", by_sex.labels)),
    "share by age": (by_age, true("household_12m_prevalence", by_age.labels)),
    "share by county": (by_county, of_counties),
    "share by parish": (by_parish, of_parishes),
}
checked = pv.compare(
    national | {name: estimate for name, (estimate, _) in claims.items()},
    truth=dict.fromkeys(national, true("household_12m_prevalence"))
    | {name: value for name, (_, value) in claims.items()},
    side_by_side=True,
)

# %% How many of them hold, in this one sample
tally = checked.to_frame().assign(covers=lambda t: t["covers"].astype(float))
tally.groupby("name", sort=False)["covers"].agg(intervals="count", hold="sum").astype(int)

# %% Two hundred countries {"tags": ["slow"]}
coverage = pv.datasets.coverage("household_survey")
counted = ["estimate", "intervals", "coverage", "coverage mc error", "spread / truth"]
coverage[counted].rename(columns={"coverage mc error": "error"}).round(3)

# %% [markdown]
# `spread / truth` is the standard deviation of the estimates over the countries, divided by the
# truth: the precision that the design really has, to be held against the `cv` of one sample.
#
# ## What is published
#
# `python -m prevalence reproduce household_survey` also writes this page, with the answers first
# and small cells suppressed.

# %% What the report shows
published = pv.compare(
    {
        "Share of children in households": share,
        "Children in households": in_households,
        "With children outside households": everybody,
        "Share by sex": by_sex,
        "Share by county": by_county,
    },
    truth={
        "Share of children in households": true("household_12m_prevalence"),
        "Children in households": true("household_12m_count"),
        "With children outside households": true("national_12m_count"),
        "Share by sex": checked.truth["share by sex"],
        "Share by county": of_counties,
    },
    side_by_side=True,
)
page = {
    "title": "A national household survey of child trafficking",
    "study": {"name": "household_survey", "weight_flow": weight_flow},
}

# %% [markdown]
# ## What would make this wrong
#
# 1. **Silence.** A child, or the adult who answers for it, does not say what happens. The estimate
#    is too low, in every sample by about the same factor, and the interval does not show it.
# 2. **False yes.** Questions that a few children in a thousand answer with yes without being
#    exploited. The estimate is too high, the more so the broader the definition.
# 3. **Children outside households.** Left out, the number is too low. Counted badly, it is wrong by
#    the error of that count, whose direction nobody knows.
# 4. **An old frame.** Dwellings built since the census have no chance to be drawn, unless lists are
#    made anew in each district. Too low where new settlements hold more trafficked children.
# 5. **Nonresponse that has to do with the outcome.** A household that exploits a child does not open.
#    Too low; neither weighting by parish nor raking mends it.
# 6. **Children left off the roster.** A child who works in another household is taken for a servant
#    and not for a member. Too low, for domestic service most of all.
# 7. **Census margins of another year or of other ages.** The number is wrong by their error; the
#    share moves little.
# 8. **Clustering beyond what is borrowed.** Where cases lie together in few districts and none of
#    them was drawn, the estimate is too low and the interval too narrow.
# 9. **The definition.** Another definition is another answer, by a factor. It has to be fixed, in
#    writing, before the data are seen.

# %% The numbers that a rerun must repeat {"tags": ["results"]}
results = {
    "weight flow": weight_flow,
    "share at each step": shares,
    "number at each step": totals,
    "differences between steps": steps,
    "definitions": definitions.to_frame(),
    "quality of definitions": quality,
    "overlaps": overlaps,
    "rules": rules,
    "rules in simulation": by_rule,
    "variance schemes": variances,
    "all children and one": kish,
    "twenty countries": twenty,
    "designs": designs,
    "by county": by_county,
    "comparison": comparison,
    "checked": checked,
}
len(results)

# %% Versions and data {"tags": ["environment"]}
pv.datasets.provenance(data)
