"""What must be understood: the graph, how it is recorded, and the way back through it."""
