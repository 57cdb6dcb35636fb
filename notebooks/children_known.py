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
# # Asking people about children they know
#
# **The question.** How many children of 5 to 17 were trafficked in the last 12 months, wherever
# they live in the country? A household survey sees only children who live in households, and few
# of these are cases. Here adults are asked how many children *they know* in groups of known size,
# and how many trafficked children. If they know children in proportion to their number, the ratio
# of the two gives the size of the hidden group. This is network scale-up.
#
# **What is synthetic.** Everything. Each answer was drawn from a random number generator, with the
# seed below. No row is a real person, no number here is a statistic of any country, and no
# published study is repeated. Because the data are made, the truth is known, and stands beside each
# estimate.
#
# **The design.** 3,000 adults in 150 clusters of six regions, with unequal weights. Reports of
# trafficked children vary between clusters and between adults. A second, small sample of children
# who were trafficked tells how often adults who know such a child are aware of it.

# %% Setting up
import contextlib
import warnings

import numpy as np
import pandas as pd

import prevalence as pv


@contextlib.contextmanager
def said_before():
    """Leave out warnings that were shown above; every estimate keeps and prints its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        yield


# %% Parameters: what a reader may set anew {"tags": ["parameters"]}
seed = 2026
forms = {"labour": (0.45, 0.8), "domestic": (0.45, 0.6), "sexual": (0.10, 0.3)}
adults_in_frame = 1_900_000
interviewed = 300  # trafficked children in the second sample

# %% [markdown]
# ## The two samples
#
# `forms` holds what an analyst never sees: the share of trafficked children in each form, and the
# chance that an adult who knows such a child says so (transmission). It is lowest where the
# situation is most hidden. All three are assumed. Adults here know fewer children than the share of
# children in the population would give (`child_mixing`): parents know many, others few.


# %% The generators
def drawn(seed: int, **changes) -> pv.simulate.SimulatedAnswers:
    """Draw the answers of the adults, weighted up to the frame."""
    settings = {"prevalence": 0.01, "forms": forms, "regions": 6, "region_sd": 0.5}
    settings |= {"area_sd": 0.5, "barrier_sd": 0.5, "known": "both", "child_mixing": 0.7}
    settings |= {"heaping": 0.1, "missing": 0.01} | changes
    made = pv.simulate.answers(3_000, clusters=150, rng=seed, **settings)
    made.adults["weight"] *= adults_in_frame / made.adults["weight"].sum()
    return made


probes = {"teachers": 25_000, "nurses": 4_600, "drivers": 15_000}  # adults, sizes assumed


def visited(seed: int) -> pd.DataFrame:
    """Draw what trafficked children say: adults they know, and those aware of their situation."""
    rng = np.random.default_rng([seed, 2])
    form = rng.choice(list(forms), interviewed, p=[share for share, _ in forms.values()])
    known_by = 180 * 0.7 * adults_in_frame / 2_774_538 * rng.gamma(3, 1 / 3, interviewed)
    table = pd.DataFrame({"form": form})
    for name, size in probes.items():
        table[name] = rng.poisson(known_by * size / adults_in_frame)
        table[f"{name}_aware"] = rng.binomial(table[name], [forms[f][1] for f in form])
    return table


made, visits = drawn(seed), visited(seed)
adults = made.adults
truth = made.trafficked

# %% [markdown]
# ## The known groups
#
# Twelve groups of persons of all ages were asked about, and seven groups **of children**. A size
# needs a source and a year. One source here is wrong on purpose: the register of disability grants
# lists fewer children than respondents count when they are asked about children with a disability.

# %% Sizes, with their sources
known = pv.simulate.known_groups().query("alters == 'children'").drop(columns="status")
known = known.reset_index(drop=True)
known["column"] = "n_" + known["group"]
known["group"] = known["group"].str.removeprefix("children_").str.replace("_", " ")
known.loc[known["group"] == "with disability grant", "size"] = 2_400
known[["group", "size", "year"]].assign(source=known["source"].str.slice(0, 24) + " ...")

# %% [markdown]
# ## The answers
#
# Before anything is estimated: what was asked, of whom, and what is missing. The children of the
# respondent's own household are left out of *all* questions: at home everybody would know.

# %% What was asked
survey = pv.Survey(adults, weights="weight", strata="region", psu="cluster").describe(
    rows="adults",
    psus="clusters",
    population="children aged 5 to 17 (synthetic data: no real person)",
    window="the 12 months before the interview",
    definition="as respondents see it, by the indicators read out to them",
    excludes="Children of the respondents' own households, and children whom no adult in a "
    "household knows, are not included.",
)
columns = {"trafficked": "n_children_trafficked"} | {f: f"n_children_{f}" for f in forms}
asked = {
    "hidden": {name: pv.nsum.Group(column=c, age="5-17") for name, c in columns.items()},
    "alters": "children",
    "population": made.children,
    "tie": "known by name and met or spoken to in the last 12 months, outside the household",
    "window": "the 12 months before the interview",
}
answers = pv.Answers(survey, known=known, **asked)
answers

# %% Zeros, means and missing answers
answers.summary()[["group", "role", "answered", "missing", "zeros", "mean"]].round(3)

# %% [markdown]
# Most adults report no trafficked child. That is as it should be: the estimate rests on the sum of
# all reports. A missing answer is never taken as 0; `missing="complete"` uses what each respondent
# answered and counts what is left out.
#
# The twelve groups of persons of all ages are more often known, so that they show better how people
# answer. Some numbers are rounded to 5 and 10 (heaping): `ratio` holds how often a round number was
# said against the numbers beside it.

# %% Rounded answers
persons = {
    c.removeprefix("n_").replace("_", " "): pv.nsum.Group(column=c, size=size, alters="persons")
    for c, size in made.known.items()
    if made.alters[c] == "persons"
}
everybody = {"alters": "persons", "population": made.population}
with said_before():
    of_persons = pv.Answers(survey, known=persons, hidden=(), **everybody)
of_persons.heaping()[["group", "point", "at", "neighbours", "ratio"]].head(3).round(2)

# %% Figure: how many persons adults know, and how often each number was said {"tags": ["figure"]}
pv.plot.degrees(of_persons, truth=180, synthetic=True).figure

# %% [markdown]
# ## Do the known groups come back?
#
# Each known group is estimated from the others, as if it were hidden. The ratio to its known size
# should be 1. This is the only check of a scale-up study that needs no truth.

# %% Leave one known group out
validation = pv.nsum.validate(answers, missing="complete")
ratios = ["group", "size", "estimate", "ratio", "ratio_low", "ratio_high"]
validation.to_frame()[ratios].round({"size": 0, "estimate": 0, **dict.fromkeys(ratios[3:], 2)})

# %% Figure: the ladder of known groups; 1 is the truth {"tags": ["figure"]}
pv.plot.known_groups(validation, synthetic=True).figure

# %% [markdown]
# The group with the wrong size stands far from 1, and it pulls the others the other way. A group is
# not dropped because it disturbs: first find out why. Here the register counts grants, not
# children. What the check cannot see is what all known groups share, and what is peculiar to the
# hidden group: transmission above all.

# %% Without the wrong register
right = answers.without("with disability grant")
validated = pv.nsum.validate(right, missing="complete")
validated.to_frame()[ratios].round({"size": 0, "estimate": 0, **dict.fromkeys(ratios[3:], 2)})

# %% [markdown]
# ## Transmission, with its uncertainty
#
# An adult may know a trafficked child and not know that it is trafficked. No question to adults
# can find this share. The second sample can: trafficked children, interviewed in safety and with
# consent, say how many teachers, nurses and drivers they know, and how many of these are aware of
# their situation (the game of contacts). The rate is an estimate like any other.

# %% The game of contacts
second = pv.Survey(visits, source="trafficked children, interviewed")
aware = {"aware": [f"{name}_aware" for name in probes], "known": list(probes)}
tau = pv.nsum.game_of_contacts(second, **aware)
tau_by_form = pv.nsum.game_of_contacts(second, **aware, by="form")
pd.concat([tau.to_frame(), tau_by_form.to_frame()])[
    ["domain", "n", "estimate", "std_error", "conf_low", "conf_high"]
].assign(truth=[made.transmission, *(forms[form][1] for (form,) in tau_by_form.labels)]).round(3)

# %% [markdown]
# Without such a sample the rate comes from another study or from judgement. Then say so, with
# limits, as below. The library has no default for it.

# %% The estimate
given = {"missing": "complete"}
network = pv.nsum.scale_up(right, "trafficked", transmission=tau, **given)
print(network.sentence())
print(f"In this synthetic population the truth is {truth:,.0f}.")

# %% What it rests on
print(network.explain())

# %% [markdown]
# The rate divides the number, so its uncertainty goes straight into the interval. A judgement with
# honest limits makes a wide interval. A number without limits makes a short one, which holds the
# truth as often as it says only if that number is right. Where the rate is very uncertain, draw it
# (`propagate="draws"`): division is not symmetric.

# %% The same reports, with what may be known of the rate
judged = pv.uncertain(0.65, 0.45, 0.85, kind="beta", name="transmission, judged")
rates = {
    "0.65, taken as exact": {"transmission": 0.65},
    "300 children asked": {"transmission": tau},
    "judged, 0.45 to 0.85": {"transmission": judged},
    "judged, drawn": {"transmission": judged, "propagate": "draws", "rng": seed},
}
with said_before():
    rated = {
        name: pv.nsum.scale_up(right, "trafficked", **rate, **given) for name, rate in rates.items()
    }
priors = pv.compare(rated, truth=truth)
shown = ["name", "estimate", "conf_low", "conf_high", "truth", "covers"]
priors.to_frame()[shown].round(0)

# %% [markdown]
# ## Children are counted against children
#
# The most common silent error of such studies: the number of *children* known is scaled by known
# groups of *persons*. Both come from the same interviews, and nothing looks wrong. But adults do
# not know children and persons in proportion to their numbers, and the estimate is off by exactly
# that factor. `Answers` warns of the mixture; the data cannot.

# %% The same reports, scaled by three sets of known groups
mixed = {name: value for name, value in asked.items() if name != "population"}
with said_before():
    scaled = {
        "children (right)": network,
        "persons (wrong)": pv.Answers(survey, known=persons, **mixed),
        "both (wrong)": pv.Answers(survey, known=persons | right.known, **mixed),
    }
    for name in ("persons (wrong)", "both (wrong)"):
        scaled[name] = pv.nsum.scale_up(scaled[name], "trafficked", transmission=tau, **given)
units = pv.compare(scaled, truth=truth)
units.to_frame()[shown].round(0)

# %% [markdown]
# The wrong intervals are no wider: twelve groups of persons have many ties. An interval speaks of
# the sample, not of a wrong question.

# %% [markdown]
# ## Form by form
#
# Forms are known and reported with different chances. One rate for all forms is right for their
# sum if the second sample has the forms in the proportion of the population. It is wrong for each
# form: too high where transmission is high, too low where it is low. With a rate for each form the
# three estimates add up, whatever the second sample is made of.

# %% One rate for each form, and one for all
by_form, one_rate = {}, {}
with said_before():
    for form in forms:
        own = pv.nsum.scale_up(right, form, transmission=tau_by_form[form], **given)
        by_form[form] = own.describe(outcome=f"trafficked, form: {form}")
        one_rate[form] = pv.nsum.scale_up(right, form, transmission=tau, **given)
true_forms = {form: truth * share for form, (share, _) in forms.items()}
parts = [estimate.describe(outcome="trafficked") for estimate in by_form.values()]
total = parts[0] + parts[1] + parts[2]
per_form = pv.compare(by_form, truth=true_forms, side_by_side=True)
per_form.to_frame()[shown].assign(one_rate=[e.value[0] for e in one_rate.values()]).round(0)

# %% Their sum keeps the covariance of one sample
print(total)

# %% [markdown]
# ## Which standard error?
#
# The standard error that is usually printed for scale-up (Killworth's) takes every tie of every
# respondent as an independent draw. Adults of one cluster know the same children, some adults know
# many and most none, and weights are unequal. The design-based standard error sees all this.

# %% Of this study, before adjustments
killworth = float(network.facts["model_std_error"][0])  # of the adjusted estimate, on its scale
design = float(network.facts["basic_std_error"][0] / network.facts["basic"][0] * network.value[0])
resampled = right.on(survey.bootstrap(200, rng=seed))
with said_before():
    bootstrap = pv.nsum.scale_up(resampled, "trafficked", transmission=tau, **given)
errors = pd.DataFrame(
    {
        "standard error": ["Killworth", "design", "design and transmission", "the same, bootstrap"],
        "value": [killworth, design, network.std_error[0], bootstrap.std_error[0]],
    }
)
errors.assign(relative=errors["value"] / network.value[0]).round({"value": 0, "relative": 3})

# %% [markdown]
# Which of them is right shows only when the study is repeated. The next cell draws whole studies in
# NumPy, 400 for each line, with 3,000 adults in clusters of 20 and twelve known groups (sizes
# assumed), and the transmission rate known. It has one error at a time. `rse` is the spread of the
# estimates, `deff` the design-based variance over that of as many adults taken one by one.


# %% Four hundred studies at a time {"tags": ["slow"]}
def repeated(many=400, p=0.01, clusters=150, area=0.5, barrier=0.0, recall=0.0):
    """Draw studies and return the estimate over the truth, and both standard errors, of each."""
    rng, tau = np.random.default_rng(seed), 0.6
    sizes = np.array([s for c, s in made.known.items() if "group" in c])
    share = sizes / made.population * (sizes / np.median(sizes)) ** -recall
    draw = (many, clusters, 20)
    persons = rng.gamma(1 / 0.81, 180 * 0.81, draw)
    effect = np.exp(area * rng.standard_normal((many, clusters, 1)) - area**2 / 2)
    effect = effect * np.exp(barrier * rng.standard_normal(draw) - barrier**2 / 2)
    known, weight = rng.poisson(persons * share.sum()), np.exp(0.5 * rng.standard_normal(draw))
    reports = rng.poisson(persons * made.children / made.population * p * tau * effect)
    ties = (weight * known).sum((1, 2)) / sizes.sum() * made.children
    basic = (weight * reports).sum((1, 2)) / ties
    gap = reports - basic[:, None, None] * known / sizes.sum() * made.children
    in_clusters = (weight * gap).sum(2)
    by_design = np.sqrt(in_clusters.var(1, ddof=1) * clusters) / ties / basic
    one_by_one = np.sqrt((weight * gap**2).sum((1, 2)) / weight.sum((1, 2)) * 20 * clusters)
    one_by_one = one_by_one / (ties / weight.mean((1, 2))) / basic
    return basic / (p * tau), by_design, 1 / np.sqrt(reports.sum((1, 2))), one_by_one


# %% How often each interval holds the truth {"tags": ["slow"]}
lines = {
    "prevalence 0.2 %": {"p": 0.002},
    "prevalence 0.5 %": {"p": 0.005},
    "prevalence 1 %": {},
    "prevalence 5 %": {"p": 0.05},
    "half as many clusters": {"clusters": 75},
    "strong clustering": {"area": 1.0},
    "barrier between adults": {"barrier": 1.0},
    "large groups recalled less": {"recall": 0.15},
}
rows = []
for name, line in lines.items():
    ratio, by_design, binomial, alone = repeated(**line)
    held = [(np.abs(np.log(ratio)) < 1.976 * e).mean() for e in (by_design, binomial)]
    deff = (by_design**2 / alone**2).mean()
    rows.append([name, ratio.mean() - 1, ratio.std(), deff, *held])
repeats = pd.DataFrame(rows, columns=["setting", "bias", "rse", "deff", "design", "Killworth"])
repeats.round({"bias": 3, "rse": 3, "deff": 1, "design": 3, "Killworth": 3})

# %% [markdown]
# The columns `design` and `Killworth` are the shares of 95 % intervals that hold the truth. The
# Monte Carlo error of a share of 0.95 is 0.011 with 400 studies. Under the last error *both* fail:
# adults name too few members of the large known groups, so degrees come out too small and the
# hidden group too large. More interviews make that interval shorter, and worse.
#
# ## Beside a direct question about the household's own children
#
# What does the detour buy? A household survey with 3,000 children and a design effect of 2 has
# this relative standard error; the scale-up survey of 3,000 adults the next one. The third column
# adds a transmission rate that is known with a relative error of 10 %.

# %% Precision of the two ways {"tags": ["slow"]}
p = np.array([line.get("p", 0.01) for line in lines.values()])[:4]
precision = pd.DataFrame({"prevalence %": 100 * p})
precision["direct"] = np.sqrt(2 * (1 - p) / (3_000 * p))
precision["scale-up"] = repeats["rse"].head(4)
precision["scale-up, rate uncertain"] = np.hypot(precision["scale-up"], 0.10)
precision.round(3)

# %% [markdown]
# For what is rare the network is worth many interviews: each adult reports about all children he
# or she knows. The price is that every assumption multiplies the answer, and no interval of the
# sample knows of it.
#
# ## One study that misses
#
# The study is now repeated with the library itself, with seeds 1, 2, 3 and so on, until an
# interval misses the truth: about one in twenty does. It is kept here, beside those that hold.


# %% From seed 1 to the first that misses {"tags": ["slow"]}
def national(seed: int, adjusted=pv.nsum.scale_up, **changes) -> pv.Estimate:
    """Return the whole study of another seed: both samples, and the known groups as they are."""
    sample = drawn(seed, **({"known": "children"} | changes)).answers()
    contacts = pv.nsum.game_of_contacts(pv.Survey(visited(seed)), **aware)
    return adjusted(sample, "trafficked children", transmission=contacts, **given)


tried = []
with said_before():
    while not tried or tried[-1][3] < truth < tried[-1][4]:
        again = national(len(tried) + 1)
        tried.append([len(tried) + 1, again.value[0], again.std_error[0], *again.interval()[0]])
first_miss = pd.DataFrame(tried, columns=["seed", "estimate", "std_error", "low", "high"])
first_miss["covers"] = first_miss["low"].lt(truth) & first_miss["high"].gt(truth)
first_miss.tail(6).round(0)

# %% [markdown]
# Nothing in the data of the last line tells that it is the one. The table below is made by
# `python -m prevalence coverage children_known`, which draws everything in this study anew with
# many seeds. It has the share of intervals that hold the truth with its Monte Carlo error, the mean
# of the estimate over the truth, and the standard error over the spread of the estimates.

# %% How often the intervals of this notebook hold the truth {"tags": ["slow"]}
coverage = pv.datasets.coverage("children_known")
short = {
    "estimate": "estimate",
    "coverage": "coverage",
    "coverage mc error": "mc error",
    "mean of estimate / truth": "ratio",
    "std error / spread": "se ratio",
}
coverage[list(short)].rename(columns=short).round(3)

# %% [markdown]
# A form with few reports and a rate from few children is the least certain: dividing by an
# uncertain rate also gives too much in the mean, the more so the less certain the rate is.
#
# ## Regions
#
# The adults of a region see the whole group in a ratio of their own. Times the children of the
# region it is the number in the region, **if** adults mostly know children of their own region.

# %% Each region from its own answers
with said_before():
    by_region = pv.nsum.scale_up(right, "trafficked", transmission=tau, by="region", **given)
children = made.truth.set_index("region")["children"]
labels = [region for (region,) in by_region.labels]
regional = by_region * (children[labels] / made.children).to_numpy()
true_regions = made.truth.set_index("region")["trafficked"][labels].to_numpy()
regional.to_frame()[["domain", "n", "cases", "estimate", "conf_low", "conf_high", "flag"]].assign(
    truth=true_regions
).round(0)

# %% [markdown]
# Few reports a region make wide intervals. A model lets regions borrow from one another: the
# overdispersed model of Zheng, Salganik and Gelman, with partially pooled regions. It must have
# converged before any number is read from it; the library refuses to summarise chains that have
# not.

# %% The Bayesian model {"tags": ["slow"]}
fitted = pv.nsum.fit(
    right,
    "trafficked",
    regions="region",
    region_populations=children.to_dict(),
    draws=800,
    warmup=600,
    rng=seed,
)
worst = fitted.diagnostics()
print(fitted)
print(
    f"largest R-hat {worst['rhat'].max():.3f}, fewest effective draws {worst['ess_bulk'].min():.0f}"
)

# %% Figure: regions alone and pooled, and the truth {"tags": ["figure", "slow"]}
seen = dict(zip(labels, true_regions * made.transmission / children[labels], strict=True))
pv.plot.regions(fitted, truth=seen, synthetic=True).figure

# %% [markdown]
# Regions with few reports are drawn towards the country's mean. The model takes respondents as
# independent given its terms, without weights and clusters: its intervals are too short in a
# clustered survey. `weights="pseudo"` widens them to the design's.

# %% The country by the model, and by the design {"tags": ["slow"]}
with said_before():
    pseudo = pv.nsum.fit(right, "trafficked", weights="pseudo", draws=500, warmup=500, rng=seed)
    modelled = {
        "scale-up, by the design": network,
        "model alone": fitted.size(transmission=tau, rng=seed),
        "model, design's spread": pseudo.size(transmission=tau, rng=seed),
    }
models = pd.concat([e.to_frame() for e in modelled.values()])
models = models[["estimate", "std_error", "conf_low", "conf_high"]].assign(truth=truth)
models.insert(0, "name", list(modelled))
models.reset_index(drop=True).round(0)

# %% [markdown]
# ## Without known groups: the generalised estimator
#
# The second sample can do more. How many adults are aware of a trafficked child, on average, can be
# estimated from the probe groups. All reports of all adults, over that number, is the number of
# children. This needs weights that add up to the frame, and no known group of children.

# %% All reports over the awareness of each child
generalized = pv.nsum.generalized(
    right,
    second,
    "trafficked",
    aware={f"{name}_aware": size for name, size in probes.items()},
    frame_size=adults_in_frame,
    **given,
)
print(generalized.sentence())

# %% [markdown]
# It shares the reports and the second sample with the first estimate. Their agreement checks the
# degrees, and nothing else.
#
# ## What each assumption does
#
# First what an analyst may decide wrongly, with the same answers.

# %% One decision at a time
decisions = {
    "all ties taken as reported": (right, 1),
    "a rate from another place": (right, pv.uncertain(0.85, std_error=0.03)),
    "the wrong register kept": (answers, tau),
}
with said_before():
    wrong = {
        name: pv.nsum.scale_up(of, "trafficked", transmission=rate, **given)
        for name, (of, rate) in decisions.items()
    }
wrong |= {"known groups of persons": scaled["persons (wrong)"], "as it should be": network}
assumptions = pv.compare(wrong, truth=truth)
assumptions.to_frame()[shown].round(0)

# %% Figure: what each decision does {"tags": ["figure"]}
pv.plot.ladder(assumptions, synthetic=True).figure

# %% [markdown]
# Then what respondents may do, in 40 studies for each line, both samples drawn anew. `bias` is in
# the mean of the estimates, with its Monte Carlo error; that of a share of 0.95 is 0.03 here.


# %% One kind of answer at a time {"tags": ["slow"]}
def in_the_mean(adjusted=pv.nsum.scale_up, studies=40, **changes):
    """Return bias, its Monte Carlo error and coverage over studies with other answers."""
    with said_before():
        every = [national(study, adjusted, **changes) for study in range(1, studies + 1)]
    ratio = np.array([e.value[0] for e in every]) / truth
    held = [low < truth < high for low, high in (e.interval()[0] for e in every)]
    return ratio.mean() - 1, ratio.std(ddof=1) / studies**0.5, np.mean(held)


kinds = {
    "as in this study": in_the_mean(),
    "large groups recalled less": in_the_mean(recall=0.3),
    "the same, recall undone": in_the_mean(pv.nsum.recall_adjusted, recall=0.3),
    "strong barrier": in_the_mean(barrier_sd=1.2),
    "seven of ten answers rounded": in_the_mean(heaping=0.7),
    "three of ten reports false": in_the_mean(precision=0.7),
}
behaviour = pd.DataFrame(kinds, index=["bias", "mc error", "coverage"]).T
behaviour.round(3)

# %% [markdown]
# A barrier makes the interval wider, and it knows. Of the others it knows nothing. Recall error can
# be undone by the line through the known groups (`recall_adjusted`), at the price of a wider
# interval, since few groups draw the line. False reports are seen by nobody.

# %% [markdown]
# ## Against the truth

# %% What is estimated, beside its truth
comparison = pv.compare(
    {
        "Scale-up, one transmission rate": network,
        "Scale-up, a rate for each form": total,
        "Generalised scale-up": generalized,
    },
    truth=truth,
    side_by_side=True,
)
comparison

# %% Figure: three estimates and the truth {"tags": ["figure"]}
pv.plot.ladder(comparison, synthetic=True).figure

# %% Every estimate that claims to hold its truth
checked = (
    comparison,
    per_form,
    pv.compare(
        {
            "by region": regional,
            "known groups, left out one by one": validated.ratio,
            "transmission": tau,
            "transmission by form": tau_by_form,
        },
        truth={
            "by region": true_regions,
            "known groups, left out one by one": 1.0,
            "transmission": made.transmission,
            "transmission by form": [forms[form][1] for (form,) in tau_by_form.labels],
        },
        side_by_side=True,
    ),
)

# %% [markdown]
# ## What is published
#
# `pv.report(published, path="report.html", synthetic=True)` writes the page, and suppresses rows
# with few reports. The second table is what a reviewer asks for: `cases` are reports, and `deff` is
# the variance by the design over Killworth's.

# %% What the report shows
published = pv.compare(
    {
        "All forms": network,
        **{f"Form: {form}": estimate for form, estimate in by_form.items()},
        "By region": regional,
    },
    truth={
        "All forms": truth,
        **{f"Form: {form}": value for form, value in true_forms.items()},
        "By region": true_regions,
    },
    side_by_side=True,
)

# %% The table that a reviewer expects
rows = {"all forms": network, **by_form, "regions": by_region}
reviewer = pd.concat([e.to_frame() for e in rows.values()], ignore_index=True)
reviewer.insert(0, "group", [*rows][:-1] + labels)
size_of = np.r_[np.ones(len(rows) - 1), (children[labels] / made.children).to_numpy()]
limits = ["estimate", "conf_low", "conf_high"]
reviewer[limits] = reviewer[limits].mul(size_of, axis=0)


def design_effect(e: pv.Estimate) -> np.ndarray:
    """Return the variance by the design over Killworth's, both before adjustments."""
    by_design = e.facts["basic_std_error"] / e.facts["basic"]
    return (by_design / (e.facts["model_std_error"] / e.value)) ** 2


