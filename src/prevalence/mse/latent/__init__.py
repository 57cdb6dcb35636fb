"""Latent classes of persons, sampled."""
