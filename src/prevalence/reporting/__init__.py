"""One self-contained page: the answers first, then what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..arguments import explained
from ..disclosure import is_suppressed, log, next_step
from ..errors import nearest, text
from ..intervals import WORDS
from ..presentation import made_of
from ..storage import target_of, write_whole
from . import brief, network
from . import lists as of_lists
from .checklists import Checklist, checklist, kinds_of, unused
from .figures import by_domain, ladders, shows_domains, weights
from .given import check_compared, check_kind, notes_of, table_given
from .page import EXAMPLE, Compared, Page, page_of, title_of
from .table import Table
from .tables import checks_table, estimand_table, estimate_tables, table_of, versions

if TYPE_CHECKING:
    from ..mse import Reliability
    from ..nsum import Posterior, Validation

__all__ = ["Checklist", "Table", "checklist", "report"]

FORBIDDEN = "victims identified"
SECTIONS = {
    "estimates": "Estimates", "estimands": "What each estimates", "methods": "Methods",
    "weights": "Weights", "lists": "Lists", "reliability": "Reliability", "known": "Known groups", "draws": "Draws", "coverage": "Coverage", "checks": "Checks", "checklists": "Checklists",
    "rerun": "Run it again", "disclosure": "Small cells", "citations": "Sources",
}  # fmt: skip


@explained
def report(
    comparison: Compared,
    *,
    path: str | Path,
    title: str = "Estimates of prevalence",
    study: str | Mapping[str, Any] | None = None,
    coverage: pd.DataFrame | None = None,
    checks: Any = None,
    validation: Validation | None = None,
    posterior: Posterior | None = None,
    reliability: Reliability | None = None,
    disclosure: str = "on",
    synthetic: bool = False,
    force: bool = False,
) -> Path:
    """Write a comparison of estimates as one HTML page that needs nothing else.

    Parameters
    ----------
    comparison : Comparison
        What `prevalence.compare` returns.
    path : str or Path
        The file; a missing folder is made.
    title : str
        Title of the page.
    study : str or mapping, optional
        Name of a study that comes with the library, or what the page should also say: ``name``
        (of such a study), ``lead`` (a sentence below the title), ``wrong``, ``excluded`` and
        ``conclude`` (lists of sentences on what would make the estimates wrong, who is not included
        and what must not be concluded; each adds to what the page says by itself),
        ``weight_flow`` (the table of `Survey.weight_flow`), ``lists`` (`Lists`), ``answers``
        (`Answers`), ``checklist`` (what to tell of items of `prevalence.checklist`, by name),
        ``rerun`` (the command), ``hashes`` (a mapping of what to its hash).
    coverage : pandas.DataFrame, optional
        Coverage over regenerated countries, with its Monte Carlo error.
    checks : pandas.DataFrame or list of mappings, optional
        Checks with their outcome. Of the table of a `Comparison` the page says, for each name,
        how many intervals hold their truth.
    validation : Validation, optional
        Known groups of a network study held out one at a time, of `prevalence.nsum.validate`.
    posterior : Posterior, optional
        A fit of `prevalence.nsum.fit`, whose diagnostics (and regions) the page shows.
    reliability : Reliability, optional
        What an estimate of lists rests on, of `prevalence.mse.reliability`: verdicts first.
    disclosure : str
        ``"on"``, or ``"off:"`` with the reason, which the page then states.
    synthetic : bool
        Whether the data are synthetic: the page and every figure say so.
    force : bool
        Whether a file of that name may be replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileExistsError, IsADirectoryError, NotADirectoryError
        When the file exists, or the path is a folder or lies in a file.
    DisclosureError
        When no estimate can be published.
    TypeError, KeyError, ValueError
        When `comparison` is not one, `study` has an unknown part, or a text calls estimates identified people.

    Notes
    -----
    Assumes that the texts given (labels, warnings, notes) hold no personal data: only numbers are
    protected. The page has no script and loads nothing; every text is escaped.

    References
    ----------
    Stevens, G. A. et al. (2016). Guidelines for accurate and transparent health estimates
    reporting: the GATHER statement. Lancet 388, e19-e23. doi:10.1016/S0140-6736(16)30388-9

    Examples
    --------
    >>> import tempfile
    >>> import prevalence as pv
    >>> survey = pv.Survey({"case": [1, 0, 0] * 40})
    >>> compared = pv.compare({"survey": pv.direct.prevalence(survey, "case")})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = pv.report(compared, path=f"{folder}/report.html")
    ...     page.name
    'report.html'
    """
    check_compared(comparison)
    check_kind("validation", validation)
    check_kind("posterior", posterior)
    check_kind("reliability", reliability)
    text("title", title, "Write what the page is about.")
    coverage, checks = table_given("coverage", coverage), table_given("checks", checks)
    target = target_of(path, overwrite=force, option="force=True")
    notes = _notes(study)
    page = page_of(comparison, disclosure, synthetic)
    content = _content(page, title, notes)
    content |= {
        "coverage": None if coverage is None else table_of("Coverage", coverage),
        "checks": None if checks is None else checks_table(checks),
        "known": None if validation is None else network.known_groups(page, validation),
        "draws": None if posterior is None else network.draws(page, posterior),
        "reliability": None if reliability is None else of_lists.reliability(page, reliability),
        "checklists": _checklists(
            page, notes, validation=validation, posterior=posterior, reliability=reliability
        ),
    }
    content["contents"] = [
        {"id": i, "name": n}
        for i, n in SECTIONS.items()
        if i in ("rerun", "disclosure") or content[i]
    ]
    html = _render(content)
    if FORBIDDEN in " ".join(html.lower().split()):
        raise ValueError(
            f"a report must not call an estimate {FORBIDDEN!r}: a label, note or title does. Write "
            "'estimated'."
        )
    return write_whole(target, html.encode())


def _notes(study: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the parts of `study`; a study of the library brings its command and its hash."""
    notes = notes_of(study)
    name = notes.get("name")
    if name:
        from .. import datasets

        if name not in datasets.STUDIES:
            raise KeyError(
                f"study must be one that comes with the library: {name!r} is not."
                f"{nearest(name, datasets.STUDIES)} For a study of your own leave it out: title= names it."
            )
        notes.setdefault("rerun", f"python -m prevalence reproduce {name}")
        digest = datasets.study_digest(name)
        found = {"data (sha256)": digest} if digest else {}
        notes["hashes"] = {**found, **notes.get("hashes", {})}
    return notes


