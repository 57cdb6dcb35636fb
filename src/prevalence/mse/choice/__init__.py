"""Choice among log-linear models: which compete, which wins, and how far that matters."""
