"""Operations that move elements about: NumPy's array manipulation, indexing and sorting."""
