"""The questionnaire of the synthetic survey as an XLSForm: questions, skips and choices, twice worded."""

from __future__ import annotations

import pandas as pd

from prevalence.simulate.country.sample import MEANS, PURPOSES

__all__ = ["FORM_ID", "HAZARDS", "MORE_MEANS", "TITLE", "VERSION", "choices", "settings", "survey"]

TITLE = "Synthetic study"
FORM_ID = "synthetic_study"
VERSION = "2024010801"
LABELS = ("label::English (en)", "label::French (fr)")
#: Questions on means beside those of `MEANS`, with the chance that a child outside says yes.
MORE_MEANS = {"documents_kept": 0.003, "no_contact": 0.004, "bad_conditions": 0.008}
HAZARDS = ("loads", "tools", "chemicals", "heat", "heights", "dust", "night")

#: Wording of the questions with the answers of the list "when": English, French.
WORDING = {
    "works_for_others": (
        "Did [the child] have to work for somebody outside the family?",
        "[L'enfant] a-t-il dû travailler pour quelqu'un hors de la famille ?",
    ),
    "domestic_service": (
        "Did [the child] have to do the housework of another household?",
        "[L'enfant] a-t-il dû faire le ménage d'un autre foyer ?",
    ),
    "commercial_sex": (
        "Did anybody give or promise something for sexual acts with [the child]?",
        "Quelqu'un a-t-il donné ou promis quelque chose pour des actes sexuels avec [l'enfant] ?",
    ),
    "recruited_by_deception": (
        "Was [the child] taken on with promises that were not true?",
        "[L'enfant] a-t-il été engagé avec des promesses qui n'étaient pas vraies ?",
    ),
    "cannot_leave": (
        "Was [the child] kept from leaving the place?",
        "A-t-on empêché [l'enfant] de quitter le lieu ?",
    ),
    "debt": (
        "Did [the child] have to work off a debt or an advance?",
        "[L'enfant] a-t-il dû travailler pour rembourser une dette ou une avance ?",
    ),
    "threats": (
        "Was [the child] threatened or hurt so as to make it obey?",
        "[L'enfant] a-t-il été menacé ou frappé pour qu'il obéisse ?",
    ),
    "wages_withheld": (
        "Was pay that had been promised kept back?",
        "Une rémunération promise a-t-elle été retenue ?",
    ),
    "excessive_hours": (
        "Did [the child] have to work longer than agreed, or at night?",
        "[L'enfant] a-t-il dû travailler plus longtemps que convenu, ou la nuit ?",
    ),
    "documents_kept": (
        "Were papers of [the child] kept by somebody else?",
        "Des papiers de [l'enfant] ont-ils été gardés par quelqu'un d'autre ?",
    ),
    "no_contact": (
        "Was [the child] kept from talking with its family?",
        "A-t-on empêché [l'enfant] de parler à sa famille ?",
    ),
    "bad_conditions": (
        "Did [the child] go without food, sleep or care where it worked?",
        "[L'enfant] a-t-il manqué de nourriture, de sommeil ou de soins là où il travaillait ?",
    ),
    "forced_says_parent": (
        "To the parent: was [the child] ever made to work against its will?",
        "Au parent : [l'enfant] a-t-il été obligé de travailler contre son gré ?",
    ),
}
WORKED = "${worked} = '1'"
DONE = "${result} = '1'"
#: Skips of questions with the answers of the list "when"; the others are asked about every child.
SKIPS = {
    "works_for_others": WORKED,
    "commercial_sex": "${age} >= 12",
    "wages_withheld": WORKED,
    "excessive_hours": WORKED,
}
#: type, name, English, French, relevant, calculation, repeat_count
Row = tuple[str, str, str, str, str, str, str]


def _row(
    kind: str,
    name: str,
    english: str = "",
    french: str = "",
    *,
    relevant: str = "",
    calculation: str = "",
    count: str = "",
) -> Row:
    return kind, name, english, french, relevant, calculation, count


