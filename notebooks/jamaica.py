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
# # Putting it together: three studies of one country, one number
#
# **What is asked.** How many children of 5 to 17 were trafficked in the last 12 months, wherever
# they live? A household survey, the children that adults know, and the case lists of a National
# Referral Mechanism each answer another question. Here they are carried to this one, step by step,
# with every factor named and its uncertainty kept.
#
# **What is synthetic.** Every row. The country resembles Jamaica in its parishes and their census
# figures and in nothing else; no row is a real person, and no number here is a statistic of
# Jamaica. It is a study *like* the nationwide ones that are commissioned; it repeats none of them,
# since their protocols are not published. Because the country is synthetic, the truth is known, and
# each estimate stands beside the truth of what *it* estimates.
#
# **The design.** One stratified sample of districts serves the survey and the questions about people
# known, so those two share their sampling error. The lists were kept by five organisations over
# five years and share nothing with the sample. Each study by itself is taught in the notebooks
# before this one.

# %% Setting up
from types import SimpleNamespace

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
# and census counts. `side_studies.csv` holds four numbers that small studies beside these would
# find, each with its standard error: they are what the conversions rest on.


# %% Reading the files
def read(name: str) -> pd.DataFrame:
    return pd.read_csv(data / f"{name}.csv", dtype={"ed": str})


names = ["households", "children", "adults", "captures", "margins", "known_groups", "side_studies"]
country = SimpleNamespace(**{name: read(name) for name in names})
country.side_studies[["quantity", "value", "std_error"]].round(4)

# %% [markdown]
# ## Weights
#
# Enumeration districts were drawn within parishes with probability proportional to size, then 20
# dwellings in each. Households that did not respond are stood in for by those of their parish;
# the children's weights are then raked to the census: parish by sex, and age group. The steps are
# functions, because a second country is put through them further below.


# %% The sample and its weights
def sampled(country) -> pv.Survey:
    survey = pv.Survey(country.households, weights="base_weight", strata="parish", psu="ed")
    return survey.nonresponse("responded", within="parish").describe(
        rows="households",
        psus="districts",
        window="the 12 months before interview",
        definition="classified by the synthetic study's own indicators",
    )


def margin(country, name: str, *keys: str) -> dict:
    rows = country.margins.query("margin == @name and population.str.startswith('children')")
    index = [rows[key] for key in keys]
    labels = index[0] if len(keys) == 1 else zip(*index, strict=True)
    return dict(zip(labels, rows["count"].astype(float), strict=True))


def with_children(survey: pv.Survey, country) -> pv.Survey:
    census = {
        ("parish", "sex"): margin(country, "parish x sex", "parish", "sex"),
        "age_group": margin(country, "age_group", "age_group"),
    }
    return (
        survey.attach(country.children, on="household_id")
        .rake(census)
        .describe(
            rows="children",
            population="children 5 to 17 living in households",
            excludes="Children in institutions, on the street or at employers are not included.",
        )
    )


# %% Weighting the survey
survey = sampled(country)
kids = with_children(survey, country)
weight_flow = kids.weight_flow()
weight_flow[["step", "n", "sum", "kish_deff", "min", "max"]].round(2)

# %% [markdown]
# ## What the survey says
#
# The outcome is rare: few children in the sample are cases. The interval holds at every share, also
# where there is no case at all, because it works on an effective sample size with a borrowed design
# effect. It speaks for children in households and for nobody else.

# %% Direct estimates
prevalence = pv.direct.prevalence(kids, "trafficked")
by_sex = pv.direct.prevalence(kids, "trafficked", by="sex")
by_age = pv.direct.prevalence(kids, "trafficked", by="age_group")
by_parish = pv.direct.prevalence(kids, "trafficked", by="parish")
children_in_households = float(sum(margin(country, "parish", "parish").values()))
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
)[["variance", "estimate", "std_error", "conf_low", "conf_high", "df"]].round(4)

