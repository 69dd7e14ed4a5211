"""How fast is minigrad beside hand-written NumPy, PyTorch, JAX, autograd and MyGrad? ``python -m benchmarks`` says."""
