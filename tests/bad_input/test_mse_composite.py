"""Strata, absent lists, errors of linkage and keys: what is refused, with the text of the message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import prevalence as pv
from prevalence.mse.composite import composite_fit
from tests.bad_input.cases import Bad, refused

SHARED = "0123456789abcdef0123456789abcdef"


def rows(**columns: Any) -> dict[str, Any]:
    histories = [[1, 0], [0, 1], [1, 1]] * 2
    return {
        "police": np.array([h[0] for h in histories]),
        "home": np.array([h[1] for h in histories]),
        "n": np.array([40, 30, 10, 20, 20, 8]),
        "sex": np.array(["girl"] * 3 + ["boy"] * 3),
        **columns,
    }


def lists(data: Any) -> pv.Lists:
    return pv.Lists(data, ["police", "home"], counts="n", strata="sex")


def strata(data: Any, **how: Any) -> pv.Estimate:
    return pv.mse.stratified(lists(data), **how)


def pair(**how: Any) -> Any:
    given = {"linked_matches": (40, 50), "true_links": (48, 50), **how}
    return lambda d: pv.mse.linked_pair(lists(d), **given)


def linked(**how: Any) -> Any:
    return lambda d: pv.mse.linked(lists(d), **how)


def fitted(**changes: Any) -> Bad:
    message, given = changes.pop("message"), {"a": [[0, 1.0]], "y": [3.0], "w": [1, 1], **changes}
    return Bad(
        given,
        lambda d: composite_fit([[1, 0], [1, 1]], d["a"], d["y"], d["w"]),
        ValueError,
        message,
    )


APART = {"n": np.array([40, 30, 0, 20, 20, 0])}
CASES = {
    "shapes": fitted(a=[[1.0]], message=r"must share their cells: found \(2, 2\), \(1, 1\)"),
    "negative A": fitted(
        a=[[0, -1.0]], message=r"collapse must be .* not negative: 1 of 2 entries"
    ),
    "negative count": fitted(y=[-3.0], message=r"1 of 1 are not \(first: row 0, -3\)\. Drop or"),
    "counts of other cells": fitted(y=[1.0, 2.0], message=r"one row an observed cell: found shape"),
    "absent list with persons": Bad(
        rows(),
        lambda d: pv.mse.stratified(lists(d).declare(absent={"boy": ["home"]})),
        ValueError,
        r"absent lists must have nobody: 28 persons .* \(first: boy\)\. Correct the declaration",
    ),
    "stratum of one list": Bad(
        rows(n=np.array([40, 30, 10, 20, 0, 0])),
        lambda d: pv.mse.stratified(lists(d).declare(absent={"boy": ["home"]})),
        ValueError,
        r"must give a model with an estimate: with 0 pairs some terms or sizes are not identified",
    ),
    "strata never told": Bad(
        rows(sex=np.array([None] * 6, dtype=object)),
        strata,
        ValueError,
        r"strata must be known for some persons: all 1 groups have a missing label",
    ),
    "by_stratum as text": Bad(
        rows(),
        lambda d: strata(d, by_stratum="police"),
        TypeError,
        r"by_stratum must be a list or a mapping: found the text 'police'\. Write \['police'\]",
    ),
    "by_stratum of another column": Bad(
        rows(),
        lambda d: strata(d, by_stratum={"police": "sexx"}),
        KeyError,
        r"by_stratum must name columns of strata: 'sexx' is not one\. Did you mean 'sex'",
    ),
    "by_stratum of a pair that is not in": Bad(
        rows(),
        lambda d: strata(d, by_stratum=[("police", "home")]),
        ValueError,
        r"groups that are in pairs: police and home is not\. Add it to pairs",
    ),
    "a pair by stratum without its lists": Bad(
        rows(),
        lambda d: strata(d, pairs=[("police", "home")], by_stratum=["police", ("police", "home")]),
        ValueError,
        r"police and home differs by stratum and home does not\. Add it",
    ),
    "not lists": Bad(
        {"a": [1]}, pv.mse.stratified, TypeError, r"lists must be a Lists: found dict"
    ),
    "both audits of links": Bad(
        rows(),
        pair(linked_others=(1, 50)),
        ValueError,
        r"true_links or linked_others must be given: found both",
    ),
    "no audit of links": Bad(
        rows(), pair(true_links=None), ValueError, r"linked_others must be given: found none"
    ),
    "audit as a share": Bad(
        rows(), pair(true_links=0.96), TypeError, r"true_links must be \(how many, of how many"
    ),
    "more true than checked": Bad(
        rows(),
        pair(true_links=(60, 50)),
        ValueError,
        r"true_links must be between 1 and the number checked: found 60 of 50\. Correct",
    ),
    "no link": Bad(
        rows(**APART), pair(), ValueError, r"no record of police \(60\) is linked to one of home"
    ),
    "fewer links than false ones": Bad(
        rows(),
        pair(true_links=None, linked_others=(40, 50)),
        ValueError,
        r"links must leave some true matches, .*: 18 links of 78 and 68 records give",
    ),
    "between one list": Bad(
        rows(),
        pair(between=("police", "police")),
        ValueError,
        r"between must be two different lists: found \('police', 'police'\)",
    ),
    "both kinds of missed links": Bad(
        rows(),
        linked(missed={"police": 0.1}, splits=[([("police", "home")], 9)]),
        ValueError,
        r"missed or splits must be given, not both: found 1 lists and 1 kinds",
    ),
    "missed of an unknown list": Bad(
        rows(), linked(missed={"polise": 0.1}), KeyError, r"polise.*Did you mean 'police'"
    ),
    "all records missed": Bad(
        rows(), linked(missed={"police": 1.0}), ValueError, r"missed must be .* below 1: found 1\."
    ),
    "a list twice in a person": Bad(
        rows(),
        linked(splits=[([("police",), ("police", "home")], 4)]),
        ValueError,
        r"splits must have each list in one cluster only: 1 lists are in several",
    ),
    "an empty cluster": Bad(
        rows(), linked(splits=[([()], 4)]), ValueError, r"a list in each cluster: found an empty"
    ),
    "three groups joined": Bad(
        rows(), linked(joins={(("police",),): 3.0}), ValueError, r"joins must name two groups"
    ),
    "more false joins than clusters": Bad(
        rows(),
        linked(joins={("police", "home"): 1000.0}),
        ValueError,
        r"joins must not be more than the clusters there are: found 1000 for police and home, "
        r"which 18 have\. Correct",
    ),
    "one version": Bad(
        rows(),
        lambda d: pv.mse.over_linkages([lists(d)], using=pv.mse.loglinear),
        ValueError,
        r"versions must be two or more linkages: found 1\.",
    ),
    "versions of other lists": Bad(
        rows(),
        lambda d: pv.mse.over_linkages(
            [lists(d), pv.Lists({"police": [1, 1], "ngo": [0, 1]}, ["police", "ngo"])],
            using=pv.mse.loglinear,
        ),
        ValueError,
        r"versions must have the same lists: 1 of 2 have others \(first: version 1\)",
    ),
    "an estimator of several sizes": Bad(
        rows(),
        lambda d: pv.mse.over_linkages([lists(d)] * 2, using=pv.mse.stratified),
        ValueError,
        r"using must estimate one size: found 3 rows\.",
    ),
    "short secret": Bad(
        rows(),
        lambda d: pv.linkage_keys(d, "sex", secret="ab" * 2),
        ValueError,
        r"secret must have at least 32 characters: found 4\. Make one with secrets\.token_hex",
    ),
    "secret of one letter": Bad(
        rows(),
        lambda d: pv.linkage_keys(d, "sex", secret="a" * 40),
        ValueError,
        r"secret must be random: found 1 different characters",
    ),
    "secret that is a number": Bad(
        rows(),
        lambda d: pv.linkage_keys(d, "sex", secret=12),  # type: ignore[arg-type]
        TypeError,
        r"secret must be text or bytes: found int\.",
    ),
    "field that is not there": Bad(
        rows(),
        lambda d: pv.linkage_keys(d, "sexx", secret=SHARED),
        KeyError,
        r"sexx.*Did you mean 'sex'",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_words(name: str) -> None:
    refused(CASES[name])


def test_a_list_without_persons_in_a_stratum_is_told() -> None:
    data = rows(n=np.array([40, 30, 10, 20, 0, 0]))
    data["ngo"] = np.array([0, 1, 1, 1, 0, 0])
    data["n"] = np.array([40, 30, 10, 20, 30, 8])
    made = pv.Lists(data, ["police", "home", "ngo"], counts="n", strata="sex")
    data["ngo"][3] = 0
    empty = pv.Lists(data, ["police", "home", "ngo"], counts="n", strata="sex")
    assert len(pv.mse.stratified(made)) == 3
    with pytest.warns(pv.PrevalenceWarning, match="ngo has nobody in boy: its rate there is taken"):
        pv.mse.stratified(empty)


def test_rows_without_a_field_get_no_key_and_are_counted() -> None:
    with pytest.warns(
        pv.PrevalenceWarning, match="2 of 4 rows have a missing field and get no key"
    ):
        found = pv.linkage_keys({"name": ["A", None, "--", "B"]}, "name", secret=SHARED)
    assert [key is None for key in found.keys] == [False, True, True, False]
    assert found.missing == 2


def test_errors_that_the_lists_contradict_are_told() -> None:
    made = pv.Lists.from_counts(
        [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]],
        [4, 60, 60, 60, 60, 20, 20],
        ["A", "B", "C"],
    )
    with pytest.warns(pv.PrevalenceWarning, match="fewer than no persons.*Check the audit"):
        pv.mse.linked(made, missed={"A": 0.4})
