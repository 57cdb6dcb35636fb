"""Fit a scale-up model: answers into arrays, one of the samplers, and a `Posterior` out of its draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..answers import Answers, as_answers
from ..arguments import explained
from ..custom import domains_of, provenance
from ..errors import generator, note, number, one_of
from ..estimand import Estimand
from ..estimate import Estimate
from ..evaluate import units_known
from ..frames import names_of
from ..survey import Survey
from . import pseudo_posterior
from .chains import name_of
from .convergence import REGIONAL
from .models import MODELS, WEIGHTED, Asked, Model
from .models.scaling import RULES, raised, rescale
from .posterior import Posterior
from .propagation import joint_draws
from .subject import on_hidden, words_of

__all__ = ["fit"]

Array = NDArray[Any]
WEIGHTS = ("ignore", "pseudo")


@explained
def fit(
    sample: Answers | Survey,
    hidden: Any = None,
    *,
    known: Any = None,
    model: str = "overdispersed",
    population: float | None = None,
    regions: str | None = None,
    region_populations: Mapping[str, float] | None = None,
    covariates: str | Sequence[str] = (),
    weights: str = "ignore",
    scaling: str | None = None,
    chains: int = 4,
    draws: int = 2000,
    warmup: int = 2000,
    where: str | None = None,
    rng: int | np.random.Generator | None = None,
) -> Posterior:
    """Fit a Bayesian scale-up model to the numbers known: sizes, degrees and their uncertainty.

    All models have ``E y_ik = d_i N_k / N`` for respondent i and group k, with degrees d_i lognormal:

    * ``"overdispersed"``: negative binomial with variance w_k times the mean (Zheng et al. 2006).
    * ``"random-degree"``: binomial; ``"barrier"``: beta-binomial (Maltiel et al. 2015).
    * ``"lognormal"``: Poisson with a lognormal factor in each cell; ``"correlated"``: with factors
      correlated between groups (Laga et al. 2023).

    Parameters
    ----------
    sample : Answers or Survey
        Answers, or the survey with `known` and `hidden`. Missing, yes/no, binned and top-coded
        answers enter as the interval of counts that they allow.
    hidden, known : optional
        As in `prevalence.Answers`; with answers, which of their groups to take.
    model : str
        See above.
    population : float
        Number of people that degrees refer to, N, if the answers do not say.
    regions : str, optional
        Column of regions, whose shares of the hidden groups are partially pooled.
    region_populations : mapping of str to float
        Number of people in each region; they add up to the population.
    covariates : str or list of str
        Columns that move the degree: numbers are standardised, texts become one 0/1 column for each
        label but the first.
    weights : {"ignore", "pseudo"}
        ``pseudo``: the survey weight of a respondent, scaled to sum to their number, multiplies all
        that the respondent adds to the log posterior: the likelihood of the answers and the density
        of the log degree. Draws of the parameters are then rescaled until their spread is that of
        the design. For the overdispersed, random-degree and barrier models without regions and
        covariates.
    scaling : str, optional
        Rule that brings degrees and shares to the scale of the known groups, by default the
        model's; see the rules of Laga et al.: ``"all"``, ``"weighted"``, ``"weighted_sq"``, and that of
        Zheng et al., ``"overdispersed"``.
    chains, draws, warmup : int
        Chains, draws kept of each, and iterations before them that adapt the sampler.
    where : str, optional
        Condition on respondents.
    rng : int, Generator or None
        Seed.

    Returns
    -------
    Posterior
        Draws with their diagnostics; its method `size` gives the sizes of the hidden groups.

    Raises
    ------
    ValueError, TypeError, KeyError
        When the population is missing, a column, model or option is unknown, a region has no
        population, a hidden group has no answer, nobody reports a known group, or the model does not
        take what is asked of it.

    Notes
    -----
    Assumes that hidden and known groups are known alike in proportion to their numbers, up to the
    model's noise: adjust for transmission and the rest in `Posterior.size`. Sizes that are known with
    uncertainty are drawn anew for every draw. It fails where few known groups carry the scale. With
    ``weights="ignore"`` respondents are independent to the model: in a sample of clusters its intervals
    are too short, and its sizes those of the respondents where chances went with what they know.

    Priors of the groups are flat or wide, so that a group that few know keeps a wide posterior; one
    that nobody knows has the upper limit which the other groups and the prior leave.

    One seed gives one fit. Draws of log degrees are kept in single precision: 4 bytes for each chain,
    draw and respondent, 320 MB for 10,000 respondents at the defaults; ask for fewer draws where that
    is too much. Time grows with the answers that are not zero for the overdispersed model, and with
    all answers for barrier, lognormal and correlated, which are 5 to 20 times slower.

    References
    ----------
    Zheng, T., Salganik, M. J. and Gelman, A. (2006). How many people do you know in prison? Journal
    of the American Statistical Association 101, 409-423. doi:10.1198/016214505000001168

    Laga, I., Bao, L. and Niu, X. (2023). A correlated network scale-up model: finding the connection
    between subpopulations. Journal of the American Statistical Association.
    doi:10.1080/01621459.2023.2165929

    Williams, M. R. and Savitsky, T. D. (2021). Uncertainty estimation for pseudo-Bayesian inference
    under complex sampling. International Statistical Review 89, 72-107. doi:10.1111/insr.12376

    Examples
    --------
    >>> import numpy as np
    >>> import prevalence as pv
    >>> made = np.random.default_rng(1)
    >>> degree = made.lognormal(5, 0.5, 80)
    >>> data = {
    ...     name: made.poisson(degree * share)
    ...     for name, share in (("police", 0.03), ("nurses", 0.05), ("hidden", 0.01))
    ... }
    >>> fitted = pv.nsum.fit(
    ...     pv.Survey({**data, "region": ["north", "south"] * 40}),
    ...     "hidden",
    ...     known={"police": 3_000, "nurses": 5_000},
    ...     population=100_000,
    ...     regions="region",
    ...     region_populations={"north": 40_000, "south": 60_000},
    ...     draws=300,
    ...     warmup=250,
    ...     rng=1,
    ... )
    >>> size = fitted.size(transmission=1)
    >>> bool(700 < size.value[0] < 1_300)
    True
    >>> fitted.fitted_sizes().value.shape, fitted.shrinkage()["region"].tolist()
    ((2,), ['north', 'south'])
    """
    answers = as_answers(sample, hidden, known, population)
    one_of("model", model, list(MODELS))
    one_of("weights", weights, WEIGHTS)
    for name, count, least in (("chains", chains, 1), ("draws", draws, 4), ("warmup", warmup, 1)):
        if not isinstance(count, (int, np.integer)) or count < least:
            raise ValueError(
                f"{name} must be a whole number of at least {least}: found {count!r}. Write "
                f"{name}={max(least, 4) if name == 'chains' else 2000}."
            )
    rule = one_of("scaling", scaling or MODELS[model].scaling, RULES)
    made = generator(rng)
    people = _people(answers)
    said = list(answers.notes)
    rows = _rows(answers, where, said)
    answers = _told(answers, rows, said)
    low, high = (limits[rows] for limits in answers.bounds(_names(answers)))
    asked = Asked(
        low=low,
        high=high,
        sizes=np.r_[answers.sizes(), np.full(len(answers.hidden), np.nan)],
        population=people,
        weights=_weights(answers.survey, rows) if weights == "pseudo" else None,
        covariates=_covariates(answers.survey, names_of("covariates", covariates), rows),
        regions=_regions(answers.survey, regions, region_populations, people, rows),
        chains=int(chains),
        draws=int(draws),
        warmup=int(warmup),
    )
    _check_accepted(model, asked, rule)
    if asked.weights is not None:
        pseudo_posterior.check(model, asked)
    row = MODELS[model]
    raw = row.sample(asked, made)
    if asked.weights is not None and row.margin is not None:
        raw = pseudo_posterior.adjusted(row.margin(raw, asked), raw, answers.survey, rows)
    scaled = _scaled(raw, asked, rule, row)
    scaled = _resized(scaled, answers, rule, row, made, said)
    return _posterior(model, scaled, answers, asked, rows, rule, regions or "", tuple(said))


def _names(answers: Answers) -> list[str]:
    return [*answers.known, *answers.hidden]


def _people(answers: Answers) -> float:
    if answers.population is None:
        raise ValueError(
            "population must be given for a model: found none. Pass the number of people that "
            "degrees refer to, to pv.nsum.fit or to pv.Answers."
        )
    return float(answers.population)


# ---------------------------------------------------------------------- rows and columns
def _rows(answers: Answers, where: str | None, said: list[str]) -> Array:
    """Return the rows that take part; those without any answer are left out with their count."""
    inside = domains_of(answers.survey, (), where).take_part(answers.survey)
    low, high = answers.bounds(_names(answers))
    silent = inside & ((low == 0) & np.isinf(high)).all(axis=1)
    if silent.any():
        note(
            said,
            f"{int(silent.sum()):,} of {int(inside.sum()):,} respondents answered no question about "
            f"people known (first: row {int(np.flatnonzero(silent)[0])}): they are left out.",
        )
    rows = np.flatnonzero(inside & ~silent)
    if rows.size < 3:
        raise ValueError(
            f"a model needs at least 3 respondents with answers: found {rows.size}. Use more rows, "
            "or pv.nsum.scale_up."
        )
    return rows


def _told(answers: Answers, rows: Array, said: list[str]) -> Answers:
    """Return the answers without known groups that nobody answered about, whose shares are unknown.

    A hidden group without answers, or known groups without a report, leave nothing to estimate.
    """
    low, high = (limits[rows] for limits in answers.bounds(_names(answers)))
    told = ((low > 0) | np.isfinite(high)).sum(axis=0)
    answered = dict(zip(_names(answers), told, strict=True))
    silent = [name for name in answers.hidden if not answered[name]]
    if silent:
        raise ValueError(
            f"hidden groups must have an answer: {len(silent)} of {len(answers.hidden)} have none "
            f"among the {rows.size:,} rows used (first: {silent[0]!r}). Leave them out."
        )
    known = len(answers.known)
    if not (low[:, :known] > 0).any():
        raise ValueError(
            f"known groups must have reports: nobody of {rows.size:,} respondents knows anyone in any "
            f"of the {known} (first: {next(iter(answers.known))!r}), which leaves degrees without a "
            "scale. Add known groups that are known, or check the columns."
        )
    silent = [name for name in answers.known if not answered[name]]
    if silent:
        note(
            said,
            f"{len(silent)} of {known} known groups have no answer among the {rows.size:,} rows used "
            f"(first: {silent[0]!r}): they are left out.",
        )
    return answers.without(*silent) if silent else answers


def _weights(survey: Survey, rows: Array) -> Array:
    w = survey.chain.weights[rows]
    if (w < 0).any():
        raise ValueError(
            f"weights must be positive for weights='pseudo': {int((w < 0).sum()):,} of {w.size:,} are "
            "not. Bound the calibration, or pass weights='ignore'."
        )
    return np.asarray(w * (w.size / w.sum()))


def _covariates(survey: Survey, names: list[str], rows: Array) -> Array | None:
    """Return centred columns (respondents, columns): standardised numbers, indicators of labels."""
    columns = []
    for name in names:
        raw = np.asarray(survey.table.raw(name, "covariates"))
        if raw.dtype.kind in "biuf":
            x = survey.table.numeric(name, "covariates")[rows]
            gone = ~np.isfinite(x)
            if gone.any():
                raise ValueError(
                    f"covariates must be complete: {name!r} is missing in {int(gone.sum()):,} of "
                    f"{rows.size:,} rows (first: row {int(rows[gone][0])}). Impute it, or choose rows "
                    "with where=."
                )
            made = x[:, None]
        else:
            codes = survey.table.codes([name], "covariates")[0][rows]
            made = (codes[:, None] == np.unique(codes)[1:]).astype(float)
        spread = made.std(axis=0)
        if made.shape[1] == 0 or (spread == 0).any():
            raise ValueError(
                f"covariates must vary: {name!r} has one value in the rows used. Leave it out."
            )
        columns.append((made - made.mean(axis=0)) / (spread if raw.dtype.kind in "iuf" else 1.0))
    return np.concatenate(columns, axis=1) if columns else None


def _regions(
    survey: Survey,
    name: str | None,
    populations: Mapping[str, float] | None,
    population: float,
    rows: Array,
) -> tuple[Array, tuple[str, ...], Array] | None:
    """Return the region of each respondent, the labels, and the number of people in each."""
    if name is None:
        if populations is not None:
            raise ValueError(
                "region_populations must come with regions=: found no column. Name the column of "
                "regions."
            )
        return None
    codes, labels = survey.table.codes([name], "regions")
    words = [label[0] for label in labels]
    if populations is None:
        raise ValueError(
            f"region_populations must be given with regions: found none. Map each label of {name!r} to "
            f"its number of people, as in {{{words[0]!r}: ...}}."
        )
    given = {str(key): number("region_populations", size) for key, size in populations.items()}
    lost = [word for word in words if word not in given]
    extra = [key for key in given if key not in words]
    if lost or extra:
        what = f"{lost[0]!r} has none" if lost else f"{extra[0]!r} is no label"
        raise ValueError(
            f"region_populations must have one number for each label of {name!r}: {what}. Every "
            "region needs its population and at least one respondent."
        )
    people = np.array([given[word] for word in words])
    if not (np.isfinite(people) & (people > 0)).all():
        raise ValueError(
            f"region_populations must be positive: {words[int(np.argmin(people))]!r} has "
            f"{people.min():g}. Give numbers of people."
        )
    if abs(people.sum() / population - 1) > 0.01:
        raise ValueError(
            f"region_populations must add up to the population: found {people.sum():,.0f} for "
            f"{population:,.0f}. Correct one of them."
        )
    present = np.bincount(codes[rows], minlength=len(words))
    if (present == 0).any():
        raise ValueError(
            f"regions must have respondents: {words[int(np.argmin(present))]!r} has none among the "
            "rows used. Join it with another."
        )
    return codes[rows], tuple(words), people * (population / people.sum())


def _check_accepted(model: str, asked: Asked, rule: str) -> None:
    wanted = {
        "covariates": asked.covariates is not None,
        "regions": asked.regions is not None,
        WEIGHTED: asked.weights is not None,
    }
    for word, asks in wanted.items():
        if asks and not MODELS[model].takes(word):
            able = [name for name, row in MODELS.items() if row.takes(word)]
            why = MODELS[model].unweighted if word == WEIGHTED else ""
            raise ValueError(
                f"model must take {word}: {model!r} does not{why}. Choose {', '.join(able)}."
            )
    if asked.low.shape[1] < MODELS[model].groups:
        able = [name for name, row in MODELS.items() if row.groups <= asked.low.shape[1]]
        raise ValueError(
            f"model must suit the number of groups: {model!r} learns how groups differ and needs "
            f"{MODELS[model].groups} with answers, found {asked.low.shape[1]}. Choose "
            f"{', '.join(able) or 'pv.nsum.scale_up'}, or add known groups."
        )
    if rule.startswith("weighted") and not MODELS[model].takes("weighted scaling"):
        raise ValueError(
            f"scaling must suit the model: {rule!r} needs correlations between groups, which "
            f"{model!r} has not. Choose model='correlated', or scaling='all'."
        )


# ---------------------------------------------------------------------- the scale of the draws
def _scaled(raw: Mapping[str, Array], asked: Asked, rule: str, row: Model) -> dict[str, Array]:
    """Bring degrees and shares to the scale of the known groups, if the model leaves it open."""
    if row.sized:
        return dict(raw)
    known = np.flatnonzero(np.isfinite(asked.sizes))
    correlation = raw["correlation"].mean(axis=(0, 1)) if "correlation" in raw else None
    first = raw["log_degree"][..., :1].astype(float)  # all degrees of a draw move alike
    degree, share = rescale(
        first,
        raw["log_prevalence"],
        sizes=asked.sizes,
        population=asked.population,
        rule=rule,
        correlation=correlation,
        names=[known.tolist()] if rule == "overdispersed" else (),
    )
    return _moved(raw, (degree - first)[..., 0], raw["log_prevalence"] - share, row)


def _moved(
    draws: Mapping[str, Array], degrees: Array, shares: Array, row: Model
) -> dict[str, Array]:
    """Raise log degrees, lower log shares, and move what depends on the two."""
    out = dict(draws)
    out["log_degree"] = raised(draws["log_degree"], degrees[..., None])
    out["log_prevalence"] = draws["log_prevalence"] - shares
    for name, sign in row.levels.items():
        out[name] = draws[name] + sign * degrees
    if REGIONAL in draws:
        hidden = shares[..., -draws[REGIONAL].shape[2] :]
        out[REGIONAL] = draws[REGIONAL] - hidden[..., None]
    return out


def _resized(
    scaled: dict[str, Array],
    answers: Answers,
    rule: str,
    row: Model,
    rng: np.random.Generator,
    said: list[str],
) -> dict[str, Array]:
    """Draw sizes known with uncertainty, for every draw of the model, and scale to those."""
    groups, nominal = answers.known, answers.sizes()
    if not any(isinstance(group.size, Estimate) for group in groups.values()):
        return scaled
    before = scaled["log_prevalence"]
    uncertain = {name: g.size for name, g in groups.items() if isinstance(g.size, Estimate)}
    drawn = np.broadcast_to(nominal, (*before.shape[:2], nominal.size)).copy()
    words = [f"the size of {name!r}" for name in uncertain]
    tops = [np.inf] * len(words)
    found = joint_draws(list(uncertain.values()), words, tops, [], before[..., 0].size, rng, said)
    for name, sizes in zip(uncertain, found, strict=True):
        drawn[..., list(groups).index(name)] = sizes[0].reshape(before.shape[:2])
    if rule == "overdispersed" or row.sized:
        shift = np.log(nominal.sum() / drawn.sum(axis=-1))
    else:
        shares = np.exp(before[..., : nominal.size])
        shift = np.log((shares / drawn).mean(axis=-1) / (shares / nominal).mean(axis=-1))
    return _moved(scaled, shift, np.broadcast_to(shift[..., None], before.shape), row)


# ---------------------------------------------------------------------- the result
def _posterior(
    model: str,
    draws: dict[str, Array],
    answers: Answers,
    asked: Asked,
    rows: Array,
    rule: str,
    region_name: str,
    said: tuple[str, ...],
) -> Posterior:
    survey, about = answers.survey, answers.survey.about
    for array in draws.values():
        array.setflags(write=False)
    code, labels, people = asked.regions or (np.zeros(0, dtype=np.intp), (), np.zeros(0))
    weighted = asked.weights is not None
    words = provenance(survey)
    words["weights"] = (
        [*words["weights"], "scaled to the number of respondents in the likelihood"]
        if weighted
        else "not used by the model"
    )
    uncertain = any(isinstance(group.size, Estimate) for group in answers.known.values())
    return Posterior(
        model,
        draws,
        tuple(answers.known),
        tuple(answers.hidden),
        answers.sizes(),
        asked.population,
        asked.low,
        asked.high,
        region_name=region_name,
        regions=labels,
        region_populations=people,
        region=code,
        facts=_facts(survey, asked, rows),
        about=on_hidden(
            Estimand(
                definition=about.definition,
                definition_hash=about.definition_hash,
                window=about.window,
                denominator=about.denominator,
                population=about.population,
                excludes=about.excludes,
            ),
            answers,
        ),
        words={**words, "scaling": rule, **words_of(answers)},
        notes=said,
        assumptions=_assumptions(asked, uncertain),
        citations=(*MODELS[model].citations, *((pseudo_posterior.CITATION,) if weighted else ())),
        source=f"draws:{name_of(draws['log_prevalence'])}",
    )


def _assumptions(asked: Asked, uncertain: bool) -> tuple[str, ...]:
    said = ["Hidden people are known in proportion to their number, up to the model's noise."]
    if asked.weights is None:
        said.append(
            "Respondents are taken alike and independent: survey weights, strata and clusters are not "
            "used, and with clustered reports the interval is too short."
        )
    if uncertain:
        said.append("Sizes of known groups are drawn from their stated uncertainty.")
    return tuple(said)


def _facts(survey: Survey, asked: Asked, rows: Array) -> dict[str, Array]:
    """Return counts by group, of all respondents and then of each region: (groups, 1 + regions)."""
    code, labels, _ = asked.regions or (None, (), None)
    parts = [np.ones(rows.size, dtype=bool), *(code == r for r in range(len(labels)))]
    psu = survey.design.psu_of_unit[survey.chain.unit][rows]
    answered = ~((asked.low == 0) & np.isinf(asked.high))
    reported = answered & (asked.low > 0)
    told = units_known(survey)
    out: dict[str, list[Any]] = {
        name: [] for name in ("n", "missing", "cases", "psus", "psus_with_cases")
    }
    for part in parts:
        out["n"].append(answered[part].sum(axis=0))
        out["missing"].append((~answered[part]).sum(axis=0))
        out["cases"].append(np.where(answered, asked.low, 0.0)[part].sum(axis=0))
        groups = range(answered.shape[1])
        count = [np.unique(psu[part & answered[:, k]]).size if told else np.nan for k in groups]
        cases = [np.unique(psu[part & reported[:, k]]).size if told else np.nan for k in groups]
        out["psus"].append(np.array(count))
        out["psus_with_cases"].append(np.array(cases))
    return {name: np.stack(columns, axis=1) for name, columns in out.items()}
