"""French words of tables: heads of columns, units, remarks on rows, windows of time."""

from __future__ import annotations

TABLES = {
    # heads of columns
    "name": "nom",
    "method": "méthode",
    "outcome": "variable",
    "domain": "domaine",
    "all": "ensemble",
    "n": "n",
    "rows": "lignes",
    "missing": "manquants",
    "cases": "cas",
    "psus": "unités primaires",
    "psus with cases": "unités primaires avec un cas",
    "primary units": "unités primaires",
    "estimate": "estimation",
    "estimates": "estimations",
    "std error": "erreur type",
    "standard error": "erreur type",
    "conf low": "borne inférieure",
    "conf high": "borne supérieure",
    "lower limit": "borne inférieure",
    "upper limit": "borne supérieure",
    "interval": "intervalle",
    "95 % interval": "intervalle à 95 %",
    "interval rule": "règle de l'intervalle",
    "cv": "cv",
    "coefficient of variation": "coefficient de variation",
    "deff": "effet de plan",
    "design effect": "effet de plan",
    "deff source": "source de l'effet de plan",
    "n eff": "n effectif",
    "df": "ddl",
    "degrees of freedom": "degrés de liberté",
    "flag": "remarques",
    "flags": "remarques",
    "remarks": "remarques",
    "definition": "définition",
    "window": "période",
    "population": "population",
    "not included": "non compris",
    "unit": "unité",
    "kind": "nature",
    "floor": "plancher",
    "truth": "valeur vraie",
    "error": "écart",
    "covers": "couvre",
    "interval holds it": "l'intervalle la contient",
    "identified by": "identifié par",
    "models low": "modèles, minimum",
    "models high": "modèles, maximum",
    "declared facts": "faits déclarés",
    "yes": "oui",
    "no": "non",
    "not given": "non précisé",
    "per {per:,.0f}": "pour {per:,.0f}",
    "per cent": "pour cent",
    "at least": "au moins",
    "at most": "au plus",
    # units
    "proportion": "proportion",
    "count": "nombre",
    "number": "nombre",
    "number of people": "nombre de personnes",
    "total": "total",
    "mean": "moyenne",
    "ratio": "rapport",
    "quantile": "quantile",
    "difference": "différence",
    "coefficient": "coefficient",
    "odds ratio": "rapport de cotes",
    "rate ratio": "rapport de taux",
    "prevalence ratio": "rapport de prévalences",
    "exponentiated coefficient": "exponentielle du coefficient",
    "percentage points": "points de pourcentage",
    "marginal effect": "effet marginal",
    "variance": "variance",
    "weight": "poids",
    "base weights": "poids de sondage",
    # remarks on rows
    "suppressed": "masqué",
    "unreliable": "peu fiable",
    "no cases": "aucun cas",
    "only cases": "tous sont des cas",
    "no estimate": "pas d'estimation",
    "no interval": "pas d'intervalle",
    "complement unreliable": "complément peu fiable",
    "to protect another row of the same total": "pour protéger une autre ligne du même total",
    "to protect a row of another table": "pour protéger une ligne d'un autre tableau",
    "no counts to check a domain by": "aucun effectif pour contrôler un domaine",
    "not among the checked rows": "absent des lignes contrôlées",
    "Synthetic data: no real person; like published studies, repeats none": (
        "Données synthétiques : aucune personne réelle ; ne reproduisent aucune étude publiée"
    ),
    # verdicts on lists
    "contradicted by these data": "contredit par ces données",
    "not contradicted by these data": "non contredit par ces données",
    "cannot be contradicted by these data": "ne peut être contredit par ces données",
    "nothing is left to test": "il ne reste rien à tester",
    "not identified by these data alone": "non identifié par ces seules données",
    "forbidden by declared facts": "exclu par les faits déclarés",
    "no declared fact stands against it": "aucun fait déclaré ne s'y oppose",
    "not identified without": "non identifié sans savoir",
    "that no referral goes unrecorded": "que toute orientation est enregistrée",
    "that records of one person were linked": (
        "que les fiches d'une même personne ont été appariées"
    ),
    "and no others": "et aucune autre",
    "that every entry is a true case": "que chaque inscription est un vrai cas",
    "that everyone is equally likely to be listed": (
        "que chacun a la même chance de figurer sur une liste"
    ),
    "not every referral is recorded: those left out pull the estimate down": (
        "toutes les orientations ne sont pas enregistrées : celles qui manquent abaissent "
        "l'estimation"
    ),
    "persons differ in their chance to be listed: every model of the lists reads low": (
        "les personnes n'ont pas la même chance de figurer sur une liste : tout modèle des listes "
        "donne trop peu"
    ),
    # ways to deal with referral
    "forced": "imposé",
    "merged": "fusionné",
    "removed": "retiré",
    "censored": "censuré",
    "unknown sources own": "sources inconnues tenues pour propres",
    "unknown sources left out": "sources inconnues laissées de côté",
    "every referral declared": "toute orientation déclarée",
    "no cycle of referrals": "aucun cycle d'orientations",
    "two groups of lists": "deux groupes de listes",
    "right however captures are recorded": "juste quel que soit l'enregistrement des captures",
    "own captures recorded also after a referral": (
        "captures propres enregistrées aussi après une orientation"
    ),
    "too high otherwise": "trop haut sinon",
    "too low otherwise": "trop bas sinon",
    "a referral always masks the list's own capture": (
        "une orientation masque toujours la capture propre de la liste"
    ),
    "captures of unknown source are own ones": "les captures de source inconnue sont propres",
    "sources are missing whatever the person's other captures": (
        "les sources manquent quelles que soient les autres captures de la personne"
    ),
    "No bracket: no capture is recorded as referred, so own captures cannot be told apart.": (
        "Pas de fourchette : aucune capture n'est enregistrée comme orientée, les captures propres "
        "ne peuvent donc être distinguées."
    ),
    "it supposes that every referral is declared and that own captures are independent.": (
        "cela suppose que toute orientation est déclarée et que les captures propres sont "
        "indépendantes."
    ),
    "the odds ratio of highest order": "le rapport de cotes d'ordre le plus élevé",
    "independence": "indépendance",
    # windows of time
    "ever": "au cours de la vie",
    "now": "au moment de l'entretien",
    "last day": "dernier jour",
    "last week": "dernière semaine",
    "last month": "dernier mois",
    "last year": "dernière année",
}

