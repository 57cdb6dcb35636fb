"""The reference dossier: every value of a peer or a paper beside ours, with its source and call."""
