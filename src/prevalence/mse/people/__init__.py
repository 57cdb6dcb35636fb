"""Persons with covariates: conditional and doubly robust estimators."""
