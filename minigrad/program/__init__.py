"""A function and its gradients as a flat program of NumPy calls: run, look at, print as source."""
