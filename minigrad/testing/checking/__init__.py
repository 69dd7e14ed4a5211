"""One check: its options, the steps of it, and its result."""