# %% [markdown]
# ## What adults know
#
# One adult of a household says how many children they know in groups of known size, and how many
# trafficked children. **Children are counted against children**: scaling by known groups of adults
# would count the wrong ties. Adults do not see, or do not say, every case; the share that they
# report (transmission) is the number on which everything depends. This estimate needs no conversion:
# adults know children in households and outside.


# %% Questions about people known
def about_children(survey: pv.Survey, country) -> pv.Answers:
    respondents = survey.attach(country.adults, on="household_id", one="n_adults").describe(
        rows="adults",
        population="children 5 to 17, in households and outside",
        excludes="Children whom no adult in a household knows are not included.",
    )
    groups = country.known_groups.query("alters == 'children'")
    sizes = zip(groups["group"], groups["size"].astype(float), strict=True)
    return pv.Answers(
        respondents,
        known={f"n_{group}": size for group, size in sizes},
        hidden={"trafficked": "n_children_trafficked"},
        alters="children",
    )


def found(country, name: str, kind: str = "beta", at: float | None = None) -> pv.Estimate:
    """Return what a small study found, with its standard error; or another value with that error."""
    row = country.side_studies.set_index("quantity").loc[name]
    value, error = float(row["value"]), float(row["std_error"])
    return pv.uncertain(value if at is None else at, std_error=error, kind=kind, name=name)


# %% Network scale-up
answers = about_children(survey, country)
tau = found(country, "transmission", at=transmission)
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


# %% The case lists
def listed(country) -> pv.Lists:
    window = ("2019-01-01", "2023-12-31")
    return pv.Lists.from_captures(
        country.captures, person="case_id", list="list", date="date",
        referred_by="referred_by", window=window,
    ).describe(
        outcome="trafficked for sexual exploitation",
        population="persons under 18 when trafficked",
        window="2019 to 2023",
        definition="listed as a case by one of the five organisations, or like those",
        excludes="Children trafficked in other forms, or before 2019, are not included.",
    )  # fmt: skip


# %% Multiple-systems estimation
lists = listed(country)
independent = pv.mse.loglinear(lists)
referral_aware = pv.mse.loglinear(lists, pairs=lists.referral_pairs())
bound = pv.mse.lower_bound(lists)
print(lists)
print("referral recorded between:", lists.referral_pairs())
print(referral_aware.sentence())

# %% A model chosen by the data {"tags": ["slow"]}
chosen = pv.mse.stepwise(lists, replicates=replicates, rng=seed)
print(chosen.sentence())

# %% [markdown]
# ## Three estimands
#
# A number of children in households, a number of all children, and a number of persons trafficked in
# one form over five years. Subtracting one from another would mean nothing, and the library refuses:

# %% What cannot be compared
truths = pv.datasets.truth(data).set_index(["id", "form", "domain"])["value"]


def true(name: str, labels: tuple = (), form: str = "any") -> list[float]:
    domains = [label[0] for label in labels if label] or ["all"]
    return [float(truths.loc[name, form, domain]) for domain in domains]


try:
    pv.compare({"survey": household_count, "network": network, "lists": referral_aware})
except ValueError as error:
    print(error)

# %% [markdown]
# ## One estimand, by bridges that can be read
#
# To the survey's number the children outside households are **added**. The lists' number is
# **multiplied** by the share of the five-year cases that fall in the last 12 months, and **divided**
# by the share of the sexual form among all trafficked children. Each bridge gives its reason, which
# stays with the estimate, and its factor brings its own uncertainty. The last factor is the weak
# one: a small share, itself estimated from a few hundred children, multiplies the answer by many times.


# %% Bridges to all children in 12 months
def carried(country, household_count: pv.Estimate, by_lists: pv.Estimate) -> dict[str, pv.Estimate]:
    everyone = "children 5 to 17, in households and outside"
    with_outside = household_count.bridge(
        found(country, "children_outside_households", kind="normal"),
        add=True,
        reason="children counted in institutions, on the street and at employers are added",
        population=everyone,
        excludes="",
    )
    last_year = by_lists.bridge(
        found(country, "share_last_year"),
        reason="of five-year cases, those exploited in the last 12 months, by their files",
        window="the 12 months before interview",
    )
    all_forms = last_year.bridge(
        1 / found(country, "share_sexual"),
        reason="all forms for each case of the sexual form, as services that see all forms find",
        outcome="trafficked",
        population=everyone,
        definition="classified by the synthetic study's own indicators",
        excludes="",
    )
    return {"survey": with_outside, "lists": all_forms}


