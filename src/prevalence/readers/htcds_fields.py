"""Fields of the Human Trafficking Case Data Standard, version 2.0, by the names files give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..errors import nearest

__all__: list[str] = []

CONTROLS = (  # the standard's 17 methods of control, one column each or several words in one
    "DebtBondage", "TakesEarnings", "RestrictsFinancialAccess", "Threats", "PsychologicalAbuse",
    "PhysicalAbuse", "SexualAbuse", "FalsePromises", "PsychoactiveSubstances", "RestrictsMovement",
    "RestrictsMedicalCare", "ExcessiveWorkingHours", "UsesChildren", "ThreatOfLawEnforcement",
    "WithholdsNecessities", "WithholdsDocuments", "Other",
)  # fmt: skip
FIELDS = {  # the standard's name, and others that its versions and toolkits use
    "Gender": (),
    "Birthdate": ("DateOfBirth",),
    "Citizenship": ("Nationality",),
    "TypeOfExploitation": (),
    "TypeOfSexExploitation": (),
    "ForcedLabourIndustry": ("LabourIndustry", "TypeOfLabourExploitation"),
    "MethodOfRecruitment": ("RecruitmentMethod",),
    "MethodsOfControl": (),
    **{f"MethodsOfControl{name}": () for name in CONTROLS},
    "TraffickingStatus": (),
    "ReferringOrganisation": ("ReferringOrganization",),
    "IncomingReferralDate": (),
}
UNKNOWN = ("", "unknown", "notspecifiedunknown", "nonspecifiedunknown", "notspecified", "na")
PREFIX = re.compile(r"^(prs|vic|cas|org|con|per)(?=[_ ])[_ ]+", re.IGNORECASE)
OF_A_FIELD = re.compile(
    r"^[a-z]{2,4}_+", re.IGNORECASE
)  # of the table, as in exp_TypeOfExploitation


def plain(name: str) -> str:
    """Return a name without prefix, case, spaces and signs."""
    return re.sub(r"[^a-z0-9]", "", PREFIX.sub("", name.strip()).lower())


def found_fields(names: Iterable[str], columns: Mapping[str, str] | None) -> dict[str, str]:
    """Return the column of each of the standard's fields that is there."""
    names = list(names)
    out: dict[str, str] = {}
    by_plain: dict[str, list[str]] = {}
    for name in names:
        by_plain.setdefault(plain(OF_A_FIELD.sub("", name.strip())), []).append(name)
    for field, others in FIELDS.items():
        held = [name for word in (field, *others) for name in by_plain.get(plain(word), [])]
        if columns and field in columns:
            continue
        if len(held) > 1:
            raise ValueError(
                f"one column must hold {field}: found {len(held)} ({', '.join(held)}). Say which, as "
                f"in columns={{{field!r}: {held[0]!r}}}."
            )
        if held:
            out[field] = held[0]
    for field, name in (columns or {}).items():
        if field not in FIELDS:
            raise KeyError(
                f"columns must map fields of the standard: {field!r} is not one."
                f"{nearest(field, FIELDS)}"
            )
        if name not in names:
            raise KeyError(
                f"columns must name columns of the file: {name!r} is not.{nearest(name, names)}"
            )
        out[field] = name
    return out
