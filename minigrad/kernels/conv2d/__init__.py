"""How are batches of images correlated with kernels and pooled, in plain NumPy?"""
