"""French words of figures, by the English ones; values stand in braces."""

from __future__ import annotations

FIGURES = {
    # a number with its interval, and what stands beside it
    "{value} ({low} to {high})": "{value} ({low} à {high})",
    "{value:,.0f} ({low:,.0f} to {high:,.0f})": "{value:,.0f} ({low:,.0f} à {high:,.0f})",
    "{low:,.0f} to {high:,.0f}": "{low:,.0f} à {high:,.0f}",
    "{low:g} to {high:g}": "{low:g} à {high:g}",
    "{low} to {high} %": "{low} à {high} %",
    "{name} {low:.3g} to {high:.3g} %": "{name} {low:.3g} à {high:.3g} %",
    "{name} {low:,.0f} to {high:,.0f}": "{name} {low:,.0f} à {high:,.0f}",
    "{name} {value:,.0f}": "{name} {value:,.0f}",
    "{name} {value:,.0f}, {low:,.0f} to {high:,.0f}": (
        "{name} {value:,.0f}, {low:,.0f} à {high:,.0f}"
    ),
    "{name}: {numbers}": "{name} : {numbers}",
    "{name}: {remark}": "{name} : {remark}",
    "{value}, no interval": "{value}, sans intervalle",
    "at least {low} (estimate {value})": "au moins {low} (estimation {value})",
    "at least {low:,.0f}": "au moins {low:,.0f}",
    "{said}; truth {truth}": "{said} ; valeur vraie {truth}",
    "{said}, truth {truth}": "{said}, valeur vraie {truth}",
    "truth {size}": "valeur vraie {size}",
    "{said} The truth is {size}.": "{said} La valeur vraie est {size}.",
    "published: {said}": "publié : {said}",
    "{low} to {high}": "{low} à {high}",
    "{said} Published: {numbers}.": "{said} Publié : {numbers}.",
    "{name} suppressed": "{name} masqué",
    "estimate, interval": "estimation, intervalle",
    "floor: this or more": "plancher : ce nombre ou plus",
    "computed outside 0 to 100 %": "calculé hors de 0 à 100 %",
    "suppressed: too few to publish": "masqué : trop peu de cas pour être publié",
    "suppressed: too few reports": "masqué : trop peu de signalements",
    "95 % interval": "intervalle à 95 %",
    "and": "et",
    # estimates by method and by domain
    "Estimates with their intervals: {said}.": "Estimations avec leurs intervalles : {said}.",
    "Estimates by domain with their intervals: {said}.": (
        "Estimations par domaine avec leurs intervalles : {said}."
    ),
    "{said} Where there is no number: combine areas, or wait for small-area estimates.": (
        "{said} Sans nombre : regrouper des domaines, ou attendre des estimations sur petits domaines."
    ),
    "Truth: {people:,.0f} people, {unseen:,.0f} of them on no list.": (
        "Valeur vraie : {people:,.0f} personnes, dont {unseen:,.0f} sur aucune liste."
    ),
    # definitions
    "Shares by definition and window: {said}.": "Proportions par définition et période : {said}.",
    "{name}, version {version}": "{name}, version {version}",
    "as defined: {share}": "selon la définition : {share}",
    "as defined": "selon la définition",
    "no row changes": "aucune ligne ne change",
    "change in percentage points": "variation en points de pourcentage",
    "change of {share}, in percentage points": "variation de {share}, en points de pourcentage",
    "Change of a share of {share} in percentage points: {said}.": (
        "Variation d'une proportion de {share}, en points de pourcentage : {said}."
    ),
    # weights
    "Weights after each step, from the smallest to the largest: {said}.": (
        "Poids après chaque étape, du plus petit au plus grand : {said}."
    ),
    "weight: smallest, mean (diamond), largest": "poids : minimum, moyenne (losange), maximum",
    "n {n:,}; sum {sum:,.0f}; design effect {deff:.2f}": (
        "n {n:,} ; somme {sum:,.0f} ; effet de plan {deff:.2f}"
    ),
    "{step}, {low:,.3g} to {high:,.3g}, mean {mean:,.3g}, design effect {deff:.2f}": (
        "{step}, {low:,.3g} à {high:,.3g}, moyenne {mean:,.3g}, effet de plan {deff:.2f}"
    ),
    # coefficients, ratios and differences
    "Intervals against {none:g} ({unit}): {said}.": (
        "Intervalles comparés à {none:g} ({unit}) : {said}."
    ),
    "interval without {none:g}": "intervalle sans {none:g}",
    "interval holds {none:g}": "l'intervalle contient {none:g}",
    "no effect: {none:g}": "aucun effet : {none:g}",
    # coverage
    "{value:.1f} % ({low:.1f} to {high:.1f})": "{value:.1f} % ({low:.1f} à {high:.1f})",
    "Coverage of {level:g} % intervals, with its Monte Carlo error: {said}.": (
        "Couverture des intervalles à {level:g} %, avec son erreur de Monte-Carlo : {said}."
    ),
    "Coverage of {level:g} % intervals in {runs:,.0f} samples, with its Monte Carlo error: {said}.": (
        "Couverture des intervalles à {level:g} % sur {runs:,.0f} échantillons, avec son erreur de "
        "Monte-Carlo : {said}."
    ),
    "per cent of intervals that hold the truth": "% d'intervalles contenant la valeur vraie",
    "claimed: {level:g} %": "annoncé : {level:g} %",
    "as claimed, within error": "comme annoncé, à l'erreur près",
    "less often": "moins souvent",
    "more often": "plus souvent",
    # error rates
    "share observed": "proportion observée",
    "sensitivity": "sensibilité",
    "false reports": "faux signalements",
    "at its lowest": "à son minimum",
    "at its highest": "à son maximum",
    "all at the middle": "tous au milieu",
    "not possible": "impossible",
    "The corrected share is {of} with every rate at its middle value. {said}.": (
        "La proportion corrigée est de {of} si chaque taux a sa valeur du milieu. {said}."
    ),
    # degrees and answers
    "Degrees of {n:,} respondents: mean {mean:,.0f}, median {middle:,.0f}, {nobody:.1f} % know "
    "nobody asked about. Of {answers:,} answers, {heaped:,} are 5, 10, 15 and so on.": (
        "Degrés de {n:,} personnes interrogées : moyenne {mean:,.0f}, médiane {middle:,.0f}, "
        "{nobody:.1f} % ne connaissent personne des groupes demandés. Sur {answers:,} réponses, "
        "{heaped:,} sont 5, 10, 15, etc."
    ),
    "{low:,.0f}\nor more": "{low:,.0f}\nou plus",
    "mean {mean:,.0f}": "moyenne {mean:,.0f}",
    "people known (degree)": "personnes connues (degré)",
    "per cent of respondents, weighted": "pour cent des répondants, pondéré",
    "number answered for a known group": "nombre donné pour un groupe connu",
    "answers (logarithmic)": "réponses (logarithmique)",
    "5, 10, 15 ...": "5, 10, 15...",
    "others": "autres",
    "others (from {minimum} times)": "autres (dès {minimum} fois)",
    "others, if given {minimum} times or more": "autres, si donnés {minimum} fois ou plus",
    # adjustments of scale-up
    "Size of {name} by transmission rate and degree ratio: {size} at {tau:.3g} and {delta:.3g}; "
    "from {least} at {x1:.3g} and {y1:.3g} to {most} at {x0:.3g} and {y0:.3g}.": (
        "Taille de {name} selon le taux de transmission et le rapport des degrés : {size} à "
        "{tau:.3g} et {delta:.3g} ; de {least} à {x1:.3g} et {y1:.3g} jusqu'à {most} à {x0:.3g} et "
        "{y0:.3g}."
    ),
    "transmission: share of ties to hidden people reported": (
        "transmission : part des liens avec des personnes cachées qui est dite"
    ),
    "transmission (share reported)": "transmission (part dite)",
    "degree ratio: ties of hidden people / of others": (
        "rapport des degrés : liens des cachés / des autres"
    ),
    "degree ratio": "rapport des degrés",
    "size of the group": "taille du groupe",
    "in use: {size}": "retenu : {size}",
    "95 % interval of an adjustment": "intervalle à 95 % d'un ajustement",
    # known groups
    "Leave-one-out estimate over known size, from the largest group to the smallest: {said}.": (
        "Estimation sans le groupe lui-même, rapportée à sa taille connue, du plus grand groupe au "
        "plus petit : {said}."
    ),
    "estimate from the other groups / known size": (
        "estimation par les autres groupes / taille connue"
    ),
    "estimate from the other groups": "estimation par les autres groupes",
    "known size": "taille connue",
    "known group": "groupe connu",
    "ratio, interval": "rapport, intervalle",
    "trimmed": "écarté",
    "{said}, trimmed": "{said}, écarté",
    "{name} without an estimate": "{name} sans estimation",
    "{name} {ratio:.2f}": "{name} {ratio:.2f}",
    "{name} {ratio:.2f} ({low:.2f} to {high:.2f})": "{name} {ratio:.2f} ({low:.2f} à {high:.2f})",
    "Estimates of {n} known groups by their known sizes: {law}; a group of {size:,.0f} is expected "
    "between {low:,.0f} and {high:,.0f}.": (
        "Estimations de {n} groupes connus selon leur taille connue : {law} ; un groupe de "
        "{size:,.0f} est attendu entre {low:,.0f} et {high:,.0f}."
    ),
    "ten times the size is estimated as {times:.1f} times": (
        "une taille dix fois plus grande est estimée {times:.1f} fois plus grande"
    ),
    "recalled in full at every known size": "rappel complet à chaque taille connue",
    "recalled in full up to {threshold:,.0f}, towards the square root above": (
        "rappel complet jusqu'à {threshold:,.0f}, puis vers la racine carrée"
    ),
    "recall": "rappel",
    "no error": "sans erreur",
    "a new group, {percent:g} %": "un nouveau groupe, {percent:g} %",
    # regions of a model
    "Regional shares of {name}, from each region's answers alone and partially pooled: {said}; "
    "national {national:.2g} %.": (
        "Proportions régionales de {name}, selon les seules réponses de chaque région et en "
        "mutualisation partielle : {said} ; ensemble du pays {national:.2g} %."
    ),
    "{numbers}; few reports": "{numbers} ; peu de signalements",
    "{numbers}; {reports:,.0f} reports": "{numbers} ; {reports:,.0f} signalements",
    "{said}, alone {raw:.2g} %": "{said}, seule {raw:.2g} %",
    "{said}, truth {share:.2g} %": "{said}, valeur vraie {share:.2g} %",
    "pooled, interval": "mutualisé, intervalle",
    "own answers": "ses seules réponses",
    "national": "pays",
    # lists
    "{total:,} people on {n} lists ({sizes}), by the lists they are on: {cells}.": (
        "{total:,} personnes sur {n} listes ({sizes}), selon les listes où elles figurent : {cells}."
    ),
    "{name} {size:,.0f}": "{name} {size:,.0f}",
    "{name} about {size:,.0f}": "{name} environ {size:,.0f}",
    "{name} alone": "{name} seulement",
    "{n} others together {size:,.0f}": "{n} autres ensemble {size:,.0f}",
    "{n} others together": "{n} autres ensemble",
    "{n} others together, cut off": "{n} autres ensemble, tronqué",
    "fewer than {minimum}": "moins de {minimum}",
    "sent people to": "a orienté des personnes vers",
    "sent people to ({more} more not drawn)": (
        "a orienté des personnes vers ({more} autres non tracés)"
    ),
    "sends, as declared": "oriente, selon déclaration",
    "{sender} to {receiver}": "{sender} vers {receiver}",
    "Referrals: {said}.": "Orientations : {said}.",
    # models of lists, odds ratios
    "population size": "taille de la population",
    "BIC above that of the best model": "BIC au-dessus du meilleur modèle",
    "best model": "meilleur modèle",
    "another model": "autre modèle",
    "with a pair that shares nobody": "une paire sans personne commune",
    "within {close:g}: {low:,.0f} to {high:,.0f}": "à moins de {close:g} : {low:,.0f} à {high:,.0f}",
    "{near:,} of {n:,}": "{near:,} sur {n:,}",
    "{near:,}": "{near:,}",
    "Population size by model: {some} models are within {close:g} BIC units of the best and give "
    "{low:,.0f} to {high:,.0f}; the best, {name}, gives {value:,.0f}.": (
        "Taille de la population selon le modèle : {some} modèles sont à moins de {close:g} unités "
        "de BIC du meilleur et donnent {low:,.0f} à {high:,.0f} ; le meilleur, {name}, donne "
        "{value:,.0f}."
    ),
    "odds ratio; the estimate takes it as 1": "rapport de cotes ; 1 pour l'estimation",
    "{seen:,.0f} persons seen": "{seen:,.0f} personnes vues",
    "people on no list, times this many": "personnes sur aucune liste, multipliées par",
    "95 % interval, odds ratio known": "intervalle à 95 %, rapport de cotes connu",
    "{n} other pairs of lists": "{n} autres paires de listes",
    "{size:,.0f} at {ratio:g}": "{size:,.0f} à {ratio:g}",
    "none at {ratio:g}": "aucune à {ratio:g}",
    "by {name}: {values}": "selon {name} : {values}",
    "Population size {said}. {seen:,.0f} persons were seen.": (
        "Taille de la population {said}. {seen:,.0f} personnes ont été vues."
    ),
    # what an estimate of lists rests on
    "estimate, read as a floor": "estimation, lue comme plancher",
    "models within {close:g} BIC units": "modèles à moins de {close:g} unités de BIC",
    "people on no list, times {low:g} to {high:g}": "sur aucune liste, fois {low:g} à {high:g}",
    "odds ratio of a pair {low:g} to {high:g}": "cotes d'une paire, {low:g} à {high:g}",
    "without {name}": "sans {name}",
    "from {share:.0f} % of the cases": "avec {share:.0f} % des cas",
    "{seen:,.0f} seen": "{seen:,.0f} vues",
    "estimate, at least {low:,.0f} (estimate {value:,.0f}, interval {low:,.0f} to {high:,.0f})": (
        "estimation, au moins {low:,.0f} (estimation {value:,.0f}, intervalle {low:,.0f} à "
        "{high:,.0f})"
    ),
    "An estimate of lists and what it rests on: {said}. {seen:,.0f} persons were seen. From the "
    "data: {data}. From declared facts: {facts}.": (
        "Une estimation par listes et ce sur quoi elle repose : {said}. {seen:,.0f} personnes ont "
        "été vues. Selon les données : {data}. Selon les faits déclarés : {facts}."
    ),
    "Data: {verdict}": "Données : {verdict}",
    "Facts: {verdict}": "Faits : {verdict}",
    # referral
    "all captures": "toutes les captures",
    "own captures": "captures propres",
    "censored to removed": "de censuré à retiré",
    "refused": "refusé",
    "needs {what}": "suppose : {what}",
    "Population size by the way to deal with referral: {said}. {bracket}": (
        "Taille de la population selon le traitement des orientations : {said}. {bracket}"
    ),
    "Population size by the way to deal with referral ({sent}): {said}. {bracket}": (
        "Taille de la population selon le traitement des orientations ({sent}) : {said}. {bracket}"
    ),
}
