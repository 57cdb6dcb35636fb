"""The variance scheme of a sample, as verbs: linearisation or replicates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from . import exports, schemes, supplied
from .errors import generator
from .merged import refuse
from .replication import Replicates
from .weighted import Weighted
from .weighting import Attach, carry

if TYPE_CHECKING:
    from .exports import ExportedWeights

__all__ = ["Resampled"]

Array = NDArray[Any]


class Resampled(Weighted):
    """Rows whose variances are linearised or replicated; every verb returns a new sample."""

    scheme: Replicates | None
    single_psu: str

    @property
    def reweighted(self) -> bool:
        """Whether a weighting step must be redone in every replicate."""
        return any(not isinstance(step, Attach) for step in self.steps)

    @property
    def replicate_unit(self) -> Array | None:
        """Unit of each row whose replicate factor it has; None where each row has its own."""
        if self.scheme is not None and self.scheme.given:
            attached = any(isinstance(step, Attach) for step in self.steps)
            return self.base_row if attached else None
        unit = self.chain.unit
        psu = self.scheme is not None and self.scheme.level == "psu"
        return self.design.psu_of_unit[unit] if psu else unit

    @property
    def base_row(self) -> Array:
        """Row of the base table that each row belongs to."""
        rows = np.arange(self.base.size)
        for step in self.steps:
            if isinstance(step, Attach):
                rows = rows[step.rows]
        return rows

    def replicate_columns(self, which: slice) -> Array:
        """Return replicate weights of the rows, with every weighting step redone.

        Parameters
        ----------
        which : slice
            The replicates wanted.

        Returns
        -------
        ndarray of shape (rows, replicates)
            Weights; a replicate whose step failed is nan.

        Raises
        ------
        ValueError
            When the survey has no replicates.
        """
        if self.scheme is None:
            raise ValueError(
                "replicate_columns needs replicates: the survey has none. Call .jackknife() or "
                ".bootstrap(1000, rng=1) first."
            )
        factors = self.scheme.factors
        if not self.scheme.given:
            psu = self.scheme.level == "psu"
            factors = factors[self.design.psu_of_unit[self.unit] if psu else self.unit, which]
        else:
            factors = factors[:, which]
        return carry(self.steps, self.base, factors, strict=False)

    def jackknife(
        self,
        *,
        groups: int | None = None,
        rng: int | np.random.Generator | None = None,
        mse: bool = True,
    ) -> Self:
        """Return the survey with jackknife replicates: delete one unit, or one group of them.

        Parameters
        ----------
        groups : int, optional
            Number G of random groups of primary units, deleted one at a time; by default every unit
            is deleted on its own (JK1, or JKn with strata).
        rng : int, numpy.random.Generator or None
            Seed or generator of the groups.
        mse : bool
            Deviations are from the full-sample estimate, or else from the replicates' mean.

        Returns
        -------
        Survey
            Every step is redone each time; the variance sums ``(1-f)(n-1)/n (theta_j - theta)**2``
            over units j, with n units and fraction f (0 without `fpc`) in the stratum. Where later
            stages have fractions, their units are deleted within their parents too, times the
            product of the earlier f. With groups it is ``(G-1)/G`` times the sum of squares, on at
            most G - 1 degrees of freedom, for the first stage alone. It fails for quantiles, which
            are refused, and is refused where a stratum of one unit contributes.

        References
        ----------
        Rust, K. F. and Rao, J. N. K. (1996). Variance estimation for complex surveys using
        replication techniques. Stat Methods Med Res 5, 283-310. doi:10.1177/096228029600500305

        Kott, P. S. (2001). The delete-a-group jackknife. Journal of Official Statistics 17, 521-526.
        (no DOI)

        Examples
        --------
        >>> import prevalence as pv
        >>> pv.direct.mean(pv.Survey({"y": [1, 2, 3, 6]}).jackknife(), "y").std_error.round(4)
        array([1.0801])
        """
        if groups is None:
            return self._replace(scheme=schemes.jackknife(self.design, mse=mse))
        made = schemes.delete_group(self.design, groups, generator(rng), mse=mse)
        return self._replace(scheme=made)

    def brr(self, *, fay: float = 0.0, mse: bool = True) -> Self:
        """Return the survey with balanced repeated replication of two primary units a stratum.

        Parameters
        ----------
        fay : float
            Fay's rho, from 0 (every replicate is a half-sample) to below 1.
        mse : bool
            As for `jackknife`.

        Returns
        -------
        Survey
            Of each pair one unit has the factor ``1 + (1-rho) sqrt(1-f)`` and the other
            ``1 - (1-rho) sqrt(1-f)``, by the signs of a Hadamard matrix of an order R above the
            number of strata; squared deviations have the scale ``1 / (R (1-rho)**2)``. Without
            fay it fails where a half-sample empties a domain, whose estimates then have no error.

        References
        ----------
        Rust, K. F. and Rao, J. N. K. (1996). Variance estimation for complex surveys using
        replication techniques. Stat Methods Med Res 5, 283-310. doi:10.1177/096228029600500305

        Examples
        --------
        >>> import prevalence as pv
        >>> rows = {"y": [1, 2, 3, 6], "area": ["n", "n", "s", "s"]}
        >>> survey = pv.Survey(rows, strata="area").brr(fay=0.3)
        >>> pv.direct.mean(survey, "y").std_error.round(4)
        array([0.7906])
        """
        return self._replace(scheme=schemes.balanced(self.design, fay, mse=mse))

    def bootstrap(
        self,
        replicates: int = 1000,
        *,
        rng: int | np.random.Generator | None = None,
        kind: str = "rao-wu",
        mse: bool = True,
    ) -> Self:
        """Return the survey with bootstrap replicates.

        Parameters
        ----------
        replicates, rng : int, int or numpy.random.Generator
            Number R of replicates, at least 2; seed or generator. `Estimate.simulation_error` and
            `replicates_needed` tell whether R is enough.
        kind : {"rao-wu", "preston", "generalised"}
            Rao-Wu resamples primary units, and is refused where later stages have fractions; with
            a first stage drawn with replacement it is Rao, Wu and Yue's bootstrap of any number of
            stages. Preston's resamples all stages. The generalised one draws normal factors with
            the covariance of the design's own variance, whatever the design.
        mse : bool
            As for `jackknife`.

        Returns
        -------
        Survey
            Rao-Wu: by stratum n - 1 of n units are drawn with replacement; one drawn m times has
            the factor ``1 - s + s m n/(n-1)``, ``s = sqrt(1-f)``. Preston: half of the units at
            each stage. Squared deviations have the scale 1/R, or ``tau**2 / R`` where factors a are
            drawn in to ``(a + tau - 1) / tau`` so that none is negative. Steps are redone each
            time. It fails (unstable) with very few units.

        References
        ----------
        Rao, J. N. K. and Wu, C. F. J. (1988). Resampling inference with complex survey data. JASA
        83, 231-241. doi:10.1080/01621459.1988.10478591

        Preston, J. (2009). Rescaled bootstrap for stratified multistage sampling. Survey
        Methodology 35, 227-234. (no DOI)

        Beaumont, J.-F. and Patak, Z. (2012). On the generalized bootstrap for sample surveys with
        special attention to Poisson sampling. International Statistical Review 80, 127-148.
        doi:10.1111/j.1751-5823.2011.00166.x

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"y": [1, 2, 3, 6]}).bootstrap(2000, rng=1)
        >>> pv.direct.mean(survey, "y").std_error.round(2)
        array([1.09])
        """
        made = schemes.bootstrap(self.design, replicates, generator(rng), kind=kind, mse=mse)
        return self._replace(scheme=made)

    def replicate_weights(
        self,
        columns: str | Sequence[str],
        *,
        scale: float,
        rscales: float | Sequence[float] | None = None,
        combined: bool = True,
        mse: bool = True,
        df: float | None = None,
    ) -> Self:
        """Return the survey with replicate weights that came with the data.

        Parameters
        ----------
        columns : str or list of str
            The columns of replicate weights, or their prefix: ``"rep"`` for rep1, rep2, ...
        scale : float
            Coefficient of the squared deviations: 1/R for a bootstrap or balanced replication,
            ``1 / (R (1-rho)**2)`` for Fay's, (R-1)/R for JK1, 1 with `rscales` for JKn.
        rscales : float or list of float, optional
            Coefficient of each replicate, times `scale`.
        combined : bool
            Whether the columns are weights as they stand, or factors of the base weight.
        mse : bool
            As for `jackknife`: what the documentation of the data says.
        df : float, optional
            Degrees of freedom; by default the rank of the replicate weights minus one, as in R.

        Returns
        -------
        Survey
            The variance is ``scale * sum rscales_r (theta_r - theta)**2``; weighting steps are
            redone in every column. Primary units that are not declared are unknown in the results.
            Domains have at most the degrees of freedom of their own rows. It fails (wrong by a
            factor) where `scale` is not that of the method which made the columns.

        References
        ----------
        Rust, K. F. and Rao, J. N. K. (1996). Variance estimation for complex surveys using
        replication techniques. Stat Methods Med Res 5, 283-310. doi:10.1177/096228029600500305

        Examples
        --------
        >>> import prevalence as pv
        >>> rows = {
        ...     "y": [1, 2, 6],
        ...     "rep1": [0, 1.5, 1.5],
        ...     "rep2": [1.5, 0, 1.5],
        ...     "rep3": [1.5, 1.5, 0],
        ... }
        >>> survey = pv.Survey(rows).replicate_weights("rep", scale=2 / 3)
        >>> pv.direct.mean(survey, "y").std_error.round(4)
        array([1.5275])
        """
        if self.steps:
            raise ValueError(
                f"replicate weights must be declared before the weighting steps: {len(self.steps)} "
                f"come first ({self.steps[0].name}). Call .replicate_weights() on the survey of the "
                "base weights."
            )
        if self.merged is not None and df is None:
            raise ValueError(
                "df must be given for the cells of a file: found none, and the rank of the replicate "
                "weights is that of its rows. Give what their documentation states."
            )
        made = supplied.supplied(
            self.table,
            self.base,
            self.design.source,
            columns,
            scale=scale,
            rscales=rscales,
            combined=combined,
            mse=mse,
            df=df,
        )
        return self._replace(scheme=made)

    def linearised(self) -> Self:
        """Return the survey with linearised variances.

        Returns
        -------
        Survey
            The same rows and weights, without replicates. With u the influences summed by primary
            unit, the variance adds up ``(1-f) n / (n-1) sum (u_i - mean u)**2`` over strata of n
            units, and likewise for later stages whose fractions are known. It fails for functions
            without a derivative: `quantile` reads an interval of shares back instead.

        References
        ----------
        Binder, D. A. (1983). On the variances of asymptotically normal estimators from complex
        surveys. International Statistical Review 51, 279-292. doi:10.2307/1402588
        """
        return self._replace(scheme=None)

    def export_weights(self, path: str | Path, *, overwrite: bool = False) -> ExportedWeights:
        """Write base, final and replicate weights to a file, in the rows' order.

        Parameters
        ----------
        path : str or Path
            A file that ends in .csv or .dta (Stata); a missing folder is made.
        overwrite : bool
            Whether a file of that name may be replaced.

        Returns
        -------
        ExportedWeights
            The `path`, and the lines for Stata and R that read it. Columns are row (from 1),
            stratum, psu and later stages as codes, fractions fpc_1, ..., base_weight, weight and
            replicate_1, ..., which are final weights with every step redone.

        Raises
        ------
        FileExistsError, IsADirectoryError, NotADirectoryError
            When the file exists, or the path is a folder or lies in a file.
        ValueError
            When the path is of another kind, or when a weighting step failed in a replicate that
            cannot be left out. Then no file is made.

        Examples
        --------
        >>> import tempfile
        >>> import prevalence as pv
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     written = pv.Survey({"y": [1, 2, 4]}).export_weights(f"{folder}/w.csv")
        >>> print(written.r)
        svydesign(ids=~psu, weights=~weight, data=read.csv("w.csv"))
        """
        refuse(self.merged, "export_weights")
        return exports.export(self, path, overwrite=overwrite)
