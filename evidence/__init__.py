"""What `make proof` runs: each room measures one promise of the library and writes it to `docs/evidence/`."""
