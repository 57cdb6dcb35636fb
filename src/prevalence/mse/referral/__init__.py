"""Lists that refer persons to one another."""
