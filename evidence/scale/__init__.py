"""Scale-out: files larger than memory, and one study on every backend."""
