"""Lists linked with errors: composite links, audits and repeated linkages."""
