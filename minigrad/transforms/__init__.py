"""Derivatives of functions, as functions."""
