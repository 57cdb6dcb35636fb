"""Every result of R survey 4.5 in ../shared/oracle/survey, equal or left out with its reason.

41 designs and 858 results. A result counts as equal when every field of it that we tell agrees to
the tolerances of `survey_compare`. What is left out stands in `LEFT_OUT` alone, and fails here as
soon as it would be equal.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import prevalence as pv
from tests.agreement import agrees, left
from tests.reference import survey_designs as designs
from tests.reference.survey_cases import fields
from tests.reference.survey_compare import NOT_TOLD, answers, comparisons, differences

LEAST = 800
ALONE = ("cascade", "hadamard_8", "paley_12")  # results that are not of one statistic of a design
LEFT_OUT = {
    r"(hhA|hhA_uc)/ciprop_ct_R[123]_\w+": "no case in the region: R has no limits, ours has an upper one",
    r"hhL/lonely_fail_\w+": "R stops, as we do, naming the stratum",
    r"hhA_uc/domain_lonely_(adjust|average)_TRUE": "R's option to treat a stratum with one unit in the "
    "domain as one with one in the sample; units without a member of the domain are zeros here",
    r"c1_lin_agg/glm": "R stops at negative weights, as we do",
    r"(?!c1|r)\w+/quantile_score": "R reads the limits of the score test at unweighted shares, and below or "
    "above their jump as its search ends",
    r"(srs|srs_wt|dstrat|dstrat_nofpc|dclus2|dclus2wr)/qrule_hf3": "R answers with the second value "
    "where the first one holds more than the probability",
    r"\w+/chisq_lincom": "R without CompQuadForm answers with the saddlepoint approximation; ours is exact",
    r"srs/chisq_saddlepoint": "R takes 397.9999999 degrees of freedom as 397",
    r"rh_boot/by": "R leaves out a replicate without a case and does not rescale the sum by 40 / 39",
    r"rh2_brr/ciprop_logit": "two of eight replicates have no case: R's logit there is where its search stops",
    r"paley_12": "ours is another Hadamard matrix of order 12, of which any will do",
}
STATISTICS = [  # rows of the printed table: heading, pattern of the statistic
    ("means, totals, domains", r"(mean|total|by|domain).*"),
    ("ratios", r"ratio.*"),
    ("variances", r"var"),
    ("quantiles", r"quantile.*|qrule.*|median.*"),
    ("proportion intervals", r"ciprop.*"),
    ("contrasts, functions", r"contrast.*|withReplicates|influence.*"),
    ("models", r"glm.*"),
    ("tests", r"chisq.*|ttest"),
    ("single units", r"(domain_)?lonely.*"),
    ("weights", r"weights|"),
]


@cache
def answer(path: Path, key: str) -> dict[str, Any] | str:
    """Return our answer to a result, or the message that comes instead."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pv.PrevalenceWarning)
        try:
            return fields(path, key)
        except (ValueError, pv.ConvergenceError) as error:
            return str(error)


def differing(path: Path, key: str) -> tuple[str, ...]:
    """Return where our answer to a result differs from the reference's; empty when equal."""
    ours = answer(path, key)
    if isinstance(ours, str):
        return (ours,)
    return tuple(differences(key, designs.results(path)[key]["value"], ours))


def write_down(path: Path, key: str) -> None:
    """Put every number of a result into the dossier, or the reason why it is left out."""
    value, ours, why = designs.results(path)[key]["value"], answer(path, key), reason(key)
    case = ("survey/expected.json", "results", key)
    if why is not None:
        left(why, case=case, values=sum(np.size(item) for item in answers(value).values()))
        return
    assert not isinstance(ours, str)
    for field, mine, theirs, within in comparisons(key, value, ours):
        if field != "probs":  # of the question
            agrees(mine, theirs, within, case=(*case, field))


def reason(key: str) -> str | None:
    """Return why a result is left out, if it is."""
    return next((why for pattern, why in LEFT_OUT.items() if re.fullmatch(pattern, key)), None)


@pytest.mark.parametrize("design", [*(d for d in designs.DESIGNS if d != "hh2"), *ALONE])
def test_every_result_is_equal_or_left_out(oracle: Path, design: str) -> None:
    keys = [key for key in designs.results(oracle) if key.partition("/")[0] == design]
    assert keys
    wrong = {k: differing(oracle, k) for k in keys if reason(k) is None and differing(oracle, k)}
    for key in keys if not wrong else ():
        write_down(oracle, key)
    assert not wrong, "\n".join(f"{k}: {'; '.join(v)}" for k, v in wrong.items())
    stale = [k for k in keys if reason(k) is not None and not differing(oracle, k)]
    assert not stale, f"left out, yet equal: {stale}"


def accounted(path: Path) -> str:
    """Return the table of equal and left-out results by statistic, with the reasons."""
    rows: Counter[tuple[str, str]] = Counter()
    why: Counter[str] = Counter()
    for key in designs.results(path):
        statistic = key.partition("/")[2]
        heading = next(h for h, pattern in STATISTICS if re.fullmatch(pattern, statistic))
        told = reason(key)
        kind = "left out" if told else "different" if differing(path, key) else "equal"
        rows[heading, kind] += 1
        rows["all", kind] += 1
        if told:
            why[told] += 1
    kinds = ("equal", "left out", "different")
    lines = [f"{'R survey 4.5':24}" + "".join(f"{kind:>10}" for kind in kinds)]
    for heading in [*(h for h, _ in STATISTICS), "all"]:
        lines.append(f"{heading:24}" + "".join(f"{rows[heading, kind]:>10}" for kind in kinds))
    lines += ["left out:"] + [f"{count:6}  {told}" for told, count in why.items()]
    return "\n".join(lines)


def test_at_least_800_results_are_equal_and_every_one_is_accounted_for(
    oracle: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("table", accounted(oracle))
    kept = designs.results(oracle)
    assert len(kept) == 858
    assert {entry["design"] for entry in kept.values()} == set(designs.DESIGNS)
    assert len(designs.DESIGNS) == 41
    for pattern in [*LEFT_OUT, *(p for p, _, _ in NOT_TOLD)]:
        assert any(re.fullmatch(pattern, key) for key in kept), f"no result is like {pattern}"
    for pattern, field, why in NOT_TOLD:
        untold = [
            k for k in kept if re.fullmatch(pattern, k) and field in answers(kept[k]["value"])
        ]
        left(
            why, case=("survey/expected.json", "field", f"{field} of {pattern}"), values=len(untold)
        )
    equal = [key for key in kept if reason(key) is None and not differing(oracle, key)]
    assert len(equal) >= LEAST
