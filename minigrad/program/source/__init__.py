"""A program as source of plain NumPy, as a careful person would have written it."""
