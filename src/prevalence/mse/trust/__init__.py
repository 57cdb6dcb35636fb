"""What an estimate rests on: declared facts, checks of the data, ranges and sensitivity."""
