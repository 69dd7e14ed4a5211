"""Operations that take an axis away, or run along one."""
