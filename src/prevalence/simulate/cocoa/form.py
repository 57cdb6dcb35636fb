"""The two questionnaires of the Côte d'Ivoire-like study as XLSForms, worded in English and French."""

from __future__ import annotations

import pandas as pd

from prevalence.simulate.cocoa.frame import BELT

__all__ = ["FORMS", "choices", "questions", "workbook"]

LABELS = ("label::English (en)", "label::French (fr)")
VERSION = "2024020101"
TITLES = {"cocoa": "Synthetic cocoa belt", "city": "Synthetic city"}
DONE = "${result} = '1'"
#: type, name, English, French, relevant, calculation or count
Row = tuple[str, str, str, str, str, str]

VISIT: list[Row] = [
    ("begin_group", "visit", "Visit", "Visite", "", ""),
    ("barcode", "household_id", "Scan the household's code", "Scannez le code du ménage", "", ""),
    ("select_one district", "district", "District", "District", "", ""),
    ("text", "ea", "Enumeration area", "Zone de dénombrement", "", ""),
    ("select_one result", "result", "Result of the visit", "Résultat de la visite", "", ""),
    ("calculate", "responded", "", "", "", f"if({DONE}, 1, 0)"),
    ("end_group", "", "", "", "", ""),
    ("begin_group", "household", "Household", "Ménage", DONE, ""),
    (
        "select_one origin", "head_origin", "Nationality of the head of the household",
        "Nationalité du chef de ménage", "", "",
    ),
    (
        "select_one yes_no", "poor",
        "In the last 12 months, was there no money for food or medicine?",
        "Au cours des 12 derniers mois, l'argent a-t-il manqué pour la nourriture ou les soins ?",
        "", "",
    ),
    ("integer", "n_children", "Children of 5 to 17", "Enfants de 5 à 17 ans", "", ""),
    ("end_group", "", "", "", "", ""),
]  # fmt: skip
CHILD: list[Row] = [
    ("begin_repeat", "child", "Child", "Enfant", DONE, "${n_children}"),
    ("calculate", "child_id", "", "", "", "concat(${household_id}, position(..))"),
    ("select_one sex", "sex", "Sex", "Sexe", "", ""),
    ("integer", "age", "Age in years", "Âge en années", "", ""),
    ("select_one origin", "origin", "Nationality", "Nationalité", "", ""),
    (
        "select_one relation", "relation", "How is the child related to the household?",
        "Quel est le lien de l'enfant avec le ménage ?", "", "",
    ),
    ("select_one yes_no", "in_school", "Does it go to school?", "Va-t-il à l'école ?", "", ""),
    ("note", "alone", "Now alone with the child", "Maintenant seul avec l'enfant", "", ""),
    (
        "select_one yes_no", "labour_child",
        ("In the last 12 months, did you work beyond the hours allowed at your age, or at anything "
        "on the card?"),
        ("Au cours des 12 derniers mois, as-tu travaillé plus que les heures permises à ton âge, ou à "
        "une tâche de la carte ?"), "", "",
    ),
    (
        "select_one yes_no", "hazardous_child",
        "Did you carry heavy loads, use sharp tools or chemicals, or work at night?",
        ("As-tu porté de lourdes charges, utilisé des outils tranchants ou des produits chimiques, "
        "ou travaillé la nuit ?"), "${labour_child} = '1'", "",
    ),
    (
        "select_one yes_no", "forced_child",
        "Did somebody make you work who would have punished you had you refused?",
        "Quelqu'un t'a-t-il obligé à travailler, qui t'aurait puni si tu avais refusé ?",
        "${labour_child} = '1'", "",
    ),
    ("note", "parent", "Now with the parent", "Maintenant avec le parent", "", ""),
    (
        "select_one yes_no", "labour_parent",
        ("In the last 12 months, did [the child] work beyond the hours allowed, or at anything on "
        "the card?"),
        ("Au cours des 12 derniers mois, [l'enfant] a-t-il travaillé plus que les heures permises, "
        "ou à une tâche de la carte ?"), "", "",
    ),
    (
        "select_one yes_no", "forced_parent",
        "Was [the child] made to work, under threat of punishment?",
        "[L'enfant] a-t-il été obligé de travailler, sous la menace d'une punition ?", "", "",
    ),
    (
        "calculate", "one_per_household", "", "", "",
        "if(position(..) = ${index_child}, 1, 0)",
    ),
    ("end_repeat", "", "", "", "", ""),
]  # fmt: skip
LISTED: list[Row] = [
    ("begin_group", "listed", "List", "Liste", f"{DONE} and ${{n_children}} > 0", ""),
    (
        "calculate", "index_child", "", "", "",
        "once(int(random() * ${n_children}) + 1)",
    ),
    ("calculate", "list_long", "", "", "", ("pulldata('households', 'list_long', 'household_id', "
     "${household_id})")),
    (
        "note", "list_short_items",
        ("Say only how many are true: you sold cocoa to a cooperative; you sold cocoa to a "
        "travelling buyer only; you bought fertiliser; somebody abroad sent you money"),
        ("Dites seulement combien sont vraies : vous avez vendu du cacao à une coopérative ; vous avez "
        "vendu du cacao à un pisteur seulement ; vous avez acheté de l'engrais ; quelqu'un vous a "
        "envoyé de l'argent de l'étranger"),
        "${list_long} = '0'", "",
    ),
    (
        "note", "list_long_items",
        ("Say only how many are true: the same four, and: [the child] worked beyond the hours "
        "allowed, or at anything on the card"),
        ("Dites seulement combien sont vraies : les quatre mêmes, et : [l'enfant] a travaillé plus que "
        "les heures permises, ou à une tâche de la carte"),
        "${list_long} = '1'", "",
    ),
    ("integer", "list_count", "How many are true?", "Combien sont vraies ?", "", ""),
    ("end_group", "", "", "", "", ""),
]  # fmt: skip
NEIGHBOURS: list[Row] = [
    ("begin_group", "near", "Neighbours", "Voisins", DONE, ""),
    (
        "integer", "neighbours", ("Of the nearest households, how many do you know with their "
        "children?"), "Parmi les ménages les plus proches, combien connaissez-vous avec leurs enfants ?",
        "", "",
    ),
    (
        "integer", "neighbour_children", "Children of 5 to 17 in them",
        "Enfants de 5 à 17 ans dans ces ménages", "", "",
    ),
    (
        "integer", "n_others",
        "How many of them were made to work under threat in the last 12 months?",
        ("Combien d'entre eux ont été obligés de travailler sous la menace au cours des 12 derniers "
        "mois ?"), "", "",
    ),
    ("end_group", "", "", "", "", ""),
    ("begin_repeat", "others", "A neighbours' child", "Un enfant des voisins", DONE, "${n_others}"),
    ("select_one sex", "other_sex", "Sex", "Sexe", "", ""),
    ("integer", "other_age", "Age, about", "Âge, à peu près", "", ""),
    (
        "select_one yes_no", "other_alone", "Does it live there without any relative?",
        "Y vit-il sans aucun parent ?", "", "",
    ),
    (
        "integer", "known_by",
        "How many nearby households know this child, yours included, its own not?",
        "Combien de ménages proches connaissent cet enfant, le vôtre compris, le sien non ?", "", "",
    ),
    ("end_repeat", "", "", "", "", ""),
]  # fmt: skip
CITY: list[Row] = [
    ("select_one study", "study", "Which study?", "Quelle étude ?", "", ""),
    ("text", "venue_time", "Venue and time", "Lieu et heure", "${study} = 'venues'", ""),
    ("text", "person", "Number on the mark", "Numéro de la marque", "${study} = 'marks'", ""),
    ("select_one group", "group", "Who answers?", "Qui répond ?", "", ""),
    ("integer", "age", "Age in years", "Âge en années", "", ""),
    (
        "select_one yes_no", "live_in", "Do you live where you work?",
        "Habites-tu là où tu travailles ?", "", "",
    ),
    (
        "integer", "visits", "At how many of the places and times on the card are you usually?",
        "Combien des lieux et heures de la carte fréquentes-tu d'habitude ?", "", "",
    ),
    (
        "select_one yes_no", "trafficked",
        ("Before 18: made to work, or used sexually, for the profit of somebody else? (stands for the "
        "study's list of indicators)"),
        ("Avant 18 ans : obligée de travailler, ou exploitée sexuellement, au profit d'autrui ? (tient "
        "lieu de la liste d'indicateurs de l'étude)"), "", "",
    ),
]  # fmt: skip
FORMS = {"cocoa": [*VISIT, *LISTED, *CHILD, *NEIGHBOURS], "city": CITY}
YES_NO = [("1", "Yes", "Oui"), ("0", "No", "Non")]
#: form -> list_name -> code, English, French
CHOICES: dict[str, dict[str, list[tuple[str, str, str]]]] = {
    "cocoa": {
        "result": [
            ("1", "Completed", "Terminé"),
            ("2", "Refused", "Refusé"),
            ("3", "Nobody at home", "Personne au domicile"),
        ],
        "district": [(place.name, place.name, place.name) for place in BELT],
        "yes_no": YES_NO,
        "sex": [("girl", "Girl", "Fille"), ("boy", "Boy", "Garçon")],
        "origin": [
            ("ivorian", "Ivorian", "Ivoirienne"),
            ("burkinabe", "Burkinabe", "Burkinabè"),
            ("malian", "Malian", "Malienne"),
            ("other", "Other", "Autre"),
        ],
        "relation": [
            ("own child", "Child of the head or the spouse", "Enfant du chef ou du conjoint"),
            ("relative", "Other relative", "Autre parenté"),
            ("unaccompanied", "No relative in the household", "Sans parenté dans le ménage"),
        ],
    },
    "city": {
        "study": [
            ("venues", "Time-location sample", "Échantillon par lieux et heures"),
            ("marks", "Capture and recapture", "Capture et recapture"),
        ],
        "group": [
            (
                "child domestic workers",
                "Domestic worker of 12 to 17",
                "Employée de maison de 12 à 17 ans",
            ),
            ("young women 18 to 21", "Woman of 18 to 21", "Femme de 18 à 21 ans"),
        ],
        "yes_no": YES_NO,
    },
}


