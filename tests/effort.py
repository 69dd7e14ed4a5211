"""How much is tried of what there is no end of? The usual run tries less than ``--thorough`` does."""

from hypothesis import settings

# Set by conftest.py before any file of tests is imported.
thorough = False


def examples(usual, thoroughly, **others):
    """Settings of a property that is tried with another number of examples than most."""
    return settings(max_examples=thoroughly if thorough else usual, **others)


def seeds(usual, thoroughly):
    """The seeds of a check that is repeated with other random numbers more often than ``--seeds`` says."""
    return range(thoroughly if thorough else usual)
