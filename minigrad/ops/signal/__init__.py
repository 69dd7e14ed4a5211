"""Differences, interpolation, polynomials, convolution and correlation."""
