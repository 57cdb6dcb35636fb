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
# # A national study of child trafficking, on synthetic data
#
# One country, looked at in three ways: a household survey, the children that adults know, and the
# case lists of a National Referral Mechanism. **Every row is synthetic.** The country resembles
# Jamaica in its parishes and their census figures and in nothing else; no row is a real person, and
# no number here is a statistic of Jamaica. It is a study *like* the nationwide ones that are
# commissioned; it repeats none of them, since their protocols are not published.
#
# Because the country is synthetic, the truth is known: each estimate stands beside the truth of
# what *it* estimates.

# %% Setting up
import pandas as pd

import prevalence as pv

# %% Parameters: what a reader may set anew {"tags": ["parameters"]}
data = pv.datasets.folder("jamaica")
transmission = None  # share of ties to trafficked children that adults report; None: as validated
replicates = 1000
seed = 2026

# %% [markdown]
# ## The files
#
# Selected dwellings (with their weights and whether they responded), the children of the roster,
# one adult per household who answered about children they know, the captures of the case lists,
# and census counts. `side_studies.csv` holds two numbers that a small study beside the survey would
# find: the share of ties that adults report, and the number of children outside households.


# %% Reading the files
def read(name: str) -> pd.DataFrame:
    return pd.read_csv(data / f"{name}.csv", dtype={"ed": str})


households, children, adults = read("households"), read("children"), read("adults")
captures, census, known_groups = read("captures"), read("margins"), read("known_groups")
side = read("side_studies").set_index("quantity")

# %% [markdown]
# ## Weights
#
# Enumeration districts were drawn within parishes with probability proportional to size, then 20
# dwellings in each. Households that did not respond are stood in for by those of their parish;
# the children's weights are then raked to the census: parish by sex, and age group.

# %% Weighting the survey
survey = (
    pv.Survey(households, weights="base_weight", strata="parish", psu="ed")
    .nonresponse("responded", within="parish")
    .describe(
        rows="households",
        psus="districts",
        window="the 12 months before interview",
        definition="classified by the synthetic study's own indicators",
    )
)


def margin(name: str, *keys: str) -> dict:
    rows = census[(census["margin"] == name) & census["population"].str.startswith("children")]
    index = [rows[key] for key in keys]
    labels = index[0] if len(keys) == 1 else zip(*index, strict=True)
    return dict(zip(labels, rows["count"].astype(float), strict=True))


kids = (
    survey.attach(children, on="household_id")
    .rake(
        {
            ("parish", "sex"): margin("parish x sex", "parish", "sex"),
            "age_group": margin("age_group", "age_group"),
        }
    )
    .describe(
        rows="children",
        population="children 5 to 17 living in households",
        excludes="Children in institutions, on the street or at employers are not included.",
    )
)
weight_flow = kids.weight_flow()
weight_flow

# %% [markdown]
# ## What the survey says
#
# The outcome is rare: few children in the sample are cases. The interval holds at every share, also
# where there is no case at all, because it works on an effective sample size with a borrowed design
# effect.

# %% Direct estimates
prevalence = pv.direct.prevalence(kids, "trafficked")
by_sex = pv.direct.prevalence(kids, "trafficked", by="sex")
by_age = pv.direct.prevalence(kids, "trafficked", by="age_group")
by_parish = pv.direct.prevalence(kids, "trafficked", by="parish")
children_in_households = float(sum(margin("parish", "parish").values()))
household_count = prevalence.count(children_in_households)
print(prevalence.sentence())
print(prevalence.explain())

# %% [markdown]
# The same, with every weighting step repeated in each replicate.

# %% Replicates
jackknifed = pv.direct.prevalence(kids.jackknife(), "trafficked")
bootstrapped = pv.direct.prevalence(kids.bootstrap(200, rng=seed), "trafficked")
pd.concat([e.to_frame() for e in (prevalence, jackknifed, bootstrapped)]).assign(
    variance=["linearised", "jackknife", "bootstrap"]
)[["variance", "estimate", "std_error", "conf_low", "conf_high", "df"]]

