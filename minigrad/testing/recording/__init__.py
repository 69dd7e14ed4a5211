"""How code is recorded that was written for arrays."""
