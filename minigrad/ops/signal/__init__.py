"""Differences, interpolation, polynomials, correlation and pooling."""
