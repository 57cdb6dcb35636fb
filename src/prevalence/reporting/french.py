"""Words of captions and notes of tables in French; those of heads and remarks are in `words`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from ..errors import one_of
from ..words import LANGUAGES, Words, language

NOTES: Mapping[str, str] = {
    "{what}, by {by}": "{what}, par {by}",
    "Estimates": "Estimations",
    "transmission": "transmission",
    "degree ratio": "rapport des degrés",
    "frame ratio": "rapport des degrés de la base",
    "precision": "part de vrais signalements",
    "{number} (floor: {low})": "{number} (plancher : {low})",
    "{low} to {high}": "{low} à {high}",
    "{number} %": "{number} %",
    "{number} per {per:,}": "{number} pour {per:,}",
    "{level:g} % interval": "intervalle à {level:g} %",
    "interval holds truth": "l'intervalle contient la vraie valeur",
    "lower limit": "borne inférieure",
    "upper limit": "borne supérieure",
    "Shares are per {per:,}.": "Les proportions sont pour {per:,}.",
    "{name}: {text}": "{name} : {text}",
    "Population: {text}.": "Population : {text}.",
    "Window: {text}.": "Période : {text}.",
    "Definition: {text}.": "Définition : {text}.",
    "Definition: {text} (hash {digest}).": "Définition : {text} (empreinte {digest}).",
    "Not included: {text}.": "Non compris : {text}.",
    "Method: {text}.": "Méthode : {text}.",
    "Adjusted by: {text}.": "Ajusté par : {text}.",
    "Assumed: {text}": "Hypothèse : {text}",
    "Warning: {text}": "Avertissement : {text}",
    "Read as a floor: at least the lower limit, if its assumption holds.": (
        "À lire comme un plancher : au moins la borne inférieure, si son hypothèse est vraie."
    ),
    "Numbers of people are rounded to the nearest {to:g}.": (
        "Les nombres de personnes sont arrondis à {to:g} près."
    ),
    "Small cells are shown: protection was switched {reason}.": (
        "Les petites cellules sont montrées : la protection a été désactivée ({reason})."
    ),
    "Rows that rest on fewer than 25 rows, 5 cases or 3 primary units are suppressed, and rows that would tell them by subtraction.": (
        "Les lignes fondées sur moins de 25 lignes, 5 cas ou 3 unités primaires sont masquées, de même "
        "que celles qui permettraient de les retrouver par soustraction."
    ),
    "{count:,} of {rows:,} rows are suppressed; that is not a zero. Next step: combine areas or groups, or wait for small-area estimates.": (
        "{count:,} lignes sur {rows:,} sont masquées ; ce n'est pas zéro. Étape suivante : regrouper des "
        "zones ou des groupes, ou attendre des estimations pour petits domaines."
    ),
    "Synthetic data: no real person, no real country.": (
        "Données synthétiques : aucune personne réelle, aucun pays réel."
    ),
}
FIXED = {" :": "\u00a0:", " ;": "\u202f;", " %": "\u202f%"}


def words_of(lang: str) -> Words:
    """Return the words of a language, those of the notes of tables among them."""
    return _of(one_of("lang", lang, LANGUAGES))


@cache
def _of(lang: str) -> Words:
    words = language(lang)
    notes = dict(NOTES) if lang == "fr" else {}
    for english, french in notes.items():
        for plain, fixed in FIXED.items():
            french = french.replace(plain, fixed)  # noqa: PLW2901  (one space after the other)
        notes[english] = french
    return replace(words, table={**words.table, **notes})
