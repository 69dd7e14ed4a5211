"""Derivatives from differences of values."""
