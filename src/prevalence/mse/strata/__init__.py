"""Log-linear models across strata, some lists being absent in some."""
