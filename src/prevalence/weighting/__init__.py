"""Weighting steps: each is a function from weights to weights, and its adjoint.

The adjoint carries influence values ``a = d theta / d w`` from the output of a step to its input.
Every adjoint has the form ``a_in = f a_out - h X C`` with ``C = inverse X' (k a_out)``: a diagonal,
and the few columns X of the step, kept as cells and a small matrix.
"""

from .calibration import Calibration
from .distances import Distance
from .response import ClassResponse, Propensity, Refusals
from .steps import Adjoint, Attach, Step, carry, cell_sums
from .subsample import Subsample
from .trimming import Trim

__all__ = [
    "Adjoint",
    "Attach",
    "Calibration",
    "ClassResponse",
    "Distance",
    "Propensity",
    "Refusals",
    "Step",
    "Subsample",
    "Trim",
    "carry",
    "cell_sums",
]
