"""Mutation testing of layer 0: small faults put into the code, and whether a test sees them."""
