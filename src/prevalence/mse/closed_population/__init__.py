"""Closed populations: models of chances of being listed, with heterogeneity, behaviour and inflation."""
