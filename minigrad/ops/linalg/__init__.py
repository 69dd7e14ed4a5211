"""Products of matrices, decompositions, systems of equations."""