converted = carried(country, household_count, referral_aware)
bridged, lists_bridged = converted["survey"], converted["lists"]
print(lists_bridged.sentence())

# %% Against the truth
all_children = true("national_12m_count")
comparison = pv.compare(
    {
        "Survey: children in households": household_count,
        "Survey: all children": bridged,
        "Network: all children": network,
        "Lists: sexual exploitation, five years": referral_aware,
        "Lists: all children": lists_bridged,
    },
    truth={
        "Survey: children in households": true("household_12m_count"),
        "Survey: all children": all_children,
        "Network: all children": all_children,
        "Lists: sexual exploitation, five years": true("five_year_sexual_count", form="sexual"),
        "Lists: all children": all_children,
    },
    side_by_side=True,
)
columns = ["name", "estimate", "conf_low", "conf_high", "kind", "truth", "covers"]
comparison.to_frame()[columns].round(0)

# %% [markdown]
# ## How they differ, and what they share
#
# Survey and network come from the same districts, so their errors are correlated; the lists share
# nothing with either. The variance of a difference is the sum of the variances less twice the
# covariance. Whoever takes two estimates of one sample as independent has a wrong interval for their
# difference. The lists take no part in differences: they say "at least".

# %% Covariance and differences
national = pv.compare(
    {"survey": bridged, "network": network, "lists": lists_bridged},
    truth=dict.fromkeys(["survey", "network", "lists"], all_children),
)
correlation = national.covariance(correlation=True)
difference = national.differences()
ratio = network / bridged
print(correlation.round(3).to_string())
print(difference.drop(columns="domain").round(1).to_string(index=False))

# %% Figure: one estimand and its truth {"tags": ["figure"]}
pv.plot.ladder(national, synthetic=True).figure

# %% [markdown]
# Read the figure by its widths. The network's interval is narrow because a sixth of all trafficked
# children are known to somebody in the sample; it is right only if transmission is. The survey's is
# wide because it found few cases, and needs no transmission. The lists give a floor, and by far the
# widest: they say little about all children that the other two do not. What agrees here agrees by
# three different sets of assumptions, which is the point of doing three studies. They are not pooled:
# a pooled number would have to weigh assumptions that no interval shows.
#
# ## What each assumption does to the answer
#
# Each row changes one assumption and leaves the rest. These are ranges of assumptions, and nothing
# says how likely their ends are.


# %% One assumption at a time
def reported(share: float) -> pv.Estimate:
    return pv.nsum.scale_up(answers, transmission=share, missing="complete")


def outside(times: float) -> pv.Estimate:
    number = times * found(country, "children_outside_households", kind="normal")
    return household_count.bridge(number, add=True, reason="another number outside").describe(
        population="children 5 to 17, in households and outside"
    )


def forms(share: float, last_year: float | None = None) -> pv.Estimate:
    recent = found(country, "share_last_year") if last_year is None else last_year
    return (referral_aware * recent / share).describe(**vars(lists_bridged.estimand))


assumed = pv.compare(
    {
        "survey, as converted": bridged,
        "survey, nobody outside households": outside(0.0),
        "survey, twice as many outside": outside(2.0),
        "network, as converted": network,
        "network, half of the ties reported": reported(0.5),
        "network, all ties reported": unadjusted.describe(**vars(network.estimand)),
        "lists, as converted": lists_bridged,
        "lists, 4 % of the sexual form": forms(0.04),
        "lists, 10 % of the sexual form": forms(0.10),
        "lists, a fifth in the last year": forms(0.066, 0.2),
        "lists, referral ignored": carried(country, household_count, independent)["lists"],
    },
    truth=dict.fromkeys([], all_children),
)
assumed