def _pulled(name: str) -> Row:
    text = f"pulldata('households', '{name}', 'household_id', ${{household_id}})"
    return _row("calculate", name, calculation=text)


def _asked(name: str) -> Row:
    return _row("select_one when", name, *WORDING[name], relevant=SKIPS.get(name, ""))


def _visit() -> list[Row]:
    return [
        _row("today", "today"),
        _row("begin_group", "visit", "Visit", "Visite"),
        _row("barcode", "household_id", "Scan the dwelling's code", "Scannez le code du logement"),
        *(_pulled(name) for name in ("parish", "ed", "urban", "base_weight")),
        _row("select_one result", "result", "Result of the visit", "Résultat de la visite"),
        _row("calculate", "responded", calculation="if(${result} = '1', 1, 0)"),
        _row("end_group", ""),
        _row("begin_group", "household", "Household", "Ménage", relevant=DONE),
        _row("select_one respondent", "respondent", "Who answers?", "Qui répond ?"),
        _row(
            "select_one yes_no",
            "poor",
            "In the last 12 months, was there no money for food or medicine?",
            "Au cours des 12 derniers mois, l'argent a-t-il manqué pour la nourriture ou les soins ?",
        ),
        _row("integer", "n_adults", "Persons of 18 and over", "Personnes de 18 ans et plus"),
        _row("integer", "n_children", "Children of 5 to 17", "Enfants de 5 à 17 ans"),
        _row("end_group", ""),
    ]


def _child() -> list[Row]:
    return [
        _row("begin_repeat", "child", "Child", "Enfant", relevant=DONE, count="${n_children}"),
        _row("calculate", "child_id", calculation="concat(${household_id}, position(..))"),
        _row("select_one sex", "sex", "Sex", "Sexe"),
        _row("integer", "age", "Age in years", "Âge en années"),
        _row(
            "select_one yes_no",
            "fostered",
            "Does [the child] live here without its parents?",
            "[L'enfant] vit-il ici sans ses parents ?",
        ),
        _row("select_one yes_no", "in_school", "Does it go to school?", "Va-t-il à l'école ?"),
        _row("select_one reporter", "reporter", "Who answers?", "Qui répond ?"),
        _row("begin_group", "work", "Work", "Travail"),
        _row(
            "select_one yes_no_unknown",
            "worked",
            "Has [the child] ever worked, for pay or without, in a business, on a farm or for others?",
            "[L'enfant] a-t-il déjà travaillé, payé ou non, dans un commerce, aux champs ou pour autrui ?",
        ),
        _row(
            "integer",
            "hours",
            "Hours of work in the last 7 days (99: does not know)",
            "Heures de travail des 7 derniers jours (99 : ne sait pas)",
            relevant=WORKED,
        ),
        _row(
            "select_multiple hazards",
            "hazards",
            "Which of these in its work?",
            "Lesquels de ceux-ci dans son travail ?",
            relevant=WORKED,
        ),
        *map(_asked, PURPOSES),
        _row("end_group", ""),
        _row("begin_group", "means", "How it came about", "Comment cela s'est passé"),
        *map(_asked, (*MEANS, *MORE_MEANS)),
        _row("end_group", ""),
        _asked("forced_says_parent"),
        _row("end_repeat", ""),
    ]