# %% [markdown]
# ## What adults know
#
# One adult of a household says how many children they know in groups of known size, and how many
# trafficked children. **Children are counted against children**: scaling by known groups of adults
# would count the wrong ties. Adults do not see, or do not say, every case; the share that they
# report (transmission) is the number on which everything depends.

# %% Network scale-up
respondents = survey.attach(adults, on="household_id", one="n_adults").describe(
    rows="adults",
    population="children 5 to 17, in households and outside",
    excludes="Children whom no adult in a household knows are not included.",
)
sizes = known_groups[known_groups["alters"] == "children"].set_index("group")["size"]
answers = pv.Answers(
    respondents,
    known={f"n_{group}": float(size) for group, size in sizes.items()},
    hidden={"trafficked": "n_children_trafficked"},
    alters="children",
)
validated = float(side.loc["transmission", "value"])
error = float(side.loc["transmission", "std_error"])
if transmission is None:
    tau = pv.uncertain(validated, std_error=error, kind="beta", name="transmission")
else:
    tau = pv.uncertain(transmission, std_error=error, kind="beta", name="transmission")
network = pv.nsum.scale_up(answers, transmission=tau, missing="complete")
unadjusted = pv.nsum.scale_up(answers, transmission=1, missing="complete")
print(network.sentence())

# %% [markdown]
# ## What the lists say
#
# Police, the children's registry, the child protection agency, the court and NGOs list children
# trafficked for sexual exploitation over five years. A referral mechanism *is* dependence between
# lists: the estimate that ignores it is far too low. Declaring every recorded referral repairs
# referral and nothing else; unequal visibility would still pull the estimate down. It is a floor.

# %% Multiple-systems estimation
window = ("2019-01-01", "2023-12-31")
lists = pv.Lists.from_captures(
    captures, person="case_id", list="list", date="date", referred_by="referred_by", window=window
).describe(
    outcome="trafficked for sexual exploitation",
    population="persons under 18 when trafficked",
    window="2019 to 2023",
    definition="listed as a case by one of the five organisations, or like those",
    excludes="Children trafficked in other forms, or before 2019, are not included.",
)
independent = pv.mse.loglinear(lists)
referral_aware = pv.mse.loglinear(lists, pairs=lists.referral_pairs())
chosen = pv.mse.stepwise(lists, replicates=replicates, rng=seed)
bound = pv.mse.lower_bound(lists)
print(lists)
print("referral recorded between:", lists.referral_pairs())
print(referral_aware.sentence())

# %% [markdown]
# ## Side by side
#
# Three estimands: a share and a number of children in households, a number of all children, and a
# number of victims of one form over five years. They are printed side by side, each beside its own
# truth, and not subtracted.

# %% Against the truth
truths = pv.datasets.truth(data).set_index(["id", "form", "domain"])["value"]


def true(name: str, labels: tuple = (), form: str = "any") -> list[float]:
    domains = [label[0] for label in labels if label] or ["all"]
    return [float(truths.loc[name, form, domain]) for domain in domains]


comparison = pv.compare(
    {
        "Survey: children in households": household_count,
        "Network: all children": network,
        "Lists: sexual exploitation, five years": referral_aware,
    },
    truth={
        "Survey: children in households": true("household_12m_count"),
        "Network: all children": true("national_12m_count"),
        "Lists: sexual exploitation, five years": true("five_year_sexual_count", form="sexual"),
    },
    side_by_side=True,
)
comparison

# %% Every estimate that claims to hold its truth
checked = pv.compare(
    {
        "prevalence": prevalence,
        "prevalence by sex": by_sex,
        "prevalence by age group": by_age,
        "prevalence by parish": by_parish,
        "network": network,
        "lists, referral declared": referral_aware,
    },
    truth={
        "prevalence": true("household_12m_prevalence"),
        "prevalence by sex": true("household_12m_prevalence", by_sex.labels),
        "prevalence by age group": true("household_12m_prevalence", by_age.labels),
        "prevalence by parish": true("household_12m_prevalence", by_parish.labels),
        "network": true("national_12m_count"),
        "lists, referral declared": true("five_year_sexual_count", form="sexual"),
    },
    side_by_side=True,
)
checked.to_frame()[["name", "domain", "estimate", "conf_low", "conf_high", "truth", "covers"]]