#: Remarks with ``#`` for a number and ``*`` for a name, in one order in both languages.
REMARKS = {
    "fewer than # cases": "moins de # cas",
    "fewer than # rows": "moins de # lignes",
    "fewer than # reports": "moins de # signalements",
    "fewer than # answers": "moins de # réponses",
    "fewer than # primary units": "moins de # unités primaires",
    "fewer than # of its rows are not cases": "moins de # lignes ne sont pas des cas",
    "fewer than # respondents know any": "moins de # personnes interrogées en connaissent",
    "fewer than # effective draws": "moins de # tirages effectifs",
    "an estimate below #": "une estimation inférieure à #",
    "cv above # %": "cv supérieur à # %",
    "df below #": "ddl inférieur à #",
    "R-hat above #": "R-hat supérieur à #",
    "computed below #": "calculé au-dessous de #",
    "computed above # %": "calculé au-dessus de # %",
    "effective sample below #": "échantillon effectif inférieur à #",
    "interval wider than # points": "intervalle de plus de # points",
    "interval wider than # % of the share": "intervalle de plus de # % de la proportion",
    "interval wider than # % of the number": "intervalle de plus de # % du nombre",
    "# % interval": "intervalle à # %",
    "last # days": "# derniers jours",
    "last # weeks": "# dernières semaines",
    "last # months": "# derniers mois",
    "last # years": "# dernières années",
    "per #": "pour #",
    "trim to at most #": "bornage à # au plus",
    "trim to at least #": "bornage à # au moins",
    "trim to # to #": "bornage de # à #",
    "nonresponse by counts of refusals within *": "non-réponse par nombre de refus, dans *",
    "nonresponse by counts of refusals": "non-réponse par nombre de refus",
    "nonresponse within *": "non-réponse dans *",
    "nonresponse by *": "non-réponse selon *",
    "nonresponse": "non-réponse",
    "eligibility within *": "éligibilité dans *",
    "eligibility": "éligibilité",
    "rake on *": "calage par ratissage sur *",
    "poststratify on *": "post-stratification sur *",
    "calibrate (linear) on *": "calage (linéaire) sur *",
    "calibrate (logit) on *": "calage (logit) sur *",
    "calibrate (raking) on *": "calage (raking) sur *",
    "calibrate (sinh) on *": "calage (sinh) sur *",
    "at least # -> #": "au moins # -> #",
    "at least # -> # *": "au moins # -> # *",
    "the odds ratio of * and *": "le rapport de cotes de * et *",
    "the table does not fit (deviance on # df, p #)": (
        "le tableau n'est pas ajusté (déviance à # ddl, p #)"
    ),
    "the overlap of * is not explained (p #)": "le recoupement de * n'est pas expliqué (p #)",
    "the other lists get the number of members of * wrong (p #)": (
        "les autres listes donnent un nombre faux de membres de * (p #)"
    ),
    "lists refer persons to each other (*) and the model has no term for it": (
        "des listes s'orientent des personnes (*) et le modèle n'a pas de terme pour cela"
    ),
    "# % missed and # % false links": "# % de liens manqués et # % de faux liens",
    "entries that are no true case (*) are counted as cases": (
        "des inscriptions qui ne sont pas de vrais cas (*) sont comptées comme cas"
    ),
    "* move the estimate up by # standard errors, where a # % interval holds the truth # times in #": (
        "* élèvent l'estimation de # erreurs types, où un intervalle à # % contient la valeur vraie "
        "# fois sur #"
    ),
    "* move the estimate down by # standard errors, where a # % interval holds the truth # times in #": (
        "* abaissent l'estimation de # erreurs types, où un intervalle à # % contient la valeur "
        "vraie # fois sur #"
    ),
    "without them it is about #": "sans cela elle est d'environ #",
    "From # (a referral always masks the list's own capture) to # (own captures are always "
    "recorded), # % limits # to #": (
        "De # (une orientation masque toujours la capture propre de la liste) à # (les captures "
        "propres sont toujours enregistrées), limites à # % # à #"
    ),
    "without *": "sans *",
}
