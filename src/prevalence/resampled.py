"""The variance scheme of a sample, as verbs: linearisation or replicates."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import recipes, replication
from .errors import generator
from .weighted import Weighted
from .weighting import Attach, carry

__all__ = ["Resampled"]

Array = NDArray[Any]


class Resampled(Weighted):
    """Rows whose variances are linearised or replicated; every verb returns a new sample."""

    scheme: replication.Replicates | None

    def replicate_columns(self, which: slice) -> Array | None:
        """Return re-weighted replicate columns of the rows, or None while factors suffice.

        Parameters
        ----------
        which : slice
            The replicates wanted.

        Returns
        -------
        ndarray of shape (rows, replicates), or None
            Weights with every step redone; a replicate whose step failed is nan.
        """
        if self.scheme is None or not any(not isinstance(s, Attach) for s in self.steps):
            return None
        psu = self.design.psu_of_unit[self.unit]
        columns = self.base[:, None] * self.scheme.factors[psu, which]
        return carry(self.steps, columns, strict=False)

    def jackknife(self, *, mse: bool = True) -> Self:
        """Return the survey with delete-one-unit jackknife replicates (JK1, or JKn with strata).

        Parameters
        ----------
        mse : bool
            Deviations are from the full-sample estimate, or else from the replicates' mean.

        Returns
        -------
        Survey
            Every step is redone each time; the variance sums ``(1-f)(n-1)/n (theta_j - theta)**2``
            over units j, with n units and fraction f (0 without `fpc`) in the stratum. It leaves
            later stages' fractions out, with a warning, and fails for quantiles, which are refused.
            Strata of one unit that contribute are refused too.

        References
        ----------
        Rust, K. F. and Rao, J. N. K. (1996). Variance estimation for complex surveys using
        replication techniques. Stat Methods Med Res 5, 283-310. doi:10.1177/096228029600500305

        Examples
        --------
        >>> import prevalence as pv
        >>> pv.direct.mean(pv.Survey({"y": [1, 2, 3, 6]}).jackknife(), "y").std_error.round(4)
        array([1.0801])
        """
        return self._replace(scheme=replication.jackknife(self.design, mse=mse))

    def bootstrap(
        self,
        replicates: int = 1000,
        *,
        rng: int | np.random.Generator | None = None,
        mse: bool = True,
    ) -> Self:
        """Return the survey with Rao-Wu bootstrap replicates.

        Parameters
        ----------
        replicates, rng : int, int or numpy.random.Generator
            Number R of replicates, at least 2; seed or generator.
        mse : bool
            As for `jackknife`.

        Returns
        -------
        Survey
            By stratum n - 1 of n units are drawn with replacement; one drawn m times has the factor
            ``1 - s + s m n/(n-1)``, ``s = sqrt(1-f)``, and squared deviations the scale 1/R. Steps
            and later stages are as for `jackknife`. It fails (unstable) with very few units.

        References
        ----------
        Rao, J. N. K. and Wu, C. F. J. (1988). Resampling inference with complex survey data. JASA
        83, 231-241. doi:10.1080/01621459.1988.10478591

        Examples
        --------
        >>> import prevalence as pv
        >>> survey = pv.Survey({"y": [1, 2, 3, 6]}).bootstrap(2000, rng=1)
        >>> pv.direct.mean(survey, "y").std_error.round(2)
        array([1.09])
        """
        made = replication.bootstrap(self.design, replicates, generator(rng), mse=mse)
        return self._replace(scheme=made)

    def linearised(self) -> Self:
        """Return the survey with linearised variances.

        Returns
        -------
        Survey
            The same rows and weights, without replicates.
        """
        return self._replace(scheme=None)

    def export_weights(self, path: str | Path) -> Path:
        """Write the final weights to a CSV file, in the rows' order, with the base weights.

        Parameters
        ----------
        path : str or Path
            The file, not a folder; one of that name is replaced.

        Returns
        -------
        Path
            The file, with columns base_weight, weight and (after a step) replicate_1, ...
        """
        return recipes.export(self.chain, self.base, self.scheme, self.replicate_columns, path)
