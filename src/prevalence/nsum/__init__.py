"""Network scale-up: how many hidden people respondents know, scaled by whom they know at all."""

from .sizes import scale_up

__all__ = ["scale_up"]