# %% [markdown]
# ## One estimand
#
# Adding the children outside households, with the uncertainty of their count, turns the survey's
# number into the network's estimand. Both come from the same districts: the difference has their
# covariance.

# %% A bridge from households to all children
outside = pv.uncertain(
    float(side.loc["children_outside_households", "value"]),
    std_error=float(side.loc["children_outside_households", "std_error"]),
    name="children outside households",
)
bridged = household_count.bridge(
    outside,
    add=True,
    reason="children counted in institutions, on the street and at employers are added",
    population="children 5 to 17, in households and outside",
)
national = pv.compare(
    {"survey with children outside": bridged, "network": network},
    truth={
        "survey with children outside": true("national_12m_count"),
        "network": true("national_12m_count"),
    },
)
ratio = network / bridged
difference = national.differences()
difference

# %% [markdown]
# ## What each assumption does
#
# Without the transmission rate, and with lists taken as independent, the answers are wrong by a
# factor and their intervals do not say so.

# %% When an assumption is left out
left_out = pv.compare(
    {
        "network, all ties reported": unadjusted,
        "lists, independent": independent,
        "lists, steps chosen by the data": chosen,
        "lists, lower bound": bound,
    },
    truth={
        "network, all ties reported": true("national_12m_count"),
        "lists, independent": true("five_year_sexual_count", form="sexual"),
        "lists, steps chosen by the data": true("five_year_sexual_count", form="sexual"),
        "lists, lower bound": true("five_year_sexual_count", form="sexual"),
    },
    side_by_side=True,
)
left_out.to_frame()[["name", "estimate", "conf_low", "conf_high", "truth", "covers"]]

# %% [markdown]
# ## What is published
#
# `pv.report(published, path="report.html", synthetic=True)` writes the page: answers first, small
# cells suppressed.

# %% What the report shows
published = pv.compare(
    {
        "Survey: share of children in households": prevalence,
        **comparison.estimates,
        "Survey by sex": by_sex,
        "Survey by parish": by_parish,
    },
    truth={
        "Survey: share of children in households": true("household_12m_prevalence"),
        **comparison.truth,
        "Survey by sex": checked.truth["prevalence by sex"],
        "Survey by parish": checked.truth["prevalence by parish"],
    },
    side_by_side=True,
)

# %% Figure: estimates and truth {"tags": ["figure"]}
pv.plot.ladder(comparison, synthetic=True).figure

# %% Figure: overlap of the lists {"tags": ["figure"]}
pv.plot.overlap(lists, synthetic=True).figure

# %% Figure: prevalence by parish {"tags": ["figure"]}
pv.plot.domains(by_parish, truth=checked.truth["prevalence by parish"], synthetic=True).figure

# %% What the report shows besides
page = {
    "title": "A national study of child trafficking",
    "study": {"name": "jamaica", "weight_flow": weight_flow, "lists": lists},
}

# %% The numbers that a rerun must repeat {"tags": ["results"]}
results = {
    "weight flow": weight_flow,
    "prevalence": prevalence,
    "prevalence by sex": by_sex,
    "prevalence by age group": by_age,
    "prevalence by parish": by_parish,
    "jackknife": jackknifed,
    "bootstrap": bootstrapped,
    "count in households": household_count,
    "network": network,
    "network, all ties reported": unadjusted,
    "lists, referral declared": referral_aware,
    "lists, independent": independent,
    "lists, steps chosen by the data": chosen,
    "lists, lower bound": bound,
    "survey with children outside": bridged,
    "network / survey": ratio,
    "difference": difference,
}
len(results)

# %% [markdown]
# ## What would make this wrong
#
# 1. A transmission rate from another place or form: half the rate, twice the network's number.
# 2. A referral that nobody recorded, and victims whom no list can see: the lists' number is too low.
# 3. Children whom no household frame reaches, beyond those counted: the survey's is too low.

# %% What this was made with {"tags": ["environment"]}
pv.datasets.provenance(data)
