"""What is done with definitions beyond classifying: compared, shaken, taken from a preset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from ..arguments import explained

if TYPE_CHECKING:
    from ..survey import Survey
    from .compare import DefinitionComparison
    from .definition import Definition
    from .sensitivity import DefinitionSensitivity

__all__ = ["Verbs"]


@explained
class Verbs:
    """The verbs of a `Definition` that estimate, and its presets."""

    def compare(
        self,
        survey: Survey,
        others: Definition | Sequence[Definition] = (),
        *,
        windows: Sequence[str | None] | None = None,
        contradictions: str = "error",
    ) -> DefinitionComparison:
        """Estimate the shares of this and other definitions at several windows, jointly.

        Parameters
        ----------
        survey : Survey
            The sample, with the columns that the definitions need.
        others : Definition or list of Definition
            What this one is put beside.
        windows : list of str, optional
            Windows of time; by default those that all the definitions have.
        contradictions : {"error", "keep", "imply"}
            As in `classify`.

        Returns
        -------
        DefinitionComparison
            Shares with their covariance, overlaps, differences and a plot. Rows that a definition
            leaves undecided are left out of its share, and counted.

        Raises
        ------
        TypeError, ValueError, KeyError
            When something is no definition, two have one name and version, there is no shared
            window, or a classification fails.

        Examples
        --------
        >>> import prevalence as pv
        >>> signs = {name: pv.Indicator(f"{name} == 1") for name in ("debt", "threats")}
        >>> wide = pv.Definition("Any sign", "1", indicators=signs, rule=pv.AtLeast(1))
        >>> strict = pv.Definition("Both signs", "1", indicators=signs, rule=pv.AtLeast(2))
        >>> rows = {"age": [9, 12, 15, 16] * 20, "debt": [1, 1, 0, 0] * 20}
        >>> rows["threats"] = [1, 0, 0, 0] * 20
        >>> both = wide.compare(pv.Survey(rows), strict)
        >>> both.differences()[["difference", "estimate"]].values.tolist()
        [['Any sign - Both signs', 0.25]]
        >>> both.overlaps[["Any sign", "Both signs", "n"]].values.tolist()
        [[1, 1, 20], [1, 0, 20], [0, 0, 40]]
        """
        from .compare import compare

        return compare(
            cast("Definition", self), survey, others, windows=windows, contradictions=contradictions
        )

    def sensitivity(
        self,
        survey: Survey,
        *,
        window: str | None = None,
        contradictions: str = "error",
    ) -> DefinitionSensitivity:
        """Estimate what the share becomes without each indicator, and with thresholds moved by 1.

        Parameters
        ----------
        survey : Survey
            The sample, with the columns that the definition needs.
        window : str, optional
            Window of time; by default the definition's.
        contradictions : {"error", "keep", "imply"}
            As in `classify`.

        Returns
        -------
        DefinitionSensitivity
            The share as defined and after each change, the differences with their paired standard
            errors, and a plot.

        Raises
        ------
        TypeError, ValueError, KeyError
            When a classification fails.

        Notes
        -----
        An indicator that is left out is as if it had not been asked: a threshold counts the
        others, and an `AllOf` that names it asks for the rest, so that it becomes wider.

        Examples
        --------
        >>> import prevalence as pv
        >>> signs = {name: pv.Indicator(f"{name} == 1") for name in ("debt", "threats")}
        >>> d = pv.Definition("Any sign", "1", indicators=signs, rule=pv.AtLeast(1))
        >>> rows = {"age": [9, 12, 15, 16] * 20, "debt": [1, 1, 0, 0] * 20}
        >>> rows["threats"] = [0, 0, 1, 0] * 20
        >>> d.sensitivity(pv.Survey(rows)).to_frame()[["change", "difference"]].values.tolist()
        [['as defined', 0.0], ['without debt', -0.5], ['without threats', -0.25],
         ['at least 1 -> 2', -0.75]]
        """
        from .sensitivity import sensitivity

        return sensitivity(
            cast("Definition", self), survey, window=window, contradictions=contradictions
        )

    @staticmethod
    def preset(name: str, *, columns: Mapping[str, str] | None = None) -> Definition:
        """Return an illustrative definition in the style of a standard, with holes to fill.

        Parameters
        ----------
        name : str
            ``"ilo-child-labour"``, ``"ilo-forced-child-labour"`` or ``"trafficking-indicators"``.
        columns : mapping of str to str, optional
            Your column for each that the preset names; see its `columns`.

        Returns
        -------
        Definition
            If it has `holes` it raises when it classifies, until they are filled with the
            cut-offs of the official document.

        Raises
        ------
        KeyError
            When there is no such preset, or it has no such column.

        Notes
        -----
        No preset is the standard in whose style it is: cut-offs that were not confirmed at the
        source are holes, and which answers make an indicator depends on the questionnaire. Its
        columns are 1 for yes and 0 for no, or hours.

        Examples
        --------
        >>> import prevalence as pv
        >>> preset = pv.Definition.preset("trafficking-indicators")
        >>> list(preset.holes)
        ['domains_needed']
        >>> preset.fill(domains_needed=2).holes
        {}
        """
        from .presets import preset

        return preset(name, columns)