def _content(page: Page, title: str, notes: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = {
        "title": title,
        "lead": notes.get("lead", ""),
        "synthetic": page.synthetic,
        "answers": brief.answers(page),
        "also": brief.also(page),
        "ladders": ladders(page),
        "wrong": brief.wrong(page, notes.get("wrong", ()), notes.get("excluded", ())),
        "conclude": brief.not_concluded(page, notes.get("conclude", ())),
        "estimates": estimate_tables(page),
        "by_domain": [by_domain(page, name) for name in page.tables if shows_domains(page, name)],
        "estimands": estimand_table(page),
        "methods": _methods(page),
        "rerun": notes.get("rerun", ""),
        "versions": versions(page, notes.get("hashes", {})),
        "protection": _protection(page, "lists" in notes),
        "citations": list(dict.fromkeys(c for e in page.comparison.estimates.values() for c in e.citations)),
    }  # fmt: skip
    content["weights"] = content["lists"] = None
    if "weight_flow" in notes:
        content["weights"] = weights(page, notes["weight_flow"])
    if "lists" in notes:
        content["lists"] = of_lists.overlap(page, notes["lists"])
    return content


def _checklists(page: Page, notes: Mapping[str, Any], **given: Any) -> list[dict[str, Any]]:
    """Return the reporting checklist of each kind of estimate on the page, gaps in sight."""
    from ..lists import Lists

    told = dict(notes.get("checklist", {}))
    kinds = kinds_of(page.comparison.estimates)
    if stray := unused(told, kinds):
        raise KeyError(
            f"study['checklist'] must name items of the checklists: {stray[0]!r} is none. See "
            "pv.checklist(...).gaps."
        )
    lists = notes.get("lists")
    given |= {
        "lists": lists if isinstance(lists, Lists) else None, "answers": notes.get("answers"),
        "weight_flow": notes.get("weight_flow"), "synthetic": page.synthetic,
        "disclosure": page.disclosure,
    }  # fmt: skip
    if notes.get("rerun") or notes.get("hashes"):
        told.setdefault("data and code", "Command and digests are under 'Run it again'.")
    made = []
    for kind in kinds:
        here = {name: said for name, said in told.items() if name not in unused(told, [kind])}
        table = checklist(page.comparison, kind, told=here, **given)
        frame = table.to_frame()
        made.append({**table_of(table.caption, frame), "said": table.notes[0]})
    return made


def _methods(page: Page) -> list[dict[str, Any]]:
    """Return how each estimate was made; those that were made alike are told together."""
    found: dict[str, dict[str, Any]] = {}
    for name, e in page.comparison.estimates.items():
        hidden = bool(is_suppressed(page.tables[name]).any())
        how = f"Method: {e.method}." if e.method else "Made by arithmetic with estimates."
        made = {
            "made": [how, *made_of(e), WORDS[e.interval_rule]],
            "assumed": list(e.assumptions),
            "warned": [EXAMPLE.sub("", words) if hidden else words for words in e.warnings],
        }
        found.setdefault(str(made), {**made, "names": []})["names"].append(title_of(name))
    return [{**made, "name": "; ".join(made["names"])} for made in found.values()]


def _protection(page: Page, lists: bool) -> list[str]:
    if not page.protected:
        return [f"Protection was switched {page.disclosure.strip()}."]
    rule = (
        "A row is suppressed where it rests on fewer than 25 rows, 5 cases (of a network study, "
        "reports) or 3 primary units, "
        "and where it could be found by subtraction."
    )
    said = [rule]
    said += [f"{title_of(name)}: {line}" for name, t in page.tables.items() for line in log(t)]
    count = sum(int(is_suppressed(t).sum()) for t in page.tables.values())
    rows = sum(map(len, page.tables.values()))
    said.append(next_step(count, rows) or "No row had to be suppressed.")
    if any((t["unit"] == "count").any() for t in page.tables.values()):
        said.append("Estimated numbers of people are rounded to the nearest 100.")
    if lists:
        said.append(
            "Combinations of lists with fewer than 5 people are shown together; numbers of people on "
            "a list or on two are rounded to the nearest ten."
        )
    return said


def _render(content: Mapping[str, Any]) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("prevalence"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("report.html").render(content)
