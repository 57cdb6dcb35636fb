"""Labels that say that there is no answer, in English, French, Spanish and Portuguese."""

from __future__ import annotations

import re
from unicodedata import combining, normalize

__all__: list[str] = []

REASONS = {
    "don't know": "don't know|i don't know|do not know|i do not know|dont know|dontknow|donotknow|doesn't know|"
    "does not know|dk|dnk|not known|unknown|not sure|unsure|sait pas|ne sait pas|ne sais pas|"
    "je ne sais pas|nsp|inconnu|inconnue|no sabe|ns|nao sabe|desconocido|desconhecido",
    "refused": "refused|refusal|refuses|refuse|ref|refuses to answer|refused to answer|"
    "refuse to answer|refused to respond|refused to say|prefer not to say|prefers not to say|"
    "prefer not to answer|prefers not to answer|prefer not to respond|decline|declined|decline to answer|"
    "declined to answer|declined to say|declined to respond|refus|refuse de repondre|"
    "refus de repondre|ne pas repondre|prefere ne pas repondre|je prefere ne pas repondre|"
    "veut pas repondre|ne veut pas repondre|no quiere contestar|rehusa|se rehusa|recusou|recusa",
    "no answer": "no answer|no response|non response|nonresponse|not answered|not stated|nr|"
    "sans reponse|pas de reponse|aucune reponse|non reponse|non declare|sin respuesta|"
    "no responde|sem resposta",
    "not asked": "not asked|skipped",
    "not applicable": "not applicable|n a|na|does not apply|inapplicable|non applicable|"
    "ne s'applique pas|sans objet|non concerne|pas concerne|no aplica|nao se aplica",
    "missing": "missing|system missing|missing value|missing data|manquant|donnee manquante|"
    "valeur manquante|no data|perdido|valor perdido",
}
BY_PHRASE = {phrase: reason for reason, all_ in REASONS.items() for phrase in all_.split("|")}
BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")
BETWEEN = re.compile(r"[/,;]|\bor\b|\bou\b")


def reason_of(label: str) -> str:
    """Return why a label says that there is no answer, "" where it is one.

    Whole labels count, not words in them: "refused to pay" is an answer, and so is "no / don't
    know", of which one part is.
    """
    plain = BRACKETS.sub("", label) if BRACKETS.sub("", label).strip() else label
    whole = BY_PHRASE.get(_words(plain), "")
    parts = [BY_PHRASE.get(_words(part), "") for part in BETWEEN.split(plain)]
    return whole or (parts[0] if all(parts) else "")


def _words(label: str) -> str:
    """Return a label without accents, case and signs."""
    bare = "".join(c for c in normalize("NFKD", label) if not combining(c))
    straight = bare.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return re.sub(r"[^a-z0-9']+", " ", straight).strip()