reviewer["deff"] = np.concatenate([design_effect(e) for e in rows.values()])
reviewer = reviewer[["group", "n", "cases", *limits, "deff", "flag"]]
reviewer.round({**dict.fromkeys(limits, 0), "deff": 1})

# %% What the report shows besides
page = {
    "title": "Children known to adults: a network scale-up study",
    "study": {"name": "children_known"},
    "validation": validated,
}

# %% The numbers that a rerun must repeat {"tags": ["results"]}
results = {
    "known groups": validation.to_frame(),
    "known groups, without the wrong register": validated.to_frame(),
    "transmission": tau,
    "transmission by form": tau_by_form,
    "comparison": comparison,
    "what is known of the rate": priors,
    "units": units,
    "by form": per_form,
    "by region": regional,
    "standard errors": errors,
    "repeated studies": repeats,
    "precision": precision,
    "first miss": first_miss,
    "models": models,
    "decisions": assumptions,
    "kinds of answers": behaviour,
    "reviewer": reviewer,
}
len(results)

# %% [markdown]
# ## What would make this wrong
#
# 1. **The transmission rate is that of other children.** Children who could be interviewed are
#    those whom services or venues reach; adults are more often aware of these. The rate is then too
#    high, and the number **too low**.
# 2. **Reports that are not true.** Hard work that is legal is taken for trafficking. The number is
#    **too high** by the share of false reports; `precision=` is 1 here, and that is an assumption.
# 3. **Children with few ties.** A child who may not leave a house is known by fewer adults than
#    other children. The number is **too low** by that ratio; compare with other children
#    (`pv.nsum.degree_ratio`).
# 4. **Known groups of persons** in place of children: wrong by how much better or worse
#    adults know children than persons, in **either direction**.
# 5. **A register that counts something else** than the question. Too small a size makes the number
#    **too low** unless the group is left out.
# 6. **Large groups recalled less well**: degrees too small, the number **too high**. A line of the
#    known groups against their sizes that falls short of 1 shows it.
# 7. **"Do not know" written down as 0** among those who know somebody: **too low**.
# 8. **Regions as if they were worlds of their own.** Adults also know children elsewhere: regional
#    numbers are drawn **together**, and high ones are too low.
# 9. **Children whom no adult in a household knows** are in no answer at all: **too low**, by a number
#    that this study cannot see.

# %% What this was made with {"tags": ["environment"]}
pv.datasets.provenance({"adults": adults, "visits": visits})