def _others() -> list[Row]:
    return [
        _row("begin_group", "neighbours", "Neighbours", "Voisins", relevant=DONE),
        _row(
            "integer",
            "n_neighbour_children",
            "Children of 5 to 17 in the nearby households that you know",
            "Enfants de 5 à 17 ans dans les ménages proches que vous connaissez",
        ),
        _row(
            "integer",
            "n_others",
            "How many of them were made to work, or used sexually?",
            "Combien d'entre eux ont été forcés de travailler, ou utilisés sexuellement ?",
        ),
        _row("end_group", ""),
        _row(
            "begin_repeat",
            "others",
            "A neighbours' child",
            "Un enfant des voisins",
            relevant=DONE,
            count="${n_others}",
        ),
        _row("select_one sex", "other_sex", "Sex", "Sexe"),
        _row("integer", "other_age", "Age, about", "Âge, à peu près"),
        _row("select_multiple situation", "situation", "What happened?", "Que s'est-il passé ?"),
        _row("select_one when", "other_when", "When was it?", "Quand était-ce ?"),
        _row(
            "integer",
            "known_by",
            "How many nearby households know this child, yours included, its own not?",
            "Combien de ménages proches connaissent cet enfant, le vôtre compris, le sien non ?",
        ),
        _row("end_repeat", ""),
    ]


def survey() -> pd.DataFrame:
    """Return the sheet of the questions."""
    rows = [*_visit(), *_child(), *_others()]
    columns = ["type", "name", *LABELS, "relevant", "calculation", "repeat_count"]
    return pd.DataFrame(rows, columns=columns)


#: list_name -> code, English, French
CHOICES: dict[str, list[tuple[str, str, str]]] = {
    "result": [
        ("1", "Completed", "Terminé"),
        ("2", "Refused", "Refusé"),
        ("3", "Nobody at home", "Personne au domicile"),
    ],
    "respondent": [
        ("1", "Mother", "Mère"),
        ("2", "Father", "Père"),
        ("3", "Other adult", "Autre adulte"),
    ],
    "yes_no": [("1", "Yes", "Oui"), ("0", "No", "Non")],
    "yes_no_unknown": [("1", "Yes", "Oui"), ("0", "No", "Non"), ("97", "Don't know", "Ne sait pas")],
    "sex": [("1", "Girl", "Fille"), ("2", "Boy", "Garçon")],
    "reporter": [("1", "The child", "L'enfant"), ("2", "Parent or guardian", "Parent ou tuteur")],
    "when": [
        ("1", "Yes, and it goes on", "Oui, et cela continue"),
        (
            "2",
            "Yes, in the last 12 months, not any more",
            "Oui, dans les 12 derniers mois, plus maintenant",
        ),
        ("3", "Yes, longer ago", "Oui, il y a plus longtemps"),
        ("4", "Never", "Jamais"),
        ("97", "Don't know", "Ne sait pas"),
        ("98", "Refused", "Refus de répondre"),
        ("99", "Not applicable", "Sans objet"),
    ],
    "hazards": [
        ("loads", "Heavy loads", "Charges lourdes"),
        ("tools", "Dangerous tools or machines", "Outils ou machines dangereux"),
        ("chemicals", "Chemicals", "Produits chimiques"),
        ("heat", "Great heat or cold", "Chaleur ou froid intense"),
        ("heights", "Heights", "Travail en hauteur"),
        ("dust", "Dust or fumes", "Poussières ou fumées"),
        ("night", "Work at night", "Travail de nuit"),
        ("none", "None of these", "Aucun"),
        ("98", "Refused", "Refus de répondre"),
    ],
    "situation": [
        ("labour", "Made to work", "Forcé de travailler"),
        ("domestic", "Made to do housework for others", "Forcé de faire le ménage chez autrui"),
        ("sexual", "Used sexually for a return", "Exploité sexuellement"),
    ],
}  # fmt: skip


def choices() -> pd.DataFrame:
    """Return the sheet of the answers that can be ticked."""
    rows = [(name, *choice) for name, listed in CHOICES.items() for choice in listed]
    return pd.DataFrame(rows, columns=["list_name", "name", *LABELS])


def settings() -> pd.DataFrame:
    """Return the sheet of the form's title, version and language."""
    return pd.DataFrame(
        [(TITLE, FORM_ID, VERSION, "English (en)")],
        columns=["form_title", "form_id", "version", "default_language"],
    )