def questions() -> pd.DataFrame:
    """Return the questions of both forms, with ``form`` in front."""
    rows = [(form, *row) for form, asked in FORMS.items() for row in asked]
    columns = ["form", "type", "name", *LABELS, "relevant", "calculation"]
    return pd.DataFrame(rows, columns=columns)


def choices() -> pd.DataFrame:
    """Return the answers that can be ticked, of both forms, with ``form`` in front."""
    rows = [
        (form, name, *choice)
        for form, lists in CHOICES.items()
        for name, listed in lists.items()
        for choice in listed
    ]
    return pd.DataFrame(rows, columns=["form", "list_name", "name", *LABELS])


def workbook(form: str) -> dict[str, pd.DataFrame]:
    """Return one form as the three sheets of an XLSForm."""
    asked = questions().query("form == @form").drop(columns="form")
    repeats = asked["type"] == "begin_repeat"
    asked["repeat_count"] = asked["calculation"].where(repeats, "")
    asked["calculation"] = asked["calculation"].mask(repeats, "")
    settings = (TITLES[form], f"synthetic_{form}", VERSION, "English (en)")
    columns = ["form_title", "form_id", "version", "default_language"]
    return {
        "survey": asked,
        "choices": choices().query("form == @form").drop(columns="form"),
        "settings": pd.DataFrame([settings], columns=columns),
    }
