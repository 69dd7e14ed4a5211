"""Operations that make arrays and move their elements about: creation, shapes, indexing, joining, sorting."""
