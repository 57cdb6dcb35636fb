"""Files of other programs, read once: values, labels, and why a value is missing."""
